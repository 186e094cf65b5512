package ui

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
)

// The page is A4 in points. The poster's measures in pixels become points by pdfScale thousandths.
const (
	pdfWidth  = 595
	pdfHeight = 842
	pdfMargin = 40
	pdfScale  = 826
	pdfModule = 9 // points of a QR module at most: a code of 41 modules is then 13 cm wide
)

// helvetica are the widths of the printable ASCII characters of the standard font, in thousandths of its size (Adobe's metrics, Helvetica).
var helvetica = [95]int{
	278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
	1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
	333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
}

// winAnsi are the few signs beyond ASCII that the standard font writes, with their code and width.
var winAnsi = map[rune][2]int{'¥': {0xa5, 556}, '€': {0x80, 556}, '£': {0xa3, 556}, '·': {0xb7, 278}, '–': {0x96, 556}, '…': {0x85, 1000}}

// PDF draws the poster on A4, all of it as lines and letters: the code is sharp at any printer. Latin is written in a standard font, Chinese in the song face that
// every reader either has or replaces by its own (ISO 32000-1, 9.7.5.2): no font of others travels along. What neither can write is left out.
func (p Poster) PDF() ([]byte, error) {
	code, err := p.encode()
	if err != nil {
		return nil, err
	}
	var c pdfPage
	fmt.Fprintf(&c.out, "0.078 0.329 0.235 rg 0 %d %d 10 re f\n", pdfHeight-10, pdfWidth)
	y := pdfHeight - 92
	green, ink, quiet, amber := "0.078 0.329 0.235", "0.086 0.125 0.102", "0.333 0.380 0.353", "0.490 0.306 0"
	for _, line := range wrap(p.Shop, 34, 1) {
		c.centre(y, 34*pdfScale, green, line)
	}
	y -= 44
	for _, line := range wrap(p.Title, 30, 2) {
		c.centre(y, 30*pdfScale, ink, line)
		y -= 34
	}
	c.centre(y-36, 68*pdfScale, ink, p.Amount)
	module := min(pdfModule, (pdfWidth-2*pdfMargin)/code.Size)
	side := module * code.Size
	left, top := (pdfWidth-side)/2, y-36-24-quietZone*module
	c.out.WriteString("0 g\n")
	for row := range code.Size {
		for col := 0; col < code.Size; col++ {
			run := 0
			for code.Black(col+run, row) { // outside the code nothing is black
				run++
			}
			if run > 0 {
				fmt.Fprintf(&c.out, "%d %d %d %d re\n", left+col*module, top-(row+1)*module, run*module, module)
				col += run
			}
		}
	}
	c.out.WriteString("f\n")
	y = top - side - quietZone*module - 8
	for _, line := range wrap(p.Apps, 26, 2) {
		c.centre(y, 26*pdfScale, ink, line)
		y -= 30
	}
	c.centre(y-6, 24*pdfScale, quiet, p.Typed)
	if p.Test {
		c.centre(24, 24*pdfScale, amber, testMark+" 测试")
	}
	return c.document(strings.Join([]string{p.Shop, p.Title, p.Amount}, ", "), p.Lang), nil
}

// pdfPage collects the drawing of one page.
type pdfPage struct{ out bytes.Buffer }

// centre writes one line around the middle. Size is in thousandths of a point and shrinks until the line fits.
func (c *pdfPage) centre(y, size int, colour, text string) {
	pieces, width := pdfPieces(text)
	if width == 0 {
		return
	}
	size = min(size, (pdfWidth-2*pdfMargin)*1_000_000/width)
	left := pdfWidth*1000/2 - width*size/2000 // thousandths of a point
	fmt.Fprintf(&c.out, "%s rg BT 1 0 0 1 %s %d Tm", colour, points(left), y)
	for _, piece := range pieces {
		fmt.Fprintf(&c.out, " /%s %s Tf <%s> Tj", piece.font, points(size), piece.hex)
	}
	c.out.WriteString(" ET\n")
}

// points writes thousandths as PDF does numbers.
func points(thousandths int) string {
	return fmt.Sprintf("%d.%03d", thousandths/1000, thousandths%1000)
}

// pdfPiece is a stretch of text in one font.
type pdfPiece struct{ font, hex string }

// pdfPieces parts a text by the font that writes it, and measures it in thousandths of its size.
func pdfPieces(text string) (pieces []pdfPiece, width int) {
	add := func(font, hex string) {
		if n := len(pieces); n > 0 && pieces[n-1].font == font {
			pieces[n-1].hex += hex
			return
		}
		pieces = append(pieces, pdfPiece{font, hex})
	}
	for _, r := range text {
		switch sign, known := winAnsi[r]; {
		case r >= ' ' && r <= '~':
			add("F1", fmt.Sprintf("%02x", r))
			width += helvetica[r-' ']
		case known:
			add("F1", fmt.Sprintf("%02x", sign[0]))
			width += sign[1]
		case chinese(r):
			add("F2", fmt.Sprintf("%04x", r))
			width += 1000
		}
	}
	return pieces, width
}

// chinese are the characters that the song face has: ideographs, their punctuation, and full-width forms.
func chinese(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fa5 || r >= 0x3001 && r <= 0x3017 || r >= 0xff01 && r <= 0xff5e || r == '“' || r == '”' || r == '‘' || r == '’' || r == '—' || r == '×'
}

// document puts the page into a file: nine objects, their places, and where the list of places begins.
func (c *pdfPage) document(title string, lang Lang) []byte {
	utf16Title := "feff"
	for _, unit := range utf16.Encode([]rune(title)) {
		utf16Title += fmt.Sprintf("%04x", unit)
	}
	objects := []string{
		fmt.Sprintf("<< /Type /Catalog /Pages 2 0 R /Lang (%s) >>", lang),
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>", pdfWidth, pdfHeight),
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", c.out.Len(), c.out.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UCS2-H /Encoding /UniGB-UCS2-H /DescendantFonts [7 0 R] >>",
		"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /DW 1000 /FontDescriptor 8 0 R >>",
		"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
		"<< /Title <" + utf16Title + "> >>",
	}
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	places := make([]int, len(objects))
	for i, o := range objects {
		places[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range places {
		fmt.Fprintf(&b, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R /Info 9 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}
