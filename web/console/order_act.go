package console

import (
	"net/http"
	"strings"

	"postern"
	"postern/engine"
)

// acting reads the order and the form of an act; false says that the request is answered. The order comes first: what is another merchant's is not found, whatever
// was sent.
func (h *Handler) acting(w http.ResponseWriter, r *http.Request, v *visit) (orderStory, bool) {
	s, err := h.readOrder(r, v)
	if err != nil {
		h.trouble(w, r, v, err)
		return s, false
	}
	return s, h.form(w, r, v)
}

// refuse shows the order again with why the act was not done, or the page of an error that is ours. Typed puts back what the person wrote.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, v *visit, s orderStory, err error, typed func(*orderPage)) {
	if !mild(err) {
		h.trouble(w, r, v, err)
		return
	}
	body := h.orderPageOf(v, s)
	body.Error = v.said(err)
	typed(&body)
	h.renderOrder(w, r, v, statusOf(err), body)
}

func shipOrder(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, ok := h.acting(w, r, v)
	if !ok {
		return
	}
	carrier, tracking := strings.TrimSpace(r.PostForm.Get("carrier")), strings.TrimSpace(r.PostForm.Get("tracking"))
	var err error
	if s.order.Delivers && carrier == "" {
		err = postern.Invalid("carrier", postern.CodeInvalid, "the carrier is missing", "name who brings it")
	} else {
		_, err = h.cfg.Engine.Ship(r.Context(), v.Actor, v.Merchant.ID, s.order.ID, carrier, tracking)
	}
	if err != nil {
		h.refuse(w, r, v, s, err, func(p *orderPage) {
			if p.Ship != nil {
				p.Ship.Carrier, p.Ship.Tracking = carrier, tracking
			}
		})
		return
	}
	see(w, r, v.path("/orders/"+s.order.ID+"?done"))
}

func declineRefund(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, ok := h.acting(w, r, v)
	if !ok {
		return
	}
	answer := r.PostForm.Get("answer")
	if _, err := h.cfg.Engine.DeclineRefund(r.Context(), v.Actor, v.Merchant.ID, s.order.ID, answer); err != nil {
		h.refuse(w, r, v, s, err, func(p *orderPage) { p.Answer = answer })
		return
	}
	see(w, r, v.path("/orders/"+s.order.ID+"?done"))
}

// refundPage shows what a refund does, in numbers, before it is made: the amount is typed once more.
type refundPage struct {
	W       *sellWords
	Number  string
	Action  string
	Back    string
	Form    string
	Amount  string // as it goes with the form
	Reason  string
	Restock string
	Effects []string
	Typed   string
	Error   string
}

func (refundPage) template() string { return "refund" }

// refundOrder has two steps: what the refund will do, and, with the amount typed again, doing it. Its form's token makes a form that is sent twice one refund.
func refundOrder(h *Handler, w http.ResponseWriter, r *http.Request, v *visit) {
	s, ok := h.acting(w, r, v)
	if !ok {
		return
	}
	q, o := r.PostForm, s.order
	in, err := h.refundInput(r, s)
	if err == nil && q.Get("step") != "do" {
		h.render(w, r, v, http.StatusOK, page{Title: sellWordsOf(v.Lang).RefundTitle, Section: "orders", Body: h.refundPageOf(v, s, in)})
		return
	}
	if err == nil {
		if again, fine := parseMoney(q.Get("typed"), o.Currency); !fine || again != in.Amount {
			body := h.refundPageOf(v, s, in)
			body.Typed, body.Error = q.Get("typed"), body.W.TypedWrong
			h.render(w, r, v, http.StatusUnprocessableEntity, page{Title: body.W.RefundTitle, Section: "orders", Body: body})
			return
		}
		_, err = h.cfg.Engine.RefundOrder(r.Context(), v.Actor, v.Merchant.ID, o.ID, in)
	}
	if err != nil {
		h.refuse(w, r, v, s, err, func(p *orderPage) {
			if p.Refund != nil {
				p.Refund.Amount, p.Refund.Reason, p.Refund.Restock = q.Get("amount"), q.Get("reason"), q.Get("restock")
			}
		})
		return
	}
	see(w, r, v.path("/orders/"+o.ID+"?done"))
}

// refundInput reads the form and holds it against what is left. The engine does so again: what it allows decides. A refund that this form has made already is let
// through to it, so that it finds its own.
func (h *Handler) refundInput(r *http.Request, s orderStory) (engine.OrderRefund, error) {
	q, o := r.PostForm, s.order
	in := engine.OrderRefund{Form: q.Get("form"), Reason: strings.TrimSpace(q.Get("reason"))}
	if !postern.CheckID("", in.Form) {
		return in, postern.Invalid("form", postern.CodeInvalid, "the form is none of ours", "open the order again")
	}
	var ok bool
	if in.Amount, ok = parseMoney(q.Get("amount"), o.Currency); !ok || in.Amount == 0 {
		return in, postern.Invalid("amount", postern.CodeInvalid, "the amount is none", "write 68 or 68.00")
	}
	if in.Restock, ok = whole(q.Get("restock"), maxTyped); !ok || in.Restock < 0 {
		return in, postern.Invalid("restock", postern.CodeInvalid, "the pieces are no number", "write 0 to leave the stock alone")
	}
	for _, f := range s.refunds {
		if f.Reference == in.Form {
			return in, nil
		}
	}
	if in.Restock > o.Quantity-o.Restocked {
		return in, postern.Invalid("restock", postern.CodeInvalid, "no more pieces can come back than were sold", "write 0 to leave the stock alone")
	}
	receipt, ok := s.state.Applied()
	switch {
	case !ok:
		return in, postern.E(postern.CodeNothingToRefund, "console.refundOrder", "the order has received no money to give back")
	case in.Amount > receipt.Refundable():
		return in, &postern.Error{Code: postern.CodeRefundExceeds, Op: "console.refundOrder", Message: "that is more than what is left", Field: "amount"}
	}
	return in, nil
}

// maxTyped bounds a number of pieces that somebody types.
const maxTyped = 10_000_000

func (h *Handler) refundPageOf(v *visit, s orderStory, in engine.OrderRefund) refundPage {
	o, words := s.order, sellWordsOf(v.Lang)
	p := refundPage{
		W: words, Number: postern.FormatShortCode(o.Number), Action: v.path("/orders/" + o.ID + "/refund"), Back: v.path("/orders/" + o.ID), Form: in.Form, Amount: postern.FormatDecimal(in.Amount, o.Currency),
		Reason: in.Reason, Restock: postern.FormatDecimal(in.Restock, "JPY"),
	}
	receipt, _ := s.state.Applied()
	p.Effects = []string{
		words.did(words.EffectBack, money(in.Amount, o.Currency), h.providerName(receipt.Provider, v.Lang)), words.did(words.EffectLeft, money(max(0, receipt.Refundable()-in.Amount), o.Currency)),
	}
	switch {
	case in.Restock > 0 && o.Counted:
		p.Effects = append(p.Effects, words.did(words.EffectStock, p.Restock))
	case o.Counted:
		p.Effects = append(p.Effects, words.EffectNoStock)
	}
	if o.ShippedAt.IsZero() {
		p.Effects = append(p.Effects, words.EffectNoShip)
	}
	return p
}
