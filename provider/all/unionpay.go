package all

import (
	"crypto/rsa"

	"postern/provider/unionpay"
	"postern/provider/unionpay/sandbox"
)

// unionpayKeys are the merchant's key, the gateway's, and those of the two authorities above it.
var unionpayKeys = []string{"unionpay-merchant", "unionpay-gateway", "unionpay-middle", "unionpay-root"}

const sandboxMerID = "777290058110048"

var unionpayMaker = Maker{Code: unionpay.Code, Connector: unionpay.New(), Keys: unionpayKeys, Make: makeUnionpay}

// makeUnionpay makes a UnionPay with one merchant, in certificate mode.
func makeUnionpay(setup Setup) (Sandbox, error) {
	merchant, now := setup.Key(unionpayKeys[0]), setup.Clock.Now()
	chain, err := sandbox.NewChain(setup.Rand, setup.Key(unionpayKeys[3]), setup.Key(unionpayKeys[2]), setup.Key(unionpayKeys[1]), now)
	if err != nil {
		return Sandbox{}, err
	}
	certificate, certID, err := sandbox.NewMerchantCertificate(setup.Rand, merchant, now, sandboxMerID)
	if err != nil {
		return Sandbox{}, err
	}
	s, err := sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{{MerID: sandboxMerID, Name: setup.Name, Certificates: map[string]*rsa.PublicKey{certID: &merchant.PublicKey}}},
		Chain:    chain, Clock: setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	privateText, err := privatePEM(merchant)
	if err != nil {
		return Sandbox{}, err
	}
	return Sandbox{
		Code: unionpay.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"PAID"}, refunded: []string{"REFUNDED"}}.read,
		Products: []string{unionpay.JSAPI, unionpay.H5, unionpay.Page, unionpay.Native, unionpay.Barcode, unionpay.App},
		Settings: map[string]string{unionpay.SettingMerID: sandboxMerID, unionpay.SettingGateway: setup.BaseURL, unionpay.SettingFiles: setup.BaseURL},
		Keys: map[string][]byte{
			unionpay.KeyMerchant: privateText, unionpay.KeyCertificate: []byte(certificate), unionpay.KeyMiddle: []byte(chain.Middle), unionpay.KeyRoot: []byte(chain.Root),
		},
		Ready: []ReadyField{
			{Name: "gateway_url", Value: setup.BaseURL}, {Name: "mer_id", Value: sandboxMerID}, {Name: "cert_id", Value: certID},
			{Name: "merchant_private_key_file", Value: string(privateText), File: true}, {Name: "merchant_cert_file", Value: certificate, File: true},
			{Name: "middle_cert_file", Value: chain.Middle, File: true}, {Name: "root_cert_file", Value: chain.Root, File: true},
		},
	}, nil
}
