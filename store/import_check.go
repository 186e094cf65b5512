package store

import (
	"context"
	"strings"

	"postern"
)

// check holds what came in against the rules that no single row can break: it runs before the commit, over the rows as they stand.
func (i *importer) check(ctx context.Context) error {
	me := i.manifest.MerchantID
	merchant, err := one(ctx, i.tx, "Import", "merchant", scanMerchant, readMerchant+" FROM merchant WHERE merchant_id = $1", me)
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil {
		return refused(rowsFolder+"merchant.jsonl", "the merchant's own row is missing", copyAgain)
	}
	if err != nil {
		return err
	}
	if merchant.Live != i.manifest.Live {
		return refused(ManifestName, "the manifest and the merchant's row differ in whether it is live", copyAgain)
	}
	for _, rule := range []struct{ file, query, message string }{
		{"payment.jsonl", "SELECT count(*) FROM payment WHERE merchant_id = $1 AND live <> $2", "a live merchant has test payments, or a test merchant live ones"},
		{"channel.jsonl", "SELECT count(*) FROM channel WHERE merchant_id = $1 AND sandbox = 1 AND $2 = 1", "a live merchant has a channel at a simulator"},
		{"channel.jsonl", `SELECT count(*) FROM channel WHERE merchant_id = $1 AND $2 >= 0 AND NOT EXISTS (SELECT 1 FROM credential_set s WHERE s.owner_id = credential_owner_id
			AND s.id = credential_set_id AND s.provider = channel.provider AND s.sandbox = channel.sandbox)`, "a channel's account is missing, or is another account here"},
		{"posting.jsonl", `SELECT count(*) FROM (SELECT transaction_id FROM posting WHERE merchant_id = $1 AND $2 >= 0
			GROUP BY transaction_id, currency HAVING SUM(amount) <> 0) t`, "the books do not balance"},
	} {
		var n int64
		if err := i.tx.QueryRow(ctx, rule.query, me, bit(merchant.Live)).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			return refused(rowsFolder+rule.file, rule.message, "export again")
		}
	}
	return i.checkChain(ctx)
}

// checkChain follows the numbered events from the first to the head: each hash must be the one of the event and what came before it.
func (i *importer) checkChain(ctx context.Context) error {
	torn := refused(rowsFolder+"event.jsonl", "the chain of events is torn: an event is missing or was altered", "export again")
	var last int64
	hash := ""
	for {
		page, err := many(ctx, i.tx, "Import", scanEvent, selectEvent+" AND position > 0 AND position > $2 ORDER BY position LIMIT $3", i.manifest.MerchantID, last, importPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			last++
			hash = ChainHash(hash, e)
			if e.Position != last || e.Hash != hash {
				return torn
			}
		}
		if len(page) < importPage {
			break
		}
	}
	scan := func(r Row) (h eventHead, err error) {
		err = r.Scan(&h.position, &h.hash)
		return h, err
	}
	heads, err := many(ctx, i.tx, "Import", scan, "SELECT position, hash FROM event_head WHERE merchant_id = $1", i.manifest.MerchantID)
	if err != nil {
		return err
	}
	if len(heads) == 0 && last > 0 || len(heads) == 1 && (heads[0].position != last || heads[0].hash != hash) {
		return torn
	}
	return nil
}

// importPage bounds what is read back at once.
const importPage = 500

// lastLooks is how long after its end an attempt or a refund is still asked about once: what the engine gives up after, and a margin.
const lastLooks = 8 * 24 * 60 * 60 * 1_000_000 // microseconds

