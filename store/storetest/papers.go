package storetest

import (
	"testing"
	"time"

	"postern"
	"postern/ledger"
	"postern/store"
)

// testTellMany: events of many merchants are committed with their numbers and the progress; a repetition changes nothing.
func testTellMany(t *testing.T, f *fixture) {
	ctx := t.Context()
	check(t, f.SaveEndpoint(ctx, store.Endpoint{MerchantID: mine, ID: "ep_1", URL: "https://shop.example/hook", Secret: []byte{1}, CreatedAt: epoch}))
	waiting := f.event(mine, "pay_1") // committed before, not numbered yet
	f.commit(store.Change{MerchantID: mine, Events: []postern.Event{waiting}})
	a, b := f.event(mine, ""), f.event(theirs, "")
	a.Type, b.Type = postern.EventClosureAnnounced, postern.EventClosureAnnounced
	progress := store.Telling{OwnerID: postern.Platform, ClosureID: "clo_1", Edit: 1, AfterID: mine, CreatedAt: epoch}
	_, err := f.Telling(ctx, postern.Platform, "clo_1", 1)
	f.wantCode(err, postern.CodeNotFound)
	f.want(must[int64](f)(f.TellMany(ctx, []postern.Event{b, a, b}, &progress)), int64(2))
	list := must[[]postern.Event](f)(f.Events(ctx, mine, 0, 10))
	f.want([]any{len(list), list[0].ID, list[1].ID, list[1].Position}, []any{2, waiting.ID, a.ID, int64(2)})
	f.want(list[1].Hash, store.ChainHash(list[0].Hash, list[1]))
	f.want(must[[]postern.Event](f)(f.Events(ctx, theirs, 0, 10))[0].Position, int64(1))
	deliveries, _, err := f.Deliveries(ctx, mine, "", store.Page{Limit: 10})
	f.want([]any{len(deliveries), err}, []any{2, nil})
	f.want(len(f.jobs), 2)
	progress.Told, progress.AfterID, progress.DoneAt = 2, "", epoch.Add(time.Second)
	f.want(must[int64](f)(f.TellMany(ctx, []postern.Event{a, b}, &progress)), int64(0))
	f.want(must[store.Telling](f)(f.Telling(ctx, postern.Platform, "clo_1", 1)), progress)
	f.want(len(must[[]postern.Event](f)(f.Events(ctx, mine, 0, 10))), 2)
}

// testTellManyLate: who has more waiting events than are taken along gets all of its numbers from a job, in the order of the ids.
func testTellManyLate(t *testing.T, f *fixture) {
	ctx := t.Context()
	c := store.Change{MerchantID: theirs}
	for range 2_100 {
		c.Events = append(c.Events, f.event(theirs, ""))
	}
	f.commit(c)
	a, b := f.event(mine, ""), f.event(theirs, "")
	f.want(must[int64](f)(f.TellMany(ctx, []postern.Event{a, b}, nil)), int64(2))
	f.want(must[[]postern.Event](f)(f.Events(ctx, mine, 0, 10))[0].ID, a.ID)
	f.want(len(must[[]postern.Event](f)(f.Events(ctx, theirs, 0, 10))), 0)
	f.want([]any{len(f.jobs), f.jobs[0].MerchantID, f.jobs[0].Kind}, []any{1, theirs, postern.JobSequence})
	for {
		if list := must[[]postern.Event](f)(f.SequenceEvents(ctx, theirs, 1000)); len(list) == 0 {
			break
		}
	}
	last := must[[]postern.Event](f)(f.Events(ctx, theirs, 2_100, 10))
	f.want([]any{len(last), last[0].ID, last[0].Position}, []any{1, b.ID, int64(2_101)})
}

