package ui

import (
	"image/png"
	"io"
	"testing"

	"rsc.io/qr"
)

// BenchmarkCardPNG is the picture of a share card, which every first view of a page asks for.
func BenchmarkCardPNG(b *testing.B) {
	for b.Loop() {
		if _, err := CardPNG("¥1,234.00"); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPoster is a poster in both forms, beside the library's own bare code.
func BenchmarkPoster(b *testing.B) {
	p := samplePoster()
	for name, draw := range map[string]func() ([]byte, error){"svg": p.SVG, "png": p.PNG} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := draw(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("bare code", func(b *testing.B) {
		for b.Loop() {
			code, err := qr.Encode(p.Link, qr.Q)
			if err != nil {
				b.Fatal(err)
			}
			if err := png.Encode(io.Discard, code.Image()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
