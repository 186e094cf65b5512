package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"regexp"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// Bounds of an item.
const (
	maxItemTitle = 60
	maxItemText  = 2000
	maxVariants  = 30
	maxVariant   = 30
	maxStock     = 10_000_000
	maxPictures  = 9
)

// ItemInput is what a seller says of an item. Amounts are in minor units.
type ItemInput struct {
	// Form makes a form for a new item that is sent twice one item; empty makes a new one each time.
	Form        string
	Title       string
	Description string
	Currency    string // only when it is made
	Delivers    bool
	Regions     []string
	DeliveryFee int64
	PerBuyer    int64
	SaleFrom    time.Time
	SaleUntil   time.Time
	Variants    []VariantInput
}

// VariantInput is one choice. An ID names one that is there; without one it is new. Stock is for a new one; ChangeStock moves it later.
type VariantInput struct {
	ID      string
	Name    string
	Price   int64
	Counted bool
	Stock   int64
}

// CreateItem commits a new item with its address and short code.
func (e *Engine) CreateItem(ctx context.Context, by Actor, merchantID string, in ItemInput) (postern.ShopItem, error) {
	if in.Currency == "" {
		in.Currency = "CNY"
	}
	if err := checkItem(&in); err != nil {
		return postern.ShopItem{}, err
	}
	token := func() string { return postern.NewToken(e.Env.Rand) }
	if in.Form != "" { // an address follows from its form, so that the second item of one form meets the first
		sum := sha256.Sum256([]byte(hashOf("item form", merchantID, in.Form)))
		token = func() string { return postern.NewToken(bytes.NewReader(sum[:])) }
	}
	var last error
	for range maxTries { // a code is short enough to be taken already
		now := e.now()
		item := postern.ShopItem{
			MerchantID: merchantID, ID: e.newID(postern.PrefixItem), Token: token(), Code: postern.NewShortCode(e.Env.Rand), Currency: in.Currency, CreatedAt: now,
		}
		if err := e.dressItem(&item, in, now); err != nil {
			return item, err
		}
		act := e.audit(by, merchantID, "item.create", item.ID, item.Title)
		if last = e.commit(ctx, store.Change{MerchantID: merchantID, At: now, Items: []postern.ShopItem{item}, Audits: []postern.Audit{act}}); last == nil {
			return e.Store.Item(ctx, merchantID, item.ID)
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			break
		}
		if in.Form == "" {
			continue
		}
		if made, err := e.Store.ItemByToken(ctx, token()); err == nil && made.MerchantID == merchantID {
			return made, nil
		}
	}
	return postern.ShopItem{}, last
}

// ChangeItem changes an item as it was seen at a version; CodeConflict when somebody else was faster. Choices that are left out are taken off; orders keep what they
// agreed.
func (e *Engine) ChangeItem(ctx context.Context, by Actor, merchantID, id string, version int64, in ItemInput) (postern.ShopItem, error) {
	item, err := e.Store.Item(ctx, merchantID, id)
	if err != nil {
		return item, err
	}
	in.Currency = item.Currency
	if err := checkItem(&in); err != nil {
		return item, err
	}
	now := e.now()
	item.Version = version
	if err := e.dressItem(&item, in, now); err != nil {
		return item, err
	}
	act := e.audit(by, merchantID, "item.change", item.ID, item.Title)
	if err := e.commit(ctx, store.Change{MerchantID: merchantID, At: now, Items: []postern.ShopItem{item}, Audits: []postern.Audit{act}}); err != nil {
		return item, err
	}
	return e.Store.Item(ctx, merchantID, id)
}

