package ui

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"rsc.io/qr"
)

var rectangle = regexp.MustCompile(`(?m)^(\d+) (\d+) (\d+) (\d+) re$`)

// TestThePosterAsPDF reads the file as a reader does: the list of places leads to each object, the code is the link's, and the words are there.
func TestThePosterAsPDF(t *testing.T) {
	p := samplePoster()
	p.Test = true
	raw, err := p.PDF()
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "poster.zh-CN.pdf", raw)
	text := string(raw)
	places := text[strings.LastIndex(text, "startxref\n")+10:]
	start, err := strconv.Atoi(places[:strings.IndexByte(places, '\n')])
	if err != nil || !strings.HasPrefix(text[start:], "xref\n0 10\n") {
		t.Fatalf("startxref leads to %.20q, %v", text[start:], err)
	}
	for n, line := range strings.Split(text[start:], "\n")[3:12] {
		at, err := strconv.Atoi(line[:10])
		if err != nil || len(line) != 19 || !strings.HasPrefix(text[at:], fmt.Sprintf("%d 0 obj\n", n+1)) {
			t.Errorf("object %d is not where line %q says", n+1, line)
		}
	}
	stream := text[strings.Index(text, "stream\n")+7 : strings.Index(text, "endstream")]
	if !strings.Contains(text, fmt.Sprintf("/Length %d ", len(stream))) {
		t.Error("the length of the stream is wrong")
	}
	want, err := qr.Encode(p.Link, qr.Q)
	if err != nil {
		t.Fatal(err)
	}
	sameCode(t, rectangle.FindAllStringSubmatch(stream, -1), want)
	for _, word := range []string{p.Shop, "扫一扫", "测试"} {
		if !strings.Contains(stream, hexOf(word)) {
			t.Errorf("the poster does not say %s", word)
		}
	}
	for _, latin := range []string{"\xa568.00", "pay.example.com/s/7X2M9K4P"} {
		if !strings.Contains(stream, fmt.Sprintf("%x", latin)) {
			t.Errorf("the poster does not say %q", latin)
		}
	}
	if len(raw) > 30<<10 {
		t.Errorf("the poster has %d bytes", len(raw))
	}
}

// sameCode holds the drawn boxes against the code, module by module.
func sameCode(t *testing.T, boxes [][]string, want *qr.Code) {
	t.Helper()
	black, left, top, module := map[[2]int]bool{}, 0, 0, 0
	for i, box := range boxes {
		var v [4]int
		for j := range v {
			v[j], _ = strconv.Atoi(box[j+1])
		}
		if i == 0 {
			left, top, module = v[0], v[1]+v[3], v[3]
		}
		for x := v[0]; x < v[0]+v[2]; x += module {
			black[[2]int{(x - left) / module, (top - v[1] - v[3]) / module}] = true
		}
	}
	for y := range want.Size {
		for x := range want.Size {
			if black[[2]int{x, y}] != want.Black(x, y) {
				t.Fatalf("module %d,%d is black: %v", x, y, black[[2]int{x, y}])
			}
		}
	}
	if side := module * want.Size * 254 / 72; side < 600 { // tenths of a millimetre
		t.Errorf("the code is %d tenths of a millimetre wide", side)
	}
}

func hexOf(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04x", u)
	}
	return b.String()
}

// TestPDFTextCannotLeaveItsPlace: texts are written in hexadecimal, so that no bracket, no emoji and no length breaks the file or runs over the edge.
func TestPDFTextCannotLeaveItsPlace(t *testing.T) {
	p := samplePoster()
	p.Shop, p.Title, p.Amount = strings.Repeat(`) Tj ET endstream \`, 9), "🍵🍵 "+strings.Repeat("很长的名字", 20), "¥10,000,000,000.00 - ¥10,000,000,000.00"
	raw, err := p.PDF()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Count(raw, []byte("endstream")) != 1 || bytes.Count(raw, []byte(") Tj")) != 0 {
		t.Error("a text came through as an operator")
	}
	for _, m := range regexp.MustCompile(`1 0 0 1 (-?\d+)\.`).FindAllSubmatch(raw, -1) {
		if x, err := strconv.Atoi(string(m[1])); err != nil || x < pdfMargin-1 {
			t.Errorf("a line begins at %s", m[1])
		}
	}
	if pieces, width := pdfPieces("🍵\u202e"); len(pieces) != 0 || width != 0 {
		t.Errorf("%v", pieces)
	}
	if _, err := (Poster{Link: strings.Repeat("x", 5000)}).PDF(); err == nil {
		t.Error("a link that fits no code must be an error")
	}
}

// TestInkOnEveryColour: black or white, whichever is chosen, is read on every colour.
func TestInkOnEveryColour(t *testing.T) {
	for n := 0; n < 1<<24; n += 4099 {
		colour := fmt.Sprintf("#%06x", n)
		if got := contrast(t, InkOn(colour), colour); got < 4.5 {
			t.Fatalf("%s on %s has a contrast of %.2f", InkOn(colour), colour, got)
		}
	}
	if InkOn("red") != "#ffffff" {
		t.Error("a word is no colour")
	}
}
