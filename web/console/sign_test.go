package console

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
)

const goodPassword = "kettle moss 17 harbour"

// invited makes a person through the engine and lets them set a password by their invitation's page. The browser is signed in afterwards.
func (b *bench) invited(ownerID, login string, role postern.Role) *person {
	b.Helper()
	who, secret, err := b.Engine.AddStaff(context.Background(), engine.Actor{Who: "test"}, ownerID, engine.StaffInput{Login: login, Name: "王芳", Role: role})
	if err != nil {
		b.Fatal(err)
	}
	p := &person{bench: b, who: who}
	a := p.post("/console/invitation/"+secret, url.Values{"password": {goodPassword}})
	if a.status != http.StatusSeeOther {
		b.Fatalf("the invitation was not taken: %d %s", a.status, a.body)
	}
	p.cookie = cookieOf(a)
	return p
}

// cookieOf is the session that an answer sets, as a browser sends it back.
func cookieOf(a answer) string {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "postern-console" && c.Value != "" {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

func (b *bench) signIn(login, password string) answer {
	b.Helper()
	return b.nobody().post("/console/sign-in", url.Values{"login": {login}, "password": {password}})
}

func TestInvitationThenSignIn(t *testing.T) {
	b := openBench(t)
	p := b.invited(b.Merchant.ID, "+86 138-0013-8000", postern.RoleOwner)
	if a := p.get("/console"); a.header.Get("Location") != "/console/m/"+b.Merchant.ID {
		t.Errorf("after the invitation: %d %q", a.status, a.header.Get("Location"))
	}
	a := b.signIn("138 0013 8000", goodPassword)
	if a.status != http.StatusSeeOther || cookieOf(a) == "" {
		t.Fatalf("signing in: %d", a.status)
	}
	set := a.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/"} {
		if !strings.Contains(set, want) {
			t.Errorf("the cookie %q lacks %s", set, want)
		}
	}
	if _, err := b.Store.Staff(context.Background(), b.Merchant.ID, p.who.ID); err != nil {
		t.Error(err)
	}
	q := &person{bench: b, who: p.who, cookie: cookieOf(a)}
	if a := q.post("/console/sign-out", nil); a.status != http.StatusSeeOther {
		t.Errorf("signing out: %d", a.status)
	}
	if a := q.get("/console"); a.header.Get("Location") != "/console/sign-in" {
		t.Errorf("the session outlived the sign-out: %q", a.header.Get("Location"))
	}
}

// TestSecureCookie: over https the session's cookie is one that no other host or path can set.
func TestSecureCookie(t *testing.T) {
	b := openBench(t)
	b.Engine.PublicURL = "https://pay.example.com"
	b.invitedSecurely(t)
}

func (b *bench) invitedSecurely(t *testing.T) {
	t.Helper()
	_, secret, err := b.Engine.AddStaff(context.Background(), engine.Actor{}, b.Merchant.ID, engine.StaffInput{Login: "owner", Name: "王芳", Role: postern.RoleOwner})
	if err != nil {
		t.Fatal(err)
	}
	set := b.nobody().post("/console/invitation/"+secret, url.Values{"password": {goodPassword}}).header.Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-postern=") || !strings.Contains(set, "Secure") || !strings.Contains(set, "Path=/;") || strings.Contains(set, "Domain") {
		t.Errorf("the cookie is %q", set)
	}
}

