package demo

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/ledger"
	"postern/store"
	"postern/web/ui"
)

// Feed is the JSON of GET /feed: what happened last, newest first. All texts are ready to be shown: amounts with their currency's sign, times in the merchant's
// zone.
type Feed struct {
	Orders   []Order    `json:"orders"`
	Postings []Booking  `json:"postings"`
	Webhooks []Webhook  `json:"webhooks"`
	Gate     []GateLine `json:"gate"`
}

// Order is one payment. Tone is ok, wait, warn or over.
type Order struct {
	ID     string `json:"id"`
	At     string `json:"at"`
	Title  string `json:"title"`
	Amount string `json:"amount"`
	Wallet string `json:"wallet"`
	Status string `json:"status"`
	Tone   string `json:"tone"`
}

// Booking is one balanced transaction of the books.
type Booking struct {
	ID    string `json:"id"`
	At    string `json:"at"`
	Title string `json:"title"`
	Lines []Line `json:"lines"`
}

// Line is one posting: an account, and its amount on one of the two sides.
type Line struct {
	Account string `json:"account"`
	Debit   string `json:"debit,omitempty"`
	Credit  string `json:"credit,omitempty"`
}

// Webhook is one delivery of one event. Tone is ok, wait or warn.
type Webhook struct {
	ID     string `json:"id"`
	At     string `json:"at"`
	Type   string `json:"type"`
	Status string `json:"status"`
	Tone   string `json:"tone"`
}

const feedLength = 12

// read collects the feed from the books.
func (h *Handler) read(ctx context.Context, lang ui.Lang) (Feed, error) {
	f := Feed{Orders: []Order{}, Postings: []Booking{}, Webhooks: []Webhook{}}
	v := view{h: h, lang: lang, w: wordsOf(lang), zone: postern.Beijing}
	db := h.cfg.Engine.Store
	payments, _, err := db.Payments(ctx, h.cfg.MerchantID, store.Page{Limit: feedLength})
	if err != nil {
		return f, err
	}
	for _, p := range payments {
		state, err := db.LoadState(ctx, p.MerchantID, p.ID)
		if err != nil {
			return f, err
		}
		f.Orders = append(f.Orders, v.order(state))
	}
	channels, err := db.Channels(ctx, h.cfg.MerchantID)
	if err != nil {
		return f, err
	}
	booked, err := db.RecentTransactions(ctx, h.cfg.MerchantID, feedLength)
	if err != nil {
		return f, err
	}
	for _, t := range booked {
		f.Postings = append(f.Postings, v.booking(t, channels))
	}
	if f.Webhooks, err = v.webhooks(ctx); err != nil {
		return f, err
	}
	f.Gate, err = v.gateLines(ctx)
	return f, err
}

// view writes rows of the feed in one language.
type view struct {
	h    *Handler
	lang ui.Lang
	w    *words
	zone *time.Location
}

func (v view) clock(t time.Time) string { return t.In(v.zone).Format("15:04:05") }

func (v view) wallet(code string) string {
	c, ok := v.h.cfg.Engine.Registry[code]
	if !ok {
		return code
	}
	return v.lang.Pick(c.Describe().NameZH, c.Describe().NameEN)
}

func (v view) order(s postern.State) Order {
	p := s.Payment
	o := Order{ID: p.ID, At: v.clock(p.UpdatedAt), Title: p.Description, Amount: postern.FormatMoney(p.Amount, p.Currency), Tone: "wait"}
	if n := len(s.Attempts); n > 0 {
		o.Wallet = v.wallet(s.Attempts[n-1].Provider)
	}
	o.Status = v.w.Statuses[p.Status]
	switch p.Status {
	case postern.PaymentPaid:
		o.Tone = "ok"
		for _, a := range s.Attempts {
			if a.Status == postern.AttemptPaid {
				o.Wallet = v.wallet(a.Provider)
				break
			}
		}
	case postern.PaymentExpired, postern.PaymentCanceled:
		o.Tone = "over"
	}
	if slices.ContainsFunc(s.Attempts, func(a postern.Attempt) bool { return a.Status == postern.AttemptUnknown && a.Exposed() }) {
		o.Status, o.Tone = v.w.Unknown, "warn"
	}
	return o
}

func (v view) booking(t ledger.Transaction, channels []postern.Channel) Booking {
	b := Booking{ID: t.ID, At: v.clock(t.CreatedAt), Title: cmp.Or(v.w.Bookings[t.Kind], string(t.Kind))}
	for _, p := range t.Postings {
		line := Line{Account: v.account(p.Account, channels)}
		if p.Amount > 0 {
			line.Debit = postern.FormatMoney(p.Amount, p.Currency)
		} else {
			line.Credit = postern.FormatMoney(-p.Amount, p.Currency)
		}
		b.Lines = append(b.Lines, line)
	}
	return b
}

// account names an account for people; a receivable is named after the wallet that owes it.
func (v view) account(name string, channels []postern.Channel) string {
	kind, rest, _ := strings.Cut(name, ":")
	label := cmp.Or(v.w.Accounts[kind], kind)
	for _, c := range channels {
		if c.ID == rest {
			rest = v.wallet(c.Provider)
		}
	}
	if rest == "" {
		return label
	}
	return label + " · " + rest
}

// webhooks lists the latest deliveries of all endpoints.
func (v view) webhooks(ctx context.Context) ([]Webhook, error) {
	db := v.h.cfg.Engine.Store
	endpoints, err := db.Endpoints(ctx, v.h.cfg.MerchantID)
	if err != nil {
		return nil, err
	}
	var all []store.Delivery
	for _, e := range endpoints {
		deliveries, _, err := db.Deliveries(ctx, v.h.cfg.MerchantID, e.ID, store.Page{Limit: feedLength})
		if err != nil {
			return nil, err
		}
		all = append(all, deliveries...)
	}
	slices.SortFunc(all, func(a, b store.Delivery) int { return b.CreatedAt.Compare(a.CreatedAt) })
	rows := []Webhook{}
	for _, d := range all[:min(feedLength, len(all))] {
		event, err := db.Event(ctx, v.h.cfg.MerchantID, d.EventID)
		if err != nil {
			return nil, err
		}
		rows = append(rows, v.webhook(d, event))
	}
	return rows, nil
}

func (v view) webhook(d store.Delivery, event postern.Event) Webhook {
	w := Webhook{ID: d.ID, At: v.clock(d.UpdatedAt), Type: string(event.Type), Status: v.w.HookWaiting, Tone: "wait"}
	switch d.Status {
	case store.DeliveryDelivered:
		w.Status, w.Tone = v.w.HookDelivered, "ok"
	case store.DeliveryFailed:
		w.Status, w.Tone = v.w.HookFailed, "warn"
	}
	return w
}
