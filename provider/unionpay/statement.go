package unionpay

import (
	"archive/zip"
	"fmt"
	"io"
	"time"

	"postern/provider"
	"postern/provider/unionpay/wire"
)

// The members of a bill that are read.
const (
	statementDetail  = "ZM"
	statementDispute = "ZME"
)

// StatementKinds are ZM, the day's detail, and ZME, its disputes and adjustments.
func (Connector) StatementKinds() []string { return []string{statementDetail, statementDispute} }

// ReadStatement reads a bill: the ZIP that fileContent of a file download holds once it is unpacked (base64, zlib). The files state no totals of their own, so
// that a bill is whole when the ZIP is (each member has its checksum), every row has its full width, and every row is the merchant's. ZME rows come as columns: what
// they mean is for a person.
func (Connector) ReadStatement(kind, account string, file provider.StatementFile, each func(provider.StatementLine) error) (provider.StatementSum, error) {
	sum := provider.StatementSum{Account: account}
	if kind != statementDetail && kind != statementDispute {
		return sum, fmt.Errorf("unionpay: a bill is of the kind %s or %s", statementDetail, statementDispute)
	}
	archive, err := zip.NewReader(file, file.Size)
	if err != nil {
		return sum, fmt.Errorf("%w: the ZIP is damaged: %w", provider.ErrNotWhole, err)
	}
	member, day, merID, err := wire.Member(archive, kind == statementDispute)
	if err != nil {
		return sum, err
	}
	defer func() { _ = member.Close() }() // read only
	if account != "" && merID != account {
		return sum, fmt.Errorf("%w: it is the bill of %s, not of %s", provider.ErrNotWhole, merID, account)
	}
	settled, err := time.ParseInLocation("060102", day, wire.Beijing)
	if err != nil {
		return sum, fmt.Errorf("%w: the day %q in its name is none", provider.ErrNotWhole, day)
	}
	sum.Account, sum.From, sum.Until = merID, settled.Add(-time.Hour), settled.Add(23*time.Hour) // a clearing day ends at 23:00
	take := func(l provider.StatementLine) error {
		sum.Lines, sum.Amount, sum.Fee = sum.Lines+1, sum.Amount+l.Amount, sum.Fee+l.Fee
		return each(l)
	}
	bounded := io.LimitReader(member, provider.MaxStatement)
	if kind == statementDispute {
		return sum, wire.ReadZME(bounded, func(columns []string) error {
			return take(provider.StatementLine{Kind: provider.LineOther, Currency: currency, At: settled, Columns: columns})
		})
	}
	return sum, wire.ReadZM(bounded, func(r wire.Row) error {
		if r.MerID != "" && r.MerID != merID {
			return fmt.Errorf("%w: a row of %s", provider.ErrNotWhole, r.MerID)
		}
		return take(line(r, settled))
	})
}

// line reads a row of the detail. The year of a row's time is the clearing day's, or the one before for the last evening of a year.
func line(r wire.Row, settled time.Time) provider.StatementLine {
	at, err := wire.ParseTime(settled.Format("2006") + r.TraceTime)
	if err != nil {
		at = settled
	}
	if at.After(settled.AddDate(0, 6, 0)) {
		at = at.AddDate(-1, 0, 0)
	}
	l := provider.StatementLine{Kind: provider.LineOther, TxnNo: r.QueryID, Number: r.OrderID, Amount: r.Amount, Fee: -r.Fee, Currency: currency, At: at, Columns: r.Columns}
	switch r.TxnType {
	case wire.TypeConsume:
		l.Kind = provider.LinePayment
	case wire.TypeRefund, wire.TypeUndo, wire.TypeReversal:
		l.Kind, l.RefundTxnNo, l.RefundNumber, l.TxnNo, l.Number, l.Amount = provider.LineRefund, r.QueryID, r.OrderID, r.OrigQueryID, "", -r.Amount
	}
	return l
}
