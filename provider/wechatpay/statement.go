package wechatpay

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var _ provider.Statementer = Connector{}

// StatementKinds are the bills of API v3 that are read: trades of a day (ALL, SUCCESS or REFUND), and the flow of funds of an account.
func (Connector) StatementKinds() []string { return []string{wire.BillTrade, wire.BillFundFlow} }

// ReadStatement reads a bill as it is downloaded, plain or gzip. The rows must be as many, and add up to as much, as the summary at its end says; account, if it
// is not empty, must be the mchid of every row (a fund flow names none).
func (Connector) ReadStatement(kind, account string, file provider.StatementFile, each func(provider.StatementLine) error) (provider.StatementSum, error) {
	read := tradeLine
	switch kind {
	case wire.BillTrade:
	case wire.BillFundFlow:
		read = fundLine
	default:
		return provider.StatementSum{}, fmt.Errorf("wechatpay: a bill is of the kind %s or %s", wire.BillTrade, wire.BillFundFlow)
	}
	text, err := unpacked(file)
	if err != nil {
		return provider.StatementSum{}, err
	}
	bounded := &io.LimitedReader{R: text, N: provider.MaxStatement}
	sum := provider.StatementSum{Account: account}
	var t totals
	bill, err := wire.ReadBill(bounded, func(r wire.BillRow) error {
		line, err := read(r, &t)
		if err != nil {
			return fmt.Errorf("wechatpay: line %d: %w", r.Line, err)
		}
		if mchid := r.Column("商户号"); kind == wire.BillTrade && account != "" && mchid != account {
			return fmt.Errorf("%w: line %d is of %s, not of %s", provider.ErrNotWhole, r.Line, mchid, account)
		}
		if sum.Lines++; sum.From.IsZero() || line.At.Before(sum.From) {
			sum.From = line.At
		}
		if line.At.After(sum.Until) {
			sum.Until = line.At
		}
		sum.Amount, sum.Fee = sum.Amount+line.Amount, sum.Fee+line.Fee
		return each(line)
	})
	switch {
	case err != nil:
		return sum, err
	case bounded.N <= 0:
		return sum, fmt.Errorf("%w: it unpacks to more than %d bytes", provider.ErrNotWhole, provider.MaxStatement)
	}
	return sum, t.check(kind, bill)
}

func unpacked(file provider.StatementFile) (io.Reader, error) {
	whole := io.NewSectionReader(file, 0, file.Size)
	magic := make([]byte, 2)
	if _, err := file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("wechatpay: read the bill: %w", err)
	}
	if magic[0] != 0x1f || magic[1] != 0x8b {
		return whole, nil
	}
	z, err := gzip.NewReader(whole)
	if err != nil {
		return nil, fmt.Errorf("%w: the gzip is damaged: %w", provider.ErrNotWhole, err)
	}
	return z, nil
}

// totals are what the rows add up to, in fen, for the comparison with the summary.
type totals struct {
	rows, orders, refunds int64
	in, out               int64
	ins, outs             int64
}

// check holds the rows against the summary. Counts of old files are written as 45.0.
func (t totals) check(kind string, bill wire.Bill) error {
	if bill.Summary == nil {
		return fmt.Errorf("%w: the summary at the end is missing after %d rows", provider.ErrNotWhole, bill.Rows)
	}
	want := map[string]int64{"总交易单数": t.rows, "订单总金额": t.orders, "申请退款总金额": t.refunds}
	if kind == wire.BillFundFlow {
		want = map[string]int64{"资金流水总笔数": t.rows, "收入笔数": t.ins, "收入金额": t.in, "支出笔数": t.outs, "支出金额": t.out}
	}
	compared := 0
	for name, got := range want {
		text, stated := bill.Summary[name]
		if !stated {
			continue // old bills and those of successes alone lack some
		}
		compared++
		fen, exact, err := wire.ParseYuan(text)
		if strings.HasSuffix(name, "数") {
			got *= 100
		}
		if err != nil || !exact || fen != got {
			return fmt.Errorf("%w: the summary says %s %s, the rows come to %s", provider.ErrNotWhole, name, text, hundredths(got))
		}
	}
	if compared < 2 {
		return fmt.Errorf("%w: the summary has none of the totals that are known", provider.ErrNotWhole)
	}
	return nil
}

func hundredths(n int64) string {
	return strconv.FormatInt(n/100, 10) + "." + fmt.Sprintf("%02d", n%100)
}

// none is how a bill writes that a row has no refund.
const none = "0"

// tradeLine reads a row of the trade bill. A row with a refund number is a refund; its amount is what was applied for, coupons included, as the order's total is.
func tradeLine(r wire.BillRow, t *totals) (provider.StatementLine, error) {
	order, exact1, err1 := wire.ParseYuan(r.Column("订单金额", "总金额"))
	refund, exact2, err2 := wire.ParseYuan(r.Column("申请退款金额", "退款金额"))
	fee, _, err3 := wire.ParseYuan(r.Column("手续费"))
	at, err4 := wire.ParseBillTime(r.Column("交易时间"))
	if !exact1 || !exact2 {
		return provider.StatementLine{}, fmt.Errorf("%w: an amount with parts of a fen", wire.ErrBill)
	}
	line := provider.StatementLine{
		Kind: provider.LinePayment, TxnNo: r.Column("微信订单号"), Number: r.Column("商户订单号"), Amount: order, Fee: fee, Currency: r.Column("货币种类"), At: at, Columns: r.Columns,
	}
	t.rows, t.orders, t.refunds = t.rows+1, t.orders+order, t.refunds+refund
	if no := r.Column("微信退款单号"); no != "" && no != none {
		line.Kind, line.RefundTxnNo, line.RefundNumber, line.Amount = provider.LineRefund, no, r.Column("商户退款单号"), -refund
	}
	if line.Kind == provider.LinePayment && r.Column("交易状态") != "SUCCESS" {
		line.Kind = provider.LineOther // revoked, or a word that we do not know: never taken for money
	}
	return line, errors.Join(err1, err2, err3, err4)
}

// fundKinds reads 业务类型 of the fund flow.
var fundKinds = map[string]provider.LineKind{
	"交易": provider.LinePayment, "退款": provider.LineRefund, "扣除交易手续费": provider.LineFee, "提现": provider.LineWithdrawal, "转账": provider.LineTransfer,
}

// fundLine reads a row of the fund flow: what came into the account, or left it.
func fundLine(r wire.BillRow, t *totals) (provider.StatementLine, error) {
	amount, exact, err1 := wire.ParseYuan(r.Column("收支金额(元)", "收支金额（元）"))
	at, err2 := wire.ParseBillTime(r.Column("记账时间"))
	if !exact {
		return provider.StatementLine{}, fmt.Errorf("%w: an amount with parts of a fen", wire.ErrBill)
	}
	t.rows++
	switch r.Column("收支类型") {
	case "收入":
		t.in, t.ins = t.in+amount, t.ins+1
	case "支出":
		t.out, t.outs = t.out+amount, t.outs+1
		amount = -amount
	default:
		return provider.StatementLine{}, fmt.Errorf("%w: 收支类型 is neither 收入 nor 支出", wire.ErrBill)
	}
	kind, known := fundKinds[r.Column("业务类型")]
	if !known {
		kind = provider.LineOther
	}
	line := provider.StatementLine{Kind: kind, TxnNo: r.Column("微信支付业务单号"), Amount: amount, Currency: currency, At: at, Columns: r.Columns}
	if kind == provider.LineRefund {
		line.RefundTxnNo, line.TxnNo = line.TxnNo, ""
	}
	return line, errors.Join(err1, err2)
}
