package alipay

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// When a bill is there, and how long its address works (documented).
const (
	faceBillReady   = 9 * time.Hour // after the end of the day
	faceBillYears   = 6
	faceAddressLife = 30 * time.Second
	// maxFaceBill bounds the lines of one bill, which is written in memory.
	maxFaceBill = 200_000
)

var errFaceBill = errors.New("alipay: the day has more lines than one bill takes")

// billAddress answers alipay.data.dataservice.bill.downloadurl.query: an address that works for half a minute and rests on no row.
func (c *faceCall) billAddress(ctx context.Context) (wire.Fields, *faceRefusal) {
	kind, now := c.biz.Text("bill_type"), c.account.Now
	day, err := time.ParseInLocation(time.DateOnly, c.biz.Text("bill_date"), wire.Beijing)
	end := day.AddDate(0, 0, 1)
	switch {
	case kind != wire.BillTrade && kind != wire.BillSignCustomer:
		return nil, businessFace("isv.TYPE_NOT_SUPPORTED", "账单类型不支持")
	case err != nil || now.Before(end) || now.After(day.AddDate(faceBillYears, 0, 0)):
		return nil, businessFace("isv.INVAILID_ARGUMENTS", "入参不合法") // the documents spell it so
	case now.Before(end.Add(faceBillReady)):
		return nil, businessFace("isp.BILL_NOT_EXIST", "账单不存在")
	}
	some := errors.New("there is a line")
	err = c.g.Bill(ctx, c.account, day, func(provider.FaceLine) error { return some })
	switch {
	case err == nil:
		return nil, businessFace("isp.NO_BILL_DATA", "没有账单数据")
	case !errors.Is(err, some):
		return nil, businessFace("isp.UNKNOWN_ERROR", "未知异常")
	}
	token := c.g.Token("bill\n"+c.account.Number+"\n"+kind+"\n"+day.Format(time.DateOnly), now.Add(faceAddressLife))
	q := url.Values{"app_id": {c.account.Number}, "userId": {sellerOf(c.account)}, "token": {token}}
	return wire.Fields{}.Set("bill_download_url", c.account.BaseURL+facePathBill+"?"+q.Encode()), nil
}

// faceDownload hands a bill out while its address works.
func faceDownload(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	q := r.URL.Query()
	a, err := g.Account(r.Context(), q.Get("app_id"))
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	facts, ok := g.OpenToken(q.Get("token"), a.Now)
	parts := strings.Split(facts, "\n")
	if !ok || len(parts) != 4 || parts[0] != "bill" || parts[1] != a.Number {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	day, err := time.ParseInLocation(time.DateOnly, parts[3], wire.Beijing)
	if err != nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	name, file, err := writeFaceBill(r.Context(), g, a, parts[2], day)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", "attachment; filename="+name)
	h.Set("Content-Length", strconv.Itoa(len(file)))
	_, _ = w.Write(file) // the caller is gone when this fails
}

// writeFaceBill writes what was paid and given back through an account on one day. The column of the other side names the wallet; fees are the wallets' own and stand in their
// bills, so they are 0.00 here; the balance of an account bill counts from the day's beginning.
func writeFaceBill(ctx context.Context, g provider.Gateway, a provider.FaceAccount, kind string, day time.Time) (string, []byte, error) {
	var rows []wire.TradeBillRow
	err := g.Bill(ctx, a, day, func(l provider.FaceLine) error {
		if len(rows) == maxFaceBill {
			return errFaceBill
		}
		row := wire.TradeBillRow{
			Kind: wire.BillPaid, TradeNo: l.Order.TradeNo, OutTradeNo: l.Order.Number, Title: wire.BillText(l.Order.Fields["subject"]), Buyer: l.Order.Wallet, Note: wire.BillText(l.Order.Fields["body"]),
			Created: l.Order.CreatedAt, Done: l.At, Amount: l.Order.Amount, Received: l.Order.Amount, Fee: -l.Fee,
		}
		if x := l.Refund; x != nil {
			row.Kind, row.RequestNo, row.Note, row.Amount, row.Received = wire.BillRefund, x.Number, wire.BillText(x.Fields["refund_reason"]), -x.Amount, -x.Amount
			if x.Reversal() {
				row.RequestNo = l.Order.Number
			}
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("alipay: write the bill of %s: %w", day.Format(time.DateOnly), err)
	}
	slices.SortStableFunc(rows, func(x, y wire.TradeBillRow) int { return x.Done.Compare(y.Done) })
	if kind == wire.BillTrade {
		return wire.WriteTradeBill(sellerOf(a), day, a.Now, rows)
	}
	return wire.WriteAccountBill(sellerOf(a), day, a.Now, faceAccountRows(rows))
}

// faceAccountRows are the same payments and refunds as movements of an account.
func faceAccountRows(rows []wire.TradeBillRow) []wire.AccountBillRow {
	list := make([]wire.AccountBillRow, 0, len(rows))
	balance := int64(0)
	for i, r := range rows {
		row := wire.AccountBillRow{
			No: fmt.Sprintf("%s%08d", r.Done.In(wire.Beijing).Format("20060102"), i), TradeNo: r.TradeNo, OutTradeNo: r.OutTradeNo, Title: r.Title, Other: r.Buyer, Kind: "在线支付", Note: r.RequestNo,
			At: r.Done, Amount: r.Received,
		}
		if r.Kind == wire.BillRefund {
			row.Kind = "退款"
		}
		balance += r.Received
		row.Balance = balance
		list = append(list, row)
	}
	return list
}
