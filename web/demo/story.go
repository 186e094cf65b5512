package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/route"
	"postern/store"
	"postern/wall"
	"postern/web/ui"
)

// Story is the founding case on a slider: what its shops could do on any day, by that day's wall map and under the closures and agreements of that day.
type Story struct {
	// Provider is the wallet that the story is about, and Preset the app in which it closed.
	Provider string
	Preset   string
	// Stops are days worth a look, oldest first, as 2014-02-13.
	Stops []string
	Shops []Shop
}

// Shop is one of the story's shops, a test merchant with an order to look at.
type Shop struct {
	Code       string // in addresses
	MerchantID string
	Token      string // of its order's checkout
	ZH, EN     string
	NoteZH     string
	NoteEN     string
}

// storyBegins is the slider's first day.
var storyBegins = time.Date(2013, 1, 1, 0, 0, 0, 0, postern.Beijing)

// Slider is the story on one day.
type Slider struct {
	On      string // the day; today's when nothing else is asked for
	Looking bool   // another day than today is looked at
	Day     int    // days since the first
	Days    int    // the last day
	First   string
	Last    string
	Heading string // the day in words
	Told    []Told // what happened on it, or last before it
	Marks   []Mark
	Stops   []Frame // Note is set on the one that is looked at
	Shops   []Verdict
	Lang    ui.Lang
	Shop    string // whose order the phones show
}

// Told is one dated event in words, with its evidence.
type Told struct {
	Date     string
	Text     string
	Who      string
	Evidence string
	Source   string
	Note     string
	Fresh    bool // it happened on this very day
}

// Mark is an event on the track, in thousandths of its length.
type Mark struct {
	At    int
	Day   int
	Title string
}

// Verdict says what one shop could take in the app of the story on that day.
type Verdict struct {
	Name  string
	Note  string
	URL   string
	Here  bool
	Sells bool
	Words string
	Takes string // what it takes there instead or besides
}

// day reads ?on= as the checkout does. An empty or odd one is today.
func (h *Handler) day(r *http.Request) (at time.Time, looking bool) {
	now := h.cfg.Engine.Env.Now()
	at, err := time.ParseInLocation(time.DateOnly, r.URL.Query().Get("on"), postern.Beijing)
	if err != nil || at.Before(storyBegins) || at.After(now) {
		return now, false
	}
	return at.Add(12 * time.Hour), true
}

// slider builds the story on a day.
func (h *Handler) slider(ctx context.Context, lang ui.Lang, at time.Time, looking bool, shop string) (*Slider, error) {
	story, now := h.cfg.Story, h.cfg.Engine.Env.Now()
	on := func(t time.Time) string { return t.In(postern.Beijing).Format(time.DateOnly) }
	since := func(t time.Time) int { return int(t.Sub(storyBegins) / (24 * time.Hour)) }
	s := &Slider{
		On: on(at), Looking: looking, Day: since(at), Days: since(now), First: on(storyBegins), Last: on(now), Lang: lang, Shop: shop,
		Heading: at.In(postern.Beijing).Format(lang.Pick("2006年1月2日", "2 January 2006")), Told: h.told(lang, at),
	}
	for _, e := range h.cfg.Wall.Timeline() {
		if t := e.Date.Time(); !t.Before(storyBegins) && t.Before(now) {
			s.Marks = append(s.Marks, Mark{At: since(t) * 1000 / max(1, s.Days), Day: since(t), Title: lang.Pick(e.ZH, e.EN)})
		}
	}
	for _, stop := range append(slices.Clone(story.Stops), "") {
		f := Frame{Title: stop, URL: storyURL(lang, stop, shop)}
		if stop == "" {
			f.Title = wordsOf(lang).Today
		}
		if looking && stop == s.On || stop == "" && !looking {
			f.Note = "page"
		}
		s.Stops = append(s.Stops, f)
	}
	for _, one := range story.Shops {
		v, err := h.verdict(ctx, lang, one, at)
		if err != nil {
			return nil, err
		}
		v.URL, v.Here = storyURL(lang, s.On, one.Code), looking && one.Code == shop
		s.Shops = append(s.Shops, v)
	}
	return s, nil
}

func storyURL(lang ui.Lang, on, shop string) string {
	q := url.Values{"lang": {string(lang)}}
	if on != "" {
		q.Set("on", on)
		q.Set("shop", shop)
	}
	return "/?" + q.Encode()
}

