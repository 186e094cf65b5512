package webtest

import (
	"image"
	"image/color"
	"slices"
)

// palette maps an image to its 256 most frequent colours at five bits a channel. It says no when that would be seen: when more than one pixel in fifty would
// change by more than a little.
func palette(img image.Image) (*image.Paletted, bool) {
	bounds := img.Bounds()
	count := map[color.RGBA]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[at(img, x, y)]++
		}
	}
	colours := make([]color.RGBA, 0, len(count))
	for c := range count {
		colours = append(colours, c)
	}
	slices.SortFunc(colours, func(a, b color.RGBA) int { return count[b] - count[a] })
	kept := color.Palette{}
	for _, c := range colours[:min(256, len(colours))] {
		kept = append(kept, c)
	}
	index := map[color.RGBA]uint8{}
	off := 0
	for _, c := range colours {
		i := kept.Index(c)
		index[c] = uint8(i)
		if far(c, kept[i].(color.RGBA)) {
			off += count[c]
		}
	}
	if off*50 > bounds.Dx()*bounds.Dy() {
		return nil, false
	}
	out := image.NewPaletted(bounds, kept)
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(img, x, y)])
		}
	}
	return out, true
}

func at(img image.Image, x, y int) color.RGBA {
	r, g, b, _ := img.At(x, y).RGBA()
	return color.RGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 0xff}
}

func far(a, b color.RGBA) bool {
	d := func(x, y uint8) int { return max(int(x), int(y)) - min(int(x), int(y)) }
	return d(a.R, b.R)+d(a.G, b.G)+d(a.B, b.B) > 24
}
