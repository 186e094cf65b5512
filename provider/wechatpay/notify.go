package wechatpay

import (
	"errors"
	"net/http"
	"slices"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// ReadNotification implements provider.Notifiable: signature over the raw body first, then decryption, then the notice. It returns provider.ErrUnverified,
// wrapped with the reason, for a message that no key of this credential set made or whose time is five minutes or more away, and wire's errors for a signed
// message that cannot be read.
func (Connector) ReadNotification(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	if isV2(call) {
		return readV2(call, attempt, message)
	}
	signed, candidates, sig, err := unverified(message.ReceivedAt, message.Header, message.Body, verifiers(call))
	if err != nil {
		return provider.Verified{}, err
	}
	return provider.Verify(candidates, provider.RSASHA256, signed, sig, func() (provider.Notice, error) {
		return readNotice(call, attempt, message)
	})
}

func readNotice(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Notice, error) {
	n, err := wire.ParseNotification(message.Body)
	if err != nil {
		return provider.Notice{}, err
	}
	plain, err := opening(call, attempt.GenerationID, n.Resource.Open)
	if err != nil {
		return provider.Notice{}, err
	}
	var notice provider.Notice
	switch n.EventType {
	case wire.EventRefundSuccess, wire.EventRefundAbnormal, wire.EventRefundClosed:
		notice, err = refundNotice(call, plain)
	default:
		notice, err = paymentNotice(call, attempt, n.EventType, plain, message)
	}
	notice.OccurredAt, _ = wire.ParseTime(n.CreateTime) // an unreadable time stays zero: nothing is decided by it
	return notice, err
}

// paymentNotice reads a transaction. Only TRANSACTION.SUCCESS can prove money; another event type, now unknown, is pending.
func paymentNotice(call provider.Call, attempt postern.Attempt, event string, plain []byte, message provider.Message) (provider.Notice, error) {
	var t wire.Transaction
	if err := wire.Decode(plain, &t); err != nil {
		return provider.Notice{}, err
	}
	own := partiesOf(call, attempt.Product)
	notice := provider.Notice{Account: t.Merchant(), Number: t.OutTradeNo, State: provider.Pending, Code: event, Message: t.TradeStateDesc,
		SettingsMatch: own.SameAs(t.Parties) && t.AppID == own.AppID && t.SpAppID == own.SpAppID}
	if event == wire.EventPaid {
		return paidNotice(notice, t, message)
	}
	return notice, nil
}

// paidNotice adds what a transaction says of the money.
func paidNotice(notice provider.Notice, t wire.Transaction, message provider.Message) (provider.Notice, error) {
	notice.State, notice.Code = tradeState(t.TradeState), t.TradeState
	if notice.State != provider.Paid {
		return notice, nil
	}
	money, err := moneyOf(t, message.ReceivedAt)
	notice.Money = money
	return notice, err
}

// refundNotice reads a refund. It names the merchant number and no appid.
func refundNotice(call provider.Call, plain []byte) (provider.Notice, error) {
	r, err := wire.ParseRefundNotice(plain)
	if err != nil {
		return provider.Notice{}, err
	}
	return provider.Notice{Account: r.Merchant(), SettingsMatch: partiesOf(call, "").SameAs(r.Parties), Number: r.OutTradeNo, RefundNumber: r.OutRefundNo,
		RefundState: refundState(r.RefundStatus), RefundAmount: r.Amount.Refund, Code: r.RefundStatus}, nil
}

// opening tries the APIv3 keys, that of this generation first: the key belongs to the merchant number and may have been changed since the order was placed.
func opening(call provider.Call, generationID string, try func(wire.OpenFunc) ([]byte, error)) ([]byte, error) {
	keys := slices.Clone(call.Keys)
	if i := slices.IndexFunc(keys, func(g provider.Generation) bool { return g.ID == generationID }); i > 0 {
		keys[0], keys[i] = keys[i], keys[0]
	}
	err := errors.New("wechatpay: no generation has the key field apiv3_key; add it with `postern key add`")
	for _, g := range keys {
		aead, missing := g.AEAD(KeyAPIv3)
		if missing != nil {
			continue
		}
		var plain []byte
		if plain, err = try(aead.Open); err == nil {
			return plain, nil
		}
	}
	return nil, err
}

// Acknowledge implements provider.Notifiable. WeChat judges by the status; the bodies are those of its documentation.
func (Connector) Acknowledge(ok bool) provider.Reply {
	if ok {
		return provider.Reply{Status: http.StatusOK, ContentType: "application/json", Body: `{"code":"SUCCESS","message":"成功"}`}
	}
	return provider.Reply{Status: http.StatusInternalServerError, ContentType: "application/json", Body: `{"code":"FAIL","message":"失败"}`}
}
