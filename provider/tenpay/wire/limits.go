package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// FieldError says which field breaks a documented limit, and how to mend it.
type FieldError struct{ Field, Fix string }

func (e *FieldError) Error() string { return "tenpay: " + e.Field + ": " + e.Fix }

// Documented limits. Amounts are an int of fen.
const (
	MinAmount  = 1
	MaxAmount  = 1<<31 - 1
	MaxBody    = 32
	maxNumber  = 32
	maxURL     = 255
	maxAddress = 15
)

// FormatFen writes fen: digits, no leading zero.
func FormatFen(fen int64) string { return strconv.FormatInt(fen, 10) }

// ParseFen reads fen: one to twelve digits.
func ParseFen(s string) (int64, error) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%w: amount %.20q: write fen as one to twelve digits", ErrMalformed, s)
	}
	return strconv.ParseInt(s, 10, 64)
}

// FormatYuan writes fen as yuan with two decimals, as the bill does.
func FormatYuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// ParseYuan reads yuan with two decimals as fen. A decimal less would be an amount that was cut off.
func ParseYuan(s string) (int64, error) {
	whole, part, _ := strings.Cut(s, ".")
	yuan, err1 := ParseFen(whole)
	cents, err2 := ParseFen(part)
	if err := errors.Join(err1, err2); err != nil || len(part) != 2 {
		return 0, fmt.Errorf("%w: amount %.20q: write yuan with two decimals", ErrMalformed, s)
	}
	return yuan*100 + cents, nil
}

// CheckAmount refuses what no order can cost.
func CheckAmount(field string, fen int64) error {
	if fen < MinAmount || fen > MaxAmount {
		return &FieldError{field, "send 1 to 2147483647 fen"}
	}
	return nil
}

// CheckNumber refuses what cannot name an order or a refund: 1 to 32 letters and digits.
func CheckNumber(field, s string) error {
	if s == "" || len(s) > maxNumber || strings.Contains(s, "_") || !properName(s) {
		return &FieldError{field, "send 1 to 32 letters and digits"}
	}
	return nil
}

// CheckURL refuses addresses that are too long.
func CheckURL(field, s string) error {
	if s == "" || len(s) > maxURL {
		return &FieldError{field, "send an address of at most 255 characters"}
	}
	return nil
}

// CheckIP refuses what spbill_create_ip has no room for: it is the buyer's IPv4 address.
func CheckIP(field, s string) error {
	ip, err := netip.ParseAddr(s)
	if err != nil || !ip.Is4() || len(s) > maxAddress {
		return &FieldError{field, "the buyer's IPv4 address is required"}
	}
	return nil
}
