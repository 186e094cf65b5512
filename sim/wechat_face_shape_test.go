package sim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider/wechatpay/wire"
)

// wxRefusal is an error as API v3 shapes it.
type wxRefusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Detail  struct {
		Field    string `json:"field"`
		Issue    string `json:"issue"`
		Location string `json:"location"`
	} `json:"detail"`
}

// refused sends a request that must be refused, unsigned, with a code, a message and, for a field, its pointer.
func (s *wechatShop) refused(t testing.TB, what, method, target, body string, status int, code, field string) {
	t.Helper()
	got, text := s.ask(t, method, target, body)
	var e wxRefusal
	if err := json.Unmarshal([]byte(text), &e); err != nil || got != status || e.Code != code || e.Message == "" {
		t.Errorf("%s: HTTP %d %s, want %d %s", what, got, text, status, code)
		return
	}
	if e.Detail.Field != field || field != "" && (e.Detail.Location == "" || e.Detail.Issue == "") {
		t.Errorf("%s: the detail is %+v, want %s", what, e.Detail, field)
	}
}

// TestFacadeShapesOfBrokenOrders: every part of an order or a refund left out, of another type, too long or not to be told apart is PARAM_ERROR with the pointer of what is wrong;
// nothing of it is kept, and the right order goes through afterwards.
//
// Red without: the pointer of a wrong type (TypeError, jsonPath), store_info in checkFaceProduct.
func TestFacadeShapesOfBrokenOrders(t *testing.T) {
	t.Parallel()
	s := newWechatShop(t)
	const base, param = "/v3/pay/transactions/", wire.CodeParamError
	more := map[string]string{
		"native": "", "h5": `,"scene_info":{"payer_client_ip":"203.0.113.7","h5_info":{"type":"Wap"}}`, "jsapi": `,"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}`,
		"codepay": `,"payer":{"auth_code":"130061098828009406"},"scene_info":{"device_ip":"127.0.0.1","store_info":{"out_id":"A1"}}`,
	}
	body := func(kind string) string {
		return strings.TrimSuffix(s.nativeBody("shape_0001", 100), "}") + more[kind] + "}"
	}
	for _, c := range []struct{ kind, find, put, field string }{
		{"native", `"appid":"` + wxApp + `",`, ``, "/appid"}, {"native", `"mchid":"` + s.account.Number + `",`, ``, "/mchid"}, {"native", `"description":"烧饼 <500g>",`, ``, "/description"},
		{"native", `"out_trade_no":"shape_0001",`, ``, "/out_trade_no"}, {"native", `"notify_url":"` + wxShopAddr + `",`, ``, "/notify_url"},
		{"native", `,"amount":{"total":100,"currency":"CNY"}`, ``, "/amount/total"}, {"native", `"total":100,`, ``, "/amount/total"}, {"native", `"total":100`, `"total":0`, "/amount/total"},
		{"native", `"total":100`, `"total":-1`, "/amount/total"}, {"native", `"total":100`, `"total":"100"`, "/amount/total"}, {"native", `"total":100`, `"total":1.5`, "/amount/total"},
		{"native", `"total":100`, `"total":1e30`, "/amount/total"}, {"native", `"CNY"`, `"USD"`, "/amount/currency"}, {"native", `{"total":100,"currency":"CNY"}`, `100`, "/amount"},
		{"native", `"烧饼 <500g>"`, `5`, "/description"}, {"native", `"烧饼 <500g>"`, `"` + strings.Repeat("饼", 128) + `"`, "/description"}, {"native", `"桌 7"`, `"` + strings.Repeat("桌", 129) + `"`, "/attach"},
		{"native", `shape_0001`, `short`, "/out_trade_no"}, {"native", `shape_0001`, strings.Repeat("a", 33), "/out_trade_no"}, {"native", `shape_0001`, `shape 0001`, "/out_trade_no"},
		{"native", wxShopAddr, "nowhere", "/notify_url"}, {"native", wxShopAddr, wxShopAddr + "?a=1", "/notify_url"}, {"native", wxShopAddr, wxShopAddr + strings.Repeat("a", 256), "/notify_url"},
		{"native", wxApp, strings.Repeat("w", 33), "/appid"}, {"native", `"attach"`, `"time_expire":"tomorrow","attach"`, "/time_expire"}, {"native", `烧饼`, `🥮`, ""},
		{"native", `"attach":`, `"Description":"two names","attach":`, ""}, {"native", `"attach":"桌 7"`, `"scene_info":{}`, "/scene_info/payer_client_ip"},
		{"native", `"attach":"桌 7"`, `"detail":{"goods_detail":[{"quantity":0}]}`, "/detail/goods_detail"},
		{"h5", more["h5"], ``, "/scene_info/h5_info"}, {"h5", `"payer_client_ip":"203.0.113.7",`, ``, "/scene_info/payer_client_ip"}, {"h5", `"Wap"`, `"Toaster"`, "/scene_info/h5_info/type"},
		{"jsapi", more["jsapi"], ``, "/payer/openid"}, {"jsapi", `{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}`, `"o1"`, "/payer"},
		{"codepay", `"payer":{"auth_code":"130061098828009406"},`, ``, "/payer/auth_code"}, {"codepay", `130061098828009406`, `13006109882800`, "/payer/auth_code"},
		{"codepay", `,"store_info":{"out_id":"A1"}`, ``, "/scene_info/store_info"},
	} {
		whole := body(c.kind)
		if !strings.Contains(whole, c.find) {
			t.Fatalf("%s has no %s", whole, c.find)
		}
		s.refused(t, c.kind+" "+c.find+" as "+c.put[:min(len(c.put), 40)], http.MethodPost, base+c.kind, strings.Replace(whole, c.find, c.put, 1), http.StatusBadRequest, param, c.field)
	}
	for _, whole := range []string{"", "null", "[]", "1", `"a"`, "{", body("native") + "{}", "appid=wx"} {
		s.refused(t, "the body "+whole[:min(len(whole), 20)], http.MethodPost, base+"native", whole, http.StatusBadRequest, param, "")
	}
	s.native(t, "shape_0001", 100)
	refund := `{"out_trade_no":"shape_0001","out_refund_no":"shape_r1","reason":"不要了","notify_url":"` + wxShopAddr + `","amount":{"refund":30,"total":100,"currency":"CNY"}}`
	for _, c := range []struct{ find, put, field string }{
		{`"out_trade_no":"shape_0001",`, ``, "/transaction_id"}, {`"out_refund_no":"shape_r1",`, ``, "/out_refund_no"}, {`shape_r1`, strings.Repeat("r", 65), "/out_refund_no"}, {`shape_r1`, `shape r1`, "/out_refund_no"},
		{`不要了`, strings.Repeat("不", 81), "/reason"}, {`"refund":30,`, ``, "/amount/refund"}, {`"refund":30`, `"refund":"30"`, "/amount/refund"}, {`"total":100,`, ``, "/amount/total"},
		{`,"currency":"CNY"`, ``, "/amount/currency"}, {wxShopAddr, wxShopAddr + "?a", "/notify_url"},
	} {
		s.refused(t, "refund "+c.find+" as "+c.put[:min(len(c.put), 40)], http.MethodPost, wire.PathRefunds, strings.Replace(refund, c.find, c.put, 1), http.StatusBadRequest, param, c.field)
	}
	s.refused(t, "a refund of an unpaid order", http.MethodPost, wire.PathRefunds, refund, http.StatusBadRequest, wire.CodeInvalidRequest, "")
}

