package console

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"postern/engine"
	"postern/provider"
	"postern/web/ui"
)

// facadeRoutes are the accounts of code that speaks a provider's protocol. Whoever holds such an account's keys can place orders and give money back, so all of it is
// the owner's.
var facadeRoutes = []route{
	{pattern: "GET " + merchantRoot + "/facades", roles: owners, serve: (*Handler).facadesPage},
	{pattern: "GET " + merchantRoot + "/facades/new", roles: owners, serve: (*Handler).newFacadePage},
	{pattern: "POST " + merchantRoot + "/facades", roles: owners, serve: (*Handler).issueFacade},
	{pattern: "GET " + merchantRoot + "/facades/{facade}", roles: owners, serve: (*Handler).facadePage},
	{pattern: "POST " + merchantRoot + "/facades/{facade}/rotate", roles: owners, serve: (*Handler).rotateFacade},
	{pattern: "POST " + merchantRoot + "/facades/{facade}/disable", roles: owners, serve: (*Handler).disableFacade},
	{pattern: "GET " + merchantRoot + "/facades/{facade}/{key}/{name}", roles: owners, serve: (*Handler).facadeFile},
}

// facadesBody is the list of accounts, and the protocols that another may be had for.
type facadesBody struct {
	W      *facadeWords
	Rows   []facadeRow
	Offers []facadeRow
	First  string
	Older  string
}

func (facadesBody) template() string { return "facades" }

// facadeRow is one account, or one protocol.
type facadeRow struct {
	URL, Name, Number, Since string
	Mark                     template.HTML
	Off                      bool
}

// facadeField is one thing that a person gives for an account.
type facadeField struct {
	ID, Name, Label, Hint, Value, Usual string
	Long, Required                      bool
}

// facadeNewBody is the form that issues an account.
type facadeNewBody struct {
	W                  *facadeWords
	Bad                string
	Action, Of, Number string
	Name               string
	Mark               template.HTML
	Unserved           bool
	Keys, Settings     []facadeField
	Former             []choice
	Back               string
}

func (facadeNewBody) template() string { return "facadenew" }

func (h *Handler) facadesPage(w http.ResponseWriter, r *http.Request, v *visit) {
	at := pageOf(r)
	list, next, err := h.cfg.Engine.Store.Facades(r.Context(), v.Merchant.ID, at)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := facadesBody{W: facadeWordsOf(v.Lang), Older: older(v.path("/facades"), next)}
	if at.After != "" {
		body.First = v.path("/facades")
	}
	for _, a := range list {
		d := h.described(a.Provider)
		body.Rows = append(body.Rows, facadeRow{
			URL: v.path("/facades/" + a.ID), Name: v.Lang.Pick(d.NameZH, d.NameEN), Number: a.Number, Since: v.stamp(a.CreatedAt), Mark: ui.Mark(d.Colour, d.Glyph), Off: !a.DisabledAt.IsZero(),
		})
	}
	for _, code := range slices.Sorted(maps.Keys(h.cfg.Engine.Registry)) {
		if _, err := h.cfg.Engine.Faced(code); err != nil {
			continue
		}
		d := h.described(code)
		body.Offers = append(body.Offers, facadeRow{URL: v.path("/facades/new?of=" + code), Name: v.Lang.Pick(d.NameZH, d.NameEN), Mark: ui.Mark(d.Colour, d.Glyph)})
	}
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).Facades, Section: "facades", Body: body})
}

func (h *Handler) newFacadePage(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showNewFacade(w, r, v, r.URL.Query().Get("of"), engine.FacadeInput{}, nil)
}

func (h *Handler) showNewFacade(w http.ResponseWriter, r *http.Request, v *visit, code string, in engine.FacadeInput, wrong error) {
	faced, err := h.cfg.Engine.Faced(code)
	if err != nil {
		notFound(w, r)
		return
	}
	channels, err := h.cfg.Engine.Store.Channels(r.Context(), v.Merchant.ID)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := newFacadeOf(v, faced, in)
	body.Unserved = h.cfg.Engine.FacadeURLs[code] == ""
	for _, c := range channels {
		if c.Provider == code {
			body.Former = append(body.Former, choice{c.ID, strings.Join(c.Products, ", ") + " · " + c.ID, c.ID == in.FormerChannelID})
		}
	}
	status := http.StatusOK
	if wrong != nil {
		body.Bad, status = body.W.refused(v, faced.Face(), r, wrong), refusedStatus(wrong)
	}
	h.render(w, r, v, status, page{Title: sprint(body.W.NewTitle, body.Name), Section: "facades", Body: body})
}

