package console

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

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
	words, link := itemWordsOf(v.Lang), h.cfg.Engine.ItemURL(item.Token)
	code, err := ui.QR(link, fmt.Sprintf(words.QRLabel, item.Title))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body := sharePage{
		W: words, Title: item.Title, Price: prices(item), Link: link, QR: code, Preview: "/i/" + item.Token, Edit: v.path("/items/" + item.ID), New: v.path("/items/new"),
		State: words.state(item, v.Now), OnSale: item.OnSale(v.Now) && !soldOut(item), Short: h.cfg.Engine.PublicURL + "/s/" + strings.ToUpper(item.Code),
	}
	if len(item.Pictures) > 0 {
		body.Picture = pictureURL(v, item.ID, item.Pictures[0].ID)
	}
	for _, one := range []option{{URL: "png", Word: words.PosterPNG}, {URL: "pdf", Word: words.PosterPDF}, {URL: "svg", Word: words.PosterSVG}} {
		one.URL = body.Preview + "/poster." + one.URL
		body.Posters = append(body.Posters, one)
	}
	h.render(w, r, v, http.StatusOK, page{Title: words.ShareTitle, Section: "items", Body: body})
}
