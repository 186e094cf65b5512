package postern

import (
	"slices"
	"time"
)

// Sign is what the start of one attempt says about its channel.
type Sign string

// Signs. None says nothing (yet). A buyer without money is no sign against the channel: the order was taken.
const (
	SignNone    Sign = ""
	SignTaken   Sign = "taken"
	SignClosed  Sign = "closed"
	SignRefused Sign = "refused"
	SignDown    Sign = "down"
)

func (s Sign) bad() bool { return s == SignClosed || s == SignRefused || s == SignDown }

// Trial is one attempt as the rules of health see it.
type Trial struct {
	AttemptID string
	Sign      Sign
	// Shown says that a buyer saw the wallet, Paid that the buyer paid, Over that there was time enough to.
	Shown   bool
	Paid    bool
	Over    bool
	Code    string
	Message string
	At      time.Time
}

// Tests that Evidence names.
const (
	TestClosed = "closed" // the provider's word
	TestStarts = "starts" // orders are not taken any more
	TestUnpaid = "unpaid" // orders are taken and not paid any more
	TestProbes = "probes" // buyers' orders since the share was set
	TestCheck  = "check"  // the provider's harmless call
	TestPerson = "person"
)

// Evidence is what a step rests on: how many of the latest trials went bad against how many usually do, how strong that is, and a few of them by name.
type Evidence struct {
	Test  string `json:"test"`
	Tried int64  `json:"tried,omitempty"`
	Bad   int64  `json:"bad,omitempty"`
	// Usual is how many of 10,000 went bad before. Strength is the logarithm of the odds against chance, in thousandths; Needed is where it counts.
	Usual    int64       `json:"usual,omitempty"`
	Strength int64       `json:"strength,omitempty"`
	Needed   int64       `json:"needed,omitempty"`
	From     time.Time   `json:"from,omitzero"`
	Codes    []CodeCount `json:"codes,omitempty"`
	Attempts []string    `json:"attempts,omitempty"`
	Code     string      `json:"code,omitempty"`
	Message  string      `json:"message,omitempty"`
}

// CodeCount is how often a provider's code was among the bad ones.
type CodeCount struct {
	Code  string `json:"code"`
	Count int64  `json:"count"`
}

const maxNamed = 5 // codes and attempts kept with a piece of evidence

// add counts a bad trial and names it while there is room. The newest comes first; its words are kept.
func (e *Evidence) add(t Trial) {
	e.Bad++
	if e.Bad == 1 {
		e.Code, e.Message = t.Code, t.Message
	}
	if len(e.Attempts) < maxNamed {
		e.Attempts = append(e.Attempts, t.AttemptID)
	}
	i := slices.IndexFunc(e.Codes, func(c CodeCount) bool { return c.Code == t.Code })
	switch {
	case i >= 0:
		e.Codes[i].Count++
	case len(e.Codes) < maxNamed:
		e.Codes = append(e.Codes, CodeCount{t.Code, 1})
	}
}

// A weighing says what one trial is worth where up to UpTo of 10,000 usually go bad: the logarithm, in thousandths, of how much likelier it is if the gate is
// shut than if all is well. Added up over the latest trials (Page's CUSUM), the sum reaches a limit L by chance at most once in e^L trials, as long as trials go
// bad no more often than UpTo (Lorden 1971).
type weighing struct{ UpTo, Bad, Good int64 }

// startWeights hold 80 % of the orders not taken against what is usual. Beyond the last line a channel is too poor to tell a shut gate from a bad day.
var startWeights = []weighing{
	{200, 3_688, -1_589}, {500, 2_772, -1_558}, {1_000, 2_079, -1_504}, {2_000, 1_386, -1_386}, {3_500, 826, -1_178},
}

// unpaidWeights hold "nobody pays" against what is usual; one who pays ends the run. Buyers change with the hour far more than providers do, so a share u of
// buyers who walk away is taken for u + 3/5 (1 - u).
var unpaidWeights = []weighing{
	{1_000, 446, 0}, {2_000, 385, 0}, {3_000, 328, 0}, {4_000, 274, 0}, {5_000, 223, 0}, {6_000, 174, 0}, {7_000, 127, 0}, {8_000, 83, 0},
}

