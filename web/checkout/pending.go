package checkout

import (
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"slices"

	"postern"
	"postern/web/ui"
)

// starting is the screen of an order on its way to the provider.
func (s scene) starting(p *Page, a postern.Attempt) *Page {
	p.State, p.Title = StateWaiting, fmt.Sprintf(p.W.StartingTitle, s.walletName(a.Provider))
	p.Body = Waiting{Mark: s.mark(a.Provider), Title: p.Title, Line: p.W.StartingLine, Why: p.W.WaitLate, LateAfter: int(lateAfter.Milliseconds()), Check: s.at.to("/check"), Late: s.late(a)}
	s.reload(p)
	return p
}

func (s scene) late(a postern.Attempt) bool { return s.now.Sub(a.CreatedAt) >= lateAfter }

// pending is the screen of an attempt that a buyer has seen: the wallet is opened, or its answer is awaited.
func (s scene) pending(p *Page, a postern.Attempt) (*Page, error) {
	if a.Container != s.seen.Container {
		return s.elsewhere(p, a), nil
	}
	switch a.Action.Type {
	case postern.ActionQR:
		return s.code(p, a)
	case postern.ActionJSAPI:
		if s.answer != "ok" {
			return s.bridge(p, a)
		}
	case postern.ActionRedirect, postern.ActionForm:
		if _, ok := ui.Origin(a.Action.URL); ok && s.launch {
			return s.goTo(p, a), nil
		}
	}
	return s.waiting(p, a), nil
}

func (s scene) waiting(p *Page, a postern.Attempt) *Page {
	name := s.walletName(a.Provider)
	p.State, p.Title = StateWaiting, fmt.Sprintf(p.W.WaitTitle, name)
	body := Waiting{
		Mark: s.mark(a.Provider), Title: p.Title, Line: p.W.WaitLine, Why: p.W.WaitLate, Late: s.late(a), LateAfter: int(max(0, lateAfter-s.now.Sub(a.CreatedAt)).Milliseconds()),
		Check: s.at.to("/check"), Switch: s.at.to("/switch"), SwitchTo: p.W.Another,
	}
	switch a.Action.Type {
	case postern.ActionRedirect, postern.ActionForm, postern.ActionJSAPI:
		body.Reopen = &Link{Label: fmt.Sprintf(p.W.Reopen, name), URL: s.at.to("", "go", "1")}
	}
	p.Body = body
	s.reload(p)
	return p
}

// elsewhere is what a second screen of the same payment shows while the first one pays.
func (s scene) elsewhere(p *Page, a postern.Attempt) *Page {
	p.State, p.Title = StateWaiting, p.W.WaitSomewhere
	if s.names.Family(a.Container) != "" { // otherwise the merchant's own server began it
		there := s.names.Name(a.Container)
		p.Title = fmt.Sprintf(p.W.WaitElsewhere, s.lang.Pick(there.ZH, there.EN))
	}
	p.Body = Waiting{Mark: s.mark(a.Provider), Title: p.Title, Line: p.W.WaitHere, Late: true, Check: s.at.to("/check"), Switch: s.at.to("/switch"), SwitchTo: p.W.HereInstead}
	s.reload(p)
	return p
}

func (s scene) code(p *Page, a postern.Attempt) (*Page, error) {
	name := s.walletName(a.Provider)
	p.State, p.Title = StateCode, fmt.Sprintf(p.W.CodeTitle, name)
	code, err := ui.QR(a.Action.Content, p.Title)
	if err != nil {
		return nil, err
	}
	until := a.ExpiresAt
	if a.Action.ExpiresAt != nil && a.Action.ExpiresAt.Before(until) {
		until = *a.Action.ExpiresAt
	}
	p.Body = Code{
		Mark: s.mark(a.Provider), QR: code, Line: fmt.Sprintf(p.W.CodeLine, name), Until: fmt.Sprintf(p.W.CodeUntil, until.In(s.zone).Format("15:04")),
		Check: s.at.to("/check"), Switch: s.at.to("/switch"),
	}
	s.reload(p)
	return p, nil
}

// goTo sends the buyer to the wallet's own page at once; the button is for browsers that want a tap. Coming back, the buyer finds the waiting page.
func (s scene) goTo(p *Page, a postern.Attempt) *Page {
	name := s.walletName(a.Provider)
	p.State, p.Title, p.Live = StateGo, fmt.Sprintf(p.W.GoTitle, name), nil
	body := Go{Name: name, Mark: s.mark(a.Provider), URL: a.Action.URL, Back: s.at.to("")}
	if a.Action.Type == postern.ActionForm {
		body.Method = cmp.Or(a.Action.Method, "POST")
		for _, key := range slices.Sorted(maps.Keys(a.Action.Fields)) {
			body.Fields = append(body.Fields, Field{Name: key, Value: a.Action.Fields[key]})
		}
	} else {
		p.Refresh = &Refresh{Seconds: 0, URL: a.Action.URL}
	}
	p.Body = body
	return p
}

// bridge opens the wallet inside its own app, by the script of the provider's description. In test mode a simulated phone stands in for the app.
func (s scene) bridge(p *Page, a postern.Attempt) (*Page, error) {
	name := s.walletName(a.Provider)
	product, ok := s.describe(a.Provider).Product(a.Product)
	if !ok || product.Bridge == nil {
		return s.waiting(p, a), nil
	}
	p.State, p.Title = StateBridge, fmt.Sprintf(p.W.BridgeTitle, name)
	body := Bridge{
		Name: name, Mark: s.mark(a.Provider), Label: p.W.payWith(s.lang, name, postern.FormatMoney(a.Amount, a.Currency)), Object: product.Bridge.Object,
		Ready: product.Bridge.ReadyEvent, Call: template.JS(product.Bridge.Call), Params: a.Action.Params, Auto: s.launch && s.answer == "",
		Done: s.at.to("", "r", ""), Switch: s.at.to("/switch"),
	}
	switch s.answer {
	case "cancel":
		body.Message = p.W.BridgeCanceled
	case "fail":
		body.Message = p.W.BridgeFailed
	}
	if s.at.as != "" && s.sim != nil {
		if body.Sim = s.sim(a); body.Sim != "" {
			p.Title = fmt.Sprintf(p.W.SimTitle, name)
		}
	}
	p.Body = body
	s.reload(p)
	return p, nil
}