// told is what the timeline has of a day, or the latest that it has before it.
func (h *Handler) told(lang ui.Lang, at time.Time) []Told {
	w, day := wordsOf(lang), wall.MomentOf(at)
	var last []Told
	newest := wall.Moment(0)
	for _, e := range h.cfg.Wall.Timeline() {
		if e.Date > day {
			break
		}
		if e.Date != newest {
			last, newest = nil, e.Date
		}
		date := e.Date.String()
		if e.Until != 0 {
			date += lang.Pick("至", " to ") + e.Until.String()
		}
		if e.Dates == "about" {
			date = w.About + date
		}
		last = append(last, Told{
			Date: date, Text: lang.Pick(e.ZH, e.EN), Who: e.Who, Evidence: w.Evidence[e.Evidence], Source: e.Source, Note: e.Note,
			Fresh: e.Date.Time().Format(time.DateOnly) == at.In(postern.Beijing).Format(time.DateOnly),
		})
	}
	return last
}

// verdict asks the planner itself what a buyer inside the story's app is offered by a shop on that day.
func (h *Handler) verdict(ctx context.Context, lang ui.Lang, shop Shop, at time.Time) (Verdict, error) {
	w, story := wordsOf(lang), h.cfg.Story
	v := Verdict{Name: lang.Pick(shop.ZH, shop.EN), Note: lang.Pick(shop.NoteZH, shop.NoteEN)}
	_, paymentID, err := h.cfg.Engine.Store.PaymentByLink(ctx, shop.Token)
	if err != nil {
		return v, err
	}
	payment, err := h.cfg.Engine.Store.Payment(ctx, shop.MerchantID, paymentID)
	if err != nil {
		return v, err
	}
	preset, _ := h.cfg.Wall.Preset(story.Preset)
	seen := h.cfg.Wall.Detect(preset.UA)
	plan, err := h.cfg.Engine.PlanAt(ctx, payment, route.Buyer{Container: seen.Container, OS: seen.OS, Form: seen.Form}, at)
	if err != nil {
		return v, err
	}
	app := h.cfg.Wall.Name(seen.Container)
	name, where := h.name(lang, story.Provider), lang.Pick(app.ZH, app.EN)
	var takes []string
	for _, c := range plan.Kept() {
		if c.Provider == story.Provider {
			v.Sells = true
		} else if name := h.name(lang, c.Provider); !slices.Contains(takes, name) {
			takes = append(takes, name)
		}
	}
	v.Words = fmt.Sprintf(w.Takes, where, name)
	if !v.Sells {
		v.Words = fmt.Sprintf(w.TakesNot, where, name) + h.because(w, plan)
	}
	other := w.TakesToo
	if !v.Sells {
		other = w.TakesInstead
	}
	if len(takes) > 0 {
		v.Takes = fmt.Sprintf(other, strings.Join(takes, lang.Pick("、", ", ")))
	}
	return v, nil
}

// because says why a wallet is not offered: its wall, where it works for nobody there, else the shop's own paper.
func (h *Handler) because(w *words, plan route.Plan) string {
	why := ""
	for _, c := range plan.Candidates {
		switch {
		case c.Provider != h.cfg.Story.Provider:
		case c.Reach == route.Works && w.Because[c.Detail] != "":
			return w.Because[c.Detail]
		case c.Reach == route.WayOut && c.WayOut == wall.WayBrowser:
			why = w.Because[route.ReasonWayOut]
		}
	}
	return why
}

func (h *Handler) name(lang ui.Lang, code string) string {
	if c, ok := h.cfg.Engine.Registry[code]; ok {
		return lang.Pick(c.Describe().NameZH, c.Describe().NameEN)
	}
	return code
}

// Gate shows that an order which was begun before a gate closed is still paid and refunded, with a real closure on the demo's own merchant.
type Gate struct {
	// Begin makes an order through the story's wallet and announces that its gate closes seconds later, Pay lets the buyer pay it after that, Refund gives it back.
	Begin, Pay, Refund func(ctx context.Context) error
	// Last is the order and the closure of the latest run, empty before one.
	Last func() (paymentID, closureID string)
}

