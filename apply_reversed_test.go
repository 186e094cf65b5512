package postern_test

import (
	"fmt"
	"testing"

	"postern"
)

// scanned is a payment with a barcode attempt of unknown outcome.
func scanned(t *testing.T) postern.State {
	t.Helper()
	s, _ := walk(t, fresh(postern.LateRefund), start, postern.AttemptStarts{Attempt: attempt("a")}, postern.AttemptShown{AttemptID: "a"},
		postern.AttemptAnswered{AttemptID: "a", Trigger: postern.OnUnknown}, postern.CloseWanted{AttemptID: "a"})
	return s
}

func reversal(txn string) postern.MoneyArrived {
	m := money("a", txn, 6800)
	m.Reversed = true
	return m
}

// TestAReversalBooksBothWays: what a reversal gave back was taken before. Receipt, surplus and refund are booked in one change, and the payment is open for another code.
func TestAReversalBooksBothWays(t *testing.T) {
	s, effects := walk(t, scanned(t), start, reversal("1"))
	if s.Payment.Status != postern.PaymentOpen || s.Attempts[0].Status != postern.AttemptPaid || len(effects.Refunds) != 1 || effects.Refunds[0].Status != postern.RefundRefunded {
		t.Fatalf("%+v %+v", s, effects.Refunds)
	}
	if got := fmt.Sprint(tells(effects)); got != "[surplus.received surplus.refunded]" {
		t.Error(got)
	}
	if s.Receipts[0].Refunded != 6800 || s.Surpluses[0].Reason != postern.SurplusReversed || s.Surpluses[0].Status != postern.SurplusRefunded || len(effects.Bookings) != 2 {
		t.Errorf("%+v %+v %+v", s.Receipts, s.Surpluses, effects.Bookings)
	}
	if _, again := walk(t, s, start, reversal("1")); !again.Empty() {
		t.Errorf("told twice, and %+v changes", again)
	}
}

// TestAReversalAfterTheNotification: the notification was faster than the reversal's answer, so that the payment is paid. That the money went back is booked all the same, once, and the
// merchant is told.
//
// Red without takenBack (apply_money.go): the books keep money that the provider gave back.
func TestAReversalAfterTheNotification(t *testing.T) {
	s, _ := walk(t, scanned(t), start, money("a", "1", 6800))
	if s.Payment.Status != postern.PaymentPaid {
		t.Fatal(s.Payment.Status)
	}
	s, effects := walk(t, s, start, reversal("1"))
	if got := fmt.Sprint(tells(effects)); got != "[refund.refunded]" || len(effects.Moves) != 1 || effects.Moves[0].Direct != 6800 || len(effects.Bookings) != 1 || effects.Bookings[0].Kind != postern.BookRefund {
		t.Fatalf("%s %+v %+v", got, effects.Moves, effects.Bookings)
	}
	if _, again := walk(t, s, start, reversal("1")); !again.Empty() {
		t.Errorf("told twice, and %+v changes", again)
	}
}
