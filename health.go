package postern

import "time"

// HealthState says what a product of a channel takes, as far as was observed.
type HealthState string

// States of Health. Probing takes a share of the payments.
const (
	HealthOpen      HealthState = "open"
	HealthSuspended HealthState = "suspended"
	HealthProbing   HealthState = "probing"
)

// HealthCause is what the observation was. Unavailable is the provider's trouble, which passes: it is probed soon. The others are about this merchant, which
// last: they are probed with care.
type HealthCause string

// Causes.
const (
	CauseClosed      HealthCause = "closed"      // the provider says that this merchant or product may not collect
	CauseRefused     HealthCause = "refused"     // it takes no orders, and the reason is ours: keys, fields
	CauseUnavailable HealthCause = "unavailable" // it takes no orders, and says so, or says nothing
	CauseUnpaid      HealthCause = "unpaid"      // it takes orders, and nobody pays them any more
)

// HealthStep names one change of health; each is kept with its evidence.
type HealthStep string

// Steps. Held is a suspension soon after the last one ended: its waits are longer.
const (
	StepSuspended    HealthStep = "suspended"
	StepHeld         HealthStep = "held"
	StepCheckFailed  HealthStep = "check_failed"
	StepProbing      HealthStep = "probing"
	StepWidened      HealthStep = "widened"
	StepProbeRefused HealthStep = "probe_refused"
	StepRestored     HealthStep = "restored"
	StepLifted       HealthStep = "lifted" // by a person
)

// Health is what was observed of one product of a channel. It decides about new attempts only: what is in flight goes on.
type Health struct {
	MerchantID string
	ChannelID  string
	Product    string
	Version    int64
	State      HealthState
	Cause      HealthCause
	// Share is how many of 10,000 payments are let through while probing.
	Share int64
	// Round counts the suspensions and names the job that ends this one, Tries the probes since, Strikes the suspensions that followed soon upon another.
	Round   int64
	Tries   int64
	Strikes int64
	// Since is when state or share last changed; the last episode went from SuspendedAt to RestoredAt.
	Since       time.Time
	SuspendedAt time.Time
	RestoredAt  time.Time
	// NextAt is when the job looks again.
	NextAt   time.Time
	Evidence Evidence
}

// HealthRecord is one step as it is kept.
type HealthRecord struct {
	MerchantID string
	ID         string
	ChannelID  string
	Product    string
	Step       HealthStep
	State      HealthState
	Cause      HealthCause
	Share      int64
	NextAt     time.Time
	Evidence   Evidence
	CreatedAt  time.Time
}

// The shares of a return, and how many orders must be taken at each before the next.
var widening = []struct{ Share, Wants int64 }{{100, 1}, {500, 3}, {2_500, 5}, {10_000, 10}}

// pace is how a cause is probed: the first wait, doubled with each try up to the longest, and how long each share is held at least.
type pace struct{ first, longest, hold time.Duration }

func (c HealthCause) pace() pace {
	if c == CauseUnavailable {
		return pace{5 * time.Second, 5 * time.Minute, 10 * time.Second}
	}
	return pace{2 * time.Minute, 15 * time.Minute, time.Minute}
}

// Bounds of the damping.
const (
	strikeWindow = 24 * time.Hour // a suspension this soon after the last one ended is a strike
	maxStrikes   = 6
	manyTries    = 8
	idleHolds    = 3              // a share that nobody tried for so many holds speaks for nothing and against nothing: it is widened
	idleRestore  = 24 * time.Hour // the same for the last share
)

// wait is how long the next probe is put off: doubled with each try and each strike, up to the longest, which itself is doubled twice, by strikes or when the tries
// go on for hours.
func (h Health) wait() time.Duration {
	p := h.Cause.pace()
	return min(p.first<<min(h.Tries+h.Strikes, 20), p.longest<<min(h.Strikes+h.Tries/manyTries, 2))
}

// hold is how long a share is kept at least: doubled with each strike.
func (h Health) hold() time.Duration { return h.Cause.pace().hold << min(h.Strikes, 4) }

