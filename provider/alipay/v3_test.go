package alipay

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// inV3 turns a call to the third version.
func inV3(call provider.Call) provider.Call {
	settings := map[string]string{settingProtocol: protocolV3}
	for k, v := range call.Settings {
		if k != settingProtocol {
			settings[k] = v
		}
	}
	call.Settings = settings
	return call
}

// TestV3 walks an order through in each mode of keys: what is sent where, and what is kept of it.
func TestV3(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		call   provider.Call
		header []string
	}{
		"keys":         {inV3(w.call), nil},
		"certificates": {inV3(w.inCertificateMode()), []string{wire.V3RootSN, wire.V3EncryptType}},
		"a partner":    {inV3(w.forMerchant("2088000000000011", "2021000000000011", "token-of-the-first")), []string{wire.V3AppAuthToken}},
	} {
		w.call = tt.call
		var seen *http.Request
		w.doer.seen = func(r *http.Request, body string) {
			seen = r
			if name == "certificates" && r.Method == http.MethodPost && strings.Contains(body, "out_trade_no") {
				t.Errorf("%s: the content is in the clear: %s", name, body)
			}
		}
		o, r := w.start(Native, 6800)
		if seen.URL.Path != "/v3/alipay/trade/precreate" || seen.URL.RawQuery != "" || !strings.HasPrefix(seen.Header.Get("Authorization"), wire.V3Scheme+" app_id=") {
			t.Errorf("%s: sent to %s with %s", name, seen.URL, seen.Header.Get("Authorization"))
		}
		for _, h := range tt.header {
			if seen.Header.Get(h) == "" {
				t.Errorf("%s: no %s", name, h)
			}
		}
		if !strings.Contains(r.Exchange.Request, o.Attempt.Number) || !strings.Contains(r.Exchange.Response, "qr_code") || strings.Contains(r.Exchange.Request, "token-of") {
			t.Errorf("%s: kept %+v", name, r.Exchange)
		}
		if q := w.query(o.Attempt); q.State != provider.Absent || q.Code != "ACQ.TRADE_NOT_EXIST" {
			t.Errorf("%s: before the scan: %+v", name, q)
		}
		w.press(o.Attempt.Number, "approve")
		if q := w.query(o.Attempt); q.State != provider.Paid || q.Money.Amount != 6800 {
			t.Errorf("%s: %+v", name, q)
		}
		w.fault("query", "rate_limited")
		if q := w.query(o.Attempt); q.State != provider.Unknown || q.Class != provider.ClassRateLimited {
			t.Errorf("%s, limited: %+v", name, q)
		}
		w.clock.Advance(46 * time.Hour)
		var file bytes.Buffer
		if f := w.c.FetchStatement(t.Context(), w.call, "trade", o.Attempt.CreatedAt, &file); f.State != provider.FetchDone || strings.Contains(f.Exchange.Response, "token=") {
			t.Errorf("%s, bill: %+v", name, f)
		}
	}
	w.call = inV3(w.inCertificateMode())
	w.doer.seen = nil
	w.control("/rotate", struct{}{}, nil)
	if o, _ := w.start(Native, 100); w.query(o.Attempt).State != provider.Absent {
		t.Error("after the rotation nothing is believed")
	}
}

// answersV3 is a gateway of the third version that answers whatever a test makes it say, signed with this key at this time; without a key it does not sign.
func (w *world) answersV3(status int, body string, signed bool, at time.Time) provider.Call {
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		timestamp := strings.TrimPrefix(strings.Split(wire.V3Authority("", "", "", at), "timestamp=")[1], "")
		if signed {
			signature, err := wire.SignWith(keys()[0], wire.SignTypeRSA2)(wire.V3ResponseString(timestamp, "n", []byte(body)))
			if err != nil {
				w.t.Error(err)
			}
			rw.Header().Set(wire.V3Timestamp, timestamp)
			rw.Header().Set(wire.V3Nonce, "n")
			rw.Header().Set(wire.V3Signature, wire.EncodeSignature(signature))
		}
		rw.WriteHeader(status)
		_, _ = rw.Write([]byte(body))
	}))
	w.t.Cleanup(srv.Close)
	call := inV3(w.call)
	call.Settings[settingGateway] = srv.URL + wire.GatewayPath
	return call
}

