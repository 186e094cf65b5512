package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"postern"
	"postern/engine"
)

// ClosureBody is a closure as it is announced.
type ClosureBody struct {
	Title     string           `json:"title" minLength:"1" maxLength:"500"`
	By        string           `json:"by" enum:"provider,host,regulator" doc:"Whose wall it is."`
	Who       string           `json:"who,omitempty" maxLength:"500"`
	Source    string           `json:"source,omitempty" maxLength:"500"`
	Notice    string           `json:"notice,omitempty" maxLength:"500"`
	Scope     ScopeBody        `json:"scope,omitempty" doc:"Whom it hits; what is left out means any, and all that is sent must fit."`
	Withdraws []WithdrawalBody `json:"withdraws" minItems:"1" maxItems:"16"`
}

// AnnounceBody is the body of POST /v1/closures.
type AnnounceBody struct {
	ClosureBody
	Preview bool `json:"preview,omitempty" doc:"Only say what it would do; nothing is stored."`
}

// ImportBody is the body of POST /v1/closures/import.
type ImportBody struct {
	Closures []ClosureBody `json:"closures" minItems:"1" maxItems:"100"`
	Preview  bool          `json:"preview,omitempty" doc:"Only say what they would do; nothing is stored."`
}

// RescopeBody is the body of POST /v1/closures/{id}/scope.
type RescopeBody struct {
	Note  string    `json:"note,omitempty" maxLength:"500"`
	Scope ScopeBody `json:"scope"`
}

// ScopeBody says whom a closure hits.
type ScopeBody struct {
	Providers  []string   `json:"providers,omitempty" maxItems:"32"`
	Products   []string   `json:"products,omitempty" maxItems:"32"`
	Containers []string   `json:"containers,omitempty" maxItems:"64"`
	Merchants  []string   `json:"merchants,omitempty" maxItems:"1000"`
	Partners   []string   `json:"partners,omitempty" maxItems:"100"`
	Accounts   []string   `json:"credential_sets,omitempty" maxItems:"100"`
	Categories []string   `json:"categories,omitempty" maxItems:"64" doc:"Only merchants of these trades."`
	MinAmount  int64      `json:"min_amount,omitempty" minimum:"0" maximum:"1000000000000"`
	MaxAmount  int64      `json:"max_amount,omitempty" minimum:"0" maximum:"1000000000000"`
	SignedFrom *time.Time `json:"signed_from,omitempty" doc:"Only agreements signed at or after this, and shops without one."`
	EndsBefore *time.Time `json:"ends_before,omitempty" doc:"Only agreements whose present term ends before this."`
	IdleDays   int64      `json:"idle_days,omitempty" minimum:"0" maximum:"3660" doc:"Only channels that have sold nothing for so many days."`
	Share      int64      `json:"share,omitempty" minimum:"0" maximum:"10000" doc:"Only so many of 10,000 buyers."`
}

// WithdrawalBody withdraws one act from a time until a time.
type WithdrawalBody struct {
	Act   string     `json:"act" enum:"sign,renew,pay,refund,settle,dispute"`
	From  time.Time  `json:"from"`
	Until *time.Time `json:"until,omitempty" doc:"For good, if left out."`
}

// MoveBody is the body of POST /v1/closures/{id}/move.
type MoveBody struct {
	Note      string           `json:"note,omitempty" maxLength:"500"`
	Withdraws []WithdrawalBody `json:"withdraws" minItems:"1" maxItems:"16"`
}

// NoteBody is the body of POST /v1/closures/{id}/withdraw.
type NoteBody struct {
	Note string `json:"note,omitempty" maxLength:"500"`
}

// ClosureView is a closure with its history.
type ClosureView struct {
	ID          string           `json:"id"`
	Object      string           `json:"object" enum:"closure"`
	Title       string           `json:"title"`
	By          string           `json:"by" enum:"provider,host,regulator"`
	Who         string           `json:"who,omitempty"`
	Source      string           `json:"source,omitempty"`
	Scope       ScopeBody        `json:"scope"`
	Withdraws   []WithdrawalBody `json:"withdraws"`
	History     []EditView       `json:"history"`
	WithdrawnAt *time.Time       `json:"withdrawn_at"`
	CreatedAt   time.Time        `json:"created_at"`
	// What an announcement and a change say besides.
	Effect   *engine.ClosureEffect `json:"effect,omitempty" doc:"What it does to the merchants whom it is about, by the orders of the last 30 days."`
	Warnings []string              `json:"warnings,omitempty"`
	Told     *ToldView             `json:"told,omitempty" doc:"How far the telling of the latest edit has come."`
}

// ToldView is how far the telling of an edit has come.
type ToldView struct {
	Edit      int64      `json:"edit"`
	Merchants int64      `json:"merchants"`
	DoneAt    *time.Time `json:"done_at"`
}

