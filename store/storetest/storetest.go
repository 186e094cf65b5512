package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postern"
	"postern/ledger"
	"postern/store"
)

// Open makes an empty, migrated store for one test and closes it at the test's end.
type Open func(t *testing.T, opts store.Options) *store.Store

// Run holds the whole contract of package store against one engine.
func Run(t *testing.T, open Open) {
	tests := []struct {
		name string
		run  func(t *testing.T, f *fixture)
	}{
		{"a change comes back as it was written", testRoundTrip},
		{"versions guard every row", testVersions},
		{"a conflict aborts the whole change", testConflictAbortsAll},
		{"unique keys hold", testUniqueKeys},
		{"a merchant sees its own rows only", testTenants},
		{"a change of two merchants is refused", testOneMerchantPerChange},
		{"an unbalanced transaction is refused", testBalance},
		{"the counters of a receipt hold", testReceiptMoves},
		{"refunds race and never exceed the receipt", testRefundRace},
		{"what two persons say of refunds", testHands},
		{"shares come back as they were written", testShares},
		{"the counter of shares holds beside refunds", testShareMoves},
		{"shares race and never exceed the receipt", testShareRace},
		{"a row of a bill is booked once", testShareLines},
		{"receivers are kept apart and forgotten", testReceivers},
		{"one receipt of a payment is applied", testOneApplied},
		{"a crash before any statement leaves nothing", testCrashes},
		{"a lost answer to COMMIT is unknown and durable", testLostCommit},
		{"a panic rolls back", testPanic},
		{"a cancelled caller writes nothing", testCancelled},
		{"pages are whole and in order", testPages},
		{"events are numbered once and chained", testSequence},
		{"three sequencers number each event once", testSequenceRace},
		{"notifications are bounded and counted", testNotifications},
		{"idempotent requests", testRequests},
		{"one key at once has one winner", testRequestRace},
		{"merchants, accounts, channels, keys", testSettings},
		{"partners and numbers under their accounts", testPartners},
		{"endpoints of partners", testPartnerEndpoints},
		{"notices about accounts", testNotices},
		{"what is under way", testUnderWay},
		{"closures", testClosures},
		{"health and its records", testHealth},
		{"how starts went", testStarts},
		{"many merchants are told at once", testTellMany},
		{"many waiting events are left to a job", testTellManyLate},
		{"a crash while telling leaves nothing", testTellManyCrashes},
		{"sales of many merchants", testSales},
		{"takings by day and by channel", testTakings},
		{"refunds by the merchant's own account", testByBank},
		{"what waits for a person", testWaiting},
		{"orders by period and by number", testOrderPeriods},
		{"fleet moves and their members", testFleet},
		{"links and short codes", testLinks},
		{"items, orders and their pieces", testShop},
		{"accounts at facades and their numbers", testFacades},
		{"pages of accounts at facades", testFacadePages},
		{"one number at once has one account", testFacadeNumberRace},
		{"orders at facades", testFacadeOrders},
		{"refunds at facades", testFacadeRefunds},
		{"a day at a facade", testFacadeDay},
		{"what facades tell and miss", testFacadeNotices},
		{"guesses at secrets", testGuesses},
		{"people, invitations and sessions", testStaff},
		{"the shops of a partner", testPartnerShops},
		{"endpoints and deliveries", testDeliveries},
		{"sweeps find what is open", testSweeps},
		{"retention deletes people and keeps money", testForget},
		{"hand-made imbalance is found", testImbalance},
		{"a merchant leaves and comes whole", testExport},
		{"an export that is not whole is refused", testImportRefuses},
		{"an import that crashes leaves nothing", testImportCrashes},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(t, newFixture(t, open)) })
	}
}

// fixture is a store with a list of the jobs that were committed into it, and rows that count up.
type fixture struct {
	*store.Store
	t     *testing.T
	open  Open
	n     int
	mu    sync.Mutex
	jobs  []postern.Job
	fault func(point string) error
}

// Merchants of the fixture.
const (
	mine   = "mer_00000000000000000000000001"
	theirs = "mer_00000000000000000000000002"
)

var epoch = time.Date(2026, 11, 22, 9, 30, 0, 123456000, time.UTC)

func newFixture(t *testing.T, open Open) *fixture {
	f := &fixture{t: t, open: open}
	f.Store = open(t, store.Options{
		Fault: func(_ context.Context, point string) error {
			if f.fault == nil {
				return nil
			}
			return f.fault(point)
		},
		InsertJobs: func(_ context.Context, _ store.Tx, jobs []postern.Job) error {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.jobs = append(f.jobs, jobs...)
			return nil
		},
	})
	return f
}

// id counts up, so that ids sort in the order in which they were made.
func (f *fixture) id(prefix string) string {
	f.n++
	return fmt.Sprintf("%s%026d", prefix, f.n)
}

