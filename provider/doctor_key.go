package provider

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"strings"
)

// Bounds of what an asker may hand over.
const (
	maxTrialKeys = 32
	maxTrialBits = 8192
)

// TrialKey is a key that the doctor tries. One file may hold several. Private says that it is the public half of a private key.
type TrialKey struct {
	Name    string
	Public  *rsa.PublicKey
	Cert    *x509.Certificate
	Private bool
	Secret  []byte
}

// Label names a key for people, by what is public of it.
func (k TrialKey) Label() string {
	name := k.Name
	if name != "" {
		name += ", "
	}
	switch {
	case k.Public == nil:
		return name + "secret"
	case k.Cert != nil:
		return name + "certificate " + strings.ToUpper(hex.EncodeToString(k.Cert.SerialNumber.Bytes()))
	case k.Private:
		return name + "private key, fingerprint " + fingerprint(k.Public)
	}
	return name + "public key, fingerprint " + fingerprint(k.Public)
}

// fingerprint is the beginning of the SHA-256 of the public key's SubjectPublicKeyInfo: both halves of a pair, and its certificates, have the same.
func fingerprint(key *rsa.PublicKey) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "?"
	}
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:8])
}

// trialKeys reads what the asker handed over. What cannot be read is reported with its reason, and never quoted.
func (e *Exam) trialKeys(given []SpecimenKey) {
	for i, g := range given[:min(len(given), maxTrialKeys)] {
		label := g.Name
		if label == "" {
			label = fmt.Sprintf("#%d", i+1)
		}
		if len(g.Secret) > 0 {
			e.Keys = append(e.Keys, TrialKey{Name: g.Name, Secret: g.Secret})
		}
		if strings.TrimSpace(g.PEM) == "" {
			if len(g.Secret) == 0 {
				e.Note("key_unreadable", label)
			}
			continue
		}
		found, code := readKeys(g.PEM)
		if code != "" {
			e.Note(code, label)
		}
		for _, k := range found[:min(len(found), maxTrialKeys)] {
			if bits := k.Public.N.BitLen(); bits > maxTrialBits || k.Public.E < 3 {
				e.Note("key_unreadable", label)
				continue
			} else if bits < 2048 {
				e.Note("key_short", fmt.Sprintf("%s: %d", label, bits))
			}
			k.Name = g.Name
			e.Keys = append(e.Keys, k)
		}
	}
}

// readKeys reads every PEM block of a text, or the bare base64 of a key as consoles show it.
func readKeys(text string) (keys []TrialKey, code string) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\ufeff"))
	if len(text) > MaxSpecimen {
		return nil, "key_unreadable"
	}
	if !strings.Contains(text, "-----BEGIN ") {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return nil, "key_unreadable"
		}
		k, code := readDER(der)
		if code != "" {
			return nil, code
		}
		return []TrialKey{k}, ""
	}
	if strings.Contains(text, `\n`) { // a line of a configuration file
		text, code = strings.ReplaceAll(text, `\n`, "\n"), "key_escaped"
	}
	rest := []byte(text)
	for len(keys) < maxTrialKeys {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if k, problem := readDER(block.Bytes); problem == "" {
			keys = append(keys, k)
		} else if code == "" && len(keys) == 0 {
			code = problem
		}
	}
	if len(keys) == 0 && code != "key_other_kind" {
		code = "key_unreadable"
	} else if len(keys) > 0 && code != "key_escaped" {
		code = "" // a chain may hold certificates of other kinds
	}
	return keys, code
}

