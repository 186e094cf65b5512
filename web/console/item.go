package console

import (
	"net/http"
	"net/url"
	"strconv"

	"postern"
	"postern/engine"
)

// itemsPage is what a shop sells.
type itemsPage struct {
	W     *itemWords
	New   string
	Rows  []itemRow
	Pager pager
}

func (itemsPage) template() string { return "items" }

type itemRow struct {
	URL     string
	Title   string
	Price   string
	Stock   string
	State   state
	Picture string // empty without one
}

func showItems(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	list, next, err := h.cfg.Engine.Store.Items(r.Context(), v.Merchant.ID, listPage(r, postern.PrefixItem))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	words := itemWordsOf(v.Lang)
	body := itemsPage{W: words, New: v.path("/items/new"), Pager: pagerOf(r, v.path("/items"), next)}
	for _, i := range list {
		row := itemRow{URL: v.path("/items/" + i.ID), Title: i.Title, Price: prices(i), Stock: words.stock(i), State: words.state(i, v.Now)}
		if len(i.Pictures) > 0 {
			row.Picture = pictureURL(v, i.ID, i.Pictures[0].ID)
		}
		body.Rows = append(body.Rows, row)
	}
	h.render(w, r, v, http.StatusOK, page{Title: wordsOf(v.Lang).Items, Section: "items", Body: body})
}

// prices is an item's price, or the range of its choices.
func prices(i postern.ShopItem) string {
	var low, high int64
	for _, c := range i.Variants {
		if !c.RemovedAt.IsZero() {
			continue
		}
		if low == 0 || c.Price < low {
			low = c.Price
		}
		high = max(high, c.Price)
	}
	if low == high {
		return money(low, i.Currency)
	}
	return money(low, i.Currency) + " – " + money(high, i.Currency)
}

func pictureURL(v *visit, itemID, id string) string {
	return v.path("/items/" + itemID + "/pictures/" + id)
}

// itemOf loads the item of an address; false says that the request is answered.
func (h *Handler) itemOf(w http.ResponseWriter, r *http.Request, v *visit) (postern.ShopItem, bool) {
	item, err := h.cfg.Engine.Store.Item(r.Context(), v.Merchant.ID, r.PathValue("item"))
	if err != nil {
		h.trouble(w, r, v, err)
	}
	return item, err == nil
}

func newItem(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	h.renderItem(w, r, v, http.StatusOK, h.editorOf(v, postern.ShopItem{}, freshForm(postern.NewToken(h.cfg.Engine.Env.Rand))))
}

// createItem makes the item and then adds its pictures. A picture that is refused leaves the item there, and says so on its page.
func createItem(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	if !h.form(w, r, v) {
		return
	}
	f := readItemForm(r)
	if f.More { // one more line for a choice, and nothing else
		f.Choices = append(f.Choices, choiceForm{Counted: true})
		h.renderItem(w, r, v, http.StatusOK, h.editorOf(v, postern.ShopItem{}, f))
		return
	}
	in, err := f.input(v, postern.ShopItem{Currency: shopCurrency})
	var item postern.ShopItem
	if err == nil {
		item, err = h.cfg.Engine.CreateItem(r.Context(), v.Actor, v.Merchant.ID, in)
	}
	if err != nil {
		h.refuseItem(w, r, v, postern.ShopItem{}, f, err)
		return
	}
	if err := h.takePictures(r, v, item); err != nil {
		if !mild(err) {
			h.trouble(w, r, v, err)
			return
		}
		body := h.editorOf(v, item, formOf(v, item))
		body.Error = body.W.MadeWithout + " " + v.said(err)
		h.renderItem(w, r, v, refusedStatus(err), body)
		return
	}
	see(w, r, v.path("/items/"+item.ID+"/share?done"))
}

// shopCurrency is what new items are priced in.
const shopCurrency = "CNY"

// refusedStatus is statusOf, and what names a field, or is a picture, is bad input whatever its code.
func refusedStatus(err error) int {
	known, ok := asError(err)
	if !ok || known.Field != "" && known.Code != postern.CodeConflict {
		return http.StatusUnprocessableEntity
	}
	return statusOf(err)
}

func showItem(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	if item, ok := h.itemOf(w, r, v); ok {
		h.renderItem(w, r, v, http.StatusOK, h.editorOf(v, item, formOf(v, item)))
	}
}

func changeItem(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	item, ok := h.itemOf(w, r, v)
	if !ok || !h.form(w, r, v) {
		return
	}
	f := readItemForm(r)
	if f.More {
		f.Choices = append(f.Choices, choiceForm{Counted: true})
		h.renderItem(w, r, v, http.StatusOK, h.editorOf(v, item, f))
		return
	}
	in, err := f.input(v, item)
	if err == nil {
		_, err = h.cfg.Engine.ChangeItem(r.Context(), v.Actor, v.Merchant.ID, item.ID, f.Version, in)
	}
	if err != nil {
		h.refuseItem(w, r, v, item, f, err)
		return
	}
	see(w, r, v.path("/items/"+item.ID+"?done"))
}

// refuseItem shows the editor again with what was typed and the sentence, or the page of an error that is ours.
func (h *Handler) refuseItem(w http.ResponseWriter, r *http.Request, v *visit, item postern.ShopItem, f itemForm, err error) {
	if !mild(err) {
		h.trouble(w, r, v, err)
		return
	}
	body := h.editorOf(v, item, f)
	body.Error = v.said(err)
	h.renderItem(w, r, v, refusedStatus(err), body)
}

