package postern_test

import (
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

// TestReservationsAddUp applies any words in any order: what was reserved is released or settled once, never both, never twice.
func TestReservationsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, reserved, refunded := refund(postern.RefundReserved), int64(100), int64(0)
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			on := rapid.SampledFrom([]string{postern.OnSend, postern.OnPending, postern.OnUnknown, postern.OnRefunded, postern.OnFailed, postern.OnStuck}).Draw(rt, "on")
			next, effects, err := postern.ApplyRefund(s, postern.RefundFact{Trigger: on}, start)
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
