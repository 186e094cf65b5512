package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern"
	"postern/ledger"
)

// Scale is a merchant with many orders, written as an export without a database, by rules of its own: an independent beginning for what comes back out.
type Scale struct {
	dir     string
	columns map[string][]column
	out     map[string]*scaleFile
	txn     int
	event   postern.Event
	Balance map[[2]string]int64
}

type scaleFile struct {
	*bufio.Writer
	file   *os.File
	digest hash.Hash
	rows   int64
}

// NewScale writes n orders into dir: each tenth is refunded in part, each fiftieth paid twice and given back.
func NewScale(t testing.TB, s *Store, dir string, n int) *Scale {
	t.Helper()
	described, err := s.described(t.Context(), s.reader())
	if err != nil {
		t.Fatal(err)
	}
	c := &Scale{dir: dir, columns: map[string][]column{}, out: map[string]*scaleFile{}, Balance: map[[2]string]int64{}}
	if err := os.MkdirAll(filepath.Join(dir, "rows"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, p := range portables {
		file, err := os.Create(filepath.Join(dir, "rows", p.table+".jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.New()
		c.columns[p.table] = p.written(described)
		c.out[p.table] = &scaleFile{bufio.NewWriterSize(io.MultiWriter(file, digest), 64<<10), file, digest, 0}
	}
	c.row(t, "merchant", map[string]any{"version": 1, "name": "大店", "locale": "zh-CN", "zone": "Asia/Shanghai", "surplus_policy": "{}"})
	c.row(t, "credential_set", map[string]any{"owner_id": scaleMerchant, "id": "crs_1", "version": 1, "provider": "one", "settings": "{}"})
	c.row(t, "channel", map[string]any{"id": "chn_1", "version": 1, "credential_set_id": "crs_1", "credential_owner_id": scaleMerchant, "provider": "one", "products": "[]", "permissions": "[]", "agreement": "{}"})
	for i := range n {
		c.sell(t, i)
	}
	c.row(t, "event_head", map[string]any{"version": 1, "position": c.event.Position, "hash": c.event.Hash})
	c.close(t, s)
	return c
}

const scaleMerchant = "mer_00000000000000000000000001"

// row writes one row; what is not given is empty, or unset where it may be.
func (c *Scale) row(t testing.TB, table string, given map[string]any) {
	columns := c.columns[table]
	values := make([]any, len(columns))
	for i, column := range columns {
		v, ok := given[column.name]
		if n, isInt := v.(int); isInt {
			v = int64(n)
		}
		switch {
		case ok:
			values[i] = v
		case column.name == "merchant_id":
			values[i] = scaleMerchant
		case !column.required:
		case column.cell == cellNumber:
			values[i] = int64(0)
		case column.cell == cellBytes:
			values[i] = []byte{}
		default:
			values[i] = ""
		}
	}
	line, err := appendLine(nil, columns, values)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.out[table].Write(line); err != nil {
		t.Fatal(err)
	}
	c.out[table].rows++
}

// book writes a booking's transaction and adds it up.
func (c *Scale) book(t testing.TB, b postern.Booking) {
	c.txn++
	id := fmt.Sprintf("txn_%026d", c.txn)
	b.ChannelID, b.Currency = "chn_1", "CNY"
	made, err := ledger.Make(b, scaleMerchant, id, scaleTime)
	if err != nil {
		t.Fatal(err)
	}
	c.row(t, "ledger_transaction", map[string]any{"id": id, "kind": string(b.Kind), "payment_id": b.PaymentID, "receipt_id": b.ReceiptID, "surplus_id": b.SurplusID, "refund_id": b.RefundID})
	for i, p := range made.Postings {
		c.row(t, "posting", map[string]any{"transaction_id": id, "line": i + 1, "account": p.Account, "amount": p.Amount, "currency": p.Currency})
		c.Balance[[2]string{p.Account, p.Currency}] += p.Amount
	}
}

// sell writes one order with everything that follows from it.
func (c *Scale) sell(t testing.TB, i int) {
	id := func(prefix string) string { return fmt.Sprintf("%s%026d", prefix, i*2) }
	amount := int64(1 + (i*7919)%1_000_003)
	payment, attempt, receipt := id("pay_"), id("att_"), id("rcp_")
	c.row(t, "payment", map[string]any{"id": payment, "version": 3, "reference": fmt.Sprintf("R%d", i), "amount": amount, "currency": "CNY", "description": "烧饼 \"" + payment + "\"", "metadata": "{}", "items": "[]",
		"status": "paid", "link_token": fmt.Sprintf("token%026d", i)})
	c.row(t, "link_token", map[string]any{"token": fmt.Sprintf("token%026d", i), "payment_id": payment})
	c.row(t, "attempt", map[string]any{"id": attempt, "version": 3, "payment_id": payment, "channel_id": "chn_1", "credential_set_id": "crs_1", "number": "n" + attempt, "amount": amount, "currency": "CNY",
		"status": "paid", "action": `{"type":"qr"}`, "plan": `{"candidates":[]}`})
	back := amount / 3
	refunded := i%10 == 0 && back > 0
	if !refunded {
		back = 0
	}
	common := map[string]any{"payment_id": payment, "attempt_id": attempt, "channel_id": "chn_1", "credential_set_id": "crs_1", "currency": "CNY", "amount": amount}
	with := func(more map[string]any) map[string]any {
		for k, v := range common {
			if more[k] == nil {
				more[k] = v
			}
		}
		return more
	}
	c.row(t, "receipt", with(map[string]any{"id": receipt, "txn_no": "4200" + receipt, "taken_as": "applied", "refunded": back}))
	c.book(t, postern.Booking{Kind: postern.BookReceipt, PaymentID: payment, ReceiptID: receipt, Amount: amount})
	if refunded {
		refund := id("ref_")
		c.row(t, "refund", with(map[string]any{"id": refund, "version": 2, "receipt_id": receipt, "reference": "one", "number": "n" + refund, "amount": back, "status": "refunded"}))
		c.book(t, postern.Booking{Kind: postern.BookRefund, PaymentID: payment, ReceiptID: receipt, RefundID: refund, Amount: back})
	}
	if i%50 == 0 {
		twice, surplus, refund := fmt.Sprintf("rcp_%026d", i*2+1), id("sur_"), fmt.Sprintf("ref_%026d", i*2+1)
		c.row(t, "receipt", with(map[string]any{"id": twice, "txn_no": "4201" + receipt, "taken_as": "surplus", "refunded": amount}))
		c.row(t, "surplus", with(map[string]any{"id": surplus, "version": 3, "receipt_id": twice, "reason": "duplicate", "status": "refunded", "refund_id": refund}))
		c.row(t, "refund", with(map[string]any{"id": refund, "version": 2, "receipt_id": twice, "surplus_id": surplus, "reference": "back", "number": "n" + refund, "status": "refunded"}))
		c.book(t, postern.Booking{Kind: postern.BookSurplus, PaymentID: payment, ReceiptID: twice, SurplusID: surplus, Amount: amount})
		c.book(t, postern.Booking{Kind: postern.BookSurplusReturn, PaymentID: payment, ReceiptID: twice, SurplusID: surplus, RefundID: refund, Amount: amount})
	}
	e := postern.Event{ID: id("evt_"), Type: postern.EventPaymentPaid, Data: `{"payment":{"id":"` + payment + `"}}`, Position: c.event.Position + 1}
	e.Hash = ChainHash(c.event.Hash, e)
	c.event = e
	c.row(t, "event", map[string]any{"id": e.ID, "type": string(e.Type), "payment_id": payment, "data": e.Data, "position": e.Position, "hash": e.Hash})
}

var scaleTime = time.UnixMicro(0)

func (c *Scale) close(t testing.TB, s *Store) {
	have, _, err := s.SchemaVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m := Manifest{Format: ExportFormat, Schema: have, MerchantID: scaleMerchant}
	var sums []sum
	for _, p := range portables {
		f := c.out[p.table]
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		if err := f.file.Close(); err != nil {
			t.Fatal(err)
		}
		name := rowsFolder + p.table + ".jsonl"
		m.Tables = append(m.Tables, ManifestTable{File: name, Rows: f.rows, Columns: names(c.columns[p.table])})
		sums = append(sums, sum{name, hexOf(f.digest)})
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	digest := sha256.Sum256(text)
	sums = append(sums, sum{ManifestName, hex.EncodeToString(digest[:])})
	for name, content := range map[string]string{ManifestName: string(text), SumsName: sumsText(sums)} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Lines is the trial balance as docs/leaving/balance.py prints it, without its order.
func (c *Scale) Lines(rows []ledger.Balance) (lines []string) {
	for _, b := range rows {
		name := strings.TrimSpace(b.Account + map[bool]string{true: " one"}[b.Account == ledger.Receivable("chn_1")])
		if b.Amount >= 0 {
			lines = append(lines, fmt.Sprintf("%-48s %16s %16s %s", name, postern.FormatDecimal(b.Amount, b.Currency), "", b.Currency))
		} else {
			lines = append(lines, fmt.Sprintf("%-48s %16s %16s %s", name, "", postern.FormatDecimal(-b.Amount, b.Currency), b.Currency))
		}
	}
	return lines
}
