package alipay

import (
	"net/http"
	"strings"
	"testing"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// TestUnbelievableAnswers checks answers that no honest gateway gives, and some that it does: nothing but a verified word about this very order counts.
func TestUnbelievableAnswers(t *testing.T) {
	w := newWorld(t)
	o := w.order(Native, 100)
	no := o.Attempt.Number
	for name, tt := range map[string]struct {
		answer func(string) (int, []byte)
		start  provider.State
		query  provider.State
	}{
		"other order":        {says("code", "10000", "out_trade_no", "other", "qr_code", "https://x", "trade_status", "TRADE_SUCCESS", "trade_no", "1", "total_amount", "1.00"), provider.Unknown, provider.Unknown},
		"no order":           {says("code", "10000", "qr_code", "https://x", "trade_status", "TRADE_SUCCESS", "trade_no", "1", "total_amount", "1.00"), provider.Unknown, provider.Unknown},
		"paid for nothing":   {says("code", "10000", "out_trade_no", no, "trade_status", "TRADE_SUCCESS", "trade_no", "1"), provider.Unknown, provider.Unknown},
		"paid with nothing":  {says("code", "10000", "out_trade_no", no, "trade_status", "TRADE_SUCCESS", "total_amount", "1.00"), provider.Unknown, provider.Unknown},
		"odd amount":         {says("code", "10000", "out_trade_no", no, "trade_status", "TRADE_SUCCESS", "trade_no", "1", "total_amount", "1e2"), provider.Unknown, provider.Unknown},
		"new status":         {says("code", "10000", "out_trade_no", no, "trade_status", "TRADE_ON_THE_MOON"), provider.Unknown, provider.Pending},
		"finished":           {says("code", "10000", "out_trade_no", no, "trade_status", "TRADE_FINISHED", "trade_no", "1", "total_amount", "1.00"), provider.Unknown, provider.Paid},
		"new sub_code":       {says("code", "40004", "sub_code", "ACQ.BRAND_NEW"), provider.Unknown, provider.Unknown},
		"new code":           {says("code", "50000"), provider.Unknown, provider.Unknown},
		"unknown wins":       {says("code", "20000", "sub_code", "isv.invalid-signature"), provider.Unknown, provider.Unknown},
		"double prefix":      {says("code", "20000", "sub_code", "aop.ACQ.SYSTEM_ERROR"), provider.Unknown, provider.Unknown},
		"limited":            {says("code", "40005", "sub_code", "isv.new-limit"), provider.Failed, provider.Unknown},
		"sub_code besides":   {says("code", "10000", "sub_code", "ACQ.SYSTEM_ERROR", "out_trade_no", no, "trade_status", "TRADE_SUCCESS"), provider.Unknown, provider.Unknown},
		"has success":        {says("code", "40004", "sub_code", "ACQ.TRADE_HAS_SUCCESS"), provider.Unknown, provider.Unknown},
		"has close":          {says("code", "40004", "sub_code", "ACQ.TRADE_HAS_CLOSE"), provider.Closed, provider.Unknown},
		"inconsistent":       {says("code", "40004", "sub_code", "ACQ.CONTEXT_INCONSISTENT"), provider.Unknown, provider.Unknown},
		"code refused":       {says("code", "40004", "sub_code", "ACQ.APPLY_PC_MERCHANT_CODE_ERROR"), provider.Unknown, provider.Unknown},
		"blocked":            {says("code", "40004", "sub_code", "ACQ.SELLER_BEEN_BLOCKED"), provider.Failed, provider.Unknown},
		"unsigned":           {raw(200, `{"alipay_trade_precreate_response":{"code":"40002","sub_code":"isv.invalid-app-id"}}`), provider.Unknown, provider.Unknown},
		"empty":              {raw(200, ``), provider.Unknown, provider.Unknown},
		"html":               {raw(200, `<html>maintenance</html>`), provider.Unknown, provider.Unknown},
		"not found":          {raw(404, ``), provider.Unknown, provider.Unknown},
		"redirect to itself": {raw(302, ``), provider.Unknown, provider.Unknown},
		"huge":               {raw(200, strings.Repeat(" ", wire.MaxResponse+1)), provider.Unknown, provider.Unknown},
		"twice":              {twice, provider.Unknown, provider.Unknown},
	} {
		call := w.gateway(tt.answer)
		if r := w.c.Start(t.Context(), call, o); r.State != tt.start || r.Money != nil {
			t.Errorf("start, %s: %+v", name, r)
		}
		if q := w.c.Query(t.Context(), call, o.Attempt); q.State != tt.query {
			t.Errorf("query, %s: %+v", name, q)
		}
	}
}

func raw(status int, body string) func(string) (int, []byte) {
	return func(string) (int, []byte) { return status, []byte(body) }
}

// twice signs an object that names one field twice: two parsers would read two answers.
func twice(method string) (int, []byte) {
	body, err := wire.Seal(method, []byte(`{"code":"10000","out_trade_no":"a","trade_status":"WAIT_BUYER_PAY","trade_status":"TRADE_SUCCESS"}`), false, wire.SignWith(keys()[0], wire.SignTypeRSA2))
	if err != nil {
		panic(err)
	}
	return http.StatusOK, body
}

func TestUnbelievableRefundAnswers(t *testing.T) {
	w := newWorld(t)
	a := w.order(Native, 100).Attempt
	r := provider.RefundRequest{Attempt: a, Total: 100, TxnNo: "t1", Refund: postern.Refund{Number: "r1", Amount: 100, Currency: "CNY"}}
	for name, tt := range map[string]struct {
		answer func(string) (int, []byte)
		refund provider.RefundState
		query  provider.RefundState
	}{
		"other trade":  {says("code", "10000", "out_trade_no", a.Number, "trade_no", "t2", "fund_change", "Y", "out_request_no", "r1", "refund_status", "REFUND_SUCCESS", "refund_amount", "1.00"), provider.RefundUnknown, provider.RefundUnknown},
		"other order":  {says("code", "10000", "out_trade_no", "x", "trade_no", "t1", "fund_change", "Y", "out_request_no", "r1", "refund_status", "REFUND_SUCCESS", "refund_amount", "1.00"), provider.RefundUnknown, provider.RefundUnknown},
		"other refund": {says("code", "10000", "out_trade_no", a.Number, "trade_no", "t1", "out_request_no", "r2", "refund_status", "REFUND_SUCCESS", "refund_amount", "1.00"), provider.RefundPending, provider.RefundUnknown},
		"no change":    {says("code", "10000", "out_trade_no", a.Number, "trade_no", "t1", "fund_change", "N"), provider.RefundPending, provider.RefundAbsent},
		"new status":   {says("code", "10000", "out_trade_no", a.Number, "trade_no", "t1", "out_request_no", "r1", "refund_status", "REFUND_WAITING"), provider.RefundPending, provider.RefundPending},
		"no amount":    {says("code", "10000", "out_trade_no", a.Number, "trade_no", "t1", "out_request_no", "r1", "refund_status", "REFUND_SUCCESS"), provider.RefundPending, provider.RefundPending},
		"new sub_code": {says("code", "40004", "sub_code", "ACQ.BRAND_NEW"), provider.RefundUnknown, provider.RefundUnknown},
		"bare code":    {says("code", "40004", "sub_code", "TRADE_NOT_EXIST"), provider.RefundFailed, provider.RefundAbsent},
		"finished":     {says("code", "40004", "sub_code", "ACQ.TRADE_HAS_FINISHED"), provider.RefundFailed, provider.RefundUnknown},
		"cancel typo":  {says("code", "40004", "sub_code", "AQC.SYSTEM_ERROR"), provider.RefundUnknown, provider.RefundUnknown},
	} {
		call := w.gateway(tt.answer)
		if out := w.c.Refund(t.Context(), call, r); out.State != tt.refund {
			t.Errorf("refund, %s: %+v", name, out)
		}
		if out := w.c.QueryRefund(t.Context(), call, r); out.State != tt.query {
			t.Errorf("refund query, %s: %+v", name, out)
		}
	}
}

// TestCodesNeverProveTooMuch guards the table: a code that says nothing about money must not be in it.
func TestCodesNeverProveTooMuch(t *testing.T) {
	for _, sub := range []string{
		"ACQ.SYSTEM_ERROR", "AQC.SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error", "aop.unknow-error", "ACQ.TRADE_HAS_SUCCESS", "ACQ.CONTEXT_INCONSISTENT",
		"ACQ.APPLY_PC_MERCHANT_CODE_ERROR", "ACQ.TRADE_BUYER_NOT_MATCH", "", "ACQ.NEVER_SEEN",
	} {
		if c := classOf(wire.CodeBusiness, sub); c != provider.ClassUnknown {
			t.Errorf("%q is %s", sub, c)
		}
	}
	for sub, want := range map[string]provider.Class{
		"ACQ.SELLER_BEEN_BLOCKED": provider.ClassClosed, "isv.insufficient-isv-permissions": provider.ClassClosed, "ACQ.ACCESS_FORBIDDEN": provider.ClassClosed,
		"ACQ.MERCHANT_STATUS_NOT_NORMAL": provider.ClassClosed, "isv.invalid-signature": provider.ClassAuth, "invalid-signature": provider.ClassAuth,
		"ACQ.BUYER_ENABLE_STATUS_FORBID": provider.ClassDeclined, "ACQ.TOTAL_FEE_EXCEED": provider.ClassInvalid, "isv.app-call-limited": provider.ClassRateLimited,
	} {
		if c := classOf(wire.CodeBusiness, sub); c != want {
			t.Errorf("%s is %s, want %s", sub, c, want)
		}
		if c := classOf(wire.CodeUnknown, sub); c != provider.ClassUnknown {
			t.Errorf("%s under 20000 is %s", sub, c)
		}
	}
}
