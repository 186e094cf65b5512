package shop

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"testing"

	"postern"
)

// photo draws a cup of tea on a table as a camera might see it: soft light, grain, blurred edges. No picture of others is in the tests.
func photo(t testing.TB, width, height, quality int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	noise := uint32(7)
	for py := range height {
		for px := range width {
			x, y := float64(px)/float64(width), float64(py)/float64(width)
			noise = noise*1664525 + 1013904223
			grain := (float64(noise>>16&0xff)/255 - 0.5) * 0.03
			c := scenery(x, y, float64(height)/float64(width))
			img.SetRGBA(px, py, color.RGBA{level(c[0] + grain), level(c[1] + grain), level(c[2] + grain), 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func level(v float64) uint8 { return uint8(255 * min(1, max(0, v))) }

// blend lays a colour over another, softly: inside when the distance is below zero.
func blend(under, over [3]float64, distance, soft, most float64) [3]float64 {
	t := min(1, max(0, 0.5-distance/soft)) * most
	for i := range under {
		under[i] += (over[i] - under[i]) * t
	}
	return under
}

func ellipse(x, y, cx, cy, rx, ry float64) float64 {
	return (math.Hypot((x-cx)/rx, (y-cy)/ry) - 1) * min(rx, ry)
}

func scenery(x, y, tall float64) [3]float64 {
	light := 1.05 - 0.5*math.Hypot(x-0.2, y-0.1)
	c := [3]float64{0.42 * light, 0.47 * light, 0.43 * light} // a wall out of focus
	c = blend(c, [3]float64{0.62, 0.66, 0.55}, ellipse(x, y, 0.85, 0.18, 0.25, 0.22), 0.3, 0.5)
	grainOfWood := 0.04*math.Sin(60*y+3*math.Sin(9*x)) + 0.02*math.Sin(140*y)
	c = blend(c, [3]float64{(0.50 + grainOfWood) * light, (0.33 + grainOfWood) * light, (0.20 + grainOfWood) * light}, 0.52*tall-y, 0.06, 1)
	cy := 0.56 * tall
	c = blend(c, [3]float64{0.10, 0.07, 0.05}, ellipse(x, y, 0.57, cy+0.25, 0.36, 0.07), 0.14, 0.75) // its shadow
	shade := 0.92 - 0.55*max(0, x-0.35) - 0.15*max(0, 0.4-x)
	body := max(ellipse(x, y, 0.5, cy-0.02, 0.30, 0.27), cy-0.06-y)
	c = blend(c, [3]float64{shade, shade * 0.98, shade * 0.94}, body, 0.008, 1)
	c = blend(c, [3]float64{0.97, 0.96, 0.93}, ellipse(x, y, 0.5, cy-0.06, 0.30, 0.085), 0.008, 1) // the rim
	c = blend(c, [3]float64{0.62 + 0.25*x, 0.33 + 0.2*x, 0.08}, ellipse(x, y, 0.5, cy-0.05, 0.275, 0.07), 0.012, 1)
	c = blend(c, [3]float64{0.98, 0.86, 0.55}, ellipse(x, y, 0.40, cy-0.07, 0.07, 0.013), 0.02, 0.8)
	for i := range 9 { // leaves beside it
		a := float64(i) * 2.1
		lx, ly := 0.16+0.11*math.Cos(a)*float64(i%4+1)/3, cy+0.26+0.035*math.Sin(a)*float64(i%3+1)
		u, v := (x-lx)*math.Cos(a)+(y-ly)*math.Sin(a), (y-ly)*math.Cos(a)-(x-lx)*math.Sin(a)
		c = blend(c, [3]float64{0.16 + 0.03*math.Cos(a), 0.22, 0.10}, ellipse(u, v, 0, 0, 0.05, 0.012), 0.006, 0.95)
	}
	return c
}

func samplePhoto(t testing.TB, height int64) postern.Picture {
	t.Helper()
	return postern.Picture{Width: 1080, Height: height, Large: photo(t, 1080, int(height), 82), Small: photo(t, 360, int(height)*360/1080, 80)}
}
