package unionpay

import "postern/provider"

// stateOf reads respCode and origRespCode of an order. What is not in the table is pending.
var stateOf = map[string]provider.State{
	"00": provider.Paid, "A6": provider.Paid, // A6: success with a defect, paid all the same
	"03": provider.Unknown, "04": provider.Unknown, "05": provider.Unknown,
	"34": provider.Absent,
}

// classOf reads a refusal. What is not in the table proves nothing.
//
// Source: two public tables of response codes that agree, and UnionPay's own demos.
var classOf = map[string]provider.Class{
	"02": provider.ClassUnavailable, "06": provider.ClassUnavailable, "39": provider.ClassUnavailable, // closed for maintenance, busy, outside the hours
	"10": provider.ClassInvalid, "13": provider.ClassInvalid, "33": provider.ClassInvalid, "36": provider.ClassInvalid,
	"11": provider.ClassAuth,
	"31": provider.ClassClosed, "32": provider.ClassClosed, "43": provider.ClassClosed, "44": provider.ClassClosed, // the merchant's state, no permission
	"37": provider.ClassRateLimited,
	"30": provider.ClassDeclined, "38": provider.ClassDeclined, "60": provider.ClassDeclined, "61": provider.ClassDeclined, "62": provider.ClassDeclined,
	"63": provider.ClassDeclined, "64": provider.ClassDeclined, "65": provider.ClassDeclined, "66": provider.ClassDeclined, "67": provider.ClassDeclined,
	"86": provider.ClassDeclined, "87": provider.ClassDeclined, "88": provider.ClassDeclined, // of a code: its state, how often it was used, no such code; one table
	"68": provider.ClassDeclined, "72": provider.ClassDeclined, "73": provider.ClassDeclined, "78": provider.ClassDeclined,
	"01": provider.ClassUnknown, "12": provider.ClassUnknown, "42": provider.ClassUnknown, "74": provider.ClassUnknown, "75": provider.ClassUnknown, "99": provider.ClassUnknown,
}

func class(code string) provider.Class {
	if c, known := classOf[code]; known {
		return c
	}
	return provider.ClassUnknown
}

// refundRefusals are the codes that end a refund: it will never be taken, whatever is tried.
var refundRefusals = map[string]bool{"31": true, "32": true, "33": true, "35": true, "36": true, "43": true, "44": true, "45": true, "46": true}

// ofTheOrder are those of them that are said of the order's state. What changed it may be an earlier try of the same refund whose answer was lost, so they end it only when its own number is
// not known as taken.
var ofTheOrder = map[string]bool{"35": true, "36": true, "45": true, "46": true}

// accepted says that a request was taken and its outcome is still to come.
func accepted(code string) bool { return code == "00" }
