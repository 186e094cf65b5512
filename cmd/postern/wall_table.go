package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"postern/wall"
)

// letters are the states as one sign each.
var letters = map[string]string{wall.StateWorks: "W", wall.StateWayOut: "O", wall.StateBlocked: "B", wall.StateUnknown: "?"}

// letter is a cell's sign; a star says that not everybody may sign up for it.
func letter(c wall.Cell) string {
	if c.Signing != "" {
		return letters[c.State] + "*"
	}
	return letters[c.State]
}

// writeTable prints places down and products across, and below it each cell's story. Only products for a page stand across; the others have a story only.
func writeTable(out io.Writer, t wall.Table, links []wall.Link) {
	fmt.Fprintf(out, "The wall on %s, by the data of %s. No cell is device-tested.\n", t.At, t.Version)
	fmt.Fprintf(out, "W works, O not here but there is a way out, B blocked, ? not known; * not open to new agreements, or only on conditions\n\n")
	label, names := 0, make([]string, len(t.Rows))
	for i, r := range t.Rows {
		names[i] = r.Container
		if r.Form != wall.Phone || i+1 < len(t.Rows) && t.Rows[i+1].Container == r.Container {
			names[i] += " (" + r.Form + ")"
		}
		label = max(label, len(names[i]))
	}
	online := t.Online()
	widths := writeHead(out, label, online.Columns)
	for r := range online.Rows {
		line := fmt.Sprintf("%-*s", label, names[r])
		for i, c := range online.Cells[r] {
			line += fmt.Sprintf("  %-*s", widths[i], letter(c))
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
	writeCells(out, t)
	writeLinks(out, links)
}

// writeHead prints the providers above their products, and returns how wide each column is.
func writeHead(out io.Writer, label int, columns []wall.Product) []int {
	above, below := fmt.Sprintf("%-*s", label, ""), fmt.Sprintf("%-*s", label, "")
	widths := make([]int, len(columns))
	for i, p := range columns {
		widths[i] = len(p.Product)
		if i > 0 && columns[i-1].Provider == p.Provider {
			continue
		}
		room := -2 // a provider's name stands over its first product and must fit over all of them
		for j := i; j < len(columns) && columns[j].Provider == p.Provider; j++ {
			room += len(columns[j].Product) + 2
		}
		widths[i] += max(0, len(p.Provider)-room)
		above += fmt.Sprintf("  %-*s", max(room, len(p.Provider)), p.Provider)
	}
	for i, p := range columns {
		below += fmt.Sprintf("  %-*s", widths[i], p.Product)
	}
	fmt.Fprintf(out, "%s\n%s\n", strings.TrimRight(above, " "), strings.TrimRight(below, " "))
	return widths
}

// writeCells tells every cell of the table once, under its product.
func writeCells(out io.Writer, t wall.Table) {
	for i, p := range t.Columns {
		told := map[wall.Cell]bool{}
		for r := range t.Rows {
			c := t.Cells[r][i]
			if told[c] || c.Evidence == wall.EvidenceUnknown && c.Note == "" {
				continue
			}
			if len(told) == 0 {
				fmt.Fprintf(out, "\n%s %s (%s)\n", p.Provider, p.Product, p.EN)
			}
			told[c] = true
			where := c.Container
			if c.Form != "" {
				where += " (" + c.Form + ")"
			}
			fmt.Fprintf(out, "  %-2s %-32s %s\n", letter(c), where, fact(c.WayOut, c.Span, c.Dates, c.Signing, c.ClosedBy, c.Who, c.Evidence, c.Overlay))
			writeNote(out, c.Note, c.Source)
		}
	}
}

// writeLinks tells whether links to other platforms open.
func writeLinks(out io.Writer, links []wall.Link) {
	if len(links) > 0 {
		fmt.Fprintf(out, "\nlinks\n")
	}
	for _, l := range links {
		where := l.Target + " in " + l.Container
		if l.Scene != "" {
			where += " (" + l.Scene + ")"
		}
		fmt.Fprintf(out, "  %-2s %-32s %s\n", letters[l.State], where, fact(l.WayOut, l.Span, l.Dates, "", l.ClosedBy, l.Who, l.Evidence, l.Overlay))
		writeNote(out, l.Note, l.Source)
	}
}

// fact is one line: the way out, since when and until when, by whom, and on what evidence.
func fact(wayOut string, span wall.Span, dates, signing, closedBy, who, evidence string, own bool) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if wayOut != "" {
		add("way out: %s", wayOut)
	}
	if !span.From.IsZero() {
		add("since %s%s", about(dates == wall.AboutBoth || dates == wall.AboutFrom), span.From)
	}
	if !span.Until.IsZero() {
		add("until %s%s", about(dates == wall.AboutBoth || dates == wall.AboutTo), span.Until)
	}
	switch signing {
	case wall.SigningExisting:
		add("existing agreements only")
	case wall.SigningLimited:
		add("new agreements on conditions")
	}
	if who != "" && closedBy != "" {
		add("by the %s, %s", closedBy, who)
	} else if who != "" {
		add("by %s", who)
	}
	add("%s", evidence)
	if own {
		add("overlay")
	}
	return strings.Join(parts, "; ")
}

func about(rough bool) string {
	if rough {
		return "about "
	}
	return ""
}

func writeNote(out io.Writer, note, source string) {
	if note != "" {
		fmt.Fprintf(out, "     %s\n", note)
	}
	if source != "" {
		fmt.Fprintf(out, "     [%s]\n", source)
	}
}

func writeEntry(out io.Writer, e wall.Entry) {
	date := e.Date.String()
	if !e.Until.IsZero() {
		date += " to " + e.Until.String()
	}
	if e.Dates != "" {
		date += ", " + e.Dates
	}
	fmt.Fprintf(out, "%-31s  %s: %s\n", date, e.Who, e.EN)
	note := e.Evidence
	if e.Source != "" {
		note += ": " + e.Source
	}
	fmt.Fprintf(out, "%33s[%s]\n", "", note)
	if e.Note != "" {
		fmt.Fprintf(out, "%33s%s\n", "", e.Note)
	}
}

// writeTableJSON writes the same for programs: one answer a place and product.
func writeTableJSON(out io.Writer, t wall.Table, links []wall.Link) error {
	type answer struct {
		Container string    `json:"container"`
		Form      string    `json:"form"`
		Cell      wall.Cell `json:"cell"`
	}
	doc := struct {
		Date    wall.Moment `json:"date"`
		Version string      `json:"version"`
		Answers []answer    `json:"answers"`
		Links   []wall.Link `json:"links"`
	}{t.At, t.Version, []answer{}, links}
	if doc.Links == nil {
		doc.Links = []wall.Link{}
	}
	for r, seen := range t.Rows {
		for _, c := range t.Cells[r] {
			doc.Answers = append(doc.Answers, answer{seen.Container, seen.Form, c})
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(doc)
}
