package sandbox

import (
	"net/http"

	"postern/provider/wechatpay/wire"
)

// ShowCode implements sandboxkit.Coder: a code as phones show it, 18 digits that begin with 10 to 15.
func (b controlBook) ShowCode(payer string, password bool) (string, error) {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wallet(named(payer))
	code := "1" + s.text("012345", 1) + s.text(digits, 16)
	s.book.payCodes[code] = &payCode{buyer: named(payer), password: password, expires: s.now().Add(codeLife)}
	return code, nil
}

// checkCode applies the rules of a code-pay order's own fields.
func checkCode(o *wire.Order) *refusal {
	switch {
	case o.Payer == nil || !wire.ValidAuthCode(o.Payer.AuthCode):
		return badField("/payer/auth_code", "auth_code takes 18 digits that begin with 10 to 15")
	case o.SceneInfo == nil || o.SceneInfo.StoreInfo == nil || o.SceneInfo.StoreInfo.ID == "" && o.SceneInfo.StoreInfo.OutID == "":
		return badField("/scene_info/store_info", "store_info is missing")
	}
	return nil
}

// charge takes the money at once, or asks the buyer for the password: 202, and a query tells the rest. The same number asks again and charges nothing. It needs s.mu.
func (s *Sandbox) charge(a *Account, o wire.Order, print string) (any, *refusal) {
	if s.book.byNo[key(o.Merchant(), o.OutTradeNo)] != nil {
		if _, bad := s.place(a, kindCode, o, print); bad != nil {
			return nil, bad
		}
		return userPaying(), nil
	}
	code := s.book.payCodes[o.Payer.AuthCode]
	switch {
	case code == nil:
		return nil, refuse(http.StatusBadRequest, wire.CodeAuthCodeInvalid, "付款码无效，请重新扫码")
	case code.used || !s.now().Before(code.expires):
		return nil, refuse(http.StatusForbidden, wire.CodeAuthCodeExpire, "付款码已过期，请用户刷新后重新支付")
	}
	code.used = true
	if s.book.buyers[code.buyer] < o.Amount.Total {
		return nil, refuse(http.StatusForbidden, wire.CodeNotEnough, "余额不足")
	}
	known, bad := s.place(a, kindCode, o, print)
	if bad != nil {
		return nil, bad
	}
	known.buyer = code.buyer
	if code.password {
		return userPaying(), nil
	}
	if err := s.decide(known, code.buyer, true); err != nil {
		return nil, refuse(http.StatusForbidden, wire.CodeTradeError, err.Error())
	}
	return s.transaction(known), nil
}

func userPaying() wire.ErrorBody {
	return wire.ErrorBody{Code: wire.CodeUserPaying, Message: "需要用户输入支付密码"}
}

// reverse closes what nobody paid and gives back what somebody did; the answer is the same. Only orders of a scanned code are reversed [G], for seven days.
func (s *Sandbox) reverse(partner bool) handler {
	return func(c *call) (any, *refusal) {
		var in wire.Parties
		if bad := c.decode(&in); bad != nil {
			return nil, bad
		}
		if bad := c.parties(partner, in); bad != nil {
			return nil, bad
		}
		if partner && in.SpAppID == "" { // as merchants have seen it
			return nil, refuse(http.StatusInternalServerError, wire.CodeSystemError, "系统异常，请稍后重试")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.book.byNo[key(in.Merchant(), c.PathValue("no"))]
		switch {
		case o == nil || o.account.MchID != c.account.MchID:
			return nil, orderNotExist()
		case !o.Parties.SameAs(in):
			return nil, refuse(http.StatusBadRequest, wire.CodeAppIDMchIDNotMatch, "appid和mch_id不匹配，请检查后再试")
		}
		s.lateBuyer(OpReverse, o)
		if bad := s.reversible(o); bad != nil {
			return nil, bad
		}
		s.revoke(o)
		return wire.ReverseAnswer{Parties: in, OutTradeNo: o.OutTradeNo}, nil
	}
}

// reversible needs s.mu.
func (s *Sandbox) reversible(o *order) *refusal {
	switch {
	case o.kind != kindCode:
		return invalid("该订单不是付款码支付订单，不能撤销")
	case len(o.refunds) > 0:
		return invalid("订单已发生退款，不能撤销")
	case s.now().Sub(o.createdAt) > reverseWindow:
		return invalid("订单已超过撤销期限，请使用退款接口")
	}
	return nil
}

// revoke undoes an order; again changes nothing. It needs s.mu.
func (s *Sandbox) revoke(o *order) {
	if !o.revokedAt.IsZero() {
		return
	}
	o.revokedAt = s.now()
	if o.transactionID != "" {
		s.book.received[o.Merchant()] -= o.paidTotal
		s.book.buyers[o.buyer] += o.paidTotal - o.coupon
	}
}
