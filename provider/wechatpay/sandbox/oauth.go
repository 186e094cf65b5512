package sandbox

import (
	"crypto/subtle"
	"net/http"
	"net/url"

	"postern/provider/sandboxkit"
	"postern/provider/wechatpay/wire"
)

// authorize plays open.weixin.qq.com for scope snsapi_base: silently, the buyer comes back with a code. The buyer is ?payer=, the phone's cookie or the default.
func (s *Sandbox) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	app, domain, known := s.app(q.Get("appid"))
	switch {
	case !known:
		http.Error(w, "AppID 参数错误", http.StatusBadRequest)
		return
	case err != nil || back.Host == "" || (back.Scheme != "http" && back.Scheme != "https") || (domain != "" && back.Host != domain):
		http.Error(w, "redirect_uri 参数错误", http.StatusBadRequest)
		return
	case q.Get("response_type") != "code" || (q.Get("scope") != "snsapi_base" && q.Get("scope") != "snsapi_userinfo"):
		http.Error(w, "Scope 参数错误或没有 Scope 权限", http.StatusBadRequest)
		return
	case q.Get("state") != "" && !wire.ValidState(q.Get("state")):
		http.Error(w, "state 参数错误", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	code := s.text(letters, 32)
	s.book.oauth[code] = &oauthCode{appID: app.AppID, buyer: buyerOf(r), expires: s.now().Add(oauthCodeLife)}
	s.mu.Unlock()
	params := back.Query()
	params.Set("code", code)
	params.Set("state", q.Get("state"))
	back.RawQuery = params.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// buyerOf is who holds the phone.
func buyerOf(r *http.Request) string {
	if p := r.URL.Query().Get("payer"); p != "" && len(p) <= 64 {
		return p
	}
	if c, err := r.Cookie("sandbox_payer"); err == nil && c.Value != "" && len(c.Value) <= 64 {
		return c.Value
	}
	return DefaultBuyer
}

// accessToken plays api.weixin.qq.com: always HTTP 200, errors as errcode.
func (s *Sandbox) accessToken(w http.ResponseWriter, r *http.Request) {
	sandboxkit.WriteJSON(w, http.StatusOK, s.token(r.URL.Query()))
}

func (s *Sandbox) token(q url.Values) wire.TokenAnswer {
	a, _, known := s.app(q.Get("appid"))
	switch {
	case !known:
		return wire.TokenAnswer{ErrCode: wire.OAuthInvalidAppID, ErrMsg: "invalid appid"}
	case subtle.ConstantTimeCompare([]byte(a.Secret), []byte(q.Get("secret"))) != 1:
		return wire.TokenAnswer{ErrCode: wire.OAuthInvalidSecret, ErrMsg: "invalid appsecret"}
	case q.Get("grant_type") != "authorization_code":
		return wire.TokenAnswer{ErrCode: wire.OAuthInvalidGrant, ErrMsg: "invalid grant_type"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.book.oauth[q.Get("code")]
	switch {
	case c == nil || c.appID != a.AppID || !s.now().Before(c.expires):
		return wire.TokenAnswer{ErrCode: wire.OAuthInvalidCode, ErrMsg: "invalid code"}
	case c.used:
		return wire.TokenAnswer{ErrCode: wire.OAuthCodeUsed, ErrMsg: "code been used"}
	}
	c.used = true
	return wire.TokenAnswer{AccessToken: s.text(letters, 64), ExpiresIn: 7200, RefreshToken: s.text(letters, 64), OpenID: s.openID(a.AppID, c.buyer),
		Scope: "snsapi_base"}
}
