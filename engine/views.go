package engine

import (
	"encoding/json"
	"time"

	"postern"
)

// PaymentView is a payment as merchants see it, in the API and in events alike. Amounts are minor units.
type PaymentView struct {
	ID                    string            `json:"id"`
	Object                string            `json:"object" enum:"payment"`
	Status                string            `json:"status" enum:"open,processing,paid,expired,canceled"`
	Reference             string            `json:"reference"`
	Amount                int64             `json:"amount"`
	AmountReceived        int64             `json:"amount_received" doc:"What the applied receipt brought, in minor units."`
	AmountRefunded        int64             `json:"amount_refunded" doc:"What has reached the buyer again out of the applied receipt."`
	AmountSurplus         int64             `json:"amount_surplus" doc:"Money beyond what the payment asked for: duplicate, late, wrong or reversed."`
	AmountSurplusRefunded int64             `json:"amount_surplus_refunded"`
	Currency              string            `json:"currency"`
	Description           string            `json:"description"`
	CheckoutURL           string            `json:"checkout_url"`
	ReturnURL             string            `json:"return_url,omitempty"`
	LatePayment           string            `json:"late_payment" enum:"accept,refund"`
	ProfitSharing         bool              `json:"profit_sharing,omitempty"`
	Metadata              map[string]string `json:"metadata,omitempty"`
	Items                 []postern.Item    `json:"items,omitempty"`
	Livemode              bool              `json:"livemode"`
	CancelRequested       bool              `json:"cancel_requested,omitempty"`
	ExpiresAt             time.Time         `json:"expires_at"`
	PaidAt                *time.Time        `json:"paid_at"`
	CreatedAt             time.Time         `json:"created_at"`
}

// AttemptView is an attempt as merchants see it.
type AttemptView struct {
	ID              string          `json:"id"`
	Object          string          `json:"object" enum:"attempt"`
	PaymentID       string          `json:"payment_id"`
	Status          string          `json:"status" enum:"created,sending,pending,unknown,paid,failed,closed"`
	Provider        string          `json:"provider"`
	Product         string          `json:"product"`
	ChannelID       string          `json:"channel_id"`
	Number          string          `json:"number" doc:"The order number at the provider."`
	Amount          int64           `json:"amount"`
	Currency        string          `json:"currency"`
	Action          *postern.Action `json:"action,omitempty"`
	Counter         *CounterView    `json:"counter,omitempty" doc:"For a scanned code only: what the person at the counter must know."`
	ProviderCode    string          `json:"provider_code,omitempty"`
	ProviderMessage string          `json:"provider_message,omitempty"`
	ExpiresAt       time.Time       `json:"expires_at"`
	CreatedAt       time.Time       `json:"created_at"`
}

// RefundView is a refund as merchants see it.
type RefundView struct {
	ID              string    `json:"id"`
	Object          string    `json:"object" enum:"refund"`
	PaymentID       string    `json:"payment_id"`
	ReceiptID       string    `json:"receipt_id"`
	SurplusID       string    `json:"surplus_id,omitempty"`
	Status          string    `json:"status" enum:"reserved,sending,pending,unknown,refunded,failed,stuck"`
	Reference       string    `json:"reference"`
	Number          string    `json:"number" doc:"The refund number at the provider."`
	Amount          int64     `json:"amount"`
	Currency        string    `json:"currency"`
	Reason          string    `json:"reason,omitempty"`
	ProviderCode    string    `json:"provider_code,omitempty"`
	ProviderMessage string    `json:"provider_message,omitempty"`
	Outside         bool      `json:"outside,omitempty" doc:"Given back outside the provider, which never hears of it."`
	ByHand          *HandView `json:"by_hand,omitempty" doc:"What two persons say of it, where no provider tells."`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
}

// HandView is what two persons say of a refund.
type HandView struct {
	Way       string     `json:"way" enum:"outside,reached" doc:"outside: given back from the merchant's own account. reached: a stuck refund that the provider brought to the buyer after all."`
	Bank      string     `json:"bank,omitempty" doc:"The merchant's own account that paid, as in the books."`
	Evidence  string     `json:"evidence"`
	EnteredBy string     `json:"entered_by"`
	EnteredAt time.Time  `json:"entered_at"`
	Waiting   bool       `json:"waiting" doc:"No second person has agreed or refused yet."`
	Second    string     `json:"second,omitempty"`
	Saw       string     `json:"saw,omitempty" doc:"What the second person saw, or why not."`
	DecidedAt *time.Time `json:"decided_at,omitempty"`
}

