package wire

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// FieldError says which field breaks a documented limit, and how to mend it.
type FieldError struct{ Field, Fix string }

func (e *FieldError) Error() string { return "bill99: " + e.Field + ": " + e.Fix }

// Documented limits.
const (
	MinAmount  = 1
	MaxAmount  = 9_999_999_999 // ten digits
	maxNumber  = 50
	maxURL     = 256
	maxProduct = 256
	accountLen = 13 // eleven digits of the member code, then 01
)

// FormatAmount writes fen: digits, no leading zero.
func FormatAmount(fen int64) string { return strconv.FormatInt(fen, 10) }

// ParseAmount reads fen: one to ten digits.
func ParseAmount(s string) (int64, error) {
	if s == "" || len(s) > 10 || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%w: amount %.20q: write fen as one to ten digits", ErrMalformed, s)
	}
	return strconv.ParseInt(s, 10, 64)
}

// FormatYuan writes fen as yuan with two decimals: the unit of refunds, and of nothing else here.
func FormatYuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// ParseYuan reads yuan with at most two decimals and returns fen.
func ParseYuan(s string) (int64, error) {
	whole, part, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 8 || len(part) > 2 || point && part == "" || strings.Trim(whole+part, "0123456789") != "" {
		return 0, fmt.Errorf("%w: amount %.20q: write yuan with at most two decimals", ErrMalformed, s)
	}
	return strconv.ParseInt(whole+part+"00"[len(part):], 10, 64)
}

// CheckAmount refuses what no order can cost.
func CheckAmount(field string, fen int64) error {
	if fen < MinAmount || fen > MaxAmount {
		return &FieldError{field, "send 1 to 9999999999 fen"}
	}
	return nil
}

// CheckNumber refuses what cannot name an order or a refund: at most 50 letters, digits, - and _, beginning with a letter or digit.
func CheckNumber(field, s string) error {
	if s == "" || len(s) > maxNumber || s[0] == '-' || s[0] == '_' {
		return &FieldError{field, "send 1 to 50 letters, digits, - and _, beginning with a letter or digit"}
	}
	for i := range len(s) {
		c := s[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '-' && c != '_' {
			return &FieldError{field, "send letters, digits, - and _ only"}
		}
	}
	return nil
}

// CheckURL refuses addresses that are not absolute or too long.
func CheckURL(field, s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || len(s) > maxURL {
		return &FieldError{field, "send an absolute http address of at most 256 characters"}
	}
	return nil
}

// CheckAccount refuses what is no RMB account: thirteen digits, the last two 01.
func CheckAccount(field, s string) error {
	if len(s) != accountLen || strings.Trim(s, "0123456789") != "" || !strings.HasSuffix(s, "01") {
		return &FieldError{field, "write the RMB account: the 11 digits of the member code, then 01"}
	}
	return nil
}

// Member is the member code of an RMB account, as refunds want it.
func Member(account string) string { return strings.TrimSuffix(account, "01") }

// Product cuts a description to what productName takes.
func Product(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < 0x20 {
			return ' '
		}
		return r
	}, s)
	for len(s) > maxProduct {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}
