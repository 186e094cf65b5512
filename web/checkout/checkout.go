// Package checkout is the page that strangers use for ten seconds inside somebody else's app: one link, a wallet that works right there, and a way out where
// none does.
//
// Every screen is a typed Page that is built purely from a scene and rendered by a template beside it. The handlers read, call one verb of the engine and send
// the buyer back to the payment's own address, which shows what is the case; the amount never comes from the buyer's side. Without scripts a refresh does what
// the live status does.
package checkout

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/route"
	"postern/wall"
	"postern/web/ui"
)

// Config is what the checkout needs.
type Config struct {
	Engine *engine.Engine
	Wall   *wall.Map // nil means the built-in one
	// ClientIP is the buyer's address, believed from trusted proxies only; nil takes the connection's.
	ClientIP func(*http.Request) string
	// Sandbox is the address of a provider's simulator, where the simulated phone is; nil or empty without one.
	Sandbox func(providerCode string) string
	// Framers are origins whose pages may frame the checkout of a test merchant, beside the checkout's own.
	Framers []string
	Log     *slog.Logger
}

// Handler serves everything below /c/, /l/ and /s/.
type Handler struct {
	cfg      Config
	notFound *notFound
	guarded  http.Handler
}

const maxForm = 4 << 10 // bytes of a posted form

