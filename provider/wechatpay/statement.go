package wechatpay

import (
	"bufio"
	"context"
	"crypto/sha1" //nolint:gosec // WeChat gives the SHA-1 of its bills, in an answer that it signs
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var _ provider.StatementFetcher = Connector{}

// StatementKinds are the bills of API v3 that are read: trades of a day (ALL, SUCCESS or REFUND), and the flow of funds of an account.
func (Connector) StatementKinds() []string { return []string{wire.BillTrade, wire.BillFundFlow} }

// StatementAccount implements provider.StatementFetcher: rows name the merchant, who under a service provider is the sub-merchant.
func (Connector) StatementAccount(call provider.Call) string {
	return partiesOf(call, "").Merchant()
}

// ReadStatement reads a bill as it is downloaded, plain or gzip. It must be whole by the summary at its end. Account, if it is not empty, must be the merchant of every row;
// a fund flow names none, and its sum has no account then.
func (Connector) ReadStatement(kind, account string, file provider.StatementFile, each func(provider.StatementLine) error) (provider.StatementSum, error) {
	if kind != wire.BillTrade && kind != wire.BillFundFlow {
		return provider.StatementSum{}, fmt.Errorf("wechatpay: a bill is of the kind %s or %s", wire.BillTrade, wire.BillFundFlow)
	}
	magic := make([]byte, 2)
	if _, err := file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return provider.StatementSum{}, fmt.Errorf("wechatpay: read the bill: %w", err)
	}
	text, err := wire.OpenBill(io.NewSectionReader(file, 0, file.Size), magic)
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
	a := send(ctx, call, "statement", http.MethodGet, wire.BillTarget(kind, day, call.SubMerchant), nil)
	result := provider.FetchResult{State: provider.FetchUnknown, Class: a.class, Exchange: a.exchange}
	result.Code, result.Message = a.words()
	if !a.ok() {
		if a.cause == nil {
			m := meaningOf(a.status, a.refuse)
			result.Class = m.class
			if m.fetch != "" {
				result.State = m.fetch
			}
			if m.fetch == provider.FetchEmpty {
				result.Class = provider.ClassNone
			}
		}
		return result
	}
	var found wire.BillAnswer
	err := wire.Decode(a.body, &found)
	u, err2 := url.Parse(found.DownloadURL)
	if err != nil || err2 != nil || !strings.HasPrefix(u.RequestURI(), wire.PathBillFile+"?") || !strings.EqualFold(found.HashType, "SHA1") || len(found.HashValue) != 2*sha1.Size {
		result.Class, result.Message = provider.ClassBug, "the answer has no download address below "+wire.PathBillFile+" with a SHA-1"
		return result
	}
	result.Digest = found.HashValue
	size, digest, err := download(ctx, call, u.RequestURI(), w)
	result.Size = size
	switch {
	case err != nil:
		result.Class, result.Message = provider.ClassUnknown, err.Error()
	case !strings.EqualFold(digest, found.HashValue):
		result.Class, result.Message = provider.ClassUnknown, "the file's SHA-1 is "+digest+", WeChat signed "+found.HashValue
	default:
		result.State, result.Class, result.Code, result.Message = provider.FetchDone, provider.ClassNone, "", ""
	}
	return result
}

// download asks the API's own host for the file, whatever host the address names: the Authorization goes nowhere else. It writes the file as it comes and returns the
// SHA-1 of what it unpacks to.
func download(ctx context.Context, call provider.Call, target string, w io.Writer) (size int64, digest string, err error) {
	ctx, cancel := within(ctx, call)
	defer cancel()
	var unkept provider.Exchange
	req, err := request(ctx, call, http.MethodGet, target, nil, &unkept)
	if err != nil {
		return 0, "", err
	}
	res, err := call.Env.HTTP.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = res.Body.Close() }() // read only
	if res.StatusCode != http.StatusOK {
		return 0, "", fmt.Errorf("wechatpay: the file's address answers HTTP %d", res.StatusCode)
	}
	count := &counted{w: w}
	raw := bufio.NewReader(io.TeeReader(io.LimitReader(res.Body, provider.MaxStatement), count))
	head, _ := raw.Peek(2) // an empty file is caught by its digest
	plain, err := wire.OpenBill(raw, head)
	if err != nil {
		return count.n, "", err
	}
	sum := sha1.New() //nolint:gosec // see the import
	n, err := io.Copy(sum, io.LimitReader(plain, provider.MaxStatement+1))
	if err == nil {
		_, err = io.Copy(io.Discard, raw)
	}
	switch {
	case err != nil:
		return count.n, "", fmt.Errorf("wechatpay: the file broke off: %w", err)
	case n > provider.MaxStatement || count.n >= provider.MaxStatement:
		return count.n, "", fmt.Errorf("wechatpay: the file is longer than %d bytes", provider.MaxStatement)
	}
	return count.n, hex.EncodeToString(sum.Sum(nil)), nil
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
