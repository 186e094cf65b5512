package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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
		want := engine.CounterPaid
		if password {
			want = engine.CounterWaiting
		}
		if a.Counter.Outcome != want || a.Provider != wallet {
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
		faults := [][2]string{{"barcode", "drop_response"}, {"query", "drop_response"}}
		if about, _ := all.Registry()[wallet].Describe().Product("barcode"); !about.Silent {
			faults = append(faults, [2]string{"notify", "drop_notification"})
		}
		for _, f := range faults {
			if err := t.fault(ctx, wallet, f[0], f[1]); err != nil {
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
		if err != nil {
			return err
		}
		var before engine.AttemptView
		if err := t.call(ctx, http.MethodGet, "/v1/payments/"+t.payment.ID+"/attempts/"+a.ID, nil, &before); err != nil {
			return err
		}
		if again.Counter.Outcome != engine.CounterPaid || before.Counter.Outcome != engine.CounterDeclined || before.Status != string(postern.AttemptPaid) {
			return fmt.Errorf("the second code is %s; the first is %s, %s", again.Counter.Outcome, before.Counter.Outcome, before.Status)
		}
		return nil
	}
}
