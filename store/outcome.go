package store

import (
	"context"
	"time"

	"postern"
)

// Outcome is how one attempt went, without the attempt.
type Outcome struct {
	ID        string
	ChannelID string
	Provider  string
	Product   string
	Container string
	Status    postern.AttemptStatus
	Code      string
	Exposed   bool
	CreatedAt time.Time
}

const selectOutcome = "SELECT id, channel_id, provider, product, container, status, code, exposed_at, created_at FROM attempt WHERE merchant_id = $1"

func scanOutcome(r Row) (Outcome, error) {
	var o Outcome
	var exposed time.Time
	err := r.Scan(&o.ID, &o.ChannelID, &o.Provider, &o.Product, &o.Container, &o.Status, &o.Code, at(&exposed), at(&o.CreatedAt))
	o.Exposed = !exposed.IsZero()
	return o, err
}

// Outcomes returns a merchant's latest attempts, the newest first, at most limit.
func (s *Store) Outcomes(ctx context.Context, merchantID string, limit int) ([]Outcome, error) {
	return many(ctx, s.reader(), "Outcomes", scanOutcome, selectOutcome+" ORDER BY id DESC LIMIT $2", merchantID, limit)
}

// ChannelOutcomes returns the latest attempts over one channel, the newest first, at most limit.
func (s *Store) ChannelOutcomes(ctx context.Context, merchantID, channelID string, limit int) ([]Outcome, error) {
	return many(ctx, s.reader(), "ChannelOutcomes", scanOutcome, selectOutcome+" AND channel_id = $2 ORDER BY id DESC LIMIT $3", merchantID, channelID, limit)
}

// Taken is what a channel took since two moments, in minor units.
type Taken struct {
	Day   int64
	Month int64
}

// TakenOver adds up what came in over a channel since the beginning of a day and of a month, by the time at which the provider took it. Surplus money counts: the
// provider counts it too.
func (s *Store) TakenOver(ctx context.Context, merchantID, channelID string, day, month time.Time) (Taken, error) {
	scan := func(r Row) (t Taken, err error) {
		err = r.Scan(&t.Day, &t.Month)
		return t, err
	}
	return one(ctx, s.reader(), "TakenOver", "receipts", scan, `SELECT coalesce(CAST(sum(CASE WHEN paid_at >= $3 THEN amount ELSE 0 END) AS BIGINT), 0), coalesce(CAST(sum(amount) AS BIGINT), 0)
		FROM receipt WHERE merchant_id = $1 AND channel_id = $2 AND paid_at >= $4`, merchantID, channelID, micros(day), micros(month))
}
