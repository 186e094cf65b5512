package route

// Stuck says that a plan leaves the buyer nothing: no way to pay here and no way out.
func (p Plan) Stuck() bool {
	for _, c := range p.Candidates {
		if c.Kept || c.Reason == ReasonWayOut {
			return false
		}
	}
	return true
}

// Outside turns a plan that leaves the buyer nothing here into one that shows the way out, when the same buyer could pay in the device's own browser: there is
// the plan made for that. A wallet that is closed or blocked only here is reached by opening the page there.
func Outside(here, there Plan) Plan {
	open := map[string]bool{}
	for _, c := range there.Kept() {
		open[c.Provider] = true
	}
	for i := range here.Candidates {
		c := &here.Candidates[i]
		if open[c.Provider] && (c.Reason == ReasonClosed || c.Reason == ReasonBlocked || c.Reason == ReasonRule) {
			c.Reason, c.WayOut = ReasonWayOut, "browser"
			open[c.Provider] = false // once a wallet
		}
	}
	return here
}
