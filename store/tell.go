package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"postern"
)

// Telling is how far the telling of one edit of a closure has come: the merchants down to AfterID were looked at (the newest come first), and Told of them got
// an event.
type Telling struct {
	OwnerID   string
	ClosureID string
	Edit      int64
	AfterID   string
	Told      int64
	DoneAt    time.Time
	CreatedAt time.Time
}

const tellingColumns = "owner_id, closure_id, edit, after_id, told, done_at, created_at"

func scanTelling(r Row) (Telling, error) {
	var t Telling
	err := r.Scan(&t.OwnerID, &t.ClosureID, &t.Edit, &t.AfterID, &t.Told, at(&t.DoneAt), at(&t.CreatedAt))
	return t, err
}

// Telling returns how far the telling of an edit has come, or postern.CodeNotFound before it began.
func (s *Store) Telling(ctx context.Context, ownerID, closureID string, edit int64) (Telling, error) {
	return one(ctx, s.reader(), "Telling", "telling", scanTelling, "SELECT "+tellingColumns+" FROM closure_telling WHERE owner_id = $1 AND closure_id = $2 AND edit = $3",
		ownerID, closureID, edit)
}

func saveTelling(ctx context.Context, tx Tx, t Telling) error {
	_, err := tx.Exec(ctx, insertInto("closure_telling", tellingColumns)+` ON CONFLICT (owner_id, closure_id, edit)
		DO UPDATE SET after_id = excluded.after_id, told = excluded.told, done_at = excluded.done_at`,
		t.OwnerID, t.ClosureID, t.Edit, t.AfterID, t.Told, micros(t.DoneAt), micros(t.CreatedAt))
	return err
}

// numberAtOnce bounds how many waiting events of one merchant TellMany numbers; a job numbers the rest.
const numberAtOnce = 50

// TellMany commits one event for each of many merchants, numbered at once, and the progress of what tells them, in one transaction. An event whose id is there
// already is left as it is, so that a repetition changes nothing. It is the one transaction that touches more than one merchant (docs/decisions/0030): it takes
// the merchants in the order of their ids, holds nothing that a payment's commit waits for, and is safe to cut into smaller ones. It returns how many were new.
func (s *Store) TellMany(ctx context.Context, events []postern.Event, progress *Telling) (int64, error) {
	events = slices.Clone(events)
	slices.SortFunc(events, func(a, b postern.Event) int {
		return cmp.Or(cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.ID, b.ID))
	})
	var fresh int64
	err := s.Write(ctx, func(tx Tx) error {
		fresh = 0
		endpoints, err := endpointsOf(ctx, tx, events)
		if err != nil {
			return err
		}
		for i, e := range events {
			n, err := tx.Exec(ctx, insertEventSQL+" ON CONFLICT (merchant_id, id) DO NOTHING", e.MerchantID, e.ID, e.Type, e.PaymentID, e.Data, bit(e.Live), micros(e.CreatedAt), 0, "")
			if err != nil {
				return err
			}
			fresh += n
			if last := i+1 == len(events) || events[i+1].MerchantID != e.MerchantID; !last || n == 0 {
				continue
			}
			if err := s.numberSome(ctx, tx, e, endpoints[e.MerchantID]); err != nil {
				return err
			}
		}
		if progress == nil {
			return nil
		}
		p := *progress
		p.Told += fresh
		return saveTelling(ctx, tx, p)
	})
	if err != nil {
		return 0, err
	}
	return fresh, nil
}

// endpointsOf reads the enabled endpoints of the merchants of some events at once.
func endpointsOf(ctx context.Context, tx Tx, events []postern.Event) (map[string][]Endpoint, error) {
	if len(events) == 0 {
		return nil, nil
	}
	var merchants []string
	for _, e := range events {
		merchants = append(merchants, e.MerchantID)
	}
	marks, ids := inList(1, slices.Compact(merchants))
	list, err := many(ctx, tx, "TellMany", scanEndpoint, "SELECT "+endpointColumns+" FROM endpoint WHERE merchant_id IN ("+marks+") AND disabled_at = 0 ORDER BY merchant_id, id -- sweep", ids...)
	by := map[string][]Endpoint{}
	for _, e := range list {
		by[e.MerchantID] = append(by[e.MerchantID], e)
	}
	return by, err
}

// numberSome numbers a merchant's waiting events, and leaves what is beyond the bound to a job.
func (s *Store) numberSome(ctx context.Context, tx Tx, e postern.Event, endpoints []Endpoint) error {
	numbered, err := s.sequence(ctx, tx, e.MerchantID, numberAtOnce, endpoints)
	if err != nil || len(numbered) < numberAtOnce {
		return err
	}
	return s.insertJobs(ctx, tx, []postern.Job{{MerchantID: e.MerchantID, Kind: postern.JobSequence, Args: "{}", RunAt: e.CreatedAt}})
}