// TestSignInNeverTellsWhoExists: a wrong password, an unknown login, a person without a password and a disabled one get the same page.
func TestSignInNeverTellsWhoExists(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	b.invited(b.Merchant.ID, "known", postern.RoleOwner)
	off := b.invited(b.Merchant.ID, "sent-away", postern.RoleStaff)
	if _, err := b.Engine.DisableStaff(ctx, engine.Actor{}, b.Merchant.ID, off.who.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Engine.AddStaff(ctx, engine.Actor{}, b.Merchant.ID, engine.StaffInput{Login: "unset-yet", Name: "李", Role: postern.RoleStaff}); err != nil {
		t.Fatal(err)
	}
	nonce := regexp.MustCompile(`nonce="[^"]*"`)
	plain := func(a answer, login string) string {
		return strings.ReplaceAll(nonce.ReplaceAllString(a.body, ""), login, "LOGIN")
	}
	want := plain(b.signIn("known", "wrong password 1"), "known")
	for login, password := range map[string]string{"nobody-here": "wrong password 1", "sent-away": goodPassword, "unset-yet": ""} {
		if a := b.signIn(login, password); a.status != http.StatusUnauthorized || plain(a, login) != want {
			t.Errorf("%s: %d, and the page differs from a wrong password's", login, a.status)
		}
	}
}

// TestLockOut: after the free tries each costs a wait, for the right password too, and a wait later all is well.
func TestLockOut(t *testing.T) {
	b := openBench(t)
	b.invited(b.Merchant.ID, "owner", postern.RoleOwner)
	last := 0
	for range 8 {
		last = b.signIn("owner", "wrong password 1").status
	}
	if last != http.StatusTooManyRequests {
		t.Fatalf("the eighth wrong try: %d, want 429", last)
	}
	if a := b.signIn("owner", goodPassword); a.status != http.StatusTooManyRequests {
		t.Errorf("the right password while locked out: %d, want 429", a.status)
	}
	if err := b.World.Run(context.Background(), 20*time.Minute); err != nil {
		t.Fatal(err)
	}
	if a := b.signIn("owner", goodPassword); a.status != http.StatusSeeOther {
		t.Errorf("the right password a while later: %d", a.status)
	}
}

func TestInvitationWorksOnceAndForTwoDays(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	who, first, err := b.Engine.AddStaff(ctx, engine.Actor{}, b.Merchant.ID, engine.StaffInput{Login: "owner", Name: "王芳", Role: postern.RoleOwner})
	if err != nil {
		t.Fatal(err)
	}
	take := func(secret, password string) answer {
		return b.nobody().post("/console/invitation/"+secret, url.Values{"password": {password}})
	}
	for _, bad := range []string{"short", "1234567890", "aaaaaaaaaaaa", "Password1234", "owner", "ownerowner"} {
		if a := take(first, bad); a.status != http.StatusUnprocessableEntity || strings.Contains(a.body, bad+"<") {
			t.Errorf("the password %q: %d, want 422", bad, a.status)
		}
	}
	_, second, err := b.Engine.InviteStaff(ctx, engine.Actor{}, b.Merchant.ID, who.ID)
	if err != nil {
		t.Fatal(err)
	}
	if a := take(first, goodPassword); a.status != http.StatusNotFound {
		t.Errorf("an invitation that another one replaced: %d, want 404", a.status)
	}
	if a := take(second, goodPassword); a.status != http.StatusSeeOther {
		t.Errorf("the invitation: %d", a.status)
	}
	if a := take(second, goodPassword+"2"); a.status != http.StatusNotFound {
		t.Errorf("the invitation a second time: %d, want 404", a.status)
	}
	_, third, err := b.Engine.InviteStaff(ctx, engine.Actor{}, b.Merchant.ID, who.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.World.Run(ctx, 49*time.Hour); err != nil {
		t.Fatal(err)
	}
	if a := take(third, goodPassword); a.status != http.StatusNotFound {
		t.Errorf("an invitation of the day before yesterday: %d, want 404", a.status)
	}
}

// code is what an authenticator app shows: written anew here, so that the engine does not check itself.
func code(t *testing.T, secret string, now time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	var step [8]byte
	binary.BigEndian.PutUint64(step[:], uint64(now.Unix()/30))
	mac := hmac.New(sha1.New, key)
	mac.Write(step[:])
	sum := mac.Sum(nil)
	at := sum[19] & 15
	n := uint32(sum[at]&0x7f)<<24 | uint32(sum[at+1])<<16 | uint32(sum[at+2])<<8 | uint32(sum[at+3])
	return fmt.Sprintf("%06d", n%1000000)
}

// TestSecondStep: set up with a code, asked for at sign-in, each code once, and reset by an owner.
func TestSecondStep(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	boss, p := b.as(b.Merchant.ID, postern.RoleOwner), b.invited(b.Merchant.ID, "finance", postern.RoleFinance)
	elsewhere := &person{bench: b, who: p.who, cookie: cookieOf(b.signIn("finance", goodPassword))}
	secret := regexp.MustCompile(`name="secret" value="([A-Z2-7]{32})"`).FindStringSubmatch(p.get("/console/me/totp").body)
	if secret == nil {
		t.Fatal("the page shows no secret")
	}
	if a := p.post("/console/me/totp", url.Values{"secret": {secret[1]}, "code": {"000000"}}); a.status != http.StatusUnauthorized || !strings.Contains(a.body, secret[1]) {
		t.Errorf("a wrong code: %d", a.status)
	}
	now := code(t, secret[1], b.Clock.Now())
	if a := p.post("/console/me/totp", url.Values{"secret": {secret[1]}, "code": {now[:3] + " " + now[3:]}}); a.status != http.StatusSeeOther {
		t.Fatalf("the right code: %d %s", a.status, a.body)
	}
	if a := p.get("/console/me"); a.status != http.StatusOK || !strings.Contains(a.body, signZH.StepOn) {
		t.Errorf("the person's own session ended, or the page does not say that it is on: %d", a.status)
	}
	if a := elsewhere.get("/console/me"); a.status != http.StatusSeeOther {
		t.Errorf("the session elsewhere went on: %d", a.status)
	}
	second := func(typed string) answer {
		a := b.signIn("finance", goodPassword)
		ticket := regexp.MustCompile(`name="ticket" value="([^"]+)"`).FindStringSubmatch(a.body)
		if ticket == nil || cookieOf(a) != "" {
			t.Fatalf("the second step is not asked for: %d", a.status)
		}
		return b.nobody().post("/console/sign-in/code", url.Values{"ticket": {ticket[1]}, "code": {typed}})
	}
	if a := second(now); a.status != http.StatusUnauthorized {
		t.Errorf("the code that was used already: %d, want 401", a.status)
	}
	if err := b.World.Run(ctx, 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	if a := second(code(t, secret[1], b.Clock.Now())); a.status != http.StatusSeeOther || cookieOf(a) == "" {
		t.Errorf("a fresh code: %d", a.status)
	}
	if a := b.nobody().post("/console/sign-in/code", url.Values{"ticket": {"forged"}, "code": {"123456"}}); a.header.Get("Location") != "/console/sign-in" {
		t.Errorf("a forged ticket: %d", a.status)
	}
	if a := boss.post("/console/m/"+b.Merchant.ID+"/people/"+p.who.ID+"/reset-totp", nil); a.status != http.StatusSeeOther {
		t.Fatalf("the owner resets it: %d", a.status)
	}
	if a := b.signIn("finance", goodPassword); a.status != http.StatusSeeOther || cookieOf(a) == "" {
		t.Errorf("after the reset: %d", a.status)
	}
}

func TestChangedPasswordSignsOutElsewhere(t *testing.T) {
	b := openBench(t)
	p := b.invited(b.Merchant.ID, "owner", postern.RoleOwner)
	elsewhere := &person{bench: b, who: p.who, cookie: cookieOf(b.signIn("owner", goodPassword))}
	const next = "lantern copper 44 rain"
	if a := p.post("/console/me/password", url.Values{"old": {"not that one"}, "password": {next}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong present password: %d, want 422", a.status)
	}
	if a := p.post("/console/me/password", url.Values{"old": {goodPassword}, "password": {next}}); a.status != http.StatusSeeOther {
		t.Fatalf("changing it: %d", a.status)
	}
	if here, there := p.get("/console/me").status, elsewhere.get("/console/me").status; here != http.StatusOK || there != http.StatusSeeOther {
		t.Errorf("here %d, elsewhere %d; want 200 and 303", here, there)
	}
	if a := b.signIn("owner", goodPassword); a.status != http.StatusUnauthorized {
		t.Errorf("the old password: %d, want 401", a.status)
	}
}

func TestNextStaysInTheConsole(t *testing.T) {
	for next, want := range map[string]string{
		"/console/m/mer_1/orders": "/console/m/mer_1/orders", "//evil.example/console/": "", "https://evil.example/console/": "", "/console//evil": "", "/console/../c/x": "",
		"/other": "", "": "", `/console/\evil.example`: "", "/console/x?y": "", "javascript:alert(1)": "",
	} {
		if got := safeNext(next); got != want {
			t.Errorf("safeNext(%q) = %q, want %q", next, got, want)
		}
	}
}

// TestWhatNobodySeesIsOnRecord: going out, ending a session elsewhere and testing a channel leave a line each, with the one who did it, and nobody else's session ends.
//
// Red without: the Audits of engine.closeSession or of engine.TestChannel; the StaffID of store.endSessions.
func TestWhatNobodySeesIsOnRecord(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	boss, other := b.as(b.Merchant.ID, postern.RoleOwner), b.as(b.Merchant.ID, postern.RoleOwner)
	secret, err := b.Engine.OpenSession(ctx, boss.who, "elsewhere")
	if err != nil {
		t.Fatal(err)
	}
	theirs := strings.TrimPrefix(other.cookie, b.handler.cookieName()+"=")
	if a := boss.post("/console/me/sessions/"+engine.SessionHash(theirs)+"/end", nil); a.status == http.StatusSeeOther || other.get("/console/me").status != http.StatusOK {
		t.Errorf("somebody else's session: %d", a.status)
	}
	if a := boss.post("/console/me/sessions/"+engine.SessionHash(secret)+"/end", nil); a.status != http.StatusSeeOther {
		t.Fatalf("ending one: %d", a.status)
	}
	boss.post(b.at("/go-live/"+b.Channels["wechatpay"].ID+"/check"), nil).wants(t, http.StatusOK)
	if a := boss.post("/console/sign-out", nil); a.status != http.StatusSeeOther {
		t.Fatalf("signing out: %d", a.status)
	}
	list, _, err := b.Store.Audits(ctx, b.Merchant.ID, store.Page{Limit: 3})
	if err != nil || len(list) != 3 {
		t.Fatal(list, err)
	}
	for i, want := range []string{"session.sign_out", "channel.test", "session.close"} {
		if list[i].Act != want || list[i].StaffID != boss.who.ID {
			t.Errorf("the act is %s by %s, want %s by %s", list[i].Act, list[i].StaffID, want, boss.who.ID)
		}
	}
	other.get(b.at("/audit")).wants(t, http.StatusOK, acts["session.sign_out"].zh, acts["session.close"].zh, acts["channel.test"].zh)
}
