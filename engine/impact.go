package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postern"
	"postern/route"
	"postern/store"
)

// impactDays is how far back the orders go that a closure is held against.
const impactDays = 30

// pageOfMerchants is how many merchants are looked at, told or planned in one go.
const pageOfMerchants = 100

// Turnover is a number of orders and their amount in minor units of one currency.
type Turnover struct {
	Currency string `json:"currency"`
	Orders   int64  `json:"orders"`
	Amount   int64  `json:"amount"`
}

// sums adds up by currency.
type sums []Turnover

func (s *sums) add(currency string, orders, amount int64) {
	if orders == 0 {
		return
	}
	i := slices.IndexFunc(*s, func(v Turnover) bool { return v.Currency == currency })
	if i < 0 {
		*s = append(*s, Turnover{Currency: currency})
		i = len(*s) - 1
	}
	(*s)[i].Orders += orders
	(*s)[i].Amount += amount
}

func (s *sums) all(list []Turnover) {
	for _, v := range list {
		s.add(v.Currency, v.Orders, v.Amount)
	}
}

// shop is a merchant with its channels and what they sold.
type shop struct {
	postern.Merchant
	channels []postern.Channel
	sales    []store.Sale
}

// open says that a channel is of the merchant's mode and not retired.
func (s *shop) open(c *postern.Channel, at time.Time) bool {
	return c.Sandbox != s.Live && (c.RetiredAt.IsZero() || at.Before(c.RetiredAt))
}

// eachShop goes over the merchants whom an owner's closure can be about, newest first, a page at a time, after an id. It ends when do says so.
func (e *Engine) eachShop(ctx context.Context, c *postern.Closure, after string, do func(page []shop, last string) (more bool, err error)) error {
	page := store.Page{Limit: pageOfMerchants, After: after}
	for {
		list, next, err := e.merchantsOf(ctx, c, page)
		if err != nil || len(list) == 0 {
			return err
		}
		shops, err := e.shops(ctx, c, list)
		if err != nil {
			return err
		}
		if more, err := do(shops, next); err != nil || !more || next == "" {
			return err
		}
		page.After = next
	}
}

// merchantsOf reads one page of the merchants whom a closure can be about.
func (e *Engine) merchantsOf(ctx context.Context, c *postern.Closure, page store.Page) ([]postern.Merchant, string, error) {
	names, partner := c.Scope.Merchants, ""
	switch {
	case postern.CheckID(postern.PrefixMerchant, c.OwnerID):
		names = []string{c.OwnerID}
	case c.OwnerID != postern.Platform:
		partner = c.OwnerID
	}
	if len(names) == 0 {
		return e.Store.Merchants(ctx, partner, page)
	}
	names = slices.Clone(names)
	slices.Sort(names)
	slices.Reverse(names)
	var list []postern.Merchant
	for _, id := range names {
		if page.After != "" && id >= page.After {
			continue
		}
		if len(list) == page.Limit {
			return list, list[len(list)-1].ID, nil
		}
		m, err := e.Store.Merchant(ctx, id)
		if postern.CodeOf(err) == postern.CodeNotFound && err != nil || err == nil && partner != "" && m.PartnerID != partner {
			continue // A closure may name whoever it likes; it hits those who are there and the owner's.
		}
		if err != nil {
			return nil, "", err
		}
		list = append(list, m)
	}
	return list, "", nil
}

// shops reads the channels and the latest sales of a page of merchants.
func (e *Engine) shops(ctx context.Context, c *postern.Closure, list []postern.Merchant) ([]shop, error) {
	ids := make([]string, len(list))
	for i, m := range list {
		ids[i] = m.ID
	}
	channels, err := e.Store.ChannelsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	sales, err := e.Store.Sales(ctx, ids, e.now().AddDate(0, 0, -impactDays), c.Scope.MinAmount, c.Scope.MaxAmount)
	if err != nil {
		return nil, err
	}
	by := map[string][]store.Sale{}
	for _, s := range sales {
		by[s.MerchantID] = append(by[s.MerchantID], s)
	}
	shops := make([]shop, len(list))
	for i, m := range list {
		shops[i] = shop{m, channels[m.ID], by[m.ID]}
		for k := range shops[i].channels {
			shops[i].channels[k].Seller = postern.Seller{Category: m.Category, Region: m.Region}
		}
	}
	return shops, nil
}

