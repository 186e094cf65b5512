package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// openSQLite opens one write connection, whose transactions take the write lock at BEGIN, and a pool of readers beside it (WAL lets them run during a write).
// synchronous=FULL makes a returned COMMIT survive a power cut.
func (s *Store) openSQLite(ctx context.Context, path string) error {
	if path == "" {
		return errors.New("store: sqlite: needs a path, as in sqlite:postern.db, or sqlite::memory:")
	}
	const common = "_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_pragma=trusted_schema(0)"
	if path == ":memory:" {
		db, err := openKeeping("file::memory:?_txlock=immediate&" + common)
		if err != nil {
			return err
		}
		single(db)
		s.write, s.read = db, db
		return db.PingContext(ctx)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	s.path = absolute
	if !s.opts.ReadOnly {
		if s.lock, err = lockFile(absolute + ".lock"); err != nil {
			return err
		}
		if err := createPrivate(absolute); err != nil {
			return err
		}
	}
	s.name = "file:" + (&url.URL{Path: filepath.ToSlash(absolute)}).EscapedPath() + "?" + common
	if !s.opts.ReadOnly {
		if s.write, err = openKeeping(s.name + "&_pragma=journal_mode(WAL)&_txlock=immediate"); err != nil {
			return err
		}
		single(s.write)
		if err := s.write.PingContext(ctx); err != nil {
			return fmt.Errorf("store: open %s: %w", absolute, err)
		}
	}
	if s.read, err = openKeeping(s.name + "&mode=" + s.readMode() + "&_pragma=query_only(1)"); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(s.opts.MaxConns)
	s.read.SetMaxIdleConns(s.opts.MaxConns)
	if err := s.read.PingContext(ctx); err != nil {
		return fmt.Errorf("store: open %s: %w", absolute, err)
	}
	return nil
}

// readMode: a reader beside the writer may have to create the shared memory file of the log, so only ReadOnly refuses to create the database itself.
func (s *Store) readMode() string {
	if s.opts.ReadOnly {
		return "rw"
	}
	return "rwc"
}

// single keeps exactly one connection for ever: a second writer could only wait for the first, and a database in memory lives as long as its connection.
func single(db *sql.DB) {
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	db.SetConnMaxLifetime(0)
	db.SetConnMaxIdleTime(0)
}

// createPrivate makes the file readable by its owner only: it holds the buyers' addresses and sealed keys.
func createPrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return file.Close()
}

// writeSQLite lets only the wait for the connection be cancelled: the statements take a millisecond, and an interrupt that strikes late could hit COMMIT.
func (s *Store) writeSQLite(ctx context.Context, fn func(Tx) error) error {
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: wait for the writer: %w", err)
	}
	defer func() { _ = conn.Close() }()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	done := false
	defer func() {
		if !done {
			_ = tx.Rollback()
		}
	}()
	if err := fn(s.guard(uncancelled{sqlTx{tx}})); err != nil {
		return err
	}
	if err := s.fault(ctx, FaultBeforeCommit); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		// A deferred constraint is checked by COMMIT itself and then nothing was written; anything else leaves the outcome open.
		if conflict := classify(err); isConflict(conflict) {
			return conflict
		}
		return commitUnknown(err)
	}
	done = true
	if err := s.fault(ctx, FaultAfterCommit); err != nil {
		return commitUnknown(err)
	}
	return nil
}

// uncancelled runs statements on a context that does not end.
type uncancelled struct{ sqlTx }

func (u uncancelled) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return u.sqlTx.Exec(context.WithoutCancel(ctx), query, args...)
}

func (u uncancelled) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	return u.sqlTx.Query(context.WithoutCancel(ctx), query, args...)
}

func (u uncancelled) QueryRow(ctx context.Context, query string, args ...any) Row {
	return u.sqlTx.QueryRow(context.WithoutCancel(ctx), query, args...)
}

// Backup writes a consistent copy of a SQLite database to path, which must not exist, while work goes on. PostgreSQL has its own tools for this.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.dialect != SQLite {
		return errors.New("store: backup copies SQLite only: use pg_basebackup or pg_dump for PostgreSQL")
	}
	if _, err := os.Stat(path); err == nil {
		return fmt.Errorf("store: backup: %s exists already: choose another name", path)
	}
	db, done, err := s.copier()
	if err != nil {
		return err
	}
	defer done()
	if _, err := db.ExecContext(ctx, "VACUUM INTO $1", path); err != nil {
		var lite *sqlite.Error
		if errors.As(err, &lite) && lite.Code() == sqlite3.SQLITE_CANTOPEN {
			return fmt.Errorf("store: backup: cannot create %s: %w", path, err)
		}
		return fmt.Errorf("store: backup: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return syncFile(path)
}

// copier is a connection of its own: the readers may not write, not even another file, and the writer is not to wait for a copy.
func (s *Store) copier() (*sql.DB, func(), error) {
	if s.path == "" {
		return s.write, func() {}, nil
	}
	db, err := openKeeping(s.name + "&mode=rw")
	if err != nil {
		return nil, nil, err
	}
	return db, func() { _ = db.Close() }, nil
}

func syncFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return errors.Join(file.Sync(), file.Close())
}
