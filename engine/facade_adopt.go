package engine

import (
	"bytes"
	"cmp"
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
	// Changed names what the account at the provider has otherwise than before, Added what the issued account has besides or otherwise. Moved is the channel over which orders of before were
	// asked for until now.
	Changed []string
	Added   []string
	Moved   string
}

// Adopt makes the channel over a shop's own account at its provider and issues a facade account with the same number, whose requests the shop signs as before and whose orders of
// before are asked for over that channel. Values are tried at the provider before anything is made of them. What an earlier run made is found again, completed, and corrected as
// long as no order was sent over it; where it was made of another key, that is CodeConflict and nothing changes.
func (e *Engine) Adopt(ctx context.Context, by Actor, in AdoptInput) (Adopted, error) {
	var out Adopted
	adopter, ok := e.Registry[in.Provider].(provider.Adopter)
	if !ok {
		return out, postern.Invalid("provider", postern.CodeNotSupported, "no shop's code can be switched over from this provider", "choose a provider that has a facade")
	}
	d, face := adopter.Describe(), adopter.Face()
	settings, err := e.readGiven(d, face, &in)
	if err != nil {
		return out, err
	}
	account, err := e.issuedBefore(ctx, adopter, in)
	if err != nil {
		return out, err
	}
	if out.Channel, err = e.adoptedChannel(ctx, adopter, in, account.FormerChannelID); err != nil {
		return out, err
	}
	out.ChannelFound = out.Channel.ID != ""
	plan, err := e.planAccount(ctx, adopter, d, out.Channel, in, account.ID)
	if err != nil {
		return out, err
	}
	take, err := adopter.Takeover(plan.set.Settings, plan.keys, func(field string) ([]byte, error) { return publicHalf(d, field, plan.keys[field]) })
	if err != nil {
		return out, err
	}
	maps.Copy(take.Settings, settings)
	take.Number = cmp.Or(in.Number, take.Number)
	// An account that is there already is looked at before anything is made: what is refused leaves nothing behind.
	found, err := e.adoptedFacade(ctx, face, in, take)
	if err != nil {
		return out, err
	}
	if err = e.carryOut(ctx, by, d, in, plan, &out); err != nil {
		return out, err
	}
	if out.AccountFound = found.Account.ID != ""; out.AccountFound {
		out.Issued = found
		if err := e.resettle(ctx, by, face, in, settings, take.Settings, &out); err != nil {
			return out, err
		}
		if err := e.enrich(ctx, by, face, take.Kept, len(plan.change.keys) > 0, &out); err != nil {
			return out, err
		}
		out.Moved, err = e.formerly(ctx, by, adopter, &out.Issued.Account, out.Channel, in.ChannelID != "")
		return out, err
	}
	out.Issued, err = e.IssueFacade(ctx, by, in.Merchant.ID, FacadeInput{
		Provider: in.Provider, Number: take.Number, Settings: take.Settings, Keys: take.Given, Kept: take.Kept, FormerChannelID: out.Channel.ID, NoNewSecrets: true,
	})
	return out, err
}

// accountPlan is what an account at the provider is or will be, and what has to be done for that.
type accountPlan struct {
	set    postern.CredentialSet
	keys   map[string][]byte
	change accountChange
}

// readGiven brings what was given into the form in which it is kept, and returns the issued account's part of the settings.
func (e *Engine) readGiven(d provider.Description, face provider.FaceDescription, in *AdoptInput) (account map[string]string, err error) {
	if in.Settings, in.Keys, err = plainKeys(d, in.Settings, in.Keys); err != nil {
		return nil, err
	}
	if in.Settings, account, err = partSettings(d, face, in.Settings); err != nil {
		return nil, err
	}
	in.Settings, err = tidySettings(d, in.Settings)
	return account, err
}

