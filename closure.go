package postern

import (
	"slices"
	"time"
)

// ClosedBy says whose wall it is: the provider's, the host app's, or a regulator's.
type ClosedBy string

// Who closes.
const (
	ByProvider  ClosedBy = "provider"
	ByHost      ClosedBy = "host"
	ByRegulator ClosedBy = "regulator"
)

// Closure is a dated restriction with its scope, what it withdraws and what still works. A code of a provider, product or container is data: one that has no
// connector here is a valid name. Closing a partner's whole account is one closure, not one per merchant.
type Closure struct {
	// OwnerID is whose closure it is: the platform's holds for everybody, a merchant's or partner's for its own.
	OwnerID string
	ID      string
	Version int64
	Title   string
	By      ClosedBy
	// Who names the company or authority; Source and Notice say on what evidence, for people; Evidence is a mark of the wall map.
	Who       string
	Source    string
	Notice    string
	Evidence  string
	Scope     Scope
	Withdraws []Withdrawal
	// History tells how it came to be what it is: announced, moved, withdrawn. The last entry is the present.
	History     []ClosureEdit
	WithdrawnAt time.Time
	CreatedAt   time.Time
}

// Scope says whom a closure hits. An empty list or a zero means any; all that is set must fit.
type Scope struct {
	Providers      []string `json:"providers,omitempty"`
	Products       []string `json:"products,omitempty"`
	Containers     []string `json:"containers,omitempty"`
	Merchants      []string `json:"merchants,omitempty"`
	Partners       []string `json:"partners,omitempty"`
	CredentialSets []string `json:"credential_sets,omitempty"`
	Categories     []string `json:"categories,omitempty"`
	// MinAmount and MaxAmount bound the amounts that are closed, in minor units, both inclusive.
	MinAmount int64 `json:"min_amount,omitempty"`
	MaxAmount int64 `json:"max_amount,omitempty"`
	// SignedFrom hits agreements signed at or after it, and shops without one; EndsBefore those whose present term ends before it.
	SignedFrom time.Time `json:"signed_from,omitzero"`
	EndsBefore time.Time `json:"ends_before,omitzero"`
	// IdleFor hits channels that have not been used for so long before the moment asked about.
	IdleFor time.Duration `json:"idle_for,omitempty"`
	// Share hits only so many of 10,000 buyers, for closures that are rolled out bit by bit; zero means all.
	Share int64 `json:"share,omitempty"`
}

