package sim_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"postern"
	"postern/provider"
	alipayface "postern/provider/alipay"
	"postern/provider/alipay/wire"
	"postern/sim"
)

// TestFaceForwardsOldOrders: an order that was made at Alipay before the switch-over is asked for, given back and canceled there, with the merchant's former account, and
// answered under our signature; a new number stays unknown, and nothing is ordered in this way.
func TestFaceForwardsOldOrders(t *testing.T) {
	f := faceOnly(t)
	old := begin(t, f.World, pay(t, f.World, "old", 6800), alipay, "native")
	approve(t, f.World, old)
	run(t, f.World, time.Minute)
	named := `{"out_trade_no":"` + old.Number + `"`
	says(t, f.ask(t, f.keyed, wire.MethodQuery, named+"}"), "code", "10000", "trade_status", "TRADE_SUCCESS", "total_amount", "68.00", "out_trade_no", old.Number)
	says(t, f.ask(t, f.keyed, wire.MethodClose, named+"}"), "sub_code", "ACQ.TRADE_STATUS_ERROR")
	says(t, f.ask(t, f.keyed, wire.MethodRefundQuery, named+`,"out_request_no":"none"}`), "code", "10000", "refund_status", "")
	status, _, body := f.third(t, f.keyed, wire.MethodQuery, wire.Fields{}.Set("out_trade_no", old.Number), f.Clock.Now())
	if status != http.StatusOK || !strings.Contains(body, "TRADE_SUCCESS") || strings.Contains(body, `"msg"`) {
		t.Errorf("v3: HTTP %d %s", status, body)
	}
	says(t, f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"new"}`), "sub_code", "ACQ.TRADE_NOT_EXIST")
	must(t, f.Break(context.Background(), alipay, "query", "wrong_signature", 1))
	if o := f.ask(t, f.keyed, wire.MethodQuery, named+"}"); o.Text("code") != "20000" {
		t.Errorf("an answer that does not verify was handed on: %s", o)
	}
	_, err := alipayface.New().Forward(context.Background(), f.call(t, f.keyed), provider.ForwardRequest{Target: wire.GatewayPath + "?method=" + wire.MethodPrecreate, Body: []byte("{}")})
	if err == nil {
		t.Error("an order was handed on")
	}
}

// TestFaceNoticesAreRetried: on Alipay's schedule, with one notify_id, until the shop says success.
func TestFaceNoticesAreRetried(t *testing.T) {
	f := faceOnly(t)
	f.shop.down = true
	f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("R-1", "68.00"), "notify_url", "http://shop.test/n")
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "R-1"), wechat, "native"))
	for i, wait := range []time.Duration{time.Minute, 4 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 15 * time.Hour} {
		run(t, f.World, wait)
		if f.noticed(t, i+1)["notify_id"] != f.shop.got[0]["notify_id"] {
			t.Errorf("try %d has another notify_id", i+1)
		}
	}
	run(t, f.World, 72*time.Hour)
	f.noticed(t, 8)
	f.shop.down = false
	says(t, f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"R-1","refund_amount":"1.00","out_request_no":"r"}`), "code", "10000")
	run(t, f.World, 24*time.Hour)
	if n := f.noticed(t, 9); n["notify_id"] == f.shop.got[0]["notify_id"] || n["refund_fee"] != "1.00" {
		t.Errorf("the refund's notification: %v", n)
	}
}

// TestFaceSignsAsAsked: RSA for old apps, in the answer and in the notification.
func TestFaceSignsAsAsked(t *testing.T) {
	f := faceOnly(t)
	_, answer := f.post(t, wire.GatewayPath, f.keyed.params(t, f.Clock.Now(), wire.MethodPrecreate, orderJSON("S-1", "68.00"), "sign_type", "RSA", "notify_url", "http://shop.test/n").Encode())
	env, err := wire.Extract(answer, wire.MethodPrecreate)
	must(t, err)
	must(t, env.Verify(wire.VerifyWith(&sim.Key("face-platform").PublicKey, wire.SignTypeRSA)))
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "S-1"), wechat, "native"))
	run(t, f.World, time.Minute)
	if n := f.noticed(t, 1); n["sign_type"] != "RSA" {
		t.Errorf("the notification is signed with %s", n["sign_type"])
	}
}

// TestFaceBillIsReadByTheConnector: the bill that the facade hands out is read by our own reader of Alipay's bills, whole, and says what was collected and given back.
func TestFaceBillIsReadByTheConnector(t *testing.T) {
	f := faceOnly(t)
	f.ask(t, f.keyed, wire.MethodPrecreate, orderJSON("B-2", "12.00"))
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "B-2"), wechat, "native"))
	run(t, f.World, time.Minute)
	f.ask(t, f.keyed, wire.MethodRefund, `{"out_trade_no":"B-2","refund_amount":"2.00","out_request_no":"b2r"}`)
	f.billed(t)
	for _, kind := range []string{"trade", "signcustomer"} {
		address := f.ask(t, f.keyed, wire.MethodBill, `{"bill_type":"`+kind+`","bill_date":"2026-11-22"}`).Text("bill_download_url")
		target := strings.TrimPrefix(address, "http://"+faceHost)
		_, file := f.post(t, target, "")
		sum, err := alipayface.New().ReadStatement(kind, "2088123412341234", provider.StatementFile{ReaderAt: bytes.NewReader(file), Size: int64(len(file))}, func(provider.StatementLine) error { return nil })
		must(t, err)
		if sum.Lines != 3 || sum.Amount != 7800 {
			t.Errorf("%s: %+v", kind, sum)
		}
		run(t, f.World, time.Minute)
		if r, _ := f.post(t, target, ""); r.StatusCode != http.StatusForbidden {
			t.Errorf("the address works for ever: HTTP %d", r.StatusCode)
		}
		if r, _ := f.post(t, strings.Replace(target, f.keyed.account.Number, f.certs.account.Number, 1), ""); r.StatusCode != http.StatusForbidden {
			t.Errorf("another account's bill: HTTP %d", r.StatusCode)
		}
	}
}