// dressItem gives an item what the seller said.
func (e *Engine) dressItem(item *postern.ShopItem, in ItemInput, now time.Time) error {
	item.Title, item.Description, item.Delivers, item.Regions, item.DeliveryFee, item.PerBuyer = in.Title, in.Description, in.Delivers, in.Regions, in.DeliveryFee, in.PerBuyer
	item.SaleFrom, item.SaleUntil, item.UpdatedAt = in.SaleFrom.UTC().Truncate(time.Microsecond), in.SaleUntil.UTC().Truncate(time.Microsecond), now
	if in.SaleFrom.IsZero() {
		item.SaleFrom = time.Time{}
	}
	if in.SaleUntil.IsZero() {
		item.SaleUntil = time.Time{}
	}
	old := map[string]postern.Variant{}
	for _, v := range item.Variants {
		old[v.ID] = v
	}
	var variants []postern.Variant
	for place, said := range in.Variants {
		v, found := old[said.ID]
		if said.ID != "" && !found {
			return postern.Invalid("variants", postern.CodeInvalid, "there is no such choice of this item", "leave the id out for a new one")
		}
		if !found {
			v = postern.Variant{MerchantID: item.MerchantID, ItemID: item.ID, ID: e.newID(postern.PrefixVariant)}
			if said.Counted {
				v.Stock = said.Stock
			}
		}
		v.Name, v.Price, v.Counted, v.Place, v.RemovedAt = said.Name, said.Price, said.Counted, int64(place), time.Time{}
		variants = append(variants, v)
		delete(old, said.ID)
	}
	for _, v := range item.Variants {
		if gone, left := old[v.ID]; left {
			if gone.RemovedAt.IsZero() {
				gone.RemovedAt = now
			}
			variants = append(variants, gone)
		}
	}
	item.Variants = variants
	return nil
}

func checkItem(in *ItemInput) error {
	in.Title, in.Description = strings.TrimSpace(in.Title), strings.TrimSpace(strings.ReplaceAll(in.Description, "\r\n", "\n"))
	if err := checkText("title", in.Title, 1, maxItemTitle); err != nil {
		return err
	}
	if err := checkText("description", strings.ReplaceAll(in.Description, "\n", " "), 0, maxItemText); err != nil {
		return err
	}
	if in.DeliveryFee < 0 || in.DeliveryFee > postern.MaxAmount/1000 {
		return postern.Invalid("delivery_fee", "amount_out_of_range", "the delivery fee must be nothing or an amount", "send 0 for free delivery")
	}
	if in.PerBuyer < 0 || in.PerBuyer > maxPieces {
		return postern.Invalid("per_buyer", postern.CodeInvalid, "the limit per buyer must be 0 to 9999", "send 0 for no limit")
	}
	if !in.SaleFrom.IsZero() && !in.SaleUntil.IsZero() && !in.SaleUntil.After(in.SaleFrom) {
		return postern.Invalid("sale_until", postern.CodeInvalid, "the sale would end before it begins", "send a later time, or none")
	}
	for _, code := range in.Regions {
		if _, ok := postern.RegionOf(code); !ok {
			return postern.Invalid("regions", postern.CodeInvalid, "there is no such region", "send codes of two digits, or none for everywhere")
		}
	}
	if len(in.Variants) == 0 || len(in.Variants) > maxVariants {
		return postern.Invalid("variants", postern.CodeInvalid, "an item has 1 to 30 choices", "send one with an empty name for an item without choices")
	}
	return checkVariants(in)
}

func checkVariants(in *ItemInput) error {
	names := map[string]bool{}
	for i := range in.Variants {
		v := &in.Variants[i]
		field := "variants[" + itoa(i) + "]"
		v.Name = strings.TrimSpace(v.Name)
		least := 1
		if len(in.Variants) == 1 {
			least = 0
		}
		if err := checkText(field+".name", v.Name, least, maxVariant); err != nil {
			return err
		}
		if names[v.Name] {
			return postern.Invalid(field+".name", postern.CodeInvalid, "two choices have one name", "name them differently")
		}
		names[v.Name] = true
		if err := postern.CheckAmount(v.Price, in.Currency); err != nil {
			return postern.Invalid(field+".price", "amount_out_of_range", "the price is missing or out of range", "send minor units, 6800 for 68.00")
		}
		if v.Stock < 0 || v.Stock > maxStock {
			return postern.Invalid(field+".stock", postern.CodeInvalid, "the stock must be 0 to 10000000", "leave counting off for what never runs out")
		}
	}
	return nil
}

