package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"postern"
	"postern/engine"
	"postern/provider/all"
	"postern/web/checkout"
	front "postern/web/demo"
)

// demoCmd runs the whole product with simulated wallets on this machine.
type demoCmd struct {
	Listen    string `default:"127.0.0.1:8080" help:"Where the switch listens; a free port is taken when this one is in use."`
	Data      string `help:"Where the simulated accounts' keys are kept between runs." type:"path"`
	ReadyFile string `help:"Write addresses and keys here when everything listens; it is removed at the end." type:"path"`
	Once      bool   `help:"Tell one scripted story with simulated buyers over real HTTP, compare our books with the wallets' own, and exit."`
	Sabotage  string `help:"With --once: plant one wrong booking, which must be found (posting, notify, surplus or refund)." enum:",posting,notify,surplus,refund" default:""`
	TLS       bool   `name:"tls" help:"Serve the facades over https, with a certificate whose authority stands in the ready file (ca_file)."`
	Verbose   bool   `help:"Log every request of the switch."`
}

// demo is a running switch with everything around it.
type demo struct {
	*theSwitch
	boxes    *sandboxes
	hook     *hook
	merchant postern.Merchant
	key      string
	under    shopOf // a partner's merchant
	endpoint string // the webhook endpoint's secret
	item     postern.Link
	goods    postern.ShopItem // of the shop; the demo's link is its page
	faces    [][]all.ReadyField
	stop     context.CancelFunc
	done     chan error
	dir      string
	newLink  func(context.Context) (string, error)
}

func (c *demoCmd) Run(rt *runtime) error {
	if c.Sabotage != "" && !c.Once {
		return errors.New("--sabotage goes with --once")
	}
	log := slog.New(slog.NewTextHandler(rt.stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	if c.Verbose {
		log = rt.log
	}
	d, err := startDemo(rt.ctx, c, log)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(d.dir) }() // A temporary folder: what is left of it harms nobody.
	if c.Once {
		err := d.tellStory(rt.ctx, rt.stdout, c.Sabotage)
		d.stop()
		return errors.Join(err, <-d.done)
	}
	link, err := d.newLink(rt.ctx)
	if err != nil {
		return err
	}
	if c.ReadyFile != "" {
		if err := d.writeReady(c, d.engine.ItemURL(d.goods.Token), link); err != nil {
			return err
		}
		defer func() { _ = os.Remove(c.ReadyFile) }()
	}
	item := d.engine.ItemURL(d.goods.Token)
	fmt.Fprintf(rt.stdout, "Postern 便门 is running, with simulated wallets and no real money.\n\n  see it      %s\n  a link      %s   poster %s/poster.svg\n  a payment   %s\n  the shop    %s/console   sign in as %s with %s\n  API         %s/v1   key %s\n",
		d.cfg.PublicURL, item, item, link, d.cfg.PublicURL, demoLogin, demoPassword, d.cfg.PublicURL, d.key)
	for _, b := range d.boxes.list {
		fmt.Fprintf(rt.stdout, "  %-11s %s/phone\n", b.Code, b.base)
	}
	for _, f := range all.Faces() {
		fmt.Fprintf(rt.stdout, "  facade      %s for shops that speak %s\n", d.cfg.Facades[f.Code].URL, f.Code)
	}
	fmt.Fprintln(rt.stdout, "\nStop it with Ctrl-C.")
	return <-d.done
}

// startDemo runs simulators, a webhook receiver and the switch, all on loopback, with a fresh database in a folder of its own.
func startDemo(ctx context.Context, c *demoCmd, log *slog.Logger) (*demo, error) {
	data, err := dataDir(c.Data)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	d := &demo{stop: stop, done: make(chan error, 1)}
	if d.dir, err = os.MkdirTemp(data, "run-"); err != nil {
		stop()
		return nil, err
	}
	if err := d.start(ctx, c, data, log); err != nil {
		stop()
		return nil, errors.Join(err, os.RemoveAll(d.dir))
	}
	return d, nil
}

func (d *demo) start(ctx context.Context, c *demoCmd, data string, log *slog.Logger) error {
	const name = "老王烧饼铺"
	var err error
	if d.boxes, err = startSandboxes(ctx, sandboxOptions{data: data, host: "127.0.0.1", name: name, log: log}); err != nil {
		return err
	}
	if d.hook, err = startHook(ctx); err != nil {
		return err
	}
	public, err := listen(c.Listen)
	if err != nil {
		if public, err = listen("127.0.0.1:0"); err != nil {
			return err
		}
	}
	cfg, err := demoConfig(d.dir, public)
	if err != nil {
		return err
	}
	doors, err := hostFacades(&cfg, c.TLS)
	if err != nil {
		return err
	}
	d.theSwitch, err = build(ctx, cfg, log, func(pages *checkout.Config) { pages.Sandbox = d.boxes.base })
	if err != nil {
		return err
	}
	for i := range d.facades {
		d.facades[i].opened = doors[d.facades[i].code]
	}
	if err := d.populate(ctx, name); err != nil {
		return err
	}
	if err := d.openShop(ctx); err != nil {
		return err
	}
	if err := d.issueFacades(ctx); err != nil {
		return err
	}
	if err := d.populatePartner(ctx); err != nil {
		return err
	}
	story, err := d.found(ctx)
	if err != nil {
		return err
	}
	d.frontPage(story)
	go func() { d.done <- d.run(ctx, public, nil) }()
	return nil
}

// demoConfig is a test switch on this listener with a database and a key of its own.
func demoConfig(dir string, public net.Listener) (config, error) {
	cfg := defaults()
	cfg.PublicURL = "http://" + public.Addr().String()
	cfg.Database = "sqlite:" + filepath.Join(dir, "postern.db")
	cfg.KeyFile = filepath.Join(dir, "postern.key")
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return cfg, err
	}
	if err := writeFile(cfg.KeyFile, []byte(base64.StdEncoding.EncodeToString(key))); err != nil {
		return cfg, err
	}
	if err := cfg.check(); err != nil {
		return cfg, err
	}
	cfg.allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} // the demo's own webhook receiver
	return cfg, nil
}

