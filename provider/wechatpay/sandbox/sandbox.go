// Package sandbox is a simulated WeChat Pay: API v3 as a merchant's server sees it (orders, queries, close, refunds, platform certificates), the OAuth pages
// that name the payer, the h5 cashier page, and a wallet on which a person approves or declines. It keeps its own book, signs with real RSA, encrypts with real
// AES-GCM and delivers notifications on WeChat's retry schedule, so that a client with signature checking on cannot tell it from the original.
//
// It imports its own wire and sandboxkit only: an independent witness shares neither our mapping nor our domain. Amounts are integer fen.
//
// Choices where the documentation is silent or was not confirmed live are marked [G] beside the code.
package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// DefaultBuyer owns the wallet that is used when nobody is named.
const DefaultBuyer = "buyer1"

// Ops that faults can name, besides sandboxkit's notify and *.
const (
	OpNative       = "native"
	OpH5           = "h5"
	OpJSAPI        = "jsapi"
	OpMini         = "mini" // the same address as jsapi: a fault of either is met by the next order there
	OpApp          = "app"
	OpCodePay      = "barcode"
	OpReverse      = "reverse"
	OpStatement    = "statement"
	OpDownload     = "download"
	OpPermissions  = "permissions"
	OpShare        = "share"
	OpQuery        = "query"
	OpClose        = "close"
	OpRefund       = "refund"
	OpRefundQuery  = "refund_query"
	OpCertificates = "certificates"
	OpOAuth        = "oauth_token"
	OpPay          = "pay" // the buyer's approval, for coupon and wrong_amount
)

// Faults of this sandbox besides sandboxkit's.
const (
	FaultSystemError    = "system_error"    // 500 SYSTEM_ERROR in WeChat's envelope, before any effect
	FaultRateLimited    = "rate_limited"    // 429 FREQUENCY_LIMITED, before any effect
	FaultClosed         = "closed"          // 403 NO_AUTH, before any effect: this merchant may not collect
	FaultUnsigned       = "unsigned"        // a 2xx without Wechatpay-* headers
	FaultUnknownSerial  = "unknown_serial"  // a good signature under a serial number that nobody has
	FaultWrongSerial    = "wrong_serial"    // a good signature under the serial number of another live key (WxJava 3731)
	FaultLateBuyer      = "late_buyer"      // ops close and reverse: the buyer pays just before it
	FaultProbe          = "signature_probe" // WECHATPAY/SIGNTEST/..., on answers and on notifications
	FaultRefundAbnormal = "refund_abnormal" // the accepted refund turns ABNORMAL
	FaultRefundClosed   = "refund_closed"   // the accepted refund turns CLOSED
	FaultRecall         = "recall"          // op reverse, API v2: the same call is asked for once more
	FaultDamaged        = "damaged"         // op download: one byte of the bill is another one
	FaultCoupon         = "coupon"          // op pay: WeChat pays a part, payer_total is less than total
	FaultWrongAmount    = "wrong_amount"    // op pay: one fen more than ordered is reported as total
)

// schedule is the wait after each failed notification, as the notification page of API v3 lists it: 24 h 4 min altogether.
var schedule = []time.Duration{
	15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute, 30 * time.Minute,
	30 * time.Minute, 60 * time.Minute, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
}

// Account is one merchant number with one appid and one merchant key. Several accounts may share a MchID: more appids, or an old and a new merchant key.
type Account struct {
	Name              string // shown to the buyer as payee; empty means the merchant number
	MchID             string
	AppID             string
	AppSecret         string
	MerchantSerial    string
	MerchantPublicKey *rsa.PublicKey
	APIv3Key          []byte // 32 bytes
	APIKeyV2          []byte // 32 characters; empty for an account that never spoke API v2
	OAuthDomain       string // when set, the only host (with its port, if any) to which OAuth may return
	// Subs are the sub-merchants for whom this account, a service provider's then, may act.
	Subs []SubMerchant
}

// SubMerchant is a merchant under a service provider, with the appids of its own that are bound to it.
type SubMerchant struct {
	MchID string
	Name  string
	Apps  []App
}

// App is an appid and its secret.
type App struct{ AppID, Secret string }