// testTellManyCrashes: before any statement and around the commit, all of it is there or nothing.
func testTellManyCrashes(t *testing.T, f *fixture) {
	ctx := t.Context()
	events := []postern.Event{f.event(mine, ""), f.event(theirs, "")}
	progress := store.Telling{OwnerID: postern.Platform, ClosureID: "clo_1", Edit: 1, CreatedAt: epoch}
	for k := 1; ; k++ {
		passed := 0
		f.fault = func(point string) error {
			if passed++; passed == k && point != store.FaultAfterCommit {
				return errCrash
			}
			return nil
		}
		_, err := f.TellMany(ctx, events, &progress)
		f.fault = nil
		if err == nil {
			if k < 5 {
				t.Errorf("only %d points", k)
			}
			break
		}
		if n := len(must[[]postern.Event](f)(f.Events(ctx, mine, 0, 10))) + len(must[[]postern.Event](f)(f.Events(ctx, theirs, 0, 10))); n != 0 {
			t.Fatalf("point %d left %d events", k, n)
		}
	}
	f.want(len(must[[]postern.Event](f)(f.Events(ctx, theirs, 0, 10))), 1)
}

func testSales(t *testing.T, f *fixture) {
	ctx := t.Context()
	_, a, r := f.paid(mine)
	f.paid(mine)
	f.paid(theirs)
	long := time.UnixMilli(0) // The ids of the fixture begin at zero.
	want := store.Sale{MerchantID: mine, ChannelID: a.ChannelID, Provider: a.Provider, Product: a.Product, Container: a.Container, Currency: "CNY", Orders: 2, Amount: 6000, Within: 2, WithinAmount: 6000}
	f.want(must[[]store.Sale](f)(f.Sales(ctx, []string{mine}, long, 0, 0)), []store.Sale{want})
	want.Within, want.WithinAmount = 0, 0
	f.want(must[[]store.Sale](f)(f.Sales(ctx, []string{mine}, long, r.Amount+1, 0)), []store.Sale{want})
	f.want(len(must[[]store.Sale](f)(f.Sales(ctx, []string{mine, theirs}, long, 0, r.Amount-1))), 2)
	f.want(len(must[[]store.Sale](f)(f.Sales(ctx, []string{mine}, epoch.Add(time.Second), 0, 0))), 0)
	f.want(must[time.Time](f)(f.LastSale(ctx, mine, a.ChannelID)), epoch)
	f.want(must[time.Time](f)(f.LastSale(ctx, mine, "chn_2")), time.Time{})
	for _, c := range []postern.Channel{{MerchantID: mine, ID: "chn_1", Rank: 2}, {MerchantID: mine, ID: "chn_2", Rank: 1}, {MerchantID: theirs, ID: "chn_3"}} {
		check(t, f.SaveChannel(ctx, c))
	}
	by := must[map[string][]postern.Channel](f)(f.ChannelsOf(ctx, []string{mine, theirs}))
	f.want([]any{by[mine][0].ID, by[mine][1].ID, by[theirs][0].ID}, []any{"chn_2", "chn_1", "chn_3"})
}

func testFleet(t *testing.T, f *fixture) {
	ctx := t.Context()
	move := postern.FleetMove{
		OwnerID: "ptn_1", ID: "flt_1", ClosureOwnerID: postern.Platform, ClosureID: "clo_1", To: []string{"two"}, Policy: postern.MovePolicy{Least: 30, WorseBP: 300}, Live: true,
		Status: postern.MoveMoving, Share: 100, Merchants: 2, Before: postern.Tally{Tried: 3, Paid: 2}, StepAt: epoch, CreatedAt: epoch, UpdatedAt: epoch,
		History: []postern.MoveEdit{{At: epoch, Who: "me", What: "began", Share: 100}},
	}
	check(t, f.SaveFleetMove(ctx, move, postern.Job{MerchantID: "ptn_1", Kind: postern.JobFleetMove, Args: "{}", RunAt: epoch}))
	move.Version = 1
	f.want(must[postern.FleetMove](f)(f.FleetMove(ctx, "ptn_1", "flt_1")), move)
	_, err := f.FleetMove(ctx, "ptn_2", "flt_1")
	f.wantCode(err, postern.CodeNotFound)
	list, next, err := f.FleetMoves(ctx, "ptn_1", store.Page{Limit: 5})
	f.want([]any{list, next, err, len(f.jobs)}, []any{[]postern.FleetMove{move}, "", nil, 1})
	channel := postern.Channel{MerchantID: mine, ID: "chn_1", Rank: 7, CreatedAt: epoch, UpdatedAt: epoch}
	check(t, f.SaveChannel(ctx, channel))
	channel.Version = 1
	members := []postern.MoveMember{
		{MerchantID: mine, MoveID: "flt_1", OwnerID: "ptn_1", Place: 1, State: postern.MemberPlanned, Steps: []postern.MoveChange{{ChannelID: "chn_1", Rank: 50}}, UpdatedAt: epoch},
		{MerchantID: theirs, MoveID: "flt_1", OwnerID: "ptn_1", Place: 0, State: postern.MemberPlanned, Steps: []postern.MoveChange{{ChannelID: "chn_9", Rank: 50}}, UpdatedAt: epoch},
	}
	check(t, f.PlanMembers(ctx, members))
	changed := members[0]
	changed.Note = "planned again"
	check(t, f.PlanMembers(ctx, []postern.MoveMember{changed}))
	f.want(must[[]postern.MoveMember](f)(f.Members(ctx, "flt_1", postern.MemberPlanned, 0, 2, 10)), []postern.MoveMember{members[1], members[0]})
	f.want(len(must[[]postern.MoveMember](f)(f.Members(ctx, "flt_1", postern.MemberPlanned, 0, 1, 10))), 1)
	testMoveMember(t, f, move, members[0], channel)
}

