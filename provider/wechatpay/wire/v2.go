package wire

import (
	"cmp"
	"net/http"
	"strconv"
	"time"
)

// Paths of API v2 that are spoken here. Those below /secapi ask for the merchant's client certificate.
const (
	V2Unified     = "/pay/unifiedorder"
	V2Bill        = "/pay/downloadbill"
	V2MicroPay    = "/pay/micropay"
	V2Query       = "/pay/orderquery"
	V2Close       = "/pay/closeorder"
	V2RefundQuery = "/pay/refundquery"
	V2Refund      = "/secapi/pay/refund"
	V2Reverse     = "/secapi/pay/reverse"
)

// V2Success is the word of both levels of an answer: return_code (it was understood) and result_code (it was done).
const V2Success = "SUCCESS"

// V2Ack are the exact answers to a notification of API v2.
const (
	V2AckOK   = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>"
	V2AckFail = "<xml><return_code><![CDATA[FAIL]]></return_code></xml>"
)

// V2Parties are the parties of a message in v2's names. The account's own appid and number stand alike for a merchant and for a service provider.
func (p Parties) V2() Fields {
	f := Fields{"appid": cmp.Or(p.SpAppID, p.AppID), "mch_id": cmp.Or(p.SpMchID, p.MchID)}
	f.set("sub_appid", p.SubAppID)
	f.set("sub_mch_id", p.SubMchID)
	return f
}

// Parties reads whose message it is.
func (f Fields) Parties() Parties {
	if f["sub_mch_id"] != "" {
		return Parties{SpAppID: f["appid"], SpMchID: f["mch_id"], SubAppID: f["sub_appid"], SubMchID: f["sub_mch_id"]}
	}
	return Parties{AppID: f["appid"], MchID: f["mch_id"]}
}

// set leaves empty fields out.
func (f Fields) set(name, value string) Fields {
	if value != "" {
		f[name] = value
	}
	return f
}

// v2Order is a code-pay order in v2's names. spbill_create_ip is the till's.
func v2Order(o Order) Fields {
	f := o.Parties.V2().set("body", o.Description).set("out_trade_no", o.OutTradeNo).set("total_fee", strconv.FormatInt(o.Amount.Total, 10)).set("fee_type", o.Amount.Currency).
		set("attach", o.Attach)
	if o.Payer != nil {
		f.set("auth_code", o.Payer.AuthCode)
	}
	ip := "127.0.0.1"
	if o.SceneInfo != nil {
		ip = cmp.Or(o.SceneInfo.DeviceIP, ip)
		if o.SceneInfo.StoreInfo != nil {
			f.set("device_info", o.SceneInfo.StoreInfo.OutID)
		}
	}
	if o.SettleInfo != nil && o.SettleInfo.ProfitSharing {
		f["profit_sharing"] = "Y"
	}
	return f.set("spbill_create_ip", ip)
}

// v2Refund is a refund in v2's names. Nobody is notified of it: an old message proves nothing (see OpenReqInfo), and a query tells.
func v2Refund(p Parties, r RefundRequest) Fields {
	return p.V2().set("transaction_id", r.TransactionID).set("out_trade_no", r.OutTradeNo).set("out_refund_no", r.OutRefundNo).set("refund_desc", r.Reason).
		set("total_fee", strconv.FormatInt(r.Amount.Total, 10)).set("refund_fee", strconv.FormatInt(r.Amount.Refund, 10)).set("refund_fee_type", r.Amount.Currency)
}

// V2Read verifies an answer and turns it into what API v3 would have said, with its body as JSON.
func V2Read(path string, raw, key []byte) (status int, body []byte, refused ErrorBody, err error) {
	f, err := ParseXML(raw, "xml")
	if err == nil && f["return_code"] == V2Success {
		err = f.Verify(key)
	}
	if err != nil {
		return 0, nil, ErrorBody{}, err
	}
	status, said, refused := V2Answer(path, f)
	if said != nil {
		body, err = Encode(said)
	}
	return status, body, refused, err
}

