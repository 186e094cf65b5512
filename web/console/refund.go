package console

import (
	"net/http"
	"strings"

	"postern"
	"postern/engine"
)

// refundRoutes are the pages of refunds that two persons end: given back outside the provider, or stuck on the way.
var refundRoutes = []route{
	{pattern: "GET " + merchantRoot + "/payments/{payment}/outside", serve: showOutside},
	{pattern: "POST " + merchantRoot + "/payments/{payment}/outside", serve: enterOutside},
	{pattern: "GET " + merchantRoot + "/refunds/{refund}", serve: showRefund},
	{pattern: "POST " + merchantRoot + "/refunds/{refund}/resolve", serve: resolveRefund},
	{pattern: "POST " + merchantRoot + "/refunds/{refund}/confirm", serve: decideRefund(true)},
	{pattern: "POST " + merchantRoot + "/refunds/{refund}/reject", serve: decideRefund(false)},
}

// outsidePage is the form of a refund outside the provider.
type outsidePage struct {
	W        *handWords
	About    string
	Left     string
	Action   string
	Back     string
	Form     string
	Surplus  string // the held surplus that goes back, or empty
	Amount   string
	Bank     string
	Evidence string
	Reason   string
	Error    string
}

func (outsidePage) template() string { return "outside" }

// surplusOf is a held surplus of a payment by its id.
func surplusOf(s postern.State, id string) (postern.Surplus, bool) {
	for _, u := range s.Surpluses {
		if u.ID == id {
			return u, u.Status == postern.SurplusHeld
		}
	}
	return postern.Surplus{}, false
}

// outsidePageOf makes the form: of a held surplus, or of what is left of the payment's receipt. An error says that there is nothing to give back.
func (h *Handler) outsidePageOf(v *visit, s postern.State, surplusID string) (outsidePage, error) {
	w, p := handWordsOf(v.Lang), s.Payment
	body := outsidePage{W: w, About: p.Reference + " · " + p.Description, Action: v.path("/payments/" + p.ID + "/outside"), Back: v.path("/attention"), Form: postern.NewToken(h.cfg.Engine.Env.Rand), Surplus: surplusID}
	if surplusID != "" {
		if !v.may(payers...) {
			return body, postern.E(postern.CodeForbidden, "console.outside", "this role may not do that")
		}
		u, held := surplusOf(s, surplusID)
		if !held {
			return body, postern.E(postern.CodeSurplusSettled, "console.outside", "nobody has to decide about it")
		}
		body.Left, body.Amount = w.Put(w.SurplusLine, money(u.Amount, u.Currency)), postern.FormatDecimal(u.Amount, u.Currency)
		return body, nil
	}
	receipt, ok := s.Applied()
	if !ok || receipt.Refundable() == 0 {
		return body, postern.E(postern.CodeNothingToRefund, "console.outside", "there is nothing left to give back")
	}
	if p.OrderID != "" {
		body.Back = v.path("/orders/" + p.OrderID)
	}
	body.Left, body.Amount = w.Put(w.Left, money(receipt.Refundable(), receipt.Currency)), postern.FormatDecimal(receipt.Refundable(), receipt.Currency)
	return body, nil
}

func showOutside(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, err := h.cfg.Engine.Store.LoadState(r.Context(), v.Merchant.ID, r.PathValue("payment"))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	body, err := h.outsidePageOf(v, s, r.URL.Query().Get("surplus"))
	if err != nil {
		h.told(w, r, v, "/attention", err)
		return
	}
	h.render(w, r, v, http.StatusOK, page{Title: body.W.EnterTitle, Section: "today", Body: body})
}