// testMoveMember: a member is moved with its channels or not at all, once, and only while the move is what it was.
func testMoveMember(t *testing.T, f *fixture, move postern.FleetMove, m postern.MoveMember, c postern.Channel) {
	ctx := t.Context()
	m.State, m.MovedAt, m.Steps[0].Was, c.Rank = postern.MemberMoved, epoch, 7, 50
	event := f.event(mine, "")
	stale := c
	stale.Version = 9
	f.wantCode(f.MoveMember(ctx, move, m, postern.MemberPlanned, []postern.Channel{stale}, []postern.Event{event}, nil), postern.CodeConflict)
	f.want(must[map[string]int64](f)(f.MemberCounts(ctx, "flt_1")), map[string]int64{postern.MemberPlanned: 2})
	check(t, f.MoveMember(ctx, move, m, postern.MemberPlanned, []postern.Channel{c}, []postern.Event{event}, nil))
	f.want(must[postern.MoveMember](f)(f.Member(ctx, mine, "flt_1")), m)
	f.want(must[postern.Channel](f)(f.Channel(ctx, mine, "chn_1")).Rank, int64(50))
	c.Version = 2
	f.wantCode(f.MoveMember(ctx, move, m, postern.MemberPlanned, []postern.Channel{c}, nil, nil), postern.CodeConflict)
	f.want(must[postern.Channel](f)(f.Channel(ctx, mine, "chn_1")).Version, int64(2))
	undoing := move
	undoing.Status = postern.MoveUndoing
	check(t, f.SaveFleetMove(ctx, undoing))
	f.wantCode(f.SaveFleetMove(ctx, undoing), postern.CodeConflict)
	back := m
	back.State = postern.MemberUndone
	f.wantCode(f.MoveMember(ctx, move, back, postern.MemberMoved, nil, nil, nil), postern.CodeConflict) // The move has changed since it was loaded.
	testTallies(t, f)
}

func testTallies(t *testing.T, f *fixture) {
	ctx := t.Context()
	f.paid(mine)
	f.paid(theirs)
	p := f.payment(theirs)
	unseen, failed := f.attempt(p), f.attempt(p)
	unseen.Status, unseen.ExposedAt, failed.Status = postern.AttemptClosed, time.Time{}, postern.AttemptFailed
	f.commit(store.Change{MerchantID: theirs, At: epoch, Payment: p, Attempts: []postern.Attempt{unseen, failed}, Transactions: []ledger.Transaction{}})
	long := time.UnixMilli(0) // The ids of the fixture begin at zero.
	moved, others, err := f.FleetTallies(ctx, "flt_1", long)
	f.want([]any{moved, others, err}, []any{postern.Tally{Tried: 1, Paid: 1}, postern.Tally{Tried: 2, Paid: 1}, nil})
	moved, others, err = f.FleetTallies(ctx, "flt_1", epoch.Add(time.Second))
	f.want([]any{moved, others, err}, []any{postern.Tally{}, postern.Tally{}, nil})
}
