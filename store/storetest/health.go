package storetest

import (
	"fmt"
	"testing"
	"time"

	"postern"
	"postern/store"
)

func testHealth(t *testing.T, f *fixture) {
	ctx := t.Context()
	commit := func(h []postern.Health, r []postern.HealthRecord) error {
		return f.Commit(ctx, store.Change{MerchantID: mine, At: epoch, Health: h, Records: r})
	}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	evidence := postern.Evidence{Test: postern.TestStarts, Tried: 18, Bad: 16, Usual: 100, From: epoch, Codes: []postern.CodeCount{{Code: "SYSTEM_ERROR", Count: 16}}, Attempts: []string{"att_1"}, Code: "SYSTEM_ERROR", Message: "系统异常"}
	h := postern.Health{
		MerchantID: mine, ChannelID: "chn_1", Product: "native", State: postern.HealthSuspended, Cause: postern.CauseUnavailable, Round: 2, Tries: 3, Strikes: 1,
		Since: epoch, SuspendedAt: epoch.Add(-time.Hour), RestoredAt: epoch.Add(-time.Minute), NextAt: epoch.Add(time.Minute), Evidence: evidence,
	}
	other := h
	other.MerchantID = theirs
	ok(f.Commit(ctx, store.Change{MerchantID: theirs, At: epoch, Health: []postern.Health{other}}))
	ok(commit([]postern.Health{h}, nil))
	f.wantCode(commit([]postern.Health{h}, nil), postern.CodeConflict) // two nodes saw it at once
	h.Version = 1
	f.want(must[postern.Health](f)(f.Health(ctx, mine, "chn_1", "native")), h)
	f.want(must[[]postern.Health](f)(f.Ailing(ctx, mine)), []postern.Health{h})
	_, err := f.Health(ctx, mine, "chn_1", "h5")
	f.wantCode(err, postern.CodeNotFound)
	h.State, h.Share, h.NextAt = postern.HealthOpen, 0, time.Time{}
	ok(commit([]postern.Health{h}, nil))
	f.wantCode(commit([]postern.Health{h}, nil), postern.CodeConflict)
	h.Version = 2
	f.want(must[[]postern.Health](f)(f.ChannelHealth(ctx, mine, "chn_1")), []postern.Health{h})
	f.want(len(must[[]postern.Health](f)(f.Ailing(ctx, mine))), 0)
	f.want(len(must[[]postern.Health](f)(f.Ailing(ctx, theirs))), 1)
	var last postern.HealthRecord
	for i := range 210 {
		for _, product := range []string{"native", "h5"} {
			last = postern.HealthRecord{MerchantID: mine, ID: f.id(postern.PrefixHealth), ChannelID: "chn_1", Product: product, Step: postern.StepWidened, State: postern.HealthProbing, Cause: postern.CauseClosed, Share: int64(i), NextAt: epoch, Evidence: evidence, CreatedAt: epoch}
			ok(commit(nil, []postern.HealthRecord{last}))
		}
	}
	records := must[[]postern.HealthRecord](f)(f.HealthRecords(ctx, mine, "chn_1", 1_000))
	f.want(records[0], last)
	f.want([]int64{int64(len(records)), records[len(records)-1].Share}, []int64{400, 10}) // 200 of each product, the oldest gone
}

func testStarts(t *testing.T, f *fixture) {
	ctx := t.Context()
	p := f.payment(mine)
	change := store.Change{MerchantID: mine, At: epoch, Payment: p}
	for i := range 5 {
		a := f.attempt(p)
		a.ID = postern.FirstID(postern.PrefixAttempt, epoch.Add(time.Duration(i)*time.Second))
		a.Number, a.Class, a.CreatedAt = fmt.Sprint("no", i), "closed", epoch.Add(time.Duration(i)*time.Second)
		if i == 3 {
			a.Product = "h5"
		}
		change.Attempts = append(change.Attempts, a)
	}
	if err := f.Commit(ctx, change); err != nil {
		t.Fatal(err)
	}
	rows := must[[]store.Start](f)(f.Starts(ctx, mine, "chn_1", "jsapi", epoch.Add(3*time.Second), 2))
	var at []time.Time
	for _, r := range rows {
		at = append(at, r.CreatedAt)
	}
	f.want(at, []time.Time{epoch.Add(2 * time.Second), epoch.Add(time.Second)})
	f.want(rows[0], store.Start{ID: rows[0].ID, Status: postern.AttemptSending, Class: "closed", Code: "USERPAYING", Message: "等待", ExposedAt: epoch, CreatedAt: epoch.Add(2 * time.Second)})
	f.want(len(must[[]store.Start](f)(f.Starts(ctx, theirs, "chn_1", "jsapi", epoch.Add(time.Hour), 10))), 0)
}
