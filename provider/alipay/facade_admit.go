package alipay

import (
	"context"
	"crypto/x509"
	"errors"
	"html"
	"net/http"
	"regexp"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// methodNames are names that a method of the gateway can have; anything else names none, and is not repeated in an answer.
var methodNames = regexp.MustCompile(`^[a-z]+(\.[a-z0-9_]+){1,9}$`)

// algorithms are what a sign_type means.
var algorithms = map[string]provider.Alg{wire.SignTypeRSA2: provider.RSASHA256, wire.SignTypeRSA: provider.RSASHA1}

func missingFace(what string) *faceRefusal {
	return &faceRefusal{code: wire.CodeMissingArgument, sub: "isv.missing-" + what, message: "缺少参数" + what}
}

func invalidFace(what, message string) *faceRefusal {
	return &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-" + what, message: message}
}

// admit checks the common parameters and the signature, in the order of the real gateway: app_id before the signature (probed).
func (c *faceCall) admit(ctx context.Context, m faceMethod) *faceRefusal {
	p := c.params
	if id := p["app_id"]; id != "" {
		if bad := c.find(ctx, id); bad != nil {
			return bad
		}
	}
	_, timed := wire.ParseTime(p["timestamp"])
	switch {
	case c.unread != nil && !foreignCharset(p):
		return c.unreadable()
	case c.method == "":
		return missingFace("method")
	case !methodNames.MatchString(c.method) || len(c.method) > 128:
		return invalidFace("method", "不存在的方法名")
	case p["app_id"] == "":
		return missingFace("app-id")
	case p["sign"] == "":
		return missingFace("signature")
	case c.signType == "":
		return missingFace("signature-type")
	case algorithms[c.signType] == "":
		return invalidFace("signature-type", "无效签名类型")
	case p["timestamp"] == "":
		return missingFace("timestamp")
	case timed != nil:
		return invalidFace("timestamp", "非法的时间戳参数")
	case p["version"] == "":
		return missingFace("version")
	case foreignCharset(p):
		return invalidFace("charset", "字符集错误")
	case p["format"] != "" && !strings.EqualFold(p["format"], "json"):
		return invalidFace("format", "无效的数据格式")
	}
	g, bad := c.verify(p["app_cert_sn"], p["alipay_root_cert_sn"], func(v provider.Verifier) bool {
		return c.raw.VerifyRequest(func(message, signature []byte) error { return v.Verify(algorithms[c.signType], message, signature) }) == nil
	})
	switch {
	case bad != nil:
		return bad
	case m.api == nil && m.page == nil:
		return c.missed(ctx)
	case p["app_auth_token"] != "":
		return c.delegated(ctx)
	case m.bare:
		return nil
	}
	return c.readContent(g, p["biz_content"], p["encrypt_type"])
}

// unreadable is the refusal of a request that is no form, is too long, or is not in the charset that it names.
func (c *faceCall) unreadable() *faceRefusal {
	var long *http.MaxBytesError
	if errors.As(c.unread, &long) || errors.Is(c.unread, wire.ErrTooLarge) {
		return invalidFace("parameter", "参数无效，请求过长")
	}
	return invalidFace("parameter", "参数无效，请检查编码与charset是否一致")
}

// foreignCharset says that a request is in a charset that the gateway does not take.
func foreignCharset(p wire.Params) bool {
	_, err := wire.ParseCharset(p["charset"])
	return err != nil
}

// find looks the account up.
func (c *faceCall) find(ctx context.Context, number string) *faceRefusal {
	a, err := c.g.Account(ctx, number)
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		return invalidFace("app-id", "无效的AppID参数")
	case err != nil:
		return refusalOf(err)
	}
	c.account, c.known = a, true
	if len(a.Keys) == 0 {
		return &faceRefusal{code: wire.CodeCondition, sub: "isv.missing-signature-config", message: "应用未配置对应签名算法的公钥或者证书"}
	}
	return nil
}