// newFacadeOf is the form for a protocol, with what a person has filled in already.
func newFacadeOf(v *visit, faced provider.Faced, in engine.FacadeInput) facadeNewBody {
	d, face, words := faced.Describe(), faced.Face(), facadeWordsOf(v.Lang)
	body := facadeNewBody{
		W: words, Action: v.path("/facades"), Back: v.path("/facades"), Of: d.Code, Name: v.Lang.Pick(d.NameZH, d.NameEN), Mark: ui.Mark(d.Colour, d.Glyph), Number: in.Number,
		Keys: givenFields(v, words, face, in.Keys),
	}
	for _, f := range face.Settings {
		one := facadeField{ID: "set-" + f.Name, Name: "set." + f.Name, Label: v.Lang.Pick(f.LabelZH, f.LabelEN), Value: in.Settings[f.Name], Usual: f.Default}
		if v.Lang == ui.EN { // descriptions help in English only
			one.Hint = f.Help
		}
		body.Settings = append(body.Settings, one)
	}
	return body
}

// givenFields are the keys that the merchant gives: public halves, so that they may stand in the page again when something else was wrong.
func givenFields(v *visit, words *facadeWords, face provider.FaceDescription, given map[string][]byte) (list []facadeField) {
	for _, f := range face.Keys {
		if f.Own {
			continue
		}
		one := facadeField{
			ID: "key-" + f.Name, Name: "key." + f.Name, Label: v.Lang.Pick(f.LabelZH, f.LabelEN), Value: string(given[f.Name]), Long: f.Kind != provider.KeySecret, Required: f.Required && len(f.Instead) == 0,
		}
		if len(f.Instead) > 0 {
			var names []string
			for _, name := range f.Instead {
				names = append(names, words.field(v, face, name))
			}
			one.Hint = sprint(words.Instead, strings.Join(names, v.Lang.Pick("、", ", ")))
		}
		list = append(list, one)
	}
	return list
}

// givenKeys reads the keys of a form. A private key is refused before it goes anywhere: nobody needs it here.
func givenKeys(r *http.Request, face provider.FaceDescription) (map[string][]byte, error) {
	given := map[string][]byte{}
	for _, f := range face.Keys {
		text := strings.TrimSpace(r.PostFormValue("key." + f.Name))
		if f.Own || text == "" {
			continue
		}
		if strings.Contains(text, "PRIVATE KEY") {
			return nil, errPrivate
		}
		given[f.Name] = []byte(text)
	}
	return given, nil
}

func (h *Handler) issueFacade(w http.ResponseWriter, r *http.Request, v *visit) {
	code := r.PostFormValue("of")
	faced, err := h.cfg.Engine.Faced(code)
	if err != nil {
		notFound(w, r)
		return
	}
	in := engine.FacadeInput{Provider: code, Number: strings.TrimSpace(r.PostFormValue("number")), Settings: map[string]string{}, FormerChannelID: r.PostFormValue("former")}
	for _, f := range faced.Face().Settings {
		if value := strings.TrimSpace(r.PostFormValue("set." + f.Name)); value != "" {
			in.Settings[f.Name] = value
		}
	}
	var issued engine.IssuedFacade
	if in.Keys, err = givenKeys(r, faced.Face()); err == nil {
		issued, err = h.cfg.Engine.IssueFacade(r.Context(), v.Actor, v.Merchant.ID, in)
	}
	switch {
	case err == nil:
		h.showFacade(w, r, v, issued.Account, issued.Secrets, true, nil)
	case refused(err):
		h.showNewFacade(w, r, v, code, in, err)
	default:
		h.trouble(w, r, v, err)
	}
}
