package shop

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postern"
)

// buyerCookie keeps name, phone and address on the buyer's own device, when the buyer agrees, so that the next order is one tap. It is sent to item pages only.
const (
	buyerCookie   = "postern_buyer"
	buyerFor      = 180 * 24 * time.Hour
	buyerVersion  = "1."
	maxBuyer      = 2000 // bytes of the cookie
	maxBuyerField = 200  // characters
)

// buyer is what is remembered.
type buyer struct {
	Name    string `json:"n,omitempty"`
	Phone   string `json:"p"`
	Region  string `json:"r,omitempty"`
	Address string `json:"a,omitempty"`
}

// formatBuyer writes the cookie's value; empty when it does not fit.
func formatBuyer(b buyer) string {
	raw, err := json.Marshal(b)
	if err != nil {
		return ""
	}
	value := buyerVersion + base64.RawURLEncoding.EncodeToString(raw)
	if _, ok := parseBuyer(value); !ok {
		return ""
	}
	return value
}

// parseBuyer reads the cookie. It comes from the buyer's side and is believed as little as a typed form; anything unusual is no buyer.
func parseBuyer(value string) (buyer, bool) {
	var b buyer
	text, found := strings.CutPrefix(value, buyerVersion)
	if !found || len(value) > maxBuyer {
		return b, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return b, false
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&b); err != nil || d.More() {
		return buyer{}, false
	}
	for _, s := range []string{b.Name, b.Phone, b.Region, b.Address} {
		if !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxBuyerField || strings.ContainsFunc(s, unicode.IsControl) {
			return buyer{}, false
		}
	}
	if _, ok := postern.ParsePhone(b.Phone); !ok {
		return buyer{}, false
	}
	if _, ok := postern.RegionOf(b.Region); !ok && b.Region != "" {
		return buyer{}, false
	}
	return b, true
}

// buyerOf is whom this device remembers.
func buyerOf(r *http.Request) (buyer, bool) {
	cookie, err := r.Cookie(buyerCookie)
	if err != nil {
		return buyer{}, false
	}
	return parseBuyer(cookie.Value)
}

// keepBuyer remembers who ordered, or forgets: the box in the form decides each time.
func (h *Handler) keepBuyer(w http.ResponseWriter, r *http.Request, t typed, delivers bool) {
	if t.remember == "" {
		http.SetCookie(w, h.buyerCookie("", -1))
		return
	}
	b := buyer{Name: t.name, Phone: t.phone, Region: t.region, Address: t.address}
	if before, ok := buyerOf(r); ok && !delivers { // this order asked for no address: the one that is known stays
		b.Region, b.Address = before.Region, before.Address
	}
	if value := formatBuyer(b); value != "" {
		http.SetCookie(w, h.buyerCookie(value, int(buyerFor.Seconds())))
	}
}

func (h *Handler) buyerCookie(value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: buyerCookie, Value: value, Path: rootItem, MaxAge: seconds, HttpOnly: true,
		Secure: strings.HasPrefix(h.cfg.Engine.PublicURL, "https:"), SameSite: http.SameSiteLaxMode,
	}
}