// Config is everything a sandbox needs from outside.
type Config struct {
	Accounts []Account
	// PlatformKeys are the live platform certificates, oldest first; the first one signs until SignWith names another. Empty means that the merchants are in
	// public-key mode only.
	PlatformKeys []PlatformKey
	// PublicKeyID and PublicKey are the key of public-key mode (PUB_KEY_ID_...): it answers requests whose Wechatpay-Serial names it.
	PublicKeyID string
	PublicKey   *rsa.PrivateKey
	// NotifyWithPublicKey signs notifications with PublicKey, as WeChat does at the end of its grey release.
	NotifyWithPublicKey bool

	Clock *sandboxkit.Clock
	// NoticeURL is where violations of sub-merchants are told, until a service provider registers another address.
	NoticeURL string
	// SilentReversals leaves the transaction out of what a query says of a reversed order, as v2 documents of all that is not paid. [G] What v3 does is not documented.
	SilentReversals bool
	// Wall is the time written into signatures and expected in requests; nil means Clock.Now. Give the base clock here when Clock may be advanced while the
	// merchant's clock stays: the book then lives in the future and signatures are still believed.
	Wall func() time.Time
	Rand io.Reader
	HTTP sandboxkit.Doer // delivers notifications
	// BaseURL is where Handler is reachable, without a slash at its end; it stands for api.mch.weixin.qq.com, wx.tenpay.com, open.weixin.qq.com and
	// api.weixin.qq.com alike.
	BaseURL string
	// RequireHTTPS refuses notify_url without TLS, as WeChat does; a demo on loopback leaves it off.
	RequireHTTPS bool
	// CheckPayerIP refuses the h5 cashier page to another address than the order's payer_client_ip, as WeChat does.
	CheckPayerIP bool
	// RefundDelay is how long an accepted refund stays PROCESSING; 0 means one second.
	RefundDelay time.Duration
	// RefundInterval is the least time between two refunds of one order (WeChat documents one minute); 0 allows any.
	RefundInterval time.Duration
	Log            *slog.Logger // may be nil
}

// Sandbox is a running simulation. It is safe for concurrent use.
type Sandbox struct {
	cfg     Config
	faults  *sandboxkit.Faults
	courier *sandboxkit.Courier
	phone   *sandboxkit.Phone
	wake    chan struct{}

	mu      sync.Mutex // guards everything below
	rand    io.Reader
	keys    []PlatformKey
	signing int // index into keys
	book    book
}

// New checks the configuration and returns an idle sandbox with an empty book.
func New(cfg Config) (*Sandbox, error) {
	if err := check(&cfg); err != nil {
		return nil, fmt.Errorf("wechatpay sandbox: %w", err)
	}
	s := &Sandbox{cfg: cfg, rand: cfg.Rand, keys: append([]PlatformKey(nil), cfg.PlatformKeys...), book: newBook(), wake: make(chan struct{}, 1)}
	s.faults = sandboxkit.NewFaults(OpNative, OpH5, OpJSAPI, OpMini, OpApp, OpCodePay, OpQuery, OpClose, OpReverse, OpStatement, OpDownload, OpPermissions, OpShare, OpRefund, OpRefundQuery, OpCertificates, OpOAuth, OpPay).
		Know(FaultSystemError, FaultRateLimited, FaultClosed, FaultUnsigned, FaultUnknownSerial, FaultWrongSerial, FaultLateBuyer, FaultProbe, FaultRefundAbnormal, FaultRefundClosed,
			FaultRecall, FaultDamaged, FaultCoupon, FaultWrongAmount)
	s.courier = sandboxkit.NewCourier(sandboxkit.CourierConfig{Clock: cfg.Clock, HTTP: cfg.HTTP, Schedule: schedule, Faults: s.faults, Log: cfg.Log})
	s.phone = sandboxkit.NewPhone(sandboxkit.PhoneConfig{
		Brand: sandboxkit.Brand{NameZH: "微信支付（模拟）", NameEN: "WeChat Pay (simulated)", Color: "#06803f"},
		Base:  "/phone", Wallet: wallet{s}, Codes: controlBook{s}, DefaultPayer: DefaultBuyer,
	})
	return s, nil
}

