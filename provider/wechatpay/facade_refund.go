package wechatpay

import (
	"time"

	"postern"
	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// Bounds of refunds as WeChat documents them.
const (
	faceRefundWindow = 365 * 24 * time.Hour
	faceMaxRefunds   = 50
)

// fieldFunds is the account that a refund asked to be paid from; it is repeated, and the wallet that was paid decides.
const fieldFunds = "funds_account"

func refundFace(c *faceCall) (said, *refusal) {
	var in wire.RefundRequest
	if bad := c.decode(&in); bad != nil {
		return said{}, bad
	}
	if in.SubMchID != "" {
		c.gateway.Missed(c.Context(), c.account, "partner refund")
		return said{}, errNoAuth
	}
	if bad := checkFaceRefund(c.account, in); bad != nil {
		return said{}, bad
	}
	o, r, bad := refundedFace(c, provider.FaceRefund{
		Order: provider.FaceKey{Number: in.OutTradeNo, TradeNo: in.TransactionID}, Number: in.OutRefundNo, Amount: in.Amount.Refund, Total: in.Amount.Total, Reason: in.Reason,
		NotifyURL: in.NotifyURL, Fields: keptFields(map[string]string{fieldProtocol: "v3", fieldFunds: in.FundsAccount}),
	})
	if bad == errNoOrder {
		if answer, asked, bad := c.forward(c.Context()); asked {
			return answer, bad
		}
		return said{}, refuse(errNoOrder.status, wire.CodeResourceNotExists, errNoOrder.message)
	}
	if bad != nil {
		return said{}, bad
	}
	return said{value: refundAnswer(o, r)}, nil
}

func checkFaceRefund(a provider.FaceAccount, in wire.RefundRequest) *refusal {
	switch {
	case in.TransactionID == "" && in.OutTradeNo == "":
		return badField("/transaction_id", "transaction_id or out_trade_no is required")
	case !wire.ValidOutRefundNo(in.OutRefundNo):
		return badField("/out_refund_no", "out_refund_no takes 1 to 64 of 0-9A-Za-z_-|*@")
	case wire.CheckText(in.Reason, wire.MaxRefundReason) != "":
		return badField("/reason", "reason "+wire.CheckText(in.Reason, wire.MaxRefundReason))
	case in.Amount.Refund < 1:
		return badField("/amount/refund", "refund is at least 1")
	case in.Amount.Total < 1:
		return badField("/amount/total", "total is at least 1")
	case in.Amount.Currency != currency:
		return badField("/amount/currency", "currency takes CNY")
	case in.NotifyURL != "" && wire.CheckNotifyURL(in.NotifyURL, !a.Live) != "":
		return badField("/notify_url", "notify_url "+wire.CheckNotifyURL(in.NotifyURL, !a.Live))
	}
	return nil
}

// refundedFace gives money back under the merchant's number. A refund's number is one for the whole account: with another order it is refused.
func refundedFace(c *faceCall, in provider.FaceRefund) (o provider.FacedOrder, r provider.FacedRefund, bad *refusal) {
	o, err := c.gateway.Find(c.Context(), c.account, in.Order)
	switch {
	case err != nil:
		return o, r, refusalOf(err)
	case in.Order.TradeNo != "" && in.Order.Number != "" && in.Order.Number != o.Number:
		return o, r, errNoOrder
	}
	other, _, err := c.gateway.FindRefund(c.Context(), c.account, provider.FaceKey{}, in.Number)
	again := err == nil
	switch {
	case again && other.Number != o.Number || in.Total != o.Amount:
		return o, r, errInvalid("订单金额或退款金额与之前请求不一致，请核实后再试")
	case err != nil && postern.CodeOf(err) != postern.CodeNotFound:
		return o, r, errSystem
	}
	if !again {
		if bad := c.refundable(o); bad != nil {
			return o, r, bad
		}
	}
	in.Order = provider.FaceKey{Number: o.Number}
	o, r, err = c.gateway.Refund(c.Context(), c.account, in)
	if err != nil && postern.CodeOf(err) == postern.CodeReferenceTaken {
		return o, r, errInvalid("退款单号已存在且参数与原请求不一致")
	}
	return o, r, refusalOf(err)
}

// refundable applies the documented limits of a new refund.
func (c *faceCall) refundable(o provider.FacedOrder) *refusal {
	if o.Status != postern.PaymentPaid {
		return errInvalid("订单未支付，不能退款")
	}
	if c.account.Now.Sub(o.PaidAt) > faceRefundWindow {
		return errInvalid("订单已超过退款期限")
	}
	all, err := c.gateway.Refunds(c.Context(), c.account, o)
	switch {
	case err != nil:
		return errSystem
	case len(all) >= faceMaxRefunds:
		return errInvalid("该订单退款次数已达50次上限")
	}
	return nil
}

func refundQueryFace(c *faceCall) (said, *refusal) {
	if c.URL.Query().Has("sub_mchid") {
		c.gateway.Missed(c.Context(), c.account, "partner refund query")
		return said{}, errNoAuth
	}
	o, r, err := c.gateway.FindRefund(c.Context(), c.account, provider.FaceKey{}, c.PathValue("no"))
	switch {
	case err != nil && postern.CodeOf(err) == postern.CodeNotFound:
		if answer, asked, bad := c.forward(c.Context()); asked {
			return answer, bad
		}
		return said{}, errNoRefund
	case err != nil:
		return said{}, refusalOf(err)
	}
	return said{value: refundAnswer(o, r)}, nil
}

// refundTo is where a refund goes: back to the wallet that paid, whichever it was.
const refundTo = "原支付账户"

func refundAnswer(o provider.FacedOrder, r provider.FacedRefund) wire.Refund {
	funds := r.Fields[fieldFunds]
	if funds == "" {
		funds = "UNSETTLED" // what a refund is paid from when nobody says, as at WeChat
	}
	a := wire.Refund{
		RefundID: faceRefundID(r.TradeNo), OutRefundNo: r.Number, TransactionID: o.TradeNo, OutTradeNo: o.Number, Channel: "ORIGINAL", UserReceivedAccount: refundTo,
		CreateTime: wire.FormatTime(r.CreatedAt), Status: facedRefundState(r.Status), FundsAccount: funds,
		Amount: wire.RefundAnswerAmount{
			Total: o.Amount, Refund: r.Amount, PayerTotal: o.Amount, PayerRefund: r.Amount, SettlementTotal: o.Amount, SettlementRefund: r.Amount, Currency: o.Currency,
		},
	}
	if !r.DoneAt.IsZero() {
		a.SuccessTime = wire.FormatTime(r.DoneAt)
	}
	return a
}
