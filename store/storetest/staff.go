package storetest

import (
	"strings"
	"testing"
	"time"

	"postern"
	"postern/store"
)

// testStaff: who may sign in, with invitations that work once, codes that work once, sessions that end, and an owner that stays.
func testStaff(t *testing.T, f *fixture) {
	ctx, page := t.Context(), store.Page{Limit: 10}
	who := postern.Staff{OwnerID: mine, ID: "stf_1", Login: "wang", Name: "王", Role: postern.RoleOwner, CreatedAt: epoch, UpdatedAt: epoch}
	invitation := postern.Invitation{Hash: "i1", OwnerID: mine, StaffID: "stf_1", ExpiresAt: epoch.Add(time.Hour)}
	f.commit(store.Change{MerchantID: mine, Staff: []postern.Staff{who}, Invitations: []postern.Invitation{invitation}, Audits: []postern.Audit{{MerchantID: mine, ID: "aud_1", Act: "staff.add", CreatedAt: epoch}}})
	got := must[postern.Staff](f)(f.Staff(ctx, mine, "stf_1"))
	who.Version = 1
	f.want(got, who)
	f.want(must[postern.Staff](f)(f.StaffByLogin(ctx, "wang")), who)
	_, err := f.Staff(ctx, theirs, "stf_1")
	f.want(postern.CodeOf(err), postern.CodeNotFound)
	taken := who
	taken.ID, taken.Version, taken.OwnerID = "stf_2", 0, theirs
	f.want(postern.CodeOf(f.Commit(ctx, store.Change{MerchantID: theirs, Staff: []postern.Staff{taken}})), postern.CodeConflict)
	f.want(f.Commit(ctx, store.Change{MerchantID: theirs, Staff: []postern.Staff{who}}) != nil, true)

	used := invitation
	used.UsedAt = epoch.Add(time.Minute)
	f.commit(store.Change{MerchantID: mine, Invitations: []postern.Invitation{used}})
	f.want(postern.CodeOf(f.Commit(ctx, store.Change{MerchantID: mine, Invitations: []postern.Invitation{used}})), postern.CodeNotFound)
	second := postern.Invitation{Hash: "i2", OwnerID: mine, StaffID: "stf_1", ExpiresAt: epoch.Add(time.Hour)}
	third := second
	third.Hash = "i3"
	f.commit(store.Change{MerchantID: mine, Invitations: []postern.Invitation{second}})
	f.commit(store.Change{MerchantID: mine, Invitations: []postern.Invitation{third}})
	second.UsedAt = epoch.Add(time.Minute)
	f.want(postern.CodeOf(f.Commit(ctx, store.Change{MerchantID: mine, Invitations: []postern.Invitation{second}})), postern.CodeNotFound)
	third.UsedAt = epoch.Add(2 * time.Hour) // too late
	f.want(postern.CodeOf(f.Commit(ctx, store.Change{MerchantID: mine, Invitations: []postern.Invitation{third}})), postern.CodeNotFound)

	f.want(f.UseTOTPStep(ctx, mine, "stf_1", 7), nil)
	for _, step := range []int64{7, 6} {
		f.want(postern.CodeOf(f.UseTOTPStep(ctx, mine, "stf_1", step)), postern.CodeConflict)
	}
	people, next, err := f.People(ctx, mine, page)
	f.want([]any{len(people), next, err}, []any{1, "", nil})
	testLastOwner(t, f)
	testSessions(t, f)
}

// testLastOwner: whoever is the last owner stays one, whatever else may be changed of them.
func testLastOwner(t *testing.T, f *fixture) {
	ctx := t.Context()
	who := must[postern.Staff](f)(f.Staff(ctx, mine, "stf_1"))
	who.Name = "王芳"
	f.commit(store.Change{MerchantID: mine, Staff: []postern.Staff{who}})
	who.Version++
	for _, edit := range []func(*postern.Staff){func(s *postern.Staff) { s.Role = postern.RoleStaff }, func(s *postern.Staff) { s.DisabledAt = epoch }} {
		less := who
		edit(&less)
		err := f.Commit(ctx, store.Change{MerchantID: mine, Staff: []postern.Staff{less}})
		f.want(err != nil && strings.Contains(err.Error(), store.LastOwner), true)
	}
	other := postern.Staff{OwnerID: mine, ID: "stf_9", Login: "li", Name: "李", Role: postern.RoleOwner, CreatedAt: epoch, UpdatedAt: epoch}
	f.commit(store.Change{MerchantID: mine, Staff: []postern.Staff{other}})
	who.Role = postern.RoleStaff
	f.commit(store.Change{MerchantID: mine, Staff: []postern.Staff{who}})
	stale := who
	f.want(postern.CodeOf(f.Commit(ctx, store.Change{MerchantID: mine, Staff: []postern.Staff{stale}})), postern.CodeConflict)
}

