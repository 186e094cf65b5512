package ui

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"sync"

	"rsc.io/qr"
)

// The inks of a picture, dark and green, each in eight levels from paper: sixteen colours are half a byte a pixel.
const (
	levels = 8
	steps  = levels - 1
	ink    = 0
	accent = levels
)

var inks = func() color.Palette {
	var p color.Palette
	for _, c := range [][3]int{{0x16, 0x20, 0x1a}, {0x14, 0x54, 0x3c}} {
		for i := range steps + 1 {
			mix := func(v int) uint8 { return uint8(255 - (255-v)*i/steps) }
			p = append(p, color.RGBA{mix(c[0]), mix(c[1]), mix(c[2]), 255})
		}
	}
	return p
}()

// picture is a small painting on white paper.
type picture struct{ *image.Paletted }

func newPicture(width, height int) picture {
	return picture{image.NewPaletted(image.Rect(0, 0, width, height), inks)}
}

// dab covers a pixel by so much (0 to 1) unless more of it is covered already.
func (p picture) dab(x, y, colour int, cover float64) {
	level := uint8(math.Round(min(1, max(0, cover)) * steps))
	if level > 0 && image.Pt(x, y).In(p.Rect) && p.ColorIndexAt(x, y)%levels < level {
		p.SetColorIndex(x, y, uint8(colour)+level)
	}
}

// line draws a stroke with a round pen.
func (p picture) line(a, b point, pen float64, colour int) {
	reach := pen/2 + 1
	for y := int(min(a.y, b.y) - reach); y <= int(max(a.y, b.y)+reach); y++ {
		for x := int(min(a.x, b.x) - reach); x <= int(max(a.x, b.x)+reach); x++ {
			p.dab(x, y, colour, pen/2+0.5-distance(point{float64(x) + 0.5, float64(y) + 0.5}, a, b))
		}
	}
}

// distance is from a point to a stretch.
func distance(q, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		t = min(1, max(0, ((q.x-a.x)*dx+(q.y-a.y)*dy)/length))
	}
	return math.Hypot(q.x-a.x-t*dx, q.y-a.y-t*dy)
}

// write draws a text with its middle at x and its top at y, as high as asked and not wider than most.
func (p picture) write(text string, x, y, height, most float64, colour int) {
	rows, width := lay(text)
	if width == 0 {
		return
	}
	size := min(height, most/width)
	left, top := x-width*size/2, y+(height-size)/2
	for _, row := range rows {
		for i := range row {
			a, b := row[max(0, i-1)], row[i]
			p.line(point{left + a.x*size, top + a.y*size}, point{left + b.x*size, top + b.y*size}, size*0.13, colour)
		}
	}
}

// gate draws the house's sign in a square: an arch with a door in it.
func (p picture) gate(left, top, size float64) {
	inside := func(x, y float64) bool {
		arch := func(x0, x1, middle, radius float64) bool {
			return x >= x0 && x <= x1 && y <= 21 && (y >= middle || math.Hypot(x-12, y-middle) <= radius)
		}
		return arch(3, 21, 11, 9) && !arch(8, 16, 12, 4)
	}
	for y := int(top); y <= int(top+size); y++ {
		for x := int(left); x <= int(left+size); x++ {
			hits := 0
			for i := range 16 {
				sx, sy := float64(x)+float64(i%4)/4+0.125, float64(y)+float64(i/4)/4+0.125
				if inside((sx-left)*24/size, (sy-top)*24/size) {
					hits++
				}
			}
			p.dab(x, y, accent, float64(hits)/16)
		}
	}
}

// code draws a QR with its quiet zone in whole pixels a module, its middle at x and its top at y, at most so large. It returns the side without the quiet zone.
func (p picture) code(c *qr.Code, x, y, most int) int {
	module := most / (c.Size + 2*quietZone)
	left, top := x-c.Size*module/2, y+quietZone*module
	for row := range c.Size * module {
		for col := range c.Size * module {
			if c.Black(col/module, row/module) {
				p.SetColorIndex(left+col, top+row, ink+steps)
			}
		}
	}
	return c.Size * module
}

func (p picture) png() ([]byte, error) {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed} // a flat picture is small at any level
	if err := encoder.Encode(&b, p.Paletted); err != nil {
		return nil, fmt.Errorf("write a picture: %w", err)
	}
	return b.Bytes(), nil
}

const cardSide = 480 // pixels; share cards want at least 300

// cardSign is the card without its amount: the sign is the same on all of them.
var cardSign = sync.OnceValue(func() picture {
	p := newPicture(cardSide, cardSide)
	p.gate(cardSide/2-120, 40, 240)
	return p
})

// CardPNG is the picture of a share card: the sign, and the amount.
func CardPNG(amount string) ([]byte, error) {
	p := newPicture(cardSide, cardSide)
	copy(p.Pix, cardSign().Pix)
	if Drawable(amount) {
		p.write(amount, cardSide/2, 330, 84, cardSide-64, ink)
	}
	return p.png()
}
