package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"postern"
	"postern/webhook"
)

// Event is what webhooks carry, field by field.
type Event webhook.Body

func viewEvent(e postern.Event) Event { return Event(webhook.BodyOf(e)) }

type eventsIn struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Rows per page."`
	After string `query:"after" pattern:"^[0-9]{0,18}$" doc:"The sequence of the last event you have; empty begins at the first."`
}

func (a *API) events() {
	handle(a, op("list-events", http.MethodGet, "/v1/events", "Pull events in the order of their sequence",
		"Oldest first, without a gap: ask with after set to the last sequence that you have. What a webhook missed is here.", http.StatusOK), a.listEvents)
	handle(a, op("get-event", http.MethodGet, "/v1/events/{id}", "Read an event",
		"The same bytes that webhooks carry.", http.StatusOK), a.getEvent)
}

// listEvents is ordered oldest first: a merchant that missed something asks for what came after the last sequence it has.
func (a *API) listEvents(ctx context.Context, in *eventsIn) (*listOut[Event], error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	after, _ := strconv.ParseInt(in.After, 10, 64) // The pattern admits digits only; empty is zero.
	rows, err := a.Store.Events(ctx, m.ID, after, in.Limit)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(rows) == in.Limit {
		next = strconv.FormatInt(rows[len(rows)-1].Position, 10)
	}
	rows = slices.DeleteFunc(rows, func(e postern.Event) bool { return e.Live != m.Live }) // Of a partner's own a page may hold fewer rows than were asked for.
	return page(rows, next, viewEvent), nil
}

type eventOut struct{ Body Event }

// getEvent answers once the event has its place in the sequence, so that no two answers about it differ.
func (a *API) getEvent(ctx context.Context, in *idIn) (*eventOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	e, err := a.Store.Event(ctx, m.ID, in.ID)
	if err == nil && (e.Position == 0 || e.Live != m.Live) {
		err = postern.E(postern.CodeNotFound, "api.getEvent", "there is no such event")
	}
	if err != nil {
		return nil, err
	}
	return &eventOut{Body: viewEvent(e)}, nil
}
