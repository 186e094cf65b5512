package console

import (
	"html/template"
	"net/http"
	"strings"

	"postern"
	"postern/web/ui"
)

// sharePage is what a seller passes on: the link, its short form, the code to scan and the posters.
type sharePage struct {
	W       *itemWords
	Title   string
	Price   string
	Link    string
	Short   string
	QR      template.HTML
	Posters []option
	Preview string
	Edit    string
	State   state
	OnSale  bool
	Picture string
	New     string
}

func (sharePage) template() string { return "share" }

func shareItem(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	item, ok := h.itemOf(w, r, v)
	if !ok {
		return
	}
	words := itemWordsOf(v.Lang)
	code, err := ui.QR(h.cfg.Engine.ItemURL(item.Token), words.Put(words.QRLabel, item.Title))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.render(w, r, v, http.StatusOK, page{Title: words.ShareTitle, Section: "items", Body: h.sharePageOf(v, item, code)})
}

// sharePageOf makes the page around the code to scan.
func (h *Handler) sharePageOf(v *visit, item postern.ShopItem, code template.HTML) sharePage {
	words := itemWordsOf(v.Lang)
	p := sharePage{
		W: words, Title: item.Title, Price: prices(item), Link: h.cfg.Engine.ItemURL(item.Token), QR: code, Preview: "/i/" + item.Token, Edit: v.path("/items/" + item.ID), New: v.path("/items/new"),
		State: words.state(item, v.Now), OnSale: item.OnSale(v.Now) && !soldOut(item), Short: h.cfg.Engine.PublicURL + "/s/" + strings.ToUpper(item.Code),
	}
	if len(item.Pictures) > 0 {
		p.Picture = pictureURL(v, item.ID, item.Pictures[0].ID)
	}
	for _, one := range []option{{URL: "png", Word: words.PosterPNG}, {URL: "pdf", Word: words.PosterPDF}, {URL: "svg", Word: words.PosterSVG}} {
		one.URL = p.Preview + "/poster." + one.URL
		p.Posters = append(p.Posters, one)
	}
	return p
}
