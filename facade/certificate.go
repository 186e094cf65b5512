package facade

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxCertificate bounds the text of a certificate in a header: the largest genuine one, escaped, is a quarter of it.
const maxCertificate = 16 << 10

// certificateKey finds what Terminated read in a request's context.
type certificateKey struct{}

// Terminated stands in front of a facade whose TLS ends at another machine. That one passes on, in the named header, the certificate with which the client proved that it
// has the key; it is believed from the given addresses only, and taken off every request, so that nobody else can claim one. It stands outside of whatever rewrites
// RemoteAddr.
func Terminated(header string, from []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		texts := r.Header.Values(header)
		r.Header.Del(header)
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		if err == nil && len(texts) == 1 && believed(from, peer.Addr()) { // twice is a proxy that adds and does not replace: the first may be anybody's
			if der := readCertificate(texts[0]); der != nil {
				r = r.WithContext(context.WithValue(r.Context(), certificateKey{}, der))
			}
		}
		next.ServeHTTP(w, r)
	})
}

func believed(from []netip.Prefix, addr netip.Addr) bool {
	for _, p := range from {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// readCertificate reads a certificate as terminators write it: PEM with percent escapes (nginx), or base64 of its DER, bare or between colons (RFC 9440). Nil for anything
// else.
func readCertificate(text string) []byte {
	if len(text) > maxCertificate {
		return nil
	}
	if strings.HasPrefix(text, "-----BEGIN") {
		plain, err := url.PathUnescape(text) // a plus is a plus there
		if err != nil {
			return nil
		}
		block, rest := pem.Decode([]byte(plain))
		if block == nil || block.Type != "CERTIFICATE" || strings.TrimSpace(string(rest)) != "" {
			return nil
		}
		return parsed(block.Bytes)
	}
	if len(text) > 1 && text[0] == ':' && text[len(text)-1] == ':' {
		text = text[1 : len(text)-1]
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return parsed(der)
}

// parsed returns the certificate's own bytes.
func parsed(der []byte) []byte {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return c.Raw
}

// ClientCertificate implements provider.Gateway: of our own TLS, or what the terminator in front of us passed on.
func (g *gateway) ClientCertificate(r *http.Request) []byte {
	if r.TLS != nil {
		if len(r.TLS.PeerCertificates) == 0 {
			return nil
		}
		return r.TLS.PeerCertificates[0].Raw
	}
	der, _ := r.Context().Value(certificateKey{}).([]byte)
	return der
}
