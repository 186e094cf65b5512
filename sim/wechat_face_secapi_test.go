package sim_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/facade"
	"postern/provider/wechatpay"
	"postern/provider/wechatpay/wire"
	"postern/sim"
)

// TestFacadeRule7SecapiCertificate: API v2 on the same host; addresses below /secapi want the merchant's own certificate, in our TLS or from the terminator that was named,
// and the others none. A connection without either proves nothing.
//
// Red without: the comparison in certifiedFace, believed in Terminated, the header taken off there, Live in certifiedFace.
func TestFacadeRule7SecapiCertificate(t *testing.T) {
	s := newWechatShop(t)
	server := httptest.NewUnstartedServer(s.handler)
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, NextProtos: []string{"http/1.1"}}
	server.StartTLS()
	defer server.Close()
	with := func(key string, cert []byte) *http.Client {
		return &http.Client{Transport: &http.Transport{TLSClientConfig: wxClientTLS(t, server, key, cert)}}
	}
	if f := s.secapi(t, server.Client(), server.URL+wire.V2Query); f["err_code"] != "ORDERNOTEXIST" || f.Verify([]byte(wxAPIv2)) != nil {
		t.Errorf("a query wants no certificate: %v", f)
	}
	for name, client := range map[string]*http.Client{"none": server.Client(), "a stranger's": with("wechat facade", s.cert)} {
		for _, path := range []string{wire.V2Refund, wire.V2Reverse} {
			if f := s.secapi(t, client, server.URL+path); !wxUncertified(f) {
				t.Errorf("%s: %v", name, f)
			}
		}
	}
	if f := s.secapi(t, with("wechat shop", s.shopCert), server.URL+wire.V2Refund); f["err_code"] != "ORDERNOTEXIST" {
		t.Errorf("the merchant's own: %v", f)
	}
}

// wxUncertified says that an answer is WeChat's to who shows no certificate, or a wrong one.
func wxUncertified(f wire.Fields) bool {
	return f["return_code"] == "FAIL" && strings.Contains(f["return_msg"], "证书错误") && f["sign"] == ""
}

// wxClientTLS is how a client with a certificate reaches a server.
func wxClientTLS(t testing.TB, server *httptest.Server, key string, cert []byte) *tls.Config {
	t.Helper()
	pair, err := tls.X509KeyPair(cert, wxPrivatePEM(t, sim.Key(key)))
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// secapi sends a refund of an order that is not there, with headers in pairs: past the certificate the answer is ORDERNOTEXIST.
func (s *wechatShop) secapi(t testing.TB, client *http.Client, address string, headers ...string) wire.Fields {
	t.Helper()
	f := wire.Fields{"appid": wxApp, "mch_id": s.account.Number, "nonce_str": "abc", "out_trade_no": "rule7_0001", "out_refund_no": "r1", "total_fee": "1", "refund_fee": "1"}
	f.Sign(wire.SignMD5, []byte(wxAPIv2))
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, address, strings.NewReader(string(f.XML("xml"))))
	must(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := client.Do(r)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	must(t, err)
	out, err := wire.ParseXML(raw, "xml")
	must(t, err)
	return out
}

// TestFacadeRule7Terminator: what another machine says of a client's certificate is believed in the header that was named, once, and from the addresses that were named. A
// test merchant's account that was issued so goes without, and a live one's never does.
func TestFacadeRule7Terminator(t *testing.T) {
	s := newWechatShop(t)
	block, _ := pem.Decode(s.shopCert)
	stranger, _ := pem.Decode(s.cert)
	own, pemText := base64.StdEncoding.EncodeToString(block.Bytes), url.PathEscape(string(s.shopCert))
	const named = "X-Client-Cert"
	from := func(net string) *httptest.Server {
		server := httptest.NewServer(facade.Terminated(named, []netip.Prefix{netip.MustParsePrefix(net)}, s.handler))
		t.Cleanup(server.Close)
		return server
	}
	plain, terminated, elsewhere := httptest.NewServer(s.handler), from("127.0.0.0/8"), from("10.0.0.0/8")
	t.Cleanup(plain.Close)
	for name, c := range map[string]struct {
		server  *httptest.Server
		headers []string
		passes  bool
	}{
		"DER":                      {terminated, []string{named, own}, true},
		"RFC 9440":                 {terminated, []string{named, ":" + own + ":"}, true},
		"PEM":                      {terminated, []string{named, pemText}, true},
		"nothing":                  {terminated, nil, false},
		"a stranger's":             {terminated, []string{named, base64.StdEncoding.EncodeToString(stranger.Bytes)}, false},
		"twice":                    {terminated, []string{named, own, named, own}, false},
		"another header":           {terminated, []string{"X-Certificate", own}, false},
		"no certificate":           {terminated, []string{named, base64.StdEncoding.EncodeToString([]byte(s.serial))}, false},
		"from another address":     {elsewhere, []string{named, own}, false},
		"a header nobody named":    {plain, []string{named, own}, false},
		"without TLS and a header": {plain, nil, false},
	} {
		f := s.secapi(t, http.DefaultClient, c.server.URL+wire.V2Refund, c.headers...)
		if passed := f["err_code"] == "ORDERNOTEXIST"; passed != c.passes || !passed && !wxUncertified(f) {
			t.Errorf("%s: %v", name, f)
		}
	}
	s.uncertified(t)
	if f := s.secapi(t, http.DefaultClient, plain.URL+wire.V2Refund); f["err_code"] != "ORDERNOTEXIST" {
		t.Errorf("a test merchant without a certificate: %v", f)
	}
	live := s.w.Merchant
	live.ID, live.Live, live.Version = postern.NewID(postern.PrefixMerchant, s.w.Clock.Now(), s.w.Rand), true, 0
	must(t, s.w.Store.SaveMerchant(context.Background(), live))
	s.w.Merchant = live
	s = openWechatShop(t, s.w, "http://"+wxFaceHost, false)
	s.uncertified(t)
	if f := s.secapi(t, http.DefaultClient, plain.URL+wire.V2Refund); !wxUncertified(f) {
		t.Errorf("a live merchant without a certificate: %v", f)
	}
}

// uncertified makes the shop's account one that was issued without the client certificate of API v2.
func (s *wechatShop) uncertified(t testing.TB) {
	t.Helper()
	s.change(t, func(a *postern.FacadeAccount) { a.Settings[wechatpay.FaceUncertified] = "yes" })
}

// change changes the shop's account, and waits for as long as it is remembered.
func (s *wechatShop) change(t testing.TB, do func(*postern.FacadeAccount)) {
	t.Helper()
	account, err := s.w.Store.Facade(context.Background(), s.account.MerchantID, s.account.ID)
	must(t, err)
	do(&account)
	must(t, s.w.Store.SaveFacade(context.Background(), account))
	s.w.Clock.Advance(6 * time.Second)
}
