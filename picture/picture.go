// Package picture makes a seller's photograph fit for a shop: bytes in, two JPEGs out. Nothing of the upload survives but what can be seen: it is decoded and written
// anew, so that neither a place where it was taken nor markup hidden in it reaches a buyer. What would need too much memory is refused by its header.
package picture

import (
	"bytes"
	"image"
	"image/color"
	_ "image/gif" // what sellers have
	"image/jpeg"
	_ "image/png"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

// Bounds of what is taken.
const (
	// MaxBytes of an upload.
	MaxBytes  = 16 << 20
	maxPixels = 50_000_000
	// maxMemory bounds the bytes that a decoder takes: deep and progressive pictures take more a pixel.
	maxMemory = 4 * maxPixels
	atOnce    = 2
)

// Bounds of what is made: pixels, and bytes of the finished JPEG.
const (
	largeWidth, largeHeight, largeBytes = 1080, 1440, 250 << 10
	smallWidth, smallHeight, smallBytes = 360, 480, 40 << 10
)

// Picture is a photograph in two sizes, both JPEG. Width and Height are the large one's, in pixels.
type Picture struct {
	Large  []byte
	Small  []byte
	Width  int
	Height int
}

// busy lets two pictures be made at the same time: each may need a good part of a small machine's memory.
var busy = make(chan struct{}, atOnce)

// Make reads a JPEG, PNG, GIF (its first frame) or WebP of at most MaxBytes and 50 megapixels, turns it as its camera was held, puts white behind what is
// transparent, and writes it anew in two sizes. It waits while two others are being made. An error is always a *Refusal.
func Make(raw []byte) (Picture, error) {
	if len(raw) > MaxBytes {
		return Picture{}, refuse(TooLarge, nil)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(raw))
	switch {
	case err != nil:
		return Picture{}, refuse(kindOf(raw), err)
	case config.Width < 1 || config.Height < 1:
		return Picture{}, refuse(Broken, nil)
	case config.Width > maxPixels/config.Height || config.Width*config.Height*weight(config.ColorModel, raw) > maxMemory:
		return Picture{}, refuse(TooManyPixels, nil)
	}
	busy <- struct{}{}
	defer func() { <-busy }()
	src, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return Picture{}, refuse(Broken, err)
	}
	turn := 1
	if format == "jpeg" {
		turn = orientation(raw)
	}
	return both(src, turn)
}

// both makes both sizes, the small one out of the large one.
func both(src image.Image, turn int) (Picture, error) {
	large := turned(scaled(src, bound(turn, largeWidth, largeHeight)), turn)
	var p Picture
	var err error
	if p.Large, large, err = encode(large, largeBytes); err != nil {
		return p, err
	}
	small := scaled(large, image.Pt(smallWidth, smallHeight))
	if p.Small, _, err = encode(small, smallBytes); err != nil {
		return p, err
	}
	p.Width, p.Height = large.Rect.Dx(), large.Rect.Dy()
	return p, nil
}

// weight is how many bytes a pixel takes while it is decoded, at most. A progressive JPEG keeps its coefficients, four bytes for each of three samples.
func weight(m color.Model, raw []byte) int {
	switch {
	case m == color.RGBA64Model || m == color.NRGBA64Model:
		return 8
	case progressive(raw):
		return 15
	}
	return 4
}

// bound is the room for a picture before it is turned.
func bound(turn, width, height int) image.Point {
	if turn >= 5 {
		return image.Pt(height, width)
	}
	return image.Pt(width, height)
}

// scaled fits a picture into a room on white, and never makes it larger. What is more than twice too large is averaged first, in whole pixels: a good scaler wants
// memory by the height of what it is given.
func scaled(src image.Image, room image.Point) *image.RGBA {
	size := src.Bounds().Size()
	width, height := size.X, size.Y
	if width > room.X {
		width, height = room.X, max(1, height*room.X/width)
	}
	if height > room.Y {
		width, height = max(1, size.X*room.Y/size.Y), room.Y
	}
	flat := averaged(src, max(1, min(size.X/width, size.Y/height)))
	if flat.Rect.Dx() == width && flat.Rect.Dy() == height {
		return flat
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.CatmullRom.Scale(out, out.Rect, flat, flat.Rect, draw.Src, nil)
	return out
}

// averaged puts a picture on white with by times by pixels made one; what is left over at the right and the bottom falls away. It works strip by strip, so that a deep
// picture is never copied whole.
func averaged(src image.Image, by int) *image.RGBA {
	b := src.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, max(1, b.Dx()/by), max(1, b.Dy()/by)))
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), by))
	for y := range out.Rect.Dy() {
		draw.Draw(strip, strip.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(strip, strip.Rect, src, image.Pt(b.Min.X, b.Min.Y+y*by), draw.Over)
		row := out.Pix[y*out.Stride:]
		for x := range out.Rect.Dx() {
			var sum [3]int
			for dy := range by {
				at := strip.Pix[dy*strip.Stride+x*by*4:]
				for dx := range by {
					sum[0] += int(at[dx*4])
					sum[1] += int(at[dx*4+1])
					sum[2] += int(at[dx*4+2])
				}
			}
			for i, s := range sum {
				row[x*4+i] = uint8((s + by*by/2) / (by * by))
			}
			row[x*4+3] = 255
		}
	}
	return out
}

// turned turns and mirrors a picture as EXIF's eight orientations say.
func turned(src *image.RGBA, turn int) *image.RGBA {
	if turn <= 1 || turn > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Pt(w, h)
	if turn >= 5 {
		size = image.Pt(h, w)
	}
	out := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			sx, sy := x, y
			if turn >= 5 {
				sx, sy = y, x
			}
			if turn == 2 || turn == 3 || turn == 7 || turn == 8 { // the source's right comes first
				sx = w - 1 - sx
			}
			if turn == 3 || turn == 4 || turn == 6 || turn == 7 { // its bottom comes first
				sy = h - 1 - sy
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

// encode writes a JPEG of at most so many bytes: in lower quality first, then smaller. It returns the picture that was written.
func encode(m *image.RGBA, most int) ([]byte, *image.RGBA, error) {
	const best, worst, step = 85, 50, 7
	for {
		for quality := best; quality >= worst; quality -= step {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
				return nil, m, refuse(Broken, err)
			}
			if b.Len() <= most {
				return b.Bytes(), m, nil
			}
		}
		m = scaled(m, image.Pt(max(1, m.Rect.Dx()*3/4), max(1, m.Rect.Dy()*3/4)))
	}
}
