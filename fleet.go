package postern

import (
	"math/big"
	"time"
)

// MoveStatus is where a fleet move stands.
type MoveStatus string

// Statuses of a fleet move. Moving and undoing are under way; holding waits for somebody to widen it; done has moved everybody; stopped was stopped, by numbers or
// by a person, and may be widened again or undone.
const (
	MoveMoving  MoveStatus = "moving"
	MoveHolding MoveStatus = "holding"
	MoveDone    MoveStatus = "done"
	MoveStopped MoveStatus = "stopped"
	MoveUndoing MoveStatus = "undoing"
	MoveUndone  MoveStatus = "undone"
)

// FleetMove moves the merchants that a closure will hit to other channels of theirs, or to a new channel through a shared account, step by step.
type FleetMove struct {
	OwnerID string
	ID      string
	Version int64
	// ClosureOwnerID and ClosureID are what it moves away from.
	ClosureOwnerID string
	ClosureID      string
	// To are providers or channels in the order of preference: each merchant is moved to the first that it has.
	To     []string
	Policy MovePolicy
	// Live says of which mode its merchants are; test and live never mix.
	Live   bool
	Status MoveStatus
	// Share is how many of 10,000 merchants are to be moved; Merchants is how many there are.
	Share     int64
	Merchants int64
	// Before is how the merchants' attempts went before anybody was moved.
	Before Tally
	// History says who did what, when and why: the audit trail. StepAt is when the present step began.
	History   []MoveEdit
	StepAt    time.Time
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MovePolicy is when a move stops by itself: once both sides have Least attempts and the moved side is worse by more than WorseBP, beyond chance.
type MovePolicy struct {
	Least   int64 `json:"least"`
	WorseBP int64 `json:"worse_bp"`
}

// MoveEdit is one line of a move's history.
type MoveEdit struct {
	At    time.Time `json:"at"`
	Who   string    `json:"who"`
	What  string    `json:"what"` // began, widened, stopped, undone
	Why   string    `json:"why,omitempty"`
	Share int64     `json:"share"`
}

// States of one merchant of a move.
const (
	MemberPlanned = "planned"
	MemberMoved   = "moved"
	MemberUndone  = "undone"
)

// MoveMember is one merchant of a move. Place is its turn, from 0; Steps is what is to be done, and what was there before it was done.
type MoveMember struct {
	MerchantID string
	MoveID     string
	OwnerID    string
	Place      int64
	State      string
	Steps      []MoveChange
	Note       string
	MovedAt    time.Time
	UpdatedAt  time.Time
}

// MoveChange is what a move does to one channel. An added channel has no Was: an undo retires it, because payments may have gone through it.
type MoveChange struct {
	ChannelID string `json:"channel_id"`
	Added     bool   `json:"added,omitempty"`
	Was       int64  `json:"was"` // the rank before, written in the commit that changes it
	Rank      int64  `json:"rank"`
	// The account of a channel that is added.
	Provider    string   `json:"provider,omitempty"`
	SetOwnerID  string   `json:"set_owner_id,omitempty"`
	SetID       string   `json:"set_id,omitempty"`
	SubMerchant string   `json:"sub_merchant,omitempty"`
	Products    []string `json:"products,omitempty"`
}

// Ranks of a move: the target goes to the front, and what it moves away from so far back that nothing but a buyer's last way leads there.
const (
	MoveFront = 0
	MoveBack  = 50
)

// MoveSteps are the shares of a move that names none, of 10,000 merchants.
var MoveSteps = []int64{100, 1_000, 5_000, 10_000}

// NextShare is the step after a share.
func NextShare(share int64) int64 {
	for _, s := range MoveSteps {
		if s > share {
			return s
		}
	}
	return 10_000
}

// Wave is how many of n merchants a share moves: at least one.
func Wave(n, share int64) int64 {
	if n == 0 || share <= 0 {
		return 0
	}
	return min(n, max(1, (n*share+9_999)/10_000))
}

// Tally is how many attempts ended, and how many of them were paid.
type Tally struct {
	Tried int64 `json:"tried"`
	Paid  int64 `json:"paid"`
}

// BP is the share that was paid in hundredths of a per cent; zero without attempts.
func (t Tally) BP() int64 {
	if t.Tried == 0 {
		return 0
	}
	return t.Paid * 10_000 / t.Tried
}

// Worse says whether the moved side does so much worse than the other that the move must stop. It needs Least attempts on both sides, a difference of more than
// WorseBP, and one of more than four standard deviations of the pooled share: the numbers are looked at every minute, and what is looked at often looks bad some day
// by chance. All of it is integer arithmetic.
func (p MovePolicy) Worse(moved, other Tally) bool {
	if moved.Tried < max(p.Least, 1) || other.Tried < max(p.Least, 1) {
		return false
	}
	n := func(v int64) *big.Int { return big.NewInt(v) }
	mul := func(list ...*big.Int) *big.Int {
		product := big.NewInt(1)
		for _, v := range list {
			product.Mul(product, v)
		}
		return product
	}
	// The difference of the shares, times both numbers of attempts.
	gap := new(big.Int).Sub(mul(n(other.Paid), n(moved.Tried)), mul(n(moved.Paid), n(other.Tried)))
	if mul(gap, n(10_000)).Cmp(mul(n(p.WorseBP), n(moved.Tried), n(other.Tried))) <= 0 {
		return false
	}
	paid, tried := moved.Paid+other.Paid, moved.Tried+other.Tried
	// gap² · tried > 16 · moved · other · paid · unpaid, which is z > 4 without a root or a fraction.
	return mul(gap, gap, n(tried)).Cmp(mul(n(16), n(moved.Tried), n(other.Tried), n(paid), n(tried-paid))) > 0
}
