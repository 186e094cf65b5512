package postern

import (
	"strconv"
	"strings"
)

// MaxAmount is the largest amount of one payment or refund, in minor units (10^12, ten billion yuan).
const MaxAmount int64 = 1_000_000_000_000

// exponents gives the number of minor digits of each currency that Postern accepts (ISO 4217).
var exponents = map[string]int{"CNY": 2, "HKD": 2, "USD": 2, "EUR": 2, "GBP": 2, "MOP": 2, "TWD": 2, "SGD": 2, "JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}

var symbols = map[string]string{"CNY": "¥", "HKD": "HK$", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩"}

// Exponent returns the number of minor digits of a currency, and whether the currency is known.
func Exponent(currency string) (digits int, known bool) {
	digits, known = exponents[currency]
	return digits, known
}

// CheckAmount returns an *Error naming the field when the amount (minor units) or the currency cannot be asked for.
func CheckAmount(amount int64, currency string) error {
	if _, ok := exponents[currency]; !ok {
		return Invalid("currency", "unknown_currency", "the currency is not an ISO 4217 code that this switch knows", "use CNY")
	}
	if amount < 1 || amount > MaxAmount {
		return Invalid("amount", "amount_out_of_range", "the amount must be an integer of minor units from 1 to 1000000000000", "send 6800 for 68.00")
	}
	return nil
}

// FormatMoney writes minor units for people, with the currency's sign first and thousands separated: 123400 CNY is "¥1,234.00".
func FormatMoney(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	symbol, ok := symbols[currency]
	if !ok {
		symbol = currency + " "
	}
	whole, fraction := splitMinor(amount, exponents[currency])
	var b strings.Builder
	b.WriteString(sign + symbol)
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	if fraction != "" {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// FormatDecimal writes minor units as a plain decimal: 6800 CNY is "68.00".
func FormatDecimal(amount int64, currency string) string {
	sign := ""
	if amount < 0 {
		sign, amount = "-", -amount
	}
	whole, fraction := splitMinor(amount, exponents[currency])
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

func splitMinor(amount int64, digits int) (whole, fraction string) {
	s := strconv.FormatInt(amount, 10)
	if digits == 0 {
		return s, ""
	}
	for len(s) <= digits {
		s = "0" + s
	}
	return s[:len(s)-digits], s[len(s)-digits:]
}

// Count writes a number of things for people: 1 order, 2 orders.
func Count(n int64, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return strconv.FormatInt(n, 10) + " " + noun
}
