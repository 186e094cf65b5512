package api

import (
	"context"
	"net/http"
	"time"

	"postern"
	"postern/store"
)

// KeyBody is the body of POST /v1/api_keys.
type KeyBody struct {
	Name   string   `json:"name" minLength:"1" maxLength:"64" doc:"What the key is for."`
	Scopes []string `json:"scopes,omitempty" maxItems:"4" enum:"read,pay,refund,manage" doc:"What the key may do; everything, if left out. A key with scopes makes keys with its own scopes only."`
}

// KeyView is an API key. Secret is shown once, when the key is made.
type KeyView struct {
	ID        string     `json:"id"`
	Object    string     `json:"object" enum:"api_key"`
	Name      string     `json:"name"`
	Prefix    string     `json:"prefix"`
	Scopes    []string   `json:"scopes" doc:"Empty: everything that its owner may."`
	Secret    string     `json:"secret,omitempty"`
	Livemode  bool       `json:"livemode"`
	RevokedAt *time.Time `json:"revoked_at"`
	CreatedAt time.Time  `json:"created_at"`
}

type createKeyIn struct{ Body KeyBody }

type keyOut struct{ Body KeyView }

func (a *API) keys() {
	handle(a, op("create-key", http.MethodPost, "/v1/api_keys", "Make an API key",
		"Of the same owner and mode as the key that asks. The secret is shown this once; only its hash is kept.", http.StatusCreated), a.createKey)
	handle(a, op("list-keys", http.MethodGet, "/v1/api_keys", "List API keys",
		"By prefix and name; revoked ones too.", http.StatusOK), a.listKeys)
	handle(a, op("revoke-key", http.MethodPost, "/v1/api_keys/{id}/revoke", "Revoke an API key",
		"For ever, from the next request on. A key may revoke itself.", http.StatusOK), a.revokeKey)
}

func viewKey(k store.APIKey) KeyView {
	v := KeyView{ID: k.ID, Object: "api_key", Name: k.Name, Prefix: k.Prefix, Scopes: append([]string{}, k.Scopes...), Livemode: k.Live, CreatedAt: k.CreatedAt}
	if !k.RevokedAt.IsZero() {
		v.RevokedAt = &k.RevokedAt
	}
	return v
}

// owner is whose keys a request manages: the merchant that a partner's key names, else the key's own owner.
func owner(ctx context.Context) string {
	c := callerOf(ctx)
	if c.Merchant.ID != "" {
		return c.Merchant.ID
	}
	return c.Key.OwnerID
}

// MakeKey stores a new key of an owner and returns it in the clear, once. Without scopes it may do everything that its owner may.
func (a *API) MakeKey(ctx context.Context, ownerID, name string, live bool, scopes ...string) (string, store.APIKey, error) {
	if err := checkScopes(scopes); err != nil {
		return "", store.APIKey{}, err
	}
	key, row := NewKey(live, a.Rand)
	row.Scopes = scopes
	now := a.Now().UTC().Truncate(time.Microsecond)
	row.OwnerID, row.ID, row.Name, row.CreatedAt = ownerID, postern.NewID(postern.PrefixKey, now, a.Rand), name, now
	return key, row, a.Store.SaveKey(ctx, row)
}

func (a *API) createKey(ctx context.Context, in *createKeyIn) (*keyOut, error) {
	mine := callerOf(ctx).Key
	if err := within(in.Body.Scopes, mine.Scopes); err != nil {
		return nil, err
	}
	key, row, err := a.MakeKey(ctx, owner(ctx), in.Body.Name, mine.Live, in.Body.Scopes...)
	if err != nil {
		return nil, err
	}
	v := viewKey(row)
	v.Secret = key
	return &keyOut{Body: v}, nil
}

func (a *API) listKeys(ctx context.Context, in *PageQuery) (*listOut[KeyView], error) {
	rows, err := a.Store.Keys(ctx, owner(ctx))
	if err != nil {
		return nil, err
	}
	return window(rows, *in, func(k store.APIKey) string { return k.ID }, viewKey), nil
}

func (a *API) revokeKey(ctx context.Context, in *idIn) (*keyOut, error) {
	if err := a.Store.RevokeKey(ctx, owner(ctx), in.ID, a.Now().UTC().Truncate(time.Microsecond)); err != nil {
		return nil, err
	}
	rows, err := a.Store.Keys(ctx, owner(ctx))
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if row.ID == in.ID {
			return &keyOut{Body: viewKey(row)}, nil
		}
	}
	return nil, postern.E(postern.CodeNotFound, "api.revokeKey", "no such key")
}
