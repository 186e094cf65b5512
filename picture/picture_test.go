package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"runtime"
	"strings"
	"testing"
)

var (
	red   = color.RGBA{200, 30, 30, 255}
	green = color.RGBA{30, 160, 60, 255}
	blue  = color.RGBA{30, 60, 200, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// corners is a picture with a colour in each quarter: top left, top right, bottom left, bottom right.
func corners(w, h int, c [4]color.RGBA) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, c[y*2/h*2+x*2/w])
		}
	}
	return m
}

func jpegOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// exif is what a telephone writes: how it was held, and where it was (as a text that must not survive).
func exif(order binary.AppendByteOrder, turn uint16) []byte {
	tiff := []byte("II*\x00")
	if order.String() == binary.BigEndian.String() {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	tiff = order.AppendUint16(tiff, 0x010f) // the maker's name comes first
	tiff = order.AppendUint16(tiff, 2)
	tiff = order.AppendUint32(tiff, 24)
	tiff = order.AppendUint32(tiff, 64)
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, turn)
	tiff = append(tiff, 0, 0, 0, 0, 0, 0)
	return append(tiff, "GPS N31.2304 E121.4737 <script>alert(1)</script>"...)
}

// held puts an EXIF segment into a JPEG.
func held(raw, tiff []byte) []byte {
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, raw[:2]...)
	out = append(out, 0xff, markApp1)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(segment)))
	return append(append(out, segment...), raw[2:]...)
}

func decoded(t *testing.T, raw []byte) image.Image {
	t.Helper()
	m, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(a color.Color, b color.RGBA) bool {
	r, g, bl, _ := a.RGBA()
	for _, d := range []int{int(r>>8) - int(b.R), int(g>>8) - int(b.G), int(bl>>8) - int(b.B)} {
		if d < -24 || d > 24 {
			return false
		}
	}
	return true
}

// seen checks the four quarters of a finished picture.
func seen(t *testing.T, raw []byte, want [4]color.RGBA) {
	t.Helper()
	m := decoded(t, raw)
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	for i, at := range []image.Point{{w / 4, h / 4}, {w * 3 / 4, h / 4}, {w / 4, h * 3 / 4}, {w * 3 / 4, h * 3 / 4}} {
		if got := m.At(at.X, at.Y); !near(got, want[i]) {
			t.Errorf("quarter %d is %v, want %v", i, got, want[i])
		}
	}
}

func made(t *testing.T, raw []byte) Picture {
	t.Helper()
	p, err := Make(raw)
	if err != nil {
		t.Fatal(err)
	}
	large, small := decoded(t, p.Large).Bounds(), decoded(t, p.Small).Bounds()
	if large.Dx() != p.Width || large.Dy() != p.Height || p.Width > largeWidth || p.Height > largeHeight || small.Dx() > smallWidth || small.Dy() > smallHeight {
		t.Errorf("the large one is %v and says %dx%d, the small one is %v", large, p.Width, p.Height, small)
	}
	if len(p.Large) > largeBytes || len(p.Small) > smallBytes {
		t.Errorf("the large one has %d bytes, the small one %d", len(p.Large), len(p.Small))
	}
	return p
}

// TestOrientations: however the camera was held, the buyer sees the picture upright. The table is EXIF's own: which side of the scene is in the first row and in the
// first column of what was stored.
func TestOrientations(t *testing.T) {
	const tl, tr, bl, br = 0, 1, 2, 3
	scene := [4]color.RGBA{red, green, blue, white}
	for turn, stored := range map[uint16][4]int{
		1: {tl, tr, bl, br}, 2: {tr, tl, br, bl}, 3: {br, bl, tr, tl}, 4: {bl, br, tl, tr}, 5: {tl, bl, tr, br}, 6: {tr, br, tl, bl}, 7: {br, tr, bl, tl}, 8: {bl, tl, br, tr},
	} {
		w, h := 96, 64
		if turn >= 5 {
			w, h = h, w
		}
		var c [4]color.RGBA
		for i, corner := range stored {
			c[i] = scene[corner]
		}
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			p := made(t, held(jpegOf(t, corners(w, h, c)), exif(order, turn)))
			if p.Width != 96 || p.Height != 64 {
				t.Errorf("orientation %d: %dx%d", turn, p.Width, p.Height)
			}
			seen(t, p.Large, scene)
			seen(t, p.Small, scene)
		}
	}
}

