package all_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/all"
	"postern/provider/providertest"
	"postern/provider/sandboxkit"
	"postern/vault"
)

var update = flag.Bool("update", false, "write docs/providers/coverage.md instead of checking it")

// TestConformance drives every connector of this binary against its simulator and holds the coverage matrix against docs/providers/coverage.md.
func TestConformance(t *testing.T) {
	var coverage []providertest.Coverage
	for _, maker := range all.Sandboxes() {
		t.Run(maker.Code, func(t *testing.T) { coverage = append(coverage, providertest.Run(t, subject(t, maker, ""))) })
		titles := maker.More
		if maker.Partner {
			titles = append([]string{"partner"}, titles...)
		}
		for _, title := range titles {
			t.Run(maker.Code+"_"+title, func(t *testing.T) { coverage = append(coverage, providertest.Run(t, subject(t, maker, title))) })
		}
	}
	if t.Failed() || len(coverage) < len(all.Sandboxes()) {
		return
	}
	want, path := providertest.Markdown(coverage), filepath.Join("..", "..", "docs", "providers", "coverage.md")
	t.Log("\n" + want)
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what the suite saw (%v); make it again with: make generate", path, err)
	}
}

// subject builds a simulator behind real HTTP, and the calls of its account (titled partner: of the service provider's) and of a stranger.
func subject(t *testing.T, maker all.Maker, title string) providertest.Subject {
	t.Helper()
	keys := makeKeys(t, append([]string{"stranger"}, maker.Keys...))
	clock := sandboxkit.NewClock(func() time.Time { return time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC) })
	connector := all.Registry()[maker.Code]
	var box all.Sandbox
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { box.Handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	in := &inbox{clock: clock, connector: connector}
	hook := httptest.NewServer(in)
	t.Cleanup(hook.Close)
	var err error
	box, err = maker.Make(all.Setup{
		Clock: clock, Wall: clock.Now, Rand: rand.Reader, HTTP: hook.Client(), BaseURL: server.URL, Name: "烧饼铺", Log: slog.New(slog.DiscardHandler),
		Key: func(name string) *rsa.PrivateKey { return keys[name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	sub, bills, without := "", []string(nil), box.Without
	if title != "" {
		account := box.More[title]
		if title == "partner" {
			account = box.Partner
		}
		box.Settings, box.Keys, sub, bills, without = account.Settings, account.Keys, account.SubMerchant, account.Bills, account.Without
		if len(account.Products) > 0 {
			box.Products = account.Products
		}
	}
	call := provider.Call{
		Env:      provider.Env{Now: clock.Now, Rand: rand.Reader, HTTP: provider.HTTPDoer{Client: &http.Client{Transport: &http.Transport{}}}},
		Settings: box.Settings, Sandbox: true, Timeout: 10 * time.Second, Keys: []provider.Generation{generation(t, connector.Describe(), box.Keys)}, SubMerchant: sub,
	}
	stranger := call
	stranger.Keys = []provider.Generation{generation(t, connector.Describe(), strange(t, connector.Describe(), box.Keys, keys["stranger"]))}
	s := providertest.Subject{
		Connector: connector, Products: box.Products, Call: withTrust(t, connector, call), Stranger: stranger, Clock: clock, Control: box.Control, RunDue: box.RunDue,
		NotifyURL: hook.URL + "/n/abc", Inbox: in.list, Title: title, Bills: bills, Without: without, Receiver: box.Receiver,
	}
	for _, field := range connector.Describe().Keys {
		if secret := field.Kind == provider.KeyRSAPrivate || field.Kind == provider.KeyAES256GCM || field.Kind == provider.KeyHMACSHA256 || field.Kind == provider.KeySecret && !isID(connector.Describe(), field.Name); secret && len(box.Keys[field.Name]) > 0 {
			s.Secrets = append(s.Secrets, string(box.Keys[field.Name]))
		}
	}
	return s
}

// withTrust adds the provider's fetched certificates, as the engine's job does.
func withTrust(t *testing.T, connector provider.Connector, call provider.Call) provider.Call {
	t.Helper()
	refresher, ok := connector.(provider.TrustRefresher)
	if !ok {
		return call
	}
	fetched, err := refresher.RefreshTrust(t.Context(), call)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fetched {
		h, err := vault.Parse(provider.KeyCertificate, f.KeyID, []byte(f.PEM))
		if err != nil {
			t.Fatal(err)
		}
		call.Trust = append(call.Trust, h.(provider.Verifier))
	}
	return call
}

// generation makes the vault's own handles of a key set.
func generation(t *testing.T, d provider.Description, keys map[string][]byte) provider.Generation {
	t.Helper()
	g := provider.Generation{ID: "gen_1", Handles: map[string]any{}}
	for _, field := range d.Keys {
		text, ok := keys[field.Name]
		if !ok {
			continue
		}
		h, err := vault.Parse(field.Kind, string(keys[field.IDField]), text)
		if err != nil {
			t.Fatal(err)
		}
		g.Handles[field.Name] = h
	}
	return g
}

// strange replaces every RSA key and every secret by one that the provider has never seen; ids stay.
func strange(t *testing.T, d provider.Description, keys map[string][]byte, key *rsa.PrivateKey) map[string][]byte {
	t.Helper()
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	out := maps.Clone(keys)
	for _, field := range d.Keys {
		switch field.Kind {
		case provider.KeyRSAPrivate:
			out[field.Name] = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
		case provider.KeyAuthority, provider.KeyCertificate:
			if len(keys[field.Name]) > 0 {
				out[field.Name] = authority(t, key)
			}
		case provider.KeyHMACSHA256:
			out[field.Name] = []byte("a stranger's secret")
		case provider.KeySecret:
			if len(keys[field.Name]) > 0 && !isID(d, field.Name) {
				out[field.Name] = []byte("a stranger's secret")
			}
		case provider.KeyRSAPublic:
			out[field.Name] = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
		}
	}
	return out
}

// isID says that a secret is no secret but the name of another key, such as a serial number.
func isID(d provider.Description, name string) bool {
	return slices.ContainsFunc(d.Keys, func(f provider.KeyField) bool { return f.IDField == name })
}

func makeKeys(t *testing.T, names []string) map[string]*rsa.PrivateKey {
	t.Helper()
	made := make([]*rsa.PrivateKey, len(names))
	var group sync.WaitGroup
	for i := range names {
		group.Go(func() {
			var err error
			if made[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	keys := map[string]*rsa.PrivateKey{}
	for i, name := range names {
		keys[name] = made[i]
	}
	return keys
}

// inbox is the address that the simulator notifies. It acknowledges everything in the connector's own words.
type inbox struct {
	clock     *sandboxkit.Clock
	connector provider.Connector

	mu   sync.Mutex
	seen []provider.Message
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.Method == http.MethodGet {
		body = []byte(r.URL.RawQuery)
	}
	in.mu.Lock()
	in.seen = append(in.seen, provider.Message{Header: r.Header.Clone(), Body: body, ReceivedAt: in.clock.Now()})
	in.mu.Unlock()
	if n, ok := in.connector.(provider.Notifiable); ok {
		reply := n.Acknowledge(true)
		w.Header().Set("Content-Type", reply.ContentType)
		w.WriteHeader(reply.Status)
		_, _ = io.WriteString(w, reply.Body)
	}
}

func (in *inbox) list() []provider.Message {
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]provider.Message(nil), in.seen...)
}

// TestEveryProviderHasASimulator keeps the two lists of this package in step, and the codes safe for addresses and columns.
func TestEveryProviderHasASimulator(t *testing.T) {
	registry := all.Registry()
	if len(registry) != len(all.Sandboxes()) {
		t.Errorf("%d connectors, %d simulators", len(registry), len(all.Sandboxes()))
	}
	for _, maker := range all.Sandboxes() {
		if maker.Connector == nil || maker.Connector.Describe().Code != maker.Code || registry[maker.Code] == nil {
			t.Errorf("the simulator %s has no connector, or another's", maker.Code)
		}
	}
	if n := len(postern.NewNumber(time.Unix(0, 0), rand.Reader)); n != 32 {
		t.Errorf("order numbers have %d characters", n)
	}
}

// authority is the certificate of somebody whom nobody knows.
func authority(t *testing.T, key *rsa.PrivateKey) []byte {
	t.Helper()
	template := x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "stranger"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
