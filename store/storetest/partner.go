package storetest

import (
	"errors"
	"testing"
	"time"

	"postern"
	"postern/store"
)

// testPartners: lists of a partner's hold its merchants' rows of one mode and span, and nobody else's.
func testPartners(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(f.SavePartner(ctx, postern.Partner{ID: "ptn_2", Name: "b", CreatedAt: epoch}))
	ok(f.SavePartner(ctx, postern.Partner{ID: "ptn_1", Name: "a", CreatedAt: epoch}))
	list := must[[]postern.Partner](f)(f.Partners(ctx))
	f.want([]string{list[0].ID, list[1].ID}, []string{"ptn_1", "ptn_2"})
	m := postern.Merchant{ID: mine, PartnerID: "ptn_1", Name: "茶", Live: true, Reference: "R-1", CreatedAt: epoch}
	channel := postern.Channel{MerchantID: mine, ID: "chn_1", CredentialSetID: "crs_1", CredentialOwnerID: "ptn_1", Provider: "one", SubMerchant: "9", CreatedAt: epoch, UpdatedAt: epoch}
	ok(f.SaveShop(ctx, &m, []postern.Channel{channel}))
	f.want(must[postern.Merchant](f)(f.Merchant(ctx, mine)).Reference, "R-1")
	ok(f.SaveMerchant(ctx, postern.Merchant{ID: theirs, PartnerID: "ptn_2", Name: "b", Live: true, CreatedAt: epoch}))
	first := f.payment(mine)
	first.ID = postern.FirstID(postern.PrefixPayment, epoch)
	f.commit(store.Change{MerchantID: mine, Payment: first})
	f.commit(store.Change{MerchantID: theirs, Payment: f.payment(theirs)})
	span := store.Span{PartnerID: "ptn_1", Live: true, From: epoch.Add(-time.Minute), Until: epoch.Add(time.Minute)}
	page := store.Page{Limit: 10}
	for _, want := range []struct {
		n    int
		edit func(*store.Span)
	}{
		{1, func(*store.Span) {}}, {0, func(s *store.Span) { s.Live = false }}, {0, func(s *store.Span) { s.PartnerID = "ptn_3" }},
		{0, func(s *store.Span) { s.Until = epoch.Truncate(time.Millisecond) }}, {0, func(s *store.Span) { s.From = epoch.Add(time.Second) }},
	} {
		s := span
		want.edit(&s)
		rows, _, err := f.PartnerPayments(ctx, s, page)
		f.want([]any{len(rows), err}, []any{want.n, nil})
	}
	refunds, _, err := f.PartnerRefunds(ctx, span, page)
	f.want([]any{len(refunds), err}, []any{0, nil})
	testNumbers(t, f, channel, ok)
}

// testNumbers: a number under an account leads to one merchant until its channel is retired, and what dies half-way leaves nothing.
func testNumbers(t *testing.T, f *fixture, c postern.Channel, ok func(error)) {
	ctx := t.Context()
	holder := func() []store.Holder {
		t.Helper()
		return must[[]store.Holder](f)(f.Holders(ctx, "ptn_1", "crs_1", "9"))
	}
	f.want(holder(), []store.Holder{{Number: "9", MerchantID: mine, ChannelID: "chn_1"}})
	other := c
	other.MerchantID, other.ID = theirs, "chn_2"
	f.wantCode(f.SaveChannel(ctx, other), postern.CodeConflict)
	down := errors.New("down")
	n := 0
	f.fault = func(string) error {
		if n++; n == 3 {
			return down
		}
		return nil
	}
	third := postern.Merchant{ID: "mer_00000000000000000000000003", PartnerID: "ptn_1", Name: "c", CreatedAt: epoch}
	other.MerchantID, other.SubMerchant = third.ID, "10"
	if err := f.SaveShop(ctx, &third, []postern.Channel{other}); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	f.fault = nil
	_, err := f.Merchant(ctx, third.ID)
	f.wantCode(err, postern.CodeNotFound)
	f.want(len(must[[]store.Holder](f)(f.Holders(ctx, "ptn_1", "crs_1", ""))), 1)
	c.Version, c.RetiredAt = 1, epoch
	ok(f.SaveChannel(ctx, c))
	f.want(len(holder()), 0)
	other.MerchantID, other.SubMerchant = theirs, "9"
	ok(f.SaveChannel(ctx, other))
	f.want(holder(), []store.Holder{{Number: "9", MerchantID: theirs, ChannelID: "chn_2"}})
}

