package all

import (
	"encoding/hex"
	"io"
	"maps"

	"postern/provider"
	"postern/provider/wechatpay"
	"postern/provider/wechatpay/sandbox"
)

// wechatpayKeys are the merchant's key, the platform certificate's, the one of public-key mode and the service provider's.
var wechatpayKeys = []string{"wechatpay-merchant", "wechatpay-platform", "wechatpay-public", "wechatpay-partner"}

const (
	sandboxMchID       = "1900000109"
	sandboxAppID       = "wx8888888888888888"
	sandboxPublicKeyID = "PUB_KEY_ID_0119000001092026112200000000000001"
	sandboxSpMchID     = "1900000100"
	sandboxSpAppID     = "wx9999999999999999"
	sandboxSubAppID    = "wx7777777777777777"
	sandboxOldMchID    = "1900000101"
	sandboxOldAppID    = "wx6666666666666666"
)

// wechatpayV2 titles an old merchant, who still speaks API v2.
const wechatpayV2 = "v2"

// sandboxSubs are the merchants of the simulated service provider; the first has an appid of its own.
var sandboxSubs = []string{"1900000111", "1900000112", "1900000113"}

// wechatpayAccount makes an account whose secrets come from Setup.Rand, and what a channel needs to use it.
func wechatpayAccount(setup Setup, key, mchID, appID string) (sandbox.Account, map[string][]byte, []byte, error) {
	merchant := setup.Key(key)
	certificate, serial, err := sandbox.NewMerchantCertificate(setup.Rand, merchant, setup.Clock.Now(), mchID)
	if err != nil {
		return sandbox.Account{}, nil, nil, err
	}
	secrets := make([]byte, 32)
	if _, err := io.ReadFull(setup.Rand, secrets); err != nil {
		return sandbox.Account{}, nil, nil, err
	}
	privateText, err := privatePEM(merchant)
	if err != nil {
		return sandbox.Account{}, nil, nil, err
	}
	apiv3, appSecret := hex.EncodeToString(secrets[:16]), hex.EncodeToString(secrets[16:])
	account := sandbox.Account{
		Name: setup.Name, MchID: mchID, AppID: appID, AppSecret: appSecret, MerchantSerial: serial, MerchantPublicKey: &merchant.PublicKey, APIv3Key: []byte(apiv3),
	}
	return account, map[string][]byte{
		wechatpay.KeyMerchantPrivate: privateText, wechatpay.KeyMerchantSerial: []byte(serial), wechatpay.KeyAPIv3: []byte(apiv3), wechatpay.KeyAppSecret: []byte(appSecret),
	}, certificate, nil
}

var wechatpayMaker = Maker{Code: wechatpay.Code, Connector: wechatpay.New(), Keys: wechatpayKeys, Make: makeWechatpay, Partner: true, More: []string{wechatpayV2}}

