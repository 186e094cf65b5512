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
	"time"

	"postern"
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
	// Story is the founding case on a date slider, and Gate the same with a real closure; nil leaves them out.
	Story *Story
	Gate  *Gate
	Log   *slog.Logger
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
	Slider  *Slider
	Looking string // whose page the phones show, as of which day
	Gate    *GateBox
}

// Frame is one framed page and what it shows.
type Frame struct {
	Title string
	Note  string
	URL   string
	Gone  string // why there is nothing to frame
}

// GateBox is the buttons of the gate, and what happened so far.
type GateBox struct {
	Line  string
	Query string // carries the view along
	Lines []GateLine
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
	if g := cfg.Gate; g != nil {
		mux.HandleFunc("POST /story/begin", h.press(g.Begin))
		mux.HandleFunc("POST /story/pay", h.press(g.Pay))
		mux.HandleFunc("POST /story/refund", h.press(g.Refund))
	}
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
	mux.Handle("POST /story/", h)
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
	if err := h.addStory(r, page); err != nil {
		h.fail(w, r, "story", err)
		return
	}
	var b bytes.Buffer
	if err := Render(&b, page); err != nil {
		h.fail(w, r, "render", err)
		return
	}
	ui.Secure(w.Header(), ui.Policy{Nonce: nonce, Connect: true, Frames: append([]string{"'self'"}, h.framed(link)...)})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the reader has gone: nobody to tell
}

// addStory adds the slider and the gate, and turns the frames to the day and the shop that are looked at.
func (h *Handler) addStory(r *http.Request, d *Demo) (err error) {
	ctx, q := r.Context(), r.URL.Query()
	if h.cfg.Story == nil || len(h.cfg.Story.Shops) == 0 {
		return nil
	}
	at, looking := h.day(r)
	shop := h.cfg.Story.Shops[0]
	for _, one := range h.cfg.Story.Shops {
		if one.Code == q.Get("shop") {
			shop = one
		}
	}
	if d.Slider, err = h.slider(ctx, d.Lang, at, looking, shop.Code); err != nil {
		return err
	}
	if looking {
		h.turn(d, at, shop)
	}
	if h.cfg.Gate == nil {
		return nil
	}
	v := view{h: h, lang: d.Lang, w: d.W, zone: postern.Beijing}
	d.Gate = &GateBox{Line: fmt.Sprintf(d.W.GateLine, h.name(d.Lang, h.cfg.Story.Provider)), Query: "?lang=" + string(d.Lang)}
	if looking {
		d.Gate.Query += "&on=" + d.Slider.On + "&shop=" + shop.Code
	}
	d.Gate.Lines, err = v.gateLines(ctx)
	return err
}

// turn makes the frames show a shop's order as of a day. An app that had not come up by then shows nothing.
func (h *Handler) turn(d *Demo, at time.Time, shop Shop) {
	link := h.cfg.Engine.CheckoutURL(shop.Token)
	d.Link, d.Looking = link, fmt.Sprintf(d.W.LookingOnly, d.Lang.Pick(shop.ZH, shop.EN), d.Slider.Heading)
	d.Other.URL = storyURL(d.Lang.Other(), d.Slider.On, shop.Code)
	d.Phones, d.Desktop = nil, nil
	for _, p := range h.cfg.Wall.Presets() {
		if p.Demo == "" {
			continue
		}
		q := url.Values{"as": {p.Preset}, "bare": {"1"}, "lang": {string(d.Lang)}, "on": {d.Slider.On}}
		f := Frame{Title: d.Lang.Pick(p.ZH, p.EN), URL: link + "?" + q.Encode()}
		if n := h.cfg.Wall.Name(h.cfg.Wall.Detect(p.UA).Container); n.Since != 0 && at.Before(n.Since.Time()) {
			f.Gone = fmt.Sprintf(d.W.NotYet, d.Lang.Pick(n.ZH, n.EN))
		}
		if p.Demo == wall.Desktop {
			d.Desktop = append(d.Desktop, f)
		} else {
			d.Phones = append(d.Phones, f)
		}
	}
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
