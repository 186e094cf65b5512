package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/store"
)

// faceAccount is an account at a facade as the store keeps it.
func (f *fixture) faceAccount(merchant, number string) postern.FacadeAccount {
	return postern.FacadeAccount{
		MerchantID: merchant, ID: f.id(postern.PrefixFacade), Provider: "one", Number: number, Settings: map[string]string{"卖家": "a=b&c"}, FormerChannelID: "chn_1", CreatedAt: epoch,
	}
}

func (f *fixture) faceKey(a postern.FacadeAccount) postern.FacadeKey {
	return postern.FacadeKey{
		MerchantID: a.MerchantID, AccountID: a.ID, ID: f.id(postern.PrefixFacadeKey), Keys: map[string][]byte{"own": {0, 255, 1}}, Public: map[string]string{"serial": "A1"}, NotBefore: epoch, CreatedAt: epoch,
	}
}

// faceOrder is a payment with its number at an account, as they are stored.
func (f *fixture) faceOrder(a postern.FacadeAccount, number string) postern.FacadeOrder {
	f.t.Helper()
	p, _, _ := f.paid(a.MerchantID)
	o := postern.FacadeOrder{
		MerchantID: a.MerchantID, AccountID: a.ID, Number: number, TradeNo: "trade " + number, PaymentID: p.ID, Product: "native", NotifyURL: "https://shop.example/n?a=1&b=<2>",
		ReturnURL: "https://shop.example/back", Token: "token" + p.ID, Fields: map[string]string{"passback_params": "x%3D1%26y", "名": "茶"}, Fingerprint: "print", CreatedAt: epoch,
	}
	f.commit(store.Change{MerchantID: a.MerchantID, At: epoch, FacadeOrders: []postern.FacadeOrder{o}})
	return o
}

// testFacades: accounts come back as they were written, a number leads to one account of one provider, and another merchant's are none.
func testFacades(t *testing.T, f *fixture) {
	ctx := t.Context()
	a := f.faceAccount(mine, "2026000000000001")
	k := f.faceKey(a)
	f.want(f.SaveFacade(ctx, a, k), nil)
	a.Version = 1
	f.want(must[postern.FacadeAccount](f)(f.Facade(ctx, mine, a.ID)), a)
	f.want(must[postern.FacadeAccount](f)(f.FacadeByNumber(ctx, "one", a.Number)), a)
	for _, other := range [][2]string{{"two", a.Number}, {"one", a.Number + "0"}, {"one", ""}} {
		_, err := f.FacadeByNumber(ctx, other[0], other[1])
		f.wantCode(err, postern.CodeNotFound)
	}
	taken := f.faceAccount(theirs, a.Number)
	f.wantCode(f.SaveFacade(ctx, taken), postern.CodeConflict)
	_, err := f.Facade(ctx, theirs, taken.ID)
	f.wantCode(err, postern.CodeNotFound) // the refused account left nothing
	taken.Provider = "two"
	f.want(f.SaveFacade(ctx, taken), nil)

	_, err = f.Facade(ctx, theirs, a.ID)
	f.wantCode(err, postern.CodeNotFound)
	f.want(len(must[[]postern.FacadeKey](f)(f.FacadeKeys(ctx, theirs, a.ID))), 0)

	changed := a
	changed.Settings, changed.FormerChannelID, changed.DisabledAt = map[string]string{"x": "y"}, "", epoch.Add(time.Hour)
	act := postern.Audit{MerchantID: mine, StaffOwnerID: mine, ID: f.id(postern.PrefixAudit), Who: "o", Act: "facade.disable", ObjectID: a.ID, CreatedAt: epoch}
	f.want(f.SaveFacadeAct(ctx, &changed, nil, act, nil), nil)
	f.wantCode(f.SaveFacade(ctx, changed), postern.CodeConflict) // of a version that is gone
	changed.Version = 2
	f.want(must[postern.FacadeAccount](f)(f.Facade(ctx, mine, a.ID)), changed)

	next := f.faceKey(a)
	next.NotBefore = epoch.Add(time.Hour)
	k.NotAfter, k.RetiredAt = next.NotBefore, next.NotBefore.Add(time.Hour)
	ended := k
	ended.Keys = map[string][]byte{"own": {9}} // what is sealed never changes
	act.ID = f.id(postern.PrefixAudit)
	f.want(f.SaveFacadeAct(ctx, nil, []postern.FacadeKey{next, ended}, act, nil), nil)
	f.want(must[[]postern.FacadeKey](f)(f.FacadeKeys(ctx, mine, a.ID)), []postern.FacadeKey{next, k})
}

