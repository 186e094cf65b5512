package main

import (
	"fmt"
	"html/template"
	"strings"
)

// The charts of a drill's page are drawn here, as text, with whole numbers only: no library, no script. Each is drawn twice, for a phone and for a desk, and the
// style shows one of the two.

// tones are the classes of a chart's colours, in the order in which bars are stacked: what goes on first, what is lost last.
var tones = []string{"carried", "rerouted", "wayout", "gained", "lost"}

// bar is one row of stacked parts, by tone.
type bar struct {
	label string
	value string
	parts [5]int64
}

func (b bar) total() (sum int64) {
	for _, p := range b.parts {
		sum += p
	}
	return sum
}

// svg is a picture under construction.
type svg struct {
	b     strings.Builder
	class string
	w, h  int64
	alt   string
}

func (s *svg) add(format string, args ...any) { fmt.Fprintf(&s.b, format, args...) }

func (s *svg) text(x, y int64, class, text string) {
	s.add(`<text x="%d" y="%d" class="%s">%s</text>`, x, y, class, template.HTMLEscapeString(text))
}

func (s *svg) done() string {
	return fmt.Sprintf(`<svg class="%s" viewBox="0 0 %d %d" role="img" aria-label="%s">%s</svg>`, s.class, s.w, s.h, template.HTMLEscapeString(s.alt), s.b.String())
}

// both draws a picture for a phone and for a desk.
func both(alt string, height func(w int64) int64, draw func(s *svg)) template.HTML {
	var out strings.Builder
	for _, one := range []struct {
		class string
		w     int64
	}{{"narrow", 328}, {"wide", 880}} {
		s := &svg{class: one.class, w: one.w, h: height(one.w), alt: alt}
		draw(s)
		out.WriteString(s.done())
	}
	return template.HTML(out.String())
}

func fixed(h int64) func(int64) int64 { return func(int64) int64 { return h } }

// stackedBars draws rows of parts on one scale, from zero.
func stackedBars(alt string, rows []bar) template.HTML {
	var most int64 = 1
	for _, r := range rows {
		most = max(most, r.total())
	}
	return both(alt, fixed(int64(len(rows))*48), func(s *svg) {
		for i, r := range rows {
			y, x := int64(i)*48, int64(0)
			s.text(0, y+15, "t", r.label)
			s.text(s.w, y+15, "t end num", r.value)
			for tone, part := range r.parts {
				if width := scale(part, most, s.w); width > 0 {
					s.add(`<rect x="%d" y="%d" width="%d" height="16" class="%s"/>`, x, y+22, width, tones[tone])
					x += width
				}
			}
		}
	})
}

// scale maps a value of at most most to 0 up to span.
func scale(value, most, span int64) int64 {
	for most > 1<<40 {
		value, most = value>>1, most>>1
	}
	return (value*span + most/2) / max(most, 1)
}

// point is one place of a time line.
type point struct {
	label string // under the axis; empty for none
	parts [5]int64
}

// mark is a dated event on a time line.
type mark struct {
	at   int // the point's index
	name string
}

// areas draws stacked areas over time, from zero, with marks as numbered lines.
func areas(alt string, points []point, marks []mark, unit func(int64) string) template.HTML {
	const top, bottom = 24, 26
	var most int64 = 1
	for _, p := range points {
		most = max(most, bar{parts: p.parts}.total())
	}
	return both(alt, func(w int64) int64 { return 200 + w/10 }, func(s *svg) {
		height := s.h - top - bottom
		x := func(i int) int64 { return int64(i) * s.w / max(int64(len(points)-1), 1) }
		y := func(v int64) int64 { return top + height - scale(v, most, height) }
		base := make([]int64, len(points))
		for tone := range tones {
			var up, down strings.Builder
			any := false
			for i, p := range points {
				fmt.Fprintf(&up, "%d,%d ", x(i), y(base[i]+p.parts[tone]))
				any = any || p.parts[tone] > 0
			}
			for i := len(points) - 1; i >= 0; i-- {
				fmt.Fprintf(&down, "%d,%d ", x(i), y(base[i]))
				base[i] += points[i].parts[tone]
			}
			if any {
				s.add(`<polygon points="%s%s" class="%s"/>`, up.String(), down.String(), tones[tone])
			}
		}
		s.add(`<line x1="0" y1="%d" x2="%d" y2="%d" class="axis"/>`, top+height, s.w, top+height)
		s.text(0, top-8, "t small", unit(most))
		last := int64(-100)
		for i, p := range points {
			if p.label != "" && x(i)-last > 58 && x(i) < s.w-50 {
				last = x(i)
				s.text(x(i), s.h-6, "t small", p.label)
			}
		}
		for n, m := range marks {
			s.add(`<line x1="%d" y1="%d" x2="%d" y2="%d" class="mark"/>`, x(m.at), top-4, x(m.at), top+height)
			s.text(min(x(m.at)+3, s.w-16), top+12, "t sign", circled(n))
		}
	})
}

// circled is the n-th mark's sign.
func circled(n int) string { return string(rune('①' + n)) }

// node is one block of a flow: a provider, or what is lost.
type node struct {
	label, value string
	tone         string
	amount       int64
}

// band is money that flows from a node on the left to one on the right.
type band struct {
	from, to int
	amount   int64
	tone     string
}

// flow draws where money comes from and where it goes, as wide as there is of it.
func flow(alt string, left, right []node, bands []band) template.HTML {
	const block, gap, head = 14, 30, 22
	var total int64 = 1
	for _, n := range left {
		total += n.amount
	}
	rows := int64(max(len(left), len(right)))
	return both(alt, fixed(220+rows*gap), func(s *svg) {
		height := s.h - rows*gap - 8
		var labels svg
		place := func(nodes []node, x int64, end bool) []int64 {
			tops, y := make([]int64, len(nodes)), int64(head)
			if !end && s.w < 500 {
				y += 16 // on a phone the first labels of both sides would meet
			}
			for i, n := range nodes {
				tops[i] = y
				h := max(scale(n.amount, total, height), 2)
				s.add(`<rect x="%d" y="%d" width="%d" height="%d" class="%s"/>`, x, y, block, h, n.tone)
				if end {
					labels.text(s.w, y-6, "t end halo "+labelTone(n.tone), n.label+" "+n.value)
				} else {
					labels.text(0, y-6, "t halo", n.label+" "+n.value)
				}
				y += h + gap
			}
			return tops
		}
		from, to := place(left, 0, false), place(right, s.w-block, true)
		a, b, middle := int64(block), s.w-block, s.w/2
		for _, f := range bands {
			h := scale(f.amount, total, height)
			if h == 0 {
				continue
			}
			y1, y2 := from[f.from], to[f.to]
			s.add(`<path d="M%d,%d C%d,%d %d,%d %d,%d V%d C%d,%d %d,%d %d,%d Z" class="band %s"/>`, a, y1, middle, y1, middle, y2, b, y2, y2+h, middle, y2+h, middle, y1+h, a, y1+h, f.tone)
			from[f.from] += h
			to[f.to] += h
		}
		s.b.WriteString(labels.b.String())
	})
}

// labelTone writes what is lost in the warning colour too.
func labelTone(tone string) string {
	if tone == "lost" {
		return "warned"
	}
	return ""
}
