package engine

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"postern"
)

// stepsAtOnce is after how many merchants a run of the job makes room for others.
const stepsAtOnce = 2_000

// RunFleetMove does what a move wants done: it moves the merchants of the present step, or brings those back that were moved. Each merchant is one commit with its
// before-image in it, so that it may be repeated and may end at any point.
func (e *Engine) RunFleetMove(ctx context.Context, ownerID, id string) (time.Duration, error) {
	for done := 0; ; {
		m, err := e.Store.FleetMove(ctx, ownerID, id) // Anew for each batch: somebody may have stopped it.
		if err != nil {
			return 0, err
		}
		from, below := postern.MemberPlanned, postern.Wave(m.Merchants, m.Share)
		switch m.Status {
		case postern.MoveMoving:
		case postern.MoveUndoing:
			from, below = postern.MemberMoved, m.Merchants
		default:
			return 0, nil
		}
		batch, err := e.Store.Members(ctx, id, from, 0, below, pageOfMerchants)
		if err != nil {
			return 0, err
		}
		for _, member := range batch {
			if err := e.stepMember(ctx, m, member, from); err != nil {
				return 0, err
			}
		}
		if len(batch) == 0 {
			return 0, e.endStep(ctx, m)
		}
		if done += len(batch); done >= stepsAtOnce {
			return time.Millisecond, nil
		}
	}
}

// endStep writes that a step is complete.
func (e *Engine) endStep(ctx context.Context, m postern.FleetMove) error {
	switch {
	case m.Status == postern.MoveUndoing:
		m.Status = postern.MoveUndone
	case postern.Wave(m.Merchants, m.Share) >= m.Merchants:
		m.Status = postern.MoveDone
	default:
		m.Status = postern.MoveHolding
	}
	m.UpdatedAt = e.now()
	err := e.Store.SaveFleetMove(ctx, m)
	if err != nil && postern.CodeOf(err) == postern.CodeConflict {
		return nil // Another node was first, or somebody changed the move: its own job goes on.
	}
	return err
}

// stepMember does one merchant's part, loading its channels anew when they change under it. When the move itself has changed it is left to the next batch.
func (e *Engine) stepMember(ctx context.Context, m postern.FleetMove, member postern.MoveMember, from string) error {
	var last error
	for range maxTries {
		now, err := e.Store.FleetMove(ctx, m.OwnerID, m.ID)
		if err != nil || now.Version != m.Version {
			return err
		}
		if member, err = e.Store.Member(ctx, member.MerchantID, m.ID); err != nil || member.State != from {
			return err // Another run has done it.
		}
		if err := e.fault(ctx, "engine.fleet.before"); err != nil {
			return err
		}
		if last = e.commitMember(ctx, m, member, from); last == nil {
			return e.fault(ctx, "engine.fleet.after")
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return last
		}
	}
	return postern.Wrap(postern.CodeConflict, "engine.RunFleetMove", last)
}

// channelsTold is the data of channels.moved.
type channelsTold struct {
	MoveID   string               `json:"move_id"`
	Undone   bool                 `json:"undone"`
	Channels []postern.MoveChange `json:"channels"`
}

// commitMember changes one merchant's channels, writes what they were, and tells the merchant, all in one commit.
func (e *Engine) commitMember(ctx context.Context, m postern.FleetMove, member postern.MoveMember, from string) error {
	merchant, err := e.Store.Merchant(ctx, member.MerchantID)
	if err != nil {
		return err
	}
	channels, err := e.Store.Channels(ctx, member.MerchantID)
	if err != nil {
		return err
	}
	now := e.now()
	var changed []postern.Channel
	if from == postern.MemberPlanned {
		member.State, member.MovedAt = postern.MemberMoved, now
		changed = moveChannels(merchant, channels, &member, now)
	} else {
		member.State = postern.MemberUndone
		changed = restoreChannels(channels, &member, now)
	}
	member.UpdatedAt = now
	text, err := json.Marshal(channelsTold{member.MoveID, from == postern.MemberMoved, member.Steps})
	if err != nil {
		return postern.Wrap(postern.CodeInternal, "engine.commitMember", err)
	}
	event := postern.Event{MerchantID: merchant.ID, ID: e.newID(postern.PrefixEvent), Type: postern.EventChannelsMoved, Data: string(text), Live: merchant.Live, CreatedAt: now}
	return e.Store.MoveMember(ctx, m, member, from, changed, []postern.Event{event}, []postern.Job{e.job(merchant.ID, postern.JobSequence, "", now)})
}

