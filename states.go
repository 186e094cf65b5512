package postern

import "fmt"

// Table is a state machine as data: from a state, by a trigger, to a state. What is not in the table cannot happen.
type Table[S ~string] struct {
	Name    string
	Initial S
	// Order lists the states for documents; Absorbing are the states that nothing leaves.
	Order     []S
	Absorbing []S
	Moves     []Move[S]
}

// Move is one row of a Table.
type Move[S ~string] struct {
	From S      `json:"from"`
	On   string `json:"on"`
	To   S      `json:"to"`
	Why  string `json:"why"`
}

// Next returns the state that a trigger leads to, or an *Error with CodeImpossibleChange.
func (t Table[S]) Next(from S, on string) (S, error) {
	for _, m := range t.Moves {
		if m.From == from && m.On == on {
			return m.To, nil
		}
	}
	return from, E(CodeImpossibleChange, "postern.Apply", fmt.Sprintf("a %s that is %s cannot take %q", t.Name, from, on))
}

// Can says whether the table has a row for this trigger.
func (t Table[S]) Can(from S, on string) bool {
	_, err := t.Next(from, on)
	return err == nil
}

// Triggers of the tables.
const (
	OnSend     = "send"
	OnPending  = "pending"
	OnUnknown  = "unknown"
	OnFailed   = "failed"
	OnClosed   = "closed"
	OnMoney    = "money"
	OnLive     = "attempt_live"
	OnNoneLive = "none_live"
	OnDeadline = "deadline"
	OnCancel   = "cancel"
	OnLate     = "late_money"
	OnStuck    = "stuck"
	OnAccept   = "accept"
	OnGiveBack = "give_back"
	OnRefunded = "refunded"
	OnHold     = "hold"
	OnOutside  = "outside"
	OnDone     = "done"
)

// AttemptStates is the life of an attempt. Failed and closed yield to proof of money and to nothing else.
var AttemptStates = Table[AttemptStatus]{
	Name: "attempt", Initial: AttemptCreated, Absorbing: []AttemptStatus{AttemptPaid},
	Order: []AttemptStatus{AttemptCreated, AttemptSending, AttemptPending, AttemptUnknown, AttemptPaid, AttemptFailed, AttemptClosed},
	Moves: []Move[AttemptStatus]{
		{AttemptCreated, OnSend, AttemptSending, "committed before a byte leaves"},
		{AttemptCreated, OnClosed, AttemptClosed, "nothing was ever sent"},
		{AttemptSending, OnPending, AttemptPending, "the provider has the order"},
		{AttemptSending, OnUnknown, AttemptUnknown, "the answer did not arrive or was not believed"},
		{AttemptSending, OnFailed, AttemptFailed, "the provider refused, or nothing was sent"},
		{AttemptSending, OnClosed, AttemptClosed, "closed at the provider"},
		{AttemptSending, OnMoney, AttemptPaid, "the notification overtook the answer"},
		{AttemptPending, OnPending, AttemptPending, "still waiting"},
		{AttemptPending, OnUnknown, AttemptUnknown, "a close went unanswered"},
		{AttemptPending, OnFailed, AttemptFailed, "the provider says it failed"},
		{AttemptPending, OnClosed, AttemptClosed, "closed at the provider"},
		{AttemptPending, OnMoney, AttemptPaid, "proof of money"},
		{AttemptUnknown, OnPending, AttemptPending, "a query found it waiting"},
		{AttemptUnknown, OnUnknown, AttemptUnknown, "still unknown: never failed for want of an answer"},
		{AttemptUnknown, OnFailed, AttemptFailed, "a query says it failed"},
		{AttemptUnknown, OnClosed, AttemptClosed, "a query or close says it is closed"},
		{AttemptUnknown, OnMoney, AttemptPaid, "proof of money"},
		{AttemptFailed, OnMoney, AttemptPaid, "proof of money wins over every other word"},
		{AttemptClosed, OnMoney, AttemptPaid, "proof of money wins over every other word"},
	},
}

// PaymentStates is the life of a payment.
var PaymentStates = Table[PaymentStatus]{
	Name: "payment", Initial: PaymentOpen, Absorbing: []PaymentStatus{PaymentPaid},
	Order: []PaymentStatus{PaymentOpen, PaymentProcessing, PaymentPaid, PaymentExpired, PaymentCanceled},
	Moves: []Move[PaymentStatus]{
		{PaymentOpen, OnLive, PaymentProcessing, "an attempt is live"},
		{PaymentOpen, OnMoney, PaymentPaid, "a closed or failed attempt was paid after all"},
		{PaymentOpen, OnDeadline, PaymentExpired, "past expires_at, none live"},
		{PaymentOpen, OnCancel, PaymentCanceled, "cancel requested, none live"},
		{PaymentProcessing, OnNoneLive, PaymentOpen, "the last live attempt ended without money"},
		{PaymentProcessing, OnMoney, PaymentPaid, "a receipt was applied"},
		{PaymentProcessing, OnDeadline, PaymentExpired, "past expires_at, none live"},
		{PaymentProcessing, OnCancel, PaymentCanceled, "cancel requested, none live"},
		{PaymentExpired, OnLate, PaymentPaid, "late_payment is accept"},
		{PaymentCanceled, OnLate, PaymentPaid, "late_payment is accept"},
	},
}

