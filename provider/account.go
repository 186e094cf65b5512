package provider

import (
	"context"
	"time"

	"postern"
)

// PermissionReader asks the provider what an account, or a merchant under it, may not do any more. Nothing said means nothing withdrawn.
type PermissionReader interface {
	ReadPermissions(ctx context.Context, call Call) PermissionsResult
}

// PermissionsResult is what a provider says of an account. Known is false when the answer did not come or could not be believed: then nothing changes. Withdrawn
// lists each act (and product) that is refused now, with source notice and the provider's words as its note; what is not in it is allowed as far as the
// provider says.
type PermissionsResult struct {
	Known     bool
	Withdrawn []postern.Permission
	Class     Class
	Code      string
	Message   string
	Exchange  Exchange
}

// AccountNoticer reads what a provider tells about an account rather than about an order: violations, limits, expiring papers. Such messages arrive at an
// address of the credential set.
type AccountNoticer interface {
	// ReadAccountNotice fails unless the message is verified with a key of this credential set.
	ReadAccountNotice(call Call, message Message) (VerifiedAccount, error)
	// Acknowledge returns the exact bytes that tell the provider to stop (ok) or to send again.
	Acknowledge(ok bool) Reply
}

// AccountNotice is one such message. SubMerchant names the merchant under a partner's account, empty for the account itself. Ask says that the permissions should be
// asked for, because the message does not say all. Withdrawn are the permissions that the message itself takes away.
type AccountNotice struct {
	ID          string
	SubMerchant string
	Kind        string
	Text        string
	Ask         bool
	Withdrawn   []postern.Permission
	OccurredAt  time.Time
}

// VerifiedAccount is an account notice whose signature was checked; like Verified it has one constructor.
type VerifiedAccount struct {
	notice AccountNotice
	keyID  string
	ok     bool
}

// VerifyAccount checks a signature with the candidates in turn and, only when one fits, reads the notice. It returns ErrUnverified when none fits.
func VerifyAccount(candidates []Verifier, alg Alg, message, signature []byte, read func() (AccountNotice, error)) (VerifiedAccount, error) {
	var notice AccountNotice
	v, err := Verify(candidates, alg, message, signature, func() (n Notice, err error) {
		notice, err = read()
		return n, err
	})
	if err != nil {
		return VerifiedAccount{}, err
	}
	return VerifiedAccount{notice: notice, keyID: v.KeyID(), ok: true}, nil
}

// Notice returns what the message says, and false for a value that no verification made.
func (v VerifiedAccount) Notice() (AccountNotice, bool) { return v.notice, v.ok }

// KeyID names the key that signed.
func (v VerifiedAccount) KeyID() string { return v.keyID }
