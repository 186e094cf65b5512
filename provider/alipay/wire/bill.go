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

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Bill kinds, as bill_type names them.
const (
	BillTrade        = "trade"
	BillSignCustomer = "signcustomer"
)

// maxBillLine bounds one line of a bill, in bytes of UTF-8.
const maxBillLine = 64 << 10

// BillRow is one row of a bill's detail file. Columns are as they stand in the file, without the tabs that keep spreadsheets from mangling numbers.
type BillRow struct {
	Line    int
	Columns []string
	head    *billHead
}

// Column returns a column by the first of these headings that the file has, or "".
func (r BillRow) Column(names ...string) string {
	for _, name := range names {
		if i, ok := r.head.index[name]; ok && i < len(r.Columns) {
			return r.Columns[i]
		}
	}
	return ""
}

// BillTotal is one total that the file states about its own rows: how many, and how much in fen.
type BillTotal struct {
	Rows   int64
	Amount int64
}

// Bill is what a detail file says about itself. Account is the seller with the currency's suffix, as 20880000000000000156.
type Bill struct {
	Account string
	From    time.Time
	Until   time.Time
	Rows    int64
	// Totals by the word before 合计: 交易 and 退款 of a trade bill, 支出 and 收入 of a signcustomer bill.
	Totals map[string]BillTotal
	// Whole says that the end of the list was there.
	Whole bool
}

type billHead struct {
	index map[string]int
	names []string
	title int // 商品名称, the one text column that may hold commas before the end
	date  int // the column after it, which is a time
}

