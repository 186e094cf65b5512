// Package sandbox is a simulated 99Bill: the gateway for big screens and phones, the queries in JSON and SOAP, refunds and the refund query, a cashier for every
// buyer, and notifications by GET. It keeps its own book and shares neither our mapping nor our domain. Where the documents leave a choice, or were not found, the
// choice is marked [GEN] beside it.
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

	"postern/provider/bill99/wire"
	"postern/provider/sandboxkit"
)

// Account is one merchant at the simulated 99Bill. PublicKey, when set, is for signType 4; then Config.PrivateKey signs what the account is sent.
type Account struct {
	Number     string // the RMB account, merchantAcctId
	Name       string
	GatewayKey []byte
	QueryKey   []byte
	RefundKey  []byte
	PublicKey  *rsa.PublicKey
}

// Config is what New needs.
type Config struct {
	Accounts   []Account
	PrivateKey *rsa.PrivateKey // 99Bill's own, for signType 4; may be nil
	Clock      *sandboxkit.Clock
	Rand       io.Reader
	HTTP       sandboxkit.Doer
	BaseURL    string       // as buyers' browsers see it, without a slash at its end
	Log        *slog.Logger // may be nil
	// Schedule is how long 99Bill waits after each failed try to notify; nil means DefaultSchedule.
	Schedule []time.Duration
	// PostNotifications makes notifications forms that are POSTed; the one that was captured was a GET, and clients take both.
	PostNotifications bool
	// RefundTakes is how long a refund is under way; 0 means five seconds. [GEN]
	RefundTakes time.Duration
}

// DefaultSchedule is [GEN]: the real one was found nowhere.
var DefaultSchedule = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour}

// Ops are the names by which faults are ordered: products for starts, then the other calls.
var Ops = []string{opPage, opH5, opQuery, opRefund, opRefundQuery}

const (
	opPage        = "page"
	opH5          = "h5"
	opQuery       = "query"
	opRefund      = "refund"
	opRefundQuery = "refund_query"
)

// Faults of this sandbox besides the kit's: answers in the protocol, signed where it signs, with HTTP 200.
const (
	FaultClosed = "closed" // the way to pay is not opened, the account is gone, or refunds are not: a permission withdrawn
	FaultBusy   = "busy"   // no effect
)

// DefaultBuyer pays when nobody is named.
const DefaultBuyer = "buyer1"

// Sandbox is one simulated 99Bill. It is safe for concurrent use.
type Sandbox struct {
	cfg      Config
	accounts map[string]Account
	courier  *sandboxkit.Courier
	faults   *sandboxkit.Faults
	gate     *sandboxkit.Gate
	phone    *sandboxkit.Phone
	handler  http.Handler

	mu   sync.Mutex
	book book
}

// New checks the configuration and returns a running sandbox; its notifications move only through Run or RunDue.
func New(cfg Config) (*Sandbox, error) {
	s := &Sandbox{cfg: cfg, accounts: map[string]Account{}, book: newBook()}
	if cfg.Clock == nil || cfg.Rand == nil || cfg.HTTP == nil {
		return nil, errors.New("bill99 sandbox: Clock, Rand and HTTP are required")
	}
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(cfg.BaseURL, "/") {
		return nil, fmt.Errorf("bill99 sandbox: BaseURL %q: give an http address without a slash at its end", cfg.BaseURL)
	}
	var merchants []string
	for _, a := range cfg.Accounts {
		if wire.CheckAccount("account", a.Number) != nil || len(a.QueryKey) == 0 || len(a.RefundKey) == 0 || len(a.GatewayKey) == 0 && a.PublicKey == nil {
			return nil, errors.New("bill99 sandbox: an account needs its Number, a query key, a refund key, and a gateway key or a public key")
		}
		s.accounts[a.Number] = a
		merchants = append(merchants, a.Number)
	}
	if s.cfg.Log == nil {
		s.cfg.Log = slog.New(slog.DiscardHandler)
	}
	if s.cfg.Schedule == nil {
		s.cfg.Schedule = DefaultSchedule
	}
	if s.cfg.RefundTakes == 0 {
		s.cfg.RefundTakes = 5 * time.Second
	}
	s.faults = sandboxkit.NewFaults(Ops...).Know(FaultClosed, FaultBusy)
	s.gate = sandboxkit.NewGate(merchants...)
	s.courier = sandboxkit.NewCourier(sandboxkit.CourierConfig{Clock: cfg.Clock, HTTP: cfg.HTTP, Schedule: s.cfg.Schedule, Timeout: 10 * time.Second, Faults: s.faults, Log: s.cfg.Log})
	s.phone = sandboxkit.NewPhone(sandboxkit.PhoneConfig{
		Brand: sandboxkit.Brand{NameZH: "模拟快钱收银台", NameEN: "Simulated 99Bill cashier", Color: "#b0361e"}, Base: "/phone", Wallet: wallet{s}, DefaultPayer: DefaultBuyer,
	})
	mux := http.NewServeMux()
	limited := func(pattern string, h http.HandlerFunc) { mux.Handle(pattern, sandboxkit.LimitBody(h)) }
	for _, path := range []string{wire.PathPay, wire.PathMobile} {
		limited("POST "+path, s.pay)
		limited("GET "+path, s.pay)
	}
	limited("POST "+wire.PathQuery, s.queryJSON)
	limited("POST "+wire.PathQuerySOAP, s.querySOAP)
	limited("POST "+wire.PathRefund, s.refund)
	limited("GET "+wire.PathRefund, s.refund)
	limited("POST "+wire.PathRefundQuery, s.refundQuery)
	mux.Handle("/phone", s.phone)
	mux.Handle("/phone/", s.phone)
	s.handler = mux
	return s, nil
}

// Handler serves merchants and buyers: the gateway's addresses, and the simulated cashier under /phone.
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

// digits returns n random digits, the first of which is not 0.
func (s *Sandbox) digits(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic("bill99 sandbox: no randomness: " + err.Error())
	}
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	b[0] = '1' + b[0]%9
	return string(b)
}
