package wechatpay

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"io"
	"net/http"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Each pair is to be compared within one run: ours against what crypto/rsa costs alone over the same bytes.

func benchCall(b *testing.B) provider.Call {
	b.Helper()
	return provider.Call{Settings: map[string]string{SettingMchID: testMchID, SettingAppID: testAppID, SettingBaseURL: "https://api.mch.weixin.qq.com"},
		Env:   provider.Env{Now: func() time.Time { return epoch }, Rand: rand.Reader, HTTP: doer(func(*http.Request) (*http.Response, error) { return nil, io.EOF })},
		Keys:  []provider.Generation{generation("gen_1", testKey)},
		Trust: []provider.Verifier{platform(0)}}
}

func BenchmarkSign(b *testing.B) {
	order := orderOf(benchCall(b), provider.StartRequest{Attempt: attempt(ProductNative, "order00001"), Description: "乌龙茶", NotifyURL: "https://shop.example/cb/abc123"})
	raw, err := wire.Encode(order)
	if err != nil {
		b.Fatal(err)
	}
	message := wire.RequestMessage("POST", wire.Parties{}.OrderPath(wire.KindNative), epoch.Unix(), "0123456789abcdef0123456789abcdef", raw)
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			d := sha256.Sum256(message)
			if _, err := rsa.SignPKCS1v15(nil, keys().merchant, crypto.SHA256, d[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("request", func(b *testing.B) {
		call := benchCall(b)
		for b.Loop() {
			if _, _, err := request(ctx, call, wire.AskOrder(wire.KindNative, order)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	body := bytes.Repeat([]byte(`{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}`), 10)
	message := wire.ResponseMessage(epoch.Unix(), "nonce", body)
	sig, err := platform(0).Sign(provider.RSASHA256, message)
	if err != nil {
		b.Fatal(err)
	}
	h := http.Header{}
	if err := wire.SignHeaders(h, platform(0).id, epoch.Unix(), "nonce", body, func([]byte) ([]byte, error) { return sig, nil }); err != nil {
		b.Fatal(err)
	}
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			d := sha256.Sum256(message)
			if err := rsa.VerifyPKCS1v15(&keys().platform[0].Key.PublicKey, crypto.SHA256, d[:], sig); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("answer", func(b *testing.B) {
		call := benchCall(b)
		for b.Loop() {
			if err := checkSignature(epoch, h, body, verifiers(call)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
