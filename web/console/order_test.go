package console

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/store"
)

var formToken = regexp.MustCompile(`name="form" value="([0-9a-z]{26})"`)

func tokenOf(t *testing.T, a answer) string {
	t.Helper()
	m := formToken.FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no form in: %s", a.body)
	}
	return m[1]
}

// TestTheSellersDay: an order comes in, is seen, shipped, corrected and asked back; everything stands on its page.
func TestTheSellersDay(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleStaff)
	item := b.sells(b.Merchant.ID, nil)
	o := b.places(item, nil)
	list := b.at("/orders?list=")
	seller.get(list+"waiting").wants(t, http.StatusOK, "老面烧饼", "王小明", "¥76.00")
	o = b.pays(o, "alipay")
	seller.get(list+"to_ship").wants(t, http.StatusOK, postern.FormatShortCode(o.Number))
	at := b.at("/orders/" + o.ID)
	seller.get(at).wants(t, http.StatusOK, "王小明 13800138000 上海 南京东路 1 号 2 楼", "收到 ¥76.00，支付宝", "顺丰", "¥8.00")
	seller.post(at+"/ship", url.Values{"tracking": {"SF1"}}).wants(t, http.StatusUnprocessableEntity, "快递", `value="SF1"`)
	ship := url.Values{"carrier": {"顺丰"}, "tracking": {"SF1234567890"}}
	for range 2 { // the same form again is no other shipment
		if a := seller.post(at+"/ship", ship); a.status != http.StatusSeeOther || a.header.Get("Location") != at+"?done" {
			t.Fatalf("shipping: %d to %s", a.status, a.header.Get("Location"))
		}
	}
	seller.get(at+"?done").wants(t, http.StatusOK, "已保存", "顺丰 SF1234567890", "更正快递信息")
	seller.get(list+"to_ship").lacks(t, postern.FormatShortCode(o.Number))
	seller.get(list+"shipped").wants(t, http.StatusOK, postern.FormatShortCode(o.Number))
	if _, err := b.Engine.AskRefund(context.Background(), o.MerchantID, o.ID, "压坏了"+hostile); err != nil {
		t.Fatal(err)
	}
	seller.get(list+"asked").wants(t, http.StatusOK, postern.FormatShortCode(o.Number))
	asked := seller.get(at)
	asked.wants(t, http.StatusOK, "买家申请退款", "压坏了")
	asked.lacks(t, "<script>alert")
	seller.post(at+"/decline", url.Values{"answer": {" "}}).wants(t, http.StatusUnprocessableEntity, "回复")
	if a := seller.post(at+"/decline", url.Values{"answer": {"请先发照片"}}); a.status != http.StatusSeeOther {
		t.Fatalf("declining: %d", a.status)
	}
	seller.post(at+"/decline", url.Values{"answer": {"请先发照片"}}).wants(t, http.StatusConflict, "已经有人处理了")
	seller.get(at).wants(t, http.StatusOK, "您没有同意退款", "请先发照片")
	acts, _, err := b.Store.Audits(context.Background(), b.Merchant.ID, store.Page{Limit: 20})
	if err != nil || acts[0].Act != "order.decline_refund" || acts[0].StaffID != seller.who.ID {
		t.Errorf("the acts are %+v, %v", acts, err)
	}
}