func check(cfg *Config) error {
	switch {
	case len(cfg.Accounts) == 0:
		return errors.New("Accounts: give at least one")
	case cfg.Clock == nil || cfg.Rand == nil || cfg.HTTP == nil:
		return errors.New("Clock, Rand and HTTP are required")
	case cfg.BaseURL == "" || strings.HasSuffix(cfg.BaseURL, "/"):
		return errors.New("BaseURL: give an address without a slash at its end")
	case len(cfg.PlatformKeys) == 0 && cfg.PublicKey == nil:
		return errors.New("PlatformKeys or PublicKey: give at least one key to sign with")
	case (cfg.PublicKey == nil) != (cfg.PublicKeyID == "") || cfg.PublicKeyID != "" && !strings.HasPrefix(cfg.PublicKeyID, wire.PublicKeyIDPrefix):
		return errors.New("PublicKeyID: give PUB_KEY_ID_ and digits together with PublicKey")
	case cfg.NotifyWithPublicKey && cfg.PublicKey == nil:
		return errors.New("NotifyWithPublicKey: give PublicKey")
	}
	for _, a := range cfg.Accounts {
		if a.MchID == "" || a.AppID == "" || a.MerchantSerial == "" || a.MerchantPublicKey == nil || len(a.APIv3Key) != 32 {
			return fmt.Errorf("account %q: MchID, AppID, MerchantSerial, MerchantPublicKey and an APIv3Key of 32 bytes are required", a.MchID)
		}
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Wall == nil {
		cfg.Wall = cfg.Clock.Now
	}
	if cfg.RefundDelay <= 0 {
		cfg.RefundDelay = time.Second
	}
	return nil
}

// Handler serves everything that merchants and buyers reach.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, partner := range []bool{false, true} {
		base := wire.OrdersBase(partner)
		mux.Handle("POST "+base+"/"+wire.KindNative, s.api(OpNative, s.create(kindNative, partner)))
		mux.Handle("POST "+base+"/"+wire.KindH5, s.api(OpH5, s.create(kindH5, partner)))
		mux.Handle("POST "+base+"/"+wire.KindJSAPI, s.inside(s.create(kindJSAPI, partner)))
		mux.Handle("POST "+base+"/"+wire.KindApp, s.api(OpApp, s.create(kindApp, partner)))
		mux.Handle("POST "+base+"/"+wire.KindCodePay, s.api(OpCodePay, s.create(kindCode, partner)))
		mux.Handle("GET "+base+"/out-trade-no/{no}", s.api(OpQuery, s.queryByOrderNo(partner)))
		mux.Handle("GET "+base+"/id/{id}", s.api(OpQuery, s.queryByTransactionID(partner)))
		mux.Handle("POST "+base+"/out-trade-no/{no}/close", s.api(OpClose, s.close(partner)))
		mux.Handle("POST "+base+"/out-trade-no/{no}/reverse", s.api(OpReverse, s.reverse(partner)))
	}
	mux.Handle("POST "+wire.PathRefunds, s.api(OpRefund, s.refund))
	mux.Handle("GET "+wire.PathRefunds+"/{no}", s.api(OpRefundQuery, s.refundQuery))
	mux.Handle("GET "+wire.PathCertificates, s.api(OpCertificates, s.certificates))
	mux.Handle("GET "+wire.PathTradeBill, s.api(OpStatement, s.billAddress(wire.BillTrade)))
	mux.Handle("GET "+wire.PathFundFlowBill, s.api(OpStatement, s.billAddress(wire.BillFundFlow)))
	mux.HandleFunc("GET "+wire.PathBillFile, func(w http.ResponseWriter, r *http.Request) {
		s.faults.Around(w, r, OpDownload, s.billFile)
	})
	mux.Handle("GET "+wire.PatternLimitations, s.api(OpPermissions, s.limitations))
	mux.Handle(wire.PathViolations, s.api(OpPermissions, s.violationAddress))
	mux.Handle("POST "+wire.PathReceivers, s.api(OpShare, s.addReceiver))
	mux.Handle("POST "+wire.PathShares, s.api(OpShare, s.share))
	mux.Handle("POST "+wire.PathUnfreeze, s.api(OpShare, s.unfreeze))
	mux.Handle("GET "+wire.PathShares+"/{no}", s.api(OpShare, s.shareQuery))
	s.v2Routes(mux)
	mux.Handle("/v3/", s.api("", notFound))

	mux.HandleFunc("GET "+wire.PathAuthorize, s.authorize)
	mux.HandleFunc("GET "+wire.PathAccessToken, func(w http.ResponseWriter, r *http.Request) {
		s.faults.Around(w, r, OpOAuth, s.accessToken)
	})
	mux.HandleFunc("GET /cgi-bin/mmpayweb-bin/checkmweb", s.cashier)
	mux.HandleFunc("GET /phone/pay", s.bridge)
	mux.Handle("/phone", s.phone)
	mux.Handle("/phone/", s.phone)
	return mux
}

