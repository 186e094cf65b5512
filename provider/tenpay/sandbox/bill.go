package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/tenpay/wire"
)

// bill serves the bill of a past day. Yesterday's is there from seven in the morning. Its request is signed unlike all others, and has no charset.
func (s *Sandbox) bill(w http.ResponseWriter, r *http.Request) {
	s.faults.Around(w, r, opBill, func(w http.ResponseWriter, r *http.Request) {
		p, err := parse(r)
		account, known := s.accounts[p["spid"]]
		day, err2 := time.ParseInLocation(time.DateOnly, p["trans_time"], wire.Beijing)
		text, refused := []byte(nil), ""
		switch {
		case err != nil || err2 != nil || p["mchtype"] != wire.BillAll:
			refused = "99000001:参数错误" // [GEN]
		case !known || !account.signed(p.VerifyBill):
			refused = "99000003:签名错误" // [GEN]
		case s.now().Before(day.AddDate(0, 0, 1).Add(7 * time.Hour)):
			refused = wire.BillNotReady + ":该日期对帐单还没有生成"
		default:
			text, err = s.Bill(p["spid"], day)
		}
		if refused != "" {
			text, err = gbk("<html><body>" + refused + "</body></html>")
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=gbk")
		_, _ = w.Write(text) // the caller is gone when this fails
	})
}

// Bill writes the bill of one day in the format of the guide: payments on the day of the payment, refunds on the day of their submission and always as successful.
// A refund's row names its order, whose amount stands in it as 0.00. [GEN]
func (s *Sandbox) Bill(partner string, day time.Time) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	b.WriteString("交易时间,财付通订单号,商家订单号,支付类型,银行订单号,交易状态,订单交易金额,退款单号,退款金额,退款状态,交易说明\r\n")
	on := func(t time.Time) bool {
		return t.In(wire.Beijing).Format(time.DateOnly) == day.In(wire.Beijing).Format(time.DateOnly)
	}
	rows, amount, refunds := 0, int64(0), int64(0)
	for _, o := range s.book.all {
		if o.status != statusPaid || o.request["partner"] != partner {
			continue
		}
		if on(o.paid) {
			rows, amount = rows+1, amount+o.amount
			fmt.Fprintf(&b, "`%s, `%s, `%s,财付通余额, `%s,用户已支付,%s, `0,0.00,`, %s\r\n", stamp(o.paid), o.txnNo, o.request["out_trade_no"], o.billNo, wire.FormatYuan(o.amount), title(o))
		}
		for _, r := range o.refunds {
			if on(r.at) {
				rows, refunds = rows+1, refunds+r.amount
				fmt.Fprintf(&b, "`%s, `%s, `%s,财付通余额, `%s,转入退款,0.00, `%s,%s,`退款成功, %s\r\n", stamp(r.at), o.txnNo, o.request["out_trade_no"], o.billNo, r.id, wire.FormatYuan(r.amount), title(o))
			}
		}
	}
	fmt.Fprintf(&b, "总交易单数, 总交易金额, 总退款金额\r\n%d,%s,%s,\r\n", rows, wire.FormatYuan(amount), wire.FormatYuan(refunds))
	return gbk(b.String())
}

// BillKinds are the bills that are written: that of all transactions.
func (b buttons) BillKinds() []string { return []string{"all"} }

// WriteBill writes what the book has of a day so far, for whoever steers the simulator: unlike the download it does not wait for the next morning.
func (b buttons) WriteBill(kind string, day time.Time) (string, []byte, error) {
	if kind != "all" || len(b.s.cfg.Accounts) == 0 {
		return "", nil, fmt.Errorf("a bill of the kind %q: %w", kind, sandboxkit.ErrNotFound)
	}
	partner := b.s.cfg.Accounts[0].Partner
	file, err := b.s.Bill(partner, day)
	return partner + "_" + day.In(wire.Beijing).Format("20060102") + ".txt", file, err // [GEN] the name
}

func gbk(text string) ([]byte, error) {
	out, err := wire.GBK.Encode(text)
	return []byte(out), err
}

func stamp(t time.Time) string { return t.In(wire.Beijing).Format(time.DateTime) }

// title is the order's text as far as GBK has it.
func title(o *order) string { return wire.GBK.Fit(o.request["body"], wire.MaxBody) }
