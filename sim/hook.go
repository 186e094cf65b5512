package sim

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"postern/webhook"
)

// Hook is the merchant's webhook receiver. It checks every signature with the public library and can be made to fail.
type Hook struct {
	Secret string

	mu sync.Mutex
	// Down answers 503 while set.
	Down bool
	got  []webhook.Body
	bad  []string
}

// SetDown switches the receiver off and on.
func (h *Hook) SetDown(down bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.Down = down
}

// Got returns what was received and believed, in order of arrival.
func (h *Hook) Got() []webhook.Body {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]webhook.Body(nil), h.got...)
}

// Bad returns what was received and not believed.
func (h *Hook) Bad() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.bad...)
}

func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.Down {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "cut", http.StatusBadRequest)
		return
	}
	verifier, err := standardwebhooks.NewWebhook(h.Secret)
	if err == nil {
		err = verifier.VerifyIgnoringTimestamp(payload, r.Header)
	}
	var body webhook.Body
	if err == nil {
		err = json.Unmarshal(payload, &body)
	}
	if err != nil {
		h.bad = append(h.bad, err.Error())
		http.Error(w, "not believed", http.StatusUnauthorized)
		return
	}
	h.got = append(h.got, body)
}
