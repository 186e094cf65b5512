package store

import (
	"context"
	"time"

	"postern"
)

// Span is a part of a partner's rows: those of its merchants of one mode that were made from a time (inclusive) until another (exclusive).
type Span struct {
	PartnerID   string
	Live        bool
	From, Until time.Time
}

func (p Span) args(prefix string) []any {
	return []any{p.PartnerID, bit(p.Live), postern.FirstID(prefix, p.From), postern.FirstID(prefix, p.Until)}
}

// A partner's lists look into each of its merchants for a span of time, so that their cost does not grow with what is old.
const ofPartner = "merchant_id IN (SELECT merchant_id FROM merchant WHERE partner_id = $1 AND live = $2) AND id >= $3 AND id < $4"

// PartnerPayments lists the payments of a partner's merchants, newest first; next is the id to go on after, "" at the end.
func (s *Store) PartnerPayments(ctx context.Context, span Span, page Page) (list []postern.Payment, next string, err error) {
	id := func(p postern.Payment) string { return p.ID }
	return paged(ctx, s.reader(), "PartnerPayments", page, id, scanPayment, "SELECT "+paymentColumns+" FROM payment WHERE -- sweep\n"+ofPartner, span.args(postern.PrefixPayment)...)
}

// PartnerRefunds is PartnerPayments for refunds.
func (s *Store) PartnerRefunds(ctx context.Context, span Span, page Page) (list []postern.Refund, next string, err error) {
	id := func(r postern.Refund) string { return r.ID }
	return paged(ctx, s.reader(), "PartnerRefunds", page, id, scanRefund, "SELECT "+refundColumns+" FROM refund WHERE -- sweep\n"+ofPartner, span.args(postern.PrefixRefund)...)
}

// PartnerEvents is PartnerPayments for events that have their number. What commits late appears late: to miss nothing, pull each merchant's events or have an endpoint.
func (s *Store) PartnerEvents(ctx context.Context, span Span, page Page) (list []postern.Event, next string, err error) {
	id := func(e postern.Event) string { return e.ID }
	return paged(ctx, s.reader(), "PartnerEvents", page, id, scanEvent, "SELECT "+eventColumns+" FROM event WHERE -- sweep\nposition > 0 AND "+ofPartner, span.args(postern.PrefixEvent)...)
}

// PartnerDeliveries lists what was sent to an endpoint of a partner's, newest first: events of all its merchants, and its own.
func (s *Store) PartnerDeliveries(ctx context.Context, partnerID, endpointID string, page Page) (list []Delivery, next string, err error) {
	id := func(d Delivery) string { return d.ID }
	return paged(ctx, s.reader(), "PartnerDeliveries", page, id, scanDelivery, "SELECT "+deliveryColumns+" FROM delivery WHERE -- sweep\n"+
		"endpoint_id = $2 AND (merchant_id = $1 OR merchant_id IN (SELECT merchant_id FROM merchant WHERE partner_id = $1))", partnerID, endpointID)
}

// EndpointFor returns an endpoint that hears of a merchant's events: its own or its partner's.
func (s *Store) EndpointFor(ctx context.Context, merchantID, id string) (Endpoint, error) {
	e, err := s.Endpoint(ctx, merchantID, id)
	if err == nil || postern.CodeOf(err) != postern.CodeNotFound {
		return e, err
	}
	m, err := s.Merchant(ctx, merchantID)
	if err != nil {
		return e, err
	}
	return s.Endpoint(ctx, m.PartnerID, id)
}

// Begun is what a merchant has under way over an account: orders that buyers may still pay.
type Begun struct {
	MerchantID string
	Currency   string
	Orders     int64
	Amount     int64
}

// BegunOver adds up the live attempts over an account, by merchant and currency.
func (s *Store) BegunOver(ctx context.Context, credentialSetID string) ([]Begun, error) {
	scan := func(r Row) (b Begun, err error) {
		err = r.Scan(&b.MerchantID, &b.Currency, &b.Orders, &b.Amount)
		return b, err
	}
	return many(ctx, s.reader(), "BegunOver", scan, `SELECT merchant_id, currency, count(*), CAST(sum(amount) AS BIGINT) FROM attempt
		WHERE status IN ('sending', 'pending', 'unknown') AND credential_set_id = $1 GROUP BY merchant_id, currency ORDER BY merchant_id, currency -- sweep`, credentialSetID)
}

// UnderWay counts what is under way over a channel: attempts that may still be paid, and refunds that have not ended.
func (s *Store) UnderWay(ctx context.Context, merchantID, channelID string) (attempts, refunds int64, err error) {
	err = s.reader().QueryRow(ctx, `SELECT (SELECT count(*) FROM attempt WHERE merchant_id = $1 AND channel_id = $2 AND status IN ('sending', 'pending', 'unknown')),
		(SELECT count(*) FROM refund WHERE merchant_id = $1 AND channel_id = $2 AND status IN ('reserved', 'sending', 'pending', 'unknown')`+notOutside+`)`, merchantID, channelID).Scan(&attempts, &refunds)
	return attempts, refunds, err
}
