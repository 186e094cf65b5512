package api

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"postern"
	"postern/engine"
)

// FleetMoveBody is the body of POST /v1/fleet_moves.
type FleetMoveBody struct {
	ClosureID string      `json:"closure_id" maxLength:"64"`
	Platform  bool        `json:"platform,omitempty" doc:"The closure is the operator's; otherwise it is your own."`
	To        []string    `json:"to,omitempty" maxItems:"8" doc:"Providers or channels, the first that a merchant has wins."`
	Shared    *SharedBody `json:"shared,omitempty" doc:"A shared account through which merchants that have none of them get a new channel."`
	Share     int64       `json:"share,omitempty" minimum:"0" maximum:"10000" doc:"The first step, of 10,000 merchants; 100 if left out."`
	Least     int64       `json:"least,omitempty" minimum:"0" maximum:"1000000" doc:"How many attempts both sides must have before the move stops by itself; 30 if left out."`
	WorseBP   int64       `json:"worse_bp,omitempty" minimum:"0" maximum:"10000" doc:"By how much the moved side must do worse, in hundredths of a per cent; 300 if left out."`
	Why       string      `json:"why,omitempty" maxLength:"500"`
	Preview   bool        `json:"preview,omitempty" doc:"Only say what it would do; nothing is stored."`
}

// SharedBody is a shared account and the sub-merchant numbers under it.
type SharedBody struct {
	CredentialSetID string            `json:"credential_set_id" maxLength:"64"`
	Products        []string          `json:"products" minItems:"1" maxItems:"16"`
	SubMerchants    map[string]string `json:"sub_merchants" doc:"The number of each merchant, by the merchant's id."`
}

// FleetMoveView is a move with its history.
type FleetMoveView struct {
	ID        string           `json:"id"`
	Object    string           `json:"object" enum:"fleet_move"`
	Status    string           `json:"status" enum:"planned,moving,holding,done,stopped,undoing,undone"`
	ClosureID string           `json:"closure_id"`
	To        []string         `json:"to"`
	Share     int64            `json:"share"`
	Merchants int64            `json:"merchants"`
	Livemode  bool             `json:"livemode"`
	History   []MoveEditView   `json:"history"`
	CreatedAt time.Time        `json:"created_at"`
	Plan      *FleetPlanView   `json:"plan,omitempty"`
	Numbers   *FleetNumberView `json:"numbers,omitempty"`
}

// MoveEditView is one line of a move's history.
type MoveEditView postern.MoveEdit

// FleetPlanView is what a move does: whence and whither, by the orders of the last 30 days, step by step.
type FleetPlanView struct {
	Routes  []engine.FleetRoute `json:"routes"`
	Through []engine.Turnover   `json:"through"`
	Steps   []engine.FleetStep  `json:"steps"`
	Skipped int64               `json:"skipped"`
	Reasons []engine.Skipped    `json:"reasons" doc:"The first hundred merchants that are skipped, and why."`
}

// FleetNumberView is how far a move is and how both sides do.
type FleetNumberView struct {
	Planned int64         `json:"planned"`
	Moved   int64         `json:"moved"`
	Undone  int64         `json:"undone"`
	Success postern.Tally `json:"success" doc:"Attempts of merchants since they were moved."`
	Against postern.Tally `json:"against" doc:"What that is held against: the merchants that were not moved, or all of them before."`
}

// FleetStepBody is the body of what is done to a move.
type FleetStepBody struct {
	Share int64  `json:"share,omitempty" minimum:"0" maximum:"10000" doc:"Of 10,000 merchants; the next of 100, 1000, 5000 and 10000 if left out. Only for widen."`
	Why   string `json:"why,omitempty" maxLength:"500"`
}

// MoveMemberView is one merchant of a move, with what was there before.
type MoveMemberView struct {
	MerchantID string               `json:"merchant_id"`
	Object     string               `json:"object" enum:"fleet_member"`
	Place      int64                `json:"place" doc:"Its turn, from 0."`
	State      string               `json:"state" enum:"planned,moved,undone"`
	Channels   []postern.MoveChange `json:"channels"`
	Note       string               `json:"note,omitempty"`
	MovedAt    *time.Time           `json:"moved_at"`
}

type listMembersIn struct {
	ID    string `path:"id"`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20" doc:"Rows per page."`
	After string `query:"after" pattern:"^[0-9]{0,9}$" doc:"The next_cursor of the page before."`
}

