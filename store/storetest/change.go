package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"postern"
	"postern/ledger"
	"postern/store"
)

// whole is a change with at least one row of every kind.
func (f *fixture) whole() store.Change {
	p := f.payment(mine)
	a := f.attempt(p)
	applied, extra := f.receipt(a, postern.ReceiptApplied), f.receipt(a, postern.ReceiptSurplus)
	u := postern.Surplus{MerchantID: mine, ID: f.id(postern.PrefixSurplus), PaymentID: p.ID, ReceiptID: extra.ID, ChannelID: extra.ChannelID,
		Reason: postern.SurplusDuplicate, Amount: extra.Amount, Currency: "CNY", Status: postern.SurplusRefunding, CreatedAt: epoch, UpdatedAt: epoch}
	back := f.refund(extra, extra.Amount)
	back.SurplusID, u.RefundID = u.ID, back.ID
	return store.Change{
		MerchantID: mine, At: epoch, Payment: p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{applied, extra}, Surpluses: []postern.Surplus{u},
		Refunds: []postern.Refund{back}, Moves: []postern.ReceiptMove{{ReceiptID: extra.ID, Reserve: extra.Amount}},
		Transactions:  []ledger.Transaction{f.transaction(applied), f.transaction(extra)},
		Events:        []postern.Event{f.event(mine, p.ID)},
		Jobs:          []postern.Job{{MerchantID: mine, Kind: postern.JobPoll, Args: "{}", RunAt: epoch}},
		Notifications: []store.Notification{{MerchantID: mine, ID: f.id(postern.PrefixNotification), AttemptID: a.ID, Header: "H: 1", Body: []byte{0, 255, 'x'}, Outcome: "applied", KeyID: "k", Detail: "d", CreatedAt: epoch}},
		Exchanges:     []store.Exchange{{MerchantID: mine, ID: f.id("exc_"), AttemptID: a.ID, RefundID: back.ID, Op: "start", Status: 200, Request: "q", Response: "r", Error: "e", CreatedAt: epoch}},
		Buyers:        []store.Buyer{{MerchantID: mine, AttemptID: a.ID, PayerID: "openid", ClientIP: "192.0.2.1", UserAgent: "ua", CreatedAt: epoch}},
		Request:       &store.Request{MerchantID: mine, Key: f.id("key"), Fingerprint: "fp", ObjectID: p.ID, Done: true, CreatedAt: epoch},
	}
}

func testRoundTrip(t *testing.T, f *fixture) {
	ctx, c := t.Context(), f.whole()
	f.commit(c)
	p, a := *c.Payment, c.Attempts[0]
	p.Version, a.Version = 1, 1
	u, back := c.Surpluses[0], c.Refunds[0]
	u.Version, back.Version = 1, 1
	extra := c.Receipts[1]
	extra.RefundReserved = extra.Amount
	state := postern.State{Payment: p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{c.Receipts[0], extra}, Surpluses: []postern.Surplus{u}}
	f.want(must[postern.State](f)(f.LoadState(ctx, mine, p.ID)), state)
	f.want(must[postern.State](f)(f.LoadStateByAttempt(ctx, mine, a.ID)), state)
	f.want(must[postern.Payment](f)(f.Payment(ctx, mine, p.ID)), p)
	f.want(must[postern.Payment](f)(f.PaymentByReference(ctx, mine, p.Reference)), p)
	merchant, payment, err := f.PaymentByLink(ctx, p.LinkToken)
	f.want([]any{merchant, payment, err}, []any{mine, p.ID, nil})
	f.want(must[postern.Receipt](f)(f.Receipt(ctx, mine, extra.ID)), extra)
	f.want(must[postern.Surplus](f)(f.Surplus(ctx, mine, u.ID)), u)
	f.want(must[postern.Refund](f)(f.Refund(ctx, mine, back.ID)), back)
	f.want(must[postern.Refund](f)(f.RefundByNumber(ctx, mine, back.Number)), back)
	f.want(must[postern.Refund](f)(f.RefundByReference(ctx, mine, p.ID, back.Reference)), back)
	f.earlier(back)
	refund, receipt, attempt, err := f.LoadRefund(ctx, mine, back.ID)
	f.want([]any{refund, receipt, attempt, err}, []any{postern.RefundState{Refund: back, Surplus: &u}, extra, a, nil})
	f.want(must[[]ledger.Transaction](f)(f.Transactions(ctx, mine, p.ID)), c.Transactions)
	f.want(must[[]ledger.Transaction](f)(f.RecentTransactions(ctx, mine, 1)), c.Transactions[1:])
	f.want(must[postern.Event](f)(f.Event(ctx, mine, c.Events[0].ID)), c.Events[0])
	f.want(must[[]store.Notification](f)(f.Notifications(ctx, mine, a.ID)), c.Notifications)
	f.want(must[[]store.Exchange](f)(f.Exchanges(ctx, mine, a.ID)), c.Exchanges)
	f.want(must[store.Buyer](f)(f.Buyer(ctx, mine, a.ID)), c.Buyers[0])
	f.want(f.jobs, c.Jobs)
}

