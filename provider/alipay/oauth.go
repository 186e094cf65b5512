package alipay

import (
	"context"
	"net/url"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// AuthorizeURL is where to send the buyer. The scope is auth_base: silent, and enough for the buyer's id.
func (c *Connector) AuthorizeURL(call provider.Call, redirectURI, state string) string {
	q := url.Values{"app_id": {setting(call, settingAppID)}, "scope": {wire.ScopeBase}, "redirect_uri": {redirectURI}, "state": {state}}
	return setting(call, settingAuthorize) + "?" + q.Encode()
}

// CodeParam is the query parameter that carries the code on the way back.
func (c *Connector) CodeParam() string { return "auth_code" }

// ResolvePayer exchanges a code for the buyer's id: user_id, or open_id for newer apps. The code works once. It returns *postern.Error with CodeProviderRefused.
func (c *Connector) ResolvePayer(ctx context.Context, call provider.Call, code string) (string, error) {
	if code == "" || len(code) > 128 {
		return "", postern.Invalid("auth_code", postern.CodeInvalid, "the way back from the authorization page carries no usable code", "open the link again")
	}
	r := send(ctx, call, "oauth_token", "", wire.Request{
		Method: wire.MethodOAuthToken, Extra: wire.Params{"grant_type": wire.GrantAuthorizationCode, "code": code},
	})
	r.exchange = provider.Exchange{} // it holds tokens, and nobody keeps them
	id := r.text("user_id")
	if id == "" {
		id = r.text("open_id")
	}
	if id == "" || r.sub != "" {
		return "", &postern.Error{Code: postern.CodeProviderRefused, Op: "alipay.ResolvePayer", Message: "the buyer could not be identified: " + r.code + " " + r.message,
			Fix: "open the link again"}
	}
	return id, nil
}