// EditView is one line of a closure's history.
type EditView struct {
	At        time.Time        `json:"at"`
	What      string           `json:"what"`
	Note      string           `json:"note,omitempty"`
	Withdraws []WithdrawalBody `json:"withdraws"`
	Scope     *ScopeBody       `json:"scope,omitempty" doc:"Whom it hit from then on, where that changed."`
}

type createClosureIn struct{ Body AnnounceBody }

type importIn struct{ Body ImportBody }

type rescopeIn struct {
	ID   string `path:"id"`
	Body RescopeBody
}

type moveClosureIn struct {
	ID   string `path:"id"`
	Body MoveBody
}

type withdrawClosureIn struct {
	ID   string `path:"id"`
	Body *NoteBody
}

type closureOut struct{ Body ClosureView }

func (a *API) closures() {
	handle(a, op("announce-closure", http.MethodPost, "/v1/closures", "Announce a closure",
		"From each act's hour on no new payment begins that way; what is in flight is finished, and refunds go on unless they are withdrawn themselves. A partner's closure holds for all of its merchants. The answer warns when it takes somebody's last way to be paid, with the effect in numbers; send preview to have only that.", http.StatusCreated), a.announceClosure)
	handle(a, op("import-closures", http.MethodPost, "/v1/closures/import", "Announce several closures, all or none",
		"One that is wrong refuses all of them and is named by its place. Each answers with its effect in numbers.", http.StatusCreated), a.importClosures)
	handle(a, op("get-closure", http.MethodGet, "/v1/closures/{id}", "Read a closure", "With its history, and how many merchants were told of the latest edit.", http.StatusOK), a.getClosure)
	handle(a, op("rescope-closure", http.MethodPost, "/v1/closures/{id}/scope", "Narrow or widen a closure", "The old scope stays in its history. Whom it hit and hits is told.", http.StatusOK, http.StatusConflict), a.rescopeClosure)
	handle(a, op("list-closures", http.MethodGet, "/v1/closures", "List closures with their history", "Your own, newest first, withdrawn ones too.", http.StatusOK), a.listClosures)
	handle(a, op("move-closure", http.MethodPost, "/v1/closures/{id}/move", "Give a closure other dates", "The old dates stay in its history.", http.StatusOK, http.StatusConflict), a.moveClosure)
	handle(a, op("withdraw-closure", http.MethodPost, "/v1/closures/{id}/withdraw", "Withdraw a closure", "What it closed is offered again at once.", http.StatusOK, http.StatusConflict), a.withdrawClosure)
}

func withdrawalsOf(list []WithdrawalBody) []postern.Withdrawal {
	out := make([]postern.Withdrawal, 0, len(list))
	for _, w := range list {
		out = append(out, postern.Withdrawal{Act: postern.Act(w.Act), From: w.From.UTC(), Until: orZero(w.Until)})
	}
	return out
}

