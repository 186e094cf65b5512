package main

import (
	"net/http"
	"strings"

	"postern/engine"
)

// entersOutside gives a part of the payment back outside the provider, says the merchant's own server. What a second person says of it is handOver's.
func (o *operator) entersOutside(key string) (refundID string) {
	o.t.Helper()
	var r engine.RefundView
	body := `{"reference":"R1","amount":800,"outside":{"evidence":"transfer 77","bank":"CMB"}}`
	if err := fetch(o.ctx, http.MethodPost, o.base+"/v1/payments/"+o.paid+"/refunds", key, strings.NewReader(body), &r); err != nil {
		o.t.Fatal(err)
	}
	return r.ID
}

// handOver is the second person at the command line, who confirms what the server entered and never what was entered at the command line.
func (o *operator) handOver(refundID string) {
	o.t.Helper()
	o.must(refundID+`  reserved +¥8\.00  of `+o.paid+`\n  API sk_test_\S+ says outside, paid by bank:CMB: transfer 77`, "refund", "waiting")
	o.must(refundID+`  refunded .*\n.*\n  operator: the statement`, "refund", "confirm", refundID, "--saw", "the statement")
	own := o.must(`(ref_\w+)  reserved`, "refund", "outside", o.paid, "--amount", "6000", "--evidence", "cash", "--reference", "R2")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"refund", "confirm", own, "--saw", "me"}, "cannot be the second person"}, {[]string{"refund", "confirm", refundID, "--saw", "me"}, "does not wait"},
		{[]string{"refund", "outside", o.paid, "--amount", "1", "--evidence", "cash", "--reference", "R3"}, "refund_exceeds_received"},
		{[]string{"refund", "resolve", own, "--way", "reached", "--evidence", "x"}, "not stuck"},
	} {
		if out, code := o.run(c.args...); code == 0 || !strings.Contains(out, c.want) {
			o.t.Errorf("%v: exit %d, no %q in %s", c.args, code, c.want, out)
		}
	}
	o.must(own+`  failed`, "refund", "reject", own, "--why", "entered twice")
	if out, code := o.run("refund", "waiting"); code != 0 || out != "" {
		o.t.Errorf("exit %d, still waiting: %s", code, out)
	}
	o.must(`bank:CMB +.*8\.00`, "ledger", "balance")
}
