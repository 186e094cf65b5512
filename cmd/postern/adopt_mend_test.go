package main

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postern/engine"
	"postern/provider"
	"postern/route"
	"postern/store"
)

// address is the name of the setting that says where the provider is called.
func (a adopting) address() string {
	if a.set["gateway_url"] != "" {
		return "gateway_url"
	}
	return "base_url"
}

// with is the same account with another setting.
func (a adopting) with(name, value string) []string {
	return a.args("--set", name+"="+value)
}

// says runs the command and wants every text in what it says.
func (o *operator) says(t *testing.T, code int, args []string, texts ...string) string {
	t.Helper()
	said, got := o.run(args...)
	if got != code {
		t.Errorf("exit code %d, want %d: %s", got, code, said)
	}
	for _, text := range texts {
		if !strings.Contains(said, text) {
			t.Errorf("%q is not in: %s", text, said)
		}
	}
	return said
}

// TestAdoptMends tries over one set of simulators what a shop gets wrong, each in a switch of its own.
func TestAdoptMends(t *testing.T) {
	list := adoptees(t, newOperator(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db")))
	for name, try := range map[string]func(*testing.T, *operator, string, adopting){"wrong values": wrongValues, "serial": serialNumber, "again": runAgain, "unnoticed": unnoticed} {
		for _, a := range list {
			a.set, a.keys = maps.Clone(a.set), maps.Clone(a.keys)
			t.Run(name+"/"+a.code, func(t *testing.T) {
				o := newOperator(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"))
				try(t, o, o.must(`merchant (mer_\w+)`, "merchant", "add", "--name", "Cloud Tea"), a)
			})
		}
	}
}

// wrongValues gives each value wrongly once: the refusal says which one it is, and nothing is left behind.
func wrongValues(t *testing.T, o *operator, _ string, a adopting) {
	t.Helper()
	moved := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect))
	defer moved.Close()
	at := a.address()
	o.says(t, 1, a.with(at, "http://127.0.0.1:1"), "nothing answers at 127.0.0.1:1", "settings."+at, "nothing was made")
	o.says(t, 1, a.with(at, moved.URL), "HTTP 307", "/elsewhere", "settings."+at)
	o.says(t, 1, a.with(at, a.set[at]+"?x=1"), "not the address of a server", "settings."+at)
	o.says(t, 1, a.with(at, "ftp://127.0.0.1"), "not the address of a server")
	o.says(t, 1, a.with("entry_url", "http://127.0.0.1"), "settings.entry_url", "say "+at, "known are")
	number := map[string]string{"alipay": "app_id", "wechatpay": "mchid"}[a.code]
	said := o.says(t, 1, a.with(number, "2000000009"), "check "+number, "_private_key", "nothing was made")
	if strings.Contains(said, "sign=") {
		t.Errorf("a signature was printed: %s", said)
	}
	for _, list := range [][]string{{"channel", "list"}, {"credential", "list"}, {"facade", "list"}} {
		if rows := o.says(t, 0, list); rows != "" {
			t.Errorf("%v: %s", list, rows)
		}
	}
}

// unnoticed gives the seller's number, which no harmless call at the provider looks at, wrongly and then rightly: the channel and the issued account are both corrected. One
// address for both ends is refused.
func unnoticed(t *testing.T, o *operator, _ string, a adopting) {
	t.Helper()
	o.says(t, 1, a.args("--base-url", a.set[a.address()]), "are one address")
	if a.code != "alipay" {
		return
	}
	o.says(t, 0, a.with("seller_id", "2088000000000002"), "not shown: ", "a real order of before")
	o.says(t, 0, a.args(), "found, and changed: seller_id", "found, and given: seller_id", "ok   the facade itself: order")
	o.says(t, 0, a.args(), "found as it was", "ok   the facade itself: order")
}

// serialNumber: a serial number is read from the certificate, or said as plain text; one that is not the certificate's, and a certificate of another key, are refused.
func serialNumber(t *testing.T, o *operator, _ string, a adopting) {
	t.Helper()
	if a.code != "wechatpay" {
		return
	}
	text, err := os.ReadFile(a.keys["merchant_serial"])
	if err != nil {
		t.Fatal(err)
	}
	serial := strings.TrimSpace(string(text))
	delete(a.keys, "merchant_serial")
	a.keys["merchant_cert"] = a.ready["merchant_cert_file"]
	o.says(t, 1, a.with("merchant_serial", strings.Repeat("0", 39)+"1"), "not the serial number of the certificate")
	o.says(t, 0, a.args("--no-smoke"), ": made\n", "not tried (--no-smoke)")
	delete(a.keys, "merchant_cert")
	o.says(t, 0, a.with("merchant_serial", serial), ": found as it was\n")
	o.says(t, 1, a.args("--set", "merchant_serial="+serial+"0"), "another value")
}

// runAgain gives a value that the provider does not notice wrongly, and then rightly; adds a secret; ends the account, the channel and begins again.
func runAgain(t *testing.T, o *operator, merchant string, a adopting) {
	t.Helper()
	if a.code != "wechatpay" {
		return
	}
	out, appid := filepath.Join(a.dir, "out"), a.set["appid"]
	a.set["appid"], a.set["base_url"] = "wx0000000000000000", a.set["base_url"]+"/"
	first := o.says(t, 0, a.args("--out", out), ": made\n", "public_key.pem  the switch's public key / 平台公钥")
	channel, account := regexp.MustCompile(`chn_\w+`).FindString(first), regexp.MustCompile(`fac_\w+`).FindString(first)
	if _, err := os.Stat(filepath.Join(out, "api_key_v2.txt")); err == nil {
		t.Error("a secret was made for code that has none")
	}
	before := filesOf(t, out)
	a.set["appid"] = appid
	o.says(t, 0, a.args("--out", out), "found, and changed: appid", "public_key.pem  the switch's public key / 平台公钥  (as it was)")
	o.says(t, 0, a.args(), "channel "+channel+": found as it was")
	for name, was := range filesOf(t, out) {
		if !os.SameFile(was, before[name]) {
			t.Errorf("%s was written again", name)
		}
	}
	if err := os.WriteFile(filepath.Join(out, "serial.txt"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.says(t, 0, a.args("--out", out), "serial.txt.before")
	if text, err := os.ReadFile(filepath.Join(out, "serial.txt.before")); err != nil || string(text) != "another" {
		t.Errorf("%v %q", err, text)
	}
	otherSecret(t, o, a, account)

	o.says(t, 0, []string{"facade", "disable", account})
	o.says(t, 1, a.args(), "is disabled", "postern facade enable "+account)
	o.says(t, 0, []string{"facade", "enable", account}, "facade rotate")
	o.says(t, 0, a.args(), ": found as it was")

	o.says(t, 0, []string{"channel", "retire", channel})
	a.set["base_url"] = strings.TrimSuffix(a.set["base_url"], "/")
	moved := o.says(t, 0, a.args("--old-number", a.placeOld(t, o)), "and no more over "+channel, ", pending")
	second := regexp.MustCompile(`channel (chn_\w+): made`).FindStringSubmatch(moved)
	if second == nil {
		t.Fatal(moved)
	}
	use(t, o, merchant, second[1])
	set := regexp.MustCompile(`crs_\w+`).FindString(o.says(t, 1, a.with("oauth_url", a.set["base_url"]+"/x"), "another value", "postern credential set --merchant"))
	o.says(t, 1, a.with("appid", "wx0000000000000000"), "another value", "postern channel retire "+second[1])
	o.says(t, 1, []string{"credential", "set", "--account", set, "--set", "appid=wx0000000000000000"}, "orders were sent over it")
	o.says(t, 0, []string{"credential", "set", "--account", set, "--set", "oauth_url=" + a.set["base_url"] + "/x"}, "version 2")
	o.says(t, 0, a.with("oauth_url", a.set["base_url"]+"/x"), ": found as it was")
	beside(t, o, account)
}

// otherSecret adds a secret, and then says another: the refusal's own commands change it.
func otherSecret(t *testing.T, o *operator, a adopting, account string) {
	t.Helper()
	secret, other := filepath.Join(a.dir, "v2"), filepath.Join(a.dir, "v2-other")
	for path, text := range map[string]string{secret: strings.Repeat("k", 32), other: strings.Repeat("j", 32)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.says(t, 0, a.args("--key-file", "api_key_v2="+secret), "found, and changed: api_key_v2", "found, and given: api_key_v2")
	said := o.says(t, 1, a.args("--key-file", "api_key_v2="+other), "keys.api_key_v2", "postern facade rotate "+account)
	files := map[string]string{"api_key_v2": other}
	for name, path := range a.keys {
		files[name] = path
	}
	for _, command := range []string{regexp.MustCompile(`postern (credential keys [^;]*);`).FindStringSubmatch(said)[1], "facade rotate " + account + " --key-file api_key_v2=FILE"} {
		var args []string
		for _, word := range strings.Fields(command) {
			if name, isFile := strings.CutSuffix(word, "=FILE"); isFile {
				word = name + "=" + files[name]
			}
			args = append(args, word)
		}
		o.says(t, 0, args)
	}
	o.says(t, 0, a.args("--key-file", "api_key_v2="+other), "account "+account, ": found as it was")
}

// use sends an order over a channel.
func use(t *testing.T, o *operator, merchant, channel string) {
	t.Helper()
	rt := &runtime{ctx: t.Context(), config: o.config, log: slog.New(slog.DiscardHandler)}
	err := rt.withStore(func(ctx context.Context, off *offline) error {
		p, err := off.engine.Create(ctx, merchant, engine.CreateInput{Reference: "one", Amount: 100, Currency: "CNY", Description: "tea"})
		if err != nil {
			return err
		}
		_, err = off.engine.Start(ctx, merchant, p.Payment.ID, engine.StartInput{ChannelID: channel, Product: "native", Buyer: route.Buyer{Container: engine.ContainerAPI}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// beside reads while the embedded database is another process's, and changes nothing then.
func beside(t *testing.T, o *operator, account string) {
	t.Helper()
	cfg, err := readConfig(o.config)
	if err != nil {
		t.Fatal(err)
	}
	running, err := store.Open(t.Context(), cfg.Database, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	o.says(t, 0, []string{"facade", "missed"}, "nothing was missed")
	o.says(t, 0, []string{"facade", "show", account}, "is an example: set facades.wechatpay.listen", "baseURL: 'https://wechatpay.pay.example.com/'")
	o.says(t, 0, []string{"facade", "list"}, account)
	o.says(t, 1, []string{"facade", "rotate", account}, "in use by a running switch", o.base+"/console")
}

func filesOf(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	out := map[string]os.FileInfo{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if out[e.Name()], err = e.Info(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestHostingOfOneMachine: what is reached on this machine alone listens on it alone.
func TestHostingOfOneMachine(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:8443": "127.0.0.1:8443", "http://localhost:81": "localhost:81", "http://[::1]:82": "[::1]:82", "https://pay.example.com": "0.0.0.0:443",
	} {
		if got := hosting("x", base); !strings.Contains(got, `listen = "`+want+`"`) || strings.Contains(got, "tls_cert") != strings.HasPrefix(base, "https") {
			t.Errorf("%s: %s", base, got)
		}
	}
}

// TestTheCauseIsSaid: where the provider does not answer as a provider does, the line says how.
func TestTheCauseIsSaid(t *testing.T) {
	moved := httptest.NewServer(http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect))
	defer moved.Close()
	d := &passedOn{Doer: provider.HTTPDoer{Client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}}
	for _, to := range []string{moved.URL, "http://127.0.0.1:1"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if response, err := d.Do(r); err == nil {
			_ = response.Body.Close()
		}
	}
	if said := d.asked(); !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, "HTTP 307 and points to /elsewhere") }) || !strings.Contains(said[1], "refused") {
		t.Errorf("%q", said)
	}
}
