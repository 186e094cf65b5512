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

// AccountBody is the body of POST /v1/credential_sets.
type AccountBody struct {
	Provider string            `json:"provider" minLength:"1" maxLength:"32"`
	Settings map[string]string `json:"settings,omitempty" doc:"The account's public facts, as docs name them per provider."`
	Keys     map[string]string `json:"keys" doc:"The first generation of keys. They are encrypted and never shown again."`
}

// AccountView is an account at a provider, without its keys.
type AccountView struct {
	ID        string            `json:"id"`
	Object    string            `json:"object" enum:"credential_set"`
	OwnerID   string            `json:"owner_id"`
	Provider  string            `json:"provider"`
	Settings  map[string]string `json:"settings"`
	Sandbox   bool              `json:"sandbox"`
	CreatedAt time.Time         `json:"created_at"`
}

// RevokeBody is the body of POST /v1/credential_sets/{id}/revoke.
type RevokeBody struct {
	Acts    []string   `json:"acts,omitempty" maxItems:"6" enum:"sign,renew,pay,refund,settle,dispute" doc:"What ends; new payments, if left out."`
	By      string     `json:"by,omitempty" enum:"provider,host,regulator" default:"provider"`
	Who     string     `json:"who,omitempty" maxLength:"500"`
	Source  string     `json:"source,omitempty" maxLength:"500"`
	Note    string     `json:"note,omitempty" maxLength:"500"`
	From    *time.Time `json:"from,omitempty" doc:"When it begins; at once, if left out."`
	Preview bool       `json:"preview,omitempty" doc:"Only say what it would do; nothing is stored."`
}

// RevokedView is what a revocation did, or would do.
type RevokedView struct {
	Object  string       `json:"object" enum:"revocation"`
	Closure *ClosureView `json:"closure,omitempty" doc:"The one closure that it is; withdraw it to undo it."`
	Risk    engine.Risk  `json:"risk"`
}

// NoticeView is a message of a provider's about an account.
type NoticeView struct {
	ID              string    `json:"id"`
	Object          string    `json:"object" enum:"account_notice"`
	CredentialSetID string    `json:"credential_set_id"`
	SubMerchant     string    `json:"sub_merchant,omitempty"`
	Kind            string    `json:"kind"`
	Message         string    `json:"message"`
	Outcome         string    `json:"outcome" enum:"applied,rejected,foreign"`
	Seen            int64     `json:"seen" doc:"How often it came."`
	CreatedAt       time.Time `json:"created_at"`
}

type createAccountIn struct{ Body AccountBody }

type accountOut struct{ Body AccountView }

type revokeIn struct {
	ID   string `path:"id"`
	Body *RevokeBody
}

type revokedOut struct{ Body RevokedView }

func (a *API) accounts() {
	handle(a, op("create-credential-set", http.MethodPost, "/v1/credential_sets", "Add an account at a provider",
		"With its first keys and without a channel: merchants get channels over it later. A partner's account serves all its merchants.", http.StatusCreated), a.createAccount)
	handle(a, op("list-credential-sets", http.MethodGet, "/v1/credential_sets", "List your accounts at providers",
		"Those of the key's mode, in the order in which they were made.", http.StatusOK), a.listAccounts)
	handle(a, op("get-credential-set", http.MethodGet, "/v1/credential_sets/{id}", "Read an account", "Without its keys.", http.StatusOK), a.getAccount)
	handle(a, op("add-account-generation", http.MethodPost, "/v1/credential_sets/{id}/generations", "Add a generation of keys to an account",
		"The newest usable generation signs; older ones go on verifying. The end of an own certificate is the generation's end.", http.StatusCreated), a.addAccountGeneration)
	handle(a, op("list-account-generations", http.MethodGet, "/v1/credential_sets/{id}/generations", "List an account's generations of keys, newest first",
		"Names and dates, never keys.", http.StatusOK), a.listAccountGenerations)
	handle(a, op("list-account-notices", http.MethodGet, "/v1/account_notices", "List what providers said of your accounts, newest first",
		"Violations, limits and papers, with what became of each message; of a partner's merchants each has its own.", http.StatusOK), a.listNotices)
	handle(a, op("revoke-credential-set", http.MethodPost, "/v1/credential_sets/{id}/revoke", "Give an account up, with all of its channels, in one act",
		"One closure, obeyed by the next plan of every merchant over the account. What is under way is still asked after, closed and refunded. The answer says who sells over it and what is at risk.", http.StatusCreated, http.StatusConflict), a.revokeAccount)
}

