package wire

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestSealAndExtract(t *testing.T) {
	key := testKey()
	value := Fields{{"code", CodeSuccess}, {"msg", "Success"}, {"subject", "测试 <a&b>/\"\\\n\u2028"}, {"sign", "inner"}, {"n", int64(7)},
		{"fund_bill_list", []Fields{{{"amount", "0.01"}}}}, {"presents", []string{"a", "b"}}}.Marshal()
	body, err := Seal(MethodQuery, value, false, SignWith(key, SignTypeRSA2))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"alipay_trade_query_response":` + string(value) + `,"sign":"`; !strings.HasPrefix(string(body), want) || !json.Valid(body) {
		t.Fatalf("sealed %s", body)
	}
	env, err := Extract(body, MethodQuery)
	if err != nil || string(env.Value) != string(value) || env.Old {
		t.Fatalf("extracted %s %v", env.Value, err)
	}
	verify := VerifyWith(&key.PublicKey, SignTypeRSA2)
	if err := env.Verify(verify); err != nil {
		t.Fatal(err)
	}
	o, err := env.Object()
	if err != nil || o.Text("subject") != "测试 <a&b>/\"\\\n\u2028" || o.Text("n") != "7" || o.Text("Code") != "" || o.Text("presents") != "" {
		t.Fatalf("read %v %v", o, err)
	}
	unescaped := Envelope{Value: value, Sign: env.Sign}
	unescaped.Value = []byte(strings.Replace(string(value), "Success", "Succes5", 1))
	if err := unescaped.Verify(verify); !errors.Is(err, ErrSignature) {
		t.Fatalf("a changed value was accepted: %v", err)
	}
	if err := (Envelope{Value: value}).Verify(verify); !errors.Is(err, ErrUnsigned) {
		t.Fatalf("no signature: %v", err)
	}
	if old, err := Seal(MethodOAuthToken, value, true, SignWith(key, SignTypeRSA)); err != nil || !strings.HasPrefix(string(old), `{"error_response":{`) {
		t.Fatalf("old style: %s %v", old, err)
	}
}

// TestVerifyUnescapesSlashes: some gateways sign with "/" and send "\/"; the Java and PHP SDKs try both.
func TestVerifyUnescapesSlashes(t *testing.T) {
	sent := []byte(`{"u":"http:\/\/x"}`)
	sig, err := SignWith(testKey(), SignTypeRSA2)([]byte(`{"u":"http://x"}`))
	if err != nil {
		t.Fatal(err)
	}
	p := Params{}
	if err := p.sign([]byte(`{"u":"http://x"}`), func([]byte) ([]byte, error) { return sig, nil }); err != nil {
		t.Fatal(err)
	}
	if err := (Envelope{Value: sent, Sign: p[signKey]}).Verify(VerifyWith(&testKey().PublicKey, SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
}

func TestExtractRefuses(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "not json": "<html>", "list": "[]", "cut": `{"alipay_trade_query_response":{"code":"10000"`, "trailing": `{"alipay_trade_query_response":{},"sign":"A"}{}`,
		"twice": `{"alipay_trade_query_response":{},"alipay_trade_query_response":{"code":"10000"},"sign":"A"}`, "other method": `{"alipay_trade_close_response":{},"sign":"A"}`,
		"both": `{"alipay_trade_query_response":{},"error_response":{},"sign":"A"}`, "two signs": `{"alipay_trade_query_response":{},"sign":"A","sign":"B"}`,
		"number sign": `{"alipay_trade_query_response":{},"sign":5}`, "none": `{"sign":"A"}`, "escaped twice": `{"alipay_trade_query_response":{},"\u0061lipay_trade_query_response":{},"sign":"A"}`,
	} {
		if env, err := Extract([]byte(body), MethodQuery); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %+v, %v", name, env, err)
		}
	}
	if _, err := Extract(make([]byte, MaxResponse+1), MethodQuery); !errors.Is(err, ErrTooLarge) {
		t.Errorf("oversized: %v", err)
	}
}

func TestParseObjectRefuses(t *testing.T) {
	for name, raw := range map[string]string{
		"twice": `{"a":1,"a":2}`, "twice inside": `{"x":[{"a":1,"a":2}]}`, "escaped twice": `{"a":1,"\u0061":2}`, "list": `[]`, "null": `null`, "text": `"x"`, "after": `{} 1`,
		"deep": strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "not utf-8": "{\"a\":\"\xff\"}", "cut": `{"a":`,
	} {
		if o, err := ParseObject([]byte(raw)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %v, %v", name, o, err)
		}
	}
}

