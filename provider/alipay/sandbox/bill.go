package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// [GEN] What the simulated Alipay keeps of a payment, in hundredths of a percent; of a refund it gives as much back.
const feeRate = 60

// When a bill is there, and how long its address works (documented).
const (
	billReady   = 9 * time.Hour // after the end of the day
	billYears   = 6
	addressLife = 30 * time.Second
	pathBill    = "/downloadBillFile.resource"
)

// billFile is a bill whose address was given out.
type billFile struct {
	seller, kind string
	day, until   time.Time
}

var billKinds = []string{wire.BillTrade, wire.BillSignCustomer}

// fee is what is kept of an amount in fen, rounded half up.
func fee(amount int64) int64 { return (amount*feeRate + 5000) / 10000 }

// billAddress answers alipay.data.dataservice.bill.downloadurl.query.
func (s *Sandbox) billAddress(c call) (wire.Fields, *refusal) {
	day, err := time.ParseInLocation(time.DateOnly, c.biz.Text("bill_date"), wire.Beijing)
	end := day.AddDate(0, 0, 1)
	switch {
	case !slices.Contains(billKinds, c.biz.Text("bill_type")):
		return nil, business("isv.TYPE_NOT_SUPPORTED", "账单类型不支持")
	case err != nil || c.now.Before(end) || c.now.After(day.AddDate(billYears, 0, 0)):
		return nil, business("isv.INVAILID_ARGUMENTS", "入参不合法") // the documents spell it so
	case c.now.Before(end.Add(billReady)):
		return nil, business("isp.BILL_NOT_EXIST", "账单不存在")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.billRows(c.account.SellerID, day)) == 0 {
		return nil, business("isp.NO_BILL_DATA", "没有账单数据")
	}
	token := s.digits(32)
	s.book.files[token] = billFile{seller: c.account.SellerID, kind: c.biz.Text("bill_type"), day: day, until: c.now.Add(addressLife)}
	address := s.cfg.BaseURL + pathBill + "?" + url.Values{"userId": {c.account.SellerID}, "token": {token}}.Encode()
	return wire.Fields{}.Set("bill_download_url", address), nil
}

// billDownload hands a bill out while its address works.
func (s *Sandbox) billDownload(w http.ResponseWriter, r *http.Request) {
	s.faults.Around(w, r, opBillFile, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		f, known := s.book.files[r.URL.Query().Get("token")]
		s.mu.Unlock()
		if !known || !s.now().Before(f.until) {
			http.Error(w, "this address is too old", http.StatusForbidden)
			return
		}
		name, file, err := s.writeBill(f.seller, f.kind, f.day)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/zip")
		w.Header().Set("Content-Disposition", "attachment; filename="+name)
		w.Header().Set("Content-Length", strconv.Itoa(len(file)))
		_, _ = w.Write(file) // the caller is gone when this fails
	})
}

// BillKinds are the bills that are written.
func (b buttons) BillKinds() []string { return slices.Clone(billKinds) }

// WriteBill writes a bill of the first account.
func (b buttons) WriteBill(kind string, day time.Time) (string, []byte, error) {
	s := b.s
	seller := s.cfg.Accounts[0].SellerID
	s.mu.Lock()
	rows := len(s.billRows(seller, day))
	s.mu.Unlock()
	if !slices.Contains(billKinds, kind) || rows == 0 {
		return "", nil, fmt.Errorf("no bill %q of %s: %w", kind, day.Format(time.DateOnly), sandboxkit.ErrNotFound)
	}
	return s.writeBill(seller, kind, day)
}

func (s *Sandbox) writeBill(seller, kind string, day time.Time) (string, []byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.billRows(seller, day)
	if kind == wire.BillTrade {
		return wire.WriteTradeBill(seller, day, s.now(), rows)
	}
	return wire.WriteAccountBill(seller, day, s.now(), s.accountRows(seller, day))
}

// accountRows are what moved on a seller's account in one day: payments, refunds, fees and, [GEN] by this name, shares. The balance begins at nothing. Sandbox.mu is held.
func (s *Sandbox) accountRows(seller string, day time.Time) []wire.AccountBillRow {
	var all []wire.AccountBillRow
	for _, r := range s.billRows(seller, time.Time{}) {
		row := wire.AccountBillRow{TradeNo: r.TradeNo, OutTradeNo: r.OutTradeNo, Title: r.Title, Other: r.Buyer, At: r.Done, Kind: "在线支付", Amount: r.Received}
		if r.Kind == wire.BillRefund {
			row.Kind = "退款"
		}
		fee := row
		fee.Kind, fee.Amount = "收费", r.Fee
		all = append(all, row, fee)
	}
	for _, o := range s.book.all {
		for _, one := range o.shares {
			for _, p := range one.parts {
				if o.account.SellerID == seller {
					all = append(all, wire.AccountBillRow{TradeNo: o.tradeNo, OutTradeNo: o.outTradeNo, Title: wire.BillText(o.subject), Other: p.account, At: one.at, Kind: "分账", Amount: -p.amount})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b wire.AccountBillRow) int { return a.At.Compare(b.At) })
	var rows []wire.AccountBillRow
	balance := int64(0)
	for i, r := range all {
		if r.Amount == 0 {
			continue
		}
		balance += r.Amount
		if r.No, r.Balance = fmt.Sprintf("%s%08d", r.At.In(wire.Beijing).Format("20060102"), i), balance; !r.At.Before(day) && r.At.Before(day.AddDate(0, 0, 1)) {
			rows = append(rows, r)
		}
	}
	return rows
}

// billRows are a seller's payments and refunds of one day in Beijing, or of all days, in order. Sandbox.mu is held.
func (s *Sandbox) billRows(seller string, day time.Time) []wire.TradeBillRow {
	var rows []wire.TradeBillRow
	add := func(at time.Time, r wire.TradeBillRow) {
		if at.IsZero() || !day.IsZero() && (at.Before(day) || !at.Before(day.AddDate(0, 0, 1))) {
			return
		}
		r.Done = at
		rows = append(rows, r)
	}
	for _, o := range s.book.all {
		if o.account.SellerID != seller || o.paid.IsZero() {
			continue
		}
		row := wire.TradeBillRow{Kind: wire.BillPaid, TradeNo: o.tradeNo, OutTradeNo: o.outTradeNo, Title: wire.BillText(o.subject), Buyer: logonID(o.buyer), Created: o.created}
		paid := row
		paid.Amount, paid.Received, paid.Fee = o.amount, o.amount, -fee(o.amount)
		add(o.paid, paid)
		for _, r := range o.refunds {
			back := row
			back.Kind, back.RequestNo, back.Note, back.Amount, back.Received, back.Fee = wire.BillRefund, r.no, wire.BillText(r.reason), -r.amount, -r.amount, fee(r.amount)
			add(r.at, back)
		}
	}
	slices.SortStableFunc(rows, func(a, b wire.TradeBillRow) int { return a.Done.Compare(b.Done) })
	return rows
}
