package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
	"postern/wall"
)

// wallets are the providers of this binary in the order of their simulators: the story names none of them.
func wallets() []all.Maker { return all.Sandboxes() }

func yuan(minor int64) string {
	if minor == 0 {
		return "-"
	}
	return postern.FormatDecimal(minor, "CNY")
}

// tales are one payment per container and wallet, and what ordinary days bring.
func tales() []tale {
	var list []tale
	for _, m := range wallets() {
		d := all.Registry()[m.Code].Describe()
		name, pay := d.NameEN, anyhow(m.Code)
		if has(d, "jsapi") {
			app := wall.Default().Name(d.Wallets[0]).EN
			list = append(list,
				tale{what: "inside " + app + ", with " + name, want: "paid", tell: payAs(d.Wallets[0], m.Code, "jsapi")},
				tale{what: "desktop QR of the link, scanned by " + app, want: "paid", tell: scanned(d.Wallets[0], m.Code)},
			)
		}
		if has(d, "native") {
			list = append(list, tale{what: "merchant's own page, " + name + " code by API", want: "paid", tell: pay})
		}
		list = append(list,
			tale{what: "phone browser, with " + name, want: "paid", tell: payIn(agentPhone, m.Code, "h5")},
			tale{what: "refund of 20.00, " + name, want: "paid", tell: refunded(pay), done: func(v engine.PaymentView) bool { return v.AmountRefunded == 2000 }},
		)
		if has(d, "page") {
			list = append(list, tale{what: "desktop browser, with " + name, want: "paid", tell: payIn(agentDesktop, m.Code, "page")})
		}
		if m.Partner {
			list = append(list, tale{what: "a partner's merchant, under the partner's " + name + ", refund of 20.00", want: "paid", partner: true, tell: refunded(pay), done: func(v engine.PaymentView) bool { return v.AmountRefunded == 2000 }})
		}
		if tillOf(m.Code) {
			list = append(list,
				tale{what: "at a till, the buyer's code scanned, " + name, want: "paid", tell: scannedAtTill(m.Code, false)},
				tale{what: "at a till, the buyer types the password, " + name, want: "paid", tell: scannedAtTill(m.Code, true)},
			)
		}
	}
	first, second := wallets()[0].Code, wallets()[1].Code
	return append(list,
		tale{what: "inside Douyin: walled off, opened in the browser instead", want: "paid", tell: wayOut},
		tale{what: "one wallet begun, switched to the other", want: "paid", tell: switched(first, second)},
		tale{what: "both wallets paid: the second goes back", want: "paid", tell: bothPaid(second, first), done: func(v engine.PaymentView) bool { return v.AmountSurplusRefunded == amount }},
		tale{what: "paid after the end: the money goes back", want: "expired", live: 5, tell: afterExpiry(second), done: func(v engine.PaymentView) bool { return v.AmountSurplusRefunded == amount }},
		tale{what: "canceled by the merchant", want: "canceled", tell: func(ctx context.Context, t *teller) error {
			return t.call(ctx, http.MethodPost, "/v1/payments/"+t.payment.ID+"/cancel", nil, nil)
		}},
	)
}

// troubles break something at a wallet and are told one by one; those of different wallets do not meet.
func troubles() [][]tale {
	var lists [][]tale
	for _, m := range wallets() {
		var list []tale
		d := all.Registry()[m.Code].Describe()
		if tillOf(m.Code) {
			// First: its faults are of the next calls, and no other order is asked after yet.
			list = append(list, tale{what: "till: nobody answers, the charge is reversed, charged anew, " + d.NameEN, want: "paid", tell: reversedAtTill(m.Code), done: func(v engine.PaymentView) bool { return v.AmountSurplusRefunded == amount }})
		}
		list = append(list, tale{what: "notification lost, found by asking, " + d.NameEN, want: "paid", tell: lostNotification(m.Code)})
		if has(d, "native") {
			list = append(list, tale{what: "answer to the order lost, begun again, " + d.NameEN, want: "paid", tell: lostAnswer(m.Code)})
		}
		list = append(list, tale{what: "refund done and answered with HTTP 500: refunded once, " + d.NameEN, want: "paid", tell: refundedAfterError(m.Code), done: func(v engine.PaymentView) bool { return v.AmountRefunded == 2000 }})
		if has(d, "native") {
			list = append(list, tale{what: "keys change while an order waits, refund of 20.00, " + d.NameEN, want: "paid", tell: refunded(rotated(m.Code)), done: func(v engine.PaymentView) bool { return v.AmountRefunded == 2000 }})
		}
		lists = append(lists, list)
	}
	return lists
}

// has says whether a wallet has a product: some are pages in a browser and nothing else.
func has(d provider.Description, product string) bool {
	_, ok := d.Product(product)
	return ok
}

// anyhow pays with a wallet in the plainest way that it has: a code by the merchant's own server, else its page on a big screen.
func anyhow(code string) func(context.Context, *teller) error {
	if has(all.Registry()[code].Describe(), "native") {
		return byAPI(code)
	}
	return payIn(agentDesktop, code, "page")
}

// payAs pays inside a container, played by the test bar's stand-in for it.
func payAs(container, code, product string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		b, err := newBuyer("", agentPhone)
		if err != nil {
			return err
		}
		for _, p := range wall.Default().Presets() {
			if wall.Detect(p.UA).Container == container {
				return b.pay(ctx, t.link+"?as="+p.Preset, code, product)
			}
		}
		return errors.New("there is no stand-in for " + container)
	}
}

func payIn(agent, code, product string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		b, err := newBuyer("", agent)
		if err != nil {
			return err
		}
		return b.pay(ctx, t.link, code, product)
	}
}