// moveChannels changes ranks and adds what is to be added, and writes into the steps what was there. A channel that went or was retired meanwhile is left alone.
func moveChannels(m postern.Merchant, channels []postern.Channel, member *postern.MoveMember, now time.Time) []postern.Channel {
	var changed []postern.Channel
	for i := range member.Steps {
		step := &member.Steps[i]
		if step.Added {
			step.ChannelID = postern.DerivedID(postern.PrefixChannel, now, member.MoveID, member.MerchantID)
			changed = append(changed, postern.Channel{
				MerchantID: m.ID, ID: step.ChannelID, CredentialSetID: step.SetID, CredentialOwnerID: step.SetOwnerID, Provider: step.Provider, SubMerchant: step.SubMerchant,
				Products: slices.Clone(step.Products), Rank: step.Rank, Weight: 1, Sandbox: !m.Live, CreatedAt: now, UpdatedAt: now,
			})
			continue
		}
		k := slices.IndexFunc(channels, func(c postern.Channel) bool { return c.ID == step.ChannelID && c.RetiredAt.IsZero() })
		if k < 0 {
			member.Note = "a channel was retired since the plan"
			continue
		}
		c := channels[k]
		step.Was = c.Rank
		c.Rank, c.UpdatedAt = step.Rank, now
		changed = append(changed, c)
	}
	return changed
}

// restoreChannels gives channels the rank that they had, and retires what was added. What somebody changed since is that person's and stays.
func restoreChannels(channels []postern.Channel, member *postern.MoveMember, now time.Time) []postern.Channel {
	var changed []postern.Channel
	for _, step := range member.Steps {
		k := slices.IndexFunc(channels, func(c postern.Channel) bool { return c.ID == step.ChannelID })
		if k < 0 {
			continue
		}
		c := channels[k]
		switch {
		case step.Added && c.RetiredAt.IsZero():
			c.RetiredAt = now
		case step.Added:
			continue
		case c.Rank != step.Rank:
			member.Note = "a channel was ranked anew since the move, and was left so"
			continue
		default:
			c.Rank = step.Was
		}
		c.UpdatedAt = now
		changed = append(changed, c)
	}
	return changed
}

// WidenFleetMove begins the next step, or a given one; it also goes on with a move that was stopped.
func (e *Engine) WidenFleetMove(ctx context.Context, ownerID, id string, share int64, who, why string) (postern.FleetMove, error) {
	return e.editFleetMove(ctx, ownerID, id, func(m *postern.FleetMove, now time.Time) (jobs []postern.Job, err error) {
		if m.Status != postern.MoveHolding && m.Status != postern.MoveStopped {
			return nil, &postern.Error{Code: postern.CodeConflict, Op: "engine.WidenFleetMove", ID: id, Message: "the move is " + string(m.Status), Fix: "a move is widened while it is holding or stopped"}
		}
		if share == 0 {
			share = postern.NextShare(m.Share)
		}
		if share < m.Share || share > 10_000 {
			return nil, postern.Invalid("share", postern.CodeInvalid, "a move gets wider only, up to 10,000", "undo it to bring merchants back")
		}
		jobs = e.fleetJobs(m, now)
		if m.Status == postern.MoveHolding {
			jobs = jobs[:1] // It is being watched.
		}
		m.Share, m.Status, m.StepAt = share, postern.MoveMoving, now
		m.History = append(m.History, postern.MoveEdit{At: now, Who: who, What: "widened", Why: why, Share: share})
		return jobs, nil
	})
}