// SurplusView is a surplus as merchants see it.
type SurplusView struct {
	ID        string    `json:"id"`
	Object    string    `json:"object" enum:"surplus"`
	PaymentID string    `json:"payment_id"`
	ReceiptID string    `json:"receipt_id"`
	Reason    string    `json:"reason" enum:"duplicate,late,mismatch,reversed"`
	Status    string    `json:"status" enum:"held,accepted,refunding,refunded"`
	Amount    int64     `json:"amount"`
	Currency  string    `json:"currency"`
	RefundID  string    `json:"refund_id,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// ViewPayment shows a payment with what its receipts and surpluses add up to.
func (e *Engine) ViewPayment(s postern.State) PaymentView {
	p := s.Payment
	v := PaymentView{
		ID: p.ID, Object: "payment", Status: string(p.Status), Reference: p.Reference, Amount: p.Amount, Currency: p.Currency, Description: p.Description,
		CheckoutURL: e.CheckoutURL(p.LinkToken), ReturnURL: p.ReturnURL, LatePayment: string(p.LatePayment), ProfitSharing: p.ProfitSharing, Metadata: p.Metadata, Items: p.Items, Livemode: p.Live,
		CancelRequested: !p.CancelRequestedAt.IsZero() && p.Status != postern.PaymentCanceled, ExpiresAt: p.ExpiresAt, CreatedAt: p.CreatedAt,
	}
	if !p.PaidAt.IsZero() {
		v.PaidAt = &p.PaidAt
	}
	if r, ok := s.Applied(); ok {
		v.AmountReceived, v.AmountRefunded = r.Amount, r.Refunded
	}
	for _, u := range s.Surpluses {
		v.AmountSurplus += u.Amount
		if u.Status == postern.SurplusRefunded {
			v.AmountSurplusRefunded += u.Amount
		}
	}
	return v
}

// CheckoutURL is where a buyer pays.
func (e *Engine) CheckoutURL(token string) string { return e.PublicURL + "/c/" + token }

// ViewAttempt shows an attempt; the action is shown while it can still be used.
func ViewAttempt(a postern.Attempt) AttemptView {
	v := AttemptView{
		ID: a.ID, Object: "attempt", PaymentID: a.PaymentID, Status: string(a.Status), Provider: a.Provider, Product: a.Product, ChannelID: a.ChannelID,
		Number: a.Number, Amount: a.Amount, Currency: a.Currency, ProviderCode: a.Code, ProviderMessage: a.Message, ExpiresAt: a.ExpiresAt, CreatedAt: a.CreatedAt,
	}
	if a.Status.Live() && a.Action.Type != "" {
		action := a.Action
		v.Action = &action
	}
	return v
}

// ViewRefund shows a refund.
func ViewRefund(r postern.Refund) RefundView {
	v := RefundView{
		ID: r.ID, Object: "refund", PaymentID: r.PaymentID, ReceiptID: r.ReceiptID, SurplusID: r.SurplusID, Status: string(r.Status), Reference: r.Reference,
		Number: r.Number, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason, ProviderCode: r.Code, ProviderMessage: r.Message, CreatedAt: r.CreatedAt,
		UpdatedAt: r.UpdatedAt, Outside: r.Outside(),
	}
	if h := r.Hand; h.Way != "" {
		v.ByHand = &HandView{
			Way: string(h.Way), Bank: h.Bank, Evidence: h.Evidence, EnteredBy: h.By.Name, EnteredAt: h.At, Waiting: r.Awaits(), Second: h.Second.Name, Saw: h.Saw,
		}
		if !h.DecidedAt.IsZero() {
			v.ByHand.DecidedAt = &h.DecidedAt
		}
	}
	return v
}

// ViewSurplus shows a surplus.
func ViewSurplus(u postern.Surplus) SurplusView {
	return SurplusView{
		ID: u.ID, Object: "surplus", PaymentID: u.PaymentID, ReceiptID: u.ReceiptID, Reason: string(u.Reason), Status: string(u.Status), Amount: u.Amount,
		Currency: u.Currency, RefundID: u.RefundID, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
}

// eventData is the data of an event: the object it is about, whole, and the payment's id beside it.
type eventData struct {
	Payment *PaymentView `json:"payment,omitempty"`
	Attempt *AttemptView `json:"attempt,omitempty"`
	Refund  *RefundView  `json:"refund,omitempty"`
	Surplus *SurplusView `json:"surplus,omitempty"`
	Share   *ShareView   `json:"share,omitempty"`
}

// event makes the row of a telling, with the objects as they are after the change.
func (e *Engine) event(merchantID string, t postern.Telling, s postern.State, effects postern.Effects, now time.Time) (postern.Event, error) {
	var data eventData
	if s.Payment.ID != "" {
		v := e.ViewPayment(s)
		data.Payment = &v
	}
	if a, ok := s.Attempt(t.AttemptID); ok {
		v := ViewAttempt(a)
		v.Action = nil
		data.Attempt = &v
	}
	for _, r := range effects.Refunds {
		if r.ID == t.RefundID {
			v := ViewRefund(r)
			data.Refund = &v
		}
	}
	for _, share := range effects.Shares {
		if share.ID == t.ShareID {
			v := ViewShare(share)
			data.Share = &v
		}
	}
	for _, u := range append(s.Surpluses, effects.Surpluses...) {
		if u.ID == t.SurplusID {
			v := ViewSurplus(u)
			data.Surplus = &v
		}
	}
	text, err := json.Marshal(data)
	if err != nil {
		return postern.Event{}, postern.Wrap(postern.CodeInternal, "engine.event", err)
	}
	return postern.Event{MerchantID: merchantID, ID: e.newID(postern.PrefixEvent), Type: t.Type, PaymentID: t.PaymentID, Data: string(text), Live: s.Payment.Live, CreatedAt: now}, nil
}
