// Package providertest is the conformance suite of the port: it drives any connector against its own simulator, over the port and HTTP only, and holds it to
// what package provider promises. What a connector passes is its row in docs/providers/coverage.md.
//
// The suite knows no provider. What a product needs (a payer, a browser, a barcode) it reads from the Description; what a connector cannot do, it finds out by
// type assertion and writes down as absent.
package providertest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/provider"
	"postern/provider/sandboxkit"
)

// Subject is a connector with a simulator behind real HTTP.
type Subject struct {
	Connector provider.Connector
	// Products are those that the simulator serves.
	Products []string
	// Call acts for the simulated account. Stranger names the same account and holds somebody else's keys.
	Call     provider.Call
	Stranger provider.Call
	// Clock is the simulator's, Control its control address, RunDue makes the deliveries that are due.
	Clock   *sandboxkit.Clock
	Control http.Handler
	RunDue  func(context.Context) int
	// NotifyURL is where the simulator delivers; Inbox lists what arrived there, each acknowledged with Acknowledge(true).
	NotifyURL string
	Inbox     func() []provider.Message
	// Receiver is who may get a part of an order, where the simulator shares.
	Receiver provider.ShareReceiver
	// Bills are the kinds of bills that the account is given, empty for all; Without names the abilities that the provider keeps from this account.
	Bills   []string
	Without []string
	// Title tells this row of the matrix from the provider's others (a partner's merchant, say); empty for the plain account.
	Title string
	// Secrets are values that no recorded exchange may show.
	Secrets []string
}

// Run holds a connector to the port's promises and returns what it covers.
func Run(t *testing.T, s Subject) Coverage {
	t.Helper()
	d := s.Connector.Describe()
	c := Coverage{Code: strings.TrimSpace(d.Code + " " + s.Title), Name: d.NameEN, Evidence: d.Evidence, Gaps: d.Gaps, Abilities: map[string]string{}}
	if step := next(t, s); step != "" {
		t.Fatalf("write next: %s", step)
	}
	for _, code := range s.Products {
		product, ok := d.Product(code)
		if !ok {
			t.Fatalf("the simulator serves %s, which the description does not have", code)
		}
		row := Row{Product: code, Cells: map[string]string{}}
		p := &trial{s: s, product: product}
		for _, sc := range scenarios() {
			row.Cells[sc.name] = p.run(t, code+"/"+sc.name, sc)
		}
		c.Rows = append(c.Rows, row)
	}
	p := &trial{s: s}
	for _, sc := range abilities() {
		c.Abilities[sc.name] = p.run(t, sc.name, sc)
	}
	return c
}

// scenario is one promise. can says whether the connector claims the capability at all.
type scenario struct {
	name string
	can  func(*trial) bool
	try  func(*trial)
}

// trial is one scenario under way.
type trial struct {
	*testing.T
	s       Subject
	product provider.ProductInfo
}

const (
	passed = "yes"
	absent = "–"
	broken = "FAILS"
)

func (p *trial) run(t *testing.T, name string, sc scenario) string {
	t.Helper()
	if sc.can != nil && !sc.can(p) || slices.Contains(p.s.Without, sc.name) {
		return absent
	}
	ok := t.Run(name, func(t *testing.T) {
		p.T = t
		defer p.control(http.MethodDelete, "/faults", nil, nil)
		sc.try(p)
	})
	if !ok {
		t.Logf("%s: %s. See provider/%s, %s", name, meaning[sc.name], p.s.Connector.Describe().Code, whereTo[sc.name])
		return broken
	}
	return passed
}

// control talks to the simulator's control address and returns the status.
func (p *trial) control(method, path string, in, out any) int {
	p.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		p.Fatal(err)
	}
	if in == nil {
		body = nil
	}
	r := httptest.NewRequestWithContext(p.Context(), method, path, strings.NewReader(string(body)))
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	p.s.Control.ServeHTTP(w, r)
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			p.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return w.Code
}

// fault orders one misbehaviour of the simulator.
func (p *trial) fault(op, name string) {
	p.Helper()
	if status := p.control(http.MethodPost, "/faults", sandboxkit.Fault{Op: op, Fault: name, Times: 1}, nil); status != http.StatusOK {
		p.Fatalf("the simulator knows no fault %s of %s: status %d", name, op, status)
	}
}

// used fails the test when an ordered fault was not met: then the scenario did not happen.
func (p *trial) used() {
	p.Helper()
	var left []sandboxkit.Fault
	p.control(http.MethodGet, "/faults", nil, &left)
	if len(left) > 0 {
		p.Errorf("the fault was not met: %+v", left)
	}
}

// book returns the simulator's own row of an order.
func (p *trial) book(number string) (sandboxkit.Order, bool) {
	p.Helper()
	var orders []sandboxkit.Order
	p.control(http.MethodGet, "/orders", nil, &orders)
	i := slices.IndexFunc(orders, func(o sandboxkit.Order) bool { return o.OrderNo == number })
	if i < 0 {
		return sandboxkit.Order{}, false
	}
	return orders[i], true
}

