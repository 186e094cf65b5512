package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"postern"
)

// Taking is what a merchant sold and gave back in one currency between two of the times that were asked for; Span counts them from 0. Amounts are in minor units,
// from the books and by the time of booking: what is on its way back is not given back yet.
type Taking struct {
	Span     int64
	Currency string
	Orders   int64
	Sold     int64
	Refunded int64
}

// inPeriod bounds a merchant's transactions. A transaction's id is minted with its time, but for a clock that was set: the day before and after is read as well.
const inPeriod = " AND id >= $2 AND id < $3 AND created_at >= $4 AND created_at < $5"

// periodArgs are the arguments of inPeriod. A zero time is no bound.
func periodArgs(merchantID string, from, until time.Time) []any {
	last, end := postern.PrefixTransaction+"z", int64(1)<<62
	if !until.IsZero() {
		last, end = postern.FirstID(postern.PrefixTransaction, until.AddDate(0, 0, 1)), micros(until)
	}
	first := postern.PrefixTransaction
	if !from.IsZero() {
		first = postern.FirstID(postern.PrefixTransaction, from.AddDate(0, 0, -1))
	}
	return []any{merchantID, first, last, micros(from), end}
}

// Takings adds up what was sold and given back between each two neighbours of bounds (at most 62, ascending), in one statement. Spans without anything are left out.
func (s *Store) Takings(ctx context.Context, merchantID string, bounds []time.Time) ([]Taking, error) {
	if len(bounds) < 2 || len(bounds) > 62 {
		return nil, postern.Invalid("bounds", postern.CodeInvalid, "the period is none, or has too many parts", "ask for at most 61 days")
	}
	scan := func(r Row) (v Taking, err error) {
		err = r.Scan(&v.Span, &v.Currency, &v.Orders, &v.Sold, &v.Refunded)
		return v, err
	}
	args := periodArgs(merchantID, bounds[0], bounds[len(bounds)-1])
	var span strings.Builder
	for i, end := range bounds[1 : len(bounds)-1] {
		args = append(args, micros(end))
		span.WriteString(" WHEN t.created_at < $" + strconv.Itoa(len(args)) + " THEN " + strconv.Itoa(i))
	}
	which := "CASE" + span.String() + " ELSE " + strconv.Itoa(len(bounds)-2) + " END"
	if len(bounds) == 2 {
		which = "0"
	}
	args = append(args, string(postern.BookReceipt))
	paid := "$" + strconv.Itoa(len(args))
	return many(ctx, s.reader(), "Takings", scan, `SELECT span, currency, CAST(SUM(orders) AS BIGINT), CAST(SUM(sold) AS BIGINT), CAST(SUM(refunded) AS BIGINT) FROM (
		SELECT `+which+` AS span, p.currency AS currency, CASE WHEN t.kind = `+paid+` AND p.account = 'sales' THEN 1 ELSE 0 END AS orders,
		CASE WHEN p.account = 'sales' THEN -p.amount ELSE 0 END AS sold, CASE WHEN p.account = 'refunds' THEN p.amount ELSE 0 END AS refunded
		FROM (SELECT id, kind, created_at FROM ledger_transaction WHERE merchant_id = $1`+inPeriod+`) t
		JOIN posting p ON p.merchant_id = $1 AND p.transaction_id = t.id AND p.account IN ('sales', 'refunds')) lines GROUP BY span, currency ORDER BY span, currency`, args...)
}

// Booked is what one kind of booking moved on one channel's receivable: Amount in minor units, positive for what the provider owes more, Count of bookings.
type Booked struct {
	ChannelID string
	Currency  string
	Kind      postern.BookingKind
	Amount    int64
	Count     int64
}

const receivablePrefix = "receivable:"

