package engine

import (
	"context"
	"encoding/json"
	"slices"

	"postern"
	"postern/provider"
	"postern/store"
)

// suspended is the data of channel.suspended and channel.restored.
type suspended struct {
	ChannelID string `json:"channel_id"`
	Provider  string `json:"provider"`
	Product   string `json:"product"`
	Code      string `json:"provider_code,omitempty"`
	Message   string `json:"provider_message,omitempty"`
}

// suspend notes that the provider says this merchant or product may not collect: from now on the channel takes no new attempts with this product. What is
// in flight goes on being polled, notified, closed and refunded. The merchant is told.
func (e *Engine) suspend(ctx context.Context, channel postern.Channel, a postern.Attempt, answer provider.Result) error {
	channel.Permissions = append(channel.Permissions, postern.Permission{
		Act: postern.ActPay, Allowed: false, From: e.now(), Source: "observation", Product: a.Product, Note: answer.Code + " " + answer.Message,
	})
	data := suspended{ChannelID: channel.ID, Provider: channel.Provider, Product: a.Product, Code: answer.Code, Message: answer.Message}
	return e.saveChannel(ctx, channel, postern.EventChannelSuspended, data)
}

// Permit adds a permission to a channel: from now on it is the one that decides, for its act, product and time.
func (e *Engine) Permit(ctx context.Context, merchantID, channelID string, p postern.Permission) (postern.Channel, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return channel, err
	}
	if p.Product != "" && !slices.Contains(channel.Products, p.Product) {
		return channel, postern.Invalid("product", postern.CodeInvalid, "the channel has no such product", "leave it out for all of them")
	}
	if !p.Until.IsZero() && !p.From.Before(p.Until) {
		return channel, postern.Invalid("until", postern.CodeInvalid, "until must come after from", "leave it out for an open end")
	}
	if err := checkText("note", p.Note, 0, maxNote); err != nil {
		return channel, err
	}
	if len(channel.Permissions) >= maxPermissions {
		return channel, &postern.Error{Code: postern.CodeConflict, Op: "engine.Permit", Message: "the channel holds as many permissions as it may", Fix: "add a channel in its place"}
	}
	channel.Permissions = append(channel.Permissions, p)
	channel.UpdatedAt = e.now()
	return channel, e.Store.SaveChannel(ctx, channel)
}

// Bounds of a channel's permissions.
const (
	maxNote        = 500
	maxPermissions = 1000
)

// RestoreChannel lifts what was observed about a channel and product: it may be offered again.
func (e *Engine) RestoreChannel(ctx context.Context, merchantID, channelID, product string) (postern.Channel, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return channel, err
	}
	kept := channel.Permissions[:0:0]
	for _, p := range channel.Permissions {
		if p.Source != "observation" || product != "" && p.Product != product {
			kept = append(kept, p)
		}
	}
	channel.Permissions = kept
	return channel, e.saveChannel(ctx, channel, postern.EventChannelRestored, suspended{ChannelID: channel.ID, Provider: channel.Provider, Product: product})
}

// saveChannel commits a channel with the event that tells of its change.
func (e *Engine) saveChannel(ctx context.Context, channel postern.Channel, kind postern.EventType, data suspended) error {
	text, err := json.Marshal(data)
	if err != nil {
		return postern.Wrap(postern.CodeInternal, "engine.saveChannel", err)
	}
	merchant, err := e.Store.Merchant(ctx, channel.MerchantID)
	if err != nil {
		return err
	}
	now := e.now()
	channel.UpdatedAt = now
	event := postern.Event{MerchantID: channel.MerchantID, ID: e.newID(postern.PrefixEvent), Type: kind, Data: string(text), Live: merchant.Live, CreatedAt: now}
	return e.commit(ctx, store.Change{
		MerchantID: channel.MerchantID, At: now, Channels: []postern.Channel{channel}, Events: []postern.Event{event},
		Jobs: []postern.Job{e.job(channel.MerchantID, postern.JobSequence, "", now)},
	})
}