func TestAmounts(t *testing.T) {
	for text, fen := range map[string]int64{"0.01": 1, "68": 6800, "68.0": 6800, "68.00": 6800, "0": 0, "0.00": 0, "100000000.00": MaxAmount, "0.10": 10, "1.5": 150} {
		got, err := ParseYuan(text)
		if err != nil || got != fen {
			t.Errorf("ParseYuan(%q) = %d, %v", text, got, err)
		}
		if back, err := ParseYuan(FormatYuan(fen)); err != nil || back != fen {
			t.Errorf("%d comes back as %d, %v", fen, back, err)
		}
	}
	for _, bad := range []string{"", ".", ".1", "1.", "-1", "+1", "1e2", "1.001", " 1", "1 ", "01", "00.1", "1,000.00", "１", "0x10", "100000000.01", "999999999999999999999", "NaN", "1.-1", "1.+1"} {
		if got, err := ParseYuan(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseYuan(%q) = %d, %v", bad, got, err)
		}
	}
	for fen, text := range map[int64]string{1: "0.01", 10: "0.10", 6800: "68.00", MaxAmount: "100000000.00", -5: "invalid"} {
		if got := FormatYuan(fen); got != text {
			t.Errorf("FormatYuan(%d) = %q, want %q", fen, got, text)
		}
	}
}

