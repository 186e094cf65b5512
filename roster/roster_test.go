package roster

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"postern"
)

const list = "reference,name,category,wechatpay.sub_merchant,wechatpay.products,wechatpay.sub_appid,crs_1.products\n" +
	"W-1,老王烧饼,food,1900000101,jsapi native,wx1,\n" +
	",,,,,,\n" +
	"W-2,\"李记, 豆腐\",,1900000102,jsapi;h5,,h5\n"

func want() []Row {
	return []Row{
		{Line: 2, Reference: "W-1", Name: "老王烧饼", Category: "food", Accounts: []Account{{"wechatpay", "1900000101", []string{"jsapi", "native"}, map[string]string{"sub_appid": "wx1"}}}},
		{Line: 4, Reference: "W-2", Name: "李记, 豆腐", Accounts: []Account{{"wechatpay", "1900000102", []string{"jsapi", "h5"}, map[string]string{}}, {"crs_1", "", []string{"h5"}, map[string]string{}}}},
	}
}

// TestEncodings: the same list in UTF-8, with the mark that spreadsheets write, and in GBK.
func TestEncodings(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file     []byte
		encoding string
	}{"utf-8": {[]byte(list), UTF8}, "with a mark": {[]byte("\ufeff" + list), UTF8}, "gbk": {gbk, GBK}, "with carriage returns": {[]byte(strings.ReplaceAll(list, "\n", "\r\n")), ""}} {
		rows, err := Parse(c.file, c.encoding)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want(), rows); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, err := Parse(gbk, UTF8); postern.CodeOf(err) != postern.CodeInvalid {
		t.Errorf("GBK was taken for UTF-8: %v", err)
	}
}

// TestRefused: what is no list is refused with the place and with what to do.
func TestRefused(t *testing.T) {
	long := "reference\n" + strings.Repeat("x\n", MaxRows+1)
	for name, file := range map[string]string{
		"": "", "file": long, "line 1": "name\nx\n", "line 3": "reference,name\na,b\nc,\"d\ne", "encoding": "reference\n\xff\xfe\n",
	} {
		_, err := Parse([]byte(file), UTF8)
		var known *postern.Error
		if !errors.As(err, &known) || name != "" && known.Field != name || known.Fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, header := range []string{"reference;name", "reference,reference", "reference,shade", "reference,.x", "reference,x."} {
		if _, err := Parse([]byte(header+"\n"), UTF8); postern.CodeOf(err) != postern.CodeInvalid {
			t.Errorf("%s: %v", header, err)
		}
	}
	rows, err := Parse([]byte("reference,name\na,b\nc\nd,e\n"), UTF8)
	if err != nil || len(rows) != 3 || rows[0].Wrong != nil || rows[1].Wrong == nil || rows[1].Line != 3 || rows[2].Wrong != nil {
		t.Errorf("%+v %v", rows, err)
	}
}

// TestReportsAreNoFormulas: whatever a cell holds, what is written reads back as text that no spreadsheet computes.
func TestReportsAreNoFormulas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[=+\-@＝ \ta-z"',0-9(）]{0,12}`).Draw(t, "cell")
		var out bytes.Buffer
		if err := Write(&out, [][]string{{"x", cell}}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 1 {
			t.Fatalf("%q: %v %v", cell, rows, err)
		}
		got := rows[0][1]
		if strings.TrimPrefix(got, "'") != cell && got != cell || strings.ContainsAny(got[:min(len(got), 1)], "=+-@\t") || strings.HasPrefix(got, "＝") {
			t.Fatalf("%q became %q", cell, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(list), UTF8)
	gbk, _ := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(list))
	f.Add(gbk, GBK)
	f.Add([]byte("\ufeffreference,a.b\n\"x\"\"\",\ny"), UTF8)
	f.Fuzz(func(t *testing.T, file []byte, encoding string) {
		rows, err := Parse(file, encoding)
		if err != nil {
			return
		}
		for _, r := range rows {
			if r.Line < 2 || len(r.Accounts) > maxColumns {
				t.Fatalf("%+v", r)
			}
		}
	})
}
