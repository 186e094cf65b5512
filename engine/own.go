package engine

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/store"
	"postern/vault"
)

// ChannelEdit is what SetChannel takes. An empty setting or key takes back the channel's own, so that the account's holds again. Nil leaves the rest as it is.
type ChannelEdit struct {
	Settings map[string]string
	Keys     map[string][]byte
	Products []string
	Rank     *int64
}

// SetChannel gives a channel values of its own beside its account's, if it is still of the version that the editor saw. What a provider has per account only is
// refused.
func (e *Engine) SetChannel(ctx context.Context, merchantID, channelID string, version int64, in ChannelEdit) (postern.Channel, error) {
	c, err := e.Store.Channel(ctx, merchantID, channelID)
	if err != nil {
		return c, err
	}
	if c.Version != version {
		return c, &postern.Error{Code: postern.CodeConflict, Op: "engine.SetChannel", Field: "version", ID: channelID, Message: "the channel has changed since", Fix: "read it again and send its version"}
	}
	set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
	if err != nil {
		return c, err
	}
	d, err := e.description(c.Provider)
	if err != nil {
		return c, err
	}
	if c, err = e.edited(c, set, d, in); err != nil {
		return c, err
	}
	if err := e.Store.SaveChannel(ctx, c); err != nil {
		return c, err
	}
	c.Version++
	return c, nil
}

// edited is a channel after an edit, checked and not stored.
func (e *Engine) edited(c postern.Channel, set postern.CredentialSet, d provider.Description, in ChannelEdit) (postern.Channel, error) {
	if in.Products != nil {
		if err := checkProducts(d, in.Products); err != nil {
			return c, err
		}
		c.Products = slices.Clone(in.Products)
	}
	if in.Rank != nil {
		c.Rank = *in.Rank
	}
	c.Settings, c.Secrets, c.UpdatedAt = maps.Clone(c.Settings), maps.Clone(c.Secrets), e.now()
	return c, e.equip(&c, set, d, in.Settings, in.Keys)
}

// equip gives a channel its own settings and seals its own keys, and wants everything that the provider requires to be there, the account's and the channel's taken
// together.
func (e *Engine) equip(c *postern.Channel, set postern.CredentialSet, d provider.Description, settings map[string]string, keys map[string][]byte) error {
	if err := knownSettings(d, settings); err != nil {
		return err
	}
	settings, err := tidySettings(d, settings)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		field, known := fieldOf(d, name)
		switch {
		case !known:
		case !field.PerChannel:
			return postern.Invalid("settings."+name, postern.CodeInvalid, "this setting is the account's and the same for all of its channels", "change it there: postern credential set --account "+set.ID+" --set "+name+"=...")
		case settings[name] == "":
			delete(c.Settings, name)
		default:
			if err := checkText("settings."+name, settings[name], 1, maxURL); err != nil {
				return err
			}
			if c.Settings == nil {
				c.Settings = map[string]string{}
			}
			c.Settings[name] = settings[name]
		}
	}
	if err := e.sealOwn(c, d, keys); err != nil {
		return err
	}
	merged := set
	merged.Settings = maps.Clone(set.Settings)
	maps.Copy(merged.Settings, c.Settings)
	for _, field := range d.Settings {
		if field.Required && merged.Settings[field.Name] == "" {
			return postern.Invalid("settings."+field.Name, postern.CodeInvalid, "this setting is required", "send "+field.LabelEN)
		}
	}
	return checkAddresses(d, merged, e.Live)
}

// sealOwn seals the key fields that are a channel's and not its account's.
func (e *Engine) sealOwn(c *postern.Channel, d provider.Description, keys map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		field, known := keyFieldOf(d, name)
		switch {
		case !known:
			return postern.Invalid("keys."+name, postern.CodeInvalid, "the provider has no such key field", "see the provider's page in docs")
		case !field.PerChannel:
			return postern.Invalid("keys."+name, postern.CodeInvalid, "this key is the account's", "add a generation of keys to the account")
		case len(keys[name]) == 0:
			delete(c.Secrets, name)
			continue
		}
		if err := parseKey(field, keys[name]); err != nil {
			return err
		}
		sealed, err := e.Vault.Seal(secretRef(*c, name), keys[name])
		if err != nil {
			return postern.Wrap(postern.CodeInternal, "engine.sealOwn", err)
		}
		if c.Secrets == nil {
			c.Secrets = map[string][]byte{}
		}
		c.Secrets[name] = sealed
	}
	for _, field := range d.Keys {
		if field.PerChannel && field.Required && c.Secrets[field.Name] == nil {
			return postern.Invalid("keys."+field.Name, postern.CodeInvalid, "this key is required", "add "+field.LabelEN)
		}
	}
	return nil
}

// parseKey says whether a key is one of its kind. The error never carries key bytes.
func parseKey(field provider.KeyField, plain []byte) error {
	if _, err := vault.Parse(field.Kind, "", plain); err != nil {
		return &postern.Error{Code: postern.CodeInvalid, Op: "engine.AddGeneration", Field: "keys." + field.Name, Message: err.Error(), Fix: "paste " + field.LabelEN}
	}
	return nil
}

// Setting is one setting as a channel's calls use it, and whose it is: the account's or the channel's own.
type Setting struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Source string `json:"source" enum:"account,channel"`
	// Account is what the channel's own value stands in the place of.
	Account string `json:"account,omitempty"`
}

// Settings are the settings that a channel's calls use, by name, each with whose it is. Keys are the names of the channel's own key fields, never the keys.
func (e *Engine) Settings(ctx context.Context, c postern.Channel) (settings []Setting, keys []string, err error) {
	set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
	if err != nil {
		return nil, nil, err
	}
	for name, value := range set.Settings {
		if own, ok := c.Settings[name]; ok {
			settings = append(settings, Setting{name, own, "channel", value})
		} else {
			settings = append(settings, Setting{name, value, "account", ""})
		}
	}
	for name, own := range c.Settings {
		if _, ok := set.Settings[name]; !ok {
			settings = append(settings, Setting{name, own, "channel", ""})
		}
	}
	slices.SortFunc(settings, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return settings, slices.Sorted(maps.Keys(c.Secrets)), nil
}

// commitChannels saves channels of a merchant with an event about them, in one commit.
func (e *Engine) commitChannels(ctx context.Context, m postern.Merchant, kind postern.EventType, data any, channels ...postern.Channel) error {
	event, err := e.eventOf(m, kind, data)
	if err != nil {
		return err
	}
	return e.commit(ctx, store.Change{
		MerchantID: m.ID, At: event.CreatedAt, Channels: channels, Events: []postern.Event{event}, Jobs: []postern.Job{e.job(m.ID, postern.JobSequence, "", event.CreatedAt)},
	})
}

// eventOf is an event about something that is no payment.
func (e *Engine) eventOf(m postern.Merchant, kind postern.EventType, data any) (postern.Event, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return postern.Event{}, postern.Wrap(postern.CodeInternal, "engine.eventOf", err)
	}
	return postern.Event{MerchantID: m.ID, ID: e.newID(postern.PrefixEvent), Type: kind, Data: string(text), Live: m.Live, CreatedAt: e.now()}, nil
}
