package wechatpay

import (
	"net/http"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Names of the settings and key fields of an account that is issued to a merchant whose code speaks WeChat Pay's protocol.
const (
	FaceAppIDs              = "appids"
	FaceVerify              = "verify_with"
	FaceUncertified         = "v2_without_certificate"
	FaceMerchantCertificate = "merchant_certificate"
	FaceMerchantPublic      = "merchant_public_key"
	FaceMerchantSerial      = "merchant_serial"
	FacePlatformPrivate     = "platform_private_key"
	FacePlatformCertificate = "platform_certificate"
	FacePublicID            = "platform_public_key_id"
	FaceAPIv3               = "apiv3_key"
	FaceAPIv2               = "api_key_v2"
)

// faceYes is the value of FaceUncertified for a merchant whose test code reaches addresses below /secapi without a client certificate.
const faceYes = "yes"

// faceVerifyPublic is the value of FaceVerify for a merchant who has no platform certificate.
const faceVerifyPublic = "public_key"

var (
	_ provider.Faced     = Connector{}
	_ provider.Forwarder = Connector{}
)

// faceRetries is the notification page's schedule: 24 h 4 min altogether.
var faceRetries = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	30 * time.Minute, 60 * time.Minute, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// Face implements provider.Faced.
func (Connector) Face() provider.FaceDescription {
	return provider.FaceDescription{
		Number: faceNumber, TradeNo: faceTradeNo, Mint: faceMint, Public: []string{FacePublicID}, Settings: faceSettings(), Keys: faceKeys(), OneRefundNumber: true, Retries: faceRetries, Paste: facePaste(),
	}
}

func faceSettings() []provider.Field {
	return []provider.Field{
		{Name: FaceAppIDs, LabelZH: "程序里写的 AppID（多个用逗号隔开）", LabelEN: "AppIDs that the shop's code names, with commas between",
			Help: "Without it any AppID is taken; it is repeated in answers and decides nothing about money."},
		{Name: FaceVerify, LabelZH: "验签方式", LabelEN: "What the shop's code verifies with", Default: "certificate",
			Help: "certificate: the platform certificate; public_key: the public key, for a shop that never had a certificate. Requests that name the public key are answered under it either way."},
		{Name: FaceUncertified, LabelZH: "测试商户的 v2 退款、撤销不查客户端证书（yes）", LabelEN: "yes: API v2 gives back and reverses without a client certificate", TestOnly: true,
			Help: "For a test merchant whose code reaches the facade without TLS. The real WeChat Pay always wants the certificate, and so does a live merchant's account."},
	}
}

func faceKeys() []provider.KeyField {
	return []provider.KeyField{
		{Name: FaceMerchantCertificate, Kind: provider.KeyCertificate, LabelZH: "商户API证书（apiclient_cert.pem）", LabelEN: "Merchant certificate (apiclient_cert.pem)", Required: true,
			Instead: []string{FaceMerchantPublic, FaceMerchantSerial}},
		{Name: FaceMerchantPublic, Kind: provider.KeyRSAPublic, LabelZH: "商户公钥", LabelEN: "Merchant public key", IDField: FaceMerchantSerial},
		{Name: FaceMerchantSerial, Kind: provider.KeySecret, LabelZH: "商户证书序列号", LabelEN: "Serial number that the shop's code sends"},
		{Name: FacePlatformPrivate, Kind: provider.KeyRSAPrivate, LabelZH: "平台私钥", LabelEN: "Platform private key", Required: true, Own: true},
		{Name: FacePlatformCertificate, Kind: provider.KeyCertificate, LabelZH: "平台证书", LabelEN: "Platform certificate", Required: true, Own: true},
		{Name: FacePublicID, Kind: provider.KeySecret, LabelZH: "平台公钥ID", LabelEN: "Id of the platform public key", Required: true, Own: true},
		{Name: FaceAPIv3, Kind: provider.KeyAES256GCM, LabelZH: "APIv3密钥", LabelEN: "APIv3 key", Required: true, Own: true},
		{Name: FaceAPIv2, Kind: provider.KeySecret, LabelZH: "APIv2密钥", LabelEN: "API key of v2", Required: true, Own: true},
	}
}

func facePaste() []provider.PasteHelp {
	return []provider.PasteHelp{
		{SDK: "wechatpay-axios-plugin", ZH: "new Wechatpay({ baseURL: '{base_url}/', mchid: '{number}', certs: { '{serial}': 平台证书 } })",
			EN: "new Wechatpay({ baseURL: '{base_url}/', mchid: '{number}', certs: { '{serial}': platform certificate } })"},
		{SDK: "wechatpay-php", ZH: "Builder::factory(['base_uri' => '{base_url}/', 'mchid' => '{number}', 'certs' => ['{serial}' => 平台证书]])",
			EN: "Builder::factory(['base_uri' => '{base_url}/', 'mchid' => '{number}', 'certs' => ['{serial}' => platform certificate]])"},
		{SDK: "gopay", ZH: "client.SetProxyHost(\"{base_url}\")，商户号 {number}", EN: "client.SetProxyHost(\"{base_url}\"), merchant number {number}"},
		{SDK: "wechatpay-go", ZH: "http.Client 的 Transport 把 api.mch.weixin.qq.com 换成 {base_url}，商户号 {number}",
			EN: "a Transport of http.Client that replaces api.mch.weixin.qq.com by {base_url}, merchant number {number}"},
		{SDK: "wechatpay-java", ZH: "自定义 HttpClient，把 api.mch.weixin.qq.com 换成 {base_url}；必须是 HTTP/1.1", EN: "an HttpClient of your own that replaces api.mch.weixin.qq.com by {base_url}, over HTTP/1.1"},
		{SDK: "wechatpay-node-v3", ZH: "用 createHttp 换掉 HTTP 客户端，地址改成 {base_url}，商户号 {number}", EN: "createHttp with a client that calls {base_url}, merchant number {number}"},
		{SDK: "wechatpay-apache-httpclient", ZH: "请求地址里的 api.mch.weixin.qq.com 换成 {base_url}，商户号 {number}，验签换平台证书（序列号 {serial}）",
			EN: "call {base_url} in the place of api.mch.weixin.qq.com, merchant number {number}, verify with the platform certificate (serial number {serial})"},
	}
}

const faceDigits = "0123456789"

func faceText(n int, random func(n int) int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = faceDigits[random(len(faceDigits))]
	}
	return string(b)
}

