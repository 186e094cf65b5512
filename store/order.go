package store

import (
	"context"

	"postern"
)

const orderColumns = "merchant_id, id, version, number, token, payment_id, item_id, variant_id, title, variant, quantity, unit_price, delivery_fee, amount, currency, counted, delivers, state, " +
	"buyer, carrier, tracking, shipped_at, ask, ask_reason, ask_answer, asked_at, answered_at, restocked, created_at, updated_at"

const selectOrder = "SELECT " + orderColumns + " FROM shop_order WHERE merchant_id = $1"

const orderBuyerColumns = "merchant_id, order_id, name, phone, region, address, note, created_at"

const auditColumns = "merchant_id, id, staff_owner_id, staff_id, who, act, object_id, detail, created_at"

func scanOrder(r Row) (postern.Order, error) {
	var o postern.Order
	err := r.Scan(&o.MerchantID, &o.ID, &o.Version, &o.Number, &o.Token, &o.PaymentID, &o.ItemID, &o.VariantID, &o.Title, &o.Variant, &o.Quantity, &o.UnitPrice, &o.DeliveryFee, &o.Amount,
		&o.Currency, flag(&o.Counted), flag(&o.Delivers), &o.State, &o.Buyer, &o.Carrier, &o.Tracking, at(&o.ShippedAt), &o.Ask, &o.AskReason, &o.AskAnswer, at(&o.AskedAt), at(&o.AnsweredAt),
		&o.Restocked, at(&o.CreatedAt), at(&o.UpdatedAt))
	return o, err
}

// saveShop saves what a step of the shop changes: after the payment, so that every step takes its rows in one order.
func saveShop(ctx context.Context, tx Tx, c Change) error {
	for _, save := range []func() error{
		func() error { return each(ctx, tx, c.Brands, saveBrand) },
		func() error { return each(ctx, tx, c.Items, saveItem) },
		func() error { return each(ctx, tx, c.Pictures, insertPicture) },
		func() error { return each(ctx, tx, c.PicturesGone, dropPicture(c.MerchantID)) },
		func() error { return each(ctx, tx, c.PicturesPlaced, placePicture) },
		func() error { return each(ctx, tx, c.Orders, saveOrder) },
		func() error { return each(ctx, tx, c.OrderBuyers, insertOrderBuyer) },
		func() error {
			return each(ctx, tx, c.Limits, func(ctx context.Context, tx Tx, m postern.BuyerMove) error {
				return moveBuyer(ctx, tx, c.MerchantID, m)
			})
		},
		func() error {
			return each(ctx, tx, c.Stock, func(ctx context.Context, tx Tx, m postern.StockMove) error {
				return moveStock(ctx, tx, c.MerchantID, m)
			})
		},
		func() error { return each(ctx, tx, c.Audits, insertAudit) },
	} {
		if err := save(); err != nil {
			return err
		}
	}
	return nil
}

// saveOrder inserts an order with its address and number, or changes what may change of it. What was agreed never does.
func saveOrder(ctx context.Context, tx Tx, o postern.Order) error {
	if o.Version != 0 {
		return mustChange(ctx, tx, stale("order", o.ID), `UPDATE shop_order SET version = version + 1, state = $4, carrier = $5, tracking = $6, shipped_at = $7, ask = $8, ask_reason = $9,
			ask_answer = $10, asked_at = $11, answered_at = $12, restocked = $13, updated_at = $14 WHERE merchant_id = $1 AND id = $2 AND version = $3`, o.MerchantID, o.ID, o.Version, o.State,
			o.Carrier, o.Tracking, micros(o.ShippedAt), o.Ask, o.AskReason, o.AskAnswer, micros(o.AskedAt), micros(o.AnsweredAt), o.Restocked, micros(o.UpdatedAt))
	}
	_, err := tx.Exec(ctx, insertInto("shop_order", orderColumns), o.MerchantID, o.ID, 1, o.Number, o.Token, o.PaymentID, o.ItemID, o.VariantID, o.Title, o.Variant, o.Quantity, o.UnitPrice,
		o.DeliveryFee, o.Amount, o.Currency, bit(o.Counted), bit(o.Delivers), o.State, o.Buyer, o.Carrier, o.Tracking, micros(o.ShippedAt), o.Ask, o.AskReason, o.AskAnswer, micros(o.AskedAt),
		micros(o.AnsweredAt), o.Restocked, micros(o.CreatedAt), micros(o.UpdatedAt))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "INSERT INTO order_address (token, merchant_id, order_id) VALUES ($1, $2, $3)", o.Token, o.MerchantID, o.ID); err != nil {
		return err
	}
	return insertCode(ctx, tx, postern.ShortCode{Code: o.Number, MerchantID: o.MerchantID, Kind: postern.CodeOfOrder, ObjectID: o.ID, Token: o.Token, CreatedAt: o.CreatedAt})
}

