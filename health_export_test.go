package postern

// StartWeights and UnpaidWeights show the tables to the tests outside.
func StartWeights() [][3]int64 { return rows(startWeights) }

func UnpaidWeights() [][3]int64 { return rows(unpaidWeights) }

func rows(list []weighing) (out [][3]int64) {
	for _, w := range list {
		out = append(out, [3]int64{w.UpTo, w.Bad, w.Good})
	}
	return out
}
