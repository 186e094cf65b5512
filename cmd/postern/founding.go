package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
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

//go:embed founding.json
var foundingJSON []byte

// founding is the founding case as the demo tells it: data, since providers and apps are named in it. The dates are those of the wall map's timeline; the shops
// and their contracts are made up. Its closures withdraw signing and renewing, never paying, so that nothing is closed today by them.
type founding struct {
	Provider string            `json:"provider"`
	App      string            `json:"app"`
	Stops    []string          `json:"stops"` // days worth a look
	Shops    []foundingShop    `json:"shops"`
	Closures []postern.Closure `json:"closures"`
}

// foundingShop is one of the three, with the term of its contract inside the app; none is a shop that never signed.
type foundingShop struct {
	Code   string         `json:"code"`
	ZH     string         `json:"zh"`
	EN     string         `json:"en"`
	NoteZH string         `json:"note_zh"`
	NoteEN string         `json:"note_en"`
	Terms  []postern.Term `json:"terms"`
}

func readFounding() (f founding, err error) {
	if err := json.Unmarshal(foundingJSON, &f); err != nil {
		return f, fmt.Errorf("the founding case: %w", err)
	}
	return f, nil
}

// neverSigned is a term that has not begun on any day of the story.
var neverSigned = []postern.Term{{From: time.Date(2199, 1, 1, 0, 0, 0, 0, postern.Beijing)}}

// found makes the three shops beside the demo's own merchant, each with an order to look at, and announces the closures.
func (d *demo) found(ctx context.Context) (*front.Story, error) {
	told, err := readFounding()
	if err != nil {
		return nil, err
	}
	for _, c := range told.Closures {
		c.OwnerID = postern.Platform
		if _, err := d.engine.AnnounceClosure(ctx, c); err != nil {
			return nil, err
		}
	}
	channels, err := d.store.Channels(ctx, d.merchant.ID)
	if err != nil {
		return nil, err
	}
	story := &front.Story{Provider: told.Provider, Preset: told.App, Stops: told.Stops}
	for _, f := range told.Shops {
		now := time.Now().UTC().Truncate(time.Microsecond)
		m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now, rand.Reader), Name: f.ZH, Locale: d.merchant.Locale, Zone: d.merchant.Zone, CreatedAt: now}
		if err := d.store.SaveMerchant(ctx, m); err != nil {
			return nil, err
		}
		for _, c := range channels {
			if err := d.lend(ctx, m, c, told, f); err != nil {
				return nil, err
			}
		}
		order, err := d.engine.Create(ctx, m.ID, engine.CreateInput{
			Reference: "2014-0213", Amount: 6800, Currency: "CNY", Description: "烧饼礼盒 · 十二枚", ExpiresAt: time.Now().Add(89 * 24 * time.Hour),
		})
		if err != nil {
			return nil, err
		}
		story.Shops = append(story.Shops, front.Shop{
			Code: f.Code, MerchantID: m.ID, Token: order.Payment.LinkToken, ZH: f.ZH, EN: f.EN, NoteZH: f.NoteZH, NoteEN: f.NoteEN,
		})
	}
	return story, nil
}

// lend gives a shop of the story channels over the demo's own simulated account: inside the app under the shop's contract, outside it under an open one. The
// other wallet was never signed: whoever could sign on a day is taken to sign then.
func (d *demo) lend(ctx context.Context, m postern.Merchant, over postern.Channel, told founding, f foundingShop) error {
	box := d.boxes.list[slices.IndexFunc(d.boxes.list, func(b runningSandbox) bool { return b.Code == over.Provider })]
	set := ""
	add := func(agreement postern.Agreement) error {
		in := engine.NewChannel{Merchant: m, OwnerID: m.ID, Provider: over.Provider, CredentialSetID: set, Sandbox: true, Products: over.Products}
		if set == "" { // an account of the shop's own: another merchant's serves that merchant only
			in.Settings, in.Keys = box.Settings, box.Keys
		}
		c, err := d.engine.AddChannel(ctx, in)
		if err != nil {
			return err
		}
		set = c.CredentialSetID
		c.Agreement = agreement
		return d.store.SaveChannel(ctx, c)
	}
	if over.Provider != told.Provider {
		return add(postern.Agreement{Terms: neverSigned})
	}
	inside := f.Terms
	if len(inside) == 0 {
		inside = neverSigned
	}
	outside := slices.DeleteFunc(wall.Default().Containers(), func(container string) bool { return container == told.App })
	return errors.Join(
		add(postern.Agreement{Terms: inside, Scenes: []string{told.App}}),
		add(postern.Agreement{Terms: []postern.Term{{From: time.Unix(0, 0)}}, Scenes: outside}),
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
	provider  string
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
		Provider: g.provider, Product: "native", ClientIP: "127.0.0.1", Buyer: route.Buyer{Container: engine.ContainerAPI},
	})
	if err != nil {
		return err
	}
	from := time.Now().UTC().Truncate(time.Second).Add(gateDelay)
	closure, err := g.engine.AnnounceClosure(ctx, postern.Closure{
		OwnerID: g.merchant.ID, Title: "The demo's gate", By: postern.ByProvider, Who: "the demo", Scope: postern.Scope{Providers: []string{g.provider}, Merchants: []string{g.merchant.ID}},
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
	return g.control(ctx, g.provider, http.MethodPost, "/orders/"+number+"/approve", "{}", nil)
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
