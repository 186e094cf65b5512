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
}

// choose is the buyer: she takes the first way that she could pay with at once, else the first where she has an account and must bind a card, else she opens an
// account with the first. A way out to a wallet that she has goes before one that she would have to open. Each way passed over and each further step loses some.
func (s *stand) choose(o *sale, day int) taken {
	used := s.used[o.buyer]
	shown := s.plan(day, o.place, used)
	pick, extra := shown.first(o, s.w)
	if shown.out >= 0 && o.place == inApp && (pick < 0 || o.account>>shown.way[pick].wallet&1 == 0) {
		if t, went := s.leave(o, day, shown); went {
			return t
		}
	}
	if pick < 0 {
		return taken{offer: -1}
	}
	return s.try(o, shown.way[pick], o.place, s.w.stay[extra][pick])
}

// first is the way that she takes, and the steps that it asks beyond the one tap.
func (v *ways) first(o *sale, w *world) (pick int, extra int64) {
	account := -1
	for i := range int(v.n) {
		bit := v.way[i].wallet
		if o.card>>bit&1 == 1 {
			return i, int64(v.way[i].own)
		}
		if account < 0 && o.account>>bit&1 == 1 {
			account = i
		}
	}
	if account >= 0 {
		return account, int64(v.way[account].own) + w.ours.cardSteps
	}
	if v.n == 0 {
		return -1, 0
	}
	return 0, int64(v.way[0].own) + w.ours.accountSteps
}

// leave opens the page in the phone's browser, where another plan is made, if the wallet at the end of it is hers.
func (s *stand) leave(o *sale, day int, shown *ways) (taken, bool) {
	wallet := s.w.offered[shown.out].wallet
	if o.account>>wallet&1 == 0 {
		return taken{}, false
	}
	outside := s.plan(day, inBrowser, s.used[o.buyer])
	pick, extra := outside.first(o, s.w)
	if pick < 0 {
		return taken{}, false
	}
	t := s.try(o, outside.way[pick], inBrowser, s.w.stay[extra+s.w.ours.outSteps][pick])
	t.out = true
	return t, true
}

func (s *stand) try(o *sale, w way, place int, stay int64) taken {
	t := taken{offer: int8(w.offer), paid: o.stay < stay}
	s.tried[w.offer][place]++
	if t.paid {
		s.paid[w.offer][place]++
		s.used[o.buyer] |= 1 << w.wallet
	}
	return t
}
