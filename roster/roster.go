// Package roster reads lists of merchants as service providers keep them: a CSV with one line a merchant, in UTF-8 or GBK. It knows the form and nothing of what is
// there already. It also writes reports that a spreadsheet does not take for formulas.
package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"postern"
)

// Encodings of a list.
const (
	UTF8 = "utf-8"
	GBK  = "gbk"
)

// Bounds of a list.
const (
	MaxSize    = 8 << 20
	MaxRows    = 10_000
	maxColumns = 64
	maxCell    = 4096
)

// Row is one line of a list. Line counts from 1 as editors do; an empty text says nothing.
type Row struct {
	Line      int
	Merchant  string // the merchant's id, if the partner keeps it
	Reference string // what the partner calls the merchant
	Name      string
	Category  string
	Region    string
	Locale    string
	// Who opens the shop's pages first, and how it shows itself to buyers.
	Login    string
	Owner    string
	Phone    string
	Colour   string
	Accounts []Account
	// Wrong is why the line cannot be read; the rest of the list can.
	Wrong *postern.Error
}

// Account is what a line says about one account: the merchant's number under it, its products, and settings and keys of its own.
type Account struct {
	Name        string // a provider's code or the id of a credential set
	SubMerchant string
	Products    []string
	Values      map[string]string
}

// own are the columns about the merchant itself. All others are ACCOUNT.FIELD.
var own = map[string]func(*Row) *string{
	"merchant": func(r *Row) *string { return &r.Merchant }, "reference": func(r *Row) *string { return &r.Reference }, "name": func(r *Row) *string { return &r.Name },
	"category": func(r *Row) *string { return &r.Category }, "region": func(r *Row) *string { return &r.Region }, "locale": func(r *Row) *string { return &r.Locale },
	"login": func(r *Row) *string { return &r.Login }, "owner": func(r *Row) *string { return &r.Owner }, "phone": func(r *Row) *string { return &r.Phone }, "colour": func(r *Row) *string { return &r.Colour },
}

// Parse reads a list. An error is about the list as a whole; a line that is wrong says so itself.
func Parse(file []byte, encoding string) ([]Row, error) {
	text, err := decode(file, encoding)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	record, err := r.Read()
	if err != nil {
		return nil, unreadable(err)
	}
	columns, err := header(record)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, unreadable(err)
		}
		if len(rows) == MaxRows {
			return nil, wrong("file", "the list has more than "+strconv.Itoa(MaxRows)+" lines", "cut it into several")
		}
		line, _ := r.FieldPos(0)
		if blank(record) {
			continue
		}
		rows = append(rows, row(line, columns, record))
	}
}

func wrong(field, message, fix string) *postern.Error {
	return &postern.Error{Code: postern.CodeInvalid, Op: "roster.Parse", Field: field, Message: message, Fix: fix}
}

// decode makes UTF-8 of a file. A mark at its beginning, which spreadsheets write, is dropped.
func decode(file []byte, encoding string) ([]byte, error) {
	if len(file) > MaxSize {
		return nil, wrong("file", "the list is larger than 8 MiB", "cut it into several")
	}
	switch encoding {
	case UTF8, "":
		file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
		if !utf8.Valid(file) {
			return nil, wrong("encoding", "the list is not UTF-8", "save it as UTF-8, or say that it is GBK")
		}
	case GBK:
		if bytes.HasPrefix(file, []byte("\xef\xbb\xbf")) {
			return nil, wrong("encoding", "the list is UTF-8 and not GBK", "say utf-8")
		}
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(file)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return nil, wrong("encoding", "the list is not GBK", "say which of utf-8 and gbk it is")
		}
		file = decoded
	default:
		return nil, wrong("encoding", "the encoding is not known", "say utf-8 or gbk")
	}
	if bytes.IndexByte(file, 0) >= 0 {
		return nil, wrong("file", "the list holds zero bytes: it is a spreadsheet or UTF-16, and no CSV in UTF-8 or GBK", "save it as CSV")
	}
	return file, nil
}

