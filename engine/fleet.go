package engine

import (
	"context"
	"slices"
	"strings"
	"time"

	"postern"
)

// NewFleetMove is what PlanFleetMove and StartFleetMove take.
type NewFleetMove struct {
	OwnerID        string // a partner, or the platform
	ClosureOwnerID string
	ClosureID      string
	// To are channels or providers, the first that a merchant has wins.
	To []string
	// Shared adds a channel through a shared account to merchants that have none of To, each with its sub-merchant number.
	Shared *SharedAccount
	Policy postern.MovePolicy
	Live   bool  // which merchants: live ones or test ones
	Share  int64 // of 10,000 merchants; the first step
	Who    string
	Why    string
}

// SharedAccount is an account of the owner's through which merchants get a new channel.
type SharedAccount struct {
	CredentialSetID string
	Products        []string
	SubMerchants    map[string]string // by merchant
}

// FleetPlan is what a move would do. Skipped merchants are those that the closure is about and that have nowhere to go, or have gone already.
type FleetPlan struct {
	Members []postern.MoveMember
	// Moves counts merchants by the providers they come from and go to.
	Moves   []FleetRoute
	Through []Turnover
	Skipped []Skipped
}

// FleetRoute is how many merchants go from one provider to another.
type FleetRoute struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Merchants int64  `json:"merchants"`
}

// Skipped is a merchant that is not moved, and why.
type Skipped struct {
	MerchantID string `json:"merchant_id"`
	Why        string `json:"why"`
}

// Defaults of a move.
const (
	defaultCanary  = 100
	defaultLeast   = 30
	defaultWorse   = 300
	maxMoveTargets = 8
)

// PlanFleetMove says what a move would do, and changes nothing.
func (e *Engine) PlanFleetMove(ctx context.Context, in NewFleetMove) (FleetPlan, error) {
	var plan FleetPlan
	c, set, err := e.checkFleetMove(ctx, &in)
	if err != nil {
		return plan, err
	}
	about := c
	if in.OwnerID != postern.Platform {
		about.OwnerID = in.OwnerID // A partner moves its own merchants, whosever closure it is.
	}
	var through sums
	err = e.eachShop(ctx, &about, "", func(page []shop, _ string) (bool, error) {
		for i := range page {
			s := &page[i]
			if s.Live != in.Live {
				continue
			}
			impact, hit := e.impact(s, &c, nil)
			if !hit {
				continue
			}
			steps, route, why := e.moveOf(s, &c, impact, in, set)
			if why != "" {
				plan.Skipped = append(plan.Skipped, Skipped{s.ID, why})
				continue
			}
			plan.Members = append(plan.Members, postern.MoveMember{MerchantID: s.ID, OwnerID: in.OwnerID, State: postern.MemberPlanned, Steps: steps})
			through.all(impact.Through)
			plan.count(route)
		}
		return true, nil
	})
	plan.Through = through
	return plan, err
}

// FleetStep is what one step of a move would take along, by the orders of the last 30 days.
type FleetStep struct {
	Share     int64      `json:"share"`
	Merchants int64      `json:"merchants"`
	Sums      []Turnover `json:"sums"`
}

// Steps are the usual steps of the plan, each with all that the ones before it moved. Before the move has its places they say how much, not who.
func (p *FleetPlan) Steps() []FleetStep {
	steps := []FleetStep{}
	for _, share := range postern.MoveSteps {
		step := FleetStep{Share: share, Merchants: postern.Wave(int64(len(p.Members)), share), Sums: []Turnover{}}
		for _, s := range p.Through {
			step.Sums = append(step.Sums, Turnover{s.Currency, s.Orders * step.Merchants / int64(len(p.Members)), s.Amount * step.Merchants / int64(len(p.Members))})
		}
		steps = append(steps, step)
	}
	return steps
}

func (p *FleetPlan) count(route FleetRoute) {
	i := slices.IndexFunc(p.Moves, func(r FleetRoute) bool { return r.From == route.From && r.To == route.To })
	if i < 0 {
		p.Moves = append(p.Moves, route)
		i = len(p.Moves) - 1
	}
	p.Moves[i].Merchants++
}

