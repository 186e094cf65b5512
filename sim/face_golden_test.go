package sim_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postern/provider/alipay/wire"
)

// compareGolden holds a text against a file that is in the repository.
func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *updateGolden {
		must(t, os.MkdirAll(filepath.Dir(name), 0o750))
		must(t, os.WriteFile(name, got, 0o600))
		return
	}
	want, err := os.ReadFile(name)
	must(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s has\n%s\nand now it is\n%s", name, want, got)
	}
}

// TestAlipayGoldenExchanges: what each method answers, byte for byte but for the signature; the world is seeded, so numbers and times are always the same.
func TestAlipayGoldenExchanges(t *testing.T) {
	f := faceOnly(t)
	var out bytes.Buffer
	exchange := func(method, biz string, more ...string) {
		_, answer := f.post(t, wire.GatewayPath, f.keyed.params(t, f.Clock.Now(), method, biz, more...).Encode())
		env, err := wire.Extract(answer, method)
		must(t, err)
		out.WriteString("> " + method + " " + biz + "\n< " + string(env.Value) + "\n")
	}
	exchange(wire.MethodPrecreate, `{"out_trade_no":"G-1","total_amount":"68.00","subject":"龙井/新茶","passback_params":"a%3D1","body":"半斤"}`, "notify_url", "http://shop.test/n")
	exchange(wire.MethodPrecreate, `{"out_trade_no":"G-1","total_amount":"68.01","subject":"龙井/新茶"}`)
	exchange(wire.MethodQuery, `{"out_trade_no":"G-1"}`)
	approve(t, f.World, begin(t, f.World, f.inner(t, f.keyed, "G-1"), wechat, "native"))
	run(t, f.World, time.Minute)
	exchange(wire.MethodQuery, `{"out_trade_no":"G-1"}`)
	exchange(wire.MethodClose, `{"out_trade_no":"G-1"}`)
	exchange(wire.MethodRefund, `{"out_trade_no":"G-1","refund_amount":"8.00","out_request_no":"GR-1","refund_reason":"试吃"}`)
	run(t, f.World, time.Minute)
	exchange(wire.MethodRefund, `{"out_trade_no":"G-1","refund_amount":"8.00","out_request_no":"GR-1","refund_reason":"试吃"}`)
	exchange(wire.MethodRefund, `{"out_trade_no":"G-1","refund_amount":"60.01","out_request_no":"GR-2"}`)
	exchange(wire.MethodRefundQuery, `{"out_trade_no":"G-1","out_request_no":"GR-1","query_options":["gmt_refund_pay"]}`)
	exchange(wire.MethodRefundQuery, `{"out_trade_no":"G-1","out_request_no":"GR-9"}`)
	exchange(wire.MethodCreate, `{"out_trade_no":"G-2","total_amount":"0.01","subject":"茶","buyer_id":"2088000000000009"}`)
	exchange(wire.MethodClose, `{"out_trade_no":"G-2"}`)
	exchange(wire.MethodPay, `{"out_trade_no":"G-3","total_amount":"0.01","subject":"茶","scene":"bar_code","auth_code":"`+showCode(t, f.World, wechat, false)+`"}`)
	exchange(wire.MethodPay, `{"out_trade_no":"G-4","total_amount":"0.01","subject":"茶","scene":"bar_code","auth_code":"`+showCode(t, f.World, wechat, true)+`"}`)
	exchange(wire.MethodCancel, `{"out_trade_no":"G-4"}`)
	exchange(wire.MethodCancel, `{"out_trade_no":"G-9"}`)
	exchange(wire.MethodBill, `{"bill_type":"trade","bill_date":"2999-01-01"}`)
	exchange(wire.MethodCertificate, `{"alipay_cert_sn":"00"}`)
	exchange(wire.MethodOAuthToken, "", "grant_type", "authorization_code", "code", "none")
	exchange("alipay.fund.trans.uni.transfer", "{}")
	for _, n := range f.shop.got {
		delete(n, "sign")
		delete(n, "notify_id") // follows from the commit, to the microsecond
		out.WriteString("notice " + string(wire.NotifyString(n)) + "\n")
	}
	compareGolden(t, filepath.Join("..", "provider", "alipay", "testdata", "facade.golden"), out.Bytes())
}