// earlier counts the refunds of an attempt before one of them, and none of another merchant's.
func (f *fixture) earlier(first postern.Refund) {
	f.t.Helper()
	ctx := f.t.Context()
	later := first
	later.ID, later.MerchantID = f.id(postern.PrefixRefund), mine
	f.want(must[int](f)(f.EarlierRefunds(ctx, first)), 0)
	f.want(must[int](f)(f.EarlierRefunds(ctx, later)), 1)
	later.MerchantID = theirs
	f.want(must[int](f)(f.EarlierRefunds(ctx, later)), 0)
}

func testVersions(t *testing.T, f *fixture) {
	c := f.whole()
	f.commit(c)
	state := must[postern.State](f)(f.LoadState(t.Context(), mine, c.Payment.ID))
	refund := must[postern.Refund](f)(f.Refund(t.Context(), mine, c.Refunds[0].ID))
	update := store.Change{MerchantID: mine, At: epoch, Payment: &state.Payment, Attempts: state.Attempts, Surpluses: state.Surpluses, Refunds: []postern.Refund{refund}}
	update.Payment.Status, update.Payment.CancelRequestedAt, update.Payment.UpdatedAt = postern.PaymentCanceled, epoch, epoch.Add(time.Second)
	update.Attempts[0].Status, update.Attempts[0].Opaque = postern.AttemptClosed, "other"
	update.Surpluses[0].Status, update.Refunds[0].Status = postern.SurplusRefunded, postern.RefundRefunded
	f.commit(update)
	after := must[postern.State](f)(f.LoadState(t.Context(), mine, c.Payment.ID))
	state.Payment.Version, state.Attempts[0].Version, state.Surpluses[0].Version = 2, 2, 2
	f.want(after, state)
	stale := map[string]store.Change{
		"payment": {Payment: c.Payment}, "attempt": {Attempts: c.Attempts}, "surplus": {Surpluses: c.Surpluses}, "refund": {Refunds: c.Refunds},
	}
	stale["payment"].Payment.Version, stale["attempt"].Attempts[0].Version = 1, 1
	stale["surplus"].Surpluses[0].Version, stale["refund"].Refunds[0].Version = 1, 1
	for noun, change := range stale {
		change.MerchantID = mine
		err := f.Commit(t.Context(), change)
		f.wantCode(err, postern.CodeConflict)
		if err == nil {
			t.Errorf("a stale %s was saved", noun)
		}
	}
}

func testConflictAbortsAll(t *testing.T, f *fixture) {
	first := f.whole()
	f.commit(first)
	jobs := len(f.jobs)
	second := f.whole()
	second.Request.Key, second.Request.Fingerprint = first.Request.Key, "another body" // the very last statement fails
	f.wantCode(f.Commit(t.Context(), second), postern.CodeConflict)
	f.nothingOf(second)
	if len(f.jobs) != jobs {
		t.Error("jobs of an aborted change were inserted")
	}
}

