package alipay

import (
	"fmt"
	"net/http"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// ReadNotification verifies a notification with a platform key of this credential set and reads it from the very map that was verified. sign_type is not covered
// by the signature: it must say RSA2 and decides nothing. Errors: provider.ErrUnverified (wrapped) when no key fits, another when the message is not a readable
// trade notification.
func (c *Connector) ReadNotification(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	p, err := wire.ParseForm(string(message.Body))
	if err != nil {
		return provider.Verified{}, err
	}
	if p["sign_type"] != wire.SignTypeRSA2 {
		return provider.Verified{}, fmt.Errorf("%w: sign_type is not RSA2", provider.ErrUnverified)
	}
	if p.Ambiguous() {
		return provider.Verified{}, fmt.Errorf("%w: a value could be read as two parameters", provider.ErrUnverified)
	}
	signature, err := wire.DecodeSignature(p["sign"])
	if err != nil {
		return provider.Verified{}, fmt.Errorf("%w: %w", provider.ErrUnverified, err)
	}
	keys := append(call.Verifiers(keyPlatform, "", attempt.GenerationID), call.Verifiers(keyAlipayCert, "", attempt.GenerationID)...)
	return provider.Verify(keys, provider.RSASHA256, wire.NotifyString(p), signature, func() (provider.Notice, error) {
		n, err := wire.ReadNotify(p)
		if err != nil {
			return provider.Notice{}, err
		}
		return notice(call, n, message), nil
	})
}

// notice reads a verified notification. Compared is the order's total, never what the buyer or the merchant netted. A refund's notification names the sum of all
// refunds, so it tells that one happened and not how much it was.
func notice(call provider.Call, n wire.Notify, message provider.Message) provider.Notice {
	at := moment(n.Params["notify_time"], message.ReceivedAt)
	out := provider.Notice{
		Account: n.AppID, SettingsMatch: ours(call, n), Number: n.OutTradeNo, State: stateOf(n.Status), Code: n.Status, OccurredAt: at,
	}
	if out.State == provider.Paid {
		out.Money = &provider.Money{TxnNo: n.TradeNo, Amount: n.TotalAmount, Currency: currency, PaidAt: n.PaidAt, PayerID: n.BuyerID}
		if n.PaidAt.IsZero() {
			out.Money.PaidAt = at
		}
		out.OccurredAt = out.Money.PaidAt
	}
	if n.RefundFee > 0 && n.OutBizNo != "" {
		out.RefundNumber, out.RefundState = n.OutBizNo, provider.RefundDone
		out.OccurredAt = moment(n.Params["gmt_refund"], at)
	}
	return out
}

// ours says that the app and the seller are this credential set's, and for a partner's app that it acted for this merchant's. A message that does not name the seller is not
// ours: a query settles the order.
func ours(call provider.Call, n wire.Notify) bool {
	if merchant := setting(call, settingMerchant); merchant != "" && n.Params["auth_app_id"] != merchant {
		return false
	}
	return n.AppID == setting(call, settingAppID) && n.SellerID != "" && n.SellerID == seller(call)
}

// Acknowledge returns the bytes that stop Alipay's retries, or make it send again.
func (c *Connector) Acknowledge(ok bool) provider.Reply {
	body := wire.NotAcknowledged
	if ok {
		body = wire.Acknowledged
	}
	return provider.Reply{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: body}
}
