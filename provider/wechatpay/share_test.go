package wechatpay

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var friend = provider.ShareReceiver{Kind: wire.ReceiverMerchant, Account: "1900000119", Name: "烧饼师傅合作社"}

// shareable is a paid order whose money may be shared.
func (r *rig) shareable(number string) provider.Money {
	r.t.Helper()
	start := r.request(ProductNative, number)
	start.ProfitSharing = true
	if got := New().Start(ctx, r.call, start); got.State != provider.Pending {
		r.t.Fatalf("%+v", got)
	}
	r.press(number, "approve")
	return *r.query(number).Money
}

func (r *rig) portion(order, txn, number string, fen int64) provider.ShareRequest {
	return provider.ShareRequest{Attempt: attempt(ProductNative, order), TxnNo: txn, Number: number, Parts: []provider.SharePart{{Receiver: friend, Amount: fen, Text: "分给师傅"}}}
}

// TestNamesTravelEncrypted, under the key that the request names: the public key where there is one, else the newest certificate.
func TestNamesTravelEncrypted(t *testing.T) {
	r := newRig(t, nil)
	serial := ""
	r.edit = func(req *http.Request, _ *httptest.ResponseRecorder) { serial = req.Header.Get(wire.HeaderSerial) }
	got := New().AddReceiver(ctx, r.call, friend)
	if got.State != provider.ShareDone || strings.Contains(got.Exchange.Request, friend.Name) || serial != platform(0).id {
		t.Errorf("%+v under %s", got, serial)
	}
	r.call.Keys[0].Handles[KeyPlatformPublic] = publicKey()
	if got := New().AddReceiver(ctx, r.call, friend); got.State != provider.ShareDone || serial != testPubID {
		t.Errorf("public-key mode: %+v under %s", got, serial)
	}
	delete(r.call.Keys[0].Handles, KeyPlatformPublic)
	r.call.Trust = nil
	sent := r.sent
	if got := New().AddReceiver(ctx, r.call, friend); got.State != provider.ShareFailed || r.sent != sent {
		t.Errorf("without a key the name would travel in the clear: %+v", got)
	}
}

// TestSharesAndTheirBill: processing, then done; the flow of funds has the share as one.
func TestSharesAndTheirBill(t *testing.T) {
	r := newRig(t, nil)
	m := r.shareable("order00001")
	New().AddReceiver(ctx, r.call, friend)
	request := r.portion("order00001", m.TxnNo, "share00001", 1000)
	if got := New().Share(ctx, r.call, request); got.State != provider.SharePending || len(got.Parts) != 0 {
		t.Fatalf("%+v", got)
	}
	r.run(2 * time.Second)
	if got := New().QueryShare(ctx, r.call, request); got.State != provider.ShareDone || len(got.Parts) != 1 || got.Parts[0].Receiver.Account != friend.Account {
		t.Errorf("%+v", got)
	}
	if got := New().Share(ctx, r.call, r.portion("order00001", m.TxnNo, "share00002", 2000)); got.State != provider.ShareFailed || got.Code != wire.CodeRuleLimit {
		t.Errorf("more than WeChat's share of an order: %+v", got)
	}
	r.clock.Advance(36 * time.Hour)
	_, file := r.fetch(wire.BillFundFlow, epoch)
	lines, _, err := readAll(wire.BillFundFlow, "", file)
	if err != nil || lines[len(lines)-1].Kind != provider.LineShare || lines[len(lines)-1].Amount != -1000 ||
		lines[len(lines)-1].ShareNumber != request.Number || lines[len(lines)-1].TxnNo != "" {
		t.Errorf("%v %+v", err, lines)
	}
}

// TestShareAnswers: what a receiver did not get fails the share with its reason; an answer about another share is not believed.
func TestShareAnswers(t *testing.T) {
	r := newRig(t, nil)
	m := r.shareable("order00001")
	New().AddReceiver(ctx, r.call, friend)
	request := r.portion("order00001", m.TxnNo, "share00001", 1000)
	New().Share(ctx, r.call, request)
	r.run(2 * time.Second)
	from, to := "", ""
	r.edit = func(_ *http.Request, rec *httptest.ResponseRecorder) {
		resigned(t, rec, func(b []byte) []byte { return []byte(strings.Replace(string(b), from, to, 1)) })
	}
	for name, c := range map[string]struct {
		from, to string
		want     provider.ShareState
	}{
		"closed":      {`"result":"SUCCESS"`, `"result":"CLOSED","fail_reason":"ACCOUNT_ABNORMAL"`, provider.ShareFailed},
		"pending":     {`"result":"SUCCESS"`, `"result":"PENDING"`, provider.SharePending},
		"new word":    {`"state":"FINISHED"`, `"state":"THINKING"`, provider.SharePending},
		"other share": {`"out_order_no":"share00001"`, `"out_order_no":"share00009"`, provider.ShareUnknown},
		"other money": {m.TxnNo, "4200009999", provider.ShareUnknown},
	} {
		from, to = c.from, c.to
		if got := New().QueryShare(ctx, r.call, request); got.State != c.want || c.want == provider.ShareFailed && got.Message != "ACCOUNT_ABNORMAL" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestShareLimits: what cannot be is refused before a byte leaves, naming the field.
func TestShareLimits(t *testing.T) {
	r := newRig(t, nil)
	for field, spoil := range map[string]func(*provider.ShareRequest){
		"txn_no": func(s *provider.ShareRequest) { s.TxnNo = "" },
		"number": func(s *provider.ShareRequest) { s.Number = "a b" },
		"parts":  func(s *provider.ShareRequest) { s.Parts = make([]provider.SharePart, 51) },
		"amount": func(s *provider.ShareRequest) { s.Parts[0].Amount = 0 },
		"text":   func(s *provider.ShareRequest) { s.Parts[0].Text = strings.Repeat("茶", 81) },
	} {
		request := r.portion("order00001", "4200001", "share00001", 100)
		spoil(&request)
		if got := New().Share(ctx, r.call, request); got.State != provider.ShareFailed || got.Field != field || got.Class != provider.ClassInvalid {
			t.Errorf("%s: %+v", field, got)
		}
	}
	for _, bad := range []provider.ShareReceiver{{Kind: "NOBODY", Account: "1", Name: "x"}, {Kind: wire.ReceiverOpenID}, {Kind: wire.ReceiverMerchant, Account: "1900000119"}} {
		if got := New().AddReceiver(ctx, r.call, bad); got.State != provider.ShareFailed || got.Field != "receiver" {
			t.Errorf("%+v: %+v", bad, got)
		}
	}
	if r.sent != 0 {
		t.Errorf("%d requests were sent", r.sent)
	}
}
