package ui

import (
	_ "embed"
	"html/template"
	"regexp"
	"strings"
)

//go:embed tokens.css
var tokensCSS string

//go:embed base.css
var baseCSS string

// Style joins the colour tokens, the base style and a page family's own sheets into the text of one style element, without comments, indentation and the blanks
// beside brackets and signs: it travels with every page.
func Style(own ...string) template.CSS {
	text := squeeze(strings.Join(append([]string{tokensCSS, baseCSS}, own...), "\n"), cssComment)
	return template.CSS(cssBlanks.Replace(text))
}

// cssBlanks are blanks that mean nothing. One before a colon stays: in a selector it does.
var cssBlanks = strings.NewReplacer(" { ", "{", " {\n", "{", " }\n", "}", " }", "}", ";\n}\n", "}", "}\n", "}", ";\n", ";", "; ", ";", ": ", ":", ", ", ",", " > ", ">", "#ffffff", "#fff")

var (
	cssComment = regexp.MustCompile(`(?s)/\*.*?\*/`)
	jsBreaks   = strings.NewReplacer("{\n", "{", ";\n", ";", "\n}", "}") // after these no line break is needed; elsewhere one may end a statement
	jsComment  = regexp.MustCompile(`(?m)^\s*//.*$`)
)

// Script prepares a script for a page's script element: whole-line comments and indentation go. It is our own text, never data.
func Script(own string) template.JS { return template.JS(jsBreaks.Replace(squeeze(own, jsComment))) }

func squeeze(text string, comment *regexp.Regexp) string {
	var b strings.Builder
	for line := range strings.Lines(comment.ReplaceAllString(text, "")) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}
