package ui

import (
	"fmt"
	"html"
	"strings"

	"rsc.io/qr"
)

// Poster is a link on paper: who sells, what, for how much, and an ordinary address as a QR, which a long press reads too.
type Poster struct {
	Lang   Lang
	Shop   string
	Title  string
	Amount string
	Link   string // what the QR says
	Apps   string // which apps can scan it, as a sentence
	Typed  string // the short address for those who type, empty without one
	Test   bool   // nobody can really pay this
}

// The poster's measures.
const (
	posterWidth  = 720
	posterHeight = 1040
	posterQR     = 480
	testMark     = "TEST"
	fontFamily   = "system-ui, -apple-system, 'PingFang SC', 'Noto Sans SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif"
)

func (p Poster) encode() (*qr.Code, error) {
	code, err := qr.Encode(p.Link, qr.Q)
	if err != nil {
		return nil, fmt.Errorf("draw a poster: %w", err)
	}
	return code, nil
}

// SVG draws the poster with the reader's own fonts.
func (p Poster) SVG() ([]byte, error) {
	code, err := p.encode()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" lang="%s" role="img" aria-label="%s">`+"\n",
		posterWidth, posterHeight, posterWidth, posterHeight, p.Lang, html.EscapeString(strings.Join([]string{p.Shop, p.Title, p.Amount}, ", ")))
	fmt.Fprintf(&b, `<path fill="#fff" d="M0 0h%dv%dH0z"/><path fill="#14543c" d="M0 0h%dv12H0z"/>`+"\n", posterWidth, posterHeight, posterWidth)
	text := func(y, size int, colour, weight, words string) {
		fmt.Fprintf(&b, `<text x="%d" y="%d" font-family="%s" font-size="%d" font-weight="%s" fill="%s" text-anchor="middle">%s</text>`+"\n",
			posterWidth/2, y, fontFamily, size, weight, colour, html.EscapeString(words))
	}
	y := 92
	for _, line := range wrap(p.Shop, 34, 1) {
		text(y, 34, "#14543c", "600", line)
	}
	y += 56
	for _, line := range wrap(p.Title, 30, 2) {
		text(y, 30, "#16201a", "400", line)
		y += 42
	}
	text(y+56, 68, "#16201a", "600", p.Amount)
	module := posterQR / (code.Size + 2*quietZone)
	side := module * (code.Size + 2*quietZone)
	fmt.Fprintf(&b, `<g transform="translate(%d 372) scale(%d)" shape-rendering="crispEdges"><path stroke="#000" d="%s"/></g>`+"\n", (posterWidth-side)/2, module, codePath(code))
	y = 372 + side + 40
	for _, line := range wrap(p.Apps, 26, 2) {
		text(y, 26, "#16201a", "400", line)
		y += 36
	}
	if p.Typed != "" {
		text(y+10, 24, "#55615a", "400", p.Typed)
	}
	if p.Test {
		text(posterHeight-24, 24, "#7d4e00", "600", testMark+" 测试")
	}
	b.WriteString("</svg>\n")
	return []byte(b.String()), nil
}

// PNG draws the poster with the stroke font, which writes no Chinese: what it cannot write is left to the SVG.
func (p Poster) PNG() ([]byte, error) {
	code, err := p.encode()
	if err != nil {
		return nil, err
	}
	pic := newPicture(posterWidth, posterHeight)
	for y := range 12 {
		for x := range posterWidth {
			pic.SetColorIndex(x, y, accent+steps)
		}
	}
	const most = posterWidth - 96
	if Drawable(p.Shop) {
		pic.write(p.Shop, posterWidth/2, 60, 34, most, accent)
	} else {
		pic.gate(posterWidth/2-42, 40, 84)
	}
	if Drawable(p.Title) {
		pic.write(p.Title, posterWidth/2, 130, 28, most, ink)
	}
	if Drawable(p.Amount) {
		pic.write(p.Amount, posterWidth/2, 210, 84, most, ink)
	}
	pic.code(code, posterWidth/2, 330, posterQR+60)
	if Drawable(p.Typed) {
		pic.write(p.Typed, posterWidth/2, 920, 30, most, ink)
	}
	if p.Test {
		pic.write(testMark, posterWidth/2, 980, 30, most, ink)
	}
	return pic.png()
}

// wrap breaks a text into lines that fit the poster at a size. Wide characters take their whole size, others about half of it; what does not fit ends in an
// ellipsis.
func wrap(text string, size, lines int) []string {
	const margin = 48
	most := (posterWidth - 2*margin) * 100 / size // hundredths of a wide character
	var out []string
	for rest := strings.TrimSpace(text); rest != ""; {
		cut, last := fit(rest, most), len(out) == lines-1
		if cut < len(rest) && last {
			line := strings.TrimSpace(rest[:fit(rest, most-100)])
			return append(out, line+"…")
		}
		if blank := strings.LastIndexByte(rest[:cut], ' '); cut < len(rest) && blank > cut/2 {
			cut = blank
		}
		out = append(out, strings.TrimSpace(rest[:cut]))
		rest = strings.TrimSpace(rest[cut:])
	}
	return out
}

// fit is how many bytes of a text fit into a width, at least one character.
func fit(text string, most int) int {
	used := 0
	for i, r := range text {
		if r < 0x2e80 {
			used += 53
		} else {
			used += 100
		}
		if used > most && i > 0 {
			return i
		}
	}
	return len(text)
}
