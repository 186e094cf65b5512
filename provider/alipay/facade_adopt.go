package alipay

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.Adopter = (*Connector)(nil)

// smokeBuyer is a buyer in Alipay's format for an order that nobody pays: the trade is there at once, so that it can be queried and closed.
const smokeBuyer = "2088000000000000"

// namelessFace stands for a call whose method the log does not have.
const namelessFace = "gateway.do"

// Covers implements provider.Adopter.
func (*Connector) Covers(method, target string, body []byte) (provider.Coverage, bool) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return provider.Coverage{}, false
	}
	switch {
	case u.Path == wire.GatewayPath:
		return coversGateway(u.RawQuery, body), true
	case strings.HasPrefix(u.Path, wire.V3Prefix+"alipay/"):
		name := wire.V3Method(u.Path)
		m := methodV3(name)
		return provider.Coverage{Name: plainName(name) + " (v3)", Covered: m.api != nil && (method == http.MethodGet) == wire.V3Get(name), PassesOn: m.forwards}, true
	case u.Path == facePathBill:
		return provider.Coverage{Name: facePathBill, Covered: true}, true
	}
	return provider.Coverage{}, false
}

// coversGateway reads the method where the code put it: in the query, or in a form.
func coversGateway(query string, body []byte) provider.Coverage {
	p, _ := wire.ReadRequest(query, string(body)) // what cannot be read may be no form, or was cut by whoever recorded it
	name := p["method"]
	if name == "" {
		return provider.Coverage{Name: namelessFace, Unsure: true}
	}
	m := faceMethods[name]
	out := provider.Coverage{Name: plainName(name), Covered: m.api != nil || m.page != nil, PassesOn: m.forwards}
	for _, bad := range []struct {
		what string
		is   bool
	}{
		{"app_auth_token", p["app_auth_token"] != ""}, {"charset", foreignCharset(p)}, {"sign_type", p["sign_type"] != "" && algorithms[p["sign_type"]] == ""},
	} {
		if bad.is && out.Covered {
			out.Name, out.Covered, out.PassesOn = out.Name+" ("+bad.what+")", false, false
		}
	}
	return out
}

// plainName is a method's name, or a word for what is none: a log may have anything there.
func plainName(name string) string {
	if !methodNames.MatchString(name) || len(name) > 128 {
		return namelessFace + " (no method)"
	}
	return name
}

// Takeover implements provider.Adopter. The code goes on signing with its own key, and its content key stays.
func (*Connector) Takeover(settings map[string]string, keys map[string][]byte, public func(string) ([]byte, error)) (provider.Takeover, error) {
	out := provider.Takeover{Number: settings[settingAppID], Settings: map[string]string{}, Given: map[string][]byte{}, Kept: map[string][]byte{}}
	if s := settings[settingSeller]; s != "" {
		out.Settings[faceSeller] = s
	}
	half, err := public(keyApp)
	if err != nil {
		return out, err
	}
	out.Given[faceMerchant] = half
	if cert := keys[keyAppCert]; len(cert) > 0 {
		out.Given[faceMerchantCert] = cert
	}
	if content := keys[keyContent]; len(content) > 0 {
		out.Kept[faceContent] = content
	}
	return out, nil
}

// Changes implements provider.Adopter.
func (*Connector) Changes(base string, _ map[string]string) []provider.FaceChange {
	return []provider.FaceChange{
		{ZH: "支付宝网关地址", EN: "the gateway's address", Value: base + wire.GatewayPath},
		{ZH: "只用 v3 接口的代码填", EN: "code that speaks v3 alone has", Value: base, Or: true},
		{ZH: "支付宝公钥（不是应用公钥）", EN: "the Alipay public key (not the app's)", Files: []string{"public_key"}},
		{ZH: "证书模式换支付宝公钥证书和支付宝根证书（应用公钥证书不换）", EN: "in certificate mode, Alipay's certificate and root certificate (the app's own stays)", Files: []string{facePlatformCert, faceRoot}, Or: true},
	}
}

// Facing implements provider.Adopter.
func (*Connector) Facing(former provider.Call, a provider.FaceAccount, base string) (provider.FaceTrial, error) {
	ours, err := former.Newest()
	if err != nil {
		return provider.FaceTrial{}, err
	}
	if len(a.Keys) == 0 {
		return provider.FaceTrial{}, errors.New("alipay: the issued account has no keys")
	}
	theirs := a.Keys[0]
	call := former
	call.Settings = maps.Clone(former.Settings)
	call.Settings[settingGateway], call.Settings[settingAppID] = base+wire.GatewayPath, a.Number
	call.Trust = nil
	g := provider.Generation{ID: ours.ID, Handles: maps.Clone(ours.Handles)}
	for ourField, theirField := range map[string]string{keyPlatform: facePlatformCert, keyAlipayCert: facePlatformCert, keyRootCert: faceRoot, keyContent: faceContent} {
		if g.Handles[ourField] != nil {
			g.Handles[ourField] = theirs.Handles[theirField]
		}
	}
	call.Keys = []provider.Generation{g}
	start := provider.StartRequest{Description: "switch-over", PayerID: smokeBuyer}
	start.Attempt.Product, start.Attempt.GenerationID, start.Attempt.Currency, start.Attempt.Amount = JSAPI, g.ID, currency, wire.MinAmount
	return provider.FaceTrial{Call: call, Start: start, Before: call}, nil
}
