package engine

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
	"postern/vault"
)

const (
	// facadeFor is how long the certificates of an issued account last, as the providers' own do.
	facadeFor = 5 * 365 * 24 * time.Hour
	// secretLength is how long secrets are that the switch makes, in characters.
	secretLength = 32
	// maxFaceSetting bounds one setting of an account, in characters: a list of app ids is the longest.
	maxFaceSetting = 512
)

// FacadeInput is an account to issue to a merchant whose code speaks a provider's protocol.
type FacadeInput struct {
	Provider string
	// Number is the merchant's own app_id or mchid when its code keeps that; empty mints one.
	Number   string
	Settings map[string]string
	// Keys are what the merchant gives: the public half of what its code signs with.
	Keys map[string][]byte
	// Kept are secrets of the merchant's code that stay as they are, in the place of new ones of the switch's own.
	Kept map[string][]byte
	// FormerChannelID is the channel over the merchant's own account at the provider, for orders made before; empty without one.
	FormerChannelID string
	// Request is the API request that asks for it, finished in the same commit: a repetition after a crash finds the account. Nil without one.
	Request *store.Request
}

// FacadeRotation says which keys of an account are new.
type FacadeRotation struct {
	// Keys are new keys of the merchant's; without any, the merchant's stay.
	Keys map[string][]byte
	// From is when the new keys begin to sign, and Overlap how long the keys before are believed after that.
	From    time.Time
	Overlap time.Duration
	// Request is as in FacadeInput.
	Request *store.Request
}

// doneWith is a request as the commit of its work finishes it; nil without one.
func doneWith(request *store.Request, object string) *store.Request {
	if request == nil {
		return nil
	}
	done := *request
	done.ObjectID, done.Done = object, true
	return &done
}

// IssuedFacade is an account with what its merchant must install, in the clear: the switch keeps it sealed and shows secrets this once.
type IssuedFacade struct {
	Account postern.FacadeAccount
	Key     postern.FacadeKey
	// Public are the facts that anybody may see, by field; PublicKey is the switch's own as PEM. Secrets are shown once.
	Public  map[string]string
	Secrets map[string]string
}

// IssueFacade issues an account: its number, and every key of the switch's own. A number that is taken is CodeConflict, a key that is missing CodeInvalid.
func (e *Engine) IssueFacade(ctx context.Context, by Actor, merchantID string, in FacadeInput) (IssuedFacade, error) {
	faced, err := e.Faced(in.Provider)
	if err != nil {
		return IssuedFacade{}, err
	}
	merchant, err := e.Store.Merchant(ctx, merchantID)
	if err != nil {
		return IssuedFacade{}, err
	}
	now := e.now()
	account := postern.FacadeAccount{
		MerchantID: merchantID, ID: e.newID(postern.PrefixFacade), Provider: in.Provider, Number: in.Number, FormerChannelID: in.FormerChannelID, CreatedAt: now,
	}
	if err := checkText("number", in.Number, 0, maxCarrier+12); err != nil {
		return IssuedFacade{}, err
	}
	if account.Number == "" {
		account.Number = faced.Face().Number(now, e.random)
	}
	if in.FormerChannelID != "" {
		former, err := e.Store.Channel(ctx, merchantID, in.FormerChannelID)
		if err != nil {
			return IssuedFacade{}, err
		}
		if former.Provider != in.Provider {
			return IssuedFacade{}, postern.Invalid("former_channel_id", postern.CodeInvalid, "the channel is over another provider", "give the channel over the merchant's own account at the facade's provider, or none")
		}
	}
	if account.Settings, err = facadeSettings(faced.Face(), in.Settings, merchant.Live); err != nil {
		return IssuedFacade{}, err
	}
	out, err := e.facadeKeys(account, faced.Face(), in.Keys, in.Kept, now)
	if err != nil {
		return out, err
	}
	out.Account.Version = 1
	err = e.Store.SaveFacadeAct(ctx, &account, []postern.FacadeKey{out.Key}, e.audit(by, merchantID, "facade.issue", account.ID, in.Provider+" "+account.Number), doneWith(in.Request, account.ID))
	if err != nil && postern.CodeOf(err) == postern.CodeConflict {
		return IssuedFacade{}, &postern.Error{Code: postern.CodeConflict, Op: "engine.IssueFacade", Field: "number", Message: "an account has this number already", Fix: "leave the number out for a new one, or end the account that has it"}
	}
	return out, err
}

