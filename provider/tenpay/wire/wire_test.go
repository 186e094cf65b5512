package wire_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postern/provider/tenpay/wire"
)

type vector struct {
	ID           string
	StringToSign string `json:"string_to_sign"`
	Expected     string
	Verified     bool
}

func vectors(t testing.TB) map[string]vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Vectors []vector }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]vector{}
	for _, v := range file.Vectors {
		all[v.ID] = v
	}
	return all
}

// parts splits a published string to sign into its fields and its key.
func parts(t testing.TB, s string) (wire.Params, []byte) {
	t.Helper()
	fields, key, _ := strings.Cut(s, "&key=")
	p, err := wire.ParseForm(fields)
	if err != nil {
		t.Fatal(err)
	}
	return p, []byte(key)
}

// TestPublishedSignatures: every published string is made again byte for byte, its signature comes out in upper case and is taken in lower case, and no other key,
// field or digit passes.
func TestPublishedSignatures(t *testing.T) {
	seen := 0
	for id, v := range vectors(t) {
		if !v.Verified {
			continue
		}
		seen++
		p, key := parts(t, v.StringToSign)
		if got, err := p.StringToSign(key); err != nil || string(got) != v.StringToSign {
			t.Errorf("%s: %s %v", id, got, err)
		}
		if err := p.Sign(key); err != nil || p["sign"] != v.Expected {
			t.Errorf("%s: %s %v, want %s", id, p["sign"], err, v.Expected)
		}
		p["sign"] = strings.ToLower(v.Expected)
		if !p.Verify(key) {
			t.Errorf("%s: lower case is refused", id)
		}
		if p.Verify(append([]byte("x"), key...)) || p.Verify(nil) {
			t.Errorf("%s: another key passes", id)
		}
		p["more"] = "1"
		if p.Verify(key) {
			t.Errorf("%s: a field more passes", id)
		}
		delete(p, "more")
		p["sign"] = "0" + v.Expected[1:]
		if v.Expected[0] == '0' {
			p["sign"] = "1" + v.Expected[1:]
		}
		if p.Verify(key) {
			t.Errorf("%s: another digit passes", id)
		}
	}
	if seen != 4 {
		t.Errorf("%d vectors, want four", seen)
	}
}

// TestFabricatedFixture: the published XML reply whose signature its own test never looks at verifies with neither of the published keys.
func TestFabricatedFixture(t *testing.T) {
	v := vectors(t)["tp-verifynotify-resp-UNVERIFIED"]
	p, err := wire.ParseXML([]byte(`<?xml version="1.0" encoding="GBK"?>
<root>
  <input_charset>UTF-8</input_charset>
  <partner>2000054321</partner>
  <retcode>88222005</retcode>
  <retmsg />
  <sign>` + v.Expected + `</sign>
  <sign_key_index>1</sign_key_index>
  <sign_type>MD5</sign_type>
</root>`))
	if err != nil || p["retcode"] != wire.RetExpired || p["sign"] != v.Expected || v.Verified {
		t.Fatalf("%v %v", err, p)
	}
	for _, key := range []string{"8934e7d15453e97507ef794cf7b0519d", "e82573dc7e6136ba414f2e2affbe39fa"} {
		if p.Verify([]byte(key)) {
			t.Errorf("the fabricated signature verifies with %s", key)
		}
	}
}

// TestMessages: what is signed and written is read again and verifies, in both charsets and as XML; one changed value fails.
func TestMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := wire.Params(rapid.MapOfN(rapid.StringMatching(`[a-z][a-z0-9_]{0,12}`), rapid.StringMatching(`[A-Za-z0-9+/=&% 烧饼礼盒，元]{1,20}`), 1, 12).Draw(t, "fields"))
		delete(p, "sign")
		delete(p, "input_charset")
		charset := rapid.SampledFrom([]string{"GBK", "UTF-8", ""}).Draw(t, "charset")
		if charset != "" {
			p["input_charset"] = charset
		}
		key := []byte(rapid.StringMatching(`[a-z0-9]{8,32}`).Draw(t, "key"))
		if err := p.Sign(key); err != nil {
			t.Fatal(err)
		}
		form, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := wire.ParseForm(form)
		if err != nil || !maps.Equal(again, p) || !again.Verify(key) {
			t.Fatalf("form: %v %v", err, again)
		}
		c, err := p.Charset()
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.EncodeXML(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err = wire.ParseXML(text)
		if err != nil || !maps.Equal(again, p) || !again.Verify(key) {
			t.Fatalf("XML: %v %v", err, again)
		}
		names := make([]string, 0, len(p))
		for name := range p {
			if name != "sign" && name != "input_charset" {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return
		}
		again[names[0]] += "x"
		if again.Verify(key) {
			t.Fatalf("%s was changed, and the signature verifies", names[0])
		}
	})
}

