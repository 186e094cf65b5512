package store_test

import (
	"path/filepath"
	"testing"

	"postern/store"
	"postern/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, opts store.Options) *store.Store {
		return open(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), opts)
	})
}

func TestSQLiteInMemory(t *testing.T) {
	storetest.Run(t, func(t *testing.T, opts store.Options) *store.Store { return open(t, "sqlite::memory:", opts) })
}

func TestPostgres(t *testing.T) {
	storetest.Postgres(t)
	storetest.Run(t, func(t *testing.T, opts store.Options) *store.Store { return open(t, storetest.Postgres(t), opts) })
}

func open(t *testing.T, dsn string, opts store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}
