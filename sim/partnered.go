package sim

import (
	"postern/provider"
)

// full is what the connectors of the two wallets can do; a connector in front of one passes all of it on.
type full interface {
	provider.Connector
	provider.Closer
	provider.Refunder
	provider.RefundQuerier
	provider.Notifiable
	provider.PayerResolver
	provider.Checker
}

// partnered is a connector whose channels have a setting and a token of their own.
type partnered struct{ full }

// Partnered is a connector of a provider at which a merchant authorises a partner: each channel may have its own store and its own token.
func Partnered(c provider.Connector) provider.Connector { return partnered{c.(full)} }

func (p partnered) Describe() provider.Description {
	d := p.full.Describe()
	d.Settings = append(d.Settings[:len(d.Settings):len(d.Settings)], provider.Field{Name: "store_id", LabelZH: "门店", LabelEN: "Store", PerChannel: true})
	d.Keys = append(d.Keys[:len(d.Keys):len(d.Keys)], provider.KeyField{Name: "auth_token", Kind: provider.KeySecret, LabelZH: "授权令牌", LabelEN: "Authorisation token", PerChannel: true})
	return d
}
