package provider

import (
	"fmt"
	"strings"
)

// Generation is one key set of a credential set, as handles. Field names are those of Description.Keys.
type Generation struct {
	ID      string
	Handles map[string]any
}

// Signer returns the private key of a field, or an error that names the missing field.
func (g Generation) Signer(field string) (Signer, error) { return handle[Signer](g, field) }

// Verifier returns the public key of a field.
func (g Generation) Verifier(field string) (Verifier, error) { return handle[Verifier](g, field) }

// AEAD returns the symmetric key of a field.
func (g Generation) AEAD(field string) (AEAD, error) { return handle[AEAD](g, field) }

// MAC returns the MAC key of a field.
func (g Generation) MAC(field string) (MAC, error) { return handle[MAC](g, field) }

// Secret returns the secret of a field.
func (g Generation) Secret(field string) (Secret, error) { return handle[Secret](g, field) }

func handle[T any](g Generation, field string) (T, error) {
	h, ok := g.Handles[field].(T)
	if !ok {
		var zero T
		return zero, fmt.Errorf("provider: the key field %q is missing from generation %q; add it with `postern key add`", field, g.ID)
	}
	return h, nil
}

// Newest returns the generation that signs.
func (c Call) Newest() (Generation, error) {
	if len(c.Keys) == 0 {
		return Generation{}, fmt.Errorf("provider: the credential set has no usable generation; add one with `postern key add`")
	}
	return c.Keys[0], nil
}

// Verifiers lists the keys that may have signed a message, in the order in which to try them: those whose id the message names, else the attempt's
// generation, else each other live generation of the same set, else fetched trust. When keyID is given and known, nothing else is tried.
func (c Call) Verifiers(field, keyID, generationID string) []Verifier {
	var named, own, others []Verifier
	add := func(v Verifier, mine bool) {
		switch {
		case keyID != "" && strings.EqualFold(v.KeyID(), keyID):
			named = append(named, v)
		case mine:
			own = append(own, v)
		default:
			others = append(others, v)
		}
	}
	for _, g := range c.Keys {
		if v, err := g.Verifier(field); err == nil {
			add(v, g.ID == generationID)
		}
	}
	for _, v := range c.Trust {
		add(v, false)
	}
	if len(named) > 0 {
		return named
	}
	return append(own, others...)
}