// TestARefundIsSeenBeforeItIsMade: the first step shows what it does and does nothing; the amount is typed again; the form that is sent twice is one refund.
func TestARefundIsSeenBeforeItIsMade(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	finance := b.as(b.Merchant.ID, postern.RoleFinance)
	item := b.sells(b.Merchant.ID, nil)
	o := b.pays(b.places(item, func(in *engine.OrderInput) { in.Quantity = 2 }), "wechatpay")
	at := b.at("/orders/" + o.ID)
	page := finance.get(at)
	page.wants(t, http.StatusOK, `value="144.00"`)
	form := url.Values{"form": {tokenOf(t, page)}, "amount": {"６８.00"}, "restock": {"1"}, "reason": {"少一件"}}
	refunds := func() []postern.Refund {
		t.Helper()
		list, _, err := b.Store.Refunds(ctx, o.MerchantID, o.PaymentID, store.Page{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	seen := finance.post(at+"/refund", form)
	seen.wants(t, http.StatusOK, "¥68.00 从微信支付原路退给买家", "还可以再退 ¥76.00", "1 件放回库存")
	form.Set("step", "do")
	form.Set("typed", "86")
	finance.post(at+"/refund", form).wants(t, http.StatusUnprocessableEntity, "两次输入的金额不一样", `value="86"`)
	if n := len(refunds()); n != 0 {
		t.Fatalf("%d refunds before any was confirmed", n)
	}
	form.Set("typed", "¥68")
	for range 3 {
		if a := finance.post(at+"/refund", form); a.status != http.StatusSeeOther {
			t.Fatalf("refunding: %d %s", a.status, a.body)
		}
	}
	b.waits(time.Minute)
	if list := refunds(); len(list) != 1 || list[0].Amount != 6800 || list[0].Status != postern.RefundRefunded {
		t.Errorf("the refunds are %+v", list)
	}
	if v := b.item(item).Variants[0]; v.Stock != 19 || v.Sold != 1 {
		t.Errorf("the stock is %+v", v)
	}
	finance.get(at).wants(t, http.StatusOK, "退款 ¥68.00：已到账", `value="76.00"`)
	for name, c := range map[string]struct{ amount, restock, form, says string }{
		"too much": {"76.01", "0", "", "退款合计不能超过"}, "nothing": {"0", "0", "", "退款金额"}, "a thousandth": {"1.001", "0", "", "退款金额"}, "words": {"all", "0", "", "退款金额"}, "below": {"-1", "0", "", "退款金额"},
		"pieces that were not sold": {"1", "2", "", "退回库存的件数"}, "pieces below nothing": {"1", "-1", "", "退回库存的件数"}, "no form": {"1", "0", "x", "没有填对|现在不能"},
	} {
		q := url.Values{"form": {tokenOf(t, finance.get(at))}, "amount": {c.amount}, "restock": {c.restock}, "step": {"do"}, "typed": {c.amount}}
		if c.form != "" {
			q.Set("form", c.form)
		}
		a := finance.post(at+"/refund", q)
		if (a.status != http.StatusUnprocessableEntity && a.status != http.StatusConflict) || !regexp.MustCompile(c.says).MatchString(a.body) {
			t.Errorf("%s: %d, %s", name, a.status, a.body)
		}
	}
	if n := len(refunds()); n != 1 {
		t.Errorf("%d refunds in the end", n)
	}
}

// TestWhoMayWhat is what the roles see beyond the matrix: finance cannot ship and has no button for it, staff see no takings.
func TestWhoMayWhat(t *testing.T) {
	b := openBench(t)
	o := b.pays(b.places(b.sells(b.Merchant.ID, nil), nil), "alipay")
	at := b.at("/orders/" + o.ID)
	b.as(b.Merchant.ID, postern.RoleFinance).get(at).lacks(t, "/ship")
	b.as(b.Merchant.ID, postern.RoleStaff).get(at).wants(t, http.StatusOK, at+"/ship", at+"/refund")
	b.as(b.Merchant.ID, postern.RoleStaff).get(b.at("")).lacks(t, "今日收款")
	b.as(b.Merchant.ID, postern.RoleFinance).get(b.at("")).wants(t, http.StatusOK, "今日收款", "¥76.00")
}

// TestSurplusesAreDecided: an order that was paid twice shows on the first page, and one press gives the money back; a second press finds it done.
func TestSurplusesAreDecided(t *testing.T) {
	b := openBench(t)
	owner := b.as(b.Merchant.ID, postern.RoleOwner)
	o := b.places(b.sells(b.Merchant.ID, nil), nil)
	b.paysTwice(o)
	owner.get(b.at("")).wants(t, http.StatusOK, "多收的钱待您决定")
	page := owner.get(b.at("/attention"))
	page.wants(t, http.StatusOK, "付了两次", "¥76.00", b.at("/orders/"+o.ID))
	act := regexp.MustCompile(`action="([^"]*/surpluses/[^"]*)"`).FindStringSubmatch(page.body)
	if act == nil {
		t.Fatal("there is no form to decide with")
	}
	owner.post(act[1], url.Values{"do": {"keep"}}).wants(t, http.StatusUnprocessableEntity)
	if a := owner.post(act[1], url.Values{"do": {"return"}}); a.status != http.StatusSeeOther {
		t.Fatalf("giving back: %d %s", a.status, a.body)
	}
	owner.post(act[1], url.Values{"do": {"accept"}}).wants(t, http.StatusConflict, "已经有人处理了")
	b.waits(time.Hour)
	owner.get(b.at("/attention")).wants(t, http.StatusOK, "没有需要处理的异常")
	owner.get(b.at("/orders/"+o.ID)).wants(t, http.StatusOK, "又收到 ¥76.00", "已退回")
	if d, err := b.Compare(context.Background()); err != nil || len(d) > 0 {
		t.Errorf("the books differ: %v %v", d, err)
	}
}

// TestNothingOfABuyersIsMarkup sends what markup there is through every field of an item and of a buyer, and looks at every page that shows it.
func TestNothingOfABuyersIsMarkup(t *testing.T) {
	b := openBench(t)
	owner := b.as(b.Merchant.ID, postern.RoleOwner)
	short := `<b>&"'</b>` + "\u202e"
	item := b.sells(b.Merchant.ID, func(in *engine.ItemInput) {
		in.Title, in.Description, in.Variants[0].Name = hostile, hostile+"\n=1+1", short
	})
	o := b.pays(b.places(item, func(in *engine.OrderInput) {
		in.Name, in.Address, in.Note = hostile, hostile, hostile
	}), "alipay")
	if _, err := b.Engine.AskRefund(context.Background(), o.MerchantID, o.ID, hostile); err != nil {
		t.Fatal(err)
	}
	for _, rest := range []string{"", "/attention", "/orders", "/orders?list=asked&after=" + url.QueryEscape(hostile), "/orders/" + o.ID, "/items", "/items/" + item.ID, "/items/" + item.ID + "/share", "/money?from=" + url.QueryEscape(hostile)} {
		a := owner.get(b.at(rest))
		if strings.Contains(a.body, "<script>alert") || strings.Contains(a.body, short) || strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "%!") {
			t.Errorf("%s: %s", rest, a.body)
		}
		if a.status != http.StatusOK && a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", rest, a.status)
		}
	}
	token := tokenOf(t, owner.get(b.at("/orders/"+o.ID)))
	for path, form := range map[string]url.Values{
		"/ship": {"carrier": {hostile}, "tracking": {hostile}}, "/decline": {"answer": {strings.Repeat(hostile, 20)}}, "/refund": {"form": {token}, "amount": {hostile}, "reason": {hostile}, "restock": {hostile}},
	} {
		owner.post(b.at("/orders/"+o.ID+path), form).lacks(t, "<script>alert")
	}
	owner.post(b.at("/orders/"+o.ID+"/refund"), url.Values{"form": {token}, "amount": {"1"}, "reason": {hostile}}).lacks(t, "<script>alert")
}
