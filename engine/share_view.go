package engine

import (
	"time"

	"postern"
)

// ShareView is a share as merchants see it. Who the receivers are is not in it: their ids are.
type ShareView struct {
	ID              string          `json:"id"`
	Object          string          `json:"object" enum:"share"`
	PaymentID       string          `json:"payment_id"`
	ReceiptID       string          `json:"receipt_id"`
	Status          string          `json:"status" enum:"reserved,sending,pending,unknown,done,failed"`
	Reference       string          `json:"reference"`
	Number          string          `json:"number" doc:"The share's number at the provider."`
	Amount          int64           `json:"amount" doc:"What all parts come to, in minor units."`
	AmountGiven     int64           `json:"amount_given" doc:"What receivers are known to have got. Of a failed share it is what went through before it failed."`
	Currency        string          `json:"currency"`
	Parts           []SharePartView `json:"parts"`
	Last            bool            `json:"last" doc:"What is left is the merchant's; nothing is shared after it."`
	ProviderCode    string          `json:"provider_code,omitempty"`
	ProviderMessage string          `json:"provider_message,omitempty"`
	CreatedAt       time.Time       `json:"created_at"`
	UpdatedAt       time.Time       `json:"updated_at"`
}

// SharePartView is one receiver's part. The parts stand in the order in which they were sent.
type SharePartView struct {
	ReceiverID string `json:"receiver_id" doc:"The same for the same account, in every share over one account of yours; the books name it."`
	Kind       string `json:"kind"`
	Amount     int64  `json:"amount"`
	Text       string `json:"text,omitempty"`
}

// ViewShare shows a share.
func ViewShare(s postern.Share) ShareView {
	v := ShareView{
		ID: s.ID, Object: "share", PaymentID: s.PaymentID, ReceiptID: s.ReceiptID, Status: string(s.Status), Reference: s.Reference, Number: s.Number, Amount: s.Amount,
		AmountGiven: s.Given, Currency: s.Currency, Parts: []SharePartView{}, Last: s.Last, ProviderCode: s.Code, ProviderMessage: s.Message, CreatedAt: s.CreatedAt,
		UpdatedAt: s.UpdatedAt,
	}
	for _, p := range s.Parts {
		v.Parts = append(v.Parts, SharePartView(p))
	}
	return v
}
