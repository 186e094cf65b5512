package storetest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"postern"
	"postern/ledger"
	"postern/store"
)

// written is a file of an export in memory.
type written struct {
	bytes.Buffer
	files fstest.MapFS
	name  string
}

func (w *written) Close() error {
	w.files[w.name] = &fstest.MapFile{Data: bytes.Clone(w.Bytes()), Mode: 0o600}
	return nil
}

// Exported exports a merchant into memory.
func Exported(t testing.TB, s *store.Store, merchantID string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	_, err := s.Export(t.Context(), merchantID, func(name string) (io.WriteCloser, error) {
		return &written{files: files, name: name}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// ExportTo exports a merchant into a folder.
func ExportTo(t testing.TB, s *store.Store, merchantID, dir string) {
	t.Helper()
	_, err := s.Export(t.Context(), merchantID, func(name string) (io.WriteCloser, error) {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			return nil, err
		}
		return os.Create(filepath.Join(dir, name))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Recompute runs docs/leaving/balance.py over an export and returns what it prints. It is for packages one folder deep. Without Python the test is skipped, or fails
// when POSTERN_REQUIRE names python.
func Recompute(t testing.TB, dir string) (string, error) {
	t.Helper()
	bin, err := exec.LookPath("python3")
	if err != nil {
		if required("python") {
			t.Fatal("Python is required (POSTERN_REQUIRE) and python3 was not found")
		}
		t.Skip("no Python: python3 was not found")
	}
	var out, wrong bytes.Buffer
	run := exec.CommandContext(t.Context(), bin, filepath.Join("..", "docs", "leaving", "balance.py"), dir)
	run.Stdout, run.Stderr = &out, &wrong
	if err := run.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, wrong.String())
	}
	return out.String(), nil
}

// Landing is a switch in test mode that takes a merchant in.
func Landing() store.Landing {
	return store.Landing{
		Now:     epoch,
		Secret:  func(_, endpointID string) ([]byte, error) { return []byte("new secret of " + endpointID), nil },
		ProbeID: func(h postern.Health) string { return h.ChannelID + "/" + h.Product },
		Job: func(merchantID string, w postern.Wanted) postern.Job {
			return postern.Job{MerchantID: merchantID, Kind: w.Kind, Args: w.ID, RunAt: w.RunAt}
		},
	}
}

// SameExport fails the test where two exports differ, and names the file and its first line that does.
func SameExport(t testing.TB, want, got fstest.MapFS) {
	t.Helper()
	if w, g := slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)); !slices.Equal(w, g) {
		t.Fatalf("the files are\n%v, want\n%v", g, w)
	}
	for name, file := range want {
		if bytes.Equal(file.Data, got[name].Data) {
			continue
		}
		other := strings.Split(string(got[name].Data), "\n")
		for i, line := range strings.Split(string(file.Data), "\n") {
			if i >= len(other) || other[i] != line {
				t.Errorf("%s differs from line %d on:\n%s\nwant\n%s", name, i+1, strings.Join(other[min(i, len(other)):min(i+1, len(other))], ""), line)
				break
			}
		}
	}
}

// leaver is a merchant with something of everything that money does, and another one beside it.
func leaver(f *fixture) {
	f.t.Helper()
	ctx := f.t.Context()
	for _, id := range []string{mine, theirs} {
		must[any](f)(nil, f.SaveMerchant(ctx, postern.Merchant{ID: id, Name: "老王 \"=1+1\"\n", Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: epoch}))
	}
	set := postern.CredentialSet{OwnerID: mine, ID: "crs_1", Provider: "one", Settings: map[string]string{"app_id": "1"}, Sandbox: true, CreatedAt: epoch}
	must[any](f)(nil, f.SaveCredentialSet(ctx, set))
	must[any](f)(nil, f.SaveChannel(ctx, postern.Channel{MerchantID: mine, ID: "chn_1", CredentialOwnerID: mine, CredentialSetID: "crs_1", Provider: "one", Sandbox: true, Weight: 1,
		Secrets: map[string][]byte{"key": []byte("sealed")}, CreatedAt: epoch, UpdatedAt: epoch}))
	must[any](f)(nil, f.AddGeneration(ctx, postern.Generation{OwnerID: mine, CredentialSetID: "crs_1", ID: "gen_1", Keys: map[string][]byte{"key": []byte("sealed")}, CreatedAt: epoch}))
	must[any](f)(nil, f.SaveEndpoint(ctx, store.Endpoint{MerchantID: mine, ID: "whe_1", URL: "https://shop.example/hook", Secret: []byte("sealed"), CreatedAt: epoch}))
	for _, owner := range []string{mine, mine, theirs} {
		p := f.payment(owner)
		p.Live, p.Status, p.PaidAt = false, postern.PaymentPaid, epoch
		a := f.attempt(p)
		a.Status = postern.AttemptPaid
		r := f.receipt(a, postern.ReceiptApplied)
		event := f.event(owner, p.ID)
		event.Live = false
		refund := f.refund(r, 1000)
		refund.Hand = handOf(postern.WayOutside)
		f.commit(store.Change{MerchantID: owner, At: epoch, Payment: p, Attempts: []postern.Attempt{a}, Receipts: []postern.Receipt{r}, Refunds: []postern.Refund{refund},
			Moves: []postern.ReceiptMove{{ReceiptID: r.ID, Reserve: 1000}}, Transactions: []ledger.Transaction{f.transaction(r)}, Events: []postern.Event{event},
			Notifications: []store.Notification{{MerchantID: owner, ID: f.id(postern.PrefixNotification), AttemptID: a.ID, Header: "A: b", Body: []byte{0, 1, 0xff, '\n'}, Outcome: "applied", CreatedAt: epoch}}})
	}
	open := f.payment(mine)
	open.Live, open.Status = false, postern.PaymentProcessing
	live := f.attempt(open)
	live.CloseRequestedAt = epoch
	f.commit(store.Change{MerchantID: mine, At: epoch, Payment: open, Attempts: []postern.Attempt{live}})
	must[[]postern.Event](f)(f.SequenceEvents(ctx, mine, 1)) // The second waits for its number.
}

func testExport(t *testing.T, f *fixture) {
	leaver(f)
	out := Exported(t, f.Store, mine)
	for name, file := range out {
		if bytes.Contains(file.Data, []byte("sealed")) || bytes.Contains(file.Data, []byte(theirs)) {
			t.Errorf("%s holds what is sealed or another merchant's", name)
		}
	}
	there := newFixture(t, f.open)
	landed, err := there.Import(t.Context(), out, Landing())
	if err != nil {
		t.Fatal(err)
	}
	SameExport(t, out, Exported(t, there.Store, mine))
	kinds := map[string]int{}
	for _, j := range there.jobs {
		kinds[j.Kind]++
		if j.RunAt.Before(epoch) {
			t.Errorf("a job runs before the import: %+v", j)
		}
	}
	f.want(kinds, map[string]int{postern.JobExpire: 1, postern.JobPoll: 1, postern.JobClose: 1, postern.JobRefund: 2, postern.JobDeliver: 1, postern.JobSequence: 1})
	f.want(landed.Jobs, int64(len(there.jobs)))
	f.want(string(must[store.Endpoint](f)(there.Endpoint(t.Context(), mine, "whe_1")).Secret), "new secret of whe_1")
	// Numbers go on from where they were, and the chain with them.
	before := must[[]postern.Event](f)(there.Events(t.Context(), mine, 0, 10))
	more := must[[]postern.Event](f)(there.SequenceEvents(t.Context(), mine, 10))
	f.want([]int{len(before), len(more)}, []int{1, 1})
	f.want([]any{more[0].Position, more[0].Hash}, []any{int64(2), store.ChainHash(before[0].Hash, more[0])})
	_, err = there.Import(t.Context(), out, Landing())
	f.wantCode(err, postern.CodeConflict)
}

// Amend changes a file of an export as somebody would who makes the sums right again.
func Amend(files fstest.MapFS, name string, change func(string) string) {
	files[name] = &fstest.MapFile{Data: []byte(change(string(files[name].Data))), Mode: 0o600}
	var m store.Manifest
	if json.Unmarshal(files[store.ManifestName].Data, &m) == nil && name != store.ManifestName {
		for i, t := range m.Tables {
			if files[t.File] != nil {
				m.Tables[i].Rows = int64(bytes.Count(files[t.File].Data, []byte("\n")))
			}
		}
		text, _ := json.MarshalIndent(m, "", " ")
		files[store.ManifestName] = &fstest.MapFile{Data: append(text, '\n'), Mode: 0o600}
	}
	var sums strings.Builder
	for _, n := range slices.Sorted(maps.Keys(files)) {
		if n != store.SumsName {
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(files[n].Data), n)
		}
	}
	files[store.SumsName] = &fstest.MapFile{Data: []byte(sums.String()), Mode: 0o600}
}

