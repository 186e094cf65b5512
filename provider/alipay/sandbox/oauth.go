package sandbox

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"postern/provider/alipay/wire"
)

// [GEN] An authorization code works once and for a day; an access token is never checked by this sandbox.
const grantLife = 24 * time.Hour

// grant is an authorization code or a refresh token.
type grant struct {
	appID string
	buyer string
	until time.Time
	kind  string // wire.GrantAuthorizationCode or wire.GrantRefreshToken
}

// authorize is the page that a merchant sends a buyer to in order to learn who they are. The simulated buyer always agrees: the browser goes straight back with
// an auth_code for the buyer named by ?buyer=, by the wallet's cookie, or by default.
func (s *Sandbox) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	_, known := s.accounts[q.Get("app_id")]
	scope := q.Get("scope")
	switch {
	case !known:
		http.Error(w, "app_id: no such app", http.StatusBadRequest)
		return
	case err != nil || (back.Scheme != "http" && back.Scheme != "https") || back.Host == "":
		http.Error(w, "redirect_uri: give an absolute http or https address", http.StatusBadRequest)
		return
	case scope != wire.ScopeBase && scope != "auth_user":
		http.Error(w, "scope: use auth_base or auth_user", http.StatusBadRequest)
		return
	}
	buyer := q.Get("buyer")
	if c, err := r.Cookie("sandbox_payer"); buyer == "" && err == nil {
		buyer = c.Value
	}
	code := s.digits(32)
	s.mu.Lock()
	s.book.grants[code] = grant{appID: q.Get("app_id"), buyer: userID(buyer), until: s.now().Add(grantLife), kind: wire.GrantAuthorizationCode}
	s.mu.Unlock()
	answer := url.Values{"app_id": {q.Get("app_id")}, "source": {"alipay_wallet"}, "scope": {scope}, "auth_code": {code}}
	if state := q.Get("state"); state != "" {
		answer.Set("state", state)
	}
	target := back.String()
	if strings.Contains(target, "?") {
		target += "&" + answer.Encode()
	} else {
		target += "?" + answer.Encode()
	}
	http.Redirect(w, r, target, http.StatusFound)
}

// oauthToken exchanges an authorization code or a refresh token. Success has neither code nor msg, and numbers for the lives.
func (s *Sandbox) oauthToken(c call) (wire.Fields, *refusal) {
	kind := c.params["grant_type"]
	field, wrong := "code", "isv.code-invalid"
	switch kind {
	case wire.GrantAuthorizationCode:
	case wire.GrantRefreshToken:
		field, wrong = "refresh_token", "isv.refresh-token-invalid"
	default:
		return nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.grant-type-invalid", message: "grant_type参数不正确"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := c.params[field]
	g, ok := s.book.grants[token]
	switch {
	case !ok || g.kind != kind || !c.now.Before(g.until):
		return nil, &refusal{code: wire.CodeInvalidArgument, sub: wrong, message: "授权码" + field + "无效"}
	case g.appID != c.account.AppID:
		return nil, &refusal{code: wire.CodeInvalidArgument, sub: "isv.unmatched-app-id", message: "应用ID不匹配"}
	}
	delete(s.book.grants, token)
	next := s.digits(40)
	s.book.grants[next] = grant{appID: g.appID, buyer: g.buyer, until: c.now.Add(30 * 24 * time.Hour), kind: wire.GrantRefreshToken}
	return wire.Fields{
		{Name: "access_token", Value: s.digits(40)}, {Name: "alipay_user_id", Value: g.buyer}, {Name: "auth_start", Value: wire.FormatTime(c.now)},
		{Name: "expires_in", Value: int64(1296000)}, {Name: "re_expires_in", Value: int64(2592000)}, {Name: "refresh_token", Value: next}, {Name: "user_id", Value: g.buyer},
	}, nil
}

// bridge plays AlipayJSBridge's tradePay for a test page that embeds it: it shows the order in the simulated wallet.
func (s *Sandbox) bridge(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	no := q.Get("trade_no")
	s.mu.Lock()
	o := s.book.byNo[no]
	payer := q.Get("payer")
	if o != nil && payer == "" {
		payer = o.buyer
	}
	s.mu.Unlock()
	if o == nil {
		http.Error(w, "trade_no: no such trade", http.StatusNotFound)
		return
	}
	target := s.phone.OrderPath(no, payer)
	if lang := q.Get("lang"); lang != "" {
		target += "&lang=" + url.QueryEscape(lang)
	}
	http.Redirect(w, r, target, http.StatusFound)
}