// order makes the request for one attempt of the product.
func (p *trial) order() provider.StartRequest {
	now := p.s.Clock.Now()
	r := provider.StartRequest{
		Attempt: postern.Attempt{
			Number: postern.NewNumber(now, p.s.Call.Env.Rand), Product: p.product.Code, Amount: price, Currency: p.product.Currencies[0], GenerationID: p.s.Call.Keys[0].ID,
			CreatedAt: now, ExpiresAt: now.Add(15 * time.Minute),
		},
		Description: "烧饼礼盒 · 十二枚", NotifyURL: p.s.NotifyURL, ReturnURL: "http://127.0.0.1/c/x", QuitURL: "http://127.0.0.1/c/x", ClientIP: "127.0.0.1",
	}
	if p.product.NeedsPayer {
		r.PayerID = p.payer()
	}
	if p.product.NeedsAuthCode {
		r.AuthCode = p.code(true)
	}
	return r
}

// payer walks the provider's sign-in as a buyer's browser does, and returns who the provider says the buyer is.
func (p *trial) payer() string {
	p.Helper()
	resolver, ok := p.s.Connector.(provider.PayerResolver)
	if !ok {
		p.Fatalf("%s needs a payer, and the connector cannot find out who that is", p.product.Code)
	}
	const back = "http://127.0.0.1/signed-in"
	address := resolver.AuthorizeURL(p.s.Call, back, "state1")
	client := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), back) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	request, err := http.NewRequestWithContext(p.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		p.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		p.Fatal(err)
	}
	_ = response.Body.Close()
	to, err := response.Location()
	if err != nil || to.Query().Get("state") != "state1" {
		p.Fatalf("the sign-in does not lead back with the state: %s %v", response.Status, to)
	}
	id, err := resolver.ResolvePayer(p.Context(), p.s.Call, to.Query().Get(resolver.CodeParam()))
	if err != nil || id == "" {
		p.Fatalf("the payer is not resolved: %q %v", id, err)
	}
	return id
}

// start places an order that must be accepted.
func (p *trial) start() (provider.StartRequest, provider.Result) {
	p.Helper()
	o := p.order()
	r := p.s.Connector.Start(p.Context(), p.s.Call, o)
	if r.State != provider.Pending {
		p.Fatalf("start: %+v", r)
	}
	p.discreet(r.Exchange)
	return o, r
}

// reach brings the buyer to the wallet where the order is made, or opened, in the buyer's browser: by an address, or by a form that the page posts.
func (p *trial) reach(r provider.Result) {
	p.Helper()
	method, body := http.MethodGet, url.Values{}
	switch r.Action.Type {
	case postern.ActionRedirect:
	case postern.ActionApp:
		if !p.product.BrowserStart {
			return // the order is there already
		}
		if status := p.control(http.MethodPost, "/app", map[string]any{"content": r.Action.Content, "params": r.Action.Params}, nil); status != http.StatusOK {
			p.Fatalf("the wallet's app does not open: status %d", status)
		}
		return
	case postern.ActionForm:
		method = http.MethodPost
		for name, value := range r.Action.Fields {
			body.Set(name, value)
		}
	default:
		return
	}
	request, err := http.NewRequestWithContext(p.Context(), method, r.Action.URL, strings.NewReader(body.Encode()))
	if err != nil {
		p.Fatal(err)
	}
	request.Header.Set("Referer", "http://127.0.0.1/")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if page, _ := io.ReadAll(response.Body); response.StatusCode != http.StatusOK {
		p.Fatalf("the buyer's browser gets %s: %s", response.Status, page)
	}
}

// press presses a button of the simulated wallet.
func (p *trial) press(number, button string) {
	p.Helper()
	if status := p.control(http.MethodPost, "/orders/"+number+"/"+button, struct{}{}, nil); status != http.StatusOK {
		p.Fatalf("%s: status %d", button, status)
	}
}

// paid places an order, and the buyer pays it.
func (p *trial) paid() (postern.Attempt, provider.Money) {
	p.Helper()
	o, r := p.start()
	p.reach(r)
	p.press(o.Attempt.Number, "approve")
	q := p.query(o.Attempt)
	if q.State != provider.Paid || q.Money == nil {
		p.Fatalf("a paid order is %+v", q)
	}
	return o.Attempt, *q.Money
}

func (p *trial) query(a postern.Attempt) provider.Result {
	p.Helper()
	r := p.s.Connector.Query(p.Context(), p.s.Call, a)
	p.discreet(r.Exchange)
	return r
}

// discreet fails the test when a recorded exchange shows a secret.
func (p *trial) discreet(x provider.Exchange) {
	p.Helper()
	text := fmt.Sprintf("%+v", x)
	for _, secret := range p.s.Secrets {
		if strings.Contains(text, secret) {
			p.Errorf("the exchange of %s shows a secret", x.Op)
		}
	}
}

// tallied is a Doer that counts what leaves.
type tallied struct {
	provider.Doer
	calls int
}

func (d *tallied) Do(r *http.Request) (*http.Response, error) {
	d.calls++
	return d.Doer.Do(r)
}

// refusing is a network on which nothing can be sent.
type refusing struct{}

func (refusing) Do(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%w: the network is down", provider.ErrNotSent)
}