// testPartnerEndpoints: an endpoint of a partner's hears of all its merchants of its mode and of the partner itself, and of nobody else.
func testPartnerEndpoints(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	partner := "ptn_00000000000000000000000001"
	ok(f.SaveMerchant(ctx, postern.Merchant{ID: mine, PartnerID: partner, Name: "a", Live: true, CreatedAt: epoch}))
	ok(f.SaveMerchant(ctx, postern.Merchant{ID: theirs, Name: "b", Live: true, CreatedAt: epoch}))
	ok(f.SaveEndpoint(ctx, store.Endpoint{MerchantID: partner, ID: "ep_live", URL: "u", Secret: []byte{1}, Live: true, CreatedAt: epoch}))
	ok(f.SaveEndpoint(ctx, store.Endpoint{MerchantID: partner, ID: "ep_test", URL: "u", Secret: []byte{1}, CreatedAt: epoch}))
	ok(f.SaveEndpoint(ctx, store.Endpoint{MerchantID: mine, ID: "ep_own", URL: "u", Secret: []byte{1}, CreatedAt: epoch}))
	f.commit(store.Change{MerchantID: mine, Events: []postern.Event{f.event(mine, "pay_1")}})
	f.commit(store.Change{MerchantID: theirs, Events: []postern.Event{f.event(theirs, "pay_2")}})
	for _, m := range []string{mine, theirs} {
		_, err := f.SequenceEvents(ctx, m, 10)
		ok(err)
	}
	told := must[int64](f)(f.TellMany(ctx, []postern.Event{f.event(mine, ""), f.event(theirs, ""), f.event(partner, "")}, nil))
	f.want(told, int64(3))
	page := store.Page{Limit: 10}
	for endpoint, want := range map[string]int{"ep_live": 3, "ep_test": 0} {
		list, _, err := f.PartnerDeliveries(ctx, partner, endpoint, page)
		f.want([]any{len(list), err}, []any{want, nil})
	}
	own, _, err := f.Deliveries(ctx, mine, "ep_own", page)
	f.want([]any{len(own), err}, []any{2, nil})
	f.want(must[store.Endpoint](f)(f.EndpointFor(ctx, mine, "ep_live")).MerchantID, partner)
	_, err = f.EndpointFor(ctx, theirs, "ep_live")
	f.wantCode(err, postern.CodeNotFound)
}

// testNotices: what a provider said is kept once and counted, with the closures that follow from it, and goes with retention.
func testNotices(t *testing.T, f *fixture) {
	ctx := t.Context()
	n := store.AccountNotice{
		OwnerID: mine, ID: "ntf_1", CredentialSetID: "crs_1", SubMerchant: "9", Kind: "VIOLATION", Message: "停用", Outcome: "applied", KeyID: "A1", Header: "{}", Body: []byte{0, 255}, Seen: 1, CreatedAt: epoch,
	}
	for range 2 {
		f.commit(store.Change{MerchantID: mine, Notices: []store.AccountNotice{n}})
	}
	n.Seen = 2
	f.want(must[store.AccountNotice](f)(f.Notice(ctx, mine, "ntf_1")), n)
	_, err := f.Notice(ctx, theirs, "ntf_1")
	f.wantCode(err, postern.CodeNotFound)
	c := postern.Closure{OwnerID: "ptn_1", ID: "clo_1", Title: "t", By: postern.ByProvider, CreatedAt: epoch}
	rejected := store.AccountNotice{OwnerID: "ptn_1", ID: "ntf_2", CredentialSetID: "crs_2", Outcome: "rejected", Header: "{}", CreatedAt: epoch}
	if err := f.SaveNotice(ctx, rejected, []postern.Closure{c}, postern.Job{MerchantID: "ptn_1", Kind: postern.JobTellClosure, Args: "{}", RunAt: epoch}); err != nil {
		t.Fatal(err)
	}
	f.want(must[postern.Closure](f)(f.Closure(ctx, "ptn_1", "clo_1")).Title, "t")
	f.want([]any{must[int64](f)(f.NoticesRejected(ctx, "ptn_1", "crs_2")), len(f.jobs)}, []any{int64(1), 1})
	list, next, err := f.Notices(ctx, mine, store.Page{Limit: 5})
	f.want([]any{len(list), next, err}, []any{1, "", nil})
	f.want(must[int64](f)(f.Forget(ctx, mine, epoch.Add(time.Hour), epoch)), int64(1))
}

// testUnderWay: what is under way over an account and over a channel.
func testUnderWay(t *testing.T, f *fixture) {
	ctx := t.Context()
	p := f.payment(mine)
	a := f.attempt(p)
	f.commit(store.Change{MerchantID: mine, Payment: p, Attempts: []postern.Attempt{a}})
	f.paid(theirs)
	f.want(must[[]store.Begun](f)(f.BegunOver(ctx, "crs_1")), []store.Begun{{MerchantID: mine, Currency: "CNY", Orders: 1, Amount: a.Amount}})
	for merchant, want := range map[string]int64{mine: 1, theirs: 0} {
		attempts, refunds, err := f.UnderWay(ctx, merchant, "chn_1")
		f.want([]any{attempts, refunds, err}, []any{want, int64(0), nil})
	}
}