// stockRequestOf begins the key of a stock form's row; the API takes no key with a blank in it.
const stockRequestOf = "stock "

// ChangeStock adds pieces to a variant's stock, or takes some off, whatever orders came since somebody looked; CodeSoldOut when there are not so many. One form moves
// the same pieces once: again is no error when that is done, and CodeInFlight while it is not.
func (e *Engine) ChangeStock(ctx context.Context, by Actor, merchantID, itemID, variantID, form string, pieces int64) error {
	if !postern.CheckID("", form) {
		return postern.Invalid("form", postern.CodeInvalid, "the form is none of ours", "open the item again")
	}
	if pieces == 0 || pieces > maxStock || pieces < -maxStock {
		return postern.Invalid("pieces", postern.CodeInvalid, "the change must be a number of pieces, not 0", "send 20 to add twenty, -3 to take three off")
	}
	item, err := e.Store.Item(ctx, merchantID, itemID)
	if err != nil {
		return err
	}
	v, ok := item.Variant(variantID)
	if !ok || !v.Counted {
		return postern.Invalid("variant", postern.CodeInvalid, "there is no such choice, or its pieces are not counted", "choose one of the item's")
	}
	print := hashOf("stock", itemID, variantID, itoa(int(pieces)), form) // a form that went back and says another number is another one
	request, fresh, err := e.Store.BeginRequest(ctx, store.Request{MerchantID: merchantID, Key: stockRequestOf + print, Fingerprint: print, CreatedAt: e.now()})
	switch {
	case err != nil || request.Done:
		return err
	case !fresh: // it may be committing at this moment, on another node
		return postern.E(postern.CodeInFlight, "engine.ChangeStock", "this change is under way")
	}
	request.ObjectID, request.Done = itemID, true
	err = e.commit(ctx, store.Change{
		MerchantID: merchantID, At: e.now(), Stock: []postern.StockMove{{ItemID: itemID, VariantID: variantID, Stock: pieces}}, Request: &request,
		Audits: []postern.Audit{e.audit(by, merchantID, "item.stock", itemID, v.Name+" "+signed(pieces))},
	})
	if err != nil && postern.CodeOf(err) != postern.CodeCommitUnknown && postern.CodeOf(err) != postern.CodeInternal {
		if dropErr := e.Store.DropRequest(ctx, merchantID, request.Key); dropErr != nil {
			return dropErr
		}
	}
	return err
}

func signed(n int64) string {
	if n > 0 {
		return "+" + itoa(int(n))
	}
	return itoa(int(n))
}

// RemoveItem takes an item off sale for good, or (back) puts it on sale again. Orders go on.
func (e *Engine) RemoveItem(ctx context.Context, by Actor, merchantID, id string, back bool) (postern.ShopItem, error) {
	item, err := e.Store.Item(ctx, merchantID, id)
	if err != nil {
		return item, err
	}
	now, what := e.now(), "item.remove"
	item.RemovedAt = now
	if back {
		item.RemovedAt, what = time.Time{}, "item.restore"
	}
	item.UpdatedAt = now
	act := e.audit(by, merchantID, what, id, item.Title)
	err = e.commit(ctx, store.Change{MerchantID: merchantID, At: now, Items: []postern.ShopItem{item}, Audits: []postern.Audit{act}})
	return item, err
}

