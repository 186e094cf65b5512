package postern_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postern"
)

var start = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func fresh(late postern.LatePolicy) postern.State {
	return postern.State{Payment: postern.Payment{
		MerchantID: "mer_1", ID: "pay_1", Version: 1, Reference: "A1", Amount: 6800, Currency: "CNY", LatePayment: late, Status: postern.PaymentOpen,
		ExpiresAt: start.Add(30 * time.Minute), CreatedAt: start,
	}}
}

func attempt(id string) postern.Attempt {
	return postern.Attempt{MerchantID: "mer_1", ID: id, PaymentID: "pay_1", ChannelID: "chn_" + id, CredentialSetID: "crs_" + id, Number: "n" + id, Amount: 6800, Currency: "CNY", ExpiresAt: start.Add(15 * time.Minute)}
}

func money(attemptID, txn string, amount int64) postern.MoneyArrived {
	return postern.MoneyArrived{AttemptID: attemptID, TxnNo: txn, Amount: amount, Currency: "CNY", PaidAt: start, ReceiptID: "rcp_" + txn, SurplusID: "sur_" + txn, RefundID: "ref_" + txn, RefundNumber: "r" + txn}
}

// walk applies facts in order and fails the test on an error.
func walk(t *testing.T, s postern.State, at time.Time, facts ...postern.Fact) (postern.State, postern.Effects) {
	t.Helper()
	var all postern.Effects
	for _, f := range facts {
		next, effects, err := postern.Apply(s, f, at)
		if err != nil {
			t.Fatalf("%T: %v", f, err)
		}
		s, all = next, all.Then(effects)
	}
	return s, all
}

func tells(e postern.Effects) []postern.EventType {
	var types []postern.EventType
	for _, t := range e.Tellings {
		types = append(types, t.Type)
	}
	return types
}

func TestAPaymentIsPaid(t *testing.T) {
	s, effects := walk(t, fresh(postern.LateRefund), start,
		postern.AttemptStarts{Attempt: attempt("a")},
		postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnPending, Opaque: "prepay"},
		postern.AttemptShown{AttemptID: "a"}, money("a", "1", 6800))
	if s.Payment.Status != postern.PaymentPaid || s.Attempts[0].Status != postern.AttemptPaid || s.Receipts[0].Use != postern.ReceiptApplied {
		t.Fatalf("got %+v", s)
	}
	if got := fmt.Sprint(tells(effects)); got != "[payment.paid]" {
		t.Errorf("told %s", got)
	}
	if len(effects.Bookings) != 1 || effects.Bookings[0].Kind != postern.BookReceipt || effects.Bookings[0].Amount != 6800 {
		t.Errorf("booked %+v", effects.Bookings)
	}
}

// TestTheFirstLook: an attempt is asked after when the start says, and otherwise when everybody's are.
func TestTheFirstLook(t *testing.T) {
	for sooner, want := range map[time.Duration]time.Duration{0: postern.FirstPoll, 1500 * time.Millisecond: 1500 * time.Millisecond} {
		_, effects := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a"), FirstLook: sooner})
		if len(effects.Jobs) != 1 || effects.Jobs[0].Kind != postern.JobPoll || !effects.Jobs[0].RunAt.Equal(start.Add(want)) {
			t.Errorf("%s: %+v", sooner, effects.Jobs)
		}
	}
}

func TestTheSameTransactionTwiceChangesNothing(t *testing.T) {
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, money("a", "1", 6800))
	_, effects := walk(t, s, start, money("a", "1", 6800))
	if !effects.Empty() {
		t.Errorf("a repetition did %+v", effects)
	}
}

func TestASecondTransactionIsSurplusAndGoesBack(t *testing.T) {
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnUnknown},
		postern.AttemptStarts{Attempt: attempt("b")}, money("a", "1", 6800))
	s, effects := walk(t, s, start, money("b", "2", 6800))
	if len(s.Surpluses) != 1 || s.Surpluses[0].Reason != postern.SurplusDuplicate || s.Surpluses[0].Status != postern.SurplusRefunding {
		t.Fatalf("got %+v", s.Surpluses)
	}
	if len(effects.Refunds) != 1 || effects.Refunds[0].Amount != 6800 || effects.Receipts[0].RefundReserved != 6800 || effects.Jobs[0].Kind != postern.JobRefund {
		t.Errorf("not given back: %+v", effects)
	}
	if s.Payment.Status != postern.PaymentPaid {
		t.Errorf("the payment is %s", s.Payment.Status)
	}
}

