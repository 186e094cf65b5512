package sim_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
	"postern/store/storetest"
)

// partnerOf makes a partner with an account at the simulated wallet, at which each merchant may have a store and a token of its own.
func partnerOf(t testing.TB, w *sim.World, code string) (postern.Partner, postern.CredentialSet) {
	t.Helper()
	ctx := context.Background()
	w.Engine.Registry[code] = sim.Partnered(w.Engine.Registry[code])
	p := postern.Partner{ID: postern.NewID(postern.PrefixPartner, w.Clock.Now(), w.Rand), Name: "东便门科技", CreatedAt: w.Clock.Now()}
	must(t, w.Store.SavePartner(ctx, p))
	box := w.Sandboxes[code]
	set, err := w.Engine.AddCredentialSet(ctx, engine.NewAccount{OwnerID: p.ID, Provider: code, Settings: box.Settings, Keys: box.Keys, Sandbox: true})
	must(t, err)
	return p, set
}

// listOf is a list of so many merchants. Change may give a line other cells.
func listOf(t testing.TB, account string, n int, change func(i int, cells []string)) []byte {
	t.Helper()
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	must(t, w.Write([]string{"reference", "name", "category", "region", account + ".sub_merchant", account + ".products", account + ".shop_no", account + ".shop_token"}))
	for i := range n {
		cells := []string{"R-" + strconv.Itoa(i), fmt.Sprintf("小店%d号", i), "food", "CN-11", fmt.Sprintf("19%08d", i), "native h5", "S-" + strconv.Itoa(i), "token-" + strconv.Itoa(i)}
		if change != nil {
			change(i, cells)
		}
		must(t, w.Write(cells))
	}
	w.Flush()
	return out.Bytes()
}

// TestImport: a list is shown before anything is written, written only as it was shown, each merchant whole; the same list again changes nothing, a changed one shows
// exactly what differs, and what is wrong is named by its line while the rest goes in. On both engines, in UTF-8 and GBK.
//
// Red without: the digest in RunImport, the number's holder in the importer's channel, or the reference in MerchantID.
func TestImport(t *testing.T) {
	onBoth(t, func(t *testing.T, w *sim.World) {
		ctx := context.Background()
		p, set := partnerOf(t, w, alipay)
		in := engine.Import{PartnerID: p.ID, Encoding: "utf-8", File: listOf(t, alipay, 40, nil)}
		plan, err := w.Engine.PlanImport(ctx, in)
		must(t, err)
		if plan.New != 40 || plan.Done || len(merchantsOf(t, w, p.ID)) != 0 {
			t.Fatalf("%+v, and %d merchants are there", plan, len(merchantsOf(t, w, p.ID)))
		}
		if _, err := w.Engine.RunImport(ctx, in, "0", 0); postern.CodeOf(err) != postern.CodeConflict || len(merchantsOf(t, w, p.ID)) != 0 {
			t.Fatalf("another digest: %v", err)
		}
		done, err := w.Engine.RunImport(ctx, in, plan.Digest, 0)
		must(t, err)
		if done.Written != 40 || !done.Done || len(merchantsOf(t, w, p.ID)) != 40 {
			t.Fatalf("%+v", done)
		}
		gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes(in.File)
		must(t, err)
		for _, again := range []engine.Import{in, {PartnerID: p.ID, Encoding: "gbk", File: gbk}} {
			if plan, err = w.Engine.PlanImport(ctx, again); err != nil || plan.Unchanged != 40 || len(plan.Rows) != 0 || !plan.Done {
				t.Fatalf("the same list again: %+v %v", plan, err)
			}
		}
		changed(t, w, p, set)
	})
}

// changed imports a list with one new name and token, one stolen number, one number that moves, one double merchant and one strange product.
func changed(t *testing.T, w *sim.World, p postern.Partner, set postern.CredentialSet) {
	t.Helper()
	ctx := context.Background()
	in := engine.Import{PartnerID: p.ID, File: listOf(t, set.ID, 41, func(i int, cells []string) {
		switch i {
		case 1:
			cells[1], cells[7] = "=小店", "token-other"
		case 2:
			cells[4] = "1900000003" // that is merchant 3's
		case 4:
			cells[4] = "1999999999"
		case 5:
			cells[0] = "R-6"
		case 7:
			cells[5] = "native carrier-pigeon"
		case 8:
			cells[6] = ""
		case 40:
			cells[4] = "1900000003"
		}
	})}
	plan, err := w.Engine.PlanImport(ctx, in)
	must(t, err)
	if plan.Changed != 1 || plan.Refused != 6 || plan.Unchanged != 34 {
		t.Fatalf("%+v", plan)
	}
	fields := map[int]string{4: set.ID + ".sub_merchant", 6: set.ID + ".sub_merchant", 7: set.ID + ".sub_merchant", 8: "reference", 9: set.ID + ".products", 42: set.ID + ".sub_merchant"}
	for _, row := range plan.Rows {
		if row.Outcome == engine.ImportRefused && (row.Field != fields[row.Line] || row.Fix == "") {
			t.Errorf("line %d: %+v", row.Line, row)
		}
		if row.Outcome == engine.ImportChanged && (row.Line != 3 || len(row.Changes) != 2 || row.Changes[0] != engine.ImportChange{Field: "name", From: "小店1号", To: "=小店"} || row.Changes[1].To != "[redacted]") {
			t.Errorf("%+v", row)
		}
	}
	done, err := w.Engine.RunImport(ctx, in, plan.Digest, 0)
	must(t, err)
	m, err := w.Store.Merchant(ctx, postern.MerchantID(p, false, "R-1"))
	must(t, err)
	if done.Written != 1 || m.Name != "=小店" || m.Reference != "R-1" {
		t.Errorf("%+v %+v", done, m)
	}
	channels, err := w.Store.Channels(ctx, m.ID)
	must(t, err)
	if len(channels) != 1 || channels[0].SubMerchant != "1900000001" || channels[0].Settings["shop_no"] != "S-1" || !channels[0].Sandbox {
		t.Errorf("%+v", channels)
	}
}

