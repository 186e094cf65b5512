package console

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
)

func init() {
	families["hand"] = [2]any{handZH, handEN}
	foreignIDs["payment"] = func(b *bench) string { return b.places(b.foreignItem(), nil).PaymentID }
	foreignIDs["refund"] = func(b *bench) string { return postern.NewID(postern.PrefixRefund, b.Clock.Now(), b.Rand) }
	hand := func(edit func(*postern.Refund)) func(*Handler, *visit) any {
		return func(h *Handler, v *visit) any { return h.handPageOf(v, handPayment, handRefund(edit)) }
	}
	decided := func(r *postern.Refund, status postern.RefundStatus, by string) {
		r.Status, r.Hand.Second, r.Hand.Saw, r.Hand.DecidedAt = status, postern.Person{ID: by, Name: "王芳"}, "流水上 11-22 有一笔 68.00", sellNow
	}
	sellSamples = append(sellSamples, []sellSample{
		{"outside", "today", func(h *Handler, v *visit) any { return handForm(h, v, "") }},
		{"outside-surplus", "today", func(h *Handler, v *visit) any { return handForm(h, v, "sur_1") }},
		{"outside-refused", "today", func(h *Handler, v *visit) any {
			p := handForm(h, v, "")
			p.Amount, p.Bank, p.Error = "200", "招行 6688", v.said(postern.E(postern.CodeRefundExceeds, "", ""))
			return p
		}},
		{"hand", "today", hand(nil)},
		{"hand-own", "today", func(h *Handler, v *visit) any {
			return h.handPageOf(v, handPayment, handRefund(func(r *postern.Refund) { r.Hand.By.ID = v.Staff.ID }))
		}},
		{"hand-same", "today", func(h *Handler, v *visit) any {
			p := h.handPageOf(v, handPayment, handRefund(nil))
			p.Error = v.said(&postern.Error{Code: postern.CodeForbidden, Op: "postern.SecondPerson"})
			return p
		}},
		{"hand-done", "today", hand(func(r *postern.Refund) { decided(r, postern.RefundRefunded, "stf_b") })},
		{"hand-no", "today", hand(func(r *postern.Refund) { decided(r, postern.RefundFailed, "stf_b") })},
		{"hand-back", "today", hand(func(r *postern.Refund) { decided(r, postern.RefundFailed, r.Hand.By.ID) })},
		{"hand-stuck", "today", hand(func(r *postern.Refund) {
			r.Status, r.Hand, r.Code, r.Message = postern.RefundStuck, postern.Hand{}, "ABNORMAL", "银行卡已注销"
		})},
		{"hand-failed", "today", hand(func(r *postern.Refund) {
			r.Status, r.Hand, r.Code, r.Message = postern.RefundFailed, postern.Hand{}, "NOT_ENOUGH", "余额不足"
		})},
	}...)
}

var handPayment = postern.Payment{ID: "pay_1", Reference: "8y3n0q5r", Description: "老面烧饼", OrderID: "ord_1", Currency: "CNY"}

// handRefund is a refund that somebody has entered as given back outside the provider; edit may change it.
func handRefund(edit func(*postern.Refund)) postern.Refund {
	r := postern.Refund{
		ID: "ref_1", PaymentID: "pay_1", Number: "20261122000000000000000000000001", Amount: 6800, Currency: "CNY", Status: postern.RefundReserved, Reason: "少一盒", CreatedAt: sellNow.Add(-time.Hour), UpdatedAt: sellNow,
		Hand: postern.Hand{Way: postern.WayOutside, Bank: "招行 6688", Evidence: "转账 20261122-77", By: postern.Person{ID: "stf_a", Name: "李强"}, At: sellNow.Add(-time.Hour)},
	}
	if edit != nil {
		edit(&r)
	}
	return r
}

func handForm(h *Handler, v *visit, surplus string) outsidePage {
	s := postern.State{
		Payment: handPayment, Receipts: []postern.Receipt{{ID: "rcp_1", Amount: 14400, Currency: "CNY", Use: postern.ReceiptApplied}},
		Surpluses: []postern.Surplus{{ID: "sur_1", Amount: 7600, Currency: "CNY", Status: postern.SurplusHeld}},
	}
	p, err := h.outsidePageOf(v, s, surplus)
	if err != nil {
		panic(err)
	}
	p.Form = "00000000000000000000000000"
	return p
}

// lastRefund is the newest refund of an order's payment.
func (b *bench) lastRefund(o postern.Order) postern.Refund {
	b.Helper()
	list, _, err := b.Store.Refunds(context.Background(), o.MerchantID, o.PaymentID, store.Page{Limit: 10})
	if err != nil || len(list) == 0 {
		b.Fatal(list, err)
	}
	return list[0]
}

