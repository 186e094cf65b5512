package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
)

// AlgorithmGCM is the only algorithm of encrypted resources.
const AlgorithmGCM = "AEAD_AES_256_GCM"

// Event types of notifications.
const (
	EventPaid           = "TRANSACTION.SUCCESS"
	EventRefundSuccess  = "REFUND.SUCCESS"
	EventRefundAbnormal = "REFUND.ABNORMAL"
	EventRefundClosed   = "REFUND.CLOSED"
)

// ErrResource is wrapped when an encrypted resource is malformed or does not open.
var ErrResource = errors.New("wechatpay: encrypted resource cannot be opened")

// OpenFunc decrypts with AES-256-GCM; ciphertext ends with the 16-byte tag.
type OpenFunc func(nonce, ciphertext, additional []byte) ([]byte, error)

// SealFunc encrypts with AES-256-GCM and returns ciphertext and tag.
type SealFunc func(nonce, plaintext, additional []byte) ([]byte, error)

// Notification is the body of a callback. Resource is read only after the signature over the raw body was verified.
type Notification struct {
	ID           string   `json:"id"`
	CreateTime   string   `json:"create_time"`
	ResourceType string   `json:"resource_type"`
	EventType    string   `json:"event_type"`
	Summary      string   `json:"summary"`
	Resource     Resource `json:"resource"`
}

// Resource is an AES-256-GCM box: the nonce and additional data are ASCII, the ciphertext base64 of ciphertext and tag. AssociatedData is always written,
// because wechatpay-java fails when it is absent.
type Resource struct {
	OriginalType   string `json:"original_type,omitempty"`
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	AssociatedData string `json:"associated_data"`
	Nonce          string `json:"nonce"`
}

// ParseNotification reads a notification body strictly. It returns ErrJSON or ErrResource wrapped with the reason.
func ParseNotification(raw []byte) (Notification, error) {
	var n Notification
	if err := Decode(raw, &n); err != nil {
		return n, err
	}
	if n.ID == "" || n.EventType == "" {
		return n, fmt.Errorf("%w: id or event_type is missing", ErrJSON)
	}
	return n, n.Resource.check()
}

func (r Resource) check() error {
	switch {
	case r.Algorithm != AlgorithmGCM:
		return fmt.Errorf("%w: algorithm %.40q", ErrResource, r.Algorithm)
	case len(r.Nonce) != 12:
		return fmt.Errorf("%w: nonce has %d bytes, not 12", ErrResource, len(r.Nonce))
	case r.Ciphertext == "":
		return fmt.Errorf("%w: no ciphertext", ErrResource)
	}
	return nil
}

// Open decrypts the resource. It returns ErrResource wrapped with the reason, or with the error of open.
func (r Resource) Open(open OpenFunc) ([]byte, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	ct, err := base64.StdEncoding.Strict().DecodeString(r.Ciphertext)
	if err != nil {
		return nil, fmt.Errorf("%w: ciphertext is not base64", ErrResource)
	}
	plain, err := open([]byte(r.Nonce), ct, []byte(r.AssociatedData))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResource, err)
	}
	return plain, nil
}

// SealResource encrypts plaintext under a 12-character ASCII nonce. originalType and associatedData are "transaction" or "refund" for notifications; for a
// certificate the original type is empty. It returns the error of seal.
func SealResource(originalType, associatedData, nonce string, plaintext []byte, seal SealFunc) (Resource, error) {
	ct, err := seal([]byte(nonce), plaintext, []byte(associatedData))
	if err != nil {
		return Resource{}, err
	}
	return Resource{OriginalType: originalType, Algorithm: AlgorithmGCM, AssociatedData: associatedData, Nonce: nonce,
		Ciphertext: base64.StdEncoding.EncodeToString(ct)}, nil
}

// Ack is the body of our answer to a notification. WeChat judges by the HTTP status; the body is for people who read logs.
type Ack struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}
