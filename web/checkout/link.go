package checkout

import (
	"fmt"
	"net/http"

	"postern"
	"postern/wall"
	"postern/web/ui"
)

// linkScene loads what the page of a link depends on. Like scene, it answers the request itself when there is no such link.
func (c *Handler) linkScene(w http.ResponseWriter, r *http.Request) (scene, bool) {
	ctx, token := r.Context(), r.PathValue("token")
	var s scene
	var l postern.Link
	err := error(postern.E(postern.CodeNotFound, "checkout", "no link"))
	if postern.CheckID("", token) {
		l, err = c.cfg.Engine.Store.LinkByToken(ctx, token)
	}
	if err == nil {
		s.merchant, err = c.cfg.Engine.Store.Merchant(ctx, l.MerchantID)
	}
	if err != nil && postern.CodeOf(err) != postern.CodeNotFound {
		c.fail(w, r, "load", err)
		return s, false
	}
	if err != nil || !c.dress(r, &s, l.Live) {
		c.notFound.ServeHTTP(w, r)
		return s, false
	}
	s.setLink(l)
	s.opens = c.cfg.Wall.LinkAt
	if c.cfg.Engine.Wall != nil { // the operator's overlay knows of links too
		s.opens = c.cfg.Engine.Wall().LinkAt
	}
	return s, true
}

// setLink makes the scene that of a link: what is asked is what its payments will ask.
func (s *scene) setLink(l postern.Link) {
	s.link = &l
	s.at.root, s.at.token = rootLink, l.Token
	s.state.Payment = postern.Payment{
		MerchantID: l.MerchantID, Amount: l.Amount, Currency: l.Currency, Description: l.Title, Items: l.Items, ReturnURL: l.ReturnURL, Live: l.Live, LinkToken: l.Token,
	}
}

// showLink answers GET /l/{token}. It makes nothing: a chat's preview opens every link that it sees.
func (c *Handler) showLink(w http.ResponseWriter, r *http.Request) {
	s, ok := c.linkScene(w, r)
	if !ok {
		return
	}
	s.visit = postern.NewToken(c.cfg.Engine.Env.Rand)
	p, err := buildLink(s)
	if err != nil {
		c.fail(w, r, "build", err)
		return
	}
	status := http.StatusOK
	if p.State == StateEnded {
		status = http.StatusGone
	}
	c.write(w, r, s, p, status)
}

// order answers POST /l/{token}/order: it makes the payment of this visit and leads to its checkout.
func (c *Handler) order(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.notFound.ServeHTTP(w, r)
		return
	}
	s, ok := c.linkScene(w, r)
	if !ok {
		return
	}
	if !s.on.IsZero() || s.link.Prefer == postern.PreferOnly { // a look at another day, or a seller who sells elsewhere
		back(w, r, s)
		return
	}
	state, err := c.cfg.Engine.OrderLink(r.Context(), *s.link, r.PostForm.Get("visit"))
	switch postern.CodeOf(err) {
	case postern.CodePaymentClosed, postern.CodeInvalid:
		back(w, r, s)
		return
	}
	if err != nil {
		c.fail(w, r, "order", err)
		return
	}
	s.at.root, s.at.token = rootPayment, state.Payment.LinkToken
	back(w, r, s)
}

// code answers GET /s/{code}: it leads to the link, the payment, the item or the order that the code stands for. Only an exact code is looked up.
func (c *Handler) code(w http.ResponseWriter, r *http.Request) {
	var found postern.ShortCode
	err := error(postern.E(postern.CodeNotFound, "checkout", "no code"))
	if code, ok := postern.ParseShortCode(r.PathValue("code")); ok {
		found, err = c.cfg.Engine.Store.ShortCode(r.Context(), code)
	}
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		c.notFound.ServeHTTP(w, r)
		return
	case err != nil:
		c.fail(w, r, "code", err)
		return
	}
	to := rootPayment + found.Token
	switch found.Kind {
	case postern.CodeOfLink:
		to = rootLink + found.Token
	case postern.CodeOfItem:
		to = rootItem + found.Token
	case postern.CodeOfOrder: // a number can be guessed: the page behind it asks for the phone number too
		to = rootFind + "?number=" + found.Code
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	http.Redirect(w, r, to, http.StatusFound)
}

// shopElsewhere is one of the seller's other shops, with whether it opens where the buyer is.
type shopElsewhere struct {
	name  string
	url   string
	state string
	// somewhere says that it opens in one scene or another of this app.
	somewhere bool
}

