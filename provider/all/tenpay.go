package all

import (
	"postern/provider/tenpay"
	"postern/provider/tenpay/sandbox"
)

// The simulated account: the number of TenPay's shared test partner, with keys of our own.
const (
	sandboxTenPartner  = "1900000109"
	sandboxTenKey      = "postern0sandbox0key0for0tenpay00"
	sandboxTenPassword = "postern-operator"
)

var tenpayMaker = Maker{Code: tenpay.Code, Connector: tenpay.New(), Make: makeTenpay}

// makeTenpay makes a TenPay with one partner.
func makeTenpay(setup Setup) (Sandbox, error) {
	s, err := sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{{Partner: sandboxTenPartner, Name: setup.Name, Keys: [][]byte{[]byte(sandboxTenKey)}, Password: []byte(sandboxTenPassword)}},
		Clock:    setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	return Sandbox{
		Code: tenpay.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"PAID"}, refunded: []string{"REFUNDED"}}.read,
		Products: []string{tenpay.H5, tenpay.Page},
		Settings: map[string]string{tenpay.SettingPartner: sandboxTenPartner, tenpay.SettingGateway: setup.BaseURL, tenpay.SettingMerchant: setup.BaseURL},
		Keys:     map[string][]byte{tenpay.KeyPartner: []byte(sandboxTenKey), tenpay.KeyOperator: []byte(sandboxTenPassword)},
		Ready: []ReadyField{
			{Name: "gateway_url", Value: setup.BaseURL}, {Name: "partner", Value: sandboxTenPartner}, {Name: "partner_key", Value: sandboxTenKey},
			{Name: "op_user_password", Value: sandboxTenPassword},
		},
	}, nil
}
