package console

import (
	"context"
	"encoding/pem"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/provider"
	"postern/store"
	"postern/vault"
	"postern/web/ui"
)

// shopKey is a pair that a shop's code signs with.
func (b *bench) shopKey() (private, public string) {
	b.Helper()
	secret, open, err := vault.NewKeyPair(b.Rand)
	if err != nil {
		b.Fatal(err)
	}
	return string(secret), string(open)
}

// facadeOf issues an account to a merchant.
func (b *bench) facadeOf(merchantID string) engine.IssuedFacade {
	b.Helper()
	_, public := b.shopKey()
	issued, err := b.Engine.IssueFacade(context.Background(), engine.Actor{StaffOwnerID: postern.Platform, Who: "operator"}, merchantID, engine.FacadeInput{Provider: "alipay", Keys: map[string][]byte{"merchant_public": []byte(public)}})
	if err != nil {
		b.Fatal(err)
	}
	return issued
}

var accountLink = regexp.MustCompile(`/facades/(fac_[0-9a-z]+)`)

// issue sends the form of a new account and returns the page and the account's id.
func (p *person) issue(fields url.Values) (answer, string) {
	p.Helper()
	a := p.post("/console/m/"+p.Merchant.ID+"/facades", fields)
	m := accountLink.FindStringSubmatch(a.body)
	if a.status != http.StatusOK || m == nil {
		p.Fatalf("no account: %d %s", a.status, a.body)
	}
	return a, m[1]
}

// TestFacadeIsIssuedShownOnceAndEnded walks the owner's whole way: the form, secrets once, files, new keys, the end; with the audit of each.
func TestFacadeIsIssuedShownOnceAndEnded(t *testing.T) {
	b, ctx := openBench(t), context.Background()
	b.Engine.FacadeURLs = map[string]string{"wechatpay": "https://wx.pay.example.com"}
	p, base := b.as(b.Merchant.ID, postern.RoleOwner), "/console/m/"+b.Merchant.ID+"/facades"
	if a := p.get(base + "/new?of=wechatpay"); a.status != http.StatusOK || !strings.Contains(a.body, `name="key.merchant_serial"`) || strings.Contains(a.body, "apiv3_key") {
		t.Fatalf("the form: %d %s", a.status, a.body)
	}
	_, public := b.shopKey()
	made, id := p.issue(url.Values{"of": {"wechatpay"}, "number": {"1900000109"}, "key.merchant_public_key": {public}, "key.merchant_serial": {"5157F09EFDC096DE15EBE81A47057A72"}, "set.verify_with": {"public_key"}})
	secret := regexp.MustCompile(`id="secret-apiv3_key"[^>]* value="([^"]{32})"`).FindStringSubmatch(made.body)
	for _, want := range []string{"https://wx.pay.example.com", "1900000109", "PUB_KEY_ID_"} {
		if secret == nil || !strings.Contains(made.body, want) {
			t.Fatalf("the page of a new account shows no secret, or no %s", want)
		}
	}
	account, err := b.Store.Facade(ctx, b.Merchant.ID, id)
	if err != nil || account.Settings["verify_with"] != "public_key" || account.Number != "1900000109" {
		t.Fatalf("stored: %+v, %v", account, err)
	}
	again := p.get(base + "/" + id)
	if again.status != http.StatusOK || strings.Contains(again.body, secret[1]) || strings.Contains(again.body, `id="secret-`) {
		t.Error("a secret is shown a second time")
	}
	link := regexp.MustCompile(`href="([^"]+/public_key)" download`).FindStringSubmatch(again.body)
	if link == nil {
		t.Fatal("there is no public key to download")
	}
	file := p.get(link[1])
	if block, _ := pem.Decode([]byte(file.body)); file.status != http.StatusOK || block == nil || block.Type != "PUBLIC KEY" || !strings.HasPrefix(file.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the file: %d %s", file.status, file.body)
	}
	for _, name := range []string{"platform_private_key", "apiv3_key", "merchant_public_key"} {
		if a := p.get(strings.TrimSuffix(link[1], "public_key") + name); a.status != http.StatusNotFound {
			t.Errorf("%s is handed out: %d", name, a.status)
		}
	}
	b.rotateAndEnd(p, base+"/"+id, id)
}

