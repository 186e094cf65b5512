package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/store"
	"postern/store/storetest"
)

func TestOpenRefusesAddressesItDoesNotKnow(t *testing.T) {
	for dsn, want := range map[string]string{
		"": "must start with sqlite:", "postern.db": "must start with sqlite:", "mysql://x": "must start with sqlite:", "sqlite:": "needs a path",
		"sqlite:/no/such/directory/postern.db": "no such file", "postgres://127.0.0.1:1/x?connect_timeout=1": "connect", "postgres://%zz": "database address",
	} {
		s, err := store.Open(t.Context(), dsn, store.Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", dsn, err, want)
		}
		if s != nil {
			t.Errorf("%q: a store came with the error", dsn)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	if dsn := os.Getenv("POSTERN_TEST_OPEN"); dsn != "" {
		_, err := store.Open(t.Context(), dsn, store.Options{})
		if errors.Is(err, store.ErrLocked) {
			os.Exit(23)
		}
		os.Exit(0)
	}
	dsn := "sqlite:" + filepath.Join(t.TempDir(), "a b%20c?d.db")
	s := open(t, dsn, store.Options{})
	again := func() int {
		cmd := exec.Command(os.Args[0], "-test.run=^TestSecondProcessIsRefused$")
		cmd.Env = append(os.Environ(), "POSTERN_TEST_OPEN="+dsn)
		_ = cmd.Run()
		return cmd.ProcessState.ExitCode()
	}
	if got := again(); got != 23 {
		t.Errorf("beside a running process: exit %d, want 23", got)
	}
	if _, err := store.Open(t.Context(), dsn, store.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("in the same process: %v, want ErrLocked", err)
	}
	reader, err := store.Open(t.Context(), dsn, store.Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("a tool beside the server: %v", err)
	}
	if _, err := reader.Imbalances(t.Context()); err != nil {
		t.Error(err)
	}
	if err := reader.SavePartner(t.Context(), postern.Partner{ID: "p"}); err == nil {
		t.Error("a read-only store wrote")
	}
	if err := errors.Join(reader.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if got := again(); got != 0 {
		t.Errorf("after the first has gone: exit %d, want 0", got)
	}
}

func TestDatabaseFileIsPrivateAndDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "postern.db")
	s := open(t, "sqlite:"+path, store.Options{})
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := s.DB().QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", pragma, got, err, want)
		}
	}
}

func TestPostgresCommitsSynchronously(t *testing.T) {
	s := open(t, storetest.Postgres(t)+"&synchronous_commit=off", store.Options{})
	var got string
	if err := s.Pool().QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != "on" {
		t.Errorf("synchronous_commit = %q, %v, want on", got, err)
	}
}

// TestCommitIsNotCancelled ends the caller's context while COMMIT waits for a lock: the caller is told that the outcome is unknown, and the change is durable.
func TestCommitIsNotCancelled(t *testing.T) {
	s := open(t, storetest.Postgres(t), store.Options{})
	// A deferred constraint is checked inside COMMIT, which then waits for the row that another transaction holds.
	for _, statement := range []string{
		"CREATE TABLE parent (id BIGINT PRIMARY KEY)", "INSERT INTO parent VALUES (1)",
		"CREATE TABLE child (parent BIGINT REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
	} {
		if _, err := s.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	holder, err := s.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "UPDATE parent SET id = 1 WHERE id = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec(t.Context(), "SELECT id FROM parent FOR UPDATE"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err = s.Write(ctx, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO child VALUES ($1)", 1)
		return err
	})
	if postern.CodeOf(err) != postern.CodeCommitUnknown {
		t.Fatalf("got %v, want commit_unknown", err)
	}
	if err := holder.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		var n int64
		if err := s.Pool().QueryRow(t.Context(), "SELECT count(*) FROM child").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("COMMIT was cancelled with its caller")
}

func TestBackupIsACompleteCopyWhileWorkGoesOn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, "sqlite:"+filepath.Join(dir, "postern.db"), store.Options{})
	if err := s.SavePartner(t.Context(), postern.Partner{ID: "ptn_1", Name: "before"}); err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, "it's a copy.db")
	if err := s.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := s.SavePartner(t.Context(), postern.Partner{ID: "ptn_1", Name: "after"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), copied); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("a backup was overwritten: %v", err)
	}
	restored := open(t, "sqlite:"+copied, store.Options{})
	p, err := restored.Partner(t.Context(), "ptn_1")
	if err != nil || p.Name != "before" {
		t.Errorf("the copy says %+v, %v", p, err)
	}
	reader, err := store.Open(t.Context(), "sqlite:"+filepath.Join(dir, "postern.db"), store.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	if err := reader.Backup(t.Context(), filepath.Join(dir, "beside.db")); err != nil {
		t.Errorf("backup beside a running server: %v", err)
	}
}
