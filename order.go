package postern

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// OrderState says what became of an order's payment, and thereby where its pieces are.
type OrderState string

// States of an order: waiting (its pieces are held), paid (sold), ended (given back). Paid is absorbing; an ended order becomes paid when late money is accepted
// and the pieces are still there.
const (
	OrderWaiting OrderState = "waiting"
	OrderPaid    OrderState = "paid"
	OrderEnded   OrderState = "ended"
)

// OrderAsk says where a buyer's wish for a refund stands.
type OrderAsk string

// Asks: none, open (the seller has to answer), given (a refund was made), declined.
const (
	AskNone     OrderAsk = ""
	AskOpen     OrderAsk = "open"
	AskGiven    OrderAsk = "given"
	AskDeclined OrderAsk = "declined"
)

// Order is what was agreed with a buyer of the shop. Texts and prices are copies of their moment, amounts in minor units: Amount is Quantity times UnitPrice plus
// DeliveryFee. Number is what the buyer reads and types (a short code), Token the random part of the order's address.
type Order struct {
	MerchantID  string
	ID          string
	Version     int64
	Number      string
	Token       string
	PaymentID   string
	ItemID      string
	VariantID   string
	Title       string
	Variant     string
	Quantity    int64
	UnitPrice   int64
	DeliveryFee int64
	Amount      int64
	Currency    string
	// Counted says that pieces of stock move with this order.
	Counted  bool
	Delivers bool
	State    OrderState
	// Buyer is BuyerKey of the phone number: enough to find the order again when the number itself has been deleted.
	Buyer     string
	Carrier   string
	Tracking  string
	ShippedAt time.Time
	Ask       OrderAsk
	AskReason string
	// AskAnswer is what the seller says to it.
	AskAnswer  string
	AskedAt    time.Time
	AnsweredAt time.Time
	// Restocked counts pieces that the seller put back on sale after a refund.
	Restocked int64
	CreatedAt time.Time
	UpdatedAt time.Time
}

// OrderBuyer is who ordered and where it goes: kept apart from the order, deleted by the retention job.
type OrderBuyer struct {
	MerchantID string
	OrderID    string
	Name       string
	Phone      string
	// Region is the code of a Region.
	Region    string
	Address   string
	Note      string
	CreatedAt time.Time
}

// StockMove moves pieces of a counted variant by one conditional update. Stock below zero fails with CodeSoldOut.
type StockMove struct {
	ItemID    string
	VariantID string
	Stock     int64
	Held      int64
	Sold      int64
}

// BuyerMove counts pieces that one buyer has of an item. With a Limit above zero, a count beyond it fails with CodeLimitReached.
type BuyerMove struct {
	ItemID   string
	Buyer    string
	Quantity int64
	Limit    int64
}

// Audit is one act of a person. MerchantID is whom it was about, or the partner.
type Audit struct {
	MerchantID   string
	ID           string
	StaffOwnerID string
	StaffID      string
	// Who is the person's name at that time.
	Who       string
	Act       string
	ObjectID  string
	Detail    string
	CreatedAt time.Time
}

// BuyerKey hashes a phone number for one item: the limit per buyer and the way back to an order need to compare numbers, not to know them.
func BuyerKey(merchantID, itemID, phone string) string {
	sum := sha256.Sum256([]byte("buyer\n" + merchantID + "\n" + itemID + "\n" + phone))
	return hex.EncodeToString(sum[:])
}

// ParsePhone reads a phone number as people type it and returns its digits, with a + before a number of another country: 138 0013 8000, +86-138..., (0755) 1234567.
func ParsePhone(typed string) (phone string, ok bool) {
	if len(typed) > 40 {
		return "", false
	}
	var b strings.Builder
	for i, r := range strings.TrimSpace(typed) {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= '０' && r <= '９': // full width, as some keyboards write them
			b.WriteRune('0' + r - '０')
		case (r == '+' || r == '＋') && i == 0:
			b.WriteByte('+')
		case strings.ContainsRune(" -()（）－.", r):
		default:
			return "", false
		}
	}
	phone = b.String()
	for _, prefix := range []string{"+86", "0086"} {
		if rest, found := strings.CutPrefix(phone, prefix); found {
			phone = rest
		}
	}
	digits := strings.TrimPrefix(phone, "+")
	return phone, len(digits) >= 7 && len(digits) <= 15
}

// MaskPhone shows the beginning and the last four digits: 138****8000.
func MaskPhone(phone string) string {
	if len(phone) < 7 {
		return strings.Repeat("*", len(phone))
	}
	head := min(3, len(phone)-4)
	return phone[:head] + strings.Repeat("*", len(phone)-head-4) + phone[len(phone)-4:]
}

// FollowOrder says what an order's state becomes when its payment has this status, and which pieces move with it. No change is false.
func FollowOrder(o Order, status PaymentStatus) (next Order, move StockMove, changed bool) {
	want := OrderWaiting
	switch status {
	case PaymentPaid:
		want = OrderPaid
	case PaymentExpired, PaymentCanceled:
		want = OrderEnded
	}
	if o.State == want || o.State == OrderPaid {
		return o, StockMove{}, false
	}
	move = StockMove{ItemID: o.ItemID, VariantID: o.VariantID}
	for _, step := range []struct {
		state OrderState
		sign  int64
	}{{o.State, -1}, {want, 1}} {
		switch step.state {
		case OrderWaiting:
			move.Held += step.sign * o.Quantity
		case OrderPaid:
			move.Sold += step.sign * o.Quantity
		case OrderEnded:
			move.Stock += step.sign * o.Quantity
		}
	}
	o.State = want
	return o, move, true
}
