package store

import (
	"context"
	"time"
)

// SellsSomething says whether a merchant has an item that may be ordered at a time.
func (s *Store) SellsSomething(ctx context.Context, merchantID string, now time.Time) (bool, error) {
	var n int64
	err := s.reader().QueryRow(ctx, `SELECT count(*) FROM (SELECT id FROM item WHERE merchant_id = $1 AND removed_at = 0 AND sale_from <= $2 AND (sale_until = 0 OR sale_until > $2) LIMIT 1) i`,
		merchantID, micros(now)).Scan(&n)
	return n > 0, err
}
