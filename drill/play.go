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
	moves   [maxWallets][maxWallets][2]Sum // from, to, and whether the buyer left the app for it
	fate    [maxWallets][courses]Sum       // what becomes of what a wallet takes without walls
	// moveFees is what the wallet that took over keeps of what moved.
	moveFees [maxWallets][maxWallets][2]int64
	where    [places][courses]Sum
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
			total.tallies[i].Add(&p.tallies[i])
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
	cells         []cells
	orders, asked int64
	month         []int
}

func (w *world) newPlayer(shops [][]shopSum) *player {
	p := &player{w: w, tallies: w.newTallies(), shops: shops, stands: make([]stand, len(w.scenes)), cells: make([]cells, len(w.scenes)), month: make([]int, w.days)}
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
		if day+1 == p.w.days || p.month[day+1] != p.month[day] {
			p.flush(s.number, p.month[day])
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
	p.count(0, &o, day, before, before)
	for i := 1; i < len(p.stands); i++ {
		p.count(i, &o, day, before, p.stands[i].choose(&o, day))
	}
}

// cell is what orders of one kind add up to in a month of one shop: where they were made, what took them without walls, what takes them here.
type cell struct{ orders, amount, fees int64 }

// none is the place of "nobody" beside the wallets of a cell.
const none = maxWallets

type cells [places][maxWallets + 1][maxWallets + 1][2]cell

// count notes one order of one scene: by its kind, and by its day's course.
func (p *player) count(scene int, o *sale, day int, before, after taken) {
	b, a, out := none, none, 0
	if before.paid {
		b = p.w.offered[before.offer].wallet
	}
	fee := int64(0)
	if after.paid {
		a = p.w.offered[after.offer].wallet
		fee = feeOf(o.amount, p.w.wallets[a].fee)
	}
	if after.out && !before.out {
		out = 1
	}
	if a == none && b == none {
		return
	}
	c := &p.cells[scene][o.place][b][a][out]
	c.orders++
	c.amount += o.amount
	c.fees += fee
	p.tallies[scene].days[day][courseOf(b, a, out)].add(o.amount)
	if after.offer < 0 {
		p.tallies[scene].nowhere.add(o.amount)
	}
}

// courseOf says what became of an order. Another product of the same wallet counts as the same: no market here has wallets with two products that work in one place.
func courseOf(before, after, out int) int {
	switch {
	case after == none:
		return isLost
	case before == none:
		return isGained
	case out == 1:
		return isWayOut
	case before == after:
		return isCarried
	}
	return isRerouted
}

// flush empties a shop's month into the tallies.
func (p *player) flush(number int64, month int) {
	for scene := range p.cells {
		t, line := &p.tallies[scene], &p.shops[scene][number]
		for place := range places {
			for b := range maxWallets + 1 {
				for a := range maxWallets + 1 {
					for out := range 2 {
						if c := p.cells[scene][place][b][a][out]; c.orders > 0 {
							t.take(c, place, b, a, out, month)
							line.take(c, b, a)
						}
					}
				}
			}
		}
		p.cells[scene] = cells{}
	}
}

func (t *tally) take(c cell, place, b, a, out, month int) {
	sum, course := Sum{c.orders, c.amount}, courseOf(b, a, out)
	t.by[course].Add(sum)
	t.where[place][course].Add(sum)
	if b != none {
		t.fate[b][course].Add(sum)
	}
	if a != none {
		t.paid[a].Add(sum)
		t.months[month][a].Add(sum)
		t.fees[a] += c.fees
	}
	if a != none && b != none && (a != b || out == 1) {
		t.moves[b][a][out].Add(sum)
		t.moveFees[b][a][out] += c.fees
	}
}

func (s *shopSum) take(c cell, b, a int) {
	sum := Sum{c.orders, c.amount}
	if b != none {
		s.before.Add(sum)
	}
	if a != none {
		s.after.Add(sum)
	}
	if a == none {
		s.lost.Add(sum)
	}
}

func (t *tally) Add(o *tally) {
	for c := range courses {
		t.by[c].Add(o.by[c])
		for p := range places {
			t.where[p][c].Add(o.where[p][c])
		}
	}
	t.nowhere.Add(o.nowhere)
	for d := range t.days {
		t.shut[d] += o.shut[d]
		for c := range courses {
			t.days[d][c].Add(o.days[d][c])
		}
	}
	for m := range t.months {
		for w := range maxWallets {
			t.months[m][w].Add(o.months[m][w])
		}
	}
	for w := range maxWallets {
		t.paid[w].Add(o.paid[w])
		t.fees[w] += o.fees[w]
		for c := range courses {
			t.fate[w][c].Add(o.fate[w][c])
		}
		for v := range maxWallets {
			for out := range 2 {
				t.moves[w][v][out].Add(o.moves[w][v][out])
				t.moveFees[w][v][out] += o.moveFees[w][v][out]
			}
		}
	}
}

// mulDiv is a * b / c without overflow, for numbers that are not negative.
func mulDiv(a, b, c int64) int64 {
	if c == 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(high, low, uint64(c))
	return int64(q)
}
