package all

import (
	"postern/provider/bill99"
	"postern/provider/bill99/sandbox"
)

// The simulated account and its three keys.
const (
	sandboxBillAccount = "1001213884201"
	sandboxBillGateway = "POSTERNGATEWAY01"
	sandboxBillQuery   = "POSTERNQUERIES02"
	sandboxBillRefund  = "POSTERNREFUNDS03"
)

var bill99Maker = Maker{Code: bill99.Code, Connector: bill99.New(), Make: makeBill99}

// makeBill99 makes a 99Bill with one account, in MD5 mode.
func makeBill99(setup Setup) (Sandbox, error) {
	s, err := sandbox.New(sandbox.Config{
		Accounts: []sandbox.Account{{Number: sandboxBillAccount, Name: setup.Name, GatewayKey: []byte(sandboxBillGateway), QueryKey: []byte(sandboxBillQuery), RefundKey: []byte(sandboxBillRefund)}},
		Clock:    setup.Clock, Rand: setup.Rand, HTTP: setup.HTTP, BaseURL: setup.BaseURL, Log: setup.Log,
	})
	if err != nil {
		return Sandbox{}, err
	}
	return Sandbox{
		Code: bill99.Code, Handler: s.Handler(), Control: s.Control(), Run: s.Run, RunDue: s.RunDue, Next: s.Next,
		Read:     words{paid: []string{"PAID"}, refunded: []string{"REFUNDED"}}.read,
		Products: []string{bill99.H5, bill99.Page},
		Settings: map[string]string{bill99.SettingAccount: sandboxBillAccount, bill99.SettingGateway: setup.BaseURL},
		Keys:     map[string][]byte{bill99.KeyGateway: []byte(sandboxBillGateway), bill99.KeyQuery: []byte(sandboxBillQuery), bill99.KeyRefund: []byte(sandboxBillRefund)},
		Ready: []ReadyField{
			{Name: "gateway_url", Value: setup.BaseURL}, {Name: "merchant_acct_id", Value: sandboxBillAccount}, {Name: "gateway_key", Value: sandboxBillGateway},
			{Name: "query_key", Value: sandboxBillQuery}, {Name: "refund_key", Value: sandboxBillRefund},
		},
	}, nil
}
