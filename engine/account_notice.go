package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"postern"
	"postern/provider"
	"postern/store"
)

// AccountPath is where providers tell about accounts rather than about orders; the account's opaque id follows.
const AccountPath = "/a/"

// accountRegistration is what to register at the provider for notices about the account behind a channel.
func (e *Engine) accountRegistration(c postern.Channel) []provider.Registration {
	if _, ok := e.Registry[c.Provider].(provider.AccountNoticer); !ok {
		return nil
	}
	return []provider.Registration{{
		Where: "notices about the account: violations, limits, papers", Value: e.CallbackURL + AccountPath + postern.AccountID(c.CredentialOwnerID, c.CredentialSetID),
		Why: "what the provider withdraws is obeyed at once instead of with the next daily question", WhyZH: "服务商限制了什么，马上照办，不用等每天一次的查询",
	}}
}

// accountNotice is a message about an account on its way.
type accountNotice struct {
	set     postern.CredentialSet
	message provider.Message
	notice  provider.AccountNotice
	keyID   string
}

// NotifyAccount takes a provider's message about an account as it arrived and returns the exact answer. An unknown address is CodeNotFound. A message that is not
// verified changes nothing and gets the failure answer; any error means that nothing was committed, which gets it too.
func (e *Engine) NotifyAccount(ctx context.Context, accountID string, message provider.Message) (provider.Reply, error) {
	ownerID, setID, ok := postern.SplitAccountID(accountID)
	if !ok {
		return provider.Reply{}, postern.E(postern.CodeNotFound, "engine.NotifyAccount", "no such address")
	}
	ctx = context.WithoutCancel(ctx)
	set, err := e.Store.CredentialSet(ctx, ownerID, setID)
	if err != nil {
		return provider.Reply{}, err
	}
	noticer, ok := e.Registry[set.Provider].(provider.AccountNoticer)
	if !ok {
		return provider.Reply{}, postern.E(postern.CodeNotFound, "engine.NotifyAccount", "this provider tells nothing about accounts")
	}
	fail := noticer.Acknowledge(false)
	call, err := e.accountCall(ctx, e.Registry[set.Provider].Describe(), set, nil)
	if err != nil {
		return fail, err
	}
	message.ReceivedAt = e.now()
	n := accountNotice{set: set, message: message}
	verified, err := noticer.ReadAccountNotice(call, message)
	if err != nil {
		return fail, e.rejectNotice(ctx, n, err)
	}
	if n.notice, ok = verified.Notice(); !ok {
		return fail, postern.E(postern.CodeUnverified, "engine.NotifyAccount", "the notice was never verified")
	}
	n.keyID = verified.KeyID()
	if err := e.applyNotice(ctx, n); err != nil {
		return fail, err
	}
	return noticer.Acknowledge(true), nil
}

// applyNotice finds whom a verified message is about and commits it with what it changes: a merchant's channels, or, for the account as such of a partner's, one
// closure.
func (e *Engine) applyNotice(ctx context.Context, n accountNotice) error {
	if n.notice.SubMerchant == "" && !postern.CheckID(postern.PrefixMerchant, n.set.OwnerID) {
		return e.noticeAccount(ctx, n)
	}
	merchantID, err := e.noticed(ctx, n)
	if err != nil {
		return err
	}
	if merchantID == "" {
		e.Log.ErrorContext(ctx, "verified notice about a merchant that is not there", "account", n.set.ID, "provider", n.set.Provider, "sub_merchant", n.notice.SubMerchant)
		return e.Store.SaveNotice(ctx, e.noticeRow(n, n.set.OwnerID, OutcomeForeign), nil)
	}
	row := e.noticeRow(n, merchantID, OutcomeApplied)
	switch _, err := e.Store.Notice(ctx, merchantID, row.ID); {
	case err == nil: // It came before: counted, which is a write of its own, and not applied again.
		return e.Store.SaveNotice(ctx, row, nil)
	case postern.CodeOf(err) != postern.CodeNotFound:
		return err
	}
	mine := func(c postern.Channel) bool {
		return c.CredentialOwnerID == n.set.OwnerID && c.CredentialSetID == n.set.ID && (n.notice.SubMerchant == "" || c.SubMerchant == n.notice.SubMerchant)
	}
	channels, err := e.Store.Channels(ctx, merchantID)
	if err != nil {
		return err
	}
	return e.notice(ctx, merchantID, mine, n.notice.Withdrawn, false, func(change *store.Change) {
		change.Notices = append(change.Notices, row)
		if i := slices.IndexFunc(channels, func(c postern.Channel) bool { return c.RetiredAt.IsZero() && mine(c) }); n.notice.Ask && i >= 0 {
			change.Jobs = append(change.Jobs, e.job(merchantID, postern.JobPermissions, channels[i].ID, change.At))
		}
	})
}

// noticed is the merchant that a message is about; empty when it is nobody's.
func (e *Engine) noticed(ctx context.Context, n accountNotice) (string, error) {
	if postern.CheckID(postern.PrefixMerchant, n.set.OwnerID) {
		return n.set.OwnerID, nil
	}
	holders, err := e.Store.Holders(ctx, n.set.OwnerID, n.set.ID, n.notice.SubMerchant)
	if err != nil || len(holders) != 1 {
		return "", err
	}
	return holders[0].MerchantID, nil
}

