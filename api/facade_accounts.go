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

// FacadeAccountBody is the body of POST /v1/facade_accounts: an account in a provider's format for code that speaks that provider's protocol.
type FacadeAccountBody struct {
	Provider        string            `json:"provider" minLength:"1" maxLength:"32" doc:"Whose protocol the code speaks."`
	Number          string            `json:"number,omitempty" maxLength:"32" doc:"The number that the code has already (its app_id or mchid); a new one is made if left out."`
	Settings        map[string]string `json:"settings,omitempty" doc:"The account's public facts, as docs name them per provider."`
	Keys            map[string]string `json:"keys" doc:"What you give, as PEM: the public half of what the code signs with. What is the switch's own it makes."`
	FormerChannelID string            `json:"former_channel_id,omitempty" maxLength:"64" doc:"The channel over your own account at the provider: orders of before the switch-over are asked for there."`
}

// FacadeAccountView is an account at a facade. Secrets are shown once, where the account or its new keys are made.
type FacadeAccountView struct {
	ID              string            `json:"id"`
	Object          string            `json:"object" enum:"facade_account"`
	Provider        string            `json:"provider"`
	Number          string            `json:"number"`
	BaseURL         string            `json:"base_url" doc:"The address that the code has to call instead of the provider's; empty while the switch does not serve this facade."`
	Settings        map[string]string `json:"settings"`
	FormerChannelID string            `json:"former_channel_id,omitempty"`
	DisabledAt      *time.Time        `json:"disabled_at"`
	CreatedAt       time.Time         `json:"created_at"`
	// Where one account is asked for.
	Keys    []FacadeKeyView   `json:"keys,omitempty" doc:"Its sets of keys, the newest first: names, dates and public facts."`
	Secrets map[string]string `json:"secrets,omitempty" doc:"What the code must be given beside the public facts of its newest keys. Shown this once: a repetition of the request does not show it."`
}

// FacadeKeyView is one dated set of an account's keys, without what is secret.
type FacadeKeyView struct {
	ID        string            `json:"id"`
	Public    map[string]string `json:"public" doc:"What anybody may see: the switch's public key, certificates and serial numbers, and the keys that you gave."`
	NotBefore time.Time         `json:"not_before"`
	NotAfter  *time.Time        `json:"not_after" doc:"It signs no more from then on."`
	RetiredAt *time.Time        `json:"retired_at" doc:"It is no longer believed from then on."`
}

// RotateFacadeBody says which keys are new, and when.
type RotateFacadeBody struct {
	Keys           map[string]string `json:"keys,omitempty" doc:"New keys of yours, as at the making; if left out, yours stay and only the switch's own are new."`
	NotBefore      *time.Time        `json:"not_before,omitempty" doc:"When the new keys begin to sign; now, if left out."`
	OverlapSeconds *int64            `json:"overlap_seconds,omitempty" minimum:"0" maximum:"31622400" doc:"How long the keys before are still believed after that; 604800 if left out."`
}

// MissedCallView is a call that the code made and the facade does not have.
type MissedCallView struct {
	Object  string `json:"object" enum:"missed_call"`
	What    string `json:"what"`
	Times   int64  `json:"times"`
	LastDay string `json:"last_day" doc:"The latest day of Beijing, yyyy-mm-dd."`
}

type createFacadeIn struct {
	IdempotencyHeader
	Body FacadeAccountBody
}

type facadeOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     FacadeAccountView
}

type rotateFacadeIn struct {
	IdempotencyHeader
	ID   string `path:"id"`
	Body *RotateFacadeBody
}

type missedIn struct {
	PageQuery
	ID   string `path:"id"`
	Days int    `query:"days" minimum:"1" maximum:"366" default:"30" doc:"Of so many days."`
}

// facadeOverlap is how long the keys before a rotation are believed when nothing is said.
const facadeOverlap = 7 * 24 * time.Hour

func (a *API) facadeAccounts() {
	handle(a, op("create-facade-account", http.MethodPost, "/v1/facade_accounts", "Issue an account to code that speaks a provider's protocol",
		"The code keeps what it is, calls base_url, and believes the switch's public key. Secrets are shown this once. A number that somebody has is refused.", http.StatusCreated, http.StatusConflict), a.createFacade)
	handle(a, op("list-facade-accounts", http.MethodGet, "/v1/facade_accounts", "List facade accounts, newest first",
		"Disabled ones too.", http.StatusOK), a.listFacades)
	handle(a, op("get-facade-account", http.MethodGet, "/v1/facade_accounts/{id}", "Read a facade account",
		"With its sets of keys and what anybody may see of them.", http.StatusOK), a.getFacade)
	handle(a, op("rotate-facade-account", http.MethodPost, "/v1/facade_accounts/{id}/rotate", "Give a facade account new keys",
		"The keys before go on signing until not_before and are believed for overlap_seconds after it. Secrets are shown this once.", http.StatusOK, http.StatusConflict), a.rotateFacade)
	handle(a, op("disable-facade-account", http.MethodPost, "/v1/facade_accounts/{id}/disable", "End a facade account",
		"Within seconds its requests are answered as an unknown account's. Orders that were made go on, and the code is told of them.", http.StatusOK, http.StatusConflict), a.disableFacade)
	handle(a, op("list-missed-calls", http.MethodGet, "/v1/facade_accounts/{id}/missed", "List the calls that the facade does not have",
		"What the code asked for and was refused as a call without permission, the most frequent first.", http.StatusOK), a.listMissed)
}

