package ui

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Policy is the content security policy of one response. Everything it does not name is refused by the browser.
type Policy struct {
	// Nonce allows the style and the script of this response.
	Nonce string
	// StyleHash allows one constant style where the response must not vary ("sha256-...").
	StyleHash string
	// Images lists whole addresses of pictures (the share card).
	Images []string
	// Connect allows fetches to the own origin (the live status).
	Connect bool
	// FormAction lists origins beside our own to which forms may post (the provider's, on its launch page).
	FormAction []string
	// Frames lists origins that the page may frame; FrameAncestors those that may frame it ("'self'" included when wanted).
	Frames         []string
	FrameAncestors []string
}

// String writes the policy as the header's value.
func (p Policy) String() string {
	parts := []string{"default-src 'none'", "base-uri 'none'"}
	switch {
	case p.Nonce != "":
		parts = append(parts, "style-src 'nonce-"+p.Nonce+"'", "script-src 'nonce-"+p.Nonce+"'")
	case p.StyleHash != "":
		parts = append(parts, "style-src '"+p.StyleHash+"'")
	}
	if len(p.Images) > 0 {
		parts = append(parts, "img-src "+strings.Join(p.Images, " "))
	}
	if p.Connect {
		parts = append(parts, "connect-src 'self'")
	}
	parts = append(parts, strings.Join(append([]string{"form-action 'self'"}, p.FormAction...), " "))
	if len(p.Frames) > 0 {
		parts = append(parts, "frame-src "+strings.Join(p.Frames, " "))
	}
	ancestors := "'none'"
	if len(p.FrameAncestors) > 0 {
		ancestors = strings.Join(p.FrameAncestors, " ")
	}
	return strings.Join(append(parts, "frame-ancestors "+ancestors), "; ")
}

// Secure sets the headers of every page. The referrer keeps the origin, because one wallet's phone product checks the domain that the buyer comes from; the path
// with the link's token never leaves.
func Secure(h http.Header, p Policy) {
	h.Set("Content-Security-Policy", p.String())
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	if len(p.FrameAncestors) == 0 {
		h.Set("X-Frame-Options", "DENY")
	}
}

// NewNonce returns 128 random bits in base64.
func NewNonce(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("read a nonce: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// HashSource returns the policy's source expression for one inline style or script.
func HashSource(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Origin returns scheme and host of an http or https address, as a policy wants them, and false for anything else.
func Origin(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(u.Host, "'\"; ,*") {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
