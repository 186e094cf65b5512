package sandbox

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/tenpay/wire"
)

// refusal is an answer that is not a success. TenPay does not sign it.
type refusal struct{ code, text string }

// Codes of refusals. Only the wire's two are attested; these are [GEN].
const (
	retBadForm   = "99000001"
	retNoPartner = "99000002"
	retBadSign   = "99000003"
	retClosed    = "99000004"
	retBusy      = "99000005"
	retOtherData = "99000006"
	retAmount    = "99000007"
	retPassword  = "99000008"
	retNoNotify  = "99000009"
)

// parse reads the fields of a request, which came as a query or as a body.
func parse(r *http.Request) (wire.Params, error) {
	if r.Method != http.MethodPost {
		return wire.ParseForm(r.URL.RawQuery)
	}
	body, err := io.ReadAll(r.Body) // LimitBody has bounded it
	if err != nil {
		return nil, err
	}
	return wire.ParseForm(string(body))
}

// admit reads a request and checks merchant and signature.
func (s *Sandbox) admit(r *http.Request) (wire.Params, *refusal) {
	p, err := parse(r)
	if err != nil {
		return wire.Params{}, &refusal{retBadForm, "参数格式错误"}
	}
	account, known := s.accounts[p["partner"]]
	switch {
	case !known:
		return p, &refusal{retNoPartner, "商户不存在"}
	case !account.signed(p.Verify):
		return p, &refusal{retBadSign, "签名错误"}
	}
	return p, nil
}

// signed says that one of the account's keys made a signature.
func (a Account) signed(by func(key []byte) bool) bool {
	for _, key := range a.Keys {
		if by(key) {
			return true
		}
	}
	return false
}

// ordered is the refusal that an armed fault or a withdrawn permission wants, if any.
func (s *Sandbox) ordered(op, partner string) *refusal {
	if op == opRefund && s.gate.Shut("refund", partner) || (op == opPage || op == opH5) && s.gate.Shut("pay", partner) {
		return &refusal{retClosed, "商户权限已关闭"}
	}
	fault, ok := s.faults.Take(op, FaultClosed, FaultBusy)
	switch {
	case !ok:
		return nil
	case fault.Fault == FaultClosed:
		return &refusal{retClosed, "商户权限已关闭"}
	}
	return &refusal{retBusy, "系统繁忙"}
}

// pay takes a buyer's browser: accepted, it is sent on to the cashier; refused, it sees a page with the reason.
func (s *Sandbox) pay(w http.ResponseWriter, r *http.Request) {
	op := opPage
	if strings.Contains(r.UserAgent(), "Mobile") {
		op = opH5
	}
	s.faults.Around(w, r, op, func(w http.ResponseWriter, r *http.Request) {
		p, bad := s.admit(r)
		if bad == nil {
			bad = s.ordered(op, p["partner"])
		}
		var o *order
		if bad == nil {
			o, bad = s.place(p)
		}
		if bad != nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusBadRequest)                                                                                                 // [GEN]
			_, _ = fmt.Fprintf(w, `<!doctype html><meta charset="utf-8"><p>%s %s</p>`, html.EscapeString(bad.code), html.EscapeString(bad.text)) // the caller is gone when this fails
			return
		}
		http.Redirect(w, r, s.phone.OrderPath(o.id, ""), http.StatusFound) // [GEN] the real cashier has an address of its own
	})
}

// call makes the handler of one call of merchants' servers. act fills the answer or refuses.
func (s *Sandbox) call(op string, act func(p, answer wire.Params) *refusal) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.faults.Around(w, r, op, func(w http.ResponseWriter, r *http.Request) {
			p, bad := s.admit(r)
			answer := wire.Params{"input_charset": p["input_charset"], "partner": p["partner"], "sign_type": wire.SignType, "service_version": p["service_version"], "sign_key_index": wire.KeyIndex}
			if bad == nil {
				bad = s.ordered(op, p["partner"])
			}
			if bad == nil {
				bad = act(p, answer)
			}
			if bad != nil {
				answer = wire.Params{"retcode": bad.code, "retmsg": bad.text}
			} else {
				answer["retcode"], answer["retmsg"] = wire.RetOK, ""
				s.seal(answer, sandboxkit.SpoilSignature(r.Context()))
			}
			writeXML(w, p, answer)
		})
	}
}

// writeXML answers in the charset of the request. What a client would take for GBK is declared as gb2312, as in the guide's samples.
func writeXML(w http.ResponseWriter, asked, answer wire.Params) {
	charset, err := asked.Charset()
	if err != nil {
		charset = wire.GBK
	}
	out, err := answer.EncodeXML(charset)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	out = bytes.Replace(out, []byte(`encoding="GBK"`), []byte(`encoding="gb2312"`), 1)
	w.Header().Set("Content-Type", "text/xml")
	_, _ = w.Write(out) // the caller is gone when this fails
}

// seal signs an answer or a notification.
func (s *Sandbox) seal(p wire.Params, spoil bool) {
	if err := p.Sign(s.accounts[p["partner"]].Keys[0]); err != nil {
		s.cfg.Log.Error("not signed", "reason", err)
		return
	}
	if spoil {
		p["sign"] = strings.Repeat("0", 31) + "1"
	}
}

// place books an order, or finds the one that this number names already with the same core data.
func (s *Sandbox) place(p wire.Params) (*order, *refusal) {
	for _, name := range []string{"body", "return_url", "notify_url", "out_trade_no", "total_fee", "fee_type", "spbill_create_ip"} {
		if p[name] == "" {
			return nil, &refusal{retBadForm, "缺少参数 " + name}
		}
	}
	amount, err := wire.ParseFen(p["total_fee"])
	if err != nil || wire.CheckAmount("", amount) != nil || p["fee_type"] != wire.FeeType || wire.CheckIP("", p["spbill_create_ip"]) != nil {
		return nil, &refusal{retBadForm, "参数格式错误"}
	}
	if charset, err := p.Charset(); err != nil || len(p["out_trade_no"]) > 32 || tooLong(charset, p["body"], wire.MaxBody) {
		return nil, &refusal{retBadForm, "参数过长"}
	}
	now := s.now()
	expires := now.Add(24 * time.Hour) // [GEN]
	if p["time_expire"] != "" {
		if expires, err = wire.ParseTime(p["time_expire"]); err != nil || !expires.After(now) {
			return nil, &refusal{retBadForm, "订单已过期"}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.book.orders[key(p["partner"], p["out_trade_no"])]; known != nil {
		if known.core() != core(p) {
			return nil, &refusal{retOtherData, "订单信息与原订单不一致"}
		}
		return known, nil
	}
	o := &order{id: s.digits(20), request: maps.Clone(p), amount: amount, status: statusWaiting, created: now, expires: expires}
	s.book.add(o)
	return o, nil
}

func tooLong(charset wire.Charset, text string, most int) bool {
	written, err := charset.Encode(text)
	return err != nil || len(written) > most
}
