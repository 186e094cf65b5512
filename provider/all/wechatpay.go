package all

import (
	"encoding/hex"
	"io"

	"postern/provider/wechatpay"
	"postern/provider/wechatpay/sandbox"
)

// wechatpayKeys are the merchant's key, the platform certificate's and the one of public-key mode.
var wechatpayKeys = []string{"wechatpay-merchant", "wechatpay-platform", "wechatpay-public"}

const (
	sandboxMchID       = "1900000109"
	sandboxAppID       = "wx8888888888888888"
	sandboxPublicKeyID = "PUB_KEY_ID_0119000001092026112200000000000001"
)

// makeWechatpay makes a WeChat Pay with one account whose secrets come from Setup.Rand.
func makeWechatpay(setup Setup) (Sandbox, error) {
	merchant, platform, public := setup.Key(wechatpayKeys[0]), setup.Key(wechatpayKeys[1]), setup.Key(wechatpayKeys[2])
	now := setup.Clock.Now()
	platformKey, err := sandbox.PlatformKeyFor(setup.Rand, platform, now)
	if err != nil {
		return Sandbox{}, err
	}
	certificate, serial, err := sandbox.NewMerchantCertificate(setup.Rand, merchant, now, sandboxMchID)
	if err != nil {
		return Sandbox{}, err
	}
	secrets := make([]byte, 32)
	if _, err := io.ReadFull(setup.Rand, secrets); err != nil {
		return Sandbox{}, err
	}
	apiv3, appSecret := hex.EncodeToString(secrets[:16]), hex.EncodeToString(secrets[16:])
	s, err := sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{{
			Name: setup.Name, MchID: sandboxMchID, AppID: sandboxAppID, AppSecret: appSecret, MerchantSerial: serial, MerchantPublicKey: &merchant.PublicKey, APIv3Key: []byte(apiv3),
		}},
		PlatformKeys: []sandbox.PlatformKey{platformKey}, PublicKeyID: sandboxPublicKeyID, PublicKey: public,
		Clock: setup.Clock, Wall: setup.Wall, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	privateText, err := privatePEM(merchant)
	if err != nil {
		return Sandbox{}, err
	}
	publicText, err := publicPEM(public)
	if err != nil {
		return Sandbox{}, err
	}
	return Sandbox{
		Code: wechatpay.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"SUCCESS", "REFUND"}, refunded: []string{"SUCCESS"}}.read,
		Products: []string{wechatpay.ProductJSAPI, wechatpay.ProductH5, wechatpay.ProductNative},
		Settings: map[string]string{
			wechatpay.SettingMchID: sandboxMchID, wechatpay.SettingAppID: sandboxAppID, wechatpay.SettingBaseURL: setup.BaseURL,
			wechatpay.SettingOpenURL: setup.BaseURL, wechatpay.SettingOAuthURL: setup.BaseURL,
		},
		Keys: map[string][]byte{
			wechatpay.KeyMerchantPrivate: privateText, wechatpay.KeyMerchantSerial: []byte(serial), wechatpay.KeyAPIv3: []byte(apiv3),
			wechatpay.KeyAppSecret: []byte(appSecret), wechatpay.KeyPlatformPublic: publicText, wechatpay.KeyPlatformPublicID: []byte(sandboxPublicKeyID),
		},
		Ready: []ReadyField{
			{Name: "base_url", Value: setup.BaseURL}, {Name: "appid", Value: sandboxAppID}, {Name: "app_secret", Value: appSecret}, {Name: "mchid", Value: sandboxMchID},
			{Name: "merchant_serial", Value: serial}, {Name: "merchant_private_key_file", Value: string(privateText), File: true},
			{Name: "merchant_cert_file", Value: string(certificate), File: true}, {Name: "apiv3_key", Value: apiv3},
			{Name: "platform_cert_file", Value: string(platformKey.Certificate), File: true}, {Name: "platform_serial", Value: platformKey.Serial},
			{Name: "platform_public_key_file", Value: string(publicText), File: true}, {Name: "platform_public_key_id", Value: sandboxPublicKeyID},
		},
	}, nil
}
