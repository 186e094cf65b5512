package postern

import (
	"cmp"
	"slices"
	"time"
)

// Fact is something that happened to a payment: one of the types below.
type Fact interface{ fact() }

// AttemptStarts says that a new attempt is about to be sent. FirstLook is after how long it is asked after; zero means FirstPoll.
type AttemptStarts struct {
	Attempt   Attempt
	FirstLook time.Duration
}

// AttemptAnswered is what a provider said about an attempt short of proving money: pending, unknown, failed or closed.
type AttemptAnswered struct {
	AttemptID string
	Trigger   string // OnPending, OnUnknown, OnFailed or OnClosed
	Code      string
	Message   string
	Class     string
	Opaque    string
	Action    Action
}

// AttemptShown says that the attempt's action reached a buyer.
type AttemptShown struct{ AttemptID string }

// MoneyArrived is proof that the provider took money. The ids are minted by the caller and used where a row is needed.
type MoneyArrived struct {
	AttemptID string
	TxnNo     string
	Amount    int64
	Currency  string
	PaidAt    time.Time
	// Reversed says that the provider already gave the money back (a barcode reversal).
	Reversed     bool
	Policy       SurplusPolicy
	ReceiptID    string
	SurplusID    string
	RefundID     string
	RefundNumber string
}

// CloseWanted says that an attempt is to be closed at its provider, by a job that waits this long: whoever closes it at once leaves the job for the case that it dies.
type CloseWanted struct {
	AttemptID string
	Wait      time.Duration
}

// CancelWanted says that the merchant wants the payment no more.
type CancelWanted struct{}

// DeadlinePassed says that expires_at is over.
type DeadlinePassed struct{}

func (AttemptStarts) fact()   {}
func (AttemptAnswered) fact() {}
func (AttemptShown) fact()    {}
func (MoneyArrived) fact()    {}
func (CloseWanted) fact()     {}
func (CancelWanted) fact()    {}
func (DeadlinePassed) fact()  {}

// Apply applies a fact to a payment. It returns the state after it and what must be committed with it. It is pure: the same arguments give the same result.
// Errors are *Error; on an error nothing changes.
func Apply(s State, f Fact, now time.Time) (State, Effects, error) {
	c := change{state: clone(s), now: now}
	var err error
	switch f := f.(type) {
	case AttemptStarts:
		err = c.start(f)
	case AttemptAnswered:
		err = c.answered(f)
	case AttemptShown:
		err = c.shown(f.AttemptID)
	case MoneyArrived:
		err = c.money(f)
	case CloseWanted:
		err = c.closeWanted(f.AttemptID, f.Wait)
	case CancelWanted:
		err = c.cancel()
	case DeadlinePassed:
		err = c.deadline()
	}
	if err != nil {
		return s, Effects{}, err
	}
	return c.state, c.effects(), nil
}

// change collects what one fact does. touched holds the ids of the rows that must be saved.
type change struct {
	state   State
	now     time.Time
	touched []string
	out     Effects
}

func clone(s State) State {
	s.Attempts, s.Receipts, s.Surpluses = slices.Clone(s.Attempts), slices.Clone(s.Receipts), slices.Clone(s.Surpluses)
	return s
}

func (c *change) attempt(id string) (*Attempt, error) {
	for i := range c.state.Attempts {
		if c.state.Attempts[i].ID == id {
			return &c.state.Attempts[i], nil
		}
	}
	return nil, E(CodeNotFound, "postern.Apply", "the payment has no such attempt")
}

func (c *change) touch(ids ...string) { c.touched = append(c.touched, ids...) }

// effects gathers the touched rows. The payment's version guards the whole aggregate, so its row is saved with every change.
func (c *change) effects() Effects {
	if len(c.touched) == 0 {
		return c.out
	}
	c.state.Payment.UpdatedAt = c.now
	p := c.state.Payment
	c.out.Payment = &p
	for i := range c.state.Attempts {
		if slices.Contains(c.touched, c.state.Attempts[i].ID) {
			c.state.Attempts[i].UpdatedAt = c.now
			c.out.Attempts = append(c.out.Attempts, c.state.Attempts[i])
		}
	}
	for _, r := range c.state.Receipts {
		if slices.Contains(c.touched, r.ID) {
			c.out.Receipts = append(c.out.Receipts, r)
		}
	}
	for _, u := range c.state.Surpluses {
		if slices.Contains(c.touched, u.ID) {
			c.out.Surpluses = append(c.out.Surpluses, u)
		}
	}
	return c.out
}

func (c *change) tell(t Telling) {
	t.PaymentID = c.state.Payment.ID
	c.out.Tellings = append(c.out.Tellings, t)
}

func (c *change) want(kind, id string, at time.Time) {
	c.out.Jobs = append(c.out.Jobs, Wanted{Kind: kind, ID: id, RunAt: at})
}

