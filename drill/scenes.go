package drill

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// MarketReport is what playing a market finds: every scene by the same report, and the assumptions that it all rests on.
type MarketReport struct {
	Market Market `json:"market"`
	Shops  int64  `json:"shops"`
	// Asked are the orders that buyers set out to make, whether they paid or not.
	Asked   Sum       `json:"asked"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	Closing time.Time `json:"closing"`
	Closer  string    `json:"closer"`
	Scenes  []Scene   `json:"scenes"`
	// First is which single contract to sign first, the best first: what shops sell more with it than with the closing wallet alone.
	First []First  `json:"first"`
	Notes []string `json:"notes"`
}

// Scene is one course of events. Every sale of the world without walls is carried, rerouted, made after a way out, or lost in it.
type Scene struct {
	Name  string   `json:"name"`
	Signs []string `json:"signs"`
	// Sold is what is sold in the scene, Fees what the providers keep of it.
	Sold Sum   `json:"sold"`
	Fees int64 `json:"fees"`
	// Nowhere is the part of what is lost where a buyer was shown nothing at all.
	Nowhere Sum     `json:"nowhere"`
	Months  []Month `json:"months"`
	Report  Report  `json:"report"`
}

// Month is what each provider carries in a calendar month.
type Month struct {
	At   time.Time `json:"at"`
	Sold []Flow    `json:"sold"`
}

// First is one contract, and what it is worth.
type First struct {
	Provider string `json:"provider"`
	More     Sum    `json:"more"`
	// Sold is what is sold with it alone.
	Sold Sum `json:"sold"`
	// BestFor is how many shops sell most with it.
	BestFor int64 `json:"best_for"`
}

// What every reader of a market's report must know.
var marketNotes = []string{
	"Synthetic: every number is an assumption of the table, and nothing was measured.",
	"Every scene is played with the same buyers and the same orders, so differences come from the scenes and not from luck.",
	"What a buyer is shown is planned by the switch's own planner. It does not explore here, and looks at its outcomes every few days instead of at once.",
	"A wallet that a buyer opens at one shop counts as hers at that shop only.",
	"Sales above those of the world without walls (gained) come from wallets that the shops did not take before.",
}

// Play plays a market through all of its scenes. Progress hears of the share that is done.
func Play(ctx context.Context, m *Market, progress func(done, of int64)) (MarketReport, error) {
	w := newWorld(m)
	p, err := w.play(ctx, progress)
	if err != nil {
		return MarketReport{}, err
	}
	r := MarketReport{
		Market: *m, Shops: w.shops, Asked: Sum{p.orders, p.asked}, From: w.start, Until: w.midnight(w.days), Closing: w.midnight(w.closing), Closer: m.Wallets[0].Wallet,
		Notes: slices.Clone(marketNotes),
	}
	for i := range w.scenes {
		r.Scenes = append(r.Scenes, p.scene(i))
	}
	r.First = p.first()
	for i := range r.Scenes {
		for _, f := range r.First {
			r.Scenes[i].Report.Sign = append(r.Scenes[i].Report.Sign, Advice{Way: Way{Provider: f.Provider, Product: m.product(f.Provider)}, Saves: f.More, Merchants: f.BestFor})
		}
	}
	return r, nil
}

func (m *Market) product(wallet string) string {
	for _, w := range m.Wallets {
		if w.Wallet == wallet {
			return w.Products[0]
		}
	}
	return ""
}

// scene turns one scene's sums into a report.
func (p *played) scene(i int) Scene {
	t, open := &p.tallies[i], &p.tallies[0]
	s := Scene{Name: p.w.scenes[i].name, Signs: []string{}, Nowhere: t.nowhere}
	for w, signs := range p.w.scenes[i].signs {
		if signs {
			s.Signs = append(s.Signs, p.name(w))
		}
	}
	r := Report{Currency: "CNY", By: split(t.by), Moves: []Move{}, Places: []Group{}, Merchants: []Group{}, Partners: []Group{}, Stranded: []string{}, Sign: []Advice{}, Providers: []Flow{}, Timeline: []Slice{}, Notes: []string{}}
	for w := range p.w.wallets {
		s.Sold.Add(t.paid[w])
		s.Fees += t.fees[w]
		r.Total.Add(open.paid[w])
		r.Providers = append(r.Providers, Flow{Provider: p.name(w), Before: open.paid[w], BeforeFee: open.fees[w], After: t.paid[w], AfterFee: t.fees[w], By: split(t.fate[w])})
		for v := range p.w.wallets {
			for out, outcome := range []Outcome{Rerouted, WayOut} {
				if m := t.moves[w][v][out]; m.Orders > 0 {
					extra := t.moveFees[w][v][out] - feeOf(m.Amount, p.w.wallets[w].fee)
					r.Moves = append(r.Moves, Move{From: p.name(w), To: p.name(v), Outcome: outcome, Sum: m, ExtraFee: extra})
					r.ExtraFee += extra
				}
			}
		}
	}
	slices.SortFunc(r.Moves, func(a, b Move) int { return cmp.Compare(b.Amount, a.Amount) })
	for place, container := range p.w.containers {
		by := split(t.where[place])
		r.Places = append(r.Places, Group{Name: container, Total: by.before(), By: by})
	}
	for day, courses := range t.days {
		by := split(courses)
		r.Timeline = append(r.Timeline, Slice{At: p.w.midnight(day), Total: by.before(), By: by, Shut: t.shut[day]})
	}
	p.losers(i, &r)
	s.Report, s.Months = r, p.months(i)
	return s
}

func (p *played) name(wallet int) string { return p.w.market.Wallets[wallet].Wallet }

func split(by [courses]Sum) Split {
	return Split{Carried: by[isCarried], Rerouted: by[isRerouted], WayOut: by[isWayOut], Lost: by[isLost], Gained: by[isGained]}
}

// before is what was sold without walls: all but what is gained.
func (s Split) before() Sum {
	var sum Sum
	for _, o := range []Sum{s.Carried, s.Rerouted, s.WayOut, s.Lost} {
		sum.Add(o)
	}
	return sum
}

func (p *played) months(i int) []Month {
	var list []Month
	for m, sold := range p.tallies[i].months {
		at := time.Date(p.w.start.Year(), p.w.start.Month(), 1, 0, 0, 0, 0, p.w.start.Location()).AddDate(0, m, 0)
		month := Month{At: at}
		for w := range p.w.wallets {
			month.Sold = append(month.Sold, Flow{Provider: p.name(w), Before: p.tallies[0].months[m][w], After: sold[w]})
		}
		list = append(list, month)
	}
	return list
}

// losers lists the shops that lose most, and those that are left without any contract.
func (p *played) losers(i int, r *Report) {
	var list worst
	for k, line := range p.shops[i] {
		name := fmt.Sprintf("shop %0*d", len(fmt.Sprint(p.w.shops)), k+1)
		list.add(Group{Name: name, Total: line.before, By: Split{Lost: line.lost}})
		if line.shutAt < 0 {
			continue
		}
		if len(r.Stranded) < maxStranded {
			r.Stranded = append(r.Stranded, name)
		} else {
			r.MoreStranded++
		}
	}
	r.Merchants, r.MoreMerchants = orEmpty(list.list), list.more
}

// first ranks the scenes in which one wallet is signed, over all shops and for each of them.
func (p *played) first() []First {
	var list []First
	best := make(map[int]int64)
	single := p.w.scenes[2 : len(p.w.scenes)-1]
	for k := range p.shops[0] {
		most := 0
		for i := range single {
			if p.shops[2+i][k].after.Amount > p.shops[2+most][k].after.Amount {
				most = i
			}
		}
		if p.shops[2+most][k].after.Amount > p.shops[1][k].after.Amount {
			best[most]++
		}
	}
	alone := p.sold(1)
	for i, s := range single {
		sold := p.sold(2 + i)
		list = append(list, First{Provider: s.name, More: Sum{sold.Orders - alone.Orders, sold.Amount - alone.Amount}, Sold: sold, BestFor: best[i]})
	}
	slices.SortFunc(list, func(a, b First) int {
		return cmp.Or(cmp.Compare(b.More.Amount, a.More.Amount), cmp.Compare(a.Provider, b.Provider))
	})
	return list
}

func (p *played) sold(i int) Sum {
	var sum Sum
	for _, s := range p.tallies[i].paid {
		sum.Add(s)
	}
	return sum
}
