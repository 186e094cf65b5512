package main

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"postern/engine"
	"postern/provider"
)

// outbound is the HTTP client for providers: bounded in every step, through the operator's egress proxy if there is one, never a proxy from the environment.
func outbound(egressProxy string, timeout time.Duration) (*http.Client, error) {
	transport := &http.Transport{
		DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: timeout,
		MaxIdleConnsPerHost: 32, MaxIdleConns: 256, IdleConnTimeout: 5 * time.Second, MaxResponseHeaderBytes: 64 << 10,
	}
	if egressProxy != "" {
		u, err := url.Parse(egressProxy)
		if err != nil {
			return nil, err
		}
		transport.Proxy = http.ProxyURL(u)
	}
	return &http.Client{Transport: transport, Timeout: timeout + 5*time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// downloads is the HTTP client for bills: the same way out, with their own deadline.
func downloads(egressProxy string) (provider.Doer, error) {
	client, err := outbound(egressProxy, engine.StatementTimeout)
	return provider.HTTPDoer{Client: client}, err
}

// realClient rewrites a request's address and scheme from the headers of trusted proxies, and from nobody else's.
func realClient(trusted []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && contains(trusted, from.Addr()) {
			if client, ok := forwarded(trusted, r.Header.Get("X-Forwarded-For")); ok {
				r.RemoteAddr = netip.AddrPortFrom(client, 0).String()
			}
			if proto := r.Header.Get("X-Forwarded-Proto"); proto == "https" || proto == "http" {
				r.URL.Scheme = proto
			}
		}
		next.ServeHTTP(w, r)
	})
}

// forwarded finds the client: the last address of the list that is not a trusted proxy.
func forwarded(trusted []netip.Prefix, header string) (netip.Addr, bool) {
	hops := strings.Split(header, ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return netip.Addr{}, false
		}
		if !contains(trusted, addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