// TestTwoPeopleGiveBackOutside: from the order's page, one person enters what the shop's own bank paid; that person cannot confirm it, whatever is sent; another one sees it among what needs a person,
// says what they saw, and it is booked and told on the order's page, the money's page and in the list of acts.
func TestTwoPeopleGiveBackOutside(t *testing.T) {
	b := openBench(t)
	seller, owner := b.as(b.Merchant.ID, postern.RoleStaff), b.as(b.Merchant.ID, postern.RoleOwner)
	o := b.pays(b.places(b.sells(b.Merchant.ID, nil), nil), "wechatpay")
	at := b.at("/payments/" + o.PaymentID + "/outside")
	seller.get(b.at("/orders/"+o.ID)).wants(t, http.StatusOK, at)
	blank := seller.get(at)
	blank.wants(t, http.StatusOK, "还可以退 ¥76.00", `value="76.00"`, "渠道该结给您的钱不变")
	form := url.Values{"form": {tokenOf(t, blank)}, "amount": {"６０"}, "bank": {"招行 6688"}, "evidence": {"转账 77" + hostile}, "reason": {"少一盒"}}
	for name, c := range map[string]struct{ field, value, says string }{
		"too much": {"amount", "76.01", "退款合计不能超过"}, "no amount": {"amount", "x", "退款金额"}, "no evidence": {"evidence", " ", "凭据"}, "no form": {"form", "x", "没有填对|现在不能"},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		bad.Set(c.field, c.value)
		a := seller.post(at, bad)
		if a.status == http.StatusSeeOther || !slices.ContainsFunc(strings.Split(c.says, "|"), func(s string) bool { return strings.Contains(a.body, s) }) {
			t.Errorf("%s: %d without %q", name, a.status, c.says)
		}
		a.lacks(t, "<script>alert")
	}
	for range 2 { // the same form again is the same refund
		if a := seller.post(at, form); a.status != http.StatusSeeOther || a.header.Get("Location") != b.at("/refunds/"+b.lastRefund(o).ID+"?done") {
			t.Fatalf("entering: %d to %s: %s", a.status, a.header.Get("Location"), a.body)
		}
	}
	r := b.lastRefund(o)
	its := b.at("/refunds/" + r.ID)
	own := seller.get(its)
	own.wants(t, http.StatusOK, "要由另一个人核对", "收回", "招行 6688", "转账 77")
	own.lacks(t, "<script>alert")
	own.lacks(t, its+"/confirm")
	seller.post(its+"/confirm", url.Values{"saw": {"我转的"}}).wants(t, http.StatusForbidden, "不能自己核对")
	b.waits(time.Hour)
	owner.get(b.at("")).wants(t, http.StatusOK, "等第二个人核对的退款")
	owner.get(b.at("/attention")).wants(t, http.StatusOK, "Zhang staff：已从“招行 6688”把钱还给买家", its)
	owner.post(its+"/confirm", url.Values{"saw": {" "}}).wants(t, http.StatusUnprocessableEntity, "您看到了什么")
	if a := owner.post(its+"/confirm", url.Values{"saw": {"流水上有"}}); a.status != http.StatusSeeOther {
		t.Fatalf("confirming: %d %s", a.status, a.body)
	}
	owner.post(its+"/confirm", url.Values{"saw": {"流水上有"}}).wants(t, http.StatusConflict, "已经有人处理了")
	owner.get(its+"?done").wants(t, http.StatusOK, "已保存", "已用别的办法还给买家", "Zhang owner核对过", "流水上有")
	owner.get(b.at("/attention")).wants(t, http.StatusOK, "没有需要处理的异常")
	owner.get(b.at("/orders/"+o.ID)).wants(t, http.StatusOK, "退款 ¥60.00：已用别的办法还给买家", its, "还可以退 ¥16.00")
	owner.get(b.at("/money?period=all")).wants(t, http.StatusOK, "从您自己的账户还给买家的", "招行 6688", "−¥60.00", "¥76.00")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(owner.get(b.at("/money.csv?period=all")).body, "\ufeff"))).ReadAll()
	if err != nil || !slices.ContainsFunc(rows, func(row []string) bool { return row[2] == "bank:招行 6688" && row[7] == "60.00" }) {
		t.Errorf("%v %v", rows, err)
	}
	owner.get(b.at("/audit")).wants(t, http.StatusOK, "记下不从渠道退的退款", "核对了退款", its)
	if b.order(o).Ask != postern.AskGiven {
		t.Error("the order does not say that its money went back")
	}
	if d, err := b.Compare(context.Background()); err != nil || len(d) > 0 {
		t.Errorf("the books differ: %v %v", d, err)
	}
}