// TestFaceOAuth: who the buyer is at Alipay is asked of Alipay, with the merchant's own account.
func TestFaceOAuth(t *testing.T) {
	f := faceOnly(t)
	channel := f.Channels[alipay]
	page, err := f.Engine.AuthorizeURL(context.Background(), channel.MerchantID, channel.ID, "http://"+sim.Host+"/c/back", "state")
	must(t, err)
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, page, nil)
	must(t, err)
	response, err := f.Net.Do(r)
	must(t, err)
	back, err := response.Location()
	must(t, err)
	o := f.ask(t, f.keyed, wire.MethodOAuthToken, "", "grant_type", "authorization_code", "code", back.Query().Get("auth_code"))
	if !strings.HasPrefix(o.Text("user_id"), "2088") || o.Text("expires_in") != "1296000" || o.Text("code") != "" {
		t.Errorf("%s", o)
	}
}

// TestFaceAccountEnds: a disabled account is unknown, as a stranger's is; no answer is signed for it.
func TestFaceAccountEnds(t *testing.T) {
	f := faceOnly(t)
	a := f.keyed.account
	a.Version, a.DisabledAt = 1, f.Clock.Now()
	must(t, f.Store.SaveFacade(context.Background(), a))
	if got := f.raw(t, f.keyed, wire.MethodQuery, named); got != `{"alipay_trade_query_response":{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-app-id","sub_msg":"无效的AppID参数"}}` {
		t.Errorf("%s", got)
	}
}

// TestFaceNumberIsOneOrder: requests with one number at the same time, some with another amount, make one payment; nobody is told that another amount was ordered. A number whose
// first try was refused can be used with other terms.
func TestFaceNumberIsOneOrder(t *testing.T) {
	f := faced(t, fileWorld(t, 1))
	place := func(number, terms string, amount int64) (provider.FacedOrder, error) {
		return f.Engine.PlaceFaced(context.Background(), f.keyed.account, provider.FaceOrder{Number: number, Amount: amount, Currency: "CNY", Subject: "茶", Product: "jsapi", Fingerprint: terms})
	}
	var mu sync.Mutex
	ids := map[string]bool{}
	atOnce(8, 40, func(i int) {
		amount := int64(6800 + i%2)
		o, err := place("ONE", fmt.Sprint(amount), amount)
		mu.Lock()
		defer mu.Unlock()
		ids[o.PaymentID] = true
		switch {
		case err == nil && o.Amount != amount:
			t.Errorf("%d was ordered and %d answered", amount, o.Amount)
		case err != nil && postern.CodeOf(err) != postern.CodeReferenceTaken:
			t.Errorf("%v", err)
		}
	})
	if len(ids) != 1 {
		t.Errorf("%d payments: %v", len(ids), ids)
	}
	if _, err := place("TWO", "bad", 0); postern.CodeOf(err) == postern.CodeConflict || err == nil {
		t.Errorf("an order of nothing: %v", err)
	}
	if o, err := place("TWO", "good", 100); err != nil || o.Amount != 100 {
		t.Errorf("the corrected order: %v", err)
	}
}

// TestFaceCancelIsTriedAgain: the wallet refuses the refund of a cancel; the merchant's code calls again, as retry_flag says, and the money goes back once.
func TestFaceCancelIsTriedAgain(t *testing.T) {
	f := faceOnly(t)
	f.ask(t, f.keyed, wire.MethodPay, orderJSON("C-1", "68.00", "scene", "bar_code", "auth_code", showCode(t, f.World, wechat, false)), "notify_url", "http://shop.test/n")
	run(t, f.World, time.Second)
	must(t, f.Break(context.Background(), wechat, "refund", "refund_closed", 1))
	says(t, f.ask(t, f.keyed, wire.MethodCancel, `{"out_trade_no":"C-1"}`), "retry_flag", "Y", "action", "")
	run(t, f.World, time.Minute)
	says(t, f.ask(t, f.keyed, wire.MethodQuery, `{"out_trade_no":"C-1"}`), "trade_status", "TRADE_SUCCESS")
	says(t, f.ask(t, f.keyed, wire.MethodCancel, `{"out_trade_no":"C-1"}`), "retry_flag", "Y")
	run(t, f.World, time.Minute)
	says(t, f.ask(t, f.keyed, wire.MethodCancel, `{"out_trade_no":"C-1"}`), "retry_flag", "N", "action", "refund")
	says(t, f.ask(t, f.keyed, wire.MethodRefundQuery, `{"out_trade_no":"C-1","out_request_no":"C-1"}`), "refund_status", "REFUND_SUCCESS", "refund_amount", "68.00")
	if n := f.noticed(t, 2); n["trade_status"] != "TRADE_CLOSED" || n["out_biz_no"] != "C-1" {
		t.Errorf("the notification: %v", n)
	}
	agree(t, f.World)
}
