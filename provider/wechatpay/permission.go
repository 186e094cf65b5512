package wechatpay

import (
	"context"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
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
	a := send(ctx, call, wire.AskLimitations(call.SubMerchant))
	result := provider.PermissionsResult{Exchange: a.exchange}
	result.Class, result.Code, result.Message = a.words()
	if !a.ok() {
		return result
	}
	var l wire.Limitations
	if err := wire.Decode(a.body, &l); err != nil || l.MchID != call.SubMerchant {
		result.Class, result.Message = provider.ClassBug, "the answer is not about merchant "+call.SubMerchant
		return result
	}
	result.Known, result.Message = true, l.Other
	for _, f := range l.Limited(call.Env.Now()) {
		note, act, mapped := f.Why, limits[f.Name], limits[f.Name] != ""
		switch {
		case !mapped:
			result.Message = strings.TrimSpace(result.Message + " " + note)
		case !slices.ContainsFunc(result.Withdrawn, func(p postern.Permission) bool { return p.Act == act }):
			result.Withdrawn = append(result.Withdrawn, postern.Permission{Act: act, From: f.From, Source: "notice", Note: note})
		}
	}
	return result
}

// ReadAccountNotice implements provider.AccountNoticer: violations of a service provider's merchants. They say in free text what was done, so the permissions are to be asked for.
func (Connector) ReadAccountNotice(call provider.Call, message provider.Message) (provider.VerifiedAccount, error) {
	signed, candidates, sig, err := unverified(message.ReceivedAt, message.Header, message.Body, verifiers(call))
	if err != nil {
		return provider.VerifiedAccount{}, err
	}
	return provider.VerifyAccount(candidates, provider.RSASHA256, signed, sig, func() (provider.AccountNotice, error) {
		n, err := wire.ParseNotification(message.Body)
		if err != nil {
			return provider.AccountNotice{}, err
		}
		notice := provider.AccountNotice{ID: n.ID, Kind: n.EventType, Text: n.Summary}
		notice.OccurredAt, _ = wire.ParseTime(n.CreateTime) // nothing is decided by it
		if !n.Violation() {
			return notice, nil
		}
		plain, err := opening(call, "", n.Resource.Open)
		if err != nil {
			return provider.AccountNotice{}, err
		}
		v, err := wire.ParseViolation(plain)
		notice.SubMerchant, notice.Ask, notice.Text = v.SubMchID, true, v.Text()
		return notice, err
	})
}