// StopFleetMove moves nobody further. Those who were moved stay so until it is undone.
func (e *Engine) StopFleetMove(ctx context.Context, ownerID, id, who, why string) (postern.FleetMove, error) {
	return e.editFleetMove(ctx, ownerID, id, func(m *postern.FleetMove, now time.Time) (jobs []postern.Job, err error) {
		if m.Status != postern.MoveMoving && m.Status != postern.MoveHolding && m.Status != postern.MoveDone {
			return nil, &postern.Error{Code: postern.CodeConflict, Op: "engine.StopFleetMove", ID: id, Message: "the move is " + string(m.Status), Fix: "there is nothing to stop"}
		}
		m.Status = postern.MoveStopped
		m.History = append(m.History, postern.MoveEdit{At: now, Who: who, What: "stopped", Why: why, Share: m.Share})
		return nil, nil
	})
}

// UndoFleetMove gives every merchant that was moved exactly what it had.
func (e *Engine) UndoFleetMove(ctx context.Context, ownerID, id, who, why string) (postern.FleetMove, error) {
	return e.editFleetMove(ctx, ownerID, id, func(m *postern.FleetMove, now time.Time) (jobs []postern.Job, err error) {
		if m.Status == postern.MoveUndoing || m.Status == postern.MoveUndone {
			return nil, &postern.Error{Code: postern.CodeConflict, Op: "engine.UndoFleetMove", ID: id, Message: "the move is " + string(m.Status), Fix: "begin another move"}
		}
		m.Status, m.StepAt = postern.MoveUndoing, now
		m.History = append(m.History, postern.MoveEdit{At: now, Who: who, What: "undone", Why: why, Share: m.Share})
		return e.fleetJobs(m, now)[:1], nil
	})
}

// editFleetMove changes a move with a line of history, and commits the jobs that do what it wants now.
func (e *Engine) editFleetMove(ctx context.Context, ownerID, id string, edit func(*postern.FleetMove, time.Time) ([]postern.Job, error)) (postern.FleetMove, error) {
	m, err := e.Store.FleetMove(ctx, ownerID, id)
	if err != nil {
		return m, err
	}
	now := e.now()
	jobs, err := edit(&m, now)
	if err != nil {
		return m, err
	}
	if err := checkText("why", m.History[len(m.History)-1].Why, 0, maxNote); err != nil {
		return m, err
	}
	m.UpdatedAt = now
	if err := e.Store.SaveFleetMove(ctx, m, jobs...); err != nil {
		return m, err
	}
	m.Version++
	return m, nil
}

// WatchFleetMove stops a move whose merchants do worse than those that were not moved, or whose closure was withdrawn, and looks again in a minute while it is
// under way.
func (e *Engine) WatchFleetMove(ctx context.Context, ownerID, id string) (time.Duration, error) {
	status, err := e.FleetStatus(ctx, ownerID, id)
	if err != nil {
		return 0, err
	}
	m := status.Move
	watched := m.Status == postern.MoveMoving || m.Status == postern.MoveHolding || m.Status == postern.MoveDone && e.now().Sub(m.StepAt) < watchDone
	if !watched {
		return 0, nil
	}
	why, err := e.reasonToStop(ctx, status)
	if err != nil {
		return 0, err
	}
	if why == "" {
		return watchEvery, nil
	}
	_, err = e.StopFleetMove(ctx, ownerID, id, "postern", why)
	if err != nil && postern.CodeOf(err) == postern.CodeConflict {
		return watchEvery, nil
	}
	return 0, err
}

// reasonToStop is why a move must go no further: there is nothing to move away from any more, or those who were moved do worse. Empty is none.
func (e *Engine) reasonToStop(ctx context.Context, s FleetStatus) (string, error) {
	c, err := e.Store.Closure(ctx, s.Move.ClosureOwnerID, s.Move.ClosureID)
	switch {
	case err != nil:
		return "", err
	case !c.WithdrawnAt.IsZero() && s.Move.Status != postern.MoveDone:
		return "the closure was withdrawn", nil
	case !s.Move.Policy.Worse(s.Moved, s.Against):
		return "", nil
	}
	return "paid of 10,000 attempts: moved " + itoa(int(s.Moved.BP())) + ", others " + itoa(int(s.Against.BP())), nil
}

// watchDone is how long a move is watched after it has moved everybody.
const watchDone = 24 * time.Hour
