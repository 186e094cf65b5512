package sandbox

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // WeChat gives the SHA-1 of its bills
	"encoding/hex"
	"fmt"
	"net/http"
	"sort"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// Rules of bills as documented.
const (
	billReady   = 34 * time.Hour // a day's bill can be had from ten o'clock of the day after
	billMonths  = 3
	addressLife = 5 * time.Minute // life of a download address
	feeRate     = 60              // hundredths of a per cent, kept from every payment and not given back [G]
)

// billFile is a bill under its download address.
type billFile struct {
	account *Account
	raw     []byte
	expires time.Time
}

// billAddress answers where a day's bill is, and its SHA-1.
func (s *Sandbox) billAddress(kind string) handler {
	return func(c *call) (any, *refusal) {
		q := c.URL.Query()
		day, err := time.ParseInLocation(time.DateOnly, q.Get("bill_date"), wire.CST)
		switch {
		case err != nil:
			return nil, badField("/bill_date", "bill_date takes yyyy-MM-dd")
		case kind == wire.BillTrade && q.Get("bill_type") != "" && q.Get("bill_type") != "ALL":
			return nil, badField("/bill_type", "this sandbox writes ALL only")
		case kind == wire.BillFundFlow && q.Get("account_type") != "" && q.Get("account_type") != "BASIC":
			return nil, badField("/account_type", "this sandbox writes BASIC only")
		case q.Get("tar_type") != "" && q.Get("tar_type") != "GZIP":
			return nil, badField("/tar_type", "tar_type takes GZIP")
		}
		if kind == wire.BillFundFlow && q.Has("sub_mchid") {
			return nil, badField("/sub_mchid", "a flow of funds is the account's own")
		}
		merchant, bad := c.merchant(q.Get("sub_mchid"))
		if bad != nil {
			return nil, bad
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch now := s.now(); {
		case now.AddDate(0, -billMonths, 0).After(day.AddDate(0, 0, 1)):
			return nil, refuse(http.StatusBadRequest, wire.CodeParamError, "仅支持三个月内的账单下载申请")
		case now.Before(day.Add(billReady)):
			return nil, refuse(http.StatusBadRequest, wire.CodeStatementCreating, "账单生成中，请稍后再试")
		}
		file := s.billOf(kind, merchant, day)
		if file == nil {
			return nil, refuse(http.StatusBadRequest, wire.CodeNoStatementExist, "账单文件不存在")
		}
		sum := sha1.Sum(file) //nolint:gosec // see the import
		if q.Get("tar_type") == "GZIP" {
			file = packed(file)
		}
		token := s.text(letters, 32)
		s.book.files[token] = billFile{account: c.account, raw: file, expires: s.now().Add(addressLife)}
		return wire.BillAnswer{HashType: "SHA1", HashValue: hex.EncodeToString(sum[:]), DownloadURL: s.cfg.BaseURL + wire.PathBillFile + "?token=" + token}, nil
	}
}

func packed(file []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(file) // into memory: neither can fail
	_ = z.Close()
	return b.Bytes()
}

// billFile serves a bill to who asked for it. Its answer is not signed, as WeChat's is not.
func (s *Sandbox) billFile(w http.ResponseWriter, r *http.Request) {
	c, refused := s.authenticate(r)
	if refused != nil {
		s.writeRefusal(w, refused)
		return
	}
	s.mu.Lock()
	file, known := s.book.files[r.URL.Query().Get("token")]
	live := known && s.now().Before(file.expires) && file.account.MchID == c.account.MchID
	s.mu.Unlock()
	if !live {
		s.writeRefusal(w, refuse(http.StatusForbidden, wire.CodeNoAuth, "下载地址已失效"))
		return
	}
	body := bytes.Clone(file.raw)
	if _, ok := s.faults.Take(OpDownload, FaultDamaged); ok {
		body[len(body)/2] ^= 1
	}
	s.commonHeaders(w.Header())
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(body) // the merchant is gone when this fails
}

// billOf writes a merchant's bill of a day, or nil when nothing happened. It needs s.mu.
func (s *Sandbox) billOf(kind, merchant string, day time.Time) []byte {
	from, until := day, day.AddDate(0, 0, 1)
	within := func(t time.Time) bool { return !t.Before(from) && t.Before(until) }
	if kind == wire.BillFundFlow {
		var rows []wire.FundRow
		for _, r := range s.funds(merchant) {
			if within(r.At) {
				rows = append(rows, r)
			}
		}
		if len(rows) == 0 {
			return nil
		}
		return wire.WriteFundFlow(rows)
	}
	var rows []wire.TradeRow
	for _, r := range s.trades(merchant) {
		if within(r.At) {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return wire.WriteTradeBill(rows)
}

// trades are the rows of all of a merchant's trade bills: an account's own orders, and those of its sub-merchants. It needs s.mu.
func (s *Sandbox) trades(merchant string) []wire.TradeRow {
	var rows []wire.TradeRow
	for _, o := range s.book.orders {
		if o.transactionID == "" || o.Merchant() != merchant && o.account.MchID != merchant {
			continue
		}
		row := wire.TradeRow{
			At: o.paidAt, AppID: o.AppID + o.SpAppID, MchID: o.account.MchID, SubMchID: o.SubMchID, TransactionID: o.transactionID, OutTradeNo: o.OutTradeNo,
			OpenID: o.payerOf(o.buyer).ID(), Type: string(o.kind), State: wire.StateSuccess, Description: o.Description, Attach: o.Attach, Total: o.paidTotal, FeeMicro: o.fee() * 1000,
		}
		rows = append(rows, row)
		row.FeeMicro = 0
		if !o.revokedAt.IsZero() { // a row of its own, without refund numbers [G]
			row.At, row.State, row.Refund = o.revokedAt, wire.StateRevoked, o.paidTotal
			rows = append(rows, row)
		}
		for _, r := range o.refunds {
			if r.status == wire.RefundSuccess || r.status == wire.RefundAbnormal {
				row.At, row.State, row.Refund, row.RefundID, row.OutRefundNo = r.settledAt, wire.StateRefund, r.request.Amount.Refund, r.id, r.request.OutRefundNo
				rows = append(rows, row)
			}
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].At.Before(rows[j].At) })
	return rows
}

// fee is what WeChat keeps of an order, in fen.
func (o *order) fee() int64 { return (o.paidTotal*feeRate + 5000) / 10_000 }

// funds are the rows of a merchant's flow of funds, from its first day on, with the balance after each. It needs s.mu.
func (s *Sandbox) funds(merchant string) []wire.FundRow {
	var rows []wire.FundRow
	add := func(at time.Time, id, name, kind, remark, ticket string, amount int64) {
		rows = append(rows, wire.FundRow{At: at, ID: id, Name: name, Type: kind, Remark: remark, Ticket: ticket, Amount: amount})
	}
	for _, o := range s.book.orders {
		if o.transactionID == "" || o.Merchant() != merchant {
			continue
		}
		add(o.paidAt, o.transactionID, "交易", "交易", o.Description, o.OutTradeNo, o.paidTotal)
		if fee := o.fee(); fee > 0 {
			add(o.paidAt, o.transactionID, "扣除交易手续费", "扣除交易手续费", "", o.OutTradeNo, -fee)
		}
		if !o.revokedAt.IsZero() {
			add(o.revokedAt, o.transactionID, "退款", "退款", "撤销", o.OutTradeNo, -o.paidTotal)
		}
		for _, sh := range o.shares {
			for _, p := range sh.request.Receivers {
				add(sh.due, sh.id, "分账", "分账", p.Description, sh.request.OutOrderNo, -p.Amount)
			}
		}
		for _, r := range o.refunds {
			if r.status == wire.RefundSuccess || r.status == wire.RefundAbnormal {
				add(r.settledAt, r.id, "退款", "退款", r.request.Reason, r.request.OutRefundNo, -r.request.Amount.Refund)
			}
		}
	}
	sort.SliceStable(rows, func(i, j int) bool { return rows[i].At.Before(rows[j].At) })
	var balance int64
	for i := range rows {
		balance += rows[i].Amount
		rows[i].Balance = balance
		rows[i].FlowID = merchant + rows[i].At.In(wire.CST).Format("20060102") + fmt.Sprintf("%010d", i)
	}
	return rows
}

// BillKinds implements sandboxkit.Biller.
func (b controlBook) BillKinds() []string { return []string{wire.BillTrade, wire.BillFundFlow} }

// WriteBill implements sandboxkit.Biller for the first account.
func (b controlBook) WriteBill(kind string, day time.Time) (string, []byte, error) {
	s := b.s
	if kind != wire.BillTrade && kind != wire.BillFundFlow {
		return "", nil, fmt.Errorf("%w: bills are %s and %s", sandboxkit.ErrNotFound, wire.BillTrade, wire.BillFundFlow)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	merchant := s.cfg.Accounts[0].MchID
	file := s.billOf(kind, merchant, day)
	if file == nil {
		return "", nil, fmt.Errorf("%w: nothing happened on that day, and WeChat Pay has no bill of it", sandboxkit.ErrNotFound)
	}
	return merchant + "_" + kind + "_" + day.Format(time.DateOnly) + ".csv", file, nil
}