// nothingOf fails the test when a row of the change is in the store.
func (f *fixture) nothingOf(c store.Change) {
	f.t.Helper()
	ctx := context.WithoutCancel(f.t.Context())
	missing := func(what string, err error) {
		f.t.Helper()
		if postern.CodeOf(err) != postern.CodeNotFound {
			f.t.Errorf("%s of an aborted change: %v, want not found", what, err)
		}
	}
	_, err := f.Payment(ctx, mine, c.Payment.ID)
	missing("payment", err)
	_, _, err = f.PaymentByLink(ctx, c.Payment.LinkToken)
	missing("link", err)
	_, err = f.LoadStateByAttempt(ctx, mine, c.Attempts[0].ID)
	missing("attempt", err)
	_, err = f.Receipt(ctx, mine, c.Receipts[0].ID)
	missing("receipt", err)
	_, err = f.Surplus(ctx, mine, c.Surpluses[0].ID)
	missing("surplus", err)
	_, err = f.Refund(ctx, mine, c.Refunds[0].ID)
	missing("refund", err)
	_, err = f.Event(ctx, mine, c.Events[0].ID)
	missing("event", err)
	_, err = f.Buyer(ctx, mine, c.Attempts[0].ID)
	missing("buyer", err)
	f.want(len(must[[]ledger.Transaction](f)(f.Transactions(ctx, mine, c.Payment.ID))), 0)
	f.want(len(must[[]store.Notification](f)(f.Notifications(ctx, mine, c.Attempts[0].ID))), 0)
	f.want(must[int64](f)(f.NotificationsSeen(ctx, mine, c.Attempts[0].ID)), int64(0))
	f.want(len(must[[]store.Exchange](f)(f.Exchanges(ctx, mine, c.Attempts[0].ID))), 0)
}

func testUniqueKeys(t *testing.T, f *fixture) {
	c := f.whole()
	f.commit(c)
	p := f.payment(mine)
	p.Reference = c.Payment.Reference
	q := f.payment(mine)
	q.LinkToken = c.Payment.LinkToken
	a := f.attempt(c.Payment)
	a.Number = c.Attempts[0].Number
	r := f.receipt(c.Attempts[0], postern.ReceiptSurplus)
	r.TxnNo = c.Receipts[0].TxnNo
	number, reference := f.refund(c.Receipts[0], 1), f.refund(c.Receipts[0], 1)
	number.Number, reference.Reference = c.Refunds[0].Number, c.Refunds[0].Reference
	second := c.Surpluses[0]
	second.ID = f.id(postern.PrefixSurplus)
	for name, change := range map[string]store.Change{
		"reference": {Payment: p}, "link": {Payment: q}, "attempt number": {Attempts: []postern.Attempt{a}}, "transaction number": {Receipts: []postern.Receipt{r}},
		"refund number": {Refunds: []postern.Refund{number}}, "refund reference": {Refunds: []postern.Refund{reference}},
		"surplus of a receipt": {Surpluses: []postern.Surplus{second}}, "event": {Events: c.Events}, "transaction": {Transactions: c.Transactions},
	} {
		change.MerchantID = mine
		if err := f.Commit(t.Context(), change); postern.CodeOf(err) != postern.CodeConflict {
			t.Errorf("%s taken twice: %v, want a conflict", name, err)
		}
	}
	other := f.payment(theirs)
	other.Reference = c.Payment.Reference
	f.commit(store.Change{MerchantID: theirs, Payment: other})
	account := f.receipt(c.Attempts[0], postern.ReceiptSurplus)
	account.TxnNo, account.CredentialSetID = c.Receipts[0].TxnNo, "crs_2"
	f.commit(store.Change{MerchantID: mine, Receipts: []postern.Receipt{account}})
}

