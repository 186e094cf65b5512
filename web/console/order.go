package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// ordersPage is one list of orders.
type ordersPage struct {
	W     *sellWords
	Lists []option
	Rows  []orderRow
	Pager pager
	CSV   string
	From  string // the dates of the download form
	Until string
	List  string
	Ship  string // where a list of shipments is handed in, for those who may
}

func (ordersPage) template() string { return "orders" }

type orderRow struct {
	URL    string
	Number string
	Title  string
	Choice string
	Amount string
	When   string
	Who    string
	State  state
}

// state is a word with its colour: "", "warn", "stop" or "off" beside the usual green. The word says it all; the colour helps.
type state struct{ Word, Look string }

func showOrders(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	ctx, db, words := r.Context(), h.cfg.Engine.Store, sellWordsOf(v.Lang)
	which := store.OrderList(r.URL.Query().Get("list"))
	list, next, err := db.Orders(ctx, v.Merchant.ID, which, listPage(r, postern.PrefixOrder))
	if postern.CodeOf(err) == postern.CodeInvalid && err != nil { // a list that does not exist is all of them
		which = store.OrdersAll
		list, next, err = db.Orders(ctx, v.Merchant.ID, which, listPage(r, postern.PrefixOrder))
	}
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	buyers, err := db.OrderBuyers(ctx, v.Merchant.ID, idsOf(list))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	waiting, err := db.Waiting(ctx, v.Merchant.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	at := v.path("/orders")
	body := ordersPage{W: words, Pager: pagerOf(r, at, next), CSV: v.path("/orders.csv"), List: string(which)}
	today := v.Now.In(v.Zone)
	body.From, body.Until = today.AddDate(0, -1, 0).Format(time.DateOnly), today.Format(time.DateOnly)
	if v.may(sellers...) {
		body.Ship = v.path("/orders/ship")
	}
	for _, one := range []option{
		{Word: words.ListToShip, URL: "to_ship", Count: waiting.ToShip}, {Word: words.ListAsked, URL: "asked", Count: waiting.Asked}, {Word: words.ListWaiting, URL: "waiting"},
		{Word: words.ListShipped, URL: "shipped"}, {Word: words.ListAll},
	} {
		one.Here = one.URL == string(which)
		if one.URL = at + "?list=" + one.URL; one.Word == words.ListAll {
			one.URL = at
		}
		body.Lists = append(body.Lists, one)
	}
	for _, o := range list {
		body.Rows = append(body.Rows, orderRow{
			URL: v.path("/orders/" + o.ID), Number: postern.FormatShortCode(o.Number), Title: o.Title, Choice: chosen(o), Amount: money(o.Amount, o.Currency), When: v.stamp(o.CreatedAt), Who: buyers[o.ID].Name, State: words.orderState(o),
		})
	}
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).Orders, Section: "orders", Body: body})
}

func idsOf(list []postern.Order) []string {
	ids := make([]string, len(list))
	for i, o := range list {
		ids[i] = o.ID
	}
	return ids
}

// chosen is what was ordered beside its title: the variant, and how many.
func chosen(o postern.Order) string {
	text := "× " + postern.FormatDecimal(o.Quantity, "JPY") // a number without a fraction
	if o.Variant != "" {
		text = o.Variant + " " + text
	}
	return text
}

// orderPage is one order as a story, with what may be done next.
type orderPage struct {
	W      *sellWords
	Number string
	State  state
	Title  string
	Choice string
	Lines  []fact
	Buyer  *buyerBlock
	Story  []chapter
	Error  string // why the act that was just tried was not done
	Ask    string // the buyer's reason, while nobody has answered
	Page   string // the buyer's page
	Ship   *shipForm
	Refund *refundForm
	// Decline is where a wish is declined, Answer what was typed.
	Decline string
	Answer  string
}

func (orderPage) template() string { return "order" }

type fact struct{ Name, Text string }

