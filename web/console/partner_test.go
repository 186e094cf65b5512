package console

import (
	"bytes"
	"context"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postern"
	"postern/engine"
)

// upload sends a file as a browser's form does.
func (p *person) upload(path, name string, file []byte, fields url.Values) answer {
	p.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(name, "list.csv")
	if err != nil {
		p.Fatal(err)
	}
	_, _ = part.Write(file)
	for field, values := range fields {
		if err := form.WriteField(field, values[0]); err != nil {
			p.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		p.Fatal(err)
	}
	return p.send(http.MethodPost, path, form.FormDataContentType(), &body)
}

// hidden reads the hidden fields of a page's form that goes to an address.
func hidden(t *testing.T, page, action string) url.Values {
	t.Helper()
	_, rest, found := strings.Cut(page, `action="`+action+`"`)
	if !found {
		t.Fatalf("no form goes to %s:\n%s", action, page)
	}
	rest, _, _ = strings.Cut(rest, "</form>")
	fields := url.Values{}
	for _, m := range regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`).FindAllStringSubmatch(rest, -1) {
		fields.Add(m[1], html.UnescapeString(m[2]))
	}
	return fields
}

const shopList = "reference,name,login,owner,phone,colour\n" +
	"A-1,云间茶铺,13800138001,王芳,0571-1234567,#1a5c4a\n" +
	"A-2,=cmd|calc,shop-two,李强,,\n" +
	"A-3,<b>三</b>,13800138001,,,\n" + // the login of line 2
	"A-4,四,x,,,\n" + // too short a login
	"A-5,五,five@example.com,,,red\n"

// TestPartnerOpensShopsInBulk: a list is planned, confirmed, and each new owner gets in with the link of the downloaded list; the same list again does nothing.
func TestPartnerOpensShopsInBulk(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	partner, _ := b.partner("东便门科技")
	p := b.as(partner.ID, postern.RoleOwner)
	a := p.upload("/console/p/open", "file", []byte(shopList), url.Values{"encoding": {"utf-8"}})
	if a.status != http.StatusOK || !strings.Contains(a.body, "新开 2 家，改动 0 家，不变 0 家，有 3 行不能用。") || strings.Contains(a.body, "<b>三") {
		t.Fatalf("the plan: %d %s", a.status, a.body)
	}
	if list, _, err := b.Store.Merchants(ctx, partner.ID, pageOf(&http.Request{URL: &url.URL{}})); err != nil || len(list) != 1 {
		t.Fatalf("a plan wrote something: %d shops, %v", len(list), err)
	}
	confirm := hidden(t, a.body, "/console/p/open/confirm")
	forged := url.Values{"file": confirm["file"], "encoding": confirm["encoding"], "digest": {"0000"}}
	if a := p.post("/console/p/open/confirm", forged); a.status != http.StatusConflict {
		t.Errorf("another plan's confirmation: %d, want 409", a.status)
	}
	a = p.post("/console/p/open/confirm", confirm)
	if a.status != http.StatusOK || !strings.Contains(a.body, "已写入 2 家。") {
		t.Fatalf("the confirmation: %d %s", a.status, a.body)
	}
	csv := p.post("/console/p/open/invitations.csv", hidden(t, a.body, "/console/p/open/invitations.csv"))
	if !strings.HasPrefix(csv.header.Get("Content-Disposition"), "attachment") || !strings.Contains(csv.body, "'=cmd|calc") || strings.Contains(csv.body, ",=cmd") {
		t.Errorf("the list of links: %q", csv.body)
	}
	links := regexp.MustCompile(`/console/invitation/[A-Za-z0-9_-]{43}`).FindAllString(csv.body, -1)
	if len(links) != 2 {
		t.Fatalf("%d links in %q", len(links), csv.body)
	}
	in := b.nobody().post(links[0], url.Values{"password": {goodPassword}})
	owner := &person{bench: b, cookie: cookieOf(in)}
	home := owner.get("/console").header.Get("Location")
	brand, err := b.Store.BrandOf(ctx, strings.TrimPrefix(home, "/console/m/"))
	if err != nil || brand.Phone != "0571-1234567" || brand.Colour != "#1a5c4a" {
		t.Errorf("the new shop's front: %+v %v", brand, err)
	}
	if a := owner.get(home + "/people"); a.status != http.StatusOK || !strings.Contains(a.body, "王芳") {
		t.Errorf("the new owner's people: %d", a.status)
	}
	if a := owner.get(home + "/audit"); !strings.Contains(a.body, "开了店") || !strings.Contains(a.body, "(东便门科技)") {
		t.Errorf("the audit does not name the partner: %s", a.body)
	}
	again := p.upload("/console/p/open", "file", []byte(shopList), nil)
	if !strings.Contains(again.body, "新开 0 家，改动 0 家，不变 2 家，有 3 行不能用。") || !strings.Contains(again.body, partnerZH.NothingToDo) {
		t.Errorf("the same list again: %s", again.body)
	}
}

func TestListsThatCannotBeRead(t *testing.T) {
	b := openBench(t)
	partner, _ := b.partner("甲")
	p := b.as(partner.ID, postern.RoleOwner)
	for name, file := range map[string][]byte{
		"no list": []byte("hello"), "empty": {}, "large": bytes.Repeat([]byte("reference,name\n"), 60_000), "binary": {0xff, 0xfe, 0, 1, 2}, "other separators": []byte("reference;name\n1;2\n"),
	} {
		if a := p.upload("/console/p/open", "file", file, nil); a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `role="alert"`) {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := p.post("/console/p/open/confirm", url.Values{"file": {"%%%"}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a broken confirmation: %d", a.status)
	}
}

// TestPartnerSeesItsShopsOnly: takings of today and thirty days, found by name, page by page.
func TestPartnerSeesItsShopsOnly(t *testing.T) {
	b := openBench(t)
	partner, first := b.partner("甲方")
	other, _ := b.partner("乙方")
	b.shop(partner.ID, "100%_茶!")
	p := b.as(partner.ID, postern.RoleStaff)
	a := p.get("/console/p")
	if a.status != http.StatusOK || strings.Count(a.body, `class="row" href="/console/m/`) != 2 || strings.Contains(a.body, other.Name) || strings.Contains(a.body, "/console/p/open") {
		t.Fatalf("the list: %d %s", a.status, a.body)
	}
	for query, want := range map[string]int{"甲方": 1, "%": 1, "_": 1, "!": 1, "100%_": 1, "茶%": 0, "乙": 0, "": 2, strings.Repeat("长", 500): 0} {
		if a := p.get("/console/p?q=" + url.QueryEscape(query)); a.status != http.StatusOK || strings.Count(a.body, `class="row" href="/console/m/`) != want {
			t.Errorf("searching %q: %d, %d shops, want %d", query, a.status, strings.Count(a.body, `class="row" href="/console/m/`), want)
		}
	}
	boss := b.as(partner.ID, postern.RoleOwner)
	if a := boss.get("/console/m/" + first.ID + "/people"); a.status != http.StatusOK || !strings.Contains(a.body, `href="/console/p"`) {
		t.Errorf("a shop of the partner's: %d", a.status)
	}
	if a := p.get("/console/m/" + first.ID + "/people"); a.status != http.StatusForbidden {
		t.Errorf("its staff and a shop's people: %d, want 403", a.status)
	}
}

