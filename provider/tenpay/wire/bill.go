package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// BillColumns is the first line of a bill of all transactions (mchtype 0), and BillTotals the line before the last.
const (
	BillColumns = "交易时间,财付通订单号,商家订单号,支付类型,银行订单号,交易状态,订单交易金额,退款单号,退款金额,退款状态,交易说明"
	BillTotals  = "总交易单数, 总交易金额, 总退款金额"
)

const billFields = 11

// BillAll is the mchtype of a bill of all transactions, BillNotReady the code of a day whose bill is not made yet.
const (
	BillAll      = "0"
	BillNotReady = "03020003"
)

// BillRow is one row: a payment, or a refund where RefundNo is set. Amounts are in fen.
type BillRow struct {
	Line     int
	At       time.Time
	TxnNo    string
	Number   string
	Amount   int64
	RefundNo string
	Refund   int64
	Columns  []string
}

// Bill is what a bill says of itself, in fen.
type Bill struct {
	Rows    int64
	Amount  int64
	Refunds int64
}

// BillError is TenPay's answer instead of a bill: a code and its text, as in 03020003 for a day that is not ready.
type BillError struct{ Code, Text string }

func (e *BillError) Error() string { return "tenpay: no bill: " + e.Code + " " + e.Text }

var billRefusal = regexp.MustCompile(`^<html><body>([0-9]{1,12}):(.*)</body></html>$`)

// ReadBill reads a bill as a stream: GBK, CRLF, columns with commas between them, those of text behind a backtick, and two last lines with totals in yuan. The
// last column takes what commas the merchant's own text has. A bill that ends before its totals is malformed.
func ReadBill(r io.Reader, each func(BillRow) error) (Bill, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 64<<10)
	decoder := simplifiedchinese.GBK.NewDecoder()
	n, totals := 0, false
	for lines.Scan() {
		n++
		line := strings.TrimRight(lines.Text(), "\r")
		if !ascii(line) {
			text, err := decoder.String(line)
			if err != nil || strings.ContainsRune(text, '\ufffd') {
				return Bill{}, fmt.Errorf("%w: line %d is not GBK", ErrMalformed, n)
			}
			line = text
		}
		switch {
		case n == 1:
			if m := billRefusal.FindStringSubmatch(line); m != nil {
				return Bill{}, &BillError{m[1], m[2]}
			}
			if line != BillColumns {
				return Bill{}, fmt.Errorf("%w: the first line is not the columns of a bill of all transactions", ErrMalformed)
			}
		case totals:
			return lastLine(lines, line)
		case strings.HasPrefix(line, "`"):
			row, err := billRow(line)
			row.Line = n
			if err == nil {
				err = each(row)
			}
			if err != nil {
				return Bill{}, fmt.Errorf("line %d: %w", n, err)
			}
		case spaceless(line) == spaceless(BillTotals):
			totals = true
		default:
			return Bill{}, fmt.Errorf("%w: line %d is neither a row nor the totals", ErrMalformed, n)
		}
	}
	if err := lines.Err(); err != nil {
		return Bill{}, fmt.Errorf("%w: after line %d: %w", ErrMalformed, n, err)
	}
	return Bill{}, fmt.Errorf("%w: it ends after line %d, before its totals", ErrMalformed, n)
}

func spaceless(s string) string { return strings.ReplaceAll(s, " ", "") }

// lastLine reads the totals. Nothing comes after them.
func lastLine(lines *bufio.Scanner, line string) (Bill, error) {
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) != "" {
			return Bill{}, fmt.Errorf("%w: the bill goes on after its totals", ErrMalformed)
		}
	}
	cells := strings.Split(strings.TrimSuffix(spaceless(line), ","), ",")
	if lines.Err() != nil || len(cells) != 3 || strings.Trim(cells[0], "0123456789") != "" {
		return Bill{}, fmt.Errorf("%w: the totals are not a count and two amounts", ErrMalformed)
	}
	rows, err1 := strconv.ParseInt(cells[0], 10, 64)
	amount, err2 := ParseYuan(cells[1])
	refunds, err3 := ParseYuan(cells[2])
	if err := errors.Join(err1, err2, err3); err != nil {
		return Bill{}, fmt.Errorf("%w: the totals: %w", ErrMalformed, err)
	}
	return Bill{Rows: rows, Amount: amount, Refunds: refunds}, nil
}

func billRow(line string) (BillRow, error) {
	cells := strings.SplitN(line, ",", billFields)
	if len(cells) != billFields {
		return BillRow{}, fmt.Errorf("%w: %d columns instead of %d", ErrMalformed, len(cells), billFields)
	}
	for i, c := range cells {
		cells[i] = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(c), "`"))
	}
	at, err1 := time.ParseInLocation(time.DateTime, cells[0], Beijing)
	amount, err2 := ParseYuan(cells[6])
	refund, err3 := ParseYuan(cells[8])
	row := BillRow{At: at, TxnNo: cells[1], Number: cells[2], Amount: amount, RefundNo: cells[7], Refund: refund, Columns: cells}
	if row.RefundNo == "0" {
		row.RefundNo = ""
	}
	if err := errors.Join(err1, err2, err3); err != nil {
		return row, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return row, nil
}
