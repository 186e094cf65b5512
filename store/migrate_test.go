package store

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"postern"
)

// steps are the statements of every migration, in order.
func steps(t *testing.T) []step {
	t.Helper()
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	var all []step
	for _, name := range names {
		text, err := fs.ReadFile(migrationFiles, name)
		if err != nil {
			t.Fatal(err)
		}
		out, err := splitMigration(name, string(text))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, out...)
	}
	return all
}

// TestEveryKeyBeginsWithItsTenant holds rule S1: primary keys, unique keys, references and indexes of a distributed table begin with the column by which it is
// distributed, or the table cannot be sharded.
func TestEveryKeyBeginsWithItsTenant(t *testing.T) {
	key := regexp.MustCompile(`(?:PRIMARY KEY|UNIQUE|FOREIGN KEY|REFERENCES [a-z_]+) \(([a-z_]+)`)
	inline := regexp.MustCompile(`(?m)^  ([a-z_]+) .*(?:PRIMARY KEY|UNIQUE)`)
	index := regexp.MustCompile(`^CREATE (?:UNIQUE )?INDEX [a-z_]+ ON ([a-z_]+) \(([a-z_]+)`)
	change := regexp.MustCompile(`^(?:ALTER TABLE [a-z_]+ ADD COLUMN|UPDATE [a-z_]+ SET) `)
	by := map[string]string{}
	for _, s := range steps(t) {
		if s.Table != "" {
			by[s.Table] = s.Distribute
			if s.Distribute == "reference" || s.Distribute == "local" {
				continue
			}
			found := key.FindAllStringSubmatch(s.SQL, -1)
			for _, m := range inline.FindAllStringSubmatch(s.SQL, -1) {
				if m[1] != "FOREIGN" {
					found = append(found, m)
				}
			}
			if len(found) == 0 {
				t.Errorf("table %s has no key", s.Table)
			}
			for _, m := range found {
				if m[1] != s.Distribute && m[1] != "PRIMARY" && m[1] != "UNIQUE" {
					t.Errorf("table %s, %q: begins with %s, want %s", s.Table, m[0], m[1], s.Distribute)
				}
			}
			continue
		}
		m := index.FindStringSubmatch(s.SQL)
		if m == nil {
			if !change.MatchString(s.SQL) {
				t.Errorf("neither a table nor an index, nor a change of one: %s", s.SQL)
			}
		} else if d := by[m[1]]; d != "local" && m[2] != d {
			t.Errorf("%s: begins with %s, want %s", m[0], m[2], d)
		}
	}
	if len(by) < 20 {
		t.Errorf("only %d tables were seen", len(by))
	}
}

