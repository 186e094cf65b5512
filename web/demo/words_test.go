package demo

import (
	"testing"

	"postern"
	"postern/ledger"
)

// TestEveryStateHasItsWord: the feed never shows a code where a person expects a word.
func TestEveryStateHasItsWord(t *testing.T) {
	for _, w := range []*words{&inChinese, &inEnglish} {
		for _, s := range []postern.PaymentStatus{postern.PaymentOpen, postern.PaymentProcessing, postern.PaymentPaid, postern.PaymentExpired, postern.PaymentCanceled} {
			if w.Statuses[s] == "" {
				t.Errorf("no word for the status %s", s)
			}
		}
		for _, k := range ledger.Kinds() {
			if w.Bookings[k] == "" {
				t.Errorf("no word for the booking %s", k)
			}
		}
		for _, a := range []string{"receivable", ledger.Sales, ledger.Refunds, ledger.RefundsInTransit, ledger.Surplus, ledger.Fees, ledger.Discounts, ledger.Disputes, ledger.Adjustments, "bank", "shared"} {
			if w.Accounts[a] == "" {
				t.Errorf("no word for the account %s", a)
			}
		}
	}
}