func unreadable(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return wrong("file", "the list is empty", "begin with a line of column names")
	case errors.As(err, &bad):
		return wrong("line "+strconv.Itoa(bad.StartLine), "the line is no CSV: a quote is out of place", "quote whole cells, and double a quote inside them")
	}
	return err
}

// column is where a cell goes: into the merchant, or into a field of an account.
type column struct {
	own     func(*Row) *string
	account string
	field   string
}

func header(record []string) ([]column, error) {
	if len(record) > maxColumns {
		return nil, wrong("line 1", "there are more than 64 columns", "leave out what is not asked for")
	}
	if len(record) == 1 && strings.ContainsAny(record[0], ";\t") {
		return nil, wrong("line 1", "the columns are parted by something else than commas", "save the list with commas")
	}
	var names []string
	columns := make([]column, len(record))
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		account, field, dotted := strings.Cut(name, ".")
		switch {
		case slices.Contains(names, name):
			return nil, wrong("line 1", "a column stands twice", "name each column once")
		case own[name] != nil:
			columns[i] = column{own: own[name]}
		case dotted && account != "" && field != "":
			columns[i] = column{account: account, field: field}
		default:
			return nil, wrong("line 1", "column "+strconv.Itoa(i+1)+" is not known", "use merchant, reference, name, category, region, locale, login, owner, phone, colour, and ACCOUNT.sub_merchant, ACCOUNT.products or ACCOUNT.SETTING, where ACCOUNT is a provider or crs_...")
		}
		names = append(names, name)
	}
	if !slices.Contains(names, "reference") && !slices.Contains(names, "merchant") {
		return nil, wrong("line 1", "no column says which merchant a line is about", "add the column reference with your own number for each merchant")
	}
	return columns, nil
}

func blank(record []string) bool {
	return !slices.ContainsFunc(record, func(cell string) bool { return strings.TrimSpace(cell) != "" })
}

func row(line int, columns []column, record []string) Row {
	r := Row{Line: line}
	if len(record) != len(columns) {
		r.Wrong = wrong("line "+strconv.Itoa(line), "the line has "+strconv.Itoa(len(record))+" cells and not "+strconv.Itoa(len(columns)), "give it as many as there are columns; quote cells that hold commas")
		return r
	}
	for i, c := range columns {
		cell := strings.TrimSpace(record[i])
		switch {
		case len(cell) > maxCell:
			r.Wrong = wrong(c.name(), "the cell is longer than 4096 bytes", "shorten it")
		case cell == "":
		case c.own != nil:
			*c.own(&r) = cell
		default:
			r.put(c, cell)
		}
	}
	return r
}

func (c column) name() string {
	if c.own != nil {
		return "cell"
	}
	return c.account + "." + c.field
}

// put writes a cell that is not empty into its account.
func (r *Row) put(c column, cell string) {
	i := slices.IndexFunc(r.Accounts, func(a Account) bool { return a.Name == c.account })
	if i < 0 {
		r.Accounts = append(r.Accounts, Account{Name: c.account, Values: map[string]string{}})
		i = len(r.Accounts) - 1
	}
	switch a := &r.Accounts[i]; c.field {
	case "sub_merchant":
		a.SubMerchant = cell
	case "products":
		a.Products = strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(" ;|/、；", r) })
	default:
		a.Values[c.field] = cell
	}
}

// Neutral makes a cell that no spreadsheet takes for a formula: one that begins like one gets a quote in front.
func Neutral(cell string) string {
	first, _ := utf8.DecodeRuneInString(cell)
	if strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) && cell != "" {
		return "'" + cell
	}
	return cell
}

// Write writes lines as CSV with a mark that makes spreadsheets read UTF-8; no cell of it is a formula.
func Write(w io.Writer, lines [][]string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	for _, line := range lines {
		cells := make([]string, len(line))
		for i, cell := range line {
			cells[i] = Neutral(cell)
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
