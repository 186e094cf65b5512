package sandbox

import (
	"fmt"
	"slices"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// The acts that can be withdrawn, one by one.
var acts = []string{"pay", "refund", "settle"}

// actOf says which act an operation is part of. Queries, closes and cancels are always allowed.
func actOf(op string) string {
	switch op {
	case opNative, opH5, opPage, opJSAPI, opBarcode, opApp, opMini:
		return "pay"
	case opRefund:
		return "refund"
	case opShare, opReceiver:
		return "settle"
	}
	return ""
}

// Permit withdraws an act of a seller, or gives it back. A partner's merchant who may do nothing any more has withdrawn the partner's authorisation.
func (b buttons) Permit(act, merchant string, allowed bool) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(acts, act) {
		return fmt.Errorf("act %q: use one of %v", act, acts)
	}
	if merchant == "" {
		merchant = s.cfg.Accounts[0].SellerID
	}
	if !slices.ContainsFunc(s.cfg.Accounts, func(a Account) bool { return a.SellerID == merchant || a.merchant(merchant) != nil }) {
		return fmt.Errorf("seller %s: %w", merchant, sandboxkit.ErrNotFound)
	}
	if s.book.denied[merchant] == nil {
		s.book.denied[merchant] = map[string]bool{}
	}
	s.book.denied[merchant][act] = !allowed
	return nil
}

func (a Account) merchant(sellerID string) *Merchant {
	i := slices.IndexFunc(a.Merchants, func(m Merchant) bool { return m.SellerID == sellerID })
	if i < 0 {
		return nil
	}
	return &a.Merchants[i]
}

// authorised turns a call of a partner's app into one for the merchant whose token it carries.
func (c *call) authorised() *refusal {
	token := c.params["app_auth_token"]
	if token == "" {
		return nil
	}
	i := slices.IndexFunc(c.account.Merchants, func(m Merchant) bool { return m.Token == token })
	if i < 0 {
		return &refusal{code: wire.CodeTokenPermission, sub: "aop.invalid-app-auth-token", message: "无效的应用授权令牌"}
	}
	m := c.account.Merchants[i]
	c.account.SellerID, c.account.Name, c.account.authAppID, c.partner = m.SellerID, m.Name, m.AppID, true
	return nil
}

// permitted refuses what was withdrawn, in the words that the documents have for it.
func (s *Sandbox) permitted(c call) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	denied := s.book.denied[c.account.SellerID]
	act := actOf(c.op)
	switch {
	case c.partner && denied["pay"] && denied["refund"] && denied["settle"]:
		return &refusal{code: wire.CodeTokenPermission, sub: "aop.invalid-app-auth-token", message: "无效的应用授权令牌"}
	case !denied[act]:
		return nil
	case c.partner:
		return &refusal{code: wire.CodeTokenPermission, sub: "aop.invalid-app-auth-token-no-api", message: "应用授权令牌未授权当前接口"}
	case act == "pay":
		return business("ACQ.SELLER_BEEN_BLOCKED", "商家账号被冻结")
	default:
		return &refusal{code: wire.CodePermission, sub: "isv.insufficient-isv-permissions", message: "ISV权限不足"}
	}
}
