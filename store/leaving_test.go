package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"postern/store"
	"postern/store/storetest"
)

// sameFolders wants every file of one folder in the other, byte for byte.
func sameFolders(t testing.TB, one, other string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(one), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		a, err := os.ReadFile(filepath.Join(one, name))
		b, other := os.ReadFile(filepath.Join(other, name))
		if !bytes.Equal(a, b) {
			t.Errorf("%s differs", name)
		}
		return errors.Join(err, other)
	})
	if err != nil {
		t.Error(err)
	}
}

// orders is how many orders the big export has; a tenth of them with -short.
const orders = 100_000

// TestAHundredThousandOrdersLeaveAndComeToTheCent imports an export that no database wrote and exports it: the rows must be the same bytes. Then the script, which
// shares no line with us, must come to the same balance as our books and as the generator's own sums. It took 40 s and 25 MB where it was written.
func TestAHundredThousandOrdersLeaveAndComeToTheCent(t *testing.T) {
	n := orders
	if testing.Short() {
		n /= 10
	}
	const merchant = "mer_00000000000000000000000001"
	began := time.Now()
	lap := func(what string) {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		t.Logf("%-24s %6.1f s, heap %d MB, from the system %d MB", what, time.Since(began).Seconds(), m.HeapAlloc>>20, m.Sys>>20)
		began = time.Now()
	}
	s := open(t, "sqlite:"+filepath.Join(t.TempDir(), "one.db"), store.Options{InsertJobs: storetest.NoJobs})
	made, first := t.TempDir(), t.TempDir()
	scale := store.NewScale(t, s, made, n)
	lap("generated")
	landed, err := s.Import(t.Context(), os.DirFS(made), storetest.Landing())
	if err != nil {
		t.Fatal(err)
	}
	lap(fmt.Sprintf("imported %d rows", landed.Manifest.Rows()))
	storetest.ExportTo(t, s, merchant, first)
	lap("exported")
	sameFolders(t, filepath.Join(made, "rows"), filepath.Join(first, "rows"))
	ours, err := s.Balances(t.Context(), merchant)
	if err != nil {
		t.Fatal(err)
	}
	if len(ours) != len(scale.Balance) || len(ours) < 3 {
		t.Errorf("%d accounts, want %d", len(ours), len(scale.Balance))
	}
	for _, b := range ours {
		if want := scale.Balance[[2]string{b.Account, b.Currency}]; b.Amount != want {
			t.Errorf("%s is %d, want %d", b.Account, b.Amount, want)
		}
	}
	out, err := storetest.Recompute(t, first)
	if err != nil {
		t.Fatal(err)
	}
	lap("recomputed by the script")
	said := strings.Split(strings.TrimSpace(out), "\n")
	for _, line := range scale.Lines(ours) {
		if !slices.Contains(said, line) {
			t.Errorf("the script does not say\n%s\nbut\n%s", line, out)
		}
	}
	if len(said) != len(ours)+2 {
		t.Errorf("the script says\n%s", out)
	}
}

// TestTheScriptFindsWhatIsWrong: each planted difference is found by the script, and named.
func TestTheScriptFindsWhatIsWrong(t *testing.T) {
	s := open(t, "sqlite::memory:", store.Options{InsertJobs: storetest.NoJobs})
	made := t.TempDir()
	store.NewScale(t, s, made, 60)
	if out, err := storetest.Recompute(t, made); err != nil || !strings.Contains(out, "sum CNY") {
		t.Fatalf("%s %v", out, err)
	}
	for _, wrong := range []struct{ name, file, old, fresh, says string }{
		{"a posting of one cent more", "posting", `"amount":7920`, `"amount":7921`, "is off by 0.01 CNY"},
		{"an altered event", "event", "payment.paid", "payment.lost", "breaks the chain"},
		{"a receipt of another amount", "receipt", `"amount":7920`, `"amount":7921`, "is not in the books with its amount"},
		{"a refund that is not booked", "refund", `"status":"refunded"`, `"status":"failed"`, "the books say otherwise"},
		{"a refund that a receipt does not know", "receipt", `"refunded":26397`, `"refunded":0`, "do not add up"},
		{"more given back than received", "receipt", `"refund_reserved":0`, `"refund_reserved":99999999`, "more was given back"},
	} {
		files := fstest.MapFS{}
		err := fs.WalkDir(os.DirFS(made), ".", func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				data, _ := os.ReadFile(filepath.Join(made, name))
				files[name] = &fstest.MapFile{Data: data}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		name := "rows/" + wrong.file + ".jsonl"
		if !bytes.Contains(files[name].Data, []byte(wrong.old)) {
			t.Fatalf("%s: nothing to change in %s", wrong.name, name)
		}
		for _, mended := range []bool{false, true} {
			says := wrong.says
			storetest.Amend(files, name, func(s string) string { return strings.Replace(s, wrong.old, wrong.fresh, 1) })
			if !mended {
				files[store.SumsName] = &fstest.MapFile{Data: mustRead(t, filepath.Join(made, store.SumsName))}
				says = "is not the file that was exported"
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, files); err != nil {
				t.Fatal(err)
			}
			if _, err := storetest.Recompute(t, dir); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s (sums made right: %t): got %v, want %q", wrong.name, mended, err, says)
			}
		}
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