func replaced(old, fresh string) func(string) string {
	return func(s string) string { return strings.Replace(s, old, fresh, 1) }
}

func testImportRefuses(t *testing.T, f *fixture) {
	leaver(f)
	good := Exported(t, f.Store, mine)
	const payments, events, manifest = "rows/payment.jsonl", "rows/event.jsonl", store.ManifestName
	there := newFixture(t, f.open)
	for _, bad := range []struct {
		name, field string
		change      func(fstest.MapFS)
	}{
		{"an altered byte", payments, func(m fstest.MapFS) {
			m[payments] = &fstest.MapFile{Data: bytes.Replace(m[payments].Data, []byte("3000"), []byte("3001"), 1)}
		}},
		{"an altered sheet", "csv/payments.csv", func(m fstest.MapFS) { m["csv/payments.csv"] = &fstest.MapFile{Data: []byte("else")} }},
		{"a missing file", "csv/refunds.csv", func(m fstest.MapFS) { delete(m, "csv/refunds.csv") }},
		{"a missing file that the sums do not name", events, func(m fstest.MapFS) { delete(m, events); Amend(m, payments, strings.Clone) }},
		{"no sums: an export that was cut short", store.SumsName, func(m fstest.MapFS) { delete(m, store.SumsName) }},
		{"a file besides", store.SumsName, func(m fstest.MapFS) { m["rows/more.jsonl"] = &fstest.MapFile{} }},
		{"a file besides, with a sum", "rows/more.jsonl", func(m fstest.MapFS) {
			m["rows/more.jsonl"] = &fstest.MapFile{}
			Amend(m, payments, strings.Clone)
		}},
		{"a name that climbs out", store.SumsName, func(m fstest.MapFS) {
			m[store.SumsName] = &fstest.MapFile{Data: append([]byte(strings.Repeat("0", 64)+"  ../passwd\n"), m[store.SumsName].Data...)}
		}},
		{"another merchant's row", payments, func(m fstest.MapFS) { Amend(m, payments, replaced(mine, theirs)) }},
		{"a row twice", payments, func(m fstest.MapFS) { Amend(m, payments, func(s string) string { return s + s }) }},
		{"a newer format", manifest, func(m fstest.MapFS) { Amend(m, manifest, replaced(`"format": 1`, `"format": 2`)) }},
		{"a newer schema", manifest, func(m fstest.MapFS) { Amend(m, manifest, replaced(`"schema": `, `"schema": 9`)) }},
		{"a row that the manifest does not count", payments, func(m fstest.MapFS) { Amend(m, manifest, replaced(`"rows": 3`, `"rows": 2`)) }},
		{"a manifest of more than it may be", manifest, func(m fstest.MapFS) {
			Amend(m, manifest, func(s string) string { return s + strings.Repeat(" ", 2<<20) })
		}},
		{"a line of 100 MB", payments, func(m fstest.MapFS) {
			Amend(m, payments, func(s string) string { return strings.Repeat("x", 100<<20) + "\n" })
		}},
		{"deep JSON", payments, func(m fstest.MapFS) { Amend(m, payments, replaced(`"CNY"`, strings.Repeat("[", 100_000))) }},
		{"a line that is cut", payments, func(m fstest.MapFS) { Amend(m, payments, func(s string) string { return s[:len(s)-40] }) }},
		{"a blank that does not belong", payments, func(m fstest.MapFS) { Amend(m, payments, replaced(`"amount":`, `"amount": `)) }},
		{"a key twice", payments, func(m fstest.MapFS) { Amend(m, payments, replaced(`"amount":3000`, `"amount":3000,"amount":3000`)) }},
		{"an amount with a point", payments, func(m fstest.MapFS) { Amend(m, payments, replaced(`"amount":3000`, `"amount":3000.0`)) }},
		{"a receipt over-refunded", "rows/receipt.jsonl", func(m fstest.MapFS) { Amend(m, "rows/receipt.jsonl", replaced(`"refunded":0`, `"refunded":9000`)) }},
		{"books that do not balance", "rows/posting.jsonl", func(m fstest.MapFS) { Amend(m, "rows/posting.jsonl", replaced(`"amount":3000`, `"amount":3001`)) }},
		{"an altered event", events, func(m fstest.MapFS) { Amend(m, events, replaced("payment.paid", "payment.lost")) }},
		{"a head without its events", events, func(m fstest.MapFS) { Amend(m, events, replaced(`"position":1`, `"position":0`)) }},
		{"a live payment of a test merchant", payments, func(m fstest.MapFS) { Amend(m, payments, replaced(`"live":0`, `"live":1`)) }},
		{"a channel without its account", "rows/channel.jsonl", func(m fstest.MapFS) { Amend(m, "rows/credential_set.jsonl", func(string) string { return "" }) }},
	} {
		files := maps.Clone(good)
		bad.change(files)
		_, err := there.Import(t.Context(), files, Landing())
		var known *postern.Error
		if !errors.As(err, &known) || known.Field != bad.field || known.Fix == "" || strings.Contains(err.Error(), theirs) {
			t.Errorf("%s: got %v, want a refusal of %s", bad.name, err, bad.field)
		}
		if _, err := there.Merchant(t.Context(), mine); postern.CodeOf(err) != postern.CodeNotFound || err == nil || len(there.jobs) > 0 {
			t.Errorf("%s: something of it stayed: %v", bad.name, err)
			there = newFixture(t, f.open)
		}
	}
	live := maps.Clone(good)
	Amend(live, manifest, replaced(`"live": false`, `"live": true`))
	_, err := there.Import(t.Context(), live, Landing())
	f.wantCode(err, postern.CodeModeMismatch)
	if _, err := there.Import(t.Context(), good, Landing()); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// testImportCrashes stops an import before each statement: nothing of it may stay.
func testImportCrashes(t *testing.T, f *fixture) {
	leaver(f)
	files := Exported(t, f.Store, mine)
	there := newFixture(t, f.open)
	crash := errors.New("crash")
	for stop := 0; ; stop++ {
		n := 0
		there.fault = func(point string) error {
			if n++; n > stop && point != store.FaultAfterCommit {
				return crash
			}
			return nil
		}
		there.jobs = nil
		_, err := there.Import(t.Context(), files, Landing())
		there.fault = nil
		if err == nil {
			if stop < 20 {
				t.Errorf("only %d places to crash at", stop)
			}
			return
		}
		if !errors.Is(err, crash) {
			t.Fatal(err)
		}
		if list := must[[]ledger.Balance](f)(there.Balances(t.Context(), mine)); len(list) > 0 {
			t.Fatalf("after a crash at %d: %v", stop, list)
		}
		if _, err := there.Merchant(t.Context(), mine); postern.CodeOf(err) != postern.CodeNotFound {
			t.Fatalf("after a crash at %d: %v", stop, err)
		}
	}
}

// NoJobs is a queue for tests that do not look at jobs.
func NoJobs(context.Context, store.Tx, []postern.Job) error { return nil }
