package drill

import (
	"context"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// The courses that an order may take, as indexes; the first four are Outcomes.
const (
	isCarried = iota
	isRerouted
	isWayOut
	isLost
	isGained // paid here, and not in the world without walls: another wallet won a buyer
	courses
)

// tally is what one scene adds up to. All of it are sums, so that the order in which shops are played does not matter.
type tally struct {
	by      [courses]Sum
	nowhere Sum // lost, and nothing at all was shown
	days    [][courses]Sum
	shut    []int64 // shops without a running contract, by day
	paid    [maxWallets]Sum
	fees    [maxWallets]int64
	months  [][maxWallets]Sum
	moves   [maxWallets][maxWallets]Sum
	where   [places][courses]Sum
}

// shopSum is one shop in one scene: what it sold without walls, and what it sells.
type shopSum struct {
	before, after Sum
	lost          Sum
	shutAt        int // the day from which it has no contract at all; -1 is never
}

// played is a whole market.
type played struct {
	w       *world
	orders  int64 // drawn, whether paid or not
	asked   int64 // their amount
	tallies []tally
	shops   [][]shopSum // [scene][shop]
}

// play plays every shop through every scene, on all processors. Shops share nothing, so the result is the same on any number of them.
func (w *world) play(ctx context.Context, progress func(done, of int64)) (*played, error) {
	sizes := w.ordersUpTo()
	total := &played{w: w, tallies: w.newTallies(), shops: make([][]shopSum, len(w.scenes))}
	for i := range total.shops {
		total.shops[i] = make([]shopSum, w.shops)
	}
	workers := min(runtime.GOMAXPROCS(0), int(w.shops))
	var next, done atomic.Int64
	var group sync.WaitGroup
	players := make([]*player, workers)
	for i := range players {
		p := w.newPlayer(total.shops)
		players[i] = p
		group.Go(func() {
			for ctx.Err() == nil {
				k := next.Add(1) - 1
				if k >= w.shops {
					return
				}
				p.play(w.shop(k, sizes[k+1]-sizes[k]))
				if progress != nil {
					progress(done.Add(sizes[k+1]-sizes[k]), sizes[w.shops])
				}
			}
		})
	}
	group.Wait()
	for _, p := range players {
		total.orders, total.asked = total.orders+p.orders, total.asked+p.asked
		for i := range total.tallies {
			total.tallies[i].join(&p.tallies[i])
		}
	}
	return total, ctx.Err()
}

func (w *world) newTallies() []tally {
	t := make([]tally, len(w.scenes))
	for i := range t {
		t[i].days, t[i].shut, t[i].months = make([][courses]Sum, w.days), make([]int64, w.days), make([][maxWallets]Sum, w.month(w.days-1)+1)
	}
	return t
}

// month numbers the calendar months from the first day's on.
func (w *world) month(day int) int {
	first, at := w.start, w.midnight(day)
	return (at.Year()-first.Year())*12 + int(at.Month()) - int(first.Month())
}

// player plays one shop after another.
type player struct {
	w             *world
	stands        []stand
	tallies       []tally
	shops         [][]shopSum
	orders, asked int64
	month         []int
}

func (w *world) newPlayer(shops [][]shopSum) *player {
	p := &player{w: w, tallies: w.newTallies(), shops: shops, stands: make([]stand, len(w.scenes)), month: make([]int, w.days)}
	for i := range p.stands {
		p.stands[i] = stand{w: w, scene: &w.scenes[i], plans: make([]ways, places<<maxWallets)}
	}
	for day := range p.month {
		p.month[day] = w.month(day)
	}
	return p
}

func (p *player) play(s shop) {
	for i := range p.stands {
		p.stands[i].open(&s)
		p.shops[i][s.number].shutAt = -1
	}
	for day := range p.w.days {
		for i := range p.stands {
			stand := &p.stands[i]
			stand.turn(day)
			p.shut(&p.shops[i][s.number], i, day, stand.selling || day < s.opens)
		}
		for number := s.upTo(day); number < s.upTo(day+1); number++ {
			if day >= s.opens {
				p.sale(&s, number, day)
			}
		}
	}
}

func (p *player) shut(line *shopSum, scene, day int, selling bool) {
	switch {
	case selling:
		line.shutAt = -1
		return
	case line.shutAt < 0:
		line.shutAt = day
	}
	p.tallies[scene].shut[day]++
}

// sale plays one order through every scene. The first is the world without walls, by which the others are judged.
func (p *player) sale(s *shop, number int64, day int) {
	o := p.w.sale(s, number, day)
	p.orders, p.asked = p.orders+1, p.asked+o.amount
	before := p.stands[0].choose(&o, day)
	p.count(0, s, &o, day, before, before)
	for i := 1; i < len(p.stands); i++ {
		p.count(i, s, &o, day, before, p.stands[i].choose(&o, day))
	}
}

func (p *player) count(scene int, s *shop, o *sale, day int, before, after taken) {
	t, line := &p.tallies[scene], &p.shops[scene][s.number]
	if before.paid {
		line.before.add(o.amount)
	}
	if after.paid {
		w := p.w.offered[after.offer].wallet
		line.after.add(o.amount)
		t.paid[w].add(o.amount)
		t.months[p.month[day]][w].add(o.amount)
		t.fees[w] += feeOf(o.amount, p.w.wallets[w].fee)
	}
	var course int
	switch {
	case before.paid && after.paid && after.out && !before.out:
		course = isWayOut
	case before.paid && after.paid && before.offer == after.offer:
		course = isCarried
	case before.paid && after.paid:
		course = isRerouted
	case before.paid:
		course = isLost
		line.lost.add(o.amount)
		if after.offer < 0 {
			t.nowhere.add(o.amount)
		}
	case after.paid:
		course = isGained
	default:
		return
	}
	t.by[course].add(o.amount)
	t.days[day][course].add(o.amount)
	t.where[o.place][course].add(o.amount)
	if course == isRerouted || course == isWayOut {
		t.moves[p.w.offered[before.offer].wallet][p.w.offered[after.offer].wallet].add(o.amount)
	}
}

func (t *tally) join(o *tally) {
	for c := range courses {
		t.by[c].join(o.by[c])
		for p := range places {
			t.where[p][c].join(o.where[p][c])
		}
	}
	t.nowhere.join(o.nowhere)
	for d := range t.days {
		t.shut[d] += o.shut[d]
		for c := range courses {
			t.days[d][c].join(o.days[d][c])
		}
	}
	for m := range t.months {
		for w := range maxWallets {
			t.months[m][w].join(o.months[m][w])
		}
	}
	for w := range maxWallets {
		t.paid[w].join(o.paid[w])
		t.fees[w] += o.fees[w]
		for v := range maxWallets {
			t.moves[w][v].join(o.moves[w][v])
		}
	}
}

func (s *Sum) join(o Sum) {
	s.Orders += o.Orders
	s.Amount += o.Amount
}

// feeOf is what a provider keeps of an amount, rounded half up to the minor unit.
func feeOf(amount, feeBP int64) int64 { return (amount*feeBP + bpFull/2) / bpFull }

// mulDiv is a * b / c without overflow, for numbers that are not negative.
func mulDiv(a, b, c int64) int64 {
	if c == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(q)
}