// facadeSettings are an account's, with the defaults: what the facade knows and the merchant may have.
func facadeSettings(face provider.FaceDescription, given map[string]string, live bool) (map[string]string, error) {
	settings := map[string]string{}
	for _, field := range face.Settings {
		if err := checkText("settings."+field.Name, given[field.Name], 0, maxFaceSetting); err != nil {
			return nil, err
		}
		if value := cmp.Or(given[field.Name], field.Default); value != "" {
			settings[field.Name] = value
		}
		if live && field.TestOnly && given[field.Name] != "" {
			return nil, postern.Invalid("settings", postern.CodeInvalid, "a live merchant may not have the setting "+field.Name, "leave it out")
		}
	}
	for name := range given {
		if !slices.ContainsFunc(face.Settings, func(f provider.Field) bool { return f.Name == name }) {
			return nil, postern.Invalid("settings", postern.CodeInvalid, "the facade has no such setting", "see postern facade fields")
		}
	}
	return settings, nil
}

// RotateFacade gives an account new keys of the switch's own, or a new one of the merchant's, from a moment on. The keys before go on signing until then and verifying for the
// overlap after it. What stays is said at staying.
func (e *Engine) RotateFacade(ctx context.Context, by Actor, merchantID, accountID string, in FacadeRotation) (IssuedFacade, error) {
	account, err := e.Store.Facade(ctx, merchantID, accountID)
	if err != nil {
		return IssuedFacade{}, err
	}
	faced, err := e.Faced(account.Provider)
	if err != nil {
		return IssuedFacade{}, err
	}
	old, err := e.Store.FacadeKeys(ctx, merchantID, accountID)
	if err != nil {
		return IssuedFacade{}, err
	}
	keys, kept, err := e.staying(account, faced.Face(), old, in.Keys)
	if err != nil {
		return IssuedFacade{}, err
	}
	from := in.From.UTC().Truncate(time.Microsecond)
	out, err := e.facadeKeys(account, faced.Face(), keys, kept, from)
	if err != nil {
		return out, err
	}
	keySets := []postern.FacadeKey{out.Key}
	for _, k := range old {
		if k.NotAfter.IsZero() {
			k.NotAfter, k.RetiredAt = from, from.Add(in.Overlap)
			keySets = append(keySets, k)
		}
	}
	return out, e.Store.SaveFacadeAct(ctx, nil, keySets, e.audit(by, merchantID, "facade.rotate", accountID, account.Number), doneWith(in.Request, accountID))
}

// staying is what a rotation does not make anew: the merchant's keys, unless others are given, and secrets that the merchant gives. The secrets of a shop that was switched
// over stay as well, because its code has them from its provider.
func (e *Engine) staying(account postern.FacadeAccount, face provider.FaceDescription, old []postern.FacadeKey, given map[string][]byte) (keys, kept map[string][]byte, err error) {
	keys, kept = maps.Clone(given), map[string][]byte{}
	for _, field := range face.Keys {
		if value := given[field.Name]; secretOf(face, field) && len(value) > 0 {
			kept[field.Name] = value
			delete(keys, field.Name)
		}
	}
	if len(old) == 0 {
		return keys, kept, nil
	}
	merchants, secrets := len(keys) == 0, account.FormerChannelID != ""
	if merchants {
		keys = map[string][]byte{}
	}
	for _, field := range face.Keys {
		into := keys
		switch sealed := old[0].Keys[field.Name]; {
		case sealed == nil || len(kept[field.Name]) > 0:
			continue
		case secrets && secretOf(face, field):
			into = kept
		case !merchants || field.Own:
			continue
		}
		if into[field.Name], err = e.Vault.Open(facadeKeyRef(old[0], field.Name), old[0].Keys[field.Name]); err != nil {
			return nil, nil, postern.Wrap(postern.CodeInternal, "engine.RotateFacade", err)
		}
	}
	return keys, kept, nil
}

// secretOf says that a field is a secret that the switch shares with the merchant's code.
func secretOf(face provider.FaceDescription, field provider.KeyField) bool {
	return field.Own && (field.Kind == provider.KeySecret || field.Kind == provider.KeyAES256GCM) && !slices.Contains(face.Public, field.Name)
}