// Booked adds up the books of a period by channel, currency and kind, in one statement; a zero time is no bound. Without bounds the sums are the balances of the
// receivables.
func (s *Store) Booked(ctx context.Context, merchantID string, from, until time.Time) ([]Booked, error) {
	scan := func(r Row) (v Booked, err error) {
		err = r.Scan(&v.ChannelID, &v.Currency, &v.Kind, &v.Amount, &v.Count)
		v.ChannelID = strings.TrimPrefix(v.ChannelID, receivablePrefix)
		return v, err
	}
	return many(ctx, s.reader(), "Booked", scan, `SELECT p.account, p.currency, t.kind, CAST(SUM(p.amount) AS BIGINT), COUNT(*)
		FROM (SELECT id, kind FROM ledger_transaction WHERE merchant_id = $1`+inPeriod+`) t JOIN posting p ON p.merchant_id = $1 AND p.transaction_id = t.id
		AND p.account LIKE 'receivable:%' GROUP BY p.account, p.currency, t.kind ORDER BY p.account, p.currency, t.kind`, periodArgs(merchantID, from, until)...)
}

// Stuck adds up what left the merchant over a channel and has not reached its buyers, in minor units.
type Stuck struct {
	ChannelID string
	Currency  string
	Amount    int64
	Count     int64
}

// StuckRefunds adds up a merchant's stuck refunds by channel and currency.
func (s *Store) StuckRefunds(ctx context.Context, merchantID string) ([]Stuck, error) {
	scan := func(r Row) (v Stuck, err error) {
		err = r.Scan(&v.ChannelID, &v.Currency, &v.Amount, &v.Count)
		return v, err
	}
	return many(ctx, s.reader(), "StuckRefunds", scan, `SELECT channel_id, currency, CAST(SUM(amount) AS BIGINT), COUNT(*) FROM refund WHERE merchant_id = $1 AND status IN ('stuck', 'failed')
		AND status = 'stuck' GROUP BY channel_id, currency ORDER BY channel_id, currency`, merchantID)
}

// Waiting counts what waits for a person of the merchant.
type Waiting struct {
	ToShip  int64 // paid orders that are not shipped
	Asked   int64 // wishes for a refund that nobody has answered
	Held    int64 // surpluses that a person decides about
	Stuck   int64 // refunds that left and did not arrive
	Failed  int64 // refunds that failed and were not tried again
	Second  int64 // refunds of which one person has said how they ended, and no second one has agreed
	Unknown int64 // attempts of which the provider has not said what became of them
}

// Waiting counts everything in one statement. Each part has an index of its own, so that a shop with a long past does not wait.
func (s *Store) Waiting(ctx context.Context, merchantID string) (Waiting, error) {
	scan := func(r Row) (v Waiting, err error) {
		err = r.Scan(&v.ToShip, &v.Asked, &v.Held, &v.Stuck, &v.Failed, &v.Second, &v.Unknown)
		return v, err
	}
	return one(ctx, s.reader(), "Waiting", "merchant", scan, `SELECT
		(SELECT COUNT(*) FROM shop_order WHERE merchant_id = $1 AND state = 'paid' AND shipped_at = 0 AND ask <> 'given'),
		(SELECT COUNT(*) FROM shop_order WHERE merchant_id = $1 AND ask = 'open'),
		(SELECT COUNT(*) FROM surplus WHERE merchant_id = $1 AND status = 'held'),
		(SELECT COUNT(*) FROM refund WHERE merchant_id = $1 AND status IN ('stuck', 'failed') AND status = 'stuck'),
		(SELECT COUNT(*) FROM refund WHERE merchant_id = $1 AND status IN ('stuck', 'failed') AND status = 'failed'`+notOutside+notAgain+`),
		(SELECT COUNT(*) FROM refund WHERE merchant_id = $1`+awaitsSecond+`),
		(SELECT COUNT(*) FROM attempt WHERE merchant_id = $1 AND status IN ('sending', 'pending', 'unknown') AND status = 'unknown')`, merchantID)
}

// notAgain leaves out refunds after which the same receipt was refunded once more: a person has acted. One outside that nobody agreed to is no act.
const notAgain = ` AND NOT EXISTS (SELECT 1 FROM refund later WHERE later.merchant_id = refund.merchant_id AND later.payment_id = refund.payment_id AND later.receipt_id = refund.receipt_id AND later.id > refund.id
		AND NOT (later.status = 'failed' AND COALESCE(later.way, '') = 'outside'))`

