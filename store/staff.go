package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"postern"
)

const staffColumns = "owner_id, id, version, login, name, role, password, totp, totp_step, disabled_at, created_at, updated_at"

const invitationColumns = "hash, owner_id, staff_id, expires_at, used_at"

const sessionColumns = "hash, owner_id, staff_id, user_agent, created_at, seen_at, expires_at"

// LastOwner is the operation of the postern.CodeConflict that keeps a shop's last owner one.
const LastOwner = "store.LastOwner"

// SessionsEnd signs a person out: of the session whose hash is Only, or, without one, everywhere but in the session whose hash is Keep ("" keeps none).
type SessionsEnd struct {
	OwnerID string
	StaffID string
	Only    string
	Keep    string
}

func staffFields(s *postern.Staff) []any {
	return []any{&s.OwnerID, &s.ID, &s.Version, &s.Login, &s.Name, &s.Role, &s.Password, &s.TOTP, &s.TOTPStep, at(&s.DisabledAt), at(&s.CreatedAt), at(&s.UpdatedAt)}
}

func sessionFields(s *postern.Session) []any {
	return []any{&s.Hash, &s.OwnerID, &s.StaffID, &s.UserAgent, at(&s.CreatedAt), at(&s.SeenAt), at(&s.ExpiresAt)}
}

func scanStaff(r Row) (postern.Staff, error) {
	var s postern.Staff
	err := r.Scan(staffFields(&s)...)
	if len(s.TOTP) == 0 { // the engines differ about empty bytes
		s.TOTP = nil
	}
	return s, err
}

func scanSession(r Row) (postern.Session, error) {
	var s postern.Session
	err := r.Scan(sessionFields(&s)...)
	return s, err
}

// savePeople saves what an act changes about who may sign in.
func savePeople(ctx context.Context, tx Tx, c Change) error {
	if err := saveStaffOf(ctx, tx, c); err != nil {
		return err
	}
	if err := each(ctx, tx, c.Invitations, saveInvitation); err != nil {
		return err
	}
	if err := each(ctx, tx, c.SessionsEnd, endSessions); err != nil {
		return err
	}
	return each(ctx, tx, c.Sessions, insertSession)
}

// saveStaffOf saves people, and makes sure that an owner's last owner stays one. The rows of all of them are held first, so that two who demote each other at once
// wait for each other.
func saveStaffOf(ctx context.Context, tx Tx, c Change) error {
	if len(c.Staff) == 0 {
		return nil
	}
	before, err := tx.Exec(ctx, "UPDATE staff SET updated_at = updated_at WHERE owner_id = $1 AND role = 'owner' AND disabled_at = 0", c.MerchantID)
	if err != nil {
		return err
	}
	if err := each(ctx, tx, c.Staff, saveStaff); err != nil {
		return err
	}
	var after int64
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM staff WHERE owner_id = $1 AND role = 'owner' AND disabled_at = 0", c.MerchantID).Scan(&after); err != nil {
		return err
	}
	if before > 0 && after == 0 {
		return &postern.Error{Code: postern.CodeConflict, Op: LastOwner, Message: "this is the last owner", Fix: "make somebody else an owner first", ID: c.Staff[0].ID}
	}
	return nil
}

// saveStaff inserts a person or changes what may change. Login and owner never do, and the last step of a code only through UseTOTPStep.
func saveStaff(ctx context.Context, tx Tx, s postern.Staff) error {
	totp := s.TOTP
	if totp == nil {
		totp = []byte{}
	}
	if s.Version == 0 {
		_, err := tx.Exec(ctx, insertInto("staff", staffColumns), s.OwnerID, s.ID, 1, s.Login, s.Name, s.Role, s.Password, totp, s.TOTPStep, micros(s.DisabledAt), micros(s.CreatedAt), micros(s.UpdatedAt))
		return err
	}
	return mustChange(ctx, tx, stale("person", s.ID), `UPDATE staff SET version = version + 1, name = $4, role = $5, password = $6, totp = $7, disabled_at = $8, updated_at = $9
		WHERE owner_id = $1 AND id = $2 AND version = $3`, s.OwnerID, s.ID, s.Version, s.Name, s.Role, s.Password, totp, micros(s.DisabledAt), micros(s.UpdatedAt))
}

// saveInvitation inserts an invitation and ends the person's earlier ones, or, with UsedAt set, uses one: once, and before it expires.
func saveInvitation(ctx context.Context, tx Tx, i postern.Invitation) error {
	if !i.UsedAt.IsZero() {
		return mustChange(ctx, tx, notFound("Commit", "invitation"), "UPDATE invitation SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2", i.Hash, micros(i.UsedAt))
	}
	if _, err := tx.Exec(ctx, "UPDATE invitation SET expires_at = 0 WHERE owner_id = $1 AND staff_id = $2 AND used_at = 0", i.OwnerID, i.StaffID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, insertInto("invitation", invitationColumns), i.Hash, i.OwnerID, i.StaffID, micros(i.ExpiresAt), 0)
	return err
}

func endSessions(ctx context.Context, tx Tx, e SessionsEnd) error {
	which, hash := "hash <> $3", e.Keep
	if e.Only != "" {
		which, hash = "hash = $3", e.Only
	}
	_, err := tx.Exec(ctx, "DELETE FROM session WHERE owner_id = $1 AND staff_id = $2 AND "+which, e.OwnerID, e.StaffID, hash)
	return err
}

