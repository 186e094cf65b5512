package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// The classes of errors that callers tell apart.
var (
	// ErrNotFound says that there is no such row for this merchant.
	ErrNotFound = errors.New("store: not found")
	// ErrConflict says that an expected version, a guard, a unique key or a CHECK did not hold. Nothing was written: load again, apply again.
	ErrConflict = errors.New("store: conflict")
	// ErrCommitUnknown says that COMMIT was sent and its outcome is not known. The change may be durable: replay by key, never assume.
	ErrCommitUnknown = errors.New("store: outcome of COMMIT is unknown")
	// ErrLocked says that another process uses the SQLite file.
	ErrLocked = errors.New("store: the database is in use by another process")
)

// Conflict is an ErrConflict that says what did not hold.
type Conflict struct {
	// Kind is version, guard, unique, check, reference or serialization.
	Kind string
	// What names the row (noun and id) or, from the engine's own message, the constraint.
	What string
	Err  error
}

func (c *Conflict) Error() string {
	if c.Err != nil {
		return fmt.Sprintf("store: %s conflict on %s: %v", c.Kind, c.What, c.Err)
	}
	return fmt.Sprintf("store: %s conflict on %s", c.Kind, c.What)
}

// Is makes every Conflict an ErrConflict.
func (c *Conflict) Is(target error) bool { return target == ErrConflict }

func (c *Conflict) Unwrap() error { return c.Err }

// classify turns an engine's constraint error into a Conflict and leaves everything else as it is.
func classify(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		if kind := pgKind(pg.Code); kind != "" {
			return &Conflict{Kind: kind, What: pg.TableName + "." + pg.ConstraintName, Err: err}
		}
		return err
	}
	var lite *sqlite.Error
	if errors.As(err, &lite) {
		if kind := sqliteKind(lite.Code()); kind != "" {
			return &Conflict{Kind: kind, What: sqliteWhat(lite.Error()), Err: err}
		}
	}
	return err
}

func pgKind(code string) string {
	switch code {
	case "23505":
		return "unique"
	case "23514":
		return "check"
	case "23503":
		return "reference"
	case "40001", "40P01":
		return "serialization"
	}
	return ""
}

func sqliteKind(code int) string {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return "unique"
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		return "check"
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return "reference"
	}
	return ""
}

// sqliteWhat takes the columns or the constraint out of "... constraint failed: a.x, a.y (2067)".
func sqliteWhat(message string) string {
	_, what, ok := strings.Cut(message, "constraint failed: ")
	if !ok {
		return message
	}
	if i := strings.LastIndex(what, " ("); i > 0 {
		what = what[:i]
	}
	return what
}
