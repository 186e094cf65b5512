package postern

import "time"

// FirstPoll is when an attempt is first asked after, whatever notifications do.
const FirstPoll = 4 * time.Second

// CloseMargin is how long after the provider-side expiry an order that the provider does not know counts as closed.
const CloseMargin = 5 * time.Minute

// MinAttemptLife is the shortest provider-side expiry: providers lift anything shorter to a minute (WeChat Pay) or refuse it (Alipay), so that an order may
// outlive its payment by less than this. Money that comes then is late money.
const MinAttemptLife = time.Minute

// MaxAttemptLife bounds the provider-side expiry, so that an abandoned wallet does not block the next one for long.
const MaxAttemptLife = 15 * time.Minute

var pollSteps = []time.Duration{FirstPoll, 6 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour}

// NextPoll returns when to look again at something that began at this time: soon at first, then ever less often, at least every six hours.
func NextPoll(began, now time.Time) time.Time {
	at := began
	for _, step := range pollSteps {
		if at = at.Add(step); at.After(now) {
			return at
		}
	}
	return now.Add(pollSteps[len(pollSteps)-1])
}
