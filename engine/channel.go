package engine

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"postern"
	"postern/provider"
)

// NewChannel is what AddChannel takes: an account that is known (CredentialSetID) or a new one (Settings and Keys), and what the merchant may do through it.
type NewChannel struct {
	Merchant        postern.Merchant
	OwnerID         string // who owns a new account: the merchant or its partner
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
// attach to test merchants only, and test merchants to sandbox accounts only.
func (e *Engine) AddChannel(ctx context.Context, in NewChannel) (postern.Channel, error) {
	connector, ok := e.Registry[in.Provider]
	if !ok {
		return postern.Channel{}, postern.Invalid("provider", postern.CodeInvalid, "this binary has no connector for the provider", "choose one of the providers that `postern version` lists")
	}
	description := connector.Describe()
	for _, code := range in.Products {
		if _, ok := description.Product(code); !ok {
			return postern.Channel{}, postern.Invalid("products", postern.CodeInvalid, "the provider has no such product", "see the provider's page in docs")
		}
	}
	if description.Historic && in.Merchant.Live && !in.ForceHistoric {
		return postern.Channel{}, postern.Invalid("provider", postern.CodeInvalid, "this provider's service is historic: it is kept for archives and migrations, not for new live channels", "choose another provider, or send force_historic to add it all the same")
	}
	now := e.now()
	set, err := e.setFor(ctx, in)
	if err != nil {
		return postern.Channel{}, err
	}
	c := postern.Channel{
		MerchantID: in.Merchant.ID, ID: e.newID(postern.PrefixChannel), CredentialSetID: set.ID, CredentialOwnerID: set.OwnerID, Provider: in.Provider,
		SubMerchant: in.SubMerchant, Products: slices.Clone(in.Products), Rank: in.Rank, Sandbox: set.Sandbox, CreatedAt: now, UpdatedAt: now,
	}
	if err := e.Store.SaveChannel(ctx, c); err != nil {
		return c, err
	}
	c.Version = 1
	return c, nil
}

// setFor finds the account or stores a new one with its first keys.
func (e *Engine) setFor(ctx context.Context, in NewChannel) (postern.CredentialSet, error) {
	if in.CredentialSetID != "" {
		set, err := e.Store.CredentialSet(ctx, in.OwnerID, in.CredentialSetID)
		if err == nil && set.Sandbox == in.Merchant.Live {
			err = modeMismatch()
		}
		return set, err
	}
	set := postern.CredentialSet{OwnerID: in.OwnerID, ID: e.newID(postern.PrefixCredentialSet), Provider: in.Provider, Settings: map[string]string{}, Sandbox: in.Sandbox || !in.Merchant.Live, CreatedAt: e.now()}
	if in.Sandbox && in.Merchant.Live {
		return set, modeMismatch()
	}
	description := e.Registry[in.Provider].Describe()
	for _, field := range description.Settings {
		value, given := in.Settings[field.Name]
		switch {
		case given && value != "":
			if err := checkText("settings."+field.Name, value, 1, maxURL); err != nil {
				return set, err
			}
			set.Settings[field.Name] = value
		case field.Required:
			return set, postern.Invalid("settings."+field.Name, postern.CodeInvalid, "this setting is required", "send "+field.LabelEN)
		case field.Default != "":
			set.Settings[field.Name] = field.Default
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Settings)) {
		if _, known := set.Settings[name]; !known && in.Settings[name] != "" {
			return set, postern.Invalid("settings."+name, postern.CodeInvalid, "the provider has no such setting", "see the provider's page in docs")
		}
	}
	if err := checkAddresses(description, set, e.Live); err != nil {
		return set, err
	}
	if err := checkKeys(description, in.Keys); err != nil {
		return set, err // Before the account is stored: what is refused leaves nothing behind.
	}
	if err := e.Store.SaveCredentialSet(ctx, set); err != nil {
		return set, err
	}
	_, err := e.AddGeneration(ctx, NewCredentials{OwnerID: set.OwnerID, CredentialSetID: set.ID, Keys: in.Keys})
	return set, err
}

// checkAddresses keeps a live account at its provider: an address may be another of the provider's own (a second data centre), never somebody else's. Otherwise
// whoever may add a channel could make the switch sign for, and call, any machine it reaches. Sandboxes are where the owner of a test merchant says, but not on a
// live switch, whose test merchants are strangers too.
func checkAddresses(d provider.Description, set postern.CredentialSet, live bool) error {
	for _, field := range d.Settings {
		given := set.Settings[field.Name]
		if set.Sandbox && !live || given == field.Default || !strings.HasPrefix(field.Default, "https://") {
			continue
		}
		ours, err := url.Parse(field.Default)
		theirs, err2 := url.Parse(given)
		if err != nil || err2 != nil || theirs.Scheme != "https" || theirs.User != nil || site(ours.Hostname()) != site(theirs.Hostname()) {
			return postern.Invalid("settings."+field.Name, postern.CodeInvalid, "an account is called at an address of its provider only", "leave it out")
		}
	}
	return nil
}

// site is the last two labels of a host name.
func site(host string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

func modeMismatch() error {
	return &postern.Error{Code: postern.CodeModeMismatch, Op: "engine.AddChannel", Message: "sandbox accounts attach to test merchants only, and real accounts to live merchants only", Fix: "use a merchant of the other mode"}
}
