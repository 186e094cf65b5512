package alipay_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern/provider"
	"postern/provider/alipay"
)

const billHead = "#支付宝业务明细查询\r\n#账号：[20880211096256330156]\r\n#起始日期：[2026年09月16日 00:00:00]   终止日期：[2026年09月17日 00:00:00]\r\n" +
	"#-----------------------------------------业务明细列表----------------------------------------\r\n" +
	"支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注\r\n"

const billEnd = "#-----------------------------------------业务明细列表结束------------------------------------\r\n"

func billRow(txn, order, kind, title, amount, received, refund, fee string) string {
	return txn + "\t," + order + "\t," + kind + "\t," + title + "\t,2026-09-16 10:55:16,2026-09-16 10:55:23,s\t,s\t,o\t,\t,*水(602***@qq.com)\t," + amount + "," + received + ",0.00,0.00,0.00,0.00,0.00,,0.00\t,0.00," + refund + "\t," + fee + ",0.00,note\r\n"
}

func gbk(text string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		panic(err)
	}
	return out
}

// packed is the ZIP as it is downloaded: names in GBK without the flag, the summary first.
func packed(detail string) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, member := range [][2]string{{"20880211096256330156_20260916_业务明细(汇总).csv", "#支付宝业务汇总查询\r\n"}, {"20880211096256330156_20260916_业务明细.csv", detail}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: gbk(member[0]), NonUTF8: true, Method: zip.Deflate})
		if err != nil {
			panic(err)
		}
		if _, err := w.Write([]byte(gbk(member[1]))); err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.String()
}

func readBill(kind, account, text string) (lines []provider.StatementLine, sum provider.StatementSum, err error) {
	sum, err = alipay.New().ReadStatement(kind, account, provider.StatementFile{ReaderAt: strings.NewReader(text), Size: int64(len(text))}, func(l provider.StatementLine) error {
		lines = append(lines, l)
		return nil
	})
	return lines, sum, err
}

