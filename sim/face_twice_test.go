package sim_test

import (
	"bytes"
	"context"
	"crypto/rsa"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	alipayface "postern/provider/alipay"
	"postern/provider/alipay/wire"
	"postern/sim"
)

// bill reads a day's bill of the shop through our own reader: lines and their sum in fen.
func (f *faceWorld) bill(t testing.TB, day string) provider.StatementSum {
	t.Helper()
	address := f.ask(t, f.keyed, wire.MethodBill, `{"bill_type":"trade","bill_date":"`+day+`"}`).Text("bill_download_url")
	_, file := f.post(t, strings.TrimPrefix(address, "http://"+faceHost), "")
	sum, err := alipayface.New().ReadStatement("trade", "2088123412341234", provider.StatementFile{ReaderAt: bytes.NewReader(file), Size: int64(len(file))}, func(provider.StatementLine) error { return nil })
	must(t, err)
	return sum
}

// TestFacePaidTwice: two wallets take the money of one order. The shop's code sees one payment and can give back that one; the other goes back by itself and is told to nobody.
func TestFacePaidTwice(t *testing.T) {
	f := faceOnly(t)
	f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("D-1", "68.00"), "notify_url", "http://shop.test/n")
	p := f.inner(t, f.keyed, "D-1")
	first, second := begin(t, f.World, p, alipay, "native"), begin(t, f.World, p, wechat, "native")
	approve(t, f.World, second)
	approve(t, f.World, first)
	run(t, f.World, time.Hour)
	s := state(t, f.World, p)
	if len(s.Receipts) != 2 || len(s.Surpluses) != 1 || s.Surpluses[0].Reason != postern.SurplusDuplicate || s.Surpluses[0].Status != postern.SurplusRefunded {
		t.Fatalf("receipts %+v, surpluses %+v", s.Receipts, s.Surpluses)
	}
	says(t, f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"D-1"}`), "trade_status", "TRADE_SUCCESS", "receipt_amount", "68.00", "total_amount", "68.00")
	if n := f.noticed(t, 1); n["trade_status"] != "TRADE_SUCCESS" || n["refund_fee"] != "" || n["total_amount"] != "68.00" {
		t.Errorf("the notification: %v", n)
	}
	says(t, f.ask(t, f.keyed, wire.MethodRefundQuery, `{"out_trade_no":"D-1","out_request_no":"D-1"}`), "code", "10000", "refund_status", "", "refund_amount", "")
	f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"D-1","refund_amount":"8.00","out_request_no":"d1"}`)
	run(t, f.World, time.Hour)
	says(t, f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"D-1","refund_amount":"8.00","out_request_no":"d1"}`), "code", "10000", "refund_fee", "8.00")
	says(t, f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"D-1","refund_amount":"60.01","out_request_no":"d2"}`), "sub_code", "ACQ.REASON_TRADE_REFUND_FEE_ERR")
	if n := f.noticed(t, 2); n["refund_fee"] != "8.00" || n["out_biz_no"] != "d1" {
		t.Errorf("the refund's notification: %v", n)
	}
	run(t, f.World, 48*time.Hour)
	f.noticed(t, 2)
	if sum := f.bill(t, "2026-11-22"); sum.Lines != 2 || sum.Amount != 6000 {
		t.Errorf("the bill has %+v, want the payment and one refund", sum)
	}
	agree(t, f.World)
}

// TestFaceLateMoney: a trade has told TRADE_CLOSED, and the money comes after. The trade stays closed for ever, the money goes back, and no notification speaks of a payment.
func TestFaceLateMoney(t *testing.T) {
	f := faceOnly(t)
	f.ask(t, f.keyed, wire.MethodCreate, orderJSON("L-9", "68.00", "buyer_id", "2088000000000009", "timeout_express", "1m"), "notify_url", "http://shop.test/n")
	p := f.inner(t, f.keyed, "L-9")
	run(t, f.World, 55*time.Second)
	a := begin(t, f.World, p, alipay, "native") // lives for a minute of Alipay's, longer than its order
	run(t, f.World, 20*time.Second)
	closed := func(when string) {
		t.Helper()
		q := f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"L-9"}`)
		says(t, q, "trade_status", "TRADE_CLOSED", "receipt_amount", "0.00", "send_pay_date", "")
		for _, n := range f.shop.got {
			if n["trade_status"] != "TRADE_CLOSED" || n["refund_fee"] != "" || n["gmt_payment"] != "" {
				t.Errorf("%s: the shop was told of %v", when, n)
			}
		}
	}
	closed("expired")
	approve(t, f.World, a) // a code that nobody had scanned at Alipay is not closed there
	closed("paid")
	run(t, f.World, time.Hour)
	closed("given back")
	s := wantPayment(t, f.World, p, postern.PaymentExpired)
	if len(s.Surpluses) != 1 || s.Surpluses[0].Reason != postern.SurplusLate || s.Surpluses[0].Status != postern.SurplusRefunded {
		t.Fatalf("the money is %+v", s.Surpluses)
	}
	says(t, f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"L-9","refund_amount":"68.00"}`), "code", "40004", "sub_code", "ACQ.TRADE_HAS_CLOSE")
	says(t, f.ask(t, f.keyed, wire.MethodCreate, orderJSON("L-9", "68.00", "buyer_id", "2088000000000009")), "sub_code", "ACQ.TRADE_HAS_CLOSE")
	agree(t, f.World)
}

