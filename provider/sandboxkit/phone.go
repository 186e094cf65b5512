package sandboxkit

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // phone.html
	"encoding/base64"
	"encoding/json"
	"errors"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Bill is an order as its buyer sees it on the phone. Amount is display text such as "¥68.00": the kit does no arithmetic on it.
type Bill struct {
	ID      string // names the order in the phone's addresses
	OrderNo string
	Title   string
	Payee   string
	Amount  string
	Status  string // the provider's own word
	Waiting bool   // this buyer can still approve or decline it
}

// Outcome is what follows a press of a button.
type Outcome struct {
	Status string `json:"status"` // the provider's own word
	// ReturnURL is where the buyer's browser goes next; empty for orders without a return address.
	ReturnURL string `json:"return_url,omitempty"`
	// Message is what a wallet's script bridge reports to the page that called it (resultCode, err_msg). It is posted to the embedding window, so that a
	// test page can play the bridge. Nil means nothing is posted.
	Message map[string]string `json:"message,omitempty"`
}

// Wallet is what the phone needs of a sandbox. Methods are called from many goroutines and return ErrNotFound or ErrConflict, bare or wrapped with a reason. An
// empty payer means the sandbox's default buyer.
type Wallet interface {
	// Scan resolves what a camera read (a code, or the address around it) for this buyer and returns the Bill's ID.
	Scan(code, payer string) (id string, err error)
	// Waiting lists the bills that this buyer can pay, newest first.
	Waiting(payer string) []Bill
	// Bill returns one bill as this buyer sees it.
	Bill(id, payer string) (Bill, error)
	Approve(id, payer string) (Outcome, error)
	Decline(id, payer string) (Outcome, error)
}

// Brand names a simulated wallet. Color is a CSS colour on which white text can be read.
type Brand struct {
	NameZH, NameEN string
	Color          string
}

// PhoneConfig is what NewPhone needs. Base is the path it is mounted at, such as "/phone".
type PhoneConfig struct {
	Brand  Brand
	Base   string
	Wallet Wallet
	// Codes makes the payment codes that a seller scans; nil where the wallet has none.
	Codes Coder
	// DefaultPayer is the buyer when neither ?payer=, the form nor the cookie names one.
	DefaultPayer string
}

// Phone is a buyer's simulated wallet as a mobile page: the waiting orders, a page per order with approve and decline, and a field for a code. It is rendered on
// the server, works without scripts, loads nothing from elsewhere and may be embedded in a frame. Chinese or English by ?lang= or Accept-Language. Forms take
// JSON too and answer JSON then.
//
//	GET  {base}                            waiting orders of ?payer=
//	GET  {base}/scan, {base}/scan/{code}   a field for a code; what a camera opens (?code= does the same)
//	GET  {base}/order/{id}                 one order
//	POST {base}/order/{id}/approve|decline {payer?}
//	POST {base}/code                       {payer?, password?}   a payment code for a seller's scanner, where the wallet has such
type Phone struct {
	cfg PhoneConfig
	mux *http.ServeMux
}

// NewPhone returns the phone of one sandbox; mount it at cfg.Base without stripping the prefix.
func NewPhone(cfg PhoneConfig) *Phone {
	cfg.Base = strings.TrimSuffix(cfg.Base, "/")
	p := &Phone{cfg: cfg, mux: http.NewServeMux()}
	p.mux.HandleFunc("GET "+cfg.Base+"/{$}", p.list)
	if cfg.Base != "" {
		p.mux.HandleFunc("GET "+cfg.Base, p.list)
	}
	p.mux.HandleFunc("GET "+cfg.Base+"/scan", p.scan)
	p.mux.HandleFunc("GET "+cfg.Base+"/scan/{code...}", p.scan)
	p.mux.HandleFunc("GET "+cfg.Base+"/order/{id}", p.order)
	p.mux.HandleFunc("POST "+cfg.Base+"/order/{id}/approve", p.press(cfg.Wallet.Approve, true))
	p.mux.HandleFunc("POST "+cfg.Base+"/order/{id}/decline", p.press(cfg.Wallet.Decline, false))
	if cfg.Codes != nil {
		p.mux.HandleFunc("POST "+cfg.Base+"/code", p.code)
	}
	return p
}

// ServeHTTP implements http.Handler.
func (p *Phone) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	LimitBody(p.mux).ServeHTTP(w, r)
}

// OrderPath is the address of an order's page on this phone, for the sandbox that redirects a buyer to it. payer may be empty.
func (p *Phone) OrderPath(id, payer string) string {
	path := p.cfg.Base + "/order/" + url.PathEscape(id)
	if payer != "" {
		path += "?payer=" + url.QueryEscape(payer)
	}
	return path
}

