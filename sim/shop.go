package sim

import (
	"context"
	"fmt"

	"postern"
	"postern/engine"
	"postern/store"
)

// Shopkeeper is who acts in the console.
var Shopkeeper = engine.Actor{StaffOwnerID: "platform", StaffID: "stf_sim", Who: "老王"}

// Stall puts an item on sale: so many pieces at 68 yuan, delivered for 8.
func (w *World) Stall(ctx context.Context, pieces, perBuyer int64) (postern.ShopItem, error) {
	return w.Engine.CreateItem(ctx, Shopkeeper, w.Merchant.ID, engine.ItemInput{
		Title: "烧饼礼盒", Description: "当天现烤", Delivers: true, DeliveryFee: 800, PerBuyer: perBuyer, Variants: []engine.VariantInput{{Price: 6800, Counted: true, Stock: pieces}},
	})
}

// Order is what a buyer with this number sends for an item; a visit is one look at its page.
func (w *World) Order(ctx context.Context, item postern.ShopItem, visit, phone string, quantity int64) (postern.Order, error) {
	return w.Engine.PlaceOrder(ctx, item.MerchantID, item.ID, engine.OrderInput{
		Visit: visit, VariantID: item.Variants[0].ID, Quantity: quantity, UnitPrice: item.Variants[0].Price, DeliveryFee: item.DeliveryFee, Name: "李雷", Phone: phone, Region: "44",
		Address: "深南大道 1 号",
	})
}

// CheckShop holds the stock of every counted choice against the orders: what an order holds or has bought is what the choice says, no buyer counts more than that,
// and every order says what its payment says. Pieces is what was ever put on sale, by choice.
func CheckShop(ctx context.Context, s *store.Store, merchantID string, pieces map[string]int64) error {
	held, sold := map[string]int64{}, map[string]int64{}
	page := store.Page{Limit: 100}
	for {
		orders, next, err := s.Orders(ctx, merchantID, store.OrdersAll, page)
		if err != nil {
			return err
		}
		for _, o := range orders {
			p, err := s.Payment(ctx, merchantID, o.PaymentID)
			if err != nil {
				return err
			}
			if _, _, changed := postern.FollowOrder(o, p.Status); changed {
				return fmt.Errorf("order %s is %s and its payment %s", o.Number, o.State, p.Status)
			}
			switch o.State {
			case postern.OrderWaiting:
				held[o.VariantID] += o.Quantity
			case postern.OrderPaid:
				sold[o.VariantID] += o.Quantity - o.Restocked
			}
		}
		if next == "" {
			break
		}
		page.After = next
	}
	page = store.Page{Limit: 100}
	for {
		items, next, err := s.Items(ctx, merchantID, page)
		if err != nil {
			return err
		}
		for _, i := range items {
			for _, v := range i.Variants {
				if v.Counted && (v.Held != held[v.ID] || v.Sold != sold[v.ID] || v.Stock+v.Held+v.Sold != pieces[v.ID]) {
					return fmt.Errorf("of %d pieces %d are left, %d held, %d sold; the orders hold %d and have bought %d", pieces[v.ID], v.Stock, v.Held, v.Sold, held[v.ID], sold[v.ID])
				}
			}
		}
		if next == "" {
			return nil
		}
		page.After = next
	}
}
