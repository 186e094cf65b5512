package sandbox

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

const (
	codePrefix  = "weixin://wxpay/bizpayurl?pr="
	cashierPath = "/cgi-bin/mmpayweb-bin/checkmweb"
	maxBills    = 50 // on the phone's list
)

// cashier is the h5 page that a phone browser opens: it checks where the buyer comes from and leads to the wallet. redirect_url is where the wallet returns.
func (s *Sandbox) cashier(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if r.Header.Get("Referer") == "" {
		http.Error(w, "商家参数格式有误，请联系商家解决", http.StatusForbidden)
		return
	}
	if strings.Contains(r.UserAgent(), "MicroMessenger") {
		http.Error(w, "请在微信外打开订单，进行支付", http.StatusForbidden)
		return
	}
	back, err := url.Parse(q.Get("redirect_url"))
	if err != nil || q.Get("redirect_url") != "" && back.Scheme != "http" && back.Scheme != "https" {
		http.Error(w, "商家参数格式有误，请联系商家解决", http.StatusBadRequest)
		return
	}
	id := q.Get("prepay_id")
	s.mu.Lock()
	t, ok := s.book.prepays[id]
	live := ok && t.order.kind == kindH5 && s.now().Before(t.expires)
	allowed := live && (!s.cfg.CheckPayerIP || sameAddress(r.RemoteAddr, t.order.SceneInfo.PayerClientIP))
	if allowed {
		t.order.returnURL = q.Get("redirect_url")
	}
	s.mu.Unlock()
	switch {
	case !live:
		http.Error(w, "支付请求已失效，请重新发起支付", http.StatusGone)
	case !allowed:
		http.Error(w, "网络环境未能通过安全验证，请稍后再试", http.StatusForbidden)
	default:
		http.Redirect(w, r, s.phone.OrderPath(id, q.Get("payer")), http.StatusSeeOther)
	}
}

func sameAddress(remote, ip string) bool {
	host, _, err := net.SplitHostPort(remote)
	return err == nil && net.ParseIP(host).Equal(net.ParseIP(ip))
}

// bridge stands for getBrandWCPayRequest: it opens the wallet of the order's payer. When the page hands over paySign and its companions they are checked, as
// WeChat checks them; a page that only knows the prepay id may leave them out.
func (s *Sandbox) bridge(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id := strings.TrimPrefix(q.Get("prepay_id"), "prepay_id=")
	s.mu.Lock()
	t, ok := s.book.prepays[id]
	live := ok && t.order.kind == kindJSAPI && s.now().Before(t.expires)
	buyer := ""
	if live {
		buyer = s.payer(&t.order.Order)
	}
	s.mu.Unlock()
	switch {
	case !live:
		http.Error(w, "支付请求已失效，请重新发起支付", http.StatusGone)
	case q.Has("paySign") && !s.paySignGood(t.order, id, q):
		http.Error(w, "支付验证签名失败", http.StatusForbidden)
	default:
		http.Redirect(w, r, s.phone.OrderPath(id, buyer), http.StatusSeeOther)
	}
}

// paySignGood checks what the page bridge was given, under any live key of the merchant.
func (s *Sandbox) paySignGood(o *order, prepayID string, q url.Values) bool {
	ts, err := wire.ParseTimestamp(q.Get("timeStamp"))
	sig, err2 := base64.StdEncoding.DecodeString(strings.ReplaceAll(q.Get("paySign"), " ", "+")) // a page may forget to escape +
	if err != nil || err2 != nil || q.Get("appId") != o.WalletAppID() || q.Get("signType") != "RSA" {
		return false
	}
	message := wire.JSAPIMessage(o.WalletAppID(), ts, q.Get("nonceStr"), prepayID)
	return s.signedBy(o, message, sig)
}

// signedBy checks what opens the wallet under any live key of who ordered.
func (s *Sandbox) signedBy(o *order, message, sig []byte) bool {
	return slices.ContainsFunc(s.cfg.Accounts, func(a Account) bool {
		return a.MchID == o.account.MchID && verifyWith(a.MerchantPublicKey)(message, sig) == nil
	})
}

// wallet is the sandbox as sandboxkit's phone sees it. A bill's id is a prepay id.
type wallet struct{ s *Sandbox }

