package wechatpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// errNotForwarded is about requests that are not handed on: those that make orders.
var errNotForwarded = errors.New("wechatpay: only queries, closes and refunds are handed on to WeChat Pay")

// v2Forwardable are the calls of API v2 that are handed on.
var v2Forwardable = []string{wire.V2Query, wire.V2Close, wire.V2Refund, wire.V2RefundQuery}

// Forward implements provider.Forwarder: the same request, with the account's own merchant number where it named the issued one, signed anew; the answer's signature is
// checked when it has one, and the number is put back.
func (Connector) Forward(ctx context.Context, call provider.Call, in provider.ForwardRequest) (provider.Forwarded, error) {
	if path, _, _ := strings.Cut(in.Target, "?"); slices.Contains(v2Forwardable, path) {
		return forwardV2(ctx, call, path, in.Body)
	}
	auth, err := wire.ParseAuthorization(strings.Join(in.Header.Values("Authorization"), ""))
	if err != nil || isV2(call) || !forwardable(in) {
		return provider.Forwarded{}, errors.Join(errNotForwarded, err)
	}
	own := setting(call, SettingMchID)
	ask := wire.Ask{Op: "forward", Method: in.Method, Target: strings.Replace(in.Target, "mchid="+auth.MchID, "mchid="+own, 1)}
	if len(in.Body) > 0 {
		ask.Body = json.RawMessage(renamed(in.Body, auth.MchID, own))
	}
	a := send(ctx, call, ask)
	if a.cause != nil {
		return provider.Forwarded{}, a.cause
	}
	return provider.Forwarded{Status: a.status, Header: http.Header{"Content-Type": a.header.Values("Content-Type")}, Body: renamed(a.body, own, auth.MchID)}, nil
}

// forwardV2 hands a message of API v2 on, signed with the former account's API key in the way that the shop's code chose, and over TLS with its client certificate where WeChat asks
// for one. An answer that is not signed proves nothing and is an error. What is returned has no signature.
func forwardV2(ctx context.Context, call provider.Call, path string, body []byte) (provider.Forwarded, error) {
	f, err := wire.ParseXML(body, "")
	keys := v2Keys(call)
	if err != nil || len(keys) == 0 {
		return provider.Forwarded{}, errors.Join(err, errors.New("wechatpay: the former account has no api_key_v2 to hand a message of API v2 on with"))
	}
	issued, kind := f["mch_id"], signTypeOf(f)
	delete(f, "sign")
	f["mch_id"] = setting(call, SettingMchID)
	ask := wire.Ask{Op: "forward", V2Path: path, V2: f}
	doer, err := v2Doer(call, ask)
	if err != nil {
		return provider.Forwarded{}, err
	}
	ctx, cancel := within(ctx, call)
	defer cancel()
	req, _, err := ask.V2Request(ctx, setting(call, SettingBaseURL), f["nonce_str"], kind, keys[0].key)
	if err != nil {
		return provider.Forwarded{}, err
	}
	a := answer{}.exchanged(doer, req)
	if a.cause != nil {
		return provider.Forwarded{}, a.cause
	}
	said, err := wire.ParseXML(a.body, "xml")
	if err == nil && (a.status != http.StatusOK || said["return_code"] != wire.V2Success) {
		err = errors.New("wechatpay: a message of API v2 was not taken: " + said["return_msg"])
	}
	if err == nil {
		err = said.Verify(keys[0].key)
	}
	if err != nil {
		return provider.Forwarded{}, err
	}
	delete(said, "sign")
	if said["mch_id"] != "" {
		said["mch_id"] = issued
	}
	return provider.Forwarded{Status: http.StatusOK, Body: said.XML("xml")}, nil
}

// forwardable keeps requests that make orders from going out twice: who cannot be found here is asked after there, and nothing is begun.
func forwardable(in provider.ForwardRequest) bool {
	path, _, _ := strings.Cut(in.Target, "?")
	base := wire.OrdersBase(false)
	switch in.Method {
	case http.MethodGet:
		return strings.HasPrefix(path, base+"/out-trade-no/") || strings.HasPrefix(path, base+"/id/") || strings.HasPrefix(path, wire.PathRefunds+"/")
	case http.MethodPost:
		return path == wire.PathRefunds || strings.HasPrefix(path, base+"/out-trade-no/") && strings.HasSuffix(path, "/close")
	}
	return false
}

// renamed replaces a merchant number where JSON says mchid, and touches no other byte.
func renamed(body []byte, from, to string) []byte {
	if from == to {
		return body
	}
	for _, gap := range []string{":", ": "} {
		body = bytes.ReplaceAll(body, []byte(`"mchid"`+gap+`"`+from+`"`), []byte(`"mchid"`+gap+`"`+to+`"`))
	}
	return body
}