// testFacadePages: lists of accounts and notices are whole, newest first, and the merchant's own.
func testFacadePages(t *testing.T, f *fixture) {
	ctx := t.Context()
	var want []string
	for i := range 7 {
		a := f.faceAccount(mine, fmt.Sprint("n", i))
		f.want(f.SaveFacade(ctx, a), nil)
		f.want(f.SaveFacade(ctx, f.faceAccount(theirs, fmt.Sprint("t", i))), nil)
		want = append([]string{a.ID}, want...)
	}
	var got []string
	page := store.Page{Limit: 3}
	for {
		list, next, err := f.Facades(ctx, mine, page)
		f.want(err, nil)
		for _, a := range list {
			got = append(got, a.ID)
		}
		if page.After = next; next == "" {
			break
		}
	}
	f.want(got, want)
	_, _, err := f.Facades(ctx, mine, store.Page{Limit: 101})
	f.wantCode(err, postern.CodeInvalid)
}

// testFacadeNumberRace: of many who take one number at once, one has it.
func testFacadeNumberRace(t *testing.T, f *fixture) {
	const callers = 8
	results := make([]error, callers)
	accounts := make([]postern.FacadeAccount, callers)
	for i := range callers {
		accounts[i] = f.faceAccount([]string{mine, theirs}[i%2], "one number")
	}
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() { results[i] = f.SaveFacade(t.Context(), accounts[i]) })
	}
	wait.Wait()
	won := 0
	for i, err := range results {
		if err != nil {
			f.wantCode(err, postern.CodeConflict)
			continue
		}
		won++
		f.want(must[postern.FacadeAccount](f)(f.FacadeByNumber(t.Context(), "one", "one number")).ID, accounts[i].ID)
	}
	f.want(won, 1)
}

// testFacadeOrders: one number of a merchant's is one payment, found by every name it has and by nobody else.
func testFacadeOrders(t *testing.T, f *fixture) {
	ctx := t.Context()
	a, b := f.faceAccount(mine, "n1"), f.faceAccount(mine, "n2")
	f.want([]error{f.SaveFacade(ctx, a), f.SaveFacade(ctx, b)}, []error{nil, nil})
	o := f.faceOrder(a, "T-1")
	find := must[postern.FacadeOrder](f)
	orderOf := func(got postern.FacadeOrder, state postern.State, err error) (postern.FacadeOrder, error) {
		if err == nil && state.Payment.ID != got.PaymentID {
			t.Errorf("the payment of %s is %s", got.Number, state.Payment.ID)
		}
		return got, err
	}
	for _, got := range []postern.FacadeOrder{
		find(orderOf(f.FacadeOrder(ctx, mine, a.ID, "T-1"))), find(orderOf(f.FacadeOrderByTrade(ctx, mine, a.ID, o.TradeNo))), find(f.FacadeOrderOf(ctx, mine, o.PaymentID)), find(f.FacadeReturn(ctx, o.Token)),
	} {
		f.want(got, o)
	}
	for _, miss := range []func() (postern.FacadeOrder, error){
		func() (postern.FacadeOrder, error) { return orderOf(f.FacadeOrder(ctx, theirs, a.ID, "T-1")) },
		func() (postern.FacadeOrder, error) { return orderOf(f.FacadeOrder(ctx, mine, b.ID, "T-1")) },
		func() (postern.FacadeOrder, error) { return orderOf(f.FacadeOrder(ctx, mine, a.ID, "t-1")) },
		func() (postern.FacadeOrder, error) {
			return orderOf(f.FacadeOrderByTrade(ctx, theirs, a.ID, o.TradeNo))
		},
		func() (postern.FacadeOrder, error) { return orderOf(f.FacadeOrderByTrade(ctx, mine, b.ID, o.TradeNo)) },
		func() (postern.FacadeOrder, error) { return f.FacadeOrderOf(ctx, theirs, o.PaymentID) },
		func() (postern.FacadeOrder, error) { return f.FacadeReturn(ctx, o.Token+"x") },
	} {
		_, err := miss()
		f.wantCode(err, postern.CodeNotFound)
	}
	p, _, _ := f.paid(mine)
	for name, edit := range map[string]func(*postern.FacadeOrder){
		"the number": func(x *postern.FacadeOrder) { x.Number = o.Number }, "the trade": func(x *postern.FacadeOrder) { x.TradeNo = o.TradeNo },
		"the payment": func(x *postern.FacadeOrder) { x.PaymentID = o.PaymentID }, "the token": func(x *postern.FacadeOrder) { x.Token = o.Token },
	} {
		again := o
		again.Number, again.TradeNo, again.PaymentID, again.Token = "T-9", "trade 9", p.ID, "token 9"
		edit(&again)
		if err := f.Commit(ctx, store.Change{MerchantID: mine, At: epoch, FacadeOrders: []postern.FacadeOrder{again}}); postern.CodeOf(err) != postern.CodeConflict {
			t.Errorf("%s twice: %v", name, err)
		}
	}
	f.want(f.faceOrder(b, "T-1").Number, "T-1") // another account has numbers of its own
}

