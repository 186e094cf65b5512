package sandbox

import (
	"net/http"
	"strconv"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// opsV2 are the faults of API v2 by address: those of the same call in v3.
var opsV2 = map[string]string{wire.V2MicroPay: OpCodePay, wire.V2Query: OpQuery, wire.V2Close: OpClose, wire.V2Reverse: OpReverse, wire.V2Refund: OpRefund, wire.V2RefundQuery: OpRefundQuery}

// v2Call is an authenticated message of API v2.
type v2Call struct {
	account *Account
	parties wire.Parties
	wire.Fields
}

// v2 serves one address of API v2: XML in and out, signed with the API key; addresses below /secapi want the client certificate where the sandbox is reached over TLS.
func (s *Sandbox) v2(path string, h func(v2Call) (wire.Fields, *refusal)) http.Handler {
	op := opsV2[path]
	effect := func(w http.ResponseWriter, r *http.Request) {
		c, problem := s.authenticateV2(path, r)
		if problem != "" {
			writeXML(w, wire.Fields{"return_code": "FAIL", "return_msg": problem})
			return
		}
		f, refused := wire.Fields(nil), s.ordered(op)
		if refused == nil {
			f, refused = h(c)
		}
		out := c.parties.V2()
		out["return_code"], out["result_code"], out["nonce_str"] = wire.V2Success, wire.V2Success, s.lockedText(hexes, 32)
		for name, value := range f {
			out[name] = value
		}
		if refused != nil {
			out["result_code"], out["err_code"], out["err_code_des"] = "FAIL", v2Code(refused.code), refused.message
		}
		kind := c.Fields["sign_type"]
		if kind == "" {
			kind = wire.SignMD5
		}
		out["sign"] = out.SignatureOf(kind, c.account.APIKeyV2)
		if sandboxkit.SpoilSignature(r.Context()) {
			out["sign"] = out.SignatureOf(kind, []byte("a stranger's"))
		}
		writeXML(w, out)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.faults.Around(w, r, op, effect) })
}

// v2Code is a code as v2's pages spell it.
func v2Code(code string) string {
	switch code {
	case wire.CodeOrderNotExist:
		return "ORDERNOTEXIST"
	case wire.CodeAuthCodeExpire:
		return "AUTHCODEEXPIRE"
	case wire.CodeNotEnough:
		return "NOTENOUGH"
	case wire.CodeNoAuth:
		return "NOAUTH"
	case wire.CodeOrderClosed:
		return "ORDERCLOSED"
	case wire.CodeOrderReversed:
		return "ORDERREVERSED"
	case wire.CodeResourceNotExists:
		return "REFUNDNOTEXIST"
	case wire.CodeSystemError:
		return "SYSTEMERROR"
	}
	return code
}

func writeXML(w http.ResponseWriter, f wire.Fields) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write(f.XML("xml")) // the merchant is gone when this fails
}

// authenticateV2 says in WeChat's words what is wrong with a message, if anything.
func (s *Sandbox) authenticateV2(path string, r *http.Request) (v2Call, string) {
	body, err := sandboxkit.ReadBody(r.Body)
	f, err2 := wire.ParseXML(body, "xml")
	if err != nil || err2 != nil {
		return v2Call{}, "XML格式错误"
	}
	p := f.Parties()
	for i := range s.cfg.Accounts {
		a := &s.cfg.Accounts[i]
		if a.MchID != f["mch_id"] || len(a.APIKeyV2) == 0 || f.Verify(a.APIKeyV2) != nil {
			continue
		}
		switch {
		case f["appid"] != a.AppID || !s.bound(p):
			return v2Call{}, "appid和mch_id不匹配"
		case f["nonce_str"] == "":
			return v2Call{}, "缺少参数nonce_str"
		case (path == wire.V2Refund || path == wire.V2Reverse) && r.TLS != nil && len(r.TLS.PeerCertificates) == 0:
			return v2Call{}, "证书错误，请登录微信支付商户平台下载证书"
		}
		return v2Call{account: a, parties: p, Fields: f}, ""
	}
	return v2Call{}, "签名错误"
}

