package checkout

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/route"
	"postern/web/ui"
)

// show answers GET /c/{token}: the page of what is the case.
func (c *Handler) show(w http.ResponseWriter, r *http.Request) {
	s, ok := c.scene(w, r)
	if !ok {
		return
	}
	if err := c.plan(r, &s); err != nil {
		c.fail(w, r, "plan", err)
		return
	}
	p, err := build(s)
	if err != nil {
		c.fail(w, r, "build", err)
		return
	}
	c.remember(w, s)
	c.write(w, r, s, p, http.StatusOK)
}

// plan asks what this buyer can do here. Another day's page is planned as of that day.
func (c *Handler) plan(r *http.Request, s *scene) (err error) {
	if !s.on.IsZero() {
		s.plan, err = c.cfg.Engine.PlanAt(r.Context(), s.state.Payment, s.buyer(), s.on)
		return err
	}
	s.plan, err = c.cfg.Engine.Plan(r.Context(), s.state.Payment, s.buyer(), "", "")
	return err
}

// news is the live status. Another rev than the page's means that the page would look different now.
type news struct {
	State string `json:"state"`
	Rev   string `json:"rev"`
}

// status answers GET /c/{token}/status.
func (c *Handler) status(w http.ResponseWriter, r *http.Request) {
	s, ok := c.scene(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(news{State: string(s.state.Payment.Status), Rev: s.rev()}) // the buyer has gone: nobody to tell
}

// back sends the buyer to the payment's own address, which shows what is the case now.
func back(w http.ResponseWriter, r *http.Request, s scene, pairs ...string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.at.to("", pairs...), http.StatusSeeOther)
}

// start answers POST /c/{token}/start: the buyer chose a wallet. Only what the plan keeps can be chosen. Where the provider wants to know the payer first, the
// buyer is sent through its sign-in, silently in the wallet's own app.
func (c *Handler) start(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		c.notFound.ServeHTTP(w, r)
		return
	}
	s, ok := c.scene(w, r)
	if !ok {
		return
	}
	if !s.on.IsZero() { // another day is for looking only
		back(w, r, s)
		return
	}
	chosen, ok, err := c.candidate(r, s, r.PostForm.Get("provider"), r.PostForm.Get("product"))
	if err != nil {
		c.fail(w, r, "plan", err)
		return
	}
	if _, ended := s.state.Payment.Ended(s.now); !ok || ended {
		back(w, r, s)
		return
	}
	if product, _ := s.describe(chosen.Provider).Product(chosen.Product); product.NeedsPayer {
		c.signIn(w, r, s, chosen)
		return
	}
	c.startAttempt(w, r, s, chosen, "")
}

// candidate finds what the buyer chose in a fresh plan.
func (c *Handler) candidate(r *http.Request, s scene, providerCode, product string) (route.Candidate, bool, error) {
	plan, err := c.cfg.Engine.Plan(r.Context(), s.state.Payment, s.buyer(), providerCode, product)
	if err != nil {
		return route.Candidate{}, false, err
	}
	kept := plan.Kept()
	if len(kept) == 0 || providerCode == "" || product == "" {
		return route.Candidate{}, false, nil
	}
	return kept[0], true, nil
}

func (c *Handler) startAttempt(w http.ResponseWriter, r *http.Request, s scene, chosen route.Candidate, payerID string) {
	_, err := c.cfg.Engine.Start(r.Context(), s.state.Payment.MerchantID, s.state.Payment.ID, engine.StartInput{
		Provider: chosen.Provider, Product: chosen.Product, PayerID: payerID, ClientIP: c.cfg.ClientIP(r), UserAgent: r.UserAgent(),
		ReturnURL: s.at.public + s.at.to(""), Buyer: s.buyer(),
	})
	switch postern.CodeOf(err) {
	case postern.CodeInternal, postern.CodeCommitUnknown, postern.CodeConflict:
		if err != nil {
			c.fail(w, r, "start", err)
			return
		}
	}
	// Every other error is visible in the payment itself: paid, ended, unknown, or an attempt that failed.
	back(w, r, s, "go", "1")
}

// signInCookie binds the way through the provider's sign-in to this browser: the state and what was chosen.
const signInCookie = "postern_payer"

