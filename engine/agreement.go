package engine

import (
	"context"

	"postern"
)

// SetAgreement replaces the paper behind a channel, if the channel is still of the version that the editor saw.
func (e *Engine) SetAgreement(ctx context.Context, merchantID, channelID string, version int64, agreement postern.Agreement) (postern.Channel, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return channel, err
	}
	if channel.Version != version {
		return channel, &postern.Error{
			Code: postern.CodeConflict, Op: "engine.SetAgreement", Field: "version", ID: channelID, Message: "the channel has changed since", Fix: "read it again and send its version",
		}
	}
	if err := agreement.Check(); err != nil {
		return channel, err
	}
	channel.Agreement, channel.UpdatedAt = agreement, e.now()
	if err := e.Store.SaveChannel(ctx, channel); err != nil {
		return channel, err
	}
	channel.Version++
	return channel, nil
}

// maxTrade bounds the code of a trade or a place, in bytes.
const maxTrade = 64

// SetTrade says what a merchant sells and where, for agreements and closures that ask. Empty says nothing.
func (e *Engine) SetTrade(ctx context.Context, merchantID, category, region string) (postern.Merchant, error) {
	merchant, err := e.Store.Merchant(ctx, merchantID)
	if err != nil {
		return merchant, err
	}
	if err := checkText("category", category, 0, maxTrade); err != nil {
		return merchant, err
	}
	if err := checkText("region", region, 0, maxTrade); err != nil {
		return merchant, err
	}
	merchant.Category, merchant.Region = category, region
	if err := e.Store.SaveMerchant(ctx, merchant); err != nil {
		return merchant, err
	}
	merchant.Version++
	return merchant, nil
}

// Know tells channels what closures and agreements may ask about the merchant behind them. When a channel last sold is looked up only when a closure asks for it, so
// whoever adds such a closure to what a Stall holds asks once more.
func (e *Engine) Know(ctx context.Context, m postern.Merchant, channels []postern.Channel, closures *postern.ClosureIndex) error {
	idle := false
	for _, c := range closures.List() {
		idle = idle || c.Scope.IdleFor > 0
	}
	for i := range channels {
		c := &channels[i]
		c.Seller = postern.Seller{Category: m.Category, Region: m.Region}
		if !idle {
			continue
		}
		last, err := e.Store.LastSale(ctx, c.MerchantID, c.ID)
		if err != nil {
			return err
		}
		if last.IsZero() {
			last = c.CreatedAt // Until it sells it is idle since it was added.
		}
		c.Seller.LastSale = last
	}
	return nil
}
