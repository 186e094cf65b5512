package alipay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"postern/provider"
	"postern/provider/alipay/wire"
)

var _ provider.Sharer = (*Connector)(nil)

// receiverKinds are Alipay's words for what an account is.
var receiverKinds = []string{"userId", "loginName", "openId"}

// AddReceiver binds who may receive. The number is made of the receiver, so that adding again is the same request.
func (c *Connector) AddReceiver(ctx context.Context, call provider.Call, receiver provider.ShareReceiver) provider.ShareResult {
	if !slices.Contains(receiverKinds, receiver.Kind) || receiver.Account == "" || receiver.Kind == "loginName" && receiver.Name == "" {
		return unshared("receiver", "give userId, loginName (with the person's name) or openId and the account")
	}
	one := wire.Fields{}.Set("type", receiver.Kind).Set("account", receiver.Account).Set("name", receiver.Name)
	number := sha256.Sum256(one.Marshal())
	biz := wire.Fields{{Name: "receiver_list", Value: []wire.Fields{one}}, {Name: "out_request_no", Value: hex.EncodeToString(number[:16])}}
	r := send(ctx, call, "share_receiver", "", wire.Request{Method: wire.MethodReceiver, Biz: biz})
	out := shared(r)
	switch {
	case r.success && r.text("result_code") == "SUCCESS":
		out.State = provider.ShareDone
	case r.success && r.text("result_code") == "FAIL":
		out.State, out.Class = provider.ShareFailed, provider.ClassDeclined
	}
	return out
}

// Share hands parts of a paid trade out. It is carried out before it is answered (royalty_mode sync). A number that was used before is asked after.
func (c *Connector) Share(ctx context.Context, call provider.Call, request provider.ShareRequest) provider.ShareResult {
	if bad := checkShare(request); bad != nil {
		return *bad
	}
	biz := wire.Fields{}.Set("out_request_no", request.Number).Set("trade_no", request.TxnNo)
	var parts []wire.Fields
	for _, p := range request.Parts {
		parts = append(parts, wire.Fields{}.Set("royalty_type", "transfer").Set("trans_in_type", p.Receiver.Kind).Set("trans_in", p.Receiver.Account).
			Set("trans_in_name", p.Receiver.Name).Set("amount", wire.FormatYuan(p.Amount)).Set("desc", p.Text))
	}
	if len(parts) > 0 {
		biz = append(biz, wire.Field{Name: "royalty_parameters", Value: parts})
	}
	if request.Last {
		biz = append(biz, wire.Field{Name: "extend_params", Value: wire.Fields{}.Set("royalty_finish", "true")})
	}
	r := send(ctx, call, "share", request.Attempt.GenerationID, wire.Request{Method: wire.MethodShare, Biz: biz.Set("royalty_mode", "sync")})
	out := shared(r)
	switch {
	case r.success && r.text("trade_no") == request.TxnNo:
		out.State = provider.ShareDone
	case r.sub == "DUP_OUT_REQUEST_NO":
		return c.QueryShare(ctx, call, request)
	}
	return out
}

// Unfreeze gives what is left of a frozen trade to the merchant.
func (c *Connector) Unfreeze(ctx context.Context, call provider.Call, request provider.ShareRequest) provider.ShareResult {
	request.Parts, request.Last = nil, true
	return c.Share(ctx, call, request)
}

// QueryShare asks for one sharing. [GEN] A success without details is taken for a number that Alipay does not know.
func (c *Connector) QueryShare(ctx context.Context, call provider.Call, request provider.ShareRequest) provider.ShareResult {
	biz := wire.Fields{}.Set("out_request_no", request.Number).Set("trade_no", request.TxnNo)
	r := send(ctx, call, "share_query", request.Attempt.GenerationID, wire.Request{Method: wire.MethodShareQuery, Biz: biz})
	out := shared(r)
	if !r.success {
		if out.State == provider.ShareFailed || out.State == provider.ShareAbsent {
			out.State = provider.ShareUnknown // the question was refused, which says nothing about the sharing
		}
		return out
	}
	if r.text("out_request_no") == "" && len(r.object["royalty_detail_list"]) == 0 {
		out.State = provider.ShareAbsent
		return out
	}
	var details []json.RawMessage
	if r.text("out_request_no") != request.Number || json.Unmarshal(r.object["royalty_detail_list"], &details) != nil {
		out.Class, out.Message = provider.ClassBug, "the answer is about another sharing"
		return out
	}
	out.State = provider.ShareDone
	for _, raw := range details {
		d, err := wire.ParseObject(raw)
		amount, err2 := wire.ParseYuan(d.Text("amount"))
		switch state := d.Text("state"); {
		case err != nil || err2 != nil:
			out.State = provider.ShareUnknown
			return out
		case state == "FAIL" && out.State != provider.SharePending:
			out.State, out.Class, out.Code, out.Message = provider.ShareFailed, provider.ClassDeclined, d.Text("error_code"), d.Text("error_desc")
		case state != "SUCCESS" && state != "FAIL":
			out.State = provider.SharePending
		case state == "SUCCESS":
			to := provider.ShareReceiver{Kind: d.Text("trans_in_type"), Account: d.Text("trans_in")}
			out.Parts = append(out.Parts, provider.SharePart{Receiver: to, Amount: amount})
		}
	}
	return out
}

// shared reads what is common to the answers. A refusal that proves that nothing happened and may pass is absent: send it again.
func shared(r reply) provider.ShareResult {
	out := provider.ShareResult{State: provider.ShareUnknown, Class: r.class, Code: r.code, Message: r.message, Exchange: r.exchange}
	class, final := shareRefusals[r.sub]
	switch {
	case r.sub == subDiscordant:
		out.Class = provider.ClassBug // the number was used for something else
	case final:
		out.State, out.Class = provider.ShareFailed, class
	case r.class == provider.ClassInvalid || r.class == provider.ClassDeclined || r.class == provider.ClassClosed:
		out.State = provider.ShareFailed
	case !r.success && r.class != provider.ClassUnknown:
		out.State = provider.ShareAbsent
	}
	return out
}

// checkShare refuses, before a byte is sent, what cannot be shared.
func checkShare(request provider.ShareRequest) *provider.ShareResult {
	err := wire.CheckOrderNo("number", request.Number)
	for _, p := range request.Parts {
		err = errors.Join(err, wire.CheckAmount("amount", p.Amount))
		if !slices.Contains(receiverKinds, p.Receiver.Kind) || p.Receiver.Account == "" {
			err = errors.Join(err, &wire.FieldError{Field: "receiver", Fix: "give userId, loginName or openId and the account"})
		}
	}
	if request.TxnNo == "" {
		err = errors.Join(err, &wire.FieldError{Field: "txn_no", Fix: "give the paid trade's number"})
	}
	if len(request.Parts) == 0 && !request.Last {
		err = errors.Join(err, &wire.FieldError{Field: "parts", Fix: "give at least one part"})
	}
	var field *wire.FieldError
	if errors.As(err, &field) {
		bad := unshared(field.Field, field.Fix)
		return &bad
	}
	return nil
}

func unshared(field, fix string) provider.ShareResult {
	return provider.ShareResult{State: provider.ShareFailed, Class: provider.ClassInvalid, Code: "over_limit", Message: fix, Field: field}
}
