package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"

	"postern"
)

// ExportFormat is the version of an export's layout. A reader refuses a newer one.
const ExportFormat = 1

// Names within an export; docs/leaving.md describes them. The sums come last, so that an export that was cut short has none.
const (
	ManifestName = "manifest.json"
	SumsName     = "SHA256SUMS"
	rowsFolder   = "rows/"
	csvFolder    = "csv/"
	filesFolder  = "files/"
)

// Manifest says what is in an export. There is no time in it: the same rows make the same bytes whenever and wherever they are exported.
type Manifest struct {
	Format int64 `json:"format"`
	// Schema is the database's version, of which the columns are.
	Schema     int64  `json:"schema"`
	MerchantID string `json:"merchant_id"`
	Live       bool   `json:"live"`
	// Tables are in the order in which they are read back: what others refer to comes first.
	Tables []ManifestTable `json:"tables"`
}

// ManifestTable is one file of rows.
type ManifestTable struct {
	File    string   `json:"file"`
	Rows    int64    `json:"rows"`
	Columns []string `json:"columns"`
}

// Rows counts the rows of all tables.
func (m *Manifest) Rows() (n int64) {
	for _, t := range m.Tables {
		n += t.Rows
	}
	return n
}

// Export writes everything of a merchant, from one consistent snapshot, while work goes on: a file of JSON lines for each table, a few CSVs of the same rows for
// spreadsheets, a manifest, and the SHA-256 of each. create makes a file by its name, a path with slashes; Export closes it. One row at a time is held in memory.
// An unknown merchant is postern.CodeNotFound.
func (s *Store) Export(ctx context.Context, merchantID string, create func(name string) (io.WriteCloser, error)) (Manifest, error) {
	m := Manifest{Format: ExportFormat, MerchantID: merchantID}
	err := s.Read(ctx, func(tx Tx) error {
		merchant, err := one(ctx, tx, "Export", "merchant", scanMerchant, readMerchant+" FROM merchant WHERE merchant_id = $1", merchantID)
		if err != nil {
			return err
		}
		m.Live = merchant.Live
		if err := tx.QueryRow(ctx, "SELECT max(version_id) FROM goose_db_version").Scan(&m.Schema); err != nil {
			return err
		}
		e := exporter{Store: s, tx: tx, merchant: merchant, create: create}
		if err := e.tables(ctx, &m); err != nil {
			return err
		}
		if err := e.sheets(ctx); err != nil {
			return err
		}
		text, err := json.MarshalIndent(m, "", " ")
		if err != nil {
			return err
		}
		if err := e.file(ManifestName, func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }); err != nil {
			return err
		}
		sums := sumsText(e.sums)
		return e.file(SumsName, func(w io.Writer) error { _, err := io.WriteString(w, sums); return err })
	})
	if err != nil {
		return m, fmt.Errorf("store.Export: %w", err)
	}
	return m, nil
}

// exporter is one export under way.
type exporter struct {
	*Store
	tx       Tx
	merchant postern.Merchant
	create   func(name string) (io.WriteCloser, error)
	sums     []sum
}

// sum is one line of the sums.
type sum struct{ name, hex string }

// sumsText is what sha256sum -c reads: by name, two blanks between.
func sumsText(sums []sum) string {
	slices.SortFunc(sums, func(a, b sum) int { return strings.Compare(a.name, b.name) })
	var b strings.Builder
	for _, s := range sums {
		b.WriteString(s.hex + "  " + s.name + "\n")
	}
	return b.String()
}

// file writes one file and keeps its sum.
func (e *exporter) file(name string, write func(io.Writer) error) error {
	out, err := e.create(name)
	if err != nil {
		return err
	}
	digest := sha256.New()
	buffered := bufio.NewWriterSize(io.MultiWriter(out, digest), 64<<10)
	if err = write(buffered); err == nil {
		err = buffered.Flush()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	e.sums = append(e.sums, sum{name, hexOf(digest)})
	return err
}

func hexOf(digest hash.Hash) string { return hex.EncodeToString(digest.Sum(nil)) }

func (e *exporter) tables(ctx context.Context, m *Manifest) error {
	described, err := e.described(ctx, e.tx)
	if err != nil {
		return err
	}
	for _, p := range portables {
		columns := p.written(described)
		if len(columns) == 0 {
			return fmt.Errorf("the database has no table %s: run `postern migrate`", p.table)
		}
		t := ManifestTable{File: rowsFolder + p.table + ".jsonl", Columns: names(columns)}
		query := "SELECT " + strings.Join(t.Columns, ", ") + " FROM " + p.table + " " + p.mine + e.inKeyOrder(described[p.table])
		err := e.file(t.File, func(w io.Writer) error {
			var line []byte
			return e.each(ctx, query, len(columns), func(values []any) (err error) {
				if err = e.apart(p, columns, values); err != nil {
					return err
				}
				if line, err = appendLine(line[:0], columns, values); err != nil {
					return err
				}
				if len(line) > maxLine {
					return fmt.Errorf("a row of %s is longer than %d bytes", p.table, maxLine)
				}
				t.Rows++
				_, err = w.Write(line)
				return err
			})
		})
		if err != nil {
			return err
		}
		m.Tables = append(m.Tables, t)
	}
	return nil
}

// apart writes the bytes that are kept apart into files, and puts their names in their place.
func (e *exporter) apart(p portable, columns []column, values []any) error {
	for i, c := range columns {
		if p.apart[c.name] == "" {
			continue
		}
		name, err := p.fileOf(columns, values, c.name)
		if err != nil {
			return err
		}
		content, _ := values[i].([]byte)
		if err := e.file(name, func(w io.Writer) error { _, err := w.Write(content); return err }); err != nil {
			return err
		}
		values[i] = name
	}
	return nil
}

// each calls do with every row of a query about the merchant. The values are good until it returns.
func (e *exporter) each(ctx context.Context, query string, columns int, do func(values []any) error) error {
	rows, err := e.tx.Query(ctx, query, e.merchant.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	values, dest := make([]any, columns), make([]any, columns)
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := do(values); err != nil {
			return err
		}
	}
	return rows.Err()
}
