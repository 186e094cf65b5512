package console

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
)

// itemForm is what a seller types of an item, as it was typed. It comes back with the page when something is refused.
type itemForm struct {
	Form        string
	Version     int64
	Title       string
	Description string
	Choices     []choiceForm
	PerBuyer    string
	From        string // datetime-local in the merchant's zone
	Until       string
	Delivers    bool
	Regions     []string
	Fee         string
	More        bool // the button for one more choice was pressed
}

// choiceForm is one line of a choice. Stock is for a new one; later it is moved, not written.
type choiceForm struct {
	ID      string
	Name    string
	Price   string
	Counted bool
	Stock   string
	Off     bool // to be taken off
	// Left, Held and Sold are where the pieces of one that is there are.
	Left, Held, Sold int64
}

// blank is a line that nobody has filled in.
func (c choiceForm) blank() bool { return c.ID == "" && c.Name == "" && c.Price == "" && c.Stock == "" }

// New says that the choice is not there yet.
func (c choiceForm) New() bool { return c.ID == "" }

// maxChoices bounds what is read of a form; the engine's bound is below it.
const maxChoices = 40

// freshForm is the form of a new item: delivered everywhere, one price, counted.
func freshForm(token string) itemForm {
	return itemForm{Form: token, Choices: []choiceForm{{Counted: true}}, Delivers: true, Regions: allRegions()}
}

func allRegions() []string {
	list := make([]string, len(postern.Regions))
	for i, r := range postern.Regions {
		list[i] = r.Code
	}
	return list
}

// formOf is an item as its form shows it.
func formOf(v *visit, i postern.ShopItem) itemForm {
	f := itemForm{
		Version: i.Version, Title: i.Title, Description: i.Description, Delivers: i.Delivers, Regions: slices.Clone(i.Regions), From: localText(i.SaleFrom, v.Zone), Until: localText(i.SaleUntil, v.Zone),
		Fee: postern.FormatDecimal(i.DeliveryFee, i.Currency),
	}
	if len(i.Regions) == 0 {
		f.Regions = allRegions()
	}
	if i.PerBuyer > 0 {
		f.PerBuyer = strconv.FormatInt(i.PerBuyer, 10)
	}
	for _, c := range i.Variants {
		if c.RemovedAt.IsZero() {
			f.Choices = append(f.Choices, choiceForm{ID: c.ID, Name: c.Name, Price: postern.FormatDecimal(c.Price, i.Currency), Counted: c.Counted, Left: c.Stock, Held: c.Held, Sold: c.Sold})
		}
	}
	return f
}

// readItemForm reads a form as it was typed. Choices come as parallel fields, one value a line; what a checkbox says names its line.
func readItemForm(r *http.Request) itemForm {
	q := r.PostForm
	f := itemForm{
		Form: q.Get("form"), Title: q.Get("title"), Description: q.Get("description"), PerBuyer: q.Get("per_buyer"), From: q.Get("sale_from"), Until: q.Get("sale_until"),
		Delivers: q.Get("delivers") != "", Regions: q["regions"], Fee: strings.TrimSpace(q.Get("delivery_fee")), More: q.Get("do") == "more",
	}
	f.Version, _ = strconv.ParseInt(q.Get("version"), 10, 64) // none is none that is there: the change is refused as stale
	switch q.Get("where") {
	case "all":
		f.Regions = allRegions()
	case "none":
		f.Regions = nil
	}
	if len(f.Regions) > len(postern.Regions) {
		f.Regions = f.Regions[:len(postern.Regions)]
	}
	at := func(field string, i int) string {
		if list := q[field]; i < len(list) {
			return strings.TrimSpace(list[i])
		}
		return ""
	}
	for i := range min(len(q["price"]), maxChoices) {
		line := strconv.Itoa(i)
		f.Choices = append(f.Choices, choiceForm{
			ID: at("variant", i), Name: at("name", i), Price: at("price", i), Stock: at("stock", i), Counted: slices.Contains(q["counted"], line), Off: slices.Contains(q["off"], line),
		})
	}
	return f
}

const localForm = "2006-01-02T15:04"

// localTime reads a date and time as browsers send them, in the merchant's zone; empty is none.
func localTime(typed string, zone *time.Location) (time.Time, bool) {
	typed = strings.TrimSpace(typed)
	if typed == "" {
		return time.Time{}, true
	}
	for _, form := range []string{localForm, localForm + ":05"} { // some browsers send seconds
		if t, err := time.ParseInLocation(form, typed, zone); err == nil && t.Year() >= 1990 && t.Year() < 2200 {
			return t, true
		}
	}
	return time.Time{}, false
}

func localText(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(localForm)
}

// itemPage is the editor, phone first: pictures, title, price and stock; the rest folded below.
type itemPage struct {
	W        *itemWords
	ID       string // empty for a new item
	F        itemForm
	Action   string
	Pictures []pictureTile
	Room     int // how many more pictures fit
	Upload   string
	Regions  []regionBox
	Where    string // which of the two quick choices stands: all, some
	Share    string
	Stock    string
	Stocks   []stockRow
	Form     string // makes a stock form that is sent twice one change
	Moved    string // what the last change of stock led to
	Removed  string
	IsGone   bool
	Error    string
	Zone     string
	Folded   bool // the rest of the form is as it is usually
}

func (itemPage) template() string { return "item" }

type pictureTile struct {
	URL   string
	Act   string
	First bool
	N     int
}

type regionBox struct {
	Code string
	Name string
	On   bool
}

// stockRow is one counted choice with where its pieces are.
type stockRow struct {
	ID         string
	Name       string
	Left       int64
	Held, Sold int64
}

const maxPictures = 9

// editorOf makes the editor of an item, or of none yet, around a form.
func (h *Handler) editorOf(v *visit, i postern.ShopItem, f itemForm) itemPage {
	p := itemPage{W: itemWordsOf(v.Lang), ID: i.ID, F: f, Action: v.path("/items/new"), Room: maxPictures, Zone: v.Now.In(v.Zone).Format("-07:00")}
	if len(p.F.Choices) == 0 {
		p.F.Choices = []choiceForm{{Counted: true}}
	}
	for _, one := range postern.Regions {
		p.Regions = append(p.Regions, regionBox{one.Code, v.Lang.Pick(one.ZH, one.EN), slices.Contains(f.Regions, one.Code)})
	}
	p.Where = "some"
	if len(f.Regions) == len(postern.Regions) {
		p.Where = "all"
	}
	p.Folded = f.Delivers && p.Where == "all" && (f.Fee == "" || f.Fee == "0.00") && f.PerBuyer == "" && f.From == "" && f.Until == ""
	if i.ID == "" {
		return p
	}
	at := v.path("/items/" + i.ID)
	p.Action, p.Upload, p.Share, p.Stock, p.Removed = at, at+"/pictures", at+"/share", at+"/stock", at+"/removed"
	p.IsGone, p.Room = !i.RemovedAt.IsZero(), max(0, maxPictures-len(i.Pictures))
	for n, one := range i.Pictures {
		p.Pictures = append(p.Pictures, pictureTile{URL: pictureURL(v, i.ID, one.ID), Act: pictureURL(v, i.ID, one.ID), First: n == 0, N: n + 1})
	}
	for _, c := range i.Variants {
		if c.RemovedAt.IsZero() && c.Counted {
			p.Stocks = append(p.Stocks, stockRow{ID: c.ID, Name: c.Name, Left: c.Stock, Held: c.Held, Sold: c.Sold})
		}
	}
	return p
}
