package engine

import (
	"context"
	"fmt"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// ChannelReport is what `channel check` tells a person: each thing that was tried, and what to register at the provider.
type ChannelReport struct {
	OK            bool
	Lines         []CheckLine
	Registrations []provider.Registration
}

// What a check tries, for pages that say it in their own words.
const (
	CheckKeys         = "keys"
	CheckCertificates = "provider certificates"
	CheckCall         = "signed call"
	CheckClock        = "clock"
	CheckCollect      = "may collect"
)

// CheckLine is one thing that was tried. What is one of the constants above; Detail is for whoever repairs it.
type CheckLine struct {
	What   string
	OK     bool
	Detail string
}

// maxSkew is how far our clock may be off before signatures with a time in them are refused: providers allow five minutes.
const maxSkew = time.Minute

// TestChannel is CheckChannel by a person, who is on record for it: the call goes out in the merchant's name, and fetches certificates.
func (e *Engine) TestChannel(ctx context.Context, by Actor, merchantID, channelID string) (ChannelReport, error) {
	report, err := e.CheckChannel(ctx, merchantID, channelID)
	if err != nil {
		return report, err
	}
	act := e.audit(by, merchantID, "channel.test", channelID, "")
	return report, e.commit(context.WithoutCancel(ctx), store.Change{MerchantID: merchantID, At: e.now(), Audits: []postern.Audit{act}})
}

// CheckChannel makes a harmless signed call over a channel: it proves address, clock and key pair at once. Nothing is changed but fetched certificates.
func (e *Engine) CheckChannel(ctx context.Context, merchantID, channelID string) (ChannelReport, error) {
	channel, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return ChannelReport{}, err
	}
	r := ChannelReport{OK: true}
	add := func(what string, ok bool, detail string) {
		r.Lines = append(r.Lines, CheckLine{what, ok, detail})
		r.OK = r.OK && ok
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		add(CheckKeys, false, err.Error())
		return r, nil
	}
	generation, err := call.Newest()
	add(CheckKeys, err == nil, fmt.Sprintf("generation %s signs; %d verify", generation.ID, len(call.Keys)))
	if _, ok := e.Registry[channel.Provider].(provider.TrustRefresher); ok {
		n, err := e.RefreshTrust(ctx, channel)
		add(CheckCertificates, err == nil, detail(err, fmt.Sprintf("%d fetched", n)))
		if call, err = e.callFor(ctx, channel); err != nil {
			return r, err
		}
	}
	checker, ok := e.Registry[channel.Provider].(provider.Checker)
	if !ok {
		return r, nil
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	watch := &provider.Watch{Doer: call.Env.HTTP, Now: e.Env.Now}
	call.Env.HTTP = watch
	began := e.now()
	result := checker.Check(bounded, call)
	add(CheckCall, result.OK, fmt.Sprintf("%s %s (%s)", result.Code, result.Message, e.now().Sub(began).Round(time.Millisecond)))
	if skew, told := watch.Skew(); told {
		add(CheckClock, skew.Abs() < maxSkew, fmt.Sprintf("ours differs from the provider's by about %s", skew.Round(time.Second)))
	}
	allowed, p := channel.Allows(postern.ActPay, "", e.now())
	add(CheckCollect, allowed, "by "+p.Source+" "+p.Note)
	r.Registrations = append(checker.Registrations(call, e.PublicURL, e.CallbackURL), e.accountRegistration(channel)...)
	return r, nil
}

func detail(err error, good string) string {
	if err != nil {
		return err.Error()
	}
	return good
}
