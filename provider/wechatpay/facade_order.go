package wechatpay

import (
	"bytes"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Bounds of an order as WeChat documents them.
const (
	facePayable   = 7 * 24 * time.Hour // without time_expire
	faceLeastLife = time.Minute        // an earlier time_expire is lifted to this
	faceReverse   = 7 * 24 * time.Hour
	maxFaceTotal  = 100_000_000_00 // fen
	maxFaceGoods  = 100
	maxFaceOpenID = 128
)

// Fields of an order that are kept byte for byte. Those that API v2 alone has are in facade_v2.go.
const (
	fieldAppID    = "appid"
	fieldAttach   = "attach"
	fieldGoodsTag = "goods_tag"
	fieldDetail   = "detail"
	fieldScene    = "scene_info"
	fieldDevice   = "device_id"
	fieldLimit    = "limit_pay"
	fieldFapiao   = "support_fapiao"
	fieldSettle   = "settle_info"
	fieldProtocol = "protocol"
)

// faceOrder is an order's body: what wire reads of it, and the parts that are kept as they came.
type faceOrder struct {
	wire.Order
	Detail json.RawMessage `json:"detail"`
	Scene  json.RawMessage `json:"scene_info"`
	Limit  json.RawMessage `json:"limit_pay"`
	Fapiao json.RawMessage `json:"support_fapiao"`
	Settle json.RawMessage `json:"settle_info"`
}

// parts reads the parts that are kept as they came, so far as WeChat would refuse them.
func (o *faceOrder) parts() *refusal {
	var fapiao bool
	for _, p := range []struct {
		pointer string
		raw     json.RawMessage
		into    any
	}{{"/scene_info", o.Scene, &o.SceneInfo}, {"/limit_pay", o.Limit, &o.LimitPay}, {"/support_fapiao", o.Fapiao, &fapiao}, {"/settle_info", o.Settle, &o.SettleInfo}} {
		if len(p.raw) > 0 && json.Unmarshal(p.raw, p.into) != nil {
			return badField(p.pointer, p.pointer[1:]+" is not as documented")
		}
	}
	return nil
}

// goodsDetail is what we read of detail.
type goodsDetail struct {
	Goods []struct {
		ID       string `json:"merchant_goods_id"`
		Name     string `json:"goods_name"`
		Quantity int64  `json:"quantity"`
		Price    int64  `json:"unit_price"`
	} `json:"goods_detail"`
}

// items are the goods of an order; their prices are fen apiece.
func (o faceOrder) items() ([]postern.Item, *refusal) {
	if len(o.Detail) == 0 {
		return nil, nil
	}
	var d goodsDetail
	if err := json.Unmarshal(o.Detail, &d); err != nil || len(d.Goods) > maxFaceGoods {
		return nil, badField("/detail", "detail is not as documented")
	}
	var items []postern.Item
	for _, g := range d.Goods {
		name := g.Name
		if name == "" {
			name = g.ID
		}
		if g.Quantity < 1 || g.Price < 0 || name == "" {
			return nil, badField("/detail/goods_detail", "merchant_goods_id, quantity and unit_price are required")
		}
		items = append(items, postern.Item{Name: name, Quantity: g.Quantity, Amount: g.Price})
	}
	return items, nil
}

// read reads and checks an order's body for a product and says it in the gateway's words.
func (c *faceCall) read(product string) (provider.FaceOrder, string, *refusal) {
	var o faceOrder
	if bad := c.decode(&o); bad != nil {
		return provider.FaceOrder{}, "", bad
	}
	if bad := o.parts(); bad != nil {
		return provider.FaceOrder{}, "", bad
	}
	if bad := c.mine(o.MchID); bad != nil {
		return provider.FaceOrder{}, "", bad
	}
	if bad := checkFaceOrder(c.account, product, o.Order); bad != nil {
		return provider.FaceOrder{}, "", bad
	}
	items, bad := o.items()
	if bad != nil {
		return provider.FaceOrder{}, "", bad
	}
	print, err := fingerprintOf(product, c.body)
	if err != nil {
		return provider.FaceOrder{}, "", badField("", "malformed JSON")
	}
	out := provider.FaceOrder{
		Number: o.OutTradeNo, Amount: o.Amount.Total, Currency: currency, Subject: o.Description, Items: items, NotifyURL: o.NotifyURL, Product: product, Fingerprint: print,
		Fields: keptFields(map[string]string{
			fieldAppID: o.AppID, fieldAttach: o.Attach, fieldGoodsTag: o.GoodsTag, fieldDetail: string(o.Detail), fieldScene: string(o.Scene), fieldLimit: string(o.Limit),
			fieldFapiao: string(o.Fapiao), fieldSettle: string(o.Settle), fieldProtocol: "v3",
		}),
	}
	code := ""
	if product == ProductJSAPI {
		out.PayerID = o.Payer.OpenID
	}
	if o.SceneInfo != nil {
		out.ClientIP = o.SceneInfo.PayerClientIP
		if o.SceneInfo.DeviceID != "" {
			out.Fields[fieldDevice] = o.SceneInfo.DeviceID
		}
	}
	if product == ProductCode {
		code, out.ClientIP = o.Payer.AuthCode, "" // device_ip is the till's, not the buyer's
		return out, code, nil
	}
	out.ExpiresAt = faceExpiry(c.account.Now, o.TimeExpire)
	return out, code, nil
}

// keptFields leaves empty ones out.
func keptFields(all map[string]string) map[string]string {
	kept := map[string]string{}
	for name, value := range all {
		if value != "" {
			kept[name] = value
		}
	}
	return kept
}

// faceExpiry is how long an order may be paid. The text was checked.
func faceExpiry(now time.Time, timeExpire string) time.Time {
	at, err := wire.ParseTime(timeExpire)
	latest := now.Add(facePayable)
	if err != nil || at.IsZero() || at.After(latest) {
		return latest
	}
	if least := now.Add(faceLeastLife); at.Before(least) {
		return least
	}
	return at
}

// fingerprintOf makes two requests with the same parameters equal whatever their order. time_expire is left out: it is honoured on the first order only. So is a payment
// code: a till that scans another one after a refused one asks for the same order.
func fingerprintOf(product string, body []byte) (string, error) {
	m := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return "", err
	}
	delete(m, "time_expire")
	if product == ProductCode {
		delete(m, "payer")
	}
	raw, err := wire.Encode(m)
	return digestOf([]byte(product), raw), err
}

