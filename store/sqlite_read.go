package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
)

// A snapshot is read between these two, on one connection of the read pool. It begins with its first statement and never waits for the writer.
const (
	beginSnapshot = "BEGIN"
	endSnapshot   = "ROLLBACK"
)

// readSQLite is Read. It takes a connection and says BEGIN itself, because a *sql.Tx starts a goroutine that watches ctx, and another for every query within.
func (s *Store) readSQLite(ctx context.Context, fn func(Tx) error) error {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	unwatched := context.WithoutCancel(ctx) // ctx bounds the wait for a connection; beginning and ending wait for nobody
	defer func() {
		if _, err := conn.ExecContext(unwatched, endSnapshot); err != nil { // a connection of which nobody knows whether it still holds a snapshot is not used again
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
		_ = conn.Close()
	}()
	if _, err := conn.ExecContext(unwatched, beginSnapshot); err != nil {
		return fmt.Errorf("store: begin: %w", err)
	}
	return fn(sqlTx{conn})
}

// brief is the context for reading a few rows by their keys, once the connection is there: SQLite has them in microseconds, and to watch for the caller's end costs more
// (two goroutines for each query, and an interrupted connection is thrown away). PostgreSQL is a network away, and keeps ctx.
func (s *Store) brief(ctx context.Context) context.Context {
	if s.dialect == Postgres {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// sqlPool reads outside a transaction. One row is looked up like brief: ctx bounds the wait for a connection.
type sqlPool struct {
	sqlTx
	db *sql.DB
}

// QueryRow's row must be scanned: that gives the connection back.
func (p sqlPool) QueryRow(ctx context.Context, query string, args ...any) Row {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return failed{classify(err)}
	}
	return connRow{row{conn.QueryRowContext(context.WithoutCancel(ctx), query, args...)}, conn}
}

type connRow struct {
	row
	conn *sql.Conn
}

func (r connRow) Scan(dest ...any) error {
	defer func() { _ = r.conn.Close() }()
	return r.row.Scan(dest...)
}
