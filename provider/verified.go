package provider

import (
	"errors"
	"net/http"
	"time"
)

// ErrUnverified means that no key of the credential set made the message's signature.
var ErrUnverified = errors.New("provider: the signature is not one of this credential set's")

// Message is a notification as it arrived: the raw bytes, never re-encoded. Body is the body of a POST, or the query of a GET.
type Message struct {
	Header http.Header
	Body   []byte
	// ReceivedAt is for protocols whose signature carries a time.
	ReceivedAt time.Time
}

// Notice is what a verified message says. For a payment Number is the attempt's order number; for a refund RefundNumber is set as well.
type Notice struct {
	// Account is the provider's name for whose money it is, as in the settings (app_id, mchid); SettingsMatch says that every account field of the message
	// equals the credential set's.
	Account       string
	SettingsMatch bool
	Number        string
	RefundNumber  string
	State         State
	RefundState   RefundState
	Money         *Money
	RefundAmount  int64
	Code          string
	Message       string
	OccurredAt    time.Time
}

// Verified is a notice whose signature was checked. It has no exported fields and one constructor, which really verifies, so that the engine cannot be handed
// anything else. The zero value is refused by Notice.
type Verified struct {
	notice Notice
	keyID  string
	ok     bool
}

// Verify checks a signature with the candidates in turn and, only when one fits, reads the notice from the message. It returns ErrUnverified when none fits.
func Verify(candidates []Verifier, alg Alg, message, signature []byte, read func() (Notice, error)) (Verified, error) {
	if len(signature) == 0 {
		return Verified{}, ErrUnverified
	}
	for _, v := range candidates {
		if v.Verify(alg, message, signature) != nil {
			continue
		}
		notice, err := read()
		if err != nil {
			return Verified{}, err
		}
		return Verified{notice: notice, keyID: v.KeyID(), ok: true}, nil
	}
	return Verified{}, ErrUnverified
}

// Notice returns what the message says, and false for a value that no verification made.
func (v Verified) Notice() (Notice, bool) { return v.notice, v.ok }

// KeyID names the key that signed.
func (v Verified) KeyID() string { return v.keyID }