// Control steers the sandbox and shows its book; see sandboxkit.Control.
func (s *Sandbox) Control() http.Handler {
	return sandboxkit.Control(controlBook{s}, s.faults, s.cfg.Clock)
}

// Faults is the list that Control edits, for tests in the same process.
func (s *Sandbox) Faults() *sandboxkit.Faults { return s.faults }

// Next is when the next refund settles or the next notification is due, and false when nothing is.
func (s *Sandbox) Next() (time.Time, bool) {
	due, ok := s.courier.Next()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.book.processing {
		if !ok || r.due.Before(due) {
			due, ok = r.due, true
		}
	}
	return due, ok
}

// RunDue settles the refunds and makes the notifications that are due by the clock and returns how many steps it made.
func (s *Sandbox) RunDue(ctx context.Context) int {
	made := s.settleRefunds()
	return made + s.courier.RunDue(ctx)
}

// Run does what RunDue does in real time until ctx ends and returns ctx's error.
func (s *Sandbox) Run(ctx context.Context) error {
	delivered := make(chan error, 1)
	go func() { delivered <- s.courier.Run(ctx) }()
	for {
		moved := s.cfg.Clock.Moved()
		s.settleRefunds()
		t := time.NewTimer(s.untilRefund())
		select {
		case <-ctx.Done():
			t.Stop()
			<-delivered
			return ctx.Err()
		case <-t.C:
		case <-s.wake:
		case <-moved:
		}
		t.Stop()
	}
}

// untilRefund is how long Run may sleep.
func (s *Sandbox) untilRefund() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := time.Hour // long enough to cost nothing; a new refund wakes us earlier
	for _, r := range s.book.processing {
		wait = min(wait, max(0, r.due.Sub(s.cfg.Clock.Now())))
	}
	return wait
}

// now is the book's time.
func (s *Sandbox) now() time.Time { return s.cfg.Clock.Now() }

// account returns the account with this merchant number and serial, whatever the serial's case.
func (s *Sandbox) account(mchID, serial string) *Account {
	for i := range s.cfg.Accounts {
		a := &s.cfg.Accounts[i]
		if a.MchID == mchID && wire.NormalSerial(a.MerchantSerial) == wire.NormalSerial(serial) {
			return a
		}
	}
	return nil
}

// sub returns the account's sub-merchant of this number.
func (a *Account) sub(mchID string) *SubMerchant {
	for i := range a.Subs {
		if a.Subs[i].MchID == mchID {
			return &a.Subs[i]
		}
	}
	return nil
}

// bound reports whether an appid is bound to these parties' merchant, as the first check of every order has it.
func (s *Sandbox) bound(p wire.Parties) bool {
	for i := range s.cfg.Accounts {
		a := &s.cfg.Accounts[i]
		if !p.Partner() && a.MchID == p.MchID && a.AppID == p.AppID {
			return true
		}
		if sub := a.sub(p.SubMchID); p.Partner() && a.MchID == p.SpMchID && a.AppID == p.SpAppID && sub != nil {
			return p.SubAppID == "" || slices.ContainsFunc(sub.Apps, func(app App) bool { return app.AppID == p.SubAppID })
		}
	}
	return false
}

// app returns an appid's secret and the only host to which its OAuth returns.
func (s *Sandbox) app(appID string) (app App, domain string, ok bool) {
	for _, a := range s.cfg.Accounts {
		if a.AppID == appID {
			return App{a.AppID, a.AppSecret}, a.OAuthDomain, true
		}
		for _, sub := range a.Subs {
			if i := slices.IndexFunc(sub.Apps, func(app App) bool { return app.AppID == appID }); i >= 0 {
				return sub.Apps[i], a.OAuthDomain, true
			}
		}
	}
	return App{}, "", false
}
