// Package webhook tells merchants what happened, as Standard Webhooks 1.0.0 says: one sequencer numbers committed events, deliveries are signed, retried for
// more than three days, and can be replayed.
package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// secretPrefix marks a symmetric secret (Standard Webhooks 1.0.0).
const secretPrefix = "whsec_"

// NewSecret mints an endpoint's secret: 32 random bytes in base64 behind whsec_.
func NewSecret(random io.Reader) (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:]), nil
}

// Sign returns the webhook-signature header of one message: HMAC-SHA256 over id.timestamp.body, with every secret given, the newest first, so that a
// merchant can rotate without losing one message. at is written in whole seconds.
func Sign(id string, at time.Time, body []byte, secrets ...string) (string, error) {
	var signatures []string
	for _, secret := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
		if err != nil || len(key) < 24 {
			return "", errors.New("webhook: the endpoint's secret is not whsec_ and base64 of at least 24 bytes")
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "."))
		mac.Write(body)
		signatures = append(signatures, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(signatures, " "), nil
}

// Body is what a merchant receives. Sequence counts the merchant's events from 1 without a gap; Data is the object as it was when the event happened.
type Body struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
	Sequence  int64     `json:"sequence" doc:"Counts your events from 1 without a gap."`
	Livemode  bool      `json:"livemode"`
	// MerchantID is told where many merchants are told of at one address: a partner's.
	MerchantID string          `json:"merchant_id,omitempty" doc:"Whose event it is, where a partner is told."`
	Data       json.RawMessage `json:"data" doc:"The objects that the event is about (payment, attempt, refund, surplus), whole, as they were when it happened."`
}

// bodyFor is BodyOf with the merchant's id where the endpoint is not the merchant's own.
func bodyFor(e postern.Event, endpoint store.Endpoint) Body {
	body := BodyOf(e)
	if endpoint.MerchantID != e.MerchantID {
		body.MerchantID = e.MerchantID
	}
	return body
}

// BodyOf returns the JSON of an event, the same bytes for every try and for the events list of the API.
func BodyOf(e postern.Event) Body {
	return Body{ID: e.ID, Type: string(e.Type), CreatedAt: e.CreatedAt.UTC(), Sequence: e.Position, Livemode: e.Live, Data: json.RawMessage(e.Data)}
}
