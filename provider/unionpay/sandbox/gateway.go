package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/unionpay/wire"
)

// refusal is an answer that is not a success.
type refusal struct{ code, text string }

func refuse(code, text, inner string) *refusal {
	return &refusal{code, text + "[" + inner + "]"}
}

// admit reads a request and checks merchant and signature.
func (s *Sandbox) admit(r *http.Request) (wire.Message, *refusal) {
	body, err := io.ReadAll(r.Body) // LimitBody has bounded it
	if err != nil {
		return wire.Message{}, refuse("10", "报文格式错误", "9100000")
	}
	m, err := wire.ParseForm(string(body))
	if err != nil {
		return wire.Message{}, refuse("10", "报文格式错误", "9100001")
	}
	account, known := s.accounts[m["merId"]]
	switch {
	case !known:
		return m, refuse("31", "商户状态不正确", "9100002")
	case !s.signed(account, m):
		return m, refuse("11", "验证签名失败", "9100004")
	case m["version"] != wire.Version || m["encoding"] == "" || m["accessType"] == "":
		return m, refuse("10", "报文格式错误", "9100003")
	}
	for _, name := range []string{"txnTime", "txnType", "txnSubType", "bizType", "orderId"} {
		if m[name] == "" && (name != "orderId" || m["txnType"] != wire.TypeFile) { // a request for a file names no order
			return m, refuse("13", "缺少必填域 "+name, "9100005")
		}
	}
	if _, err := wire.ParseTime(m["txnTime"]); err != nil || m["orderId"] != "" && wire.CheckOrderID("orderId", m["orderId"]) != nil {
		return m, refuse("10", "报文格式错误", "9100006")
	}
	return m, nil
}

func (s *Sandbox) signed(a Account, m wire.Message) bool {
	if m["signMethod"] != wire.MethodRSA {
		return len(a.SharedKey) > 0 && m.VerifyKey(m["signMethod"], a.SharedKey)
	}
	key := a.Certificates[m["certId"]]
	signature, err := m.Signature()
	if key == nil || err != nil {
		return false
	}
	sum := sha256.Sum256(m.Digest())
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
}

// opOf names a call for faults.
func opOf(path string, m wire.Message) string {
	switch {
	case path == wire.PathFile:
		return opBill
	case path == wire.PathQuery || m["txnType"] == wire.TypeQuery:
		return opQuery
	case m["txnType"] == wire.TypeRefund || m["txnType"] == wire.TypeUndo: // either gives back
		return opRefund
	case m["txnType"] == wire.TypeReversal:
		return opReverse
	case m["txnSubType"] == wire.SubScanned:
		return opBarcode
	case path == wire.PathApp:
		return opApp
	case path == wire.PathOrder:
		return opJSAPI
	case path == wire.PathFront && m["channelType"] == wire.ChannelPC:
		return opPage
	case path == wire.PathFront:
		return opH5
	}
	return opNative
}

// front takes a form from the buyer's browser: accepted, it sends it on to the cashier; refused, it shows a page with the reason.
func (s *Sandbox) front(w http.ResponseWriter, r *http.Request) {
	m, bad := s.admit(r)
	op := opOf(wire.PathFront, m)
	s.faults.Around(w, r, op, func(w http.ResponseWriter, r *http.Request) {
		if bad == nil {
			bad = s.ordered(op, m["merId"])
		}
		var o *order
		if bad == nil {
			o, bad = s.place(m, op)
		}
		if bad != nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprintf(w, `<!doctype html><meta charset="utf-8"><p class="front_end_error">%s</p>`, html.EscapeString(bad.text)) // the caller is gone when this fails
			return
		}
		w.Header().Set("Location", s.phone.OrderPath(o.id, "")) // [GEN] the real cashier is on a host of its own
		w.WriteHeader(http.StatusFound)
	})
}

