package all

import (
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"

	"postern/provider"
	"postern/provider/alipay"
	"postern/provider/alipay/sandbox"
	"postern/provider/alipay/wire"
)

// alipayKeys are the apps' own key, the gateway's, the one that it signs certificates' messages with after a rotation, and those of the two authorities.
var alipayKeys = []string{"alipay-app", "alipay-gateway", "alipay-next", "alipay-root", "alipay-middle"}

// The accounts beside the plain one: in certificate mode with encrypted content, and one that speaks the protocol's third version.
const (
	alipayCertified = "certificates"
	alipayV3        = "v3"
)

// The simulated accounts: a merchant in key mode, one in certificate mode, and a partner with two merchants.
const (
	sandboxAlipayApp         = "2021000000000001"
	sandboxAlipaySeller      = "2088000000000001"
	sandboxAlipayMini        = "2021000000000009"
	sandboxAlipayCertApp     = "2021000000000003"
	sandboxAlipayCertSeller  = "2088000000000003"
	sandboxAlipayPartner     = "2021000000000004"
	sandboxAlipayPartnerSelf = "2088000000000004"
	sandboxAlipaySubApp      = "2021000000000011"
	sandboxAlipaySub         = "2088000000000011"
	sandboxAlipaySubApp2     = "2021000000000012"
	sandboxAlipaySub2        = "2088000000000012"
)

// alipaySecrets are what the simulated accounts share with Alipay beside their keys.
type alipaySecrets struct {
	content         string // the content key, base64
	tokens          [2]string
	app, root       string // certificates, PEM
	private, public []byte
}

func newAlipaySecrets(setup Setup, authority *sandbox.Authority) (s alipaySecrets, err error) {
	random := make([]byte, 16+2*17)
	if _, err = io.ReadFull(setup.Rand, random); err != nil {
		return s, err
	}
	s.content, s.root = base64.StdEncoding.EncodeToString(random[:16]), authority.Root
	for i := range s.tokens {
		s.tokens[i] = "202611BB" + hex.EncodeToString(random[16+17*i:][:16]) // of the documents' shape, within 40 characters
	}
	app := setup.Key(alipayKeys[0])
	if s.app, err = authority.App(&app.PublicKey, sandboxAlipayCertSeller, sandboxAlipayCertApp); err != nil {
		return s, err
	}
	if s.private, err = privatePEM(app); err != nil {
		return s, err
	}
	s.public, err = publicPEM(setup.Key(alipayKeys[1]))
	return s, err
}

var alipayMaker = Maker{
	Code: alipay.Code, Connector: alipay.New(), Keys: alipayKeys, Make: makeAlipay, Partner: true, More: []string{alipayCertified, alipayV3},
}

// makeAlipay makes an Alipay with a merchant in key mode, one in certificate mode, and a partner.
func makeAlipay(setup Setup) (Sandbox, error) {
	app, gateway := setup.Key(alipayKeys[0]), setup.Key(alipayKeys[1])
	authority, err := sandbox.NewAuthority(setup.Rand, setup.Key(alipayKeys[3]), setup.Key(alipayKeys[4]), setup.Clock.Now())
	if err != nil {
		return Sandbox{}, err
	}
	secrets, err := newAlipaySecrets(setup, authority)
	if err != nil {
		return Sandbox{}, err
	}
	content, err := wire.ParseContentKey(secrets.content)
	if err != nil {
		return Sandbox{}, err
	}
	s, err := sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{
			{AppID: sandboxAlipayApp, SellerID: sandboxAlipaySeller, MiniAppID: sandboxAlipayMini, Name: setup.Name, AppPublicKey: &app.PublicKey},
			{AppID: sandboxAlipayCertApp, SellerID: sandboxAlipayCertSeller, MiniAppID: sandboxAlipayMini, Name: setup.Name, AppCertificate: secrets.app, ContentKey: content},
			{
				AppID: sandboxAlipayPartner, SellerID: sandboxAlipayPartnerSelf, MiniAppID: sandboxAlipayMini, Name: setup.Name, AppPublicKey: &app.PublicKey,
				Merchants: []sandbox.Merchant{
					{AppID: sandboxAlipaySubApp, SellerID: sandboxAlipaySub, Name: setup.Name, Token: secrets.tokens[0]},
					{AppID: sandboxAlipaySubApp2, SellerID: sandboxAlipaySub2, Name: setup.Name, Token: secrets.tokens[1]},
				},
			},
		},
		PrivateKey: gateway, NextKey: setup.Key(alipayKeys[2]), Authority: authority, Clock: setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	out := Sandbox{
		Code: alipay.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"TRADE_SUCCESS", "TRADE_FINISHED"}, refunded: []string{"REFUND_SUCCESS"}}.read,
		Products: []string{alipay.JSAPI, alipay.H5, alipay.Page, alipay.Native, alipay.App, alipay.Mini, alipay.Barcode},
		Settings: map[string]string{
			"app_id": sandboxAlipayApp, "seller_id": sandboxAlipaySeller, "mini_app_id": sandboxAlipayMini,
			"gateway_url": setup.BaseURL + "/gateway.do", "authorize_url": setup.BaseURL + wire.AuthorizePath,
		},
		Keys:     map[string][]byte{"app_private_key": secrets.private, "alipay_public_key": secrets.public},
		Receiver: provider.ShareReceiver{Kind: "userId", Account: "2088000000000077"},
	}
	moreAlipay(&out, secrets, s.PlatformCertificate())
	out.Ready = readyAlipay(setup, secrets, s.PlatformCertificate())
	return out, nil
}