func (a *API) viewFacade(f postern.FacadeAccount) FacadeAccountView {
	v := FacadeAccountView{
		ID: f.ID, Object: "facade_account", Provider: f.Provider, Number: f.Number, BaseURL: a.Engine.FacadeURLs[f.Provider], Settings: f.Settings, FormerChannelID: f.FormerChannelID,
		DisabledAt: orNil(f.DisabledAt), CreatedAt: f.CreatedAt,
	}
	if v.Settings == nil {
		v.Settings = map[string]string{}
	}
	return v
}

// showFacade is one account with its keys.
func (a *API) showFacade(ctx context.Context, f postern.FacadeAccount, secrets map[string]string) (*facadeOut, error) {
	keys, err := a.Store.FacadeKeys(ctx, f.MerchantID, f.ID)
	if err != nil {
		return nil, err
	}
	out := &facadeOut{Body: a.viewFacade(f)}
	out.Body.Secrets = secrets
	for _, k := range keys {
		out.Body.Keys = append(out.Body.Keys, FacadeKeyView{ID: k.ID, Public: k.Public, NotBefore: k.NotBefore, NotAfter: orNil(k.NotAfter), RetiredAt: orNil(k.RetiredAt)})
	}
	return out, nil
}

// actor is who acts through a key, for the audit.
func actor(ctx context.Context) engine.Actor {
	c := callerOf(ctx)
	return engine.Actor{StaffOwnerID: c.Key.OwnerID, StaffID: c.Key.ID, Who: "API " + c.Key.Prefix}
}

func (a *API) createFacade(ctx context.Context, in *createFacadeIn) (*facadeOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/facade_accounts", in.Body)
	if err != nil {
		return nil, err
	}
	var secrets map[string]string
	w := work[postern.FacadeAccount]{load: func(id string) (postern.FacadeAccount, error) { return a.Store.Facade(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.FacadeAccount, string, error) {
		b := in.Body
		issued, err := a.Engine.IssueFacade(ctx, actor(ctx), m.ID, engine.FacadeInput{
			Provider: b.Provider, Number: b.Number, Settings: b.Settings, Keys: bytesOf(b.Keys), FormerChannelID: b.FormerChannelID, Request: request,
		})
		secrets = issued.Secrets
		return issued.Account, issued.Account.ID, err
	}
	account, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	out, err := a.showFacade(ctx, account, secrets)
	if err != nil {
		return nil, err
	}
	out.Replayed = replayedHeader(replayed)
	return out, nil
}

func (a *API) listFacades(ctx context.Context, in *PageQuery) (*listOut[FacadeAccountView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Facades(ctx, m.ID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, a.viewFacade), nil
}

func (a *API) getFacade(ctx context.Context, in *idIn) (*facadeOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	f, err := a.Store.Facade(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return a.showFacade(ctx, f, nil)
}

func (a *API) rotateFacade(ctx context.Context, in *rotateFacadeIn) (*facadeOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	body := RotateFacadeBody{}
	if in.Body != nil {
		body = *in.Body
	}
	from, overlap := a.Now(), facadeOverlap
	if body.NotBefore != nil {
		from = *body.NotBefore
	}
	if body.OverlapSeconds != nil {
		overlap = time.Duration(*body.OverlapSeconds) * time.Second
	}
	print, err := fingerprint(http.MethodPost, "/v1/facade_accounts/"+in.ID+"/rotate", body)
	if err != nil {
		return nil, err
	}
	var secrets map[string]string
	w := work[postern.FacadeAccount]{load: func(id string) (postern.FacadeAccount, error) { return a.Store.Facade(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.FacadeAccount, string, error) {
		issued, err := a.Engine.RotateFacade(ctx, actor(ctx), m.ID, in.ID, engine.FacadeRotation{Keys: bytesOf(body.Keys), From: from, Overlap: overlap, Request: request})
		secrets = issued.Secrets
		return issued.Account, issued.Account.ID, err
	}
	account, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	out, err := a.showFacade(ctx, account, secrets)
	if err == nil {
		out.Replayed = replayedHeader(replayed)
	}
	return out, err
}

func (a *API) disableFacade(ctx context.Context, in *idIn) (*facadeOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	f, err := a.Engine.DisableFacade(ctx, actor(ctx), m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	return a.showFacade(ctx, f, nil)
}

func (a *API) listMissed(ctx context.Context, in *missedIn) (*listOut[MissedCallView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := a.Store.Facade(ctx, m.ID, in.ID); err != nil {
		return nil, err
	}
	since := a.Now().In(postern.Beijing).AddDate(0, 0, -in.Days)
	rows, err := a.Store.MissedCalls(ctx, m.ID, int64(since.Year()*10000+int(since.Month())*100+since.Day()))
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Missed) bool { return r.AccountID != in.ID })
	return window(rows, in.PageQuery, func(r store.Missed) string { return r.What }, viewMissed), nil
}

func viewMissed(r store.Missed) MissedCallView {
	day := time.Date(int(r.LastDay/10000), time.Month(r.LastDay/100%100), int(r.LastDay%100), 0, 0, 0, 0, time.UTC)
	return MissedCallView{Object: "missed_call", What: r.What, Times: r.Times, LastDay: day.Format(time.DateOnly)}
}
