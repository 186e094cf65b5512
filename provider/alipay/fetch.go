package alipay

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.StatementFetcher = (*Connector)(nil)

// When a day's bill can be had (documented: from about nine the next morning, for six years). The answer for a day without a bill is the same whether it is not made yet or
// nothing happened: until billLate after the day's end it counts as not made.
const (
	billLate  = 24 * time.Hour
	billYears = 6
)

// StatementAccount is the seller whose bill it must be.
func (*Connector) StatementAccount(call provider.Call) string { return seller(call) }

// FetchStatement asks for the address of a day's bill, which is good for thirty seconds, and downloads it. The address is signed, the file itself is not: whether it is whole is
// for ReadStatement to say.
func (c *Connector) FetchStatement(ctx context.Context, call provider.Call, kind string, day time.Time, w io.Writer) provider.FetchResult {
	day = day.In(wire.Beijing)
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, wire.Beijing)
	now, end := call.Env.Now(), day.AddDate(0, 0, 1)
	switch {
	case kind != wire.BillTrade && kind != wire.BillSignCustomer:
		return provider.FetchResult{State: provider.FetchRefused, Class: provider.ClassInvalid, Code: "unknown_kind", Message: "a bill is of the kind trade or signcustomer"}
	case now.Before(end):
		return provider.FetchResult{State: provider.FetchNotReady, Code: "not_over", Message: "the day is not over"}
	case now.After(day.AddDate(billYears, 0, 0)):
		return provider.FetchResult{State: provider.FetchRefused, Class: provider.ClassInvalid, Code: "too_old", Message: "Alipay keeps bills for six years"}
	}
	r := send(ctx, call, "statement", "", wire.Request{Method: wire.MethodBill, Biz: wire.Fields{}.Set("bill_type", kind).Set("bill_date", day.Format(time.DateOnly))})
	out := provider.FetchResult{State: provider.FetchUnknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	switch {
	case r.success && r.text("bill_file_code") == wire.BillEmpty:
		out.State = provider.FetchEmpty
	case r.success:
		download(ctx, call, r.text("bill_download_url"), w, &out)
	case noBill[r.sub] && now.Before(end.Add(billLate)):
		out.State, out.Class = provider.FetchNotReady, provider.ClassNone
	case noBill[r.sub]:
		out.State, out.Class = provider.FetchEmpty, provider.ClassNone
	case noSuchBill[r.sub], r.class == provider.ClassClosed:
		out.State = provider.FetchRefused
	}
	out.Exchange.Response = addresses.ReplaceAllString(out.Exchange.Response, `$1[redacted]"`)
	return out
}

// download writes the file of an address that Alipay gave, which must be one of its own.
func download(ctx context.Context, call provider.Call, address string, w io.Writer, out *provider.FetchResult) {
	size, err := save(ctx, call, address, w)
	if out.Size = size; err == nil {
		out.State, out.Code, out.Message = provider.FetchDone, "", ""
		return
	}
	out.Class, out.Code, out.Message, out.Exchange.Error = provider.ClassUnknown, "no_file", err.Error(), err.Error()
	if errors.Is(err, provider.ErrNotSent) {
		out.Class, out.Code = provider.ClassUnavailable, "not_sent"
	}
}

func save(ctx context.Context, call provider.Call, address string, w io.Writer) (int64, error) {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	from, err := url.Parse(address)
	gateway, err2 := url.Parse(setting(call, settingGateway))
	if err != nil || err2 != nil || from.User != nil || from.Scheme != "https" && from.Scheme != "http" || site(from) != site(gateway) {
		return 0, fmt.Errorf("%w: the bill's address is not one of Alipay's", provider.ErrNotSent)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("%w: the bill's address cannot be used", provider.ErrNotSent) // the error would show it
	}
	resp, err := call.Env.HTTP.Do(req)
	if err != nil {
		var shown *url.Error // names the address, which opens the bill for whoever has it
		if errors.As(err, &shown) && !errors.Is(err, provider.ErrNotSent) {
			err = shown.Err
		}
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	file := bufio.NewReader(io.LimitReader(resp.Body, provider.MaxStatement+1))
	if magic, _ := file.Peek(4); resp.StatusCode != http.StatusOK || string(magic) != "PK\x03\x04" {
		return 0, fmt.Errorf("HTTP %d and no ZIP: the address may be too old", resp.StatusCode)
	}
	size, err := io.Copy(w, file)
	switch {
	case err != nil:
		return size, fmt.Errorf("the file broke off: %s", err) // not %w: an error of reading must never look like one of sending
	case size > provider.MaxStatement:
		return size, fmt.Errorf("the file has more than %d bytes", provider.MaxStatement)
	}
	return size, nil
}

// site is the last two labels of a host, or a host that is a number.
func site(u *url.URL) string {
	labels := strings.Split(strings.ToLower(u.Hostname()), ".")
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return u.Host
	}
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}