type fleetMoveIn struct{ Body FleetMoveBody }

type fleetStepIn struct {
	ID   string `path:"id"`
	Body *FleetStepBody
}

type fleetMoveOut struct{ Body FleetMoveView }

func (a *API) fleet() {
	handle(a, op("begin-fleet-move", http.MethodPost, "/v1/fleet_moves", "Move the merchants that a closure will hit",
		"A share of them first; the rest when the move is widened. It stops by itself when those who were moved do worse. For partners' keys.", http.StatusCreated, http.StatusConflict), a.beginFleetMove)
	handle(a, op("list-fleet-moves", http.MethodGet, "/v1/fleet_moves", "List moves, newest first", "With who did what, when and why.", http.StatusOK), a.listFleetMoves)
	handle(a, op("get-fleet-move", http.MethodGet, "/v1/fleet_moves/{id}", "Read a move", "How far it is, and how both sides do.", http.StatusOK), a.getFleetMove)
	handle(a, op("list-fleet-members", http.MethodGet, "/v1/fleet_moves/{id}/merchants", "List the merchants of a move in their turn", "What is changed for each, and what was there before.", http.StatusOK), a.listMembers)
	handle(a, op("widen-fleet-move", http.MethodPost, "/v1/fleet_moves/{id}/widen", "Move a larger share", "Also goes on with a move that was stopped.", http.StatusOK, http.StatusConflict),
		a.editFleetMove(func(ctx context.Context, m postern.FleetMove, who string, in FleetStepBody) (postern.FleetMove, error) {
			return a.Engine.WidenFleetMove(ctx, m.OwnerID, m.ID, in.Share, who, in.Why)
		}))
	handle(a, op("stop-fleet-move", http.MethodPost, "/v1/fleet_moves/{id}/stop", "Move nobody further", "Those who were moved stay so until the move is undone.", http.StatusOK, http.StatusConflict),
		a.editFleetMove(func(ctx context.Context, m postern.FleetMove, who string, in FleetStepBody) (postern.FleetMove, error) {
			return a.Engine.StopFleetMove(ctx, m.OwnerID, m.ID, who, in.Why)
		}))
	handle(a, op("undo-fleet-move", http.MethodPost, "/v1/fleet_moves/{id}/undo", "Give every merchant what it had", "Ranks go back, and channels that were added are retired.", http.StatusOK, http.StatusConflict),
		a.editFleetMove(func(ctx context.Context, m postern.FleetMove, who string, in FleetStepBody) (postern.FleetMove, error) {
			return a.Engine.UndoFleetMove(ctx, m.OwnerID, m.ID, who, in.Why)
		}))
}

func viewFleetMove(m postern.FleetMove) FleetMoveView {
	v := FleetMoveView{
		ID: m.ID, Object: "fleet_move", Status: string(m.Status), ClosureID: m.ClosureID, To: append([]string{}, m.To...), Share: m.Share, Merchants: m.Merchants,
		Livemode: m.Live, History: []MoveEditView{}, CreatedAt: m.CreatedAt,
	}
	for _, e := range m.History {
		v.History = append(v.History, MoveEditView(e))
	}
	return v
}

// maxReasons bounds the merchants whose reason is listed.
const maxReasons = 100

func viewFleetPlan(p engine.FleetPlan) *FleetPlanView {
	v := &FleetPlanView{Routes: append([]engine.FleetRoute{}, p.Moves...), Through: append([]engine.Turnover{}, p.Through...), Steps: p.Steps(), Skipped: int64(len(p.Skipped))}
	v.Reasons = append([]engine.Skipped{}, p.Skipped[:min(len(p.Skipped), maxReasons)]...)
	return v
}

// fleetOwner is the partner or the operator whose key it is; a merchant's key may not move a fleet.
func fleetOwner(ctx context.Context) (string, error) {
	if _, err := partner(ctx); err != nil {
		return "", err
	}
	return callerOf(ctx).Key.OwnerID, nil
}

