package wire

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestV3Vectors holds the strings and signatures against those that were made with a published key (by us: the official SDK is the witness from outside).
func TestV3Vectors(t *testing.T) {
	at := time.UnixMilli(1655869956477)
	authority := V3Authority("9021000122682882", "", "eb4ade8f-8cfa-4ebf-a048-7eb52684ab32", at)
	for id, got := range map[string][]byte{
		"gen-v3-post":     V3RequestString(authority, "POST", V3Path(MethodQuery), `{"out_trade_no":"A1"}`, ""),
		"gen-v3-get":      V3RequestString(authority, "GET", V3Path(MethodBill)+"?bill_type=trade&bill_date=2026-11-21", "", ""),
		"gen-v3-post-aat": V3RequestString(authority, "POST", V3Path(MethodQuery), `{"out_trade_no":"A1"}`, "202212BB_D64b2be8afd4b6c8468cf585bd05E50"),
		"gen-v3-response": V3ResponseString("1655869957000", "5f9fba93bbb240f0b32804d5ead3e131", []byte(`{"out_trade_no":"A1","subject":"中文 <&>"}`)),
	} {
		v := vector{}.named(t, id)
		if string(got) != v.Message {
			t.Errorf("%s: %q, want %q", id, got, v.Message)
		}
		signature, err := DecodeSignature(v.Signature)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyWith(v.public(t), SignTypeRSA2)(got, signature); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if !strings.HasPrefix(id, "gen-v3-response") {
			c, err := ParseV3Authorization(V3Authorization(authority, signature))
			if err != nil || c.Authority != authority || c.AppID != "9021000122682882" || !c.Time.Equal(at) || string(c.Signature) != string(signature) {
				t.Errorf("%s: %+v %v", id, c, err)
			}
		}
	}
	for _, bad := range []string{
		"", "Basic x", V3Scheme + " app_id=1,nonce=2,timestamp=3", V3Scheme + " app_id=1,app_id=2,nonce=2,timestamp=3,sign=AAAA", V3Scheme + " nonce=2,timestamp=3,sign=AAAA",
		V3Scheme + " app_id=1,nonce=2,timestamp=x,sign=AAAA", V3Scheme + " app_id=1,nonce=2,timestamp=3,sign=", V3Scheme + " app_id=1,nonce=2,timestamp=3,sign=****",
		V3Scheme + " " + strings.Repeat("a", 2000),
	} {
		if c, err := ParseV3Authorization(bad); err == nil {
			t.Errorf("%.60q: %+v", bad, c)
		}
	}
}

// TestV3Properties: what is signed verifies, and with one byte changed it does not.
func TestV3Properties(t *testing.T) {
	key := testKey()
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.StringN(0, 60, -1).Draw(t, "body")
		token := rapid.StringMatching(`[0-9A-Za-z]{0,20}`).Draw(t, "token")
		message := V3RequestString(V3Authority("2021", "ab", "n", time.UnixMilli(5)), "POST", V3Path(MethodPay), body, token)
		signature, err := SignWith(key, SignTypeRSA2)(message)
		if err != nil {
			t.Fatal(err)
		}
		verify := VerifyWith(&key.PublicKey, SignTypeRSA2)
		if err := verify(message, signature); err != nil {
			t.Fatal(err)
		}
		message[rapid.IntRange(0, len(message)-1).Draw(t, "at")] ^= 1
		if verify(message, signature) == nil {
			t.Fatal("a changed byte verifies")
		}
	})
}

func FuzzV3Authorization(f *testing.F) {
	f.Add(V3Scheme + " app_id=1,nonce=2,timestamp=3,sign=AAAA")
	f.Add(V3Scheme + " app_id=1,app_cert_sn=9,nonce=2,timestamp=3,expired_seconds=60,sign=AAAA=,sign=AAAA")
	f.Fuzz(func(t *testing.T, header string) {
		c, err := ParseV3Authorization(header)
		if err != nil {
			return
		}
		again, err := ParseV3Authorization(V3Authorization(c.Authority, c.Signature))
		if err != nil || again.Authority != c.Authority || again.AppID == "" {
			t.Fatalf("%q reads as %+v, then %+v %v", header, c, again, err)
		}
	})
}
