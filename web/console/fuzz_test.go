package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/csv"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"postern"
	"postern/engine"
	"postern/roster"
	"postern/store"
)

// answered sends a request to the console without a network between: a fuzz target has no time for one.
func (b *bench) answered(q *http.Request) *httptest.ResponseRecorder {
	q.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	b.server.Config.Handler.ServeHTTP(w, q)
	return w
}

// FuzzNext: wherever a browser goes after a sign-in, it is a page of the console on this host.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"/console/m/mer_1/orders", "//evil.example/console/", "/console//evil", "/console/../c/x", `/console/\evil.example`, "/console/%2e%2e/x", "/console/%2f%2fevil", "/console/\t/evil", "/console/é", "https:/console/"} {
		f.Add(seed)
	}
	here, err := url.Parse("https://shop.example/console/sign-in")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, next string) {
		got := safeNext(next)
		if got == "" {
			return
		}
		to, err := here.Parse(got) // as a browser does with a Location
		if got != next || err != nil || to.Host != here.Host || to.Scheme != here.Scheme || !strings.HasPrefix(to.Path, root+"/") || to.RawQuery != "" || strings.ContainsAny(got, "\r\n\t\\") {
			t.Errorf("%q leads to %q (%v)", next, to, err)
		}
	})
}

// FuzzSignInForm: whatever a stranger sends to sign in, it is refused in words, opens no session, and leads nowhere.
func FuzzSignInForm(f *testing.F) {
	b := openBench(f)
	f.Add("login=owner&password=x&next=/console/me")
	f.Add("login=%00%ff&password=%e4%b8&next=%2f%2fevil")
	f.Add("login=138+0000+1111;password=1")
	f.Add("login=" + strings.Repeat("%C4%B0", 70) + "&password=" + strings.Repeat("x", 300))
	f.Add("login=%")
	f.Fuzz(func(t *testing.T, form string) {
		q := httptest.NewRequest(http.MethodPost, "/console/sign-in", strings.NewReader(form))
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := b.answered(q)
		if w.Code < 400 || w.Code >= 500 || w.Header().Get("Location") != "" || strings.Contains(w.Header().Get("Set-Cookie"), b.handler.cookieName()) {
			t.Errorf("%q: %d %v", form, w.Code, w.Header())
		}
		values, err := url.ParseQuery(form)
		if err != nil {
			return
		}
		if login := engine.Login(values.Get("login")); engine.Login(login) != login {
			t.Errorf("the login %q is stored as %q and looked for as %q", values.Get("login"), login, engine.Login(login))
		}
	})
}