// readDER reads one key of any kind and says key_other_kind of what is none of RSA's.
func readDER(der []byte) (TrialKey, string) {
	var found any
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKIXPublicKey,
		func(b []byte) (any, error) { return x509.ParseCertificate(b) },
		x509.ParsePKCS8PrivateKey,
		func(b []byte) (any, error) { return x509.ParsePKCS1PrivateKey(b) },
		func(b []byte) (any, error) { return x509.ParsePKCS1PublicKey(b) },
		func(b []byte) (any, error) { return x509.ParseECPrivateKey(b) },
		func(b []byte) (any, error) { return x509.ParseCertificateRequest(b) },
	} {
		if k, err := parse(der); err == nil {
			found = k
			break
		}
	}
	switch k := found.(type) {
	case nil:
		return TrialKey{}, "key_unreadable"
	case *rsa.PublicKey:
		return TrialKey{Public: k}, ""
	case *rsa.PrivateKey:
		return TrialKey{Public: &k.PublicKey, Private: true}, ""
	case *x509.Certificate:
		if public, ok := k.PublicKey.(*rsa.PublicKey); ok {
			return TrialKey{Public: public, Cert: k}, ""
		}
	}
	return TrialKey{}, "key_other_kind"
}

// digestInfos are what PKCS #1 v1.5 puts before a digest.
var digestInfos = []struct {
	hash   crypto.Hash
	prefix string
}{
	{crypto.SHA256, "3031300d060960864801650304020105000420"}, {crypto.SHA1, "3021300906052b0e03021a05000414"}, {crypto.MD5, "3020300c06082a864886f70d020505000410"},
	{crypto.SHA384, "3041300d060960864801650304020205000430"}, {crypto.SHA512, "3051300d060960864801650304020305000440"},
}

// unlock raises a signature to a public key's power: if it comes out as PKCS #1 v1.5 prescribes, the private half of this key made it, over the digest that stands there. That
// tells a wrong key from a wrong text, which checking alone cannot.
func unlock(key *rsa.PublicKey, signature []byte) (crypto.Hash, []byte, bool) {
	n := new(big.Int).SetBytes(signature)
	if len(signature) != key.Size() || n.Cmp(key.N) >= 0 {
		return 0, nil, false
	}
	block := n.Exp(n, big.NewInt(int64(key.E)), key.N).FillBytes(make([]byte, key.Size()))
	padding, rest, found := bytes.Cut(block[1:], []byte{0})
	if !found || block[0] != 0 || len(padding) < 9 || padding[0] != 1 || len(bytes.Trim(padding[1:], "\xff")) > 0 {
		return 0, nil, false
	}
	for _, info := range digestInfos {
		prefix, _ := hex.DecodeString(info.prefix)
		if digest, ok := bytes.CutPrefix(rest, prefix); ok && len(digest) == info.hash.Size() {
			return info.hash, digest, true
		}
	}
	return 0, nil, false
}

// signatureForm is one way to read a signature: as it should be written, or mended of a common damage, whose code it has.
type signatureForm struct {
	code  string
	bytes []byte
}

// signatureForms reads a signature's base64 as it is and, if that fails or for a second try, mended.
func signatureForms(text string) []signatureForm {
	var forms []signatureForm
	add := func(code, s string) {
		raw, err := base64.StdEncoding.Strict().DecodeString(s)
		if err != nil || strings.ContainsAny(s, "\r\n") || len(raw) == 0 {
			return
		}
		for _, f := range forms {
			if bytes.Equal(f.bytes, raw) {
				return
			}
		}
		forms = append(forms, signatureForm{code, raw})
	}
	if len(text) > 4*maxTrialBits {
		return nil
	}
	add("", text)
	add("signature_plus_space", strings.ReplaceAll(text, " ", "+"))
	if decoded, err := url.PathUnescape(text); err == nil {
		add("signature_url_encoded", decoded)
	}
	joined := strings.Join(strings.Fields(text), "")
	add("signature_line_breaks", joined)
	quoted := strings.Trim(joined, `"'`)
	add("signature_quoted", quoted)
	add("signature_url_alphabet", padded(strings.NewReplacer("-", "+", "_", "/").Replace(quoted)))
	add("signature_padding", padded(strings.TrimRight(quoted, "=")))
	if raw, err := hex.DecodeString(quoted); err == nil && len(raw) >= 64 {
		forms = append(forms, signatureForm{"signature_hex", raw})
	}
	return forms
}

// padded ends a base64 text as the standard wants it.
func padded(s string) string { return s + strings.Repeat("=", (4-len(s)%4)%4) }
