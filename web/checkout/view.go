package checkout

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/route"
	"postern/wall"
	"postern/web/ui"
)

// Times that buyers feel.
const (
	lateAfter     = 10 * time.Second // waiting longer than this, a buyer is offered to ask and to change
	reloadSeconds = 5                // without scripts a waiting page loads itself again
	returnSeconds = 5                // a paid page goes back to the shop by itself
)

const maxShown = 8 // lines of what is sold; the page stays small whatever the merchant sends

// scene is everything that a screen depends on. Building the page from it is pure, so that every state has a golden page.
type scene struct {
	merchant postern.Merchant
	zone     *time.Location
	state    postern.State
	outside  map[string]bool // surpluses that the merchant gives back itself, by their refunds
	plan     route.Plan
	registry provider.Registry
	names    *wall.Map
	seen     wall.Seen
	now      time.Time
	lang     ui.Lang
	at       address
	wallet   string   // the provider that the buyer asked for (?w=)
	launch   bool     // the buyer has just chosen: open the wallet now
	answer   string   // what the bridge said: ok, cancel, fail
	used     []string // wallets with which this browser has paid here
	sim      func(a postern.Attempt) string
	on       time.Time     // the moment that is looked at, zero for now
	link     *postern.Link // the link whose page this is, nil for a payment's
	visit    string
	opens    func(target, container, scene string, at time.Time) wall.Link
}

// build makes the page of the scene.
func build(s scene) (*Page, error) {
	p := s.shell()
	defer p.finish()
	payment := s.state.Payment
	_, ended := payment.Ended(s.now)
	switch live := s.live(); {
	case payment.Status == postern.PaymentPaid:
		return s.paid(p), nil
	case payment.Status == postern.PaymentExpired, payment.Status == postern.PaymentCanceled, ended:
		return s.ended(p), nil
	case live != nil && live.Status == postern.AttemptUnknown && live.Exposed():
		return s.unknown(p, *live), nil
	case live != nil && live.Exposed():
		return s.pending(p, *live)
	case live != nil && live.Status != postern.AttemptUnknown:
		return s.starting(p, *live), nil
	}
	return s.offer(p)
}

// live is the attempt through which the buyer may be paying right now: an unknown one before all, else the newest.
func (s scene) live() *postern.Attempt {
	all := s.state.Live()
	if len(all) == 0 {
		return nil
	}
	exposed := slices.DeleteFunc(slices.Clone(all), func(a postern.Attempt) bool { return !a.Exposed() })
	if i := slices.IndexFunc(exposed, func(a postern.Attempt) bool { return a.Status == postern.AttemptUnknown }); i >= 0 {
		return &exposed[i]
	}
	if len(exposed) > 0 {
		return &exposed[len(exposed)-1]
	}
	return &all[len(all)-1]
}

func (s scene) shell() *Page {
	pay := s.state.Payment
	w := wordsOf(s.lang)
	p := &Page{
		Lang: s.lang, W: w, Shop: s.merchant.Name, Initial: ui.Initial(s.merchant.Name), Description: pay.Description, Number: pay.Reference, Bare: s.at.bare != "",
		Live: &Live{URL: s.at.to("/status"), Rev: s.rev(), Self: s.at.to("")},
	}
	for n, i := range pay.Items {
		if n == maxShown {
			p.Items = append(p.Items, Item{Name: "…"})
			break
		}
		item := Item{Name: i.Name, Count: "× " + strconv.FormatInt(i.Quantity, 10)}
		if i.Amount > 0 {
			item.Amount = postern.FormatMoney(i.Amount, pay.Currency)
		}
		p.Items = append(p.Items, item)
	}
	money := postern.FormatMoney(pay.Amount, pay.Currency)
	cut := max(0, strings.IndexFunc(money, func(r rune) bool { return '0' <= r && r <= '9' }))
	p.Sign, p.Digits = money[:cut], money[cut:]
	p.Share, p.AsOf = s.share(w), s.asOf(w)
	if p.AsOf != "" {
		p.Live = nil // nothing of another day happens now
	}
	other := s.at
	other.lang = string(s.lang.Other())
	p.OtherLang = Link{Label: s.lang.Other().Name(), URL: other.to("")}
	if !pay.Live && !p.Bare {
		p.Bar = s.bar(w)
	}
	return p
}

// rev changes whenever the page would look different because something happened.
func (s scene) rev() string {
	rev := strconv.FormatInt(s.state.Payment.Version, 36)
	for _, a := range s.state.Attempts {
		rev += "." + strconv.FormatInt(a.Version, 36)
	}
	for _, u := range s.state.Surpluses {
		rev += "-" + strconv.FormatInt(u.Version, 36)
	}
	if _, ended := s.state.Payment.Ended(s.now); ended {
		rev += "e"
	}
	return rev
}

func (s scene) bar(w *words) *TestBar {
	really := s.at
	really.as = ""
	bar := &TestBar{Links: []Link{{Label: w.AsReally, URL: really.to(""), Here: s.at.as == ""}}}
	for _, preset := range s.names.Presets() {
		if preset.ZH == "" {
			continue
		}
		as := s.at
		as.as = preset.Preset
		bar.Links = append(bar.Links, Link{Label: s.lang.Pick(preset.ZH, preset.EN), URL: as.to(""), Here: s.at.as == preset.Preset})
	}
	return bar
}

