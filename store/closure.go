package store

import (
	"context"

	"postern"
)

const closureColumns = "owner_id, id, version, title, closed_by, who, source, notice, evidence, scope, withdraws, history, withdrawn_at, created_at"

const selectClosure = "SELECT " + closureColumns + " FROM closure WHERE "

func scanClosure(r Row) (postern.Closure, error) {
	var c postern.Closure
	err := r.Scan(&c.OwnerID, &c.ID, &c.Version, &c.Title, &c.By, &c.Who, &c.Source, &c.Notice, &c.Evidence, asJSON(&c.Scope), asJSON(&c.Withdraws),
		asJSON(&c.History), at(&c.WithdrawnAt), at(&c.CreatedAt))
	return c, err
}

// SaveClosure inserts (Version 0) or updates a closure. What it is stays; its dates, whom it hits and its history change. The jobs go with it.
func (s *Store) SaveClosure(ctx context.Context, c postern.Closure, jobs ...postern.Job) error {
	return s.SaveClosures(ctx, []postern.Closure{c}, jobs...)
}

// SaveClosures saves several closures and their jobs, all of them or none.
func (s *Store) SaveClosures(ctx context.Context, list []postern.Closure, jobs ...postern.Job) error {
	return s.Write(ctx, func(tx Tx) error {
		if err := each(ctx, tx, list, saveClosure); err != nil {
			return err
		}
		return s.insertJobs(ctx, tx, jobs)
	})
}

func saveClosure(ctx context.Context, tx Tx, c postern.Closure) error {
	scope, err := text(c.Scope)
	if err != nil {
		return err
	}
	withdraws, err := text(c.Withdraws)
	if err != nil {
		return err
	}
	history, err := text(c.History)
	if err != nil {
		return err
	}
	if c.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("closure", closureColumns), c.OwnerID, c.ID, 1, c.Title, c.By, c.Who, c.Source, c.Notice, c.Evidence, scope, withdraws,
			history, micros(c.WithdrawnAt), micros(c.CreatedAt))
		return err
	}
	return mustChange(ctx, tx, stale("closure", c.ID), `UPDATE closure SET version = version + 1, withdraws = $4, history = $5, withdrawn_at = $6, scope = $7
		WHERE owner_id = $1 AND id = $2 AND version = $3`, c.OwnerID, c.ID, c.Version, withdraws, history, micros(c.WithdrawnAt), scope)
}

// Closure returns one closure of an owner, or postern.CodeNotFound.
func (s *Store) Closure(ctx context.Context, ownerID, id string) (postern.Closure, error) {
	return one(ctx, s.reader(), "Closure", "closure", scanClosure, selectClosure+"owner_id = $1 AND id = $2", ownerID, id)
}

// Closures returns what holds for a merchant: the platform's closures, its partner's and its own, oldest first. Withdrawn ones are history and left out.
func (s *Store) Closures(ctx context.Context, merchantID, partnerID string) ([]postern.Closure, error) {
	return many(ctx, s.reader(), "Closures", scanClosure, selectClosure+"owner_id IN ($1, $2, $3) AND withdrawn_at = 0 ORDER BY id", postern.Platform, partnerID, merchantID)
}

// ClosuresOf lists an owner's closures, withdrawn ones too, newest first; next is the id to go on after, "" at the end.
func (s *Store) ClosuresOf(ctx context.Context, ownerID string, page Page) (list []postern.Closure, next string, err error) {
	id := func(c postern.Closure) string { return c.ID }
	return paged(ctx, s.reader(), "ClosuresOf", page, id, scanClosure, selectClosure+"owner_id = $1", ownerID)
}
