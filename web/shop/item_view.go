package shop

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern"
)

const (
	fewLeft      = 5 // from here down the page says how many are left
	maxPerOrder  = 9999
	smallPicture = "/small.jpg"
	largePicture = "/large.jpg"
	maxShareName = 40
	maxShareLine = 80
)

// itemScene is everything that the page of an item depends on.
type itemScene struct {
	base
	item    postern.ShopItem
	visit   string
	typed   typed
	known   *buyer         // whom this device remembers
	refused *postern.Error // why the form comes back
}

// remember fills the form with what this device knows, as far as this item asks for it.
func (s *itemScene) remember(who buyer) {
	s.known = &who
	s.typed.name, s.typed.phone = who.Name, who.Phone
	if s.item.Delivers {
		s.typed.region, s.typed.address = who.Region, who.Address
	}
}

// gone says that nobody will order this again: taken off, or past its end.
func (s itemScene) gone() bool {
	return !s.item.RemovedAt.IsZero() || !s.item.SaleUntil.IsZero() && !s.now.Before(s.item.SaleUntil)
}

func buildItem(s itemScene) *Page {
	p := s.shell(StateItem)
	body := Item{Title: plain(s.item.Title), Price: s.prices(), Facts: s.facts(p.W), Notice: plain(s.brand.Notice)}
	for line := range strings.SplitSeq(s.item.Description, "\n") {
		if line = plain(line); line != "" {
			body.Lines = append(body.Lines, line)
		}
	}
	for i, pic := range s.item.Pictures {
		shown := Picture{
			Small: s.at.path() + "/p/" + pic.ID + smallPicture, Large: s.at.path() + "/p/" + pic.ID + largePicture, Width: pic.Width, Height: pic.Height,
			Label: say(p.W.PictureOf, i+1, len(s.item.Pictures)),
		}
		if i == 0 {
			body.First = &shown
			continue
		}
		body.Pictures = append(body.Pictures, shown)
	}
	if body.Closed = s.closed(p.W); body.Closed == nil {
		body.Form = s.form(p.W)
		body.Form.Errors, p.Alert = s.sentences(p.W)
	}
	p.Title = body.Title
	p.Share = s.share(p.W)
	p.Share.Hidden = body.First == nil
	p.Body = body
	return p
}

// choices are the variants that are on offer.
func (s itemScene) choices() []postern.Variant {
	return slices.DeleteFunc(slices.Clone(s.item.Variants), func(v postern.Variant) bool { return !v.RemovedAt.IsZero() })
}

// prices is the one price, or the range.
func (s itemScene) prices() string {
	var low, high int64
	for _, v := range s.choices() {
		if low == 0 || v.Price < low {
			low = v.Price
		}
		high = max(high, v.Price)
	}
	if low == high {
		return money(low, s.item.Currency)
	}
	return money(low, s.item.Currency) + " – " + money(high, s.item.Currency)
}

// facts say in a few words each what a buyer wants to know before choosing.
func (s itemScene) facts(w *words) []string {
	var facts []string
	switch {
	case !s.item.Delivers:
		facts = append(facts, w.NotDelivered)
	case s.item.DeliveryFee == 0:
		facts = append(facts, w.FreeDelivery)
	default:
		facts = append(facts, say(w.DeliveryFee, money(s.item.DeliveryFee, s.item.Currency)))
	}
	if s.item.Delivers && len(s.item.Regions) > 0 {
		var names []string
		for _, code := range s.item.Regions {
			if r, ok := postern.RegionOf(code); ok {
				names = append(names, s.lang.Pick(r.ZH, r.EN))
			}
		}
		facts = append(facts, say(w.OnlyTo, strings.Join(names, s.lang.Pick("、", ", "))))
	}
	if s.item.PerBuyer > 0 {
		facts = append(facts, say(w.PerBuyer, s.item.PerBuyer))
	}
	if !s.item.SaleUntil.IsZero() && !s.gone() {
		facts = append(facts, say(w.Until, s.clock(s.item.SaleUntil)))
	}
	return facts
}

