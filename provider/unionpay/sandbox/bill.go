package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/unionpay/wire"
)

// feeRate is what the network keeps of a payment, in hundredths of a percent; of a refund it gives as much back. [GEN]
const feeRate = 60

// billHour is when the bill of a clearing day is there: at nine in the morning after it.
const billHour = 9

// file answers a request for the bill of a clearing day. A day without transactions, a day that is not over and a wrong date are one answer: 98.
func (s *Sandbox) file(m, answer wire.Message) *refusal {
	if m["txnType"] != wire.TypeFile || m["txnSubType"] != wire.SubFile || m["fileType"] != wire.FileZIP {
		return refuse("10", "报文格式错误 fileType", "9100014")
	}
	now := s.now().In(wire.Beijing)
	day, err := time.ParseInLocation("20060102", now.Format("2006")+m["settleDate"], wire.Beijing)
	if err != nil {
		return refuse("10", "报文格式错误 settleDate", "9100015")
	}
	if day.After(now) { // [GEN] the date has no year: the last day of that name
		day = day.AddDate(-1, 0, 0)
	}
	none := refuse("98", "文件不存在", "9100016")
	if now.Before(day.AddDate(0, 0, 1).Add(billHour * time.Hour)) {
		return none
	}
	file, err := s.pack(m["merId"], day)
	if err != nil {
		return none
	}
	content, err := wire.PackContent(file)
	if err != nil {
		return refuse("99", "系统错误", "9100017")
	}
	answer["fileName"], answer["fileContent"], answer["settleDate"] = wire.FileName(m["merId"], day), content, m["settleDate"]
	return nil
}

// pack writes what was paid and given back on a clearing day, by the time of each.
func (s *Sandbox) pack(merID string, day time.Time) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []wire.Row
	on := func(t time.Time) bool { return clearingDay(t) == day.In(wire.Beijing).Format(time.DateOnly) }
	for _, o := range s.book.all {
		if o.queryID == "" || o.request["merId"] != merID {
			continue
		}
		if on(o.paid) {
			rows = append(rows, row(o.request, o.queryID, "", o.paid, o.amount, -1))
		}
		if !o.reversed.IsZero() && on(o.reversed) { // [GEN] whether a bill has reversed orders is attested nowhere
			back := maps.Clone(o.request)
			back["txnType"] = wire.TypeReversal
			rows = append(rows, row(back, o.queryID, o.queryID, o.reversed, o.amount, 1))
		}
		for _, r := range o.refunds {
			if on(r.at) {
				rows = append(rows, row(r.request, r.queryID, o.queryID, r.at, r.amount, 1))
			}
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("the bill of %s: %w", day.Format(time.DateOnly), sandboxkit.ErrNotFound)
	}
	slices.SortStableFunc(rows, func(a, b wire.Row) int { return strings.Compare(a.QueryID, b.QueryID) })
	return wire.WriteBill(merID, day, rows)
}

// clearingDay is the day to whose bill a moment belongs: it ends at 23:00.
func clearingDay(t time.Time) string { return t.In(wire.Beijing).Add(time.Hour).Format(time.DateOnly) }

// row writes one transaction. Feesign is -1 where the merchant pays the fee, 1 where it gets it back.
func row(request wire.Message, queryID, origQueryID string, at time.Time, amount, feeSign int64) wire.Row {
	fee := feeSign * ((amount*feeRate + 5000) / 10000)
	settled := amount
	if feeSign > 0 {
		settled = -amount
	}
	return wire.Row{
		TraceTime: at.In(wire.Beijing).Format("0102150405"), Amount: amount, QueryID: queryID, OrderID: request["orderId"], Fee: fee, Settle: settled + fee,
		TxnType: request["txnType"], OrigQueryID: origQueryID, MerID: request["merId"],
	}
}

// BillKinds are the two files of a bill, which come in one ZIP.
func (b buttons) BillKinds() []string { return []string{"ZM", "ZME"} }

// WriteBill packs what the book has of a clearing day so far, for whoever steers the simulator: unlike the download it does not wait for the next morning.
func (b buttons) WriteBill(kind string, day time.Time) (string, []byte, error) {
	if !slices.Contains(b.BillKinds(), kind) || len(b.s.cfg.Accounts) == 0 {
		return "", nil, fmt.Errorf("a bill of the kind %q: %w", kind, sandboxkit.ErrNotFound)
	}
	merID := b.s.cfg.Accounts[0].MerID
	file, err := b.s.pack(merID, day)
	return wire.FileName(merID, day), file, err
}
