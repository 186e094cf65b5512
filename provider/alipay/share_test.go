package alipay

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
)

// TestShares: only who was bound receives, once, at most what is left; the freeze is asked for at ordering and undone at the end.
func TestShares(t *testing.T) {
	w := newWorld(t)
	o := w.order(Native, 10000)
	o.ProfitSharing = true
	r := w.c.Start(t.Context(), w.call, o)
	if r.State != provider.Pending || !strings.Contains(r.Exchange.Request, "royalty_freeze") {
		t.Fatalf("%+v", r)
	}
	request := provider.ShareRequest{Attempt: o.Attempt, Number: "s1", TxnNo: "1", Parts: []provider.SharePart{{Receiver: provider.ShareReceiver{Kind: "userId", Account: "2088000000000077"}, Amount: 3000}}}
	w.press(o.Attempt.Number, "approve")
	request.TxnNo = w.query(o.Attempt).Money.TxnNo
	share := func(change func(*provider.ShareRequest)) provider.ShareResult {
		r := request
		change(&r)
		return w.c.Share(t.Context(), w.call, r)
	}
	same := func(*provider.ShareRequest) {}
	if got := share(same); got.State != provider.ShareFailed || got.Code != "ACQ.ROYALTY_RECEIVER_INVALID" {
		t.Errorf("nobody bound this receiver: %+v", got)
	}
	for kind, want := range map[string]provider.ShareState{"userId": provider.ShareDone, "loginName": provider.ShareFailed, "cardAliasNo": provider.ShareFailed} {
		if got := w.c.AddReceiver(t.Context(), w.call, provider.ShareReceiver{Kind: kind, Account: "2088000000000077"}); got.State != want {
			t.Errorf("bind %s: %+v", kind, got)
		}
	}
	w.fault("share", "drop_response")
	if got := share(same); got.State != provider.ShareUnknown {
		t.Errorf("no answer: %+v", got)
	}
	if got := share(same); got.State != provider.ShareDone {
		t.Errorf("sent again: %+v", got)
	}
	if got := share(func(r *provider.ShareRequest) {
		r.Parts = []provider.SharePart{{Receiver: r.Parts[0].Receiver, Amount: 1}}
	}); got.State != provider.ShareUnknown || got.Class != provider.ClassBug {
		t.Errorf("the number with another amount: %+v", got)
	}
	if got := share(func(r *provider.ShareRequest) { r.Number = "s2"; r.Parts[0].Amount = 6940 }); got.State != provider.ShareDone {
		t.Errorf("the rest, after the fee of 0.60: %+v", got)
	}
	if got := share(func(r *provider.ShareRequest) { r.Number = "s3"; r.Parts[0].Amount = 1 }); got.State != provider.ShareFailed || got.Code != "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR" {
		t.Errorf("more than there is: %+v", got)
	}
	for field, spoil := range map[string]func(*provider.ShareRequest){
		"txn_no": func(r *provider.ShareRequest) { r.TxnNo = "" }, "parts": func(r *provider.ShareRequest) { r.Parts = nil }, "number": func(r *provider.ShareRequest) { r.Number = "" },
		"amount":   func(r *provider.ShareRequest) { r.Parts = []provider.SharePart{{Receiver: r.Parts[0].Receiver}} },
		"receiver": func(r *provider.ShareRequest) { r.Parts = []provider.SharePart{{Amount: 1}} },
	} {
		if got := share(spoil); got.State != provider.ShareFailed || got.Field != field {
			t.Errorf("%s: %+v", field, got)
		}
	}
	last := provider.ShareRequest{Attempt: o.Attempt, TxnNo: request.TxnNo, Number: "s9"}
	if got := w.c.Unfreeze(t.Context(), w.call, last); got.State != provider.ShareDone {
		t.Errorf("unfreeze: %+v", got)
	}
	if got := share(func(r *provider.ShareRequest) { r.Number = "s4" }); got.State != provider.ShareFailed || got.Code != "ACQ.ALREADY_FINISH_ALLOC" {
		t.Errorf("after the end: %+v", got)
	}
	w.billed(o.Attempt, request.TxnNo, -9940)
}

// billed says that the account bill of an attempt's day tells what was shared of it, in fen.
func (w *world) billed(a postern.Attempt, txnNo string, want int64) {
	t := w.t
	w.clock.Advance(36 * time.Hour)
	var file bytes.Buffer
	if f := w.c.FetchStatement(t.Context(), w.call, "signcustomer", a.CreatedAt, &file); f.State != provider.FetchDone {
		t.Fatalf("%+v", f)
	}
	given := int64(0)
	if _, err := w.c.ReadStatement("signcustomer", testSeller, provider.StatementFile{ReaderAt: bytes.NewReader(file.Bytes()), Size: int64(file.Len())}, func(l provider.StatementLine) error {
		if l.Kind == provider.LineShare && l.TxnNo == txnNo {
			given += l.Amount
		}
		return nil
	}); err != nil || given != want {
		t.Errorf("the bill says that %d fen were shared: %v", given, err)
	}
}

func TestUnbelievableShareAnswers(t *testing.T) {
	w := newWorld(t)
	request := provider.ShareRequest{Attempt: postern.Attempt{}, Number: "s1", TxnNo: "1", Parts: []provider.SharePart{{Receiver: provider.ShareReceiver{Kind: "userId", Account: "2088000000000077"}, Amount: 3000}}}
	for name, tt := range map[string]struct {
		answer       func(string) (int, []byte)
		share, query provider.ShareState
	}{
		"another trade":    {says("code", "10000", "trade_no", "2", "settle_no", "1", "out_request_no", "s2"), provider.ShareUnknown, provider.ShareUnknown},
		"nothing":          {says("code", "10000"), provider.ShareUnknown, provider.ShareAbsent},
		"done":             {says("code", "10000", "trade_no", "1", "settle_no", "1"), provider.ShareDone, provider.ShareAbsent},
		"system error":     {says("code", "40004", "sub_code", "ACQ.SYSTEM_ERROR"), provider.ShareUnknown, provider.ShareUnknown},
		"new code":         {says("code", "40004", "sub_code", "ACQ.BRAND_NEW"), provider.ShareUnknown, provider.ShareUnknown},
		"no balance":       {says("code", "40004", "sub_code", "ACQ.TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH"), provider.ShareFailed, provider.ShareUnknown},
		"used number":      {says("code", "40004", "sub_code", "ACQ.DUP_OUT_REQUEST_NO"), provider.ShareUnknown, provider.ShareUnknown},
		"too often":        {says("code", "40004", "sub_code", "ACQ.FREQUENCY_LIMITED"), provider.ShareAbsent, provider.ShareUnknown},
		"not permitted":    {says("code", "40006", "sub_code", "isv.insufficient-isv-permissions"), provider.ShareFailed, provider.ShareUnknown},
		"our keys":         {says("code", "40002", "sub_code", "isv.invalid-signature"), provider.ShareAbsent, provider.ShareUnknown},
		"details no list":  {says("code", "10000", "out_request_no", "s1", "royalty_detail_list", "x"), provider.ShareUnknown, provider.ShareUnknown},
		"other's question": {says("code", "40004", "sub_code", "MERCHANT_TRADE_NOT_MATCH"), provider.ShareFailed, provider.ShareUnknown},
	} {
		call := w.gateway(tt.answer)
		if got := w.c.Share(t.Context(), call, request); got.State != tt.share {
			t.Errorf("share, %s: %+v", name, got)
		}
		if got := w.c.QueryShare(t.Context(), call, request); got.State != tt.query {
			t.Errorf("query, %s: %+v", name, got)
		}
	}
}