// wallet is how the buyer knows a provider.
func (s scene) walletName(code string) string {
	d := s.describe(code)
	return cmp.Or(s.lang.Pick(d.NameZH, d.NameEN), code)
}

func (s scene) mark(code string) template.HTML {
	d := s.describe(code)
	return ui.Mark(d.Colour, d.Glyph)
}

func (s scene) describe(code string) provider.Description {
	if c, ok := s.registry[code]; ok {
		return c.Describe()
	}
	return provider.Description{Code: code}
}

// reload makes the page load itself again without scripts.
func (s scene) reload(p *Page) {
	p.Refresh = &Refresh{Seconds: reloadSeconds, URL: s.at.to(""), NoScript: true}
}

func (s scene) paid(p *Page) *Page {
	p.State, p.Title = StatePaid, p.W.PaidTitle
	pay := s.state.Payment
	body := Paid{Line: fmt.Sprintf(p.W.PaidLine, s.merchant.Name), At: ui.FormatTime(pay.PaidAt, s.zone, s.lang), Shop: s.merchant.Name}
	p.Surpluses = s.notes(p.W)
	if body.Return = returnTo(pay); body.Return != "" && len(p.Surpluses) == 0 {
		body.Seconds = returnSeconds
		p.Refresh = &Refresh{Seconds: returnSeconds, URL: body.Return}
	}
	p.Body = body
	return p
}

func (s scene) ended(p *Page) *Page {
	p.State = StateEnded
	pay := s.state.Payment
	body := Ended{Return: returnTo(pay)}
	canceled := pay.Status == postern.PaymentCanceled || pay.Status != postern.PaymentExpired && !pay.CancelRequestedAt.IsZero()
	switch {
	case len(s.state.Live()) > 0:
		p.Title, body.Line = p.W.ClosingTitle, p.W.ClosingLine
		s.reload(p)
	case canceled:
		p.Title, body.Line, body.Good = p.W.CanceledTitle, fmt.Sprintf(p.W.CanceledLine, s.merchant.Name), true
	default:
		p.Title, body.Line = p.W.ExpiredTitle, fmt.Sprintf(p.W.ExpiredLine, s.merchant.Name)
	}
	p.Surpluses = s.notes(p.W)
	if len(p.Surpluses) > 0 { // money did arrive: the line that says it did not would be wrong
		body.Line = p.W.PaidLate
	}
	p.Body = body
	return p
}

// notes says of every surplus how much it is and what becomes of it.
func (s scene) notes(w *words) []Note {
	var notes []Note
	for _, u := range s.state.Surpluses {
		n := Note{Title: fmt.Sprintf(w.SurplusTitle, postern.FormatMoney(u.Amount, u.Currency))}
		switch {
		case s.outside[u.RefundID] && u.Status == postern.SurplusRefunded:
			n.Line = fmt.Sprintf(w.SurplusOutside, ui.FormatTime(u.UpdatedAt, s.zone, s.lang))
		case s.outside[u.RefundID] && u.Status == postern.SurplusRefunding: // no promise before a second person agrees
			n.Line = w.SurplusHeld
		case u.Status == postern.SurplusRefunded:
			n.Line = fmt.Sprintf(w.SurplusDone, ui.FormatTime(u.UpdatedAt, s.zone, s.lang))
		case u.Status == postern.SurplusRefunding:
			n.Line = w.SurplusGoing
		case u.Status == postern.SurplusAccepted:
			n.Line = w.SurplusKept
		default:
			n.Line = w.SurplusHeld
		}
		notes = append(notes, n)
	}
	return notes
}

// returnTo is the merchant's page with the payment's id, which proves nothing and is only a hint what to look up.
func returnTo(p postern.Payment) string {
	if p.ReturnURL == "" {
		return ""
	}
	if _, ok := ui.Origin(p.ReturnURL); !ok {
		return ""
	}
	sep := "?"
	if strings.Contains(p.ReturnURL, "?") {
		sep = "&"
	}
	base, fragment, found := strings.Cut(p.ReturnURL, "#")
	base += sep + "payment_id=" + p.ID
	if found {
		base += "#" + fragment
	}
	return base
}

func (s scene) unknown(p *Page, a postern.Attempt) *Page {
	name := s.walletName(a.Provider)
	p.State, p.Title = StateUnknown, fmt.Sprintf(p.W.UnknownTitle, name)
	p.Body = Unknown{Mark: s.mark(a.Provider), Line: p.W.UnknownLine, Why: fmt.Sprintf(p.W.UnknownWhy, name), Check: s.at.to("/check")}
	s.reload(p)
	return p
}

// trouble is the page of a step that failed for a reason that is not the buyer's.
func (s scene) trouble(p *Page) *Page {
	p.State, p.Title = StateTrouble, p.W.TroubleTitle
	p.Body = Plain{Line: p.W.TroubleLine, Again: &Link{Label: p.W.TryAgain, URL: s.at.to("")}}
	return p
}
