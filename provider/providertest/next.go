package providertest

import (
	"context"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
)

// unwrittenMark begins what a part says that the template left to be written.
const unwrittenMark = "UNWRITTEN "

// next finds the first part of a new provider that is still to be written, in the order in which they are best written: ordering, asking, notifications, refunds, the check. Empty means
// that all of them answer for themselves.
func next(t *testing.T, s Subject) string {
	t.Helper()
	p := &trial{T: t, s: s}
	var ok bool
	if p.product, ok = s.Connector.Describe().Product(s.Products[0]); !ok || p.product.NeedsPayer || p.product.NeedsAuthCode || p.product.BrowserStart {
		return "" // the template begins with a code that the buyer scans
	}
	ctx, o := t.Context(), p.order()
	if step := left(s.Connector.Start(ctx, s.Call, o).Message); step != "" {
		return step
	}
	if step := left(s.Connector.Query(ctx, s.Call, o.Attempt).Message); step != "" {
		return step
	}
	if p.control("POST", "/orders/"+o.Attempt.Number+"/approve", struct{}{}, nil) != 200 {
		return ""
	}
	q := s.Connector.Query(ctx, s.Call, o.Attempt)
	if step := p.nextNotification(ctx, o.Attempt); step != "" || q.Money == nil {
		return step
	}
	return p.nextCall(ctx, o.Attempt, *q.Money)
}

// nextNotification lets the notification of a payment arrive, and reads it.
func (p *trial) nextNotification(ctx context.Context, a postern.Attempt) string {
	p.s.Clock.Advance(time.Minute)
	p.s.RunDue(ctx)
	n, ok := p.s.Connector.(provider.Notifiable)
	got := p.s.Inbox()
	if !ok || len(got) == 0 {
		return ""
	}
	if _, err := n.ReadNotification(p.s.Call, a, got[len(got)-1]); err != nil {
		return left(err.Error())
	}
	return ""
}

// nextCall makes the calls that the template has beyond a payment.
func (p *trial) nextCall(ctx context.Context, a postern.Attempt, m provider.Money) string {
	r := p.back(a, m, 2000)
	if refunder, ok := p.s.Connector.(provider.Refunder); ok {
		if step := left(refunder.Refund(ctx, p.s.Call, r).Message); step != "" {
			return step
		}
	}
	if querier, ok := p.s.Connector.(provider.RefundQuerier); ok {
		if step := left(querier.QueryRefund(ctx, p.s.Call, r).Message); step != "" {
			return step
		}
	}
	if checker, ok := p.s.Connector.(provider.Checker); ok {
		return left(checker.Check(ctx, p.s.Call).Message)
	}
	return ""
}

// left is what a message says is still to be written.
func left(message string) string {
	_, step, found := strings.Cut(message, unwrittenMark)
	if !found {
		return ""
	}
	return step
}

// whereTo says where the promise of a scenario is kept: in the connector, and in the simulator that it is tried against.
var whereTo = map[string]string{
	"start":          "connector.go Start; sandbox/gateway.go",
	"query":          "connector.go Query and the tables of mapping.go; sandbox/gateway.go",
	"decline":        "connector.go Query; the simulator's DeclineOrder",
	"expiry":         "connector.go: send the order's end; the simulator must keep to it",
	"scan":           "connector.go Start with StartRequest.AuthCode; the simulator's ShowCode (sandboxkit.Coder)",
	"close":          "Close; its result is closed, absent, already_paid or unknown",
	"reverse":        "Reverse; its result is closed, refunded with what had been taken, refused or unknown",
	"refund":         "refund.go Refund; the same number must refund once, in the simulator, too",
	"refund query":   "refund.go QueryRefund; a number that was never sent is absent",
	"notification":   "notify.go; the simulator's tell and notify",
	"forgery":        "notify.go: provider.Verify must get the candidates and the message; nothing else makes a provider.Verified",
	"confirmation":   "ConfirmNotification",
	"lost start":     "connector.go Start: without an answer that can be believed it is Unknown; only ErrNotSent proves that nothing left",
	"lost query":     "connector.go Query: without an answer it is Unknown",
	"lost close":     "Close: without an answer it is unknown",
	"lost reverse":   "Reverse: without an answer it is unknown, and again settles it",
	"lost refund":    "refund.go Refund: without an answer it is RefundUnknown",
	"limits":         "connector.go checkStart: refuse before anything is sent, and name the field",
	"wrong key":      "sandbox/gateway.go admit: verify; exchange.go read: believe nothing that is not signed",
	"payer sign-in":  "AuthorizeURL and ResolvePayer",
	"trust refresh":  "RefreshTrust",
	"channel check":  "check.go",
	"statement":      "FetchStatement and ReadStatement; the simulator's WriteBill (sandboxkit.Biller)",
	"permissions":    "ReadPermissions; the simulator's Permit (sandboxkit.Gatekeeper)",
	"profit sharing": "AddReceiver, Share, QueryShare, Unfreeze",
}
