package engine

import (
	"context"
	"maps"
	"slices"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
	"postern/vault"
)

// keyRef binds a sealed key field to its place: moved to another row or column it does not open.
func keyRef(ownerID, setID, generationID, field string) vault.Ref {
	return vault.Ref{Owner: ownerID, Table: "generations", Column: "keys." + field, Row: setID + "/" + generationID}
}

// callFor gathers what a provider call over a channel may use: the settings, the generations as handles with the one that signs first, and fetched trust.
func (e *Engine) callFor(ctx context.Context, c postern.Channel) (provider.Call, error) {
	connector, ok := e.Registry[c.Provider]
	if !ok {
		return provider.Call{}, postern.E(postern.CodeNotSupported, "engine.callFor", "this binary has no connector for "+c.Provider)
	}
	set, err := e.Store.CredentialSet(ctx, c.CredentialOwnerID, c.CredentialSetID)
	if err != nil {
		return provider.Call{}, err
	}
	own, err := e.ownHandles(connector.Describe(), c)
	if err != nil {
		return provider.Call{}, err
	}
	call, err := e.accountCall(ctx, connector.Describe(), set, own)
	if err != nil {
		return call, err
	}
	call.SubMerchant, call.Timeout = c.SubMerchant, e.callTimeout(c.ID)
	if len(c.Settings) > 0 {
		call.Settings = maps.Clone(set.Settings)
		maps.Copy(call.Settings, c.Settings)
	}
	return call, nil
}

// accountCall is a call over an account as such, with key fields that a channel adds.
func (e *Engine) accountCall(ctx context.Context, d provider.Description, set postern.CredentialSet, own map[string]any) (provider.Call, error) {
	generations, err := e.Store.Generations(ctx, set.OwnerID, set.ID)
	if err != nil {
		return provider.Call{}, err
	}
	call := provider.Call{Env: e.Env, Settings: set.Settings, Sandbox: set.Sandbox, Timeout: e.callTimeout("")}
	now := e.now()
	for _, usable := range []bool{true, false} { // Usable generations first, newest first; those that only verify after them.
		for _, g := range generations {
			if !g.Verifies(now) || g.Usable(now) != usable {
				continue
			}
			handles, err := e.handles(d, set, g)
			if err != nil {
				return call, err
			}
			maps.Copy(handles, own)
			call.Keys = append(call.Keys, provider.Generation{ID: g.ID, Handles: handles})
		}
	}
	call.Trust, err = e.trust(ctx, set)
	return call, err
}

// secretRef binds a channel's own sealed field to its place.
func secretRef(c postern.Channel, field string) vault.Ref {
	return vault.Ref{Owner: c.MerchantID, Table: "channel", Column: "secrets." + field, Row: c.ID}
}

// ownHandles opens the sealed fields that are the channel's and not the account's.
func (e *Engine) ownHandles(d provider.Description, c postern.Channel) (map[string]any, error) {
	handles := map[string]any{}
	for _, field := range d.Keys {
		sealed, ok := c.Secrets[field.Name]
		if !ok || !field.PerChannel {
			continue
		}
		h, err := e.Vault.Handle(secretRef(c, field.Name), field.Kind, "", sealed)
		if err != nil {
			return nil, postern.Wrap(postern.CodeInternal, "engine.ownHandles", err)
		}
		handles[field.Name] = h
	}
	return handles, nil
}

// handles opens the sealed fields of a generation.
func (e *Engine) handles(d provider.Description, set postern.CredentialSet, g postern.Generation) (map[string]any, error) {
	handles := map[string]any{}
	for _, field := range d.Keys {
		sealed, ok := g.Keys[field.Name]
		if !ok {
			continue
		}
		h, err := e.Vault.Handle(keyRef(set.OwnerID, set.ID, g.ID, field.Name), field.Kind, e.keyID(set, g, field), sealed)
		if err != nil {
			return nil, postern.Wrap(postern.CodeInternal, "engine.handles", err)
		}
		handles[field.Name] = h
	}
	return handles, nil
}

// keyID finds the id that the provider knows a key by: a setting, or another key field of the same generation (a serial number kept with its key).
func (e *Engine) keyID(set postern.CredentialSet, g postern.Generation, field provider.KeyField) string {
	if field.IDField == "" {
		return ""
	}
	if sealed, ok := g.Keys[field.IDField]; ok {
		if id, err := e.Vault.Open(keyRef(set.OwnerID, set.ID, g.ID, field.IDField), sealed); err == nil {
			return string(id)
		}
	}
	return set.Settings[field.IDField]
}

