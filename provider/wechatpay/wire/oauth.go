package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// OAuth error codes of api.weixin.qq.com, which answers HTTP 200 with them.
const (
	OAuthInvalidCode   = 40029
	OAuthCodeUsed      = 40163
	OAuthInvalidAppID  = 40013
	OAuthInvalidSecret = 40125
	OAuthInvalidGrant  = 40002
)

// TokenAnswer is what GET /sns/oauth2/access_token says: a token with the buyer's openid under this appid, or an error. ExpiresIn is in seconds.
type TokenAnswer struct {
	AccessToken  string `json:"access_token,omitempty"`
	ExpiresIn    int64  `json:"expires_in,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	OpenID       string `json:"openid,omitempty"`
	Scope        string `json:"scope,omitempty"`
	UnionID      string `json:"unionid,omitempty"`
	ErrCode      int    `json:"errcode,omitempty"`
	ErrMsg       string `json:"errmsg,omitempty"`
}

// AuthorizeURL is where a page inside WeChat sends the buyer to learn who pays (scope snsapi_base, which asks nothing). base is
// https://open.weixin.qq.com or a sandbox. Parameter order and the fragment matter to WeChat; state is at most 128 of [A-Za-z0-9].
func AuthorizeURL(base, appID, redirectURI, state string) string {
	return base + PathAuthorize + "?appid=" + url.QueryEscape(appID) + "&redirect_uri=" + url.QueryEscape(redirectURI) +
		"&response_type=code&scope=snsapi_base&state=" + url.QueryEscape(state) + "#wechat_redirect"
}

// AccessTokenTarget is the request target that changes a code into an openid.
func AccessTokenTarget(appID, secret, code string) string {
	return PathAccessToken + "?appid=" + url.QueryEscape(appID) + "&secret=" + url.QueryEscape(secret) +
		"&code=" + url.QueryEscape(code) + "&grant_type=authorization_code"
}

// TokenRequest asks for the openid behind a code. Its address holds the secret; a code works once, and so does the request.
func TokenRequest(ctx context.Context, base, appID, secret, code string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+AccessTokenTarget(appID, secret, code), nil)
	if err != nil {
		return nil, errors.New("wechatpay: the setting oauth_url is not an address")
	}
	Once(req)
	req.Header.Set("User-Agent", "postern")
	return req, nil
}

// ReadToken reads the openid out of the answer to AccessTokenTarget. Errors carry no secret.
func ReadToken(status int, body io.Reader) (openID string, err error) {
	raw, err := io.ReadAll(io.LimitReader(body, 64<<10))
	if err != nil {
		return "", fmt.Errorf("wechatpay: the OAuth answer broke off: %w", WithoutAddress(err))
	}
	var t TokenAnswer
	if err := Decode(raw, &t); err != nil || status != http.StatusOK {
		return "", fmt.Errorf("wechatpay: the OAuth service answered HTTP %d without a readable body", status)
	}
	switch {
	case t.ErrCode == OAuthInvalidCode || t.ErrCode == OAuthCodeUsed:
		return "", fmt.Errorf("wechatpay: the OAuth code is used or expired (%d); open the link again", t.ErrCode)
	case t.ErrCode != 0:
		return "", fmt.Errorf("wechatpay: OAuth refused: %d %s", t.ErrCode, t.ErrMsg)
	case t.OpenID == "":
		return "", errors.New("wechatpay: the OAuth answer has no openid")
	}
	return t.OpenID, nil
}

// ValidState reports whether s may be an OAuth state: 1 to 128 of [A-Za-z0-9].
func ValidState(s string) bool { return s != "" && len(s) <= 128 && only(s, "") }
