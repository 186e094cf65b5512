// Package sandbox is a simulated Alipay: the gateway v2 in key and certificate mode, v3, partners and their merchants, bills, the OAuth page, a wallet for every buyer, and
// notifications on Alipay's retry schedule. It keeps its own book and shares neither our mapping nor our domain, so that it can bear witness against them. It is faithful enough
// that the official SDKs, with signature checking on, cannot tell. Where the documents leave a choice, the choice is marked [GEN] beside it.
package sandbox

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"postern/provider/alipay/wire"
	"postern/provider/sandboxkit"
)

// Account is one merchant app at the simulated Alipay.
type Account struct {
	AppID        string // 16 digits
	SellerID     string // 2088 and 12 digits
	MiniAppID    string // the account's mini program, if it has one
	Name         string // shown to buyers; empty shows the seller's number
	AppPublicKey *rsa.PublicKey
	// AppCertificate is a certificate of Config.Authority's, as PEM; with it the app is in certificate mode, and AppPublicKey is taken from it.
	AppCertificate string
	// ContentKey decrypts what the app encrypts (encrypt_type AES).
	ContentKey wire.ContentKey
	// Merchants have authorised this app, a partner's, to act for them.
	Merchants []Merchant

	certSN, rootSN string
	certEnd        time.Time
	authAppID      string // whose app it acts for
}

// Merchant is a seller who authorised a partner's app.
type Merchant struct {
	AppID    string // the merchant's own app
	SellerID string
	Name     string
	Token    string // app_auth_token
}

// Config is what New needs. Every account is served by one gateway, as at the real Alipay.
type Config struct {
	Accounts []Account
	// PrivateKey signs answers and notifications. It must not be an app's own key: the Java SDK refuses to work then.
	PrivateKey *rsa.PrivateKey
	// Authority issues the certificates of apps in certificate mode; NextKey is what the gateway signs for them with after a rotation. Both may be nil.
	Authority *Authority
	NextKey   *rsa.PrivateKey
	Clock     *sandboxkit.Clock
	Rand      io.Reader
	// HTTP delivers notifications.
	HTTP sandboxkit.Doer
	// BaseURL is this sandbox's address as buyers' browsers see it, without a slash at its end.
	BaseURL string
	// CodePrefix stands before the random part of a qr_code; empty means {BaseURL}/phone/scan/, so that the code opens the simulated wallet in any browser. The
	// real Alipay's is https://qr.alipay.com/.
	CodePrefix string
	// NotifyClosed lists the products (native, h5, page, jsapi) whose orders notify TRADE_CLOSED too when they time out or are closed. The documents disagree
	// about the default; the 2026 tables say none.
	NotifyClosed []string
	Log          *slog.Logger // may be nil
}

// Schedule is how long the real Alipay waits after each failed try to notify (documented: 4m, 10m, 10m, 1h, 2h, 6h, 15h).
var Schedule = []time.Duration{
	4 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 15 * time.Hour,
}

// Ops are the names by which faults are ordered: products for starts, then the other methods.
var Ops = []string{opNative, opH5, opPage, opJSAPI, opBarcode, opApp, opMini, opQuery, opClose, opCancel, opRefund, opRefundQuery, opOAuth, opCertificate, opBill, opBillFile, opReceiver, opShare, opShareQuery}

const (
	opNative      = "native"
	opH5          = "h5"
	opPage        = "page"
	opJSAPI       = "jsapi"
	opBarcode     = "barcode"
	opApp         = "app"
	opMini        = "mini"
	opQuery       = "query"
	opClose       = "close"
	opCancel      = "reverse"
	opRefund      = "refund"
	opRefundQuery = "refund_query"
	opOAuth       = "oauth_token"
	opCertificate = "certificate"
	opBill        = "statement"
	opBillFile    = "statement_file"
	opReceiver    = "share_receiver"
	opShare       = "share"
	opShareQuery  = "share_query"
)

// Faults of this sandbox besides the kit's. They are answers in the protocol, signed and with HTTP 200.
const (
	FaultRateLimited            = "rate_limited"              // 40005 isv.app-call-limited, no effect
	FaultSystemError            = "system_error"              // 40004 ACQ.SYSTEM_ERROR, no effect
	FaultSystemErrorAfterEffect = "system_error_after_effect" // 40004 ACQ.SYSTEM_ERROR, and the effect happened
	FaultUnavailable            = "unavailable"               // 20000 isp.unknow-error, no effect
	FaultClosed                 = "closed"                    // 40004 ACQ.SELLER_BEEN_BLOCKED: the gate is shut
	FaultCancelRetry            = "cancel_retry"              // a cancel answers retry_flag Y, no effect
	FaultWrongSerial            = "wrong_serial"              // the answer names a certificate that nobody has, in certificate mode
	FaultLateBuyer              = "late_buyer"                // the buyer pays in the moment before a close, a reversal or a query is carried out
	FaultSellerBalance          = "seller_balance_not_enough" // 40004 ACQ.SELLER_BALANCE_NOT_ENOUGH, for refunds
)

// DefaultBuyer pays when nobody is named.
const DefaultBuyer = "buyer1"

// Sandbox is one simulated Alipay. It is safe for concurrent use.
type Sandbox struct {
	cfg      Config
	accounts map[string]Account
	courier  *sandboxkit.Courier
	faults   *sandboxkit.Faults
	phone    *sandboxkit.Phone
	handler  http.Handler
	spoil    wire.Sign // signs something else than it is given

	sellers []string

	keys     sync.Mutex
	platform []platformKey // the last one signs for apps in certificate mode

	mu   sync.Mutex
	book book
}

