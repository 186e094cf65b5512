package api_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern"
	"postern/engine"
	"postern/provider/all"
	"postern/provider/tenpay/wire"
	bank "postern/provider/unionpay/wire"
	"postern/sim"
	"postern/store"
)

// newBankBench is a world with the providers whose bills are fetched, and one that has none.
func newBankBench(t *testing.T) *bench {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "postern.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	w, err := sim.New(ctx, sim.Options{Store: s, Seed: 7, Key: sim.Key, Makers: all.SandboxesOf("unionpay", "bill99", "tenpay")})
	if err != nil {
		t.Fatal(err)
	}
	return (&bench{T: t, w: w}).signedIn()
}

// bill is the address of a bill over the world's channel at a provider.
func (b *bench) bill(provider, kind, query string) string {
	return "/v1/channels/" + b.w.Channels[provider].ID + "/statements/" + kind + "?" + query
}

// bought lets n orders be paid by UnionPay.
func (b *bench) bought(n int) {
	b.Helper()
	ctx := context.Background()
	for i := range n {
		p, err := b.w.Pay(ctx, fmt.Sprintf("S%d", i), int64(1000+i))
		if err != nil {
			b.Fatal(err)
		}
		a, err := b.w.Begin(ctx, p, "unionpay", "native")
		if err == nil {
			err = b.w.Approve(ctx, a, "")
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.run(time.Minute)
}

// TestStatements: a bill comes in pages with the sum of the whole; a day without one and a day too early are answers, and no problems.
func TestStatements(t *testing.T) {
	b := newBankBench(t)
	b.bought(5)
	if early := b.get(b.bill("unionpay", "ZM", "date=2026-11-22")).want(http.StatusOK); early.text("state") != "not_ready" || early["sum"] != nil || len(early.list("lines")) > 0 {
		t.Errorf("on the same day: %v", early)
	}
	b.w.Clock.Advance(36 * time.Hour)
	var amount, fee int64
	after, pages := "", 0
	for {
		v := b.get(b.bill("unionpay", "ZM", "date=2026-11-22&limit=2"+after)).want(http.StatusOK)
		if sum := v.object("sum"); v.text("state") != "done" || v.text("object") != "statement" || sum.int("lines") != 5 || sum.int("amount") != 5010 || sum.text("account") == "" {
			t.Fatalf("%v", v)
		}
		for i, line := range v.list("lines") {
			if line.int("line") != int64(pages*2+i+1) || line.text("kind") != "payment" || line.text("txn_no") == "" || len(line["columns"].([]any)) != 42 {
				t.Errorf("%v", line)
			}
			amount, fee = amount+line.int("amount"), fee+line.int("fee")
		}
		pages++
		if v["next_cursor"] == nil {
			break
		}
		after = "&after=" + v.text("next_cursor")
	}
	if amount != 5010 || fee != 30 || pages != 3 {
		t.Errorf("%d pages hold %d with fees of %d", pages, amount, fee)
	}
	for _, query := range []string{"date=2026-10-22", "date=2026-10-22&after=7"} {
		if none := b.get(b.bill("tenpay", "all", query)).want(http.StatusOK); none.text("state") != "empty" {
			t.Errorf("a day on which nothing happened: %v", none)
		}
	}
}

// billOf is a bill of TenPay's with one order, of a partner, whose last line says what it adds up to.
func billOf(partner, total string) string {
	text, err := simplifiedchinese.GBK.NewEncoder().String(wire.BillColumns + "\r\n`2026-11-22 15:40:07, `" + partner + "201005140000000021, `o1,财付通余额, `,用户已支付,68.00, `0,0.00,`, 烧饼\r\n" + wire.BillTotals + "\r\n1," + total + ",0.00,\r\n")
	if err != nil {
		panic(err)
	}
	return text
}

// anotherDay lets a gateway hand out, under the name of the day that was asked for and well signed, the bill of the day before.
func (b *bench) anotherDay() {
	b.Helper()
	const merchant, key = "777290058110048", "88888888"
	box := b.w.Sandboxes["unionpay"]
	settings := maps.Clone(box.Settings)
	settings["sign_method"], settings["file_url"] = bank.MethodSHA256, "http://files.test"
	c, err := b.w.Engine.AddChannel(context.Background(), engine.NewChannel{
		Merchant: b.w.Merchant, OwnerID: b.w.Merchant.ID, Provider: "unionpay", Settings: settings, Keys: map[string][]byte{"secure_key": []byte(key)}, Sandbox: true, Products: box.Products,
	})
	if err != nil {
		b.Fatal(err)
	}
	day := time.Date(2026, 11, 22, 0, 0, 0, 0, bank.Beijing)
	for inside, want := range map[int]int{0: http.StatusOK, -1: http.StatusBadGateway} {
		row := bank.Row{TraceTime: "1122101010", Amount: 6800, QueryID: "202611221010101234567", OrderID: "order0001", TxnType: bank.TypeConsume, MerID: merchant}
		file, err := bank.WriteBill(merchant, day.AddDate(0, 0, inside), []bank.Row{row})
		if err != nil {
			b.Fatal(err)
		}
		content, err := bank.PackContent(file)
		if err != nil {
			b.Fatal(err)
		}
		answer := bank.Message{"respCode": "00", "merId": merchant, "fileName": bank.FileName(merchant, day), "fileContent": content}
		if err := answer.SignKey(bank.MethodSHA256, []byte(key)); err != nil {
			b.Fatal(err)
		}
		b.w.Net["files.test"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer.EncodeBody()) })
		b.get("/v1/channels/" + c.ID + "/statements/ZM?date=2026-11-22").want(want)
	}
}

