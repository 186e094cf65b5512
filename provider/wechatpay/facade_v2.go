package wechatpay

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Fields that API v2 alone keeps with an order.
const (
	fieldSignType = "sign_type"
	fieldProduct  = "product_id"
	protocolV2    = "v2"
)

// v2Call is one message of API v2 whose signature was verified, and the key that it was signed with, under which the answer is signed.
type v2Call struct {
	faceCall
	wire.Fields
	key []byte
}

// v2Handler does one call; a nil answer with a nil refusal is an empty success. Raw bytes in the place of fields are a bill.
type v2Handler func(c *v2Call) (wire.Fields, []byte, *refusal)

// v2Routes are the addresses of API v2 that the facade has.
var v2Routes = map[string]v2Handler{
	wire.V2Unified: v2Unified, wire.V2MicroPay: v2MicroPay, wire.V2Query: v2Query, wire.V2Close: v2Close, wire.V2Reverse: v2Reverse, wire.V2Refund: v2Refund,
	wire.V2RefundQuery: v2RefundQuery, wire.V2Bill: v2Bill,
}

// serveV2 answers one message: XML in and out, signed with the API key once it was understood.
func serveV2(w http.ResponseWriter, r *http.Request, g provider.Gateway, h v2Handler) {
	c, problem := authenticateV2(r, g)
	if problem != "" {
		writeV2(w, wire.Fields{"return_code": "FAIL", "return_msg": problem})
		return
	}
	f, raw, refused := h(c)
	if c.isOlder(refused) {
		f, refused = c.forwardV2(refused)
	}
	if raw != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(raw) // the merchant is gone when this fails
		return
	}
	out := wire.Fields{"appid": c.Fields["appid"], "mch_id": c.account.Number, "return_code": wire.V2Success, "return_msg": "OK", "result_code": wire.V2Success,
		"nonce_str": digestOf([]byte(c.Fields["sign"]))[:32]}
	for name, value := range f {
		if value != "" {
			out[name] = value
		}
	}
	if refused != nil {
		out["result_code"], out["err_code"], out["err_code_des"] = "FAIL", v2Spelling(refused.code), refused.message
	}
	out["sign"] = out.SignatureOf(signTypeOf(c.Fields), c.key)
	writeV2(w, out)
}

// isOlder says that a message is about something that is not ours: an order or a refund of before the switch-over, perhaps. An order of ours without refunds is ours.
func (c *v2Call) isOlder(refused *refusal) bool {
	return slices.Contains(v2Forwardable, c.URL.Path) && (refused == errNoOrder || refused == errNoRefund && c.Fields["out_refund_no"] != "")
}

// forwardV2 answers with what WeChat says, signed anew by our caller; without a former account with what it was refused with.
func (c *v2Call) forwardV2(unknown *refusal) (wire.Fields, *refusal) {
	answer, known, err := c.gateway.Forward(c.Context(), c.account, provider.ForwardRequest{Method: c.Method, Target: c.RequestURI, Header: c.Header, Body: c.body})
	if err == nil && !known {
		return nil, unknown
	}
	f, bad := wire.ParseXML(answer.Body, "xml")
	if err != nil || bad != nil {
		return nil, errSystem
	}
	return f, nil
}

func writeV2(w http.ResponseWriter, f wire.Fields) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(f.XML("xml")) // the merchant is gone when this fails
}

// signTypeOf is the signature type that a message names, MD5 without one.
func signTypeOf(f wire.Fields) string { return cmp.Or(f[fieldSignType], wire.SignMD5) }

// v2Spellings are API v2's spellings of codes that API v3 writes otherwise.
var v2Spellings = map[string]string{
	wire.CodeOrderNotExist: "ORDERNOTEXIST", wire.CodeOrderClosed: "ORDERCLOSED", wire.CodeOrderReversed: "ORDERREVERSED", wire.CodeNoAuth: "NOAUTH", wire.CodeSystemError: "SYSTEMERROR",
	wire.CodeResourceNotExists: "REFUNDNOTEXIST", wire.CodeAuthCodeExpire: "AUTHCODEEXPIRE",
}

