package shop

import "net/url"

// address writes the addresses of one item's or order's pages and carries along what the buyer's view hangs on: the language that was chosen by hand, and in test
// mode the container that is pretended and whether the page sits in a frame of the demo.
type address struct {
	public string // without a trailing slash
	root   string
	token  string
	lang   string
	as     string
	bare   string
}

// to is the address of a page below the own one.
func (a address) to(below string) string {
	q := url.Values{}
	for _, p := range [][2]string{{"lang", a.lang}, {"as", a.as}, {"bare", a.bare}} {
		if p[1] != "" {
			q.Set(p[0], p[1])
		}
	}
	if len(q) == 0 {
		return a.path() + below
	}
	return a.path() + below + "?" + q.Encode()
}

// path is the page's own, without a query.
func (a address) path() string { return a.root + a.token }

// shared is the whole address that others open: nothing of this view goes along.
func (a address) shared() string { return a.public + a.path() }

// other is the page of something else, seen in the same way.
func (a address) other(root, token string) string {
	a.root, a.token = root, token
	return a.to("")
}
