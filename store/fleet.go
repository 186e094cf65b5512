package store

import (
	"context"
	"time"

	"postern"
)

const moveColumns = "owner_id, id, version, closure_owner_id, closure_id, targets, policy, live, status, share, merchants, success_before, history, step_at, created_at, updated_at"

func scanMove(r Row) (postern.FleetMove, error) {
	var m postern.FleetMove
	err := r.Scan(&m.OwnerID, &m.ID, &m.Version, &m.ClosureOwnerID, &m.ClosureID, asJSON(&m.To), asJSON(&m.Policy), flag(&m.Live), &m.Status, &m.Share, &m.Merchants, asJSON(&m.Before),
		asJSON(&m.History), at(&m.StepAt), at(&m.CreatedAt), at(&m.UpdatedAt))
	return m, err
}

// SaveFleetMove inserts (Version 0) or updates a move, with its jobs. What it moves away from and where to never change.
func (s *Store) SaveFleetMove(ctx context.Context, m postern.FleetMove, jobs ...postern.Job) error {
	var texts [4]string
	for i, v := range []any{m.To, m.Policy, m.Before, m.History} {
		var err error
		if texts[i], err = text(v); err != nil {
			return err
		}
	}
	return s.Write(ctx, func(tx Tx) error {
		var err error
		if m.Version == 0 {
			_, err = tx.Exec(ctx, insertInto("fleet_move", moveColumns), m.OwnerID, m.ID, 1, m.ClosureOwnerID, m.ClosureID, texts[0], texts[1], bit(m.Live), m.Status, m.Share, m.Merchants,
				texts[2], texts[3], micros(m.StepAt), micros(m.CreatedAt), micros(m.UpdatedAt))
		} else {
			err = mustChange(ctx, tx, stale("fleet move", m.ID), `UPDATE fleet_move SET version = version + 1, status = $4, share = $5, merchants = $6, success_before = $7,
				history = $8, step_at = $9, updated_at = $10 WHERE owner_id = $1 AND id = $2 AND version = $3`, m.OwnerID, m.ID, m.Version, m.Status, m.Share, m.Merchants,
				texts[2], texts[3], micros(m.StepAt), micros(m.UpdatedAt))
		}
		if err != nil {
			return err
		}
		return s.insertJobs(ctx, tx, jobs)
	})
}

// FleetMove returns one move of an owner, or postern.CodeNotFound.
func (s *Store) FleetMove(ctx context.Context, ownerID, id string) (postern.FleetMove, error) {
	return one(ctx, s.reader(), "FleetMove", "fleet move", scanMove, "SELECT "+moveColumns+" FROM fleet_move WHERE owner_id = $1 AND id = $2", ownerID, id)
}

// FleetMoves lists an owner's moves, newest first; next is the id to go on after, "" at the end.
func (s *Store) FleetMoves(ctx context.Context, ownerID string, page Page) (list []postern.FleetMove, next string, err error) {
	id := func(m postern.FleetMove) string { return m.ID }
	return paged(ctx, s.reader(), "FleetMoves", page, id, scanMove, "SELECT "+moveColumns+" FROM fleet_move WHERE owner_id = $1", ownerID)
}

const memberColumns = "merchant_id, move_id, owner_id, place, state, steps, note, moved_at, updated_at"

func scanMember(r Row) (postern.MoveMember, error) {
	var m postern.MoveMember
	err := r.Scan(&m.MerchantID, &m.MoveID, &m.OwnerID, &m.Place, &m.State, asJSON(&m.Steps), &m.Note, at(&m.MovedAt), at(&m.UpdatedAt))
	return m, err
}

