package wechatpay

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1" //nolint:gosec // WeChat gives the SHA-1 of its bills
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postern/provider"
	"postern/provider/wechatpay/wire"
)

// certificatesFace lists the platform certificates, each encrypted under the APIv3 key. A merchant without certificates is told so, as WeChat does.
func certificatesFace(c *faceCall) (said, *refusal) {
	if c.account.Settings[FaceVerify] == faceVerifyPublic {
		return said{}, refuse(http.StatusNotFound, wire.CodeResourceNotExists, "无可用的平台证书,请在商户平台-API安全申请使用微信支付公钥")
	}
	if kind := c.URL.Query().Get("algorithm_type"); kind != "" && kind != "RSA" && kind != "ALL" {
		return said{}, badField("/algorithm_type", "algorithm_type takes RSA and ALL")
	}
	list := wire.CertificateList{Data: []wire.Certificate{}}
	for _, g := range c.account.Keys {
		v, err := g.Verifier(FacePlatformCertificate)
		certified, ok := v.(provider.Certified)
		if err != nil || !ok {
			continue
		}
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certified.Certificate()})
		cert, err := wire.ParseCertificatePEM(text)
		if err != nil {
			return said{}, errSystem
		}
		box, err := sealFace(c.account, "", "certificate", text)
		if err != nil {
			return said{}, errSystem
		}
		list.Data = append(list.Data, wire.Certificate{SerialNo: wire.Serial(cert.SerialNumber), EffectiveTime: wire.FormatTime(cert.NotBefore), ExpireTime: wire.FormatTime(cert.NotAfter), Encrypted: box})
	}
	return said{value: list}, nil
}

// Rules of bills as documented.
const (
	faceBillReady   = 34 * time.Hour // a day's bill can be had from ten o'clock of the day after
	faceBillMonths  = 3
	faceAddressLife = 5 * time.Minute
	maxFaceLines    = 200_000 // of a day; a file is written in memory, about 300 bytes a line. More is SYSTEM_ERROR, which no merchant of one switch should meet
)

// billAsk is which bill is asked for.
type billAsk struct {
	kind, sort, day string
	packed          bool
}

// text is the bill in a token, with the account that may read it; see parseBillAsk.
func (b billAsk) text(a provider.FaceAccount) string {
	return strings.Join([]string{"bill", a.MerchantID, a.ID, b.kind, b.sort, b.day, fmt.Sprint(b.packed)}, "\n")
}

func parseBillAsk(text string, a provider.FaceAccount) (billAsk, bool) {
	p := strings.Split(text, "\n")
	if len(p) != 7 || p[0] != "bill" || p[1] != a.MerchantID || p[2] != a.ID {
		return billAsk{}, false
	}
	return billAsk{kind: p[3], sort: p[4], day: p[5], packed: p[6] == "true"}, true
}

// billSorts are the values of bill_type and account_type; the first is the default. A flow of the accounts OPERATION and FEES is always empty here.
var billSorts = map[string][]string{wire.BillTrade: {billAll, wire.StateSuccess, wire.StateRefund}, wire.BillFundFlow: {"BASIC", "OPERATION", "FEES"}}

const billAll = "ALL"

// billFace answers where a day's bill is, and its SHA-1. The file is written when it is fetched, from the same rows.
func billFace(kind string) faceHandler {
	return func(c *faceCall) (said, *refusal) {
		q := c.URL.Query()
		if q.Has("sub_mchid") {
			c.gateway.Missed(c.Context(), c.account, "partner bill")
			return said{}, errNoAuth
		}
		param := map[string]string{wire.BillTrade: "bill_type", wire.BillFundFlow: "account_type"}[kind]
		ask, bad := readBillAsk(c.account.Now, kind, param, q)
		if bad != nil {
			return said{}, bad
		}
		file, bad := c.bill(ask)
		if bad != nil {
			return said{}, bad
		}
		sum := sha1.Sum(file) //nolint:gosec // see the import
		token := c.gateway.Token(ask.text(c.account), c.account.Now.Add(faceAddressLife))
		return said{value: wire.BillAnswer{HashType: "SHA1", HashValue: hex.EncodeToString(sum[:]), DownloadURL: c.account.BaseURL + wire.PathBillFile + "?token=" + url.QueryEscape(token)}}, nil
	}
}

