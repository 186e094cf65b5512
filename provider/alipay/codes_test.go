package alipay

import (
	"os"
	"strings"
	"testing"

	"postern/provider"
	"postern/provider/alipay/wire"
)

// published reads the documented sub_codes by method.
func published(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/codes.txt")
	if err != nil {
		t.Fatal(err)
	}
	methods, n := map[string][]string{}, 0
	for line := range strings.Lines(string(raw)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] != "#" {
			methods[fields[0]] = fields[1:]
			n += len(fields) - 1
		}
	}
	if len(methods) != 14 || n < 400 {
		t.Fatalf("%d methods with %d codes: the list was cut", len(methods), n)
	}
	return methods
}

// TestEveryPublishedCodeIsSettled: each code that the documents give a method stands in a table by its meaning, in one that proves something or in the one of those that
// prove nothing, and never in both.
func TestEveryPublishedCodeIsSettled(t *testing.T) {
	settled := map[string][]map[string]bool{
		wire.MethodRefund:      {keysOf(refundRefusals), {subDiscordant: true}},
		wire.MethodRefundQuery: {{}}, wire.MethodQuery: {{}},
		wire.MethodCancel: {notReversible},
		wire.MethodClose:  {notClosable},
		wire.MethodBill:   {noBill, noSuchBill},
		wire.MethodShare:  {keysOf(shareRefusals), {subDiscordant: true, "DUP_OUT_REQUEST_NO": true}}, wire.MethodShareQuery: {keysOf(shareRefusals)}, wire.MethodReceiver: {keysOf(shareRefusals)},
	}
	for method, codes := range published(t) {
		for _, code := range codes {
			sub := bare(code)
			known := undecided[sub] || refusals[sub] != ""
			for _, table := range settled[method] {
				known = known || table[sub]
			}
			if !known {
				t.Errorf("%s answers %s, and no table has it", method, code)
			}
			if undecided[sub] && refusals[sub] != "" {
				t.Errorf("%s proves nothing and is %s", code, refusals[sub])
			}
		}
	}
}

// TestEveryStartCode answers each order with each of its codes: only those that prove something fail it.
func TestEveryStartCode(t *testing.T) {
	w := newWorld(t)
	list := published(t)
	for product, method := range map[string]string{Native: wire.MethodPrecreate, JSAPI: wire.MethodCreate, Barcode: wire.MethodPay} {
		o := w.order(product, 100)
		o.AuthCode = "281234567890123456"
		sub := ""
		call := w.gateway(func(m string) (int, []byte) { return says("code", "40004", "sub_code", sub)(m) })
		for _, sub = range append(list[method], list["common"]...) {
			r := w.c.Start(t.Context(), call, o)
			want := provider.Failed
			switch name := bare(sub); {
			case name == subHasClose:
				want = provider.Closed
			case undecided[name]:
				want = provider.Unknown
			}
			if r.State != want || r.Money != nil || want == provider.Failed && r.Class == provider.ClassUnknown {
				t.Errorf("%s, %s: %+v", method, sub, r)
			}
		}
	}
}

func keysOf(m map[string]provider.Class) map[string]bool {
	out := map[string]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}