// enterOutside records what the person gave back. The form's token makes a form that is sent twice one refund.
func enterOutside(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, err := h.cfg.Engine.Store.LoadState(r.Context(), v.Merchant.ID, r.PathValue("payment"))
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if !h.form(w, r, v) {
		return
	}
	q := r.PostForm
	if before, err := h.cfg.Engine.Store.RefundByReference(r.Context(), v.Merchant.ID, s.Payment.ID, q.Get("form")); err == nil {
		see(w, r, v.path("/refunds/"+before.ID+"?done"))
		return
	}
	body, err := h.outsidePageOf(v, s, q.Get("surplus"))
	if err != nil {
		h.told(w, r, v, "/attention", err)
		return
	}
	refund, err := h.outsideOf(r, v, s.Payment)
	if err == nil {
		see(w, r, v.path("/refunds/"+refund.ID+"?done"))
		return
	}
	if !mild(err) {
		h.trouble(w, r, v, err)
		return
	}
	body.Amount, body.Bank, body.Evidence, body.Reason, body.Error = q.Get("amount"), q.Get("bank"), q.Get("evidence"), q.Get("reason"), v.said(err)
	h.render(w, r, v, statusOf(err), page{Title: body.W.EnterTitle, Section: "today", Body: body})
}

// outsideOf reads the form and enters it.
func (h *Handler) outsideOf(r *http.Request, v *visit, p postern.Payment) (postern.Refund, error) {
	q := r.PostForm
	in := engine.OutsideInput{Reference: q.Get("form"), SurplusID: q.Get("surplus"), Reason: strings.TrimSpace(q.Get("reason")), Bank: q.Get("bank"), Evidence: q.Get("evidence")}
	if !postern.CheckID("", in.Reference) {
		return postern.Refund{}, postern.Invalid("form", postern.CodeInvalid, "the form is none of ours", "open it again")
	}
	if in.SurplusID == "" {
		var ok bool
		if in.Amount, ok = parseMoney(q.Get("amount"), p.Currency); !ok || in.Amount == 0 {
			return postern.Refund{}, postern.Invalid("amount", postern.CodeInvalid, "the amount is none", "write 68 or 68.00")
		}
	}
	return h.cfg.Engine.RefundOutside(r.Context(), v.Actor, v.Merchant.ID, p.ID, in)
}

// handPage is one refund, with what its persons and its provider say of it and what may be done next.
type handPage struct {
	W        *handWords
	Amount   string
	State    state
	Facts    []fact
	Order    string
	Story    []chapter
	Own      bool   // the one who looks entered it
	Refused  string // why the one who looks may do nothing
	Confirm  string // where the second person's word goes
	Reject   string // where it is refused, or taken back
	Resolve  string // where the outcome of a stuck one goes
	Failed   string // where it is given back outside, after the provider failed
	Way      string // what was typed, when it is shown again
	Bank     string
	Evidence string
	Saw      string
	Error    string
}

func (handPage) template() string { return "hand" }

// handPageOf makes the page of a refund.
func (h *Handler) handPageOf(v *visit, p postern.Payment, r postern.Refund) handPage {
	w, at := handWordsOf(v.Lang), v.path("/refunds/"+r.ID)
	body := handPage{W: w, Amount: money(r.Amount, r.Currency), State: state{Word: v.refundSaid(r)}, Own: r.Hand.By.ID == v.Staff.ID}
	switch {
	case r.Awaits() || r.Status.Open():
		body.State.Look = "warn"
	case r.Status == postern.RefundStuck || r.Status == postern.RefundFailed:
		body.State.Look = "stop"
	}
	add := func(name, text string) {
		if text != "" {
			body.Facts = append(body.Facts, fact{name, text})
		}
	}
	add(w.About, p.Reference+" · "+p.Description)
	add(w.Asked, v.stamp(r.CreatedAt))
	if r.SurplusID == "" {
		add(w.Reason, r.Reason)
	}
	if !r.Outside() || r.Code != "" && r.Status == postern.RefundRefunded { // the provider knows it
		add(w.Number, r.Number)
		add(w.Said, spoken(r.Code, r.Message))
	}
	if p.OrderID != "" {
		body.Order = v.path("/orders/" + p.OrderID)
	}
	body.Story = handStory(v, r)
	if r.SurplusID != "" && !v.may(payers...) {
		body.Refused = w.NotYours
		return body
	}
	switch {
	case r.Awaits():
		body.Confirm, body.Reject = at+"/confirm", at+"/reject"
	case r.Status == postern.RefundStuck:
		body.Resolve = at + "/resolve"
	case r.Status == postern.RefundFailed && r.SurplusID == "" && !r.Outside():
		body.Failed = v.path("/payments/" + r.PaymentID + "/outside")
	}
	return body
}