// moreAlipay adds the accounts that are set up in other ways.
func moreAlipay(box *Sandbox, secrets alipaySecrets, platform string) {
	with := func(changed map[string]string) map[string]string {
		settings := maps.Clone(box.Settings)
		maps.Copy(settings, changed)
		return settings
	}
	keys := maps.Clone(box.Keys)
	keys["app_auth_token"] = []byte(secrets.tokens[0])
	box.Partner = &Account{
		Settings: with(map[string]string{"app_id": sandboxAlipayPartner, "seller_id": sandboxAlipayPartnerSelf, "merchant_app_id": sandboxAlipaySubApp}),
		Keys:     keys, SubMerchant: sandboxAlipaySub,
	}
	box.More = map[string]*Account{
		alipayCertified: {
			Settings: with(map[string]string{"app_id": sandboxAlipayCertApp, "seller_id": sandboxAlipayCertSeller}),
			Keys: map[string][]byte{
				"app_private_key": secrets.private, "app_cert": []byte(secrets.app), "alipay_cert": []byte(platform), "alipay_root_cert": []byte(secrets.root),
				"encrypt_key": []byte(secrets.content),
			},
		},
		alipayV3: {
			Settings: with(map[string]string{"protocol": "v3"}), Keys: box.Keys, Products: []string{alipay.JSAPI, alipay.Native, alipay.Mini, alipay.Barcode},
		},
	}
}

// readyAlipay lists what people and tests read about the simulated accounts.
func readyAlipay(setup Setup, secrets alipaySecrets, platform string) []ReadyField {
	return []ReadyField{
		{Name: "gateway_url", Value: setup.BaseURL + "/gateway.do"}, {Name: "app_id", Value: sandboxAlipayApp}, {Name: "seller_id", Value: sandboxAlipaySeller},
		{Name: "app_private_key_file", Value: string(secrets.private), File: true}, {Name: "alipay_public_key_file", Value: string(secrets.public), File: true},
		{Name: "mini_app_id", Value: sandboxAlipayMini},
		{Name: "certificate_app_id", Value: sandboxAlipayCertApp}, {Name: "certificate_seller_id", Value: sandboxAlipayCertSeller},
		{Name: "app_cert_file", Value: secrets.app, File: true}, {Name: "alipay_cert_file", Value: platform, File: true}, {Name: "alipay_root_cert_file", Value: secrets.root, File: true},
		{Name: "encrypt_key", Value: secrets.content},
		{Name: "partner_app_id", Value: sandboxAlipayPartner}, {Name: "partner_merchant_id", Value: sandboxAlipaySub}, {Name: "partner_merchant_app_id", Value: sandboxAlipaySubApp},
		{Name: "partner_app_auth_token", Value: secrets.tokens[0]},
	}
}
