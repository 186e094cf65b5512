package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"postern"
	"postern/store"
)

// Bounds of an order. Pieces are held for orderExpiry and no longer, because others want them too.
const (
	orderExpiry    = 15 * time.Minute
	maxPieces      = 9999
	maxBuyerName   = 40
	maxAddress     = 200
	maxOrderNote   = 200
	visitOfOrder   = "order_visit"
	orderRequestOf = "order " // the API takes no key with a blank in it
)

// OrderInput is what a buyer sends. UnitPrice and DeliveryFee are what the buyer saw, in minor units: they decide nothing, and an order at other prices is refused.
type OrderInput struct {
	Visit       string
	VariantID   string
	Quantity    int64
	UnitPrice   int64
	DeliveryFee int64
	Name        string
	Phone       string
	Region      string
	Address     string
	Note        string
}

// PlaceOrder makes an order and its payment, and holds its pieces, in one commit. The same visit again finds the order that it made. Errors: CodeInvalid with the
// field, CodeNotOnSale, CodePriceChanged, CodeSoldOut, CodeLimitReached; none of them leaves anything.
func (e *Engine) PlaceOrder(ctx context.Context, merchantID, itemID string, in OrderInput) (postern.Order, error) {
	if !postern.CheckID("", in.Visit) {
		return postern.Order{}, postern.Invalid("visit", postern.CodeInvalid, "the visit is none of ours", "open the item again")
	}
	item, err := e.Store.Item(ctx, merchantID, itemID)
	if err != nil {
		return postern.Order{}, err
	}
	print := hashOf("order", item.ID, in.Visit)
	request, _, err := e.Store.BeginRequest(ctx, store.Request{MerchantID: merchantID, Key: orderRequestOf + in.Visit, Fingerprint: print, CreatedAt: e.now()})
	if err != nil {
		return postern.Order{}, err
	}
	switch {
	case request.Fingerprint != print:
		return postern.Order{}, postern.Invalid("visit", postern.CodeInvalid, "the visit is of another item", "open the item again")
	case request.Done:
		return e.Store.Order(ctx, merchantID, request.ObjectID)
	}
	order, err := e.placeOrder(ctx, item, in, request)
	if err != nil && postern.CodeOf(err) != postern.CodeCommitUnknown && postern.CodeOf(err) != postern.CodeInternal {
		if dropErr := e.Store.DropRequest(ctx, merchantID, request.Key); dropErr != nil {
			return order, dropErr
		}
	}
	return order, err
}

func hashOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// placeOrder tries numbers that follow from the visit, so that the same visit at the same time on another node meets its own number and not a second order.
func (e *Engine) placeOrder(ctx context.Context, item postern.ShopItem, in OrderInput, request store.Request) (postern.Order, error) {
	now := e.now()
	variant, buyer, err := e.checkOrder(item, &in, now)
	if err != nil {
		return postern.Order{}, err
	}
	merchant, err := e.Store.Merchant(ctx, item.MerchantID)
	if err != nil {
		return postern.Order{}, err
	}
	var last error
	for try := range maxTries {
		sum := sha256.Sum256([]byte(hashOf("number", item.ID, in.Visit, itoa(try))))
		number := postern.NewShortCode(bytes.NewReader(sum[:]))
		order := e.newOrder(item, variant, in, number, buyer.Phone, now)
		change, err := e.orderChange(merchant, order, buyer, in.Visit, now)
		if err != nil {
			return postern.Order{}, err
		}
		change.Limits[0].Limit = item.PerBuyer
		done := request
		done.ObjectID, done.Done = order.ID, true
		change.Request = &done
		if last = e.commit(ctx, change); last == nil {
			order.Version = 1
			return order, nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return postern.Order{}, last
		}
		other, err := e.Store.PaymentByReference(ctx, item.MerchantID, number)
		if err == nil && other.Metadata[visitOfOrder] == in.Visit {
			return e.Store.Order(ctx, item.MerchantID, other.OrderID)
		}
	}
	return postern.Order{}, last
}

