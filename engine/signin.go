package engine

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"postern"
	"postern/vault"
)

var loginForm = regexp.MustCompile(`^[\p{L}\p{N}@._+-]{3,64}$`)

// Login writes a login as it is stored: lower case, and a phone number as its digits however it was typed.
func Login(typed string) string {
	typed = strings.TrimSpace(typed)
	if phone, ok := postern.ParsePhone(typed); ok {
		return phone
	}
	return strings.ToLower(typed)
}

// wrongSignIn is the one answer to every sign-in that fails: it never says whether the login exists.
func wrongSignIn() error {
	return postern.E(postern.CodeUnauthenticated, "engine.SignIn", "the login or the password is wrong")
}

func guessLogin(login string) string  { return "login\n" + login }
func guessAddress(from string) string { return "address\n" + from }

// SignIn checks a login with its password. From is the address of whoever tries: guesses are counted by login and by address. An unknown login costs the same work
// as a known one and gets the same postern.CodeUnauthenticated; too many tries are postern.CodeRateLimited. A person with a second step (TOTP) is not in yet:
// CheckCode has to follow.
func (e *Engine) SignIn(ctx context.Context, login, password, from string) (postern.Staff, error) {
	login = Login(clip(login, 4*64))
	for _, subject := range []string{guessAddress(from), guessLogin(login)} {
		if err := e.Guess(ctx, subject); err != nil {
			return postern.Staff{}, err
		}
	}
	who, err := e.Store.StaffByLogin(ctx, login)
	if err != nil && postern.CodeOf(err) != postern.CodeNotFound {
		return who, err
	}
	match, current, err := matchPassword(ctx, who.Password, clip(password, mostPassword+1))
	if err != nil {
		return postern.Staff{}, err
	}
	if !match || !who.DisabledAt.IsZero() {
		return postern.Staff{}, wrongSignIn()
	}
	if !current {
		if err := e.rehash(ctx, &who, password); err != nil {
			return who, err
		}
	}
	if len(who.TOTP) > 0 {
		return who, nil
	}
	return who, e.forgiveSignIn(ctx, who, from)
}

// rehash stores a password anew under today's parameters. Somebody else's change at the same moment is no reason to turn the person away.
func (e *Engine) rehash(ctx context.Context, who *postern.Staff, password string) error {
	text, err := e.hashPassword(ctx, password)
	if err != nil {
		return err
	}
	changed, err := e.changeStaff(ctx, ActorOf(*who), who.OwnerID, who.ID, staffChange{act: "staff.rehash", edit: func(s *postern.Staff) error {
		if s.Password == who.Password {
			s.Password = text
		}
		return nil
	}})
	if err == nil {
		*who = changed
	}
	return err
}

func (e *Engine) forgiveSignIn(ctx context.Context, who postern.Staff, from string) error {
	for _, subject := range []string{guessAddress(from), guessLogin(who.Login), guessCode(who)} {
		if err := e.Forgive(ctx, subject); err != nil {
			return err
		}
	}
	return nil
}

func guessCode(who postern.Staff) string { return "code\n" + who.ID }

// CheckCode is the second step of a sign-in: a code of the person's app, which works once.
func (e *Engine) CheckCode(ctx context.Context, who postern.Staff, code, from string) error {
	for _, subject := range []string{guessAddress(from), guessCode(who)} {
		if err := e.Guess(ctx, subject); err != nil {
			return err
		}
	}
	if err := e.useCode(ctx, who, code); err != nil {
		return err
	}
	return e.forgiveSignIn(ctx, who, from)
}

// ticketLasts is how long a person has for the second step.
const ticketLasts = 5 * time.Minute

// ticket says that a password was right, between the two steps of a sign-in. It is sealed and travels through the form.
type ticket struct {
	OwnerID string    `json:"o"`
	StaffID string    `json:"s"`
	Version int64     `json:"v"`
	Until   time.Time `json:"u"`
}

var ticketRef = vault.Ref{Owner: "platform", Table: "staff", Column: "ticket", Row: "sign-in"}

// Ticket is what the form of the second step carries: whoever has it knew the password within the last five minutes.
func (e *Engine) Ticket(who postern.Staff) (string, error) {
	text, err := json.Marshal(ticket{who.OwnerID, who.ID, who.Version, e.now().Add(ticketLasts)})
	if err != nil {
		return "", postern.Wrap(postern.CodeInternal, "engine.Ticket", err)
	}
	sealed, err := e.Vault.Seal(ticketRef, text)
	if err != nil {
		return "", postern.Wrap(postern.CodeInternal, "engine.Ticket", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// maxTicket bounds a ticket, in bytes.
const maxTicket = 2048

// StaffOfTicket finds the person of a ticket. One that has run out, or whose person has changed since, is postern.CodeUnauthenticated like a forged one.
func (e *Engine) StaffOfTicket(ctx context.Context, text string) (postern.Staff, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(clip(text, maxTicket))
	if err != nil {
		return postern.Staff{}, wrongSignIn()
	}
	plain, err := e.Vault.Open(ticketRef, sealed)
	if err != nil {
		return postern.Staff{}, wrongSignIn()
	}
	var t ticket
	if err := json.Unmarshal(plain, &t); err != nil || !e.now().Before(t.Until) {
		return postern.Staff{}, wrongSignIn()
	}
	who, err := e.Store.Staff(ctx, t.OwnerID, t.StaffID)
	if err != nil {
		return who, err
	}
	if who.Version != t.Version || !who.DisabledAt.IsZero() || len(who.TOTP) == 0 {
		return postern.Staff{}, wrongSignIn()
	}
	return who, nil
}

// samePassword asks a person who is signed in for the password once more. Guesses are counted as at a sign-in.
func (e *Engine) samePassword(ctx context.Context, who postern.Staff, password string) error {
	if err := e.Guess(ctx, guessLogin(who.Login)); err != nil {
		return err
	}
	match, _, err := matchPassword(ctx, who.Password, clip(password, mostPassword+1))
	if err != nil {
		return err
	}
	if !match {
		return postern.Invalid("old", postern.CodeInvalid, "the present password is wrong", "type the password with which you sign in")
	}
	return e.Forgive(ctx, guessLogin(who.Login))
}
