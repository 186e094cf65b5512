package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/provider/all"
)

// maxNotice bounds what the shop of a tale reads of a notification, in bytes.
const maxNotice = 1 << 20

// faceTales are shops whose code speaks one provider's protocol and is left alone: it orders, asks, gives back and is told in that protocol, and another wallet pays. The code is
// played by the provider's own connector with the shop's key, believing the facade's key alone; see engine.FaceTrial.
func (d *demo) faceTales(ctx context.Context) []row {
	var rows []row
	for _, f := range all.Faces() {
		other := wallets()[0]
		if other.Code == f.Code {
			other = wallets()[1]
		}
		name := func(code string) string { return d.engine.Registry[code].Describe().NameEN }
		r := row{what: "a shop's " + name(f.Code) + " code, unchanged, paid with " + name(other.Code) + ", refund of 20.00"}
		if r.view, r.err = d.tellFaced(ctx, f.Code, other.Code); r.err != nil {
			r.err = fmt.Errorf("the facade of %s: %w", f.Code, r.err)
		}
		rows = append(rows, r)
	}
	return rows
}

func (d *demo) tellFaced(ctx context.Context, code, payer string) (engine.PaymentView, error) {
	trial, err := d.switchOver(ctx, code)
	if err != nil {
		return engine.PaymentView{}, err
	}
	connector, call, start := d.engine.Registry[code], trial.Call, trial.Start
	told, stop, err := listenAsShop(connector, call, &start)
	if err != nil {
		return engine.PaymentView{}, err
	}
	defer stop()
	start.Attempt.Amount = amount
	if placed := connector.Start(ctx, call, start); placed.State != provider.Pending {
		return engine.PaymentView{}, fmt.Errorf("the order is answered %s: %s %s", placed.State, placed.Code, placed.Message)
	}
	var found struct{ Data []engine.PaymentView }
	if err := d.call(ctx, http.MethodGet, "/v1/payments?reference="+url.QueryEscape(code+":"+start.Attempt.Number), nil, &found); err != nil || len(found.Data) != 1 {
		return engine.PaymentView{}, errors.Join(err, fmt.Errorf("%d payments have the order's number", len(found.Data)))
	}
	t := &teller{demo: d, payment: found.Data[0]}
	if err := anyhow(payer)(ctx, t); err != nil {
		return t.payment, err
	}
	select {
	case err := <-told:
		if err != nil {
			return t.payment, err
		}
	case <-time.After(20 * time.Second):
		return t.payment, errors.New("the shop's code was not told of its money")
	}
	paid := connector.Query(ctx, call, start.Attempt)
	if paid.State != provider.Paid || paid.Money == nil || paid.Money.Amount != amount {
		return t.payment, fmt.Errorf("the shop's code asks and hears %s: %s %s", paid.State, paid.Code, paid.Message)
	}
	now := time.Now()
	back := connector.(provider.Refunder).Refund(ctx, call, provider.RefundRequest{
		Refund:  postern.Refund{Number: postern.NewNumber(now, rand.Reader), Amount: 2000, Currency: start.Attempt.Currency, Reason: "一盒碎了", CreatedAt: now},
		Attempt: start.Attempt, TxnNo: paid.Money.TxnNo, Total: amount,
	})
	if back.State != provider.RefundDone && back.State != provider.RefundPending {
		return t.payment, fmt.Errorf("the refund is answered %s: %s %s", back.State, back.Code, back.Message)
	}
	return d.waitFor(ctx, t.payment.ID, func(v engine.PaymentView) bool { return v.Status == "paid" && v.AmountRefunded == 2000 })
}

// switchOver is `postern adopt` for the sample merchant's own channel, and returns the shop's end of the facade that the demo serves.
func (d *demo) switchOver(ctx context.Context, code string) (provider.FaceTrial, error) {
	channels, err := d.store.Channels(ctx, d.merchant.ID)
	if err != nil {
		return provider.FaceTrial{}, err
	}
	in := engine.AdoptInput{Merchant: d.merchant, Provider: code}
	for _, c := range channels {
		if c.Provider == code {
			in.ChannelID = c.ID
		}
	}
	adopted, err := d.engine.Adopt(ctx, theOperator, in)
	if err != nil {
		return provider.FaceTrial{}, err
	}
	trial, err := d.engine.FaceTrial(ctx, adopted.Issued.Account, d.cfg.Facades[code].URL)
	if err != nil {
		return trial, err
	}
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	for _, h := range d.facades {
		if h.code == code && h.authPEM != "" {
			authority, err := os.ReadFile(h.authPEM)
			if err != nil {
				return trial, err
			}
			trust.RootCAs = x509.NewCertPool()
			trust.RootCAs.AppendCertsFromPEM(authority)
		}
	}
	trial.Call.Env.HTTP = provider.HTTPDoer{Client: &http.Client{Timeout: trial.Call.Timeout, Transport: &http.Transport{TLSClientConfig: trust}}}
	now := time.Now()
	trial.Start.Attempt.Number, trial.Start.Attempt.CreatedAt, trial.Start.Attempt.ExpiresAt = postern.NewNumber(now, rand.Reader), now, now.Add(15*time.Minute)
	return trial, nil
}

// listenAsShop waits for the notification of an order at an address of this machine: what is verified and says so is acknowledged as the protocol wants it, and sent to told.
func listenAsShop(connector provider.Connector, call provider.Call, start *provider.StartRequest) (told chan error, stop func(), err error) {
	reader, ok := connector.(provider.Notifiable)
	if !ok {
		return nil, nil, errors.New("the protocol has no notifications")
	}
	l, err := listen("127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	start.NotifyURL = "http://" + l.Addr().String() + "/notify"
	told, attempt := make(chan error, 1), start.Attempt
	server := &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxNotice))
		if err == nil {
			var verified provider.Verified
			if verified, err = reader.ReadNotification(call, attempt, provider.Message{Header: r.Header, Body: body, ReceivedAt: time.Now()}); err == nil {
				if notice, ok := verified.Notice(); !ok || notice.Number != attempt.Number {
					err = errors.New("the notification is of another order")
				}
			}
		}
		reply := reader.Acknowledge(err == nil)
		w.Header().Set("Content-Type", reply.ContentType)
		w.WriteHeader(reply.Status)
		_, _ = io.WriteString(w, reply.Body)
		select {
		case told <- err:
		default: // a repetition
		}
	})}
	go func() { _ = server.Serve(l) }()
	return told, func() { _ = server.Close() }, nil
}
