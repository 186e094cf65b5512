package roster

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"postern"
)

// TestShipmentsAsSpreadsheetsSaveThem: one list in every form that it comes in.
func TestShipmentsAsSpreadsheetsSaveThem(t *testing.T) {
	const list = "订单号,商品,快递,快递单号\n7X2M 9K4P,茶,顺丰,SF1234567890\n,,,\n8Y3N9K4Q,茶,,\n\"0123 4567\",\"茶, 红\",圆通,YT 1\n"
	want := []Shipment{{Line: 2, Number: "7x2m9k4p", Carrier: "顺丰", Tracking: "SF1234567890"}, {Line: 5, Number: "01234567", Carrier: "圆通", Tracking: "YT1"}}
	gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string][]byte{
		"utf-8": []byte(list), "with a mark": []byte("\ufeff" + list), "gbk": gbk, "with carriage returns": []byte(strings.ReplaceAll(list, "\n", "\r\n")), "with tabs": []byte(strings.NewReplacer(", 红", " 红", ",", "\t").Replace(list)),
		"as formulas": []byte(strings.NewReplacer("7X2M 9K4P", `="7X2M9K4P"`, "SF1234567890", `="SF1234567890"`).Replace(list)), "as quoted formulas": []byte(strings.Replace(list, "SF1234567890", `"=""SF1234567890"""`, 1)),
		"with lost zeros": []byte(strings.Replace(list, `"0123 4567"`, "1234567", 1)), "english": []byte(strings.NewReplacer("订单号", "Order number", "快递单号", "Tracking number", "快递", "Carrier").Replace(list)),
	} {
		got, err := ParseShipments(file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestShipmentsGoThere: what Write made of hostile cells is read back as the cells.
func TestShipmentsGoThere(t *testing.T) {
	var b bytes.Buffer
	lines := [][]string{{"number", "carrier", "tracking"}, {"7x2m9k4p", "=HYPERLINK(1)", "@SUM(A1)"}, {"7x2m9k4q", "+86", "-1"}}
	if err := Write(&b, lines); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "'=HYPERLINK") {
		t.Errorf("a formula went out: %s", b.String())
	}
	got, err := ParseShipments(b.Bytes())
	want := []Shipment{{Line: 2, Number: "7x2m9k4p", Carrier: "=HYPERLINK(1)", Tracking: "@SUM(A1)"}, {Line: 3, Number: "7x2m9k4q", Carrier: "+86", Tracking: "-1"}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

// TestShipmentsRefused: a list that is none says so as a whole, a line that is wrong says so itself.
func TestShipmentsRefused(t *testing.T) {
	const head = "number,carrier,tracking\n"
	for name, c := range map[string]struct{ file, field string }{
		"nothing": {"", ""}, "no columns": {"a,b,c\n1,2,3\n", "line 1"}, "a column twice": {"number,订单号,carrier,tracking\n", "line 1"}, "a spreadsheet": {"PK\x03\x04\x00\x00", "file"},
		"too many": {head + strings.Repeat("7x2m9k4p,c,t\n", MaxShipments+1), "file"}, "too large": {head + strings.Repeat("x", MaxShipmentsSize), "file"}, "no text": {head + "\xff\xff\xff", "encoding"},
	} {
		_, err := ParseShipments([]byte(c.file))
		known, ok := err.(*postern.Error)
		if !ok || known.Fix == "" || c.field != "" && known.Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := ParseShipments([]byte(head + ",顺丰,SF1\n7x2m9k4p,顺丰,1.23E+15\n7x2m9k4q," + strings.Repeat("x", 61) + ",1\n\"7x2m9k4r,顺丰,SF2\n7x2m9k4s,顺丰,SF3\n"))
	if err != nil || len(got) != 4 {
		t.Fatalf("%+v %v", got, err)
	}
	for i, code := range []postern.Code{CodeNoNumber, CodeScientific, postern.CodeInvalid, postern.CodeInvalid} {
		if got[i].Wrong == nil || got[i].Wrong.Code != code || strings.Contains(got[i].Wrong.Error(), "1.23") {
			t.Errorf("line %d: %+v", i, got[i])
		}
	}
}

func FuzzShipments(f *testing.F) {
	f.Add([]byte("订单号,快递,快递单号\n7x2m9k4p,顺丰,=\"SF1\"\n"))
	f.Add([]byte("\ufeffnumber;carrier;tracking\r\n\"7x2m9k4p\";\"a\"\"b\";'=1\r\n"))
	f.Add([]byte("\xb6\xa9\xb5\xa5\xba\xc5,carrier,tracking\n1,2,3"))
	f.Fuzz(func(t *testing.T, file []byte) {
		list, err := ParseShipments(file)
		if err != nil {
			return
		}
		if len(list) > MaxShipments {
			t.Fatalf("%d lines", len(list))
		}
		lines := [][]string{{"number", "carrier", "tracking"}}
		var fine []Shipment
		for _, s := range list {
			if s.Wrong == nil {
				if len([]rune(s.Number)) > maxShipCell || len([]rune(s.Carrier)) > maxShipCell || len([]rune(s.Tracking)) > maxShipCell {
					t.Fatalf("%+v is too long", s)
				}
				fine, lines = append(fine, s), append(lines, []string{s.Number, s.Carrier, s.Tracking})
			}
		}
		var b bytes.Buffer
		if err := Write(&b, lines); err != nil {
			t.Fatal(err)
		}
		again, err := ParseShipments(b.Bytes())
		if err != nil && b.Len() <= MaxShipmentsSize {
			t.Fatalf("what was read is not read again: %v", err)
		}
		if err == nil && len(again) != len(fine) {
			t.Fatalf("%d lines became %d", len(fine), len(again))
		}
	})
}