// TestFacadeShapesOfStrangers: whose request it is, where it goes and how it comes. Errors are never signed; a nonce that comes twice is served twice, because nothing WeChat publishes
// says otherwise and orders are re-entrant.
//
// Its table stands beside authenticateFace, case by case.
func TestFacadeShapesOfStrangers(t *testing.T) {
	t.Parallel()
	s := newWechatShop(t)
	const native = "/v3/pay/transactions/native"
	post, get := http.MethodPost, http.MethodGet
	order := s.nativeBody("shape_0002", 100)
	s.refused(t, "another mchid", post, native, strings.Replace(order, s.account.Number, "1900000001", 1), 400, wire.CodeParamError, "")
	s.refused(t, "another appid", post, native, strings.Replace(order, wxApp, "wx0000000000000000", 1), 400, wire.CodeAppIDMchIDNotMatch, "")
	s.refused(t, "a query without mchid", get, "/v3/pay/transactions/out-trade-no/shape_0002", "", 400, wire.CodeParamError, "/mchid")
	s.refused(t, "a query with another mchid", get, "/v3/pay/transactions/out-trade-no/shape_0002?mchid=1900000001", "", 400, wire.CodeParamError, "")
	s.refused(t, "an unknown order", get, s.queryTarget("shape_0009"), "", 404, wire.CodeOrderNotExist, "")
	s.refused(t, "an unknown transaction", get, "/v3/pay/transactions/id/4200000000202611220000000000?mchid="+s.account.Number, "", 404, wire.CodeOrderNotExist, "")
	s.refused(t, "an unknown refund", get, wire.PathRefunds+"/shape_r9", "", 404, wire.CodeResourceNotExists, "")
	for what, target := range map[string]string{"a path that nobody has": "/v3/nothing/here", "a partner's": "/v3/pay/partner/transactions/native", "profit sharing": "/v3/profitsharing/orders", "combined": "/v3/combine-transactions/native", "the path and more": native + "/more", "with a slash": native + "/"} {
		s.refused(t, what, post, target, order, 403, wire.CodeNoAuth, "")
	}
	for _, method := range []string{get, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		s.refused(t, method+" to an order's path", method, native, "", 403, wire.CodeNoAuth, "")
	}
	s.refused(t, "a huge body", post, native, order+strings.Repeat(" ", 64<<10), 413, wire.CodeParamError, "")
	for name, c := range map[string]struct {
		change func(r *http.Request)
		status int
		code   string
	}{
		"no Accept":                 {func(r *http.Request) { r.Header.Del("Accept") }, 400, wire.CodeParamError},
		"no User-Agent":             {func(r *http.Request) { r.Header.Set("User-Agent", "") }, 400, wire.CodeParamError},
		"Accept: text/html":         {func(r *http.Request) { r.Header.Set("Accept", "text/html") }, 406, wire.CodeParamError},
		"a form":                    {func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415, wire.CodeParamError},
		"no Authorization":          {func(r *http.Request) { r.Header.Del("Authorization") }, 401, wire.CodeSignError},
		"another scheme":            {func(r *http.Request) { wxAuth(r, wire.Scheme, "WECHATPAY2-SM2-WITH-SM3") }, 401, wire.CodeSignError},
		"another merchant number":   {func(r *http.Request) { wxAuth(r, s.account.Number, "1900000001") }, 401, wire.CodeSignError},
		"another serial number":     {func(r *http.Request) { wxAuth(r, s.serial, strings.Repeat("A", 40)) }, 401, wire.CodeSignError},
		"another method was signed": {func(r *http.Request) { r.Method = http.MethodPut }, 401, wire.CodeSignError},
		"another path was signed":   {func(r *http.Request) { r.URL.Path = "/v3/pay/transactions/h5" }, 401, wire.CodeSignError},
	} {
		r := s.request(t, post, native, order)
		c.change(r)
		status, h, text := s.raw(t, r)
		s.wantSigned(t, status, h, text)
		var e wxRefusal
		if err := json.Unmarshal([]byte(text), &e); err != nil || status != c.status || e.Code != c.code {
			t.Errorf("%s: HTTP %d %s", name, status, text)
		}
		if c.status == http.StatusUnauthorized && (e.Detail.Field != "signature" || e.Detail.Location != "authorization" || !strings.Contains(text, `"sign_information":{"method":`)) {
			t.Errorf("%s: the detail is %s", name, text)
		}
	}
	stale := s.request(t, post, native, order)
	s.w.Clock.Advance(10 * time.Minute) // the window to both sides is TestFacadeClockWindow's
	if status, _, text := s.raw(t, stale); status != http.StatusUnauthorized || !strings.Contains(text, "SIGN_ERROR") {
		t.Errorf("ten minutes late: HTTP %d %s", status, text)
	}
	once := s.request(t, post, native, order)
	header := once.Header.Clone()
	for i := range 2 {
		r := s.request(t, post, native, order)
		r.Header = header.Clone()
		if status, h, text := s.raw(t, r); status != http.StatusOK {
			t.Errorf("the nonce for the %d. time: HTTP %d %s", i+1, status, text)
		} else {
			s.wantSigned(t, status, h, text)
		}
	}
}

