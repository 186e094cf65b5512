package wall

// matcher finds all tokens of the rule lists in one pass over a user agent (Aho and Corasick, 1975). Bytes are folded to lower case by the class table while
// they are read, so no copy of the string is made.
//
// Two virtual bytes are read before the string: the start mark and a blank. A token that begins with a blank therefore also matches at the very start, and a
// token that begins with "^" matches only there.
type matcher struct {
	class  [256]uint8 // byte -> symbol; 0 is every byte that no token contains
	width  int        // number of symbols
	next   []uint16   // state*width + symbol -> state
	found  []bits     // state -> tokens that end here
	hit    []bool     // state -> found is not empty
	start  uint16     // state after the two virtual bytes
	before bits       // tokens already found by them
}

// bits is a set of token numbers.
type bits [maxTokens / 64]uint64

const (
	maxTokens = 256
	maxStates = 1 << 16
	startMark = 0x01 // never part of a legal header value
	maxUA     = 2048 // bytes looked at; real strings stay under 800
)

func (b *bits) set(i int) { b[i/64] |= 1 << (i % 64) }
func (b *bits) merge(o *bits) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b *bits) containsAll(o *bits) bool {
	for i := range b {
		if b[i]&o[i] != o[i] {
			return false
		}
	}
	return true
}

func (b *bits) intersects(o *bits) bool {
	for i := range b {
		if b[i]&o[i] != 0 {
			return true
		}
	}
	return false
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// newMatcher builds the automaton for lower-case tokens; their numbers are their indexes.
func newMatcher(tokens []string) *matcher {
	m := &matcher{width: 1}
	size := 3
	for _, t := range tokens {
		size += len(t) + 1
		for i := range len(t) {
			m.symbol(t[i])
		}
	}
	m.symbol(startMark)
	m.symbol(' ')
	for c := 'A'; c <= 'Z'; c++ {
		m.class[c] = m.class[lower(byte(c))]
	}
	m.class['^'] = 0 // "^" in a token is the start mark; in a user agent it is nothing
	m.next = make([]uint16, m.width, size*m.width)
	m.found = make([]bits, 1, size)
	for i, t := range tokens {
		m.add(i, t)
	}
	m.link()
	m.hit = make([]bool, len(m.found))
	for s := range m.found {
		m.hit[s] = m.found[s] != bits{}
	}
	s := m.next[m.class[startMark]]
	s = m.next[int(s)*m.width+int(m.class[' '])]
	m.start, m.before = s, m.found[s]
	return m
}

func (m *matcher) symbol(c byte) {
	if m.class[c] == 0 && c != '^' {
		m.class[c] = uint8(m.width)
		m.width++
	}
}

// add enters one token into the trie.
func (m *matcher) add(number int, token string) {
	path := []byte(token)
	if token[0] == '^' {
		path = append([]byte{startMark, ' '}, token[1:]...)
	}
	s := 0
	for _, c := range path {
		at := s*m.width + int(m.class[c])
		if m.next[at] == 0 {
			m.next[at] = uint16(len(m.found))
			m.next = append(m.next, make([]uint16, m.width)...)
			m.found = append(m.found, bits{})
		}
		s = int(m.next[at])
	}
	m.found[s].set(number)
}

// link turns the trie into an automaton without failure jumps, breadth first.
func (m *matcher) link() {
	fail := make([]uint16, len(m.found))
	var queue []uint16
	for c := range m.width {
		if s := m.next[c]; s != 0 {
			queue = append(queue, s)
		}
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		m.found[s].merge(&m.found[fail[s]])
		for c := range m.width {
			at := int(s)*m.width + c
			back := m.next[int(fail[s])*m.width+c]
			if t := m.next[at]; t != 0 {
				fail[t] = back
				queue = append(queue, t)
			} else {
				m.next[at] = back
			}
		}
	}
}

// scan returns the tokens found in ua.
func (m *matcher) scan(ua string) bits {
	if len(ua) > maxUA {
		ua = ua[:maxUA]
	}
	got, s := m.before, int(m.start)
	for i := range len(ua) {
		s = int(m.next[s*m.width+int(m.class[ua[i]])])
		if m.hit[s] {
			got.merge(&m.found[s])
		}
	}
	return got
}