// HeldSurpluses lists the surpluses that a person decides about, newest first; next is the id to go on after, "" at the end.
func (s *Store) HeldSurpluses(ctx context.Context, merchantID string, page Page) (list []postern.Surplus, next string, err error) {
	return paged(ctx, s.reader(), "HeldSurpluses", page, func(u postern.Surplus) string { return u.ID }, scanSurplus, selectSurplus+" AND status = 'held'", merchantID)
}

// WrongRefunds lists the refunds that are stuck, or failed and were not tried again, newest first; next is the id to go on after, "" at the end.
func (s *Store) WrongRefunds(ctx context.Context, merchantID string, page Page) (list []postern.Refund, next string, err error) {
	return paged(ctx, s.reader(), "WrongRefunds", page, func(v postern.Refund) string { return v.ID }, scanRefund,
		selectRefund+" AND status IN ('stuck', 'failed') AND (status = 'stuck' OR status = 'failed'"+notOutside+notAgain+")", merchantID)
}

// UnknownAttempts lists the attempts of which nobody knows what became of them, newest first; next is the id to go on after, "" at the end.
func (s *Store) UnknownAttempts(ctx context.Context, merchantID string, page Page) (list []postern.Attempt, next string, err error) {
	return paged(ctx, s.reader(), "UnknownAttempts", page, func(a postern.Attempt) string { return a.ID }, scanAttempt,
		selectAttempt+" AND status IN ('sending', 'pending', 'unknown') AND status = 'unknown'", merchantID)
}

// OrdersBetween is Orders of a period by the time of ordering; a zero time is no bound.
func (s *Store) OrdersBetween(ctx context.Context, merchantID string, which OrderList, from, until time.Time, page Page) (list []postern.Order, next string, err error) {
	where, ok := orderLists[which]
	if !ok {
		return nil, "", postern.Invalid("list", postern.CodeInvalid, "there is no such list of orders", "leave it out for all")
	}
	end := postern.PrefixOrder + "z"
	if !until.IsZero() {
		end = postern.FirstID(postern.PrefixOrder, until)
	}
	return paged(ctx, s.reader(), "OrdersBetween", page, func(o postern.Order) string { return o.ID }, scanOrder, selectOrder+where+" AND id >= $2 AND id < $3", merchantID,
		postern.FirstID(postern.PrefixOrder, from), end)
}

// maxNames bounds a list of names in one statement.
const maxNames = 500

// OrdersByNumber finds a merchant's orders by the numbers that buyers read, at most 500 at once. A number that is nobody's is left out.
func (s *Store) OrdersByNumber(ctx context.Context, merchantID string, numbers []string) ([]postern.Order, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	if len(numbers) > maxNames {
		return nil, postern.Invalid("numbers", postern.CodeInvalid, "too many numbers at once", "ask for at most 500")
	}
	marks, args := inList(2, numbers)
	return many(ctx, s.reader(), "OrdersByNumber", scanOrder, selectOrder+" AND number IN ("+marks+") ORDER BY id", append([]any{merchantID}, args...)...)
}

// OrderBuyers returns who ordered, by order id, of at most 500 orders; those whom retention has deleted are left out.
func (s *Store) OrderBuyers(ctx context.Context, merchantID string, orderIDs []string) (map[string]postern.OrderBuyer, error) {
	found := map[string]postern.OrderBuyer{}
	if len(orderIDs) == 0 {
		return found, nil
	}
	if len(orderIDs) > maxNames {
		return nil, postern.Invalid("orders", postern.CodeInvalid, "too many orders at once", "ask for at most 500")
	}
	marks, args := inList(2, orderIDs)
	list, err := many(ctx, s.reader(), "OrderBuyers", scanOrderBuyer, "SELECT "+orderBuyerColumns+" FROM order_buyer WHERE merchant_id = $1 AND order_id IN ("+marks+")", append([]any{merchantID}, args...)...)
	for _, b := range list {
		found[b.OrderID] = b
	}
	return found, err
}

func scanOrderBuyer(r Row) (b postern.OrderBuyer, err error) {
	err = r.Scan(&b.MerchantID, &b.OrderID, &b.Name, &b.Phone, &b.Region, &b.Address, &b.Note, at(&b.CreatedAt))
	return b, err
}
