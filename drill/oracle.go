package drill

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"postern"
	"postern/wall"
)

// Trial is one small random market, in which routing plays against an oracle that knows what every buyer has and what goes through: it shows her the one way that
// sells best. Both are counted in expected sales, so that luck plays no part.
type Trial struct {
	Seed    int64 `json:"seed"`
	Orders  int64 `json:"orders"`
	Routing int64 `json:"routing"` // minor units
	Oracle  int64 `json:"oracle"`
	Blind   int64 `json:"blind"` // with the ways in the order of their codes
}

// KeptBP is how much of the oracle's sales routing keeps, in hundredths of a per cent.
func (t Trial) KeptBP() int64 {
	if t.Oracle == 0 {
		return bpFull // there was nothing to keep
	}
	return mulDiv(t.Routing, bpFull, t.Oracle)
}

// Regret is what many trials come to.
type Regret struct {
	Trials int   `json:"trials"`
	Orders int64 `json:"orders"`
	// KeptBP is over all trials together, MeanBP the mean of them, WorstBP the least; BlindBP is what an order without any thought keeps of the oracle's sales.
	KeptBP    int64 `json:"kept_bp"`
	MeanBP    int64 `json:"mean_bp"`
	WorstBP   int64 `json:"worst_bp"`
	WorstSeed int64 `json:"worst_seed"`
	BlindBP   int64 `json:"blind_bp"`
	// Below is how many keep less than 98 per cent.
	Below int `json:"below_98"`
}

// exploreShare is the engine's own.
const exploreShare = 200

// Trials plays the random markets of the seeds 1 to n.
func Trials(ctx context.Context, n int, progress func(done, of int64)) (Regret, error) {
	trials := make([]Trial, n)
	var next, done atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), max(n, 1)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && ctx.Err() == nil; i = next.Add(1) - 1 {
				trials[i] = PlayTrial(i + 1)
				if progress != nil {
					progress(done.Add(1), int64(n))
				}
			}
		})
	}
	group.Wait()
	return regretOf(trials), ctx.Err()
}

func regretOf(trials []Trial) Regret {
	r := Regret{Trials: len(trials), WorstBP: bpFull + 1}
	var routing, oracle, blind, sum int64
	for _, t := range trials {
		r.Orders += t.Orders
		routing, oracle, blind, sum = routing+t.Routing, oracle+t.Oracle, blind+t.Blind, sum+t.KeptBP()
		if t.KeptBP() < r.WorstBP {
			r.WorstBP, r.WorstSeed = t.KeptBP(), t.Seed
		}
		if t.KeptBP() < 9_800 {
			r.Below++
		}
	}
	r.KeptBP, r.BlindBP, r.MeanBP = mulDiv(routing, bpFull, oracle), mulDiv(blind, bpFull, oracle), sum/max(int64(len(trials)), 1)
	return r
}

// PlayTrial plays the random market of a seed.
func PlayTrial(seed int64) Trial {
	w := randomWorld(seed)
	s := &scene{name: SceneAll, closed: w.randomClosures(seed), signs: make([]bool, len(w.wallets))}
	for i := range s.signs {
		s.signs[i] = true
	}
	t := Trial{Seed: seed}
	sizes := w.ordersUpTo()
	for k := range w.shops {
		shop := w.shop(k, sizes[k+1]-sizes[k])
		var players [3]*stand // routing, the oracle, no thought
		for i := range players {
			players[i] = &stand{w: w, scene: s, plans: make([]ways, places<<maxWallets)}
			players[i].open(&shop)
		}
		players[0].explore = exploreShare
		for day := range w.days {
			for _, p := range players {
				p.turn(day)
			}
			for n := shop.upTo(day); n < shop.upTo(day+1); n++ {
				if day < shop.opens {
					continue
				}
				o := w.sale(&shop, n, day)
				t.Orders++
				t.Routing += worth(o.amount, players[0].routed(&o, day, n).stay)
				t.Oracle += worth(o.amount, players[1].knowing(&o, day).stay)
				t.Blind += worth(o.amount, players[2].blind(&o, day).stay)
			}
		}
	}
	return t
}