// TestNothingElseSurvives: place, maker and markup of the upload are in neither picture.
func TestNothingElseSurvives(t *testing.T) {
	raw := held(jpegOf(t, corners(300, 200, [4]color.RGBA{red, green, blue, white})), exif(binary.LittleEndian, 6))
	raw = append(raw, "<html><script>alert(2)</script>"...) // behind the end of the picture
	p := made(t, raw)
	for _, out := range [][]byte{p.Large, p.Small} {
		for _, text := range []string{"Exif", "GPS", "N31", "script", "html"} {
			if bytes.Contains(out, []byte(text)) {
				t.Errorf("%q survived", text)
			}
		}
		segments(out, func(mark byte, _ []byte) bool {
			if mark >= 0xe0 && mark <= 0xef || mark == 0xfe {
				t.Errorf("a segment %#x of remarks", mark)
			}
			return false
		})
	}
}

// TestSizes: large photographs become small ones of the same shape, small ones stay as they are, and thin ones stay pictures.
func TestSizes(t *testing.T) {
	for _, c := range []struct{ w, h, width, height int }{
		{4032, 3024, 1080, 810}, {3024, 4032, 1080, 1440}, {1080, 1440, 1080, 1440}, {2000, 1000, 1080, 540}, {1, 1, 1, 1}, {40, 30, 40, 30}, {9000, 3, 1080, 1}, {3, 9000, 1, 1440}, {1081, 2, 1080, 1},
	} {
		p := made(t, jpegOf(t, corners(c.w, c.h, [4]color.RGBA{red, green, blue, white})))
		if p.Width != c.width || p.Height != c.height {
			t.Errorf("%dx%d became %dx%d, want %dx%d", c.w, c.h, p.Width, p.Height, c.width, c.height)
		}
	}
}

// TestNoiseFits: a picture that cannot be pressed well still keeps its bounds.
func TestNoiseFits(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 1600, 2400))
	seed := uint32(1)
	for i := range m.Pix {
		seed = seed*1664525 + 1013904223
		m.Pix[i] = byte(seed >> 24)
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	p := made(t, jpegOf(t, m))
	t.Logf("noise: %dx%d, %d and %d bytes", p.Width, p.Height, len(p.Large), len(p.Small))
}

// TestKinds: each kind of picture that sellers have is read.
func TestKinds(t *testing.T) {
	four := [4]color.RGBA{red, green, blue, white}
	deep := image.NewNRGBA64(image.Rect(0, 0, 64, 64))
	for y := range 64 {
		for x := range 64 {
			deep.Set(x, y, four[y*2/64*2+x*2/64])
		}
	}
	seen(t, made(t, pngOf(t, deep)).Large, four)
	seen(t, made(t, pngOf(t, corners(64, 64, four))).Large, four)

	clear := image.NewNRGBA(image.Rect(0, 0, 64, 64)) // transparent but for one quarter
	for y := range 32 {
		for x := range 32 {
			clear.Set(x, y, red)
		}
	}
	seen(t, made(t, pngOf(t, clear)).Large, [4]color.RGBA{red, white, white, white})

	frame := func(c color.RGBA) *image.Paletted {
		m := image.NewPaletted(image.Rect(0, 0, 40, 40), color.Palette{c, white})
		return m
	}
	var moving bytes.Buffer
	if err := gif.EncodeAll(&moving, &gif.GIF{Image: []*image.Paletted{frame(red), frame(blue)}, Delay: []int{10, 10}}); err != nil {
		t.Fatal(err)
	}
	seen(t, made(t, moving.Bytes()).Large, [4]color.RGBA{red, red, red, red})

	for _, name := range []string{"cmyk.jpeg", "progressive.jpeg", "lossy.webp", "lossless.webp"} {
		raw, err := os.ReadFile("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := image.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(name, err)
		}
		if p := made(t, raw); p.Width != want.Bounds().Dx() || p.Height != want.Bounds().Dy() {
			t.Errorf("%s: %dx%d", name, p.Width, p.Height)
		}
	}
}

// bomb is a PNG whose header promises more than it holds.
func bomb(width, height uint32, depth byte) []byte {
	header := []byte{0, 0, 0, 13, 'I', 'H', 'D', 'R'}
	header = binary.BigEndian.AppendUint32(header, width)
	header = binary.BigEndian.AppendUint32(header, height)
	header = append(header, depth, 2, 0, 0, 0)
	header = binary.BigEndian.AppendUint32(header, crc32.ChecksumIEEE(header[4:]))
	return append([]byte("\x89PNG\r\n\x1a\n"), header...)
}