// closed says why nothing can be ordered, and what to do next; nil when something can.
func (s itemScene) closed(w *words) *Closed {
	switch {
	case s.gone():
		return &Closed{w.OverTitle, say(w.OverLine, s.shop())}
	case s.now.Before(s.item.SaleFrom):
		return &Closed{say(w.SoonTitle, s.clock(s.item.SaleFrom)), w.SoonLine}
	}
	held := false
	for _, v := range s.choices() {
		if !v.Counted || v.Stock > 0 {
			return nil
		}
		held = held || v.Held > 0
	}
	if held { // some of them may come back
		return &Closed{w.SoldOutTitle, w.SoldOutHeld}
	}
	return &Closed{w.SoldOutTitle, say(w.SoldOutLine, s.shop())}
}

// form is the order form with what was typed or remembered in it.
func (s itemScene) form(w *words) *Form {
	sign, digits := currency(s.item.Currency)
	f := &Form{
		Action: s.at.to("/order"), Forget: s.at.to("/forget"), Visit: s.visit, Fee: s.item.DeliveryFee, Sign: sign, Digits: digits, Delivers: s.item.Delivers,
		Quantity: s.typed.quantity, Name: s.typed.name, Phone: s.typed.phone, Address: s.typed.address, Note: s.typed.note, Remember: s.known != nil || s.typed.remember != "",
	}
	if n := number(f.Quantity); n < 1 || n > maxPerOrder {
		f.Quantity = "1"
	}
	f.Choices = s.tiles(w)
	if len(f.Choices) == 1 && f.Choices[0].Name == "" {
		f.Single, f.Choices = &f.Choices[0], nil
	}
	f.Most = s.most()
	f.Regions = s.regions()
	f.Delivery = w.FreeDelivery
	if s.item.DeliveryFee > 0 {
		f.Delivery = say(w.FeeAdded, money(s.item.DeliveryFee, s.item.Currency))
	}
	if s.known != nil && s.complete() {
		f.Known = s.knownLine()
	}
	f.Sum = s.sum(number(f.Quantity))
	return f
}

// tiles are the choices, the chosen one or the first that can be had marked.
func (s itemScene) tiles(w *words) []Choice {
	var tiles []Choice
	chosen := s.chosen()
	for _, v := range s.choices() {
		c := Choice{
			Value: v.ID + ":" + strconv.FormatInt(v.Price, 10), Name: plain(v.Name), Price: money(v.Price, s.item.Currency), SoldOut: v.Counted && v.Stock == 0,
			Checked: v.ID == chosen.ID,
		}
		switch {
		case c.SoldOut:
			c.Left = w.SoldOut
		case v.Counted && v.Stock <= fewLeft:
			c.Left = say(w.Left, v.Stock)
		}
		tiles = append(tiles, c)
	}
	return tiles
}

// chosen is the variant of the form, or the first that can be had.
func (s itemScene) chosen() postern.Variant {
	var first postern.Variant
	for _, v := range s.choices() {
		if v.Counted && v.Stock == 0 {
			continue
		}
		if v.ID == s.typed.variant {
			return v
		}
		if first.ID == "" {
			first = v
		}
	}
	return first
}

// most is the largest quantity that the field takes; the engine decides.
func (s itemScene) most() int64 {
	most := int64(1)
	for _, v := range s.choices() {
		if !v.Counted {
			most = maxPerOrder
		}
		most = max(most, min(v.Stock, maxPerOrder))
	}
	if s.item.PerBuyer > 0 {
		most = min(most, s.item.PerBuyer)
	}
	return most
}

