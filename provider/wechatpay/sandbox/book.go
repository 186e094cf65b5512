package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"sort"
	"time"

	"postern/provider/wechatpay/wire"
)

// Limits of API v3 as documented.
const (
	prepayLife    = 2 * time.Hour // prepay_id and code_url
	h5Life        = 5 * time.Minute
	leastExpiry   = time.Minute // an earlier time_expire is lifted to this
	defaultExpiry = 7 * 24 * time.Hour
	maxRefunds    = 50
	refundWindow  = 365 * 24 * time.Hour
	oauthCodeLife = 5 * time.Minute
	codeLife      = time.Minute     // of a payment code: it changes on the phone about every minute
	codePayLife   = 5 * time.Minute // how long the buyer's phone asks for the password [G]
	reverseWindow = 7 * 24 * time.Hour
	startBalance  = 1_000_000_00 // fen in every new buyer's wallet: a million yuan
)

type kind string

const (
	kindNative kind = wire.TypeNative
	kindH5     kind = wire.TypeH5
	kindJSAPI  kind = wire.TypeJSAPI
	kindApp    kind = wire.TypeApp
	kindCode   kind = wire.TypeCode
)

// order is one row of the book.
type order struct {
	wire.Order
	account     *Account
	kind        kind
	fingerprint string // the parameters of the first request, without time_expire
	createdAt   time.Time
	expiresAt   time.Time
	closed      bool
	declined    bool
	returnURL   string // redirect_url of the h5 page
	prepay      string // newest prepay id, by which the phone names the order
	prepayUntil time.Time

	transactionID string // empty while unpaid
	paidAt        time.Time
	buyer         string
	paidTotal     int64 // what is reported as total; differs from Amount.Total only by fault
	coupon        int64 // fen paid by WeChat
	failed        bool  // code pay: the buyer declined
	revokedAt     time.Time
	shares        []*sharing
	unfrozen      bool
	refunds       []*refund
}

type refund struct {
	order     *order
	request   wire.RefundRequest
	id        string
	createdAt time.Time
	due       time.Time // when PROCESSING ends
	becomes   string    // the state it then has
	status    string
	settledAt time.Time
	keyV2     []byte // set when it was asked for in API v2
}

// ticket is a prepay id or what a code_url or h5_url carries.
type ticket struct {
	order   *order
	expires time.Time
}

type oauthCode struct {
	appID, buyer string
	expires      time.Time
	used         bool
}

// payCode is what a buyer's phone shows to a seller.
type payCode struct {
	buyer    string
	password bool
	expires  time.Time
	used     bool
}

// book is the simulated WeChat Pay's memory: orders, buyers' wallets and what merchants received, in fen. The sandbox's mutex guards it.
type book struct {
	orders     []*order // oldest first
	byNo       map[string]*order
	byTxn      map[string]*order
	refundNos  map[string]*refund
	processing []*refund // oldest first
	prepays    map[string]ticket
	codes      map[string]ticket // pr of a code_url
	payCodes   map[string]*payCode
	files      map[string]billFile // by the token of their address
	withdrawn  map[string]bool     // merchant and act
	noticeURLs map[string]string   // by service provider
	receivers  map[string]bool     // merchant, type and account
	shares     map[string]*sharing // by merchant and number
	oauth      map[string]*oauthCode
	buyers     map[string]int64  // balance by buyer
	openIDs    map[string]string // buyer by appid + " " + openid
	received   map[string]int64  // by merchant number
}

func newBook() book {
	return book{byNo: map[string]*order{}, byTxn: map[string]*order{}, refundNos: map[string]*refund{}, prepays: map[string]ticket{},
		codes: map[string]ticket{}, payCodes: map[string]*payCode{}, files: map[string]billFile{},
		withdrawn: map[string]bool{}, noticeURLs: map[string]string{}, receivers: map[string]bool{}, shares: map[string]*sharing{}, oauth: map[string]*oauthCode{}, buyers: map[string]int64{}, openIDs: map[string]string{}, received: map[string]int64{}}
}

// key joins what is unique per merchant.
func key(mchID, no string) string { return mchID + " " + no }

// state is the trade state at now: an order that nobody paid in time is closed.
func (o *order) state(now time.Time) string {
	switch {
	case !o.revokedAt.IsZero():
		return wire.StateRevoked
	case len(o.refunds) > 0:
		return wire.StateRefund
	case o.transactionID != "":
		return wire.StateSuccess
	case o.failed:
		return wire.StatePayError
	case o.closed || !now.Before(o.expiresAt):
		return wire.StateClosed
	case o.kind == kindCode:
		return wire.StateUserPaying
	default:
		return wire.StateNotPay
	}
}

var stateWords = map[string]string{
	wire.StateNotPay: "订单未支付", wire.StateSuccess: "支付成功", wire.StateRefund: "订单发生过退款", wire.StateClosed: "订单已关闭",
	wire.StateRevoked: "订单已撤销", wire.StateUserPaying: "用户支付中，需要输入密码", wire.StatePayError: "支付失败(其他原因，如银行返回失败)",
}

