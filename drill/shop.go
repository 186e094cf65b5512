package drill

import (
	"time"

	"postern"
	"postern/route"
	"postern/wall"
)

// shop is what the same seller is in every scene: its size, its papers' dates, whom it can sign.
type shop struct {
	number  int64
	monthly int64 // orders
	circle  int64 // buyers
	opens   int   // the day; 0 for those that sell already
	ends    int   // when the first contract with the closing wallet runs out
	grants  [maxWallets]int
	web     bool   // it also has an ordinary agreement, for pages outside the app
	orders  uint64 // streams of draws
	buyers  uint64
}

func (w *world) shop(number, monthly int64) shop {
	s := shop{number: number, monthly: monthly, circle: max(monthly*w.ours.circle/100, 1)}
	id := uint64(number)
	s.orders, s.buyers = stream(w.seed, id, 1), stream(w.seed, id, 2)
	draw := func(what uint64, n int64) int64 { return below(stream(w.seed, id, 3, what), n) }
	if draw(0, bpFull) < w.ours.openingBP {
		s.opens = w.closing + 1 + int(draw(1, yearDays))
	}
	s.ends = w.closing + int(draw(2, w.ours.contract))
	s.web = draw(3, bpFull) < w.ours.webBP
	for i, n := range w.wallets {
		s.grants[i] = max(w.closing, s.opens) + int(w.ours.signDays)
		if draw(10+uint64(i), bpFull) >= n.grant {
			s.grants[i] = max(s.grants[i], n.open)
		}
	}
	return s
}

// upTo is how many orders the shop has had before a day begins.
func (s *shop) upTo(day int) int64 { return int64(day) * s.monthly * 12 / yearDays }

// stand is one shop in one scene, as its planner knows it.
type stand struct {
	w        *world
	scene    *scene
	shop     *shop
	channels [maxWallets]postern.Channel
	// web is an ordinary agreement with the closing wallet, for pages in a browser: the closure does not touch it.
	web    postern.Channel
	offers []route.Offer
	which  []int // the index in world.offered of each offer
	// used[buyer] are the wallets with which the buyer has paid here, one bit each.
	used []uint8
	seen [maxWallets][places]wall.Learned
	// tried and paid wait for the next look at the outcomes.
	tried, paid [maxWallets][places]int64
	// explore is the planner's share of payments that try what was tried least; such plans are never shared.
	explore int64
	plans   []ways
	made    uint32 // plans of an older number are stale
	planned int    // the day as of which plans are made: the last on which anything changed
	selling bool   // some contract runs
}

// ways is a plan as the buyer sees it: the ways in their order, and the way out, if that is all there is for a wallet.
type ways struct {
	made uint32
	n    uint8
	out  uint8 // the wallets that open in the browser, one bit each
	way  [maxWallets]way
}

type way struct{ offer, wallet, own uint8 }

// open clears the stand for the next shop.
func (s *stand) open(shop *shop) {
	s.shop = shop
	s.seen, s.tried, s.paid = [maxWallets][places]wall.Learned{}, [maxWallets][places]int64{}, [maxWallets][places]int64{}
	s.made++
	if int64(cap(s.used)) < shop.circle {
		s.used = make([]uint8, shop.circle)
	}
	s.used = s.used[:shop.circle]
	clear(s.used)
	for i := range s.w.wallets {
		s.channels[i] = postern.Channel{ID: s.w.market.Wallets[i].Wallet, Provider: s.w.market.Wallets[i].Wallet, Agreement: postern.Agreement{FeeBP: s.w.wallets[i].fee}}
	}
	s.web = s.channels[0]
	s.web.ID += " web"
	s.web.Agreement.Terms, s.web.Agreement.Scenes = []postern.Term{{From: s.w.midnight(shop.opens - yearDays)}}, s.w.containers[inBrowser:]
	if shop.opens == 0 {
		s.channels[0].Agreement.Terms = []postern.Term{{From: s.w.midnight(-yearDays), Until: s.w.midnight(shop.ends)}}
	}
}

func (w *world) midnight(day int) time.Time { return w.start.Add(time.Duration(day) * 24 * time.Hour) }

// turn begins a day: contracts are signed, renewed or run out, the wall may move, and outcomes are looked at every few days.
func (s *stand) turn(day int) {
	changed := s.w.moved[day] && s.scene.closed != nil
	for i := range s.w.wallets {
		terms := s.channels[i].Agreement.Terms
		switch n := len(terms); {
		case n == 0 && s.signsOn(i) == day && s.may(postern.ActSign, i, day), n > 0 && terms[n-1].Until.Equal(s.w.midnight(day)) && s.may(postern.ActRenew, i, day):
			until := s.w.midnight(day + int(s.w.ours.contract))
			s.channels[i].Agreement.Terms = append(terms, postern.Term{From: s.w.midnight(day), Until: until})
			changed = true
		case n > 0 && terms[n-1].Until.Equal(s.w.midnight(day)):
			changed = true
		}
	}
	if int64(day)%s.w.ours.learnDays == 0 {
		s.learn(day)
		changed = true
	}
	if changed || day == 0 {
		s.made++
		s.planned = day
		s.list(day)
	}
}

// signsOn is the day on which the shop's contract with a wallet would begin; -1 is never.
func (s *stand) signsOn(wallet int) int {
	switch {
	case wallet == 0 && s.shop.opens > 0:
		return s.shop.opens
	case wallet > 0 && s.scene.signs[wallet]:
		return s.shop.grants[wallet]
	}
	return -1
}