func v2Spelling(code string) string { return cmp.Or(v2Spellings[code], code) }

// authenticateV2 says in WeChat's words what is wrong with a message, if anything.
func authenticateV2(r *http.Request, g provider.Gateway) (*v2Call, string) {
	if r.Method != http.MethodPost {
		return nil, "请使用post方法"
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxXML+1))
	if err != nil {
		return nil, "post数据为空"
	}
	f, err := wire.ParseXML(body, "") // WeChat does not judge the root's name: npm weixin-pay and node-wxpay write <root>
	switch {
	case err != nil:
		return nil, "XML格式错误"
	case f["mch_id"] == "":
		return nil, "缺少参数mch_id"
	case f[fieldSignType] != "" && f[fieldSignType] != wire.SignMD5 && f[fieldSignType] != wire.SignHMAC:
		return nil, "签名类型错误"
	}
	a, err := g.Account(r.Context(), f["mch_id"])
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		return nil, "mch_id参数错误"
	case err != nil:
		return nil, errSystem.message
	}
	key := v2KeyOf(a, f)
	switch {
	case key == nil:
		return nil, "签名错误"
	case f["sub_mch_id"] != "" || checkAppID(a, f["appid"]) != nil:
		return nil, "appid和mch_id不匹配"
	case f["nonce_str"] == "":
		return nil, "缺少参数nonce_str"
	case (r.URL.Path == wire.V2Refund || r.URL.Path == wire.V2Reverse) && !certifiedFace(g.ClientCertificate(r), a):
		return nil, "证书错误，请登录微信支付商户平台下载证书"
	}
	return &v2Call{faceCall: faceCall{Request: r, gateway: g, account: a, body: body}, Fields: f, key: key}, ""
}

// v2KeyOf is the API key that a message is signed with, nil for none of the account's.
func v2KeyOf(a provider.FaceAccount, f wire.Fields) []byte {
	for _, g := range a.Keys {
		s, err := g.Secret(FaceAPIv2)
		if err == nil && f.Verify(s.Reveal()) == nil {
			return s.Reveal()
		}
	}
	return nil
}

// certifiedFace checks the client certificate of an address below /secapi: it must be the one that the account's keys hold as the merchant's own, as at WeChat. An account
// with the public key alone has none to show and is given one by a rotation. Only a test merchant may have been issued an account that goes without.
func certifiedFace(shown []byte, a provider.FaceAccount) bool {
	if !a.Live && a.Settings[FaceUncertified] == faceYes {
		return true
	}
	for _, g := range a.Keys {
		v, err := g.Verifier(FaceMerchantCertificate)
		certified, ok := v.(provider.Certified)
		if err == nil && ok && len(shown) > 0 && bytes.Equal(shown, certified.Certificate()) {
			return true
		}
	}
	return false
}

// v2Products are the trade types that a buyer reaches through a page of ours.
var v2Products = map[string]string{wire.TypeNative: ProductNative, wire.TypeH5: ProductH5}