// TestStatementProblems: whoever sends nonsense is told the field; a provider's trouble has a stable code of its own; a merchant whose account is its partner's sees no bill, because others
// stand in it.
func TestStatementProblems(t *testing.T) {
	b := newBankBench(t)
	b.bought(1)
	b.w.Clock.Advance(36 * time.Hour)
	b.get(b.bill("unionpay", "ZM", "date=2026-11-32")).problem(http.StatusUnprocessableEntity, "invalid_request", "date")
	b.get(b.bill("unionpay", "ZM", "date=yesterday")).problem(http.StatusUnprocessableEntity, "invalid_request", "date")
	b.get(b.bill("unionpay", "ZM", "date=2026-11-22&after=x")).problem(http.StatusUnprocessableEntity, "invalid_request", "after")
	b.get(b.bill("unionpay", "ZM", "date=2026-11-22&limit=1001")).problem(http.StatusUnprocessableEntity, "invalid_request", "limit")
	if v := b.get(b.bill("unionpay", "ZM", "")).want(http.StatusOK); v.text("date") != "2026-11-23" {
		t.Errorf("yesterday is %v", v)
	}
	b.get(b.bill("unionpay", "PED", "date=2026-11-22")).problem(http.StatusUnprocessableEntity, "invalid_request", "kind")
	b.get(b.bill("unionpay", "ZM", "date=2025-11-22")).problem(http.StatusUnprocessableEntity, "provider_refused", "")
	b.get(b.bill("bill99", "ZM", "date=2026-11-22")).problem(http.StatusUnprocessableEntity, "not_supported", "")
	for fault, want := range map[string]struct {
		status int
		code   string
	}{
		"closed": {http.StatusUnprocessableEntity, "provider_refused"}, "rate_limited": {http.StatusTooManyRequests, "rate_limited"}, "busy": {http.StatusBadGateway, "provider_silent"},
		"drop_response": {http.StatusBadGateway, "provider_silent"}, "wrong_signature": {http.StatusBadGateway, "provider_silent"},
	} {
		if err := b.w.Break(context.Background(), "unionpay", "bill", fault, 1); err != nil {
			t.Fatal(err)
		}
		b.get(b.bill("unionpay", "ZM", "date=2026-11-22")).problem(want.status, want.code, "")
	}
	b.get(b.bill("unionpay", "ZM", "date=2026-11-22")).want(http.StatusOK)
	for _, bad := range []string{billOf("1900000107", "68.00"), billOf("1900000109", "67.00"), billOf("1900000109", "68.00")[:250]} {
		b.w.Net["tenpay.sandbox"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, bad) })
		if p := b.get(b.bill("tenpay", "all", "date=2026-11-22")).problem(http.StatusBadGateway, "statement_not_whole", ""); p.text("fix") == "" {
			t.Errorf("%v", p)
		}
	}
	b.w.Net["tenpay.sandbox"] = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, billOf("1900000109", "68.00")) })
	if v := b.get(b.bill("tenpay", "all", "date=2026-11-22")).want(http.StatusOK); v.object("sum").int("amount") != 6800 {
		t.Errorf("%v", v)
	}
	b.anotherDay()
	channel := b.w.Channels["unionpay"]
	channel.Version, channel.ID, channel.CredentialOwnerID = 0, postern.NewID(postern.PrefixChannel, b.w.Clock.Now(), b.w.Rand), "par_somebody"
	if err := b.w.Store.SaveChannel(context.Background(), channel); err != nil {
		t.Fatal(err)
	}
	b.get("/v1/channels/"+channel.ID+"/statements/ZM?date=2026-11-22").problem(http.StatusForbidden, "forbidden", "")
}
