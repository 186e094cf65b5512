package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"postern"
	"postern/engine"
	"postern/wall"
)

// shopTales are orders of the shop, from its page to the buyer's own page of the order: bought in a chat app and sent; and sent back by the seller's word, with
// both of them at their pages and nobody at the API.
func (d *demo) shopTales(ctx context.Context) []row {
	var rows []row
	for _, t := range []struct {
		what   string
		phone  string
		refund bool
	}{
		{"the shop: ordered inside an app, paid, shipped", "138 0013 8000", false},
		{"the shop: ordered, the buyer asks, the seller gives all back", "13900139000", true},
	} {
		r := row{what: t.what}
		r.view, r.err = d.tellOrder(ctx, t.phone, t.refund)
		rows = append(rows, r)
	}
	return rows
}

func (d *demo) tellOrder(ctx context.Context, phone string, refund bool) (engine.PaymentView, error) {
	first := wallets()[0].Code
	b, err := newBuyer("", agentPhone)
	if err != nil {
		return engine.PaymentView{}, err
	}
	as := ""
	for _, p := range wall.Default().Presets() {
		if wall.Detect(p.UA).Container == d.engine.Registry[first].Describe().Wallets[0] {
			as = "?as=" + p.Preset
		}
	}
	page, err := b.open(ctx, d.engine.ItemURL(d.goods.Token)+as, nil)
	if err != nil {
		return engine.PaymentView{}, err
	}
	form, ok := page.find("/order")
	if !ok {
		return engine.PaymentView{}, errors.New("the item's page takes no order")
	}
	form.fields["variant"] = form.fields["variant"][:1] // of the choices the first
	for name, value := range map[string]string{"quantity": "1", "name": "李雷", "phone": phone, "region": "11", "address": "鼓楼东大街 1 号"} {
		form.fields.Set(name, value)
	}
	checkout, err := b.submit(ctx, form, page)
	if err != nil {
		return engine.PaymentView{}, err
	}
	if err := b.pay(ctx, checkout.url.String(), first, "jsapi"); err != nil {
		return engine.PaymentView{}, err
	}
	token := strings.TrimPrefix(checkout.url.Path, "/c/")
	merchantID, paymentID, err := d.store.PaymentByLink(ctx, token)
	if err != nil {
		return engine.PaymentView{}, err
	}
	v, err := d.waitFor(ctx, paymentID, func(v engine.PaymentView) bool { return v.Status == "paid" })
	if err != nil {
		return v, err
	}
	payment, err := d.store.Payment(ctx, merchantID, paymentID)
	if err != nil {
		return v, err
	}
	order, err := d.store.Order(ctx, merchantID, payment.OrderID)
	if err != nil {
		return v, err
	}
	seller, err := d.signIn(ctx)
	if err != nil {
		return v, err
	}
	if refund {
		return d.sendBack(ctx, b, seller, order)
	}
	return v, d.send(ctx, b, seller, order)
}

// signIn is the shop's owner at the console.
func (d *demo) signIn(ctx context.Context) (*buyer, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	seller := &buyer{client: &http.Client{Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{Proxy: nil}}, agent: agentPhone}
	page, err := seller.open(ctx, d.cfg.PublicURL+"/console", nil)
	if err != nil {
		return nil, err
	}
	form, ok := page.find("/sign-in")
	if !ok {
		return nil, errors.New("the console asks nobody who they are")
	}
	form.fields.Set("login", demoLogin)
	form.fields.Set("password", demoPassword)
	if page, err = seller.submit(ctx, form, page); err != nil {
		return nil, err
	}
	if !strings.HasSuffix(page.url.Path, d.merchant.ID) {
		return nil, fmt.Errorf("signed in, and landed at %s", page.url.Path)
	}
	return seller, nil
}

// press sends one form of an order's page in the console, and returns the page that answers.
func (d *demo) press(ctx context.Context, seller *buyer, order postern.Order, suffix string, fields url.Values) (screen, error) {
	page, err := seller.open(ctx, d.cfg.PublicURL+"/console/m/"+order.MerchantID+"/orders/"+order.ID, nil)
	if err != nil {
		return page, err
	}
	form, ok := page.find(suffix)
	if !ok {
		return page, fmt.Errorf("the order's page offers no %s", suffix)
	}
	for name, value := range fields {
		form.fields[name] = value
	}
	return seller.submit(ctx, form, page)
}

// send ships the order and looks at the buyer's page: it names the parcel.
func (d *demo) send(ctx context.Context, b, seller *buyer, order postern.Order) error {
	if _, err := d.press(ctx, seller, order, "/ship", url.Values{"carrier": {"顺丰"}, "tracking": {"SF1100220033"}}); err != nil {
		return err
	}
	page, err := b.open(ctx, d.engine.OrderURL(order.Token), nil)
	if err == nil && !strings.Contains(page.body, "SF1100220033") {
		err = errors.New("the buyer's page does not name the parcel")
	}
	return err
}

// sendBack has the buyer ask for the money and the seller give it, by their pages.
func (d *demo) sendBack(ctx context.Context, b, seller *buyer, order postern.Order) (engine.PaymentView, error) {
	page, err := b.open(ctx, d.engine.OrderURL(order.Token), nil)
	if err != nil {
		return engine.PaymentView{}, err
	}
	form, ok := page.find("/ask")
	if !ok {
		return engine.PaymentView{}, errors.New("the buyer's page takes no wish for a refund")
	}
	form.fields.Set("reason", "买错了口味")
	if _, err := b.submit(ctx, form, page); err != nil {
		return engine.PaymentView{}, err
	}
	effect, err := d.press(ctx, seller, order, "/refund", nil) // all that is left, unless the seller says otherwise
	if err != nil {
		return engine.PaymentView{}, err
	}
	if form, ok = effect.find("/refund"); !ok {
		return engine.PaymentView{}, errors.New("the refund shows no effect to confirm")
	}
	form.fields.Set("typed", form.fields.Get("amount"))
	if _, err := seller.submit(ctx, form, effect); err != nil {
		return engine.PaymentView{}, err
	}
	return d.waitFor(ctx, order.PaymentID, func(v engine.PaymentView) bool { return v.AmountRefunded == order.Amount })
}
