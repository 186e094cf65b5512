package checkout

import (
	"cmp"
	"net/url"
)

// Where the pages are: of a payment, of a link, of a short code, and of the shop to which a code may lead.
const (
	rootPayment = "/c/"
	rootLink    = "/l/"
	rootCode    = "/s/"
	rootItem    = "/i/"
	rootFind    = "/o"
)

// address writes the addresses of one payment's or link's pages and carries along what the buyer's view hangs on: the language that was chosen by hand, and in
// test mode the container that is pretended, the day that is looked at and whether the page sits in a frame of the demo.
type address struct {
	public string // without a trailing slash
	root   string // rootPayment when empty
	token  string
	lang   string
	as     string
	on     string
	bare   string
}

// to is the address of a page below the payment's, with further query pairs.
func (a address) to(below string, pairs ...string) string {
	q := url.Values{}
	for _, p := range [][2]string{{"lang", a.lang}, {"as", a.as}, {"on", a.on}, {"bare", a.bare}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	path := a.path() + below
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// path is the page's own, without a query.
func (a address) path() string { return cmp.Or(a.root, rootPayment) + a.token }

// shared is the whole address that another device or another app opens: nothing of this view goes along but the wallet that was asked for.
func (a address) shared(wallet string) string {
	s := a.public + a.path()
	if wallet != "" {
		s += "?w=" + url.QueryEscape(wallet)
	}
	return s
}
