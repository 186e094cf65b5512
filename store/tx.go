package store

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Tx is one transaction, or the read side of a pool. The SQL text is the same on both engines: $1 placeholders, times as BIGINT microseconds, booleans as
// BIGINT 0 or 1.
type Tx interface {
	// Exec returns the number of rows that the statement changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query's rows must be closed before the next statement of the same transaction.
	Query(ctx context.Context, query string, args ...any) (Rows, error)
	// QueryRow defers its error to Scan.
	QueryRow(ctx context.Context, query string, args ...any) Row
}

// Row is one result.
type Row interface{ Scan(dest ...any) error }

// Rows are results one after the other; Close is safe to call twice.
type Rows interface {
	Row
	Next() bool
	Err() error
	Close()
}

// sqlQuerier is what *sql.Tx, *sql.Conn and *sql.DB share.
type sqlQuerier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

type sqlTx struct{ q sqlQuerier }

func (t sqlTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	result, err := t.q.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, classify(err)
	}
	return result.RowsAffected()
}

func (t sqlTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	rows, err := t.q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	return sqlRows{rows}, nil
}

func (t sqlTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return row{t.q.QueryRowContext(ctx, query, args...)}
}

type sqlRows struct{ *sql.Rows }

func (r sqlRows) Close()     { _ = r.Rows.Close() }
func (r sqlRows) Err() error { return classify(r.Rows.Err()) }

// pgQuerier is what pgx.Tx and *pgxpool.Pool share.
type pgQuerier interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

type pgTx struct{ q pgQuerier }

func (t pgTx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.q.Exec(ctx, query, args...)
	if err != nil {
		return 0, classify(err)
	}
	return tag.RowsAffected(), nil
}

func (t pgTx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	rows, err := t.q.Query(ctx, query, args...)
	if err != nil {
		return nil, classify(err)
	}
	return pgRows{rows}, nil
}

func (t pgTx) QueryRow(ctx context.Context, query string, args ...any) Row {
	return row{t.q.QueryRow(ctx, query, args...)}
}

type pgRows struct{ pgx.Rows }

func (r pgRows) Err() error { return classify(r.Rows.Err()) }

type row struct{ inner Row }

func (r row) Scan(dest ...any) error { return classify(r.inner.Scan(dest...)) }

// Unwrap gives the job runner the engine's own transaction: exactly one of the two is not nil inside Write.
func Unwrap(tx Tx) (*sql.Tx, pgx.Tx) {
	switch t := tx.(type) {
	case sqlTx:
		inner, _ := t.q.(*sql.Tx)
		return inner, nil
	case pgTx:
		inner, _ := t.q.(pgx.Tx)
		return nil, inner
	case uncancelled:
		return Unwrap(t.sqlTx)
	case faulty:
		return Unwrap(t.Tx)
	}
	return nil, nil
}

// faulty calls the fault point before every statement, so that sim can crash between any two.
type faulty struct {
	Tx
	fault func(ctx context.Context, point string) error
}

func (f faulty) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if err := f.fault(ctx, FaultStatement); err != nil {
		return 0, err
	}
	return f.Tx.Exec(ctx, query, args...)
}

// QueryRow is a statement that writes as well, where it says RETURNING.
func (f faulty) QueryRow(ctx context.Context, query string, args ...any) Row {
	if err := f.fault(ctx, FaultStatement); err != nil {
		return failed{err}
	}
	return f.Tx.QueryRow(ctx, query, args...)
}

type failed struct{ err error }

func (f failed) Scan(...any) error { return f.err }
