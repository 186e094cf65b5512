package engine

import (
	"context"
	"slices"

	"postern"
	"postern/provider"
)

// NewChannel is what AddChannel takes: an account that is known (CredentialSetID) or a new one, and what the merchant may do through it. Settings and Keys are a new
// account's, or the channel's own beside an account that is known; keys that a provider has per channel are the channel's in either case.
type NewChannel struct {
	Merchant        postern.Merchant
	OwnerID         string // who owns the account: the merchant or its partner
	Provider        string
	CredentialSetID string
	Settings        map[string]string
	Keys            map[string][]byte
	Sandbox         bool
	SubMerchant     string
	Products        []string
	Rank            int64
	// ForceHistoric adds a live channel over a provider whose service is of the past.
	ForceHistoric bool
}

// AddChannel checks every field against the provider's Description and stores the account, its first generation of keys and the channel. Sandbox accounts
// attach to test merchants only, and test merchants to sandbox accounts only. A partner's account serves the partner's merchants only.
func (e *Engine) AddChannel(ctx context.Context, in NewChannel) (postern.Channel, error) {
	c, err := e.makeChannel(ctx, in)
	if err != nil {
		return c, err
	}
	if err := e.Store.SaveChannel(ctx, c); err != nil {
		return c, err
	}
	c.Version = 1
	return c, nil
}

// makeChannel is AddChannel without the last step: the account is stored where it is new, the channel is not.
func (e *Engine) makeChannel(ctx context.Context, in NewChannel) (postern.Channel, error) {
	description, err := e.description(in.Provider)
	if err != nil {
		return postern.Channel{}, err
	}
	if err := checkChannel(description, in); err != nil {
		return postern.Channel{}, err
	}
	if in.Settings, in.Keys, err = plainKeys(description, in.Settings, in.Keys); err != nil {
		return postern.Channel{}, err
	}
	now := e.now()
	c := postern.Channel{
		MerchantID: in.Merchant.ID, ID: e.newID(postern.PrefixChannel), CredentialOwnerID: in.OwnerID, Provider: in.Provider,
		SubMerchant: in.SubMerchant, Products: slices.Clone(in.Products), Rank: in.Rank, CreatedAt: now, UpdatedAt: now,
	}
	settings, own, keys := in.Settings, map[string]string{}, in.Keys
	if in.CredentialSetID != "" {
		settings, own = nil, in.Settings
	} else {
		keys = map[string][]byte{}
		in.Keys, keys = splitKeys(description, in.Keys)
	}
	set, fresh, err := e.setFor(ctx, in, description, settings)
	if err != nil {
		return c, err
	}
	c.CredentialSetID, c.Sandbox = set.ID, set.Sandbox
	if err := e.equip(&c, set, description, own, keys); err != nil {
		return c, err // Before the account is stored: what is refused leaves nothing behind.
	}
	if fresh {
		err = e.saveCredentialSet(ctx, set, description, in.Keys)
	}
	return c, err
}

func checkChannel(d provider.Description, in NewChannel) error {
	if err := checkProducts(d, in.Products); err != nil {
		return err
	}
	if err := checkText("sub_merchant", in.SubMerchant, 0, maxNumber); err != nil {
		return err
	}
	if d.Historic && in.Merchant.Live && !in.ForceHistoric {
		return postern.Invalid("provider", postern.CodeInvalid, "this provider's service is historic: it is kept for archives and migrations, not for new live channels", "choose another provider, or send force_historic to add it all the same")
	}
	if postern.CheckID(postern.PrefixPartner, in.OwnerID) && in.OwnerID != in.Merchant.PartnerID {
		return &postern.Error{Code: postern.CodeForbidden, Op: "engine.AddChannel", Message: "the account serves the merchants of its own partner only", Fix: "use an account of the merchant's or of its partner's"}
	}
	return nil
}

// maxNumber bounds a merchant's number under an account.
const maxNumber = 64

func checkProducts(d provider.Description, products []string) error {
	for i, code := range products {
		if _, ok := d.Product(code); !ok || slices.Contains(products[:i], code) {
			return postern.Invalid("products", postern.CodeInvalid, "the provider has no such product, or it stands twice", "see the provider's page in docs")
		}
	}
	return nil
}