// AddPicture adds a picture that package picture made: its two JPEGs, never what was uploaded.
func (e *Engine) AddPicture(ctx context.Context, by Actor, merchantID, itemID string, p postern.Picture) (postern.Picture, error) {
	item, err := e.Store.Item(ctx, merchantID, itemID)
	if err != nil {
		return p, err
	}
	if len(item.Pictures) >= maxPictures {
		return p, postern.Invalid("picture", postern.CodeInvalid, "an item has at most 9 pictures", "remove one first")
	}
	p.MerchantID, p.ItemID, p.ID, p.CreatedAt = merchantID, itemID, e.newID(postern.PrefixPicture), e.now()
	if n := len(item.Pictures); n > 0 {
		p.Place = item.Pictures[n-1].Place + 1
	}
	act := e.audit(by, merchantID, "item.picture", itemID, p.ID)
	return p, e.commit(ctx, store.Change{MerchantID: merchantID, At: p.CreatedAt, Pictures: []postern.Picture{p}, Audits: []postern.Audit{act}})
}

// FirstPicture puts a picture before all others of its item: it is what buyers see first, and what chats show.
func (e *Engine) FirstPicture(ctx context.Context, by Actor, merchantID, itemID, id string) error {
	item, err := e.Store.Item(ctx, merchantID, itemID)
	if err != nil {
		return err
	}
	for i, p := range item.Pictures {
		if p.ID != id {
			continue
		}
		if i == 0 {
			return nil
		}
		p.Place = item.Pictures[0].Place - 1
		act := e.audit(by, merchantID, "item.first_picture", itemID, id)
		return e.commit(ctx, store.Change{MerchantID: merchantID, At: e.now(), PicturesPlaced: []postern.Picture{p}, Audits: []postern.Audit{act}})
	}
	return postern.E(postern.CodeNotFound, "engine.FirstPicture", "the item has no such picture")
}

// RemovePicture takes a picture off; one that is not there is no error.
func (e *Engine) RemovePicture(ctx context.Context, by Actor, merchantID, itemID, id string) error {
	act := e.audit(by, merchantID, "item.remove_picture", itemID, id)
	return e.commit(ctx, store.Change{
		MerchantID: merchantID, At: e.now(), PicturesGone: []postern.Picture{{MerchantID: merchantID, ItemID: itemID, ID: id}}, Audits: []postern.Audit{act},
	})
}

var colour = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// SetBrand sets how a merchant or a partner shows itself.
func (e *Engine) SetBrand(ctx context.Context, by Actor, b postern.Brand) (postern.Brand, error) {
	b, err := checkBrand(b)
	if err != nil {
		return b, err
	}
	now := e.now()
	b.UpdatedAt = now
	if b.Version == 0 {
		b.CreatedAt = now
	}
	act := e.audit(by, b.OwnerID, "brand.set", b.OwnerID, b.Name)
	if err := e.commit(ctx, store.Change{MerchantID: b.OwnerID, At: now, Brands: []postern.Brand{b}, Audits: []postern.Audit{act}}); err != nil {
		return b, err
	}
	b.Version++
	return b, nil
}

// checkBrand writes a brand as it is stored, or says what is wrong with it.
func checkBrand(b postern.Brand) (postern.Brand, error) {
	b.Name, b.Phone, b.Notice, b.Colour = strings.TrimSpace(b.Name), strings.TrimSpace(b.Phone), strings.TrimSpace(b.Notice), strings.ToLower(b.Colour)
	for field, check := range map[string]error{
		"name": checkText("name", b.Name, 0, maxBuyerName), "phone": checkText("phone", b.Phone, 0, maxTracking), "notice": checkText("notice", b.Notice, 0, maxOrderNote),
	} {
		if check != nil {
			return b, postern.Invalid(field, postern.CodeInvalid, "the text is too long or holds a control character", "shorten it")
		}
	}
	if b.Colour != "" && !colour.MatchString(b.Colour) {
		return b, postern.Invalid("colour", postern.CodeInvalid, "the colour must be written as #rrggbb", "send #1a5c4a, or none")
	}
	return b, nil
}
