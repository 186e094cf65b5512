package postern

import "time"

// ShareFact is what happened to a share: Trigger is OnSend, OnPending, OnUnknown, OnDone or OnFailed; Code and Message are the provider's own. Given is what
// receivers got of a share that failed, in minor units.
type ShareFact struct {
	Trigger string
	Code    string
	Message string
	Given   int64
}

// ApplyShare applies a fact to a share. A word that comes late, after the outcome is known, changes nothing unless it proves that the receivers got their parts.
// Nothing is booked here: shares come into the books from bills only.
func ApplyShare(s Share, f ShareFact, now time.Time) (Share, Effects, error) {
	before := s.Status
	if before == ShareDone || (!before.Open() && f.Trigger != OnDone) {
		return s, Effects{}, nil
	}
	after, err := ShareStates.Next(before, f.Trigger)
	if err != nil {
		return s, Effects{}, err
	}
	next, out := s, Effects{}
	next.Status, next.UpdatedAt = after, now
	if f.Code != "" || f.Message != "" {
		next.Code, next.Message = f.Code, f.Message
	}
	tell := Telling{PaymentID: s.PaymentID, ShareID: s.ID, AttemptID: s.AttemptID}
	move := ReceiptMove{ReceiptID: s.ReceiptID}
	switch {
	case after == ShareDone:
		next.Given, tell.Type = s.Amount, EventShareDone
		if before == ShareFailed {
			move.Share = s.Amount - s.Given
		}
	case after == ShareFailed:
		next.Given, tell.Type = max(0, min(f.Given, s.Amount)), EventShareFailed
		move.Unshare = s.Amount - next.Given
	}
	if move.Share+move.Unshare > 0 {
		out.Moves = append(out.Moves, move)
	}
	if tell.Type != "" {
		out.Tellings = append(out.Tellings, tell)
	}
	out.Shares = append(out.Shares, next)
	return next, out, nil
}
