package postern_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"postern"
)

func refund(status postern.RefundStatus) postern.RefundState {
	return postern.RefundState{Refund: postern.Refund{MerchantID: "mer_1", ID: "ref_1", ReceiptID: "rcp_1", ChannelID: "chn_1", Amount: 100, Currency: "CNY", Status: status}}
}

func TestARefundSettlesItsReservation(t *testing.T) {
	_, effects, err := postern.ApplyRefund(refund(postern.RefundPending), postern.RefundFact{Trigger: postern.OnRefunded}, start)
	if err != nil || len(effects.Moves) != 1 || effects.Moves[0].Settle != 100 || effects.Bookings[0].Kind != postern.BookRefund {
		t.Errorf("got %+v, %v", effects, err)
	}
}

func TestUnknownKeepsTheReservation(t *testing.T) {
	next, effects, err := postern.ApplyRefund(refund(postern.RefundSending), postern.RefundFact{Trigger: postern.OnUnknown}, start)
	if err != nil || next.Refund.Status != postern.RefundUnknown || len(effects.Moves) != 0 || len(effects.Bookings) != 0 {
		t.Errorf("got %+v %+v, %v", next, effects, err)
	}
}

func TestProofWinsOverAFailedRefund(t *testing.T) {
	next, effects, err := postern.ApplyRefund(refund(postern.RefundFailed), postern.RefundFact{Trigger: postern.OnRefunded}, start)
	if err != nil || next.Refund.Status != postern.RefundRefunded || effects.Moves[0].Direct != 100 {
		t.Errorf("got %+v %+v, %v", next, effects, err)
	}
}

func TestAStuckRefundIsInTransit(t *testing.T) {
	next, effects, err := postern.ApplyRefund(refund(postern.RefundPending), postern.RefundFact{Trigger: postern.OnStuck}, start)
	if err != nil || effects.Bookings[0].Kind != postern.BookRefundStuck || len(effects.Moves) != 0 {
		t.Fatalf("got %+v, %v", effects, err)
	}
	_, effects, err = postern.ApplyRefund(next, postern.RefundFact{Trigger: postern.OnRefunded}, start)
	if err != nil || effects.Bookings[0].Kind != postern.BookRefundUnstuck || effects.Moves[0].Settle != 100 {
		t.Errorf("got %+v, %v", effects, err)
	}
}

// outside is a refund that one person has entered as given back outside the provider.
func outside(status postern.RefundStatus) postern.RefundState {
	s := refund(status)
	s.Refund.Hand = postern.Hand{Way: postern.WayOutside, Bank: "CMB", Evidence: "transfer 77", By: postern.Person{ID: "stf_a", Name: "Li"}, At: start}
	return s
}

var second = postern.Person{ID: "stf_b", Name: "Wang"}

// TestTwoPersonsEndARefund: only somebody else agrees, once; what is booked touches the bank, and what the provider owes only where the money had left and came back.
func TestTwoPersonsEndARefund(t *testing.T) {
	surplus := outside(postern.RefundReserved)
	surplus.Refund.SurplusID, surplus.Surplus = "sur_1", &postern.Surplus{ID: "sur_1", Status: postern.SurplusRefunding}
	reached := outside(postern.RefundStuck)
	reached.Refund.Hand.Way, reached.Refund.Hand.Bank = postern.WayReached, ""
	for name, c := range map[string]struct {
		from postern.RefundState
		want []postern.BookingKind
		tell postern.EventType
	}{
		"outside":           {outside(postern.RefundReserved), []postern.BookingKind{postern.BookRefundOutside}, postern.EventRefundRefunded},
		"a surplus outside": {surplus, []postern.BookingKind{postern.BookSurplusOutside}, postern.EventSurplusRefunded},
		"stuck, outside":    {outside(postern.RefundStuck), []postern.BookingKind{postern.BookTransitBack, postern.BookRefundOutside}, postern.EventRefundRefunded},
		"stuck, reached":    {reached, []postern.BookingKind{postern.BookRefundUnstuck}, postern.EventRefundRefunded},
	} {
		if _, _, err := postern.DecideHand(c.from, c.from.Refund.Hand.By, true, "I saw it", start); postern.CodeOf(err) != postern.CodeForbidden {
			t.Errorf("%s: one person alone: %v", name, err)
		}
		next, effects, err := postern.DecideHand(c.from, second, true, "the bank shows it", start)
		if err != nil || next.Refund.Status != postern.RefundRefunded || next.Refund.Awaits() || next.Refund.Hand.Saw == "" {
			t.Fatalf("%s: %+v, %v", name, next.Refund, err)
		}
		var kinds []postern.BookingKind
		for _, b := range effects.Bookings {
			kinds = append(kinds, b.Kind)
		}
		if !slices.Equal(kinds, c.want) || effects.Moves[0].Settle != 100 || effects.Tellings[0].Type != c.tell || len(effects.Jobs) != 0 {
			t.Errorf("%s: %v %+v %+v", name, kinds, effects.Moves, effects.Tellings)
		}
		if next.Refund.Outside() && effects.Bookings[len(effects.Bookings)-1].Bank != "CMB" {
			t.Errorf("%s: paid by %+v", name, effects.Bookings)
		}
		if _, _, err := postern.DecideHand(next, second, true, "again", start); postern.CodeOf(err) != postern.CodeConflict {
			t.Errorf("%s, again: %v", name, err)
		}
	}
}