// TestAStuckRefundIsSettledByTwo: what the provider could not bring to the buyer is resolved from its own page, taken back by who entered it, and entered again.
func TestAStuckRefundIsSettledByTwo(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	o := b.pays(b.places(b.sells(b.Merchant.ID, nil), nil), "wechatpay")
	if err := b.Break(ctx, "wechatpay", "refund", "refund_abnormal", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Engine.RefundOrder(ctx, engine.Actor{}, o.MerchantID, o.ID, engine.OrderRefund{Form: postern.NewToken(b.Rand), Amount: 800}); err != nil {
		t.Fatal(err)
	}
	b.waits(24 * time.Hour)
	finance, owner := b.as(b.Merchant.ID, postern.RoleFinance), b.as(b.Merchant.ID, postern.RoleOwner)
	its := b.at("/refunds/" + b.lastRefund(o).ID)
	finance.get(b.at("/attention")).wants(t, http.StatusOK, "卡在半路", its)
	finance.get(its).wants(t, http.StatusOK, "弄清楚了吗", "ABNORMAL", b.lastRefund(o).Number)
	finance.post(its+"/resolve", url.Values{"evidence": {"转账 9"}}).wants(t, http.StatusUnprocessableEntity, "结果", `value="转账 9"`)
	word := url.Values{"way": {"outside"}, "bank": {"工行"}, "evidence": {"转账 9"}}
	for _, act := range []string{"/resolve", "/reject", "/resolve"} {
		if a := finance.post(its+act, url.Values{"way": word["way"], "bank": word["bank"], "evidence": word["evidence"], "reason": {"记错了"}}); a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", act, a.status, a.body)
		}
	}
	finance.post(its+"/resolve", word).wants(t, http.StatusConflict, "已经有人处理了")
	finance.post(its+"/confirm", url.Values{"saw": {"我"}}).wants(t, http.StatusForbidden, "不能自己核对")
	if a := owner.post(its+"/confirm", url.Values{"saw": {"商户平台上退回了"}}); a.status != http.StatusSeeOther {
		t.Fatalf("confirming: %d %s", a.status, a.body)
	}
	owner.get(its).wants(t, http.StatusOK, "已用别的办法还给买家", "从“工行”把钱还给买家")
	if d, err := b.Compare(ctx); err != nil || len(d) > 0 {
		t.Errorf("the books differ: %v %v", d, err)
	}
}

// TestExtraMoneyOutsideIsForThePayers: staff may neither enter nor confirm it; an owner and finance may.
func TestExtraMoneyOutsideIsForThePayers(t *testing.T) {
	b := openBench(t)
	staff, owner, finance := b.as(b.Merchant.ID, postern.RoleStaff), b.as(b.Merchant.ID, postern.RoleOwner), b.as(b.Merchant.ID, postern.RoleFinance)
	o := b.places(b.sells(b.Merchant.ID, nil), nil)
	b.paysTwice(o)
	held, _, err := b.Store.HeldSurpluses(context.Background(), b.Merchant.ID, store.Page{Limit: 10})
	if err != nil || len(held) != 1 {
		t.Fatal(held, err)
	}
	at := b.at("/payments/" + o.PaymentID + "/outside")
	owner.get(b.at("/attention")).wants(t, http.StatusOK, at+"?surplus="+held[0].ID)
	if a := staff.get(at + "?surplus=" + held[0].ID); a.status != http.StatusForbidden {
		t.Errorf("staff: %d", a.status)
	}
	blank := owner.get(at + "?surplus=" + held[0].ID)
	blank.wants(t, http.StatusOK, "这是多收的 ¥76.00")
	form := url.Values{"form": {tokenOf(t, blank)}, "surplus": {held[0].ID}, "evidence": {"现金"}}
	if a := staff.post(at, form); a.status != http.StatusForbidden {
		t.Errorf("staff enters: %d", a.status)
	}
	if a := owner.post(at, form); a.status != http.StatusSeeOther {
		t.Fatalf("entering: %d %s", a.status, a.body)
	}
	its := b.at("/refunds/" + b.lastRefund(o).ID)
	staff.get(its).wants(t, http.StatusOK, "由店主或财务处理")
	if a := staff.post(its+"/confirm", url.Values{"saw": {"x"}}); a.status != http.StatusForbidden {
		t.Errorf("staff confirms: %d", a.status)
	}
	owner.get(at+"?surplus="+held[0].ID).wants(t, http.StatusConflict, "已经有人处理了")
	if a := finance.post(its+"/confirm", url.Values{"saw": {"收条"}}); a.status != http.StatusSeeOther {
		t.Fatalf("finance confirms: %d %s", a.status, a.body)
	}
	b.waits(time.Minute)
	owner.get(b.at("/orders/"+o.ID)).wants(t, http.StatusOK, "已退回")
}
