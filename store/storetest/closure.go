package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"postern"
	"postern/store"
)

// testClosures: a merchant is hit by the platform's, its partner's and its own; what was withdrawn is history.
func testClosures(t *testing.T, f *fixture) {
	ctx := context.Background()
	at := time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)
	closure := func(owner, id string) postern.Closure {
		return postern.Closure{
			OwnerID: owner, ID: id, Title: "the gate", By: postern.ByProvider, Who: "a provider", Source: "a notice", Notice: "from noon", Evidence: "attested_once",
			Scope: postern.Scope{Providers: []string{"p"}, Containers: []string{"c"}, MinAmount: 5}, Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: at}},
			History: []postern.ClosureEdit{{At: at, What: "announced"}}, CreatedAt: at,
		}
	}
	want := closure(postern.Platform, "clo_1")
	for _, c := range []postern.Closure{want, closure("mer_a", "clo_2"), closure("mer_b", "clo_3"), closure("ptn_a", "clo_4")} {
		check(t, f.SaveClosure(ctx, c))
	}
	want.Version = 1
	if got, err := f.Closure(ctx, postern.Platform, "clo_1"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
	list, err := f.Closures(ctx, "mer_a", "ptn_a")
	if err != nil || len(list) != 3 {
		t.Fatalf("%d closures for mer_a: %v", len(list), err)
	}
	moved := list[0].Move(at.Add(time.Hour), "withdrawn", "called off")
	check(t, f.SaveClosure(ctx, moved))
	scoped := list[1].Rescope(at, "wider", postern.Scope{Providers: []string{"p", "q"}})
	check(t, f.SaveClosure(ctx, scoped))
	if got, err := f.Closure(ctx, scoped.OwnerID, scoped.ID); err != nil || !reflect.DeepEqual(got.Scope, scoped.Scope) || got.History[1].What != "widened" {
		t.Errorf("rescoped %+v, %v", got, err)
	}
	if err := f.SaveClosure(ctx, moved); postern.CodeOf(err) != postern.CodeConflict {
		t.Errorf("a stale version: %v", err)
	}
	if list, err = f.Closures(ctx, "mer_a", "ptn_a"); err != nil || len(list) != 2 {
		t.Errorf("%d closures after one was withdrawn: %v", len(list), err)
	}
	if all, next, err := f.ClosuresOf(ctx, postern.Platform, store.Page{Limit: 10}); err != nil || len(all) != 1 || next != "" || len(all[0].History) != 2 {
		t.Errorf("history %+v, %v", all, err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
