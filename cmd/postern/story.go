package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"postern/engine"
	"postern/provider/sandboxkit"
	"postern/recon"
	"postern/sim"
)

// tale is one thing that happens to a shop. Want is the payment's status at the end.
type tale struct {
	what string
	want string
	live int64 // seconds until the payment ends; 0 is half an hour
	// partner tells it of the partner's merchant.
	partner bool
	tell    func(ctx context.Context, t *teller) error
	// done says, beyond the status, when the tale is over.
	done func(v engine.PaymentView) bool
}

// teller tells one tale about one payment.
type teller struct {
	*demo
	link    string
	payment engine.PaymentView
}

// row is what became of a tale.
type row struct {
	what string
	view engine.PaymentView
	err  error
}

const amount = 6800

// tellStory lets simulated buyers pay over real HTTP, prints what happened and the trial balance, and holds our books against the wallets' own. An error
// means that something went otherwise, or that the books differ.
func (d *demo) tellStory(ctx context.Context, out io.Writer, sabotage string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	rows := append(d.together(ctx, tales()), d.broken(ctx)...)
	rows = append(rows, d.shopTales(ctx)...)
	rows = append(rows, d.faceTales(ctx)...)
	failed := printRows(out, rows)
	if err := d.webhooksArrived(ctx, out); err != nil {
		failed = append(failed, err)
	}
	if sabotage != "" {
		if err := d.sabotage(ctx, sabotage); err != nil {
			return fmt.Errorf("sabotage: %w", err)
		}
		fmt.Fprintf(out, "\nsabotage: one wrong booking (%s) is planted\n", sabotage)
	}
	balances, err := d.store.Balances(ctx, d.merchant.ID)
	if err != nil {
		return err
	}
	channels, err := d.store.Channels(ctx, d.merchant.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nTrial balance")
	if err := printBalance(out, balances, channels); err != nil {
		failed = append(failed, err)
	}
	if err := d.compare(ctx, out); err != nil {
		failed = append(failed, err)
	}
	if sabotage == "" {
		failed = append(failed, d.bills(ctx, out))
	}
	return errors.Join(failed...)
}

// together tells tales at the same time.
func (d *demo) together(ctx context.Context, tales []tale) []row {
	rows := make([]row, len(tales))
	var group sync.WaitGroup
	for i, t := range tales {
		group.Go(func() { rows[i] = d.tellOne(ctx, i+1, t) })
	}
	group.Wait()
	return rows
}

// broken tells what happens when something breaks at a wallet: one by one, and beside that of the other wallets.
func (d *demo) broken(ctx context.Context) (rows []row) {
	lists := troubles()
	told := make([][]row, len(lists))
	var group sync.WaitGroup
	for i, list := range lists {
		group.Go(func() {
			for j, t := range list {
				told[i] = append(told[i], d.tellOne(ctx, 100*(i+1)+j, t))
			}
		})
	}
	group.Wait()
	for _, list := range told {
		rows = append(rows, list...)
	}
	return rows
}

// tellOne creates the payment through the API, lets the tale happen and waits for its end.
func (d *demo) tellOne(ctx context.Context, number int, t tale) row {
	if t.partner {
		d = d.ofPartner()
	}
	r := row{what: t.what}
	body := map[string]any{"reference": fmt.Sprintf("S%02d", number), "amount": amount, "currency": "CNY", "description": "烧饼礼盒"}
	if t.live != 0 {
		body["expires_in"] = t.live
	}
	teller := &teller{demo: d}
	if r.err = d.call(ctx, http.MethodPost, "/v1/payments", body, &teller.payment); r.err != nil {
		return r
	}
	teller.link = teller.payment.CheckoutURL
	if r.err = t.tell(ctx, teller); r.err != nil {
		r.view = teller.payment
		return r
	}
	r.view, r.err = d.waitFor(ctx, teller.payment.ID, func(v engine.PaymentView) bool { return v.Status == t.want && (t.done == nil || t.done(v)) })
	return r
}

// waitFor reads a payment until it is as wanted, for at most forty seconds.
func (d *demo) waitFor(ctx context.Context, id string, ok func(engine.PaymentView) bool) (engine.PaymentView, error) {
	var v engine.PaymentView
	end := time.Now().Add(40 * time.Second)
	for {
		if err := d.call(ctx, http.MethodGet, "/v1/payments/"+id, nil, &v); err != nil || ok(v) {
			return v, err
		}
		if time.Now().After(end) {
			return v, fmt.Errorf("payment %s (%s) is still %s", v.ID, v.Reference, v.Status)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return v, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// call is the merchant's own server talking to the API.
func (d *demo) call(ctx context.Context, method, path string, body, out any) error {
	var payload io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		payload = bytes.NewReader(text)
	}
	return fetch(ctx, method, d.cfg.PublicURL+path, d.key, payload, out)
}

func fetch(ctx context.Context, method, address, key string, body io.Reader, out any) error {
	request, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := (&http.Client{Timeout: 30 * time.Second}).Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := readAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s %s", method, request.URL.Path, response.Status, bytes.TrimSpace(text))
	}
	if out == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, out)
}

// control talks to a simulator's control address.
func (d *demo) control(ctx context.Context, code, method, path, body string, out any) error {
	for _, b := range d.boxes.list {
		if b.Code == code {
			return fetch(ctx, method, b.control+path, "", strings.NewReader(body), out)
		}
	}
	return fmt.Errorf("there is no simulator %s", code)
}

// webhooksArrived waits until the merchant has been told everything, in order and without a gap.
func (d *demo) webhooksArrived(ctx context.Context, out io.Writer) error {
	end := time.Now().Add(10 * time.Second)
	for {
		got := d.hook.list()
		seen, most := map[int64]bool{}, int64(0)
		for _, g := range got {
			seen[g.Sequence] = true
			most = max(most, g.Sequence)
		}
		events, err := d.store.Events(ctx, d.merchant.ID, 0, 1000)
		if err != nil {
			return err
		}
		waiting, err := d.store.UnsequencedMerchants(ctx, 1)
		if err != nil {
			return err
		}
		if int64(len(seen)) == most && len(events) == len(seen) && len(waiting) == 0 {
			fmt.Fprintf(out, "\n%d signed webhooks arrived, numbered 1 to %d without a gap, half of them within %d ms of the commit\n", len(seen), most, medianDelay(got).Milliseconds())
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d events, %d of them told", len(events), len(seen))
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// medianDelay is the median time from an event's commit to the webhook's arrival.
func medianDelay(got []received) time.Duration {
	delays := make([]time.Duration, 0, len(got))
	for _, g := range got {
		delays = append(delays, g.At.Sub(g.CreatedAt))
	}
	slices.Sort(delays)
	if len(delays) == 0 {
		return 0
	}
	return delays[len(delays)/2]
}

// compare reads every wallet's own book through its control address only, and holds ours against it.
func (d *demo) compare(ctx context.Context, out io.Writer) error {
	var orders []recon.Order
	for _, b := range d.boxes.list {
		var book []sandboxkit.Order
		if err := d.control(ctx, b.Code, http.MethodGet, "/orders", "", &book); err != nil {
			return err
		}
		orders = append(orders, b.Read(book)...)
	}
	books, err := sim.ReadBooks(ctx, d.store, d.merchant.ID)
	if err != nil {
		return err
	}
	others, err := sim.ReadBooks(ctx, d.store, d.under.merchant.ID)
	if err != nil {
		return err
	}
	books = append(books, others...)
	differences := recon.Compare(orders, books)
	for _, diff := range differences {
		fmt.Fprintln(out, "DIFFERENCE", diff)
	}
	if len(differences) > 0 {
		return fmt.Errorf("our books and the wallets' differ in %d places, first in order %s", len(differences), differences[0].Order)
	}
	fmt.Fprintf(out, "\nOur books agree with the wallets' own: %d orders there, %d payments here.\n", len(orders), len(books))
	return nil
}

func printRows(out io.Writer, rows []row) []error {
	var failed []error
	fmt.Fprintf(out, "%-74s %-10s %9s %9s %9s %9s\n", "what happened", "payment", "received", "refunded", "surplus", "returned")
	for _, r := range rows {
		v := r.view
		fmt.Fprintf(out, "%-74s %-10s %9s %9s %9s %9s\n", r.what, v.Status, yuan(v.AmountReceived), yuan(v.AmountRefunded), yuan(v.AmountSurplus), yuan(v.AmountSurplusRefunded))
		if r.err != nil {
			fmt.Fprintf(out, "    FAILED: %v\n", r.err)
			failed = append(failed, fmt.Errorf("%s: %w", r.what, r.err))
		}
	}
	return failed
}
