package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// The documented range of total_amount, in fen: 0.01 to 100,000,000 yuan.
const (
	MinAmount = 1
	MaxAmount = 100_000_000_00
)

// FormatYuan writes fen as yuan with two decimals: 6800 is "68.00". Negative amounts have no spelling in this protocol.
func FormatYuan(fen int64) string {
	if fen < 0 {
		return "invalid"
	}
	cents := strconv.FormatInt(fen%100, 10)
	if len(cents) == 1 {
		cents = "0" + cents
	}
	return strconv.FormatInt(fen/100, 10) + "." + cents
}

// ParseYuan reads an amount in yuan as fen: digits with at most two decimals, no sign, no exponent, no leading zero, at most 100,000,000.00. Zero is allowed,
// because answers carry it (point_amount). It returns ErrMalformed, wrapped with the text.
func ParseYuan(s string) (int64, error) {
	whole, cents, dot := strings.Cut(s, ".")
	if !digits(whole, 1, 9) || (dot && !digits(cents, 1, 2)) || (len(whole) > 1 && whole[0] == '0') {
		return 0, fmt.Errorf("%w: amount %.32q: write yuan with at most two decimals, such as 68.00", ErrMalformed, s)
	}
	fen, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil || fen > MaxAmount {
		return 0, fmt.Errorf("%w: amount %.32q: at most 100000000.00 yuan", ErrMalformed, s)
	}
	return fen, nil
}

func digits(s string, atLeast, atMost int) bool {
	if len(s) < atLeast || len(s) > atMost {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}