// testFacadeRefunds: refunds by the merchant's number, of one order or of any, and the lines of a day.
func testFacadeRefunds(t *testing.T, f *fixture) {
	ctx := t.Context()
	a := f.faceAccount(mine, "n1")
	f.want(f.SaveFacade(ctx, a), nil)
	first, second := f.faceOrder(a, "T-1"), f.faceOrder(a, "T-2")
	add := func(o postern.FacadeOrder, number string, at time.Time) (postern.FacadeRefund, error) {
		x := postern.FacadeRefund{
			MerchantID: mine, AccountID: a.ID, Number: number, OrderNo: o.Number, TradeNo: "r " + number, PaymentID: o.PaymentID, RefundID: f.id(postern.PrefixRefund), NotifyURL: "https://shop.example/r",
			Fields: map[string]string{"refund_reason": "试吃 100%"}, CreatedAt: at,
		}
		return x, f.Commit(ctx, store.Change{MerchantID: mine, At: at, FacadeRefunds: []postern.FacadeRefund{x}})
	}
	r1, err1 := add(first, "R-1", epoch)
	r2, err2 := add(first, "R-2", epoch.Add(time.Second))
	r3, err3 := add(second, "R-1", epoch.Add(2*time.Second)) // unique per order, as one provider has it
	f.want([]error{err1, err2, err3}, []error{nil, nil, nil})
	_, err := add(first, "R-1", epoch)
	f.wantCode(err, postern.CodeConflict)
	find := must[postern.FacadeRefund](f)
	f.want(find(f.FacadeRefund(ctx, mine, a.ID, "T-2", "R-1")), r3)
	f.want(find(f.FacadeRefund(ctx, mine, a.ID, "", "R-1")), r1)
	f.want(find(f.FacadeRefundOf(ctx, mine, r2.RefundID)), r2)
	f.want(must[[]postern.FacadeRefund](f)(f.FacadeRefunds(ctx, mine, a.ID, "T-1")), []postern.FacadeRefund{r1, r2})
	_, err = f.FacadeRefund(ctx, theirs, a.ID, "", "R-1")
	f.wantCode(err, postern.CodeNotFound)
	_, err = f.FacadeRefundOf(ctx, theirs, r1.RefundID)
	f.wantCode(err, postern.CodeNotFound)
	f.want(len(must[[]postern.FacadeRefund](f)(f.FacadeRefunds(ctx, theirs, a.ID, "T-1"))), 0)
}

