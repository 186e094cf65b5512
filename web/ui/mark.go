package ui

import (
	"html/template"
	"regexp"
	"strings"
	"unicode"
)

var (
	colourForm = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)
	glyphForm  = regexp.MustCompile(`^[MmLlHhVvCcSsQqTtAaZz0-9eE ,.+-]+$`)
)

const maxGlyph = 2000 // bytes of path data

// Mark draws a wallet's sign: its glyph (SVG path data on a 24 by 24 grid) in its colour (#rrggbb) on a white tile. Data of another form is left out, so that a
// description can never smuggle markup into a page. The mark says nothing to a screen reader, because the wallet's name always stands beside it.
func Mark(colour, glyph string) template.HTML {
	if !colourForm.MatchString(colour) {
		colour = "#555555"
	}
	path := ""
	if len(glyph) <= maxGlyph && glyphForm.MatchString(glyph) {
		path = `<path fill="` + colour + `" d="` + glyph + `"/>`
	}
	return template.HTML(`<svg class="mark" aria-hidden="true" viewBox="-4 -4 32 32"><rect x="-4" y="-4" width="32" height="32" rx="7" fill="#fff"/>` + path + `</svg>`)
}

// Initial is the one character that stands for a merchant without a logo.
func Initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return strings.ToUpper(string(r))
		}
	}
	return "·"
}
