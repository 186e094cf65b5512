package api

import (
	"context"
	"net/http"
	"time"

	"postern"
)

// HealthView is what was observed of a channel: how each product is now, and the latest steps that led there.
type HealthView struct {
	Object   string              `json:"object" enum:"channel_health"`
	Channel  string              `json:"channel"`
	Products []ProductHealthView `json:"products" doc:"Products of which nothing was ever observed are open."`
	Steps    []HealthStepView    `json:"steps" doc:"The latest 100, the newest first."`
}

// ProductHealthView is one product.
type ProductHealthView struct {
	Product     string            `json:"product"`
	State       string            `json:"state" enum:"open,suspended,probing"`
	Cause       string            `json:"cause,omitempty" doc:"closed: the provider says so. refused: no orders are taken, for a reason of the merchant's. unavailable: the provider's trouble. unpaid: nobody pays any more."`
	Share       int64             `json:"share,omitempty" doc:"While probing: how many of 10,000 payments are let through."`
	Strikes     int64             `json:"strikes,omitempty" doc:"Suspensions that followed soon upon another; each doubles the waits."`
	Since       time.Time         `json:"since,omitzero"`
	NextProbeAt *time.Time        `json:"next_probe_at"`
	Evidence    *postern.Evidence `json:"evidence"`
}

// HealthStepView is one step with its evidence.
type HealthStepView struct {
	ID          string           `json:"id"`
	Product     string           `json:"product"`
	Step        string           `json:"step" enum:"suspended,held,check_failed,probing,widened,probe_refused,restored,lifted"`
	State       string           `json:"state" enum:"open,suspended,probing"`
	Cause       string           `json:"cause"`
	Share       int64            `json:"share,omitempty"`
	NextProbeAt *time.Time       `json:"next_probe_at"`
	Evidence    postern.Evidence `json:"evidence"`
	CreatedAt   time.Time        `json:"created_at"`
}

type healthOut struct{ Body HealthView }

// shownSteps bounds the steps that one answer shows.
const shownSteps = 100

func (a *API) health() {
	handle(a, op("get-channel-health", http.MethodGet, "/v1/channels/{id}/health", "Read what was observed of a channel",
		"A product that takes no orders, or whose orders nobody pays any more, is suspended, probed and widened step by step. Each step is listed with its evidence.", http.StatusOK), a.getHealth)
}

func (a *API) getHealth(ctx context.Context, in *idIn) (*healthOut, error) {
	c, err := a.channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	observed, err := a.Store.ChannelHealth(ctx, c.MerchantID, c.ID)
	if err != nil {
		return nil, err
	}
	records, err := a.Store.HealthRecords(ctx, c.MerchantID, c.ID, shownSteps)
	if err != nil {
		return nil, err
	}
	out := &healthOut{Body: HealthView{Object: "channel_health", Channel: c.ID, Products: []ProductHealthView{}, Steps: []HealthStepView{}}}
	for _, code := range c.Products {
		v := ProductHealthView{Product: code, State: string(postern.HealthOpen)}
		for _, h := range observed {
			if h.Product == code {
				v = viewHealth(h)
			}
		}
		out.Body.Products = append(out.Body.Products, v)
	}
	for _, r := range records {
		out.Body.Steps = append(out.Body.Steps, HealthStepView{
			ID: r.ID, Product: r.Product, Step: string(r.Step), State: string(r.State), Cause: string(r.Cause), Share: r.Share, NextProbeAt: orNil(r.NextAt),
			Evidence: r.Evidence, CreatedAt: r.CreatedAt,
		})
	}
	return out, nil
}

func viewHealth(h postern.Health) ProductHealthView {
	v := ProductHealthView{Product: h.Product, State: string(h.State), Strikes: h.Strikes, Since: h.Since}
	if h.State == postern.HealthOpen {
		return v
	}
	v.Cause, v.Share, v.NextProbeAt, v.Evidence = string(h.Cause), h.Share, orNil(h.NextAt), &h.Evidence
	return v
}
