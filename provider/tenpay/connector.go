package tenpay

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"postern"
	"postern/provider"
	"postern/provider/tenpay/wire"
)

// Start signs the address that the buyer's browser opens and calls nobody.
func (c Connector) Start(_ context.Context, call provider.Call, start provider.StartRequest) provider.Result {
	if bad := checkStart(call, start); bad != nil {
		return *bad
	}
	p, err := terms(call, start)
	if err == nil {
		err = sign(call, p)
	}
	address := ""
	if err == nil {
		address, err = p.Encode()
	}
	if err != nil {
		return provider.Result{State: provider.Failed, Class: provider.ClassAuth, Code: "not_sent", Message: err.Error()}
	}
	until := start.Attempt.ExpiresAt
	return provider.Result{
		State: provider.Pending, Exchange: provider.Exchange{Op: "start", Request: masked(p)},
		Action: postern.Action{Type: postern.ActionRedirect, URL: setting(call, SettingGateway) + wire.PathPay + "?" + address, ExpiresAt: &until},
	}
}

// checkStart refuses, before a byte is sent, what the guide says cannot be ordered.
func checkStart(call provider.Call, start provider.StartRequest) *provider.Result {
	a := start.Attempt
	switch {
	case a.Product != Page && a.Product != H5:
		return refused("product", "unknown_product", "this connector has page and h5")
	case !slices.Contains(currencies, a.Currency):
		return refused("currency", "over_limit", "TenPay collects CNY")
	case !a.ExpiresAt.After(call.Env.Now()):
		return refused("expires_at", "over_limit", "the order has expired already")
	}
	err := errors.Join(
		wire.CheckNumber("number", a.Number), wire.CheckAmount("amount", a.Amount), wire.CheckURL("notify_url", start.NotifyURL), wire.CheckURL("return_url", start.ReturnURL),
		wire.CheckIP("client_ip", ipv4(start.ClientIP)),
	)
	var field *wire.FieldError
	if errors.As(err, &field) {
		return refused(field.Field, "over_limit", field.Fix)
	}
	return nil
}

// ipv4 writes an IPv4 address that came in IPv6's clothes as what it is.
func ipv4(s string) string {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().String()
	}
	return s
}

// terms is the order. Everything that names it is a pure function of the attempt.
func terms(call provider.Call, start provider.StartRequest) (wire.Params, error) {
	a, p := start.Attempt, base(call)
	charset, err := p.Charset()
	if err != nil {
		return nil, fmt.Errorf("input_charset: %w", err)
	}
	p["out_trade_no"], p["total_fee"], p["fee_type"], p["bank_type"] = a.Number, wire.FormatFen(a.Amount), wire.FeeType, wire.BankAny
	p["notify_url"], p["return_url"], p["spbill_create_ip"] = start.NotifyURL, start.ReturnURL, ipv4(start.ClientIP)
	p["time_start"], p["time_expire"] = wire.FormatTime(a.CreatedAt), wire.FormatTime(a.ExpiresAt)
	if p["body"] = charset.Fit(start.Description, wire.MaxBody); p["body"] == "" {
		p["body"] = a.Number // the guide wants one
	}
	return p, nil
}

// Query asks for the order by its number.
func (c Connector) Query(ctx context.Context, call provider.Call, a postern.Attempt) provider.Result {
	r := query(ctx, call, "query", a.Number)
	out := provider.Result{State: provider.Unknown, Class: r.class, Code: r.code, Message: r.text, Exchange: r.exchange}
	now := call.Env.Now()
	switch {
	case r.refused && r.code == wire.RetNoOrder && now.Before(a.CreatedAt.Add(wire.QueryLife)):
		out.State, out.Class = provider.Absent, provider.ClassNone
	case r.params == nil:
	case r.params["out_trade_no"] != a.Number:
		out.Class, out.Message = provider.ClassBug, "the answer does not name the order"
	case r.params["trade_state"] == wire.TradePaid:
		money, err := taken(r.params)
		if err != nil {
			out.Class, out.Message = provider.ClassBug, err.Error()
			return out
		}
		out.State, out.Money = provider.Paid, money
	case r.params["trade_state"] == "":
		out.Class, out.Message = provider.ClassBug, "the answer does not say what became of the order"
	case now.After(a.ExpiresAt.Add(postern.CloseMargin)):
		out.State, out.Code = provider.Closed, "trade_state="+clip(r.params["trade_state"])
	default:
		out.State, out.Code = provider.Pending, "trade_state="+clip(r.params["trade_state"])
	}
	return out
}

func query(ctx context.Context, call provider.Call, op, number string) reply {
	p := base(call)
	p["out_trade_no"] = number
	return send(ctx, call, call.Env.HTTP, op, setting(call, SettingGateway)+wire.PathQuery, p)
}

// taken is what a verified message about a paid order says was taken. Without a transaction number, the yuan, or the merchant having the money at once it proves
// nothing. The order's total is what the buyer paid and what TenPay discounted.
func taken(p wire.Params) (*provider.Money, error) {
	paid, err := wire.ParseFen(p["total_fee"])
	discount := int64(0)
	if err == nil && p["discount"] != "" {
		discount, err = wire.ParseFen(p["discount"])
	}
	at, err2 := wire.ParseTime(p["time_end"])
	switch err := errors.Join(err, err2); {
	case err != nil:
		return nil, err
	case p["transaction_id"] == "" || p["fee_type"] != wire.FeeType || p["trade_mode"] != wire.TradeInstant || paid+discount == 0:
		return nil, fmt.Errorf("%w: a paid order without transaction_id, fee_type 1, trade_mode 1 or an amount", wire.ErrMalformed)
	}
	return &provider.Money{TxnNo: p["transaction_id"], Amount: paid + discount, Currency: currency, PaidAt: at}, nil
}

func refused(field, code, message string) *provider.Result {
	return &provider.Result{State: provider.Failed, Class: provider.ClassInvalid, Code: code, Message: message, Field: field}
}
