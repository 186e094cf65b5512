package ui

import (
	"math"
	"strconv"
)

// InkOn says whether black or white is read better on a colour (#rrggbb): by WCAG's measure one of them always reaches 4.5 to 1. Anything else takes white.
func InkOn(colour string) string {
	if colourForm.MatchString(colour) && luminanceOf(colour) > 0.179 { // where both contrasts are the same
		return "#000000"
	}
	return "#ffffff"
}

// luminanceOf is the relative luminance of WCAG 2.2.
func luminanceOf(colour string) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0 // its form was checked
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
