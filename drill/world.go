package drill

import (
	"time"

	"postern"
	"postern/route"
	"postern/wall"
)

const (
	bpFull = 10_000
	// surely is a certainty in the unit of draws: 32 bits.
	surely = int64(1) << 32
	// maxExtra and maxSkips bound the table of how many buyers stay.
	maxExtra = 20
	maxSkips = maxWallets
	yearDays = 365
)

// The two places where the market's buyers are: inside the app, and in the phone's own browser.
const (
	inApp = iota
	inBrowser
	places
)

const onPhone = "phone"

// walletNumbers are one wallet's assumptions.
type walletNumbers struct {
	account, card, growth, fee, grant int64
	open                              int
}

// world is a market made ready to be played: every assumption read once, every day's tables made.
type world struct {
	market  *Market
	seed    uint64
	shops   int64
	days    int
	start   time.Time
	closing int // the day's number, as all days below
	wallets []walletNumbers
	offered []offered
	// account[day][w] and card[day][w] are shares of buyers in 16 bits.
	account, card [][maxWallets]uint32
	// stay[extra][skips] is the share of buyers, in 32 bits, who go on to the end.
	stay   [maxExtra][maxSkips + 1]int64
	reach  [][]dayReach // [day][offer]
	frozen []dayReach   // as on the first day, for the world without walls
	moved  []bool       // the wall moved on this day
	// containers are the codes of the two places.
	containers [places]string
	// works is how many of 10,000 tries go through once the buyer has done her part, by offer and place; nil is all.
	works  func(offer, place, day int) int64
	scenes []scene
	tail   int64
	ours   numbers
	names  [1 << maxWallets][]string // the wallets of a set of bits
}

// numbers are the assumptions that are read while playing.
type numbers struct {
	order, contract, openingBP, signDays, outsideBP, circle, learnDays int64
	cardSteps, accountSteps, outSteps, webBP                           int64
}

// offered is one product of one wallet.
type offered struct {
	wallet  int
	product string
	own     int64 // steps beyond the one tap
}

type dayReach [places]route.Reach

// scene is one course of events that the same buyers are played through.
type scene struct {
	name   string
	closed *postern.ClosureIndex // nil: no wall ever
	signs  []bool                // by wallet: what the shops sign when the gate closes
}

// Scenes that every market has; those between are named by the one wallet that is signed.
const (
	SceneOpen  = "open"  // no wall ever
	SceneAlone = "alone" // the gate closes, and the shops sign nothing else
	SceneAll   = "all"   // they sign everything else there is
)

func newWorld(m *Market) *world {
	w := &world{
		market: m, seed: mix(uint64(m.Seed)), shops: m.Shops(), days: int(m.value("days")), containers: [places]string(m.Places), start: m.date("start"), tail: m.value("tail"),
		ours: numbers{
			order: m.value("order"), contract: m.value("contract"), openingBP: m.value("opening_bp"), signDays: m.value("sign_days"), outsideBP: m.value("outside_bp"),
			circle: m.value("circle"), learnDays: m.value("learn_days"), cardSteps: m.value("card_steps"), accountSteps: m.value("account_steps"), outSteps: m.value("out_steps"), webBP: m.value("web_bp"),
		},
	}
	w.closing = w.dayOf(m.date("closing"))
	for i, wallet := range m.Wallets[:min(len(m.Wallets), maxWallets)] {
		of := func(what string) int64 { return m.value(wallet.Wallet + "." + what) }
		w.wallets = append(w.wallets, walletNumbers{of("account_bp"), of("card_bp"), of("growth_bp"), of("fee_bp"), of("grant_bp"), w.dayOf(m.date(wallet.Wallet + ".open"))})
		for _, product := range wallet.Products {
			w.offered = append(w.offered, offered{i, product, ownSteps(product)})
		}
	}
	for set := range w.names {
		for i := range w.wallets {
			if set>>i&1 == 1 {
				w.names[set] = append(w.names[set], m.Wallets[i].Wallet)
			}
		}
	}
	w.habits()
	w.patience()
	w.walls()
	w.plots()
	return w
}

// dayOf is how many days a date lies after the first; it may be negative.
func (w *world) dayOf(t time.Time) int { return int(t.Sub(w.start) / (24 * time.Hour)) }

// noon is the moment at which a day's plans are made.
func (w *world) noon(day int) time.Time {
	return w.start.Add(time.Duration(day)*24*time.Hour + 12*time.Hour)
}

// ownSteps are what a product asks of a buyer who has everything: leave the page for a cashier and type there, or nothing but the tap.
func ownSteps(product string) int64 {
	switch product {
	case "jsapi", "mini", "barcode":
		return 0
	case "h5", "app":
		return 1
	case "native":
		return 3 // a code on the phone that should scan it
	}
	return 2
}

