package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/provider"
	"postern/route"
	"postern/store"
)

// probeID names the job of one suspension: a job whose round is over ends.
func probeID(h postern.Health) string {
	return h.ChannelID + "/" + h.Product + "/" + strconv.FormatInt(h.Round, 10)
}

// Probe is the job that brings traffic back to a suspended product, step by step. It makes the provider's harmless call, where there is one, and then lets a
// few buyers' orders through, more with each share that goes well. There is one for each suspension; it ends with it.
func (e *Engine) Probe(ctx context.Context, merchantID, id string) (time.Duration, error) {
	channelID, rest, _ := strings.Cut(id, "/")
	product, round, _ := strings.Cut(rest, "/")
	ctx = context.WithoutCancel(ctx)
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return 0, err
	}
	h, err := e.health(ctx, channel, product)
	if err != nil {
		return 0, err
	}
	now := e.now()
	retired := !channel.RetiredAt.IsZero() && !now.Before(channel.RetiredAt)
	if strconv.FormatInt(h.Round, 10) != round || h.State == postern.HealthOpen || retired {
		return 0, nil
	}
	if left := h.NextAt.Sub(now); left > 0 {
		return left, nil
	}
	if h.State == postern.HealthSuspended {
		err = e.knock(ctx, channel, h)
	} else {
		err = e.watch(ctx, channel, product, h.Cause == postern.CauseUnpaid)
	}
	if err != nil && postern.CodeOf(err) != postern.CodeConflict {
		return 0, err
	}
	if h, err = e.health(ctx, channel, product); err != nil || h.State == postern.HealthOpen {
		return 0, err
	}
	return h.Again(e.now()), nil
}

// knock asks the provider whether it is there, after it committed that it does: however often the job runs, crashes or runs twice, there is one call in each wait.
// An answer that is good lets the first buyers through; where the provider has no harmless call, the waiting alone does.
func (e *Engine) knock(ctx context.Context, channel postern.Channel, h postern.Health) error {
	claimed := h.Claim(e.now())
	if err := e.commit(ctx, store.Change{MerchantID: h.MerchantID, At: e.now(), Health: []postern.Health{claimed}}); err != nil {
		return err
	}
	answer, err := e.check(ctx, channel)
	if err != nil {
		return err
	}
	return e.healthStep(ctx, channel, h.Product, func(current postern.Health) (postern.Health, postern.HealthStep, error) {
		if current.Round != claimed.Round || current.Tries != claimed.Tries || current.State != postern.HealthSuspended {
			return current, "", nil // A person was faster.
		}
		next, step := current.Checked(answer.OK, answer.Code, answer.Message, e.now())
		return next, step, nil
	})
}

// check makes the provider's harmless call. Keys that cannot be used are an answer too: the suspension lasts until they can.
func (e *Engine) check(ctx context.Context, channel postern.Channel) (provider.CheckResult, error) {
	checker, ok := e.Registry[channel.Provider].(provider.Checker)
	if !ok {
		return provider.CheckResult{OK: true}, nil
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return provider.CheckResult{Message: "the keys of the channel cannot be used: see channel check"}, nil
	}
	if err := e.fault(ctx, "engine.probe.before_call"); err != nil {
		return provider.CheckResult{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := checker.Check(bounded, call)
	return answer, e.fault(ctx, "engine.probe.after_call")
}

// ready is what a start tries, best first. A buyer on our page who taps a wallet that is being probed must not pay for our curiosity: what the page offered beside
// it follows at once when it refuses. A merchant's server that asks for one wallet gets that one or an answer, because its code counts on it.
func (e *Engine) ready(plan route.Plan, in StartInput) []route.Candidate {
	kept := plan.Kept()
	if len(kept) == 0 || kept[0].Reason != route.ReasonProbe || in.Buyer.Container == ContainerAPI {
		return kept
	}
	list := slices.Clone(kept)
	for _, c := range plan.Offered() {
		asked := slices.ContainsFunc(kept, func(k route.Candidate) bool { return k.ChannelID == c.ChannelID && k.Product == c.Product })
		product, _ := e.Registry[c.Provider].Describe().Product(c.Product)
		if !asked && !product.NeedsPayer {
			list = append(list, c)
		}
	}
	return list
}
