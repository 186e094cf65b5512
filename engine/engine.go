// Package engine is the only room that changes money: one file per verb. Every verb does the same steps: load, apply the pure rules, commit everything that
// follows in one transaction; a change whose version no longer holds is loaded and applied again. Provider calls happen between commits, never inside.
package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"postern"
	"postern/ledger"
	"postern/provider"
	"postern/store"
	"postern/vault"
	"postern/wall"
)

// Engine holds what every verb needs. It keeps no state of its own but what it has read, so any number may run over one database.
type Engine struct {
	Store    *store.Store
	Vault    *vault.Vault
	Registry provider.Registry
	Env      provider.Env
	// Wall is the map in force, which may change while the switch runs; nil means the built-in one.
	Wall func() *wall.Map
	// PublicURL is where buyers reach the checkout, CallbackURL where providers reach the notifications; both without a trailing slash.
	PublicURL   string
	CallbackURL string
	// StartTimeout bounds a start with all its candidates, CallTimeout every other provider call. Zero means 8 s and 10 s.
	StartTimeout time.Duration
	CallTimeout  time.Duration
	// Download is HTTP for bills, which come for minutes; nil means Env.HTTP.
	Download provider.Doer
	// Outward is HTTP to merchants' own servers, which refuses private addresses; nil means Env.HTTP.
	Outward provider.Doer
	// FacadeURLs are where merchants' code reaches the facade of a provider, without a trailing slash; nil or "" where it is not served.
	FacadeURLs map[string]string
	// Deadlines replaces CallTimeout for single channels, by their id.
	Deadlines map[string]time.Duration
	// Bulkheads bound the calls that are under way at once.
	Bulkheads Bulkheads
	// Live says that the switch takes real money: then even test merchants' accounts stay at their provider's addresses.
	Live bool
	// KeepPersonal is how long Forget leaves raw messages, exchanges and buyers; zero means 400 days.
	KeepPersonal time.Duration
	Log          *slog.Logger

	memory    memory
	gates     gates
	refreshed refreshed
	downloads atomic.Int32
}

// Bounds of the engine.
const (
	defaultStartTimeout = 8 * time.Second
	defaultCallTimeout  = 10 * time.Second
	// maxTries is how often a change is applied anew when its version no longer holds.
	maxTries = 5
)

func (e *Engine) now() time.Time { return e.Env.Now().UTC().Truncate(time.Microsecond) }

func (e *Engine) newID(prefix string) string { return postern.NewID(prefix, e.now(), e.Env.Rand) }

// fault marks a named point for the simulator; it is a no-op in production.
func (e *Engine) fault(ctx context.Context, point string) error {
	if e.Env.Fault == nil {
		return nil
	}
	return e.Env.Fault(ctx, point)
}

// stepInput is one run of load, apply, commit over a payment. Decide may look at the state and returns the facts to apply; no facts is a legal answer. Also
// adds rows that are not the domain's (a notification, an exchange, a buyer) to the change.
type stepInput struct {
	op         string
	merchantID string
	paymentID  string
	attemptID  string // used to find the payment when paymentID is empty
	decide     func(postern.State) ([]postern.Fact, error)
	also       func(postern.State, *store.Change)
}

// step applies facts to a payment and commits what follows. It returns the state after the commit.
func (e *Engine) step(ctx context.Context, in stepInput) (postern.State, error) {
	var last error
	soldOut := false
	for range maxTries {
		state, err := e.load(ctx, in)
		if err != nil {
			return state, err
		}
		if soldOut { // late money for pieces that somebody else has got
			state.Payment.LatePayment = postern.LateRefund
		}
		facts, err := in.decide(state)
		if err != nil {
			return state, err
		}
		next, effects, err := applyAll(state, facts, e.now())
		if err != nil {
			return state, err
		}
		change, err := e.change(in.merchantID, next, effects)
		if err != nil {
			return state, err
		}
		if in.also != nil {
			in.also(next, &change)
		}
		if empty(change) {
			return next, nil
		}
		if last = e.commit(ctx, change); last == nil {
			effects.Payment = change.Payment
			return e.bump(next, effects), nil
		}
		switch postern.CodeOf(last) {
		case postern.CodeConflict:
		case postern.CodeSoldOut:
			soldOut = true
		default:
			return state, last
		}
	}
	return postern.State{}, postern.Wrap(postern.CodeConflict, in.op, last)
}

