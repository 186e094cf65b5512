package wire

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FieldError says which field breaks a documented limit, and how to mend it.
type FieldError struct{ Field, Fix string }

func (e *FieldError) Error() string { return "unionpay: " + e.Field + ": " + e.Fix }

// Documented limits. An order number may have 40 characters, but the bill file has room for 32.
const (
	MinAmount   = 1
	MaxAmount   = 999_999_999_999
	minOrderID  = 8
	maxOrderID  = 32
	maxURL      = 256
	maxReserved = 1024
	maxDesc     = 32
)

// FormatAmount writes fen: digits, no leading zero.
func FormatAmount(fen int64) string { return strconv.FormatInt(fen, 10) }

// ParseAmount reads fen: one to twelve digits.
func ParseAmount(s string) (int64, error) {
	if s == "" || len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%w: amount %.20q: write fen as one to twelve digits", ErrMalformed, s)
	}
	return strconv.ParseInt(s, 10, 64)
}

// CheckAmount refuses what no order can cost.
func CheckAmount(field string, fen int64) error {
	if fen < MinAmount || fen > MaxAmount {
		return &FieldError{field, "send 1 to 999999999999 fen"}
	}
	return nil
}

// CheckOrderID refuses what cannot name an order: 8 to 32 letters and digits.
func CheckOrderID(field, s string) error {
	if len(s) < minOrderID || len(s) > maxOrderID {
		return &FieldError{field, "send 8 to 32 letters and digits"}
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return &FieldError{field, "send letters and digits only"}
		}
	}
	return nil
}

// CheckURL refuses addresses that are too long, and those with a ~, which the gateway does not take.
func CheckURL(field, s string) error {
	if len(s) > maxURL || strings.Contains(s, "~") {
		return &FieldError{field, "send at most 256 characters without ~"}
	}
	return nil
}

// CheckCode refuses what no buyer's wallet shows: 19 digits that begin with 62.
func CheckCode(field, s string) error {
	if len(s) != 19 || !strings.HasPrefix(s, "62") || strings.Trim(s, "0123456789") != "" {
		return &FieldError{field, "scan the 19 digits that the buyer's wallet shows, beginning with 62"}
	}
	return nil
}

// CheckTerminal refuses what is no terminal number: 8 letters and digits.
func CheckTerminal(field, s string) error {
	if len(s) != 8 || CheckOrderID("", s) != nil {
		return &FieldError{field, "write 8 letters and digits"}
	}
	return nil
}

// Desc cuts a description to what orderDesc takes: 32 bytes, without the characters that the gateway splits at.
func Desc(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 || strings.ContainsRune(`&={}[]"'`, r) {
			return ' '
		}
		return r
	}, s)
	for len(s) > maxDesc {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}
