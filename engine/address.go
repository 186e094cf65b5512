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

// isAddress says that a setting is where a provider is called: those have an address of the provider's as their default.
func isAddress(field provider.Field) bool { return strings.HasPrefix(field.Default, "https://") }

// tidyAddress is an address as calls are made of it: http or https, a host, perhaps a path. Paths are added to it, so that a slash at its end would make two, and some servers
// answer that with a redirect, which no signed call follows.
func tidyAddress(field provider.Field, value string) (string, error) {
	tidy := strings.TrimRight(strings.TrimSpace(value), "/")
	u, err := url.Parse(tidy)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", postern.Invalid("settings."+field.Name, postern.CodeInvalid, "this is not the address of a server", "write it as "+field.Default+" is written, without a user and without anything after ? or #")
	}
	return tidy, nil
}

// tidySettings are settings with their addresses as calls are made of them. What is no setting of the provider's is left as it is.
func tidySettings(d provider.Description, settings map[string]string) (map[string]string, error) {
	out := maps.Clone(settings)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		field, known := fieldOf(d, name)
		if !known || !isAddress(field) || settings[name] == "" {
			continue
		}
		tidy, err := tidyAddress(field, settings[name])
		if err != nil {
			return nil, err
		}
		out[name] = tidy
	}
	return out, nil
}

// checkAddresses keeps a live account at its provider: an address may be another of the provider's own (a second data centre), never somebody else's. Otherwise
// whoever may add a channel could make the switch sign for, and call, any machine it reaches. Sandboxes are where the owner of a test merchant says, but not on a
// live switch, whose test merchants are strangers too.
func checkAddresses(d provider.Description, set postern.CredentialSet, live bool) error {
	for _, field := range d.Settings {
		given := set.Settings[field.Name]
		if set.Sandbox && !live || given == field.Default || !isAddress(field) {
			continue
		}
		ours, err := url.Parse(field.Default)
		theirs, err2 := url.Parse(given)
		if err != nil || err2 != nil || theirs.Scheme != "https" || theirs.User != nil || site(ours.Hostname()) != site(theirs.Hostname()) {
			return postern.Invalid("settings."+field.Name, postern.CodeInvalid, "an account is called at an address of its provider only", "leave it out; a simulated wallet goes with a switch in test mode")
		}
	}
	return nil
}

// site is the last two labels of a host name.
func site(host string) string {
	labels := strings.Split(strings.ToLower(host), ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// SetAccount changes settings of an account at a provider, for all of its channels at once; an empty value takes the default back. What a channel has of its own stays in the
// place of it. A required setting says which account it is: it can be corrected only as long as no order was ever sent over the account.
func (e *Engine) SetAccount(ctx context.Context, by Actor, ownerID, setID string, settings map[string]string) (postern.CredentialSet, error) {
	return e.changeAccount(ctx, by, ownerID, setID, settings, nil, slices.Sorted(maps.Keys(settings)))
}

// changeAccount is SetAccount with a further generation of keys, if any, in the same commit. Changed are the names that go on record.
func (e *Engine) changeAccount(ctx context.Context, by Actor, ownerID, setID string, settings map[string]string, keys map[string][]byte, changed []string) (postern.CredentialSet, error) {
	set, err := e.Store.CredentialSet(ctx, ownerID, setID)
	if err != nil {
		return set, err
	}
	d, err := e.description(set.Provider)
	if err != nil {
		return set, err
	}
	used, err := e.Store.AccountUsed(ctx, ownerID, setID)
	if err != nil {
		return set, err
	}
	if set.Settings, err = changedSettings(d, set, settings, used); err != nil {
		return set, err
	}
	if err := checkAddresses(d, set, e.Live); err != nil {
		return set, err
	}
	var further []postern.Generation
	if len(keys) > 0 {
		g, err := e.generation(set, d, NewCredentials{Keys: keys})
		if err != nil {
			return set, err
		}
		further = append(further, g)
	}
	err = e.Store.SaveCredentialSetAct(ctx, set, further, e.audit(by, ownerID, "credential.set", setID, strings.Join(changed, " ")))
	set.Version++
	return set, err
}

// changedSettings are an account's settings after a change, checked field by field.
func changedSettings(d provider.Description, set postern.CredentialSet, given map[string]string, used bool) (map[string]string, error) {
	if err := knownSettings(d, given); err != nil {
		return nil, err
	}
	given, err := tidySettings(d, given)
	if err != nil {
		return nil, err
	}
	out := maps.Clone(set.Settings)
	for _, field := range d.Settings {
		value, named := given[field.Name]
		switch {
		case !named || value == out[field.Name]:
			continue
		case field.Required && used:
			return nil, &postern.Error{Code: postern.CodeConflict, Op: "engine.SetAccount", Field: "settings." + field.Name, ID: set.ID, Message: "this setting says which account it is, and orders were sent over it",
				Fix: "add the other account, and retire this one's channels when nothing is under way over them"}
		case field.Required && value == "":
			return nil, postern.Invalid("settings."+field.Name, postern.CodeInvalid, "this setting is required", "send "+field.LabelEN)
		}
		if err := checkText("settings."+field.Name, value, 0, maxURL); err != nil {
			return nil, err
		}
		if out[field.Name] = value; value == "" {
			if out[field.Name] = field.Default; field.Default == "" {
				delete(out, field.Name)
			}
		}
	}
	return out, nil
}