// TestCharsets: GBK and UTF-8 sign different bytes; bytes of neither are refused with their offset.
func TestCharsets(t *testing.T) {
	gbk, utf := wire.Params{"input_charset": "GBK", "body": "烧饼"}, wire.Params{"input_charset": "UTF-8", "body": "烧饼"}
	if s, err := gbk.Encode(); err != nil || s != "body=%C9%D5%B1%FD&input_charset=GBK" {
		t.Errorf("%s %v", s, err)
	}
	a, err1 := gbk.StringToSign(nil)
	b, err2 := utf.StringToSign(nil)
	if err := errors.Join(err1, err2); err != nil || string(a) != "body=\xc9\xd5\xb1\xfd&input_charset=GBK&key=" || string(b) != "body=烧饼&input_charset=UTF-8&key=" {
		t.Errorf("%q %q %v", a, b, err)
	}
	for form, offset := range map[string]string{
		"input_charset=GBK&body=ab%FF%FF": "byte 2", "input_charset=UTF-8&body=%E7%83%A7%C9": "byte 3", "body=%C9%D5%81": "byte 2", "body=%FF": "byte 0",
	} {
		if _, err := wire.ParseForm(form); !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), offset) {
			t.Errorf("%s: %v, want %s", form, err, offset)
		}
	}
	if _, err := wire.ParseForm("input_charset=UTF-16&body=x"); !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("another charset: %v", err)
	}
	if got := wire.GBK.Fit("烧饼 & 礼盒`,\U0001F95E十二枚芝麻花生核桃葡萄", 16); got != "烧饼   礼盒  ?十" {
		t.Errorf("%q", got)
	}
}

func TestFormsThatAreNone(t *testing.T) {
	for _, form := range []string{"a=1&a=2", "a%5B=1", "=1", "a=%zz", strings.Repeat("a=1&", 1) + strings.Repeat("x", 65) + "=1", "sign=A&sign=B"} {
		if p, err := wire.ParseForm(form); err == nil {
			t.Errorf("%q is %v", form, p)
		}
	}
	var b strings.Builder
	for i := range 501 {
		fmt.Fprintf(&b, "f%d=1&", i)
	}
	if _, err := wire.ParseForm(b.String()); err == nil {
		t.Error("501 fields were taken")
	}
	if _, err := wire.ParseForm("a=" + strings.Repeat("x", wire.MaxMessage)); err == nil {
		t.Error("a form without bound was taken")
	}
}

func TestXMLThatIsNone(t *testing.T) {
	for name, text := range map[string]string{
		"a field twice": "<root><a>1</a><a>2</a></root>", "a level more": "<root><a><b>1</b></a></root>", "an attribute": `<root><a x="1">1</a></root>`, "another root": "<html></html>",
		"two roots": "<root></root><root></root>", "text between": "<root>x<a>1</a></root>", "an entity": `<!DOCTYPE r [<!ENTITY e "x">]><root><a>&e;</a></root>`, "cut off": "<root><a>1</a>",
		"no root": "", "a charset of another kind": `<?xml version="1.0" encoding="UTF-16"?><root></root>`, "not GBK": "<root><a>\xff\xff</a></root>", "a name": "<root><a.b>1</a.b></root>",
		"too long": "<root><a>" + strings.Repeat("x", wire.MaxMessage) + "</a></root>", "after the end": "<root></root>x",
	} {
		if p, err := wire.ParseXML([]byte(text)); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v %v", name, p, err)
		}
	}
	p, err := wire.ParseXML([]byte("<?xml version=\"1.0\" encoding=\"gb2312\" ?>\n<root><retcode>0</retcode><retmsg></retmsg><body>\xc9\xd5\xb1\xfd &amp; 1</body><!-- c --></root>\n"))
	if err != nil || p["body"] != "烧饼 & 1" || p["retcode"] != "0" {
		t.Errorf("%v %v", p, err)
	}
}

