package engine

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// How long an invitation waits, and how long a person's name may be, in characters.
const (
	invitationLasts = 48 * time.Hour
	maxStaffName    = 30
	// maxPeople bounds the people of one owner, those who were disabled included.
	maxPeople = 100
)

// StaffInput is a person to add.
type StaffInput struct {
	Login string
	Name  string
	Role  postern.Role
}

// check says a person as they are stored, or what is wrong.
func (in StaffInput) check() (StaffInput, error) {
	in.Login, in.Name = Login(in.Login), strings.TrimSpace(in.Name)
	if !loginForm.MatchString(in.Login) {
		return in, postern.Invalid("login", postern.CodeInvalid, "a login has 3 to 64 letters, digits or any of @ . _ + -", "use the person's phone number")
	}
	if err := checkText("name", in.Name, 1, maxStaffName); err != nil {
		return in, err
	}
	if !slices.Contains(postern.Roles, in.Role) {
		return in, postern.Invalid("role", postern.CodeInvalid, "there is no such role", "use owner, staff or finance")
	}
	return in, nil
}

// newStaff makes a person who cannot sign in yet, and the secret of the invitation with which they set a password.
func (e *Engine) newStaff(ownerID string, in StaffInput) (postern.Staff, postern.Invitation, string, error) {
	now := e.now()
	who := postern.Staff{OwnerID: ownerID, ID: e.newID(postern.PrefixStaff), Login: in.Login, Name: in.Name, Role: in.Role, CreatedAt: now, UpdatedAt: now}
	invitation, secret, err := e.invitation(who)
	return who, invitation, secret, err
}

func (e *Engine) invitation(who postern.Staff) (postern.Invitation, string, error) {
	secret, err := e.newSecret()
	return postern.Invitation{Hash: SessionHash(secret), OwnerID: who.OwnerID, StaffID: who.ID, ExpiresAt: e.now().Add(invitationLasts)}, secret, err
}

// InvitationURL is the address that a person opens to set a password.
func (e *Engine) InvitationURL(secret string) string {
	return e.PublicURL + "/console/invitation/" + secret
}

// AddStaff adds a person to a merchant's or a partner's people and returns the secret of their invitation, which is shown once. CodeConflict with the field login
// when somebody signs in so already.
func (e *Engine) AddStaff(ctx context.Context, by Actor, ownerID string, in StaffInput) (postern.Staff, string, error) {
	in, err := in.check()
	if err != nil {
		return postern.Staff{}, "", err
	}
	people, _, err := e.Store.People(ctx, ownerID, store.Page{Limit: maxPeople})
	if err != nil {
		return postern.Staff{}, "", err
	}
	if len(people) >= maxPeople {
		return postern.Staff{}, "", postern.Invalid("login", postern.CodeInvalid, "there are 100 people already", "give one of them another role, or a new invitation")
	}
	who, invitation, secret, err := e.newStaff(ownerID, in)
	if err != nil {
		return who, "", err
	}
	act := e.audit(by, ownerID, "staff.add", who.ID, who.Name+" "+string(who.Role))
	err = e.commit(ctx, store.Change{MerchantID: ownerID, At: who.CreatedAt, Staff: []postern.Staff{who}, Invitations: []postern.Invitation{invitation}, Audits: []postern.Audit{act}})
	if err != nil && postern.CodeOf(err) == postern.CodeConflict {
		return who, "", loginTaken()
	}
	who.Version = 1
	return who, secret, err
}

func loginTaken() error {
	return &postern.Error{Code: postern.CodeConflict, Op: "engine.AddStaff", Field: "login", Message: "somebody signs in with this already", Fix: "use another one, such as an e-mail address"}
}

// staffChange is one change of a person: what the audit calls it, and whether the person is signed out (but for the session whose hash is keep).
type staffChange struct {
	act, detail string
	ends        bool
	keep        string
	edit        func(*postern.Staff) error
	also        func(*store.Change)
}

// changeStaff loads a person, changes them and commits that with its audit row; it is tried anew when somebody else was faster.
func (e *Engine) changeStaff(ctx context.Context, by Actor, ownerID, id string, in staffChange) (postern.Staff, error) {
	var last error
	for range maxTries {
		who, err := e.Store.Staff(ctx, ownerID, id)
		if err != nil {
			return who, err
		}
		if err := in.edit(&who); err != nil {
			return who, err
		}
		who.UpdatedAt = e.now()
		detail := strings.TrimSpace(who.Name + " " + in.detail)
		change := store.Change{MerchantID: ownerID, At: who.UpdatedAt, Staff: []postern.Staff{who}, Audits: []postern.Audit{e.audit(by, ownerID, in.act, id, detail)}}
		if in.ends {
			change.SessionsEnd = []store.SessionsEnd{{OwnerID: ownerID, StaffID: id, Keep: in.keep}}
		}
		if in.also != nil {
			in.also(&change)
		}
		if last = e.commit(ctx, change); last == nil {
			who.Version++
			return who, nil
		}
		var known *postern.Error
		if !errors.As(last, &known) || known.Code != postern.CodeConflict || known.Op == store.LastOwner {
			return who, last
		}
	}
	return postern.Staff{}, last
}

