package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"postern"
	"postern/provider"
)

// NewAccount is what AddCredentialSet takes: an account at a provider with its first keys, through which merchants get channels later.
type NewAccount struct {
	OwnerID  string // a partner or a merchant
	Provider string
	Settings map[string]string
	Keys     map[string][]byte
	Sandbox  bool
}

// AddCredentialSet checks an account's fields against the provider's Description and stores it with its first generation of keys.
func (e *Engine) AddCredentialSet(ctx context.Context, in NewAccount) (postern.CredentialSet, error) {
	d, err := e.description(in.Provider)
	if err != nil {
		return postern.CredentialSet{}, err
	}
	if in.Settings, in.Keys, err = plainKeys(d, in.Settings, in.Keys); err != nil {
		return postern.CredentialSet{}, err
	}
	set, err := e.newCredentialSet(d, in.OwnerID, in.Sandbox, in.Settings, in.Keys)
	if err == nil {
		err = e.saveCredentialSet(ctx, set, d, in.Keys)
	}
	set.Version = 1
	return set, err
}

// newCredentialSet checks an account. A required setting that a channel may have of its own can be left to the channels.
func (e *Engine) newCredentialSet(d provider.Description, ownerID string, sandbox bool, settings map[string]string, keys map[string][]byte) (postern.CredentialSet, error) {
	set := postern.CredentialSet{OwnerID: ownerID, ID: e.newID(postern.PrefixCredentialSet), Provider: d.Code, Settings: map[string]string{}, Sandbox: sandbox, CreatedAt: e.now()}
	settings, err := tidySettings(d, settings)
	if err != nil {
		return set, err
	}
	for _, field := range d.Settings {
		value := settings[field.Name]
		switch {
		case value != "":
			if err := checkText("settings."+field.Name, value, 1, maxURL); err != nil {
				return set, err
			}
			set.Settings[field.Name] = value
		case field.Required && !field.PerChannel:
			return set, postern.Invalid("settings."+field.Name, postern.CodeInvalid, "this setting is required", "send "+field.LabelEN)
		case field.Default != "":
			set.Settings[field.Name] = field.Default
		}
	}
	if err := knownSettings(d, settings); err != nil {
		return set, err
	}
	if err := checkAddresses(d, set, e.Live); err != nil {
		return set, err
	}
	return set, checkKeys(d, keys)
}

// saveCredentialSet stores a new account and its first keys.
func (e *Engine) saveCredentialSet(ctx context.Context, set postern.CredentialSet, d provider.Description, keys map[string][]byte) error {
	first, err := e.generation(set, d, NewCredentials{Keys: keys})
	if err != nil {
		return err // Before the account is stored.
	}
	if err := e.Store.SaveCredentialSet(ctx, set); err != nil {
		return err
	}
	return e.Store.AddGeneration(ctx, first)
}

func knownSettings(d provider.Description, settings map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if _, known := fieldOf(d, name); !known && settings[name] != "" {
			return postern.Invalid("settings."+name, postern.CodeInvalid, "the provider has no such setting", "known are "+settingNames(d))
		}
	}
	return nil
}

func settingNames(d provider.Description) string {
	names := make([]string, 0, len(d.Settings))
	for _, f := range d.Settings {
		names = append(names, f.Name)
	}
	return strings.Join(names, ", ")
}

func fieldOf(d provider.Description, name string) (provider.Field, bool) {
	i := slices.IndexFunc(d.Settings, func(f provider.Field) bool { return f.Name == name })
	if i < 0 {
		return provider.Field{}, false
	}
	return d.Settings[i], true
}

func keyFieldOf(d provider.Description, name string) (provider.KeyField, bool) {
	i := slices.IndexFunc(d.Keys, func(f provider.KeyField) bool { return f.Name == name })
	if i < 0 {
		return provider.KeyField{}, false
	}
	return d.Keys[i], true
}

// splitKeys parts an account's keys from those that its channels have each of their own.
func splitKeys(d provider.Description, keys map[string][]byte) (account, own map[string][]byte) {
	account, own = map[string][]byte{}, map[string][]byte{}
	for name, plain := range keys {
		if field, _ := keyFieldOf(d, name); field.PerChannel {
			own[name] = plain
		} else {
			account[name] = plain
		}
	}
	return account, own
}