// description finds what is known of a provider, for a field named provider.
func (e *Engine) description(code string) (provider.Description, error) {
	connector, ok := e.Registry[code]
	if !ok {
		return provider.Description{}, postern.Invalid("provider", postern.CodeInvalid, "this binary has no connector for the provider", "choose one of the providers that `postern version` lists")
	}
	return connector.Describe(), nil
}

// setFor finds the account, or makes a new one that is not stored yet (fresh).
func (e *Engine) setFor(ctx context.Context, in NewChannel, d provider.Description, settings map[string]string) (set postern.CredentialSet, fresh bool, err error) {
	if in.CredentialSetID == "" {
		if in.Sandbox && in.Merchant.Live {
			return set, false, modeMismatch()
		}
		set, err = e.newCredentialSet(d, in.OwnerID, in.Sandbox || !in.Merchant.Live, settings, in.Keys)
		return set, true, err
	}
	set, err = e.Store.CredentialSet(ctx, in.OwnerID, in.CredentialSetID)
	switch {
	case err != nil:
	case set.Provider != in.Provider:
		err = postern.Invalid("provider", postern.CodeInvalid, "the account is at another provider", "send the account's provider")
	case set.Sandbox == in.Merchant.Live:
		err = modeMismatch()
	}
	return set, false, err
}

func modeMismatch() error {
	return &postern.Error{Code: postern.CodeModeMismatch, Op: "engine.AddChannel", Message: "sandbox accounts attach to test merchants only, and real accounts to live merchants only", Fix: "use a merchant of the other mode"}
}

// ReplaceChannel adds a channel in the place of another: it takes over its products, rank, weight and bounds, and the old one takes no new payments from now on. What
// was begun over the old one goes on being asked after, notified, closed and refunded there. Both are one commit, with an event.
func (e *Engine) ReplaceChannel(ctx context.Context, merchantID, channelID string, in NewChannel) (postern.Channel, error) {
	old, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return old, err
	}
	if allowed, _ := old.Allows(postern.ActPay, "", e.now()); !allowed || len(old.Permissions) >= maxPermissions {
		return old, &postern.Error{Code: postern.CodeConflict, Op: "engine.ReplaceChannel", Message: "the channel takes no payments that another could take over", Fix: "add a channel", ID: old.ID}
	}
	if in.Provider == "" {
		in.Provider = old.Provider
	}
	if in.Products == nil {
		in.Products = old.Products
	}
	in.Rank = old.Rank
	c, err := e.makeChannel(ctx, in)
	if err != nil {
		return c, err
	}
	c.Weight, c.MinAmount, c.MaxAmount = old.Weight, old.MinAmount, old.MaxAmount
	now := e.now()
	drained := old
	drained.Permissions = append(slices.Clone(old.Permissions), postern.Permission{Act: postern.ActPay, From: now, Source: "operator", Note: "replaced by " + c.ID})
	drained.UpdatedAt = now
	if err := e.commitChannels(ctx, in.Merchant, postern.EventChannelReplaced, channelReplaced{ChannelID: old.ID, By: c.ID, Provider: c.Provider}, drained, c); err != nil {
		return c, err
	}
	c.Version = 1
	return c, nil
}

// channelReplaced is the data of channel.replaced.
type channelReplaced struct {
	ChannelID string `json:"channel_id"`
	By        string `json:"replaced_by"`
	Provider  string `json:"provider"`
}

// RetireChannel ends a channel for good: it takes no new payments and is not asked any more; what still arrives for it is verified and kept. While anything is under
// way over it that is CodeConflict: drain it first.
func (e *Engine) RetireChannel(ctx context.Context, merchantID, channelID string) (postern.Channel, error) {
	c, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil || !c.RetiredAt.IsZero() {
		return c, err
	}
	attempts, refunds, err := e.Store.UnderWay(ctx, merchantID, channelID)
	if err != nil {
		return c, err
	}
	if attempts+refunds > 0 {
		return c, &postern.Error{
			Code: postern.CodeConflict, Op: "engine.RetireChannel", Message: postern.Count(attempts, "order") + " and " + postern.Count(refunds, "refund") + " are under way over the channel",
			Fix: "withdraw its permission to pay, and retire it when they have ended", ID: c.ID,
		}
	}
	c.RetiredAt = e.now()
	c.UpdatedAt = c.RetiredAt
	return c, e.Store.SaveChannel(ctx, c)
}
