package wechatpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// errNotForwarded is about requests that are not handed on: those that make orders, and messages of API v2.
var errNotForwarded = errors.New("wechatpay: only queries, closes and refunds of API v3 are handed on to WeChat Pay")

// Forward implements provider.Forwarder: the same request, with the account's own merchant number where it named the issued one, signed anew; the answer's signature is
// checked when it has one, and the number is put back.
func (Connector) Forward(ctx context.Context, call provider.Call, in provider.ForwardRequest) (provider.Forwarded, error) {
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
