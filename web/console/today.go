package console

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"postern"
	"postern/store"
)

// todayPage answers three questions at a glance: is money coming in, what waits to be shipped or answered, and does anything need a person.
type todayPage struct {
	W        *sellWords
	Takings  bool // for those who may see the money
	Sold     string
	Orders   string
	Refunded string
	Net      string
	Others   []string // what came in today in other currencies
	Week     []day
	Chart    []bar
	Waits    []wait
	Calm     bool // nothing needs a person
	Money    string
	NewItem  string // where a seller without items begins, empty with items
}

func (todayPage) template() string { return "today" }

// day is one line of the table beside the bars.
type day struct {
	Name     string
	Orders   int64
	Sold     string
	Refunded string
	Net      string
	Today    bool
}

// bar is one day of the chart on a grid of 100 high: what was sold, and what of it went back. The axis begins at zero.
type bar struct {
	X, LabelX        int
	Sold, SoldY      int
	Back, BackY      int
	Label, Said      string
	Today, Something bool
}

// wait is one thing that waits, with how many there are.
type wait struct {
	URL   string
	Word  string
	Line  string
	Count int64
	Warn  bool
}

const (
	week      = 7
	barStep   = 40
	chartHigh = 100
)

// midnights are the beginnings of the last days of a zone and the end of today, so that a day of 23 or 25 hours is one day.
func midnights(now time.Time, zone *time.Location, days int) []time.Time {
	local := now.In(zone)
	list := make([]time.Time, 0, days+1)
	for i := 1 - days; i <= 1; i++ {
		list = append(list, time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, zone))
	}
	return list
}

func showToday(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	ctx, db, id := r.Context(), h.cfg.Engine.Store, v.Merchant.ID
	bounds := midnights(v.Now, v.Zone, week)
	takings, err := db.Takings(ctx, id, bounds)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	waiting, err := db.Waiting(ctx, id)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	items, _, err := db.Items(ctx, id, store.Page{Limit: 1})
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := todayOf(v, bounds, takings, waiting)
	if len(items) == 0 && v.may(sellers...) {
		body.NewItem = v.path("/items/new")
	}
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).Today, Section: "today", Body: body})
}

// todayOf makes the page of what was read.
func todayOf(v *visit, bounds []time.Time, takings []store.Taking, waiting store.Waiting) todayPage {
	words := sellWordsOf(v.Lang)
	p := todayPage{W: words, Money: v.path("/money?period=today"), Takings: v.may(payers...)}
	currency := mainCurrency(takings)
	days := make([]store.Taking, len(bounds)-1)
	for _, t := range takings {
		if t.Currency == currency {
			days[t.Span] = t
		} else if int(t.Span) == len(days)-1 {
			p.Others = append(p.Others, money(t.Sold, t.Currency))
		}
	}
	last := days[len(days)-1]
	p.Sold, p.Refunded, p.Net, p.Orders = money(last.Sold, currency), money(last.Refunded, currency), money(last.Sold-last.Refunded, currency), words.count(words.NOrders, last.Orders)
	for i, t := range days {
		p.Week = append(p.Week, day{Name: words.day(v.Lang, bounds[i]), Orders: t.Orders, Sold: money(t.Sold, currency), Refunded: money(t.Refunded, currency), Net: money(t.Sold-t.Refunded, currency), Today: i == len(days)-1})
	}
	if p.Chart = bars(v, days, bounds, currency); !slices.ContainsFunc(p.Chart, func(b bar) bool { return b.Something }) {
		p.Chart = nil // words say it better than an axis with nothing on it
	}
	p.Waits, p.Calm = waits(v, waiting)
	return p
}

// mainCurrency is the currency of the chart: yuan, or else the first that anything came in.
func mainCurrency(takings []store.Taking) string {
	for _, t := range takings {
		if t.Currency == "CNY" {
			return t.Currency
		}
	}
	if len(takings) > 0 {
		return takings[0].Currency
	}
	return "CNY"
}

