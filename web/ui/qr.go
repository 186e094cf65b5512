package ui

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"rsc.io/qr"
)

const quietZone = 4 // modules of white around the code (ISO/IEC 18004)

// QR draws content as an inline SVG with error correction M and its quiet zone, dark on white in every colour scheme so that cameras read it. The label is what
// a screen reader says.
func QR(content, label string) (template.HTML, error) {
	code, err := qr.Encode(content, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw a QR code: %w", err)
	}
	size := strconv.Itoa(code.Size + 2*quietZone)
	return template.HTML(`<svg class="qr" role="img" aria-label="` + template.HTMLEscapeString(label) + `" viewBox="0 0 ` + size + " " + size +
		`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + size + "v" + size + `H0z"/><path stroke="#000" d="` + codePath(code) + `"/></svg>`), nil
}

// codePath is the dark modules as SVG path data, inside the quiet zone: strokes along the middle of each row, one unit wide, since they take half the bytes of boxes.
func codePath(code *qr.Code) string {
	var path strings.Builder
	for y := range code.Size {
		at := -1 // where the row's last stroke ended
		for x := 0; x < code.Size; x++ {
			run := 0
			for code.Black(x+run, y) { // outside the code nothing is black
				run++
			}
			if run == 0 {
				continue
			}
			if at < 0 {
				fmt.Fprintf(&path, "M%d %d.5", x+quietZone, y+quietZone)
			} else {
				fmt.Fprintf(&path, "m%d 0", x-at)
			}
			fmt.Fprintf(&path, "h%d", run)
			x += run
			at = x
		}
	}
	return path.String()
}
