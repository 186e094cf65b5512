package wire

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// zmWidths are the 42 fields of a row of the detail file, in bytes of GBK, with one blank between two.
//
// Source: a bill of UnionPay's own demo package and public parsers of it. The meaning of field 41 is not attested.
var zmWidths = []int{3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98}

// zmeWidths are the 22 fields of a row of the file of disputes and adjustments.
var zmeWidths = []int{3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135}

// Places of the fields that are read, from 0.
const (
	zmTraceTime = 4
	zmAmount    = 6
	zmQueryID   = 9
	zmOrderID   = 11
	zmFee       = 15
	zmSettle    = 16
	zmTxnType   = 19
	zmOrigQuery = 26
	zmMerID     = 27
)

// Row is one row of a detail file. Fee and Settle are in fen with the merchant's sign: what it pays is negative.
type Row struct {
	TraceTime   string // MMDDhhmmss
	Amount      int64
	QueryID     string
	OrderID     string
	Fee         int64
	Settle      int64
	TxnType     string
	OrigQueryID string
	MerID       string
	Columns     []string
}

// cut splits a row of fixed width into fields, which it fills. Lengths are in bytes of GBK: the row is cut before it is decoded.
func cut(line string, widths []int, fields []string) ([]string, error) {
	least := len(widths) - 1
	for _, w := range widths {
		least += w
	}
	fields = fields[:0]
	if len(line) != least {
		return nil, fmt.Errorf("%w: a row of %d bytes instead of %d", ErrMalformed, len(line), least)
	}
	at := 0
	for i, w := range widths {
		if i > 0 {
			if line[at] != ' ' {
				return nil, fmt.Errorf("%w: no blank before field %d, at byte %d", ErrMalformed, i+1, at)
			}
			at++
		}
		fields = append(fields, line[at:at+w])
		at += w
	}
	return fields, nil
}

// signed reads money of 13 bytes: D (the merchant pays) or C (it receives) and twelve digits of fen, or blanks for none.
func signed(field string) (int64, error) {
	s := strings.TrimSpace(field)
	if s == "" {
		return 0, nil
	}
	sign := int64(1)
	switch s[0] {
	case 'D':
		sign = -1
	case 'C':
	default:
		return 0, fmt.Errorf("%w: money %.20q", ErrMalformed, s)
	}
	n, err := ParseAmount(s[1:])
	return sign * n, err
}

// ReadZM reads a detail file row by row. It fails with the number of the first row that is not one.
func ReadZM(r io.Reader, each func(Row) error) error {
	return eachRow(r, zmWidths, func(fields, columns []string) error {
		amount, err1 := ParseAmount(columns[zmAmount])
		fee, err2 := signed(fields[zmFee])
		settle, err3 := signed(fields[zmSettle])
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		return each(Row{
			TraceTime: columns[zmTraceTime], Amount: amount, QueryID: columns[zmQueryID], OrderID: columns[zmOrderID], Fee: fee, Settle: settle, TxnType: columns[zmTxnType],
			OrigQueryID: columns[zmOrigQuery], MerID: columns[zmMerID], Columns: columns,
		})
	})
}

// ReadZME reads the file of disputes and adjustments; what its rows mean is for a person, so they come as columns.
func ReadZME(r io.Reader, each func(columns []string) error) error {
	return eachRow(r, zmeWidths, func(_, columns []string) error { return each(columns) })
}

func eachRow(r io.Reader, widths []int, each func(fields, columns []string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), 64<<10)
	decoder := simplifiedchinese.GBK.NewDecoder()
	n, fields := 0, make([]string, 0, len(widths))
	for lines.Scan() {
		n++
		line := strings.TrimRight(lines.Text(), "\r") // the one copy of a row: its fields are parts of it
		if line == "" {
			continue
		}
		var err error
		if fields, err = cut(line, widths, fields); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		columns := make([]string, len(fields))
		for i, f := range fields {
			columns[i] = f
			if !ascii(f) {
				if columns[i], err = decoder.String(f); err != nil || strings.ContainsRune(columns[i], '\ufffd') {
					return fmt.Errorf("%w: row %d: field %d is not GBK", ErrMalformed, n, i+1)
				}
			}
			columns[i] = strings.TrimSpace(columns[i])
		}
		if err := each(fields, columns); err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: after row %d: %w", ErrMalformed, n, err)
	}
	return nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// maxUnpacked bounds what a bill may unpack to, in bytes.
const maxUnpacked = 1 << 30

// UnpackContent turns fileContent into the ZIP that it holds: base64 of a zlib stream.
func UnpackContent(content string) ([]byte, error) {
	packed, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return nil, fmt.Errorf("%w: fileContent is not base64", ErrMalformed)
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("%w: fileContent is not zlib: %w", ErrMalformed, err)
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxMessage+1))
	if err != nil {
		return nil, fmt.Errorf("%w: fileContent: %w", ErrMalformed, err)
	}
	if len(out) > MaxMessage {
		return nil, fmt.Errorf("%w: fileContent unpacks to more than %d bytes", ErrMalformed, MaxMessage)
	}
	return out, nil
}

var (
	detailName  = regexp.MustCompile(`^INN([0-9]{6})88ZM_([0-9A-Za-z]+)$`)
	disputeName = regexp.MustCompile(`^INN([0-9]{6})88ZME_([0-9A-Za-z]+)$`)
)

// Member opens the detail file (or the one of disputes) in a bill's ZIP and says which day's (YYMMDD) and whose it is.
func Member(archive *zip.Reader, disputes bool) (r io.ReadCloser, day, merID string, err error) {
	pattern := detailName
	if disputes {
		pattern = disputeName
	}
	for _, f := range archive.File {
		if m := pattern.FindStringSubmatch(f.Name); m != nil {
			if f.UncompressedSize64 > maxUnpacked {
				return nil, "", "", fmt.Errorf("%w: %s unpacks to more than %d bytes", ErrMalformed, f.Name, maxUnpacked)
			}
			r, err = f.Open()
			return r, m[1], m[2], err
		}
	}
	return nil, "", "", fmt.Errorf("%w: the ZIP holds no detail file", ErrMalformed)
}
