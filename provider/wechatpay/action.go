package wechatpay

import (
	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// opened are the actions that open a wallet with a prepay id, and whose wallet it is.
var opened = map[string]struct {
	action postern.ActionType
	wallet string
}{
	ProductJSAPI: {postern.ActionJSAPI, wire.WalletPage}, ProductMini: {postern.ActionMini, wire.WalletMini}, ProductApp: {postern.ActionApp, wire.WalletApp},
}

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
		to, err := placed.H5(start.ReturnURL)
		if err != nil {
			return a.nonsense(err.Error())
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
		result.Action = postern.Action{Type: opened[start.Attempt.Product].action, Params: params}
		if start.Attempt.Product == ProductJSAPI {
			result.Action.Bridge = "WeixinJSBridge"
		}
	}
	return result
}

func walletParams(call provider.Call, product, prepayID string) (map[string]string, error) {
	sign, _, err := signing(call)
	if err != nil {
		return nil, err
	}
	nonce, err := wire.NewNonce(call.Env.Rand)
	if err != nil {
		return nil, err
	}
	return partiesOf(call, product).WalletParams(opened[product].wallet, prepayID, nonce, call.Env.Now().Unix(), sign)
}
