package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"postern"
)

// calendarCmd lists everything of a merchant that will end.
type calendarCmd struct {
	Merchant string `help:"The merchant (mer_...); the only one if there is one."`
	Partner  string `help:"A partner (ptn_...): what ends of its own accounts."`
	Days     int64  `default:"90" help:"How many days ahead."`
	JSON     bool   `name:"json" help:"For programs."`
}

// maxDays is a century.
const maxDays = 36_525

func (c *calendarCmd) Run(rt *runtime) error {
	if c.Days < 1 || c.Days > maxDays {
		return fmt.Errorf("--days: from 1 to %d", maxDays)
	}
	return rt.withStore(func(ctx context.Context, o *offline) error {
		zone, err := time.LoadLocation(o.cfg.Zone)
		if err != nil {
			return err
		}
		now := time.Now()
		entries, err := c.entries(ctx, o, now, now.Add(time.Duration(c.Days)*24*time.Hour))
		if err != nil {
			return err
		}
		if c.JSON {
			encoder := json.NewEncoder(rt.stdout)
			encoder.SetIndent("", "  ")
			return encoder.Encode(append([]postern.CalendarEntry{}, entries...))
		}
		if len(entries) == 0 {
			fmt.Fprintf(rt.stdout, "nothing ends in the next %s\n", postern.Count(c.Days, "day"))
		}
		for _, e := range entries {
			about := e.ChannelID + e.CredentialSetID + e.ClosureID
			if about == "" {
				about = "wall map"
			}
			fmt.Fprintf(rt.stdout, "%s  in %3d days  %-8s  %s\n    %s\n", e.At.In(zone).Format("2006-01-02 15:04"), e.Days(now), e.Severity, about, e.Effect)
		}
		return nil
	})
}

func (c *calendarCmd) entries(ctx context.Context, o *offline, now, until time.Time) ([]postern.CalendarEntry, error) {
	if c.Partner != "" {
		return o.engine.PartnerCalendar(ctx, c.Partner, o.cfg.Live, now, until)
	}
	m, err := o.merchant(ctx, c.Merchant)
	if err != nil {
		return nil, err
	}
	return o.engine.Calendar(ctx, m.ID, now, until)
}
