package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postern"
)

// micros stores a time as microseconds since 1970; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// bit stores a boolean as 0 or 1.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// text stores a value as JSON.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("store: encode: %w", err)
	}
	return string(b), nil
}

// The scanners below are the ways back. Both engines call Scan with an int64, a string or bytes.

type timeScanner struct{ to *time.Time }

// at scans microseconds into a time in UTC.
func at(to *time.Time) timeScanner { return timeScanner{to} }

func (s timeScanner) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a time is stored as %T", src)
	}
	*s.to = time.Time{}
	if n != 0 {
		*s.to = time.UnixMicro(n).UTC()
	}
	return nil
}

type bitScanner struct{ to *bool }

func flag(to *bool) bitScanner { return bitScanner{to} }

func (s bitScanner) Scan(src any) error {
	n, ok := src.(int64)
	if !ok || n != 0 && n != 1 {
		return fmt.Errorf("store: a boolean is stored as %T", src)
	}
	*s.to = n == 1
	return nil
}

// orFalse scans a boolean of a column that is younger than the row: it is false then.
func orFalse(to *bool) youngScanner { return youngScanner{flag(to)} }

// orNone scans the JSON of a column that is younger than the row: nothing is read then.
func orNone(to any) youngScanner { return youngScanner{asJSON(to)} }

type youngScanner struct{ sql.Scanner }

func (s youngScanner) Scan(src any) error {
	if src == nil {
		return nil
	}
	return s.Scanner.Scan(src)
}

// orZero scans a number of a column that is younger than the row: it is zero then.
func orZero(to *int64) youngScanner { return youngScanner{numberScanner{to}} }

type numberScanner struct{ to *int64 }

func (s numberScanner) Scan(src any) error {
	n, ok := src.(int64)
	if !ok {
		return fmt.Errorf("store: a number is stored as %T", src)
	}
	*s.to = n
	return nil
}

// orNever scans a time of a column that is younger than the row: it is zero then.
func orNever(to *time.Time) youngScanner { return youngScanner{at(to)} }

type textScanner struct{ to *string }

// orEmpty scans a text of a column that is younger than the row: it is empty then.
func orEmpty(to *string) textScanner { return textScanner{to} }

func (s textScanner) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*s.to = ""
	case string:
		*s.to = v
	case []byte:
		*s.to = string(v)
	default:
		return fmt.Errorf("store: a text is stored as %T", src)
	}
	return nil
}

type jsonScanner struct{ to any }

func asJSON(to any) jsonScanner { return jsonScanner{to} }

func (s jsonScanner) Scan(src any) error {
	switch v := src.(type) {
	case string:
		return json.Unmarshal([]byte(v), s.to)
	case []byte:
		return json.Unmarshal(v, s.to)
	}
	return fmt.Errorf("store: JSON is stored as %T", src)
}

// insertInto makes the INSERT for a comma-separated list of columns.
func insertInto(table, columns string) string {
	n := strings.Count(columns, ",") + 1
	marks := make([]string, n)
	for i := range marks {
		marks[i] = "$" + strconv.Itoa(i+1)
	}
	return "INSERT INTO " + table + " (" + columns + ") VALUES (" + strings.Join(marks, ", ") + ")"
}

// one runs a query for a single row; no row is postern.CodeNotFound.
func one[T any](ctx context.Context, tx Tx, op, noun string, scan func(Row) (T, error), query string, args ...any) (T, error) {
	value, err := scan(tx.QueryRow(ctx, query, args...))
	if err != nil {
		var none T
		if noRows(err) {
			return none, notFound(op, noun)
		}
		return none, fmt.Errorf("store.%s: %w", op, err)
	}
	return value, nil
}

// many runs a query and reads all its rows before it returns, because a transaction takes no second statement while rows are open.
func many[T any](ctx context.Context, tx Tx, op string, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store.%s: %w", op, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		value, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("store.%s: %w", op, err)
		}
		out = append(out, value)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("store.%s: %w", op, err)
	}
	return out, nil
}

// paged lists newest first. query ends in its WHERE clause; its arguments come first. The second result is the id to continue after, "" at the end.
func paged[T any](ctx context.Context, tx Tx, op string, page Page, id func(T) string, scan func(Row) (T, error), query string, args ...any) ([]T, string, error) {
	if page.Limit < 1 || page.Limit > 100 {
		return nil, "", postern.Invalid("limit", postern.CodeInvalid, "the limit must be 1 to 100", "leave it out for the default")
	}
	if page.After != "" {
		args = append(args, page.After)
		query += " AND id < $" + strconv.Itoa(len(args))
	}
	args = append(args, page.Limit+1)
	list, err := many(ctx, tx, op, scan, query+" ORDER BY id DESC LIMIT $"+strconv.Itoa(len(args)), args...)
	if err != nil || len(list) <= page.Limit {
		return list, "", err
	}
	list = list[:page.Limit]
	return list, id(list[len(list)-1]), nil
}

// mustChange runs a statement that must change exactly one row; otherwise fail is the error.
func mustChange(ctx context.Context, tx Tx, fail error, query string, args ...any) error {
	n, err := tx.Exec(ctx, query, args...)
	if err != nil {
		return err
	}
	if n != 1 {
		return fail
	}
	return nil
}
