package api

import (
	"context"
	"net/http"
	"strings"

	"postern"
	"postern/engine"
)

// OwnBody is the body of POST /v1/channels/{id}/settings.
type OwnBody struct {
	Version  int64             `json:"version" minimum:"1" doc:"The version of the channel that you read."`
	Settings map[string]string `json:"settings,omitempty" doc:"Settings that the provider has per channel; an empty value takes the channel's own back, so that the account's holds."`
	Keys     map[string]string `json:"keys,omitempty" doc:"Keys that the provider has per channel. They are encrypted and never shown again; an empty one is taken back."`
	Products []string          `json:"products,omitempty" maxItems:"16" doc:"Left as they are, if left out."`
	Rank     *int64            `json:"rank,omitempty"`
}

// ReplaceBody is the body of POST /v1/channels/{id}/replace.
type ReplaceBody struct {
	Provider        string            `json:"provider,omitempty" maxLength:"32" doc:"The old channel's, if left out."`
	CredentialSetID string            `json:"credential_set_id,omitempty" maxLength:"64" doc:"An account that is already known; leave it out to add one."`
	Settings        map[string]string `json:"settings,omitempty"`
	Keys            map[string]string `json:"keys,omitempty"`
	SubMerchant     string            `json:"sub_merchant,omitempty" maxLength:"64"`
	Products        []string          `json:"products,omitempty" maxItems:"16" doc:"The old channel's, if left out."`
}

type ownIn struct {
	ID   string `path:"id"`
	Body OwnBody
}

type replaceIn struct {
	ID   string `path:"id"`
	Body ReplaceBody
}

func (a *API) ownValues() {
	handle(a, op("set-channel", http.MethodPost, "/v1/channels/{id}/settings", "Give a channel values of its own",
		"Settings and keys that the provider has per channel stand in the place of the account's, or beside them. What an account has for all of its channels is refused here.", http.StatusOK, http.StatusConflict), a.setChannel)
	handle(a, op("replace-channel", http.MethodPost, "/v1/channels/{id}/replace", "Put another channel in the place of one",
		"For an account that was banned or left: the new channel takes new payments at once, and the old one takes none. What was begun over the old one goes on being asked after, notified, closed and refunded there.", http.StatusCreated, http.StatusConflict), a.replaceChannel)
	handle(a, op("retire-channel", http.MethodPost, "/v1/channels/{id}/retire", "End a channel for good",
		"For one over which nothing is under way any more. What still arrives for it is verified and kept.", http.StatusOK, http.StatusConflict), a.retireChannel)
}

// accountOwner is who owns the account of a new channel. A partner's key brings the partner's accounts, a merchant's its own; the operator's finds the account that
// it names with either.
func (a *API) accountOwner(ctx context.Context, m postern.Merchant, setID string) (string, error) {
	owner := callerOf(ctx).Key.OwnerID
	if owner != postern.Platform && !strings.HasPrefix(owner, postern.PrefixPartner) {
		return m.ID, nil
	}
	if owner == postern.Platform && setID == "" {
		return m.ID, nil
	}
	if setID == "" {
		return owner, nil
	}
	for _, candidate := range []string{m.PartnerID, m.ID} {
		_, err := a.Store.CredentialSet(ctx, candidate, setID)
		if err == nil {
			return candidate, nil
		}
		if postern.CodeOf(err) != postern.CodeNotFound {
			return "", err
		}
	}
	return m.ID, nil // It is not found there, which is the answer.
}

// showChannel answers with a channel and whose its settings are.
func (a *API) showChannel(ctx context.Context, c postern.Channel, replayed string) (*channelOut, error) {
	v := viewChannel(c)
	var err error
	if v.Settings, v.OwnKeys, err = a.Engine.Settings(ctx, c); err != nil {
		return nil, err
	}
	return &channelOut{Replayed: replayed, Body: v}, nil
}

func (a *API) setChannel(ctx context.Context, in *ownIn) (*channelOut, error) {
	c, err := a.ownSet(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	c, err = a.Engine.SetChannel(ctx, c.MerchantID, c.ID, b.Version, engine.ChannelEdit{Settings: b.Settings, Keys: bytesOf(b.Keys), Products: b.Products, Rank: b.Rank})
	if err != nil {
		return nil, err
	}
	return a.showChannel(ctx, c, "")
}

func (a *API) replaceChannel(ctx context.Context, in *replaceIn) (*channelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	b := in.Body
	owner, err := a.accountOwner(ctx, m, b.CredentialSetID)
	if err != nil {
		return nil, err
	}
	c, err := a.Engine.ReplaceChannel(ctx, m.ID, in.ID, engine.NewChannel{
		Merchant: m, OwnerID: owner, Provider: b.Provider, CredentialSetID: b.CredentialSetID, Settings: b.Settings, Keys: bytesOf(b.Keys), SubMerchant: b.SubMerchant, Products: b.Products,
	})
	if err != nil {
		return nil, err
	}
	return a.showChannel(ctx, c, "")
}

func (a *API) retireChannel(ctx context.Context, in *idIn) (*channelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	c, err := a.Engine.RetireChannel(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return a.showChannel(ctx, c, "")
}
