package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/wall"
	front "postern/web/demo"
)

// The founding case as the demo tells it. The dates are those of the wall map's timeline; the shops and their contracts are made up.
const (
	foundingProvider = "alipay"
	foundingApp      = "wechat"
	otherProvider    = "wechatpay"
)

// foundingStops are days worth a look: the eve, the day, after the signed shop's contract, WeChat walling back, and what moved since.
var foundingStops = []string{"2013-12-01", "2014-02-12", "2014-02-13", "2014-10-01", "2015-02-02", "2021-09-17", "2024-09-12", "2026-02-04"}

// foundingShop is one of the three, with the term of its contract inside the app; none is a shop that never signed.
type foundingShop struct {
	front.Shop
	from, until string
}

var foundingShops = []foundingShop{
	{Shop: front.Shop{Code: "new", ZH: "新开的店", EN: "The new shop", NoteZH: "从未签约", NoteEN: "Never signed"}},
	{Shop: front.Shop{Code: "signed", ZH: "签了约的店", EN: "The signed shop", NoteZH: "合同到 2014 年 9 月 30 日", NoteEN: "Contract until 30 Sep 2014"}, from: "2013-10-01", until: "2014-10-01"},
	{Shop: front.Shop{Code: "ended", ZH: "合同刚到期的店", EN: "The shop whose contract ran out", NoteZH: "合同到 2014 年 2 月 12 日", NoteEN: "Contract until 12 Feb 2014"}, from: "2013-02-13", until: "2014-02-13"},
}

// foundingClosures are dated rows as an operator would have typed them in. They withdraw signing and renewing, never paying, so that nothing is closed today by them.
func foundingClosures() []postern.Closure {
	return []postern.Closure{
		{
			OwnerID: postern.Platform, Title: "No new shops and no renewals inside WeChat", By: postern.ByProvider, Who: "Alipay",
			Source: "marbridgeconsulting.com, 18 Feb 2014; the 13th stands in the founding article only", Evidence: wall.EvidenceOnce,
			Scope:     postern.Scope{Providers: []string{foundingProvider}, Containers: []string{foundingApp}},
			Withdraws: []postern.Withdrawal{{Act: postern.ActSign, From: beijing("2014-02-13")}, {Act: postern.ActRenew, From: beijing("2014-02-13")}},
		},
		{
			OwnerID: postern.Platform, Title: "WeChat Pay is not generally open: a deposit of 50,000 yuan, later 20,000", By: postern.ByProvider, Who: "Tencent (WeChat Pay)",
			Source: "marbridgeconsulting.com, 18 Feb 2014; ssopdot.com", Evidence: wall.EvidenceOnce, Scope: postern.Scope{Providers: []string{otherProvider}},
			Withdraws: []postern.Withdrawal{{Act: postern.ActSign, From: beijing("2013-08-05"), Until: beijing("2014-09-13")}},
		},
	}
}

func beijing(day string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, postern.Beijing)
	if err != nil {
		panic("founding: " + err.Error()) // the demo's own dates, which a test reads
	}
	return t.UTC()
}

// neverSigned is a term that has not begun on any day of the story.
func neverSigned() []postern.Term { return []postern.Term{{From: beijing("2199-01-01")}} }

// found makes the three shops beside the demo's own merchant, each with an order to look at, and announces the closures.
func (d *demo) found(ctx context.Context) (*front.Story, error) {
	for _, c := range foundingClosures() {
		if _, err := d.engine.AnnounceClosure(ctx, c); err != nil {
			return nil, err
		}
	}
	channels, err := d.store.Channels(ctx, d.merchant.ID)
	if err != nil {
		return nil, err
	}
	story := &front.Story{Provider: foundingProvider, Preset: foundingApp, Stops: foundingStops}
	for _, f := range foundingShops {
		now := time.Now().UTC().Truncate(time.Microsecond)
		m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now, rand.Reader), Name: f.ZH, Locale: d.merchant.Locale, Zone: d.merchant.Zone, CreatedAt: now}
		if err := d.store.SaveMerchant(ctx, m); err != nil {
			return nil, err
		}
		for _, c := range channels {
			if err := d.lend(ctx, m, c, f); err != nil {
				return nil, err
			}
		}
		order, err := d.engine.Create(ctx, m.ID, engine.CreateInput{
			Reference: "2014-0213", Amount: 6800, Currency: "CNY", Description: "烧饼礼盒 · 十二枚", ExpiresAt: time.Now().Add(89 * 24 * time.Hour),
		})
		if err != nil {
			return nil, err
		}
		shop := f.Shop
		shop.MerchantID, shop.Token = m.ID, order.Payment.LinkToken
		story.Shops = append(story.Shops, shop)
	}
	return story, nil
}

