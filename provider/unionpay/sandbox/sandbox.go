// Package sandbox is a simulated UnionPay: the gateway (front, back, app and query addresses), a wallet for every buyer, and notifications on UnionPay's retry
// schedule. It keeps its own book and shares neither our mapping nor our domain. Where the documents leave a choice, the choice is marked [GEN] beside it.
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

	"postern/provider/sandboxkit"
	"postern/provider/unionpay/wire"
)

// Account is one merchant at the simulated UnionPay. Certificates are its signing keys by certId; SharedKey, when set, is for signMethod 11 and 12.
type Account struct {
	MerID        string
	Name         string
	Certificates map[string]*rsa.PublicKey
	SharedKey    []byte
}

// Config is what New needs. Chain is the gateway's own certificate with those above it.
type Config struct {
	Accounts []Account
	Chain    Chain
	Clock    *sandboxkit.Clock
	Rand     io.Reader
	HTTP     sandboxkit.Doer
	BaseURL  string       // as buyers' browsers see it, without a slash at its end
	Log      *slog.Logger // may be nil
}

// Schedule is how long UnionPay waits after each failed try to notify: five sends with gaps of 1, 2, 4 and 5 minutes.
var Schedule = []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute}

// Ops are the names by which faults are ordered: products for starts, then the other calls.
var Ops = []string{opPage, opH5, opNative, opApp, opJSAPI, opBarcode, opQuery, opReverse, opRefund, opBill}

const (
	opPage    = "page"
	opH5      = "h5"
	opNative  = "native"
	opApp     = "app"
	opJSAPI   = "jsapi"
	opBarcode = "barcode"
	opQuery   = "query"
	opReverse = "reverse"
	opRefund  = "refund"
	opBill    = "bill"
)

// Faults of this sandbox besides the kit's: answers in the protocol, signed and with HTTP 200.
const (
	FaultClosed      = "closed"       // 31: the merchant's state is wrong, the gate is shut
	FaultBusy        = "busy"         // 06, no effect
	FaultInProgress  = "in_progress"  // 05, and the effect happened
	FaultRateLimited = "rate_limited" // 37, no effect
)

// DefaultBuyer pays when nobody is named.
const DefaultBuyer = "buyer1"

// Sandbox is one simulated UnionPay. It is safe for concurrent use.
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

	chainMu sync.Mutex // guards cfg.Chain, which rotates
}

// New checks the configuration and returns a running sandbox; its notifications move only through Run or RunDue.
func New(cfg Config) (*Sandbox, error) {
	s := &Sandbox{cfg: cfg, accounts: map[string]Account{}, book: newBook()}
	if cfg.Chain.Key == nil || cfg.Clock == nil || cfg.Rand == nil || cfg.HTTP == nil {
		return nil, errors.New("unionpay sandbox: Chain, Clock, Rand and HTTP are required")
	}
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(cfg.BaseURL, "/") {
		return nil, fmt.Errorf("unionpay sandbox: BaseURL %q: give an http address without a slash at its end", cfg.BaseURL)
	}
	var merchants []string
	for _, a := range cfg.Accounts {
		if a.MerID == "" || len(a.Certificates) == 0 && len(a.SharedKey) == 0 {
			return nil, errors.New("unionpay sandbox: an account needs MerID, and a certificate or a shared key")
		}
		s.accounts[a.MerID] = a
		merchants = append(merchants, a.MerID)
	}
	if s.cfg.Log == nil {
		s.cfg.Log = slog.New(slog.DiscardHandler)
	}
	s.faults = sandboxkit.NewFaults(Ops...).Know(FaultClosed, FaultBusy, FaultInProgress, FaultRateLimited)
	s.gate = sandboxkit.NewGate(merchants...)
	s.courier = sandboxkit.NewCourier(sandboxkit.CourierConfig{Clock: cfg.Clock, HTTP: cfg.HTTP, Schedule: Schedule, Timeout: 10 * time.Second, Faults: s.faults, Log: s.cfg.Log})
	s.phone = sandboxkit.NewPhone(sandboxkit.PhoneConfig{
		Brand: sandboxkit.Brand{NameZH: "模拟云闪付", NameEN: "Simulated CloudPay", Color: "#0a6a74"}, Base: "/phone", Wallet: wallet{s}, Codes: buttons{s}, DefaultPayer: DefaultBuyer,
	})
	mux := http.NewServeMux()
	limited := func(h http.HandlerFunc) http.Handler { return sandboxkit.LimitBody(h) }
	mux.Handle("POST "+wire.PathFront, limited(s.front))
	mux.Handle("POST "+wire.PathBack, limited(s.back))
	mux.Handle("POST "+wire.PathApp, limited(s.back))
	mux.Handle("POST "+wire.PathOrder, limited(s.back))
	mux.Handle("POST "+wire.PathQuery, limited(s.back))
	mux.Handle("POST "+wire.PathFile+"{$}", limited(s.back))
	mux.Handle("/phone", s.phone)
	mux.Handle("/phone/", s.phone)
	s.handler = mux
	return s, nil
}

// Handler serves merchants and buyers: the gateway's addresses, and the simulated wallet under /phone.
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

// digits returns n random digits.
func (s *Sandbox) digits(n int) string {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Rand, b); err != nil {
		panic("unionpay sandbox: no randomness: " + err.Error())
	}
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
