package checkout

import (
	"fmt"
	"slices"
	"strings"

	"postern"
)

// named are the states whose page is named after what it sells: the address may be passed on from them.
var named = []State{StateLink, StateChoose, StateScan, StateWayOut, StateNoWay}

// share is what a chat shows of this address: what, how much and whose. It is in the server's HTML, because no crawler runs scripts, and it is the same for
// everybody. The picture is of our own drawing and is also the first one in the page, which is what one host takes when it may not run its own script here.
func (s scene) share(w *words) *Share {
	pay := s.state.Payment
	money := postern.FormatMoney(pay.Amount, pay.Currency)
	shop := clip(s.merchant.Name, maxShareName)
	line := fmt.Sprintf(w.ShareLine, shop, money)
	if s.link != nil && s.link.Description != "" {
		line = clip(s.link.Description, maxShareLine)
	}
	return &Share{
		Title: clip(pay.Description, maxShareName) + " " + money + " · " + shop, Description: line, Site: shop, URL: s.at.shared(""), Image: s.at.public + s.at.path() + "/card.png",
	}
}

// What a card has room for; the page stays small whatever the merchant sends.
const (
	maxShareName = 40
	maxShareLine = 80
)

// clip cuts a text after so many characters.
func clip(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// finish names the page when everything else is known of it.
func (p *Page) finish() {
	if p.Share != nil {
		p.Share.Name = slices.Contains(named, p.State)
	}
}

// asOf says in words which day is looked at, empty for today.
func (s scene) asOf(w *words) string {
	if s.on.IsZero() {
		return ""
	}
	return fmt.Sprintf(w.AsOf, s.on.In(postern.Beijing).Format(s.lang.Pick("2006年1月2日", "2 Jan 2006")))
}

// typed is a short address without its scheme, as people type it; empty without a code.
func typed(public, code string) string {
	if code == "" {
		return ""
	}
	_, host, _ := strings.Cut(public, "://")
	return host + rootCode + code
}
