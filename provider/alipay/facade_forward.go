package alipay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.Forwarder = (*Connector)(nil)

// forwardable are the methods that are handed on: those about an order that exists. An order is never made in this way.
var forwardable = []string{wire.MethodQuery, wire.MethodClose, wire.MethodCancel, wire.MethodRefund, wire.MethodRefundQuery}

// Forward hands a merchant's request about an old order on to Alipay, signed anew with the merchant's former keys, and returns the value of the verified answer byte for byte:
// what the facade signs again. The request's target names the method in its query, and its body is the biz_content in the clear. An answer that cannot be verified is an error.
func (c *Connector) Forward(ctx context.Context, call provider.Call, in provider.ForwardRequest) (provider.Forwarded, error) {
	target, err := url.Parse(in.Target)
	if err != nil {
		return provider.Forwarded{}, fmt.Errorf("alipay: forward: %w", err)
	}
	method := target.Query().Get("method")
	if !slices.Contains(forwardable, method) {
		return provider.Forwarded{}, errors.New("alipay: forward: this method is not handed on")
	}
	id, err := identityOf(call)
	if err != nil {
		return provider.Forwarded{}, err
	}
	p, _, err := request(call, id, wire.Request{Method: method, Extra: wire.Params{"biz_content": string(in.Body)}})
	if err != nil {
		return provider.Forwarded{}, err
	}
	body, err := post(ctx, call, p, &provider.Exchange{})
	if err != nil {
		return provider.Forwarded{}, fmt.Errorf("alipay: forward: %w", err)
	}
	env, err := wire.Extract(body, method)
	if err != nil {
		return provider.Forwarded{}, err
	}
	verify, err := id.verifier(ctx, call, env.CertSN, "")
	if err == nil {
		err = env.Verify(verify)
	}
	if err != nil {
		return provider.Forwarded{}, err
	}
	value := env.Value
	if env.Encrypted() {
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return provider.Forwarded{}, fmt.Errorf("%w: an encrypted answer that is no text", wire.ErrMalformed)
		}
		if value, err = id.content.Decrypt(text); err != nil {
			return provider.Forwarded{}, err
		}
	}
	if _, err := wire.ParseObject(value); err != nil {
		return provider.Forwarded{}, err
	}
	return provider.Forwarded{Status: http.StatusOK, Body: value}, nil
}