// checkFleetMove fills in what was left out and refuses what cannot be meant.
func (e *Engine) checkFleetMove(ctx context.Context, in *NewFleetMove) (postern.Closure, postern.CredentialSet, error) {
	var set postern.CredentialSet
	c, err := e.Store.Closure(ctx, in.ClosureOwnerID, in.ClosureID)
	if err != nil {
		return c, set, err
	}
	if in.Share == 0 {
		in.Share = defaultCanary
	}
	in.Policy.Least, in.Policy.WorseBP = orDefault(in.Policy.Least, defaultLeast), orDefault(in.Policy.WorseBP, defaultWorse)
	switch {
	case strings.HasPrefix(in.OwnerID, postern.PrefixMerchant):
		return c, set, postern.E(postern.CodeForbidden, "engine.FleetMove", "a fleet belongs to a partner or the operator")
	case !c.WithdrawnAt.IsZero():
		return c, set, &postern.Error{Code: postern.CodeConflict, Op: "engine.FleetMove", Field: "closure_id", ID: c.ID, Message: "the closure is withdrawn", Fix: "there is nothing to move away from"}
	case in.Share < 1 || in.Share > 10_000:
		return c, set, postern.Invalid("share", postern.CodeInvalid, "a share is of 10,000 merchants", "send 100 for one per cent")
	case len(in.To) == 0 && in.Shared == nil:
		return c, set, postern.Invalid("to", postern.CodeInvalid, "the move leads nowhere", "name a provider or a channel, or a shared account")
	case len(in.To) > maxMoveTargets:
		return c, set, postern.Invalid("to", postern.CodeInvalid, "there are too many targets", "send 8 at most")
	case in.Policy.Least < 1 || in.Policy.WorseBP < 1 || in.Policy.WorseBP > 10_000:
		return c, set, postern.Invalid("policy", postern.CodeInvalid, "the policy can never stop, or always does", "send least 1 or more and worse_bp 1 to 10000")
	}
	if err := checkText("why", in.Why, 0, maxNote); err != nil {
		return c, set, err
	}
	if in.Shared != nil {
		set, err = e.checkShared(ctx, in)
	}
	return c, set, err
}

func orDefault(v, d int64) int64 {
	if v == 0 {
		return d
	}
	return v
}

// checkShared finds the shared account among the owner's and refuses products that its provider does not have.
func (e *Engine) checkShared(ctx context.Context, in *NewFleetMove) (postern.CredentialSet, error) {
	set, err := e.Store.CredentialSet(ctx, in.OwnerID, in.Shared.CredentialSetID)
	if err != nil {
		return set, err
	}
	connector, known := e.Registry[set.Provider]
	if !known {
		return set, postern.Invalid("shared.credential_set_id", postern.CodeInvalid, "this binary has no connector for the account's provider", "choose another account")
	}
	if set.Sandbox == in.Live {
		return set, modeMismatch()
	}
	if len(in.Shared.Products) == 0 {
		return set, postern.Invalid("shared.products", postern.CodeInvalid, "the new channels would have no product", "name one or more")
	}
	description := connector.Describe()
	for _, code := range in.Shared.Products {
		if _, ok := description.Product(code); !ok {
			return set, postern.Invalid("shared.products", postern.CodeInvalid, "the provider has no such product", "see the provider's page in docs")
		}
	}
	return set, nil
}

// moveOf says what is to be done for one merchant: its first channel among the targets goes to the front, what the closure is about goes to the back. Why is set
// when there is nothing to be done.
func (e *Engine) moveOf(s *shop, c *postern.Closure, impact Impact, in NewFleetMove, set postern.CredentialSet) (steps []postern.MoveChange, route FleetRoute, why string) {
	at := e.now()
	var target *postern.Channel
	for _, to := range in.To {
		for i := range s.channels {
			ch := &s.channels[i]
			if (ch.ID == to || ch.Provider == to) && s.open(ch, at) && !slices.Contains(impact.Channels, ch.ID) && target == nil {
				target = ch
			}
		}
	}
	for i := range s.channels {
		ch := &s.channels[i]
		if !slices.Contains(impact.Channels, ch.ID) {
			continue
		}
		route.From = ch.Provider
		if ch.Rank < postern.MoveBack {
			steps = append(steps, postern.MoveChange{ChannelID: ch.ID, Was: ch.Rank, Rank: postern.MoveBack})
		}
	}
	if target != nil {
		route.To = target.Provider
		if target.Rank > postern.MoveFront {
			steps = append(steps, postern.MoveChange{ChannelID: target.ID, Was: target.Rank, Rank: postern.MoveFront})
		}
		if len(steps) == 0 {
			return nil, route, "it has moved already"
		}
		return steps, route, ""
	}
	if in.Shared == nil {
		return nil, route, "it has no channel to go to"
	}
	sub := in.Shared.SubMerchants[s.ID]
	switch {
	case sub == "":
		return nil, route, "no sub-merchant number was given for it"
	case slices.ContainsFunc(s.channels, func(ch postern.Channel) bool {
		return ch.CredentialSetID == set.ID && ch.SubMerchant == sub && ch.RetiredAt.IsZero()
	}):
		return nil, route, "it has a channel through the shared account already"
	}
	route.To = set.Provider
	return append(steps, postern.MoveChange{Added: true, Rank: postern.MoveFront, Provider: set.Provider, SetOwnerID: set.OwnerID, SetID: set.ID, SubMerchant: sub, Products: in.Shared.Products}), route, ""
}

