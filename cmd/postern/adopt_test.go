package main

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/all"
	"postern/vault"
)

// adopting is a shop's account at a simulated provider, as the files and settings that the command takes.
type adopting struct {
	code   string
	box    runningSandbox
	dir    string
	set    map[string]string
	keys   map[string]string // field to file
	secret []byte            // the private key's file
	ready  map[string]string // all that the simulator says
}

// adoptees runs the simulators and writes the account of each provider that has a facade into a folder.
func adoptees(t *testing.T, o *operator) []adopting {
	t.Helper()
	boxes, err := startSandboxes(o.ctx, sandboxOptions{data: t.TempDir(), host: "127.0.0.1", name: "老王烧饼铺", log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ready := newReady()
	if err := ready.addSandboxes(t.TempDir(), boxes); err != nil {
		t.Fatal(err)
	}
	var out []adopting
	for _, b := range boxes.list {
		if !slices.Contains(faced(), b.Code) {
			continue
		}
		a := adopting{code: b.Code, box: b, dir: t.TempDir(), set: map[string]string{}, keys: map[string]string{}, ready: ready.Sandboxes[b.Code]}
		section := a.ready
		for _, f := range all.Registry()[b.Code].Describe().Settings {
			if value := section[f.ReadyField]; value != "" && f.Required || strings.HasSuffix(f.Name, "_url") && value != "" {
				a.set[f.Name] = value
			}
		}
		for _, k := range all.Registry()[b.Code].Describe().Keys {
			path := section[k.Name+"_file"]
			if path == "" && k.Required && section[k.Name] != "" {
				path = filepath.Join(a.dir, k.Name)
				if err := os.WriteFile(path, []byte(section[k.Name]+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if path != "" && (k.Required || len(k.Instead) > 0) {
				a.keys[k.Name] = path
			}
			if k.Kind == provider.KeyRSAPrivate {
				if a.secret, err = os.ReadFile(path); err != nil {
					t.Fatal(err)
				}
			}
		}
		out = append(out, a)
	}
	return out
}

// args are the command's arguments for the account.
func (a adopting) args(more ...string) []string {
	args := []string{"adopt", a.code}
	for name, value := range a.set {
		args = append(args, "--set", name+"="+value)
	}
	for name, path := range a.keys {
		args = append(args, "--key-file", name+"="+path)
	}
	return append(args, more...)
}

// placeOld orders at the simulated provider itself, as the shop did before the switch-over.
func (a adopting) placeOld(t *testing.T, o *operator) string {
	t.Helper()
	connector := all.Registry()[a.code]
	g := provider.Generation{ID: "old", Handles: map[string]any{}}
	for _, k := range connector.Describe().Keys {
		if a.keys[k.Name] == "" {
			continue
		}
		plain, err := readKeys(map[string]string{k.Name: a.keys[k.Name]})
		if err != nil {
			t.Fatal(err)
		}
		id := ""
		if k.IDField != "" {
			ids, err := readKeys(map[string]string{"id": a.keys[k.IDField]})
			if err != nil {
				t.Fatal(err)
			}
			id = string(ids["id"])
		}
		if g.Handles[k.Name], err = vault.Parse(k.Kind, id, plain[k.Name]); err != nil {
			t.Fatal(err)
		}
	}
	call := provider.Call{
		Env: provider.Env{Now: time.Now, Rand: rand.Reader, HTTP: provider.HTTPDoer{Client: http.DefaultClient}}, Settings: a.set, Sandbox: true, Keys: []provider.Generation{g}, Timeout: 5 * time.Second,
	}
	if r, ok := connector.(provider.TrustRefresher); ok {
		list, err := r.RefreshTrust(o.ctx, call)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range list {
			h, err := vault.Parse(provider.KeyCertificate, one.KeyID, []byte(one.PEM))
			if err != nil {
				t.Fatal(err)
			}
			call.Trust = append(call.Trust, h.(provider.Verifier))
		}
	}
	now := time.Now()
	start := provider.StartRequest{Description: "before", NotifyURL: "http://127.0.0.1:1/n", PayerID: "2088000000000101"}
	start.Attempt = postern.Attempt{Number: postern.NewNumber(now, rand.Reader), Amount: 6800, Currency: "CNY", CreatedAt: now, ExpiresAt: now.Add(time.Hour), Product: "native"}
	if a.code == "alipay" {
		start.Attempt.Product = "jsapi" // there is a trade before a buyer came
	}
	if r := connector.Start(o.ctx, call, start); r.State != provider.Pending {
		t.Fatalf("the old order: %+v", r)
	}
	return start.Attempt.Number
}

// TestAdopt switches a shop over from both simulated providers: made, tried, found again; another key and another merchant are refused and change nothing.
func TestAdopt(t *testing.T) {
	o := newOperator(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"))
	merchant := o.must(`merchant (mer_\w+)`, "merchant", "add", "--name", "Cloud Tea")
	other := o.must(`merchant (mer_\w+)`, "merchant", "add", "--name", "Another")
	for _, a := range adoptees(t, o) {
		t.Run(a.code, func(t *testing.T) {
			out := filepath.Join(a.dir, "out")
			first, code := o.run(a.args("--merchant", merchant, "--base-url", "https://pay.example.com", "--out", out)...)
			if code != 0 || strings.Count(first, "\nok   ")+1 < 8 || strings.Contains(first, "FAIL") || !strings.Contains(first, "https://pay.example.com") {
				t.Fatalf("%d: %s", code, first)
			}
			if !strings.Contains(first, ": made\n") || !strings.Contains(first, "asked at "+strings.TrimPrefix(a.box.base, "http://")+", absent") {
				t.Errorf("an invented number did not go to the provider: %s", first)
			}
			if _, err := os.Stat(filepath.Join(out, "public_key.pem")); err != nil {
				t.Error(err)
			}
			if body := strings.Split(strings.TrimSpace(string(a.secret)), "\n")[1]; strings.Contains(first, body) {
				t.Error("the private key was printed")
			}
			second, code := o.run(a.args("--merchant", merchant, "--old-number", a.placeOld(t, o))...)
			if code != 0 || strings.Count(second, ": found as it was") != 2 || strings.Contains(second, "shown once") || !regexp.MustCompile(`order of before .*asked at .*pending`).MatchString(second) {
				t.Errorf("%d: %s", code, second)
			}
			channel := regexp.MustCompile(`chn_\w+`).FindString(first)
			if again, code := o.run("adopt", a.code, "--merchant", merchant, "--channel", channel, "--json"); code != 0 || !strings.Contains(again, `"account_found": true`) || !strings.Contains(again, `"ok": true`) {
				t.Errorf("%d: %s", code, again)
			}
			if missing, code := o.run(a.args("--merchant", merchant, "--old-number", "2014nosuchorder")...); code == 0 || !strings.Contains(missing, "FAIL an order of before (2014nosuchorder)") {
				t.Errorf("an order that is not there: %d: %s", code, missing)
			}
			rotated := filepath.Join(a.dir, "rotated")
			account := regexp.MustCompile(`fac_\w+`).FindString(first)
			if said, code := o.run("facade", "rotate", account, "--merchant", merchant, "--out", rotated); code != 0 || strings.Contains(said, "FAIL") {
				t.Errorf("rotate: %d: %s", code, said)
			}
			for _, f := range all.Registry()[a.code].(provider.Faced).Face().Keys {
				_, err := os.Stat(filepath.Join(rotated, f.Name+".txt"))
				public := slices.Contains(all.Registry()[a.code].(provider.Faced).Face().Public, f.Name)
				if f.Own && !public && err == nil {
					t.Errorf("%s was made anew: the shop's code has the one of its provider", f.Name)
				}
			}
			refusals(t, o, a, merchant, other)
			if rows, _ := o.run("channel", "list", "--merchant", merchant); strings.Count(rows, a.code) != 1 {
				t.Errorf("channels: %s", rows)
			}
			if rows, _ := o.run("channel", "list", "--merchant", other); rows != "" {
				t.Errorf("what was refused left a channel: %s", rows)
			}
		})
	}
}

// refusals tries what must not be done.
func refusals(t *testing.T, o *operator, a adopting, merchant, other string) {
	t.Helper()
	private, _, err := vault.NewKeyPair(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	fresh := filepath.Join(a.dir, "fresh.pem")
	if err := os.WriteFile(fresh, private, 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := a
	wrong.keys = map[string]string{}
	for _, k := range all.Registry()[a.code].Describe().Keys {
		if wrong.keys[k.Name] = a.keys[k.Name]; k.Kind == provider.KeyRSAPrivate {
			wrong.keys[k.Name] = fresh
		}
		if wrong.keys[k.Name] == "" {
			delete(wrong.keys, k.Name)
		}
	}
	if said, code := o.run(wrong.args("--merchant", merchant)...); code != 1 || !strings.Contains(said, "_private_key") || !strings.Contains(said, "another value") || !strings.Contains(said, "facade rotate") {
		t.Errorf("another key: %d: %s", code, said)
	}
	own, public, err := vault.NewKeyPair(rand.Reader)
	if err != nil || len(own) == 0 {
		t.Fatal(err)
	}
	stranger := filepath.Join(a.dir, "stranger.pem")
	if err := os.WriteFile(stranger, public, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, f := range all.Registry()[a.code].(provider.Adopter).Face().Keys { // an account that was issued by hand, for somebody else's key
		if f.Kind != provider.KeyRSAPublic || f.Own {
			continue
		}
		given := []string{"facade", "issue", a.code, "--merchant", other, "--number", "1988888888", "--key-file", f.Name + "=" + stranger}
		if f.IDField != "" {
			given = append(given, "--key-file", f.IDField+"="+a.keys[f.IDField])
		}
		o.must(`account (fac_\w+)`, given...)
		said, code := o.run(a.args("--merchant", other, "--number", "1988888888")...)
		if code != 1 || !strings.Contains(said, "issued for another key") {
			t.Errorf("the key of an account that is there: %d: %s", code, said)
		}
	}
	if said, code := o.run(a.args("--merchant", other)...); code != 1 || !strings.Contains(said, "another merchant") {
		t.Errorf("another merchant: %d: %s", code, said)
	}
	if said, code := o.run(a.args("--merchant", other, "--number", "1999999999", "--set", "nonsense=1")...); code != 1 || !strings.Contains(said, "no") {
		t.Errorf("nonsense: %d: %s", code, said)
	}
}

// blocks are the commands of a page.
func blocks(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	return out
}

// TestAdoptPages runs the commands of the page, as they stand, in an empty folder against the simulated provider; the page in the other language has the same.
func TestAdoptPages(t *testing.T) {
	o := newOperator(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"))
	commands := blocks(t, "../../docs/adopt.md")
	if len(commands) < 3 || !slices.Equal(commands, blocks(t, "../../docs/adopt.zh-CN.md")) {
		t.Fatalf("the pages have other commands in each language, or hardly any: %q", commands)
	}
	dir := t.TempDir()
	script := strings.Join(commands, "")
	for _, a := range adoptees(t, o) {
		files := map[string]string{"app_private_key": "app_private_key.pem", "alipay_public_key": "alipay_public_key.pem", "apiv3_key": "apiv3_key.txt", "merchant_private_key": "apiclient_key.pem"}
		keys := maps.Clone(a.keys)
		if a.code == "wechatpay" {
			keys["merchant_cert"], files["merchant_cert"] = a.ready["merchant_cert_file"], "apiclient_cert.pem"
		} else {
			script = strings.ReplaceAll(script, "--old-number 20261101000123", "--old-number "+a.placeOld(t, o))
		}
		for name, path := range keys {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, cmp.Or(files[name], name)), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		at := a.address() // a simulated wallet, as the page says
		script = strings.ReplaceAll(script, "adopt "+a.code+" --set ", "adopt "+a.code+" --set "+at+"="+a.set[at]+" --set ")
	}
	line := `{"time":"2026-11-02T10:04:00+08:00","method":"POST","url":"https://openapi.alipay.com/gateway.do?method=alipay.trade.query","body":"biz_content=%7B%22out_trade_no%22%3A%22secret-number%22%7D"}`
	if err := os.WriteFile(filepath.Join(dir, "calls.jsonl"), []byte(line+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(o.ctx, "sh", "-e")
	shell.Dir, shell.Stdin = dir, strings.NewReader(script)
	said, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(said), "100.0 % of calls are covered") || strings.Count(string(said), "ok   the facade itself: close: closed") != 3 || !strings.Contains(string(said), ", pending, HTTP 200, WAIT_BUYER_PAY\n\nshown") || strings.Contains(string(said), "secret-number") {
		t.Fatalf("%v: %s", err, said)
	}
	for _, file := range []string{
		"keys/public_key.pem", "keys/platform_certificate.pem", "keys/platform_root.pem", "keys-wechatpay/platform_certificate.pem", "keys-wechatpay/public_key.pem",
		"keys-wechatpay/serial.txt", "keys-wechatpay/platform_public_key_id.txt",
	} {
		if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
			t.Error(err)
		}
	}
	fmt.Fprintln(t.Output(), string(said)) // what a person would see, with -v
}

// TestAdoptOldProtocol: a shop that speaks API v2 alone is adopted too, and its orders of before are asked for at the provider in that protocol.
func TestAdoptOldProtocol(t *testing.T) {
	o := newOperator(t, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"))
	o.must(`merchant (mer_\w+)`, "merchant", "add", "--name", "Cloud Tea")
	for _, a := range adoptees(t, o) {
		for _, old := range a.box.More {
			if old.Settings["protocol"] != "v2" {
				continue
			}
			a.set, a.keys = old.Settings, map[string]string{}
			for name, text := range old.Keys {
				a.keys[name] = filepath.Join(a.dir, name)
				if err := os.WriteFile(a.keys[name], text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			said, code := o.run(a.args("--out", filepath.Join(a.dir, "out"))...)
			if code != 0 || !regexp.MustCompile(`order of before .*asked at .*absent`).MatchString(said) {
				t.Fatalf("%d: %s", code, said)
			}
			if _, err := os.Stat(filepath.Join(a.dir, "out", "api_key_v2.txt")); err == nil {
				t.Error("the shop got a new secret in the place of its own")
			}
			began := a
			began.set = maps.Clone(a.set)
			delete(began.set, "protocol") // where it was ordered does not matter; the order is the account's
			said, code = o.run(a.args("--old-number", began.placeOld(t, o))...)
			if code != 0 || !regexp.MustCompile(`order of before .*asked at .*pending`).MatchString(said) {
				t.Errorf("%d: %s", code, said)
			}
			return
		}
	}
	t.Fatal("there is no account of an old protocol")
}