// DisableFacade ends an account: its requests are answered as of an unknown one. Orders go on, and are told of.
func (e *Engine) DisableFacade(ctx context.Context, by Actor, merchantID, accountID string) (postern.FacadeAccount, error) {
	account, err := e.Store.Facade(ctx, merchantID, accountID)
	if err != nil || !account.DisabledAt.IsZero() {
		return account, err
	}
	account.DisabledAt = e.now()
	err = e.Store.SaveFacadeAct(ctx, &account, nil, e.audit(by, merchantID, "facade.disable", accountID, account.Number), nil)
	account.Version++
	return account, err
}

// facadeKeys makes one set of an account's keys: what the merchant gave, checked, and what is the switch's own, made or kept.
func (e *Engine) facadeKeys(account postern.FacadeAccount, face provider.FaceDescription, given, kept map[string][]byte, from time.Time) (IssuedFacade, error) {
	out := IssuedFacade{Account: account, Public: map[string]string{}, Secrets: map[string]string{}}
	out.Key = postern.FacadeKey{MerchantID: account.MerchantID, AccountID: account.ID, ID: e.newID(postern.PrefixFacadeKey), Keys: map[string][]byte{}, Public: out.Public, NotBefore: from, CreatedAt: e.now()}
	plain, err := e.ownFacadeKeys(account, face, kept, &out, from)
	if err != nil {
		return out, err
	}
	for _, field := range face.Keys {
		value, isGiven := given[field.Name]
		switch {
		case field.Own:
			value = plain[field.Name]
		case !isGiven && field.Required && !field.Replaced(given):
			return out, postern.Invalid("keys."+field.Name, postern.CodeInvalid, "the key is missing", "give the public half of what the merchant's code signs with")
		}
		if len(value) == 0 {
			continue
		}
		if _, err := vault.Parse(field.Kind, "", value); err != nil {
			return out, postern.Invalid("keys."+field.Name, postern.CodeInvalid, "the key cannot be read: "+err.Error(), "give a PEM file")
		}
		if out.Key.Keys[field.Name], err = e.Vault.Seal(facadeKeyRef(out.Key, field.Name), value); err != nil {
			return out, postern.Wrap(postern.CodeInternal, "engine.facadeKeys", err)
		}
		if !field.Own && (field.Kind == provider.KeyCertificate || field.Kind == provider.KeyRSAPublic || field.Kind == provider.KeySecret) {
			out.Public[field.Name] = string(value)
		}
	}
	return out, nil
}

// ownFacadeKeys makes the switch's own fields by their kinds: one key, a certificate for it with its authority, and secrets.
func (e *Engine) ownFacadeKeys(account postern.FacadeAccount, face provider.FaceDescription, kept map[string][]byte, out *IssuedFacade, from time.Time) (map[string][]byte, error) {
	private, public, err := vault.NewKeyPair(e.Env.Rand)
	if err != nil {
		return nil, err
	}
	certificates, err := vault.NewCertificate(e.Env.Rand, private, "Postern Facade "+account.Number, from.Add(-time.Hour), from.Add(facadeFor))
	if err != nil {
		return nil, err
	}
	plain := map[string][]byte{}
	out.Public["public_key"], out.Public["serial"] = string(public), certificates.Serial
	for _, field := range face.Keys {
		if !field.Own {
			continue
		}
		if secret := kept[field.Name]; len(secret) > 0 { // it is told to nobody again
			plain[field.Name] = secret
			continue
		}
		switch field.Kind {
		case provider.KeyRSAPrivate:
			plain[field.Name] = private
		case provider.KeyCertificate:
			plain[field.Name] = certificates.Certificate
			out.Public[field.Name] = string(certificates.Certificate)
		case provider.KeyAuthority:
			plain[field.Name] = certificates.Authority
			out.Public[field.Name] = string(certificates.Authority)
		default:
			secret := ""
			if face.Mint != nil {
				secret = face.Mint(field.Name, e.random)
			}
			minted := secret != ""
			for len(secret) < secretLength && !minted {
				secret += string("0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"[e.random(58)])
			}
			plain[field.Name] = []byte(secret)
			if slices.Contains(face.Public, field.Name) {
				out.Public[field.Name] = secret
			} else {
				out.Secrets[field.Name] = secret
			}
		}
	}
	return plain, nil
}
