package engine

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/vault"
)

// AdoptInput is a shop whose code is to speak to the facade of its provider: by a channel that is there, or by what its account at the provider is made of.
type AdoptInput struct {
	Merchant  postern.Merchant
	Provider  string
	ChannelID string
	// Settings are the channel's and the issued account's, by their names; one that both have is both's.
	Settings map[string]string
	Keys     map[string][]byte
	Products []string
	// Number is what the issued account is known by; empty keeps that of the account at the provider.
	Number string
}

// Adopted is what Adopt made or found.
type Adopted struct {
	Channel      postern.Channel
	ChannelFound bool
	// Issued has secrets only where the account was made now, and only those that the shop's code does not have already.
	Issued       IssuedFacade
	AccountFound bool
}

// Adopt makes the channel over a shop's own account at its provider and issues a facade account with the same number, whose requests the shop signs as before and whose orders of
// before are asked for over that channel. What an earlier run made is found again; where it was made of another key, that is CodeConflict and nothing changes.
func (e *Engine) Adopt(ctx context.Context, by Actor, in AdoptInput) (Adopted, error) {
	var out Adopted
	adopter, ok := e.Registry[in.Provider].(provider.Adopter)
	if !ok {
		return out, postern.Invalid("provider", postern.CodeNotSupported, "no shop's code can be switched over from this provider", "choose a provider that has a facade")
	}
	d, face := adopter.Describe(), adopter.Face()
	channelSettings, faceSettings, err := partSettings(d, face, in.Settings)
	if err != nil {
		return out, err
	}
	in.Settings = channelSettings
	if out.Channel, err = e.adoptedChannel(ctx, adopter, in); err != nil {
		return out, err
	}
	if out.ChannelFound = out.Channel.ID != ""; !out.ChannelFound {
		if err = checkKeys(d, in.Keys); err != nil {
			return out, err
		}
	}
	set, keys, err := e.adoptedKeys(ctx, d, out.Channel, in)
	if err != nil {
		return out, err
	}
	take, err := adopter.Takeover(set, keys, func(field string) ([]byte, error) { return publicHalf(d, field, keys[field]) })
	if err != nil {
		return out, err
	}
	maps.Copy(take.Settings, faceSettings)
	if in.Number != "" {
		take.Number = in.Number
	}
	// An account that is there already is looked at before anything is made: what is refused leaves nothing behind.
	found, err := e.adoptedFacade(ctx, face, in, take)
	if err != nil {
		return out, err
	}
	if !out.ChannelFound {
		if out.Channel, err = e.AddChannel(ctx, NewChannel{Merchant: in.Merchant, OwnerID: in.Merchant.ID, Provider: in.Provider, Settings: in.Settings, Keys: in.Keys, Products: in.Products}); err != nil {
			return out, err
		}
	}
	if out.AccountFound = found.Account.ID != ""; out.AccountFound {
		out.Issued = found
		return out, e.formerly(ctx, by, &out.Issued.Account, out.Channel.ID)
	}
	out.Issued, err = e.IssueFacade(ctx, by, in.Merchant.ID, FacadeInput{Provider: in.Provider, Number: take.Number, Settings: take.Settings, Keys: take.Given, Kept: take.Kept, FormerChannelID: out.Channel.ID})
	return out, err
}

// partSettings gives each setting to whoever has one of this name.
func partSettings(d provider.Description, face provider.FaceDescription, settings map[string]string) (channel, account map[string]string, err error) {
	channel, account = map[string]string{}, map[string]string{}
	for name, value := range settings {
		_, isChannels := fieldOf(d, name)
		isFaces := slices.ContainsFunc(face.Settings, func(f provider.Field) bool { return f.Name == name })
		if isChannels {
			channel[name] = value
		}
		if isFaces {
			account[name] = value
		}
		if !isChannels && !isFaces {
			return nil, nil, postern.Invalid("settings", postern.CodeInvalid, "neither the channel nor the facade has such a setting", "see postern channel fields and postern facade fields")
		}
	}
	return channel, account, nil
}

// publicHalf is the public key of a private key field, as PEM.
func publicHalf(d provider.Description, field string, plain []byte) ([]byte, error) {
	f, _ := keyFieldOf(d, field)
	if handle, err := vault.Parse(f.Kind, "", plain); err == nil {
		if half, ok := vault.PublicHalf(handle); ok {
			return half, nil
		}
	}
	return nil, postern.Invalid("keys."+field, postern.CodeInvalid, "the key that the shop's code signs with is missing or unreadable", "give it with --key-file, or name a channel that has it")
}