// TestSharedSQLStaysPlain holds rule S4: what SQLite, PostgreSQL and Citus do not share does not occur.
func TestSharedSQLStaysPlain(t *testing.T) {
	banned := regexp.MustCompile(`(?i)\b(now\(\)|random\(\)|CURRENT_TIMESTAMP|DEFAULT|TRIGGER|SERIAL|AUTOINCREMENT|JSONB?\b|ARRAY|ENUM|TIMESTAMP|BOOLEAN|FOR UPDATE)`)
	for _, s := range steps(t) {
		if m := banned.FindString(s.SQL); m != "" {
			t.Errorf("%s in: %s", m, s.SQL)
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	tenant := regexp.MustCompile(`WHERE (?:merchant_id|owner_id) = \$1`)
	free := regexp.MustCompile(`WHERE (?:token|hash|code|subject|login|number) = \$1|-- sweep|FROM partner|FROM credential_set|FROM closure|FROM rule_set|goose_db_version|sqlite_master|pg_class|pg_extension|FROM test_job|test_job SET|FROM \(SELECT merchant_id AS id|WHERE api_request\.fingerprint`)
	statement := regexp.MustCompile("(?s)[\"`]((?:SELECT|UPDATE|DELETE)[^\"`]*)[\"`]")
	named := regexp.MustCompile("[\"`]\\s*\\+\\s*[a-zA-Z]+\\s*\\+\\s*[\"`]")
	n := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil || strings.HasSuffix(name, "_test.go") {
			continue
		}
		// Join the pieces that Go code puts together, so that a statement is read as a whole.
		joined := named.ReplaceAllString(string(text), "*")
		for _, m := range statement.FindAllStringSubmatch(joined, -1) {
			n++
			reads := strings.HasPrefix(m[1], "SELECT")
			if !tenant.MatchString(m[1]) && !free.MatchString(m[1]) && (!reads || strings.Contains(m[1], " FROM ")) {
				t.Errorf("%s: a statement names no merchant: %s", name, m[1])
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d statements were seen", n)
	}
}

func TestSplitMigrationRefusesWhatCannotBeSharded(t *testing.T) {
	for name, text := range map[string]string{
		"no annotation": "CREATE TABLE x (\n  id TEXT\n);", "no semicolon": "-- distribute: id\nCREATE TABLE x (\n  id TEXT\n)",
		"annotation used up": "-- distribute: id\nCREATE TABLE x (\n  id TEXT\n);\nCREATE TABLE y (\n  id TEXT\n);",
	} {
		if _, err := splitMigration("0002_x.sql", text); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func testFiles(second string) fstest.MapFS {
	files := fstest.MapFS{"0001_a.sql": {Data: []byte("-- distribute: local\nCREATE TABLE a (\n  id TEXT NOT NULL PRIMARY KEY\n);\n")}}
	if second != "" {
		files["0002_b.sql"] = &fstest.MapFile{Data: []byte(second)}
	}
	return files
}

func TestMigrationCopiesFirstAndFailsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	s, err := Open(t.Context(), "sqlite:"+path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx := t.Context()
	if err := s.migrate(ctx, testFiles("")); err != nil {
		t.Fatal(err)
	}
	if copies, _ := filepath.Glob(path + "*.bak"); len(copies) != 0 {
		t.Errorf("a new database was copied: %v", copies)
	}
	if _, err := s.write.ExecContext(ctx, "INSERT INTO a VALUES ('kept')"); err != nil {
		t.Fatal(err)
	}
	bad := "-- distribute: local\nCREATE TABLE b (\n  id TEXT\n);\nINSERT INTO nowhere VALUES (1);\n"
	if err := s.migrate(ctx, testFiles(bad)); err == nil {
		t.Fatal("a broken migration went through")
	}
	var n int
	if err := s.write.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE name = 'b'").Scan(&n); err != nil || n != 0 {
		t.Errorf("a broken migration left its first table (%d, %v)", n, err)
	}
	good := "-- distribute: local\nCREATE TABLE b (\n  id TEXT\n);\n"
	for range 2 {
		if err := s.migrate(ctx, testFiles(good)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{path + ".v1.bak", path + ".v1.2.bak"} {
		if !holds(t, name, "SELECT count(*) FROM a WHERE id = 'kept'") {
			t.Errorf("%s lacks the row", name)
		}
	}
}

func holds(t *testing.T, path, count string) bool {
	t.Helper()
	s, err := Open(t.Context(), "sqlite:"+path, Options{ReadOnly: true})
	if err != nil {
		t.Error(err)
		return false
	}
	defer func() { _ = s.Close() }()
	var n int64
	err = s.reader().QueryRow(t.Context(), count).Scan(&n)
	return err == nil && n == 1
}

func TestCheckSchemaToleratesOneStepNewer(t *testing.T) {
	s, err := Open(t.Context(), "sqlite::memory:", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx := t.Context()
	if err := s.CheckSchema(ctx); err == nil || !strings.Contains(err.Error(), "postern migrate") {
		t.Errorf("an empty database: %v", err)
	}
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	_, want, err := s.SchemaVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for newer, ok := range map[int64]bool{0: true, 1: true, 2: false} {
		err := s.Write(ctx, func(tx Tx) error {
			_, err := tx.Exec(context.WithoutCancel(ctx), "UPDATE goose_db_version SET version_id = $1 WHERE version_id >= $2", want+newer, want)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckSchema(ctx); (err == nil) != ok {
			t.Errorf("%d steps newer: %v", newer, err)
		}
	}
}

// TestMigrationsDistribute runs against a Citus cluster that POSTERN_CITUS names: what is not distributed there is silently not sharded.
func TestMigrationsDistribute(t *testing.T) {
	dsn := os.Getenv("POSTERN_CITUS")
	if dsn == "" {
		t.Skip("POSTERN_CITUS does not name a Citus coordinator with an empty database")
	}
	s, err := Open(t.Context(), dsn, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, st := range steps(t) {
		want := map[string]string{"reference": "reference", "local": ""}
		kind, ok := want[st.Distribute]
		if !ok {
			kind = "distributed"
		}
		if st.Table == "" || kind == "" {
			continue
		}
		var got string
		if err := s.reader().QueryRow(t.Context(), "SELECT citus_table_type FROM citus_tables WHERE table_name = $1::regclass", st.Table).Scan(&got); err != nil || got != kind {
			t.Errorf("table %s is %q (%v), want %q", st.Table, got, err, kind)
		}
	}
}

func TestDeliveryIDIsWellFormedAndItsOwn(t *testing.T) {
	event := postern.PrefixEvent + "01jdabcdefghjkmnpqrstvwxyz"
	a, b := deliveryID(event, "ep_1"), deliveryID(event, "ep_2")
	if !postern.CheckID(postern.PrefixDelivery, a) || a == b || a != deliveryID(event, "ep_1") || a[:14] != "dlv_01jdabcdef" {
		t.Errorf("ids %q and %q", a, b)
	}
	if got := deliveryID("x", "y"); len(got) != len(a) {
		t.Errorf("a short event id makes %q", got)
	}
}
