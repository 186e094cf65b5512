package store

import (
	"context"

	"postern"
)

const merchantColumns = "merchant_id, version, partner_id, name, live, locale, zone, surplus_policy, created_at, category, region, reference"

// readMerchant reads what a node of an earlier version wrote without the last columns as well.
const readMerchant = "SELECT merchant_id, version, partner_id, name, live, locale, zone, surplus_policy, created_at, coalesce(category, ''), coalesce(region, ''), coalesce(reference, '')"

func scanMerchant(r Row) (postern.Merchant, error) {
	var m postern.Merchant
	err := r.Scan(&m.ID, &m.Version, &m.PartnerID, &m.Name, flag(&m.Live), &m.Locale, &m.Zone, asJSON(&m.Surplus), at(&m.CreatedAt), &m.Category, &m.Region, &m.Reference)
	return m, err
}

// SaveMerchant inserts (Version 0) or updates a merchant. Whether it is live never changes.
func (s *Store) SaveMerchant(ctx context.Context, m postern.Merchant) error {
	return s.Write(ctx, func(tx Tx) error { return saveMerchant(ctx, tx, m) })
}

func saveMerchant(ctx context.Context, tx Tx, m postern.Merchant) error {
	policy, err := text(m.Surplus)
	if err != nil {
		return err
	}
	if m.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("merchant", merchantColumns), m.ID, 1, m.PartnerID, m.Name, bit(m.Live), m.Locale, m.Zone, policy, micros(m.CreatedAt), m.Category, m.Region, m.Reference)
		return err
	}
	return mustChange(ctx, tx, stale("merchant", m.ID), `UPDATE merchant SET version = version + 1, partner_id = $3, name = $4, locale = $5, zone = $6,
		surplus_policy = $7, category = $8, region = $9 WHERE merchant_id = $1 AND version = $2`, m.ID, m.Version, m.PartnerID, m.Name, m.Locale, m.Zone, policy, m.Category, m.Region)
}

// SaveShop saves a merchant, if it changed (nil: it did not), and channels of it, in one transaction.
func (s *Store) SaveShop(ctx context.Context, m *postern.Merchant, channels []postern.Channel) error {
	return s.Write(ctx, func(tx Tx) error {
		if m != nil {
			if err := saveMerchant(ctx, tx, *m); err != nil {
				return err
			}
		}
		return each(ctx, tx, channels, saveChannel)
	})
}

// Merchant returns one merchant, or postern.CodeNotFound.
func (s *Store) Merchant(ctx context.Context, id string) (postern.Merchant, error) {
	return one(ctx, s.reader(), "Merchant", "merchant", scanMerchant, readMerchant+" FROM merchant WHERE merchant_id = $1", id)
}

// Merchants lists a partner's merchants, or all (""), newest first; next is the id to go on after, "" at the end.
func (s *Store) Merchants(ctx context.Context, partnerID string, page Page) (list []postern.Merchant, next string, err error) {
	id := func(m postern.Merchant) string { return m.ID }
	query := readMerchant + " FROM (SELECT merchant_id AS id, merchant.* FROM merchant) m WHERE "
	if partnerID == "" {
		return paged(ctx, s.reader(), "Merchants", page, id, scanMerchant, query+"1 = 1")
	}
	return paged(ctx, s.reader(), "Merchants", page, id, scanMerchant, query+"partner_id = $1", partnerID)
}

// SavePartner inserts a partner or changes its name.
func (s *Store) SavePartner(ctx context.Context, p postern.Partner) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO partner (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
			p.ID, p.Name, micros(p.CreatedAt))
		return err
	})
}

// Partner returns one partner, or postern.CodeNotFound.
func (s *Store) Partner(ctx context.Context, id string) (postern.Partner, error) {
	return one(ctx, s.reader(), "Partner", "partner", scanPartner, "SELECT id, name, created_at FROM partner WHERE id = $1", id)
}

func scanPartner(r Row) (postern.Partner, error) {
	var p postern.Partner
	err := r.Scan(&p.ID, &p.Name, at(&p.CreatedAt))
	return p, err
}

// Partners lists all partners in the order of creation: they are few.
func (s *Store) Partners(ctx context.Context) ([]postern.Partner, error) {
	return many(ctx, s.reader(), "Partners", scanPartner, "SELECT id, name, created_at FROM partner ORDER BY id")
}
