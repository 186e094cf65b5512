package wire_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern/provider/bill99/wire"
)

var value = rapid.StringMatching(`[A-Za-z0-9+/=\-: &%成功<>"]{1,20}`)

// drawn makes a message of some of an order's fields.
func drawn(t *rapid.T, order []string) wire.Fields {
	f := wire.Fields{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(order), 1, len(order), rapid.ID).Draw(t, "names") {
		f[name] = value.Draw(t, name)
	}
	return f
}

// TestQueries: what is written is read again and verifies; one flipped byte of it does not, with MD5 and with PKI.
func TestQueries(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.SampledFrom([][]string{wire.NotifyOrder, wire.PayOrder, wire.QueryOrder, wire.RefundOrder}).Draw(t, "order")
		f, secret := drawn(t, order), []byte(rapid.StringMatching(`[A-Z0-9]{16}`).Draw(t, "key"))
		text := f.Text(order)
		sum := sha1.Sum([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		f["signMsg"], f["pki"] = wire.MD5(text, secret), wire.EncodeSignature(signature)
		again, err := wire.ParseQuery(f.Encode(order))
		if err != nil || !maps.Equal(again, f) {
			t.Fatalf("%v: %v", err, again)
		}
		verified := func(text string, f wire.Fields) (md5, pki bool) {
			signature, err := wire.DecodeSignature(f["pki"])
			sum := sha1.Sum([]byte(text))
			return wire.CheckMD5(text, secret, f["signMsg"]), err == nil && rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA1, sum[:], signature) == nil
		}
		if md5, pki := verified(again.Text(order), again); !md5 || !pki {
			t.Fatalf("md5 %v, pki %v", md5, pki)
		}
		changed := []byte(text)
		changed[rapid.IntRange(0, len(changed)-1).Draw(t, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if md5, pki := verified(string(changed), again); md5 || pki {
			t.Fatalf("changed: md5 %v, pki %v", md5, pki)
		}
	})
}

func TestQueriesThatAreNone(t *testing.T) {
	for _, text := range []string{"a=1&a=2", "a", "=1", "a=%zz", "a=1&%61=2", strings.Repeat("a=1&", 2), "x=" + strings.Repeat("y", wire.MaxMessage)} {
		if f, err := wire.ParseQuery(text); err == nil {
			t.Errorf("%.40q is %v", text, f)
		}
	}
	var many strings.Builder
	for i := range 65 {
		fmt.Fprintf(&many, "f%d=1&", i)
	}
	if _, err := wire.ParseQuery(many.String()); err == nil {
		t.Error("65 fields were read")
	}
}

func TestAmountsAndTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(wire.MinAmount, wire.MaxAmount).Draw(t, "fen")
		if got, err := wire.ParseAmount(wire.FormatAmount(fen)); err != nil || got != fen {
			t.Fatalf("%d %v", got, err)
		}
		if got, err := wire.ParseYuan(wire.FormatYuan(fen)); err != nil || got != fen {
			t.Fatalf("%d is %s is %d %v", fen, wire.FormatYuan(fen), got, err)
		}
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "second"), 0)
		if got, err := wire.ParseTime(wire.FormatTime(at)); err != nil || !got.Equal(at) {
			t.Fatalf("%v %v", got, err)
		}
	})
	for text, fen := range map[string]int64{"0.1": 10, "0.10": 10, "68": 6800, "68.00": 6800} {
		if got, err := wire.ParseYuan(text); err != nil || got != fen {
			t.Errorf("%s yuan are %d fen, %v", text, got, err)
		}
	}
	for _, text := range []string{"", ".1", "1.", "1.234", "-1", "1e3", "１", "123456789.00", "1.2.3"} {
		if fen, err := wire.ParseYuan(text); err == nil {
			t.Errorf("%q yuan are %d fen", text, fen)
		}
	}
	for _, text := range []string{"", "1.0", "-1", "12345678901", "１", " 1"} {
		if fen, err := wire.ParseAmount(text); err == nil {
			t.Errorf("%q is %d fen", text, fen)
		}
	}
	for _, text := range []string{"", "2013072315133", "20130732151339", "201307231513390"} {
		if at, err := wire.ParseTime(text); err == nil {
			t.Errorf("%q is %v", text, at)
		}
	}
}