// TestListWordsAreStillSaid: every refusal that has Chinese words is one that the readers still say.
func TestListWordsAreStillSaid(t *testing.T) {
	var source strings.Builder
	for _, pattern := range []string{"../../engine/*.go", "../../roster/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(text)
		}
	}
	for message := range listWords {
		if !strings.Contains(source.String(), message) && message != "the list has more than 10000 lines" {
			t.Errorf("nobody says %q any more", message)
		}
	}
}

// TestPeopleOfAShop: added, given roles, disabled, invited again; the last owner stays; everything is on record.
func TestPeopleOfAShop(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	boss := b.invited(b.Merchant.ID, "boss", postern.RoleOwner)
	at := "/console/m/" + b.Merchant.ID
	a := boss.post(at+"/people", url.Values{"login": {"<Zhang>"}, "name": {"x"}, "role": {"staff"}})
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, "&lt;Zhang&gt;") {
		t.Errorf("a login of markup: %d", a.status)
	}
	a = boss.post(at+"/people", url.Values{"login": {"Zhang.San"}, "name": {`"><script>alert(1)</script>`}, "role": {"staff"}})
	link := regexp.MustCompile(`/console/invitation/[A-Za-z0-9_-]{43}`).FindString(a.body)
	if a.status != http.StatusOK || link == "" || strings.Contains(a.body, "<script>alert") {
		t.Fatalf("adding somebody: %d %s", a.status, a.body)
	}
	if a := boss.post(at+"/people", url.Values{"login": {"zhang.san"}, "name": {"again"}, "role": {"staff"}}); a.status != http.StatusConflict || !strings.Contains(a.body, "已经有人用这个登录名") {
		t.Errorf("the same login again: %d", a.status)
	}
	new := &person{bench: b, cookie: cookieOf(b.nobody().post(link, url.Values{"password": {goodPassword}}))}
	who, err := b.Store.StaffByLogin(ctx, "zhang.san")
	if err != nil {
		t.Fatal(err)
	}
	person := at + "/people/" + who.ID
	if a := new.post(person+"/role", url.Values{"role": {"owner"}}); a.status != http.StatusForbidden {
		t.Errorf("staff making itself owner: %d, want 403", a.status)
	}
	if a := boss.post(person+"/role", url.Values{"role": {"emperor"}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a role that is none: %d", a.status)
	}
	for _, act := range []string{"disable", "role"} {
		if a := boss.post(at+"/people/"+boss.who.ID+"/"+act, url.Values{"role": {"staff"}}); a.status != http.StatusConflict || !strings.Contains(a.body, "最后一位店主") {
			t.Errorf("the last owner: %s gives %d", act, a.status)
		}
	}
	if a := boss.post(person+"/disable", nil); a.status != http.StatusSeeOther {
		t.Errorf("disabling: %d", a.status)
	}
	if a := new.get("/console"); a.header.Get("Location") != "/console/sign-in" {
		t.Errorf("a disabled person goes on: %d", a.status)
	}
	if a := boss.post(person+"/invite", nil); a.status != http.StatusConflict {
		t.Errorf("inviting a disabled person: %d", a.status)
	}
	if a := boss.post(person+"/enable", nil); a.status != http.StatusSeeOther {
		t.Errorf("enabling: %d", a.status)
	}
	audit := boss.get(at + "/audit").body
	for _, want := range []string{"添加人员", "停用人员", "恢复人员", "设了密码"} {
		if !strings.Contains(audit, want) {
			t.Errorf("the record lacks %s", want)
		}
	}
	if strings.Contains(audit, "<script>alert") {
		t.Error("a name is markup in the record")
	}
}

