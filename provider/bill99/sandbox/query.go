package sandbox

import (
	"io"
	"net/http"
	"strconv"

	"postern/provider/bill99/wire"
	"postern/provider/sandboxkit"
)

// queryJSON and querySOAP are the two dialects of the order query.
func (s *Sandbox) queryJSON(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // LimitBody has bounded it
	a, err2 := wire.ParseJSON(body, "")
	if err != nil || err2 != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	s.query(w, r, a.Fields, "application/json;charset=utf-8", func(a wire.Answer) string { return string(a.JSON(wire.ListOrdersJSON)) })
}

func (s *Sandbox) querySOAP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	f, err2 := wire.ParseQuerySOAP(body)
	if err != nil || err2 != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	s.query(w, r, f, "text/xml;charset=utf-8", wire.Answer.SOAP)
}

func (s *Sandbox) query(w http.ResponseWriter, r *http.Request, f wire.Fields, kind string, write func(wire.Answer) string) {
	s.faults.Around(w, r, opQuery, func(w http.ResponseWriter, r *http.Request) {
		account := s.accounts[f["merchantAcctId"]]
		a := wire.Answer{Fields: wire.Fields{"version": wire.Version, "signType": wire.SignMD5, "merchantAcctId": f["merchantAcctId"], "currentPage": "1", "pageCount": "0", "pageSize": "50", "recordCount": "0"}}
		bad := s.ordered(opQuery, "")
		if bad == nil {
			bad = s.admitQuery(account, f)
		}
		if bad == nil {
			bad = s.find(f, account, &a)
		}
		if bad != nil {
			a.Fields["errCode"] = bad.code
		}
		s.answer(w, r, a, wire.AnswerOrder, account, kind, write)
	})
}

// answer signs an answer with the account's query key and writes it.
func (s *Sandbox) answer(w http.ResponseWriter, r *http.Request, a wire.Answer, order []string, account Account, kind string, write func(wire.Answer) string) {
	a.Fields["signMsg"] = wire.MD5(a.Fields.Text(order), account.QueryKey)
	if sandboxkit.SpoilSignature(r.Context()) {
		a.Fields["signMsg"] = spoiled(a.Fields["signMsg"])
	}
	w.Header().Set("Content-Type", kind)
	_, _ = io.WriteString(w, write(a)) // the caller is gone when this fails
}

func (s *Sandbox) admitQuery(account Account, f wire.Fields) *refusal {
	switch {
	case account.Number == "":
		return refuse("20001", "该账号不存在或已注销")
	case f["version"] != wire.Version:
		return refuse("10001", "网关版本号不正确")
	case f["signType"] != wire.SignMD5:
		return refuse("10002", "签名类型不正确")
	case !wire.CheckMD5(f.Text(wire.QueryOrder), account.QueryKey, f["signMsg"]):
		return refuse("20002", "签名字符串不匹配，您无权查询")
	case f["queryType"] != wire.QueryByOrder:
		return refuse("10004", "查询方式不正确") // [GEN] only the query by order is simulated
	case f["queryMode"] != wire.QuerySimple:
		return refuse("10005", "查询模式不正确")
	case wire.CheckNumber("orderId", f["orderId"]) != nil:
		return refuse("10008", "商户订单号格式不正确")
	case f["requestPage"] != "" && f["requestPage"] != "1":
		return refuse("31006", "当前记录集页面不存在")
	}
	return nil
}

// find answers with a paid order; every other one is not there (31003) or not paid (31005).
func (s *Sandbox) find(f wire.Fields, account Account, a *wire.Answer) *refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.book.orders[keyOf(account.Number, f["orderId"])]
	switch {
	case o == nil:
		return refuse("31003", "商户订单号不存在")
	case o.status != statusPaid:
		return refuse("31005", "订单号所对应的交易支付未成功")
	}
	detail := o.detail()
	detail["signInfo"] = wire.MD5(detail.Text(wire.DetailOrder), account.QueryKey)
	a.Rows = []wire.Fields{detail}
	a.Fields["pageCount"], a.Fields["recordCount"] = "1", "1"
	return nil
}

// refundQuery answers for the refunds of some days, at most three.
func (s *Sandbox) refundQuery(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	q, err2 := wire.ParseJSON(body, "")
	if err != nil || err2 != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	f := q.Fields
	s.faults.Around(w, r, opRefundQuery, func(w http.ResponseWriter, r *http.Request) {
		account := s.accounts[f["merchantAcctId"]]
		a := wire.Answer{Fields: wire.Fields{"version": wire.Version, "signType": wire.SignMD5, "merchantAcctId": f["merchantAcctId"], "currentPage": "1", "pageCount": "0", "pageSize": "50", "recordCount": "0"}}
		bad := s.ordered(opRefundQuery, "")
		if bad == nil {
			bad = s.findRefunds(account, f, &a)
		}
		if bad != nil {
			a.Fields["errCode"] = bad.code
		}
		s.answer(w, r, a, wire.RefundAnswerOrder, account, "application/json;charset=utf-8", func(a wire.Answer) string { return string(a.JSON(wire.ListRefunds)) })
	})
}

func (s *Sandbox) findRefunds(account Account, f wire.Fields, a *wire.Answer) *refusal {
	from, err := wire.ParseDate(f["startDate"])
	until, err2 := wire.ParseDate(f["endDate"])
	switch {
	case account.Number == "":
		return refuse("10006", "商家 merchantAcctId 非法")
	case f["version"] != wire.Version:
		return refuse("10005", "不支持的网关接口版本")
	case f["signType"] != wire.SignMD5:
		return refuse("10008", "不支持的签名类型")
	case !wire.CheckMD5(f.Text(wire.RefundQueryOrder), account.QueryKey, f["signMsg"]):
		return refuse("10009", "解密验签失败")
	case f["startDate"] == "" || f["endDate"] == "":
		return refuse("10017", "退款查询时间不能为空")
	case err != nil || err2 != nil || until.Before(from) || until.After(from.AddDate(0, 0, 2)):
		return refuse("10007", "输入的查询时间段违法")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.book.listed {
		if r.of.form["merchantAcctId"] != account.Number || r.at.Before(from) || !r.at.Before(until.AddDate(0, 0, 1)) ||
			f["orderId"] != "" && r.number != f["orderId"] || f["rOrderId"] != "" && r.of.form["orderId"] != f["rOrderId"] {
			continue
		}
		a.Rows = append(a.Rows, r.row(s.now(), s.cfg.RefundTakes))
	}
	if len(a.Rows) == 0 {
		return refuse("10012", "没有数据")
	}
	a.Fields["pageCount"], a.Fields["recordCount"] = "1", strconv.Itoa(len(a.Rows))
	return nil
}
