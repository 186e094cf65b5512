package engine

import (
	"context"
	"net/url"
	"time"
	"unicode/utf8"

	"postern"
	"postern/store"
)

// Bounds of a payment.
const (
	defaultExpiry  = 30 * time.Minute
	minExpiry      = time.Second
	maxExpiry      = 90 * 24 * time.Hour
	maxReference   = 64
	maxDescription = 127
	maxURL         = 1024
	maxMetadata    = 20
	maxMetaKey     = 40
	maxMetaValue   = 500
	maxItems       = 100
	maxQuantity    = 1_000_000
)

// CreateInput is what a merchant asks to be paid. Amount is in minor units; ExpiresAt zero means in thirty minutes.
type CreateInput struct {
	Reference   string
	Amount      int64
	Currency    string
	Description string
	ReturnURL   string
	Metadata    map[string]string
	Items       []postern.Item
	LatePayment postern.LatePolicy
	// ProfitSharing is told to the provider at ordering.
	ProfitSharing bool
	ExpiresAt     time.Time
	// Request is the idempotency row to finish in the same commit, if any.
	Request *store.Request
}

// Create commits a new payment with its expiry job. It answers CodeReferenceTaken with the id when the merchant has used the reference before.
func (e *Engine) Create(ctx context.Context, merchantID string, in CreateInput) (postern.State, error) {
	merchant, err := e.Store.Merchant(ctx, merchantID)
	if err != nil {
		return postern.State{}, err
	}
	now := e.now()
	if err := e.checkCreate(&in, now); err != nil {
		return postern.State{}, err
	}
	change := e.paymentChange(merchant, in, e.newID(postern.PrefixPayment), now)
	p := *change.Payment
	if in.Request != nil {
		request := *in.Request
		request.ObjectID, request.Done = p.ID, true
		change.Request = &request
	}
	if err := e.commit(ctx, change); err != nil {
		return postern.State{}, e.referenceTaken(ctx, merchantID, in.Reference, err)
	}
	p.Version = 1
	return postern.State{Payment: p}, nil
}

// paymentChange is the commit of a new payment with its deadline.
func (e *Engine) paymentChange(merchant postern.Merchant, in CreateInput, id string, now time.Time) store.Change {
	p := postern.Payment{
		MerchantID: merchant.ID, ID: id, Reference: in.Reference, Amount: in.Amount, Currency: in.Currency, Description: in.Description, ReturnURL: in.ReturnURL, Metadata: in.Metadata,
		Items: in.Items, LatePayment: in.LatePayment, ProfitSharing: in.ProfitSharing, Status: postern.PaymentOpen, Live: merchant.Live, LinkToken: postern.NewToken(e.Env.Rand),
		ExpiresAt: in.ExpiresAt.UTC().Truncate(time.Microsecond), CreatedAt: now, UpdatedAt: now,
	}
	return store.Change{MerchantID: merchant.ID, At: now, Payment: &p, Jobs: []postern.Job{e.job(merchant.ID, postern.JobExpire, p.ID, p.ExpiresAt)}}
}

// referenceTaken explains a conflict on the merchant's reference by naming the payment that has it.
func (e *Engine) referenceTaken(ctx context.Context, merchantID, reference string, err error) error {
	if postern.CodeOf(err) != postern.CodeConflict {
		return err
	}
	other, loadErr := e.Store.PaymentByReference(ctx, merchantID, reference)
	if loadErr != nil {
		return err
	}
	return &postern.Error{
		Code: postern.CodeReferenceTaken, Op: "engine.Create", Field: "reference", ID: other.ID,
		Message: "a payment with this reference exists; references are unique per merchant for ever", Fix: "read payment " + other.ID + ", or send a new reference",
	}
}

func (e *Engine) checkCreate(in *CreateInput, now time.Time) error {
	if err := postern.CheckAmount(in.Amount, in.Currency); err != nil {
		return err
	}
	if err := checkText("reference", in.Reference, 1, maxReference); err != nil {
		return err
	}
	if err := checkText("description", in.Description, 1, maxDescription); err != nil {
		return err
	}
	if err := checkReturnURL(in.ReturnURL); err != nil {
		return err
	}
	switch in.LatePayment {
	case "":
		in.LatePayment = postern.LateRefund
	case postern.LateAccept, postern.LateRefund:
	default:
		return postern.Invalid("late_payment", postern.CodeInvalid, "late_payment must be accept or refund", "leave it out for refund")
	}
	if in.ExpiresAt.IsZero() {
		in.ExpiresAt = now.Add(defaultExpiry)
	}
	if d := in.ExpiresAt.Sub(now); d < minExpiry || d > maxExpiry {
		return postern.Invalid("expires_at", postern.CodeInvalid, "a payment must stay open for at least a second and at most 90 days", "send expires_in in seconds, 5 to 7776000")
	}
	if err := checkItems(in.Items); err != nil {
		return err
	}
	return checkMetadata(in.Metadata)
}

func checkItems(items []postern.Item) error {
	if len(items) > maxItems {
		return postern.Invalid("items", postern.CodeInvalid, "a payment lists at most 100 items", "put small ones together")
	}
	for i, item := range items {
		field := "items[" + itoa(i) + "]"
		if err := checkText(field+".name", item.Name, 1, maxDescription); err != nil {
			return err
		}
		if item.Quantity < 1 || item.Quantity > maxQuantity || item.Amount < 0 || item.Amount > postern.MaxAmount {
			return postern.Invalid(field, postern.CodeInvalid, "an item's quantity is 1 to 1000000 and its amount 0 to 1000000000000 minor units", "leave the amount out if it is not known")
		}
	}
	return nil
}

func checkMetadata(metadata map[string]string) error {
	if len(metadata) > maxMetadata {
		return postern.Invalid("metadata", postern.CodeInvalid, "metadata holds at most 20 entries", "keep the rest on your side under the reference")
	}
	for k, v := range metadata {
		if err := checkText("metadata", k, 1, maxMetaKey); err != nil {
			return err
		}
		if err := checkText("metadata", v, 0, maxMetaValue); err != nil {
			return err
		}
	}
	return nil
}

// checkText bounds a text in characters and refuses control characters and broken UTF-8.
func checkText(field, s string, least, most int) error {
	if n := utf8.RuneCountInString(s); n < least || n > most || !utf8.ValidString(s) {
		return postern.Invalid(field, postern.CodeInvalid, "the text is missing, too long or not UTF-8", "send "+itoa(least)+" to "+itoa(most)+" characters")
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return postern.Invalid(field, postern.CodeInvalid, "the text holds a control character", "send printable characters only")
		}
	}
	return nil
}

func checkReturnURL(s string) error {
	if s == "" {
		return nil
	}
	u, err := url.Parse(s)
	if err != nil || len(s) > maxURL || u.Host == "" || u.User != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return postern.Invalid("return_url", postern.CodeInvalid, "return_url must be an absolute http or https address without a user name", "send https://shop.example/orders/1")
	}
	return nil
}