// scanned opens the link on a desktop, which shows one QR for every wallet, and scans it with one.
func scanned(container, code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		desk, err := newBuyer("", agentDesktop)
		if err != nil {
			return err
		}
		page, err := desk.open(ctx, t.link, nil)
		if err != nil {
			return err
		}
		if !strings.Contains(page.body, "<figure>") {
			return errors.New("the desktop page shows no QR")
		}
		return payAs(container, code, "jsapi")(ctx, t)
	}
}

// begin starts an attempt as the merchant's own server would.
func (t *teller) begin(ctx context.Context, code, product string) (engine.AttemptView, error) {
	var a engine.AttemptView
	err := t.call(ctx, http.MethodPost, "/v1/payments/"+t.payment.ID+"/attempts", map[string]string{"provider": code, "product": product, "client_ip": "127.0.0.1"}, &a)
	return a, err
}

// scan lets a buyer pay a code that some camera read.
func (t *teller) scan(ctx context.Context, code, number string) error {
	return t.control(ctx, code, http.MethodPost, "/orders/"+number+"/approve", "{}", nil)
}

func byAPI(code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		a, err := t.begin(ctx, code, "native")
		if err != nil {
			return err
		}
		if a.Action == nil || a.Action.Type != postern.ActionQR {
			return fmt.Errorf("the answer is no QR: %+v", a.Action)
		}
		return t.scan(ctx, code, a.Number)
	}
}

// refundedAfterError gives a part back while the wallet does it and answers with HTTP 500.
func refundedAfterError(code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		if err := t.fault(ctx, code, "refund", "error_after_effect"); err != nil {
			return err
		}
		return refunded(anyhow(code))(ctx, t)
	}
}

func refunded(pay func(context.Context, *teller) error) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		if err := pay(ctx, t); err != nil {
			return err
		}
		if _, err := t.waitFor(ctx, t.payment.ID, func(v engine.PaymentView) bool { return v.Status == "paid" }); err != nil {
			return err
		}
		return t.call(ctx, http.MethodPost, "/v1/payments/"+t.payment.ID+"/refunds", map[string]any{"reference": "r1", "amount": 2000, "reason": "一盒碎了"}, nil)
	}
}

// wayOut finds no wallet in a container that walls them off, reads the guide, and opens the link in the phone's browser.
func wayOut(ctx context.Context, t *teller) error {
	b, err := newBuyer("", agentPhone)
	if err != nil {
		return err
	}
	page, err := b.open(ctx, t.link+"?as=douyin", nil)
	if err != nil {
		return err
	}
	if !strings.Contains(page.body, t.link) {
		return errors.New("the page inside the container does not show the way out")
	}
	return b.pay(ctx, t.link, wallets()[0].Code, "h5")
}

// switched begins with one wallet, comes back and pays with the other; the first order is closed at its provider before.
func switched(first, second string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		b, err := newBuyer("", agentPhone)
		if err != nil {
			return err
		}
		if _, err := b.choose(ctx, t.link, first, "h5"); err != nil {
			return err
		}
		page, err := b.open(ctx, t.link, nil)
		if err != nil {
			return err
		}
		f, ok := page.find("/switch")
		if !ok {
			return errors.New("the page offers no other wallet")
		}
		if _, err := b.submit(ctx, f, page); err != nil {
			return err
		}
		return b.pay(ctx, t.link, second, "h5")
	}
}

// bothPaid shows a code of one wallet, which exists only when somebody scans it, switches to the other, pays it, and scans the old code after all.
func bothPaid(code, other string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		old, err := t.begin(ctx, code, "native")
		if err != nil {
			return err
		}
		a, err := t.begin(ctx, other, "native")
		if err != nil {
			return err
		}
		if err := t.scan(ctx, other, a.Number); err != nil {
			return err
		}
		return t.scan(ctx, code, old.Number)
	}
}

// afterExpiry scans a code after the payment has ended.
func afterExpiry(code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		a, err := t.begin(ctx, code, "native")
		if err != nil {
			return err
		}
		if _, err := t.waitFor(ctx, t.payment.ID, func(v engine.PaymentView) bool { return v.Status == "expired" }); err != nil {
			return err
		}
		return t.scan(ctx, code, a.Number)
	}
}

// fault orders one fault of a simulator.
func (t *teller) fault(ctx context.Context, code, op, name string) error {
	return t.control(ctx, code, http.MethodPost, "/faults", fmt.Sprintf(`{"op":%q,"fault":%q,"times":1}`, op, name), nil)
}

// lostNotification pays an order whose notification is never delivered.
func lostNotification(code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		if err := t.fault(ctx, code, "notify", "drop_notification"); err != nil {
			return err
		}
		return anyhow(code)(ctx, t)
	}
}

// lostAnswer starts an order whose answer never arrives. Nobody has seen it, so it is closed behind the scenes, and the shop simply begins again. Where the provider
// cannot close, the order that nobody has seen runs out by itself, and the shop begins again at once.
func lostAnswer(code string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		if err := t.fault(ctx, code, "native", "drop_response"); err != nil {
			return err
		}
		a, err := t.begin(ctx, code, "native")
		if err != nil {
			return err
		}
		if a.Action == nil || a.Action.Type != postern.ActionWait {
			return fmt.Errorf("an unanswered order asks to %+v", a.Action)
		}
		if _, closes := all.Registry()[code].(provider.Closer); closes {
			if _, err := t.waitFor(ctx, t.payment.ID, func(v engine.PaymentView) bool { return v.Status == "open" }); err != nil {
				return err
			}
		}
		return byAPI(code)(ctx, t)
	}
}