func (e *Engine) newOrder(item postern.ShopItem, v postern.Variant, in OrderInput, number, phone string, now time.Time) postern.Order {
	return postern.Order{
		MerchantID: item.MerchantID, ID: e.newID(postern.PrefixOrder), Number: number, Token: postern.NewToken(e.Env.Rand), PaymentID: e.newID(postern.PrefixPayment), ItemID: item.ID,
		VariantID: v.ID, Title: item.Title, Variant: v.Name, Quantity: in.Quantity, UnitPrice: v.Price, DeliveryFee: item.DeliveryFee, Amount: in.Quantity*v.Price + item.DeliveryFee,
		Currency: item.Currency, Counted: v.Counted, Delivers: item.Delivers, State: postern.OrderWaiting, Buyer: postern.BuyerKey(item.MerchantID, item.ID, phone), CreatedAt: now, UpdatedAt: now,
	}
}

// orderChange is the commit of a new order: the order with its buyer, the payment with its deadline, the held pieces and the buyer's count.
func (e *Engine) orderChange(merchant postern.Merchant, o postern.Order, b postern.OrderBuyer, visit string, now time.Time) (store.Change, error) {
	name := o.Title
	if o.Variant != "" {
		name += " · " + o.Variant
	}
	lines := []postern.Item{{Name: cut(name, maxDescription), Quantity: o.Quantity, Amount: o.Quantity * o.UnitPrice}}
	if o.DeliveryFee > 0 {
		lines = append(lines, postern.Item{Name: "运费 delivery", Quantity: 1, Amount: o.DeliveryFee})
	}
	if o.Quantity > 1 {
		name = cut(name, maxDescription-8) + fmt.Sprintf(" × %d", o.Quantity)
	}
	in := CreateInput{
		Reference: o.Number, Amount: o.Amount, Currency: o.Currency, Description: cut(name, maxDescription), ReturnURL: e.OrderURL(o.Token), Items: lines,
		LatePayment: postern.LateAccept, ExpiresAt: now.Add(orderExpiry),
		Metadata: map[string]string{"order_id": o.ID, "order_number": o.Number, "item_id": o.ItemID, visitOfOrder: visit},
	}
	if err := e.checkCreate(&in, now); err != nil {
		return store.Change{}, err
	}
	change := e.paymentChange(merchant, in, o.PaymentID, now)
	change.Payment.OrderID = o.ID
	b.OrderID = o.ID
	change.Orders, change.OrderBuyers = []postern.Order{o}, []postern.OrderBuyer{b}
	change.Limits = []postern.BuyerMove{{ItemID: o.ItemID, Buyer: o.Buyer, Quantity: o.Quantity}}
	if o.Counted {
		change.Stock = []postern.StockMove{{ItemID: o.ItemID, VariantID: o.VariantID, Stock: -o.Quantity, Held: o.Quantity}}
	}
	return change, nil
}

