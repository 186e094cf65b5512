package store

import "context"

const notificationColumns = "merchant_id, id, attempt_id, header, body, outcome, key_id, detail, created_at"

var insertNotification = insertInto("notification", notificationColumns)

func scanNotification(r Row) (Notification, error) {
	var n Notification
	err := r.Scan(&n.MerchantID, &n.ID, &n.AttemptID, &n.Header, &n.Body, &n.Outcome, &n.KeyID, &n.Detail, at(&n.CreatedAt))
	return n, err
}

// saveNotification counts every message and keeps the first MaxNotifications of an attempt: each one is a write of its own, so that an acknowledgement is durable.
func saveNotification(ctx context.Context, tx Tx, n Notification) error {
	scan := func(r Row) (seen int64, err error) {
		err = r.Scan(&seen)
		return seen, err
	}
	seen, err := one(ctx, tx, "Commit", "notification", scan, `INSERT INTO notification_count (merchant_id, attempt_id, seen) VALUES ($1, $2, 1)
		ON CONFLICT (merchant_id, attempt_id) DO UPDATE SET seen = notification_count.seen + 1 RETURNING seen`, n.MerchantID, n.AttemptID)
	if err != nil || seen > MaxNotifications {
		return err
	}
	body := n.Body
	if body == nil {
		body = []byte{}
	}
	_, err = tx.Exec(ctx, insertNotification, n.MerchantID, n.ID, n.AttemptID, n.Header, body, n.Outcome, n.KeyID, n.Detail, micros(n.CreatedAt))
	return err
}

// Notifications returns the kept messages of an attempt in the order of arrival.
func (s *Store) Notifications(ctx context.Context, merchantID, attemptID string) ([]Notification, error) {
	return many(ctx, s.reader(), "Notifications", scanNotification, "SELECT "+notificationColumns+` FROM notification
		WHERE merchant_id = $1 AND attempt_id = $2 ORDER BY id`, merchantID, attemptID)
}

// NotificationsSeen counts all messages of an attempt, kept or not.
func (s *Store) NotificationsSeen(ctx context.Context, merchantID, attemptID string) (int64, error) {
	var seen int64
	err := s.reader().QueryRow(ctx, "SELECT seen FROM notification_count WHERE merchant_id = $1 AND attempt_id = $2", merchantID, attemptID).Scan(&seen)
	if noRows(err) {
		return 0, nil
	}
	return seen, err
}