// Limits of the two tests. By chance alone the first is reached once in e^52 orders; it is that high because short trouble comes in bursts, which are not chance:
// fifteen orders in a row that are not taken reach it, seven do not. The second is reached once in e^23.
const (
	startsLimit = 52_000
	unpaidLimit = 23_000
)

// Patience is how long a trouble must last before it counts, however many orders it hits. On a busy channel the window does not reach so far back: then the
// trials from before the patience must say the same as the latest, and those of the moments between must not contradict (Lasts).
const (
	StartsPatience = 3 * time.Second
	UnpaidPatience = 15 * time.Minute
)

// How far back the tests look. TrialsGlance is enough to see that there is no trouble, TrialsWindow to judge one.
const (
	TrialsGlance = 60
	TrialsWindow = 500
	startsWindow = 64
	lastOrders   = 15 // what Lasts looks at
	minPaid      = 20 // who never sold cannot be seen to stop, and a shorter run says nothing
)

// TimeToPay is after how long a buyer who has not paid counts as one who did not: what began later cannot be asked yet whether it is paid.
const TimeToPay = 5 * time.Minute

// Suspect says whether a glance at the latest trials asks for a closer look.
func (h Health) Suspect(glance []Trial) bool {
	if h.State == HealthSuspended || len(glance) == 0 {
		return false
	}
	if h.State == HealthProbing {
		return true
	}
	if _, sum := worst(h.fresh(glance), startWeights[0]); sum >= startsLimit || glance[0].Sign == SignClosed {
		return true
	}
	run, paid := h.unpaidRun(glance)
	return !paid && run >= minPaid
}

// Lasts says whether a glance at the trials before some moment fits a trouble that held then: most of the last orders were not taken, or nobody paid.
func (h Health) Lasts(glance []Trial, asPaid bool) bool {
	if asPaid {
		run, paid := h.unpaidRun(glance)
		return !paid && run > 0
	}
	bad, all := 0, 0
	for _, t := range h.fresh(glance) {
		if t.Sign == SignNone || all == lastOrders {
			continue
		}
		all++
		if t.Sign.bad() {
			bad++
		}
	}
	return 2*bad > all
}

// fresh are the trials since the health last changed: what was seen before has been judged.
func (h Health) fresh(trials []Trial) []Trial {
	n := 0
	for n < len(trials) && trials[n].At.After(h.Since) {
		n++
	}
	return trials[:n]
}

// ordinary says that a trial belongs to the channel's ordinary life, not to an episode.
func (h Health) ordinary(t Trial) bool {
	return h.SuspendedAt.IsZero() || t.At.Before(h.SuspendedAt) || t.At.After(h.RestoredAt)
}

// trouble asks the tests in the order of how sure they are.
func (h Health) trouble(trials []Trial, now time.Time) (HealthCause, Evidence, bool) {
	for _, t := range h.fresh(trials) {
		if t.Sign == SignClosed {
			e := Evidence{Test: TestClosed, Tried: 1, From: t.At}
			e.add(t)
			return CauseClosed, e, true
		}
	}
	if cause, e, found := h.startsFail(trials, now); found {
		return cause, e, true
	}
	e, found := h.nobodyPays(trials, now)
	return CauseUnpaid, e, found
}

// worst finds the latest trials that speak most strongly against the channel: how many they are, and their sum.
func worst(trials []Trial, w weighing) (n int, most int64) {
	sum, seen := int64(0), 0
	for i := range trials {
		switch {
		case trials[i].Sign.bad():
			sum += w.Bad
		case trials[i].Sign == SignTaken:
			sum += w.Good
		default:
			continue
		}
		if sum > most {
			n, most = i+1, sum
		}
		if seen++; seen == startsWindow {
			break
		}
	}
	return n, most
}

