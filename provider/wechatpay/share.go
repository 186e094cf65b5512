package wechatpay

import (
	"context"
	"encoding/base64"
	"net/http"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var _ provider.Sharer = Connector{}

func sharerOf(call provider.Call, product string) wire.Sharer {
	p := partiesOf(call, product)
	if p.Partner() {
		return wire.Sharer{SubMchID: p.SubMchID, AppID: p.SpAppID, SubAppID: p.SubAppID}
	}
	return wire.Sharer{AppID: p.AppID}
}

// AddReceiver implements provider.Sharer. The name travels encrypted under WeChat's newest key. WeChat wants to know what the receiver is to the merchant; the port does not ask,
// so that every receiver is a business partner.
func (Connector) AddReceiver(ctx context.Context, call provider.Call, receiver provider.ShareReceiver) provider.ShareResult {
	if l := checkReceiver(receiver); l != nil {
		return l.share()
	}
	body := wire.Receiver{Sharer: sharerOf(call, ""), Type: receiver.Kind, Account: receiver.Account, Relation: wire.RelationPartner}
	if receiver.Name != "" {
		key, sealed, err := sealName(call, receiver.Name)
		if err != nil {
			return provider.ShareResult{State: provider.ShareFailed, Class: provider.ClassAuth, Message: err.Error()}
		}
		body.KeyID, body.Name = key, sealed
	}
	a := send(ctx, call, "receiver", http.MethodPost, wire.PathReceivers, body)
	result := shareResult(a, func(m meaning) provider.ShareState { return refusedShare(m) })
	if a.ok() {
		result.State = provider.ShareDone
	}
	return result
}

// sealName encrypts a name under the public key, or else the newest platform certificate.
func sealName(call provider.Call, name string) (keyID, sealed string, err error) {
	for _, v := range verifiers(call) {
		if e, ok := v.(provider.Encrypter); ok {
			raw, err := e.EncryptOAEP(call.Env.Rand, []byte(name))
			return e.KeyID(), base64.StdEncoding.EncodeToString(raw), err
		}
	}
	return "", "", errNoKey
}

// Share implements provider.Sharer.
func (Connector) Share(ctx context.Context, call provider.Call, r provider.ShareRequest) provider.ShareResult {
	if l := checkShare(r); l != nil {
		return l.share()
	}
	body := wire.ShareOrder{Sharer: sharerOf(call, r.Attempt.Product), TransactionID: r.TxnNo, OutOrderNo: r.Number, Unfreeze: r.Last}
	for _, p := range r.Parts {
		body.Receivers = append(body.Receivers, wire.SharePortion{Type: p.Receiver.Kind, Account: p.Receiver.Account, Amount: p.Amount, Description: p.Text})
	}
	return shared(send(ctx, call, "share", http.MethodPost, wire.PathShares, body), r, refusedShare)
}

// QueryShare implements provider.Sharer.
func (Connector) QueryShare(ctx context.Context, call provider.Call, r provider.ShareRequest) provider.ShareResult {
	a := send(ctx, call, "share_query", http.MethodGet, wire.SharePath(r.Number, r.TxnNo, call.SubMerchant), nil)
	return shared(a, r, func(m meaning) provider.ShareState {
		if m.refundQuery == provider.RefundAbsent {
			return provider.ShareAbsent
		}
		return ""
	})
}

// Unfreeze implements provider.Sharer.
func (Connector) Unfreeze(ctx context.Context, call provider.Call, r provider.ShareRequest) provider.ShareResult {
	body := wire.UnfreezeOrder{SubMchID: call.SubMerchant, TransactionID: r.TxnNo, OutOrderNo: r.Number, Description: r.Text}
	return shared(send(ctx, call, "unfreeze", http.MethodPost, wire.PathUnfreeze, body), r, refusedShare)
}

func refusedShare(m meaning) provider.ShareState {
	if m.refuse {
		return provider.ShareFailed
	}
	return ""
}

// shareResult is the outcome of a call that was not answered with success.
func shareResult(a answer, pick func(meaning) provider.ShareState) provider.ShareResult {
	result := provider.ShareResult{State: provider.ShareUnknown, Class: a.class, Exchange: a.exchange}
	result.Code, result.Message = a.words()
	if a.cause != nil || a.ok() {
		return result
	}
	m := meaningOf(a.status, a.refuse)
	result.Class = m.class
	if s := pick(m); s != "" {
		result.State = s
	}
	if result.State == provider.ShareAbsent {
		result.Class = provider.ClassNone
	}
	return result
}

// shared reads what an answer says of the share, which must be the one that was asked about. A share is done when every receiver has its part, and failed when one never will.
func shared(a answer, r provider.ShareRequest, pick func(meaning) provider.ShareState) provider.ShareResult {
	result := shareResult(a, pick)
	if !a.ok() {
		return result
	}
	var w wire.ShareAnswer
	if err := wire.Decode(a.body, &w); err != nil || w.OutOrderNo != r.Number || w.TransactionID != r.TxnNo {
		result.Class, result.Message = provider.ClassBug, "the answer is about another share or transaction"
		return result
	}
	result.State, result.Code = provider.SharePending, w.State
	if w.State != wire.ShareFinished {
		return result
	}
	result.State = provider.ShareDone
	for _, p := range w.Receivers {
		switch p.Result {
		case wire.PartSuccess:
			result.Parts = append(result.Parts, provider.SharePart{Receiver: provider.ShareReceiver{Kind: p.Type, Account: p.Account}, Amount: p.Amount, Text: p.Description})
		case wire.PartClosed:
			result.State, result.Class, result.Message = provider.ShareFailed, provider.ClassDeclined, p.FailReason
		default:
			result.State = provider.SharePending
		}
	}
	return result
}
