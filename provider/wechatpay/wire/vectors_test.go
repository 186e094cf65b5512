package wire

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"strings"
	"testing"
)

type vector struct {
	ID         string            `json:"id"`
	PrivatePEM string            `json:"private_key_pem"`
	CertPEM    string            `json:"cert_pem"`
	PlatPEM    string            `json:"platform_cert_pem"`
	CertOrKey  string            `json:"cert_or_pubkey_pem"`
	PlatSerial string            `json:"platform_cert_serial"`
	CertSerial string            `json:"cert_serial"`
	APIv3Key   string            `json:"api_v3_key"`
	Key        string            `json:"key"`
	Nonce      string            `json:"nonce"`
	AAD        string            `json:"aad"`
	Associated string            `json:"associated_data"`
	Cipher     string            `json:"ciphertext_b64"`
	Plaintext  string            `json:"plaintext"`
	PlainSHA   string            `json:"plaintext_sha256"`
	Message    string            `json:"message"`
	Signature  string            `json:"signature_b64"`
	Headers    map[string]string `json:"headers"`
	Body       string            `json:"body"`
	Fields     map[string]string `json:"fields"`
}

func vectors(t testing.TB) map[string]vector {
	t.Helper()
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []vector `json:"vectors"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	byID := make(map[string]vector, len(file.Vectors))
	for _, v := range file.Vectors {
		byID[v.ID] = v
	}
	return byID
}

func gcm(t testing.TB, key string, nonceSize int) cipher.AEAD {
	t.Helper()
	b, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	a, err := cipher.NewGCMWithNonceSize(b, nonceSize)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func openWith(a cipher.AEAD) OpenFunc {
	return func(nonce, ct, aad []byte) ([]byte, error) { return a.Open(nil, nonce, ct, aad) }
}

func privateKey(t testing.TB, text string) *rsa.PrivateKey {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return k.(*rsa.PrivateKey)
}

func signWith(k *rsa.PrivateKey) SignFunc {
	return func(m []byte) ([]byte, error) {
		d := sha256.Sum256(m)
		return rsa.SignPKCS1v15(nil, k, crypto.SHA256, d[:])
	}
}

func verifyWith(k *rsa.PublicKey) VerifyFunc {
	return func(m, sig []byte) error {
		d := sha256.Sum256(m)
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, d[:], sig)
	}
}

func certKey(t testing.TB, text string) *rsa.PublicKey {
	t.Helper()
	c, err := ParseCertificatePEM([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c.PublicKey.(*rsa.PublicKey)
}

// The canonical strings must be byte for byte those of the published vectors, and the deterministic signature theirs too.
func TestCanonicalStringsOfVectors(t *testing.T) {
	v := vectors(t)
	key := privateKey(t, v["go-rsa-sign-source"].PrivatePEM)
	f := v["derived-jsapi-paysign"].Fields
	ts, err := ParseTimestamp(f["timeStamp"])
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string][]byte{
		"go-rsa-sign-source":    []byte("source"),
		"derived-v3-get-nobody": RequestMessage("GET", "/v3/certificates", 1554208460, "593BEC0C930BF1AFEB40B4A08C8FB242", nil),
		"derived-v3-post": RequestMessage("POST", "/v3/pay/transactions/native", 1700000000, "0123456789ABCDEF0123456789ABCDEF",
			[]byte(`{"description":"测试","amount":{"total":1}}`)),
		"derived-jsapi-paysign": JSAPIMessage(f["appId"], ts, f["nonceStr"], strings.TrimPrefix(f["package"], "prepay_id=")),
		"derived-app-paysign":   AppMessage("wx8888888888888888", 1414561699, "5K8264ILTKCH16CQ2502SI8ZNMTM67VS", "wx201410272009395522657a690389285100"),
		"derived-204":           ResponseMessage(1700000000, "0123456789ABCDEF0123456789ABCDEF", nil),
	}
	for id, message := range cases {
		if string(message) != v[id].Message {
			t.Errorf("%s: message %q, want %q", id, message, v[id].Message)
		}
		sig, err := signWith(key)(message)
		if got := base64.StdEncoding.EncodeToString(sig); err != nil || got != v[id].Signature {
			t.Errorf("%s: signature differs from the published one (%v)", id, err)
		}
	}
	if got := string(RequestMessage("GET", "/v3/certificates", 1554208460, "593BEC0C930BF1AFEB40B4A08C8FB242", nil)); got != v["doc-authorization-sample"].Message {
		t.Errorf("official worked example: %q", got)
	}
	doc := v["doc-pubkey-response-sample"]
	if got := string(ResponseMessage(1722850421, doc.Headers[HeaderNonce], []byte(doc.Body))); got != doc.Message {
		t.Errorf("official response sample: %q", got)
	}
}

// TestPublishedSignaturesVerify: a request signed by one SDK and a message of another verify; with one thing changed they do not.
func TestPublishedSignaturesVerify(t *testing.T) {
	v := vectors(t)
	req := v["yansongda-v3-request-sign"]
	lines := strings.SplitN(req.Message, "\n", 5)
	ts, err := ParseTimestamp(lines[2])
	if err != nil {
		t.Fatal(err)
	}
	pub, sig := certKey(t, req.CertOrKey), b64(t, req.Signature)
	body := strings.TrimSuffix(lines[4], "\n")
	if err := verifyWith(pub)(RequestMessage(lines[0], lines[1], ts, lines[3], []byte(body)), sig); err != nil {
		t.Errorf("yansongda request: %v", err)
	}
	for name, m := range map[string][]byte{
		"method": RequestMessage("PUT", lines[1], ts, lines[3], []byte(body)),
		"target": RequestMessage(lines[0], lines[1]+"?a=1", ts, lines[3], []byte(body)),
		"time":   RequestMessage(lines[0], lines[1], ts+1, lines[3], []byte(body)),
		"nonce":  RequestMessage(lines[0], lines[1], ts, lines[3]+"0", []byte(body)),
		"body":   RequestMessage(lines[0], lines[1], ts, lines[3], []byte(body+" ")),
	} {
		if verifyWith(pub)(m, sig) == nil {
			t.Errorf("changed %s still verifies", name)
		}
	}
	java := v["java-rsa-verify-message"]
	if err := verifyWith(certKey(t, java.CertPEM))([]byte(java.Message), b64(t, java.Signature)); err != nil {
		t.Errorf("java: %v", err)
	}
	if verifyWith(pub)([]byte(java.Message), b64(t, java.Signature)) == nil {
		t.Error("java signature verifies under another key")
	}
}

func b64(t testing.TB, s string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func header(m map[string]string) http.Header {
	h := make(http.Header)
	for k, v := range m {
		h.Set(k, v)
	}
	return h
}

func TestPublishedResponseAndNotification(t *testing.T) {
	v := vectors(t)
	res := v["yansongda-v3-response"]
	h := header(res.Headers)
	h.Set(HeaderSignature, res.Signature)
	s, err := ParseSignature(h)
	if err != nil {
		t.Fatal(err)
	}
	resKey := certKey(t, v["yansongda-v3-request-sign"].CertOrKey)
	if err := s.Check([]byte(res.Body), verifyWith(resKey)); err != nil {
		t.Errorf("response: %v", err)
	}
	if s.Check([]byte(strings.Replace(res.Body, "wx.tenpay.com", "wx.tenpay.con", 1)), verifyWith(resKey)) == nil {
		t.Error("changed response body verifies")
	}

	note := v["go-notify-full"]
	s, err = ParseSignature(header(note.Headers))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check([]byte(note.Body), verifyWith(certKey(t, note.PlatPEM))); err != nil {
		t.Errorf("notification: %v", err)
	}
	if s.Check([]byte(note.Body), verifyWith(resKey)) == nil {
		t.Error("notification verifies under another platform key")
	}
	n, err := ParseNotification([]byte(note.Body))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := n.Resource.Open(openWith(gcm(t, note.APIv3Key, 12)))
	if err != nil || string(plain) != note.Plaintext {
		t.Errorf("opened %q, %v", plain, err)
	}
	c, err := ParseCertificatePEM([]byte(note.PlatPEM))
	if err != nil || NormalSerial(Serial(c.SerialNumber)) != NormalSerial(note.PlatSerial) {
		t.Errorf("serial %v, %v", c, err)
	}
}

func TestPublishedCiphertexts(t *testing.T) {
	v := vectors(t)
	for _, id := range []string{"go-aes-gcm", "java-aes256-gcm", "axios-gcm-empty", "axios-gcm-hello"} {
		e := v[id]
		open := openWith(gcm(t, e.Key, len(e.Nonce)))
		plain, err := open([]byte(e.Nonce), b64(t, e.Cipher), []byte(e.AAD))
		if err != nil || string(plain) != e.Plaintext {
			t.Errorf("%s: %q, %v", id, plain, err)
		}
		r := Resource{Algorithm: AlgorithmGCM, Ciphertext: e.Cipher, AssociatedData: e.AAD, Nonce: e.Nonce}
		_, err = r.Open(open)
		if (err == nil) != (len(e.Nonce) == 12) {
			t.Errorf("%s: as a resource with a nonce of %d bytes: %v", id, len(e.Nonce), err)
		}
		r.AssociatedData += "x"
		if _, err := r.Open(open); err == nil {
			t.Errorf("%s: opens with other associated data", id)
		}
	}
	real := v["yansongda-real-platform-cert"]
	c := Certificate{SerialNo: "45F59D4DABF31918AFCEC556D5D2C6E376675D57", Encrypted: Resource{Algorithm: AlgorithmGCM,
		Ciphertext: real.Cipher, AssociatedData: real.Associated, Nonce: real.Nonce}}
	_, text, err := c.Open(openWith(gcm(t, real.APIv3Key, 12)))
	if sum := sha256.Sum256(text); err != nil || hex.EncodeToString(sum[:]) != real.PlainSHA {
		t.Errorf("genuine platform certificate: %v", err)
	}
	c.SerialNo = "5DEA10EF00000000000000000000000000000000"
	if _, _, err := c.Open(openWith(gcm(t, real.APIv3Key, 12))); err == nil {
		t.Error("a certificate is taken under a serial that is not its own")
	}
	if _, _, err := c.Open(openWith(gcm(t, strings.Repeat("0", 32), 12))); err == nil {
		t.Error("a certificate opens with another key")
	}
}
