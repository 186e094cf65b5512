package engine

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// observed is the data of channel.suspended, channel.probing and channel.restored.
type observed struct {
	ChannelID string             `json:"channel_id"`
	Provider  string             `json:"provider"`
	Product   string             `json:"product"`
	Step      postern.HealthStep `json:"step,omitempty"`
	Cause     string             `json:"cause,omitempty"`
	// Share is how many of 10,000 payments are let through.
	Share    int64             `json:"share,omitempty"`
	NextAt   time.Time         `json:"next_at,omitzero"`
	Evidence *postern.Evidence `json:"evidence,omitempty"`
	Code     string            `json:"provider_code,omitempty"`
	Message  string            `json:"provider_message,omitempty"`
}

// watch judges one product of a channel by its latest attempts and commits what follows. It is asked when something went wrong, never on the way of an order
// that goes well; a first glance mostly ends it. Whether orders are paid is asked of those that are old enough.
func (e *Engine) watch(ctx context.Context, channel postern.Channel, product string, asPaid bool) error {
	return e.healthStep(ctx, channel, product, func(h postern.Health) (postern.Health, postern.HealthStep, error) {
		if h.State == postern.HealthSuspended {
			return h, "", nil
		}
		before, patience := e.now(), postern.StartsPatience
		if asPaid {
			before, patience = before.Add(-postern.TimeToPay), postern.UnpaidPatience
		}
		glance, err := e.trials(ctx, channel, product, before, postern.TrialsGlance)
		if err != nil || !h.Suspect(glance) {
			return h, "", err
		}
		next, step, err := e.judge(ctx, channel, h, before)
		if err != nil || step != "" || h.State != postern.HealthOpen {
			return next, step, err
		}
		for range looksBack {
			before = before.Add(-patience / looksBack)
			if glance, err = e.trials(ctx, channel, product, before, postern.TrialsGlance); err != nil || !h.Lasts(glance, asPaid) {
				return h, "", err
			}
		}
		return e.judge(ctx, channel, h, before)
	})
}

// looksBack is at how many moments of the patience a busy channel is looked at.
const looksBack = 3

// judge asks the rules about the latest trials that began before a moment.
func (e *Engine) judge(ctx context.Context, channel postern.Channel, h postern.Health, before time.Time) (postern.Health, postern.HealthStep, error) {
	trials, err := e.trials(ctx, channel, h.Product, before, postern.TrialsWindow)
	if err != nil {
		return h, "", err
	}
	next, step := h.Judge(trials, e.now())
	return next, step, nil
}

// troubled asks for a judgement after a start that the channel did not take. That the judgement fails is no reason to fail the payment.
func (e *Engine) troubled(ctx context.Context, channel postern.Channel, product string, answer provider.Result) {
	if answer.Field != "" || sign(answer.Class) == postern.SignNone || sign(answer.Class) == postern.SignTaken {
		return
	}
	if answer.Class == provider.ClassClosed {
		e.askSoon(ctx, channel)
	}
	if err := e.watch(ctx, channel, product, false); err != nil {
		e.Log.ErrorContext(ctx, "judge the health of a channel", "channel", channel.ID, "product", product, "err", err)
	}
}

// unpaid asks for a judgement after an attempt that a buyer saw was closed unpaid.
func (e *Engine) unpaid(ctx context.Context, a postern.Attempt) error {
	if a.Status != postern.AttemptClosed || !a.Exposed() {
		return nil
	}
	channel, err := e.Store.Channel(ctx, a.MerchantID, a.ChannelID)
	if err != nil {
		return err
	}
	return e.watch(ctx, channel, a.Product, true)
}

// sign reads the class of a start's answer as a sign about the channel.
func sign(class provider.Class) postern.Sign {
	switch class {
	case provider.ClassClosed:
		return postern.SignClosed
	case provider.ClassAuth, provider.ClassInvalid, provider.ClassBug:
		return postern.SignRefused
	case provider.ClassUnavailable, provider.ClassRateLimited, provider.ClassUnknown:
		return postern.SignDown
	case provider.ClassDeclined:
		return postern.SignTaken
	}
	return postern.SignNone
}

