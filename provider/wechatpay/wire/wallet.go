package wire

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/url"
	"strconv"
)

// Buyer is what an order may say of the buyer and of the till: an openid, a scanned code, an address on the net, the shop.
type Buyer struct{ OpenID, AuthCode, IP, StoreID string }

// For names the buyer as orders of a kind do. Only a code-pay order has a shop and neither an end nor an address to notify. An h5 page is a web page whatever the phone: iOS
// and Android stand for apps, which must name themselves.
func (o Order) For(kind string, b Buyer) Order {
	switch kind {
	case KindJSAPI:
		switch {
		case !o.Partner():
			o.Payer = &Payer{OpenID: b.OpenID}
		case o.SubAppID != "":
			o.Payer = &Payer{SubOpenID: b.OpenID}
		default:
			o.Payer = &Payer{SpOpenID: b.OpenID}
		}
	case KindH5:
		o.SceneInfo = &Scene{PayerClientIP: b.IP, H5Info: &H5Info{Type: "Wap"}}
	case KindCodePay:
		o.NotifyURL, o.TimeExpire = "", ""
		o.Payer = &Payer{AuthCode: b.AuthCode}
		o.SceneInfo = &Scene{DeviceIP: b.IP, StoreInfo: &Store{OutID: cmp.Or(b.StoreID, o.Merchant())}}
	}
	return o
}

// H5 is the address that the buyer's browser opens, which leads back to returnURL.
func (r OrderResult) H5(returnURL string) (string, error) {
	u, err := url.Parse(r.H5URL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return "", errors.New("the answer has no usable h5_url")
	}
	if returnURL == "" {
		return r.H5URL, nil
	}
	return r.H5URL + "&redirect_url=" + url.QueryEscape(returnURL), nil
}

// Wallets that a prepay id opens: a page's getBrandWCPayRequest, a mini program's wx.requestPayment, which knows its own appid, and an app's PayReq.
const (
	WalletPage = "page"
	WalletMini = "mini"
	WalletApp  = "app"
)

// WalletParams signs what opens the wallet. Times are Unix seconds, as strings.
func (p Parties) WalletParams(wallet, prepayID, nonce string, timestamp int64, sign SignFunc) (map[string]string, error) {
	appID, message := p.WalletAppID(), JSAPIMessage
	if wallet == WalletApp {
		message = AppMessage
	}
	raw, err := sign(message(appID, timestamp, nonce, prepayID))
	if err != nil {
		return nil, err
	}
	at, sig := strconv.FormatInt(timestamp, 10), base64.StdEncoding.EncodeToString(raw)
	if wallet == WalletApp {
		return map[string]string{"appid": appID, "partnerid": p.Merchant(), "prepayid": prepayID, "package": "Sign=WXPay", "noncestr": nonce, "timestamp": at, "sign": sig}, nil
	}
	params := map[string]string{"timeStamp": at, "nonceStr": nonce, "package": "prepay_id=" + prepayID, "signType": "RSA", "paySign": sig}
	if wallet == WalletPage {
		params["appId"] = appID
	}
	return params, nil
}

// BridgeCall opens the wallet inside WeChat. Its answer "ok" is no proof of payment: the switch asks.
const BridgeCall = `WeixinJSBridge.invoke("getBrandWCPayRequest",params,function(r){var m=(r&&r.err_msg)||"";` +
	`done(m==="get_brand_wcpay_request:ok"?"ok":m==="get_brand_wcpay_request:cancel"?"cancel":"fail")})`

// SimulatedPage hands the sandbox's phone everything that the bridge would get, so that paySign is checked there as well.
const SimulatedPage = "/phone/pay?prepay_id={package}&appId={appId}&timeStamp={timeStamp}&nonceStr={nonceStr}&signType={signType}&paySign={paySign}"
