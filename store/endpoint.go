package store

import (
	"context"
	"slices"

	"postern"
)

// States of a Delivery.
const (
	DeliveryWaiting   = "waiting"
	DeliveryDelivered = "delivered"
	DeliveryFailed    = "failed"
)

const endpointColumns = "merchant_id, id, version, url, secret, types, disabled_at, created_at, live"

const selectEndpoint = "SELECT " + endpointColumns + " FROM endpoint WHERE merchant_id = $1"

func scanEndpoint(r Row) (Endpoint, error) {
	var e Endpoint
	err := r.Scan(&e.MerchantID, &e.ID, &e.Version, &e.URL, &e.Secret, asJSON(&e.Types), at(&e.DisabledAt), at(&e.CreatedAt), orFalse(&e.Live))
	return e, err
}

// SaveEndpoint inserts (Version 0) or updates an endpoint.
func (s *Store) SaveEndpoint(ctx context.Context, e Endpoint) error {
	types, err := text(e.Types)
	if err != nil {
		return err
	}
	return s.Write(ctx, func(tx Tx) error {
		if e.Version == 0 {
			_, err := tx.Exec(ctx, insertInto("endpoint", endpointColumns), e.MerchantID, e.ID, 1, e.URL, e.Secret, types, micros(e.DisabledAt), micros(e.CreatedAt), bit(e.Live))
			return err
		}
		return mustChange(ctx, tx, stale("endpoint", e.ID), `UPDATE endpoint SET version = version + 1, url = $4, secret = $5, types = $6, disabled_at = $7
			WHERE merchant_id = $1 AND id = $2 AND version = $3`, e.MerchantID, e.ID, e.Version, e.URL, e.Secret, types, micros(e.DisabledAt))
	})
}

// endpointsFor returns the enabled endpoints that hear of each merchant's events: its own and its partner's. A partner's own events are heard by the partner's.
func endpointsFor(ctx context.Context, tx Tx, merchants []string) (map[string][]Endpoint, error) {
	scan := func(r Row) (pair [2]string, err error) {
		err = r.Scan(&pair[0], &pair[1])
		return pair, err
	}
	marks, args := inList(1, merchants)
	partners, err := many(ctx, tx, "Endpoints", scan, "SELECT merchant_id, partner_id FROM merchant WHERE merchant_id IN ("+marks+") AND partner_id <> '' -- sweep", args...)
	if err != nil {
		return nil, err
	}
	owners := slices.Clone(merchants)
	for _, pair := range partners {
		owners = append(owners, pair[1])
	}
	slices.Sort(owners)
	marks, args = inList(1, slices.Compact(owners))
	list, err := many(ctx, tx, "Endpoints", scanEndpoint, "SELECT "+endpointColumns+" FROM endpoint WHERE merchant_id IN ("+marks+") AND disabled_at = 0 ORDER BY merchant_id, id -- sweep", args...)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	of := map[string][]Endpoint{}
	for _, e := range list {
		of[e.MerchantID] = append(of[e.MerchantID], e)
	}
	for _, pair := range partners {
		of[pair[0]] = append(slices.Clone(of[pair[0]]), of[pair[1]]...)
	}
	return of, nil
}

// hears says that an endpoint takes an event: its type, and, where many merchants are told of at one address, its mode.
func (e *Endpoint) hears(event *postern.Event) bool {
	partner := e.MerchantID != event.MerchantID || postern.CheckID(postern.PrefixPartner, e.MerchantID)
	return (len(e.Types) == 0 || slices.Contains(e.Types, string(event.Type))) && (!partner || e.Live == event.Live)
}

// Endpoint returns one endpoint, or postern.CodeNotFound.
func (s *Store) Endpoint(ctx context.Context, merchantID, id string) (Endpoint, error) {
	return one(ctx, s.reader(), "Endpoint", "endpoint", scanEndpoint, selectEndpoint+" AND id = $2", merchantID, id)
}

// Endpoints lists a merchant's endpoints in the order of creation, disabled ones too.
func (s *Store) Endpoints(ctx context.Context, merchantID string) ([]Endpoint, error) {
	return many(ctx, s.reader(), "Endpoints", scanEndpoint, selectEndpoint+" ORDER BY id", merchantID)
}

const deliveryColumns = "merchant_id, id, version, endpoint_id, event_id, status, tries, last_status, last_error, next_at, created_at, updated_at"

const selectDelivery = "SELECT " + deliveryColumns + " FROM delivery WHERE merchant_id = $1"

var insertDelivery = insertInto("delivery", deliveryColumns)

func scanDelivery(r Row) (Delivery, error) {
	var d Delivery
	err := r.Scan(&d.MerchantID, &d.ID, &d.Version, &d.EndpointID, &d.EventID, &d.Status, &d.Tries, &d.LastStatus, &d.LastError, at(&d.NextAt),
		at(&d.CreatedAt), at(&d.UpdatedAt))
	return d, err
}

func saveDelivery(ctx context.Context, tx Tx, d Delivery) error {
	if d.Version == 0 {
		_, err := tx.Exec(ctx, insertDelivery, d.MerchantID, d.ID, 1, d.EndpointID, d.EventID, d.Status, d.Tries, d.LastStatus, d.LastError, micros(d.NextAt),
			micros(d.CreatedAt), micros(d.UpdatedAt))
		return err
	}
	return mustChange(ctx, tx, stale("delivery", d.ID), `UPDATE delivery SET version = version + 1, status = $4, tries = $5, last_status = $6, last_error = $7,
		next_at = $8, updated_at = $9 WHERE merchant_id = $1 AND id = $2 AND version = $3`, d.MerchantID, d.ID, d.Version, d.Status, d.Tries, d.LastStatus,
		d.LastError, micros(d.NextAt), micros(d.UpdatedAt))
}

// SaveDelivery inserts (Version 0) or updates a delivery together with the jobs that follow from it.
func (s *Store) SaveDelivery(ctx context.Context, d Delivery, jobs ...postern.Job) error {
	return s.Write(ctx, func(tx Tx) error {
		if err := saveDelivery(ctx, tx, d); err != nil {
			return err
		}
		return s.insertJobs(ctx, tx, jobs)
	})
}

// Delivery returns one delivery, or postern.CodeNotFound.
func (s *Store) Delivery(ctx context.Context, merchantID, id string) (Delivery, error) {
	return one(ctx, s.reader(), "Delivery", "delivery", scanDelivery, selectDelivery+" AND id = $2", merchantID, id)
}

// Deliveries lists newest first, to one endpoint or to all (""); next is the id to go on after, "" at the end.
func (s *Store) Deliveries(ctx context.Context, merchantID, endpointID string, page Page) (list []Delivery, next string, err error) {
	id := func(d Delivery) string { return d.ID }
	if endpointID == "" {
		return paged(ctx, s.reader(), "Deliveries", page, id, scanDelivery, selectDelivery, merchantID)
	}
	return paged(ctx, s.reader(), "Deliveries", page, id, scanDelivery, selectDelivery+" AND endpoint_id = $2", merchantID, endpointID)
}