func TestAWrongAmountIsNeverThePayment(t *testing.T) {
	for _, wrong := range []int64{6799, 6801, 1} {
		s, effects := walk(t, fresh(postern.LateAccept), start, postern.AttemptStarts{Attempt: attempt("a")}, money("a", "1", wrong))
		if s.Payment.Status == postern.PaymentPaid || s.Surpluses[0].Reason != postern.SurplusMismatch || s.Surpluses[0].Status != postern.SurplusHeld {
			t.Errorf("%d: %+v", wrong, s)
		}
		if len(effects.Refunds) != 0 {
			t.Errorf("%d: a mismatch was given back without a person", wrong)
		}
	}
}

func TestLateMoney(t *testing.T) {
	after := start.Add(31 * time.Minute)
	for policy, want := range map[postern.LatePolicy]postern.PaymentStatus{postern.LateAccept: postern.PaymentPaid, postern.LateRefund: postern.PaymentExpired} {
		s, _ := walk(t, fresh(policy), start, postern.AttemptStarts{Attempt: attempt("a")})
		s, _ = walk(t, s, after, postern.DeadlinePassed{}, postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnClosed})
		if s.Payment.Status != postern.PaymentExpired {
			t.Fatalf("the payment is %s", s.Payment.Status)
		}
		s, _ = walk(t, s, after, money("a", "1", 6800))
		if s.Payment.Status != want {
			t.Errorf("late_payment %s: the payment is %s, want %s", policy, s.Payment.Status, want)
		}
		if policy == postern.LateRefund && (s.Surpluses[0].Reason != postern.SurplusLate || s.Surpluses[0].Status != postern.SurplusRefunding) {
			t.Errorf("late money: %+v", s.Surpluses)
		}
	}
}

func TestAnExposedAttemptBlocksTheNextWallet(t *testing.T) {
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, postern.AttemptShown{AttemptID: "a"})
	if _, _, err := postern.Apply(s, postern.AttemptStarts{Attempt: attempt("b")}, start); postern.CodeOf(err) != postern.CodeAttemptLive {
		t.Errorf("got %v", err)
	}
	s, _ = walk(t, s, start, postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnClosed})
	if _, _, err := postern.Apply(s, postern.AttemptStarts{Attempt: attempt("b")}, start); err != nil {
		t.Errorf("after the close: %v", err)
	}
}

func TestAnUnknownAttemptKeepsThePaymentProcessing(t *testing.T) {
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnUnknown})
	s, _ = walk(t, s, start.Add(time.Hour), postern.DeadlinePassed{}, postern.CancelWanted{})
	if s.Payment.Status != postern.PaymentProcessing {
		t.Errorf("the payment is %s with an unknown attempt", s.Payment.Status)
	}
	if _, _, err := postern.Apply(s, postern.AttemptStarts{Attempt: attempt("b")}, start.Add(time.Hour)); postern.CodeOf(err) != postern.CodePaymentClosed {
		t.Errorf("a new attempt after the deadline: %v", err)
	}
}

func TestPaidClosesWhatABuyerCouldStillPay(t *testing.T) {
	// A payment that paid a closed attempt while another one is live: the live one must not be paid as well.
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, postern.AttemptShown{AttemptID: "a"},
		postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnClosed}, postern.AttemptStarts{Attempt: attempt("b")}, postern.AttemptShown{AttemptID: "b"})
	s, effects := walk(t, s, start, money("a", "1", 6800))
	if b, _ := s.Attempt("b"); b.CloseRequestedAt.IsZero() {
		t.Error("the other attempt stays payable")
	}
	if len(effects.Jobs) != 1 || effects.Jobs[0].Kind != postern.JobClose || effects.Jobs[0].ID != "b" {
		t.Errorf("jobs %+v", effects.Jobs)
	}
}

func TestANewAttemptSetsAsideWhatNobodyHasSeen(t *testing.T) {
	s, effects := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, postern.AttemptStarts{Attempt: attempt("b")}, postern.AttemptShown{AttemptID: "a"})
	if a, _ := s.Attempt("a"); a.CloseRequestedAt.IsZero() || a.Exposed() {
		t.Errorf("two tabs show two wallets: %+v", a)
	}
	closes := 0
	for _, j := range effects.Jobs {
		if j.Kind == postern.JobClose && j.ID == "a" {
			closes++
		}
	}
	if closes != 1 {
		t.Errorf("jobs %+v", effects.Jobs)
	}
}

