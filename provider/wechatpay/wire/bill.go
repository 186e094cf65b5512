package wire

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bill kinds: the two downloads of API v3.
const (
	BillTrade    = "tradebill"
	BillFundFlow = "fundflowbill"
)

// ErrBill says that a bill cannot be read; the error around it names the line.
var ErrBill = errors.New("wechatpay: unreadable bill")

const (
	maxBillLine = 64 << 10 // bytes
	billMark    = "`"
	billBOM     = "\ufeff"
)

// BillRow is one row of a bill, with the columns as they stand in the file without the backtick before each.
type BillRow struct {
	Line    int
	Columns []string
	index   map[string]int
}

// Column returns the first of these columns that the bill has, or "".
func (r BillRow) Column(names ...string) string {
	for _, name := range names {
		if i, ok := r.index[name]; ok && i < len(r.Columns) {
			return r.Columns[i]
		}
	}
	return ""
}

// Bill is the summary at the end of a bill, by its headings. It is nil when the file has no end.
type Bill struct {
	Rows    int64
	Summary map[string]string
}

// ReadBill reads a bill row by row: UTF-8 with a byte order mark, CRLF, every value after a backtick, headings without. There is no quoting: a row is cut at
// comma and backtick. Whether the rows are all there is for the caller to compare with the summary.
//
// Source: the bill of the PHP SDK's fixtures, and the documents of tradebill and fundflowbill.
func ReadBill(r io.Reader, each func(BillRow) error) (Bill, error) {
	var b Bill
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxBillLine)
	var index map[string]int
	var totals []string
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimSuffix(strings.TrimPrefix(lines.Text(), billBOM), "\r")
		if !utf8.ValidString(line) {
			return b, fmt.Errorf("%w: line %d is not UTF-8", ErrBill, n)
		}
		value := strings.HasPrefix(line, billMark)
		switch {
		case line == "":
		case index == nil && !value:
			index = map[string]int{}
			for i, name := range strings.Split(line, ",") {
				index[strings.TrimSpace(name)] = i
			}
		case index == nil:
			return b, fmt.Errorf("%w: line %d: the headings are missing", ErrBill, n)
		case !value && totals == nil:
			totals = strings.Split(line, ",")
		case value && totals == nil:
			columns := strings.Split(line[len(billMark):], ","+billMark)
			if len(columns) != len(index) {
				return b, fmt.Errorf("%w: line %d: %d columns instead of %d", ErrBill, n, len(columns), len(index))
			}
			b.Rows++
			if err := each(BillRow{Line: n, Columns: columns, index: index}); err != nil {
				return b, err
			}
		case value && b.Summary == nil:
			values := strings.Split(line[len(billMark):], ","+billMark)
			if len(values) != len(totals) {
				return b, fmt.Errorf("%w: line %d: the summary has %d values instead of %d", ErrBill, n, len(values), len(totals))
			}
			b.Summary = map[string]string{}
			for i, name := range totals {
				b.Summary[strings.TrimSpace(name)] = values[i]
			}
		default:
			return b, fmt.Errorf("%w: line %d: the bill goes on after its summary", ErrBill, n)
		}
	}
	if err := lines.Err(); err != nil {
		return b, fmt.Errorf("%w: after line %d: %w", ErrBill, n, err)
	}
	return b, nil
}

// ParseYuan reads an amount of a bill, in yuan with up to eight decimals and an optional sign, as fen, rounded half away from zero. Exact says that nothing was
// rounded. An empty text is zero.
func ParseYuan(s string) (fen int64, exact bool, err error) {
	bad := fmt.Errorf("%w: amount %.32q", ErrBill, s)
	text, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	if text == "" {
		if negative {
			return 0, false, bad
		}
		return 0, true, nil
	}
	whole, decimals, _ := strings.Cut(text, ".")
	if len(whole) == 0 || len(whole) > 12 || len(decimals) > 8 || strings.Trim(whole+decimals, "0123456789") != "" {
		return 0, false, bad
	}
	all := (decimals + "00000000")[:8]
	n, err := strconv.ParseInt(whole+all[:2], 10, 64)
	if err != nil {
		return 0, false, bad
	}
	if rest := all[2:]; rest >= "500000" {
		n++
	}
	if negative {
		n = -n
	}
	return n, strings.Trim(all[2:], "0") == "", nil
}

// ParseBillTime reads a time of a bill: yyyy-MM-dd HH:mm:ss in China Standard Time.
func ParseBillTime(s string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateTime, s, CST)
	if err != nil {
		return time.Time{}, fmt.Errorf("%w: time %.32q", ErrBill, s)
	}
	return t, nil
}
