package engine

import (
	"context"
	"strings"

	"postern"
	"postern/provider"
)

// Readiness is what stands between a merchant and real money, as far as it can be told without asking a provider.
type Readiness struct {
	// Live says that the merchant is one of live mode, SwitchLive that this switch takes real money at all.
	Live       bool
	SwitchLive bool
	// PublicHTTPS and CallbackHTTPS say that buyers and providers reach the switch over https.
	PublicHTTPS   bool
	CallbackHTTPS bool
	// Phone and Notice say that buyers are told whom to call and how the shop sends and takes back.
	Phone  bool
	Notice bool
	// OnSale says that at least one item may be ordered now.
	OnSale   bool
	Channels []ChannelReadiness
}

// ChannelReadiness is one channel that is not retired, and what to register at its provider. Problem is why its keys cannot be used, empty when they can.
type ChannelReadiness struct {
	Channel       postern.Channel
	MayCollect    bool
	Problem       string
	Registrations []provider.Registration
}

// Ready says how far a merchant is from real money. Nobody is called; CheckChannel does that.
func (e *Engine) Ready(ctx context.Context, merchantID string) (Readiness, error) {
	m, err := e.Store.Merchant(ctx, merchantID)
	if err != nil {
		return Readiness{}, err
	}
	brand, err := e.Store.BrandOf(ctx, merchantID)
	if err != nil {
		return Readiness{}, err
	}
	r := Readiness{
		Live: m.Live, SwitchLive: e.Live, PublicHTTPS: overHTTPS(e.PublicURL), CallbackHTTPS: overHTTPS(e.CallbackURL), Phone: brand.Phone != "", Notice: brand.Notice != "",
	}
	if r.OnSale, err = e.Store.SellsSomething(ctx, merchantID, e.now()); err != nil {
		return r, err
	}
	channels, err := e.Store.Channels(ctx, merchantID)
	if err != nil {
		return r, err
	}
	for _, c := range channels {
		if c.RetiredAt.IsZero() {
			r.Channels = append(r.Channels, e.channelReady(ctx, c))
		}
	}
	return r, nil
}

func overHTTPS(address string) bool { return strings.HasPrefix(address, "https://") }

func (e *Engine) channelReady(ctx context.Context, c postern.Channel) ChannelReadiness {
	out := ChannelReadiness{Channel: c}
	out.MayCollect, _ = c.Allows(postern.ActPay, "", e.now())
	call, err := e.callFor(ctx, c)
	if err == nil {
		_, err = call.Newest()
	}
	if err != nil {
		out.Problem = err.Error()
		return out
	}
	if checker, ok := e.Registry[c.Provider].(provider.Checker); ok {
		out.Registrations = append(checker.Registrations(call, e.PublicURL, e.CallbackURL), e.accountRegistration(c)...)
	}
	return out
}