func readBillAsk(now time.Time, kind, param string, q url.Values) (billAsk, *refusal) {
	ask := billAsk{kind: kind, sort: q.Get(param), day: q.Get("bill_date"), packed: q.Get("tar_type") == "GZIP"}
	day, err := time.ParseInLocation(time.DateOnly, ask.day, wire.CST)
	if err != nil {
		return ask, badField("/bill_date", "bill_date takes yyyy-MM-dd")
	}
	if ask.sort == "" {
		ask.sort = billSorts[kind][0]
	}
	switch {
	case !slices.Contains(billSorts[kind], ask.sort):
		return ask, badField("/"+param, param+" is not one of the documented")
	case q.Get("tar_type") != "" && !ask.packed:
		return ask, badField("/tar_type", "tar_type takes GZIP")
	case now.AddDate(0, -faceBillMonths, 0).After(day.AddDate(0, 0, 1)):
		return ask, refuse(http.StatusBadRequest, wire.CodeParamError, "仅支持三个月内的账单下载申请")
	case now.Before(day.Add(faceBillReady)):
		return ask, refuse(http.StatusBadRequest, wire.CodeStatementCreating, "账单生成中，请稍后再试")
	}
	return ask, nil
}

// bill writes a day's file, unpacked; NO_STATEMENT_EXIST when nothing happened.
func (c *faceCall) bill(ask billAsk) ([]byte, *refusal) {
	day, err := time.ParseInLocation(time.DateOnly, ask.day, wire.CST)
	if err != nil {
		return nil, errSystem
	}
	var lines []provider.FaceLine
	err = c.gateway.Bill(c.Context(), c.account, day, func(l provider.FaceLine) error {
		if len(lines) == maxFaceLines {
			return wire.ErrTooLong
		}
		lines = append(lines, l)
		return nil
	})
	slices.SortStableFunc(lines, func(a, b provider.FaceLine) int { return a.At.Compare(b.At) })
	var trades []wire.TradeRow
	var funds []wire.FundRow
	balance := int64(0)
	for _, l := range lines {
		row := tradeRow(c.account, l)
		if ask.sort == billAll || (ask.sort == wire.StateRefund) == (l.Refund != nil) {
			trades = append(trades, row)
		}
		f := fundRow(l, row)
		balance += f.Amount
		f.Balance, f.FlowID = balance, c.account.Number+day.Format("20060102")+fmt.Sprintf("%010d", len(funds))
		funds = append(funds, f)
	}
	switch {
	case err != nil:
		return nil, errSystem
	case ask.kind == wire.BillFundFlow && ask.sort == "BASIC" && len(funds) > 0:
		return wire.WriteFundFlow(funds), nil
	case ask.kind == wire.BillTrade && len(trades) > 0:
		return wire.WriteTradeBill(trades), nil
	}
	return nil, refuse(http.StatusBadRequest, wire.CodeNoStatementExist, "账单文件不存在")
}

// tradeRow is a line of a trade bill. Fees are the wallets' own, known when their bills are in and never guessed: the column says what the switch knows.
func tradeRow(a provider.FaceAccount, l provider.FaceLine) wire.TradeRow {
	row := wire.TradeRow{
		At: l.At, AppID: l.Order.Fields[fieldAppID], MchID: a.Number, TransactionID: l.Order.TradeNo, OutTradeNo: l.Order.Number, OpenID: l.Order.PayerID, Type: facedTypes[l.Order.Product],
		State: wire.StateSuccess, Description: l.Order.Subject, Attach: l.Order.Fields[fieldAttach], Total: l.Order.Amount, FeeMicro: l.Fee * 1000,
	}
	switch {
	case l.Refund == nil:
	case l.Refund.Reversal(): // a row of its own, without refund numbers, as the connector reads them
		row.State, row.Refund = wire.StateRevoked, l.Refund.Amount
	default:
		row.State, row.Refund, row.RefundID, row.OutRefundNo = wire.StateRefund, l.Refund.Amount, faceRefundID(l.Refund.TradeNo), l.Refund.Number
	}
	return row
}

func fundRow(l provider.FaceLine, t wire.TradeRow) wire.FundRow {
	if l.Refund == nil {
		return wire.FundRow{At: l.At, ID: t.TransactionID, Name: "交易", Type: "交易", Remark: t.Description, Ticket: t.OutTradeNo, Amount: t.Total}
	}
	return wire.FundRow{At: l.At, ID: faceRefundID(l.Refund.TradeNo), Name: "退款", Type: "退款", Remark: l.Refund.Reason, Ticket: t.OutRefundNo, Amount: -t.Refund}
}

// billFileFace serves a bill to who asked for it. It is signed, which those who skip the check do not mind; gzip is a file's form here and no Content-Encoding.
func billFileFace(c *faceCall) (said, *refusal) {
	facts, ok := c.gateway.OpenToken(c.URL.Query().Get("token"), c.account.Now)
	ask, mine := parseBillAsk(facts, c.account)
	if !ok || !mine {
		return said{}, refuse(http.StatusForbidden, wire.CodeNoAuth, "下载地址已失效")
	}
	file, bad := c.bill(ask)
	if bad != nil {
		return said{}, bad
	}
	if ask.packed {
		file = gzipped(file)
	}
	return said{raw: file, plain: "text/plain"}, nil
}

func gzipped(file []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(file) // into memory: neither can fail
	_ = z.Close()
	return b.Bytes()
}
