package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
)

// ChannelBody is the body of POST /v1/channels: a credential set, its first keys, and what the merchant may do through it.
type ChannelBody struct {
	Provider        string            `json:"provider" minLength:"1" maxLength:"32"`
	CredentialSetID string            `json:"credential_set_id,omitempty" maxLength:"64" doc:"An account that is already known; leave it out to add one."`
	Settings        map[string]string `json:"settings,omitempty" doc:"The account's public facts, as docs name them per provider; with credential_set_id the channel's own."`
	Keys            map[string]string `json:"keys,omitempty" doc:"The first generation of keys, and what the provider has per channel. They are encrypted and never shown again."`
	SubMerchant     string            `json:"sub_merchant,omitempty" maxLength:"64"`
	Products        []string          `json:"products" minItems:"1" maxItems:"16"`
	Rank            int64             `json:"rank,omitempty"`
	ForceHistoric   bool              `json:"force_historic,omitempty" doc:"Add a live channel over a provider whose service is of the past."`
}

// ChannelView is a channel as merchants see it.
type ChannelView struct {
	ID              string               `json:"id"`
	Object          string               `json:"object" enum:"channel"`
	Provider        string               `json:"provider"`
	CredentialSetID string               `json:"credential_set_id"`
	SubMerchant     string               `json:"sub_merchant,omitempty"`
	Products        []string             `json:"products"`
	Permissions     []postern.Permission `json:"permissions"`
	Sandbox         bool                 `json:"sandbox"`
	Rank            int64                `json:"rank"`
	Version         int64                `json:"version" doc:"Counts the channel's changes; an edit of its agreement names the one that it saw."`
	Agreement       AgreementBody        `json:"agreement"`
	RetiredAt       *time.Time           `json:"retired_at"`
	CreatedAt       time.Time            `json:"created_at"`
	// Where one channel is asked for.
	Settings []engine.Setting `json:"settings,omitempty" doc:"What its calls use, each with whose it is: the account's or the channel's own."`
	OwnKeys  []string         `json:"own_keys,omitempty" doc:"The key fields that it has of its own; never the keys."`
}

// PermissionBody allows or withdraws one act.
type PermissionBody struct {
	Act     string     `json:"act" enum:"sign,renew,pay,refund,settle,dispute"`
	Allowed bool       `json:"allowed"`
	From    *time.Time `json:"from,omitempty" doc:"When it begins; at once if left out."`
	Until   *time.Time `json:"until,omitempty" doc:"When the entry ends; open if left out."`
	Product string     `json:"product,omitempty" maxLength:"32"`
	Note    string     `json:"note,omitempty" maxLength:"500"`
}

// GenerationBody is a new generation of keys.
type GenerationBody struct {
	Keys      map[string]string `json:"keys"`
	NotBefore *time.Time        `json:"not_before,omitempty"`
	NotAfter  *time.Time        `json:"not_after,omitempty"`
}

// GenerationView is a generation of keys, without the keys.
type GenerationView struct {
	ID        string     `json:"id"`
	Object    string     `json:"object" enum:"generation"`
	Fields    []string   `json:"fields"`
	NotBefore time.Time  `json:"not_before"`
	NotAfter  *time.Time `json:"not_after"`
	RetiredAt *time.Time `json:"retired_at"`
	CreatedAt time.Time  `json:"created_at"`
}

type createChannelIn struct {
	IdempotencyHeader
	Body ChannelBody
}

type channelOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     ChannelView
}

type permissionIn struct {
	ID   string `path:"id"`
	Body PermissionBody
}

type generationIn struct {
	ID   string `path:"id"`
	Body GenerationBody
}

type listGenerationsIn struct {
	PageQuery
	ID string `path:"id"`
}

// RetireBody says when a generation ends.
type RetireBody struct {
	NotAfter  *time.Time `json:"not_after,omitempty" doc:"When it stops signing; now, if left out."`
	RetiredAt *time.Time `json:"retired_at,omitempty" doc:"When messages signed for it are no longer believed; never, if left out."`
}

type retireIn struct {
	ID           string `path:"id"`
	GenerationID string `path:"generation_id"`
	Body         *RetireBody
}

type generationOut struct{ Body GenerationView }

