package tenpay

import (
	"fmt"
	"io"
	"strings"

	"postern/provider"
	"postern/provider/tenpay/wire"
)

// statementAll is the bill of all transactions of a day (mchtype 0).
const statementAll = "all"

// partnerDigits is how much of a transaction number is the partner's number.
const partnerDigits = 10

// StatementKinds are the bills that are read.
func (Connector) StatementKinds() []string { return []string{statementAll} }

// ReadStatement reads a bill as it was downloaded. It names no account: every transaction number begins with it. The rows must be as many, and add up to as much,
// as the last line says. Whether a refund's row is counted as an order of its own, and whether it repeats the order's amount, is not attested; either reading of
// the totals is taken.
func (Connector) ReadStatement(kind, account string, file provider.StatementFile, each func(provider.StatementLine) error) (provider.StatementSum, error) {
	sum := provider.StatementSum{Account: account}
	if kind != statementAll {
		return sum, fmt.Errorf("tenpay: a bill is of the kind %s", statementAll)
	}
	var seen struct{ payments, paid, repeated, refunded int64 }
	bounded := &io.LimitedReader{R: io.NewSectionReader(file, 0, file.Size), N: provider.MaxStatement}
	stated, err := wire.ReadBill(bounded, func(r wire.BillRow) error {
		if len(r.TxnNo) < partnerDigits || sum.Account != "" && !strings.HasPrefix(r.TxnNo, sum.Account) {
			return fmt.Errorf("%w: a row of %.10s", provider.ErrNotWhole, r.TxnNo)
		}
		sum.Account = r.TxnNo[:partnerDigits]
		l := line(r)
		if l.Kind == provider.LineRefund {
			seen.repeated, seen.refunded = seen.repeated+r.Amount, seen.refunded+r.Refund
		} else {
			seen.payments, seen.paid = seen.payments+1, seen.paid+r.Amount
		}
		sum.Lines, sum.Amount = sum.Lines+1, sum.Amount+l.Amount
		return each(l)
	})
	if err != nil {
		return sum, err
	}
	if stated.Rows != sum.Lines && stated.Rows != seen.payments || stated.Amount != seen.paid && stated.Amount != seen.paid+seen.repeated || stated.Refunds != seen.refunded {
		return sum, fmt.Errorf("%w: its last line says %d orders, %d fen and %d fen given back; its rows are %d, %d and %d", provider.ErrNotWhole, stated.Rows, stated.Amount, stated.Refunds, sum.Lines, seen.paid, seen.refunded)
	}
	return sum, nil
}

// line reads a row. The bill names the refund by TenPay's number only, and no fees.
func line(r wire.BillRow) provider.StatementLine {
	l := provider.StatementLine{Kind: provider.LinePayment, TxnNo: r.TxnNo, Number: r.Number, Amount: r.Amount, Currency: currency, At: r.At, Columns: r.Columns}
	if r.RefundNo != "" {
		l.Kind, l.RefundTxnNo, l.Amount = provider.LineRefund, r.RefundNo, -r.Refund
	}
	return l
}
