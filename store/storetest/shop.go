package storetest

import (
	"testing"
	"time"

	"postern"
	"postern/store"
)

func shopItem() postern.ShopItem {
	return postern.ShopItem{
		MerchantID: mine, ID: "itm_1", Token: "it1", Code: "ic1", Title: "烧饼", Description: "两行\n字", Currency: "CNY", Delivers: true, Regions: []string{"11", "44"}, DeliveryFee: 800, PerBuyer: 3,
		SaleFrom: epoch, SaleUntil: epoch.Add(time.Hour), CreatedAt: epoch, UpdatedAt: epoch,
		Variants: []postern.Variant{
			{MerchantID: mine, ItemID: "itm_1", ID: "var_1", Name: "十二枚", Price: 6800, Counted: true, Stock: 5},
			{MerchantID: mine, ItemID: "itm_1", ID: "var_2", Name: "六枚", Price: 3600, Place: 1},
		},
	}
}

// shopOrder is an order of the item's first choice with its payment.
func (f *fixture) shopOrder(n string, quantity int64) store.Change {
	p := f.payment(mine)
	p.OrderID = "ord_" + n
	o := postern.Order{
		MerchantID: mine, ID: "ord_" + n, Number: "no" + n, Token: "ot" + n, PaymentID: p.ID, ItemID: "itm_1", VariantID: "var_1", Title: "烧饼", Variant: "十二枚", Quantity: quantity, UnitPrice: 6800,
		DeliveryFee: 800, Amount: quantity*6800 + 800, Currency: "CNY", Counted: true, Delivers: true, State: postern.OrderWaiting, Buyer: "b1", CreatedAt: epoch, UpdatedAt: epoch,
	}
	return store.Change{
		MerchantID: mine, At: epoch, Payment: p, Orders: []postern.Order{o},
		OrderBuyers: []postern.OrderBuyer{{MerchantID: mine, OrderID: o.ID, Name: "李", Phone: "13800138000", Region: "44", Address: "路 1 号", Note: "n", CreatedAt: epoch}},
		Stock:       []postern.StockMove{{ItemID: "itm_1", VariantID: "var_1", Stock: -quantity, Held: quantity}},
		Limits:      []postern.BuyerMove{{ItemID: "itm_1", Buyer: "b1", Quantity: quantity, Limit: 3}},
		Audits:      []postern.Audit{{MerchantID: mine, ID: "aud_" + n, StaffOwnerID: mine, StaffID: "stf_1", Who: "王", Act: "x", ObjectID: o.ID, Detail: "d", CreatedAt: epoch}},
	}
}

func (f *fixture) pieces() [3]int64 {
	f.t.Helper()
	v := must[postern.ShopItem](f)(f.Item(f.t.Context(), mine, "itm_1")).Variants[0]
	return [3]int64{v.Stock, v.Held, v.Sold}
}

func testShop(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	item := shopItem()
	ok(f.Commit(ctx, store.Change{MerchantID: mine, At: epoch, Items: []postern.ShopItem{item}}))
	item.Version = 1
	f.want(must[postern.ShopItem](f)(f.ItemByToken(ctx, "it1")), item)
	f.want(must[postern.ShortCode](f)(f.ShortCode(ctx, "ic1")).Kind, postern.CodeOfItem)
	_, err := f.Item(ctx, theirs, "itm_1")
	f.wantCode(err, postern.CodeNotFound)

	first := f.shopOrder("1", 2)
	ok(f.Commit(ctx, first))
	f.want(f.pieces(), [3]int64{3, 2, 0})
	first.Orders[0].Version = 1
	f.want(must[postern.Order](f)(f.OrderByToken(ctx, "ot1")), first.Orders[0])
	f.want(must[postern.OrderBuyer](f)(f.OrderBuyer(ctx, mine, "ord_1")), first.OrderBuyers[0])
	f.want(must[postern.Payment](f)(f.Payment(ctx, mine, first.Payment.ID)).OrderID, "ord_1")
	f.wantCode(f.Commit(ctx, f.shopOrder("2", 2)), postern.CodeLimitReached) // one buyer, three at most
	greedy := f.shopOrder("3", 4)
	greedy.Limits = nil
	f.wantCode(f.Commit(ctx, greedy), postern.CodeSoldOut)
	_, err = f.Order(ctx, mine, "ord_3") // nothing of it is there
	f.wantCode(err, postern.CodeNotFound)
	_, err = f.Payment(ctx, mine, greedy.Payment.ID)
	f.wantCode(err, postern.CodeNotFound)
	f.want(f.pieces(), [3]int64{3, 2, 0})

	o := first.Orders[0]
	o.State, o.Ask, o.AskReason, o.AskedAt, o.UpdatedAt = postern.OrderPaid, postern.AskOpen, "r", epoch.Add(time.Minute), epoch.Add(time.Minute)
	paid := store.Change{MerchantID: mine, At: epoch, Orders: []postern.Order{o}, Stock: []postern.StockMove{{ItemID: "itm_1", VariantID: "var_1", Held: -2, Sold: 2}}}
	ok(f.Commit(ctx, paid))
	f.wantCode(f.Commit(ctx, paid), postern.CodeConflict) // once
	f.want(f.pieces(), [3]int64{3, 0, 2})
	testOrderLists(t, f)
	testItemChanges(t, f, item)
}

