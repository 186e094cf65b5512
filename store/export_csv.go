package store

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"postern"
)

// A sheet is a CSV for people: rows that an export holds whole elsewhere, joined and written as a spreadsheet reads them. The last column is the currency, of which
// the amounts are.
type sheet struct {
	file    string
	columns []sheetColumn
	query   string // the merchant is $1
}

type sheetColumn struct {
	name string
	kind sheetKind
}

// sheetKind says how a value is written.
type sheetKind int

const (
	asText  sheetKind = iota
	asMoney           // a decimal, empty where there is none
	asTime            // RFC 3339 in the merchant's zone, empty for 0
	asCount
)

var sheets = []sheet{
	{file: "orders.csv", columns: []sheetColumn{{"created", asTime}, {"number", asText}, {"order", asText}, {"payment", asText}, {"state", asText}, {"item", asText}, {"choice", asText}, {"quantity", asCount},
		{"shipped", asTime}, {"carrier", asText}, {"tracking", asText}, {"refund_asked", asText}, {"name", asText}, {"phone", asText}, {"region", asText}, {"address", asText}, {"note", asText},
		{"unit_price", asMoney}, {"delivery_fee", asMoney}, {"amount", asMoney}, {"currency", asText}},
		query: `SELECT o.created_at, o.number, o.id, o.payment_id, o.state, o.title, o.variant, o.quantity, o.shipped_at, o.carrier, o.tracking, o.ask, b.name, b.phone, b.region, b.address, b.note,
			o.unit_price, o.delivery_fee, o.amount, o.currency
			FROM (SELECT * FROM shop_order WHERE merchant_id = $1) o LEFT JOIN order_buyer b ON b.merchant_id = o.merchant_id AND b.order_id = o.id ORDER BY o.id`},
	{file: "payments.csv", columns: []sheetColumn{{"created", asTime}, {"payment", asText}, {"reference", asText}, {"description", asText}, {"status", asText}, {"paid", asTime}, {"amount", asMoney}, {"currency", asText}},
		query: `SELECT created_at, id, reference, description, status, paid_at, amount, currency FROM payment WHERE merchant_id = $1 ORDER BY id`},
	{file: "receipts.csv", columns: []sheetColumn{{"paid", asTime}, {"receipt", asText}, {"payment", asText}, {"reference", asText}, {"provider", asText}, {"transaction_number", asText}, {"use", asText},
		{"surplus_reason", asText}, {"surplus_status", asText}, {"amount", asMoney}, {"refunded", asMoney}, {"shared", asMoney}, {"currency", asText}},
		query: `SELECT receipt.paid_at, receipt.id, receipt.payment_id, payment.reference, receipt.provider, receipt.txn_no, receipt.taken_as,
			(SELECT reason FROM surplus WHERE merchant_id = $1 AND receipt_id = receipt.id), (SELECT status FROM surplus WHERE merchant_id = $1 AND receipt_id = receipt.id),
			receipt.amount, receipt.refunded, coalesce(receipt.shared, 0), receipt.currency
			FROM receipt JOIN payment USING (merchant_id) WHERE merchant_id = $1 AND payment.id = receipt.payment_id ORDER BY receipt.id`},
	{file: "refunds.csv", columns: []sheetColumn{{"created", asTime}, {"refund", asText}, {"payment", asText}, {"reference", asText}, {"refund_reference", asText}, {"refund_number", asText}, {"reason", asText},
		{"status", asText}, {"way", asText}, {"bank", asText}, {"evidence", asText}, {"entered_by", asText}, {"second", asText}, {"saw", asText}, {"amount", asMoney}, {"currency", asText}},
		query: `SELECT refund.created_at, refund.id, refund.payment_id, payment.reference, refund.reference, refund.number, refund.reason, refund.status,
			COALESCE(refund.way, ''), COALESCE(refund.bank, ''), COALESCE(refund.evidence, ''), COALESCE(refund.entered_name, ''), COALESCE(refund.second_name, ''), COALESCE(refund.saw, ''),
			refund.amount, refund.currency
			FROM refund JOIN payment USING (merchant_id) WHERE merchant_id = $1 AND payment.id = refund.payment_id ORDER BY refund.id`},
	{file: "postings.csv", columns: []sheetColumn{{"booked", asTime}, {"transaction", asText}, {"kind", asText}, {"payment", asText}, {"line", asCount}, {"account", asText}, {"debit", asMoney}, {"credit", asMoney},
		{"currency", asText}},
		query: `SELECT t.created_at, posting.transaction_id, t.kind, t.payment_id, posting.line, posting.account, CASE WHEN posting.amount > 0 THEN posting.amount END,
			CASE WHEN posting.amount < 0 THEN -posting.amount END, posting.currency
			FROM posting JOIN ledger_transaction t USING (merchant_id) WHERE merchant_id = $1 AND t.id = posting.transaction_id ORDER BY posting.transaction_id, posting.line`},
}

// byteOrderMark tells spreadsheets that what follows is UTF-8.
const byteOrderMark = "\uFEFF"

func (e *exporter) sheets(ctx context.Context) error {
	zone, err := time.LoadLocation(e.merchant.Zone)
	if err != nil {
		return fmt.Errorf("the merchant's zone: %w", err)
	}
	for _, s := range sheets {
		if err := e.file(csvFolder+s.file, func(w io.Writer) error { return e.sheet(ctx, w, s, zone) }); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) sheet(ctx context.Context, w io.Writer, s sheet, zone *time.Location) error {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	record := make([]string, len(s.columns))
	for i, c := range s.columns {
		record[i] = c.name
	}
	if err := out.Write(record); err != nil {
		return err
	}
	err := e.each(ctx, s.query, len(s.columns), func(values []any) error {
		currency, _ := values[len(values)-1].(string)
		for i, c := range s.columns {
			record[i] = c.kind.write(values[i], currency, zone)
		}
		return out.Write(record)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

func (k sheetKind) write(value any, currency string, zone *time.Location) string {
	switch v := value.(type) {
	case string:
		return Cell(v)
	case int64:
		switch {
		case k == asMoney:
			return postern.FormatDecimal(v, currency)
		case k == asTime && v == 0:
			return ""
		case k == asTime:
			return time.UnixMicro(v).In(zone).Format(time.RFC3339)
		}
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// Cell makes a text safe for a spreadsheet: one that would be read as a formula, and a long number or one with leading noughts, which would lose digits, gets an
// apostrophe before it.
func Cell(s string) string {
	if s == "" {
		return s
	}
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(s)[0]) {
		return "'" + s
	}
	if digits := strings.Trim(s, "0123456789") == ""; digits && (len(s) > 11 || len(s) > 1 && s[0] == '0') {
		return "'" + s
	}
	return s
}