func insertOrderBuyer(ctx context.Context, tx Tx, b postern.OrderBuyer) error {
	_, err := tx.Exec(ctx, insertInto("order_buyer", orderBuyerColumns), b.MerchantID, b.OrderID, b.Name, b.Phone, b.Region, b.Address, b.Note, micros(b.CreatedAt))
	return err
}

func insertAudit(ctx context.Context, tx Tx, a postern.Audit) error {
	_, err := tx.Exec(ctx, insertInto("audit", auditColumns), a.MerchantID, a.ID, a.StaffOwnerID, a.StaffID, a.Who, a.Act, a.ObjectID, a.Detail, micros(a.CreatedAt))
	return err
}

func dropPicture(merchantID string) func(context.Context, Tx, postern.Picture) error {
	return func(ctx context.Context, tx Tx, p postern.Picture) error {
		_, err := tx.Exec(ctx, "DELETE FROM picture WHERE merchant_id = $1 AND item_id = $2 AND id = $3", merchantID, p.ItemID, p.ID)
		return err
	}
}

// Order returns one order, or postern.CodeNotFound.
func (s *Store) Order(ctx context.Context, merchantID, id string) (postern.Order, error) {
	return one(ctx, s.reader(), "Order", "order", scanOrder, selectOrder+" AND id = $2", merchantID, id)
}

// OrderByToken returns the order of an address, or postern.CodeNotFound. An order's number is a ShortCode that leads to its token.
func (s *Store) OrderByToken(ctx context.Context, token string) (postern.Order, error) {
	owner, id, err := s.addressed(ctx, "order", token)
	if err != nil {
		return postern.Order{}, err
	}
	return s.Order(ctx, owner, id)
}

// OrderBuyer returns who ordered, or postern.CodeNotFound when retention has deleted it.
func (s *Store) OrderBuyer(ctx context.Context, merchantID, orderID string) (postern.OrderBuyer, error) {
	return one(ctx, s.reader(), "OrderBuyer", "buyer", scanOrderBuyer, "SELECT "+orderBuyerColumns+" FROM order_buyer WHERE merchant_id = $1 AND order_id = $2", merchantID, orderID)
}

// OrderList says which orders a list holds.
type OrderList string

// Lists of orders: all, what waits for money, what is paid and to be shipped, what was shipped, what a buyer wants back and nobody has answered.
const (
	OrdersAll     OrderList = ""
	OrdersWaiting OrderList = "waiting"
	OrdersToShip  OrderList = "to_ship"
	OrdersShipped OrderList = "shipped"
	OrdersAsked   OrderList = "asked"
)

var orderLists = map[OrderList]string{
	OrdersAll: "", OrdersWaiting: " AND state = 'waiting'", OrdersToShip: " AND state = 'paid' AND shipped_at = 0 AND ask <> 'given'",
	OrdersShipped: " AND state = 'paid' AND shipped_at > 0", OrdersAsked: " AND ask = 'open'",
}

// Orders lists newest first; next is the id to go on after, "" at the end. A list that does not exist is postern.CodeInvalid.
func (s *Store) Orders(ctx context.Context, merchantID string, which OrderList, page Page) (list []postern.Order, next string, err error) {
	where, ok := orderLists[which]
	if !ok {
		return nil, "", postern.Invalid("list", postern.CodeInvalid, "there is no such list of orders", "leave it out for all")
	}
	return paged(ctx, s.reader(), "Orders", page, func(o postern.Order) string { return o.ID }, scanOrder, selectOrder+where, merchantID)
}

// Audits lists a merchant's (or a partner's own) acts, newest first; next is the id to go on after, "" at the end.
func (s *Store) Audits(ctx context.Context, merchantID string, page Page) (list []postern.Audit, next string, err error) {
	scan := func(r Row) (a postern.Audit, err error) {
		err = r.Scan(&a.MerchantID, &a.ID, &a.StaffOwnerID, &a.StaffID, &a.Who, &a.Act, &a.ObjectID, &a.Detail, at(&a.CreatedAt))
		return a, err
	}
	return paged(ctx, s.reader(), "Audits", page, func(a postern.Audit) string { return a.ID }, scan, "SELECT "+auditColumns+" FROM audit WHERE merchant_id = $1", merchantID)
}
