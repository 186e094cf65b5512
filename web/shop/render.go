package shop

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"postern/web/ui"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed shop.css
var sheet string

//go:embed plain.css
var plainSheet string

//go:embed bar.css
var barSheet string

//go:embed item.css
var itemSheet string

//go:embed order.css
var orderSheet string

//go:embed item.js
var itemScript string

//go:embed order.js
var orderScript string

// A page carries only the style and the script that it needs: the item's is the first that a stranger waits for.
var (
	styles = map[State]template.CSS{
		StateItem: ui.Style(sheet, itemSheet), StateOrder: ui.Style(sheet, orderSheet), StateReceipt: ui.Style(sheet, orderSheet), StateFind: ui.Style(sheet, itemSheet, plainSheet),
		StateTrouble: ui.Style(sheet, plainSheet),
	}
	scripts = map[State]template.JS{StateItem: ui.Script(itemScript), StateOrder: ui.Script(orderScript), StateReceipt: ui.Script(orderScript)}
	screens = map[State]*template.Template{}
)

func init() {
	base := template.Must(template.New("base.html").Funcs(template.FuncMap{
		"style":  func(s State) template.CSS { return styles[s] },
		"bar":    func() template.CSS { return template.CSS(barSheet) },
		"script": func(s State) template.JS { return scripts[s] },
	}).ParseFS(templateFiles, "templates/base.html", "templates/parts.html"))
	for _, s := range []State{StateItem, StateOrder, StateReceipt, StateFind, StateTrouble} {
		screens[s] = template.Must(template.Must(base.Clone()).ParseFS(templateFiles, "templates/"+string(s)+".html"))
	}
}

// Render writes the page's HTML. Everything it needs but the pictures is in the one response.
func Render(w io.Writer, p *Page) error {
	t, ok := screens[p.State]
	if !ok {
		return fmt.Errorf("render the shop: no screen %q", p.State)
	}
	if err := t.ExecuteTemplate(w, "base.html", p); err != nil {
		return fmt.Errorf("render the shop's screen %s: %w", p.State, err)
	}
	return nil
}

// notFound is the one answer to every address that is none: the same bytes and headers whatever was asked, so that addresses cannot be told from guesses.
type notFound struct {
	body map[ui.Lang][]byte
	hash string
}

var theNotFound = newNotFound()

func newNotFound() *notFound {
	style := styles[StateTrouble]
	n := &notFound{body: map[ui.Lang][]byte{}, hash: ui.HashSource(string(style))}
	t := template.Must(template.New("notfound.html").Funcs(template.FuncMap{"style": func() template.CSS { return style }}).ParseFS(templateFiles, "templates/notfound.html", "templates/parts.html"))
	for _, l := range []ui.Lang{ui.ZH, ui.EN} {
		var b bytes.Buffer
		if err := t.Execute(&b, &Page{Lang: l, W: wordsOf(l)}); err != nil {
			panic("shop: the not-found page does not render: " + err.Error()) // the golden test renders it too
		}
		n.body[l] = b.Bytes()
	}
	return n
}

// ServeHTTP answers 404 in the language that the browser asks for.
func (n *notFound) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ui.Secure(w.Header(), ui.Policy{StyleHash: n.hash})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write(n.body[ui.MatchLang(r, ui.ZH)]) // the buyer has gone: nobody to tell
	}
}