// makeWechatpay makes a WeChat Pay with a merchant and a service provider.
func makeWechatpay(setup Setup) (Sandbox, error) {
	platform, public := setup.Key(wechatpayKeys[1]), setup.Key(wechatpayKeys[2])
	platformKey, err := sandbox.PlatformKeyFor(setup.Rand, platform, setup.Clock.Now())
	if err != nil {
		return Sandbox{}, err
	}
	account, keys, certificate, err := wechatpayAccount(setup, wechatpayKeys[0], sandboxMchID, sandboxAppID)
	if err != nil {
		return Sandbox{}, err
	}
	isv, partnerKeys, _, err := wechatpayAccount(setup, wechatpayKeys[3], sandboxSpMchID, sandboxSpAppID)
	if err != nil {
		return Sandbox{}, err
	}
	old, oldKeys, _, err := wechatpayAccount(setup, wechatpayKeys[0], sandboxOldMchID, sandboxOldAppID)
	if err != nil {
		return Sandbox{}, err
	}
	subSecret, keyV2 := make([]byte, 16), make([]byte, 16)
	if _, err := io.ReadFull(setup.Rand, subSecret); err != nil {
		return Sandbox{}, err
	}
	if _, err := io.ReadFull(setup.Rand, keyV2); err != nil {
		return Sandbox{}, err
	}
	old.APIKeyV2 = []byte(hex.EncodeToString(keyV2))
	oldKeys[wechatpay.KeyAPIv2] = old.APIKeyV2
	for _, number := range sandboxSubs {
		isv.Subs = append(isv.Subs, sandbox.SubMerchant{MchID: number, Name: setup.Name})
	}
	isv.Subs[0].Apps = []sandbox.App{{AppID: sandboxSubAppID, Secret: hex.EncodeToString(subSecret)}}
	s, err := sandbox.New(sandbox.Config{
		Accounts:     []sandbox.Account{account, isv, old},
		PlatformKeys: []sandbox.PlatformKey{platformKey}, PublicKeyID: sandboxPublicKeyID, PublicKey: public,
		Clock: setup.Clock, Wall: setup.Wall, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	publicText, err := publicPEM(public)
	if err != nil {
		return Sandbox{}, err
	}
	for _, set := range []map[string][]byte{keys, partnerKeys} {
		set[wechatpay.KeyPlatformPublic], set[wechatpay.KeyPlatformPublicID] = publicText, []byte(sandboxPublicKeyID)
	}
	partnerKeys[wechatpay.KeySubAppSecret] = []byte(isv.Subs[0].Apps[0].Secret)
	settings := map[string]string{
		wechatpay.SettingMchID: sandboxMchID, wechatpay.SettingAppID: sandboxAppID, wechatpay.SettingBaseURL: setup.BaseURL,
		wechatpay.SettingOpenURL: setup.BaseURL, wechatpay.SettingOAuthURL: setup.BaseURL,
	}
	partner := maps.Clone(settings)
	maps.Copy(partner, map[string]string{
		wechatpay.SettingMchID: sandboxSpMchID, wechatpay.SettingAppID: sandboxSpAppID, wechatpay.SettingPartner: "yes", wechatpay.SettingSubApp: sandboxSubAppID,
	})
	oldSettings := maps.Clone(settings)
	maps.Copy(oldSettings, map[string]string{wechatpay.SettingMchID: sandboxOldMchID, wechatpay.SettingAppID: sandboxOldAppID, wechatpay.SettingProtocol: "v2"})
	return Sandbox{
		Code: wechatpay.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"SUCCESS", "REFUND"}, refunded: []string{"SUCCESS"}}.read,
		Products: []string{wechatpay.ProductJSAPI, wechatpay.ProductH5, wechatpay.ProductNative, wechatpay.ProductMini, wechatpay.ProductApp, wechatpay.ProductCode},
		Settings: settings, Keys: keys, Partner: &Account{Settings: partner, Keys: partnerKeys, SubMerchant: sandboxSubs[0], Bills: []string{"tradebill"}},
		Receiver: provider.ShareReceiver{Kind: "MERCHANT_ID", Account: "1900000119", Name: "烧饼师傅合作社"},
		Without:  []string{"permissions"}, // WeChat tells limits to service providers only
		More: map[string]*Account{wechatpayV2: {
			Products: []string{wechatpay.ProductCode}, Settings: oldSettings, Keys: oldKeys,
			Without: []string{"trust refresh", "statement", "permissions", "profit sharing"},
		}},
		Ready: []ReadyField{
			{Name: "base_url", Value: setup.BaseURL}, {Name: "appid", Value: sandboxAppID}, {Name: "app_secret", Value: account.AppSecret}, {Name: "mchid", Value: sandboxMchID},
			{Name: "merchant_serial", Value: account.MerchantSerial}, {Name: "merchant_private_key_file", Value: string(keys[wechatpay.KeyMerchantPrivate]), File: true},
			{Name: "merchant_cert_file", Value: string(certificate), File: true}, {Name: "apiv3_key", Value: string(account.APIv3Key)},
			{Name: "platform_cert_file", Value: string(platformKey.Certificate), File: true}, {Name: "platform_serial", Value: platformKey.Serial},
			{Name: "platform_public_key_file", Value: string(publicText), File: true}, {Name: "platform_public_key_id", Value: sandboxPublicKeyID},
			{Name: "partner_mchid", Value: sandboxSpMchID}, {Name: "partner_appid", Value: sandboxSpAppID}, {Name: "partner_sub_mchid", Value: sandboxSubs[0]},
			{Name: "partner_sub_appid", Value: sandboxSubAppID}, {Name: "partner_serial", Value: isv.MerchantSerial}, {Name: "partner_apiv3_key", Value: string(isv.APIv3Key)},
			{Name: "partner_private_key_file", Value: string(partnerKeys[wechatpay.KeyMerchantPrivate]), File: true},
			{Name: "v2_mchid", Value: sandboxOldMchID}, {Name: "v2_appid", Value: sandboxOldAppID}, {Name: "v2_key", Value: string(old.APIKeyV2)},
		},
	}, nil
}
