package all

import (
	"postern/provider/alipay"
	"postern/provider/wechatpay"
)

// FaceSetup is an account that was issued, as a merchant's code needs it: addresses and numbers, what is public, what is secret, and the merchant's own key, which
// nobody but the merchant has. Texts are PEM where a key is meant.
type FaceSetup struct {
	BaseURL     string
	Number      string
	Settings    map[string]string
	Public      map[string]string
	Secrets     map[string]string
	Private     string
	Certificate string
	Serial      string
}

// FaceMaker is a facade for a merchant of the demo: what the merchant gives of its key, and the fields of the ready file, by the names of the simulator's section.
type FaceMaker struct {
	Code string
	// Settings are those of the demo's account.
	Settings map[string]string
	// Plain are those that the demo's account has besides where it is reached without TLS.
	Plain map[string]string
	// Given are the key fields that the merchant hands over, of its public key, certificate and serial number.
	Given func(public, certificate, serial string) map[string][]byte
	Ready func(FaceSetup) []ReadyField
}

// Faces lists the facades of this binary.
func Faces() []FaceMaker {
	return []FaceMaker{
		{
			Code: alipay.Code,
			Given: func(public, certificate, _ string) map[string][]byte { // the same account in key mode and in certificate mode
				return map[string][]byte{"merchant_public": []byte(public), "merchant_certificate": []byte(certificate)}
			},
			Ready: func(s FaceSetup) []ReadyField {
				return []ReadyField{
					{Name: "gateway_url", Value: s.BaseURL + "/gateway.do"}, {Name: "app_id", Value: s.Number}, {Name: "seller_id", Value: s.Settings["seller_id"]},
					{Name: "app_private_key_file", Value: s.Private, File: true}, {Name: "app_cert_file", Value: s.Certificate, File: true},
					{Name: "alipay_public_key_file", Value: s.Public["public_key"], File: true},
					{Name: "alipay_cert_file", Value: s.Public["platform_certificate"], File: true}, {Name: "alipay_root_cert_file", Value: s.Public["platform_root"], File: true},
					{Name: "encrypt_key", Value: s.Secrets["aes"]},
				}
			},
		},
		{
			Code: wechatpay.Code, Settings: map[string]string{wechatpay.FaceAppIDs: sandboxAppID}, Plain: map[string]string{wechatpay.FaceUncertified: "yes"},
			Given: func(_, certificate, _ string) map[string][]byte {
				return map[string][]byte{wechatpay.FaceMerchantCertificate: []byte(certificate)}
			},
			Ready: func(s FaceSetup) []ReadyField {
				return []ReadyField{
					{Name: "base_url", Value: s.BaseURL}, {Name: "appid", Value: s.Settings[wechatpay.FaceAppIDs]}, {Name: "mchid", Value: s.Number},
					{Name: "merchant_serial", Value: s.Serial}, {Name: "merchant_private_key_file", Value: s.Private, File: true}, {Name: "merchant_cert_file", Value: s.Certificate, File: true},
					{Name: "apiv3_key", Value: s.Secrets[wechatpay.FaceAPIv3]}, {Name: "platform_cert_file", Value: s.Public[wechatpay.FacePlatformCertificate], File: true},
					{Name: "platform_serial", Value: s.Public["serial"]}, {Name: "platform_public_key_file", Value: s.Public["public_key"], File: true},
					{Name: "platform_public_key_id", Value: s.Public[wechatpay.FacePublicID]}, {Name: "v2_key", Value: s.Secrets[wechatpay.FaceAPIv2]},
				}
			},
		},
	}
}
