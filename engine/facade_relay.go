package engine

import (
	"context"

	"postern"
	"postern/provider"
	"postern/route"
)

// RelayFaced places an order as PlaceFaced does and begins it over the account's former channel, where the merchant's code finishes it with its own key. What cannot work is
// refused before anything is placed: CodeNotSupported when the former account is another than the one whose code asks, CodeNoRoute when that channel may not take the payment.
// The attempt counts as shown with the answer, so that the rule of switching wallets holds for it; the same call again is answered with the same live attempt.
func (e *Engine) RelayFaced(ctx context.Context, a postern.FacadeAccount, in provider.FaceOrder, signed provider.Verifier) (provider.Relayed, error) {
	start, err := e.relayStart(ctx, a, in, signed)
	if err != nil {
		return provider.Relayed{}, err
	}
	order, err := e.PlaceFaced(ctx, a, in)
	out := provider.Relayed{Order: order}
	if err != nil {
		return out, err
	}
	result, err := e.Start(ctx, a.MerchantID, order.PaymentID, start)
	if err != nil {
		out.Code, out.Message = result.Attempt.Code, result.Attempt.Message
		return out, err
	}
	if out.Action = result.Attempt.Action; result.Waiting || out.Action.Type == "" {
		return provider.Relayed{Order: order}, &postern.Error{Code: postern.CodeProviderSilent, Op: "engine.RelayFaced", Message: "the provider has not answered yet", Fix: "make the same call again", ID: result.Attempt.ID}
	}
	return out, nil
}

// relayStart says how such an order is begun: over the former channel alone, as the first product that fits the request and that the channel may take now.
func (e *Engine) relayStart(ctx context.Context, a postern.FacadeAccount, in provider.FaceOrder, signed provider.Verifier) (StartInput, error) {
	relayer, ok := e.Registry[a.Provider].(provider.Relayer)
	if !ok || a.FormerChannelID == "" {
		return StartInput{}, postern.E(postern.CodeNotSupported, "engine.RelayFaced", "there is no account of the merchant's own to begin the order at")
	}
	channel, err := e.Store.Channel(ctx, a.MerchantID, a.FormerChannelID)
	if err != nil {
		return StartInput{}, err
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return StartInput{}, err
	}
	start := StartInput{Provider: a.Provider, ChannelID: channel.ID, PayerID: in.PayerID, ClientIP: in.ClientIP, Fields: in.Fields, Buyer: route.Buyer{Container: ContainerAPI}}
	products := relayer.Relays(call, a.Number, in, signed)
	if len(products) == 0 {
		return start, postern.E(postern.CodeNotSupported, "engine.RelayFaced", "number, app or key of the former account is another than the request's")
	}
	asked := postern.Payment{MerchantID: a.MerchantID, Amount: in.Amount, Currency: in.Currency}
	for _, start.Product = range products {
		plan, err := e.Plan(ctx, asked, start.Buyer, start.Provider, start.Product)
		if err != nil {
			return start, err
		}
		if len(start.bound(plan.Kept())) > 0 {
			return start, nil
		}
	}
	return start, postern.E(postern.CodeNoRoute, "engine.RelayFaced", "the channel does not take this payment now")
}

// knownOrder is an order with its payer, where the merchant's own code named one and paid is what was begun with that: an id that it knows already, under its own app.
func (e *Engine) knownOrder(ctx context.Context, a postern.FacadeAccount, o postern.FacadeOrder, s postern.State) (provider.FacedOrder, error) {
	out := e.facedOrder(o, s)
	receipt, paid := s.Applied()
	if !paid || a.FormerChannelID == "" || receipt.Provider != a.Provider {
		return out, nil
	}
	attempt, _ := s.Attempt(receipt.AttemptID)
	if product, _ := e.Registry[a.Provider].Describe().Product(o.Product); !product.NeedsPayer || attempt.ChannelID != a.FormerChannelID {
		return out, nil
	}
	buyer, err := e.Store.Buyer(ctx, a.MerchantID, attempt.ID)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound { // who it was is kept for a time only
		return out, nil
	}
	out.PayerID = buyer.PayerID
	return out, err
}
