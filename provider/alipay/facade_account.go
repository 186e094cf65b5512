package alipay

import (
	"context"
	"encoding/base64"
	"encoding/pem"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// certificate answers alipay.open.app.alipaycert.download with one of the account's platform certificates and the root after it.
func (c *faceCall) certificate(context.Context) (wire.Fields, *faceRefusal) {
	sn := c.biz.Text("alipay_cert_sn")
	for _, g := range c.account.Keys {
		cert, err := certificateOf(g, facePlatformCert)
		if err != nil || wire.CertSN(cert) != sn {
			continue
		}
		chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
		if root, err := g.Secret(faceRoot); err == nil {
			chain = append(chain, root.Reveal()...)
		}
		return wire.Fields{}.Set("alipay_cert_content", base64.StdEncoding.EncodeToString(chain)), nil
	}
	return nil, &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-parameter", message: "支付宝公钥证书不存在"}
}

// oauthToken trades a buyer's authorisation at Alipay for who it is, with the merchant's own account there. The tokens in the answer open nothing here: no method of the facade
// takes one.
func (c *faceCall) oauthToken(ctx context.Context) (wire.Fields, *faceRefusal) {
	invalid := func(sub, message string) (wire.Fields, *faceRefusal) {
		return nil, &faceRefusal{code: wire.CodeInvalidArgument, sub: sub, message: message}
	}
	field := func(name string) string {
		if c.v3 {
			return c.biz.Text(name)
		}
		return c.params[name]
	}
	switch field("grant_type") {
	case wire.GrantAuthorizationCode:
	case wire.GrantRefreshToken:
		c.g.Missed(ctx, c.account, c.method+" refresh_token")
		return invalid("isv.refresh-token-invalid", "刷新令牌refresh_token无效")
	default:
		return invalid("isv.grant-type-invalid", "grant_type参数不正确")
	}
	payer, err := c.g.ResolvePayer(ctx, c.account, field("code"))
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotSupported:
		return nil, c.missed(ctx)
	case err != nil && (postern.CodeOf(err) == postern.CodeProviderSilent || postern.CodeOf(err) == postern.CodeInternal):
		return nil, systemFace
	case err != nil:
		return invalid("isv.code-invalid", "授权码code无效")
	}
	token := tagOf(40, c.account.ID, payer, field("code"))
	f := wire.Fields{}.Set("access_token", token).Set("auth_start", wire.FormatTime(c.account.Now))
	f = append(f, wire.Field{Name: "expires_in", Value: int64(1296000)})
	if !userID.MatchString(payer) {
		f = f.Set("open_id", payer)
	}
	f = append(f, wire.Field{Name: "re_expires_in", Value: int64(2592000)}).Set("refresh_token", tagOf(40, token))
	if userID.MatchString(payer) {
		f = f.Set("user_id", payer)
	}
	return f, nil
}

// forward asks Alipay for an order of before the switch-over, with the account that the merchant had then. The first result is false when there is none.
func (c *faceCall) forward(ctx context.Context) (bool, *faceRefusal) {
	answer, known, err := c.g.Forward(ctx, c.account, provider.ForwardRequest{Method: "POST", Target: wire.GatewayPath + "?method=" + c.method, Body: c.plain})
	switch {
	case !known && err == nil:
		return false, nil
	case err != nil:
		return true, systemFace
	}
	c.forwarded = answer.Body
	return true, nil
}