// V2Answer turns a verified answer into what API v3 would have said: a status, and a body or a refusal. A message that was not understood (return_code) is not signed and proves
// nothing; it has no code.
func V2Answer(path string, f Fields) (status int, body any, refused ErrorBody) {
	switch {
	case f["return_code"] != V2Success:
		return http.StatusBadRequest, nil, ErrorBody{Message: cmp.Or(f["return_msg"], f["retmsg"])}
	case path == V2Reverse && f["recall"] == "Y":
		return http.StatusAccepted, nil, ErrorBody{Code: CodeRecall, Message: f["err_code_des"]}
	case f["result_code"] != V2Success && f["err_code"] == CodeUserPaying:
		return http.StatusAccepted, nil, ErrorBody{Code: CodeUserPaying, Message: f["err_code_des"]}
	case f["result_code"] != V2Success:
		return http.StatusBadRequest, nil, ErrorBody{Code: f["err_code"], Message: f["err_code_des"]}
	}
	switch path {
	case V2MicroPay:
		return http.StatusOK, V2Transaction(f, StateSuccess), ErrorBody{}
	case V2Query:
		return http.StatusOK, V2Transaction(f, f["trade_state"]), ErrorBody{}
	case V2Close:
		return http.StatusNoContent, nil, ErrorBody{}
	case V2Reverse:
		return http.StatusOK, ReverseAnswer{Parties: f.Parties(), OutTradeNo: f["out_trade_no"]}, ErrorBody{}
	case V2Refund:
		return http.StatusOK, v2RefundAnswer(f, "", RefundProcessing), ErrorBody{}
	}
	return http.StatusOK, v2RefundAnswer(f, "_0", v2RefundStates[f["refund_status_0"]]), ErrorBody{}
}

// V2Transaction is an order as v2 tells of it.
func V2Transaction(f Fields, state string) Transaction {
	t := Transaction{Parties: f.Parties(), OutTradeNo: f["out_trade_no"], TransactionID: f["transaction_id"], TradeType: f["trade_type"], TradeState: state,
		TradeStateDesc: f["trade_state_desc"], BankType: f["bank_type"], Attach: f["attach"], Payer: &Payer{OpenID: f["openid"], SubOpenID: f["sub_openid"]}}
	if total, err := strconv.ParseInt(f["total_fee"], 10, 64); err == nil {
		t.Amount = &TransactionAmount{Total: total, Currency: f["fee_type"]}
	}
	if at, err := V2ParseTime(f["time_end"]); err == nil {
		t.SuccessTime = FormatTime(at)
	}
	return t
}

// v2Time is how v2 writes times: yyyyMMddHHmmss in China Standard Time.
const v2Time = "20060102150405"

// V2FormatTime writes a time as v2 does.
func V2FormatTime(t time.Time) string { return t.In(CST).Format(v2Time) }

// V2ParseTime reads a time as v2 writes it.
func V2ParseTime(s string) (time.Time, error) { return time.ParseInLocation(v2Time, s, CST) }

// v2RefundStates are v2's words for v3's.
var v2RefundStates = map[string]string{"SUCCESS": RefundSuccess, "REFUNDCLOSE": RefundClosed, "PROCESSING": RefundProcessing, "CHANGE": RefundAbnormal}

func v2RefundAnswer(f Fields, suffix, status string) Refund {
	r := Refund{RefundID: f["refund_id"+suffix], OutRefundNo: f["out_refund_no"+suffix], TransactionID: f["transaction_id"], OutTradeNo: f["out_trade_no"], Status: status}
	r.Amount.Refund, _ = strconv.ParseInt(f["refund_fee"+suffix], 10, 64) // 0 is caught as another amount
	r.Amount.Total, _ = strconv.ParseInt(f["total_fee"], 10, 64)
	r.Amount.Currency = cmp.Or(f["refund_fee_type"], f["fee_type"])
	return r
}

// V2Notice is what a notification of API v2 says: of a payment, with its transaction when it is paid, or of a refund, by its number.
type V2Notice struct {
	Parties
	OutTradeNo, OutRefundNo, Code string
	Paid                          *Transaction
}

// ReadV2Notice verifies a notification with the API key and reads it. A payment's is signed. A refund's is encrypted and not signed: that it opens says only that somebody
// who knew the key once wrote its blocks (see OpenReqInfo).
func ReadV2Notice(raw, key []byte) (V2Notice, error) {
	f, err := ParseXML(raw, "xml")
	if err != nil {
		return V2Notice{}, err
	}
	n := V2Notice{Parties: f.Parties(), OutTradeNo: f["out_trade_no"], Code: f["err_code"]}
	if f["req_info"] != "" {
		inner, err := OpenReqInfo(f["req_info"], key)
		n.OutTradeNo, n.OutRefundNo, n.Code = inner["out_trade_no"], inner["out_refund_no"], inner["refund_status"]
		if err == nil && n.OutRefundNo == "" {
			err = ErrV2
		}
		return n, err
	}
	if err := f.Verify(key); err != nil {
		return V2Notice{}, err
	}
	if f["return_code"] == V2Success && f["result_code"] == V2Success {
		t := V2Transaction(f, StateSuccess)
		n.Paid = &t
	}
	return n, nil
}
