package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/ledger"
	"postern/roster"
	"postern/store"
)

// moneyRoutes are the pages about where the money is, for the owner and for finance.
var moneyRoutes = []route{
	{pattern: "GET " + merchantRoot + "/money", roles: payers, serve: showMoney},
	{pattern: "GET " + merchantRoot + "/money.csv", roles: payers, serve: downloadMoney},
}

// moneyPage says where the money is, by channel, from the books alone.
type moneyPage struct {
	W       *moneyWords
	Periods []option
	From    string
	Until   string
	Action  string
	Said    string // the period in words
	Tables  []moneyTable
	CSV     string
	Held    string // surpluses that wait for a person
	Look    string
	Hand    *handWords
	Own     []ownMoney // given back outside the providers
	Error   string
}

func (moneyPage) template() string { return "money" }

// ownMoney is what one of the merchant's own accounts gave back.
type ownMoney struct{ Bank, Amount, Times string }

// moneyTable is one currency.
type moneyTable struct {
	Currency string
	Rows     []moneyRow
	Total    moneyRow
}

// moneyRow is what one channel did in the period, and below it what is there now. Each is written as an amount; what is nothing is empty.
type moneyRow struct {
	W        *moneyWords
	Name     string
	Account  string
	Received string
	Extra    string
	Refunded string
	Given    string
	Shared   string
	Stuck    string
	Period   string // what the period leaves with the provider
	Now      string // what the books say the provider owes, of all times
	Retired  bool
}

// channelMoney adds up one channel in one currency, in minor units.
type channelMoney struct {
	channel  string
	currency string
	received int64 // money for orders
	extra    int64 // money that nobody asked for
	refunded int64 // what reached buyers of it
	given    int64 // surpluses given back
	transit  int64 // what left and is on its way, or was when it was booked
	shared   int64
	other    int64
	stuck    int64 // now
	now      int64
}

// period is what is left with the provider of everything that moved in the period.
func (m channelMoney) period() int64 {
	return m.received + m.extra - m.refunded - m.given - m.transit - m.shared + m.other
}

// add puts a booking into its column. What has no column goes into the sum all the same, so that the page never says another total than the books.
func (m *channelMoney) add(b store.Booked) {
	switch b.Kind {
	case postern.BookReceipt:
		m.received += b.Amount
	case postern.BookSurplus:
		m.extra += b.Amount
	case postern.BookRefund:
		m.refunded -= b.Amount
	case postern.BookSurplusReturn:
		m.given -= b.Amount
	case postern.BookRefundStuck, postern.BookTransitBack:
		m.transit -= b.Amount
	case postern.BookShare, postern.BookShareReturn:
		m.shared -= b.Amount
	default:
		m.other += b.Amount
	}
}

// span is a period with its words.
type span struct {
	from, until time.Time
	name        string
	fromDay     string
	untilDay    string
	wrong       bool
}

// spanOf reads which period an address asks for: today, 7, month, all, or two days.
func spanOf(r *http.Request, v *visit) span {
	q, local := r.URL.Query(), v.Now.In(v.Zone)
	day := func(n int) time.Time {
		return time.Date(local.Year(), local.Month(), local.Day()+n, 0, 0, 0, 0, v.Zone)
	}
	s := span{from: day(-6), until: day(1), name: "7"}
	switch q.Get("period") {
	case "today":
		s.from, s.name = day(0), "today"
	case "month":
		s.from, s.name = time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, v.Zone), "month"
	case "all":
		s.from, s.until, s.name = time.Time{}, time.Time{}, "all"
	}
	if q.Get("from") != "" || q.Get("until") != "" {
		from, until, ok := datesOf(q.Get("from"), q.Get("until"), v.Zone)
		if s.wrong = !ok; ok {
			s.from, s.until, s.name = from, until, "days"
		}
	}
	if !s.from.IsZero() {
		s.fromDay = s.from.In(v.Zone).Format(time.DateOnly)
	}
	if !s.until.IsZero() {
		s.untilDay = s.until.In(v.Zone).AddDate(0, 0, -1).Format(time.DateOnly)
	}
	return s
}

