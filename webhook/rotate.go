package webhook

import (
	"context"
	"io"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/store"
)

// Overlap of a rotation: how long messages go on being signed with the old secret beside the new one.
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 7 * 24 * time.Hour
	maxRing        = 4
)

// A ring is the text that is sealed in an endpoint's row: one secret a line, the newest first; an older one is followed by a blank and the second (Unix time)
// from which it signs no more.

// ringAt returns the secrets that sign at this time, the newest first.
func ringAt(ring string, now time.Time) []string {
	var secrets []string
	for _, entry := range strings.Split(ring, "\n") {
		secret, until, dated := strings.Cut(entry, " ")
		if dated {
			if end, err := strconv.ParseInt(until, 10, 64); err != nil || now.Unix() >= end {
				continue
			}
		}
		secrets = append(secrets, secret)
	}
	return secrets
}

// turn puts a new secret before those that still sign. The one that was newest signs until the given time, older ones until their own.
func turn(ring, secret string, now, until time.Time) string {
	entries := []string{secret}
	for _, entry := range strings.Split(ring, "\n") {
		old, end, dated := strings.Cut(entry, " ")
		if !dated {
			end = strconv.FormatInt(until.Unix(), 10)
		}
		if entry = old + " " + end; len(ringAt(entry, now)) == 1 && len(entries) < maxRing {
			entries = append(entries, entry)
		}
	}
	return strings.Join(entries, "\n")
}

// Rotate gives an endpoint a new secret, which it returns once. For the overlap (0 to MaxOverlap) messages carry both signatures, the new one first, so that the
// merchant's receiver may change over at any moment in between without refusing one message.
func (s *Sender) Rotate(ctx context.Context, merchantID, endpointID string, overlap time.Duration, random io.Reader) (store.Endpoint, string, error) {
	endpoint, err := s.Store.Endpoint(ctx, merchantID, endpointID)
	if err != nil {
		return endpoint, "", err
	}
	ref := SecretRef(merchantID, endpointID)
	ring, err := s.Vault.Open(ref, endpoint.Secret)
	if err != nil {
		return endpoint, "", postern.Wrap(postern.CodeInternal, "webhook.Rotate", err)
	}
	secret, err := NewSecret(random)
	if err != nil {
		return endpoint, "", postern.Wrap(postern.CodeInternal, "webhook.Rotate", err)
	}
	now := s.Now()
	if endpoint.Secret, err = s.Vault.Seal(ref, []byte(turn(string(ring), secret, now, now.Add(overlap)))); err != nil {
		return endpoint, "", postern.Wrap(postern.CodeInternal, "webhook.Rotate", err)
	}
	return endpoint, secret, s.Store.SaveEndpoint(ctx, endpoint)
}