// order reads and checks an order for a product and says it in the gateway's words.
func (c *v2Call) order(product string) (provider.FaceOrder, *refusal) {
	f := c.Fields
	total, err := strconv.ParseInt(f["total_fee"], 10, 64)
	if err != nil {
		return provider.FaceOrder{}, badField("/total_fee", "total_fee is a number of fen")
	}
	o := wire.Order{
		Parties: wire.Parties{AppID: f["appid"], MchID: f["mch_id"]}, Description: f["body"], OutTradeNo: f["out_trade_no"], Attach: f["attach"], NotifyURL: f["notify_url"],
		Amount: wire.Amount{Total: total, Currency: f["fee_type"]}, Payer: &wire.Payer{AuthCode: f["auth_code"]},
		SceneInfo: &wire.Scene{PayerClientIP: f["spbill_create_ip"], H5Info: &wire.H5Info{Type: "Wap"}, StoreInfo: &wire.Store{OutID: "v2"}},
	}
	account := c.account
	account.Live = false // v2 calls http addresses too
	if bad := checkFaceOrder(account, product, o); bad != nil {
		return provider.FaceOrder{}, bad
	}
	in := provider.FaceOrder{
		Number: o.OutTradeNo, Amount: total, Currency: currency, Subject: o.Description, NotifyURL: o.NotifyURL, Product: product, Fingerprint: v2Fingerprint(product, f),
		Fields: keptFields(map[string]string{
			fieldAppID: f["appid"], fieldAttach: f["attach"], fieldGoodsTag: f["goods_tag"], fieldDetail: f["detail"], fieldScene: f["scene_info"], fieldDevice: f["device_info"],
			fieldProduct: f["product_id"], fieldSignType: f[fieldSignType], fieldProtocol: protocolV2,
		}),
	}
	if product == ProductCode {
		return in, nil
	}
	in.ClientIP = f["spbill_create_ip"]
	in.ExpiresAt = c.account.Now.Add(facePayable)
	if f["time_expire"] != "" {
		at, err := wire.V2ParseTime(f["time_expire"])
		if err != nil {
			return in, badField("/time_expire", "time_expire takes yyyyMMddHHmmss")
		}
		in.ExpiresAt = faceExpiry(c.account.Now, wire.FormatTime(at))
	}
	return in, nil
}

// v2Fingerprint is fingerprintOf for v2: what changes with every message is left out.
func v2Fingerprint(product string, f wire.Fields) string {
	kept := wire.Fields{}
	for name, value := range f {
		switch name {
		case "nonce_str", "sign", "time_start", "time_expire", "auth_code":
		default:
			kept[name] = value
		}
	}
	return digestOf([]byte(product), kept.XML("xml"))
}

// v2Unified places an order. No prepay_id is answered: none of ours would open a wallet.
func v2Unified(c *v2Call) (wire.Fields, []byte, *refusal) {
	product, ok := v2Products[c.Fields["trade_type"]]
	if !ok {
		switch c.Fields["trade_type"] {
		case wire.TypeJSAPI, wire.TypeApp:
			c.gateway.Missed(c.Context(), c.account, "POST "+wire.V2Unified+" "+c.Fields["trade_type"])
			return nil, nil, errNoAuth
		}
		return nil, nil, badField("/trade_type", "trade_type takes JSAPI, NATIVE, APP and MWEB")
	}
	in, bad := c.order(product)
	if bad != nil {
		return nil, nil, bad
	}
	o, bad := placed(&c.faceCall, in)
	if bad != nil {
		return nil, nil, bad
	}
	f := wire.Fields{"trade_type": c.Fields["trade_type"], "device_info": c.Fields["device_info"]}
	if product == ProductH5 {
		f["mweb_url"] = h5URL(&c.faceCall, o)
	} else {
		f["code_url"] = o.CashierURL
	}
	return f, nil, nil
}

func v2MicroPay(c *v2Call) (wire.Fields, []byte, *refusal) {
	in, bad := c.order(ProductCode)
	if bad != nil {
		return nil, nil, bad
	}
	o, bad := chargeFace(&c.faceCall, in, c.Fields["auth_code"])
	if bad != nil {
		return nil, nil, bad
	}
	return v2Paid(o), nil, nil
}

// v2Paid is what is known of a paid order.
func v2Paid(o provider.FacedOrder) wire.Fields {
	total := strconv.FormatInt(o.Amount, 10)
	return wire.Fields{
		"out_trade_no": o.Number, "transaction_id": o.TradeNo, "trade_type": facedTypes[o.Product], "bank_type": faceBank, "fee_type": o.Currency, "cash_fee_type": o.Currency,
		"total_fee": total, "cash_fee": total, "attach": o.Fields[fieldAttach], "time_end": wire.V2FormatTime(o.PaidAt), "is_subscribe": "N", "openid": o.PayerID,
		"device_info": o.Fields[fieldDevice],
	}
}

// v2Found finds the order that a message names, by either number; as the documentation has it, the transaction's goes first.
func (c *v2Call) v2Found() (provider.FacedOrder, *refusal) {
	key := provider.FaceKey{Number: c.Fields["out_trade_no"], TradeNo: c.Fields["transaction_id"]}
	if key == (provider.FaceKey{}) {
		return provider.FacedOrder{}, badField("/out_trade_no", "out_trade_no or transaction_id is required")
	}
	o, err := c.gateway.Find(c.Context(), c.account, key)
	return o, refusalOf(err)
}

