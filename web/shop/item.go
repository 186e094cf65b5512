package shop

import (
	"net/http"
	"strconv"
	"strings"

	"postern"
	"postern/engine"
)

// itemScene loads what the page of an item depends on. It answers the request itself, and says false, when there is no such item.
func (h *Handler) itemScene(w http.ResponseWriter, r *http.Request) (itemScene, bool) {
	var s itemScene
	token := r.PathValue("token")
	err := error(postern.E(postern.CodeNotFound, "shop", "no item"))
	if postern.CheckID("", token) {
		s.item, err = h.cfg.Engine.Store.ItemByToken(r.Context(), token)
	}
	switch {
	case isNotFound(err):
		h.notFound.ServeHTTP(w, r)
		return s, false
	case err != nil:
		h.fail(w, r, "load the item", err)
		return s, false
	}
	var ok bool
	if s.base, ok = h.dress(w, r, s.item.MerchantID); !ok {
		return s, false
	}
	s.at.root, s.at.token = rootItem, token
	return s, true
}

// showItem answers GET /i/{token}. It makes nothing: a chat's preview opens every link that it sees.
func (h *Handler) showItem(w http.ResponseWriter, r *http.Request) {
	s, ok := h.itemScene(w, r)
	if !ok {
		return
	}
	s.visit = postern.NewToken(h.cfg.Engine.Env.Rand)
	if who, ok := buyerOf(r); ok {
		s.remember(who)
	}
	s.packed = s.packs(r)
	w.Header().Add("Vary", "Accept-Encoding")
	status := http.StatusOK
	if s.gone() {
		status = http.StatusGone
	}
	h.write(w, r, s.base, buildItem(s), status)
}

// placeOrder answers POST /i/{token}/order: it makes the order of this visit and leads to its checkout, where the wallet that works here is offered. What was
// refused comes back with everything that was typed.
func (h *Handler) placeOrder(w http.ResponseWriter, r *http.Request) {
	if !h.form(w, r) {
		return
	}
	s, ok := h.itemScene(w, r)
	if !ok {
		return
	}
	s.typed = readTyped(r)
	s.visit = r.PostForm.Get("visit")
	order, err := h.cfg.Engine.PlaceOrder(r.Context(), s.item.MerchantID, s.item.ID, s.typed.input(s.visit))
	if err == nil {
		h.keepBuyer(w, r, s.typed, s.item.Delivers)
		h.toCheckout(w, r, s.base, order)
		return
	}
	switch postern.CodeOf(err) {
	case postern.CodeInternal, postern.CodeCommitUnknown, postern.CodeConflict, postern.CodeInFlight:
		h.fail(w, r, "order", err)
		return
	}
	s.refused = refusal(err)
	if s.item, err = h.cfg.Engine.Store.Item(r.Context(), s.item.MerchantID, s.item.ID); err != nil { // as it is now: that may be why
		h.fail(w, r, "load the item again", err)
		return
	}
	if s.refused.Field == "visit" { // it was of another item, or too old to be known: a new one costs the buyer a tap
		s.visit = postern.NewToken(h.cfg.Engine.Env.Rand)
	}
	status := http.StatusUnprocessableEntity
	if s.gone() {
		status = http.StatusGone
	}
	h.write(w, r, s.base, buildItem(s), status)
}

// toCheckout leads to where the order is paid; to its own page when that is over, as it is for a form that comes again much later.
func (h *Handler) toCheckout(w http.ResponseWriter, r *http.Request, b base, order postern.Order) {
	state, err := h.cfg.Engine.Store.LoadState(r.Context(), order.MerchantID, order.PaymentID)
	if err != nil {
		h.fail(w, r, "load the payment", err)
		return
	}
	if _, ended := state.Payment.Ended(b.now); ended {
		back(w, r, b.at.other(rootOrder, order.Token))
		return
	}
	back(w, r, b.at.other(rootCheckout, state.Payment.LinkToken))
}

// forget answers POST /i/{token}/forget: this device no longer knows the buyer.
func (h *Handler) forget(w http.ResponseWriter, r *http.Request) {
	if !h.form(w, r) {
		return
	}
	s, ok := h.itemScene(w, r)
	if !ok {
		return
	}
	http.SetCookie(w, h.buyerCookie("", -1))
	back(w, r, s.at.to(""))
}

// typed is what a buyer's form says, as text.
type typed struct {
	variant, price, quantity, fee                string
	name, phone, region, address, note, remember string
}

// Bounds of what is shown again; the engine has its own, stricter ones.
const maxEcho = 600 // bytes of a field

func readTyped(r *http.Request) typed {
	get := func(name string) string {
		v := plain(strings.ToValidUTF8(strings.Join(strings.Fields(r.PostForm.Get(name)), " "), ""))
		return strings.ToValidUTF8(v[:min(maxEcho, len(v))], "")
	}
	t := typed{
		quantity: get("quantity"), fee: get("fee"), name: get("name"), phone: get("phone"), region: get("region"), address: get("address"), note: get("note"), remember: get("remember"),
	}
	t.variant, t.price, _ = strings.Cut(get("variant"), ":")
	return t
}

// input is the order that the form asks for. A number that is none becomes one that the engine refuses.
func (t typed) input(visit string) engine.OrderInput {
	return engine.OrderInput{
		Visit: visit, VariantID: t.variant, Quantity: number(t.quantity), UnitPrice: number(t.price), DeliveryFee: number(t.fee),
		Name: t.name, Phone: t.phone, Region: t.region, Address: t.address, Note: t.note,
	}
}

// number reads a whole number as people type it, full width too; -1 for anything else.
func number(s string) int64 {
	plain := strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return '0' + r - '０'
		}
		return r
	}, s)
	n, err := strconv.ParseInt(plain, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
