package postern_test

import (
	"testing"

	"pgregory.net/rapid"

	"postern"
)

func sharedOut(status postern.ShareStatus) postern.Share {
	return postern.Share{MerchantID: "mer_1", ID: "shr_1", ReceiptID: "rcp_1", Amount: 100, Currency: "CNY", Status: status}
}

func TestAFailedShareKeepsWhatOthersGot(t *testing.T) {
	next, effects, err := postern.ApplyShare(sharedOut(postern.SharePending), postern.ShareFact{Trigger: postern.OnFailed, Given: 30}, start)
	if err != nil || next.Given != 30 || len(effects.Moves) != 1 || effects.Moves[0].Unshare != 70 || effects.Tellings[0].Type != postern.EventShareFailed {
		t.Fatalf("got %+v %+v, %v", next, effects, err)
	}
	next, effects, err = postern.ApplyShare(next, postern.ShareFact{Trigger: postern.OnDone}, start)
	if err != nil || next.Given != 100 || effects.Moves[0].Share != 70 || effects.Tellings[0].Type != postern.EventShareDone {
		t.Errorf("proof of the rest: %+v %+v, %v", next, effects, err)
	}
}

func TestAnUnknownShareKeepsItsReservation(t *testing.T) {
	next, effects, err := postern.ApplyShare(sharedOut(postern.ShareSending), postern.ShareFact{Trigger: postern.OnUnknown}, start)
	if err != nil || next.Status != postern.ShareUnknown || len(effects.Moves) != 0 {
		t.Errorf("got %+v %+v, %v", next, effects, err)
	}
}

// TestSharesAreNeverBookedByAnAnswer: whatever is said of a share and in whatever order, what the receipt holds for it is what receivers got once it is settled, a done
// one stays done, and nothing is booked.
func TestSharesAreNeverBookedByAnAnswer(t *testing.T) {
	triggers := []string{postern.OnSend, postern.OnPending, postern.OnUnknown, postern.OnDone, postern.OnFailed}
	rapid.Check(t, func(t *rapid.T) {
		s := sharedOut(postern.ShareReserved)
		held := s.Amount
		for range rapid.IntRange(1, 12).Draw(t, "facts") {
			f := postern.ShareFact{Trigger: rapid.SampledFrom(triggers).Draw(t, "trigger"), Given: rapid.Int64Range(-5, 120).Draw(t, "given")}
			next, effects, err := postern.ApplyShare(s, f, start)
			if err != nil {
				continue
			}
			for _, m := range effects.Moves {
				held += m.Share - m.Unshare
			}
			if len(effects.Bookings) > 0 {
				t.Fatal("booked")
			}
			if s.Status == postern.ShareDone && next.Status != postern.ShareDone {
				t.Fatalf("done became %s", next.Status)
			}
			s = next
			if want := map[bool]int64{true: s.Amount, false: s.Given}[s.Status.Open()]; held != want {
				t.Fatalf("%s with %d given holds %d", s.Status, s.Given, held)
			}
		}
	})
}