// SetRole gives a person another role. The last owner keeps it: CodeConflict.
func (e *Engine) SetRole(ctx context.Context, by Actor, ownerID, id string, role postern.Role) (postern.Staff, error) {
	if !slices.Contains(postern.Roles, role) {
		return postern.Staff{}, postern.Invalid("role", postern.CodeInvalid, "there is no such role", "use owner, staff or finance")
	}
	return e.changeStaff(ctx, by, ownerID, id, staffChange{act: "staff.role", detail: string(role), edit: func(s *postern.Staff) error {
		s.Role = role
		return nil
	}})
}

// DisableStaff keeps a person from signing in and signs them out everywhere. The last owner stays: CodeConflict.
func (e *Engine) DisableStaff(ctx context.Context, by Actor, ownerID, id string) (postern.Staff, error) {
	return e.changeStaff(ctx, by, ownerID, id, staffChange{act: "staff.disable", ends: true, edit: func(s *postern.Staff) error {
		if s.DisabledAt.IsZero() {
			s.DisabledAt = e.now()
		}
		return nil
	}})
}

// EnableStaff lets a person sign in again.
func (e *Engine) EnableStaff(ctx context.Context, by Actor, ownerID, id string) (postern.Staff, error) {
	return e.changeStaff(ctx, by, ownerID, id, staffChange{act: "staff.enable", edit: func(s *postern.Staff) error {
		s.DisabledAt = time.Time{}
		return nil
	}})
}

// InviteStaff gives a person a new invitation, with which they set a new password; earlier ones end. The present password holds until then.
func (e *Engine) InviteStaff(ctx context.Context, by Actor, ownerID, id string) (postern.Staff, string, error) {
	var secret string
	var fresh postern.Invitation
	who, err := e.changeStaff(ctx, by, ownerID, id, staffChange{act: "staff.invite", edit: func(s *postern.Staff) (err error) {
		if !s.DisabledAt.IsZero() {
			return &postern.Error{Code: postern.CodeConflict, Op: "engine.InviteStaff", Message: "the person may not sign in", Fix: "let them sign in first"}
		}
		fresh, secret, err = e.invitation(*s)
		return err
	}, also: func(c *store.Change) { c.Invitations = []postern.Invitation{fresh} }})
	return who, secret, err
}

// InvitedBy says whom an invitation is for. One that was used, has run out or never was is postern.CodeNotFound.
func (e *Engine) InvitedBy(ctx context.Context, secret string) (postern.Staff, error) {
	invitation, err := e.Store.Invitation(ctx, SessionHash(clip(secret, 64)))
	if err != nil {
		return postern.Staff{}, err
	}
	if !invitation.UsedAt.IsZero() || !e.now().Before(invitation.ExpiresAt) {
		return postern.Staff{}, postern.E(postern.CodeNotFound, "engine.InvitedBy", "there is no such invitation")
	}
	who, err := e.Store.Staff(ctx, invitation.OwnerID, invitation.StaffID)
	if err == nil && !who.DisabledAt.IsZero() {
		err = postern.E(postern.CodeNotFound, "engine.InvitedBy", "there is no such invitation")
	}
	return who, err
}

// AcceptInvitation sets the invited person's password, once, and signs them out everywhere else.
func (e *Engine) AcceptInvitation(ctx context.Context, secret, password string) (postern.Staff, error) {
	who, err := e.InvitedBy(ctx, secret)
	if err != nil {
		return who, err
	}
	if err := checkPassword(who.Login, password); err != nil {
		return who, err
	}
	text, err := e.hashPassword(ctx, password)
	if err != nil {
		return who, err
	}
	used := postern.Invitation{Hash: SessionHash(clip(secret, 64)), OwnerID: who.OwnerID, StaffID: who.ID, UsedAt: e.now()}
	return e.changeStaff(ctx, ActorOf(who), who.OwnerID, who.ID, staffChange{act: "staff.password", ends: true, edit: func(s *postern.Staff) error {
		s.Password = text
		return nil
	}, also: func(c *store.Change) { c.Invitations = []postern.Invitation{used} }})
}

// ChangePassword sets a person's own password: old is asked for, and every other session of theirs ends.
func (e *Engine) ChangePassword(ctx context.Context, who postern.Staff, keep, old, password string) error {
	if err := e.samePassword(ctx, who, old); err != nil {
		return err
	}
	if err := checkPassword(who.Login, password); err != nil {
		return err
	}
	text, err := e.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	_, err = e.changeStaff(ctx, ActorOf(who), who.OwnerID, who.ID, staffChange{act: "staff.password", ends: true, keep: keep, edit: func(s *postern.Staff) error {
		s.Password = text
		return nil
	}})
	return err
}
