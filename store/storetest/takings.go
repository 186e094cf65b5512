package storetest

import (
	"encoding/binary"
	"testing"
	"time"

	"postern"
	"postern/ledger"
	"postern/store"
)

// counter is a source that repeats nothing, for ids that carry their time.
type counter struct{ n *int }

func (c counter) Read(p []byte) (int, error) {
	*c.n++
	clear(p)
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(*c.n))
	copy(p[max(0, len(p)-8):], b[:])
	return len(p), nil
}

// book commits one booking of a paid payment at a time.
func (f *fixture) book(r postern.Receipt, kind postern.BookingKind, channel string, amount int64, at time.Time) {
	f.t.Helper()
	b := postern.Booking{Kind: kind, ChannelID: channel, PaymentID: r.PaymentID, ReceiptID: r.ID, Amount: amount, Currency: "CNY"}
	t, err := ledger.Make(b, r.MerchantID, postern.NewID(postern.PrefixTransaction, at, counter{&f.n}), at)
	if err != nil {
		f.t.Fatal(err)
	}
	f.commit(store.Change{MerchantID: r.MerchantID, At: at, Transactions: []ledger.Transaction{t}})
}

// testTakings holds what the money pages add up: by day, by channel, and against the balances of the same books.
func testTakings(t *testing.T, f *fixture) {
	ctx := t.Context()
	midnight := time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC) // in Shanghai
	day := func(n int) time.Time { return midnight.AddDate(0, 0, n) }
	receipt := func(merchant string) postern.Receipt {
		p := f.payment(merchant)
		a := f.attempt(p)
		r := f.receipt(a, postern.ReceiptApplied)
		f.commit(store.Change{MerchantID: merchant, Payment: p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{r}})
		return r
	}
	r, other := receipt(mine), receipt(theirs)
	f.book(r, postern.BookReceipt, "chn_1", 100, day(0))                          // the first moment of a day belongs to it
	f.book(r, postern.BookReceipt, "chn_1", 20, day(1).Add(-time.Microsecond))    // and its last
	f.book(r, postern.BookReceipt, "chn_2", 3000, day(1))                         // the next day's
	f.book(r, postern.BookRefund, "chn_2", 1000, day(1).Add(time.Hour))           //
	f.book(r, postern.BookSurplus, "chn_1", 68, day(1).Add(2*time.Hour))          //
	f.book(r, postern.BookSurplusReturn, "chn_1", 60, day(1).Add(3*time.Hour))    //
	f.book(r, postern.BookSurplusAccept, "chn_1", 8, day(1).Add(4*time.Hour))     // becomes sales without an order of its own
	f.book(r, postern.BookRefundStuck, "chn_1", 5, day(1).Add(5*time.Hour))       //
	f.book(r, postern.BookReceipt, "chn_1", 7, day(2))                            // after the period
	f.book(other, postern.BookReceipt, "chn_1", 999, day(0).Add(3*time.Hour))     // another merchant's
	f.book(r, postern.BookReceipt, "chn_1", 50000, day(0).Add(-time.Microsecond)) // before it
	f.want(must[[]store.Taking](f)(f.Takings(ctx, mine, []time.Time{day(0), day(1), day(2)})), []store.Taking{
		{Span: 0, Currency: "CNY", Orders: 2, Sold: 120}, {Span: 1, Currency: "CNY", Orders: 1, Sold: 3008, Refunded: 1000},
	})
	f.want(must[[]store.Taking](f)(f.Takings(ctx, mine, []time.Time{day(-9), day(-8)})), []store.Taking(nil))
	for _, bounds := range [][]time.Time{nil, {day(0)}, make([]time.Time, 63)} {
		_, err := f.Takings(ctx, mine, bounds)
		f.wantCode(err, postern.CodeInvalid)
	}
	f.want(must[[]store.Booked](f)(f.Booked(ctx, mine, day(0), day(2))), []store.Booked{
		{ChannelID: "chn_1", Currency: "CNY", Kind: postern.BookReceipt, Amount: 120, Count: 2}, {ChannelID: "chn_1", Currency: "CNY", Kind: postern.BookRefundStuck, Amount: -5, Count: 1},
		{ChannelID: "chn_1", Currency: "CNY", Kind: postern.BookSurplus, Amount: 68, Count: 1}, {ChannelID: "chn_1", Currency: "CNY", Kind: postern.BookSurplusReturn, Amount: -60, Count: 1},
		{ChannelID: "chn_2", Currency: "CNY", Kind: postern.BookReceipt, Amount: 3000, Count: 1}, {ChannelID: "chn_2", Currency: "CNY", Kind: postern.BookRefund, Amount: -1000, Count: 1},
	})
	sums := map[string]int64{}
	for _, b := range must[[]store.Booked](f)(f.Booked(ctx, mine, time.Time{}, time.Time{})) {
		sums[ledger.Receivable(b.ChannelID)] += b.Amount
	}
	for _, b := range must[[]ledger.Balance](f)(f.Balances(ctx, mine)) {
		if left, found := sums[b.Account]; found && left != b.Amount {
			t.Errorf("%s: the sums say %d, the balance %d", b.Account, left, b.Amount)
		}
		delete(sums, b.Account)
	}
	f.want(sums, map[string]int64{})
}