//go:embed phone.html
var phoneHTML string

var phonePage = template.Must(template.New("phone").Parse(phoneHTML))

// bridgeScript tells the embedding page what the wallet's bridge would report. The policy below admits this text and no other script.
const bridgeScript = `(function(){var d=document.getElementById("bridge").dataset;` +
	`var m={source:"postern-sandbox",order:d.order,message:JSON.parse(d.message)};` +
	`if(window.parent!==window)window.parent.postMessage(m,"*");else if(window.opener)window.opener.postMessage(m,"*")})()`

var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(bridgeScript))
	return "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// page is everything the template knows.
type page struct {
	Kind     string // list, scan, order, done, code, error
	Lang     string // zh, en
	T        map[string]string
	Brand    Brand
	Name     string
	Base     string
	Payer    string
	Query    template.URL // "?payer=..&lang=.." for links
	Bills    []Bill
	Bill     Bill
	Approved bool
	Back     string
	Message  string // JSON for the bridge, empty for none
	Script   template.JS
	Reason   string
	Codes    bool   // this wallet shows payment codes
	Code     string // one of them, in groups of four
}

// start collects what every page needs. It returns false after answering a request that names an impossible payer.
func (p *Phone) start(w http.ResponseWriter, r *http.Request, kind string) (*page, bool) {
	payer, ok := p.payer(r, r.URL.Query().Get("payer"))
	if !ok {
		http.Error(w, "payer: use 1 to 64 letters, digits, - and _", http.StatusBadRequest)
		return nil, false
	}
	pg := &page{Kind: kind, Lang: language(r), Brand: p.cfg.Brand, Base: p.cfg.Base, Payer: payer, Script: bridgeScript, Codes: p.cfg.Codes != nil}
	pg.T, pg.Name = phoneWords[pg.Lang], p.cfg.Brand.NameZH
	if pg.Lang == "en" {
		pg.Name = p.cfg.Brand.NameEN
	}
	q := url.Values{"payer": {payer}}
	if l := r.URL.Query().Get("lang"); l != "" {
		q.Set("lang", pg.Lang)
	}
	pg.Query = template.URL("?" + q.Encode())
	return pg, true
}