// readMoney adds the books up by channel and currency: the period in one statement, all times in another, and what is stuck in a third.
func (h *Handler) readMoney(r *http.Request, v *visit, s span) ([]channelMoney, error) {
	ctx, db, id := r.Context(), h.cfg.Engine.Store, v.Merchant.ID
	booked, err := db.Booked(ctx, id, s.from, s.until)
	if err != nil {
		return nil, err
	}
	balances, err := db.Balances(ctx, id)
	if err != nil {
		return nil, err
	}
	stuck, err := db.StuckRefunds(ctx, id)
	if err != nil {
		return nil, err
	}
	return sumMoney(booked, balances, stuck), nil
}

func sumMoney(booked []store.Booked, balances []ledger.Balance, stuck []store.Stuck) []channelMoney {
	type key struct{ channel, currency string }
	sums := map[key]*channelMoney{}
	at := func(channel, currency string) *channelMoney {
		k := key{channel, currency}
		if sums[k] == nil {
			sums[k] = &channelMoney{channel: channel, currency: currency}
		}
		return sums[k]
	}
	for _, b := range booked {
		at(b.ChannelID, b.Currency).add(b)
	}
	for _, b := range balances {
		if channel, ok := strings.CutPrefix(b.Account, ledger.Receivable("")); ok {
			at(channel, b.Currency).now = b.Amount
		}
	}
	for _, one := range stuck {
		at(one.ChannelID, one.Currency).stuck = one.Amount
	}
	list := make([]channelMoney, 0, len(sums))
	for _, m := range sums {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b channelMoney) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(a.channel, b.channel))
	})
	return list
}