// ReadBill reads a detail file (GBK, CSV without quotes, lines ended by LF or CRLF) row by row. It fails with ErrMalformed and the line's number on what it cannot
// read; whether the rows are all there is for the caller to compare with the totals.
//
// Source: samples of trade and signcustomer files of 2019 to 2026 in public repositories; the column names are the key, not their order.
func ReadBill(gbk io.Reader, each func(BillRow) error) (Bill, error) {
	b := Bill{Totals: map[string]BillTotal{}}
	lines := bufio.NewScanner(simplifiedchinese.GBK.NewDecoder().Reader(gbk))
	lines.Buffer(make([]byte, 64<<10), maxBillLine)
	var head *billHead
	n := 0
	for lines.Scan() {
		n++
		line := strings.TrimRight(lines.Text(), "\r")
		if strings.ContainsRune(line, utf8.RuneError) {
			return b, fmt.Errorf("%w: line %d is not GBK", ErrMalformed, n)
		}
		switch {
		case strings.TrimRight(line, ", ") == "":
		case line[0] == '#':
			if err := b.note(strings.TrimRight(line, ",")); err != nil {
				return b, fmt.Errorf("%w: line %d: %w", ErrMalformed, n, err)
			}
		case head == nil:
			head = headOf(line)
		default:
			columns, err := head.split(line)
			if err != nil {
				return b, fmt.Errorf("%w: line %d: %w", ErrMalformed, n, err)
			}
			b.Rows++
			if err := each(BillRow{Line: n, Columns: columns, head: head}); err != nil {
				return b, err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return b, fmt.Errorf("%w: after line %d: %w", ErrMalformed, n, err)
	}
	return b, nil
}

func headOf(line string) *billHead {
	h := &billHead{index: map[string]int{}, title: -1}
	for i, name := range strings.Split(line, ",") {
		name = strings.TrimSpace(name)
		h.names = append(h.names, name)
		if _, twice := h.index[name]; !twice {
			h.index[name] = i
		}
		if name == "商品名称" {
			h.title, h.date = i, i+1
		}
	}
	return h
}

// split cuts a row. Texts are not quoted: surplus commas belong to the title, up to the column that is a time, and the rest to the last column.
func (h *billHead) split(line string) ([]string, error) {
	parts := strings.Split(line, ",")
	surplus := len(parts) - len(h.names)
	if surplus < 0 {
		return nil, fmt.Errorf("%d columns instead of %d", len(parts), len(h.names))
	}
	if surplus > 0 {
		inTitle := 0
		if h.title >= 0 {
			for inTitle < surplus && !isBillTime(trimBill(parts[h.date+inTitle])) {
				inTitle++
			}
			parts = join(parts, h.title, inTitle)
		}
		parts = join(parts, len(h.names)-1, surplus-inTitle)
	}
	for i, p := range parts {
		parts[i] = trimBill(p)
	}
	return parts, nil
}

// join puts column at and the more columns after it back together.
func join(parts []string, at, more int) []string {
	if more == 0 {
		return parts
	}
	whole := strings.Join(parts[at:at+more+1], ",")
	return append(append(parts[:at:at], whole), parts[at+more+1:]...)
}

func trimBill(s string) string { return strings.Trim(s, " \t") }

func isBillTime(s string) bool {
	_, err := ParseTime(s)
	return err == nil
}

// note reads a line of the frame around the rows.
func (b *Bill) note(line string) error {
	switch {
	case strings.HasPrefix(line, "#账号：["):
		b.Account = strings.Trim(strings.TrimPrefix(line, "#账号："), "[] ")
	case strings.HasPrefix(line, "#起始日期：["):
		from, until, _ := strings.Cut(strings.TrimPrefix(line, "#起始日期：["), "终止日期：[")
		var err error
		if b.From, err = billDay(from); err == nil {
			b.Until, err = billDay(until)
		}
		return err
	case strings.HasPrefix(line, "#---") && strings.Contains(line, "列表结束"):
		b.Whole = true
	case strings.Contains(line, "合计："):
		return b.total(strings.TrimPrefix(line, "#"))
	}
	return nil
}

func billDay(s string) (time.Time, error) {
	s, _, _ = strings.Cut(s, "]")
	return time.ParseInLocation("2006年01月02日 15:04:05", strings.TrimSpace(s), Beijing)
}

// total reads 交易合计：6笔，商家实收共0.06元，商家优惠共0.00元 and 支出合计：0笔，共0.00元.
func (b *Bill) total(line string) error {
	word, rest, _ := strings.Cut(line, "合计：")
	count, rest, ok := strings.Cut(rest, "笔")
	n, err := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
	if !ok || err != nil {
		return fmt.Errorf("the total %q names no number of rows", word)
	}
	_, amount, ok := strings.Cut(rest, "共")
	amount, _, unit := strings.Cut(amount, "元")
	if !ok || !unit {
		return fmt.Errorf("the total %q names no amount", word)
	}
	fen, err := ParseSignedYuan(amount)
	if err != nil {
		return err
	}
	b.Totals[word] = BillTotal{Rows: n, Amount: fen}
	return nil
}

// ParseSignedYuan reads an amount of a bill as fen: an optional sign, digits, and at most two decimals that are not zero. An empty text is zero.
func ParseSignedYuan(s string) (int64, error) {
	text, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	text = strings.TrimPrefix(text, "+")
	if text == "" {
		if negative {
			return 0, fmt.Errorf("%w: amount %.32q", ErrMalformed, s)
		}
		return 0, nil
	}
	whole, cents, _ := strings.Cut(text, ".")
	cents = strings.TrimRight(cents, "0")
	if !digits(whole, 1, 13) || len(cents) > 2 || cents != "" && !digits(cents, 1, 2) {
		return 0, fmt.Errorf("%w: amount %.32q: write yuan with at most two decimals", ErrMalformed, s)
	}
	fen, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: amount %.32q", ErrMalformed, s)
	}
	if negative {
		fen = -fen
	}
	return fen, nil
}

// ReadTrade reads a row of a trade bill. A row that is neither a trade nor a refund has the bill's own word in Kind and is read all the same.
func (r BillRow) ReadTrade() (row TradeBillRow, err error) {
	row = TradeBillRow{
		TradeNo: r.Column("支付宝交易号"), OutTradeNo: r.Column("商户订单号"), Kind: r.Column("业务类型"), Title: r.Column("商品名称"), Buyer: r.Column("对方账户"),
		RequestNo: r.Column("退款批次号/请求号"), Note: r.Column("备注"),
	}
	var errs [5]error
	row.Amount, errs[0] = ParseSignedYuan(r.Column("订单金额（元）"))
	row.Received, errs[1] = ParseSignedYuan(r.Column("商家实收（元）"))
	row.Fee, errs[2] = ParseSignedYuan(r.Column("服务费（元）"))
	row.Done, errs[3] = ParseTime(r.Column("完成时间"))
	if created := r.Column("创建时间"); created != "" {
		row.Created, errs[4] = ParseTime(created)
	}
	return row, errors.Join(errs[:]...)
}

// ReadAccount reads a row of a signcustomer bill, by the headings of either generation. A row that both comes in and goes out is ErrMalformed.
func (r BillRow) ReadAccount() (row AccountBillRow, err error) {
	row = AccountBillRow{
		No: r.Column("账务流水号"), TradeNo: r.Column("业务流水号", "支付宝交易号"), OutTradeNo: r.Column("商户订单号"), Title: r.Column("商品名称"), Other: r.Column("对方账号"),
		Kind: r.Column("业务类型", "账务类型"), Note: r.Column("备注"),
	}
	in, err1 := ParseSignedYuan(r.Column("收入金额（+元）", "收入（+元）"))
	out, err2 := ParseSignedYuan(r.Column("支出金额（-元）", "支出（-元）"))
	balance, err3 := ParseSignedYuan(r.Column("账户余额（元）"))
	at, err4 := ParseTime(r.Column("发生时间", "入账时间"))
	if in != 0 && out != 0 {
		return row, fmt.Errorf("%w: a row both comes in and goes out", ErrMalformed)
	}
	if out > 0 {
		out = -out // which sign outgoing money has there is not attested
	}
	row.Amount, row.Balance, row.At = in+out, balance, at
	return row, errors.Join(err1, err2, err3, err4)
}
