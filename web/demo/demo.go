// Package demo is the demo's front page: one link, opened side by side in several apps, with the simulated wallets beside them, and orders, postings and
// webhooks as they happen. One look explains the product.
//
// The frames show the real checkout of a test merchant; only the test bar's stand-ins make it believe that it sits in another app. The page loads nothing from
// elsewhere but those frames.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postern/engine"
	"postern/wall"
	"postern/web/ui"
)

// Wallet is one simulated wallet: the provider's code, and the address of its phone page.
type Wallet struct {
	Provider string
	URL      string
}

// Config is what the front page needs.
type Config struct {
	Engine     *engine.Engine
	Wall       *wall.Map // nil means the built-in one
	MerchantID string
	Wallets    []Wallet
	// Link returns the checkout address that the frames open at first; NewLink makes a new payment and returns its address.
	Link    func(ctx context.Context) (string, error)
	NewLink func(ctx context.Context) (string, error)
	Log     *slog.Logger
}

// Demo is the page.
type Demo struct {
	Lang    ui.Lang
	W       *words
	Nonce   string
	Link    string // the address that every frame opens
	Phones  []Frame
	Desktop []Frame
	Wallets []Frame
	FeedURL string
	NewURL  string
	Other   Frame // the page in the other language
}

// Frame is one framed page and what it shows.
type Frame struct {
	Title string
	Note  string
	URL   string
}

// Handler serves the front page at /, its feed at /feed and the button for a new order at /new.
type Handler struct {
	cfg Config
	mux http.Handler
}

// New returns the handler.
func New(cfg Config) *Handler {
	if cfg.Wall == nil {
		cfg.Wall = wall.Default()
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Handler{cfg: cfg}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.show)
	mux.HandleFunc("GET /feed", h.feed)
	mux.HandleFunc("POST /new", h.another)
	h.mux = http.NewCrossOriginProtection().Handler(mux)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

// Register mounts the page, its feed and its button on a mux.
func (h *Handler) Register(mux *http.ServeMux) {
	mux.Handle("GET /{$}", h)
	mux.Handle("GET /feed", h)
	mux.Handle("POST /new", h)
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, op string, err error) {
	h.cfg.Log.ErrorContext(r.Context(), "demo", "op", op, "err", err)
	http.Error(w, "the demo's page could not be made; its log says why", http.StatusInternalServerError)
}

// show answers GET /. ?link= chooses among the merchant's own links, by their token.
func (h *Handler) show(w http.ResponseWriter, r *http.Request) {
	link, err := h.cfg.Link(r.Context())
	if err != nil {
		h.fail(w, r, "link", err)
		return
	}
	if token := r.URL.Query().Get("link"); token != "" {
		if merchantID, _, err := h.cfg.Engine.Store.PaymentByLink(r.Context(), token); err == nil && merchantID == h.cfg.MerchantID {
			link = h.cfg.Engine.CheckoutURL(token)
		}
	}
	nonce, err := ui.NewNonce(h.cfg.Engine.Env.Rand)
	if err != nil {
		h.fail(w, r, "nonce", err)
		return
	}
	page := h.page(ui.MatchLang(r, ui.ZH), link)
	page.Nonce = nonce
	var b bytes.Buffer
	if err := Render(&b, page); err != nil {
		h.fail(w, r, "render", err)
		return
	}
	ui.Secure(w.Header(), ui.Policy{Nonce: nonce, Connect: true, Frames: append([]string{"'self'"}, h.framed(link)...)})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the reader has gone: nobody to tell
}

// page builds the page for a link.
func (h *Handler) page(lang ui.Lang, link string) *Demo {
	d := &Demo{Lang: lang, W: wordsOf(lang), Link: link, FeedURL: "/feed?lang=" + string(lang), NewURL: "/new?lang=" + string(lang)}
	d.Other = Frame{Title: lang.Other().Name(), URL: "/?lang=" + string(lang.Other()) + "&link=" + link[strings.LastIndexByte(link, '/')+1:]}
	for _, p := range h.cfg.Wall.Presets() {
		if p.Demo == "" {
			continue
		}
		q := url.Values{"as": {p.Preset}, "bare": {"1"}, "lang": {string(lang)}}
		f := Frame{Title: lang.Pick(p.ZH, p.EN), URL: link + "?" + q.Encode()}
		if p.Demo == wall.Desktop {
			d.Desktop = append(d.Desktop, f)
		} else {
			d.Phones = append(d.Phones, f)
		}
	}
	for _, w := range h.cfg.Wallets {
		name := w.Provider
		if c, ok := h.cfg.Engine.Registry[w.Provider]; ok {
			name = lang.Pick(c.Describe().NameZH, c.Describe().NameEN)
		}
		d.Wallets = append(d.Wallets, Frame{Title: fmt.Sprintf(d.W.Wallet, name), URL: withLang(w.URL, lang)})
	}
	return d
}

func withLang(address string, lang ui.Lang) string {
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	return address + sep + "lang=" + string(lang)
}

// framed lists the origins of everything that the page frames: the checkout's, and the simulated wallets' (the wallets open inside the checkout's frames too).
func (h *Handler) framed(link string) []string {
	var origins []string
	for _, address := range append([]string{link}, h.walletURLs()...) {
		if origin, ok := ui.Origin(address); ok && !slices.Contains(origins, origin) {
			origins = append(origins, origin)
		}
	}
	return origins
}

func (h *Handler) walletURLs() []string {
	var urls []string
	for _, w := range h.cfg.Wallets {
		urls = append(urls, w.URL)
	}
	return urls
}

// another answers POST /new: a new order, and the page with its link.
func (h *Handler) another(w http.ResponseWriter, r *http.Request) {
	link, err := h.cfg.NewLink(r.Context())
	if err != nil {
		h.fail(w, r, "new link", err)
		return
	}
	q := url.Values{"link": {link[strings.LastIndexByte(link, '/')+1:]}}
	if l, ok := ui.ParseLang(r.URL.Query().Get("lang")); ok {
		q.Set("lang", string(l))
	}
	http.Redirect(w, r, "/?"+q.Encode(), http.StatusSeeOther)
}

// feed answers GET /feed: what happened last, newest first.
func (h *Handler) feed(w http.ResponseWriter, r *http.Request) {
	f, err := h.read(r.Context(), ui.MatchLang(r, ui.ZH))
	if err != nil {
		h.fail(w, r, "feed", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(f) // the reader has gone: nobody to tell
}

//go:embed demo.html
var pageHTML string

//go:embed demo.css
var sheet string

//go:embed demo.js
var script string

var screen = template.Must(template.New("demo").Funcs(template.FuncMap{
	"style":  func() template.CSS { return ui.Style(sheet) },
	"script": func() template.JS { return ui.Script(script) },
}).Parse(pageHTML))

// Render writes the page's HTML.
func Render(w io.Writer, d *Demo) error {
	if err := screen.Execute(w, d); err != nil {
		return fmt.Errorf("render the demo: %w", err)
	}
	return nil
}
