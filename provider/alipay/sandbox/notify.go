package sandbox

import (
	"net/http"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// notify queues a notification of the order's present state; r is the refund that caused it, if any. It goes to the address of the pay request, and its content
// is what was true now, however late it arrives. Sandbox.mu is held.
func (s *Sandbox) notify(o *order, r *refund) {
	if o.notifyURL == "" {
		return
	}
	s.send(o, s.notification(o, r, s.now()), 0, nil)
}

// notifyTimeout queues the notification of a timeout, to be dropped when the order ended otherwise before.
func (s *Sandbox) notifyTimeout(o *order, wait time.Duration) {
	if o.notifyURL == "" {
		return
	}
	var p wire.Params
	s.send(o, nil, wait, func(now time.Time) wire.Params {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.settle(now)
		if p == nil && o.status == wire.TradeClosed && o.closed.Equal(o.expires) {
			p = s.notification(o, nil, now)
		}
		return p
	})
}

// send hands a notification to the courier. later, when given, makes its content when the time has come.
func (s *Sandbox) send(o *order, content wire.Params, wait time.Duration, later func(time.Time) wire.Params) {
	err := s.courier.Send(sandboxkit.Delivery{
		ID: "alipay/" + o.outTradeNo, URL: o.notifyURL, After: wait,
		Build: func(_ int, now time.Time) (http.Header, []byte, error) {
			if later != nil {
				content = later(now)
			}
			if content == nil {
				return nil, nil, sandboxkit.ErrSkip
			}
			_, spoiled := s.faults.Take(sandboxkit.OpNotify, sandboxkit.WrongSignature)
			content["notify_time"] = wire.FormatTime(now)
			if err := content.SignNotify(s.notifySigner(spoiled, o)); err != nil {
				return nil, nil, err
			}
			return http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, []byte(content.Encode()), nil
		},
		Accept: func(status int, body []byte) bool {
			return status == http.StatusOK && string(body) == wire.Acknowledged
		},
	})
	if err != nil {
		s.cfg.Log.Error("notification not queued", "order", o.outTradeNo, "reason", err)
	}
}

// notification is the content, as real samples have it: no empty values, times in Beijing, JSON texts for lists. One trigger has one notify_id for all its tries.
func (s *Sandbox) notification(o *order, r *refund, now time.Time) wire.Params {
	total := wire.FormatYuan(o.amount)
	p := wire.Params{
		"notify_type": wire.NotifyTypeTrade, "notify_id": now.In(wire.Beijing).Format("20060102") + "00222" + s.digits(21), "charset": "utf-8", "version": "1.0",
		"sign_type": o.signType, "app_id": o.account.AppID, "auth_app_id": o.account.authAppID, "trade_no": o.tradeNo, "out_trade_no": o.outTradeNo, "buyer_id": o.buyer,
		"buyer_logon_id": logonID(o.buyer), "seller_id": o.account.SellerID, "trade_status": o.status, "total_amount": total, "subject": o.subject,
		"gmt_create": wire.FormatTime(o.created),
	}
	if o.body != "" {
		p["body"] = o.body
	}
	if o.passback != "" {
		p["passback_params"] = o.passback
	}
	if !o.paid.IsZero() {
		p["receipt_amount"], p["invoice_amount"], p["buyer_pay_amount"], p["point_amount"] = total, total, total, "0.00"
		p["gmt_payment"] = wire.FormatTime(o.paid)
		p["fund_bill_list"] = `[{"amount":"` + total + `","fundChannel":"ALIPAYACCOUNT"}]`
	}
	if r != nil {
		p["refund_fee"], p["gmt_refund"], p["out_biz_no"] = wire.FormatYuan(o.refunded), wire.FormatTimeMilli(r.at), r.no
	}
	if o.status == wire.TradeClosed {
		p["gmt_close"] = wire.FormatTime(o.closed)
	}
	return p
}

// returnAddress is where a paid page order sends the browser: the merchant's return_url with signed parameters after its own.
func (s *Sandbox) returnAddress(o *order, now time.Time) (string, error) {
	if o.returnURL == "" {
		return "", nil
	}
	name := wire.MethodPageReturn
	if o.op == opH5 {
		name = wire.MethodWapReturn
	}
	p := wire.Params{
		"charset": "utf-8", "out_trade_no": o.outTradeNo, "method": name, "total_amount": wire.FormatYuan(o.amount), "trade_no": o.tradeNo, "auth_app_id": o.account.authAppID,
		"version": "1.0", "app_id": o.account.AppID, "sign_type": o.signType, "seller_id": o.account.SellerID, "timestamp": wire.FormatTime(now),
	}
	if err := p.SignNotify(s.notifySigner(false, o)); err != nil {
		return "", err
	}
	join := "?"
	for _, c := range o.returnURL {
		if c == '?' {
			join = "&"
		}
	}
	return o.returnURL + join + p.Encode(), nil
}
