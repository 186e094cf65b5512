package wire

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ErrDamaged says that a bill's archive is not the one that was made.
var ErrDamaged = errors.New("alipay: the bill's ZIP is damaged")

// currencySuffix follows the seller's number in a bill: 0156 is CNY.
const currencySuffix = "0156"

// The kinds of rows of a trade bill (业务类型).
const (
	BillPaid   = "交易"
	BillRefund = "退款"
)

// TradeBillRow is one row of a trade bill. Amounts are in fen; a refund's are negative. Fee is as the merchant sees it in 服务费: negative where it was kept.
type TradeBillRow struct {
	TradeNo, OutTradeNo, Kind, Title, Buyer, RequestNo, Note string
	Created, Done                                            time.Time
	Amount, Received, Fee                                    int64
}

// AccountBillRow is one row of a signcustomer bill. Amount is in fen, negative where money left the account.
type AccountBillRow struct {
	No, TradeNo, OutTradeNo, Title, Other, Kind, Note string
	At                                                time.Time
	Amount, Balance                                   int64
}

const (
	tradeBillHead = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）," +
		"支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
	accountBillHead = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注"
)

// WriteTradeBill writes a trade bill of one day as it is downloaded.
func WriteTradeBill(seller string, day, exported time.Time, rows []TradeBillRow) (name string, file []byte, err error) {
	var body strings.Builder
	var paid, back, paidSum, backSum, amount, fees int64
	for _, r := range rows {
		if r.Kind == BillRefund {
			back, backSum = back+1, backSum+r.Received
		} else {
			paid, paidSum = paid+1, paidSum+r.Received
		}
		amount, fees = amount+r.Amount, fees+r.Fee
		fmt.Fprintf(&body, "%s\t,%s\t,%s\t,%s,%s,%s,\t,\t,\t,\t,%s\t,%s,%s,0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00,%s\t,%s,0.00,%s\r\n", r.TradeNo, r.OutTradeNo, r.Kind, r.Title,
			FormatTime(r.Created), FormatTime(r.Done), r.Buyer, FormatSignedYuan(r.Amount), FormatSignedYuan(r.Received), r.RequestNo, FormatSignedYuan(r.Fee), r.Note)
	}
	detail := billText("业务明细", seller, day, exported, tradeBillHead, body.String(),
		fmt.Sprintf("#交易合计：%d笔，商家实收共%s元，商家优惠共0.00元\r\n#退款合计：%d笔，商家实收退款共%s元，商家优惠退款共0.00元\r\n", paid, FormatSignedYuan(paidSum), back, FormatSignedYuan(backSum)))
	summary := billText("业务汇总", seller, day, exported, "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）",
		fmt.Sprintf("合计\t,\t,%d,%d,%s,%s,0.00,0.00,0.00,%s,0.00,%s\r\n", paid, back, FormatSignedYuan(amount), FormatSignedYuan(paidSum+backSum), FormatSignedYuan(fees), FormatSignedYuan(paidSum+backSum+fees)), "")
	return packBill(seller, day, "业务明细", detail, summary)
}

// WriteAccountBill writes a signcustomer bill of one day as it is downloaded.
func WriteAccountBill(seller string, day, exported time.Time, rows []AccountBillRow) (name string, file []byte, err error) {
	var body strings.Builder
	var in, out, inSum, outSum int64
	for _, r := range rows {
		income, expense := "", ""
		if r.Amount < 0 {
			out, outSum, expense = out+1, outSum+r.Amount, FormatSignedYuan(r.Amount)
		} else {
			in, inSum, income = in+1, inSum+r.Amount, FormatSignedYuan(r.Amount)
		}
		fmt.Fprintf(&body, "%s\t,%s\t,%s\t,%s,%s,%s\t,%s,%s,%s,支付宝,%s,%s\r\n", r.No, r.TradeNo, r.OutTradeNo, r.Title, FormatTime(r.At), r.Other, income, expense,
			FormatSignedYuan(r.Balance), r.Kind, r.Note)
	}
	totals := fmt.Sprintf("#支出合计：%d笔，共%s元\r\n#收入合计：%d笔，共%s元\r\n", out, FormatSignedYuan(outSum), in, FormatSignedYuan(inSum))
	detail := billText("账务明细", seller, day, exported, accountBillHead, body.String(), totals)
	summary := billText("账务汇总", seller, day, exported, "类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）",
		fmt.Sprintf("合计,%d,%s,%d,%s,%s\r\n", in, FormatSignedYuan(inSum), out, FormatSignedYuan(outSum), FormatSignedYuan(inSum+outSum)), "")
	return packBill(seller, day, "账务明细", detail, summary)
}

