package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
)

// shopOf is a merchant with its API key.
type shopOf struct {
	merchant postern.Merchant
	key      string
}

// populatePartner makes a service provider with one merchant, whose channels go through the partner's own accounts at every simulator that has such.
func (d *demo) populatePartner(ctx context.Context) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	partner := postern.Partner{ID: postern.NewID(postern.PrefixPartner, now, rand.Reader), Name: "东便门服务商", CreatedAt: now}
	if err := d.store.SavePartner(ctx, partner); err != nil {
		return err
	}
	m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now, rand.Reader), PartnerID: partner.ID, Name: "小李烧饼（服务商的商户）", Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: now}
	if err := d.store.SaveMerchant(ctx, m); err != nil {
		return err
	}
	for _, b := range d.boxes.list {
		if b.Partner == nil {
			continue
		}
		products := b.Partner.Products
		if len(products) == 0 {
			products = b.Products
		}
		channel, err := d.engine.AddChannel(ctx, engine.NewChannel{
			Merchant: m, OwnerID: partner.ID, Provider: b.Code, Settings: b.Partner.Settings, Keys: b.Partner.Keys, SubMerchant: b.Partner.SubMerchant, Sandbox: true, Products: products,
		})
		if err != nil {
			return fmt.Errorf("%s, partner: %w", b.Code, err)
		}
		if _, err := d.engine.RefreshTrust(ctx, channel); err != nil {
			return err
		}
	}
	var err error
	d.under.merchant = m
	d.under.key, _, err = d.api.MakeKey(ctx, m.ID, "demo", false)
	return err
}

// ofPartner tells a tale about the partner's merchant.
func (d *demo) ofPartner() *demo {
	other := *d
	other.merchant, other.key = d.under.merchant, d.under.key
	return &other
}

// bills lets three days pass at the wallets, fetches their bills of the story's day and its neighbours (UnionPay's day ends at 23:00), and holds every row against the books: a bill may tell nothing new.
func (d *demo) bills(ctx context.Context, out io.Writer) error {
	today := time.Now()
	d.boxes.clock.Advance(72 * time.Hour)
	channels, err := d.store.Channels(ctx, d.merchant.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nBills, fetched from each wallet and held against the books")
	for _, c := range channels {
		fetcher, ok := d.engine.Registry[c.Provider].(provider.StatementFetcher)
		if !ok {
			fmt.Fprintf(out, "%-12s no format of a bill is attested\n", c.Provider)
			continue
		}
		for _, kind := range fetcher.StatementKinds() {
			rows, err := d.billed(ctx, c, kind, today)
			if err != nil {
				return fmt.Errorf("the %s bill of %s: %w", kind, c.Provider, err)
			}
			fmt.Fprintf(out, "%-12s %-14s %3d rows, whole, nothing that was not known\n", c.Provider, kind, rows)
		}
	}
	return nil
}

// billed reads one kind of bill of three days.
func (d *demo) billed(ctx context.Context, c postern.Channel, kind string, today time.Time) (rows int64, err error) {
	// Some connectors look at their own calendar before they ask for a day's bill, and their calendar is three days late.
	later := &engine.Engine{Store: d.store, Vault: d.engine.Vault, Registry: d.engine.Registry, Env: d.engine.Env, Log: d.log}
	later.Env.Now = d.boxes.clock.Now
	said := ""
	for day := -1; day <= 1; day++ {
		query := engine.StatementQuery{MerchantID: c.MerchantID, ChannelID: c.ID, Kind: kind, Day: today.AddDate(0, 0, day)}
		bill, err := d.engine.FetchStatement(ctx, query)
		if err == nil && bill.State == provider.FetchNotReady {
			bill, err = later.FetchStatement(ctx, query)
		}
		if err != nil {
			return rows, err
		}
		said += " " + string(bill.State)
		seen, err := d.engine.ApplyStatement(ctx, bill)
		_ = bill.Close() // a temporary file
		if err != nil {
			return rows, err
		}
		if seen.Payments+seen.Refunds+seen.Foreign+seen.Doubtful > 0 {
			return rows, fmt.Errorf("it tells of %d payments and %d refunds that the books do not have, and of %d that are nobody's", seen.Payments, seen.Refunds, seen.Foreign)
		}
		rows += seen.Known + seen.Nameless
	}
	if !strings.Contains(said, string(provider.FetchDone)) {
		return 0, fmt.Errorf("it tells nothing:%s", said)
	}
	return rows, nil
}
