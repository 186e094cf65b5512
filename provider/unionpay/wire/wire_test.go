package wire_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"postern/provider/unionpay/wire"
)

type vector struct {
	ID           string
	Fields       wire.Message
	StringToSign string `json:"string_to_sign"`
	SHA256       string `json:"sha256_hex_lower"`
	Signature    string `json:"signature_b64"`
	Signer       string `json:"signer_cert_pem"`
	String11     string `json:"string_to_sign_11"`
	Signature11  string `json:"signature_11"`
	String12     string `json:"string_to_sign_12"`
	Signature12  string `json:"signature_12"`
}

type vectors struct {
	Certs  map[string]string
	Sample string   `json:"zm_line_prefix_sample"`
	List   []vector `json:"vectors"`
}

func load(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v vectors) named(t testing.TB, id string) vector {
	t.Helper()
	for _, one := range v.List {
		if one.ID == id {
			return one
		}
	}
	t.Fatalf("no vector %s", id)
	return vector{}
}

func public(t testing.TB, certificate string) *rsa.PublicKey {
	t.Helper()
	c, err := wire.ParseCertificate(certificate)
	if err != nil {
		t.Fatal(err)
	}
	return c.PublicKey.(*rsa.PublicKey)
}

func verify(key *rsa.PublicKey, m wire.Message) error {
	signature, err := m.Signature()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(m.Digest())
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
}

// TestPublishedRequest: the string, the digest and the signature of a published request, byte for byte.
func TestPublishedRequest(t *testing.T) {
	all := load(t)
	v := all.named(t, "up-req-pay")
	m := maps.Clone(v.Fields)
	if got := m.StringToSign(); got != v.StringToSign {
		t.Errorf("string %s", got)
	}
	if got := string(m.Digest()); got != v.SHA256 {
		t.Errorf("digest %s", got)
	}
	m["signature"] = v.Signature
	key := public(t, v.Signer)
	if err := verify(key, m); err != nil {
		t.Error(err)
	}
	m["txnAmt"] = "2"
	if verify(key, m) == nil {
		t.Error("another amount verifies")
	}
	if id, err := wire.CertID("1046900149"); err != nil || id != m["certId"] {
		t.Errorf("certId %s %v", id, err)
	}
}

// TestPublishedAnswer: a real answer of the test gateway, with Chinese text and a certificate whose lines end with CRLF. It verifies only as it was received, and
// survives the way through the body format.
func TestPublishedAnswer(t *testing.T) {
	all := load(t)
	v := all.named(t, "up-resp-query")
	certificate := strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(all.Certs["cert_up_test_2020"], "\r\n", "\n"), "\n", "\r\n"), "\r\n")
	m := maps.Clone(v.Fields)
	m["signPubKeyCert"], m["signature"] = certificate, v.Signature
	if got := string(m.Digest()); got != v.SHA256 {
		t.Fatalf("digest %s", got)
	}
	key := public(t, certificate)
	again, err := wire.ParseBody(m.EncodeBody())
	if err != nil || !maps.Equal(again, m) {
		t.Fatalf("%v: %v", err, again)
	}
	if err := verify(key, again); err != nil {
		t.Error(err)
	}
	again["signPubKeyCert"] = strings.ReplaceAll(certificate, "\r\n", "\n")
	if verify(key, again) == nil {
		t.Error("the certificate's line ends do not matter, and they must")
	}
}