// billText is the frame around the rows of any of the four files.
func billText(what, seller string, day, exported time.Time, head, body, totals string) string {
	const layout = "2006年01月02日 15:04:05"
	day = day.In(Beijing)
	dashes := strings.Repeat("-", 40)
	return "#支付宝" + what + "查询\r\n#账号：[" + seller + currencySuffix + "]\r\n#起始日期：[" + day.Format(layout) + "]   终止日期：[" + day.AddDate(0, 0, 1).Format(layout) + "]\r\n" +
		"#" + dashes + what + "列表" + dashes + "\r\n" + head + "\r\n" + body + "#" + dashes + what + "列表结束" + dashes + "\r\n" + totals +
		"#导出时间：[" + exported.In(Beijing).Format(layout) + "]\r\n"
}

// packBill makes the ZIP: content and names in GBK, names without the flag for UTF-8, the summary first.
func packBill(seller string, day time.Time, kind, detail, summary string) (string, []byte, error) {
	base := seller + currencySuffix + "_" + day.In(Beijing).Format("20060102")
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, member := range [][2]string{{base + "_" + kind + "(汇总).csv", summary}, {base + "_" + kind + ".csv", detail}} {
		name, err := toGBK(member[0])
		if err != nil {
			return "", nil, err
		}
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, NonUTF8: true, Method: zip.Deflate})
		if err != nil {
			return "", nil, err
		}
		text, err := toGBK(member[1])
		if err != nil {
			return "", nil, err
		}
		if _, err := io.WriteString(w, text); err != nil {
			return "", nil, err
		}
	}
	err := z.Close()
	return base + ".csv.zip", b.Bytes(), err
}

// toGBK encodes text; what GBK has no character for becomes a question mark.
func toGBK(s string) (string, error) {
	var b strings.Builder
	encoder := simplifiedchinese.GBK.NewEncoder()
	for _, r := range s {
		encoded, err := encoder.String(string(r))
		if err != nil {
			encoded = "?"
		}
		b.WriteString(encoded)
	}
	return b.String(), nil
}

// FormatSignedYuan writes fen as yuan with two decimals and, where it is negative, a sign.
func FormatSignedYuan(fen int64) string {
	if fen < 0 {
		return "-" + FormatYuan(-fen)
	}
	return FormatYuan(fen)
}

// BillText makes a text fit for a column: no commas, line ends or tabs, which nothing escapes there.
func BillText(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == ',' {
			return ' '
		}
		return r
	}, s))
}

// OpenBill opens the detail file of a bill as it is downloaded, or a detail file alone. Names in the ZIP are GBK without the flag for UTF-8. A ZIP that cannot be read, or has
// no detail file, is ErrDamaged.
func OpenBill(file io.ReaderAt, size int64) (io.ReadCloser, error) {
	magic := make([]byte, 4)
	if _, err := file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("alipay: read the bill: %w", err)
	}
	if string(magic) != "PK\x03\x04" {
		return io.NopCloser(io.NewSectionReader(file, 0, size)), nil
	}
	archive, err := zip.NewReader(file, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	var detail *zip.File
	for n, member := range archive.File {
		name := member.Name
		if member.NonUTF8 {
			if name, err = simplifiedchinese.GBK.NewDecoder().String(name); err != nil {
				return nil, fmt.Errorf("%w: the name of member %s is neither UTF-8 nor GBK", ErrMalformed, strconv.Itoa(n+1))
			}
		}
		if !strings.EqualFold(path.Ext(name), ".csv") || strings.Contains(name, "汇总") {
			continue
		}
		if detail != nil {
			return nil, fmt.Errorf("%w: the ZIP holds two detail files: give one bill at a time", ErrMalformed)
		}
		detail = member
	}
	if detail == nil {
		return nil, fmt.Errorf("%w: it holds no detail file", ErrDamaged)
	}
	return detail.Open()
}
