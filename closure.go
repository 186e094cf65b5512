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
	// Scope is whom the closure hit from then on; nil leaves it as it was.
	Scope *Scope `json:"scope,omitempty"`
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
	Region          string
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
	used := c.Seller.LastSale
	if used.IsZero() {
		used = at
	}
	return Asker{
		MerchantID: c.MerchantID, PartnerID: partnerID, CredentialSetID: c.CredentialSetID, Provider: c.Provider, Product: product, Container: container, Amount: amount,
		Agreement: agreement, LastUsed: used, Category: c.Seller.Category, Region: c.Seller.Region,
	}
}

// Verdict says whether an act may begin, and what stands in the way: the first closure that does, or the agreement.
type Verdict struct {
	Allowed bool
	Because string // "", no_agreement, agreement_ended, agreement_other_scene, ..._category, ..._region, already_signed or closed
	Closure string // the closure's id
	Since   time.Time
	Until   time.Time
}

// Why a verdict is no.
const (
	NoAgreement    = "no_agreement"
	AgreementEnded = "agreement_ended"
	OtherScene     = "agreement_other_scene"
	OtherCategory  = "agreement_other_category"
	OtherRegion    = "agreement_other_region"
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
	elsewhere := w.elsewhere()
	signed := w.Agreement.SignedAt()
	began := !signed.IsZero() && !at.Before(signed)
	_, running := w.Agreement.Term(at)
	switch act {
	case ActPay:
		switch {
		case !began:
			return NoAgreement
		case elsewhere != "":
			return elsewhere
		case !running:
			return AgreementEnded
		}
	case ActSign:
		if running && elsewhere == "" {
			return AlreadySigned
		}
	case ActRenew:
		if !began {
			return NoAgreement
		}
		return elsewhere
	}
	return ""
}

// elsewhere says which limit of the agreement the asker lies outside of. A merchant whose trade or place nobody recorded is taken to lie inside: a seller whose
// account works must not be told otherwise.
func (w *Asker) elsewhere() string {
	switch a := &w.Agreement; {
	case !anyOf(a.Scenes, w.Container):
		return OtherScene
	case w.Category != "" && !anyOf(a.Categories, w.Category):
		return OtherCategory
	case w.Region != "" && !anyOf(a.Regions, w.Region):
		return OtherRegion
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

// Move replaces what is withdrawn as of a moment and writes it into the history; none is a withdrawal.
func (c Closure) Move(at time.Time, what, note string, withdraws ...Withdrawal) Closure {
	c.History = append(slices.Clone(c.History), ClosureEdit{At: at, What: what, Note: note, Withdraws: slices.Clone(withdraws)})
	c.Withdraws = slices.Clone(withdraws)
	if len(withdraws) == 0 {
		c.WithdrawnAt = at
	}
	return c
}

// Rescope replaces whom the closure hits as of a moment and writes it into the history: narrowed when nobody is hit who was not, widened otherwise.
func (c Closure) Rescope(at time.Time, note string, scope Scope) Closure {
	what := "widened"
	if scope.Within(c.Scope) {
		what = "narrowed"
	}
	c.History = slices.Clone(c.History)
	if len(c.History) > 0 && c.History[0].Scope == nil {
		was := c.Scope
		c.History[0].Scope = &was // Later edits of dates say nothing about the scope, so the first must.
	}
	c.History = append(c.History, ClosureEdit{At: at, What: what, Note: note, Withdraws: slices.Clone(c.Withdraws), Scope: &scope})
	c.Scope = scope
	return c
}

// AsOf is the closure after its first n edits, n from 1 to all of them.
func (c Closure) AsOf(n int) Closure {
	c.WithdrawnAt = time.Time{}
	for _, edit := range c.History[:n] {
		if edit.Scope != nil {
			c.Scope = *edit.Scope
		}
		c.Withdraws = edit.Withdraws
		if len(edit.Withdraws) == 0 {
			c.WithdrawnAt = edit.At
		}
	}
	c.History = c.History[:n]
	return c
}

// Before is the closure as it was before its latest edit; false when that edit announced it.
func (c Closure) Before() (Closure, bool) {
	if len(c.History) < 2 {
		return Closure{}, false
	}
	return c.AsOf(len(c.History) - 1), true
}

// KnownAt is the closure as it was known at a moment, with what its history withdrew then and whom it hit. It says false before the announcement.
func (c Closure) KnownAt(at time.Time) (Closure, bool) {
	n := 0
	for n < len(c.History) && !c.History[n].At.After(at) {
		n++
	}
	whole := c.History
	c = c.AsOf(n)
	c.History = whole
	return c, n > 0
}
