package wire

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
)

// Paths of profit sharing.
const (
	PathShares       = "/v3/profitsharing/orders"
	PathUnfreeze     = "/v3/profitsharing/orders/unfreeze"
	PathReceivers    = "/v3/profitsharing/receivers/add"
	MaxShareText     = 80
	MaxReceivers     = 50
	RelationPartner  = "PARTNER"
	ReceiverMerchant = "MERCHANT_ID"
	ReceiverOpenID   = "PERSONAL_OPENID"
	ReceiverSub      = "PERSONAL_SUB_OPENID"
)

// SharePath is the request target that asks for a share by the merchant's number.
func SharePath(outOrderNo, transactionID, subMchID string) string {
	target := PathShares + "/" + url.PathEscape(outOrderNo) + "?transaction_id=" + url.QueryEscape(transactionID)
	if subMchID != "" {
		target += "&sub_mchid=" + url.QueryEscape(subMchID)
	}
	return target
}

// Sharer says who shares: appids and, under a service provider, whose money it is.
type Sharer struct {
	SubMchID string `json:"sub_mchid,omitempty"`
	AppID    string `json:"appid,omitempty"`
	SubAppID string `json:"sub_appid,omitempty"`
}

// Sharer is who shares, of the parties of an order.
func (p Parties) Sharer() Sharer {
	return Sharer{SubMchID: p.SubMchID, AppID: cmp.Or(p.SpAppID, p.AppID), SubAppID: p.SubAppID}
}

// Receiver registers who may get parts. On its way the name is encrypted under the key that Wechatpay-Serial names.
type Receiver struct {
	Sharer
	Type     string `json:"type"`
	Account  string `json:"account"`
	Name     string `json:"name,omitempty"`
	Relation string `json:"relation_type"`
}

// ShareOrder asks to share a paid order. OutOrderNo is the idempotency key.
type ShareOrder struct {
	Sharer
	TransactionID string         `json:"transaction_id"`
	OutOrderNo    string         `json:"out_order_no"`
	Receivers     []SharePortion `json:"receivers,omitempty"`
	Unfreeze      bool           `json:"unfreeze_unsplit"`
}

// SharePortion is one receiver's part in fen, and in answers what became of it.
type SharePortion struct {
	Type        string `json:"type"`
	Account     string `json:"account"`
	Amount      int64  `json:"amount"`
	Description string `json:"description"`
	Result      string `json:"result,omitempty"`
	FailReason  string `json:"fail_reason,omitempty"`
}

// UnfreezeOrder gives what is left to the merchant.
type UnfreezeOrder struct {
	SubMchID      string `json:"sub_mchid,omitempty"`
	TransactionID string `json:"transaction_id"`
	OutOrderNo    string `json:"out_order_no"`
	Description   string `json:"description"`
}

// ShareAnswer is what all of these calls say of a share.
type ShareAnswer struct {
	SubMchID      string         `json:"sub_mchid,omitempty"`
	TransactionID string         `json:"transaction_id"`
	OutOrderNo    string         `json:"out_order_no"`
	OrderID       string         `json:"order_id"`
	State         string         `json:"state"`
	Receivers     []SharePortion `json:"receivers,omitempty"`
}

// ParseShare reads an answer, which must be about this share of this transaction.
func ParseShare(raw []byte, outOrderNo, transactionID string) (ShareAnswer, error) {
	var a ShareAnswer
	if err := Decode(raw, &a); err != nil {
		return a, err
	}
	if a.OutOrderNo != outOrderNo || a.TransactionID != transactionID {
		return a, errors.New("the answer is about another share or transaction")
	}
	return a, nil
}

// Got are the parts that were received.
func (a ShareAnswer) Got() []SharePortion {
	return slices.DeleteFunc(slices.Clone(a.Receivers), func(p SharePortion) bool { return a.State != ShareFinished || p.Result != PartSuccess })
}

// Outcome says whether every receiver has its part, and why one never will.
func (a ShareAnswer) Outcome() (finished bool, reason string) {
	finished = a.State == ShareFinished
	for _, p := range a.Receivers {
		finished = finished && p.Result == PartSuccess
		if a.State == ShareFinished && p.Result == PartClosed {
			reason = cmp.Or(p.FailReason, PartClosed)
		}
	}
	return finished, reason
}

// States of a share and of a receiver's part.
const (
	ShareProcessing = "PROCESSING"
	ShareFinished   = "FINISHED"
	PartPending     = "PENDING"
	PartSuccess     = "SUCCESS"
	PartClosed      = "CLOSED"
)
