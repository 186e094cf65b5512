package store

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"postern"
)

var lineColumns = []column{
	{table: "t", name: "a", cell: cellText, required: true}, {table: "t", name: "n", cell: cellNumber, required: true}, {table: "t", name: "b", cell: cellBytes, required: true},
	{table: "t", name: "maybe", cell: cellText},
}

// TestEveryTableOfAMerchantIsNamed: a table of a migration that has a merchant or an owner is taken along, or stays for a reason.
func TestEveryTableOfAMerchantIsNamed(t *testing.T) {
	s, err := Open(t.Context(), "sqlite::memory:", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	described, err := s.described(t.Context(), s.reader())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, p := range portables {
		if seen[p.table] || len(described[p.table]) == 0 || staying[p.table] != "" {
			t.Errorf("%s is named twice, or is no table", p.table)
		}
		seen[p.table] = true
		for _, extra := range []map[string]string{p.without, p.apart} {
			for name := range extra {
				if !slices.Contains(names(described[p.table]), name) {
					t.Errorf("%s has no column %s", p.table, name)
				}
			}
		}
	}
	if _, err := s.write.Exec("CREATE TABLE novelty (merchant_id TEXT NOT NULL PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.described(t.Context(), s.reader()); err == nil {
		t.Error("a table that nobody thought of is passed over in silence")
	}
}

// TestLinesAreExact: what a row's line looks like is part of the format.
func TestLinesAreExact(t *testing.T) {
	for _, row := range []struct {
		values []any
		want   string
	}{
		{[]any{"", int64(0), []byte{}, nil}, `{"a":"","n":0,"b":"","maybe":null}`},
		{[]any{"\"\\/\n\t\x01\u2028茶<&>", int64(math.MinInt64), []byte{0, 0xff}, "x"}, "{\"a\":\"\\\"\\\\/\\n\\u0009\\u0001\u2028茶<&>\",\"n\":-9223372036854775808,\"b\":\"AP8=\",\"maybe\":\"x\"}"},
		{[]any{"a\x00b\xffc", int64(1), []byte("x"), nil}, "{\"a\":\"a\uFFFDb\uFFFDc\",\"n\":1,\"b\":\"eA==\",\"maybe\":null}"},
	} {
		line, err := appendLine(nil, lineColumns, row.values)
		if err != nil || string(line) != row.want+"\n" {
			t.Errorf("%q is written as %s, want %s (%v)", row.values, line, row.want, err)
		}
		if _, err := parseLine(bytes.TrimSuffix(line, []byte("\n")), lineColumns); err != nil {
			t.Errorf("%s is not read back: %v", line, err)
		}
	}
	for _, bad := range []string{
		"", "{}", `{"a":"","n":0,"b":"","maybe":null`, `{"a":"","n":0,"b":"","maybe":null}}`, `{"a":"","n":0,"b":"","maybe":null} `, `{"a":null,"n":0,"b":"","maybe":null}`,
		`{"n":0,"a":"","b":"","maybe":null}`, `{"a":"","n":01,"b":"","maybe":null}`, `{"a":"","n":-0,"b":"","maybe":null}`, `{"a":"","n":1e3,"b":"","maybe":null}`, `{"a":"","n":9223372036854775808,"b":"","maybe":null}`,
		`{"a":"","n":"0","b":"","maybe":null}`, `{"a":0,"n":0,"b":"","maybe":null}`, `{"a":"","n":0,"b":"A","maybe":null}`, `{"a":"","n":0,"b":"AP9=","maybe":null}`, `{"a":"\/","n":0,"b":"","maybe":null}`,
		`{"a":"\u0041","n":0,"b":"","maybe":null}`, `{"a":"\ud800","n":0,"b":"","maybe":null}`, "{\"a\":\"\xff\",\"n\":0,\"b\":\"\",\"maybe\":null}", "{\"a\":\"\n\",\"n\":0,\"b\":\"\",\"maybe\":null}", `{"a":{"a":{}},"n":0,"b":"","maybe":null}`, `{"a":"\`,
	} {
		if _, err := parseLine([]byte(bad), lineColumns); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// FuzzExportLine: a line is refused, or is written again byte for byte.
func FuzzExportLine(f *testing.F) {
	f.Add([]byte(`{"a":"x\n\"","n":-12,"b":"AP8=","maybe":null}`))
	f.Add([]byte(`{"a":"\u0001","n":0,"b":"","maybe":"\\"}`))
	f.Add([]byte(`{"a":[[[[`))
	f.Fuzz(func(t *testing.T, line []byte) {
		values, err := parseLine(line, lineColumns)
		if err != nil {
			return
		}
		again, err := appendLine(nil, lineColumns, values)
		if err != nil || string(again) != string(line)+"\n" {
			t.Errorf("%q is written again as %q (%v)", line, again, err)
		}
	})
}

// FuzzExportManifest: sums and manifest are refused, or are what an export writes.
func FuzzExportManifest(f *testing.F) {
	f.Add([]byte("{\n \"format\": 1,\n \"schema\": 9,\n \"merchant_id\": \"mer_00000000000000000000000001\",\n \"live\": false,\n \"tables\": null\n}\n"))
	f.Add([]byte("0000000000000000000000000000000000000000000000000000000000000000  rows/payment.jsonl\n"))
	f.Add([]byte("0000000000000000000000000000000000000000000000000000000000000000  ../x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if sums, err := parseSums(text); err == nil && sumsText(sums) != string(text) {
			t.Errorf("the sums %q are written again as %q", text, sumsText(sums))
		}
		if m, err := parseManifest(text); err == nil && !postern.CheckID(postern.PrefixMerchant, m.MerchantID) {
			t.Errorf("a manifest of nobody: %q", text)
		}
	})
}