// Withdrawal withdraws one act from a moment (inclusive) until another (exclusive; zero: for good). Each act has its own dates: payments often stop days before
// refunds and disputes do.
type Withdrawal struct {
	Act   Act       `json:"act"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

// ClosureEdit is one line of a closure's history. Withdraws is what held from then on; an empty list is a withdrawal.
type ClosureEdit struct {
	At        time.Time    `json:"at"`
	What      string       `json:"what"` // announced, moved, narrowed, widened, withdrawn
	Note      string       `json:"note,omitempty"`
	Withdraws []Withdrawal `json:"withdraws,omitempty"`
}

// Asker is who wants to do something, where, and with how much.
type Asker struct {
	MerchantID      string
	PartnerID       string
	CredentialSetID string
	Provider        string
	Product         string
	Container       string
	Category        string
	Amount          int64 // minor units
	Agreement       Agreement
	LastUsed        time.Time
	Bucket          int64 // 0 to 9,999: which buyer, for closures that hit a share
}

// sinceEver stands for the agreement of a channel whose paper nobody recorded: a seller whose account works must not be told that it was never signed.
var sinceEver = []Term{{From: time.Unix(0, 0)}}

// Asker is who asks when something is to be done over the channel: its merchant, account and paper. The container and the amount are the act's.
func (c *Channel) Asker(partnerID, product, container string, amount int64, at time.Time) Asker {
	agreement := c.Agreement
	if len(agreement.Terms) == 0 {
		agreement.Terms = sinceEver
	}
	return Asker{
		MerchantID: c.MerchantID, PartnerID: partnerID, CredentialSetID: c.CredentialSetID, Provider: c.Provider, Product: product, Container: container, Amount: amount,
		Agreement: agreement, LastUsed: at,
	}
}

// Verdict says whether an act may begin, and what stands in the way: the first closure that does, or the agreement.
type Verdict struct {
	Allowed bool
	Because string // "", no_agreement, agreement_ended, agreement_other_scene, already_signed, not_ending or closed
	Closure string // the closure's id
	Since   time.Time
	Until   time.Time
}

// Why a verdict is no.
const (
	NoAgreement    = "no_agreement"
	AgreementEnded = "agreement_ended"
	OtherScene     = "agreement_other_scene"
	AlreadySigned  = "already_signed"
	ClosedByWall   = "closed"
)

// May answers whether an act may begin at a moment, under these closures. Pay wants a running agreement for the scene; sign wants that none runs there; renew
// wants one that ran. Refund, settle and dispute finish what was begun: an ended agreement does not stop them, only a closure of their own does.
func May(act Act, who Asker, at time.Time, closures []Closure) Verdict {
	if because := who.paper(act, at); because != "" {
		return Verdict{Because: because}
	}
	for i := range closures {
		if e, hit := closures[i].hits(act, &who, at); hit {
			return Verdict{Because: ClosedByWall, Closure: closures[i].ID, Since: e.From, Until: e.Until}
		}
	}
	return Verdict{Allowed: true}
}

// paper says what the agreement itself forbids.
func (w *Asker) paper(act Act, at time.Time) string {
	covered := len(w.Agreement.Scenes) == 0 || slices.Contains(w.Agreement.Scenes, w.Container)
	signed := w.Agreement.SignedAt()
	began := !signed.IsZero() && !at.Before(signed)
	_, running := w.Agreement.Term(at)
	switch act {
	case ActPay:
		switch {
		case !began:
			return NoAgreement
		case !covered:
			return OtherScene
		case !running:
			return AgreementEnded
		}
	case ActSign:
		if running && covered {
			return AlreadySigned
		}
	case ActRenew:
		if !began {
			return NoAgreement
		}
		if !covered {
			return OtherScene
		}
	}
	return ""
}

// hits says whether the closure withdraws the act from this asker at this moment, and by which entry.
func (c *Closure) hits(act Act, w *Asker, at time.Time) (Withdrawal, bool) {
	if !c.WithdrawnAt.IsZero() && !at.Before(c.WithdrawnAt) {
		return Withdrawal{}, false
	}
	for _, e := range c.Withdraws {
		if e.Act == act && spans(e.From, e.Until, at) && c.Scope.fits(w, at) {
			return e, true
		}
	}
	return Withdrawal{}, false
}

func (s *Scope) fits(w *Asker, at time.Time) bool {
	return anyOf(s.Providers, w.Provider) && anyOf(s.Products, w.Product) && anyOf(s.Containers, w.Container) && anyOf(s.Merchants, w.MerchantID) &&
		anyOf(s.Partners, w.PartnerID) && anyOf(s.CredentialSets, w.CredentialSetID) && anyOf(s.Categories, w.Category) &&
		(s.MinAmount == 0 || w.Amount >= s.MinAmount) && (s.MaxAmount == 0 || w.Amount <= s.MaxAmount) &&
		s.fitsPaper(w, at) && (s.Share == 0 || w.Bucket < s.Share) && (s.IdleFor == 0 || at.Sub(w.LastUsed) >= s.IdleFor)
}

func (s *Scope) fitsPaper(w *Asker, at time.Time) bool {
	if signed := w.Agreement.SignedAt(); !s.SignedFrom.IsZero() && !signed.IsZero() && signed.Before(s.SignedFrom) {
		return false
	}
	if !s.EndsBefore.IsZero() {
		t, running := w.Agreement.Term(at)
		return running && !t.Until.IsZero() && t.Until.Before(s.EndsBefore)
	}
	return true
}

func anyOf(list []string, want string) bool { return len(list) == 0 || slices.Contains(list, want) }

// spans says whether a moment lies from one time (inclusive) until another (exclusive; zero: for good).
func spans(from, until, at time.Time) bool {
	return !at.Before(from) && (until.IsZero() || at.Before(until))
}

// Check returns an *Error naming the field when a closure contradicts itself or could never hit anybody.
func (c *Closure) Check() error {
	if len(c.Withdraws) == 0 && c.WithdrawnAt.IsZero() {
		return Invalid("withdraws", CodeInvalid, "a closure withdraws at least one act", "add one with act and from")
	}
	switch c.By {
	case ByProvider, ByHost, ByRegulator:
	default:
		return Invalid("by", CodeInvalid, "a closure says whose it is", "send provider, host or regulator")
	}
	for i, e := range c.Withdraws {
		if e.From.IsZero() || !e.Until.IsZero() && !e.From.Before(e.Until) {
			return Invalid("withdraws", CodeInvalid, "a withdrawal must begin, and before it ends", "give from, and until after it or not at all")
		}
		for _, other := range c.Withdraws[:i] {
			if other.Act == e.Act && overlap(e, other) {
				return Invalid("withdraws", CodeInvalid, "two entries withdraw the same act at the same time", "join them")
			}
		}
	}
	s := c.Scope
	if s.MinAmount < 0 || s.MaxAmount < 0 || s.MaxAmount != 0 && s.MinAmount > s.MaxAmount {
		return Invalid("scope.max_amount", CodeInvalid, "no amount lies in the closed range", "give min_amount at most max_amount")
	}
	if s.Share < 0 || s.Share > 10_000 {
		return Invalid("scope.share", CodeInvalid, "a share is of 10,000 buyers", "send 1 to 10000, or leave it out for all")
	}
	if !s.SignedFrom.IsZero() && !s.EndsBefore.IsZero() && !s.SignedFrom.Before(s.EndsBefore) {
		return Invalid("scope.ends_before", CodeInvalid, "no agreement is signed after it ends", "give signed_from before ends_before")
	}
	return nil
}

func overlap(a, b Withdrawal) bool {
	return (b.Until.IsZero() || a.From.Before(b.Until)) && (a.Until.IsZero() || b.From.Before(a.Until))
}

// Move replaces what is withdrawn as of a moment and writes it into the history; none is a withdrawal.
func (c Closure) Move(at time.Time, what, note string, withdraws ...Withdrawal) Closure {
	c.History = append(slices.Clone(c.History), ClosureEdit{At: at, What: what, Note: note, Withdraws: slices.Clone(withdraws)})
	c.Withdraws = slices.Clone(withdraws)
	if len(withdraws) == 0 {
		c.WithdrawnAt = at
	}
	return c
}

// KnownAt is the closure as it was known at a moment, with what its history withdrew then. It says false before the announcement.
func (c Closure) KnownAt(at time.Time) (Closure, bool) {
	known := false
	c.WithdrawnAt = time.Time{}
	for _, edit := range c.History {
		if edit.At.After(at) {
			break
		}
		known, c.Withdraws = true, edit.Withdraws
		c.WithdrawnAt = time.Time{}
		if len(edit.Withdraws) == 0 {
			c.WithdrawnAt = edit.At
		}
	}
	return c, known
}
