package ui

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// glyphs are a small stroke font of our own for posters in PNG: capitals, digits and a few signs on a grid of six high. A stroke is a row of points "x y"; an
// arc is "E cx cy rx ry from to" in degrees, clockwise from the right. Strokes are parted by semicolons. What it cannot write, it leaves alone: no box ever
// stands for a character.
var glyphs = map[rune]string{
	'0': "E 2 3 2 3 0 360",
	'1': "0 1.4 1.9 0 1.9 6",
	'2': "E 2 1.9 1.9 1.9 190 395 0 6 4 6",
	'3': "E 2 1.5 1.7 1.5 205 450;E 2 4.5 1.9 1.5 270 515",
	'4': "3 6 3 0 0 4.2 4 4.2",
	'5': "3.6 0 0.7 0 0.5 2.8 E 1.95 4.1 1.95 1.9 222 510",
	'6': "E 2 4.1 1.9 1.9 0 360;E 3.2 4.1 3.1 4.1 180 262",
	'7': "0 0 4 0 1.4 6",
	'8': "E 2 1.5 1.6 1.5 0 360;E 2 4.5 2 1.5 0 360",
	'9': "E 2 1.9 1.9 1.9 0 360;E 0.8 1.9 3.1 4.1 0 82",
	'A': "0 6 2 0 4 6;0.7 4 3.3 4",
	'B': "2 3 0.3 3 0.3 0 E 2 1.5 1.5 1.5 270 450;0.3 3 0.3 6 E 2.2 4.5 1.7 1.5 90 -90",
	'C': "E 2.2 3 2.1 3 312 48",
	'D': "E 1.6 3 2.3 3 -90 90 0.3 6 0.3 0 1.6 0",
	'E': "3.5 0 0.3 0 0.3 6 3.5 6;0.3 3 3 3",
	'F': "3.5 0 0.3 0 0.3 6;0.3 3 3 3",
	'G': "E 2.2 3 2.1 3 312 20 4.2 3.2 2.7 3.2",
	'H': "0.2 0 0.2 6;3.8 0 3.8 6;0.2 3 3.8 3",
	'I': "0.2 0 0.2 6",
	'J': "3 0 E 1.5 4.4 1.5 1.6 0 165",
	'K': "0.3 0 0.3 6;3.7 0 0.3 3.7;1.4 2.7 3.9 6",
	'L': "0.3 0 0.3 6 3.4 6",
	'M': "0 6 0 0 2.2 4.2 4.4 0 4.4 6",
	'N': "0.2 6 0.2 0 3.8 6 3.8 0",
	'O': "E 2.2 3 2.2 3 0 360",
	'P': "0.3 6 0.3 0 E 2.2 1.65 1.6 1.65 270 450 0.3 3.3",
	'Q': "E 2.2 3 2.2 3 0 360;2.8 4.4 4.4 6.3",
	'R': "0.3 6 0.3 0 E 2.2 1.65 1.6 1.65 270 450 0.3 3.3;1.9 3.3 3.8 6",
	'S': "E 2 1.5 1.7 1.5 332 90;E 2 4.5 1.9 1.5 270 512",
	'T': "0 0 4 0;2 0 2 6",
	'U': "0.2 0 E 2 4 1.8 2 180 0 3.8 0",
	'V': "0 0 2 6 4 0",
	'W': "0 0 1.4 6 2.8 1 4.2 6 5.6 0",
	'X': "0.1 0 3.9 6;3.9 0 0.1 6",
	'Y': "0 0 2 3.1 4 0;2 3.1 2 6",
	'Z': "0.1 0 3.9 0 0.1 6 3.9 6",
	'¥': "0 0 2 2.8 4 0;2 2.8 2 6;0.5 3.3 3.5 3.3;0.5 4.6 3.5 4.6",
	'$': "E 2 1.5 1.7 1.5 332 90;E 2 4.5 1.9 1.5 270 512;2 -0.7 2 6.7",
	'€': "E 2.6 3 2.1 3 312 48;0 2.3 3 2.3;0 3.7 2.8 3.7",
	'£': "E 2.5 1.6 1.4 1.6 350 180 1.1 6;0 6 3.7 6;0.2 3.2 2.7 3.2",
	'₩': "0 0 1.4 6 2.8 1 4.2 6 5.6 0;0 2.6 5.6 2.6",
	'.': "0.3 6 0.3 6", ',': "0.5 5.8 0.1 7", ':': "0.3 1.8 0.3 1.8;0.3 6 0.3 6", '-': "0.2 3.4 2.4 3.4", '/': "0 6.5 2.4 -0.5", '_': "0 6.8 3 6.8", '&': "4 6 0.9 1.7 E 1.9 1.2 1 1.2 150 390 0.9 3.3 E 1.7 4.5 1.6 1.5 230 20 4.1 3.2",
	'\'': "0.2 0 0.2 1.4", '(': "E 2.2 3 2 4 235 125", ')': "E -0.8 3 2 4 -55 55", '+': "0 3.4 3 3.4;1.5 1.9 1.5 4.9", '·': "0.3 3.2 0.3 3.2", ' ': "",
}

type point struct{ x, y float64 }

// Drawable says that the stroke font can write all of a text.
func Drawable(text string) bool {
	for _, r := range text {
		if _, ok := glyphs[unicode.ToUpper(r)]; !ok {
			return false
		}
	}
	return text != ""
}

// strokes reads a glyph as rows of points.
func strokes(glyph string) [][]point {
	var out [][]point
	for part := range strings.SplitSeq(glyph, ";") {
		var row []point
		fields := strings.Fields(part)
		for i := 0; i < len(fields); {
			if fields[i] == "E" {
				v := numbers(fields[i+1 : i+7])
				row = append(row, arc(v)...)
				i += 7
				continue
			}
			v := numbers(fields[i : i+2])
			row = append(row, point{v[0], v[1]})
			i += 2
		}
		if len(row) > 0 {
			out = append(out, row)
		}
	}
	return out
}

const arcSteps = 24

func arc(v []float64) []point {
	points := make([]point, 0, arcSteps+1)
	for i := range arcSteps + 1 {
		t := (v[4] + (v[5]-v[4])*float64(i)/arcSteps) * math.Pi / 180
		points = append(points, point{v[0] + v[2]*math.Cos(t), v[1] + v[3]*math.Sin(t)})
	}
	return points
}

func numbers(fields []string) []float64 {
	out := make([]float64, len(fields))
	for i, f := range fields {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			panic("ui: the stroke font has a bad number " + f) // a test writes every glyph
		}
		out[i] = n
	}
	return out
}

// lay places a text: its strokes from the left at height one, and its width. A grid's unit is a sixth of the height.
func lay(text string) (rows [][]point, width float64) {
	const gap, blank = 1.5, 2.2
	at := 0.0
	for i, r := range text {
		shape := strokes(glyphs[unicode.ToUpper(r)])
		if i > 0 {
			at += gap
		}
		wide := 0.0
		if len(shape) == 0 {
			wide = blank
		}
		for _, row := range shape {
			placed := make([]point, len(row))
			for j, p := range row {
				wide = max(wide, p.x)
				placed[j] = point{(at + p.x) / 6, p.y / 6}
			}
			rows = append(rows, placed)
		}
		at += wide
	}
	return rows, at / 6
}
