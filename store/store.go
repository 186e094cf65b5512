package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"postern"
)

// Dialect says which engine a Store runs on. Only migrations, backup and the job runner need to know.
type Dialect string

// The two engines.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Fault points, see Options.Fault.
const (
	FaultStatement    = "statement"
	FaultBeforeCommit = "commit.before"
	FaultAfterCommit  = "commit.after"
)

// Inserter puts jobs into the queue within the transaction. The store knows neither the queue nor its runner.
type Inserter func(ctx context.Context, tx Tx, jobs []postern.Job) error

// Options of Open. The zero value is good.
type Options struct {
	// Logger hears about migrations and copies; nil discards.
	Logger *slog.Logger
	// MaxConns bounds the PostgreSQL pool, or SQLite's readers; 0 means 4 per processor, at least 8.
	MaxConns int
	// ReadOnly opens without the lock file, for tools beside a running server; Write and Migrate then fail.
	ReadOnly bool
	// InsertJobs puts a Change's jobs into the queue; see also UseJobs.
	InsertJobs Inserter
	// Fault is called before each statement that writes, before COMMIT and after it. An error returned there stops the transaction as a crash would; after
	// COMMIT it becomes postern.CodeCommitUnknown, as a lost answer does. Nil in production.
	Fault func(ctx context.Context, point string) error
}

// Store is an open database. It is safe for concurrent use.
type Store struct {
	dialect Dialect
	opts    Options
	log     *slog.Logger
	path    string // SQLite's file, "" in memory
	name    string // its name for the driver, with the settings that all connections share
	write   *sql.DB
	read    *sql.DB
	pool    *pgxpool.Pool
	lock    *fileLock
}

// Open opens `sqlite:PATH`, `sqlite::memory:` or `postgres://...` (several hosts with target_session_attrs=read-write for a cluster). It neither creates nor
// changes tables: call Migrate. ErrLocked means that another process has the SQLite file.
func Open(ctx context.Context, dsn string, opts Options) (*Store, error) {
	s := &Store{opts: opts, log: opts.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.opts.MaxConns == 0 {
		s.opts.MaxConns = max(8, 4*runtime.GOMAXPROCS(0))
	}
	var err error
	switch scheme, rest, _ := strings.Cut(dsn, ":"); scheme {
	case "sqlite":
		s.dialect = SQLite
		err = s.openSQLite(ctx, rest)
	case "postgres", "postgresql":
		s.dialect = Postgres
		err = s.openPostgres(ctx, dsn)
	default:
		err = errors.New("store: the database address must start with sqlite: or postgres://, as in sqlite:postern.db")
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close releases the database and its lock. A second call does nothing.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil && s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	if s.pool != nil {
		s.pool.Close()
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

// Dialect names the engine.
func (s *Store) Dialect() Dialect { return s.dialect }

// DB is SQLite's single write connection, which the job runner must share; nil on PostgreSQL.
func (s *Store) DB() *sql.DB { return s.write }

// Pool is PostgreSQL's pool; nil on SQLite.
func (s *Store) Pool() *pgxpool.Pool { return s.pool }

// Ping checks that the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if s.dialect == Postgres {
		return s.pool.Ping(ctx)
	}
	return s.read.PingContext(ctx)
}

// Write runs fn in one transaction and commits it. An error or a panic of fn rolls everything back. Waiting for a connection and, on PostgreSQL, the statements
// honour ctx; COMMIT does not: an error from COMMIT, or a ctx that ends while it is under way, is postern.CodeCommitUnknown. A unique key, CHECK or
// reference that does not hold, and a deadlock, are postern.CodeConflict.
func (s *Store) Write(ctx context.Context, fn func(Tx) error) error {
	if s.opts.ReadOnly {
		return errors.New("store: opened read-only")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.dialect == Postgres {
		return s.writePostgres(ctx, fn)
	}
	return s.writeSQLite(ctx, fn)
}

// Read runs fn on one consistent snapshot. On SQLite in memory there is a single connection, so a Read inside a Write would wait for ever.
func (s *Store) Read(ctx context.Context, fn func(Tx) error) error {
	if s.dialect == Postgres {
		tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return fmt.Errorf("store: begin: %w", err)
		}
		defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
		return fn(pgTx{tx})
	}
	return s.readSQLite(ctx, fn)
}

// reader runs single statements without a transaction: one round trip instead of three.
func (s *Store) reader() Tx {
	if s.dialect == Postgres {
		return pgTx{s.pool}
	}
	return sqlPool{sqlTx{s.read}, s.read}
}

func (s *Store) fault(ctx context.Context, point string) error {
	if s.opts.Fault == nil {
		return nil
	}
	return s.opts.Fault(ctx, point)
}

// guard wraps a transaction with the fault points where there are any.
func (s *Store) guard(tx Tx) Tx {
	if s.opts.Fault == nil {
		return tx
	}
	return faulty{tx, s.opts.Fault}
}

// UseJobs sets where the jobs of a Change go when that is known only after Open, as with a queue that lives in this database. Call it before the first Commit.
func (s *Store) UseJobs(insert Inserter) { s.opts.InsertJobs = insert }