// verify tries the keys that the merchant gave. An account that has certificates only must name one of them; its answers then name ours. Which generation fits is returned.
func (c *faceCall) verify(appSN, rootSN string, holds func(provider.Verifier) bool) (provider.Generation, *faceRefusal) {
	certified, keyed := false, false
	for _, g := range c.account.Keys {
		if cert, err := certificateOf(g, faceMerchantCert); err == nil {
			certified = true
			if wire.Names(appSN, cert) {
				return g, c.verifyCertified(g, cert, rootSN, holds)
			}
		}
		if v, err := g.Verifier(faceMerchant); err == nil {
			keyed = true
			if appSN == "" && holds(v) {
				return g, nil
			}
		}
	}
	if certified && !keyed && appSN == "" {
		return provider.Generation{}, &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.missing-app-cert-sn", message: "缺少应用公钥证书序列号"}
	}
	return provider.Generation{}, c.unverified()
}

func (c *faceCall) verifyCertified(g provider.Generation, cert *x509.Certificate, rootSN string, holds func(provider.Verifier) bool) *faceRefusal {
	v, err := g.Verifier(faceMerchantCert)
	switch {
	case err != nil || !holds(v):
		return c.unverified()
	case rootSN == "" && !c.v3: // the third version's clients sign app_cert_sn and may leave the root's header out (gopay does)
		return &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.missing-alipay-root-cert-sn", message: "缺少支付宝根证书序列号"}
	case c.account.Now.After(cert.NotAfter):
		return &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.app-cert-expired", message: "应用公钥证书已过期"}
	}
	ours, err := certificateOf(c.account.Keys[0], facePlatformCert)
	if err != nil {
		return &faceRefusal{code: wire.CodeCondition, sub: "isv.missing-signature-config", message: "应用未配置对应签名算法的公钥或者证书"}
	}
	c.certSN = wire.CertSN(ours)
	return nil
}

// unverified shows what was verified, as the real gateway does: people compare it with what their code signed.
func (c *faceCall) unverified() *faceRefusal {
	message := "验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配"
	if !c.v3 {
		message += "，网关生成的验签字符串为：" + html.EscapeString(string(wire.RequestString(c.params)))
	}
	return invalidFace("signature", message)
}

// missed answers a method that we do not have as Alipay answers one that the app has no permission for, and counts it.
func (c *faceCall) missed(ctx context.Context) *faceRefusal {
	c.g.Missed(ctx, c.account, c.method)
	return &faceRefusal{code: wire.CodePermission, sub: "isv.insufficient-isv-permissions", message: "ISV权限不足，建议在开发者中心检查对应功能是否已经添加"}
}

// delegated refuses a partner's call for a merchant: an account here is one merchant's, and a token that is not looked at must not seem to be.
func (c *faceCall) delegated(ctx context.Context) *faceRefusal {
	c.g.Missed(ctx, c.account, "app_auth_token")
	return &faceRefusal{code: wire.CodeTokenPermission, sub: "aop.invalid-app-auth-token", message: "无效的应用授权令牌"}
}

// readContent reads biz_content, decrypting it where it is encrypted. None at all is an empty one: the fields that a method wants are then missing.
func (c *faceCall) readContent(g provider.Generation, text, kind string) *faceRefusal {
	c.plain = []byte(text)
	if kind != "" {
		if c.content = c.contentKey(g); kind != wire.EncryptAES || len(c.content) == 0 {
			c.content = nil
			return &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.invalid-encrypt-type", message: "无效加密类型"}
		}
		plain, err := c.content.Decrypt(text)
		if err != nil {
			c.content = nil // what was refused before the content was read is answered in the clear
			return &faceRefusal{code: wire.CodeCondition, sub: "isv.decryption-error-unknown", message: "解密出错，未知异常"}
		}
		inside, err := c.charset.Decode(string(plain))
		if err != nil {
			return &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.illegal-json", message: "非法的JSON参数"}
		}
		c.plain = []byte(inside)
	}
	if len(c.plain) == 0 {
		c.plain = []byte("{}")
	}
	var err error
	if c.biz, err = wire.ParseObject(c.plain); err != nil {
		return &faceRefusal{code: wire.CodeInvalidArgument, sub: "isv.illegal-json", message: "非法的JSON参数"}
	}
	return nil
}

// contentKey is the account's content key: the one beside the key that signed, else the newest.
func (c *faceCall) contentKey(g provider.Generation) wire.ContentKey {
	for _, one := range append([]provider.Generation{g}, c.account.Keys...) {
		if s, err := one.Secret(faceContent); err == nil {
			if key, err := wire.ParseContentKey(strings.TrimSpace(string(s.Reveal()))); err == nil {
				return key
			}
		}
	}
	return nil
}
