package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
)

// TestKeptStatements runs one text inside its own rows, more texts than are kept, and a kept text after the table has changed.
func TestKeptStatements(t *testing.T) {
	db, err := openKeeping("file:" + filepath.Join(t.TempDir(), "a.db"))
	must(t, err)
	defer func() { must(t, db.Close()) }()
	single(db)
	ctx := context.Background()
	_, err = db.ExecContext(ctx, "CREATE TABLE a (x BIGINT); INSERT INTO a VALUES (1), (2), (3)")
	must(t, err)
	tx, err := db.BeginTx(ctx, nil)
	must(t, err)
	const larger = "SELECT x FROM a WHERE x > $1 ORDER BY x"
	outer, err := tx.QueryContext(ctx, larger, 0)
	must(t, err)
	var seen []int
	for outer.Next() {
		var x, next int
		must(t, outer.Scan(&x))
		if err := tx.QueryRowContext(ctx, larger, x).Scan(&next); err != nil && x < 3 {
			t.Fatal(err)
		}
		seen = append(seen, x, next)
	}
	must(t, outer.Err())
	must(t, outer.Close())
	if fmt.Sprint(seen) != "[1 2 2 3 3 0]" {
		t.Errorf("a text inside its own rows: %v", seen)
	}
	open, err := tx.QueryContext(ctx, larger, 0)
	must(t, err)
	for i := range keptStatements + 10 {
		var x int
		must(t, tx.QueryRowContext(ctx, fmt.Sprintf("SELECT %d + $1", i), 1).Scan(&x))
		if x != i+1 {
			t.Errorf("%d + 1 = %d", i, x)
		}
	}
	for rest := 3; rest > 0; rest-- {
		if !open.Next() {
			t.Errorf("rows that were open ended early: %v", open.Err())
		}
	}
	must(t, open.Close())
	must(t, tx.Commit())
	conn, err := db.Conn(ctx)
	must(t, err)
	must(t, conn.Raw(func(c any) error {
		if n := len(c.(*keepingConn).kept); n > keptStatements {
			t.Errorf("%d statements kept, want at most %d", n, keptStatements)
		}
		return nil
	}))
	must(t, conn.Close())
	const insert = "INSERT INTO a VALUES ($1)"
	_, err = db.ExecContext(ctx, insert, 4)
	must(t, err)
	_, err = db.ExecContext(ctx, "ALTER TABLE a ADD COLUMN y BIGINT DEFAULT 7")
	must(t, err)
	if _, err := db.ExecContext(ctx, insert, 5); err == nil {
		t.Error("a kept text did not see that its table has another column")
	}
	var sum int
	must(t, db.QueryRowContext(ctx, "SELECT SUM(x * y) FROM a WHERE x > $1", 0).Scan(&sum))
	if sum != 70 {
		t.Errorf("sum %d, want 70", sum)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
