package store

import (
	"database/sql"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"postern"
)

// ErrLocked says that another process uses the SQLite file.
var ErrLocked = errors.New("store: the database is in use by another process")

// notFound is the answer for a row that this merchant does not have, whoever else may have it.
func notFound(op, noun string) error {
	return postern.E(postern.CodeNotFound, "store."+op, "there is no such "+noun)
}

// stale is the answer for a row that has changed since it was loaded.
func stale(noun, id string) error {
	return &postern.Error{Code: postern.CodeConflict, Op: "store.Commit", Message: "the " + noun + " has changed since it was loaded", ID: id}
}

func commitUnknown(err error) error {
	return &postern.Error{Code: postern.CodeCommitUnknown, Op: "store.Write", Message: "the outcome of COMMIT is not known; replay by key", Err: err}
}

// noRows says that a query had no result, on either engine.
func noRows(err error) bool { return errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) }

// classify turns an engine's constraint error into postern.CodeConflict and leaves everything else as it is.
func classify(err error) error {
	var known *postern.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	message := ""
	var pg *pgconn.PgError
	var lite *sqlite.Error
	if errors.As(err, &pg) {
		message = pgConflict(pg)
	} else if errors.As(err, &lite) {
		message = sqliteConflict(lite)
	}
	if message == "" {
		return err
	}
	return &postern.Error{Code: postern.CodeConflict, Op: "store.Write", Message: message, Err: err}
}

func pgConflict(err *pgconn.PgError) string {
	where := err.TableName + "." + err.ConstraintName
	switch err.Code {
	case "23505":
		return "unique key " + where + " is taken"
	case "23514":
		return "check " + where + " does not hold"
	case "23503":
		return "reference " + where + " does not hold"
	case "40001", "40P01":
		return "another transaction stood in the way"
	}
	return ""
}

func sqliteConflict(err *sqlite.Error) string {
	_, where, _ := strings.Cut(err.Error(), "constraint failed: ")
	if i := strings.LastIndex(where, " ("); i > 0 {
		where = where[:i]
	}
	switch err.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return "unique key " + where + " is taken"
	case sqlite3.SQLITE_CONSTRAINT_CHECK:
		return "check " + where + " does not hold"
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return "reference does not hold"
	}
	return ""
}

// isConflict says whether err, as classify made it, means that nothing was written.
func isConflict(err error) bool {
	var known *postern.Error
	return errors.As(err, &known) && known.Code == postern.CodeConflict
}
