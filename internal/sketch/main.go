// Command sketch draws the pictures of the demo's shop, because a shop without pictures is none and ours come from nobody else: go run ./internal/sketch DIR.
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const side = 1080

// canvas is light in linear-ish floats, which blend without banding.
type canvas [side * side][3]float64

type rgb [3]float64

func hex(n int) rgb { return rgb{float64(n>>16) / 255, float64(n>>8&255) / 255, float64(n&255) / 255} }

func mix(a, b rgb, t float64) rgb {
	t = math.Max(0, math.Min(1, t))
	return rgb{a[0] + (b[0]-a[0])*t, a[1] + (b[1]-a[1])*t, a[2] + (b[2]-a[2])*t}
}

// paint covers each pixel near a point with what shade says: a colour and how much of it.
func (c *canvas) paint(x, y, reach float64, shade func(dx, dy float64) (rgb, float64)) {
	for py := max(0, int(y-reach)); py < min(side, int(y+reach)+1); py++ {
		for px := max(0, int(x-reach)); px < min(side, int(x+reach)+1); px++ {
			col, much := shade(float64(px)+0.5-x, float64(py)+0.5-y)
			if much <= 0 {
				continue
			}
			p := &c[py*side+px]
			*p = mix(rgb(*p), col, much)
		}
	}
}

// soft is 1 inside an edge and 0 outside, over a width.
func soft(distance, width float64) float64 {
	return math.Max(0, math.Min(1, 0.5-distance/width))
}

// noise is smooth and repeats nowhere that one sees.
func noise(x, y float64) float64 {
	return (math.Sin(x*1.7+math.Sin(y*1.3)) + math.Sin(y*2.1+math.Sin(x*0.9+1)) + math.Sin((x+y)*0.7+2)) / 3
}

// table fills the ground with boards.
func (c *canvas) table(dark, light rgb) {
	for y := range side {
		board := math.Floor(float64(y) / 216)
		edge := math.Abs(math.Mod(float64(y), 216)-108) / 108
		for x := range side {
			grain := 0.5 + 0.5*noise(float64(x)/160+board*7, float64(y)/9+3*noise(float64(x)/220, board))
			col := mix(dark, light, 0.35+0.4*grain)
			col = mix(col, dark, 0.55*math.Pow(edge, 24))
			vignette := math.Hypot(float64(x)-side/2, float64(y)-side/2) / side
			c[y*side+x] = mix(col, rgb{}, 0.42*vignette*vignette)
		}
	}
}

func (c *canvas) shadow(x, y, r, deep float64) {
	c.paint(x+r*0.10, y+r*0.16, r*1.5, func(dx, dy float64) (rgb, float64) {
		return rgb{0.05, 0.03, 0.02}, deep * soft(math.Hypot(dx, dy)-r, r*0.5)
	})
}

// cake is a sesame flatbread seen from above, lit from the upper left.
func (c *canvas) cake(r *rand.Rand, x, y, size float64) {
	c.shadow(x, y, size, 0.55)
	turn := r.Float64() * 6
	c.paint(x, y, size*1.1, func(dx, dy float64) (rgb, float64) {
		angle := math.Atan2(dy, dx)
		edge := size * (1 + 0.018*math.Sin(5*angle+turn) + 0.012*math.Sin(9*angle+turn*2))
		d := math.Hypot(dx, dy)
		dome := d / edge
		col := mix(hex(0xe9b25f), hex(0xb96f22), math.Pow(dome, 3.2))
		col = mix(col, hex(0x8a4a12), 0.5*math.Pow(dome, 14))
		baked := 0.5 + 0.5*noise(dx/23+turn*5, dy/23-turn*3)
		col = mix(col, hex(0xa55d1c), 0.34*baked*baked)
		light := (-dx - dy) / (edge * 1.5)
		col = mix(col, hex(0xffe3aa), 0.26*math.Max(0, light))
		col = mix(col, hex(0x5e3009), 0.30*math.Max(0, -light))
		return col, soft(d-edge, 2)
	})
	for range int(size * 1.15) {
		a, d := r.Float64()*2*math.Pi, size*0.86*math.Sqrt(r.Float64())
		c.seed(x+d*math.Cos(a), y+d*math.Sin(a), size*0.040, r.Float64()*math.Pi, r.Float64())
	}
}

func (c *canvas) seed(x, y, long, turn, tone float64) {
	sin, cos := math.Sincos(turn)
	drop := func(ox, oy float64, col func(u, v float64) rgb, much float64) {
		c.paint(x+ox, y+oy, long*1.6, func(dx, dy float64) (rgb, float64) {
			u, v := (dx*cos+dy*sin)/long, (dy*cos-dx*sin)/(long*(0.52-0.16*(dx*cos+dy*sin)/long))
			return col(u, v), much * soft((math.Hypot(u, v)-1)*long, 1.6)
		})
	}
	drop(long*0.22, long*0.3, func(float64, float64) rgb { return hex(0x5a2f0c) }, 0.5)
	drop(0, 0, func(u, v float64) rgb { return mix(mix(hex(0xf6e3b8), hex(0xe2bd7a), tone), hex(0xfffaf0), -0.5*(u+v)) }, 1)
}