// FuzzTicket: between the two steps of a sign-in only what this switch has sealed names a person.
func FuzzTicket(f *testing.F) {
	b := openBench(f)
	ctx := context.Background()
	p := b.as(b.Merchant.ID, postern.RoleOwner)
	p.who.TOTP = []byte("sealed")
	if err := b.Store.Commit(ctx, store.Change{MerchantID: p.who.OwnerID, At: b.Clock.Now(), Staff: []postern.Staff{p.who}}); err != nil {
		f.Fatal(err)
	}
	p.who.Version++
	good, err := b.Engine.Ticket(p.who)
	if err != nil {
		f.Fatal(err)
	}
	if who, err := b.Engine.StaffOfTicket(ctx, good); err != nil || who.ID != p.who.ID {
		f.Fatalf("a good ticket is refused: %v", err)
	}
	sealed, err := base64.RawURLEncoding.DecodeString(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("", uint16(0), byte(1))
	f.Add(strings.Repeat("A", 3000), uint16(len(sealed)-1), byte(0x80))
	f.Add(base64.RawURLEncoding.EncodeToString([]byte(`{"o":"`+b.Merchant.ID+`","s":"`+p.who.ID+`","v":1,"u":"2999-01-01T00:00:00Z"}`)), uint16(4), byte(7))
	f.Fuzz(func(t *testing.T, forged string, at uint16, flip byte) {
		changed := bytes.Clone(sealed)
		changed[int(at)%len(changed)] ^= flip
		if flip == 0 {
			changed = changed[:int(at)%len(changed)]
		}
		for _, text := range []string{forged, base64.RawURLEncoding.EncodeToString(changed)} {
			if who, err := b.Engine.StaffOfTicket(ctx, text); err == nil || postern.CodeOf(err) != postern.CodeUnauthenticated {
				t.Errorf("%q was taken for %q (%v)", text, who.ID, err)
			}
		}
	})
}

// FuzzShipUpload: an uploaded list is answered in words and ships nothing; what it proposes reads as the same shipments again when it is confirmed.
func FuzzShipUpload(f *testing.F) {
	b := openBench(f)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	item := b.sells(b.Merchant.ID, nil)
	one, two := b.pays(b.places(item, nil), "alipay"), b.pays(b.places(item, nil), "wechatpay")
	f.Add([]byte("订单号,快递,快递单号\n" + postern.FormatShortCode(one.Number) + ",顺丰,=\"SF1001\"\n" + two.Number + ",圆通,YT 2002\n"))
	f.Add([]byte("number\tcarrier\ttracking\n" + one.Number + "\t\"a\"\"b\"\t1,2\n"))
	f.Add([]byte("number,carrier,tracking\n" + one.Number + ",'x,'=1\n" + one.Number + ",x,1\n"))
	f.Add([]byte("\xef\xbb\xbfnumber;carrier;tracking\n\"" + one.Number + ";x;1\n"))
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, list []byte) {
		q, err := upload(seller, b.at("/orders/ship.csv"), list)
		if err != nil {
			t.Skip(err)
		}
		if w := b.answered(q); w.Code != http.StatusOK && w.Code != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", list, w.Code)
		}
		lines, err := roster.ParseShipments(list)
		if err != nil {
			return
		}
		v := &visit{Merchant: b.Merchant}
		plan, err := b.handler.planShipments(context.Background(), v, lines)
		if err != nil {
			t.Fatal(err)
		}
		sameAgain(t, plan)
		for _, o := range []postern.Order{one, two} {
			if now, err := b.Store.Order(context.Background(), o.MerchantID, o.ID); err != nil || now.Version != o.Version {
				t.Errorf("looking at %q changed an order (%v)", list, err)
			}
		}
	})
}

// upload is a browser's request that hands in a list.
func upload(p *person, path string, list []byte) (*http.Request, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "list.csv")
	if err != nil {
		return nil, err
	}
	if _, err := part.Write(list); err != nil {
		return nil, err
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	q := httptest.NewRequest(http.MethodPost, path, &body)
	q.Header.Set("Content-Type", form.FormDataContentType())
	q.Header.Set("Cookie", p.cookie)
	return q, nil
}

// sameAgain wants what a plan proposes to be read back, when it is confirmed, as the very shipments that were shown.
func sameAgain(t *testing.T, plan []planned) {
	t.Helper()
	var page shipPage
	if err := page.propose(plan); err != nil {
		t.Fatal(err)
	}
	if page.Fine == 0 {
		return
	}
	again, err := roster.ParseShipments([]byte(page.Plan))
	if err != nil {
		t.Fatalf("what was proposed is not read: %v\n%s", err, page.Plan)
	}
	var shown, read [][]string
	for _, one := range plan {
		if one.Wrong == "" && !one.same {
			shown = append(shown, []string{one.order.Number, one.Carrier, one.Tracking})
		}
	}
	for _, one := range again {
		read = append(read, []string{one.Number, one.Carrier, one.Tracking})
	}
	if lines(shown) != lines(read) {
		t.Errorf("shown:\n%sconfirmed:\n%s", lines(shown), lines(read))
	}
}

func lines(cells [][]string) string {
	var b strings.Builder
	_ = csv.NewWriter(&b).WriteAll(cells)
	return b.String()
}
