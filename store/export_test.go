package store_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postern"
	"postern/store"
	"postern/store/storetest"
)

// TestEveryTableLeavesAndComes fills every table that a merchant takes along, moves the merchant between the two engines, both ways, and wants the same bytes.
func TestEveryTableLeavesAndComes(t *testing.T) {
	const merchant = "mer_00000000000000000000000001"
	jobs := store.Options{InsertJobs: storetest.NoJobs}
	lite := func() *store.Store { return open(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), jobs) }
	post := func() *store.Store { return open(t, storetest.Postgres(t), jobs) }
	for _, way := range []struct {
		name     string
		from, to func() *store.Store
	}{{"from SQLite to SQLite", lite, lite}, {"from SQLite to PostgreSQL", lite, post}, {"from PostgreSQL to SQLite", post, lite}} {
		t.Run(way.name, func(t *testing.T) {
			from, to := way.from(), way.to()
			if err := from.Fill(t.Context(), merchant); err != nil {
				t.Fatal(err)
			}
			out := storetest.Exported(t, from, merchant)
			for _, table := range store.Portables() {
				if file := out["rows/"+table+".jsonl"]; file == nil || len(file.Data) == 0 {
					t.Errorf("%s has no row: nothing of it is tested", table)
				}
			}
			if _, err := to.Import(t.Context(), out, storetest.Landing()); err != nil {
				t.Fatal(err)
			}
			storetest.SameExport(t, out, storetest.Exported(t, to, merchant))
		})
	}
}

// TestFilesLeaveAndComeWithTheirRows: pictures are files of their own, each named by its row and by no other.
func TestFilesLeaveAndComeWithTheirRows(t *testing.T) {
	const merchant = "mer_00000000000000000000000001"
	from := open(t, "sqlite::memory:", store.Options{InsertJobs: storetest.NoJobs})
	if err := from.Fill(t.Context(), merchant); err != nil {
		t.Fatal(err)
	}
	good := storetest.Exported(t, from, merchant)
	if got := string(good["files/picture1.large.jpg"].Data); got != "\x00\xff\n\x01" {
		t.Errorf("the picture is %q", got)
	}
	const rows = "rows/picture.jsonl"
	to := open(t, "sqlite::memory:", store.Options{InsertJobs: storetest.NoJobs})
	for _, bad := range []struct{ name, field, old, fresh string }{
		{"a row that names another's file", rows, "files/picture1.large.jpg", "files/picture2.large.jpg"},
		{"a row that names a file outside", rows, "files/picture1.large.jpg", "../../etc/passwd"},
		{"an id that climbs out", rows, `"id":"picture1"`, `"id":"../picture1"`},
		{"a file that no row names", "files/picture2.large.jpg", "", ""},
	} {
		files := maps.Clone(good)
		storetest.Amend(files, rows, func(s string) string {
			if bad.old == "" {
				return strings.SplitAfter(s, "\n")[0]
			}
			return strings.Replace(s, bad.old, bad.fresh, 1)
		})
		_, err := to.Import(t.Context(), files, storetest.Landing())
		var known *postern.Error
		if !errors.As(err, &known) || known.Field != bad.field {
			t.Errorf("%s: got %v, want a refusal of %s", bad.name, err, bad.field)
		}
	}
}

// TestSheetsAreSafeAndWhole: no cell of a CSV is a formula, the sheets say what the rows say, and times are the merchant's.
func TestSheetsAreSafeAndWhole(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "tea": "tea", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "\nx": "'\nx", "＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠1": "'＠1",
		"4200001234202611220000000001": "'4200001234202611220000000001", "0017": "'0017", "17": "17", "0": "0", "x=1": "x=1",
	} {
		if got := store.Cell(in); got != want {
			t.Errorf("the cell of %q is %q, want %q", in, got, want)
		}
	}
	s := open(t, "sqlite::memory:", store.Options{InsertJobs: storetest.NoJobs})
	const merchant = "mer_00000000000000000000000001"
	if err := s.Fill(t.Context(), merchant); err != nil {
		t.Fatal(err)
	}
	out := storetest.Exported(t, s, merchant)
	for name, file := range out {
		if !strings.HasPrefix(name, "csv/") {
			continue
		}
		if !bytes.HasPrefix(file.Data, []byte("\uFEFF")) || bytes.Count(file.Data, []byte("CNY\r\n")) != 2 {
			t.Errorf("%s:\n%s\nwant a byte order mark and two rows in CNY", name, file.Data)
		}
	}
	if receipts := string(out["csv/receipts.csv"].Data); !strings.Contains(receipts, "1970-01-01T08:00:00+08:00,receipt1,payment1,") || !strings.Contains(receipts, ",10995116277.76,0.01,0.01,CNY\r\n") {
		t.Errorf("receipts.csv:\n%s", receipts)
	}
}

// TestDocumentNamesEveryColumn holds docs/leaving.md against an export: every file with its columns in their order, every sheet, every table that stays, and nothing besides.
func TestDocumentNamesEveryColumn(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "leaving.md"))
	if err != nil {
		t.Fatal(err)
	}
	const merchant = "mer_00000000000000000000000001"
	s := open(t, "sqlite::memory:", store.Options{InsertJobs: storetest.NoJobs})
	if err := s.Fill(t.Context(), merchant); err != nil {
		t.Fatal(err)
	}
	out := storetest.Exported(t, s, merchant)
	var m store.Manifest
	if err := json.Unmarshal(out[store.ManifestName].Data, &m); err != nil {
		t.Fatal(err)
	}
	written := map[string][]string{}
	section := regexp.MustCompile("(?s)### `(rows/[a-z_]+\\.jsonl)`\n\n[^\n]+\n\nColumns: ([^\n]+)\\.\n")
	for _, found := range section.FindAllStringSubmatch(string(text), -1) {
		for _, clause := range strings.Split(found[2], "; ") {
			name, _, _ := strings.Cut(strings.TrimPrefix(clause, "`"), "`")
			written[found[1]] = append(written[found[1]], name)
		}
	}
	for _, table := range m.Tables {
		if !slices.Equal(written[table.File], table.Columns) {
			t.Errorf("the document gives %s the columns\n%v, it has\n%v", table.File, written[table.File], table.Columns)
		}
		delete(written, table.File)
	}
	for file := range written {
		t.Errorf("the document has %s, an export does not", file)
	}
	for name, file := range out {
		if strings.HasPrefix(name, "csv/") {
			header, _, _ := strings.Cut(strings.TrimPrefix(string(file.Data), "\uFEFF"), "\r\n")
			if line := "| `" + name + "` | " + strings.ReplaceAll(header, ",", ", ") + " |\n"; !strings.Contains(string(text), line) {
				t.Errorf("the document lacks the line\n%s", line)
			}
		}
	}
	for _, table := range store.Staying() {
		if table != "test_job" && !strings.Contains(string(text), "`"+table+"`") {
			t.Errorf("the document does not say that %s stays", table)
		}
	}
}
