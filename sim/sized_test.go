package sim_test

import (
	"os"
	"testing"
)

// sized is how large a test is: as large as was promised with SIM_FULL=1 (half an hour), as large as a change needs without, and small with -short. What
// grows is the number of the same: each case is there in all three.
func sized(full, usual, short int) int {
	switch {
	case os.Getenv("SIM_FULL") != "":
		return full
	case testing.Short():
		return short
	default:
		return usual
	}
}