// trust parses the provider's fetched certificates.
func (e *Engine) trust(ctx context.Context, set postern.CredentialSet) ([]provider.Verifier, error) {
	rows, err := e.Store.Trust(ctx, set.OwnerID, set.ID)
	if err != nil {
		return nil, err
	}
	var verifiers []provider.Verifier
	for _, row := range rows {
		if !row.NotAfter.IsZero() && e.now().After(row.NotAfter) {
			continue
		}
		h, err := vault.Parse(provider.KeyCertificate, row.KeyID, []byte(row.PEM))
		if err != nil {
			h, err = vault.Parse(provider.KeyRSAPublic, row.KeyID, []byte(row.PEM))
		}
		if v, ok := h.(provider.Verifier); err == nil && ok {
			verifiers = append(verifiers, v)
		}
	}
	return verifiers, nil
}

// NewCredentials is what AddGeneration takes: key fields in the clear, by the names of the provider's Description.
type NewCredentials struct {
	OwnerID         string
	CredentialSetID string
	Keys            map[string][]byte
	NotBefore       time.Time
	NotAfter        time.Time
}

// AddGeneration checks that every key parses, seals the fields and stores them as the newest generation of a credential set.
func (e *Engine) AddGeneration(ctx context.Context, in NewCredentials) (postern.Generation, error) {
	set, err := e.Store.CredentialSet(ctx, in.OwnerID, in.CredentialSetID)
	if err != nil {
		return postern.Generation{}, err
	}
	connector, ok := e.Registry[set.Provider]
	if !ok {
		return postern.Generation{}, postern.E(postern.CodeNotSupported, "engine.AddGeneration", "this binary has no connector for "+set.Provider)
	}
	if in.Keys, err = withSerial(connector.Describe(), in.Keys); err != nil {
		return postern.Generation{}, err
	}
	g, err := e.generation(set, connector.Describe(), in)
	if err != nil {
		return g, err
	}
	return g, e.Store.AddGeneration(ctx, g)
}

// generation checks and seals a generation that is not stored yet. The certificate of an own key ends it, if nothing ends it before.
func (e *Engine) generation(set postern.CredentialSet, d provider.Description, in NewCredentials) (postern.Generation, error) {
	now := e.now()
	if in.NotBefore.IsZero() {
		in.NotBefore = now
	}
	g := postern.Generation{OwnerID: set.OwnerID, CredentialSetID: set.ID, ID: e.newID(postern.PrefixGeneration), Keys: map[string][]byte{}, NotBefore: in.NotBefore, NotAfter: in.NotAfter, CreatedAt: now}
	if !in.NotAfter.IsZero() && !in.NotBefore.Before(in.NotAfter) {
		return g, postern.Invalid("not_after", postern.CodeInvalid, "not_after must come after not_before", "leave it out for an open end")
	}
	if err := checkKeys(d, in.Keys); err != nil {
		return g, err
	}
	if err := endWithCertificate(&g, d, in.Keys); err != nil {
		return g, err
	}
	for name, plain := range in.Keys {
		var err error
		if g.Keys[name], err = e.Vault.Seal(keyRef(set.OwnerID, set.ID, g.ID, name), plain); err != nil {
			return g, postern.Wrap(postern.CodeInternal, "engine.AddGeneration", err)
		}
	}
	return g, nil
}

// endWithCertificate takes the end of an own certificate for the generation's: what is signed after it is refused by the provider.
func endWithCertificate(g *postern.Generation, d provider.Description, keys map[string][]byte) error {
	for _, field := range d.Keys {
		plain, given := keys[field.Name]
		if !field.Own || !given {
			continue
		}
		end, err := vault.CertificateEnd(plain)
		if err != nil {
			return &postern.Error{Code: postern.CodeInvalid, Op: "engine.AddGeneration", Field: "keys." + field.Name, Message: err.Error(), Fix: "paste " + field.LabelEN}
		}
		switch {
		case !end.After(g.NotBefore):
			return postern.Invalid("keys."+field.Name, postern.CodeInvalid, "the certificate has ended, or ends before the generation begins", "send a certificate that is still valid")
		case g.NotAfter.IsZero():
			g.NotAfter = end
		case g.NotAfter.After(end):
			return postern.Invalid("not_after", postern.CodeInvalid, "the generation would outlive its certificate", "leave it out: the certificate's end is taken")
		}
	}
	return nil
}