// sells commits an item of one choice with a stock.
func (f *fixture) sells(merchant string) postern.ShopItem {
	f.t.Helper()
	id := f.id(postern.PrefixItem)
	item := postern.ShopItem{MerchantID: merchant, ID: id, Token: "tok" + id, Code: "C" + id, Title: "烧饼", Currency: "CNY", CreatedAt: epoch, UpdatedAt: epoch}
	item.Variants = []postern.Variant{{MerchantID: merchant, ItemID: id, ID: f.id(postern.PrefixVariant), Price: 3000, Counted: true, Stock: 100}}
	f.commit(store.Change{MerchantID: merchant, At: epoch, Items: []postern.ShopItem{item}})
	return item
}

// orders commits an order with its buyer and its payment; edit may change it before.
func (f *fixture) orders(item postern.ShopItem, at time.Time, edit func(*postern.Order)) postern.Order {
	f.t.Helper()
	p := f.payment(item.MerchantID)
	id := postern.NewID(postern.PrefixOrder, at, counter{&f.n})
	o := postern.Order{
		MerchantID: item.MerchantID, ID: id, Number: "N" + id[len(id)-8:], Token: "tok" + id, PaymentID: p.ID, ItemID: item.ID, VariantID: item.Variants[0].ID, Title: item.Title, Quantity: 1,
		UnitPrice: 3000, Amount: 3000, Currency: "CNY", Counted: true, Delivers: true, State: postern.OrderPaid, Buyer: "hash", CreatedAt: at, UpdatedAt: at,
	}
	if edit != nil {
		edit(&o)
	}
	b := postern.OrderBuyer{MerchantID: o.MerchantID, OrderID: o.ID, Name: "王小明", Phone: "13800138000", Region: "31", Address: "南京路 1 号", CreatedAt: at}
	f.commit(store.Change{MerchantID: item.MerchantID, At: at, Payment: p, Orders: []postern.Order{o}, OrderBuyers: []postern.OrderBuyer{b}})
	o.Version = 1
	return o
}

