package sandbox

import (
	"encoding/json"
	"slices"
	"time"

	"postern/provider/alipay/wire"
)

// share is one sharing of a paid trade.
type share struct {
	no, content string
	settleNo    string
	parts       []sharePart
	at          time.Time
}

type sharePart struct {
	kind, account string
	amount        int64
}

// list decodes a list of objects.
func list(raw []byte) ([]wire.Object, *refusal) {
	if len(raw) == 0 {
		return nil, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, parameter("a list is wanted")
	}
	var out []wire.Object
	for _, item := range items {
		o, err := wire.ParseObject(item)
		if err != nil {
			return nil, parameter(err.Error())
		}
		out = append(out, o)
	}
	return out, nil
}

// bindReceiver lets a seller share with somebody. Binding again changes nothing.
func (s *Sandbox) bindReceiver(c call) (wire.Fields, *refusal) {
	receivers, bad := list(c.biz["receiver_list"])
	fail := func(sub string) (wire.Fields, *refusal) { return nil, business(sub, "分账关系绑定失败") }
	switch {
	case bad != nil:
		return nil, bad
	case wire.CheckOrderNo("out_request_no", c.biz.Text("out_request_no")) != nil || len(c.biz.Text("out_request_no")) > 32:
		return nil, parameter("out_request_no: 32个字符以内")
	case len(receivers) == 0:
		return fail("RECEIVER_LIST_EMPTY")
	case len(receivers) > 20:
		return fail("RECEIVER_LIST_OVERLOAD")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range receivers {
		switch kind := r.Text("type"); {
		case kind != "userId" && kind != "loginName" && kind != "openId":
			return fail("INVALID_RECEIVER_TYPE")
		case kind == "userId" && r.Text("account") != userID(r.Text("account")):
			return fail("USER_NOT_EXIST")
		case kind == "loginName" && r.Text("name") == "":
			return fail("USERNAME_NOT_MATCH")
		default:
			s.book.receivers[c.account.SellerID+"/"+kind+"/"+r.Text("account")] = true
		}
	}
	return wire.Fields{}.Set("result_code", "SUCCESS"), nil
}

// settleOrder shares a paid trade. The same number with the same content shares once.
func (s *Sandbox) settleOrder(c call) (wire.Fields, *refusal) {
	items, bad := list(c.biz["royalty_parameters"])
	if bad != nil {
		return nil, bad
	}
	extend, err := wire.ParseObject(orEmpty(c.biz["extend_params"]))
	if err != nil || wire.CheckOrderNo("out_request_no", c.biz.Text("out_request_no")) != nil || c.biz.Text("trade_no") == "" {
		return nil, parameter("out_request_no, trade_no, extend_params")
	}
	finish := extend.Text("royalty_finish") == "true"
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		return nil, notExist()
	}
	one := share{no: c.biz.Text("out_request_no"), content: string(c.biz["royalty_parameters"]) + string(c.biz["extend_params"]), settleNo: "2026" + s.digits(24), at: c.now}
	if i := slices.IndexFunc(o.shares, func(known share) bool { return known.no == one.no }); i >= 0 {
		if o.shares[i].content != one.content {
			return nil, business("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
		}
		return wire.Fields{}.Set("settle_no", o.shares[i].settleNo).Set("trade_no", o.tradeNo), nil
	}
	if bad := s.shareable(o, items, finish, &one); bad != nil {
		return nil, bad
	}
	o.shares = append(o.shares, one)
	o.finished = o.finished || finish && o.frozen
	return wire.Fields{}.Set("settle_no", one.settleNo).Set("trade_no", o.tradeNo), nil
}

// shareable checks a sharing and adds its parts. Sandbox.mu is held.
func (s *Sandbox) shareable(o *order, items []wire.Object, finish bool, one *share) *refusal {
	switch {
	case o.status != wire.TradeSuccess:
		return business("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	case o.finished:
		return business("ACQ.ALREADY_FINISH_ALLOC", "分账已完结")
	case len(items) == 0 && !(finish && o.frozen):
		return parameter("royalty_parameters: 不能为空")
	}
	left := o.amount - o.refunded - fee(o.amount)
	for _, earlier := range o.shares {
		for _, p := range earlier.parts {
			left -= p.amount
		}
	}
	for _, item := range items {
		amount, err := wire.ParseYuan(item.Text("amount"))
		kind, account := item.Text("trans_in_type"), item.Text("trans_in")
		switch {
		case err != nil || amount == 0:
			return parameter("amount: 分账金额无效")
		case !s.book.receivers[o.account.SellerID+"/"+kind+"/"+account]:
			return business("ACQ.ROYALTY_RECEIVER_INVALID", "分账收款方不在分账关系中")
		case amount > left:
			return business("ACQ.ALLOC_AMOUNT_VALIDATE_ERROR", "分账金额超限")
		}
		left -= amount
		one.parts = append(one.parts, sharePart{kind: kind, account: account, amount: amount})
	}
	return nil
}

func orEmpty(raw []byte) []byte {
	if len(raw) == 0 {
		return []byte("{}")
	}
	return raw
}

// settleQuery says what became of a sharing. [GEN] A number that is not known is answered with success and without details.
func (s *Sandbox) settleQuery(c call) (wire.Fields, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.find(c)
	if o == nil {
		return nil, business("MERCHANT_TRADE_NOT_MATCH", "商户与交易不匹配")
	}
	i := slices.IndexFunc(o.shares, func(known share) bool { return known.no == c.biz.Text("out_request_no") })
	if i < 0 {
		return nil, nil
	}
	details := []wire.Fields{}
	for _, p := range o.shares[i].parts {
		details = append(details, wire.Fields{}.Set("amount", wire.FormatYuan(p.amount)).Set("execute_dt", wire.FormatTime(o.shares[i].at)).Set("operation_type", "transfer").
			Set("state", "SUCCESS").Set("trans_in", p.account).Set("trans_in_type", p.kind).Set("trans_out", o.account.SellerID).Set("trans_out_type", "userId"))
	}
	f := wire.Fields{}.Set("operation_dt", wire.FormatTime(o.shares[i].at)).Set("out_request_no", o.shares[i].no)
	return append(f, wire.Field{Name: "royalty_detail_list", Value: details}), nil
}
