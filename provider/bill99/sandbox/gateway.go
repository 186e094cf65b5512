package sandbox

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // the protocol's own
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postern/provider/bill99/wire"
	"postern/provider/sandboxkit"
)

// refusal is the gateway's word for a form that it does not take.
type refusal struct{ code, text string }

func refuse(code, text string) *refusal { return &refusal{code, text} }

// pay takes a form from the buyer's browser: accepted, it sends the browser on to the cashier; refused, it shows a page with the reason.
func (s *Sandbox) pay(w http.ResponseWriter, r *http.Request) {
	op := opPage
	if r.URL.Path == wire.PathMobile {
		op = opH5
	}
	f, bad := formOf(r)
	s.faults.Around(w, r, op, func(w http.ResponseWriter, _ *http.Request) {
		if bad == nil {
			bad = s.admit(f, op)
		}
		if bad == nil {
			bad = s.ordered(op, f["merchantAcctId"])
		}
		var o *order
		if bad == nil {
			o, bad = s.place(f)
		}
		if bad != nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprintf(w, `<!doctype html><meta charset="utf-8"><p class="error">%s %s</p>`, bad.code, html.EscapeString(bad.text)) // the caller is gone when this fails
			return
		}
		w.Header().Set("Location", s.phone.OrderPath(o.id, "")) // [GEN] the real cashier is a page of its own
		w.WriteHeader(http.StatusFound)
	})
}

// formOf reads a form, which may come as a query.
func formOf(r *http.Request) (wire.Fields, *refusal) {
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body) // LimitBody has bounded it
		if err != nil {
			return nil, refuse("00000", "请求不完整")
		}
		text = string(body)
	}
	f, err := wire.ParseQuery(text)
	if err != nil {
		return nil, refuse("00000", "请求格式错误")
	}
	return f, nil
}

// admit checks a form's account, signature and fields.
func (s *Sandbox) admit(f wire.Fields, op string) *refusal {
	version := wire.Version
	if op == opH5 {
		version = wire.VersionMobile
	}
	account, known := s.accounts[f["merchantAcctId"]]
	switch {
	case !known:
		return refuse("20001", "人民币账号不存在")
	case f["version"] != version:
		return refuse("10001", "网关版本号不正确")
	case f["inputCharset"] != wire.CharsetUTF8:
		return refuse("10010", "字符集不正确")
	case f["signType"] != wire.SignMD5 && f["signType"] != wire.SignPKI:
		return refuse("10023", "签名类型不正确")
	case !account.signed(f):
		return refuse("20002", "签名字符串不匹配")
	case f["language"] != "1" && f["language"] != "2":
		return refuse("10022", "语言种类不正确")
	case wire.CheckNumber("orderId", f["orderId"]) != nil:
		return refuse("10008", "商户订单号格式不正确")
	case f["payType"] != wire.PayTypeAll:
		return refuse("10019", "支付方式不正确") // [GEN] only the choice of all ways is simulated
	case f["pageUrl"] == "" && f["bgUrl"] == "":
		return refuse("10003", "页面地址和后台地址不能同时为空")
	}
	if _, err := wire.ParseTime(f["orderTime"]); err != nil {
		return refuse("10012", "订单时间不正确")
	}
	return nil
}

// signed checks a form's signature with the account's own key.
func (a Account) signed(f wire.Fields) bool {
	text := f.Text(wire.PayOrder)
	if f["signType"] == wire.SignMD5 {
		return len(a.GatewayKey) > 0 && wire.CheckMD5(text, a.GatewayKey, f["signMsg"])
	}
	signature, err := wire.DecodeSignature(f["signMsg"])
	if err != nil || a.PublicKey == nil {
		return false
	}
	sum := sha1.Sum([]byte(text))
	return rsa.VerifyPKCS1v15(a.PublicKey, crypto.SHA1, sum[:], signature) == nil
}

