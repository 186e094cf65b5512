package wire

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

// randomTrades makes a day of trades: payments, refunds of some, reversals of others.
func randomTrades(r *rand.Rand) []TradeRow {
	rows := make([]TradeRow, r.IntN(40)+1)
	for i := range rows {
		amount := r.Int64N(1_000_000) + 1
		rows[i] = TradeRow{
			At: time.Date(2026, 11, 22, r.IntN(24), r.IntN(60), r.IntN(60), 0, CST), AppID: "wx1", MchID: "1900000001", TransactionID: "42000" + strconv.Itoa(i),
			OutTradeNo: "order" + strconv.Itoa(i), Type: TypeNative, State: StateSuccess, Description: "烧饼, 十二枚", Total: amount, FeeMicro: amount * 600 / 100,
		}
		switch r.IntN(4) {
		case 0:
			rows[i].State, rows[i].Refund, rows[i].RefundID, rows[i].OutRefundNo = StateRefund, r.Int64N(amount)+1, "50300"+strconv.Itoa(i), "refund"+strconv.Itoa(i)
		case 1:
			rows[i].State, rows[i].Refund = StateRevoked, amount
		}
	}
	return rows
}

// TestTradeBillRoundTrip: what is written is read, row by row; a file that lost a byte is not taken for whole and another one.
func TestTradeBillRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		rows := randomTrades(r)
		file := WriteTradeBill(rows)
		i := 0
		sum, err := ReadEntries(BillTrade, "1900000001", bytes.NewReader(file), func(e Entry) error {
			row := rows[i]
			i++
			want := Entry{Kind: EntryPayment, Amount: row.Total}
			if row.State != StateSuccess {
				want = Entry{Kind: EntryRefund, Amount: -row.Refund, RefundNumber: row.OutRefundNo, RefundTxnNo: row.RefundID}
			}
			if e.Kind != want.Kind || e.Amount != want.Amount || e.RefundNumber != want.RefundNumber || e.RefundTxnNo != want.RefundTxnNo || e.TxnNo != row.TransactionID ||
				e.Number != row.OutTradeNo || !e.At.Equal(row.At) || e.Fee != (row.FeeMicro+500)/1000 || e.Columns[20] != row.Description {
				t.Fatalf("row %d is %+v, written as %+v", i, e, row)
			}
			return nil
		})
		if err != nil || sum.Lines != int64(len(rows)) || !sum.Named {
			t.Fatalf("%+v %v", sum, err)
		}
		if _, err := ReadEntries(BillTrade, "1900000002", bytes.NewReader(file), func(Entry) error { return nil }); !errors.Is(err, ErrPartial) {
			t.Fatalf("another merchant's: %v", err)
		}
		cut := bytes.LastIndexByte(file[:len(file)-2], '\n') + 1
		if _, err := ReadEntries(BillTrade, "", bytes.NewReader(file[:cut]), func(Entry) error { return nil }); !errors.Is(err, ErrPartial) {
			t.Fatalf("without its last line: %v", err)
		}
	}
}

// TestFundFlowRoundTrip: the same of the flow of funds, whose totals are of both directions.
func TestFundFlowRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	types := []string{"交易", "退款", "扣除交易手续费", "提现", "分账", "别的"}
	kinds := []string{EntryPayment, EntryRefund, EntryFee, EntryWithdrawal, EntryShare, EntryOther}
	for range 200 {
		rows := make([]FundRow, r.IntN(40)+1)
		which := make([]int, len(rows))
		for i := range rows {
			which[i] = r.IntN(len(types))
			rows[i] = FundRow{At: time.Date(2026, 11, 22, 1, 2, 3, 0, CST), ID: strconv.Itoa(i), Type: types[which[i]], Amount: r.Int64N(1000) - 500, Remark: "a`b\r\nc"}
			if rows[i].Amount == 0 {
				rows[i].Amount = 1
			}
		}
		i := 0
		sum, err := ReadEntries(BillFundFlow, "whoever", bytes.NewReader(WriteFundFlow(rows)), func(e Entry) error {
			if e.Kind != kinds[which[i]] || e.Amount != rows[i].Amount || e.Columns[9] != "abc" {
				t.Fatalf("row %d is %+v, written as %+v", i, e, rows[i])
			}
			i++
			return nil
		})
		if err != nil || sum.Named || sum.Lines != int64(len(rows)) {
			t.Fatalf("%+v %v", sum, err)
		}
	}
}

func TestFormatYuan(t *testing.T) {
	for fen, want := range map[int64]string{0: "0.00", 1: "0.01", -1: "-0.01", 680000: "6800.00", -205: "-2.05"} {
		got := FormatYuan(fen)
		if back, exact, err := ParseYuan(got); got != want || back != fen || !exact || err != nil {
			t.Errorf("%d is %s, read as %d", fen, got, back)
		}
	}
}
