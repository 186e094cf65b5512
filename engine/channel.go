package engine

import (
	"context"
	"slices"

	"postern"
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
			return postern.Channel{}, postern.Invalid("products", postern.CodeInvalid, "the provider has no product "+code, "see the provider's page in docs")
		}
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
			set.Settings[field.Name] = value
		case field.Required:
			return set, postern.Invalid("settings."+field.Name, postern.CodeInvalid, "this setting is required", "send "+field.LabelEN)
		case field.Default != "":
			set.Settings[field.Name] = field.Default
		}
	}
	for name := range in.Settings {
		if _, known := set.Settings[name]; !known && in.Settings[name] != "" {
			return set, postern.Invalid("settings."+name, postern.CodeInvalid, "the provider has no such setting", "see the provider's page in docs")
		}
	}
	if err := e.Store.SaveCredentialSet(ctx, set); err != nil {
		return set, err
	}
	_, err := e.AddGeneration(ctx, NewCredentials{OwnerID: set.OwnerID, CredentialSetID: set.ID, Keys: in.Keys})
	return set, err
}

func modeMismatch() error {
	return &postern.Error{Code: postern.CodeModeMismatch, Op: "engine.AddChannel", Message: "sandbox accounts attach to test merchants only, and real accounts to live merchants only", Fix: "use a merchant of the other mode"}
}
