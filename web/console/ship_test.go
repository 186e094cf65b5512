package console

import (
	"context"
	"encoding/csv"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern"
	"postern/engine"
	"postern/roster"
)

var planField = regexp.MustCompile(`(?s)name="plan" value="([^"]*)"`)

// TestAListIsSeenBeforeItIsShipped: the download is filled in, shows what it would do, and does that much and no more, however often it is sent.
func TestAListIsSeenBeforeItIsShipped(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	seller := b.as(b.Merchant.ID, postern.RoleStaff)
	item := b.sells(b.Merchant.ID, nil)
	one, two, unpaid, back := b.pays(b.places(item, nil), "alipay"), b.pays(b.places(item, nil), "wechatpay"), b.places(item, nil), b.pays(b.places(item, nil), "alipay")
	if _, err := b.Engine.RefundOrder(ctx, engine.Actor{}, back.MerchantID, back.ID, engine.OrderRefund{Form: postern.NewToken(b.Rand), Amount: back.Amount}); err != nil {
		t.Fatal(err)
	}
	foreign := b.places(b.foreignItem(), nil)
	list := "订单号,快递,快递单号\n" + postern.FormatShortCode(one.Number) + ",顺丰,=\"SF1001\"\n" + two.Number + ",圆通,YT 2002\n" + unpaid.Number + ",圆通,1\n" + back.Number + ",圆通,2\n" + foreign.Number + ",圆通,3\nnobody,圆通,4\n" +
		one.Number + ",中通,5\n" + two.Number + ",,1.23E+15\n"
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	plan := seller.handsIn(b.at("/orders/ship.csv"), nil, "file", gbk)
	plan.wants(t, http.StatusOK, "可以发货 2 单", "有问题 6 行", "还没有付款", "已经退款，不要发货", "没有这个订单号", "表里有两行是这个订单", "科学计数", "王小明")
	if n := strings.Count(plan.body, "没有这个订单号"); n != 2 {
		t.Errorf("%d lines are nobody's, want 2: another merchant's order is one", n)
	}
	if o := b.order(one); !o.ShippedAt.IsZero() {
		t.Fatal("looking shipped it")
	}
	sent := planField.FindStringSubmatch(plan.body)
	if sent == nil {
		t.Fatal("there is no plan to confirm")
	}
	fields := [][2]string{{"plan", html.UnescapeString(sent[1])}}
	done := seller.handsIn(b.at("/orders/ship.csv"), fields, "file")
	done.wants(t, http.StatusOK, "已发货 2 单")
	if o := b.order(one); o.Carrier != "顺丰" || o.Tracking != "SF1001" {
		t.Errorf("the first went as %s %s", o.Carrier, o.Tracking)
	}
	if o := b.order(two); o.Carrier != "圆通" || o.Tracking != "YT2002" {
		t.Errorf("the second went as %s %s", o.Carrier, o.Tracking)
	}
	version := b.order(one).Version
	seller.handsIn(b.at("/orders/ship.csv"), fields, "file").wants(t, http.StatusOK, "已发货 0 单", "已经发过 2 单")
	if b.order(one).Version != version {
		t.Error("the same list again changed the order")
	}
	if o := b.order(foreign); !o.ShippedAt.IsZero() || o.Carrier != "" {
		t.Error("another merchant's order was shipped")
	}
	if forged := seller.handsIn(b.at("/orders/ship.csv"), [][2]string{{"plan", "number,carrier,tracking\n" + foreign.Number + ",x,y\n"}}, "file"); !strings.Contains(forged.body, "没有这个订单号") || !b.order(foreign).ShippedAt.IsZero() {
		t.Error("a forged plan shipped another merchant's order")
	}
}