// refunded is the sum of refunds that took or will take money, in fen.
func (o *order) refunded() int64 {
	var sum int64
	for _, r := range o.refunds {
		if r.status != wire.RefundClosed {
			sum += r.request.Amount.Refund
		}
	}
	return sum
}

// transaction is what query and notification say. It needs s.mu.
func (s *Sandbox) transaction(o *order) wire.Transaction {
	now := s.now()
	t := wire.Transaction{Parties: o.Parties, OutTradeNo: o.OutTradeNo, TradeState: o.state(now),
		Amount: &wire.TransactionAmount{Total: o.Amount.Total, Currency: "CNY"}}
	t.TradeStateDesc = stateWords[t.TradeState]
	if o.transactionID == "" || t.TradeState == wire.StateRevoked && s.cfg.SilentReversals {
		return t
	}
	t.TransactionID, t.TradeType, t.BankType, t.Attach = o.transactionID, string(o.kind), "OTHERS", o.Attach
	t.SuccessTime = wire.FormatTime(o.paidAt)
	t.Payer = o.payerOf(o.buyer)
	t.Amount = &wire.TransactionAmount{Total: o.paidTotal, PayerTotal: o.paidTotal - o.coupon, Currency: "CNY", PayerCurrency: "CNY"}
	if o.coupon > 0 {
		t.PromotionDetail = []wire.Promotion{{CouponID: "109519", Name: "立减", Scope: "GLOBAL", Type: "NOCASH", Amount: o.coupon,
			WechatpayContribute: o.coupon, Currency: "CNY"}}
	}
	return t
}

// payerOf is how an answer names a buyer: under every appid of the order.
func (o *order) payerOf(buyer string) *wire.Payer {
	if !o.Partner() {
		return &wire.Payer{OpenID: openID(o.AppID, buyer)}
	}
	p := &wire.Payer{SpOpenID: openID(o.SpAppID, buyer)}
	if o.SubAppID != "" {
		p.SubOpenID = openID(o.SubAppID, buyer)
	}
	return p
}

func (r *refund) answer() wire.Refund {
	o := r.order
	payer := r.payerRefund()
	a := wire.Refund{RefundID: r.id, OutRefundNo: r.request.OutRefundNo, TransactionID: o.transactionID, OutTradeNo: o.OutTradeNo, Channel: "ORIGINAL",
		UserReceivedAccount: "支付用户零钱", CreateTime: wire.FormatTime(r.createdAt), Status: r.status, FundsAccount: "UNSETTLED",
		Amount: wire.RefundAnswerAmount{Total: o.paidTotal, Refund: r.request.Amount.Refund, PayerTotal: o.paidTotal - o.coupon, PayerRefund: payer,
			SettlementTotal: o.paidTotal, SettlementRefund: r.request.Amount.Refund, DiscountRefund: r.request.Amount.Refund - payer, Currency: "CNY"}}
	if r.status == wire.RefundSuccess {
		a.SuccessTime = wire.FormatTime(r.settledAt)
	}
	return a
}

// payerRefund is the buyer's part of a refund, in fen, rounded down as the coupon's part is rounded up.
func (r *refund) payerRefund() int64 {
	o := r.order
	return r.request.Amount.Refund * (o.paidTotal - o.coupon) / o.paidTotal
}

// openID is a buyer's identity under one appid: 28 characters beginning with o, a pure function so that it survives a restart.
func openID(appID, buyer string) string {
	sum := sha256.Sum256([]byte(appID + "\x00" + buyer))
	return "o" + base64.RawURLEncoding.EncodeToString(sum[:])[:27]
}

// OpenID returns the buyer's openid under appID and opens a wallet for a new buyer, for callers that skip the OAuth pages.
func (s *Sandbox) OpenID(appID, buyer string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.openID(appID, buyer)
}

// openID needs s.mu.
func (s *Sandbox) openID(appID, buyer string) string {
	s.wallet(buyer)
	id := openID(appID, buyer)
	s.book.openIDs[appID+" "+id] = buyer
	return id
}

// wallet makes sure that a buyer has one. It needs s.mu.
func (s *Sandbox) wallet(buyer string) {
	if _, ok := s.book.buyers[buyer]; !ok {
		s.book.buyers[buyer] = startBalance
	}
}

// Balances returns the fen in every buyer's wallet and what every merchant received net of refunds, for tests that reconcile.
func (s *Sandbox) Balances() (buyers, merchants map[string]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	buyers, merchants = map[string]int64{}, map[string]int64{}
	for k, v := range s.book.buyers {
		buyers[k] = v
	}
	for k, v := range s.book.received {
		merchants[k] = v
	}
	return buyers, merchants
}

// yuan writes fen for people.
func yuan(fen int64) string { return fmt.Sprintf("¥%d.%02d", fen/100, fen%100) }

// dueRefunds takes the refunds whose processing ends by now out of the waiting list, in order of time. It needs s.mu.
func (b *book) dueRefunds(now time.Time) []*refund {
	var due, rest []*refund
	for _, r := range b.processing {
		if r.due.After(now) {
			rest = append(rest, r)
		} else {
			due = append(due, r)
		}
	}
	b.processing = rest
	sort.SliceStable(due, func(i, j int) bool { return due[i].due.Before(due[j].due) })
	return due
}