// issuedBefore is the issued account of the number, or an empty one.
func (e *Engine) issuedBefore(ctx context.Context, adopter provider.Adopter, in AdoptInput) (postern.FacadeAccount, error) {
	account, err := e.Store.FacadeByNumber(ctx, in.Provider, cmp.Or(in.Number, numberOf(adopter, in.Settings)))
	if postern.CodeOf(err) == postern.CodeNotFound {
		return postern.FacadeAccount{}, nil
	}
	return account, err
}

// planAccount says what the account at the provider will be, and has tried it there where anything of it is new: values that do not work make and change nothing.
func (e *Engine) planAccount(ctx context.Context, adopter provider.Adopter, d provider.Description, c postern.Channel, in AdoptInput, accountID string) (p accountPlan, err error) {
	if c.ID == "" {
		account, _ := splitKeys(d, in.Keys)
		p.keys = account
		if p.set, err = e.newCredentialSet(d, in.Merchant.ID, !in.Merchant.Live, in.Settings, account); err != nil {
			return p, err
		}
		return p, e.prove(ctx, d, p.set, p.keys)
	}
	if p.set, p.keys, err = e.adoptedKeys(ctx, d, c); err != nil {
		return p, err
	}
	if given := numberOf(adopter, in.Settings); given != "" && given != numberOf(adopter, p.set.Settings) {
		return p, &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: "channel", Message: "the channel " + c.ID + " is over another account at the provider", Fix: "leave --channel out, or the number", ID: c.ID}
	}
	if p.change, err = e.changeOf(ctx, d, c, in, p.set, p.keys, accountID); err != nil || !p.change.any() {
		p.set.Settings = maps.Clone(p.set.Settings)
		maps.Copy(p.set.Settings, c.Settings)
		return p, err
	}
	if p.set.Settings, err = changedSettings(d, p.set, p.change.settings, false); err != nil {
		return p, err
	}
	if err = checkAddresses(d, p.set, e.Live); err != nil {
		return p, err
	}
	maps.Copy(p.keys, p.change.keys)
	if err = checkKeys(d, p.keys); err != nil {
		return p, err
	}
	maps.Copy(p.set.Settings, c.Settings)
	return p, e.prove(ctx, d, p.set, p.keys)
}

// carryOut makes the channel, or changes the account behind the one that is there.
func (e *Engine) carryOut(ctx context.Context, by Actor, d provider.Description, in AdoptInput, p accountPlan, out *Adopted) (err error) {
	if !out.ChannelFound {
		out.Channel, err = e.AddChannel(ctx, NewChannel{Merchant: in.Merchant, OwnerID: in.Merchant.ID, Provider: in.Provider, Settings: in.Settings, Keys: in.Keys, Products: in.Products})
		return err
	}
	if !p.change.any() {
		return nil
	}
	var keys map[string][]byte
	if len(p.change.keys) > 0 {
		keys = p.keys
	}
	out.Changed = slices.Concat(slices.Sorted(maps.Keys(p.change.settings)), slices.Sorted(maps.Keys(p.change.keys)))
	_, err = e.changeAccount(ctx, by, p.set.OwnerID, p.set.ID, p.change.settings, keys, out.Changed)
	return err
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
			return nil, nil, unknownSetting(d, face, name)
		}
	}
	return channel, account, nil
}

// unknownSetting names the settings that there are, and the one that was probably meant: another provider's word for where it is called.
func unknownSetting(d provider.Description, face provider.FaceDescription, name string) error {
	var names []string
	fix := ""
	for _, f := range append(slices.Clone(d.Settings), face.Settings...) {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
		if fix == "" && isAddress(f) && strings.HasSuffix(name, "_url") {
			fix = "say " + f.Name + " for where " + d.NameEN + " is called; "
		}
	}
	return postern.Invalid("settings."+name, postern.CodeInvalid, "neither the channel nor the facade of "+d.NameEN+" has this setting", fix+"known are "+strings.Join(names, ", "))
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
		return IssuedFacade{}, &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: "number", Message: "the account " + account.ID + " of this number is disabled",
			Fix: "open it again, with the keys that it had, and run this command again: postern facade enable " + account.ID + " --merchant " + account.MerchantID, ID: account.ID}
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
			Fix: "check which key the shop's code signs with; a new one is given with: postern facade rotate " + account.ID + " --merchant " + account.MerchantID + " --key-file " + field + "=FILE --out FOLDER", ID: account.ID}
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