func bars(v *visit, days []store.Taking, bounds []time.Time, currency string) []bar {
	var most int64 = 1
	for _, t := range days {
		most = max(most, t.Sold, t.Refunded)
	}
	high := func(amount int64) int {
		if amount <= 0 {
			return 0
		}
		return max(1, int(amount/max(1, most/chartHigh+1)))
	}
	var list []bar
	for i, t := range days {
		b := bar{X: i*barStep + 8, LabelX: i*barStep + barStep/2, Sold: high(t.Sold), Back: high(t.Refunded), Today: i == len(days)-1, Something: t.Sold != 0 || t.Refunded != 0}
		b.SoldY, b.BackY = chartHigh-b.Sold, chartHigh-b.Back
		b.Label = strconv.Itoa(bounds[i].In(v.Zone).Day())
		b.Said = sellWordsOf(v.Lang).day(v.Lang, bounds[i]) + " " + money(t.Sold, currency)
		list = append(list, b)
	}
	return list
}

// waits are the things that wait, those of every day first.
func waits(v *visit, n store.Waiting) (list []wait, calm bool) {
	w, hand := sellWordsOf(v.Lang), handWordsOf(v.Lang)
	list = []wait{
		{URL: v.path("/orders?list=to_ship"), Word: w.ToShip, Count: n.ToShip},
		{URL: v.path("/orders?list=asked"), Word: w.Asked, Count: n.Asked, Warn: n.Asked > 0},
	}
	for _, one := range []wait{
		{URL: v.path("/attention#held"), Word: w.Held, Line: w.HeldLine, Count: n.Held}, {URL: v.path("/attention#wrong"), Word: w.Stuck, Line: w.StuckLine, Count: n.Stuck},
		{URL: v.path("/attention#wrong"), Word: w.Failed, Line: w.FailedLine, Count: n.Failed}, {URL: v.path("/attention#second"), Word: hand.Waiting, Line: hand.WaitingLine, Count: n.Second}, {URL: v.path("/attention#unknown"), Word: w.Unknown, Line: w.UnknownLine, Count: n.Unknown},
	} {
		if one.Count > 0 {
			one.Warn = true
			list = append(list, one)
		}
	}
	return list, n.Held+n.Stuck+n.Failed+n.Second+n.Unknown == 0
}

// attentionPage lists what needs a person, each with what may be done.
type attentionPage struct {
	W       *sellWords
	Held    []heldRow
	Hand    *handWords
	Second  []secondRow
	Wrong   []wrongRow
	Unknown []unknownRow
	Decides bool // this person may keep or give back
	More    bool // there are more than a page shows
}

func (attentionPage) template() string { return "attention" }

type heldRow struct {
	Amount  string
	Reason  string
	When    string
	About   string
	Order   string // its page, empty when the payment is no order's
	Act     string
	Outside string
	Channel string
}

// secondRow is a refund of which one person has said how it ended.
type secondRow struct {
	Amount string
	Said   string
	When   string
	About  string
	URL    string
}

type wrongRow struct {
	URL    string
	Amount string
	Status string
	Stuck  bool
	When   string
	Said   string // the provider's own words
	About  string
	Order  string
}

type unknownRow struct {
	Amount  string
	Channel string
	When    string
	About   string
	Order   string
}