// TestBillRequest: the request for a bill is signed in its fixed order, in lower case, without its empty fields.
func TestBillRequest(t *testing.T) {
	p := wire.Params{"mchtype": "0", "trans_time": "2010-05-14", "stamp": "1273903200", "spid": "1900000107", "cft_signtype": "0"}
	p.SignBill([]byte("k"))
	plain := wire.Params{}
	for k, v := range p {
		plain[k] = v
	}
	plain.SignBill([]byte("k"))
	if p["sign"] != plain["sign"] || p["sign"] != strings.ToLower(p["sign"]) || len(p["sign"]) != 32 {
		t.Errorf("sign %s", p["sign"])
	}
	if want := wire.Password([]byte("spid=1900000107&trans_time=2010-05-14&stamp=1273903200&cft_signtype=0&mchtype=0&key=k")); p["sign"] != want {
		t.Errorf("sign %s, want %s", p["sign"], want)
	}
	if !p.VerifyBill([]byte("k")) || p.VerifyBill([]byte("l")) || p.VerifyBill(nil) {
		t.Error("the key is not what decides")
	}
	p["cft_signtype"] = ""
	p.SignBill([]byte("k"))
	if want := wire.Password([]byte("spid=1900000107&trans_time=2010-05-14&stamp=1273903200&mchtype=0&key=k")); p["sign"] != want {
		t.Errorf("sign without the empty field %s, want %s", p["sign"], want)
	}
}

// sample is the bill of TenPay's guide, cut to its first row, with totals of that row.
const sample = "交易时间,财付通订单号,商家订单号,支付类型,银行订单号,交易状态,订单交易金额,退款单号,退款金额,退款状态,交易说明\r\n" +
	"`2010-05-14 15:40:07, `1900000107201005140000000021, `2010051421,财付通余额, `,用户已支付,0.01, `0,0.00,`, FlightTicket\r\n" +
	"总交易单数, 总交易金额, 总退款金额\r\n" +
	"1,0.01,0.00,\r\n"

