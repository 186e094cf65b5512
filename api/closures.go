package api

import (
	"context"
	"net/http"
	"time"

	"postern"
)

// ClosureBody is the body of POST /v1/closures.
type ClosureBody struct {
	Title     string           `json:"title" minLength:"1" maxLength:"500"`
	By        string           `json:"by" enum:"provider,host,regulator" doc:"Whose wall it is."`
	Who       string           `json:"who,omitempty" maxLength:"500"`
	Source    string           `json:"source,omitempty" maxLength:"500"`
	Notice    string           `json:"notice,omitempty" maxLength:"500"`
	Scope     ScopeBody        `json:"scope,omitempty" doc:"Whom it hits; what is left out means any, and all that is sent must fit."`
	Withdraws []WithdrawalBody `json:"withdraws" minItems:"1" maxItems:"16"`
}

// ScopeBody says whom a closure hits.
type ScopeBody struct {
	Providers  []string   `json:"providers,omitempty" maxItems:"32"`
	Products   []string   `json:"products,omitempty" maxItems:"32"`
	Containers []string   `json:"containers,omitempty" maxItems:"64"`
	Merchants  []string   `json:"merchants,omitempty" maxItems:"1000"`
	MinAmount  int64      `json:"min_amount,omitempty" minimum:"0" maximum:"1000000000000"`
	MaxAmount  int64      `json:"max_amount,omitempty" minimum:"0" maximum:"1000000000000"`
	SignedFrom *time.Time `json:"signed_from,omitempty" doc:"Only agreements signed at or after this, and shops without one."`
	EndsBefore *time.Time `json:"ends_before,omitempty" doc:"Only agreements whose present term ends before this."`
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
}

// EditView is one line of a closure's history.
type EditView struct {
	At        time.Time        `json:"at"`
	What      string           `json:"what"`
	Note      string           `json:"note,omitempty"`
	Withdraws []WithdrawalBody `json:"withdraws"`
}

type createClosureIn struct{ Body ClosureBody }

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
		"From each act's hour on no new payment begins that way; what is in flight is finished, and refunds go on unless they are withdrawn themselves. A partner's closure holds for all of its merchants.", http.StatusCreated), a.announceClosure)
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
		Scope: ScopeBody{
			Providers: c.Scope.Providers, Products: c.Scope.Products, Containers: c.Scope.Containers, Merchants: c.Scope.Merchants, MinAmount: c.Scope.MinAmount,
			MaxAmount: c.Scope.MaxAmount, SignedFrom: orNil(c.Scope.SignedFrom), EndsBefore: orNil(c.Scope.EndsBefore),
		},
	}
	for _, e := range c.History {
		v.History = append(v.History, EditView{At: e.At, What: e.What, Note: e.Note, Withdraws: viewWithdrawals(e.Withdraws)})
	}
	return v
}

func (a *API) announceClosure(ctx context.Context, in *createClosureIn) (*closureOut, error) {
	s := in.Body.Scope
	c, err := a.Engine.AnnounceClosure(ctx, postern.Closure{
		OwnerID: owner(ctx), Title: in.Body.Title, By: postern.ClosedBy(in.Body.By), Who: in.Body.Who, Source: in.Body.Source, Notice: in.Body.Notice,
		Withdraws: withdrawalsOf(in.Body.Withdraws),
		Scope: postern.Scope{
			Providers: s.Providers, Products: s.Products, Containers: s.Containers, Merchants: s.Merchants, MinAmount: s.MinAmount, MaxAmount: s.MaxAmount,
			SignedFrom: orZero(s.SignedFrom), EndsBefore: orZero(s.EndsBefore),
		},
	})
	if err != nil {
		return nil, err
	}
	return &closureOut{Body: viewClosure(c)}, nil
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
	return &closureOut{Body: viewClosure(c)}, nil
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
