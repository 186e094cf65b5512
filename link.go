package postern

import (
	"io"
	"strings"
	"time"
)

// Prefer is the seller's choice between the checkout here and the other shops that a link names.
type Prefer string

// Choices of a seller. Where a shop elsewhere does not open, only PreferOnly keeps the buyer from the checkout.
const (
	PreferCheckout Prefer = "checkout"
	PreferTarget   Prefer = "target"
	PreferOnly     Prefer = "target_only"
)

// LinkTarget is the address of another shop of the seller's. Target is the wall map's code of the platform, recognised by the address's host.
type LinkTarget struct {
	Target string `json:"target"`
	URL    string `json:"url"`
}

// Link is a shareable checkout address for an item that is sold again and again. Amount is in minor units. What it sells never changes, because somebody may be
// looking at it: a seller disables a link and makes another.
type Link struct {
	MerchantID string
	ID         string
	Version    int64
	// Token is the random part of the address, Code what a person can type.
	Token       string
	Code        string
	Title       string
	Description string
	Amount      int64
	Currency    string
	Items       []Item
	ReturnURL   string
	Targets     []LinkTarget
	Prefer      Prefer
	Live        bool
	ExpiresAt   time.Time // zero: never
	DisabledAt  time.Time
	CreatedAt   time.Time
}

// Ended says that the link makes no payment any more.
func (l Link) Ended(now time.Time) bool {
	return !l.DisabledAt.IsZero() && !now.Before(l.DisabledAt) || !l.ExpiresAt.IsZero() && !now.Before(l.ExpiresAt)
}

// Kinds of what a short code stands for.
const (
	CodeOfLink    = "link"
	CodeOfPayment = "payment"
	CodeOfItem    = "item"
	CodeOfOrder   = "order"
)

// ShortCode is a typable name of a link, of one payment's checkout, of an item, or of an order. Token is the random part of the address that it leads to.
type ShortCode struct {
	Code       string
	MerchantID string
	Kind       string
	ObjectID   string
	Token      string
	CreatedAt  time.Time
}

// codeLength is eight characters of five bits: 2^40 codes. Whoever guesses finds one of a million links in a million tries, and finds no more than the seller
// shows to everybody.
const codeLength = 8

// NewShortCode mints a code. Its alphabet leaves out i, l, o and u, which are read as other characters.
func NewShortCode(random io.Reader) string {
	var b [codeLength]byte
	mustRead(random, b[:])
	for i, x := range b {
		b[i] = idAlphabet[x&31]
	}
	return string(b[:])
}

// misread are the characters that no code holds and that people type for those that it does.
var misread = strings.NewReplacer("o", "0", "i", "1", "l", "1", "-", "", " ", "")

// ParseShortCode reads a code as a person types it: in any case, in groups, with the letters that look like digits.
func ParseShortCode(typed string) (code string, ok bool) {
	if len(typed) > 4*codeLength {
		return "", false
	}
	code = misread.Replace(strings.ToLower(typed))
	if len(code) != codeLength || strings.Trim(code, idAlphabet) != "" {
		return "", false
	}
	return code, true
}

// FormatShortCode writes a code in two groups, as posters do.
func FormatShortCode(code string) string {
	if len(code) != codeLength {
		return code
	}
	return strings.ToUpper(code[:codeLength/2]) + " " + strings.ToUpper(code[codeLength/2:])
}
