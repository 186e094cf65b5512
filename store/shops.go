package store

import (
	"context"
	"strings"
	"time"

	"postern"
)

// ShopTakings is a merchant of a partner's and what it took: money of applied receipts, refunds not taken off, in minor units of a currency. A merchant that took
// nothing has no currency.
type ShopTakings struct {
	Merchant postern.Merchant
	Currency string
	Recent   int64 // since the later of the two times
	Long     int64 // since the earlier one
}

// PartnerShops lists a partner's merchants whose names hold a text ("" for all), newest first, with what each took since two times (recent is the later). A
// merchant with two currencies has two rows, one after the other. One statement, whatever the page holds; next is the merchant to go on after, "" at the end.
func (s *Store) PartnerShops(ctx context.Context, partnerID, name string, recent, long time.Time, page Page) (list []ShopTakings, next string, err error) {
	if page.Limit < 1 || page.Limit > 100 {
		return nil, "", postern.Invalid("limit", postern.CodeInvalid, "the limit must be 1 to 100", "leave it out for the default")
	}
	// A receipt is written when or after the provider took the money, but for clocks that differ: its id bounds what must be read.
	first := postern.FirstID(postern.PrefixReceipt, long.AddDate(0, 0, -1))
	scan := func(r Row) (v ShopTakings, err error) {
		m := &v.Merchant
		err = r.Scan(&m.ID, &m.Version, &m.PartnerID, &m.Name, flag(&m.Live), &m.Locale, &m.Zone, asJSON(&m.Surplus), at(&m.CreatedAt), &m.Category, &m.Region, &m.Reference, orEmpty(&v.Currency), &v.Recent, &v.Long)
		return v, err
	}
	rows, err := many(ctx, s.reader(), "PartnerShops", scan, readMerchant+`, t.currency, coalesce(t.recent, 0), coalesce(t.taken, 0) FROM (SELECT merchant_id AS id, merchant.* FROM merchant
		WHERE partner_id = $1 AND ($2 = '' OR merchant_id < $2) AND lower(name) LIKE $3 ESCAPE '!' ORDER BY merchant_id DESC LIMIT $4) m
		LEFT JOIN (SELECT r.merchant_id AS shop, r.currency, CAST(sum(CASE WHEN r.paid_at >= $5 THEN r.amount ELSE 0 END) AS BIGINT) AS recent, CAST(sum(r.amount) AS BIGINT) AS taken
			FROM receipt r JOIN merchant p ON p.merchant_id = r.merchant_id
			WHERE p.partner_id = $1 AND ($2 = '' OR p.merchant_id < $2) AND r.id >= $6 AND r.paid_at >= $7 AND r.taken_as = 'applied' GROUP BY r.merchant_id, r.currency) t ON t.shop = m.merchant_id
		ORDER BY m.merchant_id DESC, t.currency -- sweep`,
		partnerID, page.After, "%"+likely(name)+"%", page.Limit+1, micros(recent), first, micros(long))
	if err != nil {
		return nil, "", err
	}
	shops, last := 0, ""
	for i, row := range rows {
		if row.Merchant.ID != last {
			shops++
			if shops > page.Limit {
				return rows[:i], last, nil
			}
			last = row.Merchant.ID
		}
	}
	return rows, "", nil
}

// likely makes a text part of a LIKE pattern that matches it and nothing else, whatever it holds.
func likely(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(strings.ToLower(s))
}

// maxInList bounds the values of one statement.
const maxInList = 500

// LoginOwners says whose each of some logins is: a merchant's or a partner's id. Logins of nobody are left out.
func (s *Store) LoginOwners(ctx context.Context, logins []string) (map[string]string, error) {
	out := map[string]string{}
	scan := func(r Row) (v [2]string, err error) {
		err = r.Scan(&v[0], &v[1])
		return v, err
	}
	for len(logins) > 0 {
		n := min(len(logins), maxInList)
		marks, args := inList(1, logins[:n])
		rows, err := many(ctx, s.reader(), "LoginOwners", scan, "SELECT login, owner_id FROM staff WHERE -- sweep\nlogin IN ("+marks+")", args...)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			out[row[0]] = row[1]
		}
		logins = logins[n:]
	}
	return out, nil
}
