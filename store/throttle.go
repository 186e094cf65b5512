package store

import (
	"context"
	"time"

	"postern"
)

// Guess counts a guess at a secret before anybody looks whether it is right, so that guesses made at once are all counted. While the subject is blocked it counts
// nothing and returns until when. Otherwise pause says, for the guesses so far, how long the next one must wait; counts older than forget begin anew.
func (s *Store) Guess(ctx context.Context, subject string, now time.Time, forget time.Duration, pause func(tries int64) time.Duration) (blocked time.Time, err error) {
	err = s.Write(ctx, func(tx Tx) error {
		blocked = time.Time{}
		scan := func(r Row) (n int64, err error) {
			err = r.Scan(&n)
			return n, err
		}
		tries, err := one(ctx, tx, "Guess", "subject", scan, `INSERT INTO throttle (subject, tries, until, updated_at) VALUES ($1, 1, 0, $2) ON CONFLICT (subject) DO UPDATE SET
			tries = CASE WHEN throttle.updated_at < $3 THEN 1 ELSE throttle.tries + 1 END, updated_at = excluded.updated_at WHERE throttle.until <= $2 RETURNING tries`,
			subject, micros(now), micros(now.Add(-forget)))
		if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
			until, err := one(ctx, tx, "Guess", "subject", scan, "SELECT until FROM throttle WHERE subject = $1", subject)
			blocked = time.UnixMicro(until).UTC()
			return err
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE throttle SET until = $2 WHERE subject = $1", subject, micros(now.Add(pause(tries))))
		return err
	})
	return blocked, err
}

// ForgiveGuesses forgets a subject's wrong guesses after a right one.
func (s *Store) ForgiveGuesses(ctx context.Context, subject string) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM throttle WHERE subject = $1", subject)
		return err
	})
}