// v2Routes are the addresses of API v2.
func (s *Sandbox) v2Routes(mux *http.ServeMux) {
	for path, h := range map[string]func(v2Call) (wire.Fields, *refusal){
		wire.V2MicroPay: s.v2MicroPay, wire.V2Query: s.v2Query, wire.V2Close: s.v2Close, wire.V2Reverse: s.v2Reverse, wire.V2Refund: s.v2Refund, wire.V2RefundQuery: s.v2RefundQuery,
	} {
		mux.Handle("POST "+path, s.v2(path, h))
	}
}

func (s *Sandbox) v2MicroPay(c v2Call) (wire.Fields, *refusal) {
	total, err := strconv.ParseInt(c.Fields["total_fee"], 10, 64)
	o := wire.Order{Parties: c.parties, Description: c.Fields["body"], OutTradeNo: c.Fields["out_trade_no"], Attach: c.Fields["attach"],
		Amount: wire.Amount{Total: total, Currency: c.Fields["fee_type"]}, Payer: &wire.Payer{AuthCode: c.Fields["auth_code"]},
		SceneInfo: &wire.Scene{DeviceIP: c.Fields["spbill_create_ip"], StoreInfo: &wire.Store{OutID: "v2" + c.Fields["device_info"]}}}
	if err != nil || c.Fields["spbill_create_ip"] == "" {
		return nil, badField("/total_fee", "total_fee and spbill_create_ip are required")
	}
	if bad := s.checkOrder(kindCode, &o); bad != nil {
		return nil, bad
	}
	o.SettleInfo = &wire.Settle{ProfitSharing: c.Fields["profit_sharing"] == "Y"}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.book.withdrawn[key(o.Merchant(), "pay")] {
		return nil, refuse(http.StatusForbidden, wire.CodeNoAuth, limitedWords)
	}
	answer, bad := s.charge(c.account, o, string(encode(o)))
	if bad != nil {
		return nil, bad
	}
	if waits, ok := answer.(wire.ErrorBody); ok {
		return nil, refuse(http.StatusAccepted, waits.Code, waits.Message)
	}
	return v2Order(answer.(wire.Transaction), s.book.byNo[key(o.Merchant(), o.OutTradeNo)]), nil
}

// v2Order tells of an order. As documented, only a paid one is told with its transaction; of a reversed one see Config.SilentReversals.
func v2Order(t wire.Transaction, o *order) wire.Fields {
	f := wire.Fields{"out_trade_no": t.OutTradeNo, "trade_state": t.TradeState, "trade_state_desc": t.TradeStateDesc}
	if t.TransactionID == "" {
		return f
	}
	for name, value := range map[string]string{
		"transaction_id": t.TransactionID, "trade_type": t.TradeType, "bank_type": t.BankType, "attach": t.Attach, "fee_type": "CNY", "cash_fee_type": "CNY", "is_subscribe": "N",
		"total_fee": strconv.FormatInt(t.Amount.Total, 10), "cash_fee": strconv.FormatInt(t.Amount.PayerTotal, 10), "time_end": wire.V2FormatTime(o.paidAt), "openid": t.Payer.ID(),
	} {
		f[name] = value
	}
	return f
}

// v2Found finds the order that a message names, by either number. It needs s.mu.
func (s *Sandbox) v2Found(c v2Call) *order {
	o := s.book.byNo[key(c.parties.Merchant(), c.Fields["out_trade_no"])]
	if id := c.Fields["transaction_id"]; id != "" {
		o = s.book.byTxn[id]
	}
	if o == nil || o.Merchant() != c.parties.Merchant() {
		return nil
	}
	return o
}

func (s *Sandbox) v2Query(c v2Call) (wire.Fields, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.v2Found(c)
	if o == nil {
		return nil, orderNotExist()
	}
	return v2Order(s.transaction(o), o), nil
}

func (s *Sandbox) v2Close(c v2Call) (wire.Fields, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.v2Found(c)
	switch {
	case o == nil:
		return nil, orderNotExist()
	case o.transactionID != "":
		return nil, refuse(http.StatusBadRequest, wire.CodeOrderPaid, "该订单已支付")
	}
	o.closed = true
	return wire.Fields{}, nil
}

// v2Reverse answers recall=Y when a fault asks for it: the same call once more.
func (s *Sandbox) v2Reverse(c v2Call) (wire.Fields, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.v2Found(c)
	if o == nil {
		return nil, orderNotExist()
	}
	if _, again := s.faults.Take(OpReverse, FaultRecall); again {
		return wire.Fields{"recall": "Y"}, nil
	}
	if bad := s.reversible(o); bad != nil {
		return nil, bad
	}
	s.revoke(o)
	return wire.Fields{"recall": "N", "out_trade_no": o.OutTradeNo}, nil
}