func testOrderLists(t *testing.T, f *fixture) {
	ctx := t.Context()
	waiting := f.shopOrder("4", 1)
	if err := f.Commit(ctx, waiting); err != nil {
		t.Fatal(err)
	}
	for list, want := range map[store.OrderList][]string{
		store.OrdersAll: {"ord_4", "ord_1"}, store.OrdersWaiting: {"ord_4"}, store.OrdersToShip: {"ord_1"}, store.OrdersShipped: nil, store.OrdersAsked: {"ord_1"},
	} {
		rows, next, err := f.Orders(ctx, mine, list, store.Page{Limit: 10})
		var got []string
		for _, o := range rows {
			got = append(got, o.ID)
		}
		f.want([]any{got, next, err}, []any{want, "", nil})
	}
	_, _, err := f.Orders(ctx, mine, "nonsense", store.Page{Limit: 10})
	f.wantCode(err, postern.CodeInvalid)
	audits, _, err := f.Audits(ctx, mine, store.Page{Limit: 10})
	f.want([]any{audits, err}, []any{[]postern.Audit{waiting.Audits[0], f.shopOrder("1", 1).Audits[0]}, nil})
}

// testItemChanges: counters are moved and never overwritten, whatever an editor had on the screen.
func testItemChanges(t *testing.T, f *fixture, item postern.ShopItem) {
	ctx := t.Context()
	changed := item
	changed.Title, changed.Regions, changed.UpdatedAt = "新", nil, epoch.Add(time.Minute)
	changed.Variants = append([]postern.Variant{}, item.Variants...)
	changed.Variants[0].Price, changed.Variants[0].Stock = 7000, 999
	change := store.Change{MerchantID: mine, At: epoch, Items: []postern.ShopItem{changed}}
	if err := f.Commit(ctx, change); err != nil {
		t.Fatal(err)
	}
	f.wantCode(f.Commit(ctx, change), postern.CodeConflict)
	got := must[postern.ShopItem](f)(f.Item(ctx, mine, "itm_1"))
	f.want([]any{got.Title, got.Variants[0].Price}, []any{"新", int64(7000)})
	f.want(f.pieces(), [3]int64{2, 1, 2})
	p := postern.Picture{MerchantID: mine, ItemID: "itm_1", ID: "pic_1", Width: 3, Height: 2, Large: []byte{1, 2}, Small: []byte{3}, CreatedAt: epoch}
	brand := postern.Brand{OwnerID: mine, Name: "店", Colour: "#112233", Phone: "1", Notice: "n", CreatedAt: epoch, UpdatedAt: epoch}
	if err := f.Commit(ctx, store.Change{MerchantID: mine, At: epoch, Pictures: []postern.Picture{p}, Brands: []postern.Brand{brand}}); err != nil {
		t.Fatal(err)
	}
	f.want(must[postern.Picture](f)(f.Picture(ctx, mine, "itm_1", "pic_1")), p)
	_, err := f.Picture(ctx, theirs, "itm_1", "pic_1")
	f.wantCode(err, postern.CodeNotFound)
	f.want(len(must[postern.ShopItem](f)(f.Item(ctx, mine, "itm_1")).Pictures), 1)
	brand.Version = 1
	f.want(must[postern.Brand](f)(f.BrandOf(ctx, mine)), brand)
	f.want(must[postern.Brand](f)(f.BrandOf(ctx, theirs)), postern.Brand{OwnerID: theirs})
	if err := f.Commit(ctx, store.Change{MerchantID: mine, At: epoch, PicturesGone: []postern.Picture{p}}); err != nil {
		t.Fatal(err)
	}
	_, err = f.Picture(ctx, mine, "itm_1", "pic_1")
	f.wantCode(err, postern.CodeNotFound)
	if err := f.Commit(ctx, store.Change{MerchantID: mine, At: epoch, Orders: []postern.Order{{MerchantID: theirs}}}); err == nil {
		t.Error("a change of two merchants was taken")
	}
}

// testGuesses: wrong guesses are counted before anybody compares, and the wait grows with them.
func testGuesses(t *testing.T, f *fixture) {
	ctx, now := t.Context(), epoch
	guess := func() time.Time {
		t.Helper()
		return must[time.Time](f)(f.Guess(ctx, "s", now, time.Hour, func(tries int64) time.Duration { return time.Duration(tries-1) * time.Minute }))
	}
	f.want(guess(), time.Time{})
	f.want(guess(), time.Time{})
	f.want(guess(), epoch.Add(time.Minute)) // the second cost a minute
	now = epoch.Add(time.Minute)
	f.want(guess(), time.Time{})
	f.want(guess(), epoch.Add(3*time.Minute)) // what was blocked was not counted
	if err := f.ForgiveGuesses(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	f.want(guess(), time.Time{})
	f.want(guess(), time.Time{})
	now = now.Add(2 * time.Hour)
	f.want(guess(), time.Time{})
	f.want(guess(), time.Time{}) // all was forgotten
}
