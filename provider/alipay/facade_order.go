package alipay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// The documented lives of a trade, and the most that a merchant may ask for.
const (
	faceCounterLife = 3 * time.Hour
	facePageLife    = 15 * 24 * time.Hour
	maxFaceBody     = 128
	maxFacePassback = 512
	maxFaceItems    = 100
)

// faceKept are the parameters of an order that are kept as they came: text as text, lists and objects as the JSON that was sent. One-time codes are not among them.
var faceKept = []string{
	"subject", "body", "passback_params", "product_code", "timeout_express", "time_expire", "qr_code_timeout_express", "seller_id", "store_id", "operator_id", "terminal_id", "alipay_store_id",
	"merchant_order_no", "goods_detail", "extend_params", "business_params", "quit_url", "buyer_id", "buyer_open_id", "op_app_id", "scene", "goods_type", "enable_pay_channels",
	"disable_pay_channels",
}

// precreate orders a code that the buyer scans: it opens the cashier, in whichever wallet. As at Alipay there is no trade before somebody has.
func (c *faceCall) precreate(ctx context.Context) (wire.Fields, *faceRefusal) {
	o, bad := c.place(ctx, Native, wire.ProductFaceToFace, wire.ProductQROffline)
	if bad != nil {
		return nil, bad
	}
	return wire.Fields{}.Set("out_trade_no", o.Number).Set("qr_code", o.CashierURL), nil
}

// create makes a trade at once. Its number opens no wallet: the merchant's page leads the buyer to the cashier with it; see docs/facade-alipay.md.
func (c *faceCall) create(ctx context.Context) (wire.Fields, *faceRefusal) {
	if c.biz.Text("buyer_id") == "" && c.biz.Text("buyer_open_id") == "" && c.biz.Text("buyer_logon_id") == "" {
		return nil, parameterFace("buyer_id", "买家id不能为空")
	}
	o, bad := c.place(ctx, JSAPI, wire.ProductJSAPI, wire.ProductFaceToFace)
	if bad != nil {
		return nil, bad
	}
	return wire.Fields{}.Set("out_trade_no", o.Number).Set("trade_no", o.TradeNo), nil
}

// placePage is an order that begins in the buyer's browser. A number that comes again joins its order when the terms are the same.
func placePage(product string, codes ...string) func(*faceCall, context.Context) (string, *faceRefusal) {
	return func(c *faceCall, ctx context.Context) (string, *faceRefusal) {
		o, bad := c.place(ctx, product, codes...)
		return o.CashierURL, bad
	}
}

func placeApp(c *faceCall, ctx context.Context) (string, *faceRefusal) {
	o, bad := c.place(ctx, App, wire.ProductApp)
	return o.CashierURL, bad
}

// place reads the terms, looks whether the number has an order already, and makes it or finds it again with a write.
func (c *faceCall) place(ctx context.Context, product string, codes ...string) (provider.FacedOrder, *faceRefusal) {
	in, bad := c.terms(product, codes)
	if bad != nil {
		return provider.FacedOrder{}, bad
	}
	known, bad := c.again(ctx, in)
	if bad != nil {
		return known, bad
	}
	if known.Number != "" && product == Native { // documented: a second code for the same number is refused
		return known, businessFace("ACQ.APPLY_PC_MERCHANT_CODE_ERROR", "申请付款二维码失败")
	}
	o, err := c.g.Place(ctx, c.account, in)
	if err != nil {
		return o, refusalOf(err)
	}
	return o, ended(o)
}

// again finds the order of a number that came before, and says why it cannot be ordered again; nothing when the number is new.
func (c *faceCall) again(ctx context.Context, in provider.FaceOrder) (provider.FacedOrder, *faceRefusal) {
	o, err := c.g.Find(ctx, c.account, provider.FaceKey{Number: in.Number})
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		if !in.ExpiresAt.After(c.account.Now.Add(time.Second)) {
			return o, businessFace("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", "订单已超过最晚付款时间")
		}
		return provider.FacedOrder{}, nil
	case err != nil:
		return o, refusalOf(err)
	}
	if bad := ended(o); bad != nil {
		return o, bad
	}
	if o.Fingerprint != in.Fingerprint {
		return o, faceRefusals[postern.CodeReferenceTaken]
	}
	return o, nil
}

// ended says that an order takes no more money.
func ended(o provider.FacedOrder) *faceRefusal {
	switch faceState(o) {
	case provider.Paid:
		return faceRefusals[postern.CodeAlreadyPaid]
	case provider.Closed:
		return faceRefusals[postern.CodePaymentClosed]
	}
	return nil
}

