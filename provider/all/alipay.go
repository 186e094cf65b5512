package all

import (
	"postern/provider/alipay"
	"postern/provider/alipay/sandbox"
	"postern/provider/alipay/wire"
)

// alipayKeys are the app's own key and the gateway's.
var alipayKeys = []string{"alipay-app", "alipay-gateway"}

const (
	sandboxAlipayApp    = "2021000000000001"
	sandboxAlipaySeller = "2088000000000001"
)

// makeAlipay makes an Alipay with one app.
func makeAlipay(setup Setup) (Sandbox, error) {
	app, gateway := setup.Key(alipayKeys[0]), setup.Key(alipayKeys[1])
	s, err := sandbox.New(sandbox.Config{
		Accounts:   []sandbox.Account{{AppID: sandboxAlipayApp, SellerID: sandboxAlipaySeller, Name: setup.Name, AppPublicKey: &app.PublicKey}},
		PrivateKey: gateway, Clock: setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	privateText, err := privatePEM(app)
	if err != nil {
		return Sandbox{}, err
	}
	publicText, err := publicPEM(gateway)
	if err != nil {
		return Sandbox{}, err
	}
	return Sandbox{
		Code: alipay.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"TRADE_SUCCESS", "TRADE_FINISHED"}, refunded: []string{"REFUND_SUCCESS"}}.read,
		Products: []string{alipay.JSAPI, alipay.H5, alipay.Page, alipay.Native, alipay.Barcode},
		Settings: map[string]string{
			"app_id": sandboxAlipayApp, "seller_id": sandboxAlipaySeller, "gateway_url": setup.BaseURL + "/gateway.do", "authorize_url": setup.BaseURL + wire.AuthorizePath,
		},
		Keys: map[string][]byte{"app_private_key": privateText, "alipay_public_key": publicText},
		Ready: []ReadyField{
			{Name: "gateway_url", Value: setup.BaseURL + "/gateway.do"}, {Name: "app_id", Value: sandboxAlipayApp}, {Name: "seller_id", Value: sandboxAlipaySeller},
			{Name: "app_private_key_file", Value: string(privateText), File: true}, {Name: "alipay_public_key_file", Value: string(publicText), File: true},
		},
	}, nil
}
