package engine

import (
	"context"
	"time"

	"postern"
)

const (
	// freeGuesses is how many wrong guesses cost nothing; then each doubles the wait, from a second to maxPause. A day later all is forgotten.
	freeGuesses   = 5
	maxPause      = 15 * time.Minute
	forgetGuesses = 24 * time.Hour
)

// Guess must be called before a secret is compared (a password, a phone number beside an order number). Subject says what is guessed at; only a hash of it is kept.
// CodeRateLimited while the wait lasts; its Fix says how long.
func (e *Engine) Guess(ctx context.Context, subject string) error {
	now := e.now()
	blocked, err := e.Store.Guess(ctx, hashOf("guess", subject), now, forgetGuesses, func(tries int64) time.Duration {
		if tries < freeGuesses {
			return 0
		}
		return min(time.Second<<min(tries-freeGuesses, 20), maxPause)
	})
	if err != nil {
		return err
	}
	if !blocked.IsZero() {
		return &postern.Error{Code: postern.CodeRateLimited, Op: "engine.Guess", Message: "too many wrong tries", Fix: "wait " + max(blocked.Sub(now).Truncate(time.Second), time.Second).String()}
	}
	return nil
}

// Forgive forgets the wrong guesses at a subject after a right one.
func (e *Engine) Forgive(ctx context.Context, subject string) error {
	return e.Store.ForgiveGuesses(ctx, hashOf("guess", subject))
}
