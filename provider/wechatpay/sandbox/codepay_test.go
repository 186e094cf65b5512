package sandbox

import (
	"testing"
	"time"

	"postern/provider/wechatpay/wire"
)

// scan places a code-pay order with a code that asks for nothing.
func (sh *shop) scan(no string) wire.Transaction {
	sh.t.Helper()
	code, err := controlBook{sh.s}.ShowCode("", false)
	if err != nil {
		sh.t.Fatal(err)
	}
	var paid wire.Transaction
	sh.ok(sh.call("POST", self.OrderPath(wire.KindCodePay), codeOrder(no, code), nil), 200, &paid)
	return paid
}

func codeOrder(no, code string) wire.Order {
	return wire.Order{Parties: self, Description: "乌龙茶", OutTradeNo: no, Amount: wire.Amount{Total: 6800, Currency: "CNY"}, Payer: &wire.Payer{AuthCode: code},
		SceneInfo: &wire.Scene{StoreInfo: &wire.Store{OutID: "1"}}}
}

// TestReversingTwiceGivesBackOnce, and what was given back is not refunded any more.
func TestReversingTwiceGivesBackOnce(t *testing.T) {
	sh := open(t, nil)
	sh.scan("code000001")
	for range 2 {
		sh.ok(sh.call("POST", self.ReversePath("code000001"), self, nil), 200, nil)
	}
	buyers, merchants := sh.s.Balances()
	if buyers[DefaultBuyer] != startBalance || merchants[mchID] != 0 {
		t.Errorf("the money is at %v and %v", buyers, merchants)
	}
	sh.refused("refund", sh.call("POST", wire.PathRefunds, sh.refundBody("code000001", 1, 100), nil), 400, wire.CodeInvalidRequest)
}

// TestCodePayRules: what a scanned code is refused for, and that a number charges once.
func TestCodePayRules(t *testing.T) {
	sh := open(t, nil)
	path := self.OrderPath(wire.KindCodePay)
	sh.refused("no such code", sh.call("POST", path, codeOrder("code000001", "130000000000000000"), nil), 400, wire.CodeAuthCodeInvalid)
	sh.refused("not a code", sh.call("POST", path, codeOrder("code000001", "2800"), nil), 400, wire.CodeParamError)
	bare := codeOrder("code000001", "130000000000000000")
	bare.SceneInfo = nil
	sh.refused("no shop", sh.call("POST", path, bare, nil), 400, wire.CodeParamError)
	code, err := controlBook{sh.s}.ShowCode("", true)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a := sh.call("POST", path, codeOrder("code000002", code), nil); a.status != 202 || a.code() != wire.CodeUserPaying {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	sh.refused("another order, the same code", sh.call("POST", path, codeOrder("code000003", code), nil), 403, wire.CodeAuthCodeExpire)
	sh.clock.Advance(codePayLife + time.Second)
	if tr := sh.query("code000002"); tr.TradeState != wire.StateClosed {
		t.Errorf("nobody typed a password: %s", tr.TradeState)
	}
	sh.refused("a closed number", sh.call("POST", path, codeOrder("code000002", code), nil), 400, wire.CodeOrderClosed)
	sh.native("order0001")
	sh.refused("only scanned codes are reversed", sh.call("POST", self.ReversePath("order0001"), self, nil), 400, wire.CodeInvalidRequest)
}