func viewWithdrawals(list []postern.Withdrawal) []WithdrawalBody {
	out := make([]WithdrawalBody, 0, len(list))
	for _, w := range list {
		out = append(out, WithdrawalBody{Act: string(w.Act), From: w.From, Until: orNil(w.Until)})
	}
	return out
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func viewClosure(c postern.Closure) ClosureView {
	v := ClosureView{
		ID: c.ID, Object: "closure", Title: c.Title, By: string(c.By), Who: c.Who, Source: c.Source, Withdraws: viewWithdrawals(c.Withdraws), History: []EditView{},
		WithdrawnAt: orNil(c.WithdrawnAt), CreatedAt: c.CreatedAt,
		Scope: viewScope(c.Scope),
	}
	for _, e := range c.History {
		edit := EditView{At: e.At, What: e.What, Note: e.Note, Withdraws: viewWithdrawals(e.Withdraws)}
		if e.Scope != nil {
			scope := viewScope(*e.Scope)
			edit.Scope = &scope
		}
		v.History = append(v.History, edit)
	}
	return v
}

func viewScope(s postern.Scope) ScopeBody {
	return ScopeBody{
		Providers: s.Providers, Products: s.Products, Containers: s.Containers, Merchants: s.Merchants, Partners: s.Partners, Accounts: s.CredentialSets,
		Categories: s.Categories, MinAmount: s.MinAmount, MaxAmount: s.MaxAmount, SignedFrom: orNil(s.SignedFrom), EndsBefore: orNil(s.EndsBefore),
		IdleDays: int64(s.IdleFor / (24 * time.Hour)), Share: s.Share,
	}
}

func scopeOf(s ScopeBody) postern.Scope {
	return postern.Scope{
		Providers: s.Providers, Products: s.Products, Containers: s.Containers, Merchants: s.Merchants, Partners: s.Partners, CredentialSets: s.Accounts,
		Categories: s.Categories, MinAmount: s.MinAmount, MaxAmount: s.MaxAmount, SignedFrom: orZero(s.SignedFrom), EndsBefore: orZero(s.EndsBefore),
		IdleFor: time.Duration(s.IdleDays) * 24 * time.Hour, Share: s.Share,
	}
}

func closureOf(ownerID string, b ClosureBody) postern.Closure {
	return postern.Closure{
		OwnerID: ownerID, Title: b.Title, By: postern.ClosedBy(b.By), Who: b.Who, Source: b.Source, Notice: b.Notice, Withdraws: withdrawalsOf(b.Withdraws), Scope: scopeOf(b.Scope),
	}
}

// preview says what a closure would do, with a warning where somebody loses the last way to be paid.
func (a *API) preview(ctx context.Context, c postern.Closure) (*engine.ClosureEffect, []string, error) {
	effect, err := a.Engine.PreviewClosure(ctx, c)
	if err != nil {
		return nil, nil, err
	}
	return &effect, effect.Warnings(), nil
}

func (a *API) announceClosure(ctx context.Context, in *createClosureIn) (*closureOut, error) {
	c := closureOf(owner(ctx), in.Body.ClosureBody)
	effect, warnings, err := a.preview(ctx, c)
	if err == nil && !in.Body.Preview {
		c, err = a.Engine.AnnounceClosure(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	v := viewClosure(c)
	v.Effect, v.Warnings = effect, warnings
	return &closureOut{Body: v}, nil
}

// importClosures announces all or none; the first that is wrong is named by its place.
func (a *API) importClosures(ctx context.Context, in *importIn) (*listOut[ClosureView], error) {
	list, views := []postern.Closure{}, make([]ClosureView, len(in.Body.Closures))
	for i, body := range in.Body.Closures {
		c := closureOf(owner(ctx), body)
		var err error
		if views[i].Effect, views[i].Warnings, err = a.preview(ctx, c); err != nil {
			var known *postern.Error
			if errors.As(err, &known) && known.Field != "" {
				at := *known
				at.Field = "closures[" + strconv.Itoa(i) + "]." + known.Field
				err = &at
			}
			return nil, err
		}
		list = append(list, c)
	}
	if !in.Body.Preview {
		made, err := a.Engine.AnnounceClosures(ctx, list)
		if err != nil {
			return nil, err
		}
		list = made
	}
	for i, c := range list {
		v := viewClosure(c)
		v.Effect, v.Warnings = views[i].Effect, views[i].Warnings
		views[i] = v
	}
	return page(views, "", func(v ClosureView) ClosureView { return v }), nil
}

func (a *API) getClosure(ctx context.Context, in *idIn) (*closureOut, error) {
	c, err := a.Store.Closure(ctx, owner(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	v := viewClosure(c)
	edit := int64(len(c.History))
	told, err := a.Store.Telling(ctx, c.OwnerID, c.ID, edit)
	if err != nil && postern.CodeOf(err) != postern.CodeNotFound {
		return nil, err
	}
	v.Told = &ToldView{Edit: edit, Merchants: told.Told, DoneAt: orNil(told.DoneAt)}
	return &closureOut{Body: v}, nil
}

func (a *API) rescopeClosure(ctx context.Context, in *rescopeIn) (*closureOut, error) {
	c, err := a.Engine.RescopeClosure(ctx, owner(ctx), in.ID, in.Body.Note, scopeOf(in.Body.Scope))
	if err != nil {
		return nil, err
	}
	return a.changed(ctx, c)
}

// changed answers with a closure as it is after an edit, and what it does now.
func (a *API) changed(ctx context.Context, c postern.Closure) (*closureOut, error) {
	v := viewClosure(c)
	if c.WithdrawnAt.IsZero() {
		var err error
		if v.Effect, v.Warnings, err = a.preview(ctx, c); err != nil {
			return nil, err
		}
	}
	return &closureOut{Body: v}, nil
}

func (a *API) listClosures(ctx context.Context, in *PageQuery) (*listOut[ClosureView], error) {
	rows, next, err := a.Store.ClosuresOf(ctx, owner(ctx), in.page())
	if err != nil {
		return nil, err
	}
	return page(rows, next, viewClosure), nil
}

func (a *API) moveClosure(ctx context.Context, in *moveClosureIn) (*closureOut, error) {
	c, err := a.Engine.MoveClosure(ctx, owner(ctx), in.ID, in.Body.Note, withdrawalsOf(in.Body.Withdraws)...)
	if err != nil {
		return nil, err
	}
	return a.changed(ctx, c)
}

func (a *API) withdrawClosure(ctx context.Context, in *withdrawClosureIn) (*closureOut, error) {
	note := ""
	if in.Body != nil {
		note = in.Body.Note
	}
	c, err := a.Engine.MoveClosure(ctx, owner(ctx), in.ID, note)
	if err != nil {
		return nil, err
	}
	return &closureOut{Body: viewClosure(c)}, nil
}