func viewAccount(c postern.CredentialSet) AccountView {
	return AccountView{ID: c.ID, Object: "credential_set", OwnerID: c.OwnerID, Provider: c.Provider, Settings: c.Settings, Sandbox: c.Sandbox, CreatedAt: c.CreatedAt}
}

func (a *API) createAccount(ctx context.Context, in *createAccountIn) (*accountOut, error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	set, err := a.Engine.AddCredentialSet(ctx, engine.NewAccount{OwnerID: m.ID, Provider: in.Body.Provider, Settings: in.Body.Settings, Keys: bytesOf(in.Body.Keys), Sandbox: !m.Live})
	if err != nil {
		return nil, err
	}
	return &accountOut{Body: viewAccount(set)}, nil
}

func (a *API) listAccounts(ctx context.Context, in *PageQuery) (*listOut[AccountView], error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.CredentialSets(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(c postern.CredentialSet) bool { return c.Sandbox == m.Live })
	return window(rows, *in, func(c postern.CredentialSet) string { return c.ID }, viewAccount), nil
}

// account loads an account of the caller's own and of its mode; any other is not there.
func (a *API) account(ctx context.Context, id string) (postern.CredentialSet, error) {
	m, err := teller(ctx)
	if err != nil {
		return postern.CredentialSet{}, err
	}
	set, err := a.Store.CredentialSet(ctx, m.ID, id)
	if err == nil && set.Sandbox == m.Live {
		err = postern.E(postern.CodeNotFound, "api.account", "there is no such account")
	}
	return set, err
}

func (a *API) getAccount(ctx context.Context, in *idIn) (*accountOut, error) {
	set, err := a.account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &accountOut{Body: viewAccount(set)}, nil
}

func (a *API) addAccountGeneration(ctx context.Context, in *generationIn) (*generationOut, error) {
	set, err := a.account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	g, err := a.Engine.AddGeneration(ctx, engine.NewCredentials{
		OwnerID: set.OwnerID, CredentialSetID: set.ID, Keys: bytesOf(in.Body.Keys), NotBefore: orZero(in.Body.NotBefore), NotAfter: orZero(in.Body.NotAfter),
	})
	if err != nil {
		return nil, err
	}
	return &generationOut{Body: viewGeneration(g)}, nil
}

func (a *API) listAccountGenerations(ctx context.Context, in *listGenerationsIn) (*listOut[GenerationView], error) {
	set, err := a.account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	rows, err := a.Store.Generations(ctx, set.OwnerID, set.ID)
	if err != nil {
		return nil, err
	}
	return window(rows, in.PageQuery, func(g postern.Generation) string { return g.ID }, viewGeneration), nil
}

func (a *API) listNotices(ctx context.Context, in *PageQuery) (*listOut[NoticeView], error) {
	m, err := teller(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.Notices(ctx, m.ID, in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, func(n store.AccountNotice) NoticeView {
		return NoticeView{
			ID: n.ID, Object: "account_notice", CredentialSetID: n.CredentialSetID, SubMerchant: n.SubMerchant, Kind: n.Kind, Message: n.Message, Outcome: n.Outcome, Seen: n.Seen, CreatedAt: n.CreatedAt,
		}
	}), nil
}

func (a *API) revokeAccount(ctx context.Context, in *revokeIn) (*revokedOut, error) {
	set, err := a.account(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var b RevokeBody
	if in.Body != nil {
		b = *in.Body
	}
	r := engine.Revocation{OwnerID: set.OwnerID, CredentialSetID: set.ID, By: postern.ClosedBy(b.By), Who: b.Who, Source: b.Source, Note: b.Note, From: orZero(b.From)}
	for _, act := range b.Acts {
		r.Acts = append(r.Acts, postern.Act(act))
	}
	out := &revokedOut{Body: RevokedView{Object: "revocation"}}
	if b.Preview {
		out.Body.Risk, err = a.Engine.PreviewRevocation(ctx, r)
		return out, err
	}
	c, risk, err := a.Engine.RevokeCredentialSet(ctx, r)
	if err != nil {
		return nil, err
	}
	v := viewClosure(c)
	out.Body.Closure, out.Body.Risk = &v, risk
	return out, nil
}