func showMoney(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, words := spanOf(r, v), moneyWordsOf(v.Lang)
	sums, err := h.readMoney(r, v, s)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	channels, err := h.cfg.Engine.Store.Channels(r.Context(), v.Merchant.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	waiting, err := h.cfg.Engine.Store.Waiting(r.Context(), v.Merchant.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	at := v.path("/money")
	body := moneyPage{W: words, From: s.fromDay, Until: s.untilDay, Action: at, CSV: v.path("/money.csv") + "?" + s.query(), Said: words.said(s), Tables: h.moneyTables(v, sums, channels)}
	for _, one := range []option{{URL: "today", Word: words.Today}, {URL: "7", Word: words.Seven}, {URL: "month", Word: words.Month}, {URL: "all", Word: words.All}} {
		one.Here = one.URL == s.name
		one.URL = at + "?period=" + one.URL
		body.Periods = append(body.Periods, one)
	}
	if n := waiting.Held + waiting.Stuck + waiting.Failed + waiting.Second + waiting.Unknown; n > 0 {
		body.Held, body.Look = words.count(words.Needs, n), v.path("/attention")
	}
	own, err := h.cfg.Engine.Store.RefundsByBank(r.Context(), v.Merchant.ID, s.from, s.until)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body.Hand = handWordsOf(v.Lang)
	for _, one := range own {
		body.Own = append(body.Own, ownMoney{Bank: one.Bank, Amount: money(one.Amount, one.Currency), Times: body.Hand.Put(body.Hand.OwnTimes, strconv.FormatInt(one.Count, 10))})
	}
	status := http.StatusOK
	if s.wrong {
		status, body.Error = http.StatusUnprocessableEntity, words.DatesWrong
	}
	h.render(w, r, v, status, page{Title: words.Title, Section: "money", Body: body})
}

// query asks for the same period again.
func (s span) query() string {
	if s.name == "days" {
		return "from=" + s.fromDay + "&until=" + s.untilDay
	}
	return "period=" + s.name
}

// moneyTables makes one table a currency, its channels in the merchant's own order.
func (h *Handler) moneyTables(v *visit, sums []channelMoney, channels []postern.Channel) []moneyTable {
	place := map[string]int{}
	known := map[string]postern.Channel{}
	for i, c := range channels {
		place[c.ID], known[c.ID] = i, c
	}
	slices.SortStableFunc(sums, func(a, b channelMoney) int {
		return cmp.Or(cmp.Compare(a.currency, b.currency), cmp.Compare(place[a.channel], place[b.channel]))
	})
	var tables []moneyTable
	var total channelMoney
	words := moneyWordsOf(v.Lang)
	close := func() {
		if n := len(tables); n > 0 {
			tables[n-1].Total = total.row(words)
			tables[n-1].Total.Name = words.Total
		}
	}
	for _, m := range sums {
		if n := len(tables); n == 0 || tables[n-1].Currency != m.currency {
			close()
			tables, total = append(tables, moneyTable{Currency: m.currency}), channelMoney{currency: m.currency}
		}
		row := m.row(words)
		c := known[m.channel]
		row.Name, row.Account, row.Retired = h.providerName(c.Provider, v.Lang), channelHint(c), !c.RetiredAt.IsZero()
		if row.Name == "" {
			row.Name = m.channel
		}
		t := &tables[len(tables)-1]
		t.Rows = append(t.Rows, row)
		total.plus(m)
	}
	close()
	return tables
}

// channelHint tells two channels over one provider apart: the merchant's number under a partner's account, or the end of the channel's own id.
func channelHint(c postern.Channel) string {
	if c.SubMerchant != "" {
		return c.SubMerchant
	}
	if len(c.ID) < 6 {
		return c.ID
	}
	return "…" + c.ID[len(c.ID)-6:]
}

func (m *channelMoney) plus(o channelMoney) {
	m.received, m.extra, m.refunded, m.given, m.transit, m.shared = m.received+o.received, m.extra+o.extra, m.refunded+o.refunded, m.given+o.given, m.transit+o.transit, m.shared+o.shared
	m.other, m.stuck, m.now = m.other+o.other, m.stuck+o.stuck, m.now+o.now
}

// row writes the amounts. What was never there is left empty, so that the eye finds what is.
func (m channelMoney) row(w *moneyWords) moneyRow {
	some := func(amount int64) string {
		if amount == 0 {
			return ""
		}
		return money(amount, m.currency)
	}
	return moneyRow{
		W:        w,
		Received: money(m.received, m.currency), Extra: some(m.extra), Refunded: some(m.refunded + m.transit), Given: some(m.given), Shared: some(m.shared), Stuck: some(m.stuck),
		Period: money(m.period(), m.currency), Now: money(m.now, m.currency),
	}
}

// downloadMoney is the same table as CSV, in plain decimals.
func downloadMoney(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, words := spanOf(r, v), moneyWordsOf(v.Lang)
	if s.wrong {
		h.told(w, r, v, "/money", postern.Invalid("from", postern.CodeInvalid, "the dates are none", "write 2026-11-30"))
		return
	}
	sums, err := h.readMoney(r, v, s)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	channels, err := h.cfg.Engine.Store.Channels(r.Context(), v.Merchant.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	lines := [][]string{words.Columns}
	for _, m := range sums {
		line := []string{s.fromDay, s.untilDay, m.channel, "", m.currency}
		for _, c := range channels {
			if c.ID == m.channel {
				line[3] = h.providerName(c.Provider, v.Lang)
			}
		}
		for _, amount := range []int64{m.received, m.extra, m.refunded + m.transit, m.given, m.shared, m.period(), m.now, m.stuck} {
			line = append(line, postern.FormatDecimal(amount, m.currency))
		}
		lines = append(lines, line)
	}
	own, err := h.cfg.Engine.Store.RefundsByBank(r.Context(), v.Merchant.ID, s.from, s.until)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	for _, one := range own { // not through a channel: its refunds stand alone
		lines = append(lines, []string{s.fromDay, s.untilDay, ledger.Bank(one.Bank), handWordsOf(v.Lang).OwnMoney, one.Currency, "", "", postern.FormatDecimal(one.Amount, one.Currency), "", "", "", "", ""})
	}
	download(w, "money-"+v.Now.In(v.Zone).Format("20060102")+".csv")
	_ = roster.Write(w, lines) // the person has gone: nobody to tell
}
