package wechatpay

import (
	"context"
	"errors"
	"fmt"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// AuthorizeURL implements provider.PayerResolver: scope snsapi_base, which asks the buyer nothing. state is 1 to 128 of [A-Za-z0-9].
func (Connector) AuthorizeURL(call provider.Call, redirectURI, state string) string {
	return wire.AuthorizeURL(setting(call, SettingOpenURL), partiesOf(call, ProductJSAPI).WalletAppID(), redirectURI, state)
}

// CodeParam implements provider.PayerResolver.
func (Connector) CodeParam() string { return "code" }

// ResolvePayer implements provider.PayerResolver: it changes the code, which works once and for five minutes, into the buyer's openid under this appid. Its
// errors never carry the app secret, which this protocol sends in the address.
func (Connector) ResolvePayer(ctx context.Context, call provider.Call, code string) (string, error) {
	if code == "" || len(code) > 512 {
		return "", errors.New("wechatpay: the OAuth code is missing or too long; open the link again")
	}
	field := KeyAppSecret
	if isPartner(call) && setting(call, SettingSubApp) != "" {
		field = KeySubAppSecret
	}
	g, err := call.Newest()
	if err != nil {
		return "", err
	}
	secret, err := g.Secret(field)
	if err != nil {
		return "", err
	}
	ctx, cancel := within(ctx, call)
	defer cancel()
	req, err := wire.TokenRequest(ctx, setting(call, SettingOAuthURL), partiesOf(call, ProductJSAPI).WalletAppID(), string(secret.Reveal()), code)
	if err != nil {
		return "", err
	}
	res, err := call.Env.HTTP.Do(req)
	if err != nil {
		return "", fmt.Errorf("wechatpay: the OAuth service was not reached: %w", wire.WithoutAddress(err))
	}
	defer func() { _ = res.Body.Close() }() // read only
	return wire.ReadToken(res.StatusCode, res.Body)
}