// formerly ties an account to the channel over which its orders of before are asked for: one that has none, one whose channel is retired, and any where a person named the channel.
// Another channel of the account is moved from over the same account at the provider only. It returns the channel of until now, if it was moved.
func (e *Engine) formerly(ctx context.Context, by Actor, adopter provider.Adopter, a *postern.FacadeAccount, c postern.Channel, named bool) (moved string, err error) {
	if a.FormerChannelID == c.ID {
		return "", nil
	}
	if a.FormerChannelID != "" {
		before, err := e.Store.Channel(ctx, a.MerchantID, a.FormerChannelID)
		if err != nil {
			return "", err
		}
		if before.RetiredAt.IsZero() && !named {
			return "", nil
		}
		same, err := e.sameNumber(ctx, adopter, before, c)
		if err != nil {
			return "", err
		}
		if !same {
			return "", &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: "channel", ID: a.ID, Message: "orders of before of " + a.ID + " are at another account of the provider than the channel's",
				Fix: "name a channel over the account of " + before.ID}
		}
		moved = before.ID
	}
	a.FormerChannelID = c.ID
	err = e.Store.SaveFacadeAct(ctx, a, nil, e.audit(by, a.MerchantID, "facade.former", a.ID, strings.Join([]string{a.Provider, a.Number, c.ID}, " ")), nil)
	a.Version++
	return moved, err
}

// sameNumber says that two channels are over the same account at the provider, by its own number.
func (e *Engine) sameNumber(ctx context.Context, adopter provider.Adopter, a, b postern.Channel) (bool, error) {
	var numbers []string
	for _, c := range []postern.Channel{a, b} {
		set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
		if err != nil {
			return false, err
		}
		numbers = append(numbers, numberOf(adopter, set.Settings))
	}
	return numbers[0] != "" && numbers[0] == numbers[1], nil
}

// enrich gives an account that is there the secrets of the shop's code that it does not have yet, or that were said for the first time now (first). Its keys stay, and so does the
// switch's own: the shop changes nothing.
func (e *Engine) enrich(ctx context.Context, by Actor, face provider.FaceDescription, kept map[string][]byte, first bool, out *Adopted) error {
	old := out.Issued.Key
	further := postern.FacadeKey{
		MerchantID: old.MerchantID, AccountID: old.AccountID, ID: e.newID(postern.PrefixFacadeKey), Keys: map[string][]byte{}, Public: old.Public, NotBefore: e.now(), CreatedAt: e.now(),
	}
	for _, field := range face.Keys {
		plain := kept[field.Name]
		if sealed, has := old.Keys[field.Name]; has {
			was, err := e.Vault.Open(facadeKeyRef(old, field.Name), sealed)
			if err != nil {
				return postern.Wrap(postern.CodeInternal, "engine.enrich", err)
			}
			if !first || len(plain) == 0 || bytes.Equal(plain, was) {
				plain = was
			} else {
				out.Added = append(out.Added, field.Name)
			}
		} else if len(plain) > 0 {
			out.Added = append(out.Added, field.Name)
		}
		if len(plain) == 0 {
			continue
		}
		var err error
		if further.Keys[field.Name], err = e.Vault.Seal(facadeKeyRef(further, field.Name), plain); err != nil {
			return postern.Wrap(postern.CodeInternal, "engine.enrich", err)
		}
	}
	if len(out.Added) == 0 {
		return nil
	}
	old.NotAfter, old.RetiredAt = further.NotBefore, further.NotBefore
	out.Issued.Key = further
	act := e.audit(by, old.MerchantID, "facade.rotate", old.AccountID, strings.Join(append([]string{out.Issued.Account.Number}, out.Added...), " "))
	return e.Store.SaveFacadeAct(ctx, nil, []postern.FacadeKey{further, old}, act, nil)
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
