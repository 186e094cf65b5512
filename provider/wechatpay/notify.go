package wechatpay

import (
	"errors"
	"fmt"
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
	if len(message.Body) > wire.MaxBody {
		return provider.Verified{}, fmt.Errorf("%w: %w", provider.ErrUnverified, wire.ErrJSON)
	}
	sig, candidates, err := readSignature(message.ReceivedAt, message.Header, verifiers(call))
	if err != nil {
		return provider.Verified{}, err
	}
	signed := wire.ResponseMessage(sig.Timestamp, sig.Nonce, message.Body)
	return provider.Verify(candidates, provider.RSASHA256, signed, sig.Value, func() (provider.Notice, error) {
		return readNotice(call, attempt, message)
	})
}

func readNotice(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Notice, error) {
	n, err := wire.ParseNotification(message.Body)
	if err != nil {
		return provider.Notice{}, err
	}
	plain, err := openResource(call, attempt.GenerationID, n.Resource)
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
	if event != wire.EventPaid {
		return notice, nil
	}
	notice.State, notice.Code = tradeState(t.TradeState), t.TradeState
	if notice.State != provider.Paid {
		return notice, nil
	}
	var err error
	notice.Money, err = moneyOf(t, message.ReceivedAt)
	return notice, err
}

// refundNotice reads a refund. It names the merchant number and no appid.
func refundNotice(call provider.Call, plain []byte) (provider.Notice, error) {
	var r wire.RefundNotice
	if err := wire.Decode(plain, &r); err != nil {
		return provider.Notice{}, err
	}
	if r.OutRefundNo == "" {
		return provider.Notice{}, fmt.Errorf("%w: out_refund_no is missing", wire.ErrJSON)
	}
	return provider.Notice{Account: r.Merchant(), SettingsMatch: partiesOf(call, "").SameAs(r.Parties), Number: r.OutTradeNo, RefundNumber: r.OutRefundNo,
		RefundState: refundState(r.RefundStatus), RefundAmount: r.Amount.Refund, Code: r.RefundStatus}, nil
}

// openResource decrypts with the APIv3 key of the attempt's generation, then with the others: the key belongs to the merchant number and may have been changed
// since the order was placed.
func openResource(call provider.Call, generationID string, r wire.Resource) ([]byte, error) {
	keys := slices.Clone(call.Keys)
	slices.SortStableFunc(keys, func(a, b provider.Generation) int {
		switch {
		case a.ID == b.ID:
			return 0
		case a.ID == generationID:
			return -1
		case b.ID == generationID:
			return 1
		}
		return 0
	})
	err := errors.New("wechatpay: no generation has the key field apiv3_key; add it with `postern key add`")
	for _, g := range keys {
		aead, missing := g.AEAD(KeyAPIv3)
		if missing != nil {
			continue
		}
		var plain []byte
		if plain, err = r.Open(aead.Open); err == nil {
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
