package tenpay

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/tenpay/wire"
)

// billPeek is how much of a bill is looked at before it is handed on: a refusal, or the bill of a day without transactions, is shorter.
const billPeek = 1 << 10

// StatementAccount is the partner number, with which every transaction number begins.
func (Connector) StatementAccount(call provider.Call) string { return setting(call, SettingPartner) }

// FetchStatement downloads the bill of all transactions of a past day. TenPay signs neither bills nor refusals: a bill is whole when its last line fits its rows and every row
// is the partner's, which ReadStatement checks. Of refusals one code is attested, for a bill that is not made yet; any other proves nothing.
func (c Connector) FetchStatement(ctx context.Context, call provider.Call, kind string, day time.Time, w io.Writer) provider.FetchResult {
	day = day.In(wire.Beijing)
	now := call.Env.Now().In(wire.Beijing)
	switch {
	case kind != statementAll:
		return provider.FetchResult{State: provider.FetchRefused, Class: provider.ClassInvalid, Code: "unknown_kind", Message: "a bill is of the kind all"}
	case day.Format(time.DateOnly) >= now.Format(time.DateOnly):
		return provider.FetchResult{State: provider.FetchNotReady, Code: "not_over", Message: "TenPay gives bills of past days"}
	}
	p := wire.Params{
		"spid": setting(call, SettingPartner), "trans_time": day.Format(time.DateOnly), "stamp": strconv.FormatInt(now.Unix(), 10), "cft_signtype": "0", "mchtype": wire.BillAll,
	}
	out := provider.FetchResult{State: provider.FetchUnknown, Class: provider.ClassUnknown, Exchange: provider.Exchange{Op: "statement"}}
	key, err := partnerKey(call)
	if err != nil {
		out.Class, out.Code, out.Message, out.Exchange.Error = provider.ClassAuth, "not_sent", err.Error(), err.Error()
		return out
	}
	p.SignBill(key)
	out.Exchange.Request = masked(p)
	if err := download(ctx, call, p, w, &out); err != nil {
		if out.Code = "no_answer"; errors.Is(err, provider.ErrNotSent) {
			out.Class, out.Code = provider.ClassUnavailable, "not_sent"
		}
		out.State, out.Message, out.Exchange.Error = provider.FetchUnknown, err.Error(), err.Error()
	}
	return out
}

func partnerKey(call provider.Call) ([]byte, error) {
	g, err := call.Newest()
	if err != nil {
		return nil, err
	}
	key, err := g.Secret(KeyPartner)
	if err != nil {
		return nil, err
	}
	return key.Reveal(), nil
}

// download makes the call and streams the bill, unless its beginning is all there is and says that there is none.
func download(ctx context.Context, call provider.Call, p wire.Params, w io.Writer, out *provider.FetchResult) error {
	if call.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.Timeout)
		defer cancel()
	}
	body, err := p.Encode()
	if err != nil {
		return fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, setting(call, SettingMerchant)+wire.PathBill, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", provider.ErrNotSent, err)
	}
	req.GetBody = nil
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := call.Env.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }() // read only
	out.Exchange.Status = resp.StatusCode
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d instead of 200", resp.StatusCode)
	}
	answer := bufio.NewReader(io.LimitReader(resp.Body, provider.MaxStatement+1))
	begin, err := answer.Peek(billPeek)
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the answer broke off: %s", err) // not %w: an error of reading must never look like one of sending
	}
	if len(begin) < billPeek && short(begin, out) {
		return nil
	}
	n, err := io.Copy(w, answer)
	switch out.Size = n; {
	case err != nil:
		return fmt.Errorf("the answer broke off: %s", err)
	case n > provider.MaxStatement:
		return fmt.Errorf("the bill is longer than %d bytes", provider.MaxStatement)
	}
	out.State, out.Class = provider.FetchDone, provider.ClassNone
	return nil
}

// short reads an answer that is all there: a refusal, or a bill without rows. It says whether it was either.
func short(answer []byte, out *provider.FetchResult) bool {
	var refusal *wire.BillError
	stated, err := wire.ReadBill(bytes.NewReader(answer), func(wire.BillRow) error { return nil })
	switch {
	case errors.As(err, &refusal):
		if out.Code, out.Message = refusal.Code, clip(refusal.Text); refusal.Code == wire.BillNotReady {
			out.State, out.Class = provider.FetchNotReady, provider.ClassNone
		}
		return true
	case err == nil && stated.Rows == 0:
		out.State, out.Class = provider.FetchEmpty, provider.ClassNone
		return true
	}
	return false
}
