package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postern"
)

// Bounds of a list of shipments.
const (
	MaxShipmentsSize = 2 << 20
	MaxShipments     = 5000
	maxShipCell      = 60 // characters
)

// Shipment is one line of a list of shipments: which order went with which carrier under which number. Line counts from 1 as editors do.
type Shipment struct {
	Line     int
	Number   string
	Carrier  string
	Tracking string
	// Wrong is why the line cannot be read; the rest of the list can.
	Wrong *postern.Error
}

// shipColumns are the names of columns that are understood, as our own downloads and the carriers' lists write them. Others are left alone.
var shipColumns = map[string]string{
	"number": "number", "order": "number", "order number": "number", "订单号": "number", "订单编号": "number",
	"carrier": "carrier", "快递": "carrier", "快递公司": "carrier", "物流公司": "carrier",
	"tracking": "tracking", "tracking number": "tracking", "快递单号": "tracking", "运单号": "tracking", "物流单号": "tracking",
}

// Codes of lines that cannot be read, beside postern.CodeInvalid.
const (
	// CodeScientific is a number that a spreadsheet has rounded: its last digits are lost.
	CodeScientific postern.Code = "rounded_number"
	// CodeNoNumber is a line without an order's number.
	CodeNoNumber postern.Code = "no_order_number"
)

var scientific = regexp.MustCompile(`^[0-9]\.[0-9]+[eE]\+[0-9]+$`)

// ParseShipments reads a list of shipments as spreadsheets save it, in UTF-8 or GBK, whichever it is. An error is about the list as a whole; a line that is wrong says
// so itself. Empty lines and lines of a download that nobody has filled in are left out.
func ParseShipments(file []byte) ([]Shipment, error) {
	if len(file) > MaxShipmentsSize {
		return nil, wrong("file", "the list is larger than 2 MiB", "cut it into several")
	}
	encoding := UTF8
	if !utf8.Valid(file) {
		encoding = GBK
	}
	text, err := decode(file, encoding)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	// Spreadsheets write ="123" to keep a number as it is, which is no clean CSV.
	r.FieldsPerRecord, r.ReuseRecord, r.LazyQuotes = -1, true, true
	r.Comma = separator(text)
	head, err := r.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	columns, err := shipHeader(head)
	if err != nil {
		return nil, err
	}
	var list []Shipment
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		line, _ := r.FieldPos(0)
		s, some := shipment(line, columns, record)
		if !some {
			continue
		}
		if len(list) == MaxShipments {
			return nil, wrong("file", "the list has more than "+strconv.Itoa(MaxShipments)+" lines", "cut it into several")
		}
		list = append(list, s)
	}
}

// separator is what parts the columns of the first line.
func separator(text []byte) rune {
	head, _, _ := bytes.Cut(text, []byte("\n"))
	for _, mark := range []rune{'\t', ';'} {
		if bytes.ContainsRune(head, mark) && !bytes.ContainsRune(head, ',') {
			return mark
		}
	}
	return ','
}

func shipHeader(head []string) (map[string]int, error) {
	columns := map[string]int{}
	for i, name := range head {
		if i == maxColumns {
			return nil, wrong("line 1", "there are more than 64 columns", "leave out what is not asked for")
		}
		what, known := shipColumns[strings.ToLower(plain(name))]
		if !known {
			continue
		}
		if _, twice := columns[what]; twice {
			return nil, wrong("line 1", "a column stands twice", "name each column once")
		}
		columns[what] = i
	}
	for _, what := range []string{"number", "carrier", "tracking"} {
		if _, ok := columns[what]; !ok {
			return nil, wrong("line 1", "the column "+what+" is missing", "begin with a line of column names: number, carrier, tracking")
		}
	}
	return columns, nil
}

// shipment reads one line; false says that there is nothing in it to do.
func shipment(line int, columns map[string]int, record []string) (Shipment, bool) {
	cell := func(what string) string {
		if i := columns[what]; i < len(record) {
			return plain(record[i])
		}
		return ""
	}
	s := Shipment{Line: line, Number: orderNumber(cell("number")), Carrier: cell("carrier"), Tracking: strings.ReplaceAll(cell("tracking"), " ", "")}
	last := max(columns["number"], columns["carrier"], columns["tracking"])
	swallowed := len(record) <= last && slices.ContainsFunc(record, func(cell string) bool { return strings.Contains(cell, "\n") })
	if swallowed { // a quote out of place takes the next lines with it: they must not go missing without a word
		return Shipment{Line: line, Wrong: wrong("line "+strconv.Itoa(line), "a quote is out of place and has swallowed the next lines", "quote whole cells, and double a quote inside them")}, true
	}
	if s.Carrier == "" && s.Tracking == "" {
		return s, false
	}
	for _, text := range []string{s.Number, s.Carrier, s.Tracking} {
		if utf8.RuneCountInString(text) > maxShipCell || strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return Shipment{Line: line, Wrong: wrong("line "+strconv.Itoa(line), "a cell is too long or holds a control character", "a quote may be out of place; shorten it")}, true
		}
	}
	switch {
	case s.Number == "":
		s.Wrong = wrong("number", "the line names no order", "put the order's number into it")
		s.Wrong.Code = CodeNoNumber
	case slices.ContainsFunc([]string{s.Number, s.Tracking}, scientific.MatchString):
		s.Wrong = wrong("tracking", "a spreadsheet has rounded the number", "make the column text, and put the whole number in again")
		s.Wrong.Code = CodeScientific
	}
	return s, true
}

// orderNumber reads an order's number as a person types it. One of digits only that begins with zeros has lost them in a spreadsheet.
func orderNumber(typed string) string {
	const length = 8
	if typed != "" && len(typed) < length && strings.Trim(typed, "0123456789") == "" {
		typed = strings.Repeat("0", length-len(typed)) + typed
	}
	if code, ok := postern.ParseShortCode(typed); ok {
		return code
	}
	return typed
}

// plain takes off what spreadsheets put around a text: ="123", and the quote that Neutral puts in front.
func plain(cell string) string {
	cell = strings.TrimSpace(cell)
	if inner, ok := strings.CutPrefix(cell, `="`); ok && strings.HasSuffix(inner, `"`) {
		cell = strings.TrimSpace(strings.TrimSuffix(inner, `"`))
	}
	if rest, ok := strings.CutPrefix(cell, "'"); ok && Neutral(rest) != rest {
		cell = rest
	}
	return cell
}
