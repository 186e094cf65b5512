// Package shop is the buyer's side of the pocket shop: the page of an item, and the page of an order, which never dies.
//
// It is built like the checkout: every screen is a typed Page that is made purely from a scene and rendered by a template beside it; the handlers read, call one
// verb of the engine and send the buyer on. What a form says of prices is only compared. Everything works without scripts.
package shop

import (
	"bytes"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/wall"
	"postern/web/ui"
)

// Config is what the shop needs.
type Config struct {
	Engine *engine.Engine
	Wall   *wall.Map // nil means the built-in one
	// ClientIP is the buyer's address, believed from trusted proxies only; nil takes the connection's.
	ClientIP func(*http.Request) string
	// Framers are origins whose pages may frame the pages of a test merchant, beside the shop's own.
	Framers []string
	Log     *slog.Logger
}

// Handler serves everything below /i/ and /o.
type Handler struct {
	cfg      Config
	notFound *notFound
	guarded  http.Handler
}

const maxForm = 16 << 10 // bytes of a posted form: the longest address in full, each character as nine

// route is one address of the shop. What is posted changes something, and is refused when it comes from another site.
type route struct {
	method, path string
	serve        func(*Handler) http.HandlerFunc
}

// routes are all addresses; everything else below the roots is the one constant 404.
var routes = []route{
	{"GET", "/i/{token}", func(h *Handler) http.HandlerFunc { return h.showItem }},
	{"POST", "/i/{token}/order", func(h *Handler) http.HandlerFunc { return h.placeOrder }},
	{"POST", "/i/{token}/forget", func(h *Handler) http.HandlerFunc { return h.forget }},
	{"GET", "/i/{token}/p/{picture}/{file}", func(h *Handler) http.HandlerFunc { return h.picture }},
	{"GET", "/i/{token}/poster.png", func(h *Handler) http.HandlerFunc { return h.poster }},
	{"GET", "/i/{token}/poster.svg", func(h *Handler) http.HandlerFunc { return h.poster }},
	{"GET", "/i/{token}/poster.pdf", func(h *Handler) http.HandlerFunc { return h.poster }},
	{"GET", "/i/{token}/card.jpg", func(h *Handler) http.HandlerFunc { return h.card }},
	{"GET", "/o", func(h *Handler) http.HandlerFunc { return h.showFind }},
	{"POST", "/o/find", func(h *Handler) http.HandlerFunc { return h.find }},
	{"GET", "/o/{token}", func(h *Handler) http.HandlerFunc { return h.showOrder }},
	{"GET", "/o/{token}/status", func(h *Handler) http.HandlerFunc { return h.status }},
	{"GET", "/o/{token}/receipt", func(h *Handler) http.HandlerFunc { return h.receipt }},
	{"POST", "/o/{token}/cancel", func(h *Handler) http.HandlerFunc { return h.cancel }},
	{"POST", "/o/{token}/ask", func(h *Handler) http.HandlerFunc { return h.ask }},
}

// Where the shop's pages are; the checkout's is where an order is paid.
const (
	rootItem     = "/i/"
	rootOrder    = "/o/"
	rootFind     = "/o"
	rootCode     = "/s/"
	rootCheckout = "/c/"
)

var roots = []string{rootItem, rootOrder, rootFind}

// New returns the handler of the shop's pages. Every address that is none gets one constant 404.
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
	h := &Handler{cfg: cfg, notFound: theNotFound}
	mux := http.NewServeMux()
	for _, root := range roots {
		mux.Handle(root, h.notFound)
	}
	for _, r := range routes {
		mux.HandleFunc(r.method+" "+r.path, r.serve(h))
	}
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(h.notFound)
	if origin, ok := ui.Origin(cfg.Engine.PublicURL); ok { // behind a proxy the Host may be another
		if err := guard.AddTrustedOrigin(origin); err != nil {
			cfg.Log.Warn("shop", "op", "trust the public address", "err", err)
		}
	}
	h.guarded = guard.Handler(mux)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.guarded.ServeHTTP(w, r) }

// Register mounts the shop on a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	for _, root := range roots {
		mux.Handle(root, h)
	}
}

func connectionIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// form reads what was posted. A form that is too large, or none, is answered as an address that does not exist.
func (h *Handler) form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		h.notFound.ServeHTTP(w, r)
		return false
	}
	return true
}