// RetireGeneration says when a generation stops signing (zero: now) and when its messages are no longer believed (zero: never). The only generation that signs
// cannot be retired: CodeConflict.
func (e *Engine) RetireGeneration(ctx context.Context, ownerID, setID, id string, notAfter, retiredAt time.Time) (postern.Generation, error) {
	generations, err := e.Store.Generations(ctx, ownerID, setID)
	if err != nil {
		return postern.Generation{}, err
	}
	now := e.now()
	if notAfter.IsZero() {
		notAfter = now
	}
	if !retiredAt.IsZero() && retiredAt.Before(notAfter) {
		return postern.Generation{}, postern.Invalid("retired_at", postern.CodeInvalid, "retired_at must not come before not_after", "leave it out to go on believing its messages")
	}
	i := slices.IndexFunc(generations, func(g postern.Generation) bool { return g.ID == id })
	if i < 0 {
		return postern.Generation{}, postern.E(postern.CodeNotFound, "engine.RetireGeneration", "there is no such generation")
	}
	g := generations[i]
	if !slices.ContainsFunc(generations, func(other postern.Generation) bool { return other.ID != id && other.Usable(notAfter) }) {
		return g, &postern.Error{Code: postern.CodeConflict, Op: "engine.RetireGeneration", Message: "no other generation would sign at that time", Fix: "add another generation first", ID: id}
	}
	g.NotAfter, g.RetiredAt = notAfter.Truncate(time.Microsecond), retiredAt.Truncate(time.Microsecond)
	return g, e.Store.RetireGeneration(ctx, ownerID, setID, id, g.NotAfter, g.RetiredAt)
}

// checkKeys says which key field is missing, unreadable or unknown, before anything is written. The error never carries key bytes.
func checkKeys(d provider.Description, keys map[string][]byte) error {
	known := map[string]bool{}
	for _, field := range d.Keys {
		known[field.Name] = true
		plain, given := keys[field.Name]
		switch {
		case given && field.PerChannel:
			return postern.Invalid("keys."+field.Name, postern.CodeInvalid, "this key is a channel's own", "give it to the channel")
		case !given && field.Required && !field.PerChannel && !field.Replaced(keys):
			return postern.Invalid("keys."+field.Name, postern.CodeInvalid, "this key is required", "add "+field.LabelEN)
		case !given:
			continue
		}
		if err := parseKey(field, plain); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		if !known[name] {
			return unknownKey(d, name)
		}
	}
	return nil
}

// RefreshTrust fetches the provider's current certificates over a channel and keeps them as trust of its credential set.
func (e *Engine) RefreshTrust(ctx context.Context, c postern.Channel) (int, error) {
	refresher, ok := e.Registry[c.Provider].(provider.TrustRefresher)
	if !ok {
		return 0, nil
	}
	call, err := e.callFor(ctx, c)
	if err != nil {
		return 0, err
	}
	bounded, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	fetched, err := refresher.RefreshTrust(bounded, call)
	if err != nil {
		return 0, postern.Wrap(postern.CodeProviderRefused, "engine.RefreshTrust", err)
	}
	for _, t := range fetched {
		row := postern.TrustKey{OwnerID: c.CredentialOwnerID, CredentialSetID: c.CredentialSetID, KeyID: t.KeyID, PEM: t.PEM, NotBefore: t.NotBefore, NotAfter: t.NotAfter, CreatedAt: e.now()}
		if err := e.Store.SaveTrust(ctx, row); err != nil {
			return 0, err
		}
	}
	return len(fetched), nil
}

// callTimeout is the channel's own deadline, if the operator gave it one, else the common one.
func (e *Engine) callTimeout(channelID string) time.Duration {
	if own := e.Deadlines[channelID]; own > 0 {
		return own
	}
	if e.CallTimeout > 0 {
		return e.CallTimeout
	}
	return defaultCallTimeout
}

// exchange makes the row of one raw call.
func (e *Engine) exchange(merchantID, attemptID, refundID string, x provider.Exchange) store.Exchange {
	return store.Exchange{
		MerchantID: merchantID, ID: postern.NewID("exc_", e.now(), e.Env.Rand), AttemptID: attemptID, RefundID: refundID, Op: x.Op, Status: x.Status, Request: x.Request,
		Response: x.Response, Error: x.Error, CreatedAt: e.now(),
	}
}