func named(payer string) string {
	if payer == "" {
		return DefaultBuyer
	}
	return payer
}

// Scan resolves a code_url, bare or inside another address.
func (w wallet) Scan(code, _ string) (string, error) {
	_, pr, ok := strings.Cut(code, "bizpayurl?pr=")
	if !ok {
		return "", fmt.Errorf("%w: this is not a WeChat Pay code", sandboxkit.ErrNotFound)
	}
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	t, known := s.book.codes[pr]
	if !known || !s.now().Before(t.expires) {
		return "", fmt.Errorf("%w: the code has expired", sandboxkit.ErrNotFound)
	}
	return s.newPrepay(t.order, prepayLife), nil
}

// newPrepay issues a prepay id, by which the phone names the order too. It needs s.mu.
func (s *Sandbox) newPrepay(o *order, life time.Duration) string {
	now := s.now()
	id := "wx" + now.In(wire.CST).Format("20060102150405") + s.text(hexes, 20)
	s.book.prepays[id] = ticket{order: o, expires: now.Add(life)}
	o.prepay, o.prepayUntil = id, now.Add(life)
	return id
}

// Waiting lists unpaid orders, newest first: those of this openid, and codes and h5 links, which anybody may pay.
func (w wallet) Waiting(payer string) []sandboxkit.Bill {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	var bills []sandboxkit.Bill
	for _, o := range slices.Backward(s.book.orders) {
		if len(bills) == maxBills {
			break
		}
		if s.payable(o, named(payer)) == nil {
			bills = append(bills, s.bill(s.prepayOf(o), o, named(payer)))
		}
	}
	return bills
}

// prepayOf is a live id of the order, a new one if need be. It needs s.mu.
func (s *Sandbox) prepayOf(o *order) string {
	if s.now().Before(o.prepayUntil) {
		return o.prepay
	}
	return s.newPrepay(o, prepayLife)
}

// payable says why this buyer cannot pay the order now. It needs s.mu.
func (s *Sandbox) payable(o *order, buyer string) error {
	if state := o.state(s.now()); state != wire.StateNotPay && state != wire.StateUserPaying {
		return fmt.Errorf("%w: %s", sandboxkit.ErrConflict, stateWords[state])
	}
	if s.book.withdrawn[key(o.Merchant(), "pay")] {
		return fmt.Errorf("%w: %s", sandboxkit.ErrConflict, limitedWords)
	}
	if owner := s.owner(o); owner != "" && owner != buyer {
		return fmt.Errorf("%w: 下单账号与支付账号不一致", sandboxkit.ErrConflict)
	}
	return nil
}

// owner is the only buyer who can pay the order, empty where anybody can. It needs s.mu.
func (s *Sandbox) owner(o *order) string {
	switch o.kind {
	case kindJSAPI:
		return s.payer(&o.Order)
	case kindCode:
		return o.buyer
	}
	return ""
}

// bill needs s.mu.
func (s *Sandbox) bill(id string, o *order, buyer string) sandboxkit.Bill {
	payee := cmp.Or(o.account.Name, o.MchID)
	if sub := o.account.sub(o.SubMchID); sub != nil {
		payee = cmp.Or(sub.Name, sub.MchID)
	}
	return sandboxkit.Bill{ID: id, OrderNo: o.OutTradeNo, Title: o.Description, Payee: payee, Amount: yuan(o.Amount.Total), Status: o.state(s.now()),
		Waiting: s.payable(o, buyer) == nil}
}

// find needs s.mu.
func (s *Sandbox) find(id string) (*order, error) {
	t, ok := s.book.prepays[id]
	if !ok {
		return nil, sandboxkit.ErrNotFound
	}
	return t.order, nil
}

// Bill implements sandboxkit.Wallet.
func (w wallet) Bill(id, payer string) (sandboxkit.Bill, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.find(id)
	if err != nil {
		return sandboxkit.Bill{}, err
	}
	return s.bill(id, o, named(payer)), nil
}

// Approve implements sandboxkit.Wallet.
func (w wallet) Approve(id, payer string) (sandboxkit.Outcome, error) {
	return w.press(id, payer, true)
}

