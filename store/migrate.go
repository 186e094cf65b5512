package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrate brings the schema to this binary's version, forward only, each version in one transaction. An existing SQLite database is first copied beside itself
// (PATH.vN.bak). Nodes that start together on PostgreSQL wait for each other. The job runner migrates its own tables afterwards.
func (s *Store) Migrate(ctx context.Context) error {
	sub, err := fs.Sub(migrationFiles, "migrations")
	if err != nil {
		return err
	}
	return s.migrate(ctx, sub)
}

func (s *Store) migrate(ctx context.Context, files fs.FS) error {
	if s.opts.ReadOnly {
		return errors.New("store: opened read-only")
	}
	provider, done, err := s.migrator(files)
	if err != nil {
		return err
	}
	defer done()
	have, want, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	if have > 0 && have < want && s.path != "" {
		copied, err := s.copyBeside(ctx, have)
		if err != nil {
			return err
		}
		s.log.InfoContext(ctx, "copied the database before migrating", "copy", copied, "from", have, "to", want)
	}
	results, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("store: migrate: %w", err)
	}
	for _, result := range results {
		s.log.InfoContext(ctx, "migrated", "version", result.Source.Version)
	}
	return nil
}

// copyBeside never overwrites an earlier copy, because the earlier one may be the good one.
func (s *Store) copyBeside(ctx context.Context, version int64) (string, error) {
	name := s.path + ".v" + strconv.FormatInt(version, 10) + ".bak"
	for i := 2; ; i++ {
		if _, err := os.Stat(name); errors.Is(err, os.ErrNotExist) {
			return name, s.Backup(ctx, name)
		}
		name = fmt.Sprintf("%s.v%d.%d.bak", s.path, version, i)
	}
}

// CheckSchema returns an error when the schema is older than this binary or more than one step newer; one step newer is tolerated, so that nodes can be
// replaced one at a time.
func (s *Store) CheckSchema(ctx context.Context) error {
	have, want, err := s.SchemaVersion(ctx)
	switch {
	case err != nil:
		return err
	case have < want:
		return fmt.Errorf("store: the schema is at version %d and this program needs %d: run `postern migrate`", have, want)
	case have > want+1:
		return fmt.Errorf("store: the schema is at version %d and this program knows %d: use the newer program", have, want)
	}
	return nil
}

// SchemaVersion returns the version in the database (0 when there is none) and the one of this binary.
func (s *Store) SchemaVersion(ctx context.Context) (have, want int64, err error) {
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return 0, 0, err
	}
	for _, name := range files {
		version, err := versionOf(name)
		if err != nil {
			return 0, 0, err
		}
		want = max(want, version)
	}
	tables := "SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'"
	if s.dialect == Postgres {
		tables = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('goose_db_version')"
	}
	var n int64
	if err := s.reader().QueryRow(ctx, tables).Scan(&n); err != nil || n == 0 {
		return 0, want, err
	}
	err = s.reader().QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").Scan(&have)
	return have, want, err
}

func versionOf(name string) (int64, error) {
	number, _, _ := strings.Cut(path.Base(name), "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil || version < 1 {
		return 0, fmt.Errorf("store: migration %s: the name must begin with its number, as in 0001_schema.sql", name)
	}
	return version, nil
}

// migrator hands the embedded files to goose as functions, because a distributed table must be distributed right after its CREATE and before the next one.
func (s *Store) migrator(files fs.FS) (*goose.Provider, func(), error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, nil, err
	}
	var migrations []*goose.Migration
	for _, name := range names {
		version, err := versionOf(name)
		if err != nil {
			return nil, nil, err
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, nil, err
		}
		steps, err := splitMigration(name, string(text))
		if err != nil {
			return nil, nil, err
		}
		migrations = append(migrations, goose.NewGoMigration(version, &goose.GoFunc{RunTx: s.runSteps(name, steps)}, nil))
	}
	options := []goose.ProviderOption{goose.WithGoMigrations(migrations...), goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log)}
	if s.dialect == SQLite {
		provider, err := goose.NewProvider(goose.DialectSQLite3, s.write, nil, options...)
		return provider, func() {}, err
	}
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, nil, err
	}
	db := stdlib.OpenDBFromPool(s.pool)
	provider, err := goose.NewProvider(goose.DialectPostgres, db, nil, append(options, goose.WithSessionLocker(locker))...)
	return provider, func() { _ = db.Close() }, err
}

// step is one statement of a migration. For a CREATE TABLE, Distribute is the column by which Citus spreads the table, "reference" (a copy on every node) or
// "local" (on the coordinator only).
type step struct {
	SQL        string
	Table      string
	Distribute string
}

var (
	createTable = regexp.MustCompile(`(?i)^CREATE TABLE ([a-z_]+) \(`)
	distribute  = regexp.MustCompile(`^-- distribute: ([a-z_]+)$`)
)

// splitMigration cuts a file into statements, each ending with a semicolon at the end of a line. Every CREATE TABLE must be preceded by its annotation, because a
// table that is forgotten is silently not sharded and every functional test still passes.
func splitMigration(name, text string) ([]step, error) {
	var steps []step
	var current strings.Builder
	annotation := ""
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if m := distribute.FindStringSubmatch(trimmed); m != nil {
			annotation = m[1]
			continue
		}
		if trimmed == "" || strings.HasPrefix(trimmed, "--") {
			continue
		}
		current.WriteString(strings.TrimRight(line, "\r\n") + "\n")
		if !strings.HasSuffix(trimmed, ";") {
			continue
		}
		s := step{SQL: strings.TrimSpace(current.String())}
		current.Reset()
		if m := createTable.FindStringSubmatch(s.SQL); m != nil {
			if annotation == "" {
				return nil, fmt.Errorf("store: migration %s: table %s lacks its line `-- distribute: merchant_id` (or reference, or local)", name, m[1])
			}
			s.Table, s.Distribute = m[1], annotation
			annotation = ""
		}
		steps = append(steps, s)
	}
	if strings.TrimSpace(current.String()) != "" {
		return nil, fmt.Errorf("store: migration %s: the last statement lacks its semicolon", name)
	}
	return steps, nil
}

func (s *Store) runSteps(name string, steps []step) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		citus := int64(0)
		if s.dialect == Postgres {
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM pg_extension WHERE extname = 'citus'").Scan(&citus); err != nil {
				return err
			}
		}
		if citus > 0 {
			if _, err := tx.ExecContext(ctx, "SET LOCAL citus.multi_shard_modify_mode TO 'sequential'"); err != nil {
				return err
			}
		}
		for i, st := range steps {
			if _, err := tx.ExecContext(ctx, st.SQL); err != nil {
				return fmt.Errorf("%s, statement %d: %w", name, i+1, err)
			}
			if citus == 0 || st.Table == "" || st.Distribute == "local" {
				continue
			}
			query, args := "SELECT create_distributed_table($1, $2)", []any{st.Table, st.Distribute}
			if st.Distribute == "reference" {
				query, args = "SELECT create_reference_table($1)", []any{st.Table}
			}
			if _, err := tx.ExecContext(ctx, query, args...); err != nil {
				return fmt.Errorf("%s: distribute %s: %w", name, st.Table, err)
			}
		}
		return nil
	}
}
