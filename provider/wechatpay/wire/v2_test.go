package wire

import (
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestV2Vectors: the sorted text and both signatures are those of the documentation; the refund notification of a published SDK opens.
func TestV2Vectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			ID, Key, Text string
			Params        Fields
			MD5           string `json:"sign_md5"`
			HMAC          string `json:"sign_hmac_sha256"`
			Temp          string `json:"string_sign_temp"`
			Cipher        string `json:"ciphertext_b64"`
			Plain         string `json:"plaintext"`
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, v := range file.Vectors {
		switch v.ID {
		case "doc-v2-sign", "yansongda-v2-sign":
			seen++
			if got := v.Params.base() + "key=" + v.Key; got != v.Temp {
				t.Errorf("%s: %q", v.ID, got)
			}
			if got := v.Params.SignatureOf(SignMD5, []byte(v.Key)); got != v.MD5 {
				t.Errorf("%s: MD5 %s", v.ID, got)
			}
			if got := v.Params.SignatureOf(SignHMAC, []byte(v.Key)); v.HMAC != "" && got != v.HMAC {
				t.Errorf("%s: HMAC %s", v.ID, got)
			}
		case "php-aes256-ecb-hello":
			seen++
			if got, err := decryptECB(v.Cipher, []byte(v.Key)); err != nil || string(got) != v.Plain {
				t.Errorf("%s: %q %v", v.ID, got, err)
			}
			if got, err := encryptECB([]byte(v.Plain), []byte(v.Key)); err != nil || got != v.Cipher {
				t.Errorf("%s: %s %v", v.ID, got, err)
			}
		case "gopay-v2-refund-req-info":
			seen++
			f, err := OpenReqInfo(v.Cipher, []byte(v.Key))
			if err != nil || f["out_refund_no"] == "" || f["refund_status"] == "" || f["transaction_id"] == "" {
				t.Errorf("%s: %v %v", v.ID, f, err)
			}
		}
	}
	if seen != 4 {
		t.Errorf("%d of 4 vectors are there", seen)
	}
}

// randomFields makes a message of odd texts.
func randomFields(r *rand.Rand) Fields {
	f := Fields{}
	texts := []string{"", "烧饼 & <十二枚>", "]]>", "]]]]>>", "a=b&c=d", " blank ", "&amp;", "0", "'\""}
	for i := range r.IntN(12) + 1 {
		f["field_"+strconv.Itoa(i)] = texts[r.IntN(len(texts))] + strconv.Itoa(r.IntN(3))
	}
	return f
}

// TestV2RoundTrips: what is written is read, what is signed verifies, and one changed byte of either does not; what is sealed opens with its key only.
func TestV2RoundTrips(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	key := []byte("192006250b4c09247ec02edce69f6a2d")
	for range 300 {
		f := randomFields(r)
		for _, kind := range []string{SignMD5, SignHMAC} {
			f.Sign(kind, key)
			back, err := ParseXML(f.XML("xml"), "xml")
			if err != nil || len(back) != len(f) || back.Verify(key) != nil {
				t.Fatalf("%v became %v: %v", f, back, err)
			}
			if back.Verify([]byte("another")) == nil || back.Verify(nil) == nil {
				t.Fatal("another key verifies")
			}
			forged := Fields{"a": "1"}
			if forged.Sign(kind, nil); forged.Verify(nil) == nil {
				t.Fatal("an empty key verifies what it signed")
			}
			for name := range f {
				changed := Fields{}
				for n, v := range f {
					changed[n] = v
				}
				changed[name] += "x"
				if changed.Verify(key) == nil {
					t.Fatalf("%s was changed, and %v verifies", name, changed)
				}
			}
		}
		sealed, err := SealReqInfo(f, key)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := OpenReqInfo(sealed, key); err != nil || len(back) != len(f) {
			t.Fatalf("%v %v", back, err)
		}
		if back, err := OpenReqInfo(sealed, []byte("another")); err == nil {
			t.Fatalf("opened with another key: %v", back)
		}
	}
}

// TestF21OneReading: what two parsers could read differently is refused, so that what is signed is what is read.
func TestF21OneReading(t *testing.T) {
	for name, text := range map[string]string{
		"twice": "<xml><a>1</a><a>2</a></xml>", "deeper": "<xml><a><b>1</b></a></xml>", "attribute": `<xml><a x="1">2</a></xml>`, "doctype": `<!DOCTYPE xml><xml><a>1</a></xml>`,
		"entity": `<!DOCTYPE x [<!ENTITY e "1">]><xml><a>&e;</a></xml>`, "unknown entity": "<xml><a>&e;</a></xml>", "second root": "<xml></xml><xml></xml>", "text outside": "<xml>x<a>1</a></xml>",
		"another root": "<root><a>1</a></root>", "namespace": `<xml xmlns="x"><a>1</a></xml>`, "cut off": "<xml><a>1</a>", "empty": "", "not UTF-8": "<xml><a>\xff</a></xml>",
		"another charset": `<?xml version="1.0" encoding="GBK"?><xml><a>1</a></xml>`, "instruction": "<xml><?php 1?><a>1</a></xml>", "too long": "<xml><a>" + strings.Repeat("1", MaxXML) + "</a></xml>",
	} {
		if f, err := ParseXML([]byte(text), "xml"); err == nil {
			t.Errorf("%s: %v", name, f)
		}
	}
	for name, text := range map[string]string{
		"cdata": "<xml><a><![CDATA[<1>&]]></a></xml>", "plain": "<xml><a>&lt;1&gt;&amp;</a></xml>", "declaration and blanks": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<xml>\n <a>&#60;1&gt;&amp;</a>\n</xml>\n",
	} {
		if f, err := ParseXML([]byte(text), "xml"); err != nil || f["a"] != "<1>&" {
			t.Errorf("%s: %v %v", name, f, err)
		}
	}
}

// FuzzParseXML: what is accepted reads the same when it is written again, and encoding/xml's own struct reader, for which the last of two wins, reads the same amount.
func FuzzParseXML(f *testing.F) {
	f.Add([]byte("<xml><total_fee>1</total_fee><sign><![CDATA[x]]></sign></xml>"))
	f.Add([]byte("<xml><total_fee>1</total_fee><total_fee>2</total_fee></xml>"))
	f.Add([]byte("<xml><a><b/></a></xml>"))
	f.Add([]byte("<!DOCTYPE x><xml/>"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := ParseXML(raw, "xml")
		if err != nil {
			return
		}
		again, err := ParseXML(got.XML("xml"), "xml")
		if err != nil || len(again) != len(got) {
			t.Fatalf("%q is %v, written and read again %v: %v", raw, got, again, err)
		}
		var other struct {
			Total string `xml:"total_fee"`
		}
		if err := xml.Unmarshal(raw, &other); err == nil && other.Total != got["total_fee"] {
			t.Fatalf("%q: we read %q, another parser %q", raw, got["total_fee"], other.Total)
		}
	})
}

// FuzzOpenReqInfo never panics, and opens nothing that is not base64 of whole blocks.
func FuzzOpenReqInfo(f *testing.F) {
	sealed, err := SealReqInfo(Fields{"out_refund_no": "1"}, []byte("key"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := OpenReqInfo(text, []byte("key")); err == nil {
			if raw, err := base64.StdEncoding.DecodeString(text); err != nil || len(raw)%16 != 0 {
				t.Fatalf("%q opened", text)
			}
		}
	})
}
