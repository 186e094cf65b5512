package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// keptStatements bounds the prepared statements of one connection. What the payment path asks is far less; some lists make their text out of what is asked for.
const keptStatements = 256

// sqliteConnector opens connections that keep their prepared statements: preparing costs a short query more than running it, and database/sql by itself prepares anew for
// every call. It does so beneath database/sql because the one write connection is held by its transaction, where a statement that outlives it cannot be prepared.
type sqliteConnector struct{ driver.Connector }

// Connect implements driver.Connector.
func (c sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner, ok := opened.(sqliteConn)
	if !ok {
		return nil, errors.Join(errors.New("store: sqlite: the driver lacks an interface that this room needs"), opened.Close())
	}
	return &keepingConn{sqliteConn: inner, kept: map[string]*keptStatement{}}, nil
}

// openKeeping is sql.Open for SQLite.
func openKeeping(name string) (*sql.DB, error) {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(sqliteConnector{connector}), nil
}

// sqliteConn is what database/sql asks of a connection, and the driver has.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// sqliteStmt is the same of a statement.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// keepingConn is used by one goroutine at a time, as database/sql promises a driver.
type keepingConn struct {
	sqliteConn
	kept map[string]*keptStatement
}

// keptStatement is busy while its rows are open: a statement has one cursor.
type keptStatement struct {
	sqliteStmt
	busy bool
}

// statement finds or prepares a statement to keep; nil leaves the call to the driver. Texts without arguments are scripts of migrations and pragmas, which come once, but for
// the two around a snapshot.
func (c *keepingConn) statement(ctx context.Context, query string, args []driver.NamedValue) (*keptStatement, error) {
	if len(args) == 0 && query != beginSnapshot && query != endSnapshot {
		return nil, nil
	}
	if kept := c.kept[query]; kept != nil {
		if kept.busy {
			return nil, nil
		}
		return kept, nil
	}
	if len(c.kept) >= keptStatements {
		if err := c.forget(); err != nil {
			return nil, err
		}
	}
	prepared, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	inner, ok := prepared.(sqliteStmt)
	if !ok {
		return nil, prepared.Close()
	}
	kept := &keptStatement{sqliteStmt: inner}
	c.kept[query] = kept
	return kept, nil
}

// forget starts anew with those whose rows are open. Nobody keeps an order of use for what happens once in many thousand calls.
func (c *keepingConn) forget() error {
	var errs []error
	for query, kept := range c.kept {
		if !kept.busy {
			errs = append(errs, kept.Close())
			delete(c.kept, query)
		}
	}
	return errors.Join(errs...)
}

// ExecContext implements driver.ExecerContext.
func (c *keepingConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	kept, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	return kept.ExecContext(ctx, args)
}

// QueryContext implements driver.QueryerContext.
func (c *keepingConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	kept, err := c.statement(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	rows, err := kept.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	kept.busy = true
	return &keptRows{Rows: rows, statement: kept}, nil
}

// Close finalizes what was kept: SQLite does not close a connection that has statements.
func (c *keepingConn) Close() error {
	var errs []error
	for _, kept := range c.kept {
		errs = append(errs, kept.Close())
	}
	clear(c.kept)
	return errors.Join(append(errs, c.sqliteConn.Close())...)
}

type keptRows struct {
	driver.Rows
	statement *keptStatement
}

// Close resets the statement, which ends its hold on the database.
func (r *keptRows) Close() error {
	r.statement.busy = false
	return r.Rows.Close()
}