// mine checks the merchant number of a body or a query against who signed.
func (c *faceCall) mine(mchID string) *refusal {
	switch mchID {
	case c.account.Number:
		return nil
	case "":
		return badField("/mchid", "mchid is missing")
	}
	return errMchID
}

// checkAppID refuses an appid that the account does not name; without names any is taken.
func checkAppID(a provider.FaceAccount, appID string) *refusal {
	if appID == "" || len(appID) > 32 || wire.CheckText(appID, 32) != "" {
		return badField("/appid", "appid is missing or longer than 32")
	}
	named := strings.FieldsFunc(a.Settings[FaceAppIDs], func(r rune) bool { return r == ',' || r == ' ' || r == '，' })
	if len(named) > 0 && !slices.Contains(named, appID) {
		return errAppID
	}
	return nil
}

// checkFaceOrder applies the documented rules of every field.
func checkFaceOrder(a provider.FaceAccount, product string, o wire.Order) *refusal {
	if bad := checkAppID(a, o.AppID); bad != nil {
		return bad
	}
	if p := wire.CheckText(o.Description, wire.MaxDescription); p != "" || o.Description == "" {
		return badField("/description", "description is missing or too long, or has characters that are not taken")
	}
	if !wire.ValidOutTradeNo(o.OutTradeNo) {
		return badField("/out_trade_no", "out_trade_no takes 6 to 32 of 0-9A-Za-z_-|*")
	}
	if p := wire.CheckText(o.Attach, wire.MaxAttach); p != "" {
		return badField("/attach", "attach "+p)
	}
	if p := wire.CheckNotifyURL(o.NotifyURL, !a.Live); p != "" && product != ProductCode {
		return badField("/notify_url", "notify_url "+p)
	}
	if o.Amount.Total < 1 || o.Amount.Total > maxFaceTotal {
		return badField("/amount/total", "total is at least 1")
	}
	if o.Amount.Currency != "" && o.Amount.Currency != currency {
		return badField("/amount/currency", "currency takes CNY")
	}
	if _, err := time.Parse(time.RFC3339, o.TimeExpire); o.TimeExpire != "" && err != nil {
		return badField("/time_expire", "time_expire is not RFC 3339")
	}
	return checkFaceProduct(product, o)
}

// checkFaceProduct applies the rules that only some products have.
func checkFaceProduct(product string, o wire.Order) *refusal {
	if o.SceneInfo != nil && product != ProductCode && net.ParseIP(o.SceneInfo.PayerClientIP) == nil {
		return badField("/scene_info/payer_client_ip", "payer_client_ip is not an address")
	}
	switch product {
	case ProductJSAPI:
		if o.Payer == nil || o.Payer.OpenID == "" || wire.CheckText(o.Payer.OpenID, maxFaceOpenID) != "" {
			return badField("/payer/openid", "openid is missing or too long")
		}
	case ProductH5:
		if o.SceneInfo == nil || o.SceneInfo.H5Info == nil {
			return badField("/scene_info/h5_info", "h5_info is missing")
		}
		if t := o.SceneInfo.H5Info.Type; t != "iOS" && t != "Android" && t != "Wap" {
			return badField("/scene_info/h5_info/type", "type takes iOS, Android or Wap")
		}
	case ProductCode:
		switch {
		case o.Payer == nil || !validFaceCode(o.Payer.AuthCode):
			return badField("/payer/auth_code", "auth_code is missing or no payment code")
		case o.SceneInfo == nil || o.SceneInfo.StoreInfo == nil || o.SceneInfo.StoreInfo.ID == "" && o.SceneInfo.StoreInfo.OutID == "":
			return badField("/scene_info/store_info", "store_info is missing")
		}
	}
	return nil
}