func (a *API) channels() {
	handle(a, op("create-channel", http.MethodPost, "/v1/channels", "Add a channel",
		"What a merchant may do through one account at a provider. Keys are encrypted and never shown again. Test merchants use sandboxes, live ones the providers.", http.StatusCreated, http.StatusConflict), a.createChannel)
	handle(a, op("list-channels", http.MethodGet, "/v1/channels", "List channels",
		"By rank, retired ones too.", http.StatusOK), a.listChannels)
	handle(a, op("get-channel", http.MethodGet, "/v1/channels/{id}", "Read a channel",
		"With its permissions, the latest last, and the settings that it has and inherits.", http.StatusOK), a.getChannel)
	a.ownValues()
	handle(a, op("add-permission", http.MethodPost, "/v1/channels/{id}/permissions", "Allow or withdraw one act, from a time until a time",
		"Later entries win over earlier ones. Permissions decide about new acts: what is in flight goes on being asked after, closed and refunded.", http.StatusOK, http.StatusConflict), a.addPermission)
	handle(a, op("restore-channel", http.MethodPost, "/v1/channels/{id}/restore", "Lift what was observed about a channel",
		"What was observed (get-channel-health) suspends a product until probes find it open; this offers it again at once.", http.StatusOK, http.StatusConflict), a.restoreChannel)
	handle(a, op("add-generation", http.MethodPost, "/v1/channels/{id}/generations", "Add a generation of keys",
		"The newest usable generation signs; older ones go on verifying.", http.StatusCreated), a.addGeneration)
	handle(a, op("list-generations", http.MethodGet, "/v1/channels/{id}/generations", "List generations of keys, newest first",
		"Names and dates, never keys.", http.StatusOK), a.listGenerations)
	handle(a, op("retire-generation", http.MethodPost, "/v1/channels/{id}/generations/{generation_id}/retire", "Retire a generation of keys",
		"It stops signing at not_after (now, if left out) and is believed until retired_at (for ever, if left out). The only generation that signs cannot be retired.", http.StatusOK, http.StatusConflict), a.retireGeneration)
}

func viewChannel(c postern.Channel) ChannelView {
	v := ChannelView{
		ID: c.ID, Object: "channel", Provider: c.Provider, CredentialSetID: c.CredentialSetID, SubMerchant: c.SubMerchant, Products: c.Products,
		Permissions: append([]postern.Permission{}, c.Permissions...), Sandbox: c.Sandbox, Rank: c.Rank, Version: c.Version, Agreement: viewAgreement(c.Agreement), CreatedAt: c.CreatedAt,
	}
	if !c.RetiredAt.IsZero() {
		v.RetiredAt = &c.RetiredAt
	}
	return v
}

func viewGeneration(g postern.Generation) GenerationView {
	v := GenerationView{ID: g.ID, Object: "generation", Fields: []string{}, NotBefore: g.NotBefore, CreatedAt: g.CreatedAt}
	for name := range g.Keys {
		v.Fields = append(v.Fields, name)
	}
	slices.Sort(v.Fields)
	if !g.NotAfter.IsZero() {
		v.NotAfter = &g.NotAfter
	}
	if !g.RetiredAt.IsZero() {
		v.RetiredAt = &g.RetiredAt
	}
	return v
}

func (a *API) createChannel(ctx context.Context, in *createChannelIn) (*channelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	owner, err := a.accountOwner(ctx, m, in.Body.CredentialSetID)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/channels", in.Body)
	if err != nil {
		return nil, err
	}
	w := work[postern.Channel]{load: func(id string) (postern.Channel, error) { return a.Store.Channel(ctx, m.ID, id) }}
	w.run = func(*store.Request) (postern.Channel, string, error) {
		c, err := a.Engine.AddChannel(ctx, engine.NewChannel{
			Merchant: m, OwnerID: owner, Provider: in.Body.Provider, CredentialSetID: in.Body.CredentialSetID, Settings: in.Body.Settings,
			Keys: bytesOf(in.Body.Keys), SubMerchant: in.Body.SubMerchant, Products: in.Body.Products, Rank: in.Body.Rank, ForceHistoric: in.Body.ForceHistoric,
		})
		return c, c.ID, err
	}
	c, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	return a.showChannel(ctx, c, replayedHeader(replayed))
}