func TestLimits(t *testing.T) {
	good := []error{wire.CheckNumber("n", strings.Repeat("a", 50)), wire.CheckNumber("n", "0-_Z"), wire.CheckURL("u", "https://a/n/b"), wire.CheckAccount("a", "1001213884201"), wire.CheckAmount("x", wire.MaxAmount)}
	for i, err := range good {
		if err != nil {
			t.Errorf("good %d: %v", i, err)
		}
	}
	bad := []error{
		wire.CheckNumber("n", ""), wire.CheckNumber("n", strings.Repeat("a", 51)), wire.CheckNumber("n", "-a"), wire.CheckNumber("n", "a b"), wire.CheckNumber("n", "号"),
		wire.CheckURL("u", "/n/b"), wire.CheckURL("u", "ftp://a/b"), wire.CheckURL("u", "https://a/"+strings.Repeat("b", 256)), wire.CheckAccount("a", "10012138842"),
		wire.CheckAccount("a", "1001213884202"), wire.CheckAmount("x", 0), wire.CheckAmount("x", wire.MaxAmount+1),
	}
	for i, err := range bad {
		if err == nil {
			t.Errorf("bad %d was taken", i)
		}
	}
	if wire.Member("1001213884201") != "10012138842" {
		t.Error("the member code")
	}
	if got := wire.Product(strings.Repeat("烧", 100) + "\n"); len(got) != 255 {
		t.Errorf("a product name of %d bytes", len(got))
	}
}

func TestReply(t *testing.T) {
	if got := wire.Reply(true, ""); got != "<result>1</result><redirecturl></redirecturl>" {
		t.Error(got)
	}
	for _, taken := range []bool{true, false} {
		for _, address := range []string{"", "http://shop/thanks?a=1"} {
			if got, to := wire.ParseReply(wire.Reply(taken, address)); got != taken || to != address {
				t.Errorf("%v %q", got, to)
			}
		}
	}
	for _, body := range []string{"", "1", "success", "<result>11</result>", "<html><result>1</result>", "<result>1"} {
		if taken, _ := wire.ParseReply(body); taken {
			t.Errorf("%q acknowledges", body)
		}
	}
}

// answer draws a query's answer.
func answer(t *rapid.T) wire.Answer {
	a := wire.Answer{Fields: wire.Fields{"signMsg": "A"}}
	for _, name := range wire.AnswerOrder {
		a.Fields[name] = rapid.StringMatching(`[A-Za-z0-9成<&"]{1,8}`).Draw(t, name)
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "rows") {
		row := wire.Fields{"signInfo": "B"}
		for _, name := range wire.DetailOrder {
			row[name] = rapid.StringMatching(`[A-Za-z0-9成<&"]{1,8}`).Draw(t, fmt.Sprint(name, i))
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// TestAnswers: an answer survives the way through JSON and through SOAP.
func TestAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := answer(t)
		for name, got := range map[string]func() (wire.Answer, error){
			"json": func() (wire.Answer, error) { return wire.ParseJSON(a.JSON(wire.ListOrdersJSON), wire.ListOrdersJSON) },
			"soap": func() (wire.Answer, error) { return wire.ParseAnswerSOAP([]byte(a.SOAP())) },
		} {
			b, err := got()
			if err != nil || !maps.Equal(a.Fields, b.Fields) || len(a.Rows) != len(b.Rows) {
				t.Fatalf("%s: %v %+v", name, err, b)
			}
			for i := range a.Rows {
				if !maps.Equal(a.Rows[i], b.Rows[i]) {
					t.Fatalf("%s: row %v", name, b.Rows[i])
				}
			}
		}
		f := drawn(t, wire.QueryOrder)
		for name := range f {
			f[name] = strings.TrimSpace(f[name]) + "."
		}
		if got, err := wire.ParseQuerySOAP([]byte(wire.QuerySOAP(f))); err != nil || !maps.Equal(got, f) {
			t.Fatalf("%v: %v", err, got)
		}
	})
}

func TestJSONThatIsNone(t *testing.T) {
	for _, text := range []string{
		"", "[]", "1", "{", `{"a":1}x`, `{"a":1,"a":2}`, `{"a":{"b":1}}`, `{"a":true}`, `{"other":[]}`, `{"orderDetail":[1]}`, `{"orderDetail":[{"a":[]}]}`, `{"orderDetail":[{"a":1,"a":1}]}`,
		`{"orderDetail":[],"orderDetail":[]}`, `{"orderDetail":[[]]}`, `{"orderDetail":1,"orderDetail":[]}`, `{"a":"` + strings.Repeat("x", wire.MaxMessage) + `"}`,
		`{"orderDetail":[` + strings.Repeat("{},", 1001) + `{}]}`,
	} {
		if a, err := wire.ParseJSON([]byte(text), wire.ListOrdersJSON); err == nil {
			t.Errorf("%.60q is %+v", text, a)
		}
	}
	a, err := wire.ParseJSON([]byte(`{"orderAmount":100,"errCode":null,"orderDetail":[{"fee":1}]}`), wire.ListOrdersJSON)
	if err != nil || a.Fields["orderAmount"] != "100" || a.Fields["errCode"] != "" || len(a.Rows) != 1 || a.Rows[0]["fee"] != "1" {
		t.Errorf("%+v %v", a, err)
	}
}

