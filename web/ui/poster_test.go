package ui

import (
	"bytes"
	"encoding/xml"
	"flag"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rsc.io/qr"
)

var pictures = flag.String("pictures", "", "a folder for posters and cards")

func samplePoster() Poster {
	return Poster{
		Lang: ZH, Shop: "云上茶铺", Title: "凤凰单丛 蜜兰香 100 克", Amount: "¥68.00", Link: "https://pay.example.com/l/7x2m9k4p8q3w6r5t1v0c8n2d4f",
		Apps: "用微信、支付宝或手机相机扫一扫", Typed: "pay.example.com/s/7X2M9K4P",
	}
}

func decode(t *testing.T, raw []byte) image.Image {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func keep(t *testing.T, name string, raw []byte) {
	t.Helper()
	if *pictures != "" {
		if err := os.WriteFile(filepath.Join(*pictures, name), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func dark(m image.Image, x, y int) bool {
	r, g, b, _ := m.At(x, y).RGBA()
	return r+g+b < 3*0x8000
}

// TestThePosterSaysTheLink reads the code off the finished PNG, module by module, and measures it.
func TestThePosterSaysTheLink(t *testing.T) {
	p := samplePoster()
	raw, err := p.PNG()
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "poster.zh-CN.png", raw)
	m := decode(t, raw)
	want, err := qr.Encode(p.Link, qr.Q)
	if err != nil {
		t.Fatal(err)
	}
	module := (posterQR + 60) / (want.Size + 2*quietZone)
	if side := module * want.Size; side < 220 {
		t.Errorf("the code is %d px wide, want 220", side)
	}
	left, top := posterWidth/2-want.Size*module/2, 330+quietZone*module
	for y := -quietZone; y < want.Size+quietZone; y++ {
		for x := -quietZone; x < want.Size+quietZone; x++ {
			if got := dark(m, left+x*module+module/2, top+y*module+module/2); got != want.Black(x, y) {
				t.Fatalf("module %d,%d is dark: %v", x, y, got)
			}
		}
	}
	if len(raw) > 30<<10 {
		t.Errorf("the poster has %d bytes", len(raw))
	}
}

// TestPostersNeverShowBoxes: what the stroke font cannot write is not drawn at all, and what it can is.
func TestPostersNeverShowBoxes(t *testing.T) {
	inked := func(p Poster, from, to int) int {
		raw, err := p.PNG()
		if err != nil {
			t.Fatal(err)
		}
		m, n := decode(t, raw), 0
		for y := from; y < to; y++ {
			for x := range posterWidth {
				if dark(m, x, y) {
					n++
				}
			}
		}
		return n
	}
	chinese, english := samplePoster(), samplePoster()
	english.Shop, english.Title = "Cloud Tea", "Phoenix Dancong, Honey Orchid, 100 g"
	if n := inked(chinese, 128, 165); n != 0 {
		t.Errorf("%d dark pixels where a Chinese title cannot be written", n)
	}
	if n := inked(english, 128, 165); n == 0 {
		t.Error("the English title is not written")
	}
	if raw, err := english.PNG(); err == nil {
		keep(t, "poster.en.png", raw)
	}
	for _, glyph := range glyphs { // each can be read
		strokes(glyph)
	}
	if Drawable("茶") || Drawable("") || !Drawable("HK$1,234.00 ¥€£₩ a/z:9-x") {
		t.Error("Drawable is wrong about what the font holds")
	}
}

func TestThePosterAsSVG(t *testing.T) {
	p := samplePoster()
	p.Title, p.Test = `<script>alert("茶")</script> & `+strings.Repeat("很长的名字", 20), true
	raw, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	keep(t, "poster.zh-CN.svg", raw)
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	var text []string
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok {
			for _, a := range e.Attr {
				if a.Name.Local == "href" || a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("<%s %s>", e.Name.Local, a.Name.Local)
				}
			}
			if e.Name.Local == "script" || e.Name.Local == "image" || e.Name.Local == "style" {
				t.Errorf("the poster has a <%s>", e.Name.Local)
			}
		}
		if c, ok := token.(xml.CharData); ok {
			text = append(text, string(c))
		}
	}
	whole := strings.Join(text, "\n")
	for _, want := range []string{"云上茶铺", "¥68.00", "扫一扫", "7X2M9K4P", "<script>", "…", "测试"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the poster does not say %s", want)
		}
	}
	if _, err := (Poster{Link: strings.Repeat("x", 5000)}).SVG(); err == nil {
		t.Error("a link that fits no code must be an error")
	}
}

// TestTheCardIsLargeEnough: share cards take no picture below 300 pixels.
func TestTheCardIsLargeEnough(t *testing.T) {
	for name, amount := range map[string]string{"card.png": "¥68.00", "card-large.png": "¥1,234,567,890.00", "card-plain.png": "茶"} {
		raw, err := CardPNG(amount)
		if err != nil {
			t.Fatal(err)
		}
		keep(t, name, raw)
		m := decode(t, raw)
		if b := m.Bounds(); b.Dx() < 300 || b.Dy() < 300 || len(raw) > 10<<10 {
			t.Errorf("%s: %v, %d bytes", name, b, len(raw))
		}
		n := 0
		for y := 320; y < 430; y++ {
			for x := range cardSide {
				if dark(m, x, y) {
					n++
				}
			}
		}
		if Drawable(amount) != (n > 0) {
			t.Errorf("%s: %d dark pixels of the amount", name, n)
		}
	}
}
