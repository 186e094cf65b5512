package wechatpay

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

var (
	_ provider.PermissionReader = Connector{}
	_ provider.AccountNoticer   = Connector{}
)

// limits are the acts that a limited function takes away. What is not here (money paid out, profit sharing, another product's last step) is told and changes nothing.
var limits = map[string]postern.Act{
	wire.LimitTransaction: postern.ActPay, wire.LimitTransactionRecharge: postern.ActPay, wire.LimitRefund: postern.ActRefund, wire.LimitWithdrawal: postern.ActSettle,
}

// ReadPermissions implements provider.PermissionReader. WeChat tells a service provider about its merchants; a direct merchant cannot ask.
func (Connector) ReadPermissions(ctx context.Context, call provider.Call) provider.PermissionsResult {
	if call.SubMerchant == "" {
		return provider.PermissionsResult{Class: provider.ClassInvalid, Message: "WeChat Pay tells limits to service providers only: a direct merchant reads them in the console"}
	}
	a := send(ctx, call, "permissions", http.MethodGet, wire.LimitationsPath(call.SubMerchant), nil)
	result := provider.PermissionsResult{Class: a.class, Exchange: a.exchange}
	result.Code, result.Message = a.words()
	if !a.ok() {
		if a.cause == nil {
			result.Class = meaningOf(a.status, a.refuse).class
		}
		return result
	}
	var l wire.Limitations
	if err := wire.Decode(a.body, &l); err != nil || l.MchID != call.SubMerchant {
		result.Class, result.Message = provider.ClassBug, "the answer is not about merchant "+call.SubMerchant
		return result
	}
	result.Known, result.Class, result.Code, result.Message = true, provider.ClassNone, "", l.Other
	for _, f := range l.Functions {
		note := strings.TrimSpace(f + " " + reasons(l, f))
		act, mapped := limits[f]
		switch {
		case !mapped:
			result.Message = strings.TrimSpace(result.Message + " " + note)
		case !slices.ContainsFunc(result.Withdrawn, func(p postern.Permission) bool { return p.Act == act }):
			result.Withdrawn = append(result.Withdrawn, postern.Permission{Act: act, Source: "notice", Note: note})
		}
	}
	return result
}

// reasons are WeChat's words for a limited function: why, and the way out.
func reasons(l wire.Limitations, function string) string {
	var words []string
	for _, r := range l.Recovery {
		if slices.Contains(r.Functions, function) {
			words = append(words, r.Reason, r.Describe, r.Way)
		}
	}
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}

// ReadAccountNotice implements provider.AccountNoticer: violations of a service provider's merchants. They say in free text what was done, so the permissions are to be asked for.
func (Connector) ReadAccountNotice(call provider.Call, message provider.Message) (provider.VerifiedAccount, error) {
	if len(message.Body) > wire.MaxBody {
		return provider.VerifiedAccount{}, fmt.Errorf("%w: %w", provider.ErrUnverified, wire.ErrJSON)
	}
	sig, candidates, err := readSignature(message.ReceivedAt, message.Header, verifiers(call))
	if err != nil {
		return provider.VerifiedAccount{}, err
	}
	signed := wire.ResponseMessage(sig.Timestamp, sig.Nonce, message.Body)
	return provider.VerifyAccount(candidates, provider.RSASHA256, signed, sig.Value, func() (provider.AccountNotice, error) {
		n, err := wire.ParseNotification(message.Body)
		if err != nil {
			return provider.AccountNotice{}, err
		}
		notice := provider.AccountNotice{ID: n.ID, Kind: n.EventType, Text: n.Summary}
		notice.OccurredAt, _ = wire.ParseTime(n.CreateTime) // nothing is decided by it
		if !strings.HasPrefix(n.EventType, "VIOLATION.") {
			return notice, nil
		}
		plain, err := openResource(call, "", n.Resource)
		if err != nil {
			return provider.AccountNotice{}, err
		}
		v, err := wire.ParseViolation(plain)
		if err != nil {
			return provider.AccountNotice{}, err
		}
		notice.SubMerchant, notice.Ask = v.SubMchID, true
		notice.Text = strings.Join(strings.Fields(strings.Join([]string{v.Plan, v.Description, v.Risk, v.RiskText, v.RecordID}, " ")), " ")
		return notice, nil
	})
}
