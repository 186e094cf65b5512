package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postern"
)

type channelHealthCmd struct {
	ID       string `arg:"" help:"The channel (chn_...)."`
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
	Steps    int    `help:"How many of the latest steps to print." default:"20"`
}

func (c *channelHealthCmd) Run(rt *runtime) error {
	return rt.withStore(func(ctx context.Context, o *offline) error {
		m, err := o.merchant(ctx, c.Merchant)
		if err != nil {
			return err
		}
		channel, err := o.store.Channel(ctx, m.ID, c.ID)
		if err != nil {
			return err
		}
		observed, err := o.store.ChannelHealth(ctx, m.ID, channel.ID)
		if err != nil {
			return err
		}
		for _, code := range channel.Products {
			h := postern.Health{Product: code, State: postern.HealthOpen}
			for _, seen := range observed {
				if seen.Product == code {
					h = seen
				}
			}
			fmt.Fprintf(rt.stdout, "%-8s %s\n", code, healthWords(h))
		}
		records, err := o.store.HealthRecords(ctx, m.ID, channel.ID, min(max(c.Steps, 0), 1_000))
		for _, r := range records {
			fmt.Fprintf(rt.stdout, "%s  %-8s %-13s %s\n", clock(r.CreatedAt), r.Product, r.Step, evidenceWords(r.Evidence))
		}
		return err
	})
}

func clock(t time.Time) string { return t.In(postern.Beijing).Format("2006-01-02 15:04:05 -07:00") }

// healthWords says how a product is, as a person would.
func healthWords(h postern.Health) string {
	switch h.State {
	case postern.HealthSuspended:
		return fmt.Sprintf("suspended since %s (%s); the next probe is at %s", clock(h.Since), h.Cause, clock(h.NextAt))
	case postern.HealthProbing:
		return fmt.Sprintf("probing with %d.%02d %% of the payments since %s (%s)", h.Share/100, h.Share%100, clock(h.Since), h.Cause)
	}
	return "open"
}

// evidenceWords says what a step rests on.
func evidenceWords(e postern.Evidence) string {
	var s string
	switch e.Test {
	case postern.TestClosed:
		s = "the provider says so"
	case postern.TestStarts:
		s = fmt.Sprintf("%d of the last %d orders were not taken; usually %d.%02d %%", e.Bad, e.Tried, e.Usual/100, e.Usual%100)
	case postern.TestUnpaid:
		s = fmt.Sprintf("the last %d buyers did not pay; usually %d.%02d %% do not", e.Bad, e.Usual/100, e.Usual%100)
	case postern.TestProbes:
		s = fmt.Sprintf("%d of %d probes were not taken", e.Bad, e.Tried)
	case postern.TestCheck:
		s = "the provider's harmless call"
	case postern.TestPerson:
		s = "lifted by a person"
	}
	if words := strings.TrimSpace(e.Code + " " + e.Message); words != "" {
		s += ": " + words
	}
	if len(e.Attempts) > 0 {
		s += " (" + strings.Join(e.Attempts, ", ") + ")"
	}
	return s
}