// StartFleetMove stores a move with its merchants and begins its first step. The job does it; whoever wants it done now calls RunFleetMove.
func (e *Engine) StartFleetMove(ctx context.Context, in NewFleetMove) (postern.FleetMove, FleetPlan, error) {
	plan, err := e.PlanFleetMove(ctx, in)
	if err != nil {
		return postern.FleetMove{}, plan, err
	}
	if _, _, err := e.checkFleetMove(ctx, &in); err != nil {
		return postern.FleetMove{}, plan, err
	}
	if len(plan.Members) == 0 {
		return postern.FleetMove{}, plan, &postern.Error{Code: postern.CodeConflict, Op: "engine.StartFleetMove", Message: "no merchant would be moved", Fix: "look at the preview: it says why each is skipped"}
	}
	now := e.now()
	m := postern.FleetMove{
		OwnerID: in.OwnerID, ID: e.newID(postern.PrefixFleetMove), ClosureOwnerID: in.ClosureOwnerID, ClosureID: in.ClosureID, To: in.To, Policy: in.Policy, Live: in.Live,
		Status: postern.MoveMoving, Share: in.Share, Merchants: int64(len(plan.Members)), StepAt: now, CreatedAt: now, UpdatedAt: now,
		History: []postern.MoveEdit{{At: now, Who: in.Who, What: "began", Why: in.Why, Share: in.Share}},
	}
	inTurn(plan.Members, m.ID)
	// The members come first: a crash in between leaves rows that no move leads to, and nothing was changed.
	for page := range slices.Chunk(plan.Members, pageOfMerchants) {
		for i := range page {
			page[i].UpdatedAt = now
		}
		if err := e.Store.PlanMembers(ctx, page); err != nil {
			return m, plan, err
		}
		if err := e.fault(ctx, "engine.fleet.planned"); err != nil {
			return m, plan, err
		}
	}
	if _, m.Before, err = e.Store.FleetTallies(ctx, m.ID, now.AddDate(0, 0, -impactDays)); err != nil {
		return m, plan, err
	}
	if err := e.Store.SaveFleetMove(ctx, m, e.fleetJobs(&m, now)...); err != nil {
		return m, plan, err
	}
	m.Version = 1
	return m, plan, nil
}

// inTurn gives the members their places: an order that is no order of theirs, so that a canary is a sample, and that a repetition makes again.
func inTurn(members []postern.MoveMember, moveID string) {
	turn := func(m postern.MoveMember) string {
		return postern.DerivedID("", time.Time{}, moveID, m.MerchantID)[10:]
	}
	slices.SortFunc(members, func(a, b postern.MoveMember) int { return strings.Compare(turn(a), turn(b)) })
	for i := range members {
		members[i].Place, members[i].MoveID = int64(i), moveID
	}
}

// watchEvery is how often a move is held against its numbers.
const watchEvery = time.Minute

// fleetJobs do a step and watch it.
func (e *Engine) fleetJobs(m *postern.FleetMove, now time.Time) []postern.Job {
	return []postern.Job{e.job(m.OwnerID, postern.JobFleetMove, m.ID, now), e.job(m.OwnerID, postern.JobFleetWatch, m.ID, now.Add(watchEvery))}
}

// FleetStatus is a move with how far it is and how it does.
type FleetStatus struct {
	Move    postern.FleetMove
	Counts  map[string]int64
	Moved   postern.Tally
	Others  postern.Tally
	Against postern.Tally // what the moved side is held against: the others, or how things went before
}

// FleetStatus says how far a move is and how it does.
func (e *Engine) FleetStatus(ctx context.Context, ownerID, id string) (FleetStatus, error) {
	m, err := e.Store.FleetMove(ctx, ownerID, id)
	if err != nil {
		return FleetStatus{}, err
	}
	return e.fleetStatus(ctx, m)
}

func (e *Engine) fleetStatus(ctx context.Context, m postern.FleetMove) (FleetStatus, error) {
	s := FleetStatus{Move: m}
	var err error
	if s.Counts, err = e.Store.MemberCounts(ctx, m.ID); err != nil {
		return s, err
	}
	if s.Moved, s.Others, err = e.Store.FleetTallies(ctx, m.ID, m.CreatedAt); err != nil {
		return s, err
	}
	s.Against = s.Others
	if s.Against.Tried < m.Policy.Least {
		s.Against = m.Before
	}
	return s, nil
}