// TestListsThatAreNone are refused in words.
func TestListsThatAreNone(t *testing.T) {
	b := openBench(t)
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	seller.handsIn(b.at("/orders/ship.csv"), nil, "file").wants(t, http.StatusUnprocessableEntity, "还没有选文件")
	for says, file := range map[string]string{
		"第一行要有列名": "a,b\n1,2\n", "读不出这个文件": "PK\x03\x04\x00\x00\x00", "超过 2 MB": "number,carrier,tracking\n" + strings.Repeat("x", roster.MaxShipmentsSize), "超过 5000 行": "number,carrier,tracking\n" + strings.Repeat("7x2m9k4p,c,t\n", roster.MaxShipments+1),
	} {
		seller.handsIn(b.at("/orders/ship.csv"), nil, "file", []byte(file)).wants(t, http.StatusUnprocessableEntity, says)
	}
	a := seller.handsIn(b.at("/orders/ship.csv"), nil, "file", []byte("number,carrier,tracking\n"+hostile+",<script>alert(1)</script>,<img src=x onerror=alert(1)>\n"))
	a.wants(t, http.StatusOK, "没有可以发货的行")
	a.lacks(t, "<script>alert", "<img src=x")
	seller.handsIn(b.at("/orders/ship.csv"), nil, "file", make([]byte, maxShipForm)).wants(t, http.StatusUnprocessableEntity, "提交的内容太大")
}

// TestTheDownload has one line an order, in the shop's time, through several parts, and nothing in it is a formula.
func TestTheDownload(t *testing.T) {
	b := openBench(t)
	finance := b.as(b.Merchant.ID, postern.RoleFinance)
	item := b.sells(b.Merchant.ID, func(in *engine.ItemInput) {
		in.Title, in.Variants[0].Name, in.Variants[0].Stock = "=HYPERLINK(\"http://x\")", "@SUM(A1)", 1000
	})
	for i := range csvPage + 5 {
		b.places(item, func(in *engine.OrderInput) {
			in.Name, in.Note = "+cmd|' /C calc'!A0", "-1+1"
			if i%2 == 0 {
				in.Phone = "+1 202 555 0100"
			}
		})
	}
	b.places(b.foreignItem(), nil)
	paid := b.pays(b.places(item, nil), "alipay")
	a := finance.get(b.at("/orders.csv"))
	if a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/csv") || !strings.Contains(a.header.Get("Content-Disposition"), "attachment") || strings.Count(a.body, "\ufeff") != 1 || !strings.HasPrefix(a.body, "\ufeff") {
		t.Fatalf("%d %v", a.status, a.header)
	}
	read := func(body string) [][]string {
		t.Helper()
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	rows := read(a.body)
	if len(rows) != csvPage+7 {
		t.Fatalf("%d lines", len(rows))
	}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if cell != roster.Neutral(cell) {
				t.Fatalf("column %d is a formula: %s", i, cell)
			}
		}
	}
	if rows[1][1] != paid.CreatedAt.In(zoneOf(b.Merchant)).Format("2006-01-02 15:04:05") || rows[1][5] != "76.00" || rows[1][7] != "待发货" {
		t.Errorf("the first line is %v", rows[1])
	}
	if got := read(finance.get(b.at("/orders.csv?list=to_ship")).body); len(got) != 2 {
		t.Errorf("%d lines to ship", len(got))
	}
	tomorrow := b.Clock.Now().In(zoneOf(b.Merchant)).AddDate(0, 0, 1).Format(time.DateOnly)
	if got := read(finance.get(b.at("/orders.csv?from=" + tomorrow)).body); len(got) != 1 {
		t.Errorf("%d lines of tomorrow", len(got))
	}
	finance.get(b.at("/orders.csv?from="+url.QueryEscape("2026-02-30"))).wants(t, http.StatusUnprocessableEntity, "日期")
	// The download, handed in as it is, does nothing: nobody has filled it in.
	seller := b.as(b.Merchant.ID, postern.RoleOwner)
	seller.handsIn(b.at("/orders/ship.csv"), nil, "file", []byte(a.body)).lacks(t, "可以发货 1")
}