// goOn makes the jobs that what is under way needs, so that nothing is lost between two switches. Each job decides anew when it runs, so one too many does no harm.
func (i *importer) goOn(ctx context.Context) (int64, error) {
	var jobs int64
	since := micros(i.landing.Now) - lastLooks
	for _, open := range []struct{ kind, query string }{
		{postern.JobExpire, "SELECT id, expires_at FROM payment WHERE merchant_id = $1 AND id > $2 AND status IN ('open', 'processing')"},
		// An order that was closed is looked at once more, because its buyer may have paid meanwhile.
		{postern.JobPoll, "SELECT id, updated_at FROM attempt WHERE merchant_id = $1 AND id > $2 AND (status IN ('sending', 'pending', 'unknown') OR status = 'closed' AND expires_at > $4)"},
		{postern.JobClose, "SELECT id, updated_at FROM attempt WHERE merchant_id = $1 AND id > $2 AND status IN ('sending', 'pending', 'unknown') AND close_requested_at > 0"},
		{postern.JobRefund, "SELECT id, updated_at FROM refund WHERE merchant_id = $1 AND id > $2 AND (status IN ('reserved', 'sending', 'pending', 'unknown') OR status = 'failed' AND updated_at > $4)"},
		{postern.JobShare, "SELECT id, updated_at FROM share WHERE merchant_id = $1 AND id > $2 AND status IN ('reserved', 'sending', 'pending', 'unknown')"},
		{postern.JobDeliver, "SELECT id, next_at FROM delivery WHERE merchant_id = $1 AND id > $2 AND status = 'waiting'"},
		{postern.JobFacade, "SELECT id, created_at FROM facade_notice WHERE merchant_id = $1 AND id > $2 AND done_at = 0"},
	} {
		n, err := i.goOnWith(ctx, open.kind, open.query, since)
		if err != nil {
			return jobs, err
		}
		jobs += n
	}
	n, err := i.goOnProbing(ctx)
	return jobs + n, err
}

// goOnWith makes one job for each row of a query, a page at a time.
func (i *importer) goOnWith(ctx context.Context, kind, query string, since int64) (n int64, err error) {
	scan := func(r Row) (w postern.Wanted, err error) {
		w.Kind = kind
		err = r.Scan(&w.ID, at(&w.RunAt))
		return w, err
	}
	after := ""
	for {
		args := []any{i.manifest.MerchantID, after, importPage}
		if strings.Contains(query, "$4") {
			args = append(args, since)
		}
		page, err := many(ctx, i.tx, "Import", scan, query+" ORDER BY id LIMIT $3", args...)
		if err != nil {
			return n, err
		}
		if err := i.queue(ctx, page); err != nil {
			return n, err
		}
		n += int64(len(page))
		if len(page) < importPage {
			return n, nil
		}
		after = page[len(page)-1].ID
	}
}

// goOnProbing makes the jobs of products that are suspended, and the one that numbers events which wait for it.
func (i *importer) goOnProbing(ctx context.Context) (int64, error) {
	me := i.manifest.MerchantID
	ailing, err := many(ctx, i.tx, "Import", scanHealth, selectHealth+" AND state <> 'open' ORDER BY channel_id, product", me)
	if err != nil {
		return 0, err
	}
	var list []postern.Wanted
	for _, h := range ailing {
		list = append(list, postern.Wanted{Kind: postern.JobProbe, ID: i.landing.ProbeID(h), RunAt: h.NextAt})
	}
	var waiting int64
	if err := i.tx.QueryRow(ctx, "SELECT count(*) FROM event WHERE merchant_id = $1 AND position = 0", me).Scan(&waiting); err != nil {
		return 0, err
	}
	if waiting > 0 {
		list = append(list, postern.Wanted{Kind: postern.JobSequence})
	}
	return int64(len(list)), i.queue(ctx, list)
}

func (i *importer) queue(ctx context.Context, list []postern.Wanted) error {
	jobs := make([]postern.Job, len(list))
	for n, w := range list {
		if w.RunAt.Before(i.landing.Now) {
			w.RunAt = i.landing.Now
		}
		jobs[n] = i.landing.Job(i.manifest.MerchantID, w)
	}
	return i.insertJobs(ctx, i.tx, jobs)
}