func (c *Handler) signIn(w http.ResponseWriter, r *http.Request, s scene, chosen route.Candidate) {
	state := postern.NewToken(c.cfg.Engine.Env.Rand)
	target, err := c.cfg.Engine.AuthorizeURL(r.Context(), s.state.Payment.MerchantID, chosen.ChannelID, s.at.public+s.at.to("/oauth"), state)
	if _, valid := ui.Origin(target); err != nil || !valid {
		c.fail(w, r, "authorize", err)
		return
	}
	http.SetCookie(w, c.cookie(s, strings.Join([]string{state, chosen.Provider, chosen.Product}, "."), 600))
	p := s.shell()
	s.launch = true
	// A page of its own, because the form's policy does not let a redirect leave this origin.
	c.write(w, r, s, s.goTo(p, postern.Attempt{Provider: chosen.Provider, Action: postern.Action{Type: postern.ActionRedirect, URL: target}}), http.StatusOK)
}

func (c *Handler) cookie(s scene, value string, seconds int) *http.Cookie {
	return &http.Cookie{
		Name: signInCookie, Value: value, Path: "/c/" + s.at.token + "/oauth", MaxAge: seconds, HttpOnly: true,
		Secure: strings.HasPrefix(c.cfg.Engine.PublicURL, "https:"), SameSite: http.SameSiteLaxMode,
	}
}

// oauth answers GET /c/{token}/oauth: the buyer comes back from the provider's sign-in. The state must be the one that this browser took along; it is used once.
func (c *Handler) oauth(w http.ResponseWriter, r *http.Request) {
	s, ok := c.scene(w, r)
	if !ok {
		return
	}
	cookie, err := r.Cookie(signInCookie)
	http.SetCookie(w, c.cookie(s, "", -1))
	if err != nil {
		back(w, r, s)
		return
	}
	parts := strings.Split(cookie.Value, ".")
	if len(parts) != 3 || !postern.CheckID("", parts[0]) || r.URL.Query().Get("state") != parts[0] {
		back(w, r, s)
		return
	}
	chosen, ok, err := c.candidate(r, s, parts[1], parts[2])
	if err != nil {
		c.fail(w, r, "plan", err)
		return
	}
	if !ok {
		back(w, r, s)
		return
	}
	payerID, err := c.cfg.Engine.ResolvePayer(r.Context(), s.state.Payment.MerchantID, chosen.ChannelID, r.URL.Query().Get)
	if err != nil {
		c.fail(w, r, "resolve payer", err)
		return
	}
	c.startAttempt(w, r, s, chosen, payerID)
}

const askAgain = 2 * time.Second // a provider is not asked more often than this by one buyer's taps

// check answers POST /c/{token}/check: the buyer says that it is paid, so the provider is asked.
func (c *Handler) check(w http.ResponseWriter, r *http.Request) {
	s, ok := c.scene(w, r)
	if !ok {
		return
	}
	for _, a := range s.state.Live() {
		if a.Status == postern.AttemptSending || s.now.Sub(a.UpdatedAt) < askAgain {
			continue
		}
		if _, err := c.cfg.Engine.Query(r.Context(), a.MerchantID, a.ID); err != nil {
			c.cfg.Log.WarnContext(r.Context(), "checkout check", "payment", a.PaymentID, "attempt", a.ID, "err", err)
		}
	}
	back(w, r, s, "r", "ok")
}

// switchWallet answers POST /c/{token}/switch: the buyer wants another wallet, so the present one is closed at its provider first. When the provider does not
// answer whether it was paid, no second wallet is offered, and the page says why.
func (c *Handler) switchWallet(w http.ResponseWriter, r *http.Request) {
	s, ok := c.scene(w, r)
	if !ok {
		return
	}
	_, err := c.cfg.Engine.Abandon(r.Context(), s.state.Payment.MerchantID, s.state.Payment.ID)
	expected := []postern.Code{postern.CodeAlreadyPaid, postern.CodeAttemptUnknown, postern.CodePaymentClosed, postern.CodeConflict}
	if err != nil && !slices.Contains(expected, postern.CodeOf(err)) {
		c.fail(w, r, "switch", err)
		return
	}
	back(w, r, s)
}

// phonePage is the simulated phone's address: the description's path with each {name} replaced by that action parameter.
func phonePage(base string, bridge *provider.Bridge, params map[string]string) string {
	if bridge == nil || bridge.SimulatedPage == "" {
		return ""
	}
	path := bridge.SimulatedPage
	for name, value := range params {
		path = strings.ReplaceAll(path, "{"+name+"}", url.QueryEscape(value))
	}
	if strings.ContainsAny(path, "{}") {
		return "" // the action lacks what the page needs
	}
	return strings.TrimSuffix(base, "/") + path
}