func (b *bench) rotateAndEnd(p *person, at, id string) {
	b.Helper()
	ctx := context.Background()
	if a := p.post(at+"/rotate", url.Values{"begin": {"tomorrow"}, "overlap": {"week"}}); a.status != http.StatusForbidden {
		b.Errorf("a wait of nobody's: %d", a.status)
	}
	if a := p.post(at+"/rotate", url.Values{"begin": {"hour"}, "overlap": {"day"}}); a.status != http.StatusOK || !strings.Contains(a.body, `id="secret-apiv3_key"`) {
		b.Fatalf("new keys: %d %s", a.status, a.body)
	}
	keys, err := b.Store.FacadeKeys(ctx, b.Merchant.ID, id)
	if err != nil || len(keys) != 2 {
		b.Fatalf("%d sets of keys, %v", len(keys), err)
	}
	slices.SortFunc(keys, func(x, y postern.FacadeKey) int { return x.NotBefore.Compare(y.NotBefore) })
	if from := keys[1].NotBefore; !keys[0].NotAfter.Equal(from) || keys[0].RetiredAt.Sub(from) != 24*time.Hour || from.Sub(b.Clock.Now()) > time.Hour || from.Before(b.Clock.Now().Add(59*time.Minute)) {
		b.Errorf("the old keys sign until %v and are believed until %v, the new ones sign from %v", keys[0].NotAfter, keys[0].RetiredAt, from)
	}
	if a := p.post(at+"/disable", url.Values{"typed": {"1900000108"}}); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, facadeZH.BadTyped) {
		b.Errorf("ended by another number: %d", a.status)
	}
	if account, err := b.Store.Facade(ctx, b.Merchant.ID, id); err != nil || !account.DisabledAt.IsZero() {
		b.Errorf("the account has ended: %v, %v", account.DisabledAt, err)
	}
	if a := p.post(at+"/disable", url.Values{"typed": {"1900000109"}}); a.status != http.StatusSeeOther {
		b.Errorf("the end: %d %s", a.status, a.body)
	}
	if a := p.get(at); a.status != http.StatusOK || strings.Contains(a.body, at+"/rotate") || !strings.Contains(a.body, "已停用") {
		b.Errorf("the page of an ended account: %d", a.status)
	}
	if a := p.post(at+"/rotate", url.Values{"begin": {"now"}, "overlap": {"week"}}); a.status != http.StatusForbidden {
		b.Errorf("an ended account gets new keys: %d", a.status)
	}
	var did []string
	list, _, err := b.Store.Audits(ctx, b.Merchant.ID, store.Page{Limit: 20})
	for _, a := range list {
		if a.ObjectID == id {
			did = append(did, a.Act+" "+a.StaffID)
		}
	}
	want := []string{"facade.disable " + p.who.ID, "facade.rotate " + p.who.ID, "facade.issue " + p.who.ID}
	if err != nil || !slices.Equal(did, want) {
		b.Errorf("the audit says %v, want %v (%v)", did, want, err)
	}
}

// TestFacadeRefusesInWords: a private key, a key that is missing or unreadable, and a taken number are each said by name; nothing is stored, and a private key is not
// sent back.
func TestFacadeRefusesInWords(t *testing.T) {
	b := openBench(t)
	p, base := b.as(b.Merchant.ID, postern.RoleOwner), "/console/m/"+b.Merchant.ID+"/facades"
	private, public := b.shopKey()
	taken := b.facadeOf(b.shop("", "别家").ID).Account.Number
	for _, c := range []struct {
		name   string
		fields url.Values
		status int
		says   string
	}{
		{"private", url.Values{"key.merchant_public": {private}}, 422, facadeZH.PrivateGiven},
		{"missing", url.Values{"key.merchant_public": {" "}}, 422, sprint(facadeZH.KeyMissing, "应用公钥")},
		{"unreadable", url.Values{"key.merchant_public": {"<b>key</b>"}}, 422, sprint(facadeZH.KeyUnread, "应用公钥")},
		{"taken", url.Values{"key.merchant_public": {public}, "number": {taken}}, 409, facadeZH.Taken},
		{"long", url.Values{"key.merchant_public": {public}, "number": {strings.Repeat("9", 99)}}, 422, facadeZH.NumberBad},
		{"no channel", url.Values{"key.merchant_public": {public}, "former": {"chn_of_nobody"}}, 409, facadeZH.FormBad},
	} {
		c.fields.Set("of", "alipay")
		a := p.post(base, c.fields)
		if a.status != c.status || !strings.Contains(html.UnescapeString(a.body), c.says) || strings.Contains(a.body, "PRIVATE KEY") || strings.Contains(a.body, "<b>key") {
			t.Errorf("%s: %d, want %d with %s", c.name, a.status, c.status, c.says)
		}
	}
	if a := p.post(base, url.Values{"of": {"bill99"}}); a.status != http.StatusNotFound {
		t.Errorf("a protocol without a facade: %d", a.status)
	}
	if list, _, err := b.Store.Facades(context.Background(), b.Merchant.ID, store.Page{Limit: 10}); err != nil || len(list) != 0 {
		t.Errorf("%d accounts were made, %v", len(list), err)
	}
}