// dress gives a page what it depends on besides its item or order: whose it is, how that one shows itself, the language, and what a test merchant's buyer pretends.
// It says false, and has answered, when the request pretends what a live merchant refuses.
func (h *Handler) dress(w http.ResponseWriter, r *http.Request, merchantID string) (base, bool) {
	var b base
	var err error
	if b.merchant, err = h.cfg.Engine.Store.Merchant(r.Context(), merchantID); err == nil {
		b.brand, err = h.cfg.Engine.Store.BrandOf(r.Context(), merchantID)
	}
	if err == nil && b.merchant.PartnerID != "" {
		b.partner, err = h.partner(r, b.merchant.PartnerID)
	}
	if err != nil {
		h.fail(w, r, "load the shop", err)
		return b, false
	}
	q := r.URL.Query()
	_, known := h.cfg.Wall.Preset(q.Get("as"))
	if b.merchant.Live && (q.Has("as") || q.Has("bare")) || q.Get("as") != "" && !known { // pretending is for test merchants
		h.notFound.ServeHTTP(w, r)
		return b, false
	}
	fallback, _ := ui.ParseLang(b.merchant.Locale)
	if fallback == "" {
		fallback = ui.ZH
	}
	b.registry, b.names, b.now, b.zone, b.lang = h.cfg.Engine.Registry, h.cfg.Wall, h.cfg.Engine.Env.Now(), zoneOf(b.merchant), ui.MatchLang(r, fallback)
	b.at = address{public: h.cfg.Engine.PublicURL, as: q.Get("as"), bare: q.Get("bare")}
	if l, chosen := ui.ParseLang(q.Get("lang")); chosen {
		b.at.lang = string(l)
	}
	return b, true
}

// partner is how the service provider of a merchant shows itself: by its brand, else by its name.
func (h *Handler) partner(r *http.Request, id string) (string, error) {
	brand, err := h.cfg.Engine.Store.BrandOf(r.Context(), id)
	if err != nil || brand.Name != "" {
		return brand.Name, err
	}
	p, err := h.cfg.Engine.Store.Partner(r.Context(), id)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
		return "", nil
	}
	return p.Name, err
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

// write renders a page under its headers.
func (h *Handler) write(w http.ResponseWriter, r *http.Request, b base, p *Page, status int) {
	nonce, err := ui.NewNonce(h.cfg.Engine.Env.Rand)
	if err != nil {
		h.fail(w, r, "nonce", err)
		return
	}
	p.Nonce = nonce
	policy := ui.Policy{Nonce: nonce, Connect: p.Live != nil}
	if p.Share != nil {
		policy.Images = []string{"'self'", p.Share.Image}
	}
	if b.merchant.ID != "" && !b.merchant.Live {
		policy.FrameAncestors = append([]string{"'self'"}, h.cfg.Framers...)
	}
	var out bytes.Buffer
	if err := Render(&out, p); err != nil {
		h.fail(w, r, "render", err)
		return
	}
	ui.Secure(w.Header(), policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	send(w, out.Bytes(), b.packed, status)
}

// fail logs an error that is ours once and shows the page that says what to do. It knows nothing of the shop, because loading it may have been what failed.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, op string, err error) {
	h.cfg.Log.ErrorContext(r.Context(), "shop", "op", op, "err", err)
	lang := ui.MatchLang(r, ui.ZH)
	nonce, nonceErr := ui.NewNonce(h.cfg.Engine.Env.Rand)
	p := troublePage(lang, r.URL.Path)
	p.Nonce = nonce
	var out bytes.Buffer
	if renderErr := Render(&out, p); nonceErr != nil || renderErr != nil {
		http.Error(w, wordsOf(lang).TroubleTitle, http.StatusServiceUnavailable)
		return
	}
	ui.Secure(w.Header(), ui.Policy{Nonce: nonce})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write(out.Bytes()) // the buyer has gone: nobody to tell
}

// troublePage leads back to the page that was looked at: an address to which was posted has none of its own.
func troublePage(lang ui.Lang, path string) *Page {
	parts := strings.SplitN(strings.Trim(path, "/"), "/", 3)
	again := "/" + strings.Join(parts[:min(2, len(parts))], "/")
	if again == "/o/find" {
		again = rootFind
	}
	w := wordsOf(lang)
	return &Page{Lang: lang, W: w, State: StateTrouble, Title: w.TroubleTitle, Bare: true, Body: Plain{Line: w.TroubleLine, Again: &Link{Label: w.TryAgain, URL: again}}}
}

// back sends the buyer on to a page that shows what is the case now.
func back(w http.ResponseWriter, r *http.Request, to string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func isNotFound(err error) bool { return err != nil && postern.CodeOf(err) == postern.CodeNotFound }
