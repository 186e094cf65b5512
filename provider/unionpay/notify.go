package unionpay

import (
	"net/http"

	"postern"
	"postern/provider"
	"postern/provider/unionpay/wire"
)

// ReadNotification verifies a notification and reads it. Only successes are notified: of payments, and of refunds, whose number then stands in orderId and the
// payment's transaction in origQryId.
func (c Connector) ReadNotification(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	m, err := wire.ParseForm(string(message.Body))
	if err != nil {
		return provider.Verified{}, err
	}
	list, alg, signed, signature, err := verifiers(call, m)
	if err != nil {
		return provider.Verified{}, err
	}
	return provider.Verify(list, alg, signed, signature, func() (provider.Notice, error) { return notice(call, attempt, m, message) })
}

func notice(call provider.Call, attempt postern.Attempt, m wire.Message, message provider.Message) (provider.Notice, error) {
	at := traced(m, message.ReceivedAt)
	out := provider.Notice{
		Account: m["merId"], SettingsMatch: m["merId"] != "" && m["merId"] == setting(call, SettingMerID), Number: m["orderId"], Code: m["respCode"], Message: m["respMsg"], OccurredAt: at,
		State: provider.Pending,
	}
	amount, err := wire.ParseAmount(m["txnAmt"])
	if err != nil {
		return out, err
	}
	done := m["respCode"] == "00" || m["respCode"] == "A6"
	switch m["txnType"] {
	case wire.TypeConsume:
		if done && m["queryId"] != "" && m["currencyCode"] == wire.CurrencyCN {
			out.State = provider.Paid
			out.Money = &provider.Money{TxnNo: m["queryId"], Amount: amount, Currency: currency, PaidAt: at}
		}
	case wire.TypeRefund, wire.TypeUndo:
		out.Number, out.RefundNumber, out.RefundState, out.RefundAmount = attempt.Number, m["orderId"], provider.RefundPending, amount
		if done {
			out.RefundState = provider.RefundDone
		}
	}
	return out, nil
}

// Acknowledge returns what stops UnionPay's repeats: HTTP 200 whatever the body, or an error.
func (c Connector) Acknowledge(ok bool) provider.Reply {
	if ok {
		return provider.Reply{Status: http.StatusOK, ContentType: "text/plain; charset=utf-8", Body: wire.Acknowledged}
	}
	return provider.Reply{Status: http.StatusInternalServerError, ContentType: "text/plain; charset=utf-8", Body: "fail"}
}