// TestFacadeFilesAreTheMerchants: a file is found below its own account only.
func TestFacadeFilesAreTheMerchants(t *testing.T) {
	b := openBench(t)
	mine, other := b.facadeOf(b.Merchant.ID), b.facadeOf(b.shop("", "别家").ID)
	p, base := b.as(b.Merchant.ID, postern.RoleOwner), "/console/m/"+b.Merchant.ID+"/facades/"
	if a := p.get(base + mine.Account.ID + "/" + mine.Key.ID + "/public_key"); a.status != http.StatusOK {
		t.Errorf("one's own file: %d", a.status)
	}
	for _, path := range []string{mine.Account.ID + "/" + other.Key.ID + "/public_key", other.Account.ID + "/" + other.Key.ID + "/public_key", mine.Account.ID + "/" + mine.Key.ID + "/serial"} {
		if a := p.get(base + path); a.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func init() {
	samples = append(samples, sample{name: "facades", make: func(v *visit) page {
		h := sellHandler()
		body := facadesBody{W: facadeWordsOf(v.Lang), Older: older(v.path("/facades"), "fac_1")}
		for i, code := range []string{"alipay", "wechatpay"} {
			d := h.described(code)
			name := v.Lang.Pick(d.NameZH, d.NameEN)
			body.Rows = append(body.Rows, facadeRow{URL: v.path("/facades/fac_1"), Name: name, Number: []string{"2014030800123456", "1900000109"}[i], Since: v.stamp(sampleNow), Mark: ui.Mark(d.Colour, d.Glyph), Off: i == 1})
			body.Offers = append(body.Offers, facadeRow{URL: v.path("/facades/new?of=" + code), Name: name, Mark: ui.Mark(d.Colour, d.Glyph)})
		}
		return page{Title: wordsOf(v.Lang).Facades, Section: "facades", Body: body}
	}}, sample{name: "facades-none", of: "visitor", make: func(v *visit) page {
		return page{Title: wordsOf(v.Lang).Facades, Section: "facades", Body: facadesBody{W: facadeWordsOf(v.Lang)}}
	}}, sample{name: "facade-new", make: func(v *visit) page {
		body := newFacadeOf(v, sampleFaced("wechatpay"), engine.FacadeInput{Number: "1900000109", Keys: map[string][]byte{"merchant_serial": []byte("5157F09EFDC0")}})
		body.Unserved, body.Bad = true, body.W.PrivateGiven
		body.Former = []choice{{"chn_01arz3ndektsv4rrffq69g5fa1", "jsapi, h5, native · chn_01arz3ndektsv4rrffq69g5fa1", false}}
		return page{Title: sprint(body.W.NewTitle, body.Name), Section: "facades", Body: body}
	}}, sample{name: "facade-issued", make: func(v *visit) page {
		body := sampleFacade(v, "wechatpay", map[string]string{"apiv3_key": "Dv8kYqA2m7RtXz3NfPw5GhJc9LsBe4Tu", "api_key_v2": "K3sWm8ZrYx2NqTfPv6GhJd7LcBe9AuTy"})
		body.New = body.W.Issued
		return page{Title: body.Name + " " + body.Number, Section: "facades", Body: body}
	}}, sample{name: "facade", make: func(v *visit) page {
		body := sampleFacade(v, "alipay", nil)
		body.Missed = []missedRow{{"alipay.trade.page.pay.with.a.very.long.name.that.nobody.has", "1204", "2014-03-07"}, {"<script>alert(1)</script>", "1", "2014-02-20"}}
		return page{Title: body.Name + " " + body.Number, Section: "facades", Body: body}
	}})
}

func sampleFaced(code string) provider.Faced {
	faced, err := sellHandler().cfg.Engine.Faced(code)
	if err != nil {
		panic(err)
	}
	return faced
}

// sampleFacade is an account with one set of keys that signs and one from before.
func sampleFacade(v *visit, code string, secrets map[string]string) facadeBody {
	public := map[string]string{
		"public_key": "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\nsample\n-----END PUBLIC KEY-----\n", "serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
		"platform_certificate": "-----BEGIN CERTIFICATE-----\n", "platform_root": "-----BEGIN CERTIFICATE-----\n", "platform_public_key_id": "PUB_KEY_ID_0112345678901234567890123456",
	}
	keys := []postern.FacadeKey{
		{ID: "fkey_2", Public: public, NotBefore: sampleNow.Add(-time.Hour), CreatedAt: sampleNow.Add(-time.Hour)},
		{ID: "fkey_1", Public: public, NotBefore: sampleNow.Add(-90 * 24 * time.Hour), NotAfter: sampleNow.Add(-time.Hour), RetiredAt: sampleNow.Add(167 * time.Hour), CreatedAt: sampleNow.Add(-90 * 24 * time.Hour)},
	}
	number := map[string]string{"wechatpay": "1900000109", "alipay": "2014030800123456"}[code]
	body := facadeOf(v, sampleFaced(code), postern.FacadeAccount{ID: "fac_01arz3ndektsv4rrffq69g5fav", Provider: code, Number: number}, keys, secrets, "https://"+code+".pay.example.com")
	body.Effect = sprint(body.W.Effect, "23")
	return body
}
