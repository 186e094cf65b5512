package wechatpay

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/sandbox"
	"postern/provider/wechatpay/wire"
)

// permit withdraws an act of a merchant, or gives it back.
func (r *rig) permit(act, merchant string, allowed bool) {
	r.t.Helper()
	body := `{"act":"` + act + `","merchant":"` + merchant + `","allowed":` + map[bool]string{true: "true", false: "false"}[allowed] + `}`
	req, _ := http.NewRequest("POST", "http://control/permissions", strings.NewReader(body))
	res, err := sandboxkit.Local{"control": r.s.Control()}.Do(req)
	if err != nil || res.StatusCode != http.StatusNoContent {
		r.t.Fatalf("%v %v", res, err)
	}
	r.run(0)
}

// TestLimitsByFunction: each limited function takes away its act with WeChat's words; one that has no act here is told and changes nothing.
func TestLimitsByFunction(t *testing.T) {
	r := partnered(t)
	said := ""
	r.edit = func(req *http.Request, rec *httptest.ResponseRecorder) {
		if strings.Contains(req.URL.Path, "merchant-limitations") {
			resigned(t, rec, func([]byte) []byte { return []byte(said) })
		}
	}
	for function, act := range map[string]postern.Act{
		wire.LimitTransaction: postern.ActPay, wire.LimitTransactionRecharge: postern.ActPay, wire.LimitRefund: postern.ActRefund, wire.LimitWithdrawal: postern.ActSettle,
		wire.LimitPayment: "", wire.LimitProfitSharing: "", wire.LimitPaymentPoint: "", "NO_SUCH_WORD_YET": "",
	} {
		said = `{"mchid":"` + testSub + `","limited_functions":["` + function + `"],"recovery_specifications":[{"limitation_reason":"涉嫌违规","relate_limitations":["` + function +
			`"],"recover_way":"MODIFY_SUBJECT_INFORMATION"}]}`
		got := New().ReadPermissions(ctx, r.call)
		note := function + " 涉嫌违规 MODIFY_SUBJECT_INFORMATION"
		switch {
		case !got.Known:
			t.Errorf("%s: %+v", function, got)
		case act == "" && (len(got.Withdrawn) != 0 || got.Message != note):
			t.Errorf("%s changes something: %+v", function, got)
		case act != "" && (len(got.Withdrawn) != 1 || got.Withdrawn[0] != postern.Permission{Act: act, Source: "notice", Note: note}):
			t.Errorf("%s: %+v", function, got)
		}
	}
	said = `{"mchid":"` + testSub + `","limited_functions":["NO_REFUND"],"recovery_specifications":[{"limitation_reason":"长期无交易","relate_limitations":["NO_TRANSACTION","NO_REFUND"],` +
		`"limitation_start_date":"2026-12-01T00:00:00+08:00"},{"relate_limitations":["NO_WITHDRAWAL"],"limitation_start_date":"2026-11-01T00:00:00+08:00"}]}`
	got := New().ReadPermissions(ctx, r.call)
	if len(got.Withdrawn) != 2 || !got.Withdrawn[0].From.IsZero() || got.Withdrawn[1].Act != postern.ActPay || got.Withdrawn[1].From.Format("2006-01-02") != "2026-12-01" {
		t.Errorf("one limit now, one announced, one that began and is over: %+v", got)
	}
	said = `{"mchid":"` + testOther + `","limited_functions":[]}`
	if got := New().ReadPermissions(ctx, r.call); got.Known || got.Class != provider.ClassBug {
		t.Errorf("an answer about another merchant: %+v", got)
	}
	r.call.SubMerchant = ""
	sent := r.sent
	if got := New().ReadPermissions(ctx, r.call); got.Known || r.sent != sent || got.Message == "" {
		t.Errorf("a direct merchant: %+v", got)
	}
}

// TestWithdrawnActs: what is withdrawn is refused with class closed, for this merchant only, and what waits cannot be paid meanwhile.
func TestWithdrawnActs(t *testing.T) {
	r := partnered(t)
	paid := r.paid("order00001")
	r.start(ProductNative, "order00002")
	r.permit("pay", testSub, false)
	if got := r.start(ProductNative, "order00003"); got.State != provider.Failed || got.Class != provider.ClassClosed {
		t.Errorf("an order: %+v", got)
	}
	req, _ := http.NewRequest("POST", "http://control/orders/order00002/approve", nil)
	if res, err := (sandboxkit.Local{"control": r.s.Control()}).Do(req); err != nil || res.StatusCode != http.StatusConflict {
		t.Errorf("an order that waited was paid: %v %v", res, err)
	}
	back := r.refundOf(paid, "order00001", "refund0001", 100)
	if got := New().Refund(ctx, r.call, back); got.State != provider.RefundPending {
		t.Errorf("a refund is another act: %+v", got)
	}
	r.permit("refund", testSub, false)
	again := r.refundOf(paid, "order00001", "refund0002", 100)
	if got := New().Refund(ctx, r.call, again); got.State != provider.RefundFailed || got.Class != provider.ClassClosed {
		t.Errorf("a refund: %+v", got)
	}
	other := r.call
	other.SubMerchant = testOther
	if got := New().Start(ctx, other, r.request(ProductNative, "order00004")); got.State != provider.Pending {
		t.Errorf("another merchant: %+v", got)
	}
}

// TestViolations: a service provider is told, verified, of which merchant; what the message says in free text takes nothing away by itself. A forged one is refused.
func TestViolations(t *testing.T) {
	r := newRig(t, func(c *sandbox.Config) { partners(c); c.NoticeURL = c.BaseURL + "/cb/account" })
	r.call.SubMerchant = testSub
	r.permit("pay", testSub, false)
	r.permit("pay", testSub, true)
	if len(r.received) != 2 {
		t.Fatalf("%d notices", len(r.received))
	}
	for i, kind := range []string{wire.EventPunish, wire.EventAppeal} {
		m := r.received[i]
		verified, err := New().ReadAccountNotice(r.call, m)
		n, ok := verified.Notice()
		if err != nil || !ok || n.Kind != kind || n.SubMerchant != testSub || !n.Ask || len(n.Withdrawn) != 0 || !strings.Contains(n.Text, "关闭支付权限") || n.ID == "" || n.OccurredAt.IsZero() {
			t.Errorf("%+v %v", n, err)
		}
		for at := 0; at < len(m.Body); at += 7 {
			changed := m
			changed.Body = bytes.Clone(m.Body)
			changed.Body[at] ^= 1
			if _, err := New().ReadAccountNotice(r.call, changed); !errors.Is(err, provider.ErrUnverified) {
				t.Fatalf("byte %d changed: %v", at, err)
			}
		}
	}
	stranger := r.call
	stranger.Trust = []provider.Verifier{platform(1)}
	if _, err := New().ReadAccountNotice(stranger, r.received[0]); !errors.Is(err, provider.ErrUnverified) {
		t.Errorf("without the key: %v", err)
	}
}

// FuzzViolation: a resource that reads names a merchant.
func FuzzViolation(f *testing.F) {
	f.Add(`{"sub_mchid":"1900009231","record_id":"1","punish_plan":"关闭支付权限"}`)
	f.Add(`{"sub_mchid":""}`)
	f.Add(`{"sub_mchid":"1","SUB_MCHID":"2"}`)
	f.Fuzz(func(t *testing.T, plain string) {
		if v, err := wire.ParseViolation([]byte(plain)); err == nil && v.SubMchID == "" {
			t.Fatalf("%q is about nobody", plain)
		}
	})
}
