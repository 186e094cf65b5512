package wire

import (
	"errors"
	"fmt"
)

// RefundRequest is the body of POST /v3/refund/domestic/refunds. OutRefundNo is the idempotency key: the same number never refunds twice.
type RefundRequest struct {
	SubMchID      string       `json:"sub_mchid,omitempty"`
	TransactionID string       `json:"transaction_id,omitempty"`
	OutTradeNo    string       `json:"out_trade_no,omitempty"`
	OutRefundNo   string       `json:"out_refund_no"`
	Reason        string       `json:"reason,omitempty"`
	NotifyURL     string       `json:"notify_url,omitempty"`
	FundsAccount  string       `json:"funds_account,omitempty"`
	Amount        RefundAmount `json:"amount"`
}

// RefundAmount is in fen: Refund is given back now, Total is the whole order.
type RefundAmount struct {
	Refund   int64  `json:"refund"`
	Total    int64  `json:"total"`
	Currency string `json:"currency"`
}

// Refund is the answer to a refund and to its query. Status 200 means accepted, not refunded: read Status.
type Refund struct {
	RefundID            string             `json:"refund_id"`
	OutRefundNo         string             `json:"out_refund_no"`
	TransactionID       string             `json:"transaction_id"`
	OutTradeNo          string             `json:"out_trade_no"`
	Channel             string             `json:"channel,omitempty"`
	UserReceivedAccount string             `json:"user_received_account,omitempty"`
	SuccessTime         string             `json:"success_time,omitempty"`
	CreateTime          string             `json:"create_time,omitempty"`
	Status              string             `json:"status"`
	FundsAccount        string             `json:"funds_account,omitempty"`
	Amount              RefundAnswerAmount `json:"amount"`
}

// About says in what a refund's answer is not about the refund that was asked for. The answer names neither mchid nor appid. An empty transaction was not known.
func (r Refund) About(outRefundNo, outTradeNo, transactionID string, amount int64) error {
	switch {
	case r.OutRefundNo != outRefundNo:
		return errors.New("the answer is about another refund number")
	case r.OutTradeNo != outTradeNo:
		return errors.New("the answer is about another order")
	case transactionID != "" && r.TransactionID != transactionID:
		return errors.New("the answer is about another transaction")
	case r.Amount.Refund != amount || r.Amount.Currency != "CNY" && r.Amount.Currency != "":
		return errors.New("the answer names another amount or currency than this refund's")
	}
	return nil
}

// RefundAnswerAmount is in fen. PayerRefund is what the buyer gets when coupons were used.
type RefundAnswerAmount struct {
	Total            int64  `json:"total"`
	Refund           int64  `json:"refund"`
	PayerTotal       int64  `json:"payer_total"`
	PayerRefund      int64  `json:"payer_refund"`
	SettlementRefund int64  `json:"settlement_refund"`
	SettlementTotal  int64  `json:"settlement_total"`
	DiscountRefund   int64  `json:"discount_refund"`
	Currency         string `json:"currency"`
	RefundFee        int64  `json:"refund_fee,omitempty"`
}

// RefundNotice is the decrypted resource of a refund notification. It names the merchant but no appid and no currency.
type RefundNotice struct {
	Parties
	OutTradeNo          string             `json:"out_trade_no"`
	TransactionID       string             `json:"transaction_id"`
	OutRefundNo         string             `json:"out_refund_no"`
	RefundID            string             `json:"refund_id"`
	RefundStatus        string             `json:"refund_status"`
	SuccessTime         string             `json:"success_time,omitempty"`
	UserReceivedAccount string             `json:"user_received_account"`
	Amount              RefundNoticeAmount `json:"amount"`
}

// ParseRefundNotice reads one strictly: it must name the refund.
func ParseRefundNotice(plain []byte) (RefundNotice, error) {
	var r RefundNotice
	if err := Decode(plain, &r); err != nil {
		return r, err
	}
	if r.OutRefundNo == "" {
		return r, fmt.Errorf("%w: out_refund_no is missing", ErrJSON)
	}
	return r, nil
}

// RefundNoticeAmount is in fen.
type RefundNoticeAmount struct {
	Total       int64 `json:"total"`
	Refund      int64 `json:"refund"`
	PayerTotal  int64 `json:"payer_total"`
	PayerRefund int64 `json:"payer_refund"`
}

// Refund states. Closed means failed, nothing moved; abnormal means the money left the merchant and could not be credited (a dead bank card).
const (
	RefundSuccess    = "SUCCESS"
	RefundClosed     = "CLOSED"
	RefundProcessing = "PROCESSING"
	RefundAbnormal   = "ABNORMAL"
)