func v2Query(c *v2Call) (wire.Fields, []byte, *refusal) {
	o, bad := c.v2Found()
	if bad != nil {
		return nil, nil, bad
	}
	t := c.transaction(o)
	f := wire.Fields{"out_trade_no": o.Number}
	if o.Status == postern.PaymentPaid {
		f = v2Paid(o)
	}
	f["trade_state"], f["trade_state_desc"] = t.TradeState, t.TradeStateDesc
	return f, nil, nil
}

func v2Close(c *v2Call) (wire.Fields, []byte, *refusal) {
	o, bad := c.v2Found()
	if bad != nil {
		return nil, nil, bad
	}
	o, err := c.gateway.Close(c.Context(), c.account, provider.FaceKey{Number: o.Number})
	switch {
	case err != nil:
		return nil, nil, refusalOf(err)
	case o.Status != postern.PaymentCanceled && o.Status != postern.PaymentExpired:
		return nil, nil, errSystem
	}
	return nil, nil, nil
}

// v2Reverse answers recall=Y where the wallet has not answered: the same call once more.
func v2Reverse(c *v2Call) (wire.Fields, []byte, *refusal) {
	_, bad := reversedFace(&c.faceCall, provider.FaceKey{Number: c.Fields["out_trade_no"], TradeNo: c.Fields["transaction_id"]})
	if bad == errSystem {
		return wire.Fields{"recall": "Y"}, nil, bad
	}
	return wire.Fields{"recall": "N"}, nil, bad
}

func v2Refund(c *v2Call) (wire.Fields, []byte, *refusal) {
	total, err := strconv.ParseInt(c.Fields["total_fee"], 10, 64)
	amount, err2 := strconv.ParseInt(c.Fields["refund_fee"], 10, 64)
	if err != nil || err2 != nil {
		return nil, nil, badField("/refund_fee", "total_fee and refund_fee are numbers of fen")
	}
	in := wire.RefundRequest{
		TransactionID: c.Fields["transaction_id"], OutTradeNo: c.Fields["out_trade_no"], OutRefundNo: c.Fields["out_refund_no"], Reason: c.Fields["refund_desc"], NotifyURL: c.Fields["notify_url"],
		Amount: wire.RefundAmount{Refund: amount, Total: total, Currency: cmp.Or(c.Fields["refund_fee_type"], currency)},
	}
	account := c.account
	account.Live = false // v2 calls http addresses too
	if bad := checkFaceRefund(account, in); bad != nil {
		return nil, nil, bad
	}
	o, r, bad := refundedFace(&c.faceCall, provider.FaceRefund{
		Order: provider.FaceKey{Number: in.OutTradeNo, TradeNo: in.TransactionID}, Number: in.OutRefundNo, Amount: amount, Total: total, Reason: in.Reason, NotifyURL: in.NotifyURL,
		Fields: map[string]string{fieldProtocol: protocolV2},
	})
	if bad != nil {
		return nil, nil, bad
	}
	fee := strconv.FormatInt(r.Amount, 10)
	return wire.Fields{
		"transaction_id": o.TradeNo, "out_trade_no": o.Number, "out_refund_no": r.Number, "refund_id": faceRefundID(r.TradeNo), "refund_fee": fee, "settlement_refund_fee": fee,
		"cash_refund_fee": fee, "total_fee": strconv.FormatInt(o.Amount, 10), "cash_fee": strconv.FormatInt(o.Amount, 10), "fee_type": o.Currency, "refund_channel": "ORIGINAL",
	}, nil, nil
}

// v2RefundWords are API v2's words for what becomes of a refund.
var v2RefundWords = map[string]string{
	wire.RefundSuccess: wire.V2Success, wire.RefundClosed: "REFUNDCLOSE", wire.RefundProcessing: "PROCESSING", wire.RefundAbnormal: "CHANGE",
}

