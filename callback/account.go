package callback

import "net/http"

// account serves POST /a/{id}: what a provider tells about an account rather than about an order.
func (h *Handler) account(w http.ResponseWriter, r *http.Request) {
	h.take(w, r, h.Engine.NotifyAccount)
}
