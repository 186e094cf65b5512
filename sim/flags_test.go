package sim_test

import "flag"

// Flags of the facades' tests, each for every facade.
var (
	// updateGolden: go test ./sim -run Golden -facade.update writes the golden exchanges anew instead of comparing them; look at the difference.
	updateGolden = flag.Bool("facade.update", false, "write the facades' golden exchanges anew")
	// mutations: go test ./sim -run Mutat -facade.mutations=1000000 shows each facade the whole million.
	mutations = flag.Int("facade.mutations", 5000, "how many mutated requests each facade is shown")
)
