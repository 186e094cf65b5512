package engine

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"postern"
	"postern/provider"
	"postern/vault"
)

// adoptedChannel finds the channel that is named, or the one that an earlier run made of the same account, or the only one when nothing is given; none (an empty one) when there is
// nothing like it yet. Of several the one that the issued account of the number has already comes first.
func (e *Engine) adoptedChannel(ctx context.Context, adopter provider.Adopter, in AdoptInput, former string) (postern.Channel, error) {
	if in.ChannelID != "" {
		c, err := e.Store.Channel(ctx, in.Merchant.ID, in.ChannelID)
		if err == nil && !adoptable(c, in) {
			err = postern.Invalid("channel", postern.CodeInvalid, "the channel is not over an account of the shop's own at this provider, or is retired", "name another, or give the account's settings and keys")
		}
		return c, err
	}
	list, err := e.Store.Channels(ctx, in.Merchant.ID)
	if err != nil {
		return postern.Channel{}, err
	}
	wanted := numberOf(adopter, in.Settings)
	list = slices.DeleteFunc(list, func(c postern.Channel) bool { return !adoptable(c, in) })
	if len(in.Settings)+len(in.Keys) == 0 && len(list) == 1 {
		return list[0], nil
	}
	var found postern.Channel
	for _, c := range list {
		if wanted == "" || found.ID != "" && c.ID != former {
			continue
		}
		set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
		if err != nil {
			return c, err
		}
		if numberOf(adopter, set.Settings) == wanted {
			found = c
		}
	}
	return found, nil
}

// adoptable says that a channel is over an account of the merchant's own at the provider, and alive.
func adoptable(c postern.Channel, in AdoptInput) bool {
	return c.Provider == in.Provider && c.SubMerchant == "" && c.CredentialOwnerID == in.Merchant.ID && c.RetiredAt.IsZero()
}

// numberOf is the number of an account at the provider, which its settings alone say.
func numberOf(adopter provider.Adopter, settings map[string]string) string {
	take, _ := adopter.Takeover(settings, nil, func(string) ([]byte, error) { return nil, nil }) //nolint:errcheck // the number is there beside any error
	return take.Number
}

// adoptedKeys are the settings and keys in the clear of the account behind a channel, with the channel's own.
func (e *Engine) adoptedKeys(ctx context.Context, d provider.Description, c postern.Channel) (set postern.CredentialSet, keys map[string][]byte, err error) {
	if set, err = e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID); err != nil {
		return set, nil, err
	}
	generations, err := e.Store.Generations(ctx, set.OwnerID, set.ID)
	if err != nil {
		return set, nil, err
	}
	keys = map[string][]byte{}
	for _, g := range generations {
		if !g.Usable(e.now()) {
			continue
		}
		for _, field := range d.Keys {
			if sealed, ok := g.Keys[field.Name]; ok {
				if keys[field.Name], err = e.Vault.Open(keyRef(set.OwnerID, set.ID, g.ID, field.Name), sealed); err != nil {
					return set, nil, postern.Wrap(postern.CodeInternal, "engine.adoptedKeys", err)
				}
			}
		}
		break
	}
	return set, keys, nil
}

// accountChange is what a run gives otherwise than the account has it.
type accountChange struct {
	settings map[string]string
	keys     map[string][]byte // that the account did not have; never in the place of one
}

func (c accountChange) any() bool { return len(c.settings)+len(c.keys) > 0 }