// handStory is what two persons said, in their order.
func handStory(v *visit, r postern.Refund) []chapter {
	w, hand := handWordsOf(v.Lang), r.Hand
	if hand.Way == "" {
		return nil
	}
	first := chapter{When: v.stamp(hand.At), What: w.Put(w.ByReached, hand.By.Name), Said: hand.Evidence}
	if hand.Way == postern.WayOutside {
		first.What = w.Put(w.ByOutside, hand.By.Name, hand.Bank)
	}
	if r.Awaits() {
		return []chapter{first, {What: w.Awaits, Look: "warn"}}
	}
	second := chapter{When: v.stamp(hand.DecidedAt), What: w.Put(w.Agreed, hand.Second.Name), Said: hand.Saw}
	switch {
	case r.Status == postern.RefundRefunded:
	case hand.Second.ID == hand.By.ID:
		second.What, second.Look = w.Put(w.Withdrawn, hand.Second.Name), "off"
	default:
		second.What, second.Look = w.Put(w.Refused, hand.Second.Name), "stop"
	}
	return []chapter{first, second}
}

// readRefund loads the refund of an address with its payment.
func (h *Handler) readRefund(r *http.Request, v *visit) (postern.Payment, postern.Refund, error) {
	refund, err := h.cfg.Engine.Store.Refund(r.Context(), v.Merchant.ID, r.PathValue("refund"))
	if err != nil {
		return postern.Payment{}, refund, err
	}
	p, err := h.cfg.Engine.Store.Payment(r.Context(), v.Merchant.ID, refund.PaymentID)
	return p, refund, err
}

func showRefund(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	p, refund, err := h.readRefund(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	h.renderHand(w, r, v, http.StatusOK, h.handPageOf(v, p, refund))
}

func (h *Handler) renderHand(w http.ResponseWriter, r *http.Request, v *visit, status int, body handPage) {
	h.render(w, r, v, status, page{Title: body.W.Title, Section: "today", Body: body})
}

// handing reads the refund and the form of an act and does it; the refund is shown again when it is refused.
func (h *Handler) handing(w http.ResponseWriter, r *http.Request, v *visit, act func(refundID string) error, typed func(*handPage)) {
	p, refund, err := h.readRefund(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return
	}
	if !h.form(w, r, v) {
		return
	}
	if refund.SurplusID != "" && !v.may(payers...) {
		h.trouble(w, r, v, postern.E(postern.CodeForbidden, "console.handing", "this role may not do that"))
		return
	}
	if err = act(refund.ID); err == nil {
		see(w, r, v.path("/refunds/"+refund.ID+"?done"))
		return
	}
	if !mild(err) {
		h.trouble(w, r, v, err)
		return
	}
	body := h.handPageOf(v, p, refund)
	body.Error = v.said(err)
	typed(&body)
	h.renderHand(w, r, v, statusOf(err), body)
}

func resolveRefund(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	h.handing(w, r, v, func(id string) error {
		q := r.PostForm
		_, err := h.cfg.Engine.ResolveRefund(r.Context(), v.Actor, v.Merchant.ID, id, engine.StuckInput{Way: postern.Way(q.Get("way")), Bank: q.Get("bank"), Evidence: q.Get("evidence")})
		return err
	}, func(p *handPage) {
		p.Way, p.Bank, p.Evidence = r.PostForm.Get("way"), r.PostForm.Get("bank"), r.PostForm.Get("evidence")
	})
}

// decideRefund makes the handler of a second person's word, or of a word against it.
func decideRefund(agree bool) func(*Handler, http.ResponseWriter, *http.Request, *visit) {
	return func(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
		h.handing(w, r, v, func(id string) (err error) {
			if agree {
				_, err = h.cfg.Engine.AgreeRefund(r.Context(), v.Actor, v.Merchant.ID, id, r.PostForm.Get("saw"), nil)
			} else {
				_, err = h.cfg.Engine.RefuseRefund(r.Context(), v.Actor, v.Merchant.ID, id, r.PostForm.Get("reason"), nil)
			}
			return err
		}, func(p *handPage) { p.Saw = r.PostForm.Get("saw") })
	}
}
