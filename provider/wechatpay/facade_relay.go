package wechatpay

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var _ provider.Relayer = Connector{}

// relayed are the orders whose answer the merchant's code signs itself before the wallet opens. They are begun at WeChat, or not at all.
var relayed = map[string]string{
	"POST " + wire.OrdersBase(false) + "/" + wire.KindJSAPI: ProductJSAPI,
	"POST " + wire.OrdersBase(false) + "/" + wire.KindApp:   ProductApp,
}

// relayedAs are the products of ours that a merchant may mean: WeChat has one address for pages and mini programs, and their appids tell them apart.
var relayedAs = map[string][]string{ProductJSAPI: {ProductJSAPI, ProductMini}, ProductApp: {ProductApp}}

// relayProof is signed to see whether two keys are one pair. It is a text that WeChat takes for nothing: it is no request, no answer and opens no wallet.
const relayProof = "postern: is this one key pair?\n"

// Relays implements provider.Relayer.
func (Connector) Relays(former provider.Call, number string, o provider.FaceOrder, signed provider.Verifier) []string {
	if isV2(former) || isPartner(former) || setting(former, SettingMchID) != number || !onePair(former, signed) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(relayedAs[o.Product]), func(product string) bool { return partiesOf(former, product).AppID != o.Fields[fieldAppID] })
}

// onePair reports whether a key that the account at WeChat signs with is the one under which a merchant's request was verified: the wallet checks what the merchant's code
// signs against the keys that WeChat knows of that account.
func onePair(former provider.Call, signed provider.Verifier) bool {
	if signed == nil {
		return false
	}
	return slices.ContainsFunc(former.Keys, func(g provider.Generation) bool {
		signer, err := g.Signer(KeyMerchantPrivate)
		if err != nil {
			return false
		}
		signature, err := signer.Sign(provider.RSASHA256, []byte(relayProof))
		return err == nil && signed.Verify(provider.RSASHA256, []byte(relayProof), signature) == nil
	})
}

// relayedBody is an order with what the merchant's code said beside it: the parts that we give no meaning to go on as they came.
type relayedBody struct {
	wire.Order
	Detail     any `json:"detail,omitempty"`
	SceneInfo  any `json:"scene_info,omitempty"`
	LimitPay   any `json:"limit_pay,omitempty"`
	Fapiao     any `json:"support_fapiao,omitempty"`
	SettleInfo any `json:"settle_info,omitempty"`
}

// relayedOrder is the body of an order that is begun for the merchant's own code. What the switch itself says of sharing goes first.
func relayedOrder(o wire.Order, fields map[string]string) relayedBody {
	o.Attach, o.GoodsTag = fields[fieldAttach], fields[fieldGoodsTag]
	part := func(name string) any {
		if fields[name] == "" {
			return nil
		}
		return json.RawMessage(fields[name])
	}
	b := relayedBody{Order: o, Detail: part(fieldDetail), SceneInfo: part(fieldScene), LimitPay: part(fieldLimit), Fapiao: part(fieldFapiao), SettleInfo: part(fieldSettle)}
	if o.SettleInfo != nil {
		b.SettleInfo = o.SettleInfo
	}
	return b
}

// relayFace begins an order at WeChat itself and hands its prepay_id on. One that could not work is never handed out: that is an order without permission.
func relayFace(product string) faceHandler {
	return func(c *faceCall) (said, *refusal) {
		in, _, bad := c.read(product)
		if bad != nil {
			return said{}, bad
		}
		out, err := c.gateway.Relay(c.Context(), c.account, in, c.signed)
		if out.Order.TradeNo != "" { // its end goes before what is wrong with the request
			if ended := endedFace(out.Order); ended != nil {
				return said{}, ended
			}
		}
		if err != nil {
			bad = relayRefusal(out, err)
			if bad == errNoAuth {
				c.gateway.Missed(c.Context(), c.account, missedName(c.Request))
			}
			return said{}, bad
		}
		id := out.Action.Params["prepayid"]
		if id == "" {
			id = strings.TrimPrefix(out.Action.Params["package"], "prepay_id=")
		}
		if id == "" {
			return said{}, errSystem
		}
		return said{value: wire.OrderResult{PrepayID: id}}, nil
	}
}

// relayRefusal says an error in WeChat's own words where it has said any that prove that there is no order: to its merchant they are what they would have been.
func relayRefusal(out provider.Relayed, err error) *refusal {
	var e *postern.Error
	if !errors.As(err, &e) || e.Code != postern.CodeProviderRefused {
		return refusalOf(err)
	}
	m := errorCodes[wire.NewSpelling(out.Code)]
	switch {
	case m.start != provider.Failed:
		return errSystem
	case m.class == provider.ClassClosed:
		return refuse(http.StatusForbidden, out.Code, out.Message)
	case m.class == provider.ClassRateLimited:
		return refuse(http.StatusTooManyRequests, out.Code, out.Message)
	}
	return refuse(http.StatusBadRequest, out.Code, out.Message)
}