// trials reads the latest attempts with a product as the rules of health see them.
func (e *Engine) trials(ctx context.Context, channel postern.Channel, product string, before time.Time, limit int) ([]postern.Trial, error) {
	rows, err := e.Store.Starts(ctx, channel.MerchantID, channel.ID, product, before, limit)
	if err != nil {
		return nil, err
	}
	atOnce := false
	if connector, ok := e.Registry[channel.Provider]; ok {
		info, _ := connector.Describe().Product(product)
		atOnce = info.ChargesAtOnce
	}
	now, trials := e.now(), make([]postern.Trial, len(rows))
	for i, r := range rows {
		trials[i] = trial(r, atOnce, now)
	}
	return trials, nil
}

func trial(r store.Start, atOnce bool, now time.Time) postern.Trial {
	t := postern.Trial{AttemptID: r.ID, Paid: r.Status == postern.AttemptPaid, Code: r.Code, Message: r.Message, At: r.CreatedAt}
	t.Shown = t.Paid || !r.ExposedAt.IsZero()
	t.Over = t.Shown && !t.Paid && (!r.Status.Live() || now.Sub(r.ExposedAt) >= postern.TimeToPay)
	switch {
	case t.Paid, t.Shown && (!atOnce || r.Class == ""):
		t.Sign = postern.SignTaken
	default:
		t.Sign = sign(provider.Class(r.Class))
	}
	return t
}

// healthStep is load, decide, commit over the health of one product; a change that lost a race is loaded and decided anew.
func (e *Engine) healthStep(ctx context.Context, channel postern.Channel, product string, decide func(postern.Health) (postern.Health, postern.HealthStep, error)) error {
	var last error
	for range maxTries {
		h, err := e.health(ctx, channel, product)
		if err != nil {
			return err
		}
		next, step, err := decide(h)
		if err != nil || step == "" {
			return err
		}
		if last = e.saveHealth(ctx, channel, nil, []healthMove{{h, next, step}}); postern.CodeOf(last) != postern.CodeConflict {
			return last
		}
	}
	return last
}

// health loads what is observed of a product; nothing was observed of most.
func (e *Engine) health(ctx context.Context, channel postern.Channel, product string) (postern.Health, error) {
	h, err := e.Store.Health(ctx, channel.MerchantID, channel.ID, product)
	if postern.CodeOf(err) == postern.CodeNotFound {
		return postern.Health{MerchantID: channel.MerchantID, ChannelID: channel.ID, Product: product, State: postern.HealthOpen}, nil
	}
	return h, err
}

// healthMove is one step from a health to the next.
type healthMove struct {
	from, to postern.Health
	step     postern.HealthStep
}

// saveHealth commits steps with their records, the events that tell of them and, for a new suspension, the one job that ends it. The channel is saved as well
// when it is given.
func (e *Engine) saveHealth(ctx context.Context, channel postern.Channel, changed *postern.Channel, moves []healthMove) error {
	merchant, err := e.Store.Merchant(ctx, channel.MerchantID)
	if err != nil {
		return err
	}
	now := e.now()
	c := store.Change{MerchantID: channel.MerchantID, At: now}
	if changed != nil {
		c.Channels = []postern.Channel{*changed}
	}
	for _, m := range moves {
		h := m.to
		c.Health = append(c.Health, h)
		c.Records = append(c.Records, postern.HealthRecord{
			MerchantID: h.MerchantID, ID: e.newID(postern.PrefixHealth), ChannelID: h.ChannelID, Product: h.Product, Step: m.step, State: h.State, Cause: h.Cause,
			Share: h.Share, NextAt: h.NextAt, Evidence: h.Evidence, CreatedAt: now,
		})
		if h.Round != m.from.Round {
			c.Jobs = append(c.Jobs, e.job(channel.MerchantID, postern.JobProbe, probeID(h), h.NextAt))
		}
		kind := told(m.step)
		if kind == "" {
			continue
		}
		data := observed{
			ChannelID: channel.ID, Provider: channel.Provider, Product: h.Product, Step: m.step, Cause: string(h.Cause), Share: h.Share, NextAt: h.NextAt, Evidence: &h.Evidence,
			Code: h.Evidence.Code, Message: h.Evidence.Message,
		}
		event, err := e.channelEvent(merchant, kind, data)
		if err != nil {
			return err
		}
		c.Events = append(c.Events, event)
	}
	if changed != nil && len(c.Events) == 0 {
		event, err := e.channelEvent(merchant, postern.EventChannelRestored, observed{ChannelID: channel.ID, Provider: channel.Provider})
		if err != nil {
			return err
		}
		c.Events = append(c.Events, event)
	}
	inOrder(c.Events)
	if len(c.Events) > 0 {
		c.Jobs = append(c.Jobs, e.job(channel.MerchantID, postern.JobSequence, "", now))
	}
	return e.commit(ctx, c)
}

