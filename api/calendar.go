package api

import (
	"context"
	"net/http"
	"time"

	"postern"
)

type calendarIn struct {
	PageQuery
	Days int64 `query:"days" minimum:"1" maximum:"3660" default:"90" doc:"How many days ahead."`
}

// CalendarView is one thing that will end or begin.
type CalendarView struct {
	ID       string `json:"id" doc:"Names the entry for good; a date that moves makes another."`
	Object   string `json:"object" enum:"calendar_entry"`
	DaysLeft int64  `json:"days_left"`
	postern.CalendarEntry
}

func (a *API) calendar() {
	handle(a, op("list-calendar", http.MethodGet, "/v1/calendar", "List everything that will end",
		"Agreements, licences, certificates, keys, closures and walls, soonest first, each with what it does to the merchant. A partner that names no merchant sees the keys of its own accounts. The event calendar.ahead tells 90, 30, 7 and 1 days before.", http.StatusOK), a.listCalendar)
}

func (a *API) listCalendar(ctx context.Context, in *calendarIn) (*listOut[CalendarView], error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	now := a.Now().UTC()
	until := now.Add(time.Duration(in.Days) * 24 * time.Hour)
	var entries []postern.CalendarEntry
	if postern.CheckID(postern.PrefixPartner, m.ID) {
		entries, err = a.Engine.PartnerCalendar(ctx, m.ID, m.Live, now, until)
	} else {
		entries, err = a.Engine.Calendar(ctx, m.ID, now, until)
	}
	if err != nil {
		return nil, err
	}
	view := func(e postern.CalendarEntry) CalendarView {
		return CalendarView{ID: entryID(e), Object: "calendar_entry", DaysLeft: e.Days(now), CalendarEntry: e}
	}
	return window(entries, in.PageQuery, entryID, view), nil
}

// entryID is short and the same for ever; a cursor is one.
func entryID(e postern.CalendarEntry) string { return postern.DerivedID("cal_", e.At, e.Key()) }
