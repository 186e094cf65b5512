package checkout

import (
	"fmt"
	"slices"

	"postern"
	"postern/route"
	"postern/wall"
	"postern/web/ui"
)

// Products that the page treats by what they are: a page of a big screen, and a code for another device's camera. All others are "pay right here".
const (
	productPage   = "page"
	productNative = "native"
)

// ways sorts the plan for a screen: what can be paid here, one way per wallet; codes for a second device; and what is walled off here with its way out.
type ways struct {
	here  []route.Candidate
	maybe []route.Candidate // nobody knows whether they work here: offered, and never first
	codes []route.Candidate
	out   []route.Candidate
	pages []route.Candidate // pages of a big screen, one a wallet
}

func (s scene) ways() ways {
	var w ways
	seen := map[string]bool{}
	for _, c := range s.plan.Kept() {
		switch {
		case c.Product == productNative:
			w.codes = append(w.codes, c)
		case c.Product == productPage && s.seen.Form == wall.Desktop:
			w.pages = append(w.pages, c)
		case seen[c.Provider]:
		case c.Reach == route.Works:
			seen[c.Provider] = true
			w.here = append(w.here, c)
		default:
			seen[c.Provider] = true
			w.maybe = append(w.maybe, c)
		}
	}
	for _, c := range s.plan.Candidates {
		if !c.Kept && c.Reason == route.ReasonWayOut && c.WayOut == wall.WayBrowser && !seen[c.Provider] {
			seen[c.Provider] = true
			w.out = append(w.out, c)
		}
	}
	for _, c := range s.plan.Candidates { // a wallet that offers no other way out is at least reachable with a second device
		if !c.Kept && c.Reason == route.ReasonWayOut && c.WayOut == wall.WaySecondDevice && !seen[c.Provider] {
			seen[c.Provider] = true
			w.out = append(w.out, c)
		}
	}
	if s.wallet != "" { // the wallet that the buyer asked for goes first
		wanted := func(a, b route.Candidate) int { return rank(a.Provider == s.wallet) - rank(b.Provider == s.wallet) }
		slices.SortStableFunc(w.here, wanted)
		slices.SortStableFunc(w.codes, wanted)
	}
	return w
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// offer is the screen of a payment that nobody is paying yet: choose, scan, or the way out.
func (s scene) offer(p *Page) (*Page, error) {
	p.Notice = s.lastFailure(p.W)
	w := s.ways()
	asked := slices.IndexFunc(w.out, func(c route.Candidate) bool { return c.Provider == s.wallet })
	switch {
	case asked >= 0:
		return s.wayOut(p, w, w.out[asked])
	case s.seen.Form == wall.Desktop && len(w.here) == 0 && len(s.scanners()) > 0:
		return s.scan(p, w)
	case len(w.here)+len(w.pages) > 0:
		return s.choose(p, w), nil
	case len(w.out) > 0:
		return s.wayOut(p, w, w.out[0])
	case len(w.codes) > 0:
		return s.choose(p, w), nil
	case len(w.maybe) > 0: // there is nothing else to put first
		w.here, w.maybe = w.maybe, nil
		return s.choose(p, w), nil
	}
	p.State, p.Title, p.Live = StateNoWay, p.W.NoWayTitle, nil
	p.Body = Plain{Line: fmt.Sprintf(p.W.NoWayLine, s.merchant.Name)}
	return p, nil
}

// lastFailure says in one line that the latest try did not work.
func (s scene) lastFailure(w *words) string {
	if len(s.state.Attempts) == 0 {
		return ""
	}
	switch last := s.state.Attempts[len(s.state.Attempts)-1]; {
	case last.Status == postern.AttemptFailed:
		return fmt.Sprintf(w.FailedNotice, s.walletName(last.Provider))
	case last.Status == postern.AttemptClosed && last.Exposed() && s.answer == "":
		return w.CanceledNotice
	}
	return ""
}

func (s scene) choose(p *Page, w ways) *Page {
	p.State = StateChoose
	all := append(slices.Clone(w.here), w.pages...)
	body := Choose{}
	for i, c := range append(all, w.codes...) {
		way := s.way(p.W, c, i == 0)
		if i == 0 {
			body.Best, p.Title = &way, way.Label
			continue
		}
		body.Ways = append(body.Ways, way)
	}
	body.Ways = append(body.Ways, s.maybes(p.W, w)...)
	for _, c := range w.out {
		body.Ways = append(body.Ways, s.outWay(p.W, c))
	}
	if len(all) == 1 && all[0].OwnWallet && len(s.state.Attempts) == 0 && s.at.as == "" && s.on.IsZero() && s.wallet == "" {
		body.Auto = "postern:" + s.state.Payment.ID
	}
	p.Body = body
	return p
}

// way makes a button or a row of a candidate that works here.
func (s scene) way(w *words, c route.Candidate, best bool) Way {
	name := s.walletName(c.Provider)
	way := Way{Mark: s.mark(c.Provider), Action: s.at.to("/start"), Provider: c.Provider, Product: c.Product}
	switch {
	case best:
		way.Label = w.payWith(s.lang, name, postern.FormatMoney(s.state.Payment.Amount, s.state.Payment.Currency))
	case c.Product == productNative:
		way.Label, way.Hint = name, fmt.Sprintf(w.HintCode, name)
	default:
		way.Label, way.Hint = name, w.HintHere
	}
	return way
}

// maybes are the rows of what may or may not work here.
func (s scene) maybes(w *words, all ways) []Way {
	var rows []Way
	for _, c := range all.maybe {
		row := s.way(w, c, false)
		row.Hint = w.HintMaybe
		rows = append(rows, row)
	}
	return rows
}

func (s scene) outWay(w *words, c route.Candidate) Way {
	way := Way{Label: s.walletName(c.Provider), Hint: w.HintLeave, Mark: s.mark(c.Provider), URL: s.at.to("", "w", c.Provider), External: true}
	if c.WayOut == wall.WaySecondDevice {
		way.Hint = w.HintDevice
	}
	return way
}

// scanners names the wallets that can pay once they have opened the page themselves.
func (s scene) scanners() []string {
	var names []string
	for _, c := range s.plan.Candidates {
		able := c.Reason == route.ReasonBlocked || c.Reason == route.ReasonWayOut || c.Kept
		able = able && len(s.describe(c.Provider).Wallets) > 0 // somebody without an app of their own scans nothing
		if name := s.walletName(c.Provider); able && c.Product != productNative && c.Product != productPage && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s scene) scan(p *Page, w ways) (*Page, error) {
	p.State, p.Title = StateScan, p.W.ScanTitle
	code, err := ui.QR(s.at.shared(""), p.W.AnyWallet)
	if err != nil {
		return nil, err
	}
	body := Scan{QR: code, Apps: fmt.Sprintf(p.W.ScanApps, list(s.lang, append(s.scanners(), p.W.Camera)))}
	for i, c := range w.pages {
		way := s.way(p.W, c, i == 0)
		if i == 0 {
			body.Button = &way
			continue
		}
		body.Ways = append(body.Ways, way)
	}
	for _, c := range w.codes { // a wallet that cannot open the page itself has a code of its own
		if !slices.Contains(s.scanners(), s.walletName(c.Provider)) {
			body.Ways = append(body.Ways, s.way(p.W, c, false))
		}
	}
	p.Body = body
	s.reload(p)
	return p, nil
}

// closedHere says that it is the shop that may not collect here, by a closure or by its agreement, and not the wallet that does not open.
func closedHere(c route.Candidate) bool {
	return c.ClosureID != "" || slices.Contains([]string{postern.NoAgreement, postern.AgreementEnded, postern.OtherScene, postern.ClosedByWall}, c.Detail)
}

// wayOut explains the wall in one line and shows the way around it. It is never a dead end: menu, copied link, second device.
func (s scene) wayOut(p *Page, w ways, c route.Candidate) (*Page, error) {
	name, here := s.walletName(c.Provider), s.names.Name(s.seen.Container)
	p.State, p.Title = StateWayOut, fmt.Sprintf(p.W.WallTitle, name, s.lang.Pick(here.ZH, here.EN))
	if closedHere(c) {
		p.Title = fmt.Sprintf(p.W.ClosedHere, name, s.lang.Pick(here.ZH, here.EN))
	}
	link := s.at.shared(c.Provider)
	code, err := ui.QR(link, p.W.AnyWallet)
	if err != nil {
		return nil, err
	}
	body := WayOut{
		Mark: s.mark(c.Provider), Menu: here.Exit == wall.ExitMenu, IOS: s.seen.OS == "ios" || s.seen.OS == "ipados", Address: link, QR: code,
		Line: fmt.Sprintf(p.W.WallLineCopy, name), Scan: p.W.DeviceTitle, Device: fmt.Sprintf(p.W.DeviceLine, name), Second: c.WayOut == wall.WaySecondDevice,
	}
	if body.Menu {
		body.Line = fmt.Sprintf(p.W.WallLine, name)
	}
	if len(w.here)+len(w.codes) > 0 {
		body.Back = s.at.to("")
	}
	body.Ways = append(body.Ways, s.maybes(p.W, w)...)
	for _, other := range w.out {
		if other.Provider != c.Provider {
			body.Ways = append(body.Ways, s.outWay(p.W, other))
		}
	}
	p.Body = body
	s.reload(p)
	return p, nil
}
