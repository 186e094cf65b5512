package wire

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"
)

// zmDetail is the transaction code of every row of the attested bill, whose rows are payments. The catalogue of codes is not attested.
const zmDetail = "S56"

// FormatZM writes a row of the detail file, with its line end. What the row does not have is blank; Columns are not looked at.
func FormatZM(r Row) (string, error) {
	values := map[int]string{
		0: zmDetail, zmTraceTime: r.TraceTime, zmAmount: fmt.Sprintf("%012d", r.Amount), zmQueryID: r.QueryID, zmOrderID: r.OrderID, zmFee: formatSigned(r.Fee),
		zmSettle: formatSigned(r.Settle), zmTxnType: r.TxnType, zmOrigQuery: r.OrigQueryID, zmMerID: r.MerID,
	}
	var b strings.Builder
	for i, width := range zmWidths {
		if i > 0 {
			b.WriteByte(' ')
		}
		value := values[i]
		if len(value) > width || !ascii(value) || value != strings.TrimSpace(value) {
			return "", fmt.Errorf("%w: field %d of a row has room for %d bytes, not for %.40q", ErrMalformed, i+1, width, value)
		}
		b.WriteString(value + strings.Repeat(" ", width-len(value)))
	}
	return b.String() + "\r\n", nil
}

// formatSigned writes money of 13 bytes: what the merchant pays with D, what it receives with C, nothing as blanks.
func formatSigned(fen int64) string {
	switch {
	case fen == 0:
		return ""
	case fen < 0:
		return fmt.Sprintf("D%012d", -fen)
	}
	return fmt.Sprintf("C%012d", fen)
}

// FileName is the name under which a bill comes, by merchant and clearing day.
func FileName(merID string, day time.Time) string {
	return merID + "_" + day.In(Beijing).Format("20060102") + ".zip"
}

// SettleDate writes a clearing day as a request for its bill names it: without a year.
func SettleDate(day time.Time) string { return day.In(Beijing).Format("0102") }

// WriteBill packs a bill: the detail file with these rows, and the file of disputes, which is empty.
func WriteBill(merID string, day time.Time, rows []Row) ([]byte, error) {
	var detail strings.Builder
	for _, r := range rows {
		line, err := FormatZM(r)
		if err != nil {
			return nil, err
		}
		detail.WriteString(line)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	prefix := "INN" + day.In(Beijing).Format("060102") + "88"
	for _, member := range []struct{ name, text string }{{prefix + "ZM_" + merID, detail.String()}, {prefix + "ZME_" + merID, ""}} {
		w, err := archive.Create(member.name)
		if err == nil {
			_, err = io.WriteString(w, member.text)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// PackContent turns a ZIP into fileContent: base64 of a zlib stream.
func PackContent(file []byte) (string, error) {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	if _, err := z.Write(file); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}