func (c *change) start(f AttemptStarts) error {
	a := f.Attempt
	if code, ended := c.state.Payment.Ended(c.now); ended {
		return E(code, "postern.Apply", "the payment takes no new attempt")
	}
	for _, other := range c.state.Live() {
		if other.Exposed() {
			return &Error{Code: CodeAttemptLive, Op: "postern.Apply", Message: "a buyer may still pay another attempt; close it first", ID: other.ID}
		}
		// Nobody has seen it, and from here on nobody may: two tabs that start at once must not show two wallets.
		if err := c.closeWanted(other.ID, 0); err != nil {
			return err
		}
	}
	status, err := AttemptStates.Next(AttemptCreated, OnSend)
	if err != nil {
		return err
	}
	a.Status, a.Version = status, 0
	c.state.Attempts = append(c.state.Attempts, a)
	c.touch(a.ID)
	c.want(JobPoll, a.ID, c.now.Add(cmp.Or(f.FirstLook, FirstPoll)))
	return c.settle()
}

func (c *change) answered(f AttemptAnswered) error {
	a, err := c.attempt(f.AttemptID)
	if err != nil {
		return err
	}
	if !a.Status.Live() && f.Trigger != OnMoney {
		return nil // A late word about an attempt that has ended says nothing new; only money does.
	}
	before := a.Status
	if a.Status, err = AttemptStates.Next(a.Status, f.Trigger); err != nil {
		return err
	}
	if f.Code != "" || f.Message != "" {
		a.Code, a.Message = f.Code, f.Message
	}
	if a.Class == "" {
		a.Class = f.Class
	}
	if f.Opaque != "" {
		a.Opaque = f.Opaque
	}
	if f.Action.Type != "" {
		a.Action = f.Action
	}
	c.touch(a.ID)
	if a.Status == AttemptUnknown && before != AttemptUnknown {
		c.tell(Telling{Type: EventAttemptUnknown, AttemptID: a.ID})
	}
	return c.settle()
}

// shown exposes an attempt, unless it ended or is being closed: then its action must not reach a buyer any more, and the caller sees that it is not exposed.
func (c *change) shown(id string) error {
	a, err := c.attempt(id)
	if err != nil || a.Exposed() || !a.Status.Live() || !a.CloseRequestedAt.IsZero() {
		return err
	}
	a.ExposedAt = c.now
	c.touch(id)
	return nil
}

func (c *change) closeWanted(id string, wait time.Duration) error {
	a, err := c.attempt(id)
	if err != nil || !a.Status.Live() || !a.CloseRequestedAt.IsZero() {
		return err
	}
	a.CloseRequestedAt = c.now
	c.touch(id)
	c.want(JobClose, id, c.now.Add(wait))
	return nil
}

func (c *change) cancel() error {
	switch p := &c.state.Payment; p.Status {
	case PaymentPaid:
		return &Error{Code: CodeAlreadyPaid, Op: "postern.Apply", Message: "the payment is paid; refund it instead", ID: p.ID}
	case PaymentExpired, PaymentCanceled:
		return nil
	default:
		if p.CancelRequestedAt.IsZero() {
			p.CancelRequestedAt = c.now
			c.touch(p.ID)
		}
	}
	return c.end()
}

func (c *change) deadline() error {
	p := &c.state.Payment
	if p.Status != PaymentOpen && p.Status != PaymentProcessing || c.now.Before(p.ExpiresAt) {
		return nil
	}
	if p.CloseRequestedAt.IsZero() {
		p.CloseRequestedAt = c.now
		c.touch(p.ID)
	}
	return c.end()
}

// end closes what is live and settles the payment when nothing is.
func (c *change) end() error {
	for _, a := range c.state.Live() {
		if err := c.closeWanted(a.ID, 0); err != nil {
			return err
		}
	}
	return c.settle()
}

// settle derives the payment's status from its attempts and its two intents.
func (c *change) settle() error {
	p := &c.state.Payment
	if p.Status != PaymentOpen && p.Status != PaymentProcessing {
		return nil
	}
	live := len(c.state.Live()) > 0
	on := ""
	switch {
	case live && p.Status == PaymentOpen:
		on = OnLive
	case live:
	case !p.CancelRequestedAt.IsZero():
		on = OnCancel
	case !c.now.Before(p.ExpiresAt):
		on = OnDeadline
	case p.Status == PaymentProcessing:
		on = OnNoneLive
	}
	if on == "" {
		return nil
	}
	status, err := PaymentStates.Next(p.Status, on)
	if err != nil {
		return err
	}
	p.Status = status
	c.touch(p.ID)
	switch status {
	case PaymentExpired:
		c.tell(Telling{Type: EventPaymentExpired})
	case PaymentCanceled:
		c.tell(Telling{Type: EventPaymentCanceled})
	}
	return nil
}