// box is a lined gift box; rows and columns of cakes lie in it.
func giftBox() *canvas {
	c, r := new(canvas), rand.New(rand.NewPCG(7, 1))
	c.table(hex(0x5b3a24), hex(0x9a6a43))
	rect := func(half, round float64) func(dx, dy float64) float64 {
		return func(dx, dy float64) float64 {
			qx, qy := math.Abs(dx)-half+round, math.Abs(dy)-half*0.86+round
			return math.Hypot(math.Max(qx, 0), math.Max(qy, 0)) + math.Min(math.Max(qx, qy), 0) - round
		}
	}
	outer, inner := rect(470, 26), rect(436, 14)
	c.paint(566, 590, 620, func(dx, dy float64) (rgb, float64) { return rgb{0.04, 0.02, 0.01}, 0.6 * soft(outer(dx, dy), 70) })
	c.paint(540, 550, 520, func(dx, dy float64) (rgb, float64) {
		return mix(hex(0x9c2a22), hex(0xc5402f), 0.5-(dx+dy)/1500), soft(outer(dx, dy), 2)
	})
	c.paint(540, 550, 520, func(dx, dy float64) (rgb, float64) {
		d := inner(dx, dy)
		paper := mix(hex(0xf3e7d0), hex(0xe2cfa9), 0.5+0.5*noise(dx/40, dy/40))
		paper = mix(paper, hex(0x8c6b45), 0.55*soft(-d-14, 40))
		return paper, soft(d, 2)
	})
	for row := range 3 {
		for col := range 4 {
			c.cake(r, 540+(float64(col)-1.5)*208+r.Float64()*6, 550+(float64(row)-1)*236+r.Float64()*6, 98)
		}
	}
	return c
}

// plate is six cakes on a plate, in a loose heap.
func plate() *canvas {
	c, r := new(canvas), rand.New(rand.NewPCG(3, 9))
	c.table(hex(0x3e4a48), hex(0x75857f))
	c.shadow(540, 540, 430, 0.6)
	c.paint(540, 540, 460, func(dx, dy float64) (rgb, float64) {
		d := math.Hypot(dx, dy)
		col := mix(hex(0xf7f5ee), hex(0xd9d6cb), (dx+dy)/1100+0.4)
		col = mix(col, hex(0x2f5d73), 0.85*math.Max(0, 1-math.Abs(d-392)/9))
		col = mix(col, hex(0x2f5d73), 0.6*math.Max(0, 1-math.Abs(d-370)/3))
		col = mix(col, hex(0xa9a698), 0.5*math.Max(0, 1-math.Abs(d-318)/26))
		return col, soft(d-430, 2)
	})
	for _, at := range [][2]float64{{430, 470}, {650, 452}, {540, 640}, {392, 640}, {690, 640}, {545, 520}} {
		c.cake(r, at[0], at[1], 132)
	}
	return c
}

// jar is a pot of sesame paste with its lid beside it, from above.
func jar() *canvas {
	c, r := new(canvas), rand.New(rand.NewPCG(5, 5))
	c.table(hex(0x6a5a48), hex(0xb09a7c))
	c.shadow(480, 560, 330, 0.65)
	ring := func(x, y, size float64, col func(dx, dy, d float64) rgb) {
		c.paint(x, y, size+4, func(dx, dy float64) (rgb, float64) {
			d := math.Hypot(dx, dy)
			return col(dx, dy, d), soft(d-size, 2)
		})
	}
	ring(480, 560, 330, func(dx, dy, d float64) rgb {
		return mix(mix(hex(0x3d2a20), hex(0x6d4c39), 0.5-(dx+dy)/900), hex(0xb58e70), 0.5*math.Max(0, 1-math.Abs(d-316)/9))
	})
	ring(480, 560, 286, func(dx, dy, d float64) rgb {
		swirl := 0.5 + 0.5*math.Sin(d/17-3*math.Atan2(dy, dx)+2*noise(dx/90, dy/90))
		col := mix(hex(0xb98345), hex(0xe0b271), 0.25+0.5*swirl)
		col = mix(col, hex(0x54371a), 0.7*math.Pow(d/286, 9))
		return mix(col, hex(0xfff0cf), 0.3*math.Pow(swirl, 6)*math.Max(0, 0.6-(dx+dy)/500))
	})
	c.shadow(868, 300, 168, 0.55)
	ring(868, 300, 168, func(dx, dy, d float64) rgb {
		col := mix(hex(0x8f2f25), hex(0xc04a38), 0.5-(dx+dy)/420)
		return mix(col, hex(0xe9a58f), 0.5*math.Max(0, 1-math.Abs(d-140)/5))
	})
	for range 420 {
		a, d := r.Float64()*2*math.Pi, 120*math.Sqrt(r.Float64())
		c.seed(850+d*math.Cos(a)*1.25, 850+d*math.Sin(a), 9, r.Float64()*math.Pi, r.Float64())
	}
	return c
}

func save(path string, c *canvas) error {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, 2))
	for i, p := range c {
		grain := (r.Float64() - 0.5) * 0.012
		to := func(v float64) uint8 { return uint8(math.Max(0, math.Min(255, (v+grain)*255+0.5))) }
		img.SetRGBA(i%side, i/side, color.RGBA{to(p[0]), to(p[1]), to(p[2]), 255})
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 82}); err != nil {
		return err
	}
	return f.Close()
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: sketch DIR")
		os.Exit(2)
	}
	for name, draw := range map[string]func() *canvas{"box": giftBox, "plate": plate, "jar": jar} {
		if err := save(filepath.Join(os.Args[1], name+".jpg"), draw()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