// Other is a channel that a closure leaves alone.
type Other struct {
	ChannelID string   `json:"channel_id"`
	Provider  string   `json:"provider"`
	Products  []string `json:"products"`
}

// Stranded is a container in which a merchant sold and could not sell any more, with the orders of it.
type Stranded struct {
	Container string     `json:"container"`
	Sums      []Turnover `json:"sums"`
}

// Impact is what a closure means to one merchant: the channels it is about, what went through what it closes in the last 30 days and in all, the channels that it
// leaves alone, and the containers in which nothing is left.
type Impact struct {
	Channels []string
	Through  []Turnover
	All      []Turnover
	Others   []Other
	Stranded []Stranded
}

// impact holds a closure against one merchant; false when it is not about any channel of the merchant's. Other closures that hold then count as they are.
func (e *Engine) impact(s *shop, c *postern.Closure, others *postern.ClosureIndex) (Impact, bool) {
	at := e.now()
	begins, pays := c.Begins(postern.ActPay)
	if pays && begins.After(at) {
		at = begins
	}
	var out Impact
	var through, all sums
	for i := range s.channels {
		ch := &s.channels[i]
		switch {
		case !s.open(ch, at):
		case c.CanHit(ch, s.PartnerID, at):
			out.Channels = append(out.Channels, ch.ID)
		default:
			out.Others = append(out.Others, Other{ch.ID, ch.Provider, ch.Products})
		}
	}
	if len(out.Channels) == 0 {
		return out, false
	}
	stranded := map[string]*sums{}
	for i := range s.sales {
		v := &s.sales[i]
		all.add(v.Currency, v.Orders, v.Amount)
		if !s.closes(c, v, at) {
			continue
		}
		through.add(v.Currency, v.Within, v.WithinAmount)
		if stranded[v.Container] == nil {
			stranded[v.Container] = &sums{}
		}
		stranded[v.Container].add(v.Currency, v.Within, v.WithinAmount)
	}
	out.Through, out.All = through, all
	for container, lost := range stranded {
		if pays && len(*lost) > 0 && e.ways(s, container, nil, others, at) && !e.ways(s, container, c, others, at) {
			out.Stranded = append(out.Stranded, Stranded{container, *lost})
		}
	}
	slices.SortFunc(out.Stranded, func(a, b Stranded) int { return cmp.Compare(a.Container, b.Container) })
	return out, true
}

// closes says whether a closure is about what was sold.
func (s *shop) closes(c *postern.Closure, v *store.Sale, at time.Time) bool {
	i := slices.IndexFunc(s.channels, func(ch postern.Channel) bool { return ch.ID == v.ChannelID })
	if i < 0 {
		return false
	}
	asker := s.channels[i].Asker(s.PartnerID, v.Product, v.Container, 0, at)
	return c.Covers(&asker, at)
}

// ways says whether anything could take a payment in a container at a moment, with one closure more if there is one. What the wall map does not know counts: it is
// offered.
func (e *Engine) ways(s *shop, container string, more *postern.Closure, others *postern.ClosureIndex, at time.Time) bool {
	m := e.theWall()
	for i := range s.channels {
		ch := &s.channels[i]
		if _, known := e.Registry[ch.Provider]; !known || !s.open(ch, at) {
			continue
		}
		for _, product := range ch.Products {
			asker := ch.Asker(s.PartnerID, product, container, 0, at)
			if allowed, _ := ch.Allows(postern.ActPay, product, at); !allowed || more != nil && more.Covers(&asker, at) || !others.May(postern.ActPay, &asker, at).Allowed {
				continue
			}
			if state := e.reach(m, nil, ch.Provider, product, route.Buyer{Container: container}, at).State; state == route.Works || state == route.Unknown {
				return true
			}
		}
	}
	return false
}

// withoutClosure is an index without one closure, for asking what that one changes.
func withoutClosure(x *postern.ClosureIndex, id string) *postern.ClosureIndex {
	if !slices.ContainsFunc(x.List(), func(c postern.Closure) bool { return c.ID == id }) {
		return x
	}
	return postern.IndexClosures(slices.DeleteFunc(slices.Clone(x.List()), func(c postern.Closure) bool { return c.ID == id }))
}