// RefundStates is the life of a refund. Failed yields to proof that the money went back; stuck waits for a person or for that proof.
var RefundStates = Table[RefundStatus]{
	Name: "refund", Initial: RefundReserved, Absorbing: []RefundStatus{RefundRefunded},
	Order: []RefundStatus{RefundReserved, RefundSending, RefundPending, RefundUnknown, RefundRefunded, RefundFailed, RefundStuck},
	Moves: []Move[RefundStatus]{
		{RefundReserved, OnSend, RefundSending, "committed before a byte leaves"},
		{RefundReserved, OnFailed, RefundFailed, "refused before it was sent, or no second person agrees that it was given back outside"},
		{RefundReserved, OnOutside, RefundRefunded, "two persons say that it was given back outside the provider; it is never sent"},
		{RefundSending, OnSend, RefundSending, "sent again with the same number"},
		{RefundSending, OnPending, RefundPending, "the provider accepted it"},
		{RefundSending, OnUnknown, RefundUnknown, "the answer did not arrive or was not believed"},
		{RefundSending, OnRefunded, RefundRefunded, "the money went back"},
		{RefundSending, OnFailed, RefundFailed, "the provider refused it"},
		{RefundSending, OnStuck, RefundStuck, "left us, not reached the buyer"},
		{RefundPending, OnPending, RefundPending, "still waiting"},
		{RefundPending, OnUnknown, RefundUnknown, "no answer"},
		{RefundPending, OnRefunded, RefundRefunded, "the money went back"},
		{RefundPending, OnFailed, RefundFailed, "the provider gave it up"},
		{RefundPending, OnStuck, RefundStuck, "left us, not reached the buyer"},
		{RefundUnknown, OnSend, RefundSending, "sent again with the same number"},
		{RefundUnknown, OnPending, RefundPending, "a query found it waiting"},
		{RefundUnknown, OnUnknown, RefundUnknown, "still unknown"},
		{RefundUnknown, OnRefunded, RefundRefunded, "a query says it went back"},
		{RefundUnknown, OnFailed, RefundFailed, "a query says it was refused"},
		{RefundUnknown, OnStuck, RefundStuck, "left us, not reached the buyer"},
		{RefundFailed, OnRefunded, RefundRefunded, "proof of money wins over every other word"},
		{RefundStuck, OnRefunded, RefundRefunded, "it reached the buyer after all, says the provider, or two persons do"},
		{RefundStuck, OnOutside, RefundRefunded, "it came back to the merchant, who gave it back outside the provider, say two persons"},
		{RefundStuck, OnPending, RefundStuck, "a person resolves it"},
	},
}

// SurplusStates is the life of a surplus.
var SurplusStates = Table[SurplusStatus]{
	Name: "surplus", Initial: SurplusHeld, Absorbing: []SurplusStatus{SurplusAccepted, SurplusRefunded},
	Order: []SurplusStatus{SurplusHeld, SurplusAccepted, SurplusRefunding, SurplusRefunded},
	Moves: []Move[SurplusStatus]{
		{SurplusHeld, OnAccept, SurplusAccepted, "the merchant keeps it"},
		{SurplusHeld, OnGiveBack, SurplusRefunding, "by policy or by a person"},
		{SurplusRefunding, OnRefunded, SurplusRefunded, "the refund reached the buyer"},
		{SurplusRefunding, OnHold, SurplusHeld, "the refund failed: a person decides"},
		{SurplusHeld, OnRefunded, SurplusRefunded, "a refund that had failed reached the buyer after all"},
	},
}

// ShareStates is the life of a share. Failed yields to proof that the receivers got their parts.
var ShareStates = Table[ShareStatus]{
	Name: "share", Initial: ShareReserved, Absorbing: []ShareStatus{ShareDone},
	Order: []ShareStatus{ShareReserved, ShareSending, SharePending, ShareUnknown, ShareDone, ShareFailed},
	Moves: []Move[ShareStatus]{
		{ShareReserved, OnSend, ShareSending, "committed before a byte leaves"},
		{ShareReserved, OnUnknown, ShareReserved, "a receiver could not be added yet; nothing was shared"},
		{ShareReserved, OnFailed, ShareFailed, "refused before it was sent: a receiver is not taken"},
		{ShareSending, OnSend, ShareSending, "sent again with the same number"},
		{ShareSending, OnPending, SharePending, "the provider accepted it"},
		{ShareSending, OnUnknown, ShareUnknown, "the answer did not arrive or was not believed"},
		{ShareSending, OnDone, ShareDone, "every receiver has its part"},
		{ShareSending, OnFailed, ShareFailed, "the provider refused it"},
		{SharePending, OnPending, SharePending, "still waiting"},
		{SharePending, OnUnknown, ShareUnknown, "no answer"},
		{SharePending, OnDone, ShareDone, "every receiver has its part"},
		{SharePending, OnFailed, ShareFailed, "a receiver will never get its part"},
		{ShareUnknown, OnSend, ShareSending, "sent again with the same number"},
		{ShareUnknown, OnPending, SharePending, "a query found it waiting"},
		{ShareUnknown, OnUnknown, ShareUnknown, "still unknown"},
		{ShareUnknown, OnDone, ShareDone, "a query or a bill says that it was shared"},
		{ShareUnknown, OnFailed, ShareFailed, "a query says it was refused"},
		{ShareFailed, OnDone, ShareDone, "a bill says that it was shared after all"},
	},
}
