package bill99

import (
	"fmt"
	"net/http"

	"postern"
	"postern/provider"
	"postern/provider/bill99/wire"
)

// ReadNotification verifies a notification and reads it. The message's body is the query of a GET, or the form of a POST. The sign type is the account's; a
// message that names another is not believed.
func (c Connector) ReadNotification(call provider.Call, attempt postern.Attempt, message provider.Message) (provider.Verified, error) {
	f, err := wire.ParseQuery(string(message.Body))
	if err != nil {
		return provider.Verified{}, err
	}
	method := setting(call, SettingSignType)
	if f["signType"] != method {
		return provider.Verified{}, fmt.Errorf("%w: signType is %.8q, the account's is %s", provider.ErrUnverified, f["signType"], method)
	}
	list, alg, signature := verifiers(call, KeyGateway, attempt.GenerationID), algKeyed, []byte(f["signMsg"])
	if method == wire.SignPKI {
		if signature, err = wire.DecodeSignature(f["signMsg"]); err != nil {
			return provider.Verified{}, fmt.Errorf("%w: %w", provider.ErrUnverified, err)
		}
		list, alg = call.Verifiers(KeyCertificate, "", attempt.GenerationID), provider.RSASHA1
	}
	return provider.Verify(list, alg, []byte(f.Text(wire.NotifyOrder)), signature, func() (provider.Notice, error) { return notice(call, f, message) })
}

func notice(call provider.Call, f wire.Fields, message provider.Message) (provider.Notice, error) {
	at := dealt(f, message.ReceivedAt)
	out := provider.Notice{
		Account: f["merchantAcctId"], SettingsMatch: f["merchantAcctId"] != "" && f["merchantAcctId"] == setting(call, SettingAccount), Number: f["orderId"],
		Code: f["errCode"], Message: payErrors[f["errCode"]], OccurredAt: at, State: payState(f["payResult"]),
	}
	if out.Code == "" {
		out.Code = f["payResult"]
	}
	if out.State != provider.Paid {
		return out, nil
	}
	amount, err := wire.ParseAmount(f["orderAmount"])
	if err != nil || f["dealId"] == "" {
		return out, fmt.Errorf("%w: a paid order without dealId or orderAmount", wire.ErrMalformed)
	}
	out.Money = &provider.Money{TxnNo: f["dealId"], Amount: amount, Currency: currency, PaidAt: at}
	return out, nil
}

// Acknowledge returns what stops 99Bill's repeats. The address to send the buyer to is left empty: without one 99Bill brings the browser to the order's pageUrl,
// which is where the buyer belongs.
func (c Connector) Acknowledge(ok bool) provider.Reply {
	status := http.StatusOK
	if !ok {
		status = http.StatusInternalServerError
	}
	return provider.Reply{Status: status, ContentType: "text/html; charset=utf-8", Body: wire.Reply(ok, "")}
}
