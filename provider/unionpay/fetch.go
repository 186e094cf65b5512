package unionpay

import (
	"context"
	"fmt"
	"io"
	"maps"
	"time"

	"postern/provider"
	"postern/provider/unionpay/wire"
)

// Bounds of a bill's day. A request names it without a year, so that a day of last year would be taken for this one's. The answer for a day without a bill is the same
// whether it is not made yet or never will be: until billLate after the day's end it counts as not made.
const (
	billYears = 330 * 24 * time.Hour
	billLate  = 24 * time.Hour
)

// noFile is the code of a day without a bill.
const noFile = "98"

// StatementAccount is the merchant number, which stands in the names of the files.
func (Connector) StatementAccount(call provider.Call) string { return setting(call, SettingMerID) }

// FetchStatement downloads the bill of a clearing day, which begins and ends at 23:00. The ZIP comes inside a signed message, packed once more; it is written as the ZIP.
// Both kinds stand in the one file.
func (c Connector) FetchStatement(ctx context.Context, call provider.Call, kind string, day time.Time, w io.Writer) provider.FetchResult {
	day = day.In(wire.Beijing)
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, wire.Beijing)
	now := call.Env.Now()
	switch {
	case kind != statementDetail && kind != statementDispute:
		return provider.FetchResult{State: provider.FetchRefused, Class: provider.ClassInvalid, Code: "unknown_kind", Message: "a bill is of the kind ZM or ZME"}
	case day.Add(-time.Hour).After(now):
		return provider.FetchResult{State: provider.FetchNotReady, Code: "not_over", Message: "the day has not begun"}
	case now.Sub(day) > billYears:
		return provider.FetchResult{State: provider.FetchRefused, Class: provider.ClassInvalid, Code: "too_old", Message: "UnionPay gives bills by day and month: at most 330 days back"}
	}
	m := base(call, wire.TypeFile, wire.SubFile, wire.BizOther, wire.ChannelPC)
	m["fileType"], m["settleDate"], m["txnTime"] = wire.FileZIP, wire.SettleDate(day), wire.FormatTime(now)
	r := sendTo(ctx, call, "statement", setting(call, SettingFiles)+wire.PathFile, m, wire.MaxMessage)
	out := provider.FetchResult{State: provider.FetchUnknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	if r.message == nil {
		out.Exchange.Response = "" // whatever it is, it is not to be believed, and it may be a bill
		return out
	}
	out.Exchange.Response = withoutFile(r.message)
	switch {
	case r.code == noFile && now.Before(day.Add(23*time.Hour+billLate)):
		out.State, out.Class = provider.FetchNotReady, provider.ClassNone
	case r.code == noFile:
		out.State, out.Class = provider.FetchEmpty, provider.ClassNone
	case accepted(r.code):
		return written(out, r.message, day, w)
	case r.class == provider.ClassClosed || r.class == provider.ClassInvalid || r.class == provider.ClassAuth:
		out.State = provider.FetchRefused
	}
	return out
}

// written unpacks the file of an answer and hands it on. It must be the merchant's own and of the day that was asked for, which its name says with the year.
func written(out provider.FetchResult, m wire.Message, day time.Time, w io.Writer) provider.FetchResult {
	if want := wire.FileName(m["merId"], day); m["fileName"] != want {
		out.Code, out.Message = "other_file", fmt.Sprintf("the file is %.60q, not %s", m["fileName"], want)
		return out
	}
	file, err := wire.UnpackContent(m["fileContent"])
	if err != nil {
		out.Code, out.Message = "unreadable_file", err.Error()
		return out
	}
	n, err := w.Write(file)
	if out.Size = int64(n); err != nil {
		out.Code, out.Message = "not_written", err.Error()
		return out
	}
	out.State = provider.FetchDone
	return out
}

// withoutFile writes an answer for the story: what it says, without the bill and its signature.
func withoutFile(m wire.Message) string {
	shown := maps.Clone(m)
	for _, name := range []string{"fileContent", "signature", "signPubKeyCert"} {
		if shown[name] != "" {
			shown[name] = "..."
		}
	}
	return clip(shown.EncodeBody())
}
