package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestBillProperties: a bill that is written is read again, row by row and with its totals.
func TestBillProperties(t *testing.T) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, Beijing)
	rapid.Check(t, func(t *rapid.T) {
		var rows []TradeBillRow
		for i := range rapid.IntRange(0, 20).Draw(t, "rows") {
			amount := rapid.Int64Range(1, MaxAmount).Draw(t, "amount")
			kind := BillPaid
			if rapid.Bool().Draw(t, "refund") {
				kind, amount = BillRefund, -amount
			}
			rows = append(rows, TradeBillRow{
				TradeNo: fmt.Sprint("2026", i), OutTradeNo: fmt.Sprint("o", i), Title: BillText(rapid.StringOfN(rapid.SampledFrom([]rune("烧饼 a,\t\n#🥮")), 0, 12, -1).Draw(t, "title")),
				Kind: kind, RequestNo: "r1", Created: day, Done: day.Add(time.Hour), Amount: amount, Received: amount, Fee: -amount / 100,
			})
		}
		_, file, err := WriteTradeBill("2088000000000001", day, day.AddDate(0, 0, 1), rows)
		if err != nil {
			t.Fatal(err)
		}
		detail, err := OpenBill(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		bill, err := ReadBill(detail, func(r BillRow) error {
			row, err := r.ReadTrade()
			want := rows[n]
			want.Title = strings.ReplaceAll(want.Title, "🥮", "?") // GBK has no character for it
			if err != nil || row != want || len(r.Columns) != 25 {
				return fmt.Errorf("row %d: %+v, want %+v: %v", n, row, want, err)
			}
			n++
			return nil
		})
		if err != nil || !bill.Whole || n != len(rows) || bill.Account != "20880000000000010156" || !bill.From.Equal(day) || !bill.Until.Equal(day.AddDate(0, 0, 1)) {
			t.Fatalf("%+v %v", bill, err)
		}
		var want BillTotal
		for _, r := range rows {
			if r.Kind == BillPaid {
				want.Rows, want.Amount = want.Rows+1, want.Amount+r.Received
			}
		}
		if bill.Totals["交易"] != want {
			t.Fatalf("totals %+v, want %+v", bill.Totals, want)
		}
	})
}

func TestAccountBill(t *testing.T) {
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, Beijing)
	rows := []AccountBillRow{{No: "1", Kind: "在线支付", Amount: 6800, Balance: 6800, At: day}, {No: "2", Kind: "收费", Amount: -41, Balance: 6759, At: day}}
	name, file, err := WriteAccountBill("2088000000000001", day, day, rows)
	if err != nil || name != "20880000000000010156_20261122.csv.zip" {
		t.Fatal(name, err)
	}
	detail, err := OpenBill(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	var read []AccountBillRow
	bill, err := ReadBill(detail, func(r BillRow) error {
		row, err := r.ReadAccount()
		read = append(read, row)
		return err
	})
	if err != nil || !slices.Equal(read, rows) || bill.Totals["支出"] != (BillTotal{1, -41}) || bill.Totals["收入"] != (BillTotal{1, 6800}) {
		t.Errorf("%+v %+v %v", read, bill, err)
	}
	for cut := range len(file) - 1 {
		if r, err := OpenBill(bytes.NewReader(file[:cut]), int64(cut)); err == nil && cut > 4 {
			_ = r.Close()
			t.Fatalf("a ZIP of %d of %d bytes opens", cut, len(file))
		} else if cut > 4 && !errors.Is(err, ErrDamaged) {
			t.Fatalf("%d bytes: %v", cut, err)
		}
	}
}
