package api

import (
	"context"
	"net/http"
	"time"

	"postern"
	"postern/engine"
	"postern/ledger"
	"postern/store"
)

// PaymentBody is the body of POST /v1/payments.
type PaymentBody struct {
	Reference     string            `json:"reference" minLength:"1" maxLength:"64" doc:"Your own number, unique for ever." example:"A-2026-0001"`
	Amount        int64             `json:"amount" minimum:"1" maximum:"1000000000000" doc:"Minor units: 6800 is 68.00." example:"6800"`
	Currency      string            `json:"currency" minLength:"3" maxLength:"3" example:"CNY"`
	Description   string            `json:"description" minLength:"1" maxLength:"127" doc:"What the buyer reads in the wallet." example:"烧饼 10 个"`
	ReturnURL     string            `json:"return_url,omitempty" maxLength:"1024" doc:"Where the buyer goes afterwards, with payment_id only. It proves nothing."`
	ExpiresIn     int64             `json:"expires_in,omitempty" minimum:"5" maximum:"7776000" doc:"Seconds until the payment ends; 1800 if neither this nor expires_at is sent."`
	ExpiresAt     *time.Time        `json:"expires_at,omitempty" doc:"The end as a time, instead of expires_in."`
	ProfitSharing bool              `json:"profit_sharing,omitempty" doc:"Parts of it will be shared with others by the provider, which wants to know when the order is placed."`
	Metadata      map[string]string `json:"metadata,omitempty" doc:"Up to 20 notes of your own; they come back with the payment and its events."`
	LatePayment   string            `json:"late_payment,omitempty" enum:"accept,refund" doc:"What becomes of money that arrives after the end: refund (given back, unless you say otherwise) or accept (the payment is paid after all)."`
	Items         []ItemBody        `json:"items,omitempty" maxItems:"100" doc:"What is sold, for people; the amount is what counts."`
}

// ItemBody is one line of what is sold.
type ItemBody struct {
	Name     string `json:"name" minLength:"1" maxLength:"127"`
	Quantity int64  `json:"quantity" minimum:"1" maximum:"1000000"`
	Amount   int64  `json:"amount,omitempty" minimum:"0" maximum:"1000000000000"`
}

type createPaymentIn struct {
	IdempotencyHeader
	Body PaymentBody
}

type paymentOut struct {
	Replayed string `header:"Idempotency-Replayed"`
	Body     PaymentStory
}

// PaymentStory is a payment; with expand=story everything that happened to it is in it.
type PaymentStory struct {
	engine.PaymentView
	Story *Story `json:"story,omitempty"`
}

// Story is what happened to a payment, from top to bottom.
type Story struct {
	Attempts  []AttemptStory       `json:"attempts"`
	Receipts  []ReceiptView        `json:"receipts"`
	Surpluses []engine.SurplusView `json:"surpluses"`
	Refunds   []engine.RefundView  `json:"refunds"`
	Shares    []engine.ShareView   `json:"shares"`
	Postings  []PostingView        `json:"postings"`
}

type paymentIn struct {
	ID     string `path:"id"`
	Expand string `query:"expand" enum:"story" doc:"story adds attempts with their plans, receipts, notifications and postings."`
}

type idIn struct {
	ID string `path:"id"`
}

func (a *API) payments() {
	handle(a, op("create-payment", http.MethodPost, "/v1/payments", "Create a payment",
		"Says what you want to be paid and returns a link that works in every app. The reference is yours and unique for ever: a second payment with it is refused with the id of the first.", http.StatusCreated, http.StatusConflict), a.createPayment)
	handle(a, op("get-payment", http.MethodGet, "/v1/payments/{id}", "Read a payment",
		"With expand=story it comes with all that happened: attempts with the plan they came from and why each way was kept or dropped, receipts, surpluses, refunds, shares, the providers' messages and our calls to them, and the postings.", http.StatusOK), a.getPayment)
	handle(a, op("list-payments", http.MethodGet, "/v1/payments", "List payments, newest first",
		"With reference it finds the one payment that has it.", http.StatusOK), a.listPayments)
	handle(a, op("cancel-payment", http.MethodPost, "/v1/payments/{id}/cancel", "Cancel a payment",
		"Takes no new attempt and closes the live ones at their providers. 200 means canceled, 202 that a provider has yet to answer, 409 already_paid that the money is there: refund it.", http.StatusOK, http.StatusAccepted, http.StatusConflict), a.cancelPayment)
}