func TestCancelAfterPaidIsRefused(t *testing.T) {
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, money("a", "1", 6800))
	if _, _, err := postern.Apply(s, postern.CancelWanted{}, start); postern.CodeOf(err) != postern.CodeAlreadyPaid {
		t.Errorf("got %v", err)
	}
}

// TestEveryOrderOfWords applies words of the provider in any order and number to up to three attempts, and checks what must hold whatever the order was.
func TestEveryOrderOfWords(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := fresh(rapid.SampledFrom([]postern.LatePolicy{postern.LateAccept, postern.LateRefund}).Draw(rt, "late"))
		now, txns := start, map[string]bool{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(rt, "wait")) * time.Second)
			id := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "attempt")
			fact := drawFact(rt, id)
			next, effects, err := postern.Apply(s, fact, now)
			if err != nil {
				continue
			}
			if m, ok := fact.(postern.MoneyArrived); ok {
				txns[m.AttemptID+m.TxnNo] = true
			}
			checkStep(rt, s, next, effects)
			s = next
		}
		if len(s.Receipts) != len(txns) {
			rt.Fatalf("%d receipts for %d transactions", len(s.Receipts), len(txns))
		}
	})
}

func drawFact(rt *rapid.T, id string) postern.Fact {
	switch rapid.IntRange(0, 9).Draw(rt, "fact") {
	case 0, 1:
		return postern.AttemptStarts{Attempt: attempt(id)}
	case 2:
		return postern.AttemptShown{AttemptID: id}
	case 3:
		return postern.CloseWanted{AttemptID: id}
	case 4:
		return postern.CancelWanted{}
	case 5:
		return postern.DeadlinePassed{}
	case 6, 7:
		return postern.AttemptAnswered{AttemptID: id, Trigger: rapid.SampledFrom([]string{postern.OnPending, postern.OnUnknown, postern.OnFailed, postern.OnClosed}).Draw(rt, "word")}
	}
	m := money(id, rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "txn"), rapid.SampledFrom([]int64{6800, 6800, 6800, 1}).Draw(rt, "amount"))
	m.ReceiptID += id
	return m
}

// checkStep holds for every single step: money-bearing states are absorbing, at most one receipt is applied, unknown never became failed without a word, and
// what is booked is what arrived.
func checkStep(rt *rapid.T, before, after postern.State, effects postern.Effects) {
	if before.Payment.Status == postern.PaymentPaid && after.Payment.Status != postern.PaymentPaid {
		rt.Fatalf("a paid payment became %s", after.Payment.Status)
	}
	for i, a := range before.Attempts {
		if a.Status == postern.AttemptPaid && after.Attempts[i].Status != postern.AttemptPaid {
			rt.Fatalf("a paid attempt became %s", after.Attempts[i].Status)
		}
		if !a.Status.Live() && a.Status != postern.AttemptPaid && after.Attempts[i].Status.Live() {
			rt.Fatalf("a %s attempt became live again", a.Status)
		}
	}
	applied, live := 0, len(after.Live()) > 0
	for _, r := range after.Receipts {
		if r.Use == postern.ReceiptApplied {
			applied++
		}
	}
	if applied > 1 || (applied == 1) != (after.Payment.Status == postern.PaymentPaid) {
		rt.Fatalf("%d applied receipts and the payment is %s", applied, after.Payment.Status)
	}
	if s := after.Payment.Status; live && (s == postern.PaymentOpen || s == postern.PaymentExpired && before.Payment.Status != s || s == postern.PaymentCanceled && before.Payment.Status != s) {
		rt.Fatalf("the payment turned %s while an attempt is live", s)
	}
	var booked, arrived int64
	for _, b := range effects.Bookings {
		if b.Kind == postern.BookReceipt || b.Kind == postern.BookSurplus {
			booked += b.Amount
		}
	}
	for _, r := range effects.Receipts {
		arrived += r.Amount
	}
	if booked != arrived {
		rt.Fatalf("%d booked of %d that arrived", booked, arrived)
	}
}
