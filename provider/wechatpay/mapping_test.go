package wechatpay

import (
	"fmt"
	"strings"
	"testing"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// What a code proves when an order is placed, in both spellings where there are two, as the documentation of each says.
func TestMeaningOfStartErrors(t *testing.T) {
	for _, c := range []struct {
		status int
		codes  string
		state  provider.State
		class  provider.Class
	}{
		{400, "PARAM_ERROR INVALID_REQUEST", provider.Failed, provider.ClassInvalid},
		{404, "USER_NOT_EXISTS", provider.Failed, provider.ClassInvalid},
		{403, "NOT_ENOUGH NOTENOUGH USER_ACCOUNT_ABNORMAL TRADE_ERROR AUTH_CODE_EXPIRE AUTHCODEEXPIRE", provider.Failed, provider.ClassDeclined},
		{403, "NO_AUTH NOAUTH ACCOUNT_ERROR ACCOUNTERROR REQUEST_BLOCKED", provider.Failed, provider.ClassClosed},
		{400, "MCH_NOT_EXISTS MCHID_NOT_EXIST", provider.Failed, provider.ClassClosed},
		{404, "MCH_NOT_EXISTS", provider.Failed, provider.ClassClosed},
		{401, "SIGN_ERROR SIGNERROR", provider.Failed, provider.ClassAuth},
		{400, "APPID_MCHID_NOT_MATCH", provider.Failed, provider.ClassAuth},
		{429, "FREQUENCY_LIMITED RATELIMIT_EXCEEDED FREQUENCY_LIMIT_EXCEED", provider.Failed, provider.ClassRateLimited},
		{403, "RULE_LIMIT RULELIMIT", provider.Failed, provider.ClassRateLimited},
		{202, "USERPAYING", provider.Pending, provider.ClassUnknown},
		{400, "ORDER_CLOSED ORDERCLOSED ORDER_REVERSED ORDERREVERSED", provider.Closed, provider.ClassUnknown},
		{400, "ORDERPAID ORDER_PAID", "", provider.ClassUnknown},
		{403, "OUT_TRADE_NO_USED", "", provider.ClassUnknown},
		{500, "SYSTEM_ERROR SYSTEMERROR BANK_ERROR BANKERROR OPENID_MISMATCH INVALID_TRANSACTIONID BIZ_ERR_NEED_RETRY PARAM_ERROR NO_AUTH", "", provider.ClassUnknown},
		{503, "SERVICE_UNAVAILABLE", "", provider.ClassUnknown},
		{404, "NOT_FOUND", "", provider.ClassUnknown},
		{400, "SYSTEM_ERROR SYSTEMERROR BANK_ERROR BANKERROR BIZ_ERR_NEED_RETRY ERROR", "", provider.ClassUnknown}, // API v2 says them with HTTP 200
		{400, "AUTH_CODE_INVALID AUTH_CODE_ERROR NOTSUPORTCARD BUYER_MISMATCH", provider.Failed, provider.ClassDeclined},
		{400, "LACK_PARAMS XML_FORMAT_ERROR REQUIRE_POST_METHOD POST_DATA_EMPTY NOT_UTF8 OPENID_MISMATCH INVALID_TRANSACTIONID", provider.Failed, provider.ClassInvalid},
		{400, "APPID_NOT_EXIST", provider.Failed, provider.ClassAuth},
		{400, "INVALID_REQ_TOO_MUCH", provider.Failed, provider.ClassRateLimited},
		{400, "A_CODE_OF_TOMORROW", "", provider.ClassUnknown},
		{302, "", "", provider.ClassUnknown},
	} {
		for _, code := range strings.Split(c.codes, " ") {
			if m := meaningOf(c.status, wire.ErrorBody{Code: code}); m.start != c.state || m.class != c.class {
				t.Errorf("%d %s: start %q class %q, want %q %q", c.status, code, m.start, m.class, c.state, c.class)
			}
		}
	}
	if m := meaningOf(400, wire.ErrorBody{Code: "INVALID_REQUEST", Message: "订单重入时要求参数值与原请求一致，请确认参数问题"}); m.start != "" || m.class != provider.ClassUnknown {
		t.Errorf("re-entry with other parameters: %+v", m)
	}
}

func TestMeaningOfOtherErrors(t *testing.T) {
	for _, code := range []string{"ORDER_NOT_EXIST", "ORDERNOTEXIST"} {
		if m := meaningOf(404, wire.ErrorBody{Code: code}); m.query != provider.Absent || m.close != provider.CloseAbsent || m.start != "" {
			t.Errorf("%s: %+v", code, m)
		}
	}
	for _, code := range []string{"RESOURCE_NOT_EXISTS", "REFUND_NOT_EXISTS"} {
		if m := meaningOf(404, wire.ErrorBody{Code: code}); m.refundQuery != provider.RefundAbsent || m.query != "" {
			t.Errorf("%s: %+v", code, m)
		}
	}
	for code, m := range errorCodes {
		if m.class == provider.ClassNone {
			t.Errorf("%s has no class", code)
		}
		if m.query != "" && m.query != provider.Absent && m.query != provider.Pending {
			t.Errorf("%s: an unsigned error settles a query as %s", code, m.query)
		}
		if wire.NewSpelling(code) != code {
			t.Errorf("%s stands in its older spelling", code)
		}
		if m.class == provider.ClassRateLimited && m.refund != "" {
			t.Errorf("%s: a refund that may be sent again is %s", code, m.refund)
		}
	}
}

// TestEveryPublishedCodeIsMapped: each code that a page of either protocol lists stands in the table by its meaning; that it may mean "unknown" is written down, too.
func TestEveryPublishedCodeIsMapped(t *testing.T) {
	const published = "USERPAYING PARAM_ERROR INVALID_REQUEST ORDER_CLOSED ORDERCLOSED ORDERPAID ORDER_PAID ORDER_REVERSED ORDERREVERSED APPID_MCHID_NOT_MATCH AUTH_CODE_INVALID " +
		"MCH_NOT_EXISTS NO_STATEMENT_EXIST STATEMENT_CREATING SIGN_ERROR SIGNERROR NO_AUTH NOAUTH NOT_ENOUGH NOTENOUGH OUT_TRADE_NO_USED TRADE_ERROR RULE_LIMIT RULELIMIT " +
		"ACCOUNT_ERROR ACCOUNTERROR AUTH_CODE_EXPIRE AUTHCODEEXPIRE USER_ACCOUNT_ABNORMAL REQUEST_BLOCKED ORDER_NOT_EXIST ORDERNOTEXIST RESOURCE_NOT_EXISTS USER_NOT_EXISTS " +
		"REFUND_NOT_EXISTS REFUNDNOTEXIST NOT_FOUND FREQUENCY_LIMITED RATELIMIT_EXCEEDED FREQUENCY_LIMIT_EXCEED SYSTEM_ERROR SYSTEMERROR BANK_ERROR BANKERROR OPENID_MISMATCH " +
		"INVALID_TRANSACTIONID BIZ_ERR_NEED_RETRY SERVICE_UNAVAILABLE NOTSUPORTCARD AUTH_CODE_ERROR XML_FORMAT_ERROR REQUIRE_POST_METHOD LACK_PARAMS NOT_UTF8 BUYER_MISMATCH " +
		"APPID_NOT_EXIST MCHID_NOT_EXIST POST_DATA_EMPTY TRADE_OVERDUE REVERSE_EXPIRE INVALID_REQ_TOO_MUCH ERROR"
	for _, code := range strings.Split(published, " ") {
		if _, ok := errorCodes[wire.NewSpelling(code)]; !ok {
			t.Errorf("%s is not in the table", code)
		}
	}
	for code, refund := range map[string]provider.RefundState{"TRADE_OVERDUE": provider.RefundFailed, "NOTENOUGH": provider.RefundFailed, "ERROR": "", "BIZ_ERR_NEED_RETRY": "",
		"FREQUENCY_LIMITED": "", "SIGN_ERROR": "", "INVALID_REQ_TOO_MUCH": "", "SYSTEMERROR": ""} {
		if m := meaningOf(400, wire.ErrorBody{Code: code}); m.refund != refund {
			t.Errorf("%s: a refund is %q, want %q", code, m.refund, refund)
		}
	}
	for code, refuse := range map[string]bool{"REVERSE_EXPIRE": true, "INVALID_REQUEST": true, "SYSTEMERROR": false, "TRADE_ERROR": false, "USERPAYING": false} {
		if m := meaningOf(400, wire.ErrorBody{Code: code}); m.refuse != refuse {
			t.Errorf("%s: refused for good is %v", code, m.refuse)
		}
	}
}

func TestStates(t *testing.T) {
	for s, want := range map[string]provider.State{"SUCCESS": provider.Paid, "REFUND": provider.Paid, "NOTPAY": provider.Pending, "CLOSED": provider.Closed, "REVOKED": provider.Closed,
		"USERPAYING": provider.Pending, "PAYERROR": provider.Failed, "ACCEPT": provider.Pending, "success": provider.Pending, "": provider.Pending, "NEW": provider.Pending} {
		if got := tradeState(s); got != want {
			t.Errorf("%q is %s", s, got)
		}
	}
	for s, want := range map[string]provider.RefundState{"SUCCESS": provider.RefundDone, "CLOSED": provider.RefundFailed, "ABNORMAL": provider.RefundStuck,
		"PROCESSING": provider.RefundPending, "": provider.RefundPending, "NEW": provider.RefundPending} {
		if got := refundState(s); got != want {
			t.Errorf("%q is %s", s, got)
		}
	}
}

func TestStartLimits(t *testing.T) {
	r := newRig(t, nil)
	for name, c := range map[string]struct {
		field string
		edit  func(*provider.StartRequest)
	}{
		"long description": {"description", func(s *provider.StartRequest) { s.Description = strings.Repeat("茶", 128) }},
		"no description":   {"description", func(s *provider.StartRequest) { s.Description = "" }},
		"emoji":            {"description", func(s *provider.StartRequest) { s.Description = "茶🍵" }},
		"short number":     {"number", func(s *provider.StartRequest) { s.Attempt.Number = "abc" }},
		"number charset":   {"number", func(s *provider.StartRequest) { s.Attempt.Number = "order@0001" }},
		"currency":         {"currency", func(s *provider.StartRequest) { s.Attempt.Currency = "USD" }},
		"zero":             {"amount", func(s *provider.StartRequest) { s.Attempt.Amount = 0 }},
		"query":            {"notify_url", func(s *provider.StartRequest) { s.NotifyURL += "?a=1" }},
		"question mark":    {"notify_url", func(s *provider.StartRequest) { s.NotifyURL += "?" }},
		"long address":     {"notify_url", func(s *provider.StartRequest) { s.NotifyURL += strings.Repeat("a", 256) }},
		"relative":         {"notify_url", func(s *provider.StartRequest) { s.NotifyURL = "/cb/1" }},
		"product":          {"product", func(s *provider.StartRequest) { s.Attempt.Product = "carrier pigeon" }},
		"no payer":         {"payer_id", func(s *provider.StartRequest) { s.Attempt.Product, s.PayerID = ProductJSAPI, "" }},
		"no openid":        {"payer_id", func(s *provider.StartRequest) { s.Attempt.Product, s.PayerID = ProductMini, "" }},
		"short code":       {"auth_code", func(s *provider.StartRequest) { s.Attempt.Product, s.AuthCode = ProductCode, "13456789012345678" }},
		"alipay's code":    {"auth_code", func(s *provider.StartRequest) { s.Attempt.Product, s.AuthCode = ProductCode, "283456789012345678" }},
		"prefix 16":        {"auth_code", func(s *provider.StartRequest) { s.Attempt.Product, s.AuthCode = ProductCode, "163456789012345678" }},
		"letter":           {"auth_code", func(s *provider.StartRequest) { s.Attempt.Product, s.AuthCode = ProductCode, "13456789012345678a" }},
		"no address":       {"client_ip", func(s *provider.StartRequest) { s.Attempt.Product, s.ClientIP = ProductH5, "" }},
	} {
		req := r.request(ProductNative, "order00001")
		c.edit(&req)
		got := New().Start(ctx, r.call, req)
		if got.State != provider.Failed || got.Class != provider.ClassInvalid || got.Field != c.field || got.Message == "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	r.call.Sandbox = false
	if got := r.start(ProductNative, "order00001"); got.Field != "notify_url" {
		t.Errorf("plain http in live: %+v", got)
	}
	r.call.Sandbox, r.call.Settings[SettingPartner] = true, "yes"
	if got := r.start(ProductNative, "order00001"); got.Field != "sub_merchant" {
		t.Errorf("%+v", got)
	}
	if r.sent != 0 {
		t.Errorf("%d requests were sent", r.sent)
	}
}

func TestDescribe(t *testing.T) {
	d := New().Describe()
	for code := range kinds {
		if p, ok := d.Product(code); !ok || p.MinAmount != 1 || p.NeedsPayer != (code == ProductJSAPI || code == ProductMini) || (p.Bridge != nil) != (code == ProductJSAPI) {
			t.Errorf("%s: %+v", code, p)
		}
	}
	if len(d.Products) != len(kinds) {
		t.Errorf("%d products", len(d.Products))
	}
	names := map[string]bool{}
	for _, k := range d.Keys {
		names[k.Name] = true
	}
	for _, k := range d.Keys {
		if k.IDField != "" && !names[k.IDField] {
			t.Errorf("%s: no key field %s", k.Name, k.IDField)
		}
	}
	if got := fmt.Sprint(setting(provider.Call{}, SettingBaseURL), setting(provider.Call{}, "nothing")); got != "https://api.mch.weixin.qq.com" {
		t.Errorf("defaults: %s", got)
	}
}

// FuzzMeaning: whatever an unsigned error says, it proves no payment, and only codes of the table fail anything.
func FuzzMeaning(f *testing.F) {
	f.Add(400, "PARAM_ERROR", "x")
	f.Add(500, "SYSTEM_ERROR", "")
	f.Add(404, "", "<html>")
	f.Fuzz(func(t *testing.T, status int, code, message string) {
		m := meaningOf(status, wire.ErrorBody{Code: code, Message: message})
		if m.start == provider.Paid || m.query == provider.Paid || m.refund == provider.RefundDone || m.refundQuery == provider.RefundDone {
			t.Fatalf("%d %s proves money", status, code)
		}
		if _, known := errorCodes[wire.NewSpelling(code)]; (!known || status >= 500) && (m.start != "" || m.query != "" || m.close != "" || m.refund != "" || m.refundQuery != "") {
			t.Fatalf("%d %s proves something: %+v", status, code, m)
		}
	})
}