// adoptedChannel finds the channel that is named, or the one that an earlier run made of the same account; none (an empty one) when there is nothing like it yet.
func (e *Engine) adoptedChannel(ctx context.Context, adopter provider.Adopter, in AdoptInput) (postern.Channel, error) {
	d := adopter.Describe()
	if in.ChannelID != "" {
		c, err := e.Store.Channel(ctx, in.Merchant.ID, in.ChannelID)
		if err != nil {
			return c, err
		}
		if c.Provider != in.Provider || c.SubMerchant != "" || c.CredentialOwnerID != in.Merchant.ID || !c.RetiredAt.IsZero() {
			return c, postern.Invalid("channel", postern.CodeInvalid, "the channel is not over an account of the shop's own at this provider, or is retired", "name another, or give the account's settings and keys")
		}
		return c, e.sameAsGiven(ctx, d, c, in)
	}
	list, err := e.Store.Channels(ctx, in.Merchant.ID)
	if err != nil {
		return postern.Channel{}, err
	}
	for _, c := range list {
		if c.Provider != in.Provider || c.SubMerchant != "" || c.CredentialOwnerID != in.Merchant.ID || !c.RetiredAt.IsZero() {
			continue
		}
		set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
		if err != nil {
			return c, err
		}
		if wanted := numberOf(adopter, in.Settings); wanted != "" && numberOf(adopter, set.Settings) == wanted {
			return c, e.sameAsGiven(ctx, d, c, in)
		}
	}
	return postern.Channel{}, nil
}

// numberOf is the number of an account at the provider, which its settings alone say.
func numberOf(adopter provider.Adopter, settings map[string]string) string {
	take, _ := adopter.Takeover(settings, nil, func(string) ([]byte, error) { return nil, nil }) //nolint:errcheck // the number is there beside any error
	return take.Number
}

// adoptedKeys are the account's settings and keys in the clear: the channel's when there is one, else what was given.
func (e *Engine) adoptedKeys(ctx context.Context, d provider.Description, c postern.Channel, in AdoptInput) (map[string]string, map[string][]byte, error) {
	if c.ID == "" {
		return in.Settings, in.Keys, nil
	}
	set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
	if err != nil {
		return nil, nil, err
	}
	generations, err := e.Store.Generations(ctx, set.OwnerID, set.ID)
	if err != nil {
		return nil, nil, err
	}
	settings, keys := maps.Clone(set.Settings), map[string][]byte{}
	maps.Copy(settings, c.Settings)
	for _, g := range generations {
		if !g.Usable(e.now()) {
			continue
		}
		for _, field := range d.Keys {
			if sealed, ok := g.Keys[field.Name]; ok {
				if keys[field.Name], err = e.Vault.Open(keyRef(set.OwnerID, set.ID, g.ID, field.Name), sealed); err != nil {
					return nil, nil, postern.Wrap(postern.CodeInternal, "engine.adoptedKeys", err)
				}
			}
		}
		break
	}
	return settings, keys, nil
}

// sameAsGiven refuses a setting or a key that is another than the channel's: which of the two is right only a person knows.
func (e *Engine) sameAsGiven(ctx context.Context, d provider.Description, c postern.Channel, in AdoptInput) error {
	settings, keys, err := e.adoptedKeys(ctx, d, c, in)
	if err != nil {
		return err
	}
	differs := func(field, fix string) error {
		return &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: field, Message: "the channel " + c.ID + " has another value here", Fix: fix, ID: c.ID}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Settings)) {
		if in.Settings[name] != "" && in.Settings[name] != settings[name] {
			return differs("settings."+name, "leave the setting out, or retire that channel first")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Keys)) {
		field, known := keyFieldOf(d, name)
		if !known {
			return postern.Invalid("keys."+name, postern.CodeInvalid, "the provider has no such key", "see postern channel fields")
		}
		if !sameKey(field.Kind, in.Keys[name], keys[name]) {
			return differs("keys."+name, "check which account and key the shop's code has; a new key is added with postern credential keys --account "+c.CredentialSetID+" and postern facade rotate")
		}
	}
	return nil
}

