package console

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"postern"
	"postern/web/ui"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed console.css
var sheet string

//go:embed console.js
var ownScript string

var (
	style   = ui.Style(sheet + sellSheet)
	script  = ui.Script(ownScript)
	screens = template.Must(template.New("console").Funcs(template.FuncMap{
		"style":  func() template.CSS { return style },
		"script": func() template.JS { return script },
	}).ParseFS(templateFiles, "templates/*.html"))
)

// page is what a handler shows. Body is a typed struct that names its template by a method template() string. Section is the place that is marked in the navigation ("today", "orders", "items", "money", ...).
type page struct {
	Title   string
	Section string
	Body    any
}

// frame is a page in its frame: what the templates see. A body's template reads its own fields as .Body.X.
type frame struct {
	page
	W       *words
	Lang    ui.Lang
	Nonce   string
	Inner   template.HTML
	Signed  bool   // somebody is signed in: with navigation
	Shop    string // the name of the shop or the partner
	Initial string
	Test    bool // a merchant of test mode
	Person  string
	Home    string
	Shops   string // a partner's way back to all of its shops, empty elsewhere
	Main    []place
	More    []place
	Other   string // the same page in the other language
	Done    bool   // an act has just succeeded
}

// place is one entry of the navigation.
type place struct {
	URL  string
	Word string
	Icon template.HTML
	Here bool
}

// framed puts a page into its frame.
func framed(v *visit, p page, done bool) *frame {
	w := wordsOf(v.Lang)
	f := &frame{page: p, W: w, Lang: v.Lang, Other: "?lang=" + string(v.Lang.Other()), Done: done}
	if v.Staff.ID == "" {
		return f
	}
	f.Signed, f.Shop, f.Initial, f.Person, f.Home = true, v.name(), ui.Initial(v.name()), v.Staff.Name, v.path("")
	f.Test = v.Merchant.ID != "" && !v.Merchant.Live
	if v.PartnerID != "" && v.Merchant.ID != "" {
		f.Shops = partnerRoot
	}
	f.Main, f.More = places(v, w, p.Section)
	return f
}

// compose writes the HTML of a page in its frame. Everything it needs is in the one response but a shop's own pictures.
func compose(out io.Writer, f *frame) error {
	var inner bytes.Buffer
	body, ok := f.Body.(interface{ template() string })
	if !ok {
		return fmt.Errorf("render the console: %T names no template", f.Body)
	}
	if err := screens.ExecuteTemplate(&inner, body.template(), f); err != nil {
		return fmt.Errorf("render the console's %s: %w", body.template(), err)
	}
	f.Inner = template.HTML(inner.String()) // written by html/template just above
	if err := screens.ExecuteTemplate(out, "base.html", f); err != nil {
		return fmt.Errorf("render the console's frame: %w", err)
	}
	return nil
}

// render answers with a page.
func (h *Handler) render(w http.ResponseWriter, r *http.Request, v *visit, status int, p page) {
	f := framed(v, p, status == http.StatusOK && r.URL.Query().Has("done"))
	var b bytes.Buffer
	var err error
	if f.Nonce, err = ui.NewNonce(h.cfg.Engine.Env.Rand); err == nil {
		err = compose(&b, f)
	}
	if err != nil {
		h.cfg.Log.ErrorContext(r.Context(), "console", "op", "render", "err", err)
		http.Error(w, wordsOf(v.Lang).TroubleTitle, http.StatusInternalServerError)
		return
	}
	ui.Secure(w.Header(), ui.Policy{Nonce: f.Nonce, Images: []string{"'self'"}})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(b.Bytes()) // the person has gone: nobody to tell
	}
}

// sorry is the page of an act that was not done.
type sorry struct {
	W       *words
	Line    string
	Back    string
	BackTo  string
	Problem bool // ours
}

func (sorry) template() string { return "sorry" }

// statusOf is the HTTP status of a refusal.
func statusOf(err error) int {
	switch postern.CodeOf(err) {
	case postern.CodeInternal, postern.CodeCommitUnknown:
		return http.StatusServiceUnavailable
	case postern.CodeUnauthenticated:
		return http.StatusUnauthorized
	case postern.CodeForbidden:
		return http.StatusForbidden
	case postern.CodeRateLimited:
		return http.StatusTooManyRequests
	case postern.CodeInvalid:
		return http.StatusUnprocessableEntity
	}
	return http.StatusConflict
}

// trouble answers with an error: what is not there, or not this person's, with the one constant 404; a refusal with a page in words; what is ours is logged once.
func (h *Handler) trouble(w http.ResponseWriter, r *http.Request, v *visit, err error) {
	words, status := wordsOf(v.Lang), statusOf(err)
	if postern.CodeOf(err) == postern.CodeNotFound {
		notFound(w, r)
		return
	}
	body := sorry{W: words, Line: words.refusal(v.Lang, err), Back: v.back(), BackTo: words.Back, Problem: status == http.StatusServiceUnavailable}
	title := words.SorryTitle
	switch {
	case body.Problem:
		h.cfg.Log.ErrorContext(r.Context(), "console", "path", r.Pattern, "staff", v.Staff.ID, "err", err)
		title = words.TroubleTitle
	case status == http.StatusUnauthorized:
		body.BackTo = words.SignIn
	}
	h.render(w, r, v, status, page{Title: title, Body: body})
}

// back is where a page of words leads on to.
func (v *visit) back() string {
	if v.Staff.ID == "" {
		return root + "/sign-in"
	}
	if v.owner() == "" {
		return home(v.Staff)
	}
	return v.path("")
}

// asError finds our error in a chain.
func asError(err error) (*postern.Error, bool) {
	var known *postern.Error
	ok := errors.As(err, &known)
	return known, ok
}

// theNotFound is the one answer to every address that is no page, in both languages: the same bytes and headers whatever was asked, so that another merchant's pages
// cannot be told from guesses.
var theNotFound = func() map[ui.Lang][]byte {
	pages := map[ui.Lang][]byte{}
	for _, l := range []ui.Lang{ui.ZH, ui.EN} {
		var b bytes.Buffer
		if err := screens.ExecuteTemplate(&b, "notfound.html", &frame{W: wordsOf(l), Lang: l}); err != nil {
			panic("console: the not-found page does not render: " + err.Error()) // the golden test renders it too
		}
		pages[l] = b.Bytes()
	}
	return pages
}()

var styleHash = ui.HashSource(string(style))

func notFound(w http.ResponseWriter, r *http.Request) {
	ui.Secure(w.Header(), ui.Policy{StyleHash: styleHash})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write(theNotFound[ui.MatchLang(r, ui.ZH)]) // the person has gone: nobody to tell
	}
}
