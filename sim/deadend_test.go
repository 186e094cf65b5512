package sim_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/all"
	"postern/route"
	"postern/wall"
)

// places are where the committed user agents say that buyers are, each once.
func places(t *testing.T) map[wall.Seen]string {
	t.Helper()
	file, err := os.Open("../wall/testdata/useragents.jsonl")
	must(t, err)
	defer func() { _ = file.Close() }()
	found := map[wall.Seen]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var row struct{ UA string }
		if len(lines.Bytes()) == 0 || lines.Bytes()[0] != '{' {
			continue
		}
		must(t, json.Unmarshal(lines.Bytes(), &row))
		found[wall.Detect(row.UA)] = row.UA
	}
	if len(found) < 60 {
		t.Fatalf("only %d places", len(found))
	}
	return found
}

// gates are closures of every shape that one provider or one host can give them: each wallet whole and product by product, everywhere and container by
// container, and each container for every wallet.
func gates(m *wall.Map, registry map[string][]string) []postern.Closure {
	var list []postern.Closure
	add := func(s postern.Scope) {
		list = append(list, postern.Closure{ID: fmt.Sprint("clo_", len(list)), By: postern.ByProvider, Scope: s, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: time.Unix(1, 0)}}})
	}
	for _, container := range append([]string{""}, m.Containers()...) {
		var in []string
		if container != "" {
			in = []string{container}
			if m.Name(container).Exit != wall.ExitNone { // a browser that takes no wallet has nowhere to send its buyer
				add(postern.Scope{Containers: in})
			}
		}
		for code, products := range registry {
			add(postern.Scope{Providers: []string{code}, Containers: in})
			for _, product := range products {
				add(postern.Scope{Providers: []string{code}, Products: []string{product}, Containers: in})
			}
		}
	}
	return list
}

// TestNoDeadEnds asks the planner for every committed user agent on every day on which the map changes under every closure, for a shop that has the two big
// wallets and for one that has every wallet of this binary: there is always a working method or a way out. Before WeChat Pay came up (2013) the first shop has one
// wallet, which no single closure may then take.
func TestNoDeadEnds(t *testing.T) {
	where := places(t)
	for name, codes := range map[string][]string{"two wallets": {alipay, wechat}, "all wallets": all.Registry().Codes()} {
		t.Run(name, func(t *testing.T) {
			asked, ends := deadEnds(t, codes, where)
			t.Logf("%d questions: %d places, %d days, %d dead ends", asked, len(where), len(wall.Default().Changes()), ends)
		})
	}
}

func deadEnds(t *testing.T, codes []string, where map[wall.Seen]string) (asked, ends int) {
	m, registry := wall.Default(), all.Registry()
	e := &engine.Engine{Registry: registry}
	products := map[string][]string{}
	var channels []postern.Channel
	for _, code := range codes {
		for _, p := range registry[code].Describe().Products {
			if !p.NeedsAuthCode {
				products[code] = append(products[code], p.Code)
			}
		}
		channels = append(channels, postern.Channel{ID: "chn_" + code, Provider: code, Products: products[code], Sandbox: true})
	}
	days := m.Changes()
	for _, gate := range append(gates(m, products), postern.Closure{ID: "clo_none"}) {
		stall := engine.Stall{Channels: channels}
		if len(gate.Withdraws) > 0 {
			stall.Closures = postern.IndexClosures([]postern.Closure{gate})
		}
		for _, day := range days {
			if day.Time().Year() < 2014 && len(gate.Withdraws) > 0 { // one wallet alone
				continue
			}
			for seen, ua := range where {
				if c := gate.Scope.Containers; len(c) > 0 && c[0] != seen.Container {
					continue // the closure is elsewhere: asked under clo_none
				}
				asked++
				in := e.Input(stall, postern.Payment{Amount: 6800, Currency: "CNY"}, route.Buyer{Container: seen.Container, OS: seen.OS, Form: seen.Form}, day.Time())
				if plan := e.Make(stall, in); plan.Stuck() {
					if ends++; ends <= 20 {
						t.Errorf("%s %s on %s under %+v is a dead end: %s", seen.Container, seen.Form, day, gate.Scope, ua)
					}
				}
			}
		}
	}
	return asked, ends
}
