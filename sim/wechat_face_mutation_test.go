package sim_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"postern/provider/wechatpay/wire"
)

// wxRequest is one genuine request as it is on the wire; auth is its Authorization, empty in API v2.
type wxRequest struct {
	verb, target, body, auth string
	good                     string // part of the answer to it as it is
}

func (s *wechatShop) genuine(t testing.TB) []wxRequest {
	t.Helper()
	s.native(t, "forge_0001", 100)
	s.native(t, "forge_paid", 100)
	s.buy(t, "forge_paid")
	v3 := func(verb, target, body, good string) wxRequest {
		return wxRequest{verb, target, body, s.request(t, verb, target, body).Header.Get("Authorization"), good}
	}
	v2 := func(kind, path string, f wire.Fields, good string) wxRequest {
		f["appid"], f["mch_id"], f["nonce_str"] = wxApp, s.account.Number, "n0nce"
		f.Sign(kind, []byte(wxAPIv2))
		return wxRequest{http.MethodPost, path, string(f.XML("xml")), "", good}
	}
	return []wxRequest{
		v3(http.MethodGet, s.queryTarget("forge_0001"), "", "NOTPAY"),
		v3(http.MethodPost, "/v3/pay/transactions/native", s.nativeBody("forge_0001", 100), "code_url"),
		v3(http.MethodPost, wire.PathRefunds, `{"out_trade_no":"forge_paid","out_refund_no":"forge_r1","amount":{"refund":1,"total":100,"currency":"CNY"}}`, "forge_r1"),
		v3(http.MethodGet, wire.PathCertificates, "", "serial_no"),
		v2(wire.SignMD5, wire.V2Query, wire.Fields{"out_trade_no": "forge_0001"}, "NOTPAY"),
		v2(wire.SignHMAC, wire.V2Refund, wire.Fields{"out_trade_no": "forge_paid", "out_refund_no": "forge_r2", "refund_fee": "1", "total_fee": "100"}, "forge_r2"),
	}
}

// covered is what a signature covers, with the signature and who made it; what cannot be read covers nothing.
func (q wxRequest) covered() string {
	if q.auth == "" {
		f, err := wire.ParseXML([]byte(q.body), "xml")
		if err != nil {
			return ""
		}
		sign := f["sign"]
		delete(f, "sign")
		for name, value := range f { // an empty field is not signed
			if value == "" {
				delete(f, name)
			}
		}
		return q.target + sign + string(f.XML("xml"))
	}
	a, err := wire.ParseAuthorization(q.auth)
	if err != nil {
		return ""
	}
	return a.MchID + wire.NormalSerial(a.Serial) + string(a.Signature) + string(wire.RequestMessage(q.verb, q.target, a.Timestamp, a.Nonce, []byte(q.body)))
}

// mutate changes one place of a request.
func (q wxRequest) mutate(r *rand.Rand) wxRequest {
	parts := []*string{&q.target}
	if q.body != "" {
		parts = append(parts, &q.body)
	}
	if q.auth != "" {
		parts = append(parts, &q.auth)
	}
	part := parts[r.IntN(len(parts))]
	b := []byte(*part)
	at := r.IntN(len(b))
	end := min(len(b), at+1+r.IntN(6))
	switch r.IntN(6) {
	case 0:
		b = slices.Insert(b, at, byte(' '+r.IntN(95)))
	case 1:
		b = slices.Delete(b, at, end)
	case 2:
		b = slices.Insert(b, at, slices.Clone(b[at:end])...)
	case 3:
		b[at] ^= 1 << r.IntN(7)
	case 4:
		piece := []string{`"total":1`, `&mchid=1`, `,mchid="1"`, "%0A", "<total_fee>1</total_fee>", "<!DOCTYPE x>", "</xml>", "?", "}"}
		b = slices.Insert(b, at, []byte(piece[r.IntN(len(piece))])...)
	default:
		b[at] = byte(' ' + r.IntN(95))
	}
	*part = string(b)
	return q
}

// send puts a request on the network; false when it is no HTTP request any more.
func (s *wechatShop) send(t testing.TB, q wxRequest) (status int, kind, body string, ok bool) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), q.verb, "http://"+wxFaceHost+q.target, strings.NewReader(q.body))
	if err != nil || r.URL.Host != wxFaceHost || r.URL.RequestURI() != q.target {
		return 0, "", "", false
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "shop")
	r.Header.Set("Content-Type", "application/json")
	if q.auth != "" {
		r.Header.Set("Authorization", q.auth)
	}
	status, h, body := s.raw(t, r)
	return status, h.Get("Content-Type"), body, true
}

// TestWeChatFacadeTakesNoMutatedRequest: a request whose covered bytes differ is never done, whatever was changed; the answer is WeChat's and no shape of ours; the same
// requests as they were, one in a hundred, are always done.
//
// Red without: Verify in v2KeyOf, or the refusal in authenticateFace of what verifiedFace does not find.
func TestWeChatFacadeTakesNoMutatedRequest(t *testing.T) {
	s := newWechatShop(t)
	s.uncertified(t)
	all := s.genuine(t)
	run(t, s.w, 0)
	random := rand.New(rand.NewPCG(1, 2))
	forged, controls, broken := 0, 0, 0
	for i := range *mutations {
		q := all[random.IntN(len(all))]
		if i%100 == 0 {
			controls++
			if status, _, body, _ := s.send(t, q); status != http.StatusOK || !strings.Contains(body, q.good) {
				t.Fatalf("a genuine %s: HTTP %d %s", q.target, status, body)
			}
			continue
		}
		m := q.mutate(random)
		if m.covered() == q.covered() {
			continue
		}
		status, kind, body, ok := s.send(t, m)
		if !ok {
			broken++
			continue
		}
		forged++
		wechatsOwn := strings.HasPrefix(body, "<xml><return_code><![CDATA[FAIL]]>") && kind == "text/xml; charset=utf-8" && status == http.StatusOK ||
			status >= 400 && status < 500 && strings.HasPrefix(body, `{"code":"`) && kind == "application/json; charset=utf-8"
		if !wechatsOwn {
			t.Fatalf("%+v\nwas answered HTTP %d %s %s", m, status, kind, body)
		}
	}
	t.Logf("%d forged, %d controls, %d were no HTTP any more", forged, controls, broken)
	if forged < *mutations/2 {
		t.Errorf("only %d were forged", forged)
	}
}