func (s *Sandbox) v2Refund(c v2Call) (wire.Fields, *refusal) {
	total, err := strconv.ParseInt(c.Fields["total_fee"], 10, 64)
	amount, err2 := strconv.ParseInt(c.Fields["refund_fee"], 10, 64)
	in := wire.RefundRequest{TransactionID: c.Fields["transaction_id"], OutTradeNo: c.Fields["out_trade_no"], OutRefundNo: c.Fields["out_refund_no"], Reason: c.Fields["refund_desc"],
		NotifyURL: c.Fields["notify_url"], Amount: wire.RefundAmount{Refund: amount, Total: total, Currency: "CNY"}}
	if err != nil || err2 != nil {
		return nil, badField("/refund_fee", "total_fee and refund_fee are numbers")
	}
	a, bad := s.giveBack(c.parties.Merchant(), in, c.account.APIKeyV2)
	if bad != nil {
		return nil, bad
	}
	return wire.Fields{"refund_id": a.RefundID, "out_refund_no": a.OutRefundNo, "transaction_id": a.TransactionID, "out_trade_no": a.OutTradeNo, "refund_fee": c.Fields["refund_fee"],
		"total_fee": c.Fields["total_fee"], "cash_fee": c.Fields["total_fee"]}, nil
}

// v2Words are API v2's words for what becomes of a refund.
var v2Words = map[string]string{wire.RefundSuccess: "SUCCESS", wire.RefundClosed: "REFUNDCLOSE", wire.RefundProcessing: "PROCESSING", wire.RefundAbnormal: "CHANGE"}

func (s *Sandbox) v2RefundQuery(c v2Call) (wire.Fields, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.book.refundNos[key(c.parties.Merchant(), c.Fields["out_refund_no"])]
	if r == nil {
		return nil, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "退款单不存在")
	}
	a := r.answer()
	return wire.Fields{"transaction_id": a.TransactionID, "out_trade_no": a.OutTradeNo, "total_fee": strconv.FormatInt(a.Amount.Total, 10), "refund_count": "1",
		"out_refund_no_0": a.OutRefundNo, "refund_id_0": a.RefundID, "refund_fee_0": strconv.FormatInt(a.Amount.Refund, 10), "refund_status_0": v2Words[a.Status]}, nil
}

// notifyV2 queues the notification of a refund in API v2: not signed, encrypted under the API key. It needs s.mu.
func (s *Sandbox) notifyV2(r *refund) {
	a := r.answer()
	inner := wire.Fields{"transaction_id": a.TransactionID, "out_trade_no": a.OutTradeNo, "refund_id": a.RefundID, "out_refund_no": a.OutRefundNo, "total_fee": strconv.FormatInt(a.Amount.Total, 10),
		"refund_fee": strconv.FormatInt(a.Amount.Refund, 10), "settlement_refund_fee": strconv.FormatInt(a.Amount.SettlementRefund, 10), "refund_status": v2Words[a.Status],
		"success_time": s.now().In(wire.CST).Format(time.DateTime), "refund_recv_accout": a.UserReceivedAccount, "refund_account": "REFUND_SOURCE_RECHARGE_FUNDS", "refund_request_source": "API"}
	sealed, err := wire.SealReqInfo(inner, r.keyV2)
	if err != nil {
		s.cfg.Log.Error("notification lost", "refund", a.OutRefundNo, "err", err)
		return
	}
	f := r.order.Parties.V2()
	f["return_code"], f["nonce_str"], f["req_info"] = wire.V2Success, s.text(hexes, 32), sealed
	body := f.XML("xml")
	err = s.courier.Send(sandboxkit.Delivery{
		ID: "V2-" + a.RefundID, URL: r.request.NotifyURL,
		Build: func(int, time.Time) (http.Header, []byte, error) {
			return http.Header{"Content-Type": {"text/xml"}, "User-Agent": {"Mozilla/4.0"}}, body, nil
		},
		Accept: func(_ int, answer []byte) bool {
			said, err := wire.ParseXML(answer, "xml")
			return err == nil && said["return_code"] == wire.V2Success
		},
	})
	if err != nil {
		s.cfg.Log.Error("notification lost", "refund", a.OutRefundNo, "err", err)
	}
}
