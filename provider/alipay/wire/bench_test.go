package wire

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"testing"
	"time"
)

// The pairs below run in one benchmark run, so that the protocol's own cost can be read as a ratio: signing a whole request against a bare RSA signature over the
// same bytes, and verifying a notification and taking an answer apart against a bare verification.

func benchRequest() Params {
	return Request{AppID: "2021000000000001", Method: MethodPrecreate, SignType: SignTypeRSA2, Time: time.Unix(1_800_000_000, 0), NotifyURL: "https://pay.example/callback/x",
		Biz: Fields{{"out_trade_no", "20261122120000abcdefghjkmnpqrstv"}, {"total_amount", "68.00"}, {"subject", "龙井 250g"}}}.Params()
}

func BenchmarkSignRequest(b *testing.B) {
	sign := SignWith(testKey(), SignTypeRSA2)
	for b.Loop() {
		if err := benchRequest().SignRequest(sign); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSignBare(b *testing.B) {
	message := RequestString(benchRequest())
	key := testKey()
	for b.Loop() {
		d := sha256.Sum256(message)
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, d[:]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyNotify is the protocol's part of a verification: canonical string, base64 and RSA.
func BenchmarkVerifyNotify(b *testing.B) {
	v := vector{}.named(b, "node-notify-trade")
	p, verify := v.params(b), VerifyWith(v.public(b), SignTypeRSA2)
	for b.Loop() {
		if err := p.VerifyNotify(verify); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseNotify(b *testing.B) {
	body := vector{}.named(b, "node-notify-trade").params(b).Encode()
	for b.Loop() {
		if _, err := ParseNotify(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyResponse(b *testing.B) {
	v := vector{}.named(b, "node-sync-response")
	verify := VerifyWith(v.public(b), SignTypeRSA2)
	for b.Loop() {
		env, err := Extract([]byte(v.Body), "alipay.open.file.upload")
		if err != nil {
			b.Fatal(err)
		}
		if err := env.Verify(verify); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyBare(b *testing.B) {
	v := vector{}.named(b, "node-notify-trade")
	key := v.public(b)
	signature, err := DecodeSignature(v.Signature)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d := sha256.Sum256([]byte(v.Message))
		if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, d[:], signature); err != nil {
			b.Fatal(err)
		}
	}
}