// TestFaceCertificatesRotate: the shop's certificate and ours are renewed. Both certificates of the shop verify during the overlap and the old one not after it; answers are
// signed with our new key and name its certificate, which the shop downloads and checks against its root.
func TestFaceCertificatesRotate(t *testing.T) {
	ctx, f := context.Background(), faceOnly(t)
	before := f.certs.numbers(t)
	env := func(a issued, more []string) wire.Envelope {
		t.Helper()
		e, err := wire.Extract([]byte(f.raw(t, a, wire.MethodQuery, named, more...)), wire.MethodQuery)
		must(t, err)
		return e
	}
	oldSN := env(f.certs, before).CertSN
	newer := f.certs
	newer.app = sim.Key("face-app-2")
	_, rootCert := certificateFor(t, "Root", 1, &sim.Key("face-root").PublicKey, nil, sim.Key("face-root"))
	newer.appCert, _ = certificateFor(t, f.certs.account.Number, 9, &newer.app.PublicKey, rootCert, sim.Key("face-root"))
	out, err := f.Engine.RotateFacade(ctx, engine.Actor{Who: "test"}, f.Merchant.ID, f.certs.account.ID, engine.FacadeRotation{
		Keys: map[string][]byte{"merchant_certificate": newer.appCert}, From: f.Clock.Now().Add(time.Hour), Overlap: 24 * time.Hour,
	})
	must(t, err)
	after := newer.numbers(t)
	if e := env(f.certs, before); e.CertSN != oldSN {
		t.Errorf("the new certificate signs before its time: %s", e.CertSN)
	}
	run(t, f.World, 2*time.Hour)
	certs, err := wire.ParseCertificates([]byte(out.Public["platform_certificate"]))
	must(t, err)
	newSN := wire.CertSN(certs[0])
	public, ok := certs[0].PublicKey.(*rsa.PublicKey)
	if !ok {
		t.Fatalf("the certificate is of a %T", certs[0].PublicKey)
	}
	verify := wire.VerifyWith(public, wire.SignTypeRSA2)
	for who, e := range map[string]wire.Envelope{"old": env(f.certs, before), "new": env(newer, after)} {
		if e.CertSN != newSN || e.CertSN == oldSN {
			t.Errorf("the answer to the %s certificate names %s, want %s", who, e.CertSN, newSN)
		}
		if err := e.Verify(verify); err != nil {
			t.Errorf("the answer to the %s certificate: %v", who, err)
		}
		if !bytes.Contains(e.Value, []byte("TRADE_NOT_EXIST")) {
			t.Errorf("the %s certificate: %s", who, e.Value)
		}
	}
	for _, sn := range []string{oldSN, newSN} {
		e, err := wire.Extract([]byte(f.raw(t, f.certs, wire.MethodCertificate, `{"alipay_cert_sn":"`+sn+`"}`, before...)), wire.MethodCertificate)
		must(t, err)
		o, err := e.Object()
		must(t, err)
		chain, err := wire.ParseDownloaded(o.Text("alipay_cert_content"))
		must(t, err)
		if wire.CertSN(chain[0]) != sn {
			t.Errorf("%s was asked for and %s given", sn, wire.CertSN(chain[0]))
		}
	}
	if e := env(newer, before); !bytes.Contains(e.Value, []byte("isv.invalid-signature")) {
		t.Errorf("the new key under the old certificate's number: %s", e.Value)
	}
	run(t, f.World, 25*time.Hour)
	if e := env(f.certs, before); !bytes.Contains(e.Value, []byte("isv.invalid-signature")) {
		t.Errorf("the old certificate after its overlap: %s", e.Value)
	}
	if e := env(newer, after); !bytes.Contains(e.Value, []byte("TRADE_NOT_EXIST")) {
		t.Errorf("the new certificate later: %s", e.Value)
	}
}

// TestFaceOnBothEngines: order, another wallet's money, query, refund, notifications and bill, on either database.
func TestFaceOnBothEngines(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		f := faced(t, w)
		says(t, f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("P-1", "68.00", "passback_params", "a%3D1"), "notify_url", "http://shop.test/n"), "code", "10000")
		says(t, f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("P-1", "68.00")), "sub_code", "ACQ.APPLY_PC_MERCHANT_CODE_ERROR")
		approve(t, w, begin(t, w, f.inner(t, f.keyed, "P-1"), wechat, "native"))
		run(t, w, time.Minute)
		q := f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"P-1"}`)
		says(t, q, "trade_status", "TRADE_SUCCESS", "receipt_amount", "68.00", "passback_params", "a%3D1")
		says(t, f.ask(t, f.keyed, wire.MethodQuery, `{"trade_no":"`+q.Text("trade_no")+`"}`), "out_trade_no", "P-1")
		if n := f.noticed(t, 1); n["trade_no"] != q.Text("trade_no") {
			t.Errorf("the notification: %v", n)
		}
		f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"P-1","refund_amount":"8.00","out_request_no":"p1"}`)
		run(t, w, time.Minute)
		says(t, f.ask(t, f.keyed, wire.MethodRefundQuery, `{"out_trade_no":"P-1","out_request_no":"p1"}`), "refund_status", "REFUND_SUCCESS")
		f.noticed(t, 2)
		run(t, w, 48*time.Hour)
		if sum := f.bill(t, "2026-11-22"); sum.Lines != 2 || sum.Amount != 6000 {
			t.Errorf("the bill has %+v", sum)
		}
		agree(t, w)
	})
}