func merchantsOf(t testing.TB, w *sim.World, partnerID string) []postern.Merchant {
	t.Helper()
	var all []postern.Merchant
	page := store.Page{Limit: 100}
	for {
		list, next, err := w.Store.Merchants(context.Background(), partnerID, page)
		must(t, err)
		all = append(all, list...)
		if next == "" {
			return all
		}
		page.After = next
	}
}

// TestAnImportThatDiesGoesOn: the process dies in the middle of a list. Each merchant is there with its channel or not at all; the plan of the rest is confirmed anew and
// ends where an undisturbed one would.
//
// Red without: SaveShop's one transaction (store/merchant.go).
func TestAnImportThatDiesGoesOn(t *testing.T) {
	ctx, n := context.Background(), 0
	down := errors.New("the process died")
	var fault func(string) error
	w := build(t, sim.Options{Seed: 3, Makers: two(), Store: opened(t, "sqlite::memory:", store.Options{Fault: func(_ context.Context, point string) error {
		if fault == nil {
			return nil
		}
		return fault(point)
	}})})
	p, set := partnerOf(t, w, alipay)
	in := engine.Import{PartnerID: p.ID, File: listOf(t, alipay, 30, nil)}
	for round := range 40 {
		plan, err := w.Engine.PlanImport(ctx, in)
		must(t, err)
		if plan.Done {
			break
		}
		if round == 39 {
			t.Fatal("it never ends")
		}
		n = 0
		fault = func(point string) error {
			if n++; n == 2+round {
				return down
			}
			return nil
		}
		_, err = w.Engine.RunImport(ctx, in, plan.Digest, 0)
		fault = nil
		if err != nil && !errors.Is(err, down) && postern.CodeOf(err) != postern.CodeCommitUnknown {
			t.Fatal(err)
		}
		holders, err := w.Store.Holders(ctx, set.OwnerID, set.ID, "")
		must(t, err)
		if merchants := merchantsOf(t, w, p.ID); len(merchants) != len(holders) {
			t.Fatalf("round %d: %d merchants and %d numbers", round, len(merchants), len(holders))
		}
	}
	if got := len(merchantsOf(t, w, p.ID)); got != 30 {
		t.Errorf("%d merchants", got)
	}
}

// TestAnImportKeepsToItsTime: what a budget does not reach is left, with a digest of its own, until nothing is.
//
// Red without: the budget in RunImport (engine/import.go).
func TestAnImportKeepsToItsTime(t *testing.T) {
	ctx, w := context.Background(), twoWallets(t)
	p, _ := partnerOf(t, w, alipay)
	in := engine.Import{PartnerID: p.ID, File: listOf(t, alipay, 30, nil)}
	plan, err := w.Engine.PlanImport(ctx, in)
	must(t, err)
	rounds, written := 0, 0
	for !plan.Done {
		plan, err = w.Engine.RunImport(ctx, in, plan.Digest, 10*time.Microsecond) // Each look at the clock takes one.
		must(t, err)
		rounds, written = rounds+1, written+plan.Written
	}
	if rounds < 2 || written != 30 || len(merchantsOf(t, w, p.ID)) != 30 {
		t.Errorf("%d merchants in %d rounds", written, rounds)
	}
}

// BenchmarkImport3000 plans and writes a list of 3,000 merchants, on a file and on PostgreSQL.
func BenchmarkImport3000(b *testing.B) {
	engines := map[string]func(b *testing.B) *sim.World{
		"sqlite": func(b *testing.B) *sim.World {
			return build(b, sim.Options{Seed: 1, Makers: two(), Store: opened(b, "sqlite:"+b.TempDir()+"/postern.db", store.Options{})})
		},
		"postgres": func(b *testing.B) *sim.World {
			return build(b, sim.Options{Seed: 1, Makers: two(), Store: opened(b, storetest.Postgres(b), store.Options{MaxConns: 4})})
		},
	}
	for name, open := range engines {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				w := open(b)
				p, _ := partnerOf(b, w, alipay)
				in := engine.Import{PartnerID: p.ID, File: listOf(b, alipay, 3000, nil)}
				b.StartTimer()
				began := time.Now()
				plan, err := w.Engine.PlanImport(context.Background(), in)
				must(b, err)
				planned := time.Since(began)
				_, err = w.Engine.RunImport(context.Background(), in, plan.Digest, 0)
				must(b, err)
				b.ReportMetric(float64(planned.Milliseconds()), "ms/plan")
			}
		})
	}
}