// buyerBlock is who ordered and where it goes. All is everything in one line, as carriers' pages take it.
type buyerBlock struct {
	Gone    bool // deleted by retention
	Name    string
	Phone   string
	Address string
	Note    string
	All     string
}

// chapter is one thing that happened. Said are somebody else's own words.
type chapter struct {
	When  string
	What  string
	Said  string
	Look  string
	URL   string // its own page, if it has one
	order time.Time
}

type shipForm struct {
	Action   string
	Carriers []string
	Carrier  string
	Tracking string
	Again    bool // the order is shipped; the form corrects how
	Needs    bool // something is delivered
}

type refundForm struct {
	Action  string
	Form    string
	Left    string
	Amount  string
	Reason  string
	Restock string
	Most    int64 // pieces that may go back on sale
	Counted bool
	// Outside is where money is entered that was given back outside the provider.
	Outside     string
	OutsideWord string
}

// whole order with everything that its page shows.
type orderStory struct {
	order   postern.Order
	state   postern.State
	refunds []postern.Refund
	buyer   postern.OrderBuyer
	gone    bool
}

// readOrder loads the order of an address with its payment, its refunds and its buyer.
func (h *Handler) readOrder(r *http.Request, v *visit) (s orderStory, err error) {
	ctx, db, id := r.Context(), h.cfg.Engine.Store, v.Merchant.ID
	if s.order, err = db.Order(ctx, id, r.PathValue("order")); err != nil {
		return s, err
	}
	if s.state, err = db.LoadState(ctx, id, s.order.PaymentID); err != nil {
		return s, err
	}
	if s.refunds, _, err = db.Refunds(ctx, id, s.order.PaymentID, store.Page{Limit: 100}); err != nil {
		return s, err
	}
	s.buyer, err = db.OrderBuyer(ctx, id, s.order.ID)
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil {
		s.gone, err = true, nil
	}
	return s, err
}