// New checks the configuration and returns a running sandbox; its notifications move only through Run or RunDue.
func New(cfg Config) (*Sandbox, error) {
	s := &Sandbox{cfg: cfg, accounts: map[string]Account{}, book: newBook()}
	if cfg.PrivateKey == nil || cfg.Clock == nil || cfg.Rand == nil || cfg.HTTP == nil {
		return nil, errors.New("alipay sandbox: PrivateKey, Clock, Rand and HTTP are required")
	}
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(cfg.BaseURL, "/") {
		return nil, fmt.Errorf("alipay sandbox: BaseURL %q: give an http address without a slash at its end", cfg.BaseURL)
	}
	root := ""
	if cfg.Authority != nil {
		if err := s.certify(cfg.PrivateKey); err != nil {
			return nil, err
		}
		root = cfg.Authority.Root
	}
	for _, a := range cfg.Accounts {
		if err := a.certified(root); err != nil {
			return nil, fmt.Errorf("alipay sandbox: the certificate of app %s: %w", a.AppID, err)
		}
		a.authAppID = a.AppID
		if a.AppID == "" || a.SellerID == "" || a.AppPublicKey == nil {
			return nil, errors.New("alipay sandbox: an account needs AppID, SellerID and AppPublicKey")
		}
		if a.AppPublicKey.Equal(&cfg.PrivateKey.PublicKey) {
			return nil, fmt.Errorf("alipay sandbox: the key of app %s is the gateway's own: make two key pairs", a.AppID)
		}
		s.accounts[a.AppID] = a
		s.sellers = append(s.sellers, a.SellerID)
		for _, m := range a.Merchants {
			s.sellers = append(s.sellers, m.SellerID)
		}
	}
	if s.cfg.CodePrefix == "" {
		s.cfg.CodePrefix = cfg.BaseURL + "/phone/scan/"
	}
	if s.cfg.Log == nil {
		s.cfg.Log = slog.New(slog.DiscardHandler)
	}
	s.faults = sandboxkit.NewFaults(Ops...).Know(
		FaultRateLimited, FaultSystemError, FaultSystemErrorAfterEffect, FaultUnavailable, FaultClosed, FaultSellerBalance, FaultCancelRetry, FaultWrongSerial, FaultLateBuyer)
	s.courier = sandboxkit.NewCourier(sandboxkit.CourierConfig{
		Clock: cfg.Clock, HTTP: cfg.HTTP, Schedule: Schedule, Faults: s.faults, Log: s.cfg.Log,
	})
	s.phone = sandboxkit.NewPhone(sandboxkit.PhoneConfig{
		Brand: sandboxkit.Brand{NameZH: "模拟支付宝", NameEN: "Simulated Alipay", Color: "#1360c4"}, Base: "/phone", Wallet: wallet{s}, Codes: buttons{s}, DefaultPayer: DefaultBuyer,
	})
	s.spoil = func(message []byte) ([]byte, error) {
		return wire.SignWith(cfg.PrivateKey, wire.SignTypeRSA2)(append(message[:len(message):len(message)], ' '))
	}
	mux := http.NewServeMux()
	mux.Handle(wire.GatewayPath, sandboxkit.LimitBody(http.HandlerFunc(s.gateway)))
	mux.Handle(wire.V3Prefix, sandboxkit.LimitBody(http.HandlerFunc(s.v3)))
	mux.HandleFunc("GET "+wire.AuthorizePath, s.authorize)
	mux.HandleFunc("GET "+pathBill, s.billDownload)
	mux.HandleFunc("GET /phone/pay", s.bridge)
	mux.Handle("/phone", s.phone)
	mux.Handle("/phone/", s.phone)
	s.handler = mux
	return s, nil
}

// Handler serves merchants and buyers: /gateway.do, /oauth2/publicAppAuthorize.htm and the simulated wallet under /phone. /phone/pay?trade_no= plays the JSAPI
// bridge's tradePay: its page posts {source: "postern-sandbox", order, message: {resultCode: "9000" or "6001"}} to the window that embeds it.
func (s *Sandbox) Handler() http.Handler { return s.handler }

// Control serves the control address; see sandboxkit.Control.
func (s *Sandbox) Control() http.Handler {
	return sandboxkit.Control(buttons{s}, s.faults, s.cfg.Clock)
}

// Faults are the armed faults, for tests that share the process.
func (s *Sandbox) Faults() *sandboxkit.Faults { return s.faults }

// Run delivers notifications in real time until ctx ends and returns its error.
func (s *Sandbox) Run(ctx context.Context) error { return s.courier.Run(ctx) }

// RunDue delivers the notifications that are due by the clock and returns how many tries it made.
func (s *Sandbox) RunDue(ctx context.Context) int { return s.courier.RunDue(ctx) }

// Next is when the next notification is due, and false when none is waiting.
func (s *Sandbox) Next() (time.Time, bool) { return s.courier.Next() }

func (s *Sandbox) now() time.Time { return s.cfg.Clock.Now() }

// signer is the key for messages to an account, and the number of its certificate in certificate mode.
func (s *Sandbox) signer(a Account, signType string) (sign wire.Sign, certSN string) {
	if signType != wire.SignTypeRSA {
		signType = wire.SignTypeRSA2
	}
	if a.certSN == "" {
		return wire.SignWith(s.cfg.PrivateKey, signType), ""
	}
	k := s.signs()
	return wire.SignWith(k.key, signType), k.sn
}