// told is the event of a step. A check that failed changes nothing for the merchant.
func told(step postern.HealthStep) postern.EventType {
	switch step {
	case postern.StepSuspended, postern.StepHeld, postern.StepProbeRefused:
		return postern.EventChannelSuspended
	case postern.StepProbing, postern.StepWidened:
		return postern.EventChannelProbing
	case postern.StepRestored, postern.StepLifted:
		return postern.EventChannelRestored
	}
	return ""
}

func (e *Engine) channelEvent(m postern.Merchant, kind postern.EventType, data observed) (postern.Event, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return postern.Event{}, postern.Wrap(postern.CodeInternal, "engine.channelEvent", err)
	}
	return postern.Event{MerchantID: m.ID, ID: e.newID(postern.PrefixEvent), Type: kind, Data: string(text), Live: m.Live, CreatedAt: e.now()}, nil
}

// Permit adds a permission to a channel: from now on it is the one that decides, for its act, product and time.
func (e *Engine) Permit(ctx context.Context, merchantID, channelID string, p postern.Permission) (postern.Channel, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return channel, err
	}
	if p.Product != "" && !slices.Contains(channel.Products, p.Product) {
		return channel, postern.Invalid("product", postern.CodeInvalid, "the channel has no such product", "leave it out for all of them")
	}
	if !p.Until.IsZero() && !p.From.Before(p.Until) {
		return channel, postern.Invalid("until", postern.CodeInvalid, "until must come after from", "leave it out for an open end")
	}
	if err := checkText("note", p.Note, 0, maxNote); err != nil {
		return channel, err
	}
	if len(channel.Permissions) >= maxPermissions {
		return channel, &postern.Error{Code: postern.CodeConflict, Op: "engine.Permit", Message: "the channel holds as many permissions as it may", Fix: "add a channel in its place"}
	}
	channel.Permissions = append(channel.Permissions, p)
	channel.UpdatedAt = e.now()
	return channel, e.Store.SaveChannel(ctx, channel)
}

// Bounds of a channel's permissions.
const (
	maxNote        = 500
	maxPermissions = 1000
)

// RestoreChannel is a person's word that what was observed about a channel and product (empty: all) is over: it may be offered again. The probing ends.
func (e *Engine) RestoreChannel(ctx context.Context, merchantID, channelID, product string) (postern.Channel, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return channel, err
	}
	all, err := e.Store.ChannelHealth(ctx, merchantID, channelID)
	if err != nil {
		return channel, err
	}
	var moves []healthMove
	for _, h := range all {
		if product != "" && h.Product != product {
			continue
		}
		if next, step := h.Lift(e.now()); step != "" {
			moves = append(moves, healthMove{h, next, step})
		}
	}
	kept := []postern.Permission{}
	for _, p := range channel.Permissions { // Before 0003 an observation was a permission.
		if p.Source != "observation" || product != "" && p.Product != product {
			kept = append(kept, p)
		}
	}
	channel.Permissions, channel.UpdatedAt = kept, e.now()
	return channel, e.saveHealth(ctx, channel, &channel, moves)
}
