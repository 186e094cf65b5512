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
)

// tillOf says whether a wallet's codes are charged at once and undone by a reversal.
func tillOf(code string) bool {
	p, ok := all.Registry()[code].Describe().Product("barcode")
	_, reverses := all.Registry()[code].(provider.Reverser)
	return ok && p.ChargesAtOnce && reverses
}

// acceptsFirst says that a wallet takes a charge in first and tells of it a moment later.
func acceptsFirst(code string) bool {
	p, _ := all.Registry()[code].Describe().Product("barcode")
	return p.AcceptsFirst
}

// showCode lets a buyer show a payment code.
func (t *teller) showCode(ctx context.Context, code string, password bool) (string, error) {
	var out struct{ Code string }
	err := t.control(ctx, code, http.MethodPost, "/codes", fmt.Sprintf(`{"password":%t}`, password), &out)
	return out.Code, err
}

// charge is the till: it names no wallet, because the code's range does.
func (t *teller) charge(ctx context.Context, code string) (engine.AttemptView, error) {
	var a engine.AttemptView
	err := t.call(ctx, http.MethodPost, "/v1/payments/"+t.payment.ID+"/attempts", map[string]string{"product": "barcode", "auth_code": code, "client_ip": "127.0.0.1"}, &a)
	if err == nil && a.Counter == nil {
		err = errors.New("the till is told nothing")
	}
	return a, err
}

func scannedAtTill(wallet string, password bool) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		code, err := t.showCode(ctx, wallet, password)
		if err != nil {
			return err
		}
		a, err := t.charge(ctx, code)
		if err != nil {
			return err
		}
		waits := a.Counter.Outcome == engine.CounterWaiting
		if a.Provider != wallet || !waits && a.Counter.Outcome != engine.CounterPaid || waits != password && !acceptsFirst(wallet) {
			return fmt.Errorf("the till shows %s for %s", a.Counter.Outcome, a.Provider)
		}
		if password {
			return t.scan(ctx, wallet, a.Number)
		}
		return nil
	}
}

// reversedAtTill charges a code whose answer is lost, and so is the answer to the first question: the till must not charge again. When the cashier scans once more all the same, the first
// charge is reversed before, and what it took goes back.
func reversedAtTill(wallet string) func(context.Context, *teller) error {
	return func(ctx context.Context, t *teller) error {
		// More than one of a kind, because what the wallet has to do with other orders uses them up as well; what is left is taken back.
		defer func() { _ = t.control(context.WithoutCancel(ctx), wallet, http.MethodDelete, "/faults", "", nil) }()
		faults := []string{`{"op":"barcode","fault":"drop_response","times":1}`, `{"op":"query","fault":"drop_response","times":4}`}
		if about, _ := all.Registry()[wallet].Describe().Product("barcode"); !about.Silent {
			faults = append(faults, `{"op":"notify","fault":"drop_notification","times":20}`)
		}
		for _, f := range faults {
			if err := t.control(ctx, wallet, http.MethodPost, "/faults", f, nil); err != nil {
				return err
			}
		}
		first, err := t.showCode(ctx, wallet, false)
		if err != nil {
			return err
		}
		a, err := t.charge(ctx, first)
		if err != nil {
			return err
		}
		if a.Counter.Outcome != engine.CounterUnknown {
			return fmt.Errorf("the till shows %s for a charge that nobody answered", a.Counter.Outcome)
		}
		second, err := t.showCode(ctx, wallet, false)
		if err != nil {
			return err
		}
		again, err := t.charge(ctx, second)
		for tries := 1; err != nil && tries < 6 && strings.Contains(err.Error(), string(postern.CodeAttemptUnknown)); tries++ { // still nobody knows: the till waits
			again, err = t.charge(ctx, second)
		}
		if err != nil {
			return err
		}
		var before engine.AttemptView
		if err := t.call(ctx, http.MethodGet, "/v1/payments/"+t.payment.ID+"/attempts/"+a.ID, nil, &before); err != nil {
			return err
		}
		if good := again.Counter.Outcome == engine.CounterPaid || again.Counter.Outcome == engine.CounterWaiting && acceptsFirst(wallet); !good || before.Counter.Outcome != engine.CounterDeclined || before.Status != string(postern.AttemptPaid) {
			return fmt.Errorf("the second code is %s; the first is %s, %s", again.Counter.Outcome, before.Counter.Outcome, before.Status)
		}
		return nil
	}
}
