package shop_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
)

// TestFromTheItemToTheRefund walks an order's whole life over HTTP: ordered, paid in the checkout, shipped, asked back, refunded; and its page tells all of it.
func TestFromTheItemToTheRefund(t *testing.T) {
	s := openWorld(t)
	ctx := context.Background()
	item := s.sells(5)
	o, checkout := s.buys(item, 0, "2")
	s.says(checkout, "¥144.00", "烧饼礼盒 · 甜 × 2")
	page := "/o/" + o.Token
	s.says(s.get(page), "等你付款", "还有 14 分钟", "去付款 ¥144.00", "取消订单", "李** 138****8000", "广东 广州市天****")
	if stock, held, _ := s.stock(item); stock != 3 || held != 2 {
		t.Errorf("stock %d, held %d", stock, held)
	}
	before := s.news(page)
	start := s.do(http.MethodPost, checkout.url.Path+"/start?as=browser", url.Values{"provider": {"alipay"}, "product": {"h5"}})
	if start.status != http.StatusOK {
		t.Fatal(start.status)
	}
	state, err := s.Store.LoadState(ctx, o.MerchantID, o.PaymentID)
	s.must(err)
	s.must(s.Open(ctx, state.Attempts[0].Action))
	s.approves(state.Attempts[0])
	s.pass(10 * time.Second)
	s.says(s.get(checkout.url.Path+"?as=browser"), "/o/"+o.Token) // the checkout leads back to the order
	paid := s.get(page)
	s.says(paid, "已付款", "¥144.00 · 支付宝", "等商家发货", "申请退款", "收据")
	if after := s.news(page); after == before || !strings.Contains(paid.body, `data-rev="`+after+`"`) {
		t.Error("the live status does not tell of the payment")
	}
	if _, held, sold := s.stock(item); held != 0 || sold != 2 {
		t.Errorf("held %d, sold %d", held, sold)
	}
	_, err = s.Engine.Ship(ctx, seller, o.MerchantID, o.ID, "顺丰速运", "SF1234567890123")
	s.must(err)
	s.says(s.get(page), "已发货", "顺丰速运", "SF1234567890123")
	if a := s.do(http.MethodPost, page+"/ask", url.Values{"reason": {strings.Repeat("坏", 201)}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a reason without end: %d", a.status)
	} else {
		s.says(a, "请写原因")
	}
	s.says(s.do(http.MethodPost, page+"/ask", url.Values{"reason": {"盒子压坏了"}}), "已申请退款", "盒子压坏了", "等商家答复")
	_, err = s.Engine.RefundOrder(ctx, seller, o.MerchantID, o.ID, engine.OrderRefund{Form: postern.NewToken(s.Rand), Amount: 14400, Reason: "压坏", Restock: 2})
	s.must(err)
	s.says(s.get(page), "退款中", "¥144.00 正在原路退回", "前到账")
	s.pass(10 * time.Minute)
	s.says(s.get(page), "已退款", "已退款 ¥144.00")
	s.says(s.get(page+"/receipt"), "收据", "老王烧饼", "¥144.00", "支付宝", "-¥144.00", "不是发票", s.receiptNumber(o))
}

func (s *world) receiptNumber(o postern.Order) string {
	s.Helper()
	state, err := s.Store.LoadState(context.Background(), o.MerchantID, o.PaymentID)
	s.must(err)
	receipt, _ := state.Applied()
	return receipt.TxnNo
}

// news is the rev of the live status.
func (s *world) news(page string) string {
	s.Helper()
	a := s.get(page + "/status")
	var n struct{ State, Rev string }
	s.must(json.Unmarshal([]byte(a.body), &n))
	if again := s.do(http.MethodGet, page+"/status", nil, "If-None-Match", a.header.Get("ETag")); again.status != http.StatusNotModified || again.body != "" {
		s.Errorf("the same news again: %d %q", again.status, again.body)
	}
	return n.Rev
}

// TestPaidTwice: two wallets paid; the page says how much goes back by when, and that there is nothing to do.
func TestPaidTwice(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	o, _ := s.buys(item, 0, "1")
	first, second := s.begins(o, "alipay"), s.begins(o, "wechatpay")
	s.approves(first)
	s.approves(second)
	s.pass(2 * time.Second)
	a := s.get("/o/" + o.Token)
	s.says(a, "已付款", "你付了两次")
	if !strings.Contains(a.body, "前退回，不用做任何事。") && !strings.Contains(a.body, "已于") {
		t.Errorf("the page does not say when it goes back:\n%s", a.body)
	}
	s.pass(time.Hour)
	s.says(s.get("/o/"+o.Token), "你付了两次", "¥76.00 已于")
	if _, held, sold := s.stock(item); held != 0 || sold != 1 {
		t.Errorf("held %d, sold %d", held, sold)
	}
}

// TestLateMoney: money that comes after the buyer canceled is taken while the pieces are there, and goes back when they are not.
func TestLateMoney(t *testing.T) {
	s := openWorld(t)
	item := s.sells(1)
	late := func() (postern.Order, postern.Attempt) {
		o, _ := s.buys(item, 0, "1")
		a := s.begins(o, "alipay")
		s.do(http.MethodPost, "/o/"+o.Token+"/cancel", nil)
		s.pass(time.Minute)
		s.says(s.get("/o/"+o.Token), "订单已取消", "没有扣款", "再下一单")
		return o, a
	}
	gone, goneAttempt := late()
	kept, keptAttempt := late()
	s.approves(keptAttempt)
	s.pass(time.Minute)
	s.says(s.get("/o/"+kept.Token), "已付款", "等商家发货")
	s.approves(goneAttempt)
	s.pass(5 * time.Second)
	s.says(s.get("/o/"+gone.Token), "付款来晚了")
	s.pass(time.Hour)
	s.says(s.get("/o/"+gone.Token), "付款来晚了", "¥76.00 已于")
	if stock, held, sold := s.stock(item); stock != 0 || held != 0 || sold != 1 {
		t.Errorf("stock %d, held %d, sold %d", stock, held, sold)
	}
	if a := s.get("/o/" + gone.Token + "/receipt"); a.url.Path != "/o/"+gone.Token {
		t.Errorf("a receipt for what went back: %s", a.url)
	}
}

// TestNobodyPays: after a quarter of an hour the pieces are free again, and the page says so and leads back.
func TestNobodyPays(t *testing.T) {
	s := openWorld(t)
	item := s.sells(1)
	o, _ := s.buys(item, 0, "1")
	s.says(s.get("/i/"+item.Token), "烧饼礼盒") // the other choice has no end
	s.pass(16 * time.Minute)
	s.says(s.get("/o/"+o.Token), "订单已过期", "再下一单", "/i/"+item.Token)
	if stock, held, _ := s.stock(item); stock != 1 || held != 0 {
		t.Errorf("stock %d, held %d", stock, held)
	}
}

// TestRefusedForms: whatever a form says, what was typed stays, the sentence stands where it helps, and nothing is ordered.
func TestRefusedForms(t *testing.T) {
	s := openWorld(t)
	item := s.sells(3, func(in *engine.ItemInput) { in.PerBuyer, in.Regions = 4, []string{"44", "11"} })
	other := s.sells(3)
	for name, c := range map[string]struct {
		field, value, says string
	}{
		"no phone":            {"phone", "", "请填能打通的手机号"},
		"letters":             {"phone", "call me", "请填能打通的手机号"},
		"no name":             {"name", " ", "请填姓名"},
		"an endless name":     {"name", strings.Repeat("长", 41), "请填姓名"},
		"a short address":     {"address", "广州", "请填详细地址"},
		"another region":      {"region", "54", "商家不寄这个地区"},
		"no region":           {"region", "99", "请选地区"},
		"an endless note":     {"note", strings.Repeat("长", 199) + "**", "备注最多 200 个字"},
		"no pieces":           {"quantity", "0", "请填 1 到 9999 的整数"},
		"half a piece":        {"quantity", "1.5", "请填 1 到 9999 的整数"},
		"fewer than none":     {"quantity", "-3", "请填 1 到 9999 的整数"},
		"absurdly many":       {"quantity", "99999999999999999999999", "请填 1 到 9999 的整数"},
		"more than there are": {"quantity", "4", "只剩 3 件了"},
		"a price of theirs":   {"variant", item.Variants[0].ID + ":1", "价格刚刚改了，现在一共 ¥76.00"},
		"no price":            {"variant", item.Variants[0].ID, "价格刚刚改了"},
		"no fee":              {"fee", "0", "价格刚刚改了"},
		"another item's":      {"variant", other.Variants[0].ID + ":6800", "请选一款"},
		"no choice":           {"variant", "", "请选一款"},
		"an old visit":        {"visit", "x", "请再点一次下单"},
	} {
		form := s.filled(item, 0, "1")
		form.Set(c.field, c.value)
		a := s.do(http.MethodPost, "/i/"+item.Token+"/order", form)
		if a.status != http.StatusUnprocessableEntity || s.orders() != 0 {
			t.Errorf("%s: %d, %d orders", name, a.status, s.orders())
		}
		s.says(a, c.says)
		if c.field != "address" {
			s.says(a, "广州市天河路 1 号 203</textarea>")
		}
	}
	form := s.filled(item, 1, "5")
	s.says(s.do(http.MethodPost, "/i/"+item.Token+"/order", form), "每人限 4 件")
	form.Set("quantity", "２") // the same visit, mended
	if a := s.do(http.MethodPost, "/i/"+item.Token+"/order", form); !strings.HasPrefix(a.url.Path, "/c/") || s.orders() != 1 {
		t.Errorf("the mended form led to %s, %d orders", a.url, s.orders())
	}
	if a := s.do(http.MethodPost, "/i/"+item.Token+"/order", url.Values{"note": {strings.Repeat("x", 20000)}}); a.status != http.StatusNotFound {
		t.Errorf("an oversized form: %d", a.status)
	}
}

// TestReplayedForm: a form that is sent again is the same order, whatever it says now, and long after it leads to the order's page.
func TestReplayedForm(t *testing.T) {
	s := openWorld(t)
	item := s.sells(5)
	form := s.filled(item, 0, "2")
	first := s.do(http.MethodPost, "/i/"+item.Token+"/order", form)
	form.Set("quantity", "1")
	again := s.do(http.MethodPost, "/i/"+item.Token+"/order", form)
	if again.url.Path != first.url.Path || s.orders() != 1 {
		t.Errorf("the form sent again led to %s, %d orders", again.url, s.orders())
	}
	if stock, held, _ := s.stock(item); stock != 3 || held != 2 {
		t.Errorf("stock %d, held %d", stock, held)
	}
	s.pass(20 * time.Minute)
	if late := s.do(http.MethodPost, "/i/"+item.Token+"/order", form); !strings.HasPrefix(late.url.Path, "/o/") || s.orders() != 1 {
		t.Errorf("much later it led to %s, %d orders", late.url, s.orders())
	}
	other := s.sells(5)
	form.Set("variant", other.Variants[0].ID+":6800")
	a := s.do(http.MethodPost, "/i/"+other.Token+"/order", form)
	s.says(a, "请再点一次下单")
	if strings.Contains(a.body, form.Get("visit")) || s.orders() != 1 {
		t.Error("another item's visit stays in the page, or made an order")
	}
}

// TestWhatCannotBeOrdered shows the states of an item, and that none of them takes a form.
func TestWhatCannotBeOrdered(t *testing.T) {
	s := openWorld(t)
	ctx := context.Background()
	one := func(in *engine.ItemInput) {
		in.Variants = []engine.VariantInput{{Price: 6800, Counted: true, Stock: 1}}
	}
	item := s.sells(0, one)
	form := s.filled(item, 0, "1")
	s.says(s.get("/i/"+item.Token), "还剩 1 件")
	s.buys(item, 0, "1")
	s.says(s.get("/i/"+item.Token), "卖完了", "15 分钟内没付的会放出来")
	s.says(s.do(http.MethodPost, "/i/"+item.Token+"/order", form), "卖完了")
	_, err := s.Engine.RemoveItem(ctx, seller, item.MerchantID, item.ID, false)
	s.must(err)
	gone := s.get("/i/" + item.Token)
	s.says(gone, "已经下架")
	if a := s.do(http.MethodPost, "/i/"+item.Token+"/order", form); gone.status != http.StatusGone || a.status != http.StatusGone || s.orders() != 1 {
		t.Errorf("an item that is gone: %d, %d, %d orders", gone.status, a.status, s.orders())
	}
	soon := s.sells(5, func(in *engine.ItemInput) { in.SaleFrom = s.Clock.Now().Add(time.Hour) })
	s.says(s.get("/i/"+soon.Token), "13:00 开卖", "到点后刷新")
}

// TestRemembered: a device that may remembers the buyer, uses it, forgets it when told, and never tells another.
func TestRemembered(t *testing.T) {
	s := openWorld(t)
	item, here := s.sells(5), s.sells(5, func(in *engine.ItemInput) { in.Delivers, in.DeliveryFee = false, 0 })
	if strings.Contains(s.get("/i/"+item.Token).body, "李雷") {
		t.Fatal("a stranger is known")
	}
	s.buys(item, 0, "1")
	if strings.Contains(s.get("/i/"+item.Token).body, "李雷") {
		t.Error("remembered without asking")
	}
	form := s.filled(item, 0, "1")
	form.Set("remember", "1")
	s.do(http.MethodPost, "/i/"+item.Token+"/order", form)
	s.says(s.get("/i/"+item.Token), `<details class="known">`, "李雷 138****8000 广东 广州市天河路 1 号 203", `name="remember" value="1" checked`)
	form = s.filled(here, 0, "1") // an order without an address keeps the one that is known
	form.Set("remember", "1")
	form.Set("fee", "0")
	form.Del("address")
	form.Del("region")
	if a := s.do(http.MethodPost, "/i/"+here.Token+"/order", form); !strings.HasPrefix(a.url.Path, "/c/") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s.says(s.get("/i/"+item.Token), "广州市天河路 1 号 203")
	device := s.client
	s.client = s.browser()
	if strings.Contains(s.get("/i/"+item.Token).body, "李雷") {
		t.Error("another device knows the buyer")
	}
	s.client = device
	s.do(http.MethodPost, "/i/"+item.Token+"/forget", nil)
	if strings.Contains(s.get("/i/"+item.Token).body, "李雷") {
		t.Error("the device was told to forget")
	}
}