// may asks the closures, as the switch does, whether an act may begin on a day.
func (s *stand) may(act postern.Act, wallet, day int) bool {
	at := s.w.midnight(day)
	asker := s.channels[wallet].Asker("", "", s.w.containers[inApp], s.w.ours.order, at)
	asker.Agreement = s.channels[wallet].Agreement
	return s.scene.closed.May(act, &asker, at).Allowed
}

// list is what the shop has to offer, without what depends on the place and the outcomes.
func (s *stand) list(day int) {
	s.offers, s.which, s.selling = s.offers[:0], s.which[:0], false
	for i, o := range s.w.offered {
		c := &s.channels[o.wallet]
		if len(c.Agreement.Terms) == 0 {
			continue
		}
		_, running := c.Agreement.Term(s.w.noon(day))
		s.selling = s.selling || running
		s.offers = append(s.offers, route.Offer{Channel: c, Product: o.product})
		s.which = append(s.which, i)
	}
	for i, o := range s.w.offered {
		if s.shop.web && o.wallet == 0 {
			s.offers = append(s.offers, route.Offer{Channel: &s.web, Product: o.product})
			s.which = append(s.which, i)
		}
	}
}

// seenAttempts is how many of the latest attempts the engine looks at.
const seenAttempts = 500 * wall.One

// learn is what the engine's own memory does: attempts since the last look count in full, older ones fade, and no more than the latest count at all.
func (s *stand) learn(day int) {
	at := s.w.noon(day)
	var all int64
	for i := range s.w.offered {
		for p := range places {
			l := &s.seen[i][p]
			*l = l.Faded(at, wall.DefaultLearning)
			l.Tried += s.tried[i][p] * wall.One
			l.Worked += s.paid[i][p] * wall.One
			s.tried[i][p], s.paid[i][p] = 0, 0
			all += l.Tried
		}
	}
	if all <= seenAttempts {
		return
	}
	for i := range s.w.offered {
		for p := range places {
			l := &s.seen[i][p]
			l.Tried, l.Worked = mulDiv(l.Tried, seenAttempts, all), mulDiv(l.Worked, seenAttempts, all)
		}
	}
}

// plan returns the ways that a buyer is shown, made by the switch's own planner. Buyers alike in everything that it reads share one plan until something changes.
func (s *stand) plan(place int, used uint8) *ways {
	w := &s.plans[place<<maxWallets|int(used)]
	if w.made != s.made {
		s.read(s.make(place, used, ""), w)
	}
	return w
}

// make asks the planner as the engine does: where that leaves the buyer nothing here, it looks whether her browser would do.
func (s *stand) make(place int, used uint8, paymentID string) route.Plan {
	plan := s.ask(place, used, paymentID)
	if place != inApp || !plan.Stuck() || len(plan.Candidates) == 0 {
		return plan
	}
	return route.Outside(plan, s.ask(inBrowser, used, paymentID))
}

func (s *stand) ask(place int, used uint8, paymentID string) route.Plan {
	reach := s.w.reach[s.planned]
	if s.scene.closed == nil {
		reach = s.w.frozen
	}
	at := s.w.noon(s.planned)
	for i := range s.offers {
		o, which := &s.offers[i], s.which[i]
		l := s.seen[which][place]
		o.Outcomes = route.Outcomes{Tried: l.Tried, Paid: l.Worked}
		o.Reach = s.w.learned(reach[which][place], l, place, at)
	}
	return route.Make(route.Input{
		Payment: postern.Payment{ID: paymentID, Amount: s.w.ours.order, Currency: "CNY", Live: true}, Offers: s.offers, Closures: s.scene.closed, Explore: s.explore, Now: at,
		Buyer: route.Buyer{Container: s.w.containers[place], Form: onPhone, Used: s.w.names[used]},
	})
}

// learned is what the engine makes of a cell that the map does not know, in the light of the merchant's own payments.
func (w *world) learned(r route.Reach, l wall.Learned, place int, at time.Time) route.Reach {
	if r.State != route.Unknown || l.Tried == 0 {
		return r
	}
	cell := wall.Default().Learn(wall.Cell{State: r.State, Evidence: r.Evidence}, wall.Seen{Container: w.containers[place], Form: onPhone}, wall.Learned{
		Container: w.containers[place], Tried: l.Tried, Worked: l.Worked, At: l.At,
	}, at, wall.DefaultLearning)
	return route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut}
}

func (s *stand) read(plan route.Plan, w *ways) {
	*w = ways{made: s.made}
	for i := range plan.Candidates {
		c := &plan.Candidates[i]
		which := s.w.offer(c.Provider, c.Product)
		switch {
		case c.Kept && int(w.n) < len(w.way) && !w.shows(which):
			o := s.w.offered[which]
			w.way[w.n] = way{uint8(which), uint8(o.wallet), uint8(o.own)}
			w.n++
		case c.Reason == route.ReasonWayOut && c.WayOut == wall.WayBrowser:
			w.out |= 1 << s.w.offered[which].wallet
		}
	}
}

// shows says whether a way stands there already: a wallet with two agreements is one button.
func (v *ways) shows(offer int) bool {
	for i := range int(v.n) {
		if int(v.way[i].offer) == offer {
			return true
		}
	}
	return false
}

func (w *world) offer(provider, product string) int {
	for i, o := range w.offered {
		if w.market.Wallets[o.wallet].Wallet == provider && o.product == product {
			return i
		}
	}
	return -1
}
