package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	"postern"
	"postern/route"
	"postern/wall"
)

// small is the founding market with few accounts and few days.
func small(t testing.TB, seed int64, set map[string]int64) *Market {
	t.Helper()
	m, err := LoadMarket("2014")
	if err != nil {
		t.Fatal(err)
	}
	m.Seed = seed
	for key, value := range set {
		if err := m.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func mustPlay(t testing.TB, m *Market) MarketReport {
	t.Helper()
	r, err := Play(context.Background(), m, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTheFoundingNumbers holds the market against the founding text: 60,000 accounts, one in ten sells, 6,000,000 orders a month.
func TestTheFoundingNumbers(t *testing.T) {
	m := small(t, 1, nil)
	if m.Shops() != 6_000 || m.MonthlyOrders() != 6_000_000 {
		t.Errorf("%d shops, %d orders a month", m.Shops(), m.MonthlyOrders())
	}
	w := newWorld(m)
	sizes := w.ordersUpTo()
	if sizes[w.shops] != 6_000_000 {
		t.Errorf("the shops' orders add up to %d", sizes[w.shops])
	}
	for _, a := range m.Assumptions {
		if a.Mark == "" || a.EN == "" || a.ZH == "" || a.Value < a.Min || a.Value > a.Max || a.Text() == "" {
			t.Errorf("assumption %+v", a)
		}
	}
}

// naive recounts a scene without the player's sharing, tables of sums and processors: one order after the other, each planned for itself, added up in one map. It
// shares the drawing of buyers with the player, and the planner; all else is written again.
func naive(m *Market, scene int) (sold, lost map[string]Sum) {
	w := newWorld(m)
	sold, lost = map[string]Sum{}, map[string]Sum{}
	var last int64
	total, upTo := m.MonthlyOrders(), int64(0)
	for k := range w.shops {
		var weights int64
		for j := range w.shops {
			weights += 1_000_000_000 / (j + 1 + w.tail)
		}
		upTo += 1_000_000_000 / (k + 1 + w.tail)
		now := mulDiv(total, upTo, weights)
		shop := w.shop(k, now-last)
		last = now
		before := naiveShop(w, &shop, 0)
		after := naiveShop(w, &shop, scene)
		for number, b := range before {
			a := after[number]
			add := func(table map[string]Sum, key string, amount int64) {
				s := table[key]
				table[key] = Sum{s.Orders + 1, s.Amount + amount}
			}
			if a.wallet != "" {
				add(sold, a.wallet, a.amount)
			}
			if b.wallet != "" && a.wallet == "" {
				add(lost, b.wallet, b.amount)
			}
		}
	}
	return sold, lost
}

type naiveSale struct {
	wallet string
	amount int64
}

func naiveShop(w *world, s *shop, scene int) []naiveSale {
	var sales []naiveSale
	memory := &stand{w: w, scene: &w.scenes[scene]}
	memory.open(s)
	opened := map[int64]map[string]bool{} // what each buyer opened here
	number := int64(0)
	for day := range w.days {
		memory.turn(day)
		for ; (number+1)*yearDays <= int64(day+1)*s.monthly*12; number++ {
			if day < s.opens {
				continue
			}
			sale := w.sale(s, number, day)
			wallet := naiveBuyer(w, memory, &sale, day, opened)
			sales = append(sales, naiveSale{wallet, sale.amount})
		}
	}
	return sales
}

// naiveBuyer is the buyer's rule in words: the fewest thoughts, floating nothing.
func naiveBuyer(w *world, memory *stand, o *sale, day int, opened map[int64]map[string]bool) string {
	has := func(wallet string) (account, card bool) {
		for i, known := range w.market.Wallets {
			if known.Wallet == wallet {
				return o.account>>i&1 == 1 || opened[o.buyer][wallet], o.card>>i&1 == 1 || opened[o.buyer][wallet]
			}
		}
		return false, false
	}
	var used uint8
	for i, known := range w.market.Wallets {
		if opened[o.buyer][known.Wallet] {
			used |= 1 << i
		}
	}
	look := func(place int) (kept []route.Candidate, out bool) {
		seen := map[string]bool{}
		for _, c := range memory.make(place, used, "").Candidates {
			if account, _ := has(c.Provider); c.Reason == route.ReasonWayOut && c.WayOut == wall.WayBrowser {
				out = out || account || len(kept) == 0
			}
			if c.Kept && !seen[c.Provider] {
				seen[c.Provider] = true
				kept = append(kept, c)
			}
		}
		return kept, out
	}
	choose := func(kept []route.Candidate) (int, int) { return naiveChoice(w, kept, has) }
	kept, out := look(o.place)
	at, steps := choose(kept)
	place := o.place
	if place == inApp && out {
		there, _ := look(inBrowser)
		if t, more := choose(there); t >= 0 && (at < 0 || more+int(w.ours.outSteps) < steps) {
			kept, at, steps, place = there, t, more+int(w.ours.outSteps), inBrowser
		}
	}
	if at < 0 {
		return ""
	}
	stay := surely * w.market.value("base_bp") / bpFull
	for range at {
		stay = stay * (bpFull - w.market.value("skip_bp")) / bpFull
	}
	for range steps {
		stay = stay * (bpFull - w.market.value("step_bp")) / bpFull
	}
	wallet := kept[at].Provider
	which := w.offer(wallet, kept[at].Product)
	memory.tried[which][place]++
	if o.stay >= stay {
		return ""
	}
	memory.paid[which][place]++
	if opened[o.buyer] == nil {
		opened[o.buyer] = map[string]bool{}
	}
	opened[o.buyer][wallet] = true
	return wallet
}

func naiveChoice(w *world, kept []route.Candidate, has func(string) (account, card bool)) (at, steps int) {
	at = -1
	for level := range 3 { // at once, with an account, without
		for i, c := range kept {
			account, card := has(c.Provider)
			if at < 0 && (level == 0 && card || level == 1 && account || level == 2) {
				at, steps = i, []int{0, int(w.ours.cardSteps), int(w.ours.accountSteps)}[level]
			}
		}
	}
	if at >= 0 {
		steps += map[string]int{"jsapi": 0, "h5": 1}[kept[at].Product]
	}
	return at, steps
}

// TestTheTotalsEqualANaiveRecount plays a small market twice, in two ways.
func TestTheTotalsEqualANaiveRecount(t *testing.T) {
	for seed := int64(1); seed <= 3; seed++ {
		m := small(t, seed, map[string]int64{"accounts": 120, "monthly": 200_000, "tail": seed, "web_bp": 5_000})
		r := mustPlay(t, m)
		for i, scene := range r.Scenes {
			sold, lost := naive(m, i)
			var all Sum
			for _, f := range scene.Report.Providers {
				if sold[f.Provider] != f.After {
					t.Errorf("seed %d, scene %s: %s sells %+v, recounted %+v", seed, scene.Name, f.Provider, f.After, sold[f.Provider])
				}
			}
			for _, s := range lost {
				all.Add(s)
			}
			if all != scene.Report.By.Lost {
				t.Errorf("seed %d, scene %s: lost %+v, recounted %+v", seed, scene.Name, scene.Report.By.Lost, all)
			}
		}
		if r.Asked.Orders < 2_000 || r.Scenes[1].Report.By.Lost.Orders == 0 || r.Scenes[1].Report.By.WayOut.Orders == 0 {
			t.Errorf("seed %d proves little: %+v, lost %+v", seed, r.Asked, r.Scenes[1].Report.By)
		}
	}
}

// TestTheSameSeedGivesTheSameReport on any number of processors, and another seed another.
func TestTheSameSeedGivesTheSameReport(t *testing.T) {
	text := func(seed int64, processors int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		raw, err := json.Marshal(mustPlay(t, small(t, seed, map[string]int64{"accounts": 500, "days": 60})))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	one := text(7, 1)
	if one != text(7, 3) || one != text(7, 8) {
		t.Error("the report depends on the number of processors")
	}
	if one == text(8, 3) {
		t.Error("the seed changes nothing")
	}
}

// TestEverySceneAddsUp checks sums against each other: by outcome, by place, by day, by provider.
func TestEverySceneAddsUp(t *testing.T) {
	r := mustPlay(t, small(t, 5, map[string]int64{"accounts": 300, "monthly": 1_000_000}))
	for _, s := range r.Scenes {
		by := s.Report.By
		var places, days, sold Sum
		for _, p := range s.Report.Places {
			places.Add(p.Total)
		}
		for _, d := range s.Report.Timeline {
			days.Add(d.Total)
		}
		for _, m := range s.Months {
			for _, f := range m.Sold {
				sold.Add(f.After)
			}
		}
		kept := by.before().Amount - by.Lost.Amount + by.Gained.Amount
		if by.before() != s.Report.Total || places != s.Report.Total || days != s.Report.Total || sold != s.Sold || s.Sold.Amount != kept {
			t.Errorf("scene %s: total %+v, outcomes %+v, places %+v, days %+v; sold %+v, months %+v, outcomes %d", s.Name, s.Report.Total, by.before(), places, days, s.Sold, sold, kept)
		}
	}
	if r.Scenes[0].Report.By.Lost.Orders != 0 {
		t.Error("the world without walls loses something")
	}
}

// TestTheContractsRunOut looks at the closing day by day: nobody stops on the day itself, all have stopped a contract's length later.
func TestTheContractsRunOut(t *testing.T) {
	r := mustPlay(t, small(t, 3, map[string]int64{"accounts": 1_000, "monthly": 1_000_000, "opening_bp": 0, "web_bp": 0}))
	alone := r.Scenes[1].Report
	day := func(date string) Slice {
		at, err := wall.ParseMoment(date)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range alone.Timeline {
			if s.At.Equal(at.Time()) {
				return s
			}
		}
		t.Fatalf("no %s on the time line", date)
		return Slice{}
	}
	if s := day("2014-02-12"); s.Shut != 0 || s.By.Lost.Orders != 0 {
		t.Errorf("the day before: %+v", s)
	}
	if s := day("2014-08-13"); s.Shut < r.Shops*4/10 || s.Shut > r.Shops*6/10 {
		t.Errorf("half a year on %d of %d shops have no contract", s.Shut, r.Shops)
	}
	if s := day("2015-02-13"); s.Shut != r.Shops || s.By.Carried.Orders != 0 {
		t.Errorf("a year on: %+v", s)
	}
	if len(r.First) != 4 || r.First[0].More.Amount <= 0 || r.First[0].More.Amount < r.First[3].More.Amount {
		t.Errorf("first %+v", r.First)
	}
}

// TestTheHostWallsBack asks on 1 and 3 February 2015 what a shop with a running contract shows in the app.
func TestTheHostWallsBack(t *testing.T) {
	w := newWorld(small(t, 1, nil))
	s := &stand{w: w, scene: &w.scenes[1], plans: make([]ways, places<<maxWallets)}
	shop := w.shop(0, 100)
	shop.opens, shop.ends, shop.web = 0, w.days, false
	s.open(&shop)
	for day := range w.days {
		s.turn(day)
		shown := s.plan(inApp, 0)
		before := w.midnight(day).Before(w.market.date("packet").AddDate(1, 0, 3)) // 2 February 2015
		if before && (shown.n != 1 || shown.out != 0) || !before && (shown.n != 0 || shown.out != 1) {
			t.Fatalf("on %s: %+v", w.midnight(day).Format("2006-01-02"), shown)
		}
	}
}

func TestAssumptionsAreChecked(t *testing.T) {
	m := small(t, 1, nil)
	for key, value := range map[string]int64{"nonsense": 1, "step_bp": 10_001, "closing": 20140231, "accounts": 0} {
		if err := m.Set(key, value); postern.CodeOf(err) != postern.CodeInvalid {
			t.Errorf("%s=%d: %v", key, value, err)
		}
	}
	if _, err := LoadMarket("2013"); err == nil {
		t.Error("a market that is not there was loaded")
	}
}

// BenchmarkMarket plays one month of 1.5, 3 and 6 million orders: time is linear in orders.
func BenchmarkMarket(b *testing.B) {
	for _, accounts := range []int64{15_000, 30_000, 60_000} {
		b.Run(fmt.Sprint(accounts/10*1_000, " orders"), func(b *testing.B) {
			for b.Loop() {
				r := mustPlay(b, small(b, 1, map[string]int64{"accounts": accounts, "days": 31, "opening_bp": 0}))
				b.SetBytes(r.Asked.Orders) // MB/s reads as million orders a second
			}
		})
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1_000: "1,000", 6_112_033: "6,112,033", -75_509_491: "-75,509,491", 100_000: "100,000"} {
		if got := Thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
	for bp, want := range map[int64]string{0: "0 %", 60: "0.6 %", 1_000: "10 %", 9_819: "98.19 %", -55: "-0.55 %"} {
		if got := Percent(bp); got != want {
			t.Errorf("%d is written %s", bp, got)
		}
	}
}

// TestAnyAssumptionsPlay sets every assumption to something that is allowed, the ends of its range among them: every market plays and adds up.
func TestAnyAssumptionsPlay(t *testing.T) {
	small := map[string]int64{"accounts": 400, "monthly": 500_000, "days": 120, "circle": 1_000}
	for seed := range uint64(40) {
		m, err := LoadMarket("2014")
		if err != nil {
			t.Fatal(err)
		}
		d := &draws{stream(seed, 11)}
		for _, a := range m.Assumptions {
			most := a.Max
			if limit, bounded := small[a.Key]; bounded {
				most = limit
			}
			value := []int64{a.Min, most, d.from(a.Min, most), d.from(a.Min, most)}[d.from(0, 3)]
			if a.Unit == "date" {
				value = dayNumber(m.date("start").AddDate(0, 0, int(d.from(-200, 200))))
			}
			if err := m.Set(a.Key, value); err != nil {
				t.Fatalf("seed %d, %s=%d: %v", seed, a.Key, value, err)
			}
		}
		for _, s := range mustPlay(t, m).Scenes {
			by := s.Report.By
			if by.before() != s.Report.Total || s.Sold.Amount != s.Report.Total.Amount-by.Lost.Amount+by.Gained.Amount || s.Fees < 0 {
				t.Fatalf("seed %d, scene %s: %+v", seed, s.Name, s.Report.By)
			}
		}
	}
}
