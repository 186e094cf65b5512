package bill99

import (
	"postern/provider"
	"postern/provider/bill99/wire"
)

// stateOf reads what a query says about an order that is not paid. Only paid orders come back, so that none of these is a failure: an order that is not there is
// absent, one that is there and not paid is pending, until its end.
var stateOf = map[string]provider.State{
	"31001": provider.Absent,  // no records
	"31003": provider.Absent,  // no such order
	"31002": provider.Pending, // no successful records
	"31005": provider.Pending, // not paid
}

// payStateOf reads payResult, of a notification or of an order in an answer. The buyer may try again until the order is paid (redoFlag 0), so that one failed or
// rejected try ends nothing. What is not in the table is pending.
var payStateOf = map[string]provider.State{
	wire.PayResultPaid:   provider.Paid,
	wire.PayResultFailed: provider.Pending,
	"00":                 provider.Pending, // accepted
	"01":                 provider.Pending, // rejected
}

func payState(result string) provider.State {
	if s, known := payStateOf[result]; known {
		return s
	}
	return provider.Pending
}

// classOf reads the error of an order query. None of them says anything about the order. What is not in the table is unknown.
//
// Source: two public tables that agree.
var classOf = map[string]provider.Class{
	"00000": provider.ClassUnknown,
	"10001": provider.ClassInvalid, "10002": provider.ClassInvalid, "10003": provider.ClassInvalid, "10004": provider.ClassInvalid, "10005": provider.ClassInvalid,
	"10006": provider.ClassInvalid, "10007": provider.ClassInvalid, "10008": provider.ClassInvalid, "10010": provider.ClassInvalid,
	"11001": provider.ClassInvalid, "11002": provider.ClassInvalid, "11004": provider.ClassInvalid,
	"11003": provider.ClassAuth, "20002": provider.ClassAuth, // the signature does not fit, no right to ask
	"20001": provider.ClassClosed,                                          // no such account, or it was cancelled
	"30001": provider.ClassUnavailable, "30002": provider.ClassUnavailable, // busy, an error while asking
	"31004": provider.ClassInvalid, "31006": provider.ClassInvalid, // too many records, no such page
}

// noRefunds is the refund query's word for nothing found, which is no error.
const noRefunds = "10012"

// refundClassOf reads the error of a refund query. What is not in the table is unknown.
//
// Source: two public tables that agree.
var refundClassOf = map[string]provider.Class{
	"10000": provider.ClassUnknown,
	"10002": provider.ClassInvalid, "10003": provider.ClassInvalid, "10004": provider.ClassInvalid, // return type, page address, background address
	"10005": provider.ClassInvalid, "10006": provider.ClassInvalid, "10007": provider.ClassInvalid, "10008": provider.ClassInvalid, // version, account, period, sign type
	"10009": provider.ClassAuth,                                    // the signature does not fit
	"10010": provider.ClassInvalid, "10011": provider.ClassInvalid, // no version, date type
	"10013": provider.ClassUnavailable,                                                             // an error while asking
	"10014": provider.ClassInvalid, "10015": provider.ClassInvalid, "10016": provider.ClassInvalid, // no account, no signature, no sign type
	"10017": provider.ClassInvalid, "10018": provider.ClassInvalid, // no period, extra column
}

// refundStateOf reads a refund's status. 1 is attested by more than one client; what one of them calls under way (0) and failed (2) is not, so that those, and
// everything else, stay pending: the reservation is kept and a person sees it.
var refundStateOf = map[string]provider.RefundState{wire.RefundStatusDone: provider.RefundDone}

func refundState(status string) provider.RefundState {
	if s, known := refundStateOf[status]; known {
		return s
	}
	return provider.RefundPending
}

// payErrors are the gateway's own codes for a form that it does not take, for people: they reach the buyer's browser, and us at most in a notification's errCode.
//
// Source: one public client.
var payErrors = map[string]string{
	"10011": "the order's date is wrong", "10012": "the order's time is wrong", "10017": "ext1 is wrong", "10018": "ext2 is wrong", "10019": "payType is wrong",
	"10022": "the language is wrong", "10023": "signType is wrong", "10024": "this way to pay is not opened", "10025": "this way to pay is not opened", "10026": "this way to pay is not opened",
}

func class(table map[string]provider.Class, code string) provider.Class {
	if c, known := table[code]; known {
		return c
	}
	return provider.ClassUnknown
}
