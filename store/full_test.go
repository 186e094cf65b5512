package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/ledger"
	"postern/store"
	"postern/store/storetest"
)

// TestFullDiskLosesNothing fills a database up to its last page: the change that does not fit is refused whole, what was committed stays, and with room again work
// goes on.
func TestFullDiskLosesNothing(t *testing.T) {
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	room := func(pages string) {
		t.Helper()
		if _, err := s.DB().Exec("PRAGMA max_page_count = " + pages); err != nil {
			t.Fatal(err)
		}
	}
	room("150")
	committed := 0
	var err error
	for err == nil && committed < 10_000 {
		err = s.SavePartner(t.Context(), postern.Partner{ID: fmt.Sprintf("ptn_%d", committed), Name: strings.Repeat("x", 3000)})
		if err == nil {
			committed++
		}
	}
	if err == nil || !strings.Contains(err.Error(), "full") || committed == 0 {
		t.Fatalf("after %d rows: %v, want that the database is full", committed, err)
	}
	room("100000")
	if err := s.SavePartner(t.Context(), postern.Partner{ID: "ptn_last", Name: "y"}); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := s.DB().QueryRow("SELECT count(*) FROM partner").Scan(&n); err != nil || n != committed+1 {
		t.Errorf("%d rows, %v, want %d", n, err, committed+1)
	}
}

// TestFailedStatementCannotCommit swallows a statement's error: PostgreSQL then rolls back at COMMIT, and that must not pass for success nor for an unknown outcome.
func TestFailedStatementCannotCommit(t *testing.T) {
	s := open(t, storetest.Postgres(t), store.Options{})
	err := s.Write(t.Context(), func(tx store.Tx) error {
		_, _ = tx.Exec(t.Context(), "INSERT INTO nowhere VALUES (1)")
		return nil
	})
	if err == nil || postern.CodeOf(err) == postern.CodeCommitUnknown {
		t.Errorf("got %v, want a plain failure", err)
	}
}

func benchmarks(b *testing.B, run func(b *testing.B, s *store.Store)) {
	b.Run("sqlite", func(b *testing.B) { run(b, openBench(b, "sqlite:"+filepath.Join(b.TempDir(), "postern.db"))) })
	b.Run("postgres", func(b *testing.B) { run(b, openBench(b, storetest.Postgres(b))) })
}

func openBench(b *testing.B, dsn string) *store.Store {
	s, err := store.Open(b.Context(), dsn, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

var began = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func benchPayment(i int) (postern.Payment, postern.Attempt) {
	p := postern.Payment{MerchantID: "mer_1", ID: fmt.Sprintf("pay_%08d", i), Reference: fmt.Sprint(i), Amount: 6800, Currency: "CNY", Status: postern.PaymentProcessing,
		LinkToken: fmt.Sprintf("tok_%d", i), ExpiresAt: began.Add(time.Hour), CreatedAt: began, UpdatedAt: began}
	a := postern.Attempt{MerchantID: "mer_1", ID: fmt.Sprintf("att_%08d", i), PaymentID: p.ID, Number: fmt.Sprint(i), Amount: 6800, Currency: "CNY", ChannelID: "chn_1",
		CredentialSetID: "crs_1", Status: postern.AttemptSending, Plan: "{}", CreatedAt: began, UpdatedAt: began}
	return p, a
}

// BenchmarkCreate commits a payment and its first attempt.
func BenchmarkCreate(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *store.Store) {
		for i := 0; b.Loop(); i++ {
			p, a := benchPayment(i)
			if err := s.Commit(b.Context(), store.Change{MerchantID: "mer_1", Payment: &p, Attempts: []postern.Attempt{a}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkNotification loads a payment's state and commits what a payment's notification does: receipt, books, event, raw message.
func BenchmarkNotification(b *testing.B) {
	benchmarks(b, func(b *testing.B, s *store.Store) {
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			p, a := benchPayment(i)
			if err := s.Commit(b.Context(), store.Change{MerchantID: "mer_1", Payment: &p, Attempts: []postern.Attempt{a}}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			state, err := s.LoadStateByAttempt(b.Context(), "mer_1", a.ID)
			if err != nil {
				b.Fatal(err)
			}
			if err := s.Commit(b.Context(), benchPaid(b, state, i)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchPaid(b *testing.B, state postern.State, i int) store.Change {
	p, a := state.Payment, state.Attempts[0]
	p.Status, a.Status = postern.PaymentPaid, postern.AttemptPaid
	r := postern.Receipt{MerchantID: "mer_1", ID: fmt.Sprintf("rcp_%08d", i), PaymentID: p.ID, AttemptID: a.ID, ChannelID: a.ChannelID, CredentialSetID: a.CredentialSetID,
		TxnNo: fmt.Sprint(i), Amount: 6800, Currency: "CNY", Use: postern.ReceiptApplied, PaidAt: began, CreatedAt: began}
	booking := postern.Booking{Kind: postern.BookReceipt, ChannelID: "chn_1", PaymentID: p.ID, ReceiptID: r.ID, Amount: 6800, Currency: "CNY"}
	t, err := ledger.Make(booking, "mer_1", fmt.Sprintf("txn_%08d", i), began)
	if err != nil {
		b.Fatal(err)
	}
	return store.Change{
		MerchantID: "mer_1", Payment: &p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{r}, Transactions: []ledger.Transaction{t},
		Events:        []postern.Event{{MerchantID: "mer_1", ID: fmt.Sprintf("evt_%08d", i), Type: postern.EventPaymentPaid, PaymentID: p.ID, Data: "{}", CreatedAt: began}},
		Notifications: []store.Notification{{MerchantID: "mer_1", ID: fmt.Sprintf("ntf_%08d", i), AttemptID: a.ID, Body: []byte("x"), Outcome: "applied", CreatedAt: began}},
	}
}
