package alipay

import (
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// The connector's own cost around one RSA operation; compare with the bare pair in the same run.

func benchCall() provider.Call {
	return provider.Call{
		Env: provider.Env{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }}, Settings: map[string]string{settingAppID: testApp, settingSeller: testSeller},
		Keys: []provider.Generation{generation("g", keys()[1], &keys()[0].PublicKey)},
	}
}

func BenchmarkStartPage(b *testing.B) {
	call, c := benchCall(), New()
	start := provider.StartRequest{Description: "龙井", NotifyURL: "https://pay.example/n/x", ReturnURL: "https://pay.example/c/x", QuitURL: "https://pay.example/c/x",
		Attempt: postern.Attempt{Number: "20261122120000abcdefghjkmnpqrstv", Product: Page, Amount: 6800, Currency: "CNY", ExpiresAt: time.Unix(1_800_000_900, 0)}}
	for b.Loop() {
		if r := c.Start(b.Context(), call, start); r.State != provider.Pending {
			b.Fatal(r)
		}
	}
}

func BenchmarkSignBare(b *testing.B) {
	s, message := signer{keys()[1]}, make([]byte, 700)
	for b.Loop() {
		if _, err := s.Sign(provider.RSASHA256, message); err != nil {
			b.Fatal(err)
		}
	}
}

func benchNotification(b *testing.B) (wire.Params, []byte) {
	p := wire.Params{
		"notify_type": wire.NotifyTypeTrade, "notify_id": "2026112200222155624068450559358070", "app_id": testApp, "auth_app_id": testApp, "seller_id": testSeller,
		"out_trade_no": "20261122120000abcdefghjkmnpqrstv", "trade_no": "2026112222001468450512505578", "trade_status": wire.TradeSuccess, "total_amount": "68.00",
		"receipt_amount": "68.00", "buyer_pay_amount": "68.00", "gmt_create": "2026-11-22 12:00:00", "gmt_payment": "2026-11-22 12:00:05", "subject": "龙井",
		"fund_bill_list": `[{"amount":"68.00","fundChannel":"ALIPAYACCOUNT"}]`, "sign_type": wire.SignTypeRSA2, "charset": "utf-8", "version": "1.0",
	}
	if err := p.SignNotify(wire.SignWith(keys()[0], wire.SignTypeRSA2)); err != nil {
		b.Fatal(err)
	}
	return p, []byte(p.Encode())
}

func BenchmarkReadNotification(b *testing.B) {
	call, c := benchCall(), New()
	_, body := benchNotification(b)
	for b.Loop() {
		if _, err := c.ReadNotification(call, postern.Attempt{}, provider.Message{Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyBare(b *testing.B) {
	p, _ := benchNotification(b)
	signature, err := wire.DecodeSignature(p["sign"])
	if err != nil {
		b.Fatal(err)
	}
	v, message := verifier{&keys()[0].PublicKey}, wire.NotifyString(p)
	for b.Loop() {
		if err := v.Verify(provider.RSASHA256, message, signature); err != nil {
			b.Fatal(err)
		}
	}
}
