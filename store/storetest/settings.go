package storetest

import (
	"testing"
	"time"

	"postern"
	"postern/store"
)

func testSettings(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	partner := postern.Partner{ID: "ptn_1", Name: "ISV", CreatedAt: epoch}
	ok(f.SavePartner(ctx, partner))
	partner.Name = "ISV 2"
	ok(f.SavePartner(ctx, partner))
	f.want(must[postern.Partner](f)(f.Partner(ctx, "ptn_1")), partner)
	m := postern.Merchant{ID: mine, PartnerID: "ptn_1", Name: "茶", Live: true, Locale: "zh-CN", Zone: "Asia/Shanghai", Surplus: postern.SurplusPolicy{HoldLate: true}, CreatedAt: epoch, Category: "food", Region: "CN-11"}
	ok(f.SaveMerchant(ctx, m))
	ok(f.SaveMerchant(ctx, postern.Merchant{ID: theirs, Name: "b", CreatedAt: epoch}))
	m.Version = 1
	f.want(must[postern.Merchant](f)(f.Merchant(ctx, mine)), m)
	changed := m
	changed.Name, changed.Live = "tea", false
	ok(f.SaveMerchant(ctx, changed))
	f.wantCode(f.SaveMerchant(ctx, changed), postern.CodeConflict)
	m.Name, m.Version = "tea", 2 // still live: that never changes
	f.want(must[postern.Merchant](f)(f.Merchant(ctx, mine)), m)
	for partner, want := range map[string][]string{"": {theirs, mine}, "ptn_1": {mine}, "ptn_2": nil} {
		list, _, err := f.Merchants(ctx, partner, store.Page{Limit: 10})
		ok(err)
		var ids []string
		for _, m := range list {
			ids = append(ids, m.ID)
		}
		f.want(ids, want)
	}
	list, next, err := f.Merchants(ctx, "", store.Page{Limit: 1})
	f.want([]any{list[0].ID, next, err}, []any{theirs, theirs, nil})
	list, next, err = f.Merchants(ctx, "", store.Page{Limit: 1, After: next})
	f.want([]any{list[0].ID, next, err}, []any{mine, "", nil})
	testAccounts(t, f, ok)
	testChannels(t, f, ok)
	testKeys(t, f, ok)
}

func testAccounts(t *testing.T, f *fixture, ok func(error)) {
	ctx := t.Context()
	set := postern.CredentialSet{OwnerID: "ptn_1", ID: "crs_1", Provider: "one", Settings: map[string]string{"app_id": "1"}, Sandbox: true, CreatedAt: epoch}
	ok(f.SaveCredentialSet(ctx, set))
	set.Version, set.Settings = 1, map[string]string{"app_id": "2"}
	ok(f.SaveCredentialSet(ctx, set))
	f.wantCode(f.SaveCredentialSet(ctx, set), postern.CodeConflict)
	set.Version = 2
	f.want(must[postern.CredentialSet](f)(f.CredentialSet(ctx, "ptn_1", "crs_1")), set)
	f.want(must[[]postern.CredentialSet](f)(f.CredentialSets(ctx, "ptn_1")), []postern.CredentialSet{set})
	_, err := f.CredentialSet(ctx, mine, "crs_1")
	f.wantCode(err, postern.CodeNotFound)
	old := postern.Generation{OwnerID: "ptn_1", CredentialSetID: "crs_1", ID: "gen_1", Keys: map[string][]byte{"k": {0, 1, 255}}, NotBefore: epoch, CreatedAt: epoch}
	young := postern.Generation{OwnerID: "ptn_1", CredentialSetID: "crs_1", ID: "gen_2", Keys: map[string][]byte{"k": {2}}, NotBefore: epoch.Add(time.Hour), CreatedAt: epoch}
	ok(f.AddGeneration(ctx, old))
	ok(f.AddGeneration(ctx, young))
	f.wantCode(f.AddGeneration(ctx, postern.Generation{OwnerID: "ptn_1", CredentialSetID: "crs_none", ID: "gen_3"}), postern.CodeConflict)
	old.NotAfter, old.RetiredAt = epoch.Add(2*time.Hour), epoch.Add(3*time.Hour)
	ok(f.RetireGeneration(ctx, "ptn_1", "crs_1", "gen_1", old.NotAfter, old.RetiredAt))
	f.wantCode(f.RetireGeneration(ctx, mine, "crs_1", "gen_1", epoch, epoch), postern.CodeNotFound)
	young.Keys = map[string][]byte{"k": {3}}
	ok(f.RewrapGeneration(ctx, young))
	f.want(must[[]postern.Generation](f)(f.Generations(ctx, "ptn_1", "crs_1")), []postern.Generation{young, old})
	trust := postern.TrustKey{OwnerID: "ptn_1", CredentialSetID: "crs_1", KeyID: "A1", PEM: "pem", NotBefore: epoch, NotAfter: epoch.Add(time.Hour), CreatedAt: epoch}
	ok(f.SaveTrust(ctx, trust))
	trust.PEM = "pem 2"
	ok(f.SaveTrust(ctx, trust))
	f.want(must[[]postern.TrustKey](f)(f.Trust(ctx, "ptn_1", "crs_1")), []postern.TrustKey{trust})
	testAccountAct(t, f, ok, set)
}