// habits makes the tables of who has which wallet on which day: a share that grows by the year, and a campaign whose lift fades.
func (w *world) habits() {
	m := w.market
	packet, half := w.dayOf(m.date("packet")), m.value("packet_half")
	peak, rest := m.value("packet_bp"), m.value("packet_stay_bp")
	w.account, w.card = make([][maxWallets]uint32, w.days), make([][maxWallets]uint32, w.days)
	for day := range w.days {
		for i, n := range w.wallets {
			grown := n.growth * int64(day) / yearDays
			account, card := n.account+grown, n.card+grown*n.card/max(n.account, 1)
			if i == 1 && day >= packet { // the campaign is the second wallet's: the host's own
				lift := peak*rest/bpFull + halved(peak-peak*rest/bpFull, int64(day-packet), half)
				account, card = account+lift, card+lift
			}
			account = min(max(account, 0), bpFull)
			w.account[day][i] = uint32(account << 16 / bpFull)
			w.card[day][i] = uint32(min(max(card, 0), account) << 16 / bpFull)
		}
	}
}

// halved is n after so many days, of which every half-life takes half; straight in between.
func halved(n, days, half int64) int64 {
	whole, part := min(days/half, 62), days%half
	n >>= whole
	return n - n/2*part/half
}

// patience makes the table of who stays.
func (w *world) patience() {
	m := w.market
	step, skip := bpFull-m.value("step_bp"), bpFull-m.value("skip_bp")
	for extra := range w.stay {
		for skips := range w.stay[extra] {
			switch {
			case extra > 0:
				w.stay[extra][skips] = w.stay[extra-1][skips] * step / bpFull
			case skips > 0:
				w.stay[extra][skips] = w.stay[extra][skips-1] * skip / bpFull
			default:
				w.stay[0][0] = surely * m.value("base_bp") / bpFull
			}
		}
	}
}

// walls asks the wall map for every day.
func (w *world) walls() {
	w.reach, w.moved = make([][]dayReach, w.days), make([]bool, w.days)
	for day := range w.days {
		at := w.noon(day)
		w.reach[day] = make([]dayReach, len(w.offered))
		for i, o := range w.offered {
			for p, container := range w.containers {
				cell := wall.ReachAt(w.market.Wallets[o.wallet].Wallet, o.product, wall.Seen{Container: container, Form: onPhone}, at)
				w.reach[day][i][p] = route.Reach{State: cell.State, Evidence: cell.Evidence, WayOut: cell.WayOut}
			}
			w.moved[day] = w.moved[day] || day > 0 && w.reach[day][i] != w.reach[day-1][i]
		}
	}
	w.frozen = w.reach[0]
}

// plots lists the scenes: no wall, the wall alone, one other wallet each, all of them.
func (w *world) plots() {
	closer := w.market.Wallets[0].Wallet
	from := w.start.Add(time.Duration(w.closing) * 24 * time.Hour)
	closed := postern.IndexClosures([]postern.Closure{{
		OwnerID: postern.Platform, ID: "market", Title: "no new agreements and no renewals inside the app", By: postern.ByProvider,
		Scope:     postern.Scope{Providers: []string{closer}, Containers: []string{w.containers[inApp]}},
		Withdraws: []postern.Withdrawal{{Act: postern.ActSign, From: from}, {Act: postern.ActRenew, From: from}},
	}})
	n := len(w.wallets)
	w.scenes = []scene{{SceneOpen, nil, make([]bool, n)}, {SceneAlone, closed, make([]bool, n)}}
	for i := 1; i < n; i++ {
		one := make([]bool, n)
		one[i] = true
		w.scenes = append(w.scenes, scene{w.market.Wallets[i].Wallet, closed, one})
	}
	all := make([]bool, n)
	for i := 1; i < n; i++ {
		all[i] = true
	}
	w.scenes = append(w.scenes, scene{SceneAll, closed, all})
}

// ordersUpTo is how many orders a month the k largest shops make together. Shares fall as 1 / (rank + tail), and the rounding is handed on, so that all shops add up
// to the market.
func (w *world) ordersUpTo() []int64 {
	const unit = 1_000_000_000
	sums := make([]int64, w.shops+1)
	for k := range w.shops {
		sums[k+1] = sums[k] + unit/(k+1+w.tail)
	}
	total, orders := sums[w.shops], w.market.MonthlyOrders()
	for k := range sums {
		sums[k] = mulDiv(orders, sums[k], total)
	}
	return sums
}
