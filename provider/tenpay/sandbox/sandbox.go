// Package sandbox is a simulated TenPay of the classic gateway: the address that buyers' browsers open, the calls of merchants' servers, a wallet for every buyer,
// notifications with ids that can be asked back for ten minutes, and the bill of its own book. It shares neither our mapping nor our domain. Where the documents
// leave a choice, or say nothing, the choice is marked [GEN] beside it.
package sandbox

import (
	"context"
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
	"postern/provider/tenpay/wire"
)

// Account is one merchant at the simulated TenPay. Keys are the partner keys that it takes; it signs with the first.
type Account struct {
	Partner  string
	Name     string
	Keys     [][]byte
	Password []byte // of the operator who may refund
}

// Config is what New needs.
type Config struct {
	Accounts []Account
	Clock    *sandboxkit.Clock
	Rand     io.Reader
	HTTP     sandboxkit.Doer
	BaseURL  string       // as buyers' browsers see it, without a slash at its end
	Log      *slog.Logger // may be nil
}

// Schedule is how long TenPay waits after each failed try to notify: the guide says eight times within thirty minutes, and promises nothing. The gaps are [GEN].
var Schedule = []time.Duration{time.Minute, time.Minute, 2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 8 * time.Minute, 10 * time.Minute}

// Ops are the names by which faults are ordered: products for starts, then the other calls. The address is one for both products; a phone's browser asks for h5.
var Ops = []string{opPage, opH5, opQuery, opConfirm, opRefund, opRefundQuery, opBill}

const (
	opPage        = "page"
	opH5          = "h5"
	opQuery       = "query"
	opConfirm     = "confirm"
	opRefund      = "refund"
	opRefundQuery = "refund_query"
	opBill        = "bill"
)

// Faults of this sandbox besides the kit's.
const (
	FaultClosed = "closed" // the merchant may not collect: a page with the reason, or a refusal, no effect
	FaultBusy   = "busy"   // a refusal, no effect
)

// DefaultBuyer pays when nobody is named.
const DefaultBuyer = "buyer1"

// Sandbox is one simulated TenPay. It is safe for concurrent use.
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
		return nil, errors.New("tenpay sandbox: Clock, Rand and HTTP are required")
	}
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" || strings.HasSuffix(cfg.BaseURL, "/") {
		return nil, fmt.Errorf("tenpay sandbox: BaseURL %q: give an http address without a slash at its end", cfg.BaseURL)
	}
	var merchants []string
	for _, a := range cfg.Accounts {
		if len(a.Partner) != 10 || len(a.Keys) == 0 {
			return nil, errors.New("tenpay sandbox: an account needs a partner number of ten digits and a key")
		}
		s.accounts[a.Partner] = a
		merchants = append(merchants, a.Partner)
	}
	if s.cfg.Log == nil {
		s.cfg.Log = slog.New(slog.DiscardHandler)
	}
	s.faults = sandboxkit.NewFaults(Ops...).Know(FaultClosed, FaultBusy)
	s.gate = sandboxkit.NewGate(merchants...)
	s.courier = sandboxkit.NewCourier(sandboxkit.CourierConfig{Clock: cfg.Clock, HTTP: cfg.HTTP, Schedule: Schedule, Timeout: 10 * time.Second, Faults: s.faults, Log: s.cfg.Log})
	s.phone = sandboxkit.NewPhone(sandboxkit.PhoneConfig{
		Brand: sandboxkit.Brand{NameZH: "模拟财付通", NameEN: "Simulated TenPay", Color: "#b45309"}, Base: "/phone", Wallet: wallet{s}, DefaultPayer: DefaultBuyer,
	})
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		wire.PathPay: s.pay, wire.PathVerify: s.call(opConfirm, s.confirm), wire.PathQuery: s.call(opQuery, s.query),
		wire.PathRefundQuery: s.call(opRefundQuery, s.queryRefunds), wire.PathRefund: s.call(opRefund, s.refund), wire.PathBill: s.bill,
	} {
		mux.Handle(path, sandboxkit.LimitBody(h)) // all of them take GET and POST
	}
	mux.Handle("/phone", s.phone)
	mux.Handle("/phone/", s.phone)
	s.handler = mux
	return s, nil
}

// Handler serves merchants and buyers: TenPay's addresses, and the simulated wallet under /phone.
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
		panic("tenpay sandbox: no randomness: " + err.Error())
	}
	for i := range b {
		b[i] = '0' + b[i]%10
	}
	return string(b)
}