// New returns the handler of /c/{token}, /l/{token} and what is below them, and of /s/{code}. Every address that is no link gets one constant 404.
func New(cfg Config) *Handler {
	if cfg.ClientIP == nil {
		cfg.ClientIP = connectionIP
	}
	if cfg.Wall == nil {
		cfg.Wall = wall.Default()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Handler{cfg: cfg, notFound: theNotFound}
	mux := http.NewServeMux()
	for _, root := range roots {
		mux.Handle(root, c.notFound)
	}
	mux.HandleFunc("GET /c/{token}", c.show)
	mux.HandleFunc("GET /c/{token}/status", c.status)
	mux.HandleFunc("GET /c/{token}/oauth", c.oauth)
	mux.HandleFunc("POST /c/{token}/start", c.start)
	mux.HandleFunc("POST /c/{token}/check", c.check)
	mux.HandleFunc("POST /c/{token}/switch", c.switchWallet)
	mux.HandleFunc("GET /c/{token}/card.png", c.card)
	mux.HandleFunc("GET /c/{token}/poster.png", c.poster)
	mux.HandleFunc("GET /c/{token}/poster.svg", c.poster)
	mux.HandleFunc("GET /l/{token}", c.showLink)
	mux.HandleFunc("POST /l/{token}/order", c.order)
	mux.HandleFunc("GET /l/{token}/card.png", c.card)
	mux.HandleFunc("GET /l/{token}/poster.png", c.poster)
	mux.HandleFunc("GET /l/{token}/poster.svg", c.poster)
	mux.HandleFunc("GET /s/{code}", c.code)
	mux.HandleFunc("GET /S/{code}", c.code)
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(c.notFound)
	if origin, ok := ui.Origin(cfg.Engine.PublicURL); ok { // behind a proxy the Host may be another
		if err := guard.AddTrustedOrigin(origin); err != nil {
			cfg.Log.Warn("checkout", "op", "trust the public address", "err", err)
		}
	}
	c.guarded = guard.Handler(mux)
	return c
}

// cameBack meets a buyer whom a provider's page sends back with a form: what it says proves nothing and is not read, and the browser asks for the page anew. The
// guard would refuse it, because it comes from elsewhere.
func cameBack(w http.ResponseWriter, r *http.Request) bool {
	rest, below := strings.CutPrefix(r.URL.Path, "/c/")
	if r.Method != http.MethodPost || !below || !postern.CheckID("", rest) {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", "/c/"+rest)
	w.WriteHeader(http.StatusSeeOther)
	return true
}

// ServeHTTP implements http.Handler.
func (c *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !cameBack(w, r) {
		c.guarded.ServeHTTP(w, r)
	}
}

// Register mounts the checkout on a mux.
func (c *Handler) Register(mux *http.ServeMux) {
	for _, root := range roots {
		mux.Handle(root, c)
	}
}

// roots are what the handler serves. A person who types a poster's capitals is understood as well.
var roots = []string{rootPayment, rootLink, rootCode, "/S/"}

func connectionIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// scene loads what the page of a request depends on. It answers the request itself, and says false, when the link is none or asks for what a live merchant
// refuses.
func (c *Handler) scene(w http.ResponseWriter, r *http.Request) (scene, bool) {
	ctx, token, q := r.Context(), r.PathValue("token"), r.URL.Query()
	if !postern.CheckID("", token) {
		c.notFound.ServeHTTP(w, r)
		return scene{}, false
	}
	merchantID, paymentID, err := c.cfg.Engine.Store.PaymentByLink(ctx, token)
	var s scene
	if err == nil {
		s.state, err = c.cfg.Engine.Store.LoadState(ctx, merchantID, paymentID)
	}
	if err == nil {
		s.outside, err = c.outside(ctx, s.state)
	}
	if err == nil {
		s.merchant, err = c.cfg.Engine.Store.Merchant(ctx, merchantID)
	}
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil {
		c.notFound.ServeHTTP(w, r)
		return s, false
	}
	if err != nil {
		c.fail(w, r, "load", err)
		return s, false
	}
	if !c.dress(r, &s, s.state.Payment.Live) {
		c.notFound.ServeHTTP(w, r)
		return s, false
	}
	s.at.root, s.at.token = rootPayment, token
	s.wallet, s.launch, s.answer, s.sim, s.used = q.Get("w"), q.Get("go") != "", q.Get("r"), c.simulated, c.used(r)
	return s, true
}

// outside are the refunds of a payment's surpluses that the merchant makes itself. Most payments have no surplus, and nothing is read.
func (c *Handler) outside(ctx context.Context, s postern.State) (map[string]bool, error) {
	found := map[string]bool{}
	for _, u := range s.Surpluses {
		if u.RefundID == "" {
			continue
		}
		r, err := c.cfg.Engine.Store.Refund(ctx, u.MerchantID, u.RefundID)
		if err != nil {
			return nil, err
		}
		found[r.ID] = r.Outside()
	}
	return found, nil
}

// dress gives a scene what every page depends on besides its payment or link. It says false when the request pretends what a live merchant refuses, or what is
// not there.
func (c *Handler) dress(r *http.Request, s *scene, live bool) bool {
	q := r.URL.Query()
	as := q.Get("as")
	ua, ok := c.userAgent(r, as)
	if !ok || live && (q.Has("as") || q.Has("bare") || q.Has("on")) { // pretending is for test merchants
		return false
	}
	if q.Has("on") {
		if s.on, ok = parseDay(q.Get("on")); !ok {
			return false
		}
	}
	fallback, _ := ui.ParseLang(s.merchant.Locale)
	if fallback == "" {
		fallback = ui.ZH
	}
	s.registry, s.names, s.seen, s.now = c.cfg.Engine.Registry, c.cfg.Wall, c.detect(r, ua, as), c.cfg.Engine.Env.Now()
	s.lang, s.zone = ui.MatchLang(r, fallback), zoneOf(s.merchant)
	s.at = address{public: c.cfg.Engine.PublicURL, as: as, on: q.Get("on"), bare: q.Get("bare")}
	if l, chosen := ui.ParseLang(q.Get("lang")); chosen {
		s.at.lang = string(l)
	}
	return true
}

// parseDay reads the day that a page is looked at: its noon in Beijing, since when a gate closes in the morning it is closed on that day.
func parseDay(s string) (time.Time, bool) {
	day, err := time.ParseInLocation(time.DateOnly, s, postern.Beijing)
	if err != nil || day.Year() < 1990 || day.Year() > 2199 {
		return time.Time{}, false
	}
	return day.Add(12 * time.Hour), true
}

// detect names the buyer's place. A stand-in has a user agent only: the real browser's other headers would contradict it.
func (c *Handler) detect(r *http.Request, ua, as string) wall.Seen {
	if as != "" {
		return c.cfg.Wall.Detect(ua)
	}
	return c.cfg.Wall.DetectRequest(ua, r.Header.Get)
}

// userAgent is the request's own, or the one that a stand-in pretends to be.
func (c *Handler) userAgent(r *http.Request, as string) (string, bool) {
	if as == "" {
		return r.UserAgent(), true
	}
	preset, ok := c.cfg.Wall.Preset(as)
	return preset.UA, ok
}

// zoneOf is the merchant's time zone; without zone data on the machine, Beijing's.
func zoneOf(m postern.Merchant) *time.Location {
	if m.Zone != "" {
		if zone, err := time.LoadLocation(m.Zone); err == nil {
			return zone
		}
	}
	return postern.Beijing
}

func (s scene) buyer() route.Buyer {
	b := route.Buyer{Container: s.seen.Container, OS: s.seen.OS, Form: s.seen.Form}
	if s.at.as == "" { // a page that pretends to be in another app was not paid in there
		b.Used = s.used
	}
	return b
}

// write renders a page under its headers.
func (c *Handler) write(w http.ResponseWriter, r *http.Request, s scene, p *Page, status int) {
	nonce, err := ui.NewNonce(c.cfg.Engine.Env.Rand)
	if err != nil {
		c.fail(w, r, "nonce", err)
		return
	}
	p.Nonce = nonce
	policy := ui.Policy{Nonce: nonce, Connect: p.Live != nil}
	if p.Share != nil {
		policy.Images = []string{p.Share.Image}
	}
	if body, ok := p.Body.(Go); ok && body.Method != "" {
		if origin, ok := ui.Origin(body.URL); ok {
			policy.FormAction = []string{origin}
		}
	}
	if body, ok := p.Body.(Bridge); ok && body.Sim != "" {
		if origin, ok := ui.Origin(body.Sim); ok {
			policy.Frames = []string{origin}
		}
	}
	if !s.state.Payment.Live {
		policy.FrameAncestors = append([]string{"'self'"}, c.cfg.Framers...)
	}
	var b bytes.Buffer
	if err := Render(&b, p); err != nil {
		c.fail(w, r, "render", err)
		return
	}
	ui.Secure(w.Header(), policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the buyer has gone: nobody to tell
	}
}

// fail logs an error that is ours once and shows the page that says what to do. It knows nothing of the payment, because loading it may have been what failed.
func (c *Handler) fail(w http.ResponseWriter, r *http.Request, op string, err error) {
	c.cfg.Log.ErrorContext(r.Context(), "checkout", "op", op, "err", err)
	lang := ui.MatchLang(r, ui.ZH)
	nonce, nonceErr := ui.NewNonce(c.cfg.Engine.Env.Rand)
	p := &Page{Lang: lang, W: wordsOf(lang), Nonce: nonce, Bare: true}
	s := scene{lang: lang, at: address{token: r.PathValue("token")}}
	var b bytes.Buffer
	if renderErr := Render(&b, s.trouble(p)); nonceErr != nil || renderErr != nil {
		http.Error(w, wordsOf(lang).TroubleTitle, http.StatusServiceUnavailable)
		return
	}
	ui.Secure(w.Header(), ui.Policy{Nonce: nonce})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(b.Bytes()) // the buyer has gone: nobody to tell
}

// simulated is the address of the simulated phone for an attempt, in test mode with a simulator.
func (c *Handler) simulated(a postern.Attempt) string {
	if c.cfg.Sandbox == nil {
		return ""
	}
	base := c.cfg.Sandbox(a.Provider)
	connector, ok := c.cfg.Engine.Registry[a.Provider]
	if !ok || base == "" {
		return ""
	}
	product, _ := connector.Describe().Product(a.Product)
	return phonePage(base, product.Bridge, a.Action.Params)
}
