package engine

import (
	"context"
	"encoding/json"
	"strings"

	"postern"
	"postern/store"
)

const (
	maxCarrier  = 20
	maxTracking = 40
	maxAsk      = 200
)

// Actor is the person who does something, for the audit. Who is the name as it is shown.
type Actor struct {
	StaffOwnerID string
	StaffID      string
	Who          string
}

// audit makes the row of an act about a merchant's object.
func (e *Engine) audit(by Actor, merchantID, act, objectID, detail string) postern.Audit {
	return postern.Audit{
		MerchantID: merchantID, ID: e.newID(postern.PrefixAudit), StaffOwnerID: by.StaffOwnerID, StaffID: by.StaffID, Who: by.Who, Act: act, ObjectID: objectID, Detail: detail, CreatedAt: e.now(),
	}
}

// OrderView is an order as events tell it. Who ordered and where it goes are not in it.
type OrderView struct {
	ID        string `json:"id"`
	Object    string `json:"object" enum:"order"`
	Number    string `json:"number"`
	PaymentID string `json:"payment_id"`
	ItemID    string `json:"item_id"`
	Title     string `json:"title"`
	Variant   string `json:"variant,omitempty"`
	Quantity  int64  `json:"quantity"`
	Amount    int64  `json:"amount" doc:"Minor units."`
	Currency  string `json:"currency"`
	State     string `json:"state" enum:"waiting,paid,ended"`
	Carrier   string `json:"carrier,omitempty"`
	Tracking  string `json:"tracking,omitempty"`
	Ask       string `json:"refund_ask,omitempty" enum:"open,given,declined"`
	AskReason string `json:"refund_reason,omitempty"`
}

// ViewOrder shows an order.
func ViewOrder(o postern.Order) OrderView {
	return OrderView{
		ID: o.ID, Object: "order", Number: o.Number, PaymentID: o.PaymentID, ItemID: o.ItemID, Title: o.Title, Variant: o.Variant, Quantity: o.Quantity, Amount: o.Amount, Currency: o.Currency,
		State: string(o.State), Carrier: o.Carrier, Tracking: o.Tracking, Ask: string(o.Ask), AskReason: o.AskReason,
	}
}

// changeOrder loads an order, changes it and commits it with an event (none: "") and an audit row (of nobody: none); it is tried anew when somebody else was faster.
func (e *Engine) changeOrder(ctx context.Context, merchantID, id string, told postern.EventType, act *postern.Audit, edit func(*postern.Order) error) (postern.Order, error) {
	var last error
	for range maxTries {
		o, err := e.Store.Order(ctx, merchantID, id)
		if err != nil {
			return o, err
		}
		if err := edit(&o); err != nil {
			return o, err
		}
		o.UpdatedAt = e.now()
		change := store.Change{MerchantID: merchantID, At: o.UpdatedAt, Orders: []postern.Order{o}}
		if told != "" {
			merchant, err := e.Store.Merchant(ctx, merchantID)
			if err != nil {
				return o, err
			}
			data, err := json.Marshal(struct {
				Order OrderView `json:"order"`
			}{ViewOrder(o)})
			if err != nil {
				return o, postern.Wrap(postern.CodeInternal, "engine.changeOrder", err)
			}
			change.Events = []postern.Event{{
				MerchantID: merchantID, ID: e.newID(postern.PrefixEvent), Type: told, PaymentID: o.PaymentID, Data: string(data), Live: merchant.Live, CreatedAt: o.UpdatedAt,
			}}
			change.Jobs = []postern.Job{e.job(merchantID, postern.JobSequence, "", o.UpdatedAt)}
		}
		if act != nil {
			change.Audits = []postern.Audit{*act}
		}
		if last = e.commit(ctx, change); last == nil {
			o.Version++
			return o, nil
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return o, last
		}
	}
	return postern.Order{}, last
}

// Ship marks a paid order as sent, or corrects how: carrier and tracking number are texts for the buyer, and an item that is not delivered needs none. CodeConflict
// when the order is not paid or its money has gone back.
func (e *Engine) Ship(ctx context.Context, by Actor, merchantID, orderID, carrier, tracking string) (postern.Order, error) {
	carrier, tracking = strings.TrimSpace(carrier), strings.TrimSpace(tracking)
	if err := checkText("carrier", carrier, 0, maxCarrier); err != nil {
		return postern.Order{}, err
	}
	if err := checkText("tracking", tracking, 0, maxTracking); err != nil {
		return postern.Order{}, err
	}
	act := e.audit(by, merchantID, "order.ship", orderID, strings.TrimSpace(carrier+" "+tracking))
	return e.changeOrder(ctx, merchantID, orderID, postern.EventOrderShipped, &act, func(o *postern.Order) error {
		switch {
		case o.State != postern.OrderPaid:
			return &postern.Error{Code: postern.CodeConflict, Op: "engine.Ship", Message: "the order is not paid", Fix: "ship what is paid", ID: o.ID}
		case o.Ask == postern.AskGiven && o.ShippedAt.IsZero():
			return &postern.Error{Code: postern.CodeConflict, Op: "engine.Ship", Message: "the money of this order was given back", Fix: "do not ship it", ID: o.ID}
		}
		o.Carrier, o.Tracking = carrier, tracking
		if o.ShippedAt.IsZero() {
			o.ShippedAt = e.now()
		}
		return nil
	})
}

