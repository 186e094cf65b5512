package wire

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ErrPartial is wrapped by the error of a bill that is not whole by its own totals, or not the account's that was asked for.
var ErrPartial = errors.New("wechatpay: not the whole bill")

// Kinds of entries of a bill.
const (
	EntryPayment    = "payment"
	EntryRefund     = "refund"
	EntryFee        = "fee"
	EntryTransfer   = "transfer"
	EntryWithdrawal = "withdrawal"
	EntryShare      = "share"
	EntryOther      = "other"
)

// Entry is what a row of either bill says, in fen. Amount is negative for what left the merchant.
type Entry struct {
	Kind, TxnNo, Number, RefundTxnNo, RefundNumber, Currency string
	Amount, Fee                                              int64
	At                                                       time.Time
	Columns                                                  []string
}

// BillSum is what a bill adds up to. Named says that its rows name their merchant, as those of a trade bill do.
type BillSum struct {
	Lines, Amount, Fee int64
	From, Until        time.Time
	Named              bool
}

// OpenBill unpacks a bill if it is gzip. tar_type GZIP means a gzip stream of the one file; there is no tar.
func OpenBill(file io.Reader) (io.Reader, error) {
	r := bufio.NewReader(file)
	head, _ := r.Peek(2) // what cannot be read is found out when it is
	if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
		return r, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: the gzip is damaged: %w", ErrPartial, err)
	}
	return z, nil
}

// ReadEntries reads an unpacked bill. The rows must be as many, and add up to as much, as the summary at its end says; account, if it is not empty, must be the merchant
// of every row that names one.
func ReadEntries(kind, account string, r io.Reader, each func(Entry) error) (BillSum, error) {
	read, known := map[string]func(BillRow, *totals) (Entry, error){BillTrade: tradeEntry, BillFundFlow: fundEntry}[kind]
	if !known {
		return BillSum{}, fmt.Errorf("wechatpay: a bill is of the kind %s or %s", BillTrade, BillFundFlow)
	}
	sum := BillSum{Named: kind == BillTrade}
	var t totals
	bill, err := ReadBill(r, func(row BillRow) error {
		e, err := read(row, &t)
		if err != nil {
			return fmt.Errorf("wechatpay: line %d: %w", row.Line, err)
		}
		if m := row.merchant(); sum.Named && account != "" && m != account {
			return fmt.Errorf("%w: line %d is of %s, not of %s", ErrPartial, row.Line, m, account)
		}
		if sum.Lines++; sum.From.IsZero() || e.At.Before(sum.From) {
			sum.From = e.At
		}
		if e.At.After(sum.Until) {
			sum.Until = e.At
		}
		sum.Amount, sum.Fee = sum.Amount+e.Amount, sum.Fee+e.Fee
		return each(e)
	})
	if err != nil {
		return sum, err
	}
	return sum, t.check(kind, bill)
}

// merchant is whose row of a trade bill it is: a sub-merchant's under a service provider, whose own column says 0 for everybody else.
func (r BillRow) merchant() string {
	if sub := r.Column("特约商户号", "子商户号"); sub != "" && sub != none {
		return sub
	}
	return r.Column("商户号")
}

// totals are what the rows add up to, in fen, for the comparison with the summary.
type totals struct {
	rows, orders, refunds int64
	in, out               int64
	ins, outs             int64
}

// check holds the rows against the summary. Counts of old files are written as 45.0.
func (t totals) check(kind string, bill Bill) error {
	if bill.Summary == nil {
		return fmt.Errorf("%w: the summary at the end is missing after %d rows", ErrPartial, bill.Rows)
	}
	want := map[string]int64{"总交易单数": t.rows, "订单总金额": t.orders, "申请退款总金额": t.refunds}
	if kind == BillFundFlow {
		want = map[string]int64{"资金流水总笔数": t.rows, "收入笔数": t.ins, "收入金额": t.in, "支出笔数": t.outs, "支出金额": t.out}
	}
	compared := 0
	for name, got := range want {
		text, stated := bill.Summary[name]
		if !stated {
			continue // old bills and those of successes alone lack some
		}
		compared++
		fen, exact, err := ParseYuan(text)
		if strings.HasSuffix(name, "数") {
			got *= 100
		}
		if err != nil || !exact || fen != got {
			return fmt.Errorf("%w: the summary says %s %s, the rows come to %s", ErrPartial, name, text, FormatYuan(got))
		}
	}
	if compared < 2 {
		return fmt.Errorf("%w: the summary has none of the totals that are known", ErrPartial)
	}
	return nil
}

