package engine

import (
	"context"
	"strconv"
	"time"

	"postern"
	"postern/provider"
	"postern/store"
)

// ShareInput is what a merchant wants handed to others. Reference is the merchant's own, unique per payment. Last without parts gives what is left to the merchant.
type ShareInput struct {
	Reference string
	Parts     []ShareInputPart
	Last      bool
	Request   *store.Request
}

// ShareInputPart is one receiver's part, in minor units. Kind is the provider's word for what Account is.
type ShareInputPart struct {
	Kind    string
	Account string
	Name    string
	Amount  int64
	Text    string
}

// Bounds of a share.
const (
	maxShareParts    = 50
	maxShareText     = 80
	maxShareReceiver = 128
)

// Share reserves the parts on the payment's receipt and commits the share with its job. N concurrent shares can never exceed what refunds leave of the receipt: the
// reservation is one conditional update, and CodeShareExceeds its refusal.
func (e *Engine) Share(ctx context.Context, merchantID, paymentID string, in ShareInput) (postern.Share, error) {
	state, err := e.Store.LoadState(ctx, merchantID, paymentID)
	if err != nil {
		return postern.Share{}, err
	}
	if err := checkText("reference", in.Reference, 1, maxReference); err != nil {
		return postern.Share{}, err
	}
	receipt, err := e.mayShare(ctx, state)
	if err != nil {
		return postern.Share{}, err
	}
	now := e.now()
	s := postern.Share{
		MerchantID: merchantID, ID: e.newID(postern.PrefixShare), PaymentID: paymentID, ReceiptID: receipt.ID, AttemptID: receipt.AttemptID, ChannelID: receipt.ChannelID,
		Reference: in.Reference, Number: postern.NewNumber(now, e.Env.Rand), Currency: receipt.Currency, Last: in.Last, Text: shareText(state.Payment.Description),
		Status: postern.ShareReserved, CreatedAt: now, UpdatedAt: now,
	}
	receivers, err := parts(&s, receipt, in, now)
	if err != nil {
		return postern.Share{}, err
	}
	change := store.Change{MerchantID: merchantID, At: now, Shares: []postern.Share{s}, Receivers: receivers, Jobs: []postern.Job{e.job(merchantID, postern.JobShare, s.ID, now)}}
	if s.Amount > 0 {
		change.Moves = []postern.ReceiptMove{{ReceiptID: receipt.ID, Share: s.Amount}}
	}
	if in.Request != nil {
		request := *in.Request
		request.ObjectID, request.Done = s.ID, true
		change.Request = &request
	}
	if err := e.commit(ctx, change); err != nil {
		return postern.Share{}, e.explainShare(ctx, s, err)
	}
	s.Version = 1
	return s, nil
}

// mayShare says whether a new share of a payment may begin, and out of which receipt.
func (e *Engine) mayShare(ctx context.Context, state postern.State) (postern.Receipt, error) {
	const op = "engine.Share"
	p := state.Payment
	if !p.ProfitSharing {
		return postern.Receipt{}, &postern.Error{Code: postern.CodeNotForSharing, Op: op, ID: p.ID, Message: "the payment was not created to be shared, and the provider was not told",
			Fix: "create payments whose money is shared with profit_sharing: true"}
	}
	receipt, ok := state.Applied()
	if !ok {
		return receipt, postern.E(postern.CodeNothingToShare, op, "the payment has received no money to share")
	}
	channel, err := e.Store.Channel(ctx, p.MerchantID, receipt.ChannelID)
	if err != nil {
		return receipt, err
	}
	if _, ok := e.Registry[channel.Provider].(provider.Sharer); !ok {
		return receipt, &postern.Error{Code: postern.CodeNotSupported, Op: op, Message: "the provider that took the money shares nothing", Fix: "pay the others yourself"}
	}
	last, err := e.Store.LastShare(ctx, p.MerchantID, p.ID)
	if err == nil {
		return receipt, &postern.Error{Code: postern.CodeNothingToShare, Op: op, ID: last.ID, Message: "what was left is the merchant's already: nothing is shared after a last share"}
	}
	if postern.CodeOf(err) != postern.CodeNotFound {
		return receipt, err
	}
	return receipt, nil
}

// parts checks what is to be shared with whom, puts it into the share, and returns the receivers, who are kept apart from it.
func parts(s *postern.Share, receipt postern.Receipt, in ShareInput, now time.Time) ([]postern.ShareReceiver, error) {
	if len(in.Parts) > maxShareParts || len(in.Parts) == 0 && !in.Last {
		return nil, postern.Invalid("parts", postern.CodeInvalid, "there are no parts, or too many", "send 1 to "+itoa(maxShareParts)+" parts, or last: true without any to keep the rest")
	}
	var receivers []postern.ShareReceiver
	seen := map[string]bool{}
	for i, p := range in.Parts {
		field := "parts." + strconv.Itoa(i) + "."
		for _, t := range []struct {
			name, text  string
			least, most int
		}{{"receiver.kind", p.Kind, 1, maxShareReceiver}, {"receiver.account", p.Account, 1, maxShareReceiver}, {"receiver.name", p.Name, 0, maxShareReceiver}, {"text", p.Text, 0, maxShareText}} {
			if err := checkText(field+t.name, t.text, t.least, t.most); err != nil {
				return nil, err
			}
		}
		if err := postern.CheckAmount(p.Amount, receipt.Currency); err != nil {
			return nil, postern.Invalid(field+"amount", postern.CodeOf(err), "the amount is out of range", "send minor units")
		}
		r := postern.ShareReceiver{
			MerchantID: s.MerchantID, ID: postern.ReceiverID(s.MerchantID, receipt.CredentialSetID, p.Kind, p.Account), CredentialSetID: receipt.CredentialSetID,
			Kind: p.Kind, Account: p.Account, Name: p.Name, UsedAt: now,
		}
		if seen[r.ID] {
			return nil, postern.Invalid(field+"receiver", postern.CodeInvalid, "the receiver has another part of this share", "add the two up")
		}
		seen[r.ID] = true
		text := p.Text
		if text == "" {
			text = s.Text
		}
		s.Parts, s.Amount = append(s.Parts, postern.SharePart{ReceiverID: r.ID, Kind: p.Kind, Amount: p.Amount, Text: text}), s.Amount+p.Amount
		receivers = append(receivers, r)
	}
	return receivers, nil
}

// shareText is what receivers read where the merchant wrote nothing: what the payment is for, as much of it as providers take.
func shareText(description string) string {
	if runes := []rune(description); len(runes) > maxShareText {
		return string(runes[:maxShareText])
	}
	return description
}

// explainShare turns a conflict on the share's reference into the share that has it, and says which field asks for too much.
func (e *Engine) explainShare(ctx context.Context, s postern.Share, err error) error {
	if postern.CodeOf(err) == postern.CodeShareExceeds {
		return &postern.Error{
			Code: postern.CodeShareExceeds, Op: "engine.Share", Field: "parts", ID: s.ReceiptID, Err: err,
			Message: "all shares together may not exceed what refunds leave of what was received", Fix: "read the payment with expand=story to see what is left",
		}
	}
	if postern.CodeOf(err) != postern.CodeConflict {
		return err
	}
	other, loadErr := e.Store.ShareByReference(ctx, s.MerchantID, s.PaymentID, s.Reference)
	if loadErr != nil {
		return err
	}
	return &postern.Error{Code: postern.CodeReferenceTaken, Op: "engine.Share", Field: "reference", ID: other.ID, Message: "a share of this payment has this reference", Fix: "read share " + other.ID + ", or send a new reference"}
}
