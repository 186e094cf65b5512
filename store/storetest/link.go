package storetest

import (
	"testing"
	"time"

	"postern"
	"postern/store"
)

func testLinks(t *testing.T, f *fixture) {
	ctx := t.Context()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	l := postern.Link{
		MerchantID: mine, ID: "lnk_1", Token: "t1", Code: "c1", Title: "茶", Description: "d", Amount: 6800, Currency: "CNY", Items: []postern.Item{{Name: "i", Quantity: 2}},
		ReturnURL: "https://shop.example/", Targets: []postern.LinkTarget{{Target: "taobao", URL: "https://item.taobao.com/1"}}, Prefer: postern.PreferTarget, Live: true,
		ExpiresAt: epoch.Add(time.Hour), CreatedAt: epoch,
	}
	request := store.Request{MerchantID: mine, Key: "k", Fingerprint: "f", ObjectID: l.ID, Done: true, CreatedAt: epoch}
	ok(f.SaveLink(ctx, l, &request))
	l.Version = 1
	f.want(must[postern.Link](f)(f.Link(ctx, mine, "lnk_1")), l)
	f.want(must[postern.Link](f)(f.LinkByToken(ctx, "t1")), l)
	f.want(must[store.Request](f)(f.ReplayRequest(ctx, mine, "k")).ObjectID, l.ID)
	f.want(must[postern.ShortCode](f)(f.ShortCode(ctx, "c1")), postern.ShortCode{Code: "c1", MerchantID: mine, Kind: postern.CodeOfLink, ObjectID: l.ID, Token: "t1", CreatedAt: epoch})
	for _, other := range []postern.Link{{ID: "lnk_2", Token: "t1", Code: "c2"}, {ID: "lnk_2", Token: "t2", Code: "c1"}} { // whoever has it
		other.MerchantID, other.Amount, other.CreatedAt = theirs, 1, epoch
		f.wantCode(f.SaveLink(ctx, other, nil), postern.CodeConflict)
	}
	_, err := f.Link(ctx, theirs, "lnk_2")
	f.wantCode(err, postern.CodeNotFound)
	_, err = f.Link(ctx, theirs, "lnk_1")
	f.wantCode(err, postern.CodeNotFound)
	_, err = f.LinkByToken(ctx, "t2")
	f.wantCode(err, postern.CodeNotFound)
	_, err = f.ShortCode(ctx, "c2")
	f.wantCode(err, postern.CodeNotFound)
	changed := l
	changed.DisabledAt, changed.Amount, changed.Title = epoch.Add(time.Minute), 1, "other"
	ok(f.SaveLink(ctx, changed, nil))
	f.wantCode(f.SaveLink(ctx, changed, nil), postern.CodeConflict)
	l.Version, l.DisabledAt = 2, changed.DisabledAt // what it sells never changes
	f.want(must[postern.Link](f)(f.Link(ctx, mine, "lnk_1")), l)
	list, next, err := f.Links(ctx, mine, store.Page{Limit: 10})
	f.want([]any{list, next, err}, []any{[]postern.Link{l}, "", nil})
	testPaymentCodes(t, f)
}

// testPaymentCodes: a payment has one code for ever, and no code has two meanings.
func testPaymentCodes(t *testing.T, f *fixture) {
	ctx := t.Context()
	code := postern.ShortCode{Code: "p1", MerchantID: mine, Kind: postern.CodeOfPayment, ObjectID: "pay_1", Token: "pt1", CreatedAt: epoch}
	f.want(must[string](f)(f.PaymentCode(ctx, mine, "pay_1")), "")
	f.want(must[string](f)(f.SavePaymentCode(ctx, code)), "p1")
	again := code
	again.Code = "p2"
	f.want(must[string](f)(f.SavePaymentCode(ctx, again)), "p1")
	_, err := f.ShortCode(ctx, "p2")
	f.wantCode(err, postern.CodeNotFound)
	f.want(must[postern.ShortCode](f)(f.ShortCode(ctx, "p1")), code)
	f.want(must[string](f)(f.PaymentCode(ctx, mine, "pay_1")), "p1")
	f.want(must[string](f)(f.PaymentCode(ctx, theirs, "pay_1")), "")
	taken := postern.ShortCode{Code: "p1", MerchantID: theirs, Kind: postern.CodeOfPayment, ObjectID: "pay_2", Token: "pt2", CreatedAt: epoch}
	_, err = f.SavePaymentCode(ctx, taken)
	f.wantCode(err, postern.CodeConflict)
	f.want(must[string](f)(f.PaymentCode(ctx, theirs, "pay_2")), "")
}
