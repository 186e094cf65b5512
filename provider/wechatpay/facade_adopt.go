package wechatpay

import (
	"encoding/pem"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var _ provider.Adopter = Connector{}

// v2Prefixes are where API v2 has its calls, those that the facade does not have among them.
var v2Prefixes = []string{"/pay/", "/secapi/", "/mmpaymkttransfers/", "/risk/", "/payitil/", "/papay/", "/pappayapply/"}

// Covers implements provider.Adopter.
func (Connector) Covers(method, target string, body []byte) (provider.Coverage, bool) {
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return provider.Coverage{}, false
	}
	if handler, isV2 := v2Routes[u.Path]; isV2 || hasPrefix(u.Path, v2Prefixes) {
		return coversV2(u.Path, handler != nil, body), true
	}
	if !strings.HasPrefix(u.Path, "/v3/") {
		return provider.Coverage{}, false
	}
	r := &http.Request{Method: method, URL: u, RequestURI: target, Host: "facade"}
	h, pattern := faceRoutes.Handler(r)
	if _, ok := h.(faceHandler); !ok {
		return provider.Coverage{Name: missedName(r)}, true
	}
	if relayed[pattern] != "" {
		return provider.Coverage{Name: pattern, Depends: true}, true
	}
	return provider.Coverage{Name: pattern, Covered: true, PassesOn: forwardable(provider.ForwardRequest{Method: method, Target: target})}, true
}

func hasPrefix(path string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return false
}

// coversV2 looks into the message where that decides: what kind of order it makes, and for whom.
func coversV2(path string, known bool, body []byte) provider.Coverage {
	if !known {
		return provider.Coverage{Name: missedName(&http.Request{Method: http.MethodPost, URL: &url.URL{Path: path}})}
	}
	out := provider.Coverage{Name: "POST " + path, Covered: true, PassesOn: slices.Contains(v2Forwardable, path)}
	f, err := wire.ParseXML(body, "")
	switch {
	case err == nil && f["sub_mch_id"] != "":
		return provider.Coverage{Name: out.Name + " (sub_mch_id)"}
	case path != wire.V2Unified:
		return out
	case err != nil:
		return provider.Coverage{Name: out.Name, Unsure: true}
	}
	kind := f["trade_type"]
	if !tradeType.MatchString(kind) {
		return provider.Coverage{Name: out.Name + " (no trade_type)"}
	}
	out.Name += " " + kind
	_, out.Covered = v2Products[kind]
	return out
}

// tradeType is what may be said of a log's trade_type.
var tradeType = regexp.MustCompile(`^[A-Z]{3,8}$`)

// Takeover implements provider.Adopter. The code goes on signing with its own key and reading with its own secrets. Any AppID that it names is taken.
func (Connector) Takeover(settings map[string]string, keys map[string][]byte, public func(string) ([]byte, error)) (provider.Takeover, error) {
	out := provider.Takeover{Number: settings[SettingMchID], Settings: map[string]string{}, Given: map[string][]byte{}, Kept: map[string][]byte{}}
	if len(keys[KeyPlatformPublicID]) > 0 {
		out.Settings[FaceVerify] = faceVerifyPublic
	}
	for ours, theirs := range map[string]string{FaceAPIv3: KeyAPIv3, FaceAPIv2: KeyAPIv2} {
		if secret := keys[theirs]; len(secret) > 0 {
			out.Kept[ours] = secret
		}
	}
	if cert := cmpBytes(keys[KeyMerchantCert], certificateIn(keys[KeyClient])); len(cert) > 0 {
		out.Given[FaceMerchantCertificate] = cert
		return out, nil
	}
	half, err := public(KeyMerchantPrivate)
	if err != nil {
		return out, err
	}
	out.Given[FaceMerchantPublic], out.Given[FaceMerchantSerial] = half, keys[KeyMerchantSerial]
	return out, nil
}

func cmpBytes(first, second []byte) []byte {
	if len(first) > 0 {
		return first
	}
	return second
}

// certificateIn finds the certificate in a PEM that has the private key beside it.
func certificateIn(text []byte) []byte {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil
		}
		if block.Type == "CERTIFICATE" {
			return pem.EncodeToMemory(block)
		}
		text = rest
	}
}

// knownAs is a key under another id: the platform's one key is known by its certificate's serial number and by an id of its own.
type knownAs struct {
	provider.Verifier
	id string
}

// KeyID implements provider.Verifier.
func (k knownAs) KeyID() string { return k.id }

// Changes implements provider.Adopter.
func (Connector) Changes(base string, public map[string]string) []provider.FaceChange {
	return []provider.FaceChange{
		{ZH: "接口地址（api.mch.weixin.qq.com）", EN: "the address in the place of https://api.mch.weixin.qq.com", Value: base},
		{ZH: "微信支付平台证书，SDK 按它的序列号找", EN: "the platform certificate, which SDKs know by its serial number", Value: public["serial"], Files: []string{FacePlatformCertificate}},
		{ZH: "公钥模式换微信支付公钥，SDK 按公钥ID找", EN: "in public-key mode, the WeChat Pay public key, which SDKs know by its id", Value: public[FacePublicID], Files: []string{"public_key"}, Or: true},
	}
}

// Facing implements provider.Adopter. The order is one of API v3 whatever the shop's code speaks, because our connector orders nothing in API v2 without a buyer's code.
func (Connector) Facing(former provider.Call, a provider.FaceAccount, base string) (provider.FaceTrial, error) {
	ours, err := former.Newest()
	if err != nil {
		return provider.FaceTrial{}, err
	}
	if len(a.Keys) == 0 {
		return provider.FaceTrial{}, errors.New("wechatpay: the issued account has no keys")
	}
	platform, err := a.Keys[0].Verifier(FacePlatformCertificate)
	if err != nil {
		return provider.FaceTrial{}, err
	}
	call := former
	call.Settings = maps.Clone(former.Settings)
	call.Settings[SettingBaseURL], call.Settings[SettingMchID], call.Settings[SettingProtocol] = base, a.Number, "v3"
	g := provider.Generation{ID: ours.ID, Handles: maps.Clone(ours.Handles)}
	g.Handles[KeyAPIv3], g.Handles[KeyAPIv2] = a.Keys[0].Handles[FaceAPIv3], a.Keys[0].Handles[FaceAPIv2]
	if _, err := g.Verifier(KeyPlatformPublic); err == nil {
		g.Handles[KeyPlatformPublic] = knownAs{platform, publicID(a.Keys[0])}
	}
	call.Keys, call.Trust = []provider.Generation{g}, []provider.Verifier{platform}
	start := provider.StartRequest{Description: "switch-over"}
	start.Attempt.Product, start.Attempt.GenerationID, start.Attempt.Currency, start.Attempt.Amount = ProductNative, g.ID, currency, 1
	before := call
	if isV2(former) {
		before.Settings = maps.Clone(call.Settings)
		before.Settings[SettingProtocol] = "v2"
	}
	return provider.FaceTrial{Call: call, Start: start, Before: before}, nil
}
