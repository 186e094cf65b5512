package wire

import (
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Paths of bills. The download address comes in the answer of the first two and lives some minutes.
const (
	PathTradeBill    = "/v3/bill/tradebill"
	PathFundFlowBill = "/v3/bill/fundflowbill"
	PathBillFile     = "/v3/billdownload/file"
)

// BillTarget is the request target that asks for a day's bill of a kind, packed. subMchID limits a service provider's trade bill to one sub-merchant.
func BillTarget(kind string, day time.Time, subMchID string) string {
	date := day.In(CST).Format(time.DateOnly)
	if kind == BillFundFlow {
		return PathFundFlowBill + "?bill_date=" + date + "&account_type=BASIC&tar_type=GZIP"
	}
	target := PathTradeBill + "?bill_date=" + date + "&bill_type=ALL&tar_type=GZIP"
	if subMchID != "" {
		target += "&sub_mchid=" + url.QueryEscape(subMchID)
	}
	return target
}

// BillAnswer is where to fetch a bill, and the SHA-1 of the unpacked file.
type BillAnswer struct {
	HashType    string `json:"hash_type"`
	HashValue   string `json:"hash_value"`
	DownloadURL string `json:"download_url"`
}

// Headings of the two bills and of their summaries.
const (
	tradeColumns = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号," +
		"退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
	tradeSummary = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
	fundColumns  = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号"
	fundSummary  = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
)

// TradeRow is one row of a trade bill, in fen. FeeMicro is the fee in hundred-thousandths of a yuan, as bills write it.
type TradeRow struct {
	At                                time.Time
	AppID, MchID, SubMchID            string
	TransactionID, OutTradeNo, OpenID string
	Type, State, Description, Attach  string
	Total, FeeMicro                   int64
	RefundID, OutRefundNo             string
	Refund                            int64
}

// FundRow is one row of a fund flow, in fen; Amount is negative for what leaves the account.
type FundRow struct {
	At                                     time.Time
	ID, FlowID, Name, Type, Remark, Ticket string
	Amount, Balance                        int64
}

// WriteTradeBill writes the day's file: UTF-8 with a byte order mark, CRLF, every value after a backtick.
func WriteTradeBill(rows []TradeRow) []byte {
	var b billWriter
	b.head(billBOM + tradeColumns)
	var orders, refunds, fees int64
	for _, r := range rows {
		refunded := r.OutRefundNo != "" || r.Refund > 0
		sub, total, refundID, outRefund, kind, status := r.SubMchID, FormatYuan(r.Total), none, none, "", ""
		if sub == "" {
			sub = none
		}
		if refunded {
			total, kind, status = "0.00", "ORIGINAL", StateSuccess
		}
		if r.OutRefundNo != "" {
			refundID, outRefund = r.RefundID, r.OutRefundNo
		}
		b.row(r.At.In(CST).Format(time.DateTime), r.AppID, r.MchID, sub, "", r.TransactionID, r.OutTradeNo, r.OpenID, r.Type, r.State, "OTHERS", "CNY", total, "0.00",
			refundID, outRefund, FormatYuan(r.Refund), "0.00", kind, status, r.Description, r.Attach, formatMicro(r.FeeMicro), "0.60%", total, FormatYuan(r.Refund), "")
		fees += r.FeeMicro
		refunds += r.Refund
		if !refunded {
			orders += r.Total
		}
	}
	b.head(tradeSummary)
	b.row(strconv.Itoa(len(rows)), FormatYuan(orders), FormatYuan(refunds), "0.00", formatMicro(fees), FormatYuan(orders), FormatYuan(refunds))
	return []byte(b.String())
}

// WriteFundFlow writes the day's flow of funds.
func WriteFundFlow(rows []FundRow) []byte {
	var b billWriter
	b.head(billBOM + fundColumns)
	var in, out, ins, outs int64
	for _, r := range rows {
		way, amount := "收入", r.Amount
		if amount < 0 {
			way, amount = "支出", -amount
			out, outs = out+amount, outs+1
		} else {
			in, ins = in+amount, ins+1
		}
		b.row(r.At.In(CST).Format(time.DateTime), r.ID, r.FlowID, r.Name, r.Type, way, FormatYuan(amount), FormatYuan(r.Balance), "system", r.Remark, r.Ticket)
	}
	b.head(fundSummary)
	b.row(strconv.Itoa(len(rows)), strconv.FormatInt(ins, 10), FormatYuan(in), strconv.FormatInt(outs, 10), FormatYuan(out))
	return []byte(b.String())
}

type billWriter struct{ strings.Builder }

func (b *billWriter) head(line string) { b.WriteString(line + "\r\n") }

// row writes values. There is no quoting: a backtick, which ends no value but begins the next, is left out of texts, and so are line ends.
func (b *billWriter) row(values ...string) {
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(billMark + strings.NewReplacer(billMark, "", "\r", "", "\n", "").Replace(v))
	}
	b.WriteString("\r\n")
}

// formatMicro writes hundred-thousandths of a yuan.
func formatMicro(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	whole, rest := strconv.FormatInt(n/100_000, 10), strconv.FormatInt(100_000+n%100_000, 10)
	return sign + whole + "." + rest[1:]
}
