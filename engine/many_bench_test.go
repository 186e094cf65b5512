package engine_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/route"
	"postern/store"
	"postern/store/storetest"
)

// manyMerchants fills a store with merchants that each have a channel at two wallets and three paid orders over the first.
func manyMerchants(b *testing.B, s *store.Store, n int, at time.Time) {
	b.Helper()
	us := at.UnixMicro()
	numbers := fmt.Sprintf("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", n)
	id := func(prefix, i string) string {
		return "'" + prefix + strings.Repeat("0", 24-len(prefix)) + "' || CAST(100000 + " + i + " AS TEXT)"
	}
	channel := func(prefix, provider string) string {
		return fmt.Sprintf(`INSERT INTO channel (merchant_id, id, version, credential_set_id, credential_owner_id, provider, sub_merchant, products, permissions, min_amount, max_amount, place,
			sandbox, retired_at, created_at, updated_at, agreement, weight) %s SELECT %s, %s, 1, 'crs_1', 'ptn_1', '%s', '', '["h5","native"]', '[]', 0, 0, 0, 0, 0, %d, %d, '{}', 1 FROM n`,
			numbers, id("mer_", "i"), id(prefix, "i"), provider, us, us)
	}
	statements := []string{
		fmt.Sprintf(`INSERT INTO merchant (merchant_id, version, partner_id, name, live, locale, zone, surplus_policy, created_at, category, region)
			%s SELECT %s, 1, '', 'shop', 1, 'en', 'UTC', '{}', %d, '', '' FROM n`, numbers, id("mer_", "i"), us),
		channel("chn_a", "alipay"), channel("chn_b", "wechatpay"),
	}
	for k := range 3 {
		p, a, r := fmt.Sprintf("pay_%d", k), fmt.Sprint(postern.FirstID("att_", at)[:14], k), fmt.Sprint(postern.FirstID("rcp_", at)[:14], k)
		statements = append(statements,
			fmt.Sprintf(`INSERT INTO payment (merchant_id, id, version, reference, amount, currency, description, return_url, metadata, items, late_payment, status, live, link_token, expires_at,
				cancel_requested_at, close_requested_at, paid_at, created_at, updated_at) %s SELECT %s, %s, 1, 'r%d', 10000, 'CNY', 'd', '', '{}', '[]', 'refund', 'paid', 1, '', 0, 0, 0, %d, %d, %d FROM n`,
				numbers, id("mer_", "i"), id(p, "i"), k, us, us, us),
			fmt.Sprintf(`INSERT INTO attempt (merchant_id, id, version, payment_id, channel_id, credential_set_id, generation_id, provider, product, number, amount, currency, status, opaque, action,
				payer_hash, container, exposed_at, expires_at, close_requested_at, code, message, plan, created_at, updated_at)
				%s SELECT %s, %s, 1, %s, %s, 'crs_1', 'gen_1', 'alipay', 'h5', 'n%d', 10000, 'CNY', 'paid', '', '{}', '', 'browser-mobile', %d, 0, 0, '', '', '{}', %d, %d FROM n`,
				numbers, id("mer_", "i"), id(a, "i"), id(p, "i"), id("chn_a", "i"), k, us, us, us),
			fmt.Sprintf(`INSERT INTO receipt (merchant_id, id, payment_id, attempt_id, channel_id, credential_set_id, provider, txn_no, amount, currency, taken_as, refund_reserved, refunded, paid_at, created_at)
				%s SELECT %s, %s, %s, %s, %s, 'crs_1', 'alipay', 't%d', 10000, 'CNY', 'applied', 0, 0, %d, %d FROM n`,
				numbers, id("mer_", "i"), id(r, "i"), id(p, "i"), id(a, "i"), id("chn_a", "i"), k, us, us))
	}
	statements = append(statements, // Each was told of something before.
		fmt.Sprintf(`INSERT INTO event (merchant_id, id, type, payment_id, data, live, created_at, position, hash) %s SELECT %s, %s, 'payment.paid', '', '{}', 1, %d, 1, 'h' FROM n`,
			numbers, id("mer_", "i"), id("evt_", "i"), us),
		fmt.Sprintf(`INSERT INTO event_head (merchant_id, version, position, hash) %s SELECT %s, 1, 1, 'h' FROM n`, numbers, id("mer_", "i")))
	statements = append(statements, "ANALYZE") // What has run for a while knows its tables.
	for _, text := range statements {
		err := s.Write(b.Context(), func(tx store.Tx) error { _, err := tx.Exec(context.Background(), text); return err })
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTellClosure announces a closure over many merchants, tells all of them and meanwhile plans payments: how long until every event can be pulled, and how
// long a plan takes that obeys.
func BenchmarkTellClosure(b *testing.B) {
	n := 60_000
	if testing.Short() {
		n = 2_000
	}
	onBoth(b, n, func(b *testing.B, e *engine.Engine) { tellAll(b, e, n) })
}

// onBoth runs a benchmark over many merchants on both engines.
func onBoth(b *testing.B, n int, run func(*testing.B, *engine.Engine)) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			dsn := "sqlite:" + filepath.Join(b.TempDir(), "postern.db")
			if name == "postgres" {
				dsn = storetest.Postgres(b)
			}
			s, err := store.Open(b.Context(), dsn, store.Options{InsertJobs: func(context.Context, store.Tx, []postern.Job) error { return nil }})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			if err := s.Migrate(b.Context()); err != nil {
				b.Fatal(err)
			}
			manyMerchants(b, s, n, time.Now())
			e := &engine.Engine{Store: s, Registry: all.Registry(), Log: slog.New(slog.DiscardHandler), Env: provider.Env{Now: time.Now, Rand: rand.Reader}}
			for b.Loop() {
				run(b, e)
			}
		})
	}
}

