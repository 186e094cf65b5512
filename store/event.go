package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"postern"
)

const eventColumns = "merchant_id, id, type, payment_id, data, live, created_at, position, hash"

const selectEvent = "SELECT " + eventColumns + " FROM event WHERE merchant_id = $1"

var insertEventSQL = insertInto("event", eventColumns)

func scanEvent(r Row) (postern.Event, error) {
	var e postern.Event
	err := r.Scan(&e.MerchantID, &e.ID, &e.Type, &e.PaymentID, &e.Data, flag(&e.Live), at(&e.CreatedAt), &e.Position, &e.Hash)
	return e, err
}

func insertEvent(ctx context.Context, tx Tx, e postern.Event) error {
	_, err := tx.Exec(ctx, insertEventSQL, e.MerchantID, e.ID, e.Type, e.PaymentID, e.Data, bit(e.Live), micros(e.CreatedAt), 0, "")
	return err
}

// Event returns one event, numbered or not, or postern.CodeNotFound.
func (s *Store) Event(ctx context.Context, merchantID, id string) (postern.Event, error) {
	return one(ctx, s.reader(), "Event", "event", scanEvent, selectEvent+" AND id = $2", merchantID, id)
}

// Events returns numbered events after a position, in ascending order: what was read up to a position is complete for ever.
func (s *Store) Events(ctx context.Context, merchantID string, afterPosition int64, limit int) ([]postern.Event, error) {
	return many(ctx, s.reader(), "Events", scanEvent, selectEvent+" AND position > 0 AND position > $2 ORDER BY position LIMIT $3", merchantID, afterPosition, limit)
}

// SequenceEvents numbers up to limit committed events of a merchant in the order of their ids and extends the hash chain. For every enabled endpoint that takes
// the type it inserts a waiting Delivery and its job. The head row is taken first, so that several nodes at once wait for each other and number each event once.
func (s *Store) SequenceEvents(ctx context.Context, merchantID string, limit int) ([]postern.Event, error) {
	var numbered []postern.Event
	err := s.Write(ctx, func(tx Tx) error {
		pending, err := many(ctx, tx, "SequenceEvents", scanEvent, selectEvent+" AND position = 0 ORDER BY id LIMIT 1", merchantID)
		if err != nil || len(pending) == 0 {
			return err
		}
		endpoints, err := endpointsFor(ctx, tx, []string{merchantID})
		if err != nil {
			return err
		}
		numbered, err = s.sequence(ctx, tx, merchantID, limit, endpoints[merchantID])
		return err
	})
	if err != nil {
		return nil, err
	}
	return numbered, nil
}

// sequence is SequenceEvents inside a transaction. It reads what waits after it has the head: another node may have numbered some of it meanwhile.
func (s *Store) sequence(ctx context.Context, tx Tx, merchantID string, limit int, endpoints []Endpoint) ([]postern.Event, error) {
	var numbered []postern.Event
	head, err := takeHead(ctx, tx, merchantID)
	if err != nil {
		return nil, err
	}
	pending, err := many(ctx, tx, "SequenceEvents", scanEvent, selectEvent+" AND position = 0 ORDER BY id LIMIT $2", merchantID, limit)
	if err != nil {
		return nil, err
	}
	for _, e := range pending {
		head.position++
		e.Position, e.Hash = head.position, ChainHash(head.hash, e)
		head.hash = e.Hash
		if err := s.number(ctx, tx, e, endpoints); err != nil {
			return nil, err
		}
		numbered = append(numbered, e)
	}
	return numbered, mustChange(ctx, tx, stale("event head", merchantID), "UPDATE event_head SET position = $3, hash = $4 WHERE merchant_id = $1 AND version = $2",
		merchantID, head.version, head.position, head.hash)
}

type eventHead struct {
	version, position int64
	hash              string
}

// takeHead counts the head's version up, which locks the row until the end of the transaction on both engines.
func takeHead(ctx context.Context, tx Tx, merchantID string) (eventHead, error) {
	scan := func(r Row) (h eventHead, err error) {
		err = r.Scan(&h.version, &h.position, &h.hash)
		return h, err
	}
	return one(ctx, tx, "SequenceEvents", "event head", scan, `INSERT INTO event_head (merchant_id, version, position, hash) VALUES ($1, 1, 0, '')
		ON CONFLICT (merchant_id) DO UPDATE SET version = event_head.version + 1 RETURNING version, position, hash`, merchantID)
}

func (s *Store) number(ctx context.Context, tx Tx, e postern.Event, endpoints []Endpoint) error {
	if err := numberOne(ctx, tx, e); err != nil {
		return err
	}
	return s.deliver(ctx, tx, e, endpoints)
}

func numberOne(ctx context.Context, tx Tx, e postern.Event) error {
	return mustChange(ctx, tx, stale("event", e.ID), "UPDATE event SET position = $3, hash = $4 WHERE merchant_id = $1 AND id = $2 AND position = 0",
		e.MerchantID, e.ID, e.Position, e.Hash)
}

// deliver inserts a waiting delivery and its job for every endpoint that takes the event.
func (s *Store) deliver(ctx context.Context, tx Tx, e postern.Event, endpoints []Endpoint) error {
	for _, endpoint := range endpoints {
		if !endpoint.hears(&e) {
			continue
		}
		d := Delivery{MerchantID: e.MerchantID, ID: deliveryID(e.ID, endpoint.ID), EndpointID: endpoint.ID, EventID: e.ID, Status: DeliveryWaiting,
			NextAt: e.CreatedAt, CreatedAt: e.CreatedAt, UpdatedAt: e.CreatedAt}
		if err := saveDelivery(ctx, tx, d); err != nil {
			return err
		}
		args, err := json.Marshal(map[string]string{"id": d.ID})
		if err != nil {
			return err
		}
		job := postern.Job{MerchantID: e.MerchantID, Kind: postern.JobDeliver, Args: string(args), RunAt: e.CreatedAt}
		if err := s.insertJobs(ctx, tx, []postern.Job{job}); err != nil {
			return err
		}
	}
	return nil
}

// ChainHash is the hex SHA-256 over the previous event's hash ("" for the first), a line feed, and the event's id, type and data, each after a line feed.
func ChainHash(previous string, e postern.Event) string {
	sum := sha256.Sum256([]byte(previous + "\n" + e.ID + "\n" + string(e.Type) + "\n" + e.Data))
	return hex.EncodeToString(sum[:])
}

// deliveryID is a function of its event and endpoint, so that numbering needs no randomness: the event's ten characters of time and 80 bits of a hash.
func deliveryID(eventID, endpointID string) string {
	const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
	sum := sha256.Sum256([]byte(eventID + "\n" + endpointID))
	id := []byte(postern.PrefixDelivery)
	stamp := eventID[min(len(eventID), len(postern.PrefixEvent)):]
	id = append(id, stamp[:min(len(stamp), 10)]...)
	for i := 0; len(id) < len(postern.PrefixDelivery)+26; i++ {
		id = append(id, alphabet[sum[i]&31])
	}
	return string(id)
}

// UnsequencedMerchants names up to limit merchants that have events without a position, for the recovery sweep.
func (s *Store) UnsequencedMerchants(ctx context.Context, limit int) ([]string, error) {
	return many(ctx, s.reader(), "UnsequencedMerchants", scanText, "SELECT DISTINCT merchant_id FROM event WHERE position = 0 ORDER BY merchant_id LIMIT $1 -- sweep", limit)
}

func scanText(r Row) (s string, err error) {
	err = r.Scan(&s)
	return s, err
}
