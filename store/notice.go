package store

import (
	"context"

	"postern"
)

const noticeColumns = "owner_id, id, credential_set_id, sub_merchant, kind, message, outcome, key_id, header, body, seen, created_at"

func scanNotice(r Row) (AccountNotice, error) {
	var n AccountNotice
	err := r.Scan(&n.OwnerID, &n.ID, &n.CredentialSetID, &n.SubMerchant, &n.Kind, &n.Message, &n.Outcome, &n.KeyID, &n.Header, &n.Body, &n.Seen, at(&n.CreatedAt))
	return n, err
}

// saveNotice keeps a message, or counts one more of the same: each is a write, so that an acknowledgement is durable.
func saveNotice(ctx context.Context, tx Tx, n AccountNotice) error {
	body := n.Body
	if body == nil {
		body = []byte{}
	}
	_, err := tx.Exec(ctx, insertInto("account_notice", noticeColumns)+" ON CONFLICT (owner_id, id) DO UPDATE SET seen = account_notice.seen + 1",
		n.OwnerID, n.ID, n.CredentialSetID, n.SubMerchant, n.Kind, n.Message, n.Outcome, n.KeyID, n.Header, body, 1, micros(n.CreatedAt))
	return err
}

// SaveNotice keeps a message about an account with the closures that it made or moved, and their jobs, in one transaction.
func (s *Store) SaveNotice(ctx context.Context, n AccountNotice, closures []postern.Closure, jobs ...postern.Job) error {
	return s.Write(ctx, func(tx Tx) error {
		if err := saveNotice(ctx, tx, n); err != nil {
			return err
		}
		if err := each(ctx, tx, closures, saveClosure); err != nil {
			return err
		}
		return s.insertJobs(ctx, tx, jobs)
	})
}

// Notice returns one message about an account, or postern.CodeNotFound.
func (s *Store) Notice(ctx context.Context, ownerID, id string) (AccountNotice, error) {
	return one(ctx, s.reader(), "Notice", "notice", scanNotice, "SELECT "+noticeColumns+" FROM account_notice WHERE owner_id = $1 AND id = $2", ownerID, id)
}

// Notices lists what was said of an owner's accounts, newest first; next is the id to go on after, "" at the end.
func (s *Store) Notices(ctx context.Context, ownerID string, page Page) (list []AccountNotice, next string, err error) {
	id := func(n AccountNotice) string { return n.ID }
	return paged(ctx, s.reader(), "Notices", page, id, scanNotice, "SELECT "+noticeColumns+" FROM account_notice WHERE owner_id = $1", ownerID)
}

// NoticesRejected counts the kept messages about an account that nobody of its keys signed.
func (s *Store) NoticesRejected(ctx context.Context, ownerID, credentialSetID string) (int64, error) {
	var n int64
	err := s.reader().QueryRow(ctx, "SELECT count(*) FROM account_notice WHERE owner_id = $1 AND credential_set_id = $2 AND outcome = 'rejected'", ownerID, credentialSetID).Scan(&n)
	return n, err
}