func worth(amount, stay int64) int64 { return amount * stay >> 32 }

// routed shows the buyer what the switch would: its outcomes are read anew for every order, and some explore.
func (s *stand) routed(o *sale, day int, number int64) taken {
	s.learn(day)
	s.made++
	s.planned = day
	var shown ways
	s.read(s.make(o.place, s.used[o.buyer], fmt.Sprint("pay_", s.shop.number, "_", number)), &shown)
	return s.decide(o, day, &shown)
}

// knowing shows the buyer the one way that sells best, out of all that the switch could show.
func (s *stand) knowing(o *sale, day int) taken {
	has := s.purse(o)
	shown := s.plan(o.place, 0)
	best, place, most := way{}, -1, int64(-1)
	look := func(v *ways, at int, more int64) {
		for i := range int(v.n) {
			stay := s.w.stay[has.steps(v.way[i], s.w)+more][0]
			if stay = stay * s.w.works(int(v.way[i].offer), at, day) / bpFull; stay > most {
				best, place, most = v.way[i], at, stay
			}
		}
	}
	look(shown, o.place, 0)
	if shown.out != 0 && o.place == inApp {
		look(s.plan(inBrowser, 0), inBrowser, s.w.ours.outSteps)
	}
	if place < 0 {
		return taken{offer: -1}
	}
	extra := has.steps(best, s.w)
	if place != o.place {
		extra += s.w.ours.outSteps
	}
	t := s.try(o, best, place, day, s.w.stay[extra][0])
	t.out = place != o.place
	return t
}

// blind shows the ways in the order of their codes.
func (s *stand) blind(o *sale, day int) taken {
	shown := *s.plan(o.place, 0)
	for i := 1; i < int(shown.n); i++ {
		for j := i; j > 0 && s.w.market.Wallets[shown.way[j].wallet].Wallet < s.w.market.Wallets[shown.way[j-1].wallet].Wallet; j-- {
			shown.way[j], shown.way[j-1] = shown.way[j-1], shown.way[j]
		}
	}
	return s.decide(o, day, &shown)
}

// draws hands out a trial's numbers one after the other.
type draws struct{ state uint64 }

func (d *draws) from(low, high int64) int64 {
	d.state = mix(d.state)
	return low + below(d.state, high-low+1)
}

// apps are those that buyers of random markets sit in: every app of the wall map.
func apps() []string {
	var list []string
	for _, c := range wall.Default().Containers() {
		if name := wall.Default().Name(c); name.Exit != wall.ExitNone && name.Form == onPhone {
			list = append(list, c)
		}
	}
	return list
}