func encoded(t testing.TB, text string) string {
	t.Helper()
	out, err := wire.GBK.Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBill(t *testing.T) {
	var rows []wire.BillRow
	read := func(text string) (wire.Bill, error) {
		rows = nil
		return wire.ReadBill(strings.NewReader(encoded(t, text)), func(r wire.BillRow) error { rows = append(rows, r); return nil })
	}
	bill, err := read(sample)
	if err != nil || bill != (wire.Bill{Rows: 1, Amount: 1}) || len(rows) != 1 {
		t.Fatalf("%v %+v", err, bill)
	}
	if r := rows[0]; r.TxnNo != "1900000107201005140000000021" || r.Number != "2010051421" || r.Amount != 1 || r.RefundNo != "" || r.Refund != 0 || r.Columns[10] != "FlightTicket" || r.At.Format("2006-01-02 15:04:05 -0700") != "2010-05-14 15:40:07 +0800" {
		t.Errorf("%+v", r)
	}
	if _, err := read(strings.Replace(sample, "FlightTicket", "Flight,Ticket, two", 1)); err != nil || rows[0].Columns[10] != "Flight,Ticket, two" {
		t.Errorf("a comma in the merchant's text: %v %+v", err, rows)
	}
	if bill, err := read(strings.Replace(sample, "1,0.01,0.00,", "70,1234.69,541.14,", 1)); err != nil || bill != (wire.Bill{Rows: 70, Amount: 123469, Refunds: 54114}) {
		t.Errorf("the guide's totals: %v %+v", err, bill)
	}
	for name, text := range map[string]string{
		"no totals": sample[:strings.Index(sample, "总交易单数")], "no last line": sample[:strings.Index(sample, "1,0.01")], "a column less": strings.Replace(sample, "财付通余额, ", "", 1),
		"other columns": strings.Replace(sample, "交易说明", "说明", 1), "an amount": strings.Replace(sample, ",0.01, ", ",1e3, ", 1), "a line more": sample + "x\r\n", "nothing": "",
		"a row without a backtick": strings.Replace(sample, "`2010", "2010", 1), "a time": strings.Replace(sample, "15:40:07", "25:40:07", 1), "totals with a sign": strings.Replace(sample, "1,0.01,0.00,", "-1,0.01,0.00,", 1),
	} {
		if _, err := read(text); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var refusal *wire.BillError
	if _, err := read("<html><body>03020003:该日期对帐单还没有生成</body></html>"); !errors.As(err, &refusal) || refusal.Code != "03020003" || refusal.Text != "该日期对帐单还没有生成" {
		t.Errorf("a day without a bill: %v", err)
	}
	if _, err := wire.ReadBill(strings.NewReader(sample), func(wire.BillRow) error { return nil }); err == nil {
		t.Error("UTF-8 was taken for GBK")
	}
}

func TestAmounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(0, 99_999_999_999_999).Draw(t, "fen")
		if got, err := wire.ParseYuan(wire.FormatYuan(fen)); err != nil || got != fen {
			t.Fatalf("%d %v", got, err)
		}
		if fen < 1_000_000_000_000 {
			if got, err := wire.ParseFen(wire.FormatFen(fen)); err != nil || got != fen {
				t.Fatalf("%d %v", got, err)
			}
		}
	})
	for _, s := range []string{"", "1.", ".1", "1.234", "-1.00", "+1", "1 ", "１", "1e2", "1,234.00", "1234567890123.00", "1234.5", "1234"} {
		if got, err := wire.ParseYuan(s); err == nil {
			t.Errorf("%q is %d", s, got)
		}
	}
}

func FuzzParseForm(f *testing.F) {
	f.Add("body=%C9%D5%B1%FD&input_charset=GBK&sign=4C513CB879523CA9D717EEA7819DEB0C")
	f.Add("a=1&a=2")
	f.Fuzz(func(t *testing.T, form string) {
		p, err := wire.ParseForm(form)
		if err != nil {
			return
		}
		again, err := p.Encode()
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", form, err)
		}
		q, err := wire.ParseForm(again)
		if err != nil {
			t.Fatal(err)
		}
		a, err1 := p.StringToSign(nil)
		b, err2 := q.StringToSign(nil)
		if err1 != nil || err2 != nil || string(a) != string(b) {
			t.Fatalf("%q and %q sign different strings", a, b)
		}
	})
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte("<?xml version=\"1.0\" encoding=\"gb2312\" ?><root><retcode>0</retcode><body>\xc9\xd5</body></root>"))
	f.Add([]byte("<root><a><b></b></a></root>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := wire.ParseXML(b)
		if err != nil {
			if p != nil {
				t.Fatal("fields beside an error")
			}
			return
		}
		for name := range p {
			if !strings.Contains(string(b), name) {
				t.Fatalf("field %q is not in %q", name, b)
			}
		}
	})
}

func FuzzReadBill(f *testing.F) {
	f.Add([]byte(encoded(f, sample)))
	f.Add([]byte("<html><body>03020003:x</body></html>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		bill, err := wire.ReadBill(strings.NewReader(string(b)), func(r wire.BillRow) error {
			if len(r.Columns) != 11 || r.Amount < 0 || r.Refund < 0 {
				t.Fatalf("%+v", r)
			}
			return nil
		})
		if err == nil && (bill.Rows < 0 || bill.Amount < 0 || bill.Refunds < 0) {
			t.Fatalf("%+v", bill)
		}
	})
}

// BenchmarkReadBill reads 1,000,000 rows.
func BenchmarkReadBill(b *testing.B) {
	head, tail, _ := strings.Cut(encoded(b, sample), "`")
	row, end, _ := strings.Cut(tail, "\r\n")
	text := head + strings.Repeat("`"+row+"\r\n", 1_000_000) + end
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := wire.ReadBill(strings.NewReader(text), func(wire.BillRow) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
