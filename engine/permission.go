package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"postern"
	"postern/provider"
	"postern/store"
)

// plainWords are a provider's words as notes may hold them: one line, and not too long.
func plainWords(s string) string {
	words := []rune(strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, ""), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "))
	return string(words[:min(len(words), maxNote)])
}

// permissionsTold is the data of channel.permissions_changed.
type permissionsTold struct {
	ChannelID string               `json:"channel_id"`
	Provider  string               `json:"provider"`
	Withdrawn []postern.Permission `json:"withdrawn"`
	Lifted    []postern.Permission `json:"lifted"`
}

// askedFor is how long one question about a channel holds back the next that a refused order would ask.
const askedFor = 10 * time.Minute

// askSoon has the provider asked what a channel may not do any more. That it cannot be is no reason to fail the payment.
func (e *Engine) askSoon(ctx context.Context, c postern.Channel) {
	if _, ok := e.Registry[c.Provider].(provider.PermissionReader); !ok {
		return
	}
	now := e.now()
	young := func(at time.Time) bool { return now.Sub(at) < askedFor && !now.Before(at) }
	_, err := remembered(&e.memory, &e.memory.asked, c.ID, young, func() (time.Time, error) {
		return now, e.commit(ctx, store.Change{MerchantID: c.MerchantID, At: now, Jobs: []postern.Job{e.job(c.MerchantID, postern.JobPermissions, c.ID, now)}})
	})
	if err != nil {
		e.Log.ErrorContext(ctx, "ask for the permissions of a channel", "channel", c.ID, "err", err)
	}
}

// AskPermissions asks a provider what a channel, or an account as such (the id of a credential set), may not do any more, and writes what changed. An answer that did
// not come changes nothing and is an error, so that the job comes again.
func (e *Engine) AskPermissions(ctx context.Context, ownerID, id string) (time.Duration, error) {
	if postern.CheckID(postern.PrefixCredentialSet, id) {
		return 0, e.askAccount(ctx, ownerID, id)
	}
	channel, err := e.Store.Channel(ctx, ownerID, id)
	if err != nil || !channel.RetiredAt.IsZero() {
		return 0, err
	}
	reader, ok := e.Registry[channel.Provider].(provider.PermissionReader)
	if !ok {
		return 0, nil
	}
	call, err := e.callFor(ctx, channel)
	if err != nil {
		return 0, err
	}
	answer, err := e.readPermissions(ctx, reader, call)
	if err != nil || !answer.Known {
		return 0, err
	}
	return 0, e.notice(ctx, ownerID, func(c postern.Channel) bool { return sameNumber(c, channel) }, answer.Withdrawn, true, func(change *store.Change) {
		if answer.Exchange.Op != "" && len(change.Channels) > 0 {
			change.Exchanges = append(change.Exchanges, e.exchange(ownerID, "", "", answer.Exchange))
		}
	})
}

// sameNumber says that two channels of a merchant are the same merchant to the provider.
func sameNumber(a, b postern.Channel) bool {
	return a.CredentialOwnerID == b.CredentialOwnerID && a.CredentialSetID == b.CredentialSetID && a.SubMerchant == b.SubMerchant
}

