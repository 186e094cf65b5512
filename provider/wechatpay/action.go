package wechatpay

import (
	"encoding/base64"
	"net/url"
	"strconv"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// actionFor turns a placed order into what the buyer's page, mini program or app does.
func actionFor(call provider.Call, start provider.StartRequest, placed wire.OrderResult, a answer) provider.Result {
	result := provider.Result{State: provider.Pending, Exchange: a.exchange}
	switch start.Attempt.Product {
	case ProductNative:
		if placed.CodeURL == "" {
			return a.nonsense("the answer has no code_url")
		}
		result.Action = postern.Action{Type: postern.ActionQR, Content: placed.CodeURL}
		if at := start.Attempt.ExpiresAt; !at.IsZero() {
			result.Action.ExpiresAt = &at
		}
	case ProductH5:
		u, err := url.Parse(placed.H5URL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			return a.nonsense("the answer has no usable h5_url")
		}
		to := placed.H5URL
		if start.ReturnURL != "" {
			to += "&redirect_url=" + url.QueryEscape(start.ReturnURL)
		}
		result.Action = postern.Action{Type: postern.ActionRedirect, URL: to}
	default:
		if placed.PrepayID == "" {
			return a.nonsense("the answer has no prepay_id")
		}
		params, err := walletParams(call, start.Attempt.Product, placed.PrepayID)
		if err != nil { // the order exists, but nobody can be shown how to pay it
			return a.nonsense("paySign could not be made: " + err.Error())
		}
		result.Opaque = placed.PrepayID
		result.Action = postern.Action{Type: actions[start.Attempt.Product], Params: params}
		if start.Attempt.Product == ProductJSAPI {
			result.Action.Bridge = "WeixinJSBridge"
		}
	}
	return result
}

// actions are those that open the wallet with a prepay id.
var actions = map[string]postern.ActionType{ProductJSAPI: postern.ActionJSAPI, ProductMini: postern.ActionMini, ProductApp: postern.ActionApp}

// walletParams signs what opens the wallet: a page's getBrandWCPayRequest, a mini program's wx.requestPayment and an app's PayReq. Times are Unix seconds, as strings.
func walletParams(call provider.Call, product, prepayID string) (map[string]string, error) {
	g, err := call.Newest()
	if err != nil {
		return nil, err
	}
	signer, err := g.Signer(KeyMerchantPrivate)
	if err != nil {
		return nil, err
	}
	nonce, err := newNonce(call.Env.Rand)
	if err != nil {
		return nil, err
	}
	p, ts := partiesOf(call, product), call.Env.Now().Unix()
	message := wire.JSAPIMessage
	if product == ProductApp {
		message = wire.AppMessage
	}
	raw, err := signer.Sign(provider.RSASHA256, message(p.WalletAppID(), ts, nonce, prepayID))
	if err != nil {
		return nil, err
	}
	at, sig := strconv.FormatInt(ts, 10), base64.StdEncoding.EncodeToString(raw)
	switch product {
	case ProductApp:
		return map[string]string{"appid": p.WalletAppID(), "partnerid": p.Merchant(), "prepayid": prepayID, "package": "Sign=WXPay", "noncestr": nonce, "timestamp": at,
			"sign": sig}, nil
	case ProductMini: // the platform's call takes no appId: it knows its own
		return map[string]string{"timeStamp": at, "nonceStr": nonce, "package": "prepay_id=" + prepayID, "signType": "RSA", "paySign": sig}, nil
	}
	return map[string]string{"appId": p.WalletAppID(), "timeStamp": at, "nonceStr": nonce, "package": "prepay_id=" + prepayID, "signType": "RSA", "paySign": sig}, nil
}
