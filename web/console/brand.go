package console

import (
	"html/template"
	"net/http"
	"regexp"
	"strconv"

	"postern"
	"postern/web/ui"
)

// brandBody is how a shop or a partner shows itself: the form, and how buyers will see it.
type brandBody struct {
	W       *peopleWords
	Bad     string
	Action  string
	Version int64
	Name    string
	Given   string // the name of before, which holds while the field is empty
	Colour  string
	House   bool // the house's colour
	Phone   string
	Notice  string
	Preview template.HTML
	Shown   string // the name that buyers see
	Partner bool
}

func (brandBody) template() string { return "brand" }

var colourForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// houseColour is what pages have that choose none.
const houseColour = "#14543c"

// swatch draws the first letter of a name on a colour, in black or white, whichever reads better.
func swatch(colour, name string) template.HTML {
	if !colourForm.MatchString(colour) {
		colour = houseColour
	}
	ink := "#ffffff"
	if bright(colour) {
		ink = "#000000"
	}
	return template.HTML(`<svg class="swatch" aria-hidden="true" viewBox="0 0 40 40"><rect width="40" height="40" rx="8" fill="` + colour + `"/><text x="20" y="27" text-anchor="middle" font-size="20" font-weight="600" fill="` +
		ink + `">` + template.HTMLEscapeString(ui.Initial(name)) + `</text></svg>`)
}

// bright says whether black reads better on a colour than white does: its brightness by the weights of Rec. 601, in thousandths.
func bright(colour string) bool {
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	return err == nil && 299*(n>>16&0xff)+587*(n>>8&0xff)+114*(n&0xff) > 150_000
}

func (h *Handler) brandPage(w http.ResponseWriter, r *http.Request, v *visit) {
	h.showBrand(w, r, v, v.Brand, nil)
}

func (h *Handler) showBrand(w http.ResponseWriter, r *http.Request, v *visit, b postern.Brand, wrong error) {
	body, status := brandOf(v, b), http.StatusOK
	if wrong != nil {
		body.Bad, status = wordsOf(v.Lang).refusal(v.Lang, wrong), statusOf(wrong)
	}
	h.render(w, r, v, status, page{Title: wordsOf(v.Lang).Brand, Section: "brand", Body: body})
}

// brandOf is the page of a brand, as it is or as a person has just sent it; the preview shows what buyers see now.
func brandOf(v *visit, b postern.Brand) brandBody {
	given := v.Partner
	if v.Merchant.ID != "" {
		given = v.Merchant.Name
	}
	body := brandBody{
		W: peopleWordsOf(v.Lang), Action: v.path("/brand"), Version: b.Version, Name: b.Name, Given: given, Colour: b.Colour, House: b.Colour == "", Phone: b.Phone, Notice: b.Notice,
		Shown: v.name(), Preview: swatch(v.Brand.Colour, v.name()), Partner: v.Merchant.ID == "",
	}
	if !colourForm.MatchString(body.Colour) {
		body.Colour = houseColour
	}
	return body
}

func (h *Handler) setBrand(w http.ResponseWriter, r *http.Request, v *visit) {
	version, err := strconv.ParseInt(r.PostFormValue("version"), 10, 64)
	if err != nil || version < 0 {
		version = v.Brand.Version
	}
	b := v.Brand
	b.OwnerID, b.Version = v.owner(), version
	b.Name, b.Colour, b.Phone, b.Notice = r.PostFormValue("name"), r.PostFormValue("colour"), r.PostFormValue("phone"), r.PostFormValue("notice")
	if r.PostFormValue("house") != "" {
		b.Colour = ""
	}
	_, err = h.cfg.Engine.SetBrand(r.Context(), v.Actor, b)
	switch {
	case err == nil:
		see(w, r, v.path("/brand?done"))
	case refused(err):
		h.showBrand(w, r, v, b, err)
	default:
		h.trouble(w, r, v, err)
	}
}