func TestSharedKeys(t *testing.T) {
	v := load(t).named(t, "up-securekey-11-12-derived")
	for method, want := range map[string]string{wire.MethodSHA256: v.Signature11, wire.MethodSM3: v.Signature12} {
		text := v.String11
		if method == wire.MethodSM3 {
			text = v.String12
		}
		m, err := wire.ParseBody(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.SignKey(method, []byte("88888888")); err != nil || m["signature"] != want {
			t.Errorf("method %s: %s, want %s (%v)", method, m["signature"], want, err)
		}
		if !m.VerifyKey(method, []byte("88888888")) || m.VerifyKey(method, []byte("88888889")) {
			t.Errorf("method %s: the key is not what decides", method)
		}
		other := map[string]string{wire.MethodSHA256: wire.MethodSM3, wire.MethodSM3: wire.MethodSHA256}[method]
		if m.VerifyKey(other, []byte("88888888")) {
			t.Error("the message chose the method")
		}
	}
}

// TestMessages: what is written is read again, in both formats; one changed byte fails.
func TestMessages(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(b []byte) ([]byte, error) {
		sum := sha256.Sum256(b)
		return rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	}
	rapid.Check(t, func(t *rapid.T) {
		m := wire.Message(rapid.MapOfN(rapid.StringMatching(`[a-z][A-Za-z0-9]{0,12}`), rapid.StringMatching(`[A-Za-z0-9+/=\-: 成功\[\]]{1,20}`), 1, 12).Draw(t, "fields"))
		delete(m, "signature")
		if err := m.SignRSA("123", sign); err != nil {
			t.Fatal(err)
		}
		form, err := wire.ParseForm(m.Encode())
		if err != nil || !maps.Equal(form, m) {
			t.Fatalf("form: %v %v", err, form)
		}
		if err := verify(&key.PublicKey, form); err != nil {
			t.Fatal(err)
		}
		for k := range form {
			if k == "signature" {
				continue
			}
			changed := maps.Clone(form)
			changed[k] += "x"
			if verify(&key.PublicKey, changed) == nil {
				t.Fatalf("%s was changed, and the signature verifies", k)
			}
			break
		}
	})
}

func TestBodiesThatAreNone(t *testing.T) {
	for _, body := range []string{"a=1&a=2", "a", "=1", strings.Repeat("a", 10) + "&b=1"} {
		if m, err := wire.ParseBody(body); err == nil {
			t.Errorf("%q is %v", body, m)
		}
	}
	m, err := wire.ParseBody("reserved={a=1&b=2}&list=[x&y]&sig=a+b/c==&open={x&z=1")
	if err != nil || m["reserved"] != "{a=1&b=2}" || m["list"] != "[x&y]" || m["sig"] != "a+b/c==" || m["open"] != "{x" || m["z"] != "1" {
		t.Errorf("%v %v", m, err)
	}
	if _, err := wire.ParseForm("a=1&a=1"); err == nil {
		t.Error("a form with a field twice")
	}
}

// zmLine makes a row of the detail file.
func zmLine(order, query, txnType, amount, fee, settle string) []byte {
	values := map[int]string{0: "S56", 4: "0906112203", 6: amount, 9: query, 11: order, 15: fee, 16: settle, 19: txnType, 27: "777290058110048", 30: "烧饼铺"}
	widths := []int{3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98}
	var line []byte
	for i, w := range widths {
		if i > 0 {
			line = append(line, ' ')
		}
		value, err := simplifiedchinese.GBK.NewEncoder().String(values[i])
		if err != nil {
			panic(err)
		}
		line = append(line, value+strings.Repeat(" ", w-len(value))...)
	}
	return line
}

func TestZM(t *testing.T) {
	line := zmLine("order001", "201509061122031906248", "01", "000000476800", "D000000002861", "C000000473939")
	if len(line) != 607 {
		t.Fatalf("a row has %d bytes, the attested one 607", len(line))
	}
	var rows []wire.Row
	read := func(b []byte) error {
		rows = nil
		return wire.ReadZM(bytes.NewReader(b), func(r wire.Row) error { rows = append(rows, r); return nil })
	}
	if err := read(append(append(bytes.Clone(line), "\r\n"...), line...)); err != nil || len(rows) != 2 {
		t.Fatalf("%v %d", err, len(rows))
	}
	if r := rows[0]; r.Amount != 476800 || r.Fee != -2861 || r.Settle != 473939 || r.QueryID != "201509061122031906248" || r.OrderID != "order001" || r.Columns[30] != "烧饼铺" || r.Amount+r.Fee != r.Settle {
		t.Errorf("%+v", r)
	}
	if read(line[:606]) == nil {
		t.Error("a row that is cut off was read")
	}
	bad := bytes.Clone(line)
	bad[3] = 'x'
	if read(bad) == nil {
		t.Error("fields that run into one another were read")
	}
	if sample := load(t).Sample; !strings.HasPrefix(sample, "S56 88022900") {
		t.Errorf("sample %q", sample)
	}
}

func FuzzParseBody(f *testing.F) {
	f.Add("respCode=00&respMsg=成功[0000000]&signature=a+b==")
	f.Add("reserved={a=1&b=2}&x=1")
	f.Fuzz(func(t *testing.T, body string) {
		m, err := wire.ParseBody(body)
		if err != nil {
			return
		}
		for k := range m {
			if !strings.Contains(body, k+"=") {
				t.Fatalf("field %q is not in %q", k, body)
			}
		}
	})
}

func FuzzParseForm(f *testing.F) {
	f.Add("respCode=00&respMsg=%E6%88%90&signature=a%2Bb%3D%3D")
	f.Fuzz(func(t *testing.T, body string) {
		m, err := wire.ParseForm(body)
		if err != nil {
			return
		}
		again, err := wire.ParseForm(m.Encode())
		if err != nil || again.StringToSign() != m.StringToSign() {
			t.Fatalf("%q: %v", body, err)
		}
	})
}

func FuzzReadZM(f *testing.F) {
	f.Add(zmLine("order001", "201509061122031906248", "01", "000000476800", "D000000002861", "C000000473939"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = wire.ReadZM(bytes.NewReader(b), func(r wire.Row) error {
			if len(r.Columns) != 42 || r.Amount < 0 {
				t.Fatalf("%+v", r)
			}
			return nil
		})
		_ = wire.ReadZME(bytes.NewReader(b), func([]string) error { return nil })
		_, _ = wire.UnpackContent(string(b))
	})
}

// BenchmarkReadZM reads 1,000,000 rows.
func BenchmarkReadZM(b *testing.B) {
	var all bytes.Buffer
	for i := range 1_000_000 {
		all.Write(zmLine(fmt.Sprintf("order%08d", i), "201509061122031906248", "01", "000000006800", "D000000000041", "C000000006759"))
		all.WriteString("\r\n")
	}
	b.SetBytes(int64(all.Len()))
	for b.Loop() {
		if err := wire.ReadZM(bytes.NewReader(all.Bytes()), func(wire.Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

// TestBase64IsStandard: fileContent and signatures are in the standard alphabet with padding.
func TestBase64IsStandard(t *testing.T) {
	if _, err := (wire.Message{"signature": base64.RawURLEncoding.EncodeToString([]byte("\xff\xfe?x"))}).Signature(); err == nil {
		t.Error("a URL alphabet was taken")
	}
}
