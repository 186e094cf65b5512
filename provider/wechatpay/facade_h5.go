package wechatpay

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// faceH5Life is how long the address of an h5 order may be opened, as WeChat's; the same order again makes a fresh one.
const faceH5Life = 5 * time.Minute

// h5Facts names what the address of an h5 order is for; the token around it is the authority.
const h5Facts = "h5\n"

// h5URL has the form of WeChat's own. It carries a query, because merchants append &redirect_url= to it as it stands.
func h5URL(c *faceCall, o provider.FacedOrder) string {
	token := c.gateway.Token(h5Facts+c.account.Number+"\n"+o.Number, c.account.Now.Add(faceH5Life))
	return c.account.BaseURL + wire.PathH5Page + "?prepay_id=" + url.QueryEscape(token) + "&package=" + o.TradeNo[len(o.TradeNo)-10:]
}

// serveH5 sends the buyer of an h5 order on to the cashier, and keeps the address to which the merchant wants the buyer back. An address that is none is left out.
func serveH5(w http.ResponseWriter, r *http.Request, g provider.Gateway) {
	q := r.URL.Query()
	number, orderNo, ok := h5Order(g, q.Get("prepay_id"), time.Time{}) // whose it is; its end is held against the account's clock below
	if !ok {
		gone(w)
		return
	}
	a, err := g.Account(r.Context(), number)
	if err == nil {
		_, _, ok = h5Order(g, q.Get("prepay_id"), a.Now)
	}
	if err != nil || !ok {
		gone(w)
		return
	}
	key := provider.FaceKey{Number: orderNo}
	o, err := g.Find(r.Context(), a, key)
	if err != nil {
		gone(w)
		return
	}
	if back := q.Get("redirect_url"); back != "" {
		_, _ = g.ReturnTo(r.Context(), a, key, back) // the way to pay goes before the way back
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, o.CashierURL, http.StatusFound)
}

// h5Order reads the token of an h5 order's address.
func h5Order(g provider.Gateway, token string, now time.Time) (number, orderNo string, ok bool) {
	facts, ok := g.OpenToken(token, now)
	rest, mine := strings.CutPrefix(facts, h5Facts)
	number, orderNo, whole := strings.Cut(rest, "\n")
	return number, orderNo, ok && mine && whole
}

func gone(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusForbidden)
	_, _ = w.Write([]byte("支付请求已失效，请重新发起支付")) // the buyer is gone when this fails
}
