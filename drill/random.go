package drill

import "math/bits"

// The market's randomness is splitmix64, which is random access: the n-th draw of a shop or a buyer is a function of the seed and n. So nothing is held, and the
// same seed gives the same market on any number of processors.

const golden = 0x9e3779b97f4a7c15

func mix(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// stream names one stream of draws, apart from all others.
func stream(seed uint64, parts ...uint64) uint64 {
	for _, p := range parts {
		seed = mix(seed ^ mix(p))
	}
	return seed
}

// below maps a draw to 0 up to n-1, evenly.
func below(x uint64, n int64) int64 {
	high, _ := bits.Mul64(x, uint64(n))
	return int64(high)
}