// Decline implements sandboxkit.Wallet. The order stays payable: WeChat knows no declined order.
func (w wallet) Decline(id, payer string) (sandboxkit.Outcome, error) {
	return w.press(id, payer, false)
}

func (w wallet) press(id, payer string, approve bool) (sandboxkit.Outcome, error) {
	s := w.s
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.find(id)
	if err != nil {
		return sandboxkit.Outcome{}, err
	}
	if err := s.decide(o, named(payer), approve); err != nil {
		return sandboxkit.Outcome{}, err
	}
	out := sandboxkit.Outcome{Status: o.state(s.now()), ReturnURL: o.returnURL}
	if o.kind == kindJSAPI {
		word := map[bool]string{true: "ok", false: "cancel"}[approve]
		out.Message = map[string]string{"err_msg": "get_brand_wcpay_request:" + word}
	}
	return out, nil
}

// decide lets a buyer pay an order or turn away from it. It needs s.mu.
func (s *Sandbox) decide(o *order, buyer string, approve bool) error {
	if err := s.payable(o, buyer); err != nil {
		return err
	}
	if !approve {
		o.declined, o.failed = true, o.kind == kindCode
		return nil
	}
	for _, id := range []string{o.AppID, o.SpAppID, o.SubAppID} {
		if id != "" {
			s.openID(id, buyer)
		}
	}
	total, coupon := o.Amount.Total, int64(0)
	if _, ok := s.faults.Take(OpPay, FaultWrongAmount); ok {
		total++
	}
	if _, ok := s.faults.Take(OpPay, FaultCoupon); ok {
		coupon = total / 2
	}
	if s.book.buyers[buyer] < total-coupon {
		return fmt.Errorf("%w: 余额不足", sandboxkit.ErrConflict)
	}
	now := s.now()
	o.buyer, o.paidAt, o.paidTotal, o.coupon = buyer, now, total, coupon
	o.transactionID = "42000" + s.text(digits, 5) + now.In(wire.CST).Format("20060102") + s.text(digits, 10)
	s.book.byTxn[o.transactionID] = o
	s.book.buyers[buyer] -= total - coupon
	s.book.received[o.Merchant()] += total
	if o.NotifyURL != "" {
		s.notify(o.account, o.NotifyURL, wire.EventPaid, "支付成功", "transaction", s.transaction(o))
	}
	return nil
}

// controlBook is the sandbox as the control address sees it.
type controlBook struct{ s *Sandbox }

// Orders implements sandboxkit.Book.
func (b controlBook) Orders() []sandboxkit.Order {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]sandboxkit.Order, 0, len(s.book.orders))
	for _, o := range s.book.orders {
		row := sandboxkit.Order{OrderNo: o.OutTradeNo, ProviderNo: o.transactionID, Amount: o.Amount.Total, Currency: "CNY", Status: o.state(s.now())}
		if o.transactionID != "" {
			row.Amount = o.paidTotal
		}
		if !o.revokedAt.IsZero() && o.transactionID != "" { // the reversal gave it back, under the order's own number
			row.Refunds = append(row.Refunds, sandboxkit.Refund{RefundNo: o.OutTradeNo, Amount: o.paidTotal, Status: wire.RefundSuccess})
		}
		for _, r := range o.refunds {
			row.Refunds = append(row.Refunds, sandboxkit.Refund{RefundNo: r.request.OutRefundNo, Amount: r.request.Amount.Refund, Status: r.status})
		}
		list = append(list, row)
	}
	return list
}

// ApproveOrder implements sandboxkit.Book.
func (b controlBook) ApproveOrder(no, payer string) error { return b.press(no, payer, true) }

// DeclineOrder implements sandboxkit.Book.
func (b controlBook) DeclineOrder(no, payer string) error { return b.press(no, payer, false) }

func (b controlBook) press(no, payer string, approve bool) error {
	s := b.s
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.book.orders, func(o *order) bool { return o.OutTradeNo == no })
	if i < 0 {
		return sandboxkit.ErrNotFound
	}
	o := s.book.orders[i]
	if payer == "" { // whoever ordered it, or showed the code
		payer = s.owner(o)
	}
	return s.decide(o, named(payer), approve)
}