// ordered is the refusal that an armed fault or a withdrawn permission wants, if any.
func (s *Sandbox) ordered(op, account string) *refusal {
	switch {
	case op == opRefund && s.gate.Shut("refund", account):
		return refuse("N", "商户未开通退款")
	case (op == opPage || op == opH5) && s.gate.Shut("pay", account):
		return refuse("10024", "商户未开通此支付方式")
	}
	fault, ok := s.faults.Take(op, FaultClosed, FaultBusy)
	switch {
	case !ok:
		return nil
	case fault.Fault == FaultBusy:
		return refuse("30001", "系统繁忙，请稍后再试")
	case op == opQuery:
		return refuse("20001", "该账号不存在或已注销")
	case op == opRefundQuery:
		return refuse("10006", "商家账号非法")
	case op == opRefund:
		return refuse("N", "商户未开通退款")
	}
	return refuse("10024", "商户未开通此支付方式")
}

// place books an order, or finds the one that this account and number already name.
func (s *Sandbox) place(f wire.Fields) (*order, *refusal) {
	amount, err := wire.ParseAmount(f["orderAmount"])
	if err != nil || amount == 0 {
		return nil, refuse("10009", "订单金额不正确")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	expires := now.Add(24 * time.Hour) // [GEN]
	if f["orderTimeOut"] != "" {
		seconds, err := strconv.Atoi(f["orderTimeOut"])
		if err != nil || seconds < 1 || seconds > 30*24*3600 {
			return nil, refuse("10012", "订单有效期不正确")
		}
		expires = now.Add(time.Duration(seconds) * time.Second) // [GEN] from the form's arrival
	}
	if known := s.book.orders[keyOf(f["merchantAcctId"], f["orderId"])]; known != nil {
		if known.amount != amount || known.form["bgUrl"] != f["bgUrl"] {
			return nil, refuse("10008", "商户订单号重复")
		}
		return known, nil
	}
	o := &order{id: s.digits(12), form: f, amount: amount, status: statusWaiting, expires: expires}
	s.book.add(o)
	return o, nil
}

// seal signs a notification as the order's form was signed.
func (s *Sandbox) seal(o *order, n wire.Fields, spoil bool) error {
	n["signType"] = o.form["signType"]
	text := n.Text(wire.NotifyOrder)
	if n["signType"] == wire.SignMD5 {
		n["signMsg"] = wire.MD5(text, s.accounts[o.form["merchantAcctId"]].GatewayKey)
	} else {
		if s.cfg.PrivateKey == nil {
			return fmt.Errorf("no key to sign with")
		}
		sum := sha1.Sum([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, s.cfg.PrivateKey, crypto.SHA1, sum[:])
		if err != nil {
			return err
		}
		n["signMsg"] = wire.EncodeSignature(signature)
	}
	if spoil {
		n["signMsg"] = spoiled(n["signMsg"])
	}
	return nil
}

// spoiled is a signature that looks like one and is not.
func spoiled(signature string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'A':
			return 'B'
		case 'B', 'C', 'D', 'E', 'F':
			return 'A'
		case '9':
			return '0'
		case '0', '1', '2', '3', '4', '5', '6', '7', '8':
			return r + 1
		}
		return r
	}, signature)
}

// notify queues the notification of a payment. Sandbox.mu is held.
func (s *Sandbox) notify(o *order) {
	if o.form["bgUrl"] == "" {
		return
	}
	err := s.courier.Send(sandboxkit.Delivery{
		ID: "bill99/" + o.form["orderId"], URL: o.form["bgUrl"], Query: !s.cfg.PostNotifications,
		Build: func(int, time.Time) (http.Header, []byte, error) {
			s.mu.Lock()
			n := o.notice()
			s.mu.Unlock()
			_, spoil := s.faults.Take(sandboxkit.OpNotify, sandboxkit.WrongSignature)
			if err := s.seal(o, n, spoil); err != nil {
				return nil, nil, err
			}
			header := http.Header{}
			if s.cfg.PostNotifications {
				header.Set("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
			}
			return header, []byte(n.Encode(wire.NotifyOrder)), nil
		},
		Accept: func(status int, body []byte) bool {
			taken, redirect := wire.ParseReply(string(body))
			if taken && status == http.StatusOK && redirect != "" {
				s.mu.Lock()
				o.redirect = redirect
				s.mu.Unlock()
			}
			return taken && status == http.StatusOK
		},
	})
	if err != nil {
		s.cfg.Log.Error("notification not queued", "order", o.form["orderId"], "reason", err)
	}
}