// cut shortens a text to so many characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// checkOrder holds what a buyer sent against the item as it is now, and cleans it.
func (e *Engine) checkOrder(item postern.ShopItem, in *OrderInput, now time.Time) (postern.Variant, postern.OrderBuyer, error) {
	var b postern.OrderBuyer
	if !item.OnSale(now) {
		return postern.Variant{}, b, &postern.Error{Code: postern.CodeNotOnSale, Op: "engine.PlaceOrder", Message: "the item is not on sale", ID: item.ID}
	}
	v, ok := item.Variant(in.VariantID)
	if !ok {
		return v, b, postern.Invalid("variant", postern.CodeInvalid, "there is no such choice", "choose one of the page")
	}
	if in.Quantity < 1 || in.Quantity > maxPieces || in.Quantity > (postern.MaxAmount-item.DeliveryFee)/v.Price {
		return v, b, postern.Invalid("quantity", postern.CodeInvalid, "the quantity must be a number from 1 to 9999", "ask the seller about larger orders")
	}
	if in.UnitPrice != v.Price || in.DeliveryFee != item.DeliveryFee {
		return v, b, &postern.Error{Code: postern.CodePriceChanged, Op: "engine.PlaceOrder", Message: "the price is another now", Field: "unit_price", Fix: "look at the item again", ID: item.ID}
	}
	if v.Counted && in.Quantity > v.Stock { // the commit decides; this spares it when the answer is known
		return v, b, &postern.Error{Code: postern.CodeSoldOut, Op: "engine.PlaceOrder", Message: "there are not so many pieces left", Field: "quantity", ID: v.ID}
	}
	phone, ok := postern.ParsePhone(in.Phone)
	if !ok {
		return v, b, postern.Invalid("phone", postern.CodeInvalid, "the phone number is missing or none", "send 7 to 15 digits")
	}
	b = postern.OrderBuyer{
		MerchantID: item.MerchantID, Name: strings.TrimSpace(in.Name), Phone: phone, Region: in.Region, Address: strings.TrimSpace(in.Address), Note: strings.TrimSpace(in.Note), CreatedAt: now,
	}
	return v, b, checkWhere(item, b)
}

// checkWhere asks for an address where something is delivered, and takes none where nothing is.
func checkWhere(item postern.ShopItem, b postern.OrderBuyer) error {
	least := 0
	if item.Delivers {
		least = 1
	}
	if err := checkText("name", b.Name, least, maxBuyerName); err != nil {
		return err
	}
	if err := checkText("note", b.Note, 0, maxOrderNote); err != nil {
		return err
	}
	if err := checkText("address", b.Address, 5*least, maxAddress); err != nil {
		return err
	}
	if !item.Delivers {
		if b.Address != "" || b.Region != "" {
			return postern.Invalid("address", postern.CodeInvalid, "nothing is delivered", "leave the address out")
		}
		return nil
	}
	if _, ok := postern.RegionOf(b.Region); !ok {
		return postern.Invalid("region", postern.CodeInvalid, "the region is missing or none", "choose one of the page")
	}
	if len(item.Regions) > 0 && !has(item.Regions, b.Region) {
		return postern.Invalid("region", "not_delivered_there", "the seller does not deliver there", "choose another region, or ask the seller")
	}
	return nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// followOrder adds to a payment's commit what becomes of its order and its pieces.
func (e *Engine) followOrder(ctx context.Context, c *store.Change) error {
	p := c.Payment
	if p == nil || p.OrderID == "" || p.Version == 0 {
		return nil
	}
	order, err := e.Store.Order(ctx, p.MerchantID, p.OrderID)
	if err != nil {
		return err
	}
	for _, o := range c.Orders { // the step changes it too
		if o.ID == order.ID {
			return nil
		}
	}
	next, move, changed := postern.FollowOrder(order, p.Status)
	if !changed {
		return nil
	}
	next.UpdatedAt = c.At
	c.Orders = append(c.Orders, next)
	if order.Counted {
		c.Stock = append(c.Stock, move)
	}
	switch {
	case next.State == postern.OrderEnded:
		c.Limits = append(c.Limits, postern.BuyerMove{ItemID: order.ItemID, Buyer: order.Buyer, Quantity: -order.Quantity})
	case order.State == postern.OrderEnded: // paid after all: whoever has paid is not refused for a limit
		c.Limits = append(c.Limits, postern.BuyerMove{ItemID: order.ItemID, Buyer: order.Buyer, Quantity: order.Quantity})
	}
	return nil
}

// OrderURL is a buyer's page of an order.
func (e *Engine) OrderURL(token string) string { return e.PublicURL + "/o/" + token }

// ItemURL is where buyers open an item.
func (e *Engine) ItemURL(token string) string { return e.PublicURL + "/i/" + token }