func (s itemScene) regions() []Option {
	if !s.item.Delivers {
		return nil
	}
	var options []Option
	for _, r := range postern.Regions {
		if len(s.item.Regions) == 0 || slices.Contains(s.item.Regions, r.Code) {
			options = append(options, Option{r.Code, s.lang.Pick(r.ZH, r.EN), r.Code == s.typed.region})
		}
	}
	return options
}

// complete says that what this device remembers is all that this item asks for.
func (s itemScene) complete() bool {
	if !s.item.Delivers {
		return true
	}
	to := len(s.item.Regions) == 0 || slices.Contains(s.item.Regions, s.typed.region)
	return to && s.typed.region != "" && s.typed.name != "" && s.typed.address != ""
}

// knownLine shows the remembered buyer folded: on a device that somebody else may hold, the number is masked.
func (s itemScene) knownLine() string {
	phone, _ := postern.ParsePhone(s.typed.phone)
	parts := []string{plain(s.typed.name), postern.MaskPhone(phone)}
	if r, ok := postern.RegionOf(s.typed.region); ok {
		parts = append(parts, s.lang.Pick(r.ZH, r.EN), plain(s.typed.address))
	}
	return strings.TrimSpace(strings.Join(parts, " "))
}

// sum is what the order would cost; empty where it cannot be said.
func (s itemScene) sum(quantity int64) string {
	v := s.chosen()
	if v.ID == "" || quantity < 1 || quantity > (postern.MaxAmount-s.item.DeliveryFee)/v.Price {
		return ""
	}
	return money(quantity*v.Price+s.item.DeliveryFee, s.item.Currency)
}

// currency is the sign that stands before an amount, and how many digits follow the point.
func currency(code string) (sign string, digits int) {
	zero := money(0, code)
	digits, _ = postern.Exponent(code)
	return zero[:strings.IndexByte(zero, '0')], digits
}

// sentences says what was refused in words that a buyer understands: beside the field, or above the form.
func (s itemScene) sentences(w *words) (fields map[string]string, alert string) {
	e := s.refused
	if e == nil {
		return nil, ""
	}
	at := func(field, sentence string) (map[string]string, string) {
		return map[string]string{field: sentence}, ""
	}
	switch e.Code {
	case postern.CodePriceChanged:
		return nil, say(w.PriceChanged, s.sum(max(1, number(s.typed.quantity))))
	case postern.CodeSoldOut:
		if v, ok := s.item.Variant(s.typed.variant); ok && v.Stock > 0 {
			return at("quantity", say(w.OnlyLeft, v.Stock))
		}
		return nil, w.JustSoldOut
	case postern.CodeLimitReached:
		return at("quantity", say(w.LimitReached, s.item.PerBuyer))
	case postern.CodeNotOnSale:
		return nil, w.NotOnSale
	}
	switch e.Field {
	case "variant":
		return at("variant", w.BadVariant)
	case "quantity":
		return at("quantity", w.BadQuantity)
	case "name":
		return at("name", w.BadName)
	case "phone":
		return at("phone", w.BadPhone)
	case "region":
		if e.Code == "not_delivered_there" {
			return at("region", w.NotThere)
		}
		return at("region", w.BadRegion)
	case "address":
		return at("address", w.BadAddress)
	case "note":
		return at("note", w.BadNote)
	case "visit":
		return nil, w.OldForm
	}
	return nil, w.TroubleLine
}

// share is what a chat shows of the item: what, how much and whose. The picture is the item's own, at an address that does not change with it.
func (s itemScene) share(w *words) *Share {
	shop, price := clip(s.shop(), maxShareName), s.prices()
	line := clip(strings.Join(strings.Fields(plain(s.item.Description)), " "), maxShareLine)
	if utf8.RuneCountInString(line) < 2 {
		line = say(w.ShareLine, shop)
	}
	return &Share{Title: clip(plain(s.item.Title), maxShareName) + " " + price + " · " + shop, Description: line, Site: shop, URL: s.at.shared(), Image: s.at.shared() + "/card.jpg"}
}
