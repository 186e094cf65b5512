package engine

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// How long a session lasts: since it was last seen, and at most. It is noted at most once a minute that it was seen.
const (
	sessionIdle  = 12 * time.Hour
	sessionMost  = 14 * 24 * time.Hour
	sessionNoted = time.Minute
	maxUserAgent = 200
)

// SessionHash is what is stored of a session's secret.
func SessionHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newSecret returns 256 random bits in URL-safe base64.
func (e *Engine) newSecret() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(e.Env.Rand, b[:]); err != nil {
		return "", postern.Wrap(postern.CodeInternal, "engine.newSecret", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// OpenSession signs a person in and returns the session's secret, which is stored nowhere. It does not ask for a password: SignIn does.
func (e *Engine) OpenSession(ctx context.Context, who postern.Staff, userAgent string) (string, error) {
	secret, err := e.newSecret()
	if err != nil {
		return "", err
	}
	now := e.now()
	session := postern.Session{
		Hash: SessionHash(secret), OwnerID: who.OwnerID, StaffID: who.ID, UserAgent: clip(strings.ToValidUTF8(strings.ReplaceAll(userAgent, "\x00", ""), ""), maxUserAgent), CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(sessionMost),
	}
	act := e.audit(ActorOf(who), who.OwnerID, "session.open", who.ID, "")
	return secret, e.commit(ctx, store.Change{MerchantID: who.OwnerID, At: now, Sessions: []postern.Session{session}, Audits: []postern.Audit{act}})
}

// ActorOf is a person as audits name them.
func ActorOf(who postern.Staff) Actor {
	return Actor{StaffOwnerID: who.OwnerID, StaffID: who.ID, Who: who.Name}
}

// SessionOf says who is signed in with a secret. A session that has run out, or whose person was disabled, is postern.CodeUnauthenticated, like none.
func (e *Engine) SessionOf(ctx context.Context, secret string) (postern.Session, postern.Staff, error) {
	none := postern.E(postern.CodeUnauthenticated, "engine.SessionOf", "nobody is signed in")
	if len(secret) != base64.RawURLEncoding.EncodedLen(32) {
		return postern.Session{}, postern.Staff{}, none
	}
	session, who, err := e.Store.SessionAndStaff(ctx, SessionHash(secret))
	if postern.CodeOf(err) == postern.CodeNotFound && err != nil {
		return session, who, none
	}
	if err != nil {
		return session, who, err
	}
	now := e.now()
	if !now.Before(session.ExpiresAt) || now.Sub(session.SeenAt) >= sessionIdle || !who.DisabledAt.IsZero() {
		return postern.Session{}, postern.Staff{}, none
	}
	if now.Sub(session.SeenAt) >= sessionNoted {
		err = e.Store.TouchSession(ctx, session.Hash, now, now.Add(-sessionNoted))
	}
	return session, who, err
}

// SignOut ends the session in which a person is, by its hash.
func (e *Engine) SignOut(ctx context.Context, who postern.Staff, hash string) error {
	return e.closeSession(ctx, who, hash, e.audit(ActorOf(who), who.OwnerID, "session.sign_out", who.ID, ""))
}

// CloseSession signs a person out of one session elsewhere, by its hash; postern.CodeNotFound when it is none of theirs.
func (e *Engine) CloseSession(ctx context.Context, who postern.Staff, hash string) error {
	return e.closeSession(ctx, who, hash, e.audit(ActorOf(who), who.OwnerID, "session.close", who.ID, ""))
}

func (e *Engine) closeSession(ctx context.Context, who postern.Staff, hash string, act postern.Audit) error {
	list, err := e.Store.Sessions(ctx, who.OwnerID, who.ID)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Hash == hash {
			end := store.SessionsEnd{OwnerID: who.OwnerID, StaffID: who.ID, Only: hash}
			return e.commit(ctx, store.Change{MerchantID: who.OwnerID, At: e.now(), SessionsEnd: []store.SessionsEnd{end}, Audits: []postern.Audit{act}})
		}
	}
	return postern.E(postern.CodeNotFound, "engine.CloseSession", "there is no such session")
}

// CloseSessions signs a person out everywhere, but for the session whose hash is keep.
func (e *Engine) CloseSessions(ctx context.Context, who postern.Staff, keep string) error {
	now := e.now()
	return e.commit(ctx, store.Change{
		MerchantID: who.OwnerID, At: now, SessionsEnd: []store.SessionsEnd{{OwnerID: who.OwnerID, StaffID: who.ID, Keep: keep}},
		Audits: []postern.Audit{e.audit(ActorOf(who), who.OwnerID, "session.close_all", who.ID, "")},
	})
}

// clip cuts a text that comes from outside to at most n bytes, at a character's boundary.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