// readPermissions is the call, between commits.
func (e *Engine) readPermissions(ctx context.Context, reader provider.PermissionReader, call provider.Call) (provider.PermissionsResult, error) {
	if err := e.fault(ctx, "engine.permissions.before_call"); err != nil {
		return provider.PermissionsResult{}, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	answer := reader.ReadPermissions(bounded, call)
	if err := e.fault(ctx, "engine.permissions.after_call"); err != nil {
		return answer, err
	}
	if !answer.Known && answer.Class != provider.ClassInvalid { // Invalid: it cannot be asked about such an account, today or tomorrow.
		return answer, postern.E(postern.CodeProviderRefused, "engine.AskPermissions", "the provider did not say what is withdrawn: "+answer.Code+" "+answer.Message)
	}
	return answer, nil
}

// notice writes what a provider withdrew from a merchant's channels, and lifted where it said all, with one event for each channel that changed. Also adds what is
// committed with it; without anything there is no commit. Books are not touched.
func (e *Engine) notice(ctx context.Context, merchantID string, which func(postern.Channel) bool, withdrawn []postern.Permission, whole bool, also func(*store.Change)) error {
	withdrawn = slices.Clone(withdrawn)
	for i := range withdrawn {
		withdrawn[i].Note = plainWords(withdrawn[i].Note)
	}
	var last error
	for range maxTries {
		m, err := e.Store.Merchant(ctx, merchantID)
		if err != nil {
			return err
		}
		channels, err := e.Store.Channels(ctx, merchantID)
		if err != nil {
			return err
		}
		now := e.now()
		change := store.Change{MerchantID: merchantID, At: now}
		for _, c := range channels {
			if !c.RetiredAt.IsZero() || !which(c) {
				continue
			}
			next, added, lifted := c.Noticed(withdrawn, whole, now)
			if len(added)+len(lifted) == 0 {
				continue
			}
			next = next.Trimmed(maxPermissions, now)
			next.UpdatedAt = now
			event, err := e.eventOf(m, postern.EventPermissions, permissionsTold{
				ChannelID: c.ID, Provider: c.Provider, Withdrawn: append([]postern.Permission{}, added...), Lifted: append([]postern.Permission{}, lifted...),
			})
			if err != nil {
				return err
			}
			change.Channels, change.Events = append(change.Channels, next), append(change.Events, event)
		}
		if len(change.Events) > 0 {
			inOrder(change.Events)
			change.Jobs = append(change.Jobs, e.job(merchantID, postern.JobSequence, "", now))
		}
		also(&change)
		if empty(change) {
			return nil
		}
		if last = e.commit(ctx, change); postern.CodeOf(last) != postern.CodeConflict || last == nil {
			return last
		}
	}
	return postern.Wrap(postern.CodeConflict, "engine.notice", last)
}

// AskAllPermissions asks every provider that can be asked about every merchant's channels; once a day is enough. One that does not answer does not keep the others from
// theirs. It returns how many were asked.
func (e *Engine) AskAllPermissions(ctx context.Context) (int, error) {
	page, asked := store.Page{Limit: pageOfMerchants}, 0
	var failed []error
	for {
		merchants, next, err := e.Store.Merchants(ctx, "", page)
		if err != nil {
			return asked, errors.Join(append(failed, err)...)
		}
		for _, m := range merchants {
			channels, err := e.Store.Channels(ctx, m.ID)
			if err != nil {
				return asked, errors.Join(append(failed, err)...)
			}
			for i, c := range channels {
				if _, ok := e.Registry[c.Provider].(provider.PermissionReader); !ok || !c.RetiredAt.IsZero() || c.Sandbox == m.Live || before(channels[:i], c) {
					continue
				}
				_, err := e.AskPermissions(ctx, m.ID, c.ID)
				asked, failed = asked+1, append(failed, err)
			}
		}
		if next == "" {
			n, err := e.askPartners(ctx)
			return asked + n, errors.Join(append(failed, err)...)
		}
		page.After = next
	}
}

// askPartners asks about the partners' accounts as such.
func (e *Engine) askPartners(ctx context.Context) (int, error) {
	partners, err := e.Store.Partners(ctx)
	if err != nil {
		return 0, err
	}
	asked, failed := 0, []error{}
	for _, p := range partners {
		sets, err := e.Store.CredentialSets(ctx, p.ID)
		if err != nil {
			return asked, errors.Join(append(failed, err)...)
		}
		for _, set := range sets {
			if _, ok := e.Registry[set.Provider].(provider.PermissionReader); ok {
				asked, failed = asked+1, append(failed, e.askAccount(ctx, p.ID, set.ID))
			}
		}
	}
	return asked, errors.Join(failed...)
}

// before says that the same merchant was asked about already.
func before(channels []postern.Channel, c postern.Channel) bool {
	for _, o := range channels {
		if o.RetiredAt.IsZero() && sameNumber(o, c) {
			return true
		}
	}
	return false
}
