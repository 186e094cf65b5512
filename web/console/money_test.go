package console

import (
	"context"
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/engine"
	"postern/ledger"
)

// TestTheMoneyIsTheBooks: after orders over two wallets, a payment that came twice, refunds and a stuck one, what the page adds up is what the ledger's balances say, for
// each channel, and the total is theirs.
func TestTheMoneyIsTheBooks(t *testing.T) {
	b := openBench(t)
	ctx := context.Background()
	item := b.sells(b.Merchant.ID, nil)
	one := b.pays(b.places(item, nil), "alipay")
	b.pays(b.places(item, func(in *engine.OrderInput) { in.Quantity = 3 }), "wechatpay")
	b.paysTwice(b.places(item, nil))
	if _, err := b.Engine.RefundOrder(ctx, engine.Actor{}, one.MerchantID, one.ID, engine.OrderRefund{Form: postern.NewToken(b.Rand), Amount: 1234, Restock: 1}); err != nil {
		t.Fatal(err)
	}
	b.waits(time.Hour)
	r, err := http.NewRequest(http.MethodGet, "/?period=all", nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{Merchant: b.Merchant, Zone: zoneOf(b.Merchant), Now: b.Clock.Now()}
	sums, err := b.handler.readMoney(r, v, spanOf(r, v))
	if err != nil {
		t.Fatal(err)
	}
	balances, err := b.Store.Balances(ctx, b.Merchant.ID)
	if err != nil {
		t.Fatal(err)
	}
	owed := map[string]int64{}
	for _, one := range balances {
		if channel, ok := strings.CutPrefix(one.Account, ledger.Receivable("")); ok {
			owed[channel] = one.Amount
		}
	}
	var total int64
	for _, m := range sums {
		if m.period() != owed[m.channel] || m.now != owed[m.channel] || m.other != 0 {
			t.Errorf("%s: the page says %d and %d, the books %d", m.channel, m.period(), m.now, owed[m.channel])
		}
		total += m.period()
		delete(owed, m.channel)
	}
	if len(owed) != 0 || total != 7600+21200+2*7600-1234 {
		t.Errorf("the total is %d; missing are %v", total, owed)
	}
	finance := b.as(b.Merchant.ID, postern.RoleFinance)
	finance.get(b.at("/money?period=all")).wants(t, http.StatusOK, "从不经手您的钱", "支付宝", "微信支付", postern.FormatMoney(total, "CNY"), "−¥12.34", "有 1 件事需要人处理")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(finance.get(b.at("/money.csv?period=all")).body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][4] != "CNY" {
		t.Errorf("%v %v", rows, err)
	}
	if _, err := b.Store.Channels(ctx, b.Merchant.ID); err != nil {
		t.Fatal(err)
	}
}

// TestPeriods: each chooser asks for its days in the shop's zone; what are no days is said, and the last week shown.
func TestPeriods(t *testing.T) {
	b := openBench(t)
	owner := b.as(b.Merchant.ID, postern.RoleOwner)
	b.pays(b.places(b.sells(b.Merchant.ID, nil), nil), "alipay")
	today := b.Clock.Now().In(zoneOf(b.Merchant)).Format(time.DateOnly)
	for query, says := range map[string]string{
		"": today, "?period=today": today + " 至 " + today, "?period=month": today[:8] + "01 至", "?period=all": "从开始到现在", "?from=" + today + "&until=" + today: today + " 至 " + today,
	} {
		owner.get(b.at("/money"+query)).wants(t, http.StatusOK, says, "¥76.00")
	}
	owner.get(b.at("/money?from=2020-01-01&until=2020-01-31")).wants(t, http.StatusOK, "¥0.00")
	for _, wrong := range []string{"from=yesterday", "from=2026-12-01&until=2026-11-01", "until=" + url.QueryEscape("2026-11-31"), "from=0001-01-01"} {
		owner.get(b.at("/money?"+wrong)).wants(t, http.StatusUnprocessableEntity, "日期没有填对")
	}
	if a := owner.get(b.at("/money.csv?from=x")); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a list of no days: %d", a.status)
	}
}

// TestDaysOfTheShop: a day of the zone is a day, also where clocks are put forward.
func TestDaysOfTheShop(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no zone data on this machine")
	}
	bounds := midnights(time.Date(2026, 3, 29, 23, 30, 0, 0, time.UTC), berlin, 3) // 30 March in Berlin, and the 29th had 23 hours
	if len(bounds) != 4 || bounds[2].Sub(bounds[1]) != 23*time.Hour || bounds[3].Format(time.DateOnly) != "2026-03-31" {
		t.Errorf("%v", bounds)
	}
}