func (f *fixture) payment(merchant string) *postern.Payment {
	id := f.id(postern.PrefixPayment)
	return &postern.Payment{
		MerchantID: merchant, ID: id, Reference: "ref " + id, Amount: 3000, Currency: "CNY", Description: "茶 & tea", ReturnURL: "https://shop.example/back",
		Metadata: map[string]string{"cart": "7", "名": "值"}, LatePayment: postern.LateRefund, Status: postern.PaymentOpen, Live: true, LinkToken: "tok" + id,
		ExpiresAt: epoch.Add(time.Hour), CreatedAt: epoch, UpdatedAt: epoch,
	}
}

func (f *fixture) attempt(p *postern.Payment) postern.Attempt {
	id := f.id(postern.PrefixAttempt)
	expires := epoch.Add(time.Minute)
	return postern.Attempt{
		MerchantID: p.MerchantID, ID: id, PaymentID: p.ID, ChannelID: "chn_1", CredentialSetID: "crs_1", GenerationID: "gen_1", Provider: "one", Product: "jsapi",
		Number: "no" + id, Amount: p.Amount, Currency: p.Currency, Status: postern.AttemptSending, Opaque: "prepay", PayerHash: "hash", Container: "wechat",
		Action:    postern.Action{Type: postern.ActionQR, Content: "https://pay.example/x?a=1&b=<2>", ExpiresAt: &expires},
		ExposedAt: epoch, ExpiresAt: expires, Code: "USERPAYING", Message: "等待", Plan: `{"candidates":[]}`, CreatedAt: epoch, UpdatedAt: epoch,
	}
}

func (f *fixture) receipt(a postern.Attempt, use postern.ReceiptUse) postern.Receipt {
	id := f.id(postern.PrefixReceipt)
	return postern.Receipt{
		MerchantID: a.MerchantID, ID: id, PaymentID: a.PaymentID, AttemptID: a.ID, ChannelID: a.ChannelID, CredentialSetID: a.CredentialSetID, Provider: a.Provider,
		TxnNo: "txn" + id, Amount: a.Amount, Currency: a.Currency, Use: use, PaidAt: epoch, CreatedAt: epoch,
	}
}

func (f *fixture) refund(r postern.Receipt, amount int64) postern.Refund {
	id := f.id(postern.PrefixRefund)
	return postern.Refund{
		MerchantID: r.MerchantID, ID: id, PaymentID: r.PaymentID, ReceiptID: r.ID, AttemptID: r.AttemptID, ChannelID: r.ChannelID, Reference: "rr " + id,
		Number: "rn" + id, Amount: amount, Currency: r.Currency, Reason: "too cold", Status: postern.RefundReserved, CreatedAt: epoch, UpdatedAt: epoch,
	}
}

func (f *fixture) event(merchant, payment string) postern.Event {
	return postern.Event{MerchantID: merchant, ID: f.id(postern.PrefixEvent), Type: postern.EventPaymentPaid, PaymentID: payment, Data: `{"id":"` + payment + `"}`,
		Live: true, CreatedAt: epoch}
}

func (f *fixture) transaction(r postern.Receipt) ledger.Transaction {
	f.t.Helper()
	b := postern.Booking{Kind: postern.BookReceipt, ChannelID: r.ChannelID, PaymentID: r.PaymentID, ReceiptID: r.ID, Amount: r.Amount, Currency: r.Currency}
	t, err := ledger.Make(b, r.MerchantID, f.id(postern.PrefixTransaction), epoch)
	if err != nil {
		f.t.Fatal(err)
	}
	return t
}

// paid commits a paid payment and returns its parts as they are stored.
func (f *fixture) paid(merchant string) (postern.Payment, postern.Attempt, postern.Receipt) {
	f.t.Helper()
	p := f.payment(merchant)
	p.Status, p.PaidAt = postern.PaymentPaid, epoch
	a := f.attempt(p)
	a.Status = postern.AttemptPaid
	r := f.receipt(a, postern.ReceiptApplied)
	f.commit(store.Change{MerchantID: merchant, At: epoch, Payment: p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{r},
		Transactions: []ledger.Transaction{f.transaction(r)}, Events: []postern.Event{f.event(merchant, p.ID)}})
	p.Version, a.Version = 1, 1
	return *p, a, r
}

func (f *fixture) commit(c store.Change) {
	f.t.Helper()
	if err := f.Commit(f.t.Context(), c); err != nil {
		f.t.Fatal(err)
	}
}

// want fails the test unless got equals want.
func (f *fixture) want(got, want any) {
	f.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		f.t.Errorf("want -, got +:\n%s", diff)
	}
}

// wantCode fails the test unless err carries the code.
func (f *fixture) wantCode(err error, code postern.Code) {
	f.t.Helper()
	var known *postern.Error
	if !errors.As(err, &known) || known.Code != code {
		f.t.Errorf("got %v, want %s", err, code)
	}
}

// must returns the value of a call that cannot fail.
func must[T any](f *fixture) func(T, error) T {
	return func(value T, err error) T {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
		return value
	}
}