// validFaceCode reports whether a text may be a payment code of any wallet: digits alone, as many as the shortest and the longest of them have.
func validFaceCode(s string) bool {
	return len(s) >= 16 && len(s) <= 24 && strings.Trim(s, faceDigits) == ""
}

// placeFace makes the order of a product that sends the buyer to a page of ours.
func placeFace(product string) faceHandler {
	return func(c *faceCall) (said, *refusal) {
		in, _, bad := c.read(product)
		if bad != nil {
			return said{}, bad
		}
		o, bad := placed(c, in)
		if bad != nil {
			return said{}, bad
		}
		if product == ProductH5 {
			return said{value: wire.OrderResult{H5URL: h5URL(c, o)}}, nil
		}
		return said{value: wire.OrderResult{CodeURL: o.CashierURL}}, nil
	}
}

// placed places an order, or says why its number takes none.
func placed(c *faceCall, in provider.FaceOrder) (provider.FacedOrder, *refusal) {
	o, err := c.gateway.Place(c.Context(), c.account, in)
	if o.TradeNo != "" { // it is there: its end goes before what is wrong with the request
		if bad := endedFace(o); bad != nil {
			return o, bad
		}
	}
	return o, refusalOf(err)
}

// endedFace says why an order's number takes no more orders; nil while it does.
func endedFace(o provider.FacedOrder) *refusal {
	switch facedState(o) {
	case wire.StateSuccess, wire.StateRefund:
		return errPaid
	case wire.StateClosed:
		return errClosed
	case wire.StateRevoked:
		return errReversed
	case wire.StatePayError:
		return errPayFailed
	}
	return nil
}

// chargeFace charges a scanned code of any wallet: the paid order, or why there is none. That nobody knows what became of the code is SYSTEM_ERROR, after which every
// till asks.
func chargeFace(c *faceCall, in provider.FaceOrder, code string) (provider.FacedOrder, *refusal) {
	before, err := c.gateway.Find(c.Context(), c.account, provider.FaceKey{Number: in.Number})
	if err == nil {
		if bad := endedFace(before); bad != nil {
			return before, bad
		}
	} else if postern.CodeOf(err) != postern.CodeNotFound {
		return before, errSystem
	}
	o, err := c.gateway.Charge(c.Context(), c.account, in, code)
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNoRoute:
		return o, errBadCode
	case err != nil:
		return o, refusalOf(err)
	case o.Status == postern.PaymentPaid:
		return o, nil
	case o.BarcodeSay == provider.ChargeDeclined:
		return o, errPayFailed
	case o.BarcodeSay == provider.ChargeWaiting:
		return o, errUserPaying
	}
	return o, errSystem
}

func codePayFace(c *faceCall) (said, *refusal) {
	in, code, bad := c.read(ProductCode)
	if bad != nil {
		return said{}, bad
	}
	o, bad := chargeFace(c, in, code)
	if bad != nil {
		return said{}, bad
	}
	return said{value: c.transaction(o)}, nil
}

// transaction says an order as a query does: what is only known of a paid one is left out before. A refund that was accepted and then closed leaves REFUND, as at WeChat:
// whether money went back is for the refund's own query to say.
func (c *faceCall) transaction(o provider.FacedOrder) wire.Transaction {
	state := facedState(o)
	switch {
	case state == wire.StateRefund && o.Product == ProductCode && c.wasReversed(o):
		state = wire.StateRevoked
	case state == wire.StateSuccess && c.wasRefunded(o):
		state = wire.StateRefund
	}
	return transactionOf(c.account, o, state)
}

// wasRefunded reports whether a paid order has a refund of the merchant's code, whatever became of it. Who cannot be told reads SUCCESS, which is true of the money.
func (c *faceCall) wasRefunded(o provider.FacedOrder) bool {
	refunds, err := c.gateway.Refunds(c.Context(), c.account, o)
	return err == nil && slices.ContainsFunc(refunds, func(r provider.FacedRefund) bool { return !r.Reversal() })
}

