package tenpay

import (
	"context"
	"net/http"

	"postern"
	"postern/provider"
	"postern/provider/tenpay/wire"
)

// ReadNotification verifies a notification, which came as a form or as a query, and reads it. Its signature is what it is verified by; TenPay wants it asked back
// besides (ConfirmNotification).
func (c Connector) ReadNotification(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	p, err := wire.ParseForm(string(message.Body))
	if err != nil {
		return provider.Verified{}, err
	}
	return provider.Verify(verifiers(call, p, attempt.GenerationID), algKeyed, nil, []byte(p["sign"]), func() (provider.Notice, error) { return notice(call, p, message), nil })
}

func notice(call provider.Call, p wire.Params, message provider.Message) provider.Notice {
	out := provider.Notice{
		Account: p["partner"], SettingsMatch: p["partner"] != "" && p["partner"] == setting(call, SettingPartner), Number: p["out_trade_no"],
		Code: "trade_state=" + clip(p["trade_state"]), Message: clip(p["pay_info"]), OccurredAt: message.ReceivedAt, State: provider.Pending,
	}
	if p["trade_state"] != wire.TradePaid {
		return out
	}
	if money, err := taken(p); err == nil {
		out.State, out.Money, out.OccurredAt = provider.Paid, money, money.PaidAt
	}
	return out
}

// ConfirmNotification asks TenPay whether a verified notification is its own, which it answers for ten minutes.
func (c Connector) ConfirmNotification(ctx context.Context, call provider.Call, _ postern.Attempt, message provider.Message) provider.Confirmation {
	told, err := wire.ParseForm(string(message.Body))
	if err != nil || told["notify_id"] == "" {
		return provider.Confirmation{State: provider.ConfirmDenied, Message: "the notification has no notify_id"}
	}
	p := base(call)
	p["notify_id"] = told["notify_id"]
	r := send(ctx, call, call.Env.HTTP, "confirm", setting(call, SettingGateway)+wire.PathVerify, p)
	out := provider.Confirmation{State: provider.ConfirmUnknown, Code: r.code, Message: r.text, Exchange: r.exchange}
	switch {
	case r.refused && r.code == wire.RetExpired:
		out.State = provider.ConfirmTooLate
	case r.params == nil:
	case same(r.params, told):
		out.State = provider.ConfirmDone
	default:
		out.State, out.Message = provider.ConfirmDenied, "what was asked back is not what was notified"
	}
	return out
}

// same says that the answer is about the notification's own order and money.
func same(answer, told wire.Params) bool {
	for _, name := range []string{"partner", "out_trade_no", "transaction_id", "total_fee", "trade_state", "trade_mode"} {
		if answer[name] == "" || answer[name] != told[name] {
			return false
		}
	}
	return true
}

// Acknowledge returns what stops TenPay's repeats: the plain word success. Anything else makes it send again.
func (c Connector) Acknowledge(ok bool) provider.Reply {
	body := wire.Refused
	if ok {
		body = wire.Acknowledged
	}
	return provider.Reply{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: body}
}
