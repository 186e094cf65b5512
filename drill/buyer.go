package drill

// sale is one order as it is drawn, before anybody plans anything: the same in every scene.
type sale struct {
	buyer  int64
	amount int64
	place  int
	stay   int64 // the buyer goes on while this is below the share that does, in 32 bits
	// account and card are the wallets that the buyer has an account with, and could pay with at once: one bit each.
	account, card uint8
}

// sale draws an order of a shop.
func (w *world) sale(s *shop, number int64, day int) sale {
	x, y := mix(s.orders+uint64(2*number)*golden), mix(s.orders+uint64(2*number+1)*golden)
	o := sale{buyer: below(x, s.circle), amount: w.ours.order/5 + w.ours.order*8/5*int64(y&0xffff)>>16, stay: int64(y >> 32)}
	if int64(y>>16&0xffff)*bpFull>>16 < w.ours.outsideBP {
		o.place = inBrowser
	}
	t := mix(s.buyers + uint64(o.buyer)*golden)
	account, card := &w.account[day], &w.card[day]
	for i := range w.wallets {
		if i == 4 {
			t = mix(t)
		}
		u := uint32(t >> (i & 3 * 16) & 0xffff)
		if u < account[i] {
			o.account |= 1 << i
			if u < card[i] {
				o.card |= 1 << i
			}
		}
	}
	return o
}

// taken is what a buyer does with the ways that she is shown.
type taken struct {
	offer int8 // the product she tries, or -1
	out   bool // she left the app for it
	paid  bool
	stay  int64 // the share of buyers like her who would have paid, in 32 bits
}

// choose is the buyer. She takes the first way that she could pay with at once, else the first where she has an account and must bind a card, else she opens an
// account with the first. Where a wallet of hers opens in the browser only, she goes there if that asks fewer steps of her than what works here. Each way passed
// over and each further step loses some.
func (s *stand) choose(o *sale, day int) taken {
	return s.decide(o, day, s.plan(o.place, s.used[o.buyer]))
}

func (s *stand) decide(o *sale, day int, shown *ways) taken {
	has := s.purse(o)
	pick := shown.first(has)
	if o.place == inApp && shown.out != 0 && (pick < 0 || shown.out&has.account != 0) {
		outside := s.plan(inBrowser, s.used[o.buyer])
		if at := outside.first(has); at >= 0 {
			v, steps := outside.way[at], has.steps(outside.way[at], s.w)+s.w.ours.outSteps
			if pick < 0 || steps < has.steps(shown.way[pick], s.w) {
				t := s.try(o, v, inBrowser, day, s.w.stay[steps][at])
				t.out = true
				return t
			}
		}
	}
	if pick < 0 {
		return taken{offer: -1}
	}
	return s.try(o, shown.way[pick], o.place, day, s.w.stay[has.steps(shown.way[pick], s.w)][pick])
}

// purse is what a buyer has: what she came with, and what she opened at this shop before.
type purse struct{ account, card uint8 }

func (s *stand) purse(o *sale) purse {
	used := s.used[o.buyer]
	return purse{o.account | used, o.card | used}
}

func (p purse) has(wallet uint8) bool { return p.account>>wallet&1 == 1 }

// steps is what a way asks of her beyond the one tap.
func (p purse) steps(v way, w *world) int64 {
	switch {
	case p.card>>v.wallet&1 == 1:
		return int64(v.own)
	case p.has(v.wallet):
		return int64(v.own) + w.ours.cardSteps
	}
	return int64(v.own) + w.ours.accountSteps
}

// first is the way that she takes here; -1 is none.
func (v *ways) first(has purse) int {
	pick := -1
	for i := range int(v.n) {
		if has.card>>v.way[i].wallet&1 == 1 {
			return i
		}
		if pick < 0 && has.has(v.way[i].wallet) {
			pick = i
		}
	}
	if pick < 0 && v.n > 0 {
		return 0
	}
	return pick
}

// try is an attempt: whether she is still there at the end, and whether it goes through.
func (s *stand) try(o *sale, v way, place, day int, stay int64) taken {
	if s.w.works != nil {
		stay = stay * s.w.works(int(v.offer), place, day) / bpFull
	}
	t := taken{offer: int8(v.offer), stay: stay, paid: o.stay < stay}
	s.tried[v.offer][place]++
	if t.paid {
		s.paid[v.offer][place]++
		s.used[o.buyer] |= 1 << v.wallet
	}
	return t
}
