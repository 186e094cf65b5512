package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"postern"
	"postern/roster"
)

// Import is a partner's list of merchants: what is there is compared with it, and what differs is written once the partner has seen it.
type Import struct {
	PartnerID string
	Live      bool
	Encoding  string // utf-8 or gbk
	File      []byte
	// By is who opens shops for the logins of the list, for the audit.
	By Actor
}

// Outcomes of a line of a list.
const (
	ImportNew       = "new"
	ImportChanged   = "changed"
	ImportUnchanged = "unchanged"
	ImportRefused   = "refused"
)

// ImportPlan is what an import does. Digest stands for the list and for everything in the plan: only what was seen is confirmed.
type ImportPlan struct {
	Digest    string `json:"digest" doc:"Send it back to confirm exactly this."`
	New       int    `json:"new"`
	Changed   int    `json:"changed"`
	Unchanged int    `json:"unchanged"`
	Refused   int    `json:"refused"`
	Written   int    `json:"written" doc:"How many merchants this request wrote."`
	Done      bool   `json:"done" doc:"Nothing that could be written is left."`
	// Invitations are those of the shops that this request opened.
	Invitations []ImportInvitation `json:"invitations,omitempty" doc:"Hand each to its shop's owner. Shown once."`
	Rows        []ImportLine       `json:"rows" doc:"Every line but the unchanged ones."`
}

// ImportLine is one line of a list and what becomes of it.
type ImportLine struct {
	Line       int            `json:"line"`
	Reference  string         `json:"reference,omitempty"`
	MerchantID string         `json:"merchant_id,omitempty"`
	Name       string         `json:"name,omitempty"`
	Outcome    string         `json:"outcome" enum:"new,changed,unchanged,refused"`
	Changes    []ImportChange `json:"changes,omitempty"`
	// Why a line is refused, and what to do.
	Field   string `json:"field,omitempty"`
	Message string `json:"message,omitempty"`
	Fix     string `json:"fix,omitempty"`
}

// ImportChange is one field that a line changes. Of keys neither side is shown.
type ImportChange struct {
	Field string `json:"field"`
	From  string `json:"from,omitempty"`
	To    string `json:"to"`
}

// ImportInvitation is the link with which the owner of a new shop sets a password.
type ImportInvitation struct {
	MerchantID string `json:"merchant_id"`
	Reference  string `json:"reference,omitempty"`
	Name       string `json:"name"`
	Login      string `json:"login"`
	URL        string `json:"url"`
}

// PlanImport says what a list would do, line by line. Nothing is written.
func (e *Engine) PlanImport(ctx context.Context, in Import) (ImportPlan, error) {
	plan, _, err := e.planImport(ctx, in)
	return plan, err
}

// RunImport writes what a plan says, if the plan is still the one that the digest stands for: each merchant with its channels in one transaction. It stops when the
// budget is used up (0: never); the plan that it returns is then of what is left, with its own digest, and an import that died goes on with a new plan.
func (e *Engine) RunImport(ctx context.Context, in Import, digest string, budget time.Duration) (ImportPlan, error) {
	plan, shops, err := e.planImport(ctx, in)
	if err != nil {
		return plan, err
	}
	if digest != plan.Digest {
		return plan, &postern.Error{Code: postern.CodeConflict, Op: "engine.RunImport", Field: "confirm", Message: "this is not the plan that was seen: the list or what is there has changed since", Fix: "ask for the plan again and confirm that"}
	}
	began, written, invitations := e.now(), 0, []ImportInvitation(nil)
	for _, s := range shops {
		if budget > 0 && e.now().Sub(began) > budget {
			rest, _, err := e.planImport(ctx, in)
			rest.Written, rest.Done, rest.Invitations = written, false, invitations
			return rest, err
		}
		if err := e.fault(ctx, "engine.import.before"); err != nil {
			return plan, err
		}
		if err := e.Store.SaveShop(ctx, s.merchant, s.channels); err != nil {
			return plan, err
		}
		if s.owner != nil {
			invitation, err := e.openShop(ctx, in.By, *s.owner)
			if err != nil {
				return plan, err
			}
			invitations = append(invitations, invitation)
		}
		written++
	}
	plan.Written, plan.Done, plan.Invitations = written, true, invitations
	return plan, nil
}

// shopEdit is what one line writes.
type shopEdit struct {
	merchant *postern.Merchant // nil: as it is
	channels []postern.Channel
	owner    *shopOwner // nil: nobody is invited
}

func (e *Engine) planImport(ctx context.Context, in Import) (ImportPlan, []shopEdit, error) {
	rows, err := roster.Parse(in.File, in.Encoding)
	if err != nil {
		return ImportPlan{}, nil, err
	}
	m, err := e.newImporter(ctx, in, rows)
	if err != nil {
		return ImportPlan{}, nil, err
	}
	plan, shops := ImportPlan{Rows: []ImportLine{}}, []shopEdit{}
	for _, r := range rows {
		line, edit, err := m.line(r)
		if err != nil {
			return plan, nil, err
		}
		switch line.Outcome {
		case ImportNew:
			plan.New++
		case ImportChanged:
			plan.Changed++
		case ImportRefused:
			plan.Refused++
		default:
			plan.Unchanged++
			continue
		}
		plan.Rows = append(plan.Rows, line)
		if line.Outcome != ImportRefused {
			shops = append(shops, edit)
		}
	}
	plan.Done = len(shops) == 0
	plan.Digest, err = digestOf(in, plan)
	return plan, shops, err
}

// digestOf stands for a list and its plan.
func digestOf(in Import, plan ImportPlan) (string, error) {
	text, err := json.Marshal(plan)
	if err != nil {
		return "", postern.Wrap(postern.CodeInternal, "engine.digestOf", err)
	}
	h := sha256.New()
	h.Write(text)
	file := sha256.Sum256(in.File)
	h.Write(file[:])
	h.Write([]byte(in.PartnerID + in.Encoding))
	if in.Live {
		h.Write([]byte{1})
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// refuse makes a line of a refusal. An error that is no refusal is returned.
func refuse(line ImportLine, err error) (ImportLine, shopEdit, error) {
	var known *postern.Error
	if !errors.As(err, &known) || known.Code == postern.CodeInternal {
		return line, shopEdit{}, err
	}
	line.Outcome, line.Changes, line.Field, line.Message, line.Fix = ImportRefused, nil, known.Field, known.Message, known.Fix
	return line, shopEdit{}, nil
}
