package sim

import (
	"context"

	"postern"
	"postern/provider"
)

// partnered is a connector of a provider at which merchants have numbers under a partner's account, each with a shop and a token of its own. The simulator behind it knows
// one account only, so the number stays here.
type partnered struct {
	provider.Connector
	provider.Closer
	provider.Refunder
	provider.RefundQuerier
	provider.Notifiable
}

// Fields that a channel over a Partnered connector may have of its own.
const (
	ShopNumber = "shop_no"
	ShopToken  = "shop_token"
)

// Partnered makes such a connector of one that can do what the two wallets can.
func Partnered(c provider.Connector) provider.Connector {
	return partnered{c, c.(provider.Closer), c.(provider.Refunder), c.(provider.RefundQuerier), c.(provider.Notifiable)}
}

// Describe adds the two fields.
func (p partnered) Describe() provider.Description {
	d := p.Connector.Describe()
	d.Settings = append(d.Settings[:len(d.Settings):len(d.Settings)], provider.Field{Name: ShopNumber, LabelZH: "门店", LabelEN: "Shop", PerChannel: true})
	d.Keys = append(d.Keys[:len(d.Keys):len(d.Keys)], provider.KeyField{Name: ShopToken, Kind: provider.KeySecret, LabelZH: "授权令牌", LabelEN: "Authorisation token", PerChannel: true})
	return d
}

func plain(call provider.Call) provider.Call {
	call.SubMerchant = ""
	return call
}

func (p partnered) Start(ctx context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	return p.Connector.Start(ctx, plain(call), start)
}

func (p partnered) Query(ctx context.Context, call provider.Call, a postern.Attempt) provider.Result {
	return p.Connector.Query(ctx, plain(call), a)
}

func (p partnered) Close(ctx context.Context, call provider.Call, a postern.Attempt) provider.CloseResult {
	return p.Closer.Close(ctx, plain(call), a)
}

func (p partnered) Refund(ctx context.Context, call provider.Call, r provider.RefundRequest) provider.RefundResult {
	return p.Refunder.Refund(ctx, plain(call), r)
}

func (p partnered) QueryRefund(ctx context.Context, call provider.Call, r provider.RefundRequest) provider.RefundResult {
	return p.RefundQuerier.QueryRefund(ctx, plain(call), r)
}

func (p partnered) ReadNotification(call provider.Call, a postern.Attempt, m provider.Message) (provider.Verified, error) {
	return p.Notifiable.ReadNotification(plain(call), a, m)
}