func (e *Engine) load(ctx context.Context, in stepInput) (postern.State, error) {
	if in.paymentID != "" {
		return e.Store.LoadState(ctx, in.merchantID, in.paymentID)
	}
	return e.Store.LoadStateByAttempt(ctx, in.merchantID, in.attemptID)
}

func (e *Engine) commit(ctx context.Context, change store.Change) error {
	if err := e.fault(ctx, "engine.commit.before"); err != nil {
		return err
	}
	if err := e.followOrder(ctx, &change); err != nil {
		return err
	}
	if err := e.followFacade(ctx, &change); err != nil {
		return err
	}
	if err := e.Store.Commit(ctx, change); err != nil {
		return err
	}
	return e.fault(ctx, "engine.commit.after")
}

// bump gives the saved rows the versions that the store gave them, so that the returned state can be changed again without a load.
func (e *Engine) bump(s postern.State, effects postern.Effects) postern.State {
	if effects.Payment != nil {
		s.Payment.Version++
	}
	for _, saved := range effects.Attempts {
		for i := range s.Attempts {
			if s.Attempts[i].ID == saved.ID {
				s.Attempts[i].Version++
			}
		}
	}
	for _, saved := range effects.Surpluses {
		for i := range s.Surpluses {
			if s.Surpluses[i].ID == saved.ID {
				s.Surpluses[i].Version++
			}
		}
	}
	return s
}

// applyAll applies facts in order and merges their effects: of a row that two facts touched, the last form is saved once.
func applyAll(s postern.State, facts []postern.Fact, now time.Time) (postern.State, postern.Effects, error) {
	var all postern.Effects
	for _, f := range facts {
		next, effects, err := postern.Apply(s, f, now)
		if err != nil {
			return s, all, err
		}
		s, all = next, all.Then(effects)
	}
	return s, all, nil
}

// change turns effects into what the store commits: bookings become transactions, tellings events, wanted jobs jobs.
func (e *Engine) change(merchantID string, s postern.State, effects postern.Effects) (store.Change, error) {
	now := e.now()
	c := store.Change{
		MerchantID: merchantID, At: now, Payment: effects.Payment, Attempts: effects.Attempts, Receipts: effects.Receipts, Surpluses: effects.Surpluses,
		Refunds: effects.Refunds, Shares: effects.Shares, Moves: effects.Moves,
	}
	for _, b := range effects.Bookings {
		t, err := ledger.Make(b, merchantID, e.newID(postern.PrefixTransaction), now)
		if err != nil {
			return c, postern.Wrap(postern.CodeInternal, "engine.change", err)
		}
		c.Transactions = append(c.Transactions, t)
	}
	for _, t := range effects.Tellings {
		event, err := e.event(merchantID, t, s, effects, now)
		if err != nil {
			return c, err
		}
		c.Events = append(c.Events, event)
	}
	inOrder(c.Events)
	for _, w := range effects.Jobs {
		c.Jobs = append(c.Jobs, e.job(merchantID, w.Kind, w.ID, w.RunAt))
	}
	if len(c.Events) > 0 {
		c.Jobs = append(c.Jobs, e.job(merchantID, postern.JobSequence, "", now))
	}
	return c, nil
}

// inOrder hands the ids of a commit's events out in ascending order: the sequencer numbers by id, and ids of the same moment sort at random.
func inOrder(events []postern.Event) {
	ids := make([]string, len(events))
	for i, event := range events {
		ids[i] = event.ID
	}
	slices.Sort(ids)
	for i := range events {
		events[i].ID = ids[i]
	}
}

// jobArgs is the JSON of every job of the engine.
type jobArgs struct {
	ID string `json:"id,omitempty"`
}

func (e *Engine) job(merchantID, kind, id string, at time.Time) postern.Job {
	args, err := json.Marshal(jobArgs{ID: id})
	if err != nil {
		panic(fmt.Sprintf("engine: job arguments: %v", err)) // A struct of one string always marshals.
	}
	return postern.Job{MerchantID: merchantID, Kind: kind, Args: string(args), RunAt: at}
}

func empty(c store.Change) bool {
	return c.Payment == nil && len(c.Attempts)+len(c.Receipts)+len(c.Surpluses)+len(c.Refunds)+len(c.Shares)+len(c.ShareLines)+len(c.Receivers)+len(c.Told)+len(c.Moves)+len(c.Transactions)+len(c.Events)+len(c.Jobs)+
		len(c.Notifications)+len(c.Notices)+len(c.Exchanges)+len(c.Buyers)+len(c.Channels)+len(c.Orders)+len(c.FacadeNotices) == 0 && c.Request == nil
}
