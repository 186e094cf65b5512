package sim_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postern/provider/alipay/wire"
)

// facedRequest is one genuine request as it is on the wire.
type facedRequest struct {
	verb, target, body string
	header             map[string]string
	good               string // part of the answer to the request as it is
}

// aliRequests are a genuine request of every form: query and body, all in one, encrypted with certificates, and the third version's two verbs.
func (f *faceWorld) aliRequests(t *testing.T) []facedRequest {
	t.Helper()
	f.ask(t, f.keyed, wire.MethodCreate, orderJSON("K-1", "68.00", "buyer_id", "2088000000000009"))
	now := f.Clock.Now()
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	query, body := f.keyed.params(t, now, wire.MethodQuery, `{"out_trade_no":"K-1"}`, "notify_url", "http://shop.test/n?x=1&y=2").Split()
	list := []facedRequest{
		{http.MethodPost, wire.GatewayPath + "?" + query, body, form, `"code":"10000"`},
		{http.MethodPost, wire.GatewayPath + "?charset=utf-8", f.keyed.params(t, now, wire.MethodCreate, orderJSON("K-1", "68.00", "buyer_id", "2088000000000009")).Encode(), form, `"code":"10000"`},
		{http.MethodGet, wire.GatewayPath + "?" + f.keyed.params(t, now, wire.MethodRefundQuery, `{"out_trade_no":"K-1","out_request_no":"x"}`).Encode(), "", nil, `"code":"10000"`},
	}
	key, err := wire.ParseContentKey(faceContent)
	must(t, err)
	hidden, err := key.Encrypt([]byte(`{"out_trade_no":"nobody"}`))
	must(t, err)
	list = append(list, facedRequest{
		http.MethodPost, wire.GatewayPath, f.certs.params(t, now, wire.MethodCancel, hidden, append(f.certs.numbers(t), "encrypt_type", "AES")...).Encode(), form,
		`"alipay_cert_sn"`,
	})
	for method, fields := range map[string]wire.Fields{
		wire.MethodQuery: wire.Fields{}.Set("out_trade_no", "K-1"), wire.MethodBill: wire.Fields{}.Set("bill_type", "trade").Set("bill_date", "2999-01-01"),
	} {
		m, err := wire.V3Call{Method: method, AppID: f.keyed.account.Number, Fields: fields, Nonce: "n0nce", RequestID: "r", Time: now}.Message(wire.SignWith(f.keyed.app, wire.SignTypeRSA2))
		must(t, err)
		good := "WAIT_BUYER_PAY"
		if method == wire.MethodBill {
			good = "INVAILID_ARGUMENTS"
		}
		list = append(list, facedRequest{m.Verb, m.Target, m.Body, m.Header, good})
	}
	return list
}

// covered is what the signature of a request covers, with the signature; "" when the request cannot be read at all.
func (q facedRequest) covered() string {
	if auth, ok := q.header["Authorization"]; ok {
		c, err := wire.ParseV3Authorization(auth)
		if err != nil {
			return ""
		}
		return string(wire.V3RequestString(c.Authority, q.verb, q.target, q.body, "")) + string(c.Signature)
	}
	_, query, _ := strings.Cut(q.target, "?")
	p, err := wire.ParseRequest(query, q.body)
	if err != nil {
		return ""
	}
	return string(wire.RequestString(p)) + "\n" + p["sign"]
}

// mutate changes one place of a request: a byte, a piece, or two pieces that change places.
func (q facedRequest) mutate(r *rand.Rand) facedRequest {
	spoil := func(s string) string {
		b := []byte(s)
		at := r.IntN(len(b) + 1)
		switch end := min(len(b), at+1+r.IntN(6)); r.IntN(6) {
		case 0:
			return string(slices.Insert(b, at, byte(' '+r.IntN(95))))
		case 1:
			return string(slices.Delete(b, at, end))
		case 2:
			return s + "&" + []string{"total_amount=0.01", "app_id=1", "biz_content={}", "sign_type=RSA", "x=%00", "charset=gbk"}[r.IntN(6)]
		case 3:
			return string(slices.Insert(b, at, b[at:end]...))
		case 4:
			if at < len(b) {
				b[at] ^= 1 << r.IntN(7)
			}
			return string(b)
		default:
			if at < len(b) {
				b[at] = byte(' ' + r.IntN(95))
			}
			return string(b)
		}
	}
	out := q
	out.header = map[string]string{}
	for k, v := range q.header {
		out.header[k] = v
	}
	path, query, found := strings.Cut(q.target, "?")
	switch n := r.IntN(4); {
	case n == 0 && out.header["Authorization"] != "":
		out.header["Authorization"] = spoil(out.header["Authorization"])
	case n <= 1 && found:
		out.target = path + "?" + spoil(query)
	case q.body != "":
		out.body = spoil(q.body)
	case found:
		out.target = path + "?" + spoil(query)
	}
	return out
}

// send puts a request on the network; false when it is no HTTP request any more.
func (f *faceWorld) send(q facedRequest) (status int, header http.Header, body string, ok bool) {
	r, err := http.NewRequestWithContext(context.Background(), q.verb, "http://"+faceHost+q.target, strings.NewReader(q.body))
	if err != nil || r.URL.RequestURI() != q.target {
		return 0, nil, "", false
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	response, err := f.Net.Do(r)
	if err != nil {
		return 0, nil, "", false
	}
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(b), err == nil
}

// refused says that an answer is one of the gateway to a request that it did not believe. What it believed is answered otherwise, if only by a business error.
func refused(body string) bool {
	for _, word := range []string{`"code":"40001"`, `"code":"40002"`, `"code":"invalid-signature"`, `"code":"invalid-app-id"`, `"code":"missing-timestamp"`, `"code":"invalid-method"`, `"code":"invalid-parameter"`} {
		if strings.Contains(body, word) {
			return true
		}
	}
	return false
}

// TestAlipayMutations: whatever differs in what the signature covers is refused, in Alipay's own shape; the genuine ones between them are all accepted.
func TestAlipayMutations(t *testing.T) {
	f := faceOnly(t)
	r := rand.New(rand.NewPCG(20261129, 7))
	var forged, same, unsent, controls int
	genuine := f.aliRequests(t)
	for i := range *mutations {
		if i%10_000 == 9_999 { // the third version looks at the clock
			f.Clock.Advance(time.Millisecond)
		}
		q := genuine[i%len(genuine)]
		if i%100 < len(genuine) && i%100 == i%len(genuine) || i%100 == 0 {
			controls++
			if _, _, body, _ := f.send(q); !strings.Contains(body, q.good) {
				t.Fatalf("the genuine request %+v is answered %s", q, body)
			}
		}
		m := q.mutate(r)
		if m.covered() == q.covered() {
			same++
			continue
		}
		status, header, body, ok := f.send(m)
		switch {
		case !ok:
			unsent++
			continue
		case !refused(body):
			t.Fatalf("%d: accepted: %s %s\n%s\n%v\nanswer: %d %s", i, m.verb, m.target, m.body, m.header, status, body)
		case strings.Contains(strings.ToLower(body), "postern") || header.Get("Content-Type") == "application/problem+json" || !bytes.HasPrefix([]byte(body), []byte(`{"`)):
			t.Fatalf("%d: not Alipay's shape: %d %v %s", i, status, header, body)
		}
		forged++
	}
	if forged*10 < *mutations*7 {
		t.Errorf("only %d of %d were forgeries", forged, *mutations)
	}
	t.Logf("%d forgeries refused, %d with the same covered bytes passed over, %d no HTTP request, %d controls accepted", forged, same, unsent, controls)
}