func TestXMLThatIsNone(t *testing.T) {
	deep := strings.Repeat("<a>", 13) + strings.Repeat("</a>", 13)
	for _, text := range []string{
		"", "x", "<a>", "<a/><b/>", "<a><b>1</b><b>2</b></a>", `<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "<a>&x;</a>", "<!DOCTYPE a><a/>", `<?php x?><a/>`, deep, "<a>" + strings.Repeat("<b/>", 20_001) + "</a>",
		`<?xml version="1.0" encoding="utf-16"?><a/>`, "<a>\xff</a>",
	} {
		if f, err := wire.ParseRefundReply([]byte(text)); err == nil {
			t.Errorf("%.60q is %v", text, f)
		}
	}
	gbk := []byte("<?xml version=\"1.0\" encoding=\"GBK\"?><R><RESULT>N</RESULT><CODE>\xb4\xed</CODE></R>")
	if f, err := wire.ParseRefundReply(gbk); err != nil || f["CODE"] != "错" || f["RESULT"] != "N" {
		t.Errorf("%v %v", f, err)
	}
	good := wire.Answer{Fields: wire.Fields{"errCode": "1"}, Rows: []wire.Fields{{"orderId": "a"}}}.SOAP()
	for name, text := range map[string]string{
		"a reference to nothing": strings.Replace(good, `id="id1"`, `id="id9"`, 1), "two of one name": strings.Replace(good, `id="id1"`, `id="id0"`, 1),
		"a reference elsewhere": strings.Replace(good, `href="#id0"`, `href="http://a/b"`, 1), "a fault": strings.NewReplacer("ns1:gatewayOrderQueryResponse", "soapenv:Fault").Replace(good),
		"no envelope": strings.ReplaceAll(good, "Envelope", "Wrapper"), "no return": strings.ReplaceAll(good, "gatewayOrderQueryReturn", "gatewayOrderQueryOut"),
	} {
		if a, err := wire.ParseAnswerSOAP([]byte(text)); err == nil {
			t.Errorf("%s: %+v", name, a)
		}
	}
	inline := `<Envelope><Body><r><gatewayOrderQueryReturn><errCode/><orders><orders><orderId>a</orderId></orders></orders></gatewayOrderQueryReturn></r></Body></Envelope>`
	if a, err := wire.ParseAnswerSOAP([]byte(inline)); err != nil || len(a.Rows) != 1 || a.Rows[0]["orderId"] != "a" {
		t.Errorf("in place: %+v %v", a, err)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("merchantAcctId=1001153656201&orderId=a&signMsg=A%2B")
	f.Add("a=1&a=2")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := wire.ParseQuery(text)
		if err != nil {
			return
		}
		again, err := wire.ParseQuery(m.Encode(wire.NotifyOrder))
		if err != nil || again.Text(wire.NotifyOrder) != m.Text(wire.NotifyOrder) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(`{"errCode":"31003","orderDetail":[{"orderId":"a","orderAmount":1}]}`))
	f.Add([]byte(`{"a":[{}],"orderDetail":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := wire.ParseJSON(text, wire.ListOrdersJSON)
		if err != nil {
			return
		}
		b, err := wire.ParseJSON(a.JSON(wire.ListOrdersJSON), wire.ListOrdersJSON)
		if err != nil || b.Fields.Text(wire.AnswerOrder) != a.Fields.Text(wire.AnswerOrder) || len(a.Rows) != len(b.Rows) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte(wire.RefundReply(wire.Fields{"RESULT": "N", "CODE": "余额不足"})))
	f.Add([]byte(wire.Answer{Fields: wire.Fields{"errCode": "31003"}, Rows: []wire.Fields{{"orderId": "a"}}}.SOAP()))
	f.Add([]byte(wire.QuerySOAP(wire.Fields{"orderId": "a"})))
	f.Fuzz(func(t *testing.T, text []byte) {
		if reply, err := wire.ParseRefundReply(text); err == nil && len(reply) > 64 {
			t.Fatalf("%d fields", len(reply))
		}
		if a, err := wire.ParseAnswerSOAP(text); err == nil && len(a.Rows) > 1000 {
			t.Fatalf("%d rows", len(a.Rows))
		}
		_, _ = wire.ParseQuerySOAP(bytes.Clone(text))
		_, _ = wire.ParseReply(string(text))
	})
}
