package provider_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern/provider"
)

// TestReadSpecimen reads what people copy.
func TestReadSpecimen(t *testing.T) {
	date := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		kind provider.SpecimenKind
		want provider.Specimen
	}{
		"a request as it is on the wire": {
			text: "POST /n?a=%2F HTTP/1.1\r\nHost: shop.example\r\nwechatpay-Nonce: x \r\nContent-Length: 7\r\n\r\n{\"a\":1}\r\n",
			want: provider.Specimen{Method: "POST", URL: "/n?a=%2F", Header: http.Header{"Host": {"shop.example"}, "wechatpay-Nonce": {"x"}, "Content-Length": {"7"}}, Body: []byte(`{"a":1}`)},
		},
		"a line break that counts": {
			text: "POST /n\nContent-Length: 8\n\n{\"a\":1}\n",
			want: provider.Specimen{Method: "POST", URL: "/n", Header: http.Header{"Content-Length": {"8"}}, Body: []byte("{\"a\":1}\n")},
		},
		"an answer": {
			text: "HTTP/1.1 200 OK\nDate: Sun, 22 Nov 2026 04:00:00 GMT\n\n{}\n",
			want: provider.Specimen{Status: 200, Header: http.Header{"Date": {"Sun, 22 Nov 2026 04:00:00 GMT"}}, Body: []byte("{}"), Now: date},
		},
		"headers and a body": {text: "HTTP_X: 1\n\na=b\n", want: provider.Specimen{Header: http.Header{"HTTP_X": {"1"}}, Body: []byte("a=b")}},
		"a body alone":       {text: "\ufeff\na=b&c=d%0A\n", want: provider.Specimen{Header: http.Header{}, Body: []byte("a=b&c=d%0A")}},
		"an address":         {text: "https://x.example/g?a=b\n", want: provider.Specimen{Method: "GET", URL: "https://x.example/g?a=b", Header: http.Header{}}},
		"a command": {
			text: "curl -sS -XPOST 'https://x.example/v3' \\\n  -H 'authorization: A b' -H \"X: a\\\"b\" --data-raw $'{\"a\":\"\\u6d4b\\'\"}' --compressed -o file",
			want: provider.Specimen{Method: "POST", URL: "https://x.example/v3", Header: http.Header{"authorization": {"A b"}, "X": {`a"b`}}, Body: []byte(`{"a":"测'"}`)},
		},
		"a command that asks": {
			text: "curl -G https://x.example/v3 -d a=1 --data-urlencode 'b=测 &'",
			want: provider.Specimen{Method: "GET", URL: "https://x.example/v3?a=1&b=%E6%B5%8B+%26", Header: http.Header{}},
		},
		"a saved request": {
			text: `{"log":{"entries":[{"startedDateTime":"2026-11-22T12:00:00+08:00","request":{"method":"POST","url":"https://x.example/a","headers":[{"name":"B","value":"c"}],"postData":{"text":"{}"}}}]}}`,
			want: provider.Specimen{Method: "POST", URL: "https://x.example/a", Header: http.Header{"B": {"c"}}, Body: []byte("{}"), Now: date},
		},
		"a saved answer": {
			kind: provider.SpecimenResponse,
			text: `{"request":{"method":"GET","url":"https://x.example/a"},"response":{"status":200,"headers":[{"name":"b","value":"c"}],"content":{"text":"e30=","encoding":"base64"}}}`,
			want: provider.Specimen{Kind: provider.SpecimenResponse, Method: "GET", URL: "https://x.example/a", Status: 200, Header: http.Header{"b": {"c"}}, Body: []byte("{}")},
		},
	} {
		got, err := provider.ReadSpecimen([]byte(c.text), c.kind)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.Body) == 0 {
			got.Body = nil
		}
		if diff := cmp.Diff(c.want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestReadSpecimenRefuses gives a reason for what cannot be read.
func TestReadSpecimenRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": " \n", "an open quotation": "curl 'https://x", "a file": "curl https://x -d @secret", "a multipart": "curl https://x -F a=b", "no address": "curl -d a=b",
		"two entries": `{"log":{"entries":[{},{}]}}`, "no header": "POST /n\nthis is no header\n\n", "no status": "HTTP/1.1\n\n", "too long": strings.Repeat("a", provider.MaxSpecimen+1),
		"no answer": `{"request":{"method":"GET","url":"https://x.example/a"}}`,
	} {
		kind := provider.SpecimenKind("")
		if name == "no answer" {
			kind = provider.SpecimenResponse
		}
		if _, err := provider.ReadSpecimen([]byte(text), kind); !errors.Is(err, provider.ErrSpecimen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDiffer names the bytes that changed.
func TestDiffer(t *testing.T) {
	for _, c := range []struct {
		got, was  string
		offset, n int
	}{{"abc", "abc", 3, 0}, {"abXc", "abc", 2, 1}, {"abc", "abXc", 2, 0}, {"aXc", "aYYc", 1, 1}, {"", "a", 0, 0}, {"aa", "a", 1, 1}} {
		if offset, n := provider.Differ([]byte(c.got), []byte(c.was)); offset != c.offset || n != c.n {
			t.Errorf("%q was %q: %d, %d", c.got, c.was, offset, n)
		}
	}
}

// TestBodyAxesUndoThemselves: each change of a body has its contrary among the ways, so that it is found whichever side made it.
func TestBodyAxesUndoThemselves(t *testing.T) {
	axes := provider.BodyAxes(func(b []byte) []byte { return b }, func(_, b []byte) []byte { return b })
	ways := 0
	for _, body := range []string{"{\"a\":\"x/y <&> 测\U0001F600\",\"b\":[1,{\"c\":null}]}", `{"a":"x\/y \u003c\u0026\u003e \u6d4b\ud83d\ude00","b":[1,{"c":null}]}`} {
		for _, axis := range axes {
			for _, way := range axis {
				changed, ok := way.Do([]byte(body))
				if !ok {
					continue
				}
				ways++
				found := false
				for r := range provider.Readings(changed, axes, 1, func(b []byte) provider.Reading { return provider.Reading{Text: b} }) {
					found = found || string(r.Text) == body
				}
				if !found {
					t.Errorf("%s of %s cannot be undone", way.Code, body)
				}
			}
		}
	}
	if ways < 16 {
		t.Fatalf("only %d ways apply", ways)
	}
}

// TestAForgedPaddingIsNoProof: a key is proven only by a block that is padded exactly as PKCS #1 v1.5 says; what is padded with anything else could be made without the key
// where its exponent is small.
func TestAForgedPaddingIsNoProof(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("text")
	info, _ := hex.DecodeString("3031300d060960864801650304020105000420")
	sum := sha256.Sum256(text)
	end := append(info, sum[:]...)
	seal := func(change func(block []byte)) string {
		block := append([]byte{0, 1}, bytes.Repeat([]byte{0xff}, key.Size()-3-len(end))...)
		block = append(append(block, 0), end...)
		change(block)
		return base64.StdEncoding.EncodeToString(new(big.Int).Exp(new(big.Int).SetBytes(block), key.D, key.N).FillBytes(make([]byte, key.Size())))
	}
	for name, c := range map[string]struct {
		change func([]byte)
		fits   int
	}{
		"right": {func([]byte) {}, 1}, "garbage in the padding": {func(b []byte) { b[60] = 7 }, 0}, "another block type": {func(b []byte) { b[1] = 2 }, 0},
		"short padding": {func(b []byte) { b[5] = 0 }, 0}, "bytes after the digest": {func(b []byte) { copy(b[len(b)-len(end)-2:], append(append([]byte{0}, end...), 9)) }, 0},
	} {
		e := provider.NewExam(provider.Specimen{Keys: []provider.SpecimenKey{{PEM: base64.StdEncoding.EncodeToString(der)}}}, provider.CommonMistakes)
		fits := e.Fits(seal(c.change))
		if len(fits) != c.fits || c.fits == 1 && (!fits[0].Match(text) || fits[0].Match([]byte("texT"))) {
			t.Errorf("%s: %d keys fit", name, len(fits))
		}
	}
}

// TestExamIsBounded: a hostile message costs a bounded number of texts and a bounded time.
func TestExamIsBounded(t *testing.T) {
	deep := []byte(strings.Repeat("[", 9000) + strings.Repeat("]", 9000))
	wide := []byte("{" + strings.Repeat(`"a":"/<测>",`, 80_000) + `"b":1}`)
	for name, body := range map[string][]byte{"deep": deep, "wide": wide, "short": []byte("{}")} {
		axes := provider.BodyAxes(func(b []byte) []byte { return b }, func(_, b []byte) []byte { return b })
		endless := make(provider.Axis[[]byte], 60)
		for i := range endless {
			endless[i] = provider.Way[[]byte]{Code: "x", Do: func(b []byte) ([]byte, bool) { return append(b[:len(b):len(b)], byte(i)), true }}
		}
		axes = append(axes, endless, endless, endless)
		e := provider.NewExam(provider.Specimen{Body: body}, provider.CommonMistakes)
		fit := provider.Fit{Match: func([]byte) bool { return false }}
		began := time.Now()
		e.Search([]provider.Fit{fit}, provider.Readings(body, axes, provider.Depth(len(body)), func(b []byte) provider.Reading { return provider.Reading{Text: b} }))
		if took, d := time.Since(began), e.Conclude(); took > 20*time.Second || d.Tried > 10_000 || d.Valid {
			t.Errorf("%s: %v, %d texts", name, took, d.Tried)
		} else if name == "short" && !d.Cut {
			t.Error("a search that was cut short does not say so")
		}
	}
}

// TestWordsAreWhole: each code is there once, in both languages, and ends as a sentence does.
func TestWordsAreWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range provider.CommonMistakes {
		if seen[m.Code] || !strings.HasSuffix(m.ZH, "。") || !strings.HasSuffix(m.EN, ".") || strings.Contains(m.ZH+m.EN, "!") || strings.Count(m.ZH, "{}") != strings.Count(m.EN, "{}") {
			t.Errorf("%s: twice, or not a sentence in both languages", m.Code)
		}
		seen[m.Code] = true
	}
}

// FuzzReadSpecimen: whatever is pasted is read or refused, and a body is never longer than what was pasted.
func FuzzReadSpecimen(f *testing.F) {
	for _, s := range []string{"POST /n HTTP/1.1\r\nA: b\r\n\r\nx", "curl -XPOST 'https://x' -d $'a\\u6d4b' \\\n -H 'A: b'", `{"request":{"url":"https://x","headers":[{"name":"a","value":"b"}]},"response":{"status":200,"content":{"text":"e30=","encoding":"base64"}}}`,
		"https://x?a=b", "a=b", "HTTP/1.1 200\n\n", "curl -G x -d a --data-urlencode =b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, kind := range []provider.SpecimenKind{"", provider.SpecimenResponse} {
			s, err := provider.ReadSpecimen(raw, kind)
			if err != nil && !errors.Is(err, provider.ErrSpecimen) {
				t.Fatal(err)
			}
			if err == nil && len(s.Body) > 3*len(raw) {
				t.Fatalf("%d bytes of body from %d", len(s.Body), len(raw))
			}
			s.Get("authorization")
			s.Target()
		}
	})
}