// wxAuth replaces a part of what a request is signed with.
func wxAuth(r *http.Request, find, put string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), find, put, 1))
}

// TestFacadeShapesOfV2: API v2 says in return_msg what it could not understand, unsigned, and in err_code what it understood and refuses, signed.
//
// Its tables stand beside authenticateV2 and v2Spellings, case by case.
func TestFacadeShapesOfV2(t *testing.T) {
	t.Parallel()
	s := newWechatShop(t)
	s.uncertified(t)
	whole := []string{"out_trade_no", "shape_v2_1", "body", "烧饼", "total_fee", "100", "spbill_create_ip", "127.0.0.1", "notify_url", wxShopAddr, "trade_type", "NATIVE"}
	text := func(f wire.Fields) string { return string(f.XML("xml")) }
	for name, c := range map[string]struct{ text, say string }{
		"no XML": {`{"appid":"wx"}`, "XML格式错误"}, "nothing": {"", "XML格式错误"}, "twice": {strings.Replace(text(s.v2(wire.SignMD5, whole...)), "<body>", "<body>a</body><body>", 1), "XML格式错误"},
		"no mch_id":       {text(wire.Fields{"appid": wxApp, "sign": "A"}), "缺少参数mch_id"},
		"unknown mch_id":  {strings.Replace(text(s.v2(wire.SignMD5, whole...)), s.account.Number, "1900000001", 1), "mch_id参数错误"},
		"wrong signature": {strings.Replace(text(s.v2(wire.SignMD5, whole...)), "100", "101", 1), "签名错误"},
		"wrong type":      {text(s.v2(wire.SignMD5, append(whole, "sign_type", "SHA1")...)), "签名类型错误"},
		"another appid":   {text(s.v2(wire.SignMD5, append(whole, "appid", "wx0000000000000000")...)), "appid和mch_id不匹配"},
		"a partner's":     {text(s.v2(wire.SignMD5, append(whole, "sub_mch_id", "1900000111")...)), "appid和mch_id不匹配"},
		"no nonce":        {text(s.v2(wire.SignMD5, append(whole, "nonce_str", "")...)), "缺少参数nonce_str"},
		"huge":            {text(s.v2(wire.SignMD5, append(whole, "detail", strings.Repeat("a", wire.MaxXML))...)), "XML格式错误"},
	} {
		if f := s.askV2(t, wire.V2Unified, c.text); f["return_code"] != "FAIL" || f["return_msg"] != c.say || f["result_code"] != "" {
			t.Errorf("%s: %v", name, f)
		}
	}
	for name, c := range map[string]struct {
		path, code string
		more       []string
	}{
		"no number": {wire.V2Unified, "PARAM_ERROR", []string{"out_trade_no", ""}}, "no body": {wire.V2Unified, "PARAM_ERROR", []string{"body", ""}}, "no amount": {wire.V2Unified, "PARAM_ERROR", []string{"total_fee", ""}},
		"yuan": {wire.V2Unified, "PARAM_ERROR", []string{"total_fee", "1.00"}}, "no address": {wire.V2Unified, "PARAM_ERROR", []string{"notify_url", ""}}, "no such trade type": {wire.V2Unified, "PARAM_ERROR", []string{"trade_type", "WAP"}},
		"jsapi": {wire.V2Unified, "NOAUTH", []string{"trade_type", "JSAPI"}}, "an unknown order": {wire.V2Query, "ORDERNOTEXIST", nil}, "close of an unknown order": {wire.V2Close, "ORDERNOTEXIST", nil},
		"refund of an unknown order": {wire.V2Refund, "ORDERNOTEXIST", []string{"out_refund_no", "r1", "refund_fee", "1"}}, "an unknown refund": {wire.V2RefundQuery, "REFUNDNOTEXIST", []string{"out_refund_no", "r9"}},
		"no code of a wallet": {wire.V2MicroPay, "PARAM_ERROR", []string{"auth_code", "12"}}, "reversal of an unknown order": {wire.V2Reverse, "ORDERNOTEXIST", nil},
	} {
		if f := s.askV2(t, c.path, text(s.v2(wire.SignMD5, append(whole, c.more...)...))); f["return_code"] != wire.V2Success || f["result_code"] != "FAIL" || f["err_code"] != c.code || f["err_code_des"] == "" || f["mch_id"] != s.account.Number {
			t.Errorf("%s: %v", name, f)
		}
	}
	status, _, answer := s.raw(t, s.request(t, http.MethodGet, wire.V2Query, ""))
	if status != http.StatusOK || !strings.Contains(answer, "请使用post方法") {
		t.Errorf("GET: HTTP %d %s", status, answer)
	}
	if f := s.askV2(t, wire.V2Bill, text(s.v2(wire.SignMD5, "bill_date", "2026-11"))); f["return_code"] != "FAIL" || f["error_code"] == "" {
		t.Errorf("a bill of no day: %v", f)
	}
}