// changeOf compares what is given with the account behind a channel. What the account does not have yet is added. What it has with another value is corrected as long as no order
// was ever sent over it; afterwards which of the two is right only a person knows, and the refusal names the command that changes it.
func (e *Engine) changeOf(ctx context.Context, d provider.Description, c postern.Channel, in AdoptInput, set postern.CredentialSet, has map[string][]byte, accountID string) (accountChange, error) {
	out := accountChange{map[string]string{}, map[string][]byte{}}
	used, err := e.Store.AccountUsed(ctx, set.OwnerID, set.ID)
	if err != nil {
		return out, err
	}
	differs := func(field, fix string) error {
		return &postern.Error{Code: postern.CodeConflict, Op: "engine.Adopt", Field: field, Message: "the channel " + c.ID + " has another value here", Fix: fix, ID: c.ID}
	}
	of := " --merchant " + c.MerchantID + " --account " + set.ID
	for _, name := range slices.Sorted(maps.Keys(in.Settings)) {
		field, _ := fieldOf(d, name)
		value, own := in.Settings[name], c.Settings[name]
		switch {
		case value == "" || value == own || own == "" && value == set.Settings[name]:
		case own != "":
			return out, differs("settings."+name, "leave it out, or: postern channel set "+c.ID+" --merchant "+c.MerchantID+" --set "+name+"=...")
		case field.Required && used:
			return out, differs("settings."+name, "leave it out; or end the channel, when nothing is under way over it, and run this command again: postern channel retire "+c.ID+" --merchant "+c.MerchantID)
		case used && set.Settings[name] != "":
			return out, differs("settings."+name, "leave it out, or: postern credential set"+of+" --set "+name+"=...")
		default:
			out.settings[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Keys)) {
		field, known := keyFieldOf(d, name)
		switch {
		case !known:
			return out, unknownKey(d, name)
		case field.PerChannel && len(c.Secrets[name]) > 0:
			continue // it is sealed, and whoever wants to change it says so there
		case field.PerChannel:
			return out, differs("keys."+name, "postern channel set "+c.ID+" --merchant "+c.MerchantID+" --key-file "+name+"=FILE")
		case len(has[name]) == 0:
			out.keys[name] = in.Keys[name]
		case !sameKey(field.Kind, in.Keys[name], has[name]):
			return out, differs("keys."+name, keysFix(d, has, of, c.MerchantID, accountID))
		}
	}
	return out, nil
}

// keysFix is how other keys come to an account that orders may have been sent over: beside the ones that are there, and then to the issued account as well.
func keysFix(d provider.Description, has map[string][]byte, of, merchantID, accountID string) string {
	fix := "check which account and key the shop's code has; new keys are added with: postern credential keys" + of
	for _, one := range d.Keys {
		if len(has[one.Name]) > 0 {
			fix += " --key-file " + one.Name + "=FILE"
		}
	}
	if accountID != "" {
		fix += "; and, if the shop's code has it too: postern facade rotate " + accountID + " --merchant " + merchantID + " --key-file NAME=FILE --out FOLDER (names: postern facade fields), after which its public key is a new one"
	}
	return fix
}

func unknownKey(d provider.Description, name string) error {
	names := make([]string, 0, len(d.Keys))
	for _, k := range d.Keys {
		names = append(names, k.Name)
	}
	return postern.Invalid("keys."+name, postern.CodeInvalid, "the provider has no such key", "known are "+strings.Join(names, ", "))
}

// prove makes the provider's harmless signed call with an account that is not stored, or not as it is given now: nothing is made of values that do not work.
func (e *Engine) prove(ctx context.Context, d provider.Description, set postern.CredentialSet, keys map[string][]byte) error {
	connector := e.Registry[d.Code]
	checker, ok := connector.(provider.Checker)
	if !ok {
		return nil
	}
	look := &provider.Watch{Doer: e.Env.HTTP, Now: e.Env.Now}
	g := provider.Generation{ID: "given", Handles: map[string]any{}}
	for _, field := range d.Keys {
		if len(keys[field.Name]) == 0 {
			continue
		}
		id := string(keys[field.IDField])
		if id == "" {
			id = set.Settings[field.IDField]
		}
		handle, err := vault.Parse(field.Kind, id, keys[field.Name])
		if err != nil {
			return postern.Invalid("keys."+field.Name, postern.CodeInvalid, err.Error(), "give "+field.LabelEN)
		}
		g.Handles[field.Name] = handle
	}
	call := provider.Call{Env: e.Env, Settings: set.Settings, Sandbox: set.Sandbox, Timeout: e.callTimeout(""), Keys: []provider.Generation{g}}
	call.Env.HTTP = look
	ctx, cancel := context.WithTimeout(ctx, 2*call.Timeout)
	defer cancel()
	if refresher, ok := connector.(provider.TrustRefresher); ok {
		list, err := refresher.RefreshTrust(ctx, call)
		if err != nil {
			return wrongValue(look.Last(), d, set, keys, provider.CheckResult{Class: provider.ClassAuth, Message: err.Error()})
		}
		for _, one := range list {
			handle, err := vault.Parse(provider.KeyCertificate, one.KeyID, []byte(one.PEM))
			if v, isKey := handle.(provider.Verifier); err == nil && isKey {
				call.Trust = append(call.Trust, v)
			}
		}
	}
	if result := checker.Check(ctx, call); !result.OK {
		return wrongValue(look.Last(), d, set, keys, result)
	}
	return nil
}

// wrongValue says what the provider answered, and which value is probably wrong.
func wrongValue(last provider.Answered, d provider.Description, set postern.CredentialSet, keys map[string][]byte, result provider.CheckResult) error {
	err := &postern.Error{Code: postern.CodeProviderRefused, Op: "engine.Adopt"}
	said, address := shortened(strings.TrimSpace(result.Code+" "+result.Message)), addressOf(d, set, last.Host)
	there := "--set " + address.Name + "=..."
	if address.Default != "" {
		there += " (really it is " + address.Default + ")"
	}
	switch {
	case last.Host == "": // nothing was sent: a key or a setting made it impossible
		err.Message, err.Fix = "a call could not be signed: "+said, "check the keys"
	case last.Err != nil:
		err.Field, err.Message = "settings."+address.Name, "nothing answers at "+last.Host+": "+last.Err.Error()
		err.Fix = "say where " + d.NameEN + " is called, if this is not its real address: " + there + "; or see that this machine may go out"
	case last.Redirected():
		err.Field, err.Message = "settings."+address.Name, fmt.Sprintf("%s answers HTTP %d (look at %s), which %s never does", last.Host, last.Status, cmp.Or(last.MovedTo, "nowhere"), d.NameEN)
		err.Fix = "correct " + there
	case last.Missing():
		err.Field, err.Message = "settings."+address.Name, fmt.Sprintf("%s answered HTTP %d at %s, %s", last.Host, last.Status, cmp.Or(last.Path, "/"), said)
		err.Fix = "correct " + there + ", or " + strings.Join(identity(d, keys, true), ", ")
	default:
		err.Message = fmt.Sprintf("%s answered HTTP %d, %s", last.Host, last.Status, said)
		err.Fix = "check " + strings.Join(identity(d, keys, !last.Plain() || result.Class == provider.ClassAuth && result.Code != ""), ", ")
	}
	err.Fix += "; nothing was made or changed"
	return err
}

// saidLimit bounds what is repeated of the provider's words, in characters: some repeat the whole request.
const saidLimit = 120

func shortened(s string) string {
	if r := []rune(s); len(r) > saidLimit {
		return string(r[:saidLimit]) + "..."
	}
	return s
}

// addressOf is the setting by which a call went to a host.
func addressOf(d provider.Description, set postern.CredentialSet, host string) provider.Field {
	for _, field := range d.Settings {
		if one, err := url.Parse(set.Settings[field.Name]); isAddress(field) && err == nil && one.Host == host {
			return field
		}
	}
	return provider.Field{}
}

// identity names what a signed call rests on: the account's number with what signs, or with what the provider's answers are read and checked by.
func identity(d provider.Description, given map[string][]byte, signs bool) []string {
	var names []string
	for _, f := range d.Settings {
		if f.Required && !f.PerChannel {
			names = append(names, f.Name)
		}
	}
	ids := map[string]bool{}
	for _, k := range d.Keys {
		if k.Kind == provider.KeyRSAPrivate {
			if ids[k.IDField] = true; signs {
				names = append(names, k.Name)
			}
		}
	}
	for _, k := range d.Keys {
		reads := k.Kind != provider.KeyRSAPrivate && !k.Own && !ids[k.Name]
		if len(given[k.Name]) > 0 && (signs && ids[k.Name] || !signs && reads) {
			names = append(names, k.Name)
		}
	}
	return names
}

// plainKeys moves ids that were given among the settings to the keys, where they belong (a serial number is no secret), and takes a serial number out of the certificate that it is
// of. A certificate of another key, and a serial number that is not its certificate's, are refused.
func plainKeys(d provider.Description, settings map[string]string, keys map[string][]byte) (map[string]string, map[string][]byte, error) {
	settings, keys = maps.Clone(settings), maps.Clone(keys)
	if keys == nil {
		keys = map[string][]byte{}
	}
	for _, field := range d.Keys {
		id, isKey := keyFieldOf(d, field.IDField)
		if !isKey {
			continue
		}
		if value := strings.TrimSpace(settings[id.Name]); value != "" {
			if len(keys[id.Name]) > 0 && string(keys[id.Name]) != value {
				return nil, nil, postern.Invalid("settings."+id.Name, postern.CodeInvalid, "it was given twice, with two values", "give it once")
			}
			keys[id.Name] = []byte(value)
		}
		delete(settings, id.Name)
	}
	keys, err := withSerial(d, keys)
	return settings, keys, err
}

// withSerial completes keys by the serial number of the own certificate among them.
func withSerial(d provider.Description, keys map[string][]byte) (map[string][]byte, error) {
	for _, cert := range d.Keys {
		if !cert.Own || cert.Kind != provider.KeyCertificate || len(keys[cert.Name]) == 0 {
			continue
		}
		handle, err := vault.Parse(cert.Kind, "", keys[cert.Name])
		if err != nil {
			continue // checkKeys says what is wrong with it
		}
		for _, private := range d.Keys {
			if private.Kind != provider.KeyRSAPrivate || len(keys[private.Name]) == 0 {
				continue
			}
			if _, err := vault.Parse(private.Kind, "", keys[private.Name]); err == nil && !sameHalf(private.Kind, keys[private.Name], cert.Kind, keys[cert.Name]) {
				return nil, postern.Invalid("keys."+cert.Name, postern.CodeInvalid, "the certificate is not of the private key", "give the two that belong together")
			}
			v, ok := handle.(provider.Verifier)
			if _, isKey := keyFieldOf(d, private.IDField); !ok || !isKey {
				continue
			}
			keys = maps.Clone(keys)
			if given := string(keys[private.IDField]); given == "" {
				keys[private.IDField] = []byte(v.KeyID())
			} else if !strings.EqualFold(strings.TrimLeft(given, "0"), strings.TrimLeft(v.KeyID(), "0")) {
				return nil, postern.Invalid("keys."+private.IDField, postern.CodeInvalid, "it is not the serial number of the certificate in "+cert.Name, "leave it out: it is read from the certificate")
			}
		}
	}
	return keys, nil
}

// resettle brings the settings of an issued account to what this run gives, where one of them was wrong before: they follow from the account at the provider, and from what is said
// of the issued account itself. A run without settings changes none.
func (e *Engine) resettle(ctx context.Context, by Actor, face provider.FaceDescription, in AdoptInput, own, wanted map[string]string, out *Adopted) error {
	if len(in.Settings)+len(own) == 0 {
		return nil
	}
	a := out.Issued.Account
	settings := map[string]string{}
	maps.Copy(settings, a.Settings)
	var changed []string
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if wanted[name] != "" && wanted[name] != settings[name] {
			settings[name] = wanted[name]
			changed = append(changed, name)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	var err error
	if a.Settings, err = facadeSettings(face, settings, in.Merchant.Live); err != nil {
		return err
	}
	if err = e.Store.SaveFacadeAct(ctx, &a, nil, e.audit(by, a.MerchantID, "facade.settings", a.ID, a.Number+" "+strings.Join(changed, " ")), nil); err != nil {
		return err
	}
	a.Version++
	out.Issued.Account, out.Added = a, changed
	return nil
}