// scenes are the places inside an app in which our link may stand. Which one it is nobody tells us.
var scenes = []string{"", wall.SceneChat, wall.SceneGroup, wall.SceneMoments, wall.SceneLive, wall.SceneVideo, wall.SceneAd}

// elsewhereShops asks the map for each of the seller's other shops. An ordinary browser opens every address, and an app its own.
func (s scene) elsewhereShops() []shopElsewhere {
	var out []shopElsewhere
	for _, t := range s.link.Targets {
		one := shopElsewhere{name: t.Target, url: t.URL, state: wall.StateWorks}
		for _, known := range s.names.Targets() {
			if known.Target == t.Target {
				one.name = s.lang.Pick(known.ZH, known.EN)
			}
		}
		if s.names.Family(s.seen.Container) != s.names.Family(wall.BrowserOther) && s.seen.Container != t.Target {
			one.state, one.somewhere = s.cautious(t.Target)
		}
		out = append(out, one)
	}
	return out
}

// cautious is the worst that the map says of any scene: what is blocked in one of them is not offered, since ours may be that one.
func (s scene) cautious(target string) (worst string, somewhere bool) {
	worst = wall.StateWorks
	at := s.now
	if !s.on.IsZero() {
		at = s.on
	}
	for _, where := range scenes {
		switch l := s.opens(target, s.seen.Container, where, at); l.State {
		case wall.StateWorks:
			somewhere = true
		case wall.StateUnknown:
			if worst == wall.StateWorks {
				worst = wall.StateUnknown
			}
		default:
			worst = wall.StateBlocked
		}
	}
	return worst, somewhere
}

// buildLink makes the page of a link: the order button, the seller's shop elsewhere where it opens and the seller wants it first, or the way out where the seller
// sells only there and it does not open.
func buildLink(s scene) (*Page, error) {
	p := s.shell()
	defer p.finish()
	p.Live = nil
	if s.link.Ended(s.now) {
		p.State, p.Title = StateEnded, p.W.LinkEndedTitle
		p.Body = Ended{Line: fmt.Sprintf(p.W.LinkEndedLine, s.merchant.Name), Return: s.link.ReturnURL, Good: true}
		return p, nil
	}
	p.State, p.Title = StateLink, fmt.Sprintf(p.W.OrderFor, postern.FormatMoney(s.link.Amount, s.link.Currency))
	body := Order{Line: s.link.Description, Action: s.at.to("/order"), Visit: s.visit, Label: p.Title}
	if s.link.Prefer == postern.PreferOnly {
		body.Label = ""
	}
	shops := s.elsewhereShops()
	for _, shop := range shops {
		way := Way{Label: fmt.Sprintf(p.W.BuyAt, shop.name), Hint: p.W.HintOpens, URL: shop.url, External: true}
		switch {
		case shop.state == wall.StateBlocked:
		case shop.state == wall.StateWorks && s.link.Prefer != postern.PreferCheckout && body.Best == nil:
			body.Best = &way
		case shop.state == wall.StateWorks || s.link.Prefer != postern.PreferOnly:
			if shop.state != wall.StateWorks {
				way.Hint = p.W.HintMayOpen
			}
			body.Ways = append(body.Ways, way)
		}
	}
	if body.Label == "" && body.Best == nil {
		return s.shopWayOut(p, shops[0])
	}
	if body.Label == "" {
		p.Title = body.Best.Label
	}
	p.Body = body
	return p, nil
}

// shopWayOut explains that the seller's only shop does not open here, and how to get there: this page again, in a browser.
func (s scene) shopWayOut(p *Page, shop shopElsewhere) (*Page, error) {
	here := s.names.Name(s.seen.Container)
	p.State, p.Title = StateWayOut, fmt.Sprintf(p.W.WallTitle, shop.name, s.lang.Pick(here.ZH, here.EN))
	if shop.state == wall.StateUnknown || shop.somewhere {
		p.Title = fmt.Sprintf(p.W.ShopUnsure, shop.name, s.lang.Pick(here.ZH, here.EN))
	}
	code, err := ui.QR(s.at.shared(""), p.W.LinkLabel)
	if err != nil {
		return nil, err
	}
	body := WayOut{
		Menu: here.Exit == wall.ExitMenu, IOS: s.seen.OS == "ios" || s.seen.OS == "ipados", Address: s.at.shared(""), QR: code,
		Line: fmt.Sprintf(p.W.ShopLineCopy, shop.name), Scan: p.W.ShopScan, Device: p.W.ShopDevice,
	}
	if body.Menu {
		body.Line = fmt.Sprintf(p.W.ShopLine, shop.name)
	}
	p.Body = body
	return p, nil
}
