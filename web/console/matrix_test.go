package console

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postern"
	"postern/engine"
)

// foreignIDs are, for each placeholder of the route table but {merchant}, an id of its kind that belongs to nobody here or to another merchant. A route with a
// placeholder that is missing here fails the matrix: whoever adds a page says what a foreign object of it is.
var foreignIDs = map[string]func(b *bench) string{
	"secret":  func(*bench) string { return strings.Repeat("A", 43) },
	"session": func(b *bench) string { return b.sessionOf(b.as(b.shop("", "别家").ID, postern.RoleOwner)) },
	"channel": func(b *bench) string { return postern.NewID(postern.PrefixChannel, b.Clock.Now(), b.Rand) },
	"facade":  func(b *bench) string { return b.facadeOf(b.shop("", "别家").ID).Account.ID },
	"key":     func(b *bench) string { return postern.NewID(postern.PrefixFacadeKey, b.Clock.Now(), b.Rand) },
	"name":    func(*bench) string { return "public_key" },
	"person":  func(b *bench) string { return b.as(b.shop("", "别家").ID, postern.RoleOwner).who.ID },
}

// sessionOf is the stored form of a person's session.
func (b *bench) sessionOf(p *person) string {
	_, secret, _ := strings.Cut(p.cookie, "=")
	return engine.SessionHash(secret)
}

var placeholder = regexp.MustCompile(`\{([a-z]+)\}`)

// fill writes an address of a route: the merchant, and ids of objects that are not the merchant's.
func (b *bench) fill(one route, merchantID string) (method, path string) {
	b.Helper()
	method, path, _ = strings.Cut(one.pattern, " ")
	path = strings.TrimSuffix(path, "{$}")
	return method, placeholder.ReplaceAllStringFunc(path, func(hole string) string {
		name := hole[1 : len(hole)-1]
		if name == "merchant" {
			return merchantID
		}
		make, ok := foreignIDs[name]
		if !ok {
			b.Fatalf("%s: the matrix knows no foreign id for {%s}: add one to foreignIDs", one.pattern, name)
		}
		return make(b)
	})
}

// TestRouteMatrix holds every route of the table against everybody who must not have it: no session, another merchant's person, another partner's, each role that it does not name, another
// site's form, and an object that is not this merchant's.
func TestRouteMatrix(t *testing.T) {
	b := openBench(t)
	other := b.shop("", "别家")
	mine, branch := b.partner("甲")
	theirs, _ := b.partner("乙")
	constant := b.nobody().get("/console/there/is/no/such/page").body
	if len(routes) == 0 || !strings.Contains(constant, inChinese.NotFoundTitle) {
		t.Fatal("there is no table, or no constant page")
	}
	isConstant := func(t *testing.T, a answer) {
		t.Helper()
		if a.status != http.StatusNotFound || a.body != constant {
			t.Errorf("got %d, want the constant 404", a.status)
		}
	}
	people := map[postern.Role]*person{}
	partnerPeople := map[postern.Role]*person{}
	for _, role := range postern.Roles {
		people[role], partnerPeople[role] = b.as(b.Merchant.ID, role), b.as(mine.ID, role)
	}
	foreigner, foreignPartner := b.as(other.ID, postern.RoleOwner), b.as(theirs.ID, postern.RoleOwner)
	for _, one := range routes {
		t.Run(one.pattern, func(t *testing.T) {
			method, path := b.fill(one, b.Merchant.ID)
			ask := func(p *person, path string, headers ...string) answer {
				return p.send(method, path, "application/x-www-form-urlencoded", strings.NewReader(""), headers...)
			}
			if method == http.MethodPost {
				if a := ask(people[postern.RoleOwner], path, "Sec-Fetch-Site", "cross-site"); a.status != http.StatusForbidden {
					t.Errorf("another site's form: %d, want 403", a.status)
				}
			}
			if one.open {
				return
			}
			checkNobody(t, method, ask(b.nobody(), path))
			if one.partner {
				isConstant(t, ask(people[postern.RoleOwner], path))
			} else if strings.Contains(one.pattern, "{merchant}") {
				isConstant(t, ask(foreigner, path))
				isConstant(t, ask(foreignPartner, path))
				isConstant(t, ask(partnerPeople[postern.RoleOwner], path)) // the first shop has no partner
				_, branchPath := b.fill(one, branch.ID)
				isConstant(t, ask(foreignPartner, branchPath))
				isConstant(t, ask(people[postern.RoleOwner], branchPath))
			}
			for _, role := range postern.Roles {
				if len(one.roles) == 0 || slices.Contains(one.roles, role) {
					continue
				}
				who := people[role]
				if one.partner {
					who = partnerPeople[role]
				}
				if a := ask(who, path); a.status != http.StatusForbidden {
					t.Errorf("%s: %d, want 403", role, a.status)
				}
			}
			if len(placeholder.FindAllString(strings.ReplaceAll(one.pattern, "{merchant}", ""), -1)) > 0 {
				who := people[postern.RoleOwner]
				if one.partner {
					who = partnerPeople[postern.RoleOwner]
				}
				isConstant(t, ask(who, path))
			}
		})
	}
}

func checkNobody(t *testing.T, method string, a answer) {
	t.Helper()
	if method == http.MethodGet {
		if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/console/sign-in") {
			t.Errorf("nobody: %d to %q, want 303 to sign in", a.status, a.header.Get("Location"))
		}
		return
	}
	if a.status != http.StatusUnauthorized {
		t.Errorf("nobody: %d, want 401", a.status)
	}
}

// TestEverySessionRunsOut: idle for twelve hours, or its person disabled.
func TestEverySessionRunsOut(t *testing.T) {
	b := openBench(t)
	p := b.as(b.Merchant.ID, postern.RoleOwner)
	if a := p.get("/console"); a.header.Get("Location") != "/console/m/"+b.Merchant.ID {
		t.Fatalf("a session leads to %d %q", a.status, a.header.Get("Location"))
	}
	if err := b.World.Run(context.Background(), 13*3600*1e9); err != nil {
		t.Fatal(err)
	}
	if a := p.get("/console"); a.header.Get("Location") != "/console/sign-in" {
		t.Errorf("an idle session leads to %d %q", a.status, a.header.Get("Location"))
	}
}
