package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"postern"
)

// Sale adds up what a merchant sold over one channel, with one product, in one container and currency. Within counts the orders whose amount lies in the range that
// was asked for.
type Sale struct {
	MerchantID   string
	ChannelID    string
	Provider     string
	Product      string
	Container    string
	Currency     string
	Orders       int64
	Amount       int64
	Within       int64
	WithinAmount int64
}

// inList makes $n, $n+1, ... for a list of values, and the values as arguments.
func inList(first int, values []string) (marks string, args []any) {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = "$" + strconv.Itoa(first+i)
		args = append(args, v)
	}
	return strings.Join(list, ", "), args
}

// Sales adds up the applied receipts of some merchants since a moment. Least and most bound Within, both inclusive; most 0 is no bound.
func (s *Store) Sales(ctx context.Context, merchantIDs []string, since time.Time, least, most int64) ([]Sale, error) {
	if len(merchantIDs) == 0 {
		return nil, nil
	}
	if most == 0 {
		most = 1 << 62
	}
	scan := func(r Row) (v Sale, err error) {
		err = r.Scan(&v.MerchantID, &v.ChannelID, &v.Provider, &v.Product, &v.Container, &v.Currency, &v.Orders, &v.Amount, &v.Within, &v.WithinAmount)
		return v, err
	}
	// A receipt is written when or after the provider took the money, but for clocks that differ: its id bounds what must be read.
	first := postern.FirstID(postern.PrefixReceipt, since.AddDate(0, 0, -1))
	marks, ids := inList(5, merchantIDs)
	return many(ctx, s.reader(), "Sales", scan, `SELECT r.merchant_id, r.channel_id, a.provider, a.product, a.container, r.currency, count(*), CAST(sum(r.amount) AS BIGINT),
		CAST(sum(CASE WHEN r.amount BETWEEN $1 AND $2 THEN 1 ELSE 0 END) AS BIGINT), CAST(sum(CASE WHEN r.amount BETWEEN $1 AND $2 THEN r.amount ELSE 0 END) AS BIGINT)
		FROM receipt r JOIN attempt a ON a.merchant_id = r.merchant_id AND a.id = r.attempt_id
		WHERE r.merchant_id IN (`+marks+`) AND r.id >= $4 AND r.paid_at >= $3 AND r.taken_as = 'applied'
		GROUP BY r.merchant_id, r.channel_id, a.provider, a.product, a.container, r.currency
		ORDER BY r.merchant_id, r.channel_id, a.product, a.container, r.currency -- sweep`, append([]any{least, most, micros(since), first}, ids...)...)
}

// ChannelsOf returns the channels of some merchants, by merchant and rank.
func (s *Store) ChannelsOf(ctx context.Context, merchantIDs []string) (map[string][]postern.Channel, error) {
	if len(merchantIDs) == 0 {
		return nil, nil
	}
	marks, ids := inList(1, merchantIDs)
	list, err := many(ctx, s.reader(), "ChannelsOf", scanChannel, "SELECT "+channelColumns+" FROM channel WHERE merchant_id IN ("+marks+") ORDER BY merchant_id, place, id -- sweep", ids...)
	by := make(map[string][]postern.Channel, len(merchantIDs))
	for _, c := range list {
		by[c.MerchantID] = append(by[c.MerchantID], c)
	}
	return by, err
}

// LastSale is when a channel last took money; zero when it never did.
func (s *Store) LastSale(ctx context.Context, merchantID, channelID string) (time.Time, error) {
	scan := func(r Row) (t time.Time, err error) {
		err = r.Scan(at(&t))
		return t, err
	}
	return one(ctx, s.reader(), "LastSale", "receipts", scan, "SELECT coalesce(max(paid_at), 0) FROM receipt WHERE merchant_id = $1 AND channel_id = $2", merchantID, channelID)
}