// testAccountAct changes an account with further keys on record: all of it or nothing. Orders over a channel of another owner's account do not make it a used one.
func testAccountAct(t *testing.T, f *fixture, ok func(error), set postern.CredentialSet) {
	t.Helper()
	ctx := t.Context()
	further := postern.Generation{OwnerID: "ptn_1", CredentialSetID: "crs_1", ID: "gen_9", Keys: map[string][]byte{"k": {9}}, NotBefore: epoch.Add(3 * time.Hour), CreatedAt: epoch}
	act := postern.Audit{MerchantID: "ptn_1", ID: "aud_1", StaffOwnerID: postern.Platform, Who: "operator", Act: "credential.set", ObjectID: "crs_1", Detail: "app_id", CreatedAt: epoch}
	set.Settings = map[string]string{"app_id": "3"}
	ok(f.SaveCredentialSetAct(ctx, set, []postern.Generation{further}, act))
	act.ID, further.ID = "aud_2", "gen_10"
	f.wantCode(f.SaveCredentialSetAct(ctx, set, []postern.Generation{further}, act), postern.CodeConflict) // of a version that is no more
	set.Version++
	f.want(must[postern.CredentialSet](f)(f.CredentialSet(ctx, "ptn_1", "crs_1")), set)
	f.want(must[[]postern.Generation](f)(f.Generations(ctx, "ptn_1", "crs_1"))[0].ID, "gen_9")
	audits, _, err := f.Audits(ctx, "ptn_1", store.Page{Limit: 10})
	ok(err)
	f.want(len(audits), 1)
	f.want(must[bool](f)(f.AccountUsed(ctx, "ptn_1", "crs_1")), false)
}

func testChannels(t *testing.T, f *fixture, ok func(error)) {
	ctx := t.Context()
	c := postern.Channel{
		MerchantID: mine, ID: "chn_1", CredentialSetID: "crs_1", CredentialOwnerID: "ptn_1", Provider: "one", SubMerchant: "9", Products: []string{"jsapi"},
		Permissions: []postern.Permission{{Act: postern.ActPay, Allowed: true, From: epoch, Source: "agreement"}}, MinAmount: 1, MaxAmount: 2, Rank: 2, Sandbox: true,
		CreatedAt: epoch, UpdatedAt: epoch,
	}
	ok(f.SaveChannel(ctx, c))
	second := c
	second.ID, second.Rank = "chn_2", 1
	ok(f.SaveChannel(ctx, second))
	c.Version, c.Rank, c.RetiredAt = 1, 3, epoch
	ok(f.SaveChannel(ctx, c))
	f.wantCode(f.SaveChannel(ctx, c), postern.CodeConflict)
	c.Version, second.Version = 2, 1
	f.want(must[postern.Channel](f)(f.Channel(ctx, mine, "chn_1")), c)
	f.want(must[[]postern.Channel](f)(f.Channels(ctx, mine)), []postern.Channel{second, c})
	f.want(must[[]postern.Channel](f)(f.ChannelsOfSet(ctx, "ptn_1", "crs_1")), []postern.Channel{c, second})
	f.want(len(must[[]postern.Channel](f)(f.ChannelsOfSet(ctx, mine, "crs_1"))), 0)
}

