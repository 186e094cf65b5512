package sandbox

import (
	"cmp"
	"encoding/json"
	"net"
	"net/http"
	"strconv"
	"time"

	"postern/provider/wechatpay/wire"
)

// maxTotal is the largest order in fen: a million yuan [G], far above what a wallet allows in one go.
const maxTotal = 100_000_000

func (s *Sandbox) create(k kind, partner bool) handler {
	return func(c *call) (any, *refusal) {
		var o wire.Order
		if bad := c.decode(&o); bad != nil {
			return nil, bad
		}
		if bad := c.parties(partner, o.Parties); bad != nil {
			return nil, bad
		}
		if bad := s.checkOrder(k, &o); bad != nil {
			return nil, bad
		}
		print, bad := fingerprint(c.body, k)
		if bad != nil {
			return nil, bad
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.book.withdrawn[key(o.Merchant(), "pay")] {
			return nil, refuse(http.StatusForbidden, wire.CodeNoAuth, limitedWords)
		}
		if k == kindCode {
			return s.charge(c.account, o, print)
		}
		known, bad := s.place(c.account, k, o, print)
		if bad != nil {
			return nil, bad
		}
		return s.ticketFor(known), nil
	}
}

// fingerprint makes two requests with the same parameters equal whatever their order. time_expire is left out: it is honoured on the first order only.
func fingerprint(body []byte, k kind) (string, *refusal) {
	m := map[string]any{}
	if err := json.Unmarshal(body, &m); err != nil {
		return "", badField("", err.Error())
	}
	delete(m, "time_expire")
	return string(k) + string(encode(m)), nil
}

// place returns the order of this number, new or re-entered. It needs s.mu.
func (s *Sandbox) place(a *Account, k kind, o wire.Order, print string) (*order, *refusal) {
	now := s.now()
	if known := s.book.byNo[key(o.Merchant(), o.OutTradeNo)]; known != nil {
		switch state := known.state(now); {
		case state == wire.StateSuccess || state == wire.StateRefund:
			return nil, refuse(http.StatusBadRequest, wire.CodeOrderPaid, "该订单已支付")
		case state == wire.StateRevoked:
			return nil, refuse(http.StatusBadRequest, wire.CodeOrderReversed, "该订单已撤销")
		case state == wire.StatePayError:
			return nil, refuse(http.StatusForbidden, wire.CodeTradeError, "支付失败，请更换订单号重新支付")
		case state == wire.StateClosed:
			return nil, refuse(http.StatusBadRequest, wire.CodeOrderClosed, "该订单已关闭")
		case known.fingerprint != print:
			return nil, refuse(http.StatusBadRequest, wire.CodeInvalidRequest, "订单重入时要求参数值与原请求一致，请确认参数问题")
		}
		return known, nil
	}
	known := &order{Order: o, account: a, kind: k, fingerprint: print, createdAt: now, expiresAt: now.Add(defaultExpiry)}
	if k == kindCode {
		known.expiresAt = now.Add(codePayLife)
	}
	if o.TimeExpire != "" {
		at, err := wire.ParseTime(o.TimeExpire)
		if err != nil {
			return nil, badField("/time_expire", err.Error())
		}
		known.expiresAt = at
		if least := now.Add(leastExpiry); at.Before(least) {
			known.expiresAt = least
		}
	}
	s.book.orders = append(s.book.orders, known)
	s.book.byNo[key(o.Merchant(), o.OutTradeNo)] = known
	return known, nil
}

// ticketFor issues a fresh prepay id, code or link; earlier ones stay good until they expire. It needs s.mu.
func (s *Sandbox) ticketFor(o *order) wire.OrderResult {
	now := s.now()
	life := prepayLife
	if o.kind == kindH5 {
		life = h5Life
	}
	prepay := s.newPrepay(o, life)
	switch o.kind {
	case kindNative:
		pr := s.text(letters, 9)
		s.book.codes[pr] = ticket{order: o, expires: now.Add(life)}
		return wire.OrderResult{CodeURL: codePrefix + pr}
	case kindH5:
		return wire.OrderResult{H5URL: s.cfg.BaseURL + cashierPath + "?prepay_id=" + prepay + "&package=" + s.text(digits, 10)}
	default:
		return wire.OrderResult{PrepayID: prepay}
	}
}

// checkOrder applies the documented rules of every field.
func (s *Sandbox) checkOrder(k kind, o *wire.Order) *refusal {
	if id := cmp.Or(o.AppID, o.SpAppID); id == "" || len(id) > 32 {
		return badField("/appid", "appid is missing or longer than 32")
	}
	if !s.bound(o.Parties) {
		return refuse(http.StatusBadRequest, wire.CodeAppIDMchIDNotMatch, "appid和mch_id不匹配，请检查后再试")
	}
	if p := wire.CheckText(o.Description, wire.MaxDescription); p != "" || o.Description == "" {
		return badField("/description", "description is missing or "+p)
	}
	if !wire.ValidOutTradeNo(o.OutTradeNo) {
		return badField("/out_trade_no", "out_trade_no takes 6 to 32 of 0-9A-Za-z_-|*")
	}
	if p := wire.CheckText(o.Attach, wire.MaxAttach); p != "" {
		return badField("/attach", p)
	}
	if bad := s.checkNotifyURL(o.NotifyURL); bad != nil && k != kindCode {
		return bad
	}
	if o.Amount.Total < 1 || o.Amount.Total > maxTotal {
		return badField("/amount/total", "total takes 1 to "+strconv.Itoa(maxTotal))
	}
	if o.Amount.Currency != "" && o.Amount.Currency != "CNY" {
		return badField("/amount/currency", "currency takes CNY")
	}
	if _, err := time.Parse(time.RFC3339, o.TimeExpire); o.TimeExpire != "" && err != nil {
		return badField("/time_expire", "time_expire is not RFC 3339")
	}
	return s.checkKind(k, o)
}

func (s *Sandbox) checkKind(k kind, o *wire.Order) *refusal {
	if o.SceneInfo != nil && k != kindCode && net.ParseIP(o.SceneInfo.PayerClientIP) == nil {
		return badField("/scene_info/payer_client_ip", "payer_client_ip is not an address")
	}
	switch k {
	case kindJSAPI:
		if o.Payer.ID() == "" {
			return badField("/payer/openid", "openid is missing")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.payer(o) == "" {
			return refuse(http.StatusBadRequest, wire.CodeParamError, "appid和openid不匹配")
		}
	case kindCode:
		return checkCode(o)
	case kindH5:
		if o.SceneInfo == nil || o.SceneInfo.H5Info == nil {
			return badField("/scene_info/h5_info", "h5_info is missing")
		}
		if t := o.SceneInfo.H5Info.Type; t != "iOS" && t != "Android" && t != "Wap" {
			return badField("/scene_info/h5_info/type", "type takes iOS, Android or Wap")
		}
	}
	return nil
}

// payer is the buyer behind an order's openid, empty for one that the appid does not know. It needs s.mu.
func (s *Sandbox) payer(o *wire.Order) string {
	return s.book.openIDs[o.PayerAppID(o.Payer)+" "+o.Payer.ID()]
}

func (s *Sandbox) checkNotifyURL(raw string) *refusal {
	if p := wire.CheckNotifyURL(raw, !s.cfg.RequireHTTPS); p != "" {
		return badField("/notify_url", "notify_url "+p)
	}
	return nil
}

func orderNotExist() *refusal {
	return refuse(http.StatusNotFound, wire.CodeOrderNotExist, "订单不存在")
}

func (s *Sandbox) queryByOrderNo(partner bool) handler {
	return func(c *call) (any, *refusal) {
		p, bad := c.asked(partner)
		if bad != nil {
			return nil, bad
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.book.byNo[key(p.Merchant(), c.PathValue("no"))]
		if o == nil || o.account.MchID != c.account.MchID {
			return nil, orderNotExist()
		}
		return s.transaction(o), nil
	}
}

func (s *Sandbox) queryByTransactionID(partner bool) handler {
	return func(c *call) (any, *refusal) {
		p, bad := c.asked(partner)
		if bad != nil {
			return nil, bad
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.book.byTxn[c.PathValue("id")]
		if o == nil || o.Merchant() != p.Merchant() || o.account.MchID != c.account.MchID {
			return nil, orderNotExist()
		}
		return s.transaction(o), nil
	}
}

// close answers 204 for unpaid, closed and unknown orders alike; the last was reported by merchants and is not in the documentation [G].
func (s *Sandbox) close(partner bool) handler {
	return func(c *call) (any, *refusal) {
		var in wire.Parties
		if bad := c.decode(&in); bad != nil {
			return nil, bad
		}
		if bad := c.parties(partner, in); bad != nil {
			return nil, bad
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.book.byNo[key(in.Merchant(), c.PathValue("no"))]
		if o == nil {
			return nil, nil
		}
		s.lateBuyer(OpClose, o)
		if o.transactionID != "" {
			return nil, refuse(http.StatusBadRequest, wire.CodeOrderPaid, "该订单已支付")
		}
		o.closed = true
		return nil, nil
	}
}

// lateBuyer lets somebody pay at the last moment when a fault ordered it. It needs s.mu.
func (s *Sandbox) lateBuyer(op string, o *order) {
	if _, late := s.faults.Take(op, FaultLateBuyer); !late {
		return
	}
	if err := s.decide(o, named(s.owner(o)), true); err != nil {
		s.cfg.Log.Debug("too late", "order", o.OutTradeNo, "err", err)
	}
}
