package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"strings"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// OpenApp implements sandboxkit.Opener: what a mobile app hands to PayReq, or a mini program to wx.requestPayment, opens the wallet only with the merchant's signature
// over it.
func (b controlBook) OpenApp(_ string, params map[string]string) (string, error) {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	mini := params["paySign"] != ""
	id := cmp.Or(params["prepayid"], strings.TrimPrefix(params["package"], "prepay_id="))
	t, known := s.book.prepays[id]
	if !known || !s.now().Before(t.expires) || t.order.kind != kindApp && !mini || t.order.kind != kindJSAPI && mini {
		return "", fmt.Errorf("%w: 支付请求已失效，请重新发起支付", sandboxkit.ErrNotFound)
	}
	o := t.order
	ts, err := wire.ParseTimestamp(cmp.Or(params["timestamp"], params["timeStamp"]))
	sig, err2 := base64.StdEncoding.DecodeString(cmp.Or(params["sign"], params["paySign"]))
	message := wire.AppMessage(o.WalletAppID(), ts, params["noncestr"], id)
	fits := params["appid"] == o.WalletAppID() && params["partnerid"] == o.Merchant() && params["package"] == "Sign=WXPay"
	if mini {
		message, fits = wire.JSAPIMessage(o.WalletAppID(), ts, params["nonceStr"], id), params["signType"] == "RSA"
	}
	if err != nil || err2 != nil || !fits || !s.signedBy(o, message, sig) {
		return "", fmt.Errorf("%w: 支付验证签名失败", sandboxkit.ErrConflict)
	}
	return o.OutTradeNo, nil
}
