package wall

import "time"

// Learned counts what came of payments where the map does not know: how many were tried and how many were paid. The counts fade with time, so that a container
// that changed is believed anew. Both are in thousandths of a try.
type Learned struct {
	Container string `json:"container"`
	Provider  string `json:"provider"`
	Product   string `json:"product"`
	Tried     int64  `json:"tried"`
	Worked    int64  `json:"worked"`
	// At is the moment for which the counts stand.
	At Moment `json:"at"`
}

// One is one try in the unit of the counts.
const One = 1000

// LearnPolicy says how much it takes to believe.
type LearnPolicy struct {
	// HalfLife is the time after which an old try counts half; at least a second.
	HalfLife time.Duration
	// Enough is the least number of paid tries to call a cell working, and Share the least part of all tries they must be, in thousandths. Buyers walk away for
	// many reasons, so the share is far below one.
	Enough, Share int64
	// Many is the least number of tries to call a cell blocked, and Rare the part of paid ones, in thousandths, that may at most be among them.
	Many, Rare int64
}

// DefaultLearning believes five payments of which a quarter or more succeed, and gives up after twenty of which at most one in fifty did. A week halves.
var DefaultLearning = LearnPolicy{HalfLife: 7 * 24 * time.Hour, Enough: 5, Share: 250, Many: 20, Rare: 20}

// Observe adds one try. A moment before the last one counts as the last: clocks of several nodes differ.
func (l Learned) Observe(worked bool, at time.Time, policy LearnPolicy) Learned {
	l = l.Faded(at, policy)
	l.Tried += One
	if worked {
		l.Worked += One
	}
	return l
}

// Faded is the count as it stands at a later moment: halved for every half-life, straight in between.
func (l Learned) Faded(at time.Time, policy LearnPolicy) Learned {
	now, half := MomentOf(at), Moment(max(policy.HalfLife/time.Second, 1))
	if l.At == 0 || now <= l.At {
		l.At = max(l.At, now)
		return l
	}
	whole, part := (now-l.At)/half, (now-l.At)%half
	l.Tried, l.Worked, l.At = fade(l.Tried, int64(whole), int64(part), int64(half)), fade(l.Worked, int64(whole), int64(part), int64(half)), now
	return l
}

// fade is n / 2^whole, less half of the part that has gone by of the next half-life.
func fade(n, whole, part, half int64) int64 {
	if whole > 62 {
		return 0
	}
	n >>= whole
	return n - n/2*part/half
}

// Verdict is what the counts say at a moment: StateWorks, StateBlocked, or StateUnknown when they are too few or between the two.
func (l Learned) Verdict(at time.Time, policy LearnPolicy) string {
	l = l.Faded(at, policy)
	switch {
	case l.Worked >= policy.Enough*One && l.Worked*1000 >= l.Tried*policy.Share:
		return StateWorks
	case l.Tried >= policy.Many*One && l.Worked*1000 <= l.Tried*policy.Rare:
		return StateBlocked
	}
	return StateUnknown
}

// Learn is a cell in the light of what was observed. Only a cell whose state is unknown learns: what is attested is changed by an overlay or a closure, with
// somebody's name to it. A cell that turns out not to work sends the buyer to the browser where the container's menu leads there, and is blocked otherwise. When
// the counts fade, it is unknown again.
func (m *Map) Learn(cell Cell, seen Seen, l Learned, at time.Time, policy LearnPolicy) Cell {
	if cell.State != StateUnknown || l.Provider != cell.Provider || l.Product != cell.Product || l.Container != seen.Container {
		return cell
	}
	switch l.Verdict(at, policy) {
	case StateWorks:
		cell.State, cell.Evidence = StateWorks, EvidenceObservation
		cell.ClosedBy, cell.Who = "", ""
	case StateBlocked:
		cell.State, cell.Evidence, cell.Signing = StateBlocked, EvidenceObservation, ""
		if m.Name(seen.Container).Exit != ExitNone {
			cell.State, cell.WayOut = StateWayOut, WayBrowser
		}
	}
	return cell
}