func bytesOf(keys map[string]string) map[string][]byte {
	out := make(map[string][]byte, len(keys))
	for name, value := range keys {
		out[name] = []byte(value)
	}
	return out
}

func (a *API) listChannels(ctx context.Context, in *PageQuery) (*listOut[ChannelView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Channels(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	return window(rows, *in, func(c postern.Channel) string { return c.ID }, viewChannel), nil
}

// channel loads a channel of the caller's merchant.
func (a *API) channel(ctx context.Context, id string) (postern.Channel, error) {
	m, err := merchant(ctx)
	if err != nil {
		return postern.Channel{}, err
	}
	return a.Store.Channel(ctx, m.ID, id)
}

func (a *API) getChannel(ctx context.Context, in *idIn) (*channelOut, error) {
	c, err := a.channel(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.showChannel(ctx, c, "")
}

func (a *API) addPermission(ctx context.Context, in *permissionIn) (*channelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	p := postern.Permission{Act: postern.Act(in.Body.Act), Allowed: in.Body.Allowed, Source: "operator", Product: in.Body.Product, Note: in.Body.Note}
	if in.Body.From != nil {
		p.From = in.Body.From.UTC()
	}
	if in.Body.Until != nil {
		p.Until = in.Body.Until.UTC()
	}
	c, err := a.Engine.Permit(ctx, m.ID, in.ID, p)
	if err != nil {
		return nil, err
	}
	return &channelOut{Body: viewChannel(c)}, nil
}

func (a *API) restoreChannel(ctx context.Context, in *idIn) (*channelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	c, err := a.Engine.RestoreChannel(ctx, m.ID, in.ID, "")
	if err != nil {
		return nil, err
	}
	return &channelOut{Body: viewChannel(c)}, nil
}

// ownSet refuses to touch keys of a partner's account with a merchant's key.
func (a *API) ownSet(ctx context.Context, id string) (postern.Channel, error) {
	c, err := a.channel(ctx, id)
	if err != nil {
		return c, err
	}
	if key := callerOf(ctx).Key; key.OwnerID != postern.Platform && key.OwnerID != c.CredentialOwnerID {
		return c, postern.E(postern.CodeForbidden, "api.ownSet", "the account belongs to the partner; its keys are the partner's to change")
	}
	return c, nil
}

func (a *API) addGeneration(ctx context.Context, in *generationIn) (*generationOut, error) {
	c, err := a.ownSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	input := engine.NewCredentials{OwnerID: c.CredentialOwnerID, CredentialSetID: c.CredentialSetID, Keys: bytesOf(in.Body.Keys)}
	if in.Body.NotBefore != nil {
		input.NotBefore = in.Body.NotBefore.UTC()
	}
	if in.Body.NotAfter != nil {
		input.NotAfter = in.Body.NotAfter.UTC()
	}
	g, err := a.Engine.AddGeneration(ctx, input)
	if err != nil {
		return nil, err
	}
	return &generationOut{Body: viewGeneration(g)}, nil
}

func (a *API) listGenerations(ctx context.Context, in *listGenerationsIn) (*listOut[GenerationView], error) {
	c, err := a.ownSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Generations(ctx, c.CredentialOwnerID, c.CredentialSetID)
	if err != nil {
		return nil, err
	}
	return window(rows, in.PageQuery, func(g postern.Generation) string { return g.ID }, viewGeneration), nil
}

func (a *API) retireGeneration(ctx context.Context, in *retireIn) (*generationOut, error) {
	c, err := a.ownSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var notAfter, retiredAt time.Time
	if in.Body != nil && in.Body.NotAfter != nil {
		notAfter = in.Body.NotAfter.UTC()
	}
	if in.Body != nil && in.Body.RetiredAt != nil {
		retiredAt = in.Body.RetiredAt.UTC()
	}
	g, err := a.Engine.RetireGeneration(ctx, c.CredentialOwnerID, c.CredentialSetID, in.GenerationID, notAfter, retiredAt)
	if err != nil {
		return nil, err
	}
	return &generationOut{Body: viewGeneration(g)}, nil
}