func TestForms(t *testing.T) {
	p, err := ParseForm("a=1&b=%E4%B8%AD+x&c=&&d")
	if err != nil || p["a"] != "1" || p["b"] != "中 x" || len(p) != 4 {
		t.Fatalf("got %v, %v", p, err)
	}
	for name, body := range map[string]string{
		"twice": "a=1&a=1", "escaped twice": "a=1&%61=2", "bad escape": "a=%zz", "bad name": "%zz=1", "no name": "=1", "not utf-8": "a=%ff",
	} {
		if _, err := ParseForm(body); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseForm("a=" + strings.Repeat("x", MaxForm)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("oversized: %v", err)
	}
	if p, err := ParseRequest("charset=utf-8&a=q", "charset=gbk&a=b&c=1"); err != nil || p["charset"] != "utf-8" || p["a"] != "q" || p["c"] != "1" {
		t.Errorf("the first value must win: %v, %v", p, err)
	}
	if back, err := ParseForm(p.Encode()); err != nil || back["b"] != p["b"] {
		t.Errorf("round trip: %v, %v", back, err)
	}
}

func TestEmptyValuesInRequests(t *testing.T) {
	verify := VerifyWith(&testKey().PublicKey, SignTypeRSA2)
	dropped := Params{"a": "1", "empty": "", signTypeKey: SignTypeRSA2}
	if err := dropped.SignRequest(SignWith(testKey(), SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	kept := Params{"a": "1", "empty": "", signTypeKey: SignTypeRSA2}
	if err := kept.sign(canonical(kept, false, signKey, ""), SignWith(testKey(), SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]Params{"dropped": dropped, "kept": kept} {
		if err := p.VerifyRequest(verify); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p["a"] = "2"
		if err := p.VerifyRequest(verify); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: changed and accepted: %v", name, err)
		}
	}
	if err := (Params{"a": "1"}).VerifyRequest(verify); !errors.Is(err, ErrUnsigned) {
		t.Errorf("no signature: %v", err)
	}
	p := Params{"a": "1"}
	if err := p.SignNotify(SignWith(testKey(), SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	p["b"] = ""
	if err := p.VerifyNotify(verify); err == nil {
		t.Error("a notification with one more, empty parameter was accepted")
	}
	delete(p, "b")
	p[signKey] += "\n"
	if err := p.VerifyNotify(verify); err == nil {
		t.Error("a second spelling of one signature was accepted")
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 22, 15, 59, 30, 0, time.UTC) // 23:59:30 in Beijing
	if got := FormatTime(now); got != "2026-11-22 23:59:30" {
		t.Errorf("FormatTime = %s", got)
	}
	for text, want := range map[string]time.Time{
		"2026-11-22 23:59:30": now, "2026-11-22 23:59:30.000": now, "2026-11-22 23:59": now.Add(-30 * time.Second),
	} {
		if got, err := ParseTime(text); err != nil || !got.Equal(want) {
			t.Errorf("ParseTime(%q) = %v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "2026-11-22", "2026-13-22 00:00:00", "2026-11-22T23:59:30", "2026-11-22 24:00:00", "2026/11/22 10:00:00"} {
		if got, err := ParseTime(bad); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseTime(%q) = %v, %v", bad, got, err)
		}
	}
	for text, want := range map[string]time.Duration{"1m": time.Minute, "15d": 15 * 24 * time.Hour, "2h": 2 * time.Hour, "1c": 30 * time.Second} {
		if got, err := ParseTimeout(text, now); err != nil || got.Sub(now) != want {
			t.Errorf("ParseTimeout(%q) = %v, %v", text, got.Sub(now), err)
		}
	}
	for _, bad := range []string{"", "m", "0m", "16d", "1.5h", "-1m", "2c", "1", "99999999999m", "1s"} {
		if got, err := ParseTimeout(bad, now); !errors.Is(err, ErrMalformed) {
			t.Errorf("ParseTimeout(%q) = %v, %v", bad, got, err)
		}
	}
}

func TestLimits(t *testing.T) {
	for name, err := range map[string]error{
		"order no empty": CheckOrderNo("out_trade_no", ""), "order no long": CheckOrderNo("out_trade_no", strings.Repeat("a", 65)), "order no chars": CheckOrderNo("out_trade_no", "a b"),
		"amount zero": CheckAmount("total_amount", 0), "amount over": CheckAmount("total_amount", MaxAmount+1), "subject empty": CheckSubject(""),
		"subject long": CheckSubject(strings.Repeat("茶", 257)), "subject chars": CheckSubject("a=b"), "url": CheckURL("notify_url", "ftp://x"),
		"url long": CheckURL("notify_url", "https://"+strings.Repeat("x", 256)), "reason": CheckReason(strings.Repeat("x", 257)),
	} {
		var fe *FieldError
		if !errors.As(err, &fe) || fe.Field == "" || fe.Fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"order no": CheckOrderNo("out_trade_no", "A_b-9"), "amount": CheckAmount("total_amount", MaxAmount), "subject": CheckSubject(strings.Repeat("茶", 256)),
		"no url": CheckURL("notify_url", ""), "url": CheckURL("notify_url", "https://x/y?z=1"), "reason": CheckReason(""),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for in, want := range map[string]string{"a/b=c&d": "a b c d", " x\n": "x", strings.Repeat("茶", 300): strings.Repeat("茶", 256)} {
		if got := CleanSubject(in); got != want || CheckSubject(got) != nil {
			t.Errorf("CleanSubject(%q) = %q", in, got)
		}
	}
}

func TestParseNotifyRefuses(t *testing.T) {
	good := vector{}.named(t, "node-notify-trade").params(t)
	for name, change := range map[string]func(Params){
		"no trade_no": func(p Params) { delete(p, "trade_no") }, "other type": func(p Params) { p["notify_type"] = "servicemarket_order_notify" },
		"gbk": func(p Params) { p[charsetKey] = "GBK" }, "amount": func(p Params) { p["total_amount"] = "1e9" }, "refund": func(p Params) { p["refund_fee"] = "-1" },
		"time": func(p Params) { p["gmt_payment"] = "yesterday" },
	} {
		p := Params{}
		for k, v := range good {
			p[k] = v
		}
		change(p)
		if n, err := ParseNotify(p.Encode()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	if _, err := ParseNotify(good.Encode() + "&total_amount=0.10"); !errors.Is(err, ErrMalformed) {
		t.Errorf("a parameter twice: %v", err)
	}
}

func TestRequestParams(t *testing.T) {
	r := Request{AppID: "2021", Method: MethodQuery, SignType: SignTypeRSA2, Time: time.Date(2026, 11, 22, 5, 35, 34, 0, time.UTC), NotifyURL: "http://m/n",
		Biz: Fields{}.Set("out_trade_no", "A1").Set("empty", "")}
	p := r.Params()
	if want := `app_id=2021&biz_content={"out_trade_no":"A1"}&charset=utf-8&format=JSON&method=alipay.trade.query&notify_url=http://m/n&sign_type=RSA2&timestamp=2026-11-22 13:35:34&version=1.0`; string(RequestString(p)) != want {
		t.Fatalf("got  %s\nwant %s", RequestString(p), want)
	}
	query, body := p.Split()
	if merged, err := ParseRequest(query, body); err != nil || len(merged) != len(p) || !strings.HasPrefix(body, "biz_content=") {
		t.Fatalf("split into %s and %s: %v", query, body, err)
	}
}

// TestAmbiguous: two sets of parameters with one canonical string, which a receiver must refuse.
func TestAmbiguous(t *testing.T) {
	honest, joined := Params{"a": "1", "b": "2"}, Params{"a": "1&b=2"}
	if string(NotifyString(honest)) != string(NotifyString(joined)) {
		t.Fatal("the protocol has become injective; drop Ambiguous")
	}
	if honest.Ambiguous() || !joined.Ambiguous() || (Params{"a": "tea & milk", "b": "x=y"}).Ambiguous() {
		t.Fatal("Ambiguous is wrong")
	}
}
