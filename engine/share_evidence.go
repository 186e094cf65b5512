package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"postern"
	"postern/ledger"
	"postern/provider"
	"postern/store"
)

// shareBill books the rows of one bill about shares. Nth counts rows that say the same, so that two parts of the same amount at the same second are two.
type shareBill struct {
	e       *Engine
	channel postern.Channel
	nth     map[string]int
}

// prove books a row about a share, once: Dr shared:{receiver} Cr receivable, or the other way where it came back. The row's key and the transaction are one commit.
// A share of ours whose parts the bill shows whole is done, whatever was said of it before.
func (b shareBill) prove(ctx context.Context, l provider.StatementLine, seen *Evidence) error {
	receipt, shares, err := b.about(ctx, l)
	if err != nil {
		return err
	}
	if receipt.ID == "" || l.Amount == 0 || l.Currency != receipt.Currency {
		seen.Foreign++
		return nil
	}
	key := b.key(l)
	var last error
	for range maxTries {
		lines, err := b.e.Store.ShareLines(ctx, receipt.MerchantID, receipt.PaymentID)
		if err != nil {
			return err
		}
		if line, known := booked(lines, receipt.CredentialSetID, key); known {
			if last == nil {
				seen.Known++
			}
			return b.settle(ctx, line.ShareID, shares, lines)
		}
		row, transaction, err := b.line(receipt, l, key, shares, lines)
		if err != nil {
			return err
		}
		change := store.Change{MerchantID: receipt.MerchantID, At: row.CreatedAt, Transactions: []ledger.Transaction{transaction}, ShareLines: []postern.ShareLine{row}}
		if last = b.e.commit(ctx, change); last == nil {
			seen.Shares++
			return b.settle(ctx, row.ShareID, shares, append(lines, row))
		}
		if postern.CodeOf(last) != postern.CodeConflict {
			return last
		}
	}
	return postern.Wrap(postern.CodeConflict, "engine.ApplyStatement", last)
}

// about finds the receipt that a row is about, by the share's number or the transaction's, with the payment's shares. Rows about nothing of ours have none.
func (b shareBill) about(ctx context.Context, l provider.StatementLine) (receipt postern.Receipt, shares []postern.Share, err error) {
	merchant := b.channel.MerchantID
	switch {
	case l.ShareNumber != "":
		var s postern.Share
		if s, err = b.e.Store.ShareByNumber(ctx, merchant, l.ShareNumber); err == nil {
			shares = []postern.Share{s}
			receipt, err = b.e.Store.Receipt(ctx, merchant, s.ReceiptID)
		}
	case l.TxnNo != "":
		if receipt, err = b.e.Store.ReceiptByTxn(ctx, merchant, b.channel.CredentialSetID, l.TxnNo); err == nil {
			shares, err = b.e.Store.SharesOfPayment(ctx, merchant, receipt.PaymentID)
		}
	}
	if err != nil && postern.CodeOf(err) == postern.CodeNotFound {
		return postern.Receipt{}, nil, nil
	}
	if receipt.CredentialSetID != b.channel.CredentialSetID {
		return postern.Receipt{}, nil, err
	}
	return receipt, shares, err
}

// key tells a row from every other one of the account, by what providers do not change when they write a bill anew.
func (b shareBill) key(l provider.StatementLine) string {
	same := strings.Join([]string{l.TxnNo, l.ShareNumber, l.Receiver, strconv.FormatInt(l.Amount, 10), l.Currency, l.At.UTC().Format(time.RFC3339)}, "\n")
	sum := sha256.Sum256([]byte(same + "\n" + strconv.Itoa(b.nth[same])))
	b.nth[same]++
	return hex.EncodeToString(sum[:])
}

func booked(lines []postern.ShareLine, set, key string) (postern.ShareLine, bool) {
	for _, line := range lines {
		if line.CredentialSetID == set && line.Key == key {
			return line, true
		}
	}
	return postern.ShareLine{}, false
}

// line makes the row and its transaction. Of several parts that fit, the first one that no row has told of is taken.
func (b shareBill) line(receipt postern.Receipt, l provider.StatementLine, key string, shares []postern.Share, lines []postern.ShareLine) (postern.ShareLine, ledger.Transaction, error) {
	now := b.e.now()
	row := postern.ShareLine{
		MerchantID: receipt.MerchantID, CredentialSetID: receipt.CredentialSetID, Key: key, PaymentID: receipt.PaymentID, ReceiptID: receipt.ID, ChannelID: receipt.ChannelID,
		Amount: -l.Amount, Currency: l.Currency, At: l.At, CreatedAt: now,
	}
	row.ShareID, row.ReceiverID = partOf(receipt, l, shares, lines)
	book := postern.Booking{Kind: postern.BookShare, ChannelID: row.ChannelID, PaymentID: row.PaymentID, ReceiptID: row.ReceiptID, ReceiverID: row.ReceiverID, Amount: row.Amount, Currency: row.Currency}
	if row.Amount < 0 {
		book.Kind, book.Amount = postern.BookShareReturn, -row.Amount
	}
	t, err := ledger.Make(book, receipt.MerchantID, b.e.newID(postern.PrefixTransaction), now)
	if err != nil {
		return row, t, postern.Wrap(postern.CodeInternal, "engine.ApplyStatement", err)
	}
	row.TransactionID = t.ID
	return row, t, nil
}

// partOf finds the part that a row is about: what was given fits by receiver and amount and was not told of yet, what came back fits by receiver.
func partOf(receipt postern.Receipt, l provider.StatementLine, shares []postern.Share, lines []postern.ShareLine) (shareID, receiverID string) {
	told := map[[2]string]bool{}
	for _, line := range lines {
		if line.Amount > 0 {
			told[[2]string{line.ShareID, line.ReceiverID}] = true
		}
	}
	for _, s := range shares {
		for _, p := range s.Parts {
			fits := l.Receiver == "" || p.ReceiverID == postern.ReceiverID(receipt.MerchantID, receipt.CredentialSetID, p.Kind, l.Receiver)
			given := l.Amount < 0 && p.Amount == -l.Amount && !told[[2]string{s.ID, p.ReceiverID}]
			back := l.Amount > 0 && (l.Receiver != "" || len(s.Parts) == 1)
			if fits && (given || back) {
				return s.ID, p.ReceiverID
			}
		}
	}
	if len(shares) == 1 && l.ShareNumber != "" {
		return shares[0].ID, ""
	}
	return "", ""
}

// settle ends a share whose parts the bill shows whole.
func (b shareBill) settle(ctx context.Context, shareID string, shares []postern.Share, lines []postern.ShareLine) error {
	var given int64
	for _, line := range lines {
		if line.ShareID == shareID && line.Amount > 0 {
			given += line.Amount
		}
	}
	for _, s := range shares {
		if s.ID != shareID || s.Status == postern.ShareDone || given != s.Amount {
			continue
		}
		_, err := b.e.applyShareFact(ctx, s.MerchantID, s.ID, postern.ShareFact{Trigger: postern.OnDone, Message: "the bill shows it"}, nil)
		switch postern.CodeOf(err) {
		case postern.CodeShareExceeds:
			b.e.Log.ErrorContext(ctx, "a share that failed reached its receivers, and its amount has been given away again", "share", s.ID, "receipt", s.ReceiptID, "amount", s.Amount)
			return nil // booked; the share's state waits for a person
		case postern.CodeImpossibleChange:
			return nil // not sent as far as we know, and yet shared: the job asks
		}
		return err
	}
	return nil
}