// TestShopFront: kept by version, shown safely, back to the house's colour, and refused in words.
func TestShopFront(t *testing.T) {
	b := openBench(t)
	boss := b.as(b.Merchant.ID, postern.RoleOwner)
	at := "/console/m/" + b.Merchant.ID + "/brand"
	set := func(version, name, colour, house string) answer {
		return boss.post(at, url.Values{"version": {version}, "name": {name}, "colour": {colour}, "house": {house}, "phone": {"0571-1234567"}, "notice": {"48 小时内发货"}})
	}
	if a := set("0", "<i>茶</i>", "#AA3300", ""); a.status != http.StatusSeeOther {
		t.Fatalf("setting it: %d %s", a.status, a.body)
	}
	if a := boss.get(at + "?done"); !strings.Contains(a.body, "#aa3300") || strings.Contains(a.body, "<i>茶") || !strings.Contains(a.body, inChinese.Saved) {
		t.Errorf("the page: %s", a.body)
	}
	if a := set("0", "second", "#aa3300", ""); a.status != http.StatusConflict {
		t.Errorf("an old version: %d, want 409", a.status)
	}
	if a := set("1", "茶", `#"><script>`, ""); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, `"><script>`) {
		t.Errorf("a colour of markup: %d", a.status)
	}
	if a := set("1", strings.Repeat("长", 500), "#aa3300", ""); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a long name: %d", a.status)
	}
	if a := set("1", "茶", "#aa3300", "1"); a.status != http.StatusSeeOther {
		t.Errorf("the house's colour: %d", a.status)
	}
	if brand, err := b.Store.BrandOf(context.Background(), b.Merchant.ID); err != nil || brand.Colour != "" {
		t.Errorf("the colour is %q, %v", brand.Colour, err)
	}
}

// TestGoLiveGuide shows what is missing, and tests a channel against the simulated provider.
func TestGoLiveGuide(t *testing.T) {
	b := openBench(t)
	b.Engine.Live = false
	boss := b.as(b.Merchant.ID, postern.RoleOwner)
	at := "/console/m/" + b.Merchant.ID + "/go-live"
	a := boss.get(at)
	for _, want := range []string{goLiveZH.LiveSwitchLine, goLiveZH.HTTPSLine, goLiveZH.KeyLine, goLiveZH.ContactLine, goLiveZH.OnSaleLine, goLiveZH.ChannelDone, "还差 4 件", "JSAPI支付授权目录"} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the guide lacks %q", want)
		}
	}
	if a.status != http.StatusOK || strings.Count(a.body, "/check\"") != len(b.Channels) {
		t.Errorf("%d, %d channels, want %d", a.status, strings.Count(a.body, "/check\""), len(b.Channels))
	}
	ch := b.Channels["wechatpay"]
	if a := boss.post(at+"/"+ch.ID+"/check", nil); a.status != http.StatusOK || !strings.Contains(a.body, goLiveZH.TestGood) {
		t.Errorf("a test that goes well: %d %s", a.status, a.body)
	}
	if _, err := b.Engine.SetBrand(context.Background(), engine.Actor{}, postern.Brand{OwnerID: b.Merchant.ID, Phone: "123456789", Notice: "x"}); err != nil {
		t.Fatal(err)
	}
	if a := boss.get(at); !strings.Contains(a.body, "还差 3 件") {
		t.Error("a phone and a notice were set, and the guide still asks for them")
	}
}