func (a *API) createPayment(ctx context.Context, in *createPaymentIn) (*paymentOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	print, err := fingerprint(http.MethodPost, "/v1/payments", in.Body)
	if err != nil {
		return nil, err
	}
	w := work[postern.State]{load: func(id string) (postern.State, error) { return a.Store.LoadState(ctx, m.ID, id) }}
	w.run = func(request *store.Request) (postern.State, string, error) {
		input, err := a.createInput(in.Body)
		if err != nil {
			return postern.State{}, "", err
		}
		input.Request = request
		state, err := a.Engine.Create(ctx, m.ID, input)
		return state, state.Payment.ID, err
	}
	state, replayed, err := once(ctx, a, m.ID, in.IdempotencyKey, print, w)
	if err != nil {
		return nil, err
	}
	return &paymentOut{Replayed: replayedHeader(replayed), Body: PaymentStory{PaymentView: a.Engine.ViewPayment(state)}}, nil
}

func replayedHeader(replayed bool) string {
	if replayed {
		return "true"
	}
	return ""
}

func (a *API) createInput(b PaymentBody) (engine.CreateInput, error) {
	input := engine.CreateInput{
		Reference: b.Reference, Amount: b.Amount, Currency: b.Currency, Description: b.Description, ReturnURL: b.ReturnURL, ProfitSharing: b.ProfitSharing, Metadata: b.Metadata,
		LatePayment: postern.LatePolicy(b.LatePayment),
	}
	for _, item := range b.Items {
		input.Items = append(input.Items, postern.Item{Name: item.Name, Quantity: item.Quantity, Amount: item.Amount})
	}
	switch {
	case b.ExpiresIn != 0 && b.ExpiresAt != nil:
		return input, postern.Invalid("expires_in", postern.CodeInvalid, "expires_in and expires_at exclude each other", "send one of them")
	case b.ExpiresIn != 0:
		input.ExpiresAt = a.Now().Add(time.Duration(b.ExpiresIn) * time.Second)
	case b.ExpiresAt != nil:
		input.ExpiresAt = *b.ExpiresAt
	}
	return input, nil
}

func (a *API) getPayment(ctx context.Context, in *paymentIn) (*paymentOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	state, err := a.Store.LoadState(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	out := &paymentOut{Body: PaymentStory{PaymentView: a.Engine.ViewPayment(state)}}
	if in.Expand == "story" {
		out.Body.Story, err = a.story(ctx, state)
	}
	return out, err
}

func (a *API) listPayments(ctx context.Context, in *listPaymentsIn) (*listOut[engine.PaymentView], error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	rows, next, err := a.paymentRows(ctx, m.ID, in)
	if err != nil {
		return nil, err
	}
	views := make([]engine.PaymentView, 0, len(rows))
	for _, row := range rows {
		state, err := a.Store.LoadState(ctx, m.ID, row.ID)
		if err != nil {
			return nil, err
		}
		views = append(views, a.Engine.ViewPayment(state))
	}
	return page(views, next, func(v engine.PaymentView) engine.PaymentView { return v }), nil
}

type listPaymentsIn struct {
	PageQuery
	Reference string `query:"reference" maxLength:"64" doc:"Only the payment with this reference of yours."`
}

func (a *API) paymentRows(ctx context.Context, merchantID string, in *listPaymentsIn) ([]postern.Payment, string, error) {
	if in.Reference == "" {
		return a.Store.Payments(ctx, merchantID, in.page())
	}
	p, err := a.Store.PaymentByReference(ctx, merchantID, in.Reference)
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
		return nil, "", nil
	}
	return []postern.Payment{p}, "", err
}

type cancelOut struct {
	Status int
	Body   engine.PaymentView
}