// testFacadeDay: a day has what was paid and given back in it through the account, in pages, once each.
func testFacadeDay(t *testing.T, f *fixture) {
	ctx := t.Context()
	a := f.faceAccount(mine, "n1")
	f.want(f.SaveFacade(ctx, a), nil)
	var want []store.FacadeDayRow
	for i := range 3 {
		p, _, r := f.paid(mine)
		o := postern.FacadeOrder{MerchantID: mine, AccountID: a.ID, Number: fmt.Sprint("D-", i), TradeNo: fmt.Sprint("d", i), PaymentID: p.ID, Token: "token" + p.ID, CreatedAt: epoch}
		x := f.refund(r, 100)
		x.Status, x.UpdatedAt = postern.RefundRefunded, epoch.Add(time.Minute)
		face := postern.FacadeRefund{MerchantID: mine, AccountID: a.ID, Number: "R", OrderNo: o.Number, PaymentID: p.ID, RefundID: x.ID, CreatedAt: epoch}
		f.commit(store.Change{MerchantID: mine, At: epoch, FacadeOrders: []postern.FacadeOrder{o}, FacadeRefunds: []postern.FacadeRefund{face}, Refunds: []postern.Refund{x}})
		want = append(want, store.FacadeDayRow{At: epoch.UnixMicro(), ID: r.ID, PaymentID: p.ID}, store.FacadeDayRow{At: x.UpdatedAt.UnixMicro(), ID: x.ID, PaymentID: p.ID, RefundID: x.ID})
	}
	f.paid(mine) // ordered in another way
	got := map[string]store.FacadeDayRow{}
	after := ""
	for {
		rows := must[[]store.FacadeDayRow](f)(f.FacadeDay(ctx, mine, a.ID, epoch, epoch.Add(time.Hour), after, 2))
		for _, row := range rows {
			if _, twice := got[row.ID]; twice {
				t.Errorf("%s comes twice", row.ID)
			}
			got[row.ID], after = row, row.ID
		}
		if len(rows) < 2 {
			break
		}
	}
	f.want(len(got), len(want))
	for _, row := range want {
		f.want(got[row.ID], row)
	}
	for _, empty := range [][2]any{{mine, epoch.Add(2 * time.Minute)}, {theirs, epoch}, {mine, epoch.Add(-time.Hour)}} {
		from := empty[1].(time.Time)
		f.want(len(must[[]store.FacadeDayRow](f)(f.FacadeDay(ctx, empty[0].(string), a.ID, from, from.Add(time.Hour), "", 10))), 0)
	}
}

// testFacadeNotices: what a server was told is kept with its last try; what a facade does not have is counted by day.
func testFacadeNotices(t *testing.T, f *fixture) {
	ctx := t.Context()
	var ids []string
	for range 5 {
		n := postern.FacadeNotice{MerchantID: mine, ID: f.id(postern.PrefixFacadeNotice), AccountID: "fac_1", Number: "T-1", RefundNo: "R-1", CreatedAt: epoch, UpdatedAt: epoch}
		f.commit(store.Change{MerchantID: mine, At: epoch, FacadeNotices: []postern.FacadeNotice{n}})
		ids = append([]string{n.ID}, ids...)
	}
	n := must[postern.FacadeNotice](f)(f.FacadeNotice(ctx, mine, ids[0]))
	n.Tries, n.LastStatus, n.LastError, n.UpdatedAt, n.DoneAt = 8, 503, "连不上", epoch.Add(time.Hour), epoch.Add(time.Hour)
	f.commit(store.Change{MerchantID: mine, At: epoch, FacadeNotices: []postern.FacadeNotice{n}})
	f.want(must[postern.FacadeNotice](f)(f.FacadeNotice(ctx, mine, n.ID)), n)
	_, err := f.FacadeNotice(ctx, theirs, n.ID)
	f.wantCode(err, postern.CodeNotFound)
	var got []string
	page := store.Page{Limit: 2}
	for {
		list, next, err := f.FacadeNotices(ctx, mine, page)
		f.want(err, nil)
		for _, n := range list {
			got = append(got, n.ID)
		}
		if page.After = next; next == "" {
			break
		}
	}
	f.want(got, ids)
	list, _, err := f.FacadeNotices(ctx, theirs, page)
	f.want([]any{len(list), err}, []any{0, nil})

	count := func(merchant, account, what string, day int64) {
		t.Helper()
		f.want(f.CountMissed(ctx, merchant, account, what, day), nil)
	}
	for _, day := range []int64{20261101, 20261128, 20261129, 20261129} {
		count(mine, "fac_1", "a.b", day)
	}
	count(mine, "fac_1", "c.d", 20261129)
	count(mine, "fac_2", "a.b", 20261129)
	count(theirs, "fac_3", "e.f", 20261129)
	f.want(must[[]store.Missed](f)(f.MissedCalls(ctx, mine, 20261110)), []store.Missed{
		{AccountID: "fac_1", What: "a.b", Times: 3, LastDay: 20261129}, {AccountID: "fac_2", What: "a.b", Times: 1, LastDay: 20261129}, {AccountID: "fac_1", What: "c.d", Times: 1, LastDay: 20261129},
	})
}
