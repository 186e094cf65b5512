package wire

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
)

// vector is one published signature; see testdata/vectors.json for its source.
type vector struct {
	ID         string                     `json:"id"`
	Alg        string                     `json:"alg"`
	PublicKey  string                     `json:"public_key_spki_b64"`
	Message    string                     `json:"string_to_verify"`
	Signature  string                     `json:"signature_b64"`
	Verified   bool                       `json:"verified"`
	Params     map[string]json.RawMessage `json:"params"`
	PrivateKey string                     `json:"private_key_pkcs1_b64"`
	Body       string                     `json:"raw_http_body"`
}

type vectorFile struct {
	RSA    []vector                            `json:"rsa"`
	Shapes []struct{ ID, Body, Expect string } `json:"response_extraction"`
}

func vectors(t testing.TB) vectorFile {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectorFile
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v vector) named(t testing.TB, id string) vector {
	t.Helper()
	for _, x := range vectors(t).RSA {
		if x.ID == id {
			return x
		}
	}
	t.Fatalf("no vector %s", id)
	return vector{}
}

func (v vector) public(t testing.TB) *rsa.PublicKey {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(v.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PublicKey)
}

func (v vector) signType() string {
	if strings.Contains(v.Alg, "SHA1") {
		return SignTypeRSA
	}
	return SignTypeRSA2
}

// params returns the vector's parameters as they are on the wire: a list in the file is a JSON text there.
func (v vector) params(t testing.TB) Params {
	t.Helper()
	p := Params{}
	for k, raw := range v.Params {
		var s string
		if json.Unmarshal(raw, &s) != nil {
			var list any
			if err := json.Unmarshal(raw, &list); err != nil {
				t.Fatal(err)
			}
			b, _ := json.Marshal(list)
			s = string(b)
		}
		p[k] = s
	}
	return p
}

// TestPublishedSignatures checks every published signature, the negative ones too.
func TestPublishedSignatures(t *testing.T) {
	list := vectors(t).RSA
	negatives := 0
	for _, v := range list {
		err := check(v.Signature, []byte(v.Message), VerifyWith(v.public(t), v.signType()))
		if (err == nil) != v.Verified {
			t.Errorf("%s: verifies = %v (%v), published as %v", v.ID, err == nil, err, v.Verified)
		}
		if !v.Verified {
			negatives++
		}
		if err := check(v.Signature, []byte(v.Message+" "), VerifyWith(v.public(t), v.signType())); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: one more byte and still accepted: %v", v.ID, err)
		}
	}
	if len(list) < 12 || negatives < 2 {
		t.Fatalf("%d vectors with %d negatives: the file was cut", len(list), negatives)
	}
}

func TestPublishedNotification(t *testing.T) {
	v := vector{}.named(t, "node-notify-trade")
	p := v.params(t)
	if got := string(NotifyString(p)); got != v.Message {
		t.Fatalf("canonical string\n%s\nwant\n%s", got, v.Message)
	}
	verify := VerifyWith(v.public(t), SignTypeRSA2)
	n, err := ParseNotify(p.Encode())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Params.VerifyNotify(verify); err != nil {
		t.Fatal(err)
	}
	if n.TotalAmount != 10 || n.Status != TradeSuccess || n.BuyerID != "2088102534368455" || FormatTime(n.PaidAt) != "2019-08-15 15:56:24" {
		t.Fatalf("read %+v", n)
	}
	for k := range p {
		changed := Params{}
		for name, value := range p {
			changed[name] = value
		}
		changed[k] += "1"
		if k == signTypeKey {
			continue // not covered by the signature: the algorithm never comes from the message
		}
		if err := changed.VerifyNotify(verify); err == nil {
			t.Errorf("changed %s and still accepted", k)
		}
	}
}

func TestPublishedRequestReproduced(t *testing.T) {
	v := vector{}.named(t, "yansongda-request-sign")
	p := v.params(t)
	if got := string(RequestString(p)); got != v.Message {
		t.Fatalf("canonical string\n%s\nwant\n%s", got, v.Message)
	}
	der, err := base64.StdEncoding.DecodeString(v.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.ParsePKCS1PrivateKey(der)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.SignRequest(SignWith(key, SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	if p[signKey] != v.Signature {
		t.Fatal("the published signature was not reproduced")
	}
	if err := p.VerifyRequest(VerifyWith(v.public(t), SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	if err := p.VerifyRequest(VerifyWith(v.public(t), SignTypeRSA)); !errors.Is(err, ErrSignature) {
		t.Fatalf("SHA1 accepted a SHA256 signature: %v", err)
	}
}

func TestPublishedResponses(t *testing.T) {
	v := vector{}.named(t, "node-sync-response")
	env, err := Extract([]byte(v.Body), "alipay.open.file.upload")
	if err != nil || string(env.Value) != v.Message {
		t.Fatalf("extracted %s, %v", env.Value, err)
	}
	if err := env.Verify(VerifyWith(v.public(t), SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
	for _, shape := range vectors(t).Shapes {
		env, err := Extract([]byte(shape.Body), MethodCreate)
		if err != nil || string(env.Value) != shape.Expect || env.Sign != "AAAA" {
			t.Errorf("%s: extracted %s with sign %q, %v", shape.ID, env.Value, env.Sign, err)
		}
	}
	// Written by us, the slash vector must come out byte for byte.
	slash := vector{}.named(t, "gen-v2-response-slash")
	if got := (Fields{}).Set("code", CodeSuccess).Set("msg", "Success").Set("out_trade_no", "A1").Set("qr_code", "https://qr.alipay.com/bax03431").Marshal(); string(got) != slash.Message {
		t.Fatalf("wrote %s\nwant  %s", got, slash.Message)
	}
	plain := Envelope{Value: []byte(slash.Message), Sign: slash.Signature}
	if err := plain.Verify(VerifyWith(slash.public(t), SignTypeRSA2)); err != nil {
		t.Fatal(err)
	}
}

var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})