func (a *API) cancelPayment(ctx context.Context, in *idIn) (*cancelOut, error) {
	m, err := merchant(ctx)
	if err != nil {
		return nil, err
	}
	state, err := a.Engine.Cancel(ctx, m.ID, in.ID)
	if err != nil {
		return nil, err
	}
	out := &cancelOut{Status: http.StatusOK, Body: a.Engine.ViewPayment(state)}
	switch state.Payment.Status {
	case postern.PaymentCanceled:
	case postern.PaymentExpired:
		return nil, &postern.Error{Code: postern.CodePaymentClosed, Op: "api.cancelPayment", Message: "the payment has expired already; nothing can be canceled", ID: in.ID}
	default:
		out.Status = http.StatusAccepted
	}
	return out, nil
}

// ReceiptView is a receipt as merchants see it.
type ReceiptView struct {
	ID             string    `json:"id"`
	Object         string    `json:"object" enum:"receipt"`
	AttemptID      string    `json:"attempt_id"`
	ChannelID      string    `json:"channel_id"`
	Provider       string    `json:"provider"`
	TransactionNo  string    `json:"transaction_no" doc:"The provider's transaction number."`
	Amount         int64     `json:"amount"`
	Currency       string    `json:"currency"`
	Use            string    `json:"use" enum:"applied,surplus"`
	RefundReserved int64     `json:"refund_reserved"`
	Refunded       int64     `json:"refunded"`
	Shared         int64     `json:"shared" doc:"What shares have handed to others, or hold."`
	PaidAt         time.Time `json:"paid_at"`
}

// PostingView is one line of the books.
type PostingView struct {
	TransactionID string    `json:"transaction_id"`
	Kind          string    `json:"kind"`
	Account       string    `json:"account"`
	Amount        int64     `json:"amount" doc:"Debit positive, credit negative."`
	Currency      string    `json:"currency"`
	CreatedAt     time.Time `json:"created_at"`
}

func viewReceipt(r postern.Receipt) ReceiptView {
	return ReceiptView{
		ID: r.ID, Object: "receipt", AttemptID: r.AttemptID, ChannelID: r.ChannelID, Provider: r.Provider, TransactionNo: r.TxnNo, Amount: r.Amount,
		Currency: r.Currency, Use: string(r.Use), RefundReserved: r.RefundReserved, Refunded: r.Refunded, Shared: r.Shared, PaidAt: r.PaidAt,
	}
}

func viewPostings(transactions []ledger.Transaction) []PostingView {
	views := []PostingView{}
	for _, t := range transactions {
		for _, p := range t.Postings {
			views = append(views, PostingView{TransactionID: t.ID, Kind: string(t.Kind), Account: p.Account, Amount: p.Amount, Currency: p.Currency, CreatedAt: t.CreatedAt})
		}
	}
	return views
}

// story gathers what happened to a payment.
func (a *API) story(ctx context.Context, s postern.State) (*Story, error) {
	story := &Story{Attempts: []AttemptStory{}, Receipts: []ReceiptView{}, Surpluses: []engine.SurplusView{}, Refunds: []engine.RefundView{}, Shares: []engine.ShareView{}}
	for _, at := range s.Attempts {
		told, err := a.attemptStory(ctx, s, at)
		if err != nil {
			return nil, err
		}
		story.Attempts = append(story.Attempts, told)
	}
	for _, r := range s.Receipts {
		story.Receipts = append(story.Receipts, viewReceipt(r))
	}
	for _, u := range s.Surpluses {
		story.Surpluses = append(story.Surpluses, engine.ViewSurplus(u))
	}
	refunds, _, err := a.Store.Refunds(ctx, s.Payment.MerchantID, s.Payment.ID, store.Page{Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, r := range refunds {
		story.Refunds = append(story.Refunds, engine.ViewRefund(r))
	}
	shares, _, err := a.Store.Shares(ctx, s.Payment.MerchantID, s.Payment.ID, store.Page{Limit: 100})
	if err != nil {
		return nil, err
	}
	for _, row := range shares {
		story.Shares = append(story.Shares, engine.ViewShare(row))
	}
	transactions, err := a.Store.Transactions(ctx, s.Payment.MerchantID, s.Payment.ID)
	if err != nil {
		return nil, err
	}
	story.Postings = viewPostings(transactions)
	return story, nil
}
