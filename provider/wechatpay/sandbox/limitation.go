package sandbox

import (
	"fmt"
	"net/http"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// limitedWords is what buyers and merchants are told when a merchant may not collect [S].
const limitedWords = "此商家的收款功能已被限制，暂无法支付"

// limitedActs are the acts that can be withdrawn and what WeChat calls it, in the order in which they are listed.
var limitedActs = []struct{ act, function, plan string }{
	{"pay", wire.LimitTransaction, "关闭支付权限"}, {"refund", wire.LimitRefund, "关闭退款权限"}, {"settle", wire.LimitWithdrawal, "关闭提现权限"},
}

// Permit implements sandboxkit.Gatekeeper. The service provider of a sub-merchant is told by a violation notification, of what was given back by one about an appeal [G].
func (b controlBook) Permit(act, merchant string, allowed bool) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	if merchant == "" {
		merchant = s.cfg.Accounts[0].MchID
	}
	provider, known := s.providerOf(merchant)
	if !known {
		return fmt.Errorf("%w: no merchant %s", sandboxkit.ErrNotFound, merchant)
	}
	for _, l := range limitedActs {
		if l.act != act {
			continue
		}
		changed := s.book.withdrawn[key(merchant, act)] == allowed
		s.book.withdrawn[key(merchant, act)] = !allowed
		if changed && provider != nil {
			s.tellViolation(provider, merchant, l.plan, allowed)
		}
		return nil
	}
	return fmt.Errorf("act %q: WeChat withdraws pay, refund and settle", act)
}

// providerOf returns a sub-merchant's service provider, nil for a direct merchant. It needs s.mu.
func (s *Sandbox) providerOf(merchant string) (*Account, bool) {
	for i := range s.cfg.Accounts {
		a := &s.cfg.Accounts[i]
		if a.MchID == merchant {
			return nil, true
		}
		if a.sub(merchant) != nil {
			return a, true
		}
	}
	return nil, false
}

// tellViolation needs s.mu.
func (s *Sandbox) tellViolation(provider *Account, merchant, plan string, lifted bool) {
	to := s.book.noticeURLs[provider.MchID]
	if to == "" {
		to = s.cfg.NoticeURL
	}
	if to == "" {
		return
	}
	event, words, text := wire.EventPunish, "商户平台处置记录", "涉嫌违规经营"
	if lifted {
		event, words, text = wire.EventAppeal, "商户平台申诉", "申诉成功，已恢复"
	}
	s.notify(provider, to, event, words, "", wire.Violation{
		SubMchID: merchant, Company: provider.sub(merchant).Name, RecordID: "2002018" + s.text(digits, 21), Plan: plan, Time: wire.FormatTime(s.now()), Description: text,
		Risk: "OTHER_RISK", RiskText: text,
	})
}

// limitations answers a service provider's question about one of its merchants.
func (s *Sandbox) limitations(c *call) (any, *refusal) {
	merchant := c.PathValue("no")
	if c.account.sub(merchant) == nil {
		return nil, refuse(http.StatusForbidden, wire.CodeNoAuth, "特约商户未授权给该服务商")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := wire.Limitations{MchID: merchant, Functions: []string{}}
	for _, act := range limitedActs {
		if s.book.withdrawn[key(merchant, act.act)] {
			l.Functions = append(l.Functions, act.function)
			l.Recovery = append(l.Recovery, wire.Recovery{CaseID: merchant + act.act, Reason: "交易涉嫌违规", Functions: []string{act.function}, Way: "MODIFY_SUBJECT_INFORMATION",
				Start: wire.FormatTime(s.now().Truncate(24 * time.Hour))})
		}
	}
	return l, nil
}

// violationAddress sets (POST, PUT), shows (GET) and removes (DELETE) the address at which a service provider is told.
func (s *Sandbox) violationAddress(c *call) (any, *refusal) {
	var in wire.ViolationNotify
	if c.Method == http.MethodPost || c.Method == http.MethodPut {
		if bad := c.decode(&in); bad != nil {
			return nil, bad
		}
		if bad := s.checkNotifyURL(in.NotifyURL); bad != nil {
			return nil, bad
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.Method {
	case http.MethodPost, http.MethodPut:
		s.book.noticeURLs[c.account.MchID] = in.NotifyURL
	case http.MethodGet:
		in.NotifyURL = s.book.noticeURLs[c.account.MchID]
		if in.NotifyURL == "" {
			return nil, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "未设置回调地址")
		}
	case http.MethodDelete:
		delete(s.book.noticeURLs, c.account.MchID)
		return nil, nil
	default:
		return notFound(c)
	}
	return in, nil
}