func TestUnbelievableV3Answers(t *testing.T) {
	w := newWorld(t)
	a := w.order(Native, 100).Attempt
	paid := `{"out_trade_no":"` + a.Number + `","trade_status":"TRADE_SUCCESS","trade_no":"1","total_amount":"1.00"}`
	now := w.clock.Now()
	for name, tt := range map[string]struct {
		call  provider.Call
		query provider.State
		start provider.State
	}{
		"paid":                 {w.answersV3(200, paid, true, now), provider.Paid, provider.Unknown},
		"unsigned":             {w.answersV3(200, paid, false, now), provider.Unknown, provider.Unknown},
		"an hour old":          {w.answersV3(200, paid, true, now.Add(-time.Hour)), provider.Unknown, provider.Unknown},
		"twice":                {w.answersV3(200, paid[:len(paid)-1]+`,"trade_status":"TRADE_CLOSED"}`, true, now), provider.Unknown, provider.Unknown},
		"no JSON":              {w.answersV3(200, "ok", true, now), provider.Unknown, provider.Unknown},
		"another order":        {w.answersV3(200, strings.Replace(paid, a.Number, "x", 1), true, now), provider.Unknown, provider.Unknown},
		"absent":               {w.answersV3(400, `{"code":"ACQ.TRADE_NOT_EXIST","message":"x"}`, true, now), provider.Absent, provider.Unknown},
		"absent, unsigned":     {w.answersV3(400, `{"code":"ACQ.TRADE_NOT_EXIST","message":"x"}`, false, now), provider.Absent, provider.Unknown},
		"blocked, an hour ago": {w.answersV3(400, `{"code":"ACQ.SELLER_BEEN_BLOCKED"}`, true, now.Add(-time.Hour)), provider.Unknown, provider.Unknown},
		"blocked, unsigned":    {w.answersV3(400, `{"code":"ACQ.SELLER_BEEN_BLOCKED"}`, false, now), provider.Unknown, provider.Failed},
		"500, unsigned":        {w.answersV3(500, `{"code":"ACQ.SELLER_BEEN_BLOCKED"}`, false, now), provider.Unknown, provider.Unknown},
		"moved, unsigned":      {w.answersV3(302, `{"code":"ACQ.SELLER_BEEN_BLOCKED"}`, false, now), provider.Unknown, provider.Unknown},
		"blocked":              {w.answersV3(400, `{"code":"ACQ.SELLER_BEEN_BLOCKED"}`, true, now), provider.Unknown, provider.Failed},
		"a refusal with 500":   {w.answersV3(500, `{"code":"ACQ.SELLER_BEEN_BLOCKED"}`, true, now), provider.Unknown, provider.Unknown},
		"limited":              {w.answersV3(429, `{"code":"new"}`, true, now), provider.Unknown, provider.Failed},
		"new code":             {w.answersV3(400, `{"code":"ACQ.BRAND_NEW"}`, true, now), provider.Unknown, provider.Unknown},
	} {
		if q := w.c.Query(t.Context(), tt.call, a); q.State != tt.query {
			t.Errorf("query, %s: %+v", name, q)
		}
		if r := w.c.Start(t.Context(), tt.call, provider.StartRequest{Attempt: withExpiry(a, now), Description: "x"}); r.State != tt.start {
			t.Errorf("start, %s: %+v", name, r)
		}
	}
}

func withExpiry(a postern.Attempt, now time.Time) postern.Attempt {
	a.ExpiresAt = now.Add(time.Minute)
	return a
}
