package wechatpay

import (
	"context"
	"encoding/base64"
	"errors"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// AddReceiver implements provider.Sharer. The name travels encrypted under WeChat's newest key. WeChat wants to know what the receiver is to the merchant; the port does not ask,
// so that every receiver is a business partner.
func (Connector) AddReceiver(ctx context.Context, call provider.Call, receiver provider.ShareReceiver) provider.ShareResult {
	body := wire.Receiver{Sharer: partiesOf(call, "").Sharer(), Type: receiver.Kind, Account: receiver.Account, Name: receiver.Name, Relation: wire.RelationPartner}
	if p := body.Problem(); p != nil {
		return refusedShareOf(p)
	}
	keyID, sealed, err := sealName(call, receiver.Name)
	if err != nil {
		return provider.ShareResult{State: provider.ShareFailed, Class: provider.ClassAuth, Message: err.Error()}
	}
	body.Name = sealed
	a := send(ctx, call, wire.AskReceiver(body, keyID))
	if a.ok() {
		return provider.ShareResult{State: provider.ShareDone, Exchange: a.exchange}
	}
	return shared(a, provider.ShareRequest{}, refusedShare(a))
}

// sealName encrypts a name under the public key, or else the newest platform certificate.
func sealName(call provider.Call, name string) (keyID, sealed string, err error) {
	if name == "" {
		return "", "", nil
	}
	for _, v := range verifiers(call) {
		if e, ok := v.(provider.Encrypter); ok {
			raw, err := e.EncryptOAEP(call.Env.Rand, []byte(name))
			return e.KeyID(), base64.StdEncoding.EncodeToString(raw), err
		}
	}
	return "", "", errors.New("wechatpay: no key of WeChat Pay is known to encrypt with: fetch the platform certificates or add the public key")
}

// Share implements provider.Sharer.
func (Connector) Share(ctx context.Context, call provider.Call, r provider.ShareRequest) provider.ShareResult {
	body := wire.ShareOrder{Sharer: partiesOf(call, r.Attempt.Product).Sharer(), TransactionID: r.TxnNo, OutOrderNo: r.Number, Unfreeze: r.Last}
	for _, p := range r.Parts {
		body.Receivers = append(body.Receivers, wire.SharePortion{Type: p.Receiver.Kind, Account: p.Receiver.Account, Amount: p.Amount, Description: p.Text})
	}
	if p := body.Problem(); p != nil {
		return refusedShareOf(p)
	}
	a := send(ctx, call, wire.AskShare(body))
	return shared(a, r, refusedShare(a))
}

// QueryShare implements provider.Sharer.
func (Connector) QueryShare(ctx context.Context, call provider.Call, r provider.ShareRequest) provider.ShareResult {
	a := send(ctx, call, wire.AskShareQuery(r.Number, r.TxnNo, call.SubMerchant))
	state := provider.ShareUnknown
	if a.meaning().refundQuery == provider.RefundAbsent {
		state = provider.ShareAbsent
	}
	return shared(a, r, state)
}

// Unfreeze implements provider.Sharer.
func (Connector) Unfreeze(ctx context.Context, call provider.Call, r provider.ShareRequest) provider.ShareResult {
	a := send(ctx, call, wire.AskUnfreeze(wire.UnfreezeOrder{SubMchID: call.SubMerchant, TransactionID: r.TxnNo, OutOrderNo: r.Number, Description: r.Text}))
	return shared(a, r, refusedShare(a))
}

// refusedShare is the state of a share that was not answered with success.
func refusedShare(a answer) provider.ShareState {
	if a.meaning().refuse {
		return provider.ShareFailed
	}
	return provider.ShareUnknown
}

// shared reads what an answer says of the share, which must be the one that was asked about. A share is done when every receiver has its part, and failed when one never will.
func shared(a answer, r provider.ShareRequest, state provider.ShareState) provider.ShareResult {
	result := provider.ShareResult{State: state, Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	if state == provider.ShareAbsent {
		result.Class = provider.ClassNone
	}
	if !a.ok() {
		return result
	}
	w, err := wire.ParseShare(a.body, r.Number, r.TxnNo)
	if err != nil {
		result.State, result.Class, result.Message = provider.ShareUnknown, provider.ClassBug, err.Error()
		return result
	}
	for _, p := range w.Got() {
		result.Parts = append(result.Parts, provider.SharePart{Receiver: provider.ShareReceiver{Kind: p.Type, Account: p.Account}, Amount: p.Amount, Text: p.Description})
	}
	result.State, result.Code = provider.SharePending, w.State
	switch finished, reason := w.Outcome(); {
	case reason != "":
		result.State, result.Class, result.Message = provider.ShareFailed, provider.ClassDeclined, reason
	case finished:
		result.State = provider.ShareDone
	}
	return result
}