// FormatYuan writes fen as bills do: yuan with two decimals.
func FormatYuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return sign + strconv.FormatInt(fen/100, 10) + "." + fmt.Sprintf("%02d", fen%100)
}

// none is how a bill writes that a row has no refund, or no sub-merchant.
const none = "0"

// tradeEntry reads a row of the trade bill. A row with a refund number is a refund; its amount is what was applied for, coupons included, as the order's total is. A
// reversal is a row of its own with the state REVOKED [G]: with an amount that went back it is a refund without a number.
func tradeEntry(r BillRow, t *totals) (Entry, error) {
	order, exact1, err1 := ParseYuan(r.Column("订单金额", "总金额"))
	refund, exact2, err2 := ParseYuan(r.Column("申请退款金额", "退款金额"))
	fee, _, err3 := ParseYuan(r.Column("手续费"))
	at, err4 := ParseBillTime(r.Column("交易时间"))
	if !exact1 || !exact2 {
		return Entry{}, fmt.Errorf("%w: an amount with parts of a fen", ErrBill)
	}
	e := Entry{Kind: EntryPayment, TxnNo: r.Column("微信订单号"), Number: r.Column("商户订单号"), Amount: order, Fee: fee, Currency: r.Column("货币种类"), At: at, Columns: r.Columns}
	t.rows, t.orders, t.refunds = t.rows+1, t.orders+order, t.refunds+refund
	no, state := r.Column("微信退款单号"), r.Column("交易状态")
	switch {
	case no != "" && no != none:
		e.Kind, e.RefundTxnNo, e.RefundNumber, e.Amount = EntryRefund, no, r.Column("商户退款单号"), -refund
	case state == StateRevoked && refund > 0:
		e.Kind, e.Amount = EntryRefund, -refund
	case state != StateSuccess:
		e.Kind = EntryOther // a word that we do not know: never taken for money
	}
	return e, errors.Join(err1, err2, err3, err4)
}

// fundEntries reads 业务类型 of the fund flow.
var fundEntries = map[string]string{
	"交易": EntryPayment, "退款": EntryRefund, "扣除交易手续费": EntryFee, "提现": EntryWithdrawal, "转账": EntryTransfer, "分账": EntryShare,
}

// fundEntry reads a row of the fund flow: what came into the account, or left it. No row says whose account it is.
func fundEntry(r BillRow, t *totals) (Entry, error) {
	amount, exact, err1 := ParseYuan(r.Column("收支金额(元)", "收支金额（元）"))
	at, err2 := ParseBillTime(r.Column("记账时间"))
	if !exact {
		return Entry{}, fmt.Errorf("%w: an amount with parts of a fen", ErrBill)
	}
	t.rows++
	switch r.Column("收支类型") {
	case "收入":
		t.in, t.ins = t.in+amount, t.ins+1
	case "支出":
		t.out, t.outs = t.out+amount, t.outs+1
		amount = -amount
	default:
		return Entry{}, fmt.Errorf("%w: 收支类型 is neither 收入 nor 支出", ErrBill)
	}
	kind, known := fundEntries[r.Column("业务类型")]
	if !known {
		kind = EntryOther
	}
	e := Entry{Kind: kind, TxnNo: r.Column("微信支付业务单号"), Amount: amount, Currency: "CNY", At: at, Columns: r.Columns}
	if kind == EntryRefund {
		e.RefundTxnNo, e.TxnNo = e.TxnNo, ""
	}
	return e, errors.Join(err1, err2)
}
