package alipay

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.Statementer = (*Connector)(nil)

// StatementKinds are the bill types of alipay.data.dataservice.bill.downloadurl.query that are read: trade (business detail) and signcustomer (account detail).
func (*Connector) StatementKinds() []string {
	return []string{wire.BillTrade, wire.BillSignCustomer}
}

// ReadStatement reads a bill as it is downloaded: a ZIP with a detail file and a summary, both in GBK under names in GBK, or the detail file alone. The rows must
// be as many, and add up to as much, as the file itself says at its end. Account is the seller's number (2088 and 12 digits).
func (*Connector) ReadStatement(kind, account string, file provider.StatementFile, each func(provider.StatementLine) error) (provider.StatementSum, error) {
	var sum provider.StatementSum
	if kind != wire.BillTrade && kind != wire.BillSignCustomer {
		return sum, fmt.Errorf("alipay: a bill is of the kind %s or %s", wire.BillTrade, wire.BillSignCustomer)
	}
	detail, err := wire.OpenBill(file, file.Size)
	if errors.Is(err, wire.ErrDamaged) {
		err = fmt.Errorf("%w: %w", provider.ErrNotWhole, err)
	}
	if err != nil {
		return sum, err
	}
	defer func() { _ = detail.Close() }() // read only
	seen := map[string]wire.BillTotal{}
	bounded := &io.LimitedReader{R: detail, N: provider.MaxStatement}
	bill, err := wire.ReadBill(bounded, func(r wire.BillRow) error {
		read := tradeLine
		if kind == wire.BillSignCustomer {
			read = accountLine
		}
		line, total, amount, err := read(r)
		if err != nil {
			return fmt.Errorf("alipay: line %d: %w", r.Line, err)
		}
		t := seen[total]
		seen[total] = wire.BillTotal{Rows: t.Rows + 1, Amount: t.Amount + amount}
		sum.Lines, sum.Amount, sum.Fee = sum.Lines+1, sum.Amount+line.Amount, sum.Fee+line.Fee
		return each(line)
	})
	sum.Account, sum.From, sum.Until = bill.Account, bill.From, bill.Until
	switch {
	case err != nil:
		return sum, err
	case bounded.N <= 0:
		return sum, fmt.Errorf("%w: it unpacks to more than %d bytes", provider.ErrNotWhole, provider.MaxStatement)
	}
	return sum, whole(bill, account, seen)
}

// whole holds what was read against what the file says of itself.
func whole(bill wire.Bill, account string, seen map[string]wire.BillTotal) error {
	if account != "" && !strings.HasPrefix(bill.Account, account) {
		return fmt.Errorf("%w: it is the bill of %s, not of %s", provider.ErrNotWhole, bill.Account, account)
	}
	if !bill.Whole || len(bill.Totals) < 2 {
		return fmt.Errorf("%w: the end of the list or its totals are missing after %d rows", provider.ErrNotWhole, bill.Rows)
	}
	for word, stated := range bill.Totals {
		if got := seen[word]; got.Rows != stated.Rows || abs(got.Amount) != abs(stated.Amount) { // which sign outgoing money has there is not attested
			return fmt.Errorf("%w: %s合计 says %d rows and %d fen, the file holds %d and %d", provider.ErrNotWhole, word, stated.Rows, stated.Amount, got.Rows, got.Amount)
		}
	}
	return nil
}

// tradeLine reads a row of the business detail. The file's totals are of 商家实收, what the merchant received.
func tradeLine(r wire.BillRow) (line provider.StatementLine, total string, received int64, err error) {
	row, err := r.ReadTrade()
	line = provider.StatementLine{Kind: provider.LineOther, TxnNo: row.TradeNo, Number: row.OutTradeNo, Amount: row.Amount, Fee: -row.Fee, Currency: currency, At: row.Done, Columns: r.Columns}
	switch row.Kind {
	case wire.BillPaid:
		line.Kind = provider.LinePayment
	case wire.BillRefund:
		line.Kind, line.RefundNumber = provider.LineRefund, row.RequestNo
	}
	return line, row.Kind, row.Received, err
}

// accountKinds reads 业务类型 of the account detail.
var accountKinds = map[string]provider.LineKind{
	"在线支付": provider.LinePayment, "交易付款": provider.LinePayment, "退款": provider.LineRefund, "交易退款": provider.LineRefund, "退款（交易退款）": provider.LineRefund,
	"收费": provider.LineFee, "分账": provider.LineShare, "交易分账": provider.LineShare, "转账": provider.LineTransfer, "提现": provider.LineWithdrawal,
}

// accountLine reads a row of the account detail: what came into the account, or left it.
func accountLine(r wire.BillRow) (line provider.StatementLine, total string, amount int64, err error) {
	row, err := r.ReadAccount()
	kind, known := accountKinds[row.Kind]
	if !known {
		kind = provider.LineOther
	}
	if total = "收入"; row.Amount < 0 {
		total = "支出"
	}
	line = provider.StatementLine{Kind: kind, TxnNo: row.TradeNo, Number: row.OutTradeNo, Amount: row.Amount, Currency: currency, At: row.At, Columns: r.Columns}
	return line, total, row.Amount, err
}

func abs(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}