// TestASecondPersonMayDisagree: what was reserved is free again, what was stuck stays stuck, and the first person may take it back.
func TestASecondPersonMayDisagree(t *testing.T) {
	for by, code := range map[postern.Person]string{second: "rejected", outside("").Refund.Hand.By: "withdrawn"} {
		next, effects, err := postern.DecideHand(outside(postern.RefundReserved), by, false, "no such transfer", start)
		if err != nil || next.Refund.Status != postern.RefundFailed || next.Refund.Code != code || effects.Moves[0].Release != 100 || len(effects.Bookings) != 0 {
			t.Errorf("%s: %+v %+v, %v", code, next.Refund, effects, err)
		}
		next, effects, err = postern.DecideHand(outside(postern.RefundStuck), by, false, "no", start)
		if err != nil || next.Refund.Status != postern.RefundStuck || next.Refund.Hand != (postern.Hand{}) || len(effects.Moves)+len(effects.Bookings)+len(effects.Tellings) != 0 || len(effects.Refunds) != 1 {
			t.Errorf("stuck, %s: %+v %+v, %v", code, next.Refund, effects, err)
		}
	}
}

// TestAProvidersWordIsNotAPersons: what is outside is never sent and takes no provider's word; what the provider says of a stuck one ends the wait for a second person; nothing that is not stuck
// is resolved.
func TestAProvidersWordIsNotAPersons(t *testing.T) {
	for _, on := range []string{postern.OnSend, postern.OnPending, postern.OnUnknown, postern.OnRefunded, postern.OnStuck, postern.OnOutside} {
		if _, effects, err := postern.ApplyRefund(outside(postern.RefundReserved), postern.RefundFact{Trigger: on}, start); err == nil || !effects.Empty() {
			t.Errorf("%s: %+v", on, effects)
		}
	}
	next, effects, err := postern.ApplyRefund(outside(postern.RefundStuck), postern.RefundFact{Trigger: postern.OnRefunded}, start)
	if err != nil || next.Refund.Outside() || next.Refund.Awaits() || effects.Bookings[0].Kind != postern.BookRefundUnstuck {
		t.Errorf("%+v, %v", next.Refund, err)
	}
	if _, _, err := postern.ApplyRefund(refund(postern.RefundStuck), postern.RefundFact{Trigger: postern.OnOutside}, start); err == nil {
		t.Error("a stuck refund of which nobody has said anything ended outside")
	}
	for _, s := range []postern.RefundState{refund(postern.RefundPending), refund(postern.RefundFailed), outside(postern.RefundStuck)} {
		if _, err := postern.ResolveStuck(s.Refund, postern.Hand{Way: postern.WayReached}, start); postern.CodeOf(err) != postern.CodeConflict {
			t.Errorf("%s: %v", s.Refund.Status, err)
		}
	}
}

// TestReservationsAddUp applies any words in any order: what was reserved is released or settled once, never both, never twice.
func TestReservationsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, reserved, refunded := rapid.SampledFrom([]postern.RefundState{refund(postern.RefundReserved), outside(postern.RefundReserved)}).Draw(rt, "from"), int64(100), int64(0)
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			on := rapid.SampledFrom([]string{postern.OnSend, postern.OnPending, postern.OnUnknown, postern.OnRefunded, postern.OnFailed, postern.OnStuck, "agree", "disagree"}).Draw(rt, "on")
			if s.Refund.Status == postern.RefundStuck && rapid.Bool().Draw(rt, "resolve") {
				s.Refund.Hand = rapid.SampledFrom([]postern.RefundState{outside(""), refund("")}).Draw(rt, "hand").Refund.Hand
			}
			next, effects, err := postern.ApplyRefund(s, postern.RefundFact{Trigger: on}, start)
			if on == "agree" || on == "disagree" {
				next, effects, err = postern.DecideHand(s, second, on == "agree", "seen", start)
			}
			if err != nil {
				continue
			}
			for _, m := range effects.Moves {
				reserved += m.Reserve - m.Release - m.Settle
				refunded += m.Settle + m.Direct
			}
			if s.Refund.Status == postern.RefundRefunded && next.Refund.Status != postern.RefundRefunded {
				rt.Fatalf("a refunded refund became %s", next.Refund.Status)
			}
			s = next
		}
		held := s.Refund.Status.Open() || s.Refund.Status == postern.RefundStuck
		if held != (reserved == 100) || !held && reserved != 0 || (refunded == 100) != (s.Refund.Status == postern.RefundRefunded) {
			rt.Fatalf("%s with %d reserved and %d refunded", s.Refund.Status, reserved, refunded)
		}
	})
}
