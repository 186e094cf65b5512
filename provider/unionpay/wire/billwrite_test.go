package wire_test

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postern/provider/unionpay/wire"
)

// TestRows: what is written as a row is read as the same row, and has the attested width; a value without room is refused, never cut.
func TestRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string, least, most int) string {
			return rapid.StringMatching(fmt.Sprintf("[0-9A-Za-z]{%d,%d}", least, most)).Draw(t, name)
		}
		want := wire.Row{
			TraceTime: rapid.StringMatching(`[0-9]{10}`).Draw(t, "time"), Amount: rapid.Int64Range(0, wire.MaxAmount).Draw(t, "amount"),
			QueryID: text("query", 1, 21), OrderID: text("order", 8, 32), Fee: rapid.Int64Range(-wire.MaxAmount, wire.MaxAmount).Draw(t, "fee"),
			Settle: rapid.Int64Range(-wire.MaxAmount, wire.MaxAmount).Draw(t, "settle"), TxnType: rapid.SampledFrom([]string{"01", "04", "31", "99"}).Draw(t, "type"),
			OrigQueryID: text("orig", 0, 21), MerID: text("merchant", 15, 15),
		}
		line, err := wire.FormatZM(want)
		if err != nil || len(line) != 609 {
			t.Fatalf("%d bytes, %v", len(line), err)
		}
		var got wire.Row
		if err := wire.ReadZM(strings.NewReader(line), func(r wire.Row) error { got = r; return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got.Columns) != 42 {
			t.Fatalf("%d columns", len(got.Columns))
		}
		if got.Columns = nil; !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, written as %+v", got, want)
		}
	})
	for _, bad := range []wire.Row{{OrderID: strings.Repeat("a", 33)}, {OrderID: "烧饼"}, {MerID: " 1"}, {QueryID: "1\n"}} {
		if _, err := wire.FormatZM(bad); err == nil {
			t.Errorf("%+v was written", bad)
		}
	}
}

// TestContent: what is packed is unpacked; a byte less, or one that changed, is not.
func TestContent(t *testing.T) {
	file := bytes.Repeat([]byte("a bill "), 1000)
	content, err := wire.PackContent(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := wire.UnpackContent(content); err != nil || !bytes.Equal(got, file) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	for i := range len(content) {
		flipped := []byte(content)
		flipped[i] = 'A' + (flipped[i]+1)%26
		if got, err := wire.UnpackContent(string(flipped)); err == nil && !bytes.Equal(got, file) {
			t.Errorf("with another character at %d it unpacks to %d other bytes", i, len(got))
		}
	}
	if _, err := wire.UnpackContent(content[:len(content)-8]); err == nil {
		t.Error("cut off, and unpacked")
	}
}
