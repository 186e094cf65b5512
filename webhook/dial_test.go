package webhook_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"postern/webhook"
)

func TestOnlyPublicAddressesAreCalled(t *testing.T) {
	refused := []string{
		"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.0.1",
		"100.64.0.1", "100.100.100.200", "100.127.255.255", "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255",
		"198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:100.100.100.200", "::ffff:0:127.0.0.1",
		"64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
		"3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "64:ff9b::7f00:1%eth0",
	}
	for _, text := range refused {
		if err := webhook.Allowed(netip.MustParseAddr(text), nil); err == nil {
			t.Errorf("%s is called", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "47.88.0.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "2400:3200::1", "::ffff:8.8.8.8"} {
		if err := webhook.Allowed(netip.MustParseAddr(text), nil); err != nil {
			t.Errorf("%s is refused: %v", text, err)
		}
	}
	allow := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}
	for text, want := range map[string]bool{"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00:1::5": true, "fd00:2::5": false, "127.0.0.1": false} {
		if err := webhook.Allowed(netip.MustParseAddr(text), allow); (err == nil) != want {
			t.Errorf("%s with an allow-list: %v", text, err)
		}
	}
}

// TestTheResolvedAddressIsJudged calls names, because it is a name's address that may change its mind.
func TestTheResolvedAddressIsJudged(t *testing.T) {
	hit := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hit++
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/", http.StatusFound)
		}
	}))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	call := func(c *http.Client, host, path string) (*http.Response, error) {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "http://"+net.JoinHostPort(host, port)+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.Do(r)
		if err == nil {
			_ = response.Body.Close()
		}
		return response, err
	}
	for _, host := range []string{"localhost", "127.0.0.1", "0.0.0.0", "::1", "::ffff:127.0.0.1"} {
		if _, err := call(webhook.NewClient(nil, 5*time.Second), host, "/"); err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("%s: %v", host, err)
		}
	}
	if hit != 0 {
		t.Errorf("%d requests arrived", hit)
	}
	allowed := webhook.NewClient([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 5*time.Second)
	if _, err := call(allowed, "127.0.0.1", "/"); err != nil || hit != 1 {
		t.Errorf("an allowed net: %v, %d requests", err, hit)
	}
	response, err := call(allowed, "127.0.0.1", "/away")
	if err != nil || response.StatusCode != http.StatusFound || hit != 2 {
		t.Errorf("a redirect is an answer and is not followed: %v, %d requests", err, hit)
	}
}