// faceNumber mints a merchant number: ten digits, as WeChat's own that begin with 19.
func faceNumber(_ time.Time, random func(n int) int) string { return "19" + faceText(8, random) }

// faceTradeNo mints a transaction number: 28 digits with the day of Beijing in them, as WeChat's own.
func faceTradeNo(now time.Time, random func(n int) int) string {
	return "42000" + faceText(5, random) + now.In(wire.CST).Format("20060102") + faceText(10, random)
}

// faceRefundID is a refund's number in WeChat's form, 29 digits: a pure function of the one number that the switch keeps of it.
func faceRefundID(tradeNo string) string {
	if len(tradeNo) != 28 {
		return tradeNo
	}
	return "50300" + tradeNo[5:] + "1"
}

func faceMint(field string, random func(n int) int) string {
	if field == FacePublicID {
		return wire.PublicKeyIDPrefix + "01" + faceText(26, random)
	}
	return ""
}

// ReturnURL implements provider.Faced. WeChat adds nothing to the address that a merchant appends to an h5 page.
func (Connector) ReturnURL(_ provider.FaceAccount, o provider.FacedOrder, _ time.Time) (string, error) {
	return o.ReturnURL, nil
}

// NoticeAcknowledged implements provider.Faced. API v3 is judged by the status alone. API v2 wants its word in the body, and always had the status 200 beside it.
func (Connector) NoticeAcknowledged(status int, body []byte) bool {
	if status == http.StatusNoContent {
		return true
	}
	f, err := wire.ParseXML(body, "")
	return status == http.StatusOK && (err != nil || f["return_code"] == wire.V2Success)
}