func testKeys(t *testing.T, f *fixture, ok func(error)) {
	ctx := t.Context()
	k := store.APIKey{OwnerID: mine, ID: "key_1", Prefix: "sk_live_ab", Hash: "h1", Live: true, Name: "shop", Scopes: []string{"read", "pay"}, CreatedAt: epoch}
	ok(f.SaveKey(ctx, k))
	f.wantCode(f.SaveKey(ctx, store.APIKey{OwnerID: theirs, ID: "key_2", Hash: "h1"}), postern.CodeConflict)
	f.want(must[store.APIKey](f)(f.KeyByHash(ctx, "h1")), k)
	f.wantCode(f.RevokeKey(ctx, theirs, "key_1", epoch), postern.CodeNotFound)
	ok(f.RevokeKey(ctx, mine, "key_1", epoch))
	ok(f.RevokeKey(ctx, mine, "key_1", epoch.Add(time.Hour)))
	k.RevokedAt = epoch
	f.want(must[[]store.APIKey](f)(f.Keys(ctx, mine)), []store.APIKey{k})
	_, err := f.KeyByHash(ctx, "h2")
	f.wantCode(err, postern.CodeNotFound)
}

func testDeliveries(t *testing.T, f *fixture) {
	ctx := t.Context()
	e := store.Endpoint{MerchantID: mine, ID: "ep_1", URL: "https://shop.example/hook", Secret: []byte{0, 1}, Types: []string{"payment.paid"}, CreatedAt: epoch}
	if err := f.SaveEndpoint(ctx, e); err != nil {
		t.Fatal(err)
	}
	e.Version, e.DisabledAt = 1, epoch
	if err := f.SaveEndpoint(ctx, e); err != nil {
		t.Fatal(err)
	}
	f.wantCode(f.SaveEndpoint(ctx, e), postern.CodeConflict)
	e.Version = 2
	f.want(must[store.Endpoint](f)(f.Endpoint(ctx, mine, "ep_1")), e)
	f.want(must[[]store.Endpoint](f)(f.Endpoints(ctx, mine)), []store.Endpoint{e})
	f.want(len(must[[]store.Endpoint](f)(f.Endpoints(ctx, theirs))), 0)
	event := f.event(mine, "pay_1")
	f.commit(store.Change{MerchantID: mine, Events: []postern.Event{event}})
	d := store.Delivery{MerchantID: mine, ID: "dlv_1", EndpointID: "ep_1", EventID: event.ID, Status: store.DeliveryWaiting, NextAt: epoch, CreatedAt: epoch, UpdatedAt: epoch}
	job := postern.Job{MerchantID: mine, Kind: postern.JobDeliver, Args: "{}", RunAt: epoch}
	if err := f.SaveDelivery(ctx, d, job); err != nil {
		t.Fatal(err)
	}
	d.Version, d.Status, d.Tries, d.LastStatus, d.LastError, d.UpdatedAt = 1, store.DeliveryFailed, 3, 500, "busy", epoch.Add(time.Second)
	if err := f.SaveDelivery(ctx, d); err != nil {
		t.Fatal(err)
	}
	f.wantCode(f.SaveDelivery(ctx, d, job), postern.CodeConflict)
	d.Version = 2
	f.want(must[store.Delivery](f)(f.Delivery(ctx, mine, "dlv_1")), d)
	for endpoint, n := range map[string]int{"": 1, "ep_1": 1, "ep_2": 0} {
		list, _, err := f.Deliveries(ctx, mine, endpoint, store.Page{Limit: 5})
		f.want([]any{len(list), err}, []any{n, nil})
	}
	f.want(f.jobs, []postern.Job{job})
}

func testForget(t *testing.T, f *fixture) {
	ctx, c := t.Context(), f.whole()
	f.commit(c)
	deleted, err := f.Forget(ctx, theirs, epoch.Add(time.Hour), epoch.Add(time.Hour))
	f.want([]any{deleted, err}, []any{int64(0), nil})
	deleted, err = f.Forget(ctx, mine, epoch, epoch)
	f.want([]any{deleted, err}, []any{int64(0), nil})
	deleted, err = f.Forget(ctx, mine, epoch.Add(time.Hour), epoch.Add(time.Hour))
	f.want([]any{deleted, err}, []any{int64(4), nil})
	_, err = f.Buyer(ctx, mine, c.Attempts[0].ID)
	f.wantCode(err, postern.CodeNotFound)
	f.want(len(must[[]store.Exchange](f)(f.Exchanges(ctx, mine, c.Attempts[0].ID))), 0)
	state := must[postern.State](f)(f.LoadState(ctx, mine, c.Payment.ID))
	f.want([]int{len(state.Attempts), len(state.Receipts), len(state.Surpluses)}, []int{1, 2, 1})
}
