package store

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
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

// waitingAtOnce bounds how many events that wait for their number TellMany takes along; a job numbers the rest.
const waitingAtOnce = 2_000

// TellMany commits events of many merchants with their numbers, and the progress of what tells them, in one transaction. An event whose id is there already is left
// as it is, so that a repetition changes nothing. It is the one transaction that touches more than one merchant (docs/decisions/0030): it takes the heads in the
// order of the merchants' ids, holds nothing that a payment's commit waits for, and is safe to cut into smaller ones. It returns how many events were new.
func (s *Store) TellMany(ctx context.Context, events []postern.Event, progress *Telling) (int64, error) {
	events = slices.Clone(events)
	slices.SortFunc(events, inTheirOrder)
	events = slices.CompactFunc(events, func(a, b postern.Event) bool { return inTheirOrder(a, b) == 0 })
	var fresh int64
	err := s.Write(ctx, func(tx Tx) error {
		fresh = 0
		if len(events) > 0 {
			var err error
			if fresh, err = s.tell(ctx, tx, events); err != nil {
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

func inTheirOrder(a, b postern.Event) int {
	return cmp.Or(cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.ID, b.ID))
}

// page is what is known of the merchants of some events once their heads are taken.
type page struct {
	heads     map[string]*eventHead
	endpoints map[string][]Endpoint
	waiting   []postern.Event    // stored, and not numbered yet
	known     map[[2]string]bool // ids of events that are there already, with their merchant
}

// tell numbers new events and those that wait, in the order of their ids, and writes them with few statements for all merchants together.
func (s *Store) tell(ctx context.Context, tx Tx, events []postern.Event) (int64, error) {
	p, err := readPage(ctx, tx, events)
	if err != nil {
		return 0, err
	}
	late := "" // From this merchant on there are more waiting events than were read: theirs are numbered by a job.
	if n := len(p.waiting); n == waitingAtOnce {
		late = p.waiting[n-1].MerchantID
	}
	var fresh []postern.Event
	var jobs []postern.Job
	for _, e := range events {
		if !p.known[[2]string{e.MerchantID, e.ID}] {
			fresh = append(fresh, e)
		}
	}
	all := append(slices.Clone(fresh), p.waiting...)
	slices.SortStableFunc(all, inTheirOrder)
	number := map[[2]string]postern.Event{}
	for _, e := range all {
		if late != "" && e.MerchantID >= late {
			jobs = append(jobs, postern.Job{MerchantID: e.MerchantID, Kind: postern.JobSequence, Args: "{}", RunAt: e.CreatedAt})
			continue
		}
		head := p.heads[e.MerchantID]
		head.position++
		e.Position, e.Hash = head.position, ChainHash(head.hash, e)
		head.hash = e.Hash
		number[[2]string{e.MerchantID, e.ID}] = e
	}
	if err := insertNumbered(ctx, tx, fresh, number); err != nil {
		return 0, err
	}
	for _, e := range p.waiting {
		if numbered, ok := number[[2]string{e.MerchantID, e.ID}]; ok {
			if err := numberOne(ctx, tx, numbered); err != nil {
				return 0, err
			}
		}
	}
	for _, e := range all {
		if numbered, ok := number[[2]string{e.MerchantID, e.ID}]; ok {
			if err := s.deliver(ctx, tx, numbered, p.endpoints[e.MerchantID]); err != nil {
				return 0, err
			}
		}
	}
	jobs = slices.CompactFunc(jobs, func(a, b postern.Job) bool { return a.MerchantID == b.MerchantID })
	if err := saveHeads(ctx, tx, p.heads); err != nil {
		return 0, err
	}
	return int64(len(fresh)), s.insertJobs(ctx, tx, jobs)
}

// readPage takes the heads and reads what is there: in this order, so that nobody else numbers these merchants' events in between.
func readPage(ctx context.Context, tx Tx, events []postern.Event) (page, error) {
	var p page
	var merchants, ids []string
	for _, e := range events {
		merchants, ids = append(merchants, e.MerchantID), append(ids, e.ID)
	}
	merchants = slices.Compact(merchants)
	var err error
	if p.heads, err = takeHeads(ctx, tx, merchants); err != nil {
		return p, err
	}
	if p.endpoints, err = endpointsFor(ctx, tx, merchants); err != nil {
		return p, err
	}
	p.known = map[[2]string]bool{}
	marks, args := inList(2, merchants)
	args = append([]any{waitingAtOnce}, args...)
	p.waiting, err = many(ctx, tx, "TellMany", scanEvent, "SELECT "+eventColumns+" FROM event WHERE merchant_id IN ("+marks+") AND position = 0 ORDER BY merchant_id, id LIMIT $1 -- sweep", args...)
	if err != nil {
		return p, err
	}
	scan := func(r Row) (key [2]string, err error) {
		err = r.Scan(&key[0], &key[1])
		return key, err
	}
	marks, args = inList(1, merchants)
	more, moreArgs := inList(len(args)+1, ids)
	known, err := many(ctx, tx, "TellMany", scan, "SELECT merchant_id, id FROM event WHERE merchant_id IN ("+marks+") AND id IN ("+more+") ORDER BY merchant_id, id -- sweep", append(args, moreArgs...)...)
	for _, key := range known {
		p.known[key] = true
	}
	return p, err
}

// takeHeads is takeHead for many merchants, in the order of their ids.
func takeHeads(ctx context.Context, tx Tx, merchants []string) (map[string]*eventHead, error) {
	type row struct {
		merchant string
		head     eventHead
	}
	scan := func(r Row) (v row, err error) {
		err = r.Scan(&v.merchant, &v.head.version, &v.head.position, &v.head.hash)
		return v, err
	}
	var values []any
	for _, m := range merchants {
		values = append(values, m, 1, 0, "")
	}
	list, err := many(ctx, tx, "TellMany", scan, "INSERT INTO event_head (merchant_id, version, position, hash) VALUES "+rowsOf(len(merchants), 4)+
		" ON CONFLICT (merchant_id) DO UPDATE SET version = event_head.version + 1 RETURNING merchant_id, version, position, hash", values...)
	heads := map[string]*eventHead{}
	for i := range list {
		heads[list[i].merchant] = &list[i].head
	}
	return heads, err
}

// saveHeads writes heads that takeHeads has locked.
func saveHeads(ctx context.Context, tx Tx, heads map[string]*eventHead) error {
	var values []any
	for _, m := range slices.Sorted(maps.Keys(heads)) {
		values = append(values, m, heads[m].version, heads[m].position, heads[m].hash)
	}
	_, err := tx.Exec(ctx, "INSERT INTO event_head (merchant_id, version, position, hash) VALUES "+rowsOf(len(heads), 4)+
		" ON CONFLICT (merchant_id) DO UPDATE SET position = excluded.position, hash = excluded.hash", values...)
	return err
}

// rowsAtOnce bounds the rows of one INSERT: each has nine values, and SQLite takes 32,766 of them.
const rowsAtOnce = 500

func insertNumbered(ctx context.Context, tx Tx, events []postern.Event, number map[[2]string]postern.Event) error {
	for chunk := range slices.Chunk(events, rowsAtOnce) {
		var values []any
		for _, e := range chunk {
			n := number[[2]string{e.MerchantID, e.ID}] // Without a number: a job gives it.
			values = append(values, e.MerchantID, e.ID, e.Type, e.PaymentID, e.Data, bit(e.Live), micros(e.CreatedAt), n.Position, n.Hash)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO event ("+eventColumns+") VALUES "+rowsOf(len(chunk), 9), values...); err != nil {
			return err
		}
	}
	return nil
}

// rowsOf makes ($1, $2), ($3, $4), ... for a number of rows.
func rowsOf(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i+1))
	}
	b.WriteString(")")
	return b.String()
}