// testWaiting counts what waits for a person, and nothing of another merchant.
func testWaiting(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.want(must[store.Waiting](f)(f.Waiting(ctx, mine)), store.Waiting{})
	for _, merchant := range []string{mine, theirs} {
		item := f.sells(merchant)
		for i, edit := range []func(*postern.Order){
			nil, nil, func(o *postern.Order) { o.ShippedAt = epoch }, func(o *postern.Order) { o.Ask = postern.AskGiven }, func(o *postern.Order) { o.Ask = postern.AskOpen },
			func(o *postern.Order) { o.State = postern.OrderWaiting }, func(o *postern.Order) { o.State = postern.OrderEnded },
		} {
			f.orders(item, epoch.Add(time.Duration(i)*time.Minute), edit)
		}
	}
	_, a, r := f.paid(mine)
	extra, late := f.receipt(a, postern.ReceiptSurplus), f.receipt(a, postern.ReceiptSurplus)
	held := postern.Surplus{MerchantID: mine, ID: f.id(postern.PrefixSurplus), PaymentID: r.PaymentID, ReceiptID: extra.ID, ChannelID: "chn_1", Reason: postern.SurplusMismatch, Amount: 1, Currency: "CNY",
		Status: postern.SurplusHeld, CreatedAt: epoch, UpdatedAt: epoch}
	given := held
	given.ID, given.ReceiptID, given.Status = f.id(postern.PrefixSurplus), late.ID, postern.SurplusRefunded
	stuck, failed, again, other := f.refund(r, 10), f.refund(r, 20), f.refund(r, 20), f.refund(extra, 1)
	stuck.Status, failed.Status, again.Status, other.Status = postern.RefundStuck, postern.RefundFailed, postern.RefundRefunded, postern.RefundFailed
	p := f.payment(mine)
	lost, live := f.attempt(p), f.attempt(p)
	lost.Status = postern.AttemptUnknown
	f.commit(store.Change{MerchantID: mine, Receipts: []postern.Receipt{extra, late}, Surpluses: []postern.Surplus{held, given}, Refunds: []postern.Refund{stuck, failed, again, other}})
	f.commit(store.Change{MerchantID: mine, Payment: p, Attempts: []postern.Attempt{lost, live}})
	f.want(must[store.Waiting](f)(f.Waiting(ctx, mine)), store.Waiting{ToShip: 3, Asked: 1, Held: 1, Stuck: 1, Failed: 1, Unknown: 1})
	f.want(must[store.Waiting](f)(f.Waiting(ctx, theirs)), store.Waiting{ToShip: 3, Asked: 1})
	f.want(must[[]store.Stuck](f)(f.StuckRefunds(ctx, mine)), []store.Stuck{{ChannelID: "chn_1", Currency: "CNY", Amount: 10, Count: 1}})
	page := store.Page{Limit: 10}
	surpluses, next, err := f.HeldSurpluses(ctx, mine, page)
	held.Version = 1
	f.want([]any{surpluses, next, err}, []any{[]postern.Surplus{held}, "", nil})
	refunds, next, err := f.WrongRefunds(ctx, mine, page)
	stuck.Version, other.Version = 1, 1
	f.want([]any{refunds, next, err}, []any{[]postern.Refund{other, stuck}, "", nil})
	attempts, next, err := f.UnknownAttempts(ctx, mine, page)
	lost.Version = 1
	f.want([]any{attempts, next, err}, []any{[]postern.Attempt{lost}, "", nil})
}

// testOrderPeriods holds the lists of orders by period and by number, and who ordered.
func testOrderPeriods(t *testing.T, f *fixture) {
	ctx := t.Context()
	item, foreign := f.sells(mine), f.sells(theirs)
	var all []postern.Order
	for i := range 5 {
		all = append(all, f.orders(item, epoch.Add(time.Duration(i)*time.Hour), nil))
	}
	other := f.orders(foreign, epoch, nil)
	list, next, err := f.OrdersBetween(ctx, mine, store.OrdersToShip, epoch.Add(time.Hour), epoch.Add(4*time.Hour), store.Page{Limit: 2})
	f.want([]any{list, next, err}, []any{[]postern.Order{all[3], all[2]}, all[2].ID, nil})
	list, next, err = f.OrdersBetween(ctx, mine, store.OrdersToShip, epoch.Add(time.Hour), epoch.Add(4*time.Hour), store.Page{Limit: 2, After: next})
	f.want([]any{list, next, err}, []any{[]postern.Order{all[1]}, "", nil})
	list, _, err = f.OrdersBetween(ctx, mine, store.OrdersAll, time.Time{}, time.Time{}, store.Page{Limit: 10})
	f.want([]any{len(list), err}, []any{5, nil})
	_, _, err = f.OrdersBetween(ctx, mine, "lost", time.Time{}, time.Time{}, store.Page{Limit: 10})
	f.wantCode(err, postern.CodeInvalid)
	f.want(must[[]postern.Order](f)(f.OrdersByNumber(ctx, mine, []string{all[1].Number, other.Number, "none"})), []postern.Order{all[1]})
	f.want(must[[]postern.Order](f)(f.OrdersByNumber(ctx, mine, nil)), []postern.Order(nil))
	buyers := must[map[string]postern.OrderBuyer](f)(f.OrderBuyers(ctx, mine, []string{all[0].ID, other.ID}))
	f.want([]any{len(buyers), buyers[all[0].ID].Phone}, []any{1, "13800138000"})
	_, err = f.OrderBuyers(ctx, mine, make([]string, 501))
	f.wantCode(err, postern.CodeInvalid)
	_, err = f.OrdersByNumber(ctx, mine, make([]string, 501))
	f.wantCode(err, postern.CodeInvalid)
}