// back takes calls of the merchant's server: orders with a code or a tn, scanned codes, reversals, refunds and undos, queries, bills.
func (s *Sandbox) back(w http.ResponseWriter, r *http.Request) {
	m, bad := s.admit(r)
	op := opOf(r.URL.Path, m)
	s.faults.Around(w, r, op, func(w http.ResponseWriter, r *http.Request) {
		answer := s.echo(m)
		if bad == nil {
			bad = s.ordered(op, m["merId"])
		}
		if bad == nil {
			bad = s.act(op, m, answer)
		}
		if _, ok := s.faults.Take(op, FaultInProgress); ok {
			bad = refuse("05", "交易已受理，请稍后查询交易结果", "0000005")
		}
		answer["respCode"], answer["respMsg"] = "00", "成功[0000000]"
		if bad != nil {
			answer["respCode"], answer["respMsg"] = bad.code, bad.text
		}
		if err := s.seal(m, answer, sandboxkit.SpoilSignature(r.Context())); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		body := answer.EncodeBody()
		w.Header().Set("Content-Type", "text/html;charset=UTF-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(body))) // a public client reads nothing without it
		_, _ = io.WriteString(w, body)                            // the caller is gone when this fails
	})
}

// act carries a call out and fills the answer.
func (s *Sandbox) act(op string, m, answer wire.Message) *refusal {
	switch {
	case op == opBill:
		return s.file(m, answer)
	case op == opQuery:
		return s.query(m, answer)
	case op == opRefund:
		return s.giveBack(m, answer)
	case op == opReverse:
		return s.reverse(m)
	case m["txnType"] != wire.TypeConsume:
		return refuse("32", "无此交易权限", "9100007")
	case op == opBarcode:
		return s.charge(m, answer)
	}
	o, bad := s.place(m, op)
	if bad != nil {
		return bad
	}
	switch op {
	case opApp:
		answer["tn"] = o.id
	case opJSAPI:
		answer["payUrl"] = s.cfg.BaseURL + s.phone.OrderPath(o.id, "")
	default:
		answer["qrCode"] = s.cfg.BaseURL + "/phone/scan/" + o.id // [GEN] the real code is https://qr.95516.com/...
	}
	return nil
}

// echo is what every answer repeats of its request.
func (s *Sandbox) echo(m wire.Message) wire.Message {
	answer := wire.Message{}
	for _, name := range []string{"version", "encoding", "bizType", "txnType", "txnSubType", "accessType", "merId", "orderId", "txnTime", "txnAmt", "currencyCode", "reqReserved"} {
		if m[name] != "" {
			answer[name] = m[name]
		}
	}
	return answer
}

// seal signs an answer or a notification as the request was signed.
func (s *Sandbox) seal(request, m wire.Message, spoil bool) error {
	if method := request["signMethod"]; method == wire.MethodSHA256 || method == wire.MethodSM3 {
		if err := m.SignKey(method, s.accounts[request["merId"]].SharedKey); err != nil {
			return err
		}
	} else {
		chain := s.chain()
		m["signPubKeyCert"] = chain.Leaf
		if err := m.SignRSA("", func(b []byte) ([]byte, error) {
			sum := sha256.Sum256(b)
			return rsa.SignPKCS1v15(nil, chain.Key, crypto.SHA256, sum[:])
		}); err != nil {
			return err
		}
		delete(m, "certId")
	}
	if spoil {
		m["signature"] = strings.Map(func(r rune) rune {
			if r == 'A' {
				return 'B'
			}
			if r == 'a' {
				return 'b'
			}
			if r == '1' {
				return '2'
			}
			return r
		}, m["signature"])
	}
	return nil
}

// ordered is the answer that an armed fault or a withdrawn permission wants, if any.
func (s *Sandbox) ordered(op, merID string) *refusal {
	switch {
	case op == opRefund && s.gate.Shut("refund", merID):
		return refuse("32", "无此交易权限", "9100022")
	case op != opRefund && op != opQuery && op != opReverse && op != opBill && s.gate.Shut("pay", merID):
		return refuse("31", "商户状态不正确", "9100008")
	}
	fault, ok := s.faults.Take(op, FaultClosed, FaultBusy, FaultRateLimited)
	if !ok {
		return nil
	}
	switch fault.Fault {
	case FaultClosed:
		return refuse("31", "商户状态不正确", "9100008")
	case FaultBusy:
		return refuse("06", "系统繁忙，请稍后再试", "9100009")
	}
	return refuse("37", "已超过最大查询次数或操作过于频繁", "9100010")
}

// place books an order, or finds the one that this merchant, number and time already name.
func (s *Sandbox) place(m wire.Message, op string) (*order, *refusal) {
	amount, err := wire.ParseAmount(m["txnAmt"])
	if err != nil || amount == 0 || m["currencyCode"] != wire.CurrencyCN {
		return nil, refuse("10", "报文格式错误 txnAmt", "9100011")
	}
	if m["backUrl"] == "" || wire.CheckURL("backUrl", m["backUrl"]) != nil {
		return nil, refuse("10", "报文格式错误 backUrl", "9100012")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	expires := now.Add(24 * time.Hour) // [GEN]
	if m["payTimeout"] != "" {
		if expires, err = wire.ParseTime(m["payTimeout"]); err != nil || !expires.After(now) {
			return nil, refuse("10", "报文格式错误 payTimeout", "9100013")
		}
	}
	if known := s.book.orders[key(m)]; known != nil {
		if known.terms != termsOf(m) || known.op != op || op != opH5 && op != opPage {
			return nil, refuse("12", "重复交易", "2010002")
		}
		return known, nil
	}
	for _, o := range s.book.all { // [GEN] a number with another time is another order at UnionPay; a merchant who does that has made a mistake
		if o.request["merId"] == m["merId"] && o.request["orderId"] == m["orderId"] {
			return nil, refuse("12", "重复交易", "2010002")
		}
	}
	o := &order{id: now.In(wire.Beijing).Format("20060102150405") + s.digits(7), op: op, request: maps.Clone(m), terms: termsOf(m), amount: amount, status: statusWaiting, created: now, expires: expires}
	s.book.add(o)
	return o, nil
}
