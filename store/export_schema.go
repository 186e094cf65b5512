package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// cell is what a column holds. There are three kinds in the whole schema.
type cell int

const (
	cellText cell = iota
	cellNumber
	cellBytes
)

var cells = map[string]cell{"text": cellText, "bigint": cellNumber, "bytea": cellBytes}

// column is one column as the database itself describes it. key is its place in the primary key, from 1, or 0.
type column struct {
	table, name string
	cell        cell
	required    bool
	key         int64
}

// Both engines describe their tables in the same five columns, in the order of the columns.
const (
	sqliteColumns = `SELECT m.name, p.name, lower(p.type), p."notnull", p.pk FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' ORDER BY m.name, p.cid`
	// Unlike SQLite's, a key of PostgreSQL's is counted from 0.
	postgresColumns = `SELECT CAST(c.relname AS TEXT), CAST(a.attname AS TEXT), format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 1 ELSE 0 END,
		coalesce(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) + 1, 0)
		FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace = CAST(current_schema() AS regnamespace) ORDER BY c.relname, a.attnum`
)

// described asks the database for the columns of its tables. Tables without a merchant and an owner that nobody takes along are not among them: those of the job
// runner and of the migrations.
func (s *Store) described(ctx context.Context, tx Tx) (map[string][]column, error) {
	query := sqliteColumns
	if s.dialect == Postgres {
		query = postgresColumns
	}
	type line struct {
		column
		kind string
	}
	scan := func(r Row) (l line, err error) {
		err = r.Scan(&l.table, &l.name, &l.kind, flag(&l.required), &l.key)
		return l, err
	}
	list, err := many(ctx, tx, "Export", scan, query)
	if err != nil {
		return nil, err
	}
	tables, kinds := map[string][]column{}, map[string]string{}
	for _, l := range list {
		var known bool
		if l.cell, known = cells[l.kind]; !known {
			kinds[l.table] = l.kind
		}
		tables[l.table] = append(tables[l.table], l.column)
	}
	var errs []error
	for name, columns := range tables {
		owned := slices.ContainsFunc(columns, func(c column) bool { return c.name == "merchant_id" || c.name == "owner_id" })
		taken := slices.ContainsFunc(portables, func(p portable) bool { return p.table == name })
		switch {
		case !taken && staying[name] != "", !taken && !owned:
			delete(tables, name)
		case !taken:
			errs = append(errs, fmt.Errorf("store: the table %s is new to this program, which does not know whether a merchant takes it along: use the newer program", name))
		case kinds[name] != "":
			errs = append(errs, fmt.Errorf("store: the table %s has a column of the kind %s, which an export cannot hold", name, kinds[name]))
		}
	}
	return tables, errors.Join(errs...)
}

// written are the columns of a table that an export holds, in the order of the table. Of a column that is kept apart it holds a name.
func (p portable) written(tables map[string][]column) []column {
	list := slices.DeleteFunc(slices.Clone(tables[p.table]), func(c column) bool { return p.without[c.name] != "" })
	for i, c := range list {
		if p.apart[c.name] != "" {
			list[i].cell = cellText
		}
	}
	return list
}

// left are the columns that an export does not hold and a row cannot be without.
func (p portable) left(tables map[string][]column) []column {
	return slices.DeleteFunc(slices.Clone(tables[p.table]), func(c column) bool { return p.without[c.name] == "" || !c.required })
}

// fileOf names the file of a row's column that is kept apart, after the row's id.
func (p portable) fileOf(columns []column, values []any, column string) (string, error) {
	id, _ := valueOf(columns, values, "id").(string)
	if strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || id == "" {
		return "", fmt.Errorf("an id of %s cannot name a file", p.table)
	}
	return filesFolder + id + "." + column + p.apart[column], nil
}

// valueOf is a row's value of a column by its name.
func valueOf(columns []column, values []any, name string) any {
	return values[slices.IndexFunc(columns, func(c column) bool { return c.name == name })]
}

func names(columns []column) []string {
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = c.name
	}
	return list
}

// inKeyOrder is the ORDER BY of a table: by its primary key, byte by byte on both engines, whatever the database's collation.
func (s *Store) inKeyOrder(columns []column) string {
	key := slices.DeleteFunc(slices.Clone(columns), func(c column) bool { return c.key == 0 })
	slices.SortFunc(key, func(a, b column) int { return int(a.key - b.key) })
	list := names(key)
	for i, c := range key {
		if c.cell == cellText && s.dialect == Postgres {
			list[i] += ` COLLATE "C"`
		}
	}
	return " ORDER BY " + strings.Join(list, ", ")
}
