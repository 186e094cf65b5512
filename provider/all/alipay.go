package all

import (
	"postern/provider/alipay"
	"postern/provider/alipay/sandbox"
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
		Products: []string{alipay.ProductJSAPI, alipay.ProductH5, alipay.ProductPage, alipay.ProductNative},
		Settings: map[string]string{
			alipay.SettingAppID: sandboxAlipayApp, alipay.SettingSellerID: sandboxAlipaySeller, alipay.SettingGateway: setup.BaseURL + "/gateway.do",
			alipay.SettingOAuthURL: setup.BaseURL + "/oauth2/publicAppAuthorize.htm",
		},
		Keys: map[string][]byte{alipay.KeyAppPrivate: privateText, alipay.KeyAlipayPublic: publicText},
		Ready: []ReadyField{
			{Name: "gateway_url", Value: setup.BaseURL + "/gateway.do"}, {Name: "app_id", Value: sandboxAlipayApp}, {Name: "seller_id", Value: sandboxAlipaySeller},
			{Name: "app_private_key_file", Value: string(privateText), File: true}, {Name: "alipay_public_key_file", Value: string(publicText), File: true},
		},
	}, nil
}