func testSessions(t *testing.T, f *fixture) {
	ctx := t.Context()
	session := func(hash string) postern.Session {
		return postern.Session{Hash: hash, OwnerID: mine, StaffID: "stf_1", UserAgent: "浏览器", CreatedAt: epoch, SeenAt: epoch, ExpiresAt: epoch.Add(time.Hour)}
	}
	f.commit(store.Change{MerchantID: mine, Sessions: []postern.Session{session("a"), session("b"), session("c")}})
	got, who, err := f.SessionAndStaff(ctx, "a")
	f.want([]any{got, who.Login, err}, []any{session("a"), "wang", nil})
	f.want(f.TouchSession(ctx, "a", epoch.Add(30*time.Second), epoch.Add(-time.Second)), nil) // seen since then: not noted
	got, _, err = f.SessionAndStaff(ctx, "a")
	f.want([]any{got.SeenAt, err}, []any{epoch, nil})
	f.want(f.TouchSession(ctx, "a", epoch.Add(2*time.Minute), epoch.Add(time.Minute)), nil)
	list := must[[]postern.Session](f)(f.Sessions(ctx, mine, "stf_1"))
	f.want([]any{len(list), list[0].Hash, list[0].SeenAt}, []any{3, "a", epoch.Add(2 * time.Minute)})
	for _, of := range []string{"stf_2", "stf_1"} { // another person's act ends none of theirs
		f.commit(store.Change{MerchantID: mine, SessionsEnd: []store.SessionsEnd{{OwnerID: mine, StaffID: of, Only: "c"}}})
		f.want(len(must[[]postern.Session](f)(f.Sessions(ctx, mine, "stf_1"))), map[string]int{"stf_2": 3, "stf_1": 2}[of])
	}
	f.commit(store.Change{MerchantID: mine, SessionsEnd: []store.SessionsEnd{{OwnerID: mine, StaffID: "stf_1", Keep: "a"}}})
	list = must[[]postern.Session](f)(f.Sessions(ctx, mine, "stf_1"))
	f.want([]any{len(list), list[0].Hash}, []any{1, "a"})
	n, err := f.ForgetSessions(ctx, epoch.Add(30*time.Minute), epoch)
	f.want([]any{n, err}, []any{int64(1), nil}) // the invitation that another one replaced
	n, err = f.ForgetSessions(ctx, epoch.Add(2*time.Hour), epoch)
	f.want([]any{n, err}, []any{int64(3), nil})
	_, _, err = f.SessionAndStaff(ctx, "a")
	f.want(postern.CodeOf(err), postern.CodeNotFound)
}

// testPartnerShops: a partner's shops with what they took, found by any text, page by page.
func testPartnerShops(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for id, m := range map[string]postern.Merchant{mine: {Name: "100%_Tea!", PartnerID: "ptn_1"}, theirs: {Name: "Books", PartnerID: "ptn_1"}, "mer_00000000000000000000000003": {Name: "Elsewhere", PartnerID: "ptn_2"}} {
		m.ID, m.CreatedAt = id, epoch
		ok(f.SaveMerchant(ctx, m))
	}
	f.paid(mine) // 3000, with ids that begin at zero
	find := func(name string, recent time.Time, page store.Page) ([]store.ShopTakings, string) {
		t.Helper()
		rows, next, err := f.PartnerShops(ctx, "ptn_1", name, recent, time.UnixMilli(0), page)
		ok(err)
		return rows, next
	}
	rows, next := find("", epoch.AddDate(0, 0, -1), store.Page{Limit: 1})
	f.want([]any{len(rows), rows[0].Merchant.ID, rows[0].Currency, rows[0].Long, next}, []any{1, theirs, "", int64(0), theirs})
	rows, next = find("", epoch.AddDate(0, 0, -1), store.Page{Limit: 1, After: next})
	f.want([]any{len(rows), rows[0].Merchant.Name, rows[0].Currency, rows[0].Recent, rows[0].Long, next}, []any{1, "100%_Tea!", "CNY", int64(3000), int64(3000), ""})
	rows, _ = find("tea", epoch.AddDate(0, 0, 1), store.Page{Limit: 10})
	f.want([]any{len(rows), rows[0].Recent, rows[0].Long}, []any{1, int64(0), int64(3000)})
	for name, n := range map[string]int{"%": 1, "_": 1, "!": 1, "%%": 0, "books": 1, "elsewhere": 0, "": 2, "'": 0} {
		rows, _ := find(name, epoch, store.Page{Limit: 10})
		f.want([]any{name, len(rows)}, []any{name, n})
	}
	_, _, err := f.PartnerShops(ctx, "ptn_1", "", epoch, epoch, store.Page{Limit: 101})
	f.want(postern.CodeOf(err), postern.CodeInvalid)
	who := postern.Staff{OwnerID: mine, ID: "stf_1", Login: "wang", Role: postern.RoleOwner, CreatedAt: epoch, UpdatedAt: epoch}
	f.commit(store.Change{MerchantID: mine, Staff: []postern.Staff{who}})
	f.want(must[map[string]string](f)(f.LoginOwners(ctx, []string{"li", "wang"})), map[string]string{"wang": mine})
	f.want(must[bool](f)(f.SellsSomething(ctx, mine, epoch)), false)
}