func testTenants(t *testing.T, f *fixture) {
	c, ctx := f.whole(), t.Context()
	f.commit(c)
	calls := map[string]func() error{
		"Payment":            func() error { _, err := f.Payment(ctx, theirs, c.Payment.ID); return err },
		"PaymentByReference": func() error { _, err := f.PaymentByReference(ctx, theirs, c.Payment.Reference); return err },
		"LoadState":          func() error { _, err := f.LoadState(ctx, theirs, c.Payment.ID); return err },
		"LoadStateByAttempt": func() error { _, err := f.LoadStateByAttempt(ctx, theirs, c.Attempts[0].ID); return err },
		"Receipt":            func() error { _, err := f.Receipt(ctx, theirs, c.Receipts[0].ID); return err },
		"Surplus":            func() error { _, err := f.Surplus(ctx, theirs, c.Surpluses[0].ID); return err },
		"Refund":             func() error { _, err := f.Refund(ctx, theirs, c.Refunds[0].ID); return err },
		"RefundByNumber":     func() error { _, err := f.RefundByNumber(ctx, theirs, c.Refunds[0].Number); return err },
		"LoadRefund":         func() error { _, _, _, err := f.LoadRefund(ctx, theirs, c.Refunds[0].ID); return err },
		"Event":              func() error { _, err := f.Event(ctx, theirs, c.Events[0].ID); return err },
		"Buyer":              func() error { _, err := f.Buyer(ctx, theirs, c.Attempts[0].ID); return err },
	}
	for name, call := range calls {
		if err := call(); postern.CodeOf(err) != postern.CodeNotFound {
			t.Errorf("%s of another merchant: %v, want not found", name, err)
		}
	}
	page := store.Page{Limit: 10}
	payments, _, err := f.Payments(ctx, theirs, page)
	f.want([]any{len(payments), err}, []any{0, nil})
	f.want(len(must[[]ledger.Balance](f)(f.Balances(ctx, theirs))), 0)
	f.want(len(must[[]postern.Event](f)(f.SequenceEvents(ctx, theirs, 10))), 0)
	stolen := *c.Payment
	stolen.MerchantID, stolen.Version = theirs, 1
	f.wantCode(f.Commit(ctx, store.Change{MerchantID: theirs, Payment: &stolen}), postern.CodeConflict)
	f.wantCode(f.Commit(ctx, store.Change{MerchantID: theirs, Moves: []postern.ReceiptMove{{ReceiptID: c.Receipts[0].ID, Reserve: 1}}}), postern.CodeNotFound)
}

func testOneMerchantPerChange(t *testing.T, f *fixture) {
	c := f.whole()
	c.Events[0].MerchantID = theirs
	if err := f.Commit(t.Context(), c); err == nil {
		t.Error("a change with another merchant's event was committed")
	}
	f.nothingOf(c)
	if err := f.Commit(t.Context(), store.Change{}); err == nil {
		t.Error("a change of nobody was committed")
	}
}

func testBalance(t *testing.T, f *fixture) {
	c := f.whole()
	c.Transactions[0].Postings[0].Amount++
	if err := f.Commit(t.Context(), c); err == nil {
		t.Error("an unbalanced transaction was committed")
	}
	f.nothingOf(c)
}

var errCrash = errors.New("crash")

// testCrashes stops a change before its first statement, its second, and so on to COMMIT: each time nothing may be left.
func testCrashes(t *testing.T, f *fixture) {
	for point := 0; ; point++ {
		c, seen, before := f.whole(), 0, len(f.jobs)
		f.fault = func(name string) error {
			if name == store.FaultAfterCommit {
				return nil
			}
			if seen++; seen > point {
				return errCrash
			}
			return nil
		}
		err := f.Commit(t.Context(), c)
		f.fault = nil
		if err == nil {
			if point < 15 {
				t.Errorf("only %d points to crash at", point)
			}
			return
		}
		if !errors.Is(err, errCrash) {
			t.Fatalf("point %d: %v", point, err)
		}
		f.nothingOf(c)
		f.jobs = f.jobs[:before]
	}
}

func testLostCommit(t *testing.T, f *fixture) {
	c := f.whole()
	f.fault = func(point string) error {
		if point == store.FaultAfterCommit {
			return errCrash
		}
		return nil
	}
	f.wantCode(f.Commit(t.Context(), c), postern.CodeCommitUnknown)
	f.fault = nil
	if _, err := f.Payment(t.Context(), mine, c.Payment.ID); err != nil {
		t.Errorf("after a lost answer the payment is gone: %v", err)
	}
	f.wantCode(f.Commit(t.Context(), c), postern.CodeConflict)
}

func testPanic(t *testing.T, f *fixture) {
	p := f.payment(mine)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = f.Write(t.Context(), func(tx store.Tx) error {
			if err := f.CommitIn(t.Context(), tx, store.Change{MerchantID: mine, Payment: p}); err != nil {
				return err
			}
			panic("crash")
		})
	}()
	_, err := f.Payment(t.Context(), mine, p.ID)
	f.wantCode(err, postern.CodeNotFound)
	f.commit(store.Change{MerchantID: mine, Payment: p}) // the writer is free again
}

func testCancelled(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := f.payment(mine)
	if err := f.Commit(ctx, store.Change{MerchantID: mine, Payment: p}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	_, err := f.Payment(t.Context(), mine, p.ID)
	f.wantCode(err, postern.CodeNotFound)
}
