package main

import (
	"testing"
	"time"

	"postern"
)

// TestHealthReadsLikeAnAnswer holds the words of channel health against what they stand for.
func TestHealthReadsLikeAnAnswer(t *testing.T) {
	noon := time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)
	healths := map[string]postern.Health{
		"open": {State: postern.HealthOpen},
		"suspended since 2026-11-25 12:00:00 +08:00 (closed); the next probe is at 2026-11-25 12:02:00 +08:00": {
			State: postern.HealthSuspended, Cause: postern.CauseClosed, Since: noon, NextAt: noon.Add(2 * time.Minute),
		},
		"probing with 5.00 % of the payments since 2026-11-25 12:00:00 +08:00 (unavailable)": {
			State: postern.HealthProbing, Cause: postern.CauseUnavailable, Share: 500, Since: noon,
		},
	}
	for want, h := range healths {
		if got := healthWords(h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	evidence := map[string]postern.Evidence{
		"the provider says so: NO_AUTH 商户无权限 (att_1)":             {Test: postern.TestClosed, Code: "NO_AUTH", Message: "商户无权限", Attempts: []string{"att_1"}},
		"16 of the last 18 orders were not taken; usually 1.25 %": {Test: postern.TestStarts, Bad: 16, Tried: 18, Usual: 125},
		"the last 71 buyers did not pay; usually 30.00 % do not":  {Test: postern.TestUnpaid, Bad: 71, Tried: 71, Usual: 3_000},
		"1 of 3 probes were not taken: 500 (att_1, att_2)":        {Test: postern.TestProbes, Bad: 1, Tried: 3, Code: "500", Attempts: []string{"att_1", "att_2"}},
		"the provider's harmless call: ORDER_NOT_EXIST":           {Test: postern.TestCheck, Code: "ORDER_NOT_EXIST"},
		"lifted by a person": {Test: postern.TestPerson},
	}
	for want, e := range evidence {
		if got := evidenceWords(e); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
