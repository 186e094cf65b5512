package sim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/provider"
	"postern/provider/wechatpay"
)

// TestFacadeForwardsOldOrders: an order that the shop placed at WeChat itself before the switch-over is asked for, refunded and closed there with the merchant's own account,
// and answered under our signature; what is known nowhere stays unknown, and no order is begun there.
func TestFacadeForwardsOldOrders(t *testing.T) {
	w := twoWallets(t)
	s := openWechatShop(t, w, "http://"+wxFaceHost, false)
	ctx := context.Background()
	_, a := paid(t, w, wechat, "old", 6800) // its number at WeChat is the attempt's
	account, err := w.Store.Facade(ctx, s.account.MerchantID, s.account.ID)
	must(t, err)
	account.FormerChannelID = w.Channels[wechat].ID
	must(t, w.Store.SaveFacade(ctx, account))
	target := "/v3/pay/transactions/out-trade-no/" + a.Number + "?mchid=" + s.account.Number
	status, body := s.ask(t, http.MethodGet, target, "")
	if status != 200 || !strings.Contains(body, `"trade_state":"SUCCESS"`) || !strings.Contains(body, `"mchid":"`+s.account.Number+`"`) {
		t.Errorf("the query: HTTP %d %s", status, body)
	}
	refund := fmt.Sprintf(`{"out_trade_no":%q,"out_refund_no":"old_r1","amount":{"refund":1,"total":6800,"currency":"CNY"}}`, a.Number)
	if status, body := s.ask(t, http.MethodPost, "/v3/refund/domestic/refunds", refund); status != 200 || !strings.Contains(body, `"old_r1"`) {
		t.Errorf("the refund: HTTP %d %s", status, body)
	}
	run(t, w, 5*time.Second)
	if status, body := s.ask(t, http.MethodGet, "/v3/refund/domestic/refunds/old_r1", ""); status != 200 || !strings.Contains(body, `"SUCCESS"`) {
		t.Errorf("the refund's query: HTTP %d %s", status, body)
	}
	if status, body := s.ask(t, http.MethodPost, "/v3/pay/transactions/out-trade-no/"+a.Number+"/close", fmt.Sprintf(`{"mchid":%q}`, s.account.Number)); status != 400 || !strings.Contains(body, "ORDERPAID") {
		t.Errorf("the close: HTTP %d %s", status, body)
	}
	if status, body := s.ask(t, http.MethodGet, s.queryTarget("nowhere_0001"), ""); status != 404 || !strings.Contains(body, "ORDER_NOT_EXIST") {
		t.Errorf("an unknown order: HTTP %d %s", status, body)
	}
	before := len(orders(t, w, wechat))
	s.native(t, "fresh_0001", 100)
	if len(orders(t, w, wechat)) != before {
		t.Error("an order was begun at WeChat")
	}
	for path, method := range map[string]string{
		"/v3/pay/transactions/native": http.MethodPost, "/v3/pay/transactions/codepay": http.MethodPost, "/v3/pay/transactions/out-trade-no/" + a.Number + "/reverse": http.MethodPost,
		"/v3/profitsharing/orders": http.MethodPost, "/v3/bill/tradebill": http.MethodGet, "/v3/refund/domestic/refunds": http.MethodDelete,
	} {
		r := s.request(t, method, path, "{}")
		if _, err := wechatpay.New().Forward(ctx, s.call, provider.ForwardRequest{Method: r.Method, Target: path, Header: r.Header, Body: []byte("{}")}); err == nil {
			t.Errorf("%s is handed on", path)
		}
	}
	must(t, w.Break(ctx, wechat, "query", "unsigned", 1))
	if status, body := s.ask(t, http.MethodGet, target, ""); status != 500 || !strings.Contains(body, "SYSTEM_ERROR") {
		t.Errorf("an answer that nobody signed: HTTP %d %s", status, body)
	}
}