// wasReversed reports whether a paid order went back by a reversal: that refund alone has no number of the merchant's.
func (c *faceCall) wasReversed(o provider.FacedOrder) bool {
	refunds, err := c.gateway.Refunds(c.Context(), c.account, o)
	return err == nil && slices.ContainsFunc(refunds, provider.FacedRefund.Reversal)
}

func transactionOf(a provider.FaceAccount, o provider.FacedOrder, state string) wire.Transaction {
	t := wire.Transaction{
		Parties: wire.Parties{AppID: o.Fields[fieldAppID], MchID: a.Number}, OutTradeNo: o.Number, TradeState: state, TradeStateDesc: tradeWords[state],
		Amount: &wire.TransactionAmount{Total: o.Amount, Currency: o.Currency},
	}
	if device := o.Fields[fieldDevice]; device != "" {
		t.SceneInfo = &wire.Scene{DeviceID: device}
	}
	if o.Status != postern.PaymentPaid {
		return t
	}
	t.TransactionID, t.TradeType, t.BankType, t.Attach, t.SuccessTime = o.TradeNo, facedTypes[o.Product], faceBank, o.Fields[fieldAttach], wire.FormatTime(o.PaidAt)
	t.Payer = &wire.Payer{OpenID: o.PayerID} // an openid only where the merchant's own account knows one
	t.Amount.PayerTotal, t.Amount.PayerCurrency = o.Amount, o.Currency
	return t
}

// faceBank is WeChat's word for a bank that it does not name, which is every wallet of ours.
const faceBank = "OTHERS"

func queryFace(c *faceCall) (said, *refusal) {
	if bad := c.mine(c.URL.Query().Get("mchid")); bad != nil {
		return said{}, bad
	}
	key := provider.FaceKey{Number: c.PathValue("no"), TradeNo: c.PathValue("id")}
	o, err := c.gateway.Find(c.Context(), c.account, key)
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		if answer, asked, bad := c.forward(c.Context()); asked {
			return answer, bad
		}
		return said{}, errNoOrder
	case err != nil:
		return said{}, refusalOf(err)
	case key.TradeNo != "" && o.Status != postern.PaymentPaid: // a number of a transaction that has not been
		return said{}, errNoOrder
	}
	return said{value: c.transaction(o)}, nil
}

// closeFace answers 204 for an order that ends, has ended or was never there, as WeChat does. One whose wallet has not answered the close may be paid yet: the same call
// once more.
func closeFace(c *faceCall) (said, *refusal) {
	var in wire.Parties
	if bad := c.decode(&in); bad != nil {
		return said{}, bad
	}
	if bad := c.mine(in.MchID); bad != nil {
		return said{}, bad
	}
	o, err := c.gateway.Close(c.Context(), c.account, provider.FaceKey{Number: c.PathValue("no")})
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		answer, _, bad := c.forward(c.Context())
		return answer, bad
	case err != nil:
		return said{}, refusalOf(err)
	case !slices.Contains([]postern.PaymentStatus{postern.PaymentCanceled, postern.PaymentExpired}, o.Status):
		return said{}, errSystem
	}
	return said{status: http.StatusNoContent}, nil
}

// reversedFace ends an order of a scanned code whatever its state.
func reversedFace(c *faceCall, key provider.FaceKey) (provider.FacedOrder, *refusal) {
	o, err := c.gateway.Find(c.Context(), c.account, key)
	switch {
	case err != nil:
		return o, refusalOf(err)
	case o.Product != ProductCode:
		return o, errInvalid("该订单不是付款码支付订单，不能撤销")
	case c.account.Now.Sub(o.CreatedAt) > faceReverse:
		return o, errInvalid("订单已超过撤销期限，请使用退款接口")
	case o.Refunded+o.Refunding > 0 && !c.wasReversed(o):
		return o, errInvalid("订单已发生退款，不能撤销")
	}
	o, err = c.gateway.Reverse(c.Context(), c.account, provider.FaceKey{Number: o.Number})
	if err != nil {
		return o, refusalOf(err)
	}
	ended := o.Status == postern.PaymentCanceled || o.Status == postern.PaymentExpired || o.Status == postern.PaymentPaid && o.Refunded+o.Refunding == o.Amount
	if !ended {
		return o, errSystem
	}
	return o, nil
}

func reverseFace(c *faceCall) (said, *refusal) {
	var in wire.Parties
	if bad := c.decode(&in); bad != nil {
		return said{}, bad
	}
	if bad := c.mine(in.MchID); bad != nil {
		return said{}, bad
	}
	o, bad := reversedFace(c, provider.FaceKey{Number: c.PathValue("no")})
	if bad != nil {
		return said{}, bad
	}
	return said{value: wire.ReverseAnswer{Parties: wire.Parties{AppID: in.AppID, MchID: in.MchID}, OutTradeNo: o.Number}}, nil
}