// lend gives a shop of the story channels over the demo's own simulated account: inside the app under the shop's contract, outside it under an open one. The
// other wallet was never signed: whoever could sign on a day is taken to sign then.
func (d *demo) lend(ctx context.Context, m postern.Merchant, over postern.Channel, f foundingShop) error {
	add := func(agreement postern.Agreement) error {
		c, err := d.engine.AddChannel(ctx, engine.NewChannel{
			Merchant: m, OwnerID: over.CredentialOwnerID, Provider: over.Provider, CredentialSetID: over.CredentialSetID, Sandbox: true, Products: over.Products,
		})
		if err != nil {
			return err
		}
		c.Agreement = agreement
		return d.store.SaveChannel(ctx, c)
	}
	if over.Provider != foundingProvider {
		return add(postern.Agreement{Terms: neverSigned()})
	}
	inside := neverSigned()
	if f.from != "" {
		inside = []postern.Term{{From: beijing(f.from), Until: beijing(f.until)}}
	}
	outside := slices.DeleteFunc(wall.Default().Containers(), func(container string) bool { return container == foundingApp })
	return errors.Join(
		add(postern.Agreement{Terms: inside, Scenes: []string{foundingApp}}),
		add(postern.Agreement{Terms: []postern.Term{{From: beijing("2010-01-01")}}, Scenes: outside}),
	)
}

// The gate of the demo closes so soon after an order was begun, and opens again by itself.
const (
	gateDelay = 5 * time.Second
	gateShut  = time.Minute
)

// gate is one run of "begun before the gate closed": a real order, a real closure of the demo's own merchant, a payment after it and a refund.
type gate struct {
	*demo
	mu        sync.Mutex
	paymentID string
	number    string
	closure   postern.Closure
}

// begin makes an order, shows its code to a buyer, and announces that the wallet's gate closes in five seconds, for a minute.
func (g *gate) begin(ctx context.Context) error {
	order, err := g.sample(ctx)
	if err != nil {
		return err
	}
	started, err := g.engine.Start(ctx, g.merchant.ID, order.ID, engine.StartInput{
		Provider: foundingProvider, Product: "native", ClientIP: "127.0.0.1", Buyer: route.Buyer{Container: engine.ContainerAPI},
	})
	if err != nil {
		return err
	}
	from := time.Now().UTC().Truncate(time.Second).Add(gateDelay)
	closure, err := g.engine.AnnounceClosure(ctx, postern.Closure{
		OwnerID: g.merchant.ID, Title: "The demo's gate", By: postern.ByProvider, Who: "the demo", Scope: postern.Scope{Providers: []string{foundingProvider}, Merchants: []string{g.merchant.ID}},
		Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: from, Until: from.Add(gateShut)}},
	})
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.paymentID, g.number, g.closure = order.ID, started.Attempt.Number, closure
	return nil
}

func (g *gate) last() (paymentID, closureID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.paymentID, g.closure.ID
}

// pay lets the buyer pay the code once the gate has closed. Pressed too early it waits for that; without an order it does nothing.
func (g *gate) pay(ctx context.Context) error {
	g.mu.Lock()
	id, number, closure := g.paymentID, g.number, g.closure
	g.mu.Unlock()
	if id == "" {
		return nil
	}
	if wait := time.Until(closure.Withdraws[0].From); wait > 0 {
		if err := pause(ctx, wait+100*time.Millisecond); err != nil {
			return err
		}
	}
	if s, err := g.store.LoadState(ctx, g.merchant.ID, id); err != nil || s.Payment.Status != postern.PaymentProcessing {
		return err
	}
	return g.control(ctx, foundingProvider, http.MethodPost, "/orders/"+number+"/approve", "{}", nil)
}

// refund gives all of it back, when it was paid and not refunded yet.
func (g *gate) refund(ctx context.Context) error {
	id, _ := g.last()
	if id == "" {
		return nil
	}
	_, err := g.engine.Refund(ctx, g.merchant.ID, id, engine.RefundInput{Reference: "gate", Amount: 6800, Reason: "演示"})
	switch postern.CodeOf(err) {
	case postern.CodeReferenceTaken, postern.CodeNothingToRefund, postern.CodeRefundExceeds, postern.CodeConflict:
		return nil // pressed too early, or again
	}
	return err
}