func (h *Handler) renderItem(w http.ResponseWriter, r *http.Request, v *visit, status int, body itemPage) {
	title := body.W.NewTitle
	if body.ID != "" {
		title = body.W.EditTitle
	}
	body.Form = postern.NewToken(h.cfg.Engine.Env.Rand)
	body.Moved = body.moved(r.URL.Query().Get("moved"))
	h.render(w, r, v, status, page{Title: title, Section: "items", Body: body})
}

// moved says how many pieces of a choice can be had now that its stock was changed.
func (p itemPage) moved(variant string) string {
	for _, row := range p.Stocks {
		if row.ID == variant {
			return p.W.Number(p.W.StockNow, int(row.Left))
		}
	}
	return ""
}

// changeStock moves pieces by as many as are typed, whatever the stock has become: orders go on while somebody counts.
func changeStock(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	item, ok := h.itemOf(w, r, v)
	if !ok || !h.form(w, r, v) {
		return
	}
	q := r.PostForm
	pieces, fine := whole(q.Get("pieces"), maxTyped)
	if q.Get("do") == "less" {
		pieces = -pieces
	}
	var err error
	switch {
	case !fine || pieces == 0:
		err = postern.Invalid("pieces", postern.CodeInvalid, "the change is no number of pieces", "write 20")
	default:
		err = h.cfg.Engine.ChangeStock(r.Context(), v.Actor, v.Merchant.ID, item.ID, q.Get("variant"), q.Get("form"), pieces)
	}
	if err == nil {
		see(w, r, v.path("/items/"+item.ID+"?moved="+url.QueryEscape(q.Get("variant"))+"#stock"))
		return
	}
	if !mild(err) {
		h.trouble(w, r, v, err)
		return
	}
	if item, ok = h.itemOf(w, r, v); !ok { // with the numbers of now
		return
	}
	body := h.editorOf(v, item, formOf(v, item))
	body.Error = v.said(err)
	if postern.CodeOf(err) == postern.CodeInFlight {
		body.Error = body.W.StockMoved
	}
	h.renderItem(w, r, v, statusOf(err), body)
}

// removeItem takes an item off sale, or puts it back. Asking twice for the same is once.
func removeItem(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	item, ok := h.itemOf(w, r, v)
	if !ok || !h.form(w, r, v) {
		return
	}
	back := r.PostForm.Get("do") == "restore"
	if item.RemovedAt.IsZero() != back {
		if _, err := h.cfg.Engine.RemoveItem(r.Context(), v.Actor, v.Merchant.ID, item.ID, back); err != nil {
			h.told(w, r, v, "/items/"+item.ID, err)
			return
		}
	}
	see(w, r, v.path("/items/"+item.ID+"?done"))
}

// input makes what the engine wants of a form. The item is the one that is changed, or an empty one with its currency.
func (f itemForm) input(v *visit, item postern.ShopItem) (engine.ItemInput, error) {
	in := engine.ItemInput{Form: f.Form, Title: f.Title, Description: f.Description, Currency: item.Currency, Delivers: f.Delivers}
	wrong := func(field string) error {
		return postern.Invalid(field, postern.CodeInvalid, "the field is not filled in as it must be", "see the page")
	}
	if f.Form != "" && !postern.CheckID("", f.Form) {
		return in, wrong("form")
	}
	var ok bool
	if f.Delivers {
		in.Regions = f.Regions
		if len(in.Regions) == len(postern.Regions) {
			in.Regions = nil // everywhere, and wherever else there will be
		}
		if in.DeliveryFee, ok = parseMoney(zeroOr(f.Fee), item.Currency); !ok {
			return in, wrong("delivery_fee")
		}
		if len(f.Regions) == 0 {
			return in, wrong("regions")
		}
	}
	if in.PerBuyer, ok = whole(f.PerBuyer, maxTyped); !ok {
		return in, wrong("per_buyer")
	}
	if in.SaleFrom, ok = localTime(f.From, v.Zone); !ok {
		return in, wrong("sale_from")
	}
	if in.SaleUntil, ok = localTime(f.Until, v.Zone); !ok {
		return in, wrong("sale_until")
	}
	for i, c := range f.Choices {
		if c.blank() || c.Off {
			continue
		}
		said := engine.VariantInput{ID: c.ID, Name: c.Name, Counted: c.Counted}
		if said.Price, ok = parseMoney(c.Price, item.Currency); !ok {
			return in, wrong("variants[" + strconv.Itoa(i) + "].price")
		}
		if said.Stock, ok = whole(c.Stock, maxTyped); !ok || said.Stock < 0 {
			return in, wrong("variants[" + strconv.Itoa(i) + "].stock")
		}
		in.Variants = append(in.Variants, said)
	}
	return in, nil
}

func zeroOr(typed string) string {
	if typed == "" {
		return "0"
	}
	return typed
}

// soldOut says that nothing of an item can be ordered.
func soldOut(i postern.ShopItem) bool {
	for _, c := range i.Variants {
		if c.RemovedAt.IsZero() && (!c.Counted || c.Stock > 0) {
			return false
		}
	}
	return true
}
