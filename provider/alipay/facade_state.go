package alipay

import (
	"time"

	"postern"
	"postern/provider"
	"postern/provider/alipay/wire"
)

// faceFinish is how long a paid trade can be refunded (documented: 12 months); from then on it is TRADE_FINISHED.
const faceFinish = 365 * 24 * time.Hour

// tradeWords writes the table of trade_status (mapping.go) the other way round. Of the two words for paid, TRADE_FINISHED is said by tradeStatus when its time has come.
var tradeWords = map[provider.State]string{provider.Pending: wire.WaitBuyerPay, provider.Paid: wire.TradeSuccess, provider.Closed: wire.TradeClosed}

// faceState is what a payment is in Alipay's eyes. One that is closing, or of which a wallet has not said what became of it, waits for the buyer still; what was paid beyond the
// order (a surplus) shows nowhere: it goes back or is kept by the merchant's policy, outside this order.
func faceState(o provider.FacedOrder) provider.State {
	switch o.Status {
	case postern.PaymentPaid:
		if o.Refunded == o.Amount {
			return provider.Closed
		}
		return provider.Paid
	case postern.PaymentExpired, postern.PaymentCanceled:
		return provider.Closed
	}
	return provider.Pending
}

func tradeStatus(o provider.FacedOrder, now time.Time) string {
	if state := faceState(o); state != provider.Paid || now.Sub(o.PaidAt) < faceFinish {
		return tradeWords[state]
	}
	return wire.TradeFinished
}

// tradeExists says that Alipay would have a trade: created for a buyer, charged by a code, or reached by somebody.
func tradeExists(o provider.FacedOrder) bool {
	return o.Attempted || o.Status == postern.PaymentPaid || o.Product == JSAPI || o.Product == Barcode
}
