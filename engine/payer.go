package engine

import (
	"context"

	"postern"
	"postern/provider"
)

// AuthorizeURL is where to send a buyer whom the provider wants to know before it takes an order over this channel (OAuth). The provider sends them back to
// redirectURI with this state. CodeNotSupported means that the provider has no such step.
func (e *Engine) AuthorizeURL(ctx context.Context, merchantID, channelID, redirectURI, state string) (string, error) {
	resolver, call, err := e.payerResolver(ctx, merchantID, channelID)
	if err != nil {
		return "", err
	}
	return resolver.AuthorizeURL(call, redirectURI, state), nil
}

// ResolvePayer turns what the provider sent the buyer back with into the payer's id. Query is the value of a query parameter by name.
func (e *Engine) ResolvePayer(ctx context.Context, merchantID, channelID string, query func(string) string) (payerID string, err error) {
	resolver, call, err := e.payerResolver(ctx, merchantID, channelID)
	if err != nil {
		return "", err
	}
	code := query(resolver.CodeParam())
	if code == "" {
		return "", postern.Invalid(resolver.CodeParam(), postern.CodeInvalid, "the buyer came back without a code", "let the buyer choose the wallet again")
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	payerID, err = resolver.ResolvePayer(bounded, call, code)
	if err != nil {
		return "", postern.Wrap(postern.CodeProviderRefused, "engine.ResolvePayer", err)
	}
	return payerID, nil
}

func (e *Engine) payerResolver(ctx context.Context, merchantID, channelID string) (provider.PayerResolver, provider.Call, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return nil, provider.Call{}, err
	}
	resolver, ok := e.Registry[channel.Provider].(provider.PayerResolver)
	if !ok {
		return nil, provider.Call{}, postern.E(postern.CodeNotSupported, "engine.payerResolver", "the provider does not say who a buyer is")
	}
	call, err := e.callFor(ctx, channel)
	return resolver, call, err
}
