package main

import "testing"

// TestClientCertificateHeaderNeedsItsAddresses: a header with certificates is configured with the addresses that it is believed from, and not beside TLS of our own.
func TestClientCertificateHeaderNeedsItsAddresses(t *testing.T) {
	base := facadeConfig{Listen: "127.0.0.1:0", URL: "http://127.0.0.1:1"}
	for name, c := range map[string]struct {
		change func(*facadeConfig)
		good   bool
	}{
		"neither":          {func(*facadeConfig) {}, true},
		"both":             {func(f *facadeConfig) { f.ClientCertHeader, f.ClientCertFrom = "X-Cert", []string{"127.0.0.1"} }, true},
		"no addresses":     {func(f *facadeConfig) { f.ClientCertHeader = "X-Cert" }, false},
		"addresses alone":  {func(f *facadeConfig) { f.ClientCertFrom = []string{"127.0.0.1"} }, false},
		"no net":           {func(f *facadeConfig) { f.ClientCertHeader, f.ClientCertFrom = "X-Cert", []string{"proxy"} }, false},
		"with TLS of ours": {func(f *facadeConfig) { f.ClientCertHeader, f.ClientCertFrom, f.TLS = "X-Cert", []string{"::1"}, true }, false},
		"with certificates": {func(f *facadeConfig) {
			f.ClientCertHeader, f.ClientCertFrom, f.TLSCert, f.TLSKey = "X", []string{"::1"}, "a", "b"
		}, false},
	} {
		f := base
		c.change(&f)
		if err := checkFacades(map[string]facadeConfig{faced()[0]: f}, false); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