// GateLine is one thing that happened, with whether it has.
type GateLine struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Tone string `json:"tone"`
}

// gateLines tells the latest run from the store: nothing of it is remembered anywhere else.
func (v view) gateLines(ctx context.Context) ([]GateLine, error) {
	lines := []GateLine{}
	if v.h.cfg.Gate == nil {
		return lines, nil
	}
	paymentID, closureID := v.h.cfg.Gate.Last()
	if paymentID == "" {
		return lines, nil
	}
	db, e, now := v.h.cfg.Engine.Store, v.h.cfg.Engine, v.h.cfg.Engine.Env.Now()
	state, err := db.LoadState(ctx, v.h.cfg.MerchantID, paymentID)
	if err != nil {
		return nil, err
	}
	closure, err := db.Closure(ctx, v.h.cfg.MerchantID, closureID)
	if err != nil {
		return nil, err
	}
	add := func(tone, format string, args ...any) {
		lines = append(lines, GateLine{ID: paymentID + fmt.Sprint(len(lines), tone), Text: fmt.Sprintf(format, args...), Tone: tone})
	}
	wallet := v.wallet(v.h.cfg.Story.Provider)
	add("ok", v.w.GateBegun, v.clock(state.Payment.CreatedAt), wallet, postern.FormatMoney(state.Payment.Amount, state.Payment.Currency))
	shut := closure.Withdraws[0]
	if now.Before(shut.From) {
		add("wait", v.w.GateSoon, v.clock(shut.From), wallet)
		return lines, nil
	}
	add("ok", v.w.GateShut, v.clock(shut.From), wallet, v.clock(shut.Until))
	fresh, err := e.Plan(ctx, state.Payment, route.Buyer{Container: wall.BrowserOther, OS: "ios", Form: wall.Phone}, "", "")
	if err != nil {
		return nil, err
	}
	var offered []string
	for _, c := range fresh.Kept() {
		if name := v.wallet(c.Provider); !slices.Contains(offered, name) {
			offered = append(offered, name)
		}
	}
	add("ok", v.w.GateOffers, strings.Join(offered, v.lang.Pick("、", ", ")))
	return v.gateMoney(ctx, state, lines)
}

// gateMoney goes on with what became of the order's money, and whether the books balance.
func (v view) gateMoney(ctx context.Context, state postern.State, lines []GateLine) ([]GateLine, error) {
	db := v.h.cfg.Engine.Store
	if state.Payment.Status != postern.PaymentPaid {
		return append(lines, GateLine{ID: state.Payment.ID + "unpaid", Text: v.w.GateUnpaid, Tone: "wait"}), nil
	}
	lines = append(lines, GateLine{ID: state.Payment.ID + "paid", Text: fmt.Sprintf(v.w.GatePaid, v.clock(state.Payment.PaidAt)), Tone: "ok"})
	refunds, _, err := db.Refunds(ctx, state.Payment.MerchantID, state.Payment.ID, store.Page{Limit: 10})
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		if r.Status == postern.RefundRefunded {
			lines = append(lines, GateLine{ID: r.ID, Text: fmt.Sprintf(v.w.GateRefunded, v.clock(r.UpdatedAt), postern.FormatMoney(r.Amount, r.Currency)), Tone: "ok"})
		}
	}
	balances, err := db.Balances(ctx, state.Payment.MerchantID)
	if err != nil {
		return nil, err
	}
	sum := int64(0)
	for _, b := range balances {
		sum += b.Amount
	}
	line := GateLine{ID: state.Payment.ID + "books", Text: v.w.GateBooks, Tone: "ok"}
	if sum != 0 {
		line.Text, line.Tone = fmt.Sprintf(v.w.GateOff, postern.FormatDecimal(sum, state.Payment.Currency)), "warn"
	}
	return append(lines, line), nil
}

// press answers POST /story/{begin,pay,refund}: one button of the gate, and the page again.
func (h *Handler) press(act func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := act(r.Context()); err != nil {
			h.fail(w, r, "gate", err)
			return
		}
		q := url.Values{}
		for _, name := range []string{"lang", "on", "shop"} {
			if v := r.URL.Query().Get(name); v != "" {
				q.Set(name, v)
			}
		}
		http.Redirect(w, r, "/?"+q.Encode()+"#gate-box", http.StatusSeeOther)
	}
}
