package route

import (
	"cmp"
	"slices"
)

// Points are hundredths of a per cent of success: a candidate that is a per cent likelier to be paid is worth as much as one that costs a per cent less.
const (
	full = 10_000 // certain
	// trust is how many attempts, in thousandths, the experience of the product weighs against what was seen of this very offer.
	trust = 20_000
	// stepPoints is what each step that the buyer still has to take costs.
	stepPoints = 300
	usedPoints = 1_500 // this browser has paid with the wallet before
	ownPoints  = 2_500 // the buyer sits inside the wallet
	rankPoints = 100   // one place in the merchant's own order
	maxRank    = 50
)

// score says how good a kept candidate is for this buyer: what the product is known to bring, moved by what was seen here, less the steps and the fee.
func (j *judge) score(o *Offer, c *Candidate) {
	in := j.in
	c.Used = slices.Contains(in.Buyer.Used, c.Provider)
	c.Steps = steps(o, in.Buyer.Form, c.Used || c.OwnWallet)
	c.Success = success(o.Outcomes, prior(o.Product, in.Buyer.Form))
	c.Score = c.Success - c.Steps*stepPoints - c.FeeBP - evidencePoints(c.Evidence) - min(max(o.Channel.Rank, -maxRank), maxRank)*rankPoints + c.place
	if c.Used {
		c.Score += usedPoints
	}
	if c.OwnWallet {
		c.Score += ownPoints
	}
	c.spread = spread(j.payment, o.Channel.ID, o.Channel.Weight)
}

// success is the share of 10,000 attempts that are paid, as far as is known: the product's usual share until attempts here outweigh it.
func success(seen Outcomes, usual int64) int64 {
	return (seen.Paid*full + usual*trust) / (seen.Tried + trust)
}

// prior is the usual share of a product, before anything was seen: it prefers the product that asks least of the buyer. Practice, not measurement.
func prior(product, form string) int64 {
	switch product {
	case "barcode":
		return 9_500
	case "jsapi":
		return 8_600
	case "mini":
		return 8_400
	case "app":
		return 8_200
	case "h5":
		return 7_800
	case "native":
		if form == "phone" {
			return 6_000 // a code on the phone that should scan it
		}
		return 7_000
	case "page":
		return 6_500
	}
	return 5_500
}

// steps counts what the buyer still has to do: confirm, leave the page for an app or a browser, scan with a second device, and sign in or bind a card where this
// browser has never paid with the wallet.
func steps(o *Offer, form string, known bool) int64 {
	n := int64(1)
	switch o.Product {
	case "h5", "app", "mini":
		n++
	case "page":
		n += 2
	case "native":
		n++
		if form == "phone" {
			n += 2
		}
	}
	if !known && o.Product != "barcode" {
		n++
	}
	return n
}

func evidencePoints(evidence string) int64 {
	switch evidence {
	case "observation", "attested_twice":
		return 0
	case "attested_once":
		return 20
	case "practice":
		return 40
	}
	return 60
}

// sort puts kept before dropped, what works before what is unproven, then the better score; equal channels of one wallet
// and product are spread by the payment's own number.
func sort(all []Candidate) {
	slices.SortStableFunc(all, func(a, b Candidate) int {
		if a.Kept != b.Kept {
			return first(b.Kept, a.Kept)
		}
		if !a.Kept {
			return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.ChannelID, b.ChannelID), cmp.Compare(a.Product, b.Product))
		}
		return cmp.Or(
			first(b.Reach == Works, a.Reach == Works), cmp.Compare(b.Score, a.Score), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Product, b.Product),
			cmp.Compare(b.spread, a.spread), cmp.Compare(a.ChannelID, b.ChannelID),
		)
	})
}

func first(b, a bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// knockFirst moves a probe to the top for the few payments that probe: after a long suspension its score knows nothing of it any more, and nobody would ever try
// it. It asks no more of the buyer than exploring does.
func knockFirst(all []Candidate) {
	for i := range all {
		if c := all[i]; c.Kept && c.knocks && c.Reach == Works && c.Steps <= all[0].Steps+1 && !all[0].OwnWallet {
			copy(all[1:i+1], all[:i])
			all[0] = c
			return
		}
	}
}

// explore moves the candidate that was tried least to the top for a small share of payments, so that a score can recover from bad luck. Only what works and asks
// no more than one step beyond the best is explored, never what is unproven, and never inside a wallet's own app.
func explore(in *Input, payment uint64, all []Candidate) bool {
	if in.Explore == 0 || int64(payment%full) >= in.Explore || len(all) == 0 || all[0].OwnWallet {
		return false
	}
	least := 0
	for i := range all {
		c := &all[i]
		if !c.Kept || c.Reach != Works || c.Steps > all[0].Steps+1 {
			continue
		}
		if c.Tried < all[least].Tried {
			least = i
		}
	}
	chosen := all[least]
	copy(all[1:least+1], all[:least])
	all[0] = chosen
	return least > 0
}

// hash is FNV-1a: which payment explores, and which of two equal channels it takes, must be the same in every replay.
func hash(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return mix(h)
}

// mix spreads the bits of numbers that differ in their last places only, as ids of one moment do.
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// spread gives each channel a number for this payment; the highest goes first. A channel of weight 3 is drawn three times, so that it is first three times as
// often as one of weight 1.
func spread(payment uint64, channel string, weight int64) uint64 {
	h, most := hash(channel), uint64(0)
	for i := range min(max(weight, 1), maxWeight) {
		most = max(most, mix(payment^h+uint64(i)*0x9e3779b97f4a7c15))
	}
	return most
}

// maxWeight bounds how often one channel is drawn.
const maxWeight = 100