func insertSession(ctx context.Context, tx Tx, s postern.Session) error {
	_, err := tx.Exec(ctx, insertInto("session", sessionColumns), s.Hash, s.OwnerID, s.StaffID, s.UserAgent, micros(s.CreatedAt), micros(s.SeenAt), micros(s.ExpiresAt))
	return err
}

// Staff returns one person of a merchant or a partner, or postern.CodeNotFound.
func (s *Store) Staff(ctx context.Context, ownerID, id string) (postern.Staff, error) {
	return one(ctx, s.reader(), "Staff", "person", scanStaff, "SELECT "+staffColumns+" FROM staff WHERE owner_id = $1 AND id = $2", ownerID, id)
}

// StaffByLogin returns who signs in so, or postern.CodeNotFound.
func (s *Store) StaffByLogin(ctx context.Context, login string) (postern.Staff, error) {
	return one(ctx, s.reader(), "StaffByLogin", "person", scanStaff, "SELECT "+staffColumns+" FROM staff WHERE login = $1", login)
}

// People lists a merchant's or a partner's people, newest first; next is the id to go on after, "" at the end.
func (s *Store) People(ctx context.Context, ownerID string, page Page) (list []postern.Staff, next string, err error) {
	return paged(ctx, s.reader(), "People", page, func(p postern.Staff) string { return p.ID }, scanStaff, "SELECT "+staffColumns+" FROM staff WHERE owner_id = $1", ownerID)
}

// Invitation returns an invitation by its hash, or postern.CodeNotFound.
func (s *Store) Invitation(ctx context.Context, hash string) (postern.Invitation, error) {
	scan := func(r Row) (i postern.Invitation, err error) {
		err = r.Scan(&i.Hash, &i.OwnerID, &i.StaffID, at(&i.ExpiresAt), at(&i.UsedAt))
		return i, err
	}
	return one(ctx, s.reader(), "Invitation", "invitation", scan, "SELECT "+invitationColumns+" FROM invitation WHERE hash = $1", hash)
}

// SessionAndStaff returns a session and whose it is in one statement, or postern.CodeNotFound. Whether it has run out is for the caller to say.
func (s *Store) SessionAndStaff(ctx context.Context, hash string) (postern.Session, postern.Staff, error) {
	var who postern.Staff
	scan := func(r Row) (e postern.Session, err error) {
		err = r.Scan(append(sessionFields(&e), staffFields(&who)...)...)
		return e, err
	}
	session, err := one(ctx, s.reader(), "SessionAndStaff", "session", scan, "SELECT "+named("session", sessionColumns)+", "+named("staff", staffColumns)+
		" FROM (SELECT * FROM session WHERE hash = $1) session JOIN staff ON staff.owner_id = session.owner_id AND staff.id = session.staff_id", hash)
	return session, who, err
}

// named puts a table's name before each of its columns.
func named(table, columns string) string {
	return table + "." + strings.ReplaceAll(columns, ", ", ", "+table+".")
}

// maxSessions bounds the list of a person's sessions.
const maxSessions = 100

// Sessions lists where a person is signed in, the last seen first, at most 100.
func (s *Store) Sessions(ctx context.Context, ownerID, staffID string) ([]postern.Session, error) {
	return many(ctx, s.reader(), "Sessions", scanSession, "SELECT "+sessionColumns+" FROM session WHERE owner_id = $1 AND staff_id = $2 ORDER BY seen_at DESC, hash LIMIT "+strconv.Itoa(maxSessions), ownerID, staffID)
}

// TouchSession notes that a session was seen, unless that was noted after since.
func (s *Store) TouchSession(ctx context.Context, hash string, now, since time.Time) error {
	return s.Write(ctx, func(tx Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET seen_at = $2 WHERE hash = $1 AND seen_at <= $3", hash, micros(now), micros(since))
		return err
	})
}

// UseTOTPStep uses up a time step of a person's codes, or answers postern.CodeConflict when it or a later one was used before.
func (s *Store) UseTOTPStep(ctx context.Context, ownerID, id string, step int64) error {
	return s.Write(ctx, func(tx Tx) error {
		return mustChange(ctx, tx, stale("code", id), "UPDATE staff SET totp_step = $3 WHERE owner_id = $1 AND id = $2 AND totp_step < $3", ownerID, id, step)
	})
}

// forgottenAfter is when nobody counts a guess any more.
const forgottenAfter = 24 * time.Hour

// ForgetSessions deletes sessions and invitations that ended before a time, and guesses at secrets that were made before idleSince.
func (s *Store) ForgetSessions(ctx context.Context, before, idleSince time.Time) (deleted int64, err error) {
	err = s.Write(ctx, func(tx Tx) error {
		deleted, err = tx.Exec(ctx, "DELETE FROM session WHERE -- sweep\nexpires_at < $1 OR seen_at < $2", micros(before), micros(idleSince))
		if err != nil {
			return err
		}
		guesses, err := tx.Exec(ctx, "DELETE FROM throttle WHERE -- sweep\nuntil < $1 AND updated_at < $2", micros(before), micros(idleSince.Add(-forgottenAfter)))
		if err != nil {
			return err
		}
		deleted += guesses
		n, err := tx.Exec(ctx, "DELETE FROM invitation WHERE -- sweep\nexpires_at < $1", micros(before))
		deleted += n
		return err
	})
	return deleted, err
}