func TestTradeStatement(t *testing.T) {
	body := billRow("2026091622001", "o1", "交易", "烧饼, 芝麻, 十二枚", "68.00", "66.00", "", "-0.40") + billRow("2026091622002", "o2", "交易", "烧饼", "0.01", "0.01", "", "0.00") + billRow("2026091622001", "o1", "退款", "烧饼", "-20.00", "-20.00", "r1", "0.12")
	detail := billHead + body + billEnd + "#交易合计：2笔，商家实收共66.01元，商家优惠共0.00元\r\n#退款合计：1笔，商家实收退款共-20.00元，商家优惠退款共0.00元\r\n#导出时间：[2026年09月17日 05:46:49]\r\n"
	for name, file := range map[string]string{"zip": packed(detail), "csv": gbk(detail), "with LF": gbk(strings.ReplaceAll(detail, "\r\n", "\n"))} {
		lines, sum, err := readBill("trade", "2088021109625633", file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(lines) != 3 || sum.Account != "20880211096256330156" || sum.Amount != 4801 || sum.Fee != 28 || sum.From.Format("01-02 -0700") != "09-16 +0800" {
			t.Errorf("%s: sum %+v", name, sum)
		}
		pay, refund := lines[0], lines[2]
		if pay.Kind != provider.LinePayment || pay.Amount != 6800 || pay.Fee != 40 || pay.Number != "o1" || pay.Columns[3] != "烧饼, 芝麻, 十二枚" {
			t.Errorf("%s: payment %+v", name, pay)
		}
		if refund.Kind != provider.LineRefund || refund.Amount != -2000 || refund.RefundNumber != "r1" || refund.Fee != -12 {
			t.Errorf("%s: refund %+v", name, refund)
		}
	}
	for name, file := range map[string]string{
		"a row is gone": strings.Replace(detail, body[:strings.IndexByte(body, '\n')+1], "", 1), "cut off": detail[:strings.Index(detail, "#退款合计")], "no list": billHead,
		"an amount was changed": strings.Replace(detail, "66.00", "67.00", 1), "a column is missing": strings.Replace(detail, ",note", "", 1),
	} {
		if _, _, err := readBill("trade", "", gbk(file)); err == nil {
			t.Errorf("%s: taken for whole", name)
		}
	}
	whole := packed(detail)
	if _, _, err := readBill("trade", "", whole[:len(whole)-30]); !errors.Is(err, provider.ErrNotWhole) {
		t.Errorf("the ZIP is cut: %v", err)
	}
	if _, _, err := readBill("trade", "2088000000000001", whole); !errors.Is(err, provider.ErrNotWhole) {
		t.Errorf("another seller's bill: %v", err)
	}
	if _, _, err := readBill("trade", "", gbk(billHead)+"\xff\xff\xff,x\r\n"); err == nil || !strings.Contains(err.Error(), "line 6") {
		t.Errorf("bytes that are not GBK: %v", err)
	}
}

const (
	accountHead = "#支付宝账务明细查询\r\n#账号：[20880211096256330156]\r\n#-----------------------------------------账务明细列表----------------------------------------\r\n账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注 \r\n"
	accountEnd  = "#-----------------------------------------账务明细列表结束------------------------------------\r\n"
)

func TestAccountStatement(t *testing.T) {
	head := accountHead
	row := func(no, kind, in, out string) string {
		return no + "\t,b" + no + "\t,o" + no + "\t,烧饼,2026-09-16 10:55:16,x," + in + "," + out + ",100.00,支付宝," + kind + ",\r\n"
	}
	whole := head + row("1", "在线支付", "68.00", "0.00") + row("2", "收费", "", "-0.41") + row("3", "提现", "", "-50.00") + "#-----------------------------------------账务明细列表结束------------------------------------\r\n#支出合计：2笔，共-50.41元,,,\r\n#收入合计：1笔，共68.00元,,,\r\n#导出时间：[2026年09月17日 05:46:49]\r\n"
	lines, sum, err := readBill("signcustomer", "2088021109625633", gbk(whole))
	if err != nil || sum.Amount != 1759 || lines[0].Kind != provider.LinePayment || lines[1].Kind != provider.LineFee || lines[1].Amount != -41 || lines[2].Kind != provider.LineWithdrawal {
		t.Errorf("%v %+v %+v", err, sum, lines)
	}
}

func FuzzReadStatement(f *testing.F) {
	f.Add("trade", gbk(billHead+billRow("1", "o", "交易", "x,y", "1.00", "1.00", "", "0.00")+billEnd+"#交易合计：1笔，商家实收共1.00元\n#退款合计：0笔，商家实收退款共0.00元\n"))
	f.Add("signcustomer", gbk("#收入合计：1笔，共1元\n"))
	f.Add("trade", packed(billHead))
	f.Fuzz(func(t *testing.T, kind, text string) {
		lines, sum, err := readBill(kind, "", text)
		if err != nil {
			return
		}
		var amount int64
		for _, l := range lines {
			amount += l.Amount
		}
		if amount != sum.Amount || int64(len(lines)) != sum.Lines {
			t.Fatalf("rows come to %d, the sum says %d", amount, sum.Amount)
		}
	})
}

// BenchmarkStatement and BenchmarkAccountStatement read a bill of 1,000,000 rows in GBK; the heap is the most that was there during it, garbage too.
func BenchmarkStatement(b *testing.B) {
	row := gbk(billRow("TXN", "ORDER", "交易", "烧饼礼盒", "68.00", "68.00", "", "-0.41"))
	benchmarkBill(b, "trade", gbk(billHead), row, gbk(billEnd+"#交易合计：1000000笔，商家实收共68000000.00元\r\n#退款合计：0笔，商家实收退款共0.00元\r\n"))
}

func BenchmarkAccountStatement(b *testing.B) {
	row := gbk("TXN\t,bTXN\t,ORDER\t,烧饼礼盒,2026-09-16 10:55:16,158****0001\t,68.00,,6800.00,支付宝,在线支付,\r\n")
	benchmarkBill(b, "signcustomer", gbk(accountHead), row, gbk(accountEnd+"#支出合计：0笔，共0.00元\r\n#收入合计：1000000笔，共68000000.00元\r\n"))
}

func benchmarkBill(b *testing.B, kind, head, row, end string) {
	const rows = 1_000_000
	path := filepath.Join(b.TempDir(), "bill.csv")
	disk, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = disk.Close() }() // a copy of what the benchmark made
	text := bufio.NewWriter(disk)
	write := func(s string) {
		if _, err := text.WriteString(s); err != nil {
			b.Fatal(err)
		}
	}
	write(head)
	for i := range rows {
		write(strings.NewReplacer("TXN", fmt.Sprint("2026091622001", i), "ORDER", fmt.Sprint("order", i)).Replace(row))
	}
	write(end)
	if err := text.Flush(); err != nil {
		b.Fatal(err)
	}
	info, err := disk.Stat()
	if err != nil {
		b.Fatal(err)
	}
	file := provider.StatementFile{ReaderAt: disk, Size: info.Size()}
	var before, now runtime.MemStats
	var most uint64
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.SetBytes(file.Size)
	for b.Loop() {
		n := 0
		if _, err := alipay.New().ReadStatement(kind, "", file, func(provider.StatementLine) error {
			if n++; n%100_000 == 0 {
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		if n != rows {
			b.Fatalf("%d rows", n)
		}
	}
	b.Logf("%d MB of heap", (max(most, before.HeapAlloc)-before.HeapAlloc)>>20)
}
