package wechatpay

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// StatementKinds are the bills of API v3 that are read: trades of a day (ALL, SUCCESS or REFUND), and the flow of funds of an account.
func (Connector) StatementKinds() []string { return []string{wire.BillTrade, wire.BillFundFlow} }

// StatementAccount implements provider.StatementFetcher: rows name the merchant, who under a service provider is the sub-merchant.
func (Connector) StatementAccount(call provider.Call) string { return partiesOf(call, "").Merchant() }

// ReadStatement reads a bill as it is downloaded, plain or gzip. It must be whole by the summary at its end. Account, if it is not empty, must be the merchant of every row;
// a fund flow names none, and its sum has no account then.
func (Connector) ReadStatement(kind, account string, file provider.StatementFile, each func(provider.StatementLine) error) (provider.StatementSum, error) {
	text, err := wire.OpenBill(io.NewSectionReader(file, 0, file.Size))
	if err != nil {
		return provider.StatementSum{}, notWhole(err)
	}
	bounded := &io.LimitedReader{R: text, N: provider.MaxStatement}
	got, err := wire.ReadEntries(kind, account, bounded, func(e wire.Entry) error {
		return each(provider.StatementLine{Kind: provider.LineKind(e.Kind), TxnNo: e.TxnNo, Number: e.Number, RefundTxnNo: e.RefundTxnNo, RefundNumber: e.RefundNumber,
			Amount: e.Amount, Fee: e.Fee, Currency: e.Currency, At: e.At, Columns: e.Columns})
	})
	sum := provider.StatementSum{Lines: got.Lines, Amount: got.Amount, Fee: got.Fee, From: got.From, Until: got.Until}
	if got.Named {
		sum.Account = account
	}
	if err == nil && bounded.N <= 0 {
		err = fmt.Errorf("%w: it unpacks to more than %d bytes", provider.ErrNotWhole, provider.MaxStatement)
	}
	return sum, notWhole(err)
}

// notWhole gives a bill's own errors the port's name.
func notWhole(err error) error {
	if errors.Is(err, wire.ErrPartial) {
		return fmt.Errorf("%w: %w", provider.ErrNotWhole, err)
	}
	return err
}

// FetchStatement implements provider.StatementFetcher: one signed question for the address and the SHA-1 of the file, one call for the file. That answer is not signed; the
// digest is what it is believed by.
func (Connector) FetchStatement(ctx context.Context, call provider.Call, kind string, day time.Time, w io.Writer) provider.FetchResult {
	if kind == wire.BillFundFlow && isPartner(call) {
		return provider.FetchResult{State: provider.FetchRefused, Class: provider.ClassInvalid,
			Message: "WeChat gives a sub-merchant's flow of funds encrypted and in parts, which is not read here: fetch the trade bill"}
	}
	a := send(ctx, call, wire.AskBill(partiesOf(call, ""), kind, day))
	result := provider.FetchResult{State: cmp.Or(a.meaning().fetch, provider.FetchUnknown), Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	if result.State == provider.FetchEmpty {
		result.Class = provider.ClassNone
	}
	if !a.ok() {
		return result
	}
	target, digest, err := wire.ParseBillAnswer(a.body)
	if err != nil {
		result.Class, result.Message = provider.ClassBug, err.Error()
		return result
	}
	result.Digest = digest
	if result.Size, err = download(ctx, call, wire.Ask{Method: http.MethodGet, Target: target}, digest, w); err == nil {
		result.State = provider.FetchDone
		return result
	}
	result.Class, result.Message = provider.ClassUnknown, err.Error()
	return result
}

// download asks the API's own host for the file, whatever host the address names: the Authorization goes nowhere else.
func download(ctx context.Context, call provider.Call, ask wire.Ask, digest string, w io.Writer) (size int64, err error) {
	ctx, cancel := within(ctx, call)
	defer cancel()
	req, _, err := request(ctx, call, ask)
	if err != nil {
		return 0, err
	}
	res, err := call.Env.HTTP.Do(req)
	if err != nil {
		return 0, err
	}
	defer func() { _ = res.Body.Close() }() // read only
	return wire.CopyBill(w, res.StatusCode, res.Body, provider.MaxStatement, digest)
}