// populate makes the sample merchant with a channel at every simulator, an API key and a webhook endpoint.
func (d *demo) populate(ctx context.Context, name string) error {
	now := time.Now().UTC().Truncate(time.Microsecond)
	d.merchant = postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now, rand.Reader), Name: name, Locale: "zh-CN", Zone: "Asia/Shanghai", CreatedAt: now}
	if err := d.store.SaveMerchant(ctx, d.merchant); err != nil {
		return err
	}
	for _, b := range d.boxes.list {
		channel, err := d.engine.AddChannel(ctx, engine.NewChannel{
			Merchant: d.merchant, OwnerID: d.merchant.ID, Provider: b.Code, Settings: b.Settings, Keys: b.Keys, Sandbox: true, Products: b.Products,
		})
		if err != nil {
			return err
		}
		if _, err := d.engine.RefreshTrust(ctx, channel); err != nil {
			return err
		}
	}
	var err error
	if d.item, err = d.engine.CreateLink(ctx, d.merchant.ID, engine.LinkInput{Title: "烧饼礼盒 · 十二枚", Description: "当天现烤，密封礼盒，顺丰包邮。", Amount: 6800, Currency: "CNY"}); err != nil {
		return err
	}
	if d.key, _, err = d.api.MakeKey(ctx, d.merchant.ID, "demo", false); err != nil {
		return err
	}
	_, d.endpoint, err = d.api.MakeEndpoint(ctx, d.merchant, d.hook.url, nil)
	d.hook.secret = d.endpoint
	return err
}

// sample makes the payment behind the demo's link.
func (d *demo) sample(ctx context.Context) (postern.Payment, error) {
	s, err := d.engine.Create(ctx, d.merchant.ID, engine.CreateInput{
		Reference: "D" + postern.NewToken(rand.Reader)[:10], Amount: 6800, Currency: "CNY", Description: "烧饼礼盒 · 十二枚", ExpiresAt: time.Now().Add(2 * time.Hour),
	})
	return s.Payment, err
}

func (d *demo) writeReady(c *demoCmd, link, payment string) error {
	data, err := dataDir(c.Data)
	if err != nil {
		return err
	}
	r := newReady()
	r.API = &readyAPI{BaseURL: d.cfg.PublicURL, SecretKey: d.key}
	r.MerchantID, r.LinkURL, r.PaymentURL = d.merchant.ID, link, payment
	r.Console = &readyConsole{URL: d.cfg.PublicURL + "/console", Login: demoLogin, Password: demoPassword}
	r.Webhook = &readyWebhook{URL: d.hook.url, Secret: d.endpoint}
	if err := r.addSandboxes(data, d.boxes); err != nil {
		return err
	}
	if err := r.addFacades(data, d); err != nil {
		return err
	}
	return r.write(c.ReadyFile)
}

// readAll reads a bounded body.
func readAll(r io.Reader) ([]byte, error) { return io.ReadAll(io.LimitReader(r, 1<<20)) }

// frontPage shows the product at a look: the same link in several apps, the simulated wallets, and what happens.
func (d *demo) frontPage(story *front.Story) {
	var mu sync.Mutex
	last := ""
	fresh := func(ctx context.Context) (string, error) {
		payment, err := d.sample(ctx)
		if err != nil {
			return "", err
		}
		mu.Lock()
		defer mu.Unlock()
		last = d.engine.CheckoutURL(payment.LinkToken)
		return last, nil
	}
	present := func(ctx context.Context) (string, error) {
		mu.Lock()
		link := last
		mu.Unlock()
		if link == "" {
			return fresh(ctx)
		}
		return link, nil
	}
	var phones []front.Wallet
	for _, b := range d.boxes.list {
		phones = append(phones, front.Wallet{Provider: b.Code, URL: b.base + "/phone"})
	}
	g := &gate{demo: d, provider: story.Provider}
	front.New(front.Config{
		Engine: d.engine, MerchantID: d.merchant.ID, Wallets: phones, Link: present, NewLink: fresh, Log: d.log, Story: story,
		Gate: &front.Gate{Begin: g.begin, Pay: g.pay, Refund: g.refund, Last: g.last},
	}).Register(d.public)
	d.newLink = fresh
}