func (e *Engine) noticeRow(n accountNotice, ownerID, outcome string) store.AccountNotice {
	header := n.message.Header.Clone()
	header.Del("Authorization")
	header.Del("Cookie")
	text, err := json.Marshal(header)
	if err != nil {
		text = []byte("{}") // A map of strings always marshals; the body is what matters.
	}
	name := n.notice.ID
	if name == "" {
		sum := sha256.Sum256(n.message.Body)
		name = hex.EncodeToString(sum[:])
	}
	at := n.notice.OccurredAt
	if at.IsZero() || outcome == OutcomeRejected {
		at = n.set.CreatedAt // The same message makes the same id whenever it comes.
	}
	return store.AccountNotice{
		OwnerID: ownerID, ID: postern.DerivedID(postern.PrefixNotification, at, n.set.ID, outcome, name), CredentialSetID: n.set.ID, SubMerchant: n.notice.SubMerchant, Kind: n.notice.Kind,
		Message: plainWords(n.notice.Text), Outcome: outcome, KeyID: n.keyID, Header: string(text), Body: n.message.Body, CreatedAt: e.now(),
	}
}

// maxRejected bounds the messages about an account that are kept though none of its keys signed them.
const maxRejected = 50

// rejectNotice keeps the raw bytes of a message that no key of the account made, up to a bound.
func (e *Engine) rejectNotice(ctx context.Context, n accountNotice, cause error) error {
	level := "account notice rejected"
	if !errors.Is(cause, provider.ErrUnverified) {
		level = "account notice unreadable"
	}
	e.Log.WarnContext(ctx, level, "account", n.set.ID, "provider", n.set.Provider, "err", cause)
	kept, err := e.Store.NoticesRejected(ctx, n.set.OwnerID, n.set.ID)
	if err != nil || kept >= maxRejected {
		return err
	}
	row := e.noticeRow(n, n.set.OwnerID, OutcomeRejected)
	row.Message = plainWords(cause.Error())
	return e.Store.SaveNotice(ctx, row, nil)
}

// noticeAccount is a message about a partner's account as such: what it withdraws is one closure over all channels of the account.
func (e *Engine) noticeAccount(ctx context.Context, n accountNotice) error {
	row := e.noticeRow(n, n.set.OwnerID, OutcomeApplied)
	switch _, err := e.Store.Notice(ctx, row.OwnerID, row.ID); {
	case err == nil:
		return e.Store.SaveNotice(ctx, row, nil)
	case postern.CodeOf(err) != postern.CodeNotFound:
		return err
	}
	closures, jobs, err := e.noticedClosures(ctx, n.set, n.notice.Withdrawn, false)
	if err != nil {
		return err
	}
	if n.notice.Ask {
		jobs = append(jobs, e.job(n.set.OwnerID, postern.JobPermissions, n.set.ID, e.now()))
	}
	return e.Store.SaveNotice(ctx, row, closures, jobs...)
}

// askAccount asks about an account as such.
func (e *Engine) askAccount(ctx context.Context, ownerID, setID string) error {
	set, err := e.Store.CredentialSet(ctx, ownerID, setID)
	if err != nil {
		return err
	}
	reader, ok := e.Registry[set.Provider].(provider.PermissionReader)
	if !ok {
		return nil
	}
	call, err := e.accountCall(ctx, e.Registry[set.Provider].Describe(), set, nil)
	if err != nil {
		return err
	}
	answer, err := e.readPermissions(ctx, reader, call)
	if err != nil || !answer.Known {
		return err
	}
	closures, jobs, err := e.noticedClosures(ctx, set, answer.Withdrawn, true)
	if err != nil || len(closures) == 0 {
		return err
	}
	return e.Store.SaveClosures(ctx, closures, jobs...)
}

// noticedClosures are the closures of an account as they follow from its provider's word: one for the account, and one for each product that is named. Those that the
// provider does not name any more are withdrawn where it said all.
func (e *Engine) noticedClosures(ctx context.Context, set postern.CredentialSet, withdrawn []postern.Permission, whole bool) ([]postern.Closure, []postern.Job, error) {
	held, err := e.Store.Closures(ctx, set.OwnerID, set.OwnerID)
	if err != nil {
		return nil, nil, err
	}
	held = slices.DeleteFunc(held, func(c postern.Closure) bool {
		return c.OwnerID != set.OwnerID || c.Source != noticeSource || !slices.Equal(c.Scope.CredentialSets, []string{set.ID})
	})
	var out []postern.Closure
	var jobs []postern.Job
	now := e.now()
	for _, product := range productsOf(held, withdrawn) {
		c, changed := noticedClosure(set, held, withdrawn, product, whole, now)
		if !changed {
			continue
		}
		if c.ID == "" {
			c.ID = e.newID(postern.PrefixClosure)
		}
		if err := CheckClosure(&c); err != nil {
			return nil, nil, err
		}
		out, jobs = append(out, c), append(jobs, tellingJob(&c, now))
	}
	return out, jobs, nil
}

// noticeSource marks closures that follow from what a provider said of an account.
const noticeSource = "the provider's notice about the account"
