package console

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"postern"
	"postern/engine"
	"postern/sim"
	"postern/store"
)

// bench is a whole switch with simulated wallets and its console behind a real server; Merchant is its first shop.
type bench struct {
	testing.TB
	*sim.World
	handler *Handler
	server  *httptest.Server
}

func openBench(t testing.TB) *bench {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	world, err := sim.New(ctx, sim.Options{Store: db, Seed: 7, Key: sim.Key})
	if err != nil {
		t.Fatal(err)
	}
	h := New(Config{Engine: world.Engine, Log: world.Log})
	mux := http.NewServeMux()
	h.Register(mux)
	b := &bench{TB: t, World: world, handler: h, server: httptest.NewServer(mux)}
	t.Cleanup(b.server.Close)
	return b
}

// person is somebody with a browser. A zero one has not signed in.
type person struct {
	*bench
	who    postern.Staff
	cookie string
}

// as makes a person of an owner (a merchant or a partner) with a role and signs them in.
func (b *bench) as(ownerID string, role postern.Role) *person {
	b.Helper()
	ctx, now := context.Background(), b.Clock.Now()
	id := postern.NewID(postern.PrefixStaff, now, b.Rand)
	who := postern.Staff{OwnerID: ownerID, ID: id, Login: id, Name: "Zhang " + string(role), Role: role, CreatedAt: now, UpdatedAt: now}
	if err := b.Store.Commit(ctx, store.Change{MerchantID: ownerID, At: now, Staff: []postern.Staff{who}}); err != nil {
		b.Fatal(err)
	}
	who.Version = 1
	secret, err := b.Engine.OpenSession(ctx, who, "test browser")
	if err != nil {
		b.Fatal(err)
	}
	return &person{bench: b, who: who, cookie: b.handler.cookieName() + "=" + secret}
}

// nobody is a browser without a session.
func (b *bench) nobody() *person { return &person{bench: b} }

// partner makes a partner and one more shop, which belongs to it.
func (b *bench) partner(name string) (postern.Partner, postern.Merchant) {
	b.Helper()
	ctx, now := context.Background(), b.Clock.Now()
	p := postern.Partner{ID: postern.NewID(postern.PrefixPartner, now, b.Rand), Name: name, CreatedAt: now}
	if err := b.Store.SavePartner(ctx, p); err != nil {
		b.Fatal(err)
	}
	return p, b.shop(p.ID, name+" 一店")
}

// shop makes one more merchant; partnerID may be empty.
func (b *bench) shop(partnerID, name string) postern.Merchant {
	b.Helper()
	now := b.Clock.Now()
	m := postern.Merchant{ID: postern.NewID(postern.PrefixMerchant, now, b.Rand), PartnerID: partnerID, Name: name, Locale: "zh-CN", Zone: "Asia/Shanghai", Surplus: b.Merchant.Surplus, CreatedAt: now}
	if err := b.Store.SaveMerchant(context.Background(), m); err != nil {
		b.Fatal(err)
	}
	m.Version = 1
	return m
}

// answer is what came back; redirects are not followed.
type answer struct {
	status int
	header http.Header
	body   string
}

func (p *person) send(method, path, contentType string, body io.Reader, headers ...string) answer {
	p.Helper()
	q, err := http.NewRequest(method, p.server.URL+path, body)
	if err != nil {
		p.Fatal(err)
	}
	if p.cookie != "" {
		q.Header.Set("Cookie", p.cookie)
	}
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	q.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := client.Do(q)
	if err != nil {
		p.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		p.Fatal(err)
	}
	return answer{r.StatusCode, r.Header, string(text)}
}

func (p *person) get(path string, headers ...string) answer {
	p.Helper()
	return p.send(http.MethodGet, path, "", nil, headers...)
}

func (p *person) post(path string, form url.Values, headers ...string) answer {
	p.Helper()
	return p.send(http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), headers...)
}

// actor is a person as the engine's verbs want it.
func (p *person) actor() engine.Actor { return engine.ActorOf(p.who) }
