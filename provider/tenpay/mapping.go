package tenpay

import "postern/provider"

// refundStates reads refund_status of a refund and refund_state_$n of its query. What is not in the table is unknown.
//
// Source: TenPay's guide. 1 and 2 say that TenPay does not know itself and wants the same number again. 7 says that the money came back to the merchant because the
// card is void: it left the order and did not reach the buyer.
var refundStates = map[string]provider.RefundState{
	"4": provider.RefundDone, "10": provider.RefundDone,
	"3": provider.RefundFailed, "5": provider.RefundFailed, "6": provider.RefundFailed,
	"8": provider.RefundPending, "9": provider.RefundPending, "11": provider.RefundPending,
	"1": provider.RefundAbsent, "2": provider.RefundAbsent,
	"7": provider.RefundStuck,
}

func refundState(word string) provider.RefundState {
	if s, known := refundStates[word]; known {
		return s
	}
	return provider.RefundUnknown
}