func showOrder(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, err := h.readOrder(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.renderOrder(w, r, v, http.StatusOK, h.orderPageOf(v, s))
}

func (h *Handler) renderOrder(w http.ResponseWriter, r *http.Request, v *visit, status int, body orderPage) {
	h.render(w, r, v, status, page{Title: body.W.Order + " " + body.Number, Section: "orders", Body: body})
}

// orderPageOf makes the page of what was read.
func (h *Handler) orderPageOf(v *visit, s orderStory) orderPage {
	o, words := s.order, sellWordsOf(v.Lang)
	p := orderPage{W: words, Number: postern.FormatShortCode(o.Number), State: words.orderState(o), Title: o.Title, Choice: chosen(o), Page: h.cfg.Engine.OrderURL(o.Token), Buyer: buyerOf(v, s), Story: h.story(v, s)}
	p.Lines = []fact{{words.UnitPrice, money(o.UnitPrice, o.Currency)}}
	if o.Delivers {
		p.Lines = append(p.Lines, fact{words.DeliveryFee, money(o.DeliveryFee, o.Currency)})
	}
	p.Lines = append(p.Lines, fact{words.Total, money(o.Amount, o.Currency)})
	if o.Ask == postern.AskOpen {
		p.Ask, p.Decline = o.AskReason, v.path("/orders/"+o.ID+"/decline")
	}
	if o.State == postern.OrderPaid && v.may(sellers...) && (o.Ask != postern.AskGiven || !o.ShippedAt.IsZero()) {
		p.Ship = &shipForm{Action: v.path("/orders/" + o.ID + "/ship"), Carriers: words.Carriers, Carrier: o.Carrier, Tracking: o.Tracking, Again: !o.ShippedAt.IsZero(), Needs: o.Delivers}
	}
	if receipt, ok := s.state.Applied(); ok && receipt.Refundable() > 0 {
		p.Refund = &refundForm{
			Action: v.path("/orders/" + o.ID + "/refund"), Form: postern.NewToken(h.cfg.Engine.Env.Rand), Left: money(receipt.Refundable(), receipt.Currency),
			Amount: postern.FormatDecimal(receipt.Refundable(), receipt.Currency), Most: o.Quantity - o.Restocked, Counted: o.Counted, Restock: "0",
			Outside: v.path("/payments/" + o.PaymentID + "/outside"), OutsideWord: handWordsOf(v.Lang).OrderLink,
		}
		if o.ShippedAt.IsZero() { // it has not left: the pieces are here
			p.Refund.Restock = postern.FormatDecimal(p.Refund.Most, "JPY")
		}
	}
	return p
}

func buyerOf(v *visit, s orderStory) *buyerBlock {
	if s.gone {
		return &buyerBlock{Gone: true}
	}
	b := &buyerBlock{Name: s.buyer.Name, Phone: s.buyer.Phone, Note: s.buyer.Note}
	if region, ok := postern.RegionOf(s.buyer.Region); ok {
		b.Address = v.Lang.Pick(region.ZH, region.EN) + " " + s.buyer.Address
		b.All = region.ZH + " " + s.buyer.Address
	}
	b.All = strings.TrimSpace(strings.TrimSpace(s.buyer.Name+" "+s.buyer.Phone) + " " + b.All)
	return b
}

// story tells what happened to an order in its order: what was asked, what was tried, what the providers said, what came and went.
func (h *Handler) story(v *visit, s orderStory) []chapter {
	o, words := s.order, sellWordsOf(v.Lang)
	var list []chapter
	tell := func(at time.Time, what, said, look string) {
		if !at.IsZero() {
			list = append(list, chapter{When: v.stamp(at), What: what, Said: said, Look: look, order: at})
		}
	}
	tell(o.CreatedAt, words.did(words.DidOrder, money(o.Amount, o.Currency)), "", "")
	for _, a := range s.state.Attempts {
		look := ""
		if a.Status == postern.AttemptUnknown {
			look = "warn"
		}
		tell(a.CreatedAt, words.did(words.DidTry, h.providerName(a.Provider, v.Lang), words.attempt(a.Status)), spoken(a.Code, a.Message), look)
	}
	for _, r := range s.state.Receipts {
		what := words.did(words.DidPay, money(r.Amount, r.Currency), h.providerName(r.Provider, v.Lang))
		if r.Use == postern.ReceiptSurplus {
			what = words.did(words.DidPayMore, money(r.Amount, r.Currency), h.providerName(r.Provider, v.Lang))
		}
		tell(r.PaidAt, what, words.did(words.ReceiptNo, r.TxnNo), "")
	}
	for _, u := range s.state.Surpluses {
		tell(u.UpdatedAt, words.did(words.DidSurplus, money(u.Amount, u.Currency), words.reason(u.Reason), words.surplusStatus(u.Status)), "", "warn")
	}
	for _, f := range s.refunds {
		look := ""
		if f.Status == postern.RefundStuck || f.Status == postern.RefundFailed {
			look = "stop"
		} else if f.Awaits() {
			look = "warn"
		}
		reason := f.Reason
		if f.SurplusID != "" { // the switch's own word; the surplus says why
			reason = ""
		}
		tell(f.CreatedAt, words.did(words.DidRefund, money(f.Amount, f.Currency), v.refundSaid(f)), strings.TrimSpace(reason+" "+spoken(f.Code, f.Message)), look)
		list[len(list)-1].URL = v.path("/refunds/" + f.ID)
	}
	tell(o.ShippedAt, words.DidShip, strings.TrimSpace(o.Carrier+" "+o.Tracking), "")
	tell(o.AskedAt, words.DidAsk, o.AskReason, "warn")
	if o.Ask == postern.AskDeclined {
		tell(o.AnsweredAt, words.DidDecline, o.AskAnswer, "")
	}
	if o.State == postern.OrderEnded {
		tell(o.UpdatedAt, words.DidEnd, "", "off")
	}
	slices.SortStableFunc(list, func(a, b chapter) int { return cmp.Compare(a.order.UnixMicro(), b.order.UnixMicro()) })
	return list
}
