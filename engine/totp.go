package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"postern"
	"postern/vault"
)

// What RFC 6238 leaves open, as every authenticator app has it: SHA-1, six digits, thirty seconds. A code of the step before or after is taken too.
const (
	totpStep   = 30 * time.Second
	totpDrift  = 1
	totpSecret = 20 // bytes
)

var totpText = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTP returns a fresh secret as authenticator apps take it, in base32. It is stored by SetTOTP only, once a code has shown that the app has it.
func (e *Engine) NewTOTP() (string, error) {
	b := make([]byte, totpSecret)
	if _, err := io.ReadFull(e.Env.Rand, b); err != nil {
		return "", postern.Wrap(postern.CodeInternal, "engine.NewTOTP", err)
	}
	return totpText.EncodeToString(b), nil
}

// TOTPAddress is what the QR code of a secret says.
func TOTPAddress(secret, login string) string {
	q := url.Values{"secret": {secret}, "issuer": {"Postern"}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {"30"}}
	return "otpauth://totp/" + url.PathEscape("Postern:"+login) + "?" + q.Encode()
}

// totpCode is the code of one step.
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[at:at+4])&0x7fffffff)%1_000_000)
}

// matchTOTP finds the step that a code belongs to: one that was not used before.
func matchTOTP(secret []byte, code string, now time.Time, used int64) (int64, bool) {
	at := now.Unix() / int64(totpStep/time.Second)
	found, ok := int64(0), false
	for step := at - totpDrift; step <= at+totpDrift; step++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, step)), []byte(code)) == 1 && step > used {
			found, ok = step, true
		}
	}
	return found, ok
}

func totpRef(who postern.Staff) vault.Ref {
	return vault.Ref{Owner: who.OwnerID, Table: "staff", Column: "totp", Row: who.ID}
}

// wrongCode is the answer to a code that does not hold, whatever the reason.
func wrongCode() error {
	return &postern.Error{Code: postern.CodeUnauthenticated, Op: "engine.CheckCode", Field: "code", Message: "the code is wrong or was used before", Fix: "wait for the next one"}
}

// digitsOf leaves the digits of a code as people type it: "123 456".
func digitsOf(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return -1
	}, clip(code, 40))
}

// useCode checks a code against the person's stored secret and uses its step up.
func (e *Engine) useCode(ctx context.Context, who postern.Staff, code string) error {
	secret, err := e.Vault.Open(totpRef(who), who.TOTP)
	if err != nil {
		return postern.Wrap(postern.CodeInternal, "engine.useCode", err)
	}
	step, ok := matchTOTP(secret, digitsOf(code), e.now(), who.TOTPStep)
	if !ok {
		return wrongCode()
	}
	err = e.Store.UseTOTPStep(ctx, who.OwnerID, who.ID, step)
	if postern.CodeOf(err) == postern.CodeConflict && err != nil {
		return wrongCode()
	}
	return err
}

// SetTOTP turns the second step on for a person: secret is from NewTOTP, code shows that the app has it. All other sessions of the person end.
func (e *Engine) SetTOTP(ctx context.Context, who postern.Staff, keep, secret, code string) error {
	plain, err := totpText.DecodeString(strings.ToUpper(clip(secret, 64)))
	if err != nil || len(plain) != totpSecret {
		return postern.Invalid("secret", postern.CodeInvalid, "the secret is none of ours", "open the page again")
	}
	step, ok := matchTOTP(plain, digitsOf(code), e.now(), 0)
	if !ok {
		return wrongCode()
	}
	sealed, err := e.Vault.Seal(totpRef(who), plain)
	if err != nil {
		return postern.Wrap(postern.CodeInternal, "engine.SetTOTP", err)
	}
	_, err = e.changeStaff(ctx, ActorOf(who), who.OwnerID, who.ID, staffChange{act: "staff.totp_on", ends: true, keep: keep, edit: func(s *postern.Staff) error {
		s.TOTP = sealed
		return nil
	}})
	if err != nil {
		return err
	}
	// The code of this moment is used up. When that fails, it works once more within its minute, and nothing else is lost.
	if err := e.Store.UseTOTPStep(ctx, who.OwnerID, who.ID, step); err != nil && postern.CodeOf(err) != postern.CodeConflict {
		return err
	}
	return nil
}

// RemoveTOTP turns the second step off for the person, who says the password.
func (e *Engine) RemoveTOTP(ctx context.Context, who postern.Staff, keep, password string) error {
	if err := e.samePassword(ctx, who, password); err != nil {
		return err
	}
	_, err := e.changeStaff(ctx, ActorOf(who), who.OwnerID, who.ID, staffChange{act: "staff.totp_off", ends: true, keep: keep, edit: func(s *postern.Staff) error {
		s.TOTP = nil
		return nil
	}})
	return err
}

// ResetTOTP turns the second step off for somebody who has lost the phone, and signs them out everywhere.
func (e *Engine) ResetTOTP(ctx context.Context, by Actor, ownerID, id string) (postern.Staff, error) {
	return e.changeStaff(ctx, by, ownerID, id, staffChange{act: "staff.totp_reset", ends: true, edit: func(s *postern.Staff) error {
		s.TOTP = nil
		return nil
	}})
}