// randomWorld draws a market: its wallets, who has them, what a step costs, what goes through, where and when.
func randomWorld(seed int64) *world {
	d := &draws{stream(uint64(seed), 7)}
	list := apps()
	m := &Market{Name: fmt.Sprint("random ", seed), Seed: seed, Places: []string{list[d.from(0, int64(len(list)-1))], wall.BrowserOther}}
	set := func(key string, low, high int64) {
		m.Assumptions = append(m.Assumptions, Assumption{Key: key, Value: d.from(low, high)})
	}
	for _, product := range [][]string{{"h5"}, {"jsapi", "h5"}, {"h5", "native"}, {"h5"}, {"h5"}}[:d.from(2, 5)] {
		m.Wallets = append(m.Wallets, Wallet{foundingCodes()[len(m.Wallets)], product})
	}
	set("accounts", 1, 3)
	set("shops_bp", bpFull, bpFull)
	set("order", 100, 100_000)
	order := m.value("order")
	set("monthly", 300*order, 1_500*order)
	set("tail", 0, 50)
	day := time.Date(2014, 2, 1, 0, 0, 0, 0, postern.Beijing).AddDate(0, 0, int(d.from(0, 4_500)))
	today := func(after int64) int64 { return dayNumber(day.AddDate(0, 0, int(after))) }
	fixed := func(key string, value int64) {
		m.Assumptions = append(m.Assumptions, Assumption{Key: key, Value: value})
	}
	fixed("start", today(0))
	set("days", 60, 120)
	fixed("closing", today(d.from(0, 60)))
	fixed("packet", today(d.from(-30, 60)))
	for _, s := range []struct {
		key       string
		low, high int64
	}{
		{"contract", 30, 365}, {"opening_bp", 0, 2_000}, {"web_bp", 0, 10_000}, {"sign_days", 0, 30}, {"outside_bp", 0, 5_000}, {"circle", 20, 500}, {"base_bp", 7_000, 10_000}, {"step_bp", 100, 3_000},
		{"skip_bp", 0, 300}, {"card_steps", 1, 3}, {"account_steps", 3, 8}, {"out_steps", 1, 3}, {"learn_days", 1, 1}, {"packet_bp", 0, 3_000}, {"packet_half", 5, 90}, {"packet_stay_bp", 0, bpFull},
	} {
		set(s.key, s.low, s.high)
	}
	for _, w := range m.Wallets {
		set(w.Wallet+".account_bp", 300, 9_500)
		set(w.Wallet+".card_bp", 100, m.value(w.Wallet+".account_bp"))
		set(w.Wallet+".growth_bp", -2_000, 4_000)
		set(w.Wallet+".fee_bp", 20, 120)
		set(w.Wallet+".grant_bp", 2_000, bpFull)
		fixed(w.Wallet+".open", today(d.from(0, 90)))
	}
	w := newWorld(m)
	w.unreliable(d)
	return w
}

// foundingCodes are the wallets of the founding market, whose codes the wall map knows.
func foundingCodes() []string {
	m, err := LoadMarket("2014")
	if err != nil {
		panic(err) // It is part of the binary, and a test loads it.
	}
	var codes []string
	for _, w := range m.Wallets {
		codes = append(codes, w.Wallet)
	}
	return codes
}

func dayNumber(t time.Time) int64 {
	y, m, d := t.Date()
	return int64(y*10_000 + int(m)*100 + d)
}

// unreliable gives every way a share that goes through, and some a spell in which far less does, of which nobody is told.
func (w *world) unreliable(d *draws) {
	type spell struct{ usual, during, from, until int64 }
	spells := make([][places]spell, len(w.offered))
	for i := range spells {
		for p := range places {
			spells[i][p] = spell{usual: d.from(8_000, bpFull), during: d.from(1_000, 7_000), from: d.from(0, 400)}
			spells[i][p].until = spells[i][p].from + d.from(1, 30)
		}
	}
	w.works = func(offer, place, day int) int64 {
		s := &spells[offer][place]
		if int64(day) >= s.from && int64(day) < s.until {
			return s.during
		}
		return s.usual
	}
}

// randomClosures are announced: up to three, each of one provider, in the app or everywhere, for good or for a while.
func (w *world) randomClosures(seed int64) *postern.ClosureIndex {
	d := &draws{stream(uint64(seed), 8)}
	list := make([]postern.Closure, d.from(0, 3))
	for i := range list {
		from := int(d.from(0, int64(w.days)))
		c := postern.Closure{
			OwnerID: postern.Platform, ID: fmt.Sprint("closure ", i), By: postern.ByProvider,
			Scope:     postern.Scope{Providers: []string{w.market.Wallets[d.from(0, int64(len(w.wallets)-1))].Wallet}},
			Withdraws: []postern.Withdrawal{{Act: postern.ActPay, From: w.midnight(from)}},
		}
		if d.from(0, 1) == 1 {
			c.Scope.Containers = []string{w.containers[inApp]}
		}
		if d.from(0, 1) == 1 {
			c.Withdraws[0].Until = w.midnight(from + int(d.from(1, 40)))
		}
		list[i] = c
	}
	return postern.IndexClosures(list)
}
