package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"postern"
)

// config is the configuration file. Every field has a default that is good for a test on one machine.
type config struct {
	Live        bool   `toml:"live"`
	PublicURL   string `toml:"public_url"`
	CallbackURL string `toml:"callback_url"`
	Listen      string `toml:"listen"`
	Admin       string `toml:"admin"`
	Database    string `toml:"database"`
	KeyFile     string `toml:"key_file"`
	TLSCert     string `toml:"tls_cert"`
	TLSKey      string `toml:"tls_key"`
	VerifyFiles string `toml:"verify_files"`
	WallOverlay string `toml:"wall_overlay"`
	EgressProxy string `toml:"egress_proxy"`
	Zone        string `toml:"zone"`
	Locale      string `toml:"locale"`

	TrustedProxies []string            `toml:"trusted_proxies"`
	WebhookAllow   []string            `toml:"webhook_allow"`
	StartTimeout   duration            `toml:"start_timeout"`
	CallTimeout    duration            `toml:"call_timeout"`
	Deadlines      map[string]duration `toml:"deadlines"`
	Bulkheads      bulkheads           `toml:"bulkheads"`
	// Facades are the hosts at which merchants' code speaks a provider's protocol, by provider.
	Facades map[string]facadeConfig `toml:"facades"`

	proxies []netip.Prefix
	allow   []netip.Prefix
	kek     []byte
}

// duration reads "8s" from TOML.
type duration time.Duration

func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// bulkheads bound the provider calls that are under way at once; 0 leaves the engine's own bound.
type bulkheads struct {
	Account  int `toml:"account"`
	Provider int `toml:"provider"`
	Jobs     int `toml:"jobs"`
}

// maxBulkhead bounds each of them: more calls than that at once are a mistake.
const maxBulkhead = 10_000

func (b bulkheads) check() error {
	for name, n := range map[string]int{"account": b.Account, "provider": b.Provider, "jobs": b.Jobs} {
		if n < 0 || n > maxBulkhead {
			return fmt.Errorf("bulkheads: %s: give 1 to %d calls, or leave it out", name, maxBulkhead)
		}
	}
	return nil
}

// deadlines are the channels' own call timeouts, by channel id.
func (c *config) deadlines() map[string]time.Duration {
	out := map[string]time.Duration{}
	for id, d := range c.Deadlines {
		out[id] = time.Duration(d)
	}
	return out
}

func defaults() config {
	return config{
		PublicURL: "http://127.0.0.1:8080", Listen: "127.0.0.1:8080", Admin: "127.0.0.1:8081", Database: "sqlite:postern.db", KeyFile: "postern.key",
		Zone: "Asia/Shanghai", Locale: "zh-CN", StartTimeout: duration(8 * time.Second), CallTimeout: duration(10 * time.Second),
	}
}

// readConfig reads a file over the defaults and checks it. A field that it does not know is an error: a misspelt one must not be ignored.
func readConfig(path string) (config, error) {
	c := defaults()
	meta, err := toml.DecodeFile(path, &c)
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return c, fmt.Errorf("%s does not exist; make it with: postern init", path)
		}
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if unknown := meta.Undecoded(); len(unknown) > 0 {
		return c, fmt.Errorf("%s: unknown field %q", path, unknown[0].String())
	}
	return c, c.check()
}

// check refuses what could lose an order or leak one, naming the field and the fix.
func (c *config) check() error {
	if err := checkBase("public_url", c.PublicURL, c.Live); err != nil {
		return err
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	if c.CallbackURL == "" {
		c.CallbackURL = c.PublicURL
	}
	if err := checkBase("callback_url", c.CallbackURL, c.Live); err != nil {
		return err
	}
	c.CallbackURL = strings.TrimSuffix(c.CallbackURL, "/")
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("tls_cert and tls_key: set both or neither")
	}
	if _, err := time.LoadLocation(c.Zone); err != nil {
		return fmt.Errorf("zone: %q is not an IANA name; use Asia/Shanghai", c.Zone)
	}
	for id, d := range c.Deadlines {
		if !postern.CheckID(postern.PrefixChannel, id) || time.Duration(d) < time.Second || time.Duration(d) > time.Minute {
			return fmt.Errorf("deadlines: %q: name a channel (chn_...) and give it 1s to 60s", id)
		}
	}
	if err := c.Bulkheads.check(); err != nil {
		return err
	}
	if err := checkFacades(c.Facades, c.Live); err != nil {
		return err
	}
	var err error
	if c.proxies, err = prefixes("trusted_proxies", c.TrustedProxies); err != nil {
		return err
	}
	if c.allow, err = prefixes("webhook_allow", c.WebhookAllow); err != nil {
		return err
	}
	c.kek, err = readKey(c.KeyFile)
	return err
}

// checkBase wants an absolute address without query; https unless it is loopback, because providers and buyers must reach it.
func checkBase(field, s string, live bool) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fmt.Errorf("%s: %q is not an absolute address; use https://pay.example.com", field, s)
	}
	ip, err := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	if u.Scheme != "https" && (live || !loopback || u.Scheme != "http") {
		return fmt.Errorf("%s: must be https unless it is a loopback address in test mode", field)
	}
	return nil
}

func prefixes(field string, texts []string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, text := range texts {
		p, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); err != nil && addrErr == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %q is not an address or a net; use 10.0.0.0/8", field, text)
		}
		out = append(out, p)
	}
	return out, nil
}

// readKey reads the key-encryption key: 32 bytes in base64.
func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key_file: %w; make it with: postern init", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("key_file: %s must hold 32 bytes in base64", path)
	}
	return key, nil
}

// listen opens a TCP listener; port 0 takes a free one.
func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