// BenchmarkFleetMove moves thousands of merchants and brings them back.
func BenchmarkFleetMove(b *testing.B) {
	n := 5_000
	if testing.Short() {
		n = 200
	}
	onBoth(b, n, func(b *testing.B, e *engine.Engine) {
		ctx := b.Context()
		c, err := e.AnnounceClosure(ctx, postern.Closure{
			OwnerID: postern.Platform, Title: "the gate shuts", By: postern.ByProvider, Scope: postern.Scope{Providers: []string{"alipay"}},
			Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: time.Now().AddDate(0, 1, 0)}},
		})
		if err != nil {
			b.Fatal(err)
		}
		step := func(unit string, do func() (postern.FleetMove, error)) postern.FleetMove {
			began := time.Now()
			m, err := do()
			for again := time.Duration(1); again > 0 && err == nil; {
				again, err = e.RunFleetMove(ctx, postern.Platform, m.ID)
			}
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(time.Since(began).Seconds(), unit)
			return m
		}
		m := step("s-moved", func() (postern.FleetMove, error) {
			m, _, err := e.StartFleetMove(ctx, engine.NewFleetMove{OwnerID: postern.Platform, ClosureOwnerID: postern.Platform, ClosureID: c.ID, To: []string{"wechatpay"}, Live: true, Share: 10_000, Who: "bench"})
			return m, err
		})
		began := time.Now()
		status, err := e.FleetStatus(ctx, postern.Platform, m.ID)
		if err != nil || status.Counts[postern.MemberMoved] != int64(n) {
			b.Fatalf("status %+v, %v", status, err)
		}
		b.ReportMetric(time.Since(began).Seconds(), "s-status")
		step("s-undone", func() (postern.FleetMove, error) { return e.UndoFleetMove(ctx, postern.Platform, m.ID, "bench", "") })
	})
}

func tellAll(b *testing.B, e *engine.Engine, n int) {
	ctx := b.Context()
	wanted := postern.Closure{OwnerID: postern.Platform, Title: "the gate shuts", By: postern.ByProvider, Scope: postern.Scope{Providers: []string{"alipay"}},
		Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: time.Now()}}}
	began := time.Now()
	if effect, err := e.PreviewClosure(ctx, wanted); err != nil || effect.Merchants != int64(n) || effect.Through[0].Orders != 3*int64(n) {
		b.Fatalf("preview %+v, %v", effect, err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s-preview")
	began = time.Now()
	if _, err := e.TellCalendar(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(time.Since(began).Seconds(), "s-calendar")
	c, err := e.AnnounceClosure(ctx, wanted)
	if err != nil {
		b.Fatal(err)
	}
	announced := time.Now()
	done, plans := make(chan struct{}), make(chan []time.Duration)
	go func() {
		var took []time.Duration
		for i := 1; ; i = i*7919%n + 1 {
			select {
			case <-done:
				plans <- took
				return
			default:
			}
			at := time.Now()
			plan, err := e.Plan(ctx, postern.Payment{MerchantID: fmt.Sprintf("mer_%026d", 100_000+i), Amount: 100, Currency: "CNY", Live: true}, route.Buyer{Container: "browser-mobile", Form: "phone"}, "", "")
			took = append(took, time.Since(at))
			if err != nil || slices.ContainsFunc(plan.Kept(), func(k route.Candidate) bool { return k.Provider == "alipay" }) || len(plan.Kept()) == 0 {
				b.Errorf("a plan that does not obey: %+v, %v", plan, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	for {
		again, err := e.TellClosure(ctx, postern.Platform, c.ID, 1)
		if err != nil {
			b.Fatal(err)
		}
		if again == 0 {
			break
		}
	}
	told := time.Since(announced)
	close(done)
	took := <-plans
	slices.Sort(took)
	progress, err := e.Store.Telling(ctx, postern.Platform, c.ID, 1)
	if err != nil || progress.Told != int64(n) {
		b.Fatalf("told %+v of %d, %v", progress, n, err)
	}
	b.ReportMetric(told.Seconds(), "s-told")
	b.ReportMetric(took[len(took)-1].Seconds(), "s-plan-worst")
	b.ReportMetric(took[len(took)/2].Seconds(), "s-plan-median")
	if _, err := e.MoveClosure(ctx, postern.Platform, c.ID, ""); err != nil {
		b.Fatal(err)
	}
}
