package shop

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"postern"
	"postern/store"
)

const maxRefunds = 50 // of one order on its page

// orderScene loads what the page of an order depends on. It answers the request itself, and says false, when there is no such order. Of the shop nothing is needed
// that can end: neither the item, nor the channel, nor the buyer's own data, which retention deletes.
func (h *Handler) orderScene(w http.ResponseWriter, r *http.Request) (orderScene, bool) {
	var s orderScene
	ctx, db, token := r.Context(), h.cfg.Engine.Store, r.PathValue("token")
	err := error(postern.E(postern.CodeNotFound, "shop", "no order"))
	if postern.CheckID("", token) {
		s.order, err = db.OrderByToken(ctx, token)
	}
	if isNotFound(err) {
		h.notFound.ServeHTTP(w, r)
		return s, false
	}
	if err == nil {
		s.state, err = db.LoadState(ctx, s.order.MerchantID, s.order.PaymentID)
	}
	if err == nil {
		s.refunds, _, err = db.Refunds(ctx, s.order.MerchantID, s.order.PaymentID, store.Page{Limit: maxRefunds})
		slices.Reverse(s.refunds)
	}
	if err == nil {
		if s.who, err = db.OrderBuyer(ctx, s.order.MerchantID, s.order.ID); isNotFound(err) {
			err = nil
		}
	}
	if err == nil {
		var item postern.ShopItem
		if item, err = db.Item(ctx, s.order.MerchantID, s.order.ItemID); err == nil {
			s.item = item.Token
		} else if isNotFound(err) {
			err = nil
		}
	}
	if err != nil {
		h.fail(w, r, "load the order", err)
		return s, false
	}
	var ok bool
	if s.base, ok = h.dress(w, r, s.order.MerchantID); !ok {
		return s, false
	}
	s.at.root, s.at.token = rootOrder, token
	return s, true
}

// showOrder answers GET /o/{token}.
func (h *Handler) showOrder(w http.ResponseWriter, r *http.Request) {
	if s, ok := h.orderScene(w, r); ok {
		h.write(w, r, s.base, buildOrder(s), http.StatusOK)
	}
}

// news is the live status. Another rev than the page's means that the page would look different now.
type news struct {
	State string `json:"state"`
	Rev   string `json:"rev"`
}

// status answers GET /o/{token}/status; with the tag of what is known already, nothing is sent.
func (h *Handler) status(w http.ResponseWriter, r *http.Request) {
	s, ok := h.orderScene(w, r)
	if !ok {
		return
	}
	tag := `"` + s.rev() + `"`
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("X-Robots-Tag", "noindex, nofollow")
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(news{State: string(s.order.State), Rev: s.rev()}) // the buyer has gone: nobody to tell
}

// receipt answers GET /o/{token}/receipt: what is printed. Before anything was paid there is none, and the order's page says so.
func (h *Handler) receipt(w http.ResponseWriter, r *http.Request) {
	s, ok := h.orderScene(w, r)
	if !ok {
		return
	}
	p, ok := buildReceipt(s)
	if !ok {
		back(w, r, s.at.to(""))
		return
	}
	h.write(w, r, s.base, p, http.StatusOK)
}

// cancel answers POST /o/{token}/cancel. Money that is faster than the cancel pays the order, and its page shows that.
func (h *Handler) cancel(w http.ResponseWriter, r *http.Request) {
	if !h.form(w, r) {
		return
	}
	s, ok := h.orderScene(w, r)
	if !ok {
		return
	}
	if s.order.State == postern.OrderWaiting {
		_, err := h.cfg.Engine.CancelOrder(r.Context(), s.order.MerchantID, s.order.ID)
		if err != nil && !slices.Contains([]postern.Code{postern.CodeAlreadyPaid, postern.CodePaymentClosed}, postern.CodeOf(err)) {
			h.fail(w, r, "cancel", err)
			return
		}
	}
	back(w, r, s.at.to(""))
}

// ask answers POST /o/{token}/ask: the buyer wants the money back, and the seller answers.
func (h *Handler) ask(w http.ResponseWriter, r *http.Request) {
	if !h.form(w, r) {
		return
	}
	s, ok := h.orderScene(w, r)
	if !ok {
		return
	}
	s.reason = plain(strings.ToValidUTF8(strings.Join(strings.Fields(r.PostForm.Get("reason")), " "), ""))
	_, err := h.cfg.Engine.AskRefund(r.Context(), s.order.MerchantID, s.order.ID, s.reason)
	switch {
	case err == nil, postern.CodeOf(err) == postern.CodeConflict: // asked already, or nothing to ask for: the page shows what is the case
		back(w, r, s.at.to(""))
	case refusal(err).Field == "reason":
		s.badReason = true
		h.write(w, r, s.base, buildOrder(s), http.StatusUnprocessableEntity)
	default:
		h.fail(w, r, "ask", err)
	}
}