// AskRefund records a buyer's wish for the money back; the seller answers it. CodeConflict when the order is not paid, or the wish is open or granted already.
func (e *Engine) AskRefund(ctx context.Context, merchantID, orderID, reason string) (postern.Order, error) {
	reason = strings.TrimSpace(reason)
	if err := checkText("reason", reason, 1, maxAsk); err != nil {
		return postern.Order{}, err
	}
	return e.changeOrder(ctx, merchantID, orderID, postern.EventOrderRefundAsked, nil, func(o *postern.Order) error {
		if o.State != postern.OrderPaid || o.Ask == postern.AskOpen || o.Ask == postern.AskGiven {
			return &postern.Error{Code: postern.CodeConflict, Op: "engine.AskRefund", Message: "there is nothing to ask for", ID: o.ID}
		}
		o.Ask, o.AskReason, o.AskAnswer, o.AskedAt = postern.AskOpen, reason, "", e.now()
		return nil
	})
}

// DeclineRefund answers a buyer's wish with no, and says why.
func (e *Engine) DeclineRefund(ctx context.Context, by Actor, merchantID, orderID, answer string) (postern.Order, error) {
	answer = strings.TrimSpace(answer)
	if err := checkText("answer", answer, 1, maxAsk); err != nil {
		return postern.Order{}, err
	}
	act := e.audit(by, merchantID, "order.decline_refund", orderID, answer)
	return e.changeOrder(ctx, merchantID, orderID, "", &act, func(o *postern.Order) error {
		if o.Ask != postern.AskOpen {
			return &postern.Error{Code: postern.CodeConflict, Op: "engine.DeclineRefund", Message: "the buyer has not asked, or was answered", ID: o.ID}
		}
		o.Ask, o.AskAnswer, o.AnsweredAt = postern.AskDeclined, answer, e.now()
		return nil
	})
}

// OrderRefund is what a seller gives back of an order. Amount is in minor units; Restock pieces go on sale again. Form makes a form that is sent twice one refund.
type OrderRefund struct {
	Form    string
	Amount  int64
	Reason  string
	Restock int64
}

// RefundOrder gives money of an order back, and puts pieces back on sale, in one commit with the refund's reservation.
func (e *Engine) RefundOrder(ctx context.Context, by Actor, merchantID, orderID string, in OrderRefund) (postern.Refund, error) {
	if !postern.CheckID("", in.Form) {
		return postern.Refund{}, postern.Invalid("form", postern.CodeInvalid, "the form is none of ours", "open the order again")
	}
	for try := range maxTries {
		o, err := e.Store.Order(ctx, merchantID, orderID)
		if err != nil {
			return postern.Refund{}, err
		}
		r, err := e.refundOrder(ctx, by, o, in)
		if postern.CodeOf(err) != postern.CodeConflict || try == maxTries-1 {
			return r, err
		}
	}
	panic("engine: unreachable")
}

func (e *Engine) refundOrder(ctx context.Context, by Actor, o postern.Order, in OrderRefund) (postern.Refund, error) {
	if before, err := e.Store.RefundByReference(ctx, o.MerchantID, o.PaymentID, in.Form); err == nil || postern.CodeOf(err) != postern.CodeNotFound {
		return before, err
	}
	if in.Restock < 0 || in.Restock > o.Quantity-o.Restocked {
		return postern.Refund{}, postern.Invalid("restock", postern.CodeInvalid, "no more pieces can come back than were sold", "send 0 to leave the stock alone")
	}
	now := e.now()
	o.Ask, o.AnsweredAt, o.UpdatedAt = postern.AskGiven, now, now
	o.Restocked += in.Restock
	act := e.audit(by, o.MerchantID, "order.refund", o.ID, postern.FormatMoney(in.Amount, o.Currency)+" "+in.Reason)
	return e.refund(ctx, o.MerchantID, o.PaymentID, RefundInput{Reference: in.Form, Amount: in.Amount, Reason: in.Reason}, func(c *store.Change) {
		c.Orders, c.Audits = []postern.Order{o}, []postern.Audit{act}
		if in.Restock == 0 {
			return
		}
		c.Limits = []postern.BuyerMove{{ItemID: o.ItemID, Buyer: o.Buyer, Quantity: -in.Restock}}
		if o.Counted {
			c.Stock = []postern.StockMove{{ItemID: o.ItemID, VariantID: o.VariantID, Stock: in.Restock, Sold: -in.Restock}}
		}
	})
}

// CancelOrder ends an order that nobody has paid; see Cancel.
func (e *Engine) CancelOrder(ctx context.Context, merchantID, orderID string) (postern.State, error) {
	o, err := e.Store.Order(ctx, merchantID, orderID)
	if err != nil {
		return postern.State{}, err
	}
	return e.Cancel(ctx, merchantID, o.PaymentID)
}