func (a *API) beginFleetMove(ctx context.Context, in *fleetMoveIn) (*fleetMoveOut, error) {
	ownerID, err := fleetOwner(ctx)
	if err != nil {
		return nil, err
	}
	b, key := in.Body, callerOf(ctx).Key
	wanted := engine.NewFleetMove{
		OwnerID: ownerID, ClosureOwnerID: ownerID, ClosureID: b.ClosureID, To: b.To, Policy: postern.MovePolicy{Least: b.Least, WorseBP: b.WorseBP}, Live: key.Live,
		Share: b.Share, Who: key.ID, Why: b.Why,
	}
	if b.Platform {
		wanted.ClosureOwnerID = postern.Platform
	}
	if b.Shared != nil {
		wanted.Shared = &engine.SharedAccount{CredentialSetID: b.Shared.CredentialSetID, Products: b.Shared.Products, SubMerchants: b.Shared.SubMerchants}
	}
	var m postern.FleetMove
	var plan engine.FleetPlan
	if b.Preview {
		m = postern.FleetMove{Status: "planned", ClosureID: b.ClosureID, To: b.To, Share: b.Share, Live: key.Live}
		plan, err = a.Engine.PlanFleetMove(ctx, wanted)
		m.Merchants = int64(len(plan.Members))
	} else {
		m, plan, err = a.Engine.StartFleetMove(ctx, wanted)
	}
	if err != nil {
		return nil, err
	}
	v := viewFleetMove(m)
	v.Plan = viewFleetPlan(plan)
	return &fleetMoveOut{Body: v}, nil
}

func (a *API) listFleetMoves(ctx context.Context, in *PageQuery) (*listOut[FleetMoveView], error) {
	ownerID, err := fleetOwner(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.Store.FleetMoves(ctx, ownerID, in.page())
	if err != nil {
		return nil, err
	}
	live := callerOf(ctx).Key.Live // Test and live never mix: a page may hold fewer rows than were asked for.
	rows = slices.DeleteFunc(rows, func(m postern.FleetMove) bool { return m.Live != live })
	return page(rows, next, viewFleetMove), nil
}

// fleetMove loads a move of the caller's own and of its mode; any other is not there.
func (a *API) fleetMove(ctx context.Context, id string) (postern.FleetMove, error) {
	key := callerOf(ctx).Key
	m, err := a.Store.FleetMove(ctx, key.OwnerID, id)
	if err == nil && m.Live != key.Live {
		err = postern.E(postern.CodeNotFound, "api.fleetMove", "there is no such fleet move")
	}
	return m, err
}

func (a *API) getFleetMove(ctx context.Context, in *idIn) (*fleetMoveOut, error) {
	m, err := a.fleetMove(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	status, err := a.Engine.FleetStatus(ctx, m.OwnerID, m.ID)
	if err != nil {
		return nil, err
	}
	v := viewFleetMove(status.Move)
	v.Numbers = &FleetNumberView{
		Planned: status.Counts[postern.MemberPlanned], Moved: status.Counts[postern.MemberMoved], Undone: status.Counts[postern.MemberUndone],
		Success: status.Moved, Against: status.Against,
	}
	return &fleetMoveOut{Body: v}, nil
}

func (a *API) listMembers(ctx context.Context, in *listMembersIn) (*listOut[MoveMemberView], error) {
	m, err := a.fleetMove(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	from, _ := strconv.ParseInt(in.After, 10, 64) // The pattern admits digits only; empty is zero.
	rows, err := a.Store.MembersFrom(ctx, m.ID, from, in.Limit)
	if err != nil {
		return nil, err
	}
	next := ""
	if len(rows) == in.Limit {
		next = strconv.FormatInt(rows[len(rows)-1].Place+1, 10)
	}
	return page(rows, next, func(m postern.MoveMember) MoveMemberView {
		return MoveMemberView{
			MerchantID: m.MerchantID, Object: "fleet_member", Place: m.Place, State: m.State, Channels: append([]postern.MoveChange{}, m.Steps...), Note: m.Note, MovedAt: orNil(m.MovedAt),
		}
	}), nil
}

func (a *API) editFleetMove(do func(context.Context, postern.FleetMove, string, FleetStepBody) (postern.FleetMove, error)) func(context.Context, *fleetStepIn) (*fleetMoveOut, error) {
	return func(ctx context.Context, in *fleetStepIn) (*fleetMoveOut, error) {
		m, err := a.fleetMove(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		var body FleetStepBody
		if in.Body != nil {
			body = *in.Body
		}
		if m, err = do(ctx, m, callerOf(ctx).Key.ID, body); err != nil {
			return nil, err
		}
		return &fleetMoveOut{Body: viewFleetMove(m)}, nil
	}
}