// v2PerPage is how many refunds one answer lists; offset goes on.
const v2PerPage = 10

func v2RefundQuery(c *v2Call) (wire.Fields, []byte, *refusal) {
	o, all, bad := c.v2Refunds()
	if bad != nil {
		return nil, nil, bad
	}
	offset, err := strconv.Atoi(cmp.Or(c.Fields["offset"], "0"))
	if err != nil || offset < 0 || offset > len(all) {
		return nil, nil, badField("/offset", "offset is not the number of a refund")
	}
	page := all[offset:min(offset+v2PerPage, len(all))]
	f := wire.Fields{
		"transaction_id": o.TradeNo, "out_trade_no": o.Number, "total_fee": strconv.FormatInt(o.Amount, 10), "cash_fee": strconv.FormatInt(o.Amount, 10), "fee_type": o.Currency,
		"refund_count": strconv.Itoa(len(page)), "total_refund_count": strconv.Itoa(len(all)),
	}
	for i, r := range page {
		n := "_" + strconv.Itoa(i)
		f["out_refund_no"+n], f["refund_id"+n], f["refund_channel"+n] = r.Number, faceRefundID(r.TradeNo), "ORIGINAL"
		f["refund_fee"+n], f["settlement_refund_fee"+n] = strconv.FormatInt(r.Amount, 10), strconv.FormatInt(r.Amount, 10)
		f["refund_status"+n], f["refund_recv_accout"+n] = v2RefundWords[facedRefundState(r.Status)], refundTo // sic
		if !r.DoneAt.IsZero() {
			f["refund_success_time"+n] = r.DoneAt.In(wire.CST).Format(time.DateTime)
		}
	}
	return f, nil, nil
}

// v2Refunds are the refunds that a message asks for: one by the merchant's number, or all of an order's.
func (c *v2Call) v2Refunds() (provider.FacedOrder, []provider.FacedRefund, *refusal) {
	if no := c.Fields["out_refund_no"]; no != "" {
		o, r, err := c.gateway.FindRefund(c.Context(), c.account, provider.FaceKey{}, no)
		if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
			return o, nil, errNoRefund
		}
		return o, []provider.FacedRefund{r}, refusalOf(err)
	}
	if c.Fields["refund_id"] != "" && c.Fields["out_trade_no"] == "" && c.Fields["transaction_id"] == "" {
		return provider.FacedOrder{}, nil, errInvalid("请使用商户退款单号或订单号查询")
	}
	o, bad := c.v2Found()
	if bad != nil {
		return o, nil, bad
	}
	all, err := c.gateway.Refunds(c.Context(), c.account, o)
	if err == nil && len(all) == 0 {
		return o, nil, errNoRefund
	}
	return o, all, refusalOf(err)
}

// v2Bill answers with the file itself, and with an error number of its own where there is none.
func v2Bill(c *v2Call) (wire.Fields, []byte, *refusal) {
	refused := func(number, message string) (wire.Fields, []byte, *refusal) {
		return nil, wire.Fields{"return_code": "FAIL", "return_msg": message, "error_code": number}.XML("xml"), nil
	}
	day, err := time.ParseInLocation("20060102", c.Fields["bill_date"], wire.CST)
	sort := cmp.Or(c.Fields["bill_type"], billAll)
	if err != nil {
		return refused("20003", "invalid bill_date")
	}
	ask, bad := readBillAsk(c.account.Now, wire.BillTrade, "bill_type", map[string][]string{"bill_type": {sort}, "bill_date": {day.Format(time.DateOnly)}, "tar_type": {c.Fields["tar_type"]}})
	if bad != nil && bad.code == wire.CodeStatementCreating {
		return refused("20016", "Bill Creating")
	}
	if bad != nil {
		return refused("20003", "invalid bill_type or bill_date")
	}
	file, bad := c.bill(ask)
	switch {
	case bad != nil && bad.code == wire.CodeNoStatementExist:
		return refused("20002", "No Bill Exist")
	case bad != nil:
		return refused("20100", errSystem.message)
	case ask.packed:
		file = gzipped(file)
	}
	return nil, file, nil
}
