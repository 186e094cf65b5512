package store

import (
	"context"

	"postern"
)

const linkColumns = "merchant_id, id, version, token, code, title, description, amount, currency, items, return_url, targets, prefer, live, expires_at, disabled_at, created_at"

const selectLink = "SELECT " + linkColumns + " FROM link WHERE merchant_id = $1"

const codeColumns = "code, merchant_id, kind, object_id, token, created_at"

func scanLink(r Row) (postern.Link, error) {
	var l postern.Link
	err := r.Scan(&l.MerchantID, &l.ID, &l.Version, &l.Token, &l.Code, &l.Title, &l.Description, &l.Amount, &l.Currency, asJSON(&l.Items), &l.ReturnURL,
		asJSON(&l.Targets), &l.Prefer, flag(&l.Live), at(&l.ExpiresAt), at(&l.DisabledAt), at(&l.CreatedAt))
	return l, err
}

func scanCode(r Row) (postern.ShortCode, error) {
	var c postern.ShortCode
	err := r.Scan(&c.Code, &c.MerchantID, &c.Kind, &c.ObjectID, &c.Token, at(&c.CreatedAt))
	return c, err
}

// SaveLink inserts (Version 0) a link with its address and its code, or disables one: nothing else of it ever changes. With a request its row is finished in the
// same commit. A token or a code that is taken is postern.CodeConflict.
func (s *Store) SaveLink(ctx context.Context, l postern.Link, request *Request) error {
	return s.Write(ctx, func(tx Tx) error {
		if l.Version != 0 {
			return mustChange(ctx, tx, stale("link", l.ID), `UPDATE link SET version = version + 1, disabled_at = $4 WHERE merchant_id = $1 AND id = $2 AND version = $3`,
				l.MerchantID, l.ID, l.Version, micros(l.DisabledAt))
		}
		if err := insertLink(ctx, tx, l); err != nil {
			return err
		}
		if request == nil {
			return nil
		}
		return finishRequest(ctx, tx, *request)
	})
}

func insertLink(ctx context.Context, tx Tx, l postern.Link) error {
	items, err := text(l.Items)
	if err != nil {
		return err
	}
	targets, err := text(l.Targets)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, insertInto("link", linkColumns), l.MerchantID, l.ID, 1, l.Token, l.Code, l.Title, l.Description, l.Amount, l.Currency, items, l.ReturnURL,
		targets, l.Prefer, bit(l.Live), micros(l.ExpiresAt), micros(l.DisabledAt), micros(l.CreatedAt))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "INSERT INTO link_address (token, merchant_id, link_id) VALUES ($1, $2, $3)", l.Token, l.MerchantID, l.ID); err != nil {
		return err
	}
	return insertCode(ctx, tx, postern.ShortCode{Code: l.Code, MerchantID: l.MerchantID, Kind: postern.CodeOfLink, ObjectID: l.ID, Token: l.Token, CreatedAt: l.CreatedAt})
}

func insertCode(ctx context.Context, tx Tx, c postern.ShortCode) error {
	_, err := tx.Exec(ctx, insertInto("short_code", codeColumns), c.Code, c.MerchantID, c.Kind, c.ObjectID, c.Token, micros(c.CreatedAt))
	return err
}

// Link returns one link, or postern.CodeNotFound.
func (s *Store) Link(ctx context.Context, merchantID, id string) (postern.Link, error) {
	return one(ctx, s.reader(), "Link", "link", scanLink, selectLink+" AND id = $2", merchantID, id)
}

// LinkByToken returns the link of an address, or postern.CodeNotFound.
func (s *Store) LinkByToken(ctx context.Context, token string) (postern.Link, error) {
	type target struct{ merchant, link string }
	scan := func(r Row) (t target, err error) {
		err = r.Scan(&t.merchant, &t.link)
		return t, err
	}
	found, err := one(ctx, s.reader(), "LinkByToken", "link", scan, "SELECT merchant_id, link_id FROM link_address WHERE token = $1", token)
	if err != nil {
		return postern.Link{}, err
	}
	return s.Link(ctx, found.merchant, found.link)
}

// Links lists newest first; next is the id to go on after, "" at the end.
func (s *Store) Links(ctx context.Context, merchantID string, page Page) (list []postern.Link, next string, err error) {
	return paged(ctx, s.reader(), "Links", page, func(l postern.Link) string { return l.ID }, scanLink, selectLink, merchantID)
}

// ShortCode returns what a code stands for, or postern.CodeNotFound.
func (s *Store) ShortCode(ctx context.Context, code string) (postern.ShortCode, error) {
	return one(ctx, s.reader(), "ShortCode", "code", scanCode, "SELECT "+codeColumns+" FROM short_code WHERE code = $1", code)
}

// PaymentCode returns a payment's code, "" when it has none.
func (s *Store) PaymentCode(ctx context.Context, merchantID, paymentID string) (string, error) {
	return paymentCode(ctx, s.reader(), merchantID, paymentID)
}

func paymentCode(ctx context.Context, tx Tx, merchantID, paymentID string) (string, error) {
	scan := func(r Row) (code string, err error) {
		err = r.Scan(&code)
		return code, err
	}
	code, err := one(ctx, tx, "PaymentCode", "code", scan, "SELECT code FROM payment_code WHERE merchant_id = $1 AND payment_id = $2", merchantID, paymentID)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
		return "", nil
	}
	return code, err
}

// SavePaymentCode gives a payment a code, once: a payment that has one keeps it, and that one is returned. Either way a write was committed. A code that is taken
// is postern.CodeConflict.
func (s *Store) SavePaymentCode(ctx context.Context, c postern.ShortCode) (code string, err error) {
	err = s.Write(ctx, func(tx Tx) error {
		scan := func(r Row) (found string, err error) {
			err = r.Scan(&found)
			return found, err
		}
		code, err = one(ctx, tx, "SavePaymentCode", "code", scan, `INSERT INTO payment_code (merchant_id, payment_id, code) VALUES ($1, $2, $3)
			ON CONFLICT (merchant_id, payment_id) DO UPDATE SET code = payment_code.code RETURNING code`, c.MerchantID, c.ObjectID, c.Code)
		if err != nil || code != c.Code {
			return err
		}
		return insertCode(ctx, tx, c)
	})
	return code, err
}
