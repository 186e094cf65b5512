// Package all is the one list of providers in this binary: their connectors and their sandboxes. Nothing else names a provider.
package all

import (
	"context"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"postern/provider"
	"postern/provider/sandboxkit"
	"postern/recon"
)

// Sandboxes lists the providers with the makers of their sandboxes, in the order in which people are shown them. A provider is one line here; `make provider` adds it.
func Sandboxes() []Maker {
	return []Maker{
		wechatpayMaker,
		alipayMaker,
		unionpayMaker,
		bill99Maker,
		tenpayMaker,
	}
}

// Registry returns every connector.
func Registry() provider.Registry {
	var connectors []provider.Connector
	for _, m := range Sandboxes() {
		connectors = append(connectors, m.Connector)
	}
	return provider.NewRegistry(connectors...)
}

// SandboxesOf lists the makers of some providers only, for tests of what two wallets do whatever else there is.
func SandboxesOf(codes ...string) []Maker {
	return slices.DeleteFunc(Sandboxes(), func(m Maker) bool { return !slices.Contains(codes, m.Code) })
}

// Maker is one provider: its connector, and how its sandbox is made. Keys names the RSA keys that it wants, so that they can be made beforehand, in parallel.
type Maker struct {
	Code      string
	Connector provider.Connector
	Keys      []string
	Make      func(Setup) (Sandbox, error)
	// Partner says that the sandbox has a service provider's account as well; More titles what else it has.
	Partner bool
	More    []string
}

// Setup is what every sandbox needs from outside. Key returns the RSA key of one of the Maker's names.
type Setup struct {
	Clock   *sandboxkit.Clock
	Wall    func() time.Time
	Rand    io.Reader
	HTTP    sandboxkit.Doer
	BaseURL string
	Name    string // the payee's name on the phone
	Key     func(name string) *rsa.PrivateKey
	Log     *slog.Logger
}

// Sandbox is a running simulation and what a merchant's channel needs to use it.
type Sandbox struct {
	Code    string
	Handler http.Handler
	Control http.Handler
	Run     func(ctx context.Context) error
	RunDue  func(ctx context.Context) int
	Next    func() (time.Time, bool)
	// Settings and Keys are those of the simulated account, by the names of the provider's Description.
	Settings map[string]string
	Keys     map[string][]byte
	Products []string
	// Partner is a service provider's account beside the one above, with one of its merchants, where the simulator has such.
	Partner *Account
	// More are accounts that are set up in other ways, by what is different about them.
	More map[string]*Account
	// Receiver may get parts of orders, where the simulator shares; Without are the abilities (by the conformance suite's names) that the provider keeps from this account.
	Receiver provider.ShareReceiver
	Without  []string
	// Ready are the fields of the ready file; those with File set are written to files, whose paths stand in the ready file.
	Ready []ReadyField
	// Read turns the book that Control shows into what reconciliation compares.
	Read func([]sandboxkit.Order) []recon.Order
}

// Account is one more simulated account: what a channel of one of its merchants needs. Settings and Keys hold the channel's own, too. Products are the Sandbox's if empty.
type Account struct {
	Products    []string
	Settings    map[string]string
	Keys        map[string][]byte
	SubMerchant string
	// Bills are the kinds of bills that it is given, empty for all; Without are the abilities that it has not, by the conformance suite's names.
	Bills   []string
	Without []string
}

// ReadyField is one field of a sandbox's section in the ready file.
type ReadyField struct {
	Name  string
	Value string
	File  bool
}