func (p *Phone) render(w http.ResponseWriter, status int, pg *page) {
	var b bytes.Buffer
	if err := phonePage.Execute(&b, pg); err != nil {
		http.Error(w, "the page could not be rendered", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")
	http.SetCookie(w, &http.Cookie{Name: "sandbox_payer", Value: pg.Payer, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the buyer is gone when this fails
}

func (p *Phone) fail(w http.ResponseWriter, pg *page, err error) {
	pg.Kind, pg.Reason = "error", err.Error()
	p.render(w, statusOf(err), pg)
}

func (p *Phone) list(w http.ResponseWriter, r *http.Request) {
	if pg, ok := p.start(w, r, "list"); ok {
		pg.Bills = p.cfg.Wallet.Waiting(pg.Payer)
		p.render(w, http.StatusOK, pg)
	}
}

func (p *Phone) scan(w http.ResponseWriter, r *http.Request) {
	pg, ok := p.start(w, r, "scan")
	if !ok {
		return
	}
	code := r.PathValue("code")
	if code == "" {
		code = r.URL.Query().Get("code")
	}
	if code == "" {
		p.render(w, http.StatusOK, pg)
		return
	}
	id, err := p.cfg.Wallet.Scan(code, pg.Payer)
	if err != nil {
		p.fail(w, pg, err)
		return
	}
	http.Redirect(w, r, p.cfg.Base+"/order/"+url.PathEscape(id)+string(pg.Query), http.StatusSeeOther)
}

func (p *Phone) order(w http.ResponseWriter, r *http.Request) {
	pg, ok := p.start(w, r, "order")
	if !ok {
		return
	}
	var err error
	if pg.Bill, err = p.cfg.Wallet.Bill(r.PathValue("id"), pg.Payer); err != nil {
		p.fail(w, pg, err)
		return
	}
	p.render(w, http.StatusOK, pg)
}

// code shows a payment code. With password, what it pays waits in the list until the buyer approves it.
func (p *Phone) code(w http.ResponseWriter, r *http.Request) {
	pg, ok := p.start(w, r, "code")
	if !ok {
		return
	}
	code, err := p.cfg.Codes.ShowCode(pg.Payer, r.PostFormValue("password") != "")
	if err != nil {
		p.fail(w, pg, err)
		return
	}
	for i := 0; i < len(code); i += 4 {
		pg.Code = strings.TrimSpace(pg.Code + " " + code[i:min(i+4, len(code))])
	}
	p.render(w, http.StatusOK, pg)
}

func (p *Phone) press(button func(id, payer string) (Outcome, error), approve bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && kind == "application/json" {
			p.pressJSON(w, r, button)
			return
		}
		pg, ok := p.start(w, r, "done")
		if !ok {
			return
		}
		id := r.PathValue("id")
		out, err := button(id, pg.Payer)
		if err != nil {
			p.fail(w, pg, err)
			return
		}
		if out.ReturnURL != "" {
			http.Redirect(w, r, out.ReturnURL, http.StatusSeeOther)
			return
		}
		pg.Approved = approve
		pg.Bill = Bill{ID: id, Status: out.Status}
		if b, err := p.cfg.Wallet.Bill(id, pg.Payer); err == nil {
			pg.Bill = b
		}
		if out.Message != nil {
			m, _ := json.Marshal(out.Message) // a map of strings always encodes
			pg.Message = string(m)
		}
		p.render(w, http.StatusOK, pg)
	}
}

func (p *Phone) pressJSON(w http.ResponseWriter, r *http.Request, button func(id, payer string) (Outcome, error)) {
	var in struct {
		Payer string `json:"payer"`
	}
	if err := ReadJSON(r, &in); err != nil {
		writeProblem(w, http.StatusUnprocessableEntity, err)
		return
	}
	if in.Payer == "" {
		in.Payer = r.URL.Query().Get("payer")
	}
	payer, ok := p.payer(r, in.Payer)
	if !ok {
		writeProblem(w, http.StatusUnprocessableEntity, errors.New("payer: use 1 to 64 letters, digits, - and _"))
		return
	}
	out, err := button(r.PathValue("id"), payer)
	if err != nil {
		writeProblem(w, statusOf(err), err)
		return
	}
	WriteJSON(w, http.StatusOK, out)
}

// payer is the buyer that a request names: explicitly, in its form, by cookie, or the default one.
func (p *Phone) payer(r *http.Request, explicit string) (string, bool) {
	if explicit == "" && r.Method == http.MethodPost {
		explicit = r.PostFormValue("payer")
	}
	if explicit == "" {
		if c, err := r.Cookie("sandbox_payer"); err == nil && validPayer(c.Value) {
			return c.Value, true
		}
		return p.cfg.DefaultPayer, true
	}
	return explicit, validPayer(explicit)
}

func validPayer(s string) bool {
	return len(s) > 0 && len(s) <= 64 && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_'
	})
}

// language is zh unless ?lang= or the first language in Accept-Language is English.
func language(r *http.Request) string {
	l := r.URL.Query().Get("lang")
	if l == "" {
		l, _, _ = strings.Cut(r.Header.Get("Accept-Language"), ",")
	}
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(l)), "en") {
		return "en"
	}
	return "zh"
}

var phoneWords = map[string]map[string]string{
	"zh": {
		"sim": "模拟钱包，没有真钱", "waiting": "待付款", "none": "没有待付款的订单。", "none2": "页面每 3 秒刷新一次。", "scan": "输入二维码内容", "code": "二维码内容", "open": "打开",
		"payee": "收款方", "number": "订单号", "buyer": "买家", "approve": "确认付款", "decline": "拒绝付款", "later": "先不处理", "status": "状态", "closed": "这笔订单现在不能付款。",
		"paid": "已付款", "declined": "已拒绝", "error": "无法完成", "list": "返回列表",
		"show": "出示付款码", "ask": "出示付款码，付款要输密码", "shown": "付款码", "once": "给收银台扫，或当作 auth_code 发送（不带空格）。约一分钟有效，只能用一次。",
	},
	"en": {
		"sim": "Simulated wallet, no real money", "waiting": "Waiting for you", "none": "No order is waiting.", "none2": "This page refreshes every 3 seconds.", "scan": "Enter a code",
		"code": "What the QR code says", "open": "Open", "payee": "To", "number": "Order number", "buyer": "Buyer", "approve": "Pay", "decline": "Decline", "later": "Not now",
		"status": "Status", "closed": "This order cannot be paid now.", "paid": "Paid", "declined": "Declined", "error": "That did not work", "list": "Back to the list",
		"show": "Show a payment code", "ask": "Show one that asks me first", "shown": "Payment code", "once": "For a till to scan, or to send as auth_code (without the blanks). Good for about a minute, once.",
	},
}