// Takes says whether a payment with this hash may start with the product, and whether that is a probe.
func (h *Health) Takes(hash uint64) (takes, probe bool) {
	switch {
	case h == nil || h.State == HealthOpen || h.State == "":
		return true, false
	case h.State == HealthProbing && int64(hash%10_000) < h.Share:
		return true, true
	}
	return false, false
}

// Judge reads the latest trials, the newest first, and says what follows: the next health and the step that leads there, or no step. It is pure.
func (h Health) Judge(trials []Trial, now time.Time) (Health, HealthStep) {
	switch h.State {
	case HealthSuspended:
		return h, ""
	case HealthProbing:
		return h.judgeProbes(trials, now)
	}
	if cause, evidence, found := h.trouble(trials, now); found {
		return h.suspend(cause, evidence, now)
	}
	return h, ""
}

func (h Health) suspend(cause HealthCause, evidence Evidence, now time.Time) (Health, HealthStep) {
	step := StepProbeRefused
	if h.State != HealthProbing {
		step = StepSuspended
		h.Round, h.Tries, h.SuspendedAt = h.Round+1, 0, now
		if soon := !h.RestoredAt.IsZero() && now.Sub(h.RestoredAt) < strikeWindow; soon {
			step, h.Strikes = StepHeld, min(h.Strikes+1, maxStrikes)
		} else {
			h.Strikes = 0
		}
	}
	h.State, h.Cause, h.Share, h.Since, h.Evidence = HealthSuspended, cause, 0, now, evidence
	h.NextAt = now.Add(h.wait())
	return h, step
}

// Claim is committed before a probe is made, so that no second one is made within the wait, whoever crashes.
func (h Health) Claim(now time.Time) Health {
	h.Tries++
	h.NextAt = now.Add(h.wait())
	return h
}

// Checked says what follows from the provider's answer to a harmless call: it lets the first buyers through, or waits on.
func (h Health) Checked(good bool, code, message string, now time.Time) (Health, HealthStep) {
	h.Evidence = Evidence{Test: TestCheck, Tried: 1, Code: code, Message: message, From: now}
	if !good {
		h.Evidence.Bad = 1
		return h, StepCheckFailed
	}
	return h.widen(0, now), StepProbing
}

func (h Health) widen(to int, now time.Time) Health {
	h.State, h.Share, h.Since = HealthProbing, widening[to].Share, now
	h.NextAt = now.Add(h.hold())
	return h
}

// judgeProbes reads the buyers' orders since the share was set.
func (h Health) judgeProbes(trials []Trial, now time.Time) (Health, HealthStep) {
	at := 0
	for widening[at].Share < h.Share {
		at++
	}
	evidence, good, cause := h.probes(trials)
	if cause != "" {
		return h.suspend(cause, evidence, now)
	}
	last, spent := at == len(widening)-1, now.Sub(h.Since)
	idle := idleHolds * h.hold()
	if last && h.Evidence.Tried == h.Evidence.Bad {
		idle = idleRestore // not one order was taken on the whole way back
	}
	if spent < h.hold() || good < widening[at].Wants && spent < idle {
		return h, ""
	}
	h.Evidence = evidence
	if last {
		return h.open(now), StepRestored
	}
	return h.widen(at+1, now), StepWidened
}

// Again is how long a job that changed nothing sleeps: ever longer where nobody comes.
func (h Health) Again(now time.Time) time.Duration {
	if left := h.NextAt.Sub(now); left > 0 {
		return left
	}
	return min(max(now.Sub(h.Since)/2, h.hold()), time.Hour)
}

func (h Health) open(now time.Time) Health {
	h.State, h.Share, h.Tries, h.Since, h.RestoredAt, h.NextAt = HealthOpen, 0, 0, now, now, time.Time{}
	return h
}

// Lift is a person's word that the product may be offered again. The strikes are forgotten.
func (h Health) Lift(now time.Time) (Health, HealthStep) {
	if h.State == HealthOpen {
		return h, ""
	}
	h.Strikes, h.Evidence = 0, Evidence{Test: TestPerson, From: now}
	return h.open(now), StepLifted
}