// terms reads and checks what all orders have in common.
func (c *faceCall) terms(product string, codes []string) (provider.FaceOrder, *faceRefusal) {
	text := c.biz.Text
	amount, badAmount := wire.ParseYuan(text("total_amount"))
	in := provider.FaceOrder{
		Number: text("out_trade_no"), Amount: amount, Currency: currency, Subject: wire.CleanSubject(text("subject")), Items: goodsOf(c.biz["goods_detail"]),
		NotifyURL: c.notifyURL(), ReturnURL: c.params["return_url"], Product: product, ClientIP: c.ip, Fields: map[string]string{"sign_type": c.answerType(), "method": c.method},
	}
	err := errors.Join(
		wire.CheckOrderNo("out_trade_no", in.Number), badAmount, wire.CheckAmount("total_amount", amount), checkFaceSubject(text("subject")), wire.CheckURL("notify_url", in.NotifyURL),
		wire.CheckURL("return_url", in.ReturnURL), faceWithin("body", text("body"), maxFaceBody), faceWithin("passback_params", text("passback_params"), maxFacePassback),
		faceProduct(text("product_code"), codes),
	)
	var field *wire.FieldError
	switch {
	case badAmount != nil:
		return in, parameterFace("total_amount", "金额无效")
	case errors.As(err, &field):
		return in, parameterFace(field.Field, "格式或长度不合法")
	case in.Subject == "":
		in.Subject = in.Number
	}
	if seller, own := text("seller_id"), c.account.Settings[faceSeller]; seller != "" && own != "" && seller != own {
		return in, businessFace("ACQ.SELLER_NOT_EXIST", "卖家不存在")
	}
	if c.charset == wire.GBK { // and so are the order's notifications
		in.Fields["charset"] = c.params["charset"]
	}
	for _, name := range faceKept {
		if raw := c.biz[name]; len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
			in.Fields[name] = string(raw)
		} else if s := text(name); s != "" {
			in.Fields[name] = s
		}
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{product, text("subject"), wire.FormatYuan(amount), text("buyer_id"), text("buyer_open_id")}, "\n")))
	in.Fingerprint = hex.EncodeToString(sum[:])
	if in.ExpiresAt, err = c.expiry(product); err != nil {
		return in, parameterFace("timeout_express", "超时时间无效")
	}
	return in, nil
}

// notifyURL is a common parameter of the second version and a field of the third.
func (c *faceCall) notifyURL() string {
	if c.v3 {
		return c.biz.Text("notify_url")
	}
	return c.params["notify_url"]
}

// answerType is the sign_type that notifications of an order are signed with.
func (c *faceCall) answerType() string {
	if algorithms[c.signType] == "" {
		return wire.SignTypeRSA2
	}
	return c.signType
}

// expiry is when the order ends: time_expire wins over timeout_express; without either it is the product's own life.
func (c *faceCall) expiry(product string) (time.Time, error) {
	now := c.account.Now
	life := faceCounterLife
	if product == Page || product == H5 || product == App {
		life = facePageLife
	}
	if t := c.biz.Text("time_expire"); t != "" {
		at, err := wire.ParseTime(t)
		if err == nil && at.After(now.Add(facePageLife)) {
			err = wire.ErrMalformed
		}
		return at, err
	}
	for _, name := range []string{"timeout_express", "qr_code_timeout_express"} {
		if t := c.biz.Text(name); t != "" {
			return wire.ParseTimeout(t, now)
		}
	}
	return now.Add(life), nil
}

// goodsOf reads goods_detail for people. It is kept byte for byte beside that, so one that cannot be read here is left out, and the order goes on.
func goodsOf(raw json.RawMessage) []postern.Item {
	var goods []map[string]json.RawMessage
	if len(raw) == 0 || json.Unmarshal(raw, &goods) != nil || len(goods) > maxFaceItems {
		return nil
	}
	var items []postern.Item
	for _, one := range goods {
		o := wire.Object(one)
		price, err := wire.ParseYuan(o.Text("price"))
		quantity, wrong := wire.ParseYuan(o.Text("quantity")) // a count of at most nine digits, with a dot or without
		name := wire.CleanSubject(o.Text("goods_name"))
		if err != nil || wrong != nil || quantity%100 != 0 || quantity <= 0 || quantity > 1_000_000*100 || name == "" || utf8.RuneCountInString(name) > 127 {
			return nil
		}
		items = append(items, postern.Item{Name: name, Quantity: quantity / 100, Amount: price * (quantity / 100)})
		if items[len(items)-1].Amount > postern.MaxAmount {
			return nil
		}
	}
	return items
}

// checkFaceSubject is looser than what we send ourselves: merchants in the wild send / = and &, which Alipay takes in many products.
func checkFaceSubject(s string) error {
	if s == "" {
		return &wire.FieldError{Field: "subject", Fix: "give one"}
	}
	return faceWithin("subject", s, 256)
}

func faceWithin(field, s string, limit int) error {
	if utf8.RuneCountInString(s) > limit {
		return &wire.FieldError{Field: field, Fix: "shorten it"}
	}
	return nil
}

func faceProduct(code string, codes []string) error {
	if code == "" {
		return nil
	}
	for _, c := range codes {
		if c == code {
			return nil
		}
	}
	return &wire.FieldError{Field: "product_code", Fix: "use " + strings.Join(codes, " or ")}
}