// sameKey compares keys however they are written down.
func sameKey(kind provider.KeyKind, a, b []byte) bool {
	if bytes.Equal(bytes.TrimSpace(a), bytes.TrimSpace(b)) {
		return true
	}
	return sameHalf(kind, a, kind, b)
}

func sameHalf(kindA provider.KeyKind, a []byte, kindB provider.KeyKind, b []byte) bool {
	one, err := vault.Parse(kindA, "", a)
	other, err2 := vault.Parse(kindB, "", b)
	if err != nil || err2 != nil {
		return false
	}
	half, ok := vault.PublicHalf(one)
	second, ok2 := vault.PublicHalf(other)
	return ok && ok2 && bytes.Equal(half, second)
}

// adoptedFacade finds the issued account of the number, if there is one: it must be the same merchant's, alive, and of the same request key.
func (e *Engine) adoptedFacade(ctx context.Context, face provider.FaceDescription, in AdoptInput, take provider.Takeover) (IssuedFacade, error) {
	account, err := e.Store.FacadeByNumber(ctx, in.Provider, take.Number)
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		return IssuedFacade{}, nil
	case err != nil:
		return IssuedFacade{}, err
	case account.MerchantID != in.Merchant.ID:
		return IssuedFacade{}, &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: "number", Message: "the number is issued to another merchant", Fix: "name that merchant, or give --number"}
	case !account.DisabledAt.IsZero():
		return IssuedFacade{}, &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: "number", Message: "the account of this number is disabled", Fix: "give --number", ID: account.ID}
	}
	keys, err := e.Store.FacadeKeys(ctx, account.MerchantID, account.ID)
	if err != nil || len(keys) == 0 {
		return IssuedFacade{}, err
	}
	has := map[string][]byte{}
	for name, text := range keys[0].Public {
		has[name] = []byte(text)
	}
	if field, same := sharesKey(face, take.Given, has); !same {
		return IssuedFacade{}, &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: "keys." + field, Message: "the account " + account.ID + " was issued for another key of the shop's",
			Fix: "check which key the shop's code signs with; a new one is given with postern facade rotate " + account.ID, ID: account.ID}
	}
	return IssuedFacade{Account: account, Key: keys[0], Public: keys[0].Public}, nil
}

// sharesKey says whether what a shop gives now has a key of what its account was issued for: as a key or as a certificate. The field is one of those that differ.
func sharesKey(face provider.FaceDescription, given, has map[string][]byte) (field string, same bool) {
	for _, one := range face.Keys {
		if one.Own || len(given[one.Name]) == 0 || one.Kind == provider.KeySecret {
			continue
		}
		field = one.Name
		for _, other := range face.Keys {
			if !other.Own && sameHalf(one.Kind, given[one.Name], other.Kind, has[other.Name]) {
				return field, true
			}
		}
	}
	return field, field == ""
}

// formerly ties an account that was issued by hand to the channel over which its orders of before are asked for. One that has another channel keeps that.
func (e *Engine) formerly(ctx context.Context, by Actor, a *postern.FacadeAccount, channelID string) error {
	if a.FormerChannelID != "" {
		return nil
	}
	a.FormerChannelID = channelID
	err := e.Store.SaveFacadeAct(ctx, a, nil, e.audit(by, a.MerchantID, "facade.former", a.ID, strings.Join([]string{a.Provider, a.Number, channelID}, " ")), nil)
	a.Version++
	return err
}

// FaceTrial is how the facade at base is tried as the code of an adopted shop will use it; see provider.Adopter.
func (e *Engine) FaceTrial(ctx context.Context, a postern.FacadeAccount, base string) (provider.FaceTrial, error) {
	adopter, ok := e.Registry[a.Provider].(provider.Adopter)
	if !ok {
		return provider.FaceTrial{}, postern.E(postern.CodeNotSupported, "engine.FaceTrial", "there is no facade to try")
	}
	channel, err := e.Store.Channel(ctx, a.MerchantID, a.FormerChannelID)
	if err != nil {
		return provider.FaceTrial{}, err
	}
	former, err := e.callFor(ctx, channel)
	if err != nil {
		return provider.FaceTrial{}, err
	}
	face, err := e.FaceAccount(ctx, a)
	if err != nil {
		return provider.FaceTrial{}, err
	}
	return adopter.Facing(former, face, base)
}