// PlanMembers inserts members of a move that are not there yet; those that are stay as they are, so that planning may be repeated after a crash.
func (s *Store) PlanMembers(ctx context.Context, list []postern.MoveMember) error {
	return s.Write(ctx, func(tx Tx) error {
		for _, m := range list {
			steps, err := text(m.Steps)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, insertInto("fleet_member", memberColumns)+" ON CONFLICT (merchant_id, move_id) DO NOTHING", m.MerchantID, m.MoveID, m.OwnerID, m.Place,
				m.State, steps, m.Note, micros(m.MovedAt), micros(m.UpdatedAt)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Member returns one merchant of a move, or postern.CodeNotFound.
func (s *Store) Member(ctx context.Context, merchantID, moveID string) (postern.MoveMember, error) {
	return one(ctx, s.reader(), "Member", "member of the move", scanMember, "SELECT "+memberColumns+" FROM fleet_member WHERE merchant_id = $1 AND move_id = $2", merchantID, moveID)
}

// Members lists merchants of a move in one state by their place, from a place on and below another, at most limit.
func (s *Store) Members(ctx context.Context, moveID, state string, from, below int64, limit int) ([]postern.MoveMember, error) {
	return many(ctx, s.reader(), "Members", scanMember, "SELECT "+memberColumns+` FROM fleet_member
		WHERE move_id = $1 AND state = $2 AND place >= $3 AND place < $4 ORDER BY place LIMIT $5 -- sweep`, moveID, state, from, below, limit)
}

// MembersFrom lists merchants of a move in every state by their place, from a place on, at most limit.
func (s *Store) MembersFrom(ctx context.Context, moveID string, from int64, limit int) ([]postern.MoveMember, error) {
	return many(ctx, s.reader(), "MembersFrom", scanMember, "SELECT "+memberColumns+" FROM fleet_member WHERE move_id = $1 AND place >= $2 ORDER BY place LIMIT $3 -- sweep", moveID, from, limit)
}

// MemberCounts says how many merchants of a move are in each state.
func (s *Store) MemberCounts(ctx context.Context, moveID string) (map[string]int64, error) {
	type count struct {
		state string
		n     int64
	}
	scan := func(r Row) (c count, err error) {
		err = r.Scan(&c.state, &c.n)
		return c, err
	}
	list, err := many(ctx, s.reader(), "MemberCounts", scan, "SELECT state, count(*) FROM fleet_member WHERE move_id = $1 GROUP BY state ORDER BY state -- sweep", moveID)
	counts := map[string]int64{}
	for _, c := range list {
		counts[c.state] = c.n
	}
	return counts, err
}

// MoveMember commits one merchant's part of a move: the member leaves one state for another, and its channels change, both or neither. It answers
// postern.CodeConflict when the move is not of its version any more (somebody stopped or undid it), the member is not in that state, or a channel is not of its
// version. The move's row is written to be held until the commit, so that an undo cannot pass a merchant who is being moved.
func (s *Store) MoveMember(ctx context.Context, move postern.FleetMove, m postern.MoveMember, from string, channels []postern.Channel, events []postern.Event, jobs []postern.Job) error {
	steps, err := text(m.Steps)
	if err != nil {
		return err
	}
	c := Change{MerchantID: m.MerchantID, At: m.UpdatedAt, Channels: channels, Events: events, Jobs: jobs}
	return s.Write(ctx, func(tx Tx) error {
		err := mustChange(ctx, tx, stale("fleet move", move.ID), "UPDATE fleet_move SET updated_at = $4 WHERE owner_id = $1 AND id = $2 AND version = $3",
			move.OwnerID, move.ID, move.Version, micros(m.UpdatedAt))
		if err != nil {
			return err
		}
		err = mustChange(ctx, tx, stale("member of the move", m.MerchantID), `UPDATE fleet_member SET state = $4, steps = $5, note = $6, moved_at = $7, updated_at = $8
			WHERE merchant_id = $1 AND move_id = $2 AND state = $3`, m.MerchantID, m.MoveID, from, m.State, steps, m.Note, micros(m.MovedAt), micros(m.UpdatedAt))
		if err != nil {
			return err
		}
		return s.CommitIn(ctx, tx, c)
	})
}

// FleetTallies counts how attempts went that buyers saw and that have ended: those of moved merchants since each was moved and since a moment, and those of the
// others since the same moment.
func (s *Store) FleetTallies(ctx context.Context, moveID string, since time.Time) (moved, others postern.Tally, err error) {
	type row struct {
		state string
		tally postern.Tally
	}
	scan := func(r Row) (v row, err error) {
		err = r.Scan(&v.state, &v.tally.Tried, &v.tally.Paid)
		return v, err
	}
	list, err := many(ctx, s.reader(), "FleetTallies", scan, `SELECT m.state, count(*), CAST(sum(CASE WHEN a.status = 'paid' THEN 1 ELSE 0 END) AS BIGINT)
		FROM fleet_member m JOIN attempt a ON a.merchant_id = m.merchant_id
		WHERE m.move_id = $1 AND a.id >= $3 AND a.created_at >= $2 AND a.created_at >= m.moved_at AND a.exposed_at > 0 AND a.status IN ('paid', 'closed', 'failed')
		GROUP BY m.state ORDER BY m.state -- sweep`, moveID, micros(since), postern.FirstID(postern.PrefixAttempt, since))
	for _, r := range list {
		if r.state == postern.MemberMoved {
			moved = r.tally
		} else {
			others.Tried, others.Paid = others.Tried+r.tally.Tried, others.Paid+r.tally.Paid
		}
	}
	return moved, others, err
}