// startsFail tests whether orders are not taken any more.
func (h Health) startsFail(trials []Trial, now time.Time) (cause HealthCause, e Evidence, found bool) {
	fresh := h.fresh(trials)
	n, sum := worst(fresh, startWeights[0])
	if sum < startsLimit {
		return "", e, false
	}
	usual := h.usualBad(trials[n:])
	i := slices.IndexFunc(startWeights, func(w weighing) bool { return usual*3/2 <= w.UpTo })
	if i < 0 {
		return "", e, false
	}
	if n, sum = worst(fresh, startWeights[i]); sum < startsLimit || now.Sub(fresh[n-1].At) < StartsPatience {
		return "", e, false
	}
	e = Evidence{Test: TestStarts, Usual: usual, Strength: sum, Needed: startsLimit, From: fresh[n-1].At}
	refused := int64(0)
	for _, t := range fresh[:n] {
		if t.Sign != SignNone {
			e.Tried++
		}
		if t.Sign.bad() {
			e.add(t)
		}
		if t.Sign == SignRefused {
			refused++
		}
	}
	cause = CauseUnavailable
	if 2*refused > e.Bad {
		cause = CauseRefused
	}
	return cause, e, true
}

// usualBad is how many of 10,000 orders were not taken in ordinary times.
func (h Health) usualBad(trials []Trial) int64 {
	bad, all := int64(0), int64(0)
	for i := range trials {
		if trials[i].Sign == SignNone || !h.ordinary(trials[i]) {
			continue
		}
		all++
		if trials[i].Sign.bad() {
			bad++
		}
	}
	return bad * 10_000 / max(all, 1)
}

// unpaidRun counts the latest buyers who saw the wallet and did not pay, up to the last one who did.
func (h Health) unpaidRun(trials []Trial) (run int64, paid bool) {
	fresh := h.fresh(trials)
	for i := range fresh {
		switch {
		case fresh[i].Paid:
			return run, true
		case fresh[i].Shown && fresh[i].Over:
			run++
		}
	}
	return run, false
}

// nobodyPays tests whether orders are taken and not paid any more. That buyers walk away is no evidence; that all of them do, where most used to pay, is.
func (h Health) nobodyPays(trials []Trial, now time.Time) (e Evidence, found bool) {
	run, _ := h.unpaidRun(trials)
	if run*unpaidWeights[0].Bad < unpaidLimit {
		return e, false
	}
	e = Evidence{Test: TestUnpaid, Needed: unpaidLimit}
	paid, unpaid := int64(0), int64(0)
	for _, t := range trials {
		switch {
		case !t.Shown || !t.Paid && !t.Over:
		case e.Tried < run:
			e.Tried, e.From = e.Tried+1, t.At
			e.add(t)
		case !h.ordinary(t):
		case t.Paid:
			paid++
		default:
			unpaid++
		}
	}
	if paid < minPaid {
		return e, false
	}
	e.Usual = unpaid * 10_000 / (paid + unpaid)
	i := slices.IndexFunc(unpaidWeights, func(w weighing) bool { return e.Usual <= w.UpTo })
	if i < 0 {
		return e, false
	}
	e.Strength = run * unpaidWeights[i].Bad
	return e, e.Strength >= unpaidLimit && now.Sub(e.From) >= UnpaidPatience
}

// maxUnpaidProbes is how many buyers in a row may leave a probed wallet unpaid before it is suspended again.
const maxUnpaidProbes = 20

// probes reads the trials since the share was set. A cause says that they failed: on the provider's word at once, else when more than a fifth was not taken.
func (h Health) probes(trials []Trial) (e Evidence, good int64, cause HealthCause) {
	e = Evidence{Test: TestProbes, From: h.Since}
	unpaid := int64(0)
	for _, t := range h.fresh(trials) {
		switch {
		case t.Sign.bad():
			e.Tried++
			e.add(t)
			if t.Sign == SignClosed {
				cause = CauseClosed
			}
		case t.Sign == SignTaken:
			e.Tried++
			if h.Cause != CauseUnpaid || t.Paid {
				good++
			}
			if t.Shown && t.Over && !t.Paid {
				unpaid++
			}
		}
	}
	switch {
	case cause != "":
	case e.Bad*4 > e.Tried-e.Bad:
		cause = h.Cause
	case h.Cause == CauseUnpaid && good == 0 && unpaid >= maxUnpaidProbes:
		cause, e.Bad = CauseUnpaid, unpaid
	}
	return e, good, cause
}