// TestRefused: what is no picture, or would need too much, is refused with its reason, and without the memory that it asks for.
func TestRefused(t *testing.T) {
	good := jpegOf(t, corners(400, 300, [4]color.RGBA{red, green, blue, white}))
	slow, err := os.ReadFile("testdata/progressive.jpeg")
	if err != nil {
		t.Fatal(err)
	}
	swollen := bytes.Clone(slow) // the same with another size in its header: 7000 by 6000, progressive
	at := bytes.Index(swollen, []byte{0xff, markProgressive})
	copy(swollen[at+5:], []byte{6000 >> 8, 6000 & 255, 7000 >> 8, 7000 & 255})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, c := range map[string]struct {
		raw  []byte
		want Reason
	}{
		"nothing": {nil, Unknown}, "a page": {[]byte("<!doctype html><script>alert(1)</script>"), Unknown}, "a vector": {[]byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), Unknown},
		"half a JPEG": {good[:len(good)/2], Broken}, "its head": {good[:20], Broken}, "a PNG without its picture": {bomb(100, 100, 8), Broken}, "half a WebP": {[]byte("RIFF\x10\x00\x00\x00WEBPVP8 "), Broken},
		"a bomb": {bomb(60000, 60000, 8), TooManyPixels}, "a wide bomb": {bomb(1<<31-1, 1, 8), TooManyPixels}, "a deep one": {bomb(7000, 6000, 16), TooManyPixels}, "a slow one": {swollen, TooManyPixels},
		"an iPhone's": {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"), HEIC}, "a film": {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), Unknown},
		"too long": {append(bytes.Clone(good), make([]byte, MaxBytes)...), TooLarge},
	} {
		_, err := Make(c.raw)
		var refused *Refusal
		if !errors.As(err, &refused) || refused.Reason != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "script") || err.Error() == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
		t.Errorf("refusing took %d MB", used>>20)
	}
}

// TestTruncated: a file that ends anywhere is refused or still a picture, and never a fault.
func TestTruncated(t *testing.T) {
	good := held(jpegOf(t, corners(48, 32, [4]color.RGBA{red, green, blue, white})), exif(binary.BigEndian, 8))
	for n := range len(good) {
		if p, err := Make(good[:n]); err == nil {
			decoded(t, p.Large)
		}
	}
}

func FuzzMake(f *testing.F) {
	good := jpegOf(f, corners(16, 12, [4]color.RGBA{red, green, blue, white}))
	f.Add(good)
	f.Add(held(good, exif(binary.LittleEndian, 6)))
	f.Add(pngOf(f, corners(8, 8, [4]color.RGBA{red, green, blue, white})))
	f.Add(bomb(60000, 60000, 8))
	for _, name := range []string{"cmyk.jpeg", "progressive.jpeg", "lossy.webp", "lossless.webp"} {
		if raw, err := os.ReadFile("testdata/" + name); err == nil {
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(raw)); err == nil && c.Width > 1<<20/max(1, c.Height) {
			return // a few bytes that promise megapixels take a second each, and show nothing new
		}
		p, err := Make(raw)
		if err != nil {
			var refused *Refusal
			if !errors.As(err, &refused) {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		if len(p.Large) > largeBytes || len(p.Small) > smallBytes || p.Width > largeWidth || p.Height > largeHeight {
			t.Fatalf("%dx%d, %d and %d bytes", p.Width, p.Height, len(p.Large), len(p.Small))
		}
	})
}

func FuzzOrientation(f *testing.F) {
	for turn := range uint16(10) {
		f.Add(held([]byte{0xff, 0xd8, 0xff, 0xda, 0, 2}, exif(binary.LittleEndian, turn)))
		f.Add(held([]byte{0xff, 0xd8, 0xff, 0xda, 0, 2}, exif(binary.BigEndian, turn)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if turn := orientation(raw); turn < 1 || turn > 8 {
			t.Fatalf("orientation %d", turn)
		}
	})
}

// BenchmarkMake is a telephone's photograph of 12 megapixels.
func BenchmarkMake(b *testing.B) {
	m := image.NewRGBA(image.Rect(0, 0, 4032, 3024))
	for i := range m.Pix {
		m.Pix[i] = byte(i>>4) ^ byte(i>>13)
	}
	raw := jpegOf(b, m)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Make(raw); err != nil {
			b.Fatal(err)
		}
	}
}
