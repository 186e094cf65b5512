package sandbox

import (
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // WeChat encrypts names with RSAES-OAEP over SHA-1
	"encoding/base64"
	"net/http"
	"time"

	"postern/provider/wechatpay/wire"
)

// shareCap is the most of an order that may be shared, in per cent: WeChat's default.
const shareCap = 30

// sharing is one profit-sharing order. Its money moves when it is made; it is told as processing until due.
type sharing struct {
	order   *order
	request wire.ShareOrder
	id      string
	due     time.Time
}

func (sh *sharing) answer(now time.Time) wire.ShareAnswer {
	a := wire.ShareAnswer{SubMchID: sh.request.SubMchID, TransactionID: sh.request.TransactionID, OutOrderNo: sh.request.OutOrderNo, OrderID: sh.id, State: wire.ShareFinished}
	result := wire.PartSuccess
	if now.Before(sh.due) {
		a.State, result = wire.ShareProcessing, wire.PartPending
	}
	for _, p := range sh.request.Receivers {
		p.Result = result
		a.Receivers = append(a.Receivers, p)
	}
	return a
}

// shared is what was shared of an order, in fen.
func (o *order) shared() int64 {
	var sum int64
	for _, sh := range o.shares {
		for _, p := range sh.request.Receivers {
			sum += p.Amount
		}
	}
	return sum
}

// addReceiver opens the name with the key that Wechatpay-Serial names, as WeChat does; without one there is no name.
func (s *Sandbox) addReceiver(c *call) (any, *refusal) {
	var in wire.Receiver
	if bad := c.decode(&in); bad != nil {
		return nil, bad
	}
	merchant, bad := c.merchant(in.SubMchID)
	if bad != nil {
		return nil, bad
	}
	switch {
	case in.AppID == "" || in.Account == "" || in.Relation == "":
		return nil, badField("/account", "appid, account and relation_type are required")
	case in.Type != wire.ReceiverMerchant && in.Type != wire.ReceiverOpenID && in.Type != wire.ReceiverSub:
		return nil, badField("/type", "type takes MERCHANT_ID, PERSONAL_OPENID and PERSONAL_SUB_OPENID")
	case in.Type == wire.ReceiverMerchant && in.Name == "":
		return nil, badField("/name", "name is missing")
	case in.Name != "" && !s.opens(c.Header.Get(wire.HeaderSerial), in.Name):
		return nil, badField("/name", "name is not encrypted under the key of Wechatpay-Serial")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.book.receivers[key(key(merchant, in.Type), in.Account)] = true
	return in, nil
}

// opens reports whether a text is encrypted under the key of this id.
func (s *Sandbox) opens(keyID, sealed string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	private := s.cfg.PublicKey
	if keyID != s.cfg.PublicKeyID {
		private = nil
		for _, k := range s.keys {
			if wire.NormalSerial(k.Serial) == wire.NormalSerial(keyID) {
				private = k.Key
			}
		}
	}
	raw, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil || private == nil {
		return false
	}
	name, err := rsa.DecryptOAEP(sha1.New(), nil, private, raw, nil) //nolint:gosec // see the import
	return err == nil && len(name) > 0
}

func (s *Sandbox) share(c *call) (any, *refusal) {
	var in wire.ShareOrder
	if bad := c.decode(&in); bad != nil {
		return nil, bad
	}
	merchant, bad := c.merchant(in.SubMchID)
	if bad != nil {
		return nil, bad
	}
	if len(in.Receivers) == 0 || len(in.Receivers) > wire.MaxReceivers || !wire.ValidOutRefundNo(in.OutOrderNo) {
		return nil, badField("/receivers", "out_order_no and 1 to 50 receivers are required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.book.shares[key(merchant, in.OutOrderNo)]; known != nil {
		if known.request.TransactionID != in.TransactionID || len(known.request.Receivers) != len(in.Receivers) {
			return nil, invalid("分账单号已存在且参数与原请求不一致")
		}
		return known.answer(s.now()), nil // the number is the idempotency key
	}
	o, bad := s.sharedOrder(merchant, in.TransactionID)
	if bad != nil {
		return nil, bad
	}
	var sum int64
	for _, p := range in.Receivers {
		if p.Amount < 1 || p.Description == "" {
			return nil, badField("/receivers", "every receiver needs an amount of at least 1 and a description")
		}
		if !s.book.receivers[key(key(merchant, p.Type), p.Account)] {
			return nil, invalid("分账接收方关系不存在")
		}
		sum += p.Amount
	}
	if (o.shared()+sum)*100 > o.paidTotal*shareCap {
		return nil, refuse(http.StatusForbidden, wire.CodeRuleLimit, "分账金额超出最大分账比例")
	}
	if o.shared()+sum+o.refunded() > o.paidTotal {
		return nil, refuse(http.StatusForbidden, wire.CodeNotEnough, "分账金额不足")
	}
	sh := &sharing{order: o, request: in, id: "30000" + s.text(digits, 23), due: s.now().Add(s.cfg.RefundDelay)}
	o.shares = append(o.shares, sh)
	o.unfrozen = o.unfrozen || in.Unfreeze
	s.book.shares[key(merchant, in.OutOrderNo)] = sh
	s.book.received[merchant] -= sum
	for _, p := range in.Receivers {
		s.book.received[p.Account] += p.Amount
	}
	return sh.answer(s.now()), nil
}

// sharedOrder finds an order whose money can be shared. It needs s.mu.
func (s *Sandbox) sharedOrder(merchant, transactionID string) (*order, *refusal) {
	o := s.book.byTxn[transactionID]
	switch {
	case o == nil || o.Merchant() != merchant:
		return nil, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "订单不存在")
	case o.SettleInfo == nil || !o.SettleInfo.ProfitSharing:
		return nil, invalid("非分账订单不支持分账")
	case !o.revokedAt.IsZero():
		return nil, invalid("订单已撤销，不能分账")
	case o.unfrozen:
		return nil, invalid("订单已解冻，不能再分账")
	}
	return o, nil
}

func (s *Sandbox) unfreeze(c *call) (any, *refusal) {
	var in wire.UnfreezeOrder
	if bad := c.decode(&in); bad != nil {
		return nil, bad
	}
	merchant, bad := c.merchant(in.SubMchID)
	if bad != nil {
		return nil, bad
	}
	if in.Description == "" || !wire.ValidOutRefundNo(in.OutOrderNo) {
		return nil, badField("/description", "out_order_no and description are required")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.book.shares[key(merchant, in.OutOrderNo)]
	if known == nil {
		o, bad := s.sharedOrder(merchant, in.TransactionID)
		if bad != nil {
			return nil, bad
		}
		o.unfrozen = true
		known = &sharing{order: o, id: "30000" + s.text(digits, 23), due: s.now().Add(s.cfg.RefundDelay),
			request: wire.ShareOrder{Sharer: wire.Sharer{SubMchID: in.SubMchID}, TransactionID: in.TransactionID, OutOrderNo: in.OutOrderNo}}
		s.book.shares[key(merchant, in.OutOrderNo)] = known
	}
	return known.answer(s.now()), nil
}

func (s *Sandbox) shareQuery(c *call) (any, *refusal) {
	merchant, bad := c.merchant(c.URL.Query().Get("sub_mchid"))
	if bad != nil {
		return nil, bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.book.shares[key(merchant, c.PathValue("no"))]
	if known == nil || known.request.TransactionID != c.URL.Query().Get("transaction_id") {
		return nil, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "分账单不存在")
	}
	return known.answer(s.now()), nil
}
