package shop_test

import (
	"compress/gzip"
	"io"
	"net/url"
	"strings"
	"testing"

	"postern/web/shop"
)

// TestOnlyStrangersPagesArePacked: a compressed length beside chosen text tells of secrets, so what a device remembers, what a form brought, and orders go out plain.
func TestOnlyStrangersPagesArePacked(t *testing.T) {
	s := openWorld(t)
	item := s.sells(9)
	o, _ := s.buys(item, 0, "1")
	at, once := "/i/"+item.Token, []string{"Accept-Encoding", "br, gzip"}
	packed := s.do("GET", at, nil, once...)
	if packed.header.Get("Content-Encoding") != "gzip" || packed.header.Get("Vary") == "" {
		t.Fatalf("a stranger's page went out with %v", packed.header)
	}
	z, err := gzip.NewReader(strings.NewReader(packed.body))
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(z)
	if err != nil || !strings.Contains(string(page), "</html>") {
		t.Fatalf("the packed page does not end: %v", err)
	}
	for name, got := range map[string]answer{
		"a client that does not ask": s.do("GET", at, nil), "a remembered buyer": s.do("GET", at, nil, append(once, "Cookie", shop.Remembered)...),
		"a refused form": s.do("POST", at+"/order", url.Values{"name": {"gzip"}}, once...), "an order": s.do("GET", "/o/"+o.Token, nil, once...),
		"the search for one": s.do("GET", "/o", nil, once...),
	} {
		if got.header.Get("Content-Encoding") != "" || !strings.Contains(got.body, "</html>") {
			t.Errorf("%s: status %d, packed as %q", name, got.status, got.header.Get("Content-Encoding"))
		}
	}
}