func showAttention(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	ctx, db, id, first := r.Context(), h.cfg.Engine.Store, v.Merchant.ID, store.Page{Limit: pageSize}
	words := sellWordsOf(v.Lang)
	body := attentionPage{W: words, Hand: handWordsOf(v.Lang), Decides: v.may(payers...)}
	surpluses, more, err := db.HeldSurpluses(ctx, id, first)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	refunds, moreRefunds, err := db.WrongRefunds(ctx, id, first)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	attempts, moreAttempts, err := db.UnknownAttempts(ctx, id, first)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	second, moreSecond, err := db.RefundsAwaiting(ctx, id, first)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body.More = more != "" || moreRefunds != "" || moreAttempts != "" || moreSecond != ""
	about, err := h.aboutPayments(r, v, surpluses, slices.Concat(refunds, second), attempts)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	for _, u := range surpluses {
		a := about[u.PaymentID]
		body.Held = append(body.Held, heldRow{Amount: money(u.Amount, u.Currency), Reason: words.reason(u.Reason), When: v.stamp(u.CreatedAt), About: a.text, Order: a.url, Act: v.path("/surpluses/" + u.ID), Outside: v.path("/payments/" + u.PaymentID + "/outside?surplus=" + u.ID)})
	}
	for _, f := range second {
		body.Second = append(body.Second, secondRow{Amount: money(f.Amount, f.Currency), Said: handStory(v, f)[0].What, When: v.stamp(f.Hand.At), About: about[f.PaymentID].text, URL: v.path("/refunds/" + f.ID)})
	}
	for _, f := range refunds {
		a := about[f.PaymentID]
		stuck := f.Status == postern.RefundStuck
		body.Wrong = append(body.Wrong, wrongRow{URL: v.path("/refunds/" + f.ID), Amount: money(f.Amount, f.Currency), Status: words.refundStatus(f.Status), Stuck: stuck, When: v.stamp(f.UpdatedAt), Said: spoken(f.Code, f.Message), About: a.text, Order: a.url})
	}
	for _, t := range attempts {
		a := about[t.PaymentID]
		body.Unknown = append(body.Unknown, unknownRow{Amount: money(t.Amount, t.Currency), Channel: h.providerName(t.Provider, v.Lang), When: v.stamp(t.CreatedAt), About: a.text, Order: a.url})
	}
	h.render(w, r, v, http.StatusOK, page{Title: words.Attention, Section: "today", Body: body})
}

// about says what a payment is for, and where its order is.
type about struct{ text, url string }

// aboutPayments looks up what the rows of a bounded list are about; payments that occur twice are read once.
func (h *Handler) aboutPayments(r *http.Request, v *visit, surpluses []postern.Surplus, refunds []postern.Refund, attempts []postern.Attempt) (map[string]about, error) {
	ids := map[string]bool{}
	for _, u := range surpluses {
		ids[u.PaymentID] = true
	}
	for _, f := range refunds {
		ids[f.PaymentID] = true
	}
	for _, a := range attempts {
		ids[a.PaymentID] = true
	}
	found := map[string]about{}
	for id := range ids {
		p, err := h.cfg.Engine.Store.Payment(r.Context(), v.Merchant.ID, id)
		if err != nil {
			return nil, err
		}
		a := about{text: p.Reference + " · " + p.Description}
		if p.OrderID != "" {
			a.url = v.path("/orders/" + p.OrderID)
		}
		found[id] = a
	}
	return found, nil
}

// spoken are a provider's own words, verbatim.
func spoken(code, message string) string {
	if code == "" || message == "" {
		return code + message
	}
	return code + " " + message
}

// decideSurplus takes a held surplus as sales, or gives it back. The form says which, and a form that is sent twice finds it decided.
func decideSurplus(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	u, err := h.cfg.Engine.Store.Surplus(r.Context(), v.Merchant.ID, r.PathValue("surplus"))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if !h.form(w, r, v) {
		return
	}
	decision := r.PostForm.Get("do")
	if decision != "accept" && decision != "return" {
		h.told(w, r, v, "/attention", postern.Invalid("do", postern.CodeInvalid, "the decision is none", "press one of the buttons"))
		return
	}
	if _, err := h.cfg.Engine.DecideSurplus(r.Context(), v.Actor, v.Merchant.ID, u.ID, decision == "accept"); err != nil {
		h.told(w, r, v, "/attention", err)
		return
	}
	see(w, r, v.path("/attention?done"))
}
