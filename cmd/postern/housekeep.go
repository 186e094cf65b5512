package main

import (
	"context"
	"time"
)

const (
	trustEvery    = 6 * time.Hour
	forgetEvery   = 24 * time.Hour
	calendarEvery = time.Hour
	permitEvery   = 24 * time.Hour
)

// housekeep does, on every node and harmlessly often, what no request asks for: asking after what a dead process had in hand, fetching provider certificates before they are used, telling
// merchants of what is about to end, and deleting what retention says. It ends with the context.
func (s *theSwitch) housekeep(ctx context.Context) {
	trust, forget, calendar := time.NewTicker(trustEvery), time.NewTicker(forgetEvery), time.NewTicker(calendarEvery)
	defer trust.Stop()
	defer forget.Stop()
	defer calendar.Stop()
	if n, err := s.engine.Recover(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "recovery", "asked", n, "err", err)
	}
	s.refreshTrust(ctx)
	s.tellCalendar(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-trust.C:
			s.refreshTrust(ctx)
		case <-calendar.C:
			s.tellCalendar(ctx)
		case <-forget.C:
			if n, err := s.engine.Forget(ctx); err != nil {
				s.log.ErrorContext(ctx, "retention", "deleted", n, "err", err)
			}
		}
	}
}

func (s *theSwitch) refreshTrust(ctx context.Context) {
	if n, err := s.engine.RefreshAllTrust(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "provider certificates", "fetched", n, "err", err)
	}
}

func (s *theSwitch) tellCalendar(ctx context.Context) {
	if n, err := s.engine.TellCalendar(ctx); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "calendar", "told", n, "err", err)
	}
}

// permissions has every provider that can be asked say once a day what it withdrew. With many merchants that takes a while, so it holds up nothing else.
func (s *theSwitch) permissions(ctx context.Context) {
	daily := time.NewTicker(permitEvery)
	defer daily.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-daily.C:
			if n, err := s.engine.AskAllPermissions(ctx); err != nil && ctx.Err() == nil {
				s.log.ErrorContext(ctx, "permissions", "asked", n, "err", err)
			}
		}
	}
}
