package app

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"math/rand/v2"
)

// canvas is an invented photo: drawn, so that no street and nobody in it is real.
type canvas struct {
	*image.RGBA
	rnd *rand.Rand
}

const photoW, photoH = 800, 600

func rgb(v uint32) color.RGBA { return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} }

func (c *canvas) rect(x, y, w, h float64, col uint32) {
	for j := max(0, int(y)); j < min(photoH, int(y+h)); j++ {
		for i := max(0, int(x)); i < min(photoW, int(x+w)); i++ {
			c.SetRGBA(i, j, rgb(col))
		}
	}
}

func (c *canvas) oval(x, y, rx, ry float64, col uint32) {
	for j := max(0, int(y-ry)); j < min(photoH, int(y+ry)+1); j++ {
		d := (float64(j) - y) / ry
		if d*d > 1 {
			continue
		}
		w := rx * math.Sqrt(1-d*d)
		c.rect(x-w, float64(j), 2*w, 1, col)
	}
}

func (c *canvas) line(x0, y0, x1, y1, thick float64, col uint32) {
	n := int(max(math.Abs(x1-x0), math.Abs(y1-y0))) + 1
	for i := range n + 1 {
		f := float64(i) / float64(n)
		c.rect(x0+(x1-x0)*f-thick/2, y0+(y1-y0)*f-thick/2, thick, thick, col)
	}
}

func (c *canvas) some(lo, hi float64) float64 { return lo + c.rnd.Float64()*(hi-lo) }

// demoScenes is what is in the picture of a category; of what is not listed there is none.
var demoScenes = map[string]string{
	"waste.pile": "pile", "waste.bin": "bin", "waste.bulky": "sofa", "waste.sewer": "water", "waste.corridor": "boxes", "waste.pests": "bin",
	"green.tree": "tree", "green.fallen": "tree", "green.dug": "garden", "green.care": "garden",
	"traffic.parking": "car", "traffic.blocked": "car", "traffic.abandoned": "car", "traffic.road": "hole", "traffic.charging": "plug",
	"facility.lamp": "lamp", "facility.corridor_lamp": "door", "facility.cover": "hole", "facility.bench": "bench", "facility.access": "hole", "facility.flood": "water",
	"housing.gate": "door", "housing.facade": "wall", "housing.leak": "wall", "housing.lift": "door", "safety.wire": "wire", "safety.fire_gear": "door",
	"street.vendor": "stall", "street.overstep": "stall", "street.advert": "wall",
}

// drawPhoto draws a scene of a kind: before, and mended after.
func drawPhoto(kind string, mended bool, seed uint64) []byte {
	c := &canvas{image.NewRGBA(image.Rect(0, 0, photoW, photoH)), rand.New(rand.NewPCG(seed, uint64(len(kind))<<8|uint64(kind[0])))}
	c.street()
	x, y := c.some(300, 460), 470.0
	c.thing(kind, mended, x, y)
	c.grain()
	var b bytes.Buffer
	jpeg.Encode(&b, c.RGBA, &jpeg.Options{Quality: 82}) // into memory: never fails
	return b.Bytes()
}

// street is what stands behind everything: sky, a slab house with its windows, trees, the ground.
func (c *canvas) street() {
	sky := []uint32{0xBFD4E2, 0xD5DCE0, 0xE8DCC8, 0xA9BFD0}[c.rnd.IntN(4)]
	c.rect(0, 0, photoW, 420, sky)
	wall := []uint32{0xD9CDB8, 0xC9B6A0, 0xCBD0C8, 0xD8B9A4}[c.rnd.IntN(4)]
	left := c.some(-120, 120)
	c.rect(left, 70, 620, 330, wall)
	for i := range 7 {
		for j := range 5 {
			wx, wy := left+30+float64(i)*84, 95+float64(j)*60
			c.rect(wx, wy, 46, 34, 0x6F8290)
			c.rect(wx+21, wy, 4, 34, 0xE6E2D8)
			if c.rnd.IntN(3) == 0 {
				c.rect(wx-4, wy+34, 54, 10, 0x9A9488)
			}
		}
	}
	for range 3 {
		tx := c.some(0, photoW)
		c.rect(tx-6, 320, 12, 100, 0x6B5340)
		for range 7 {
			c.oval(tx+c.some(-45, 45), 300+c.some(-50, 30), c.some(26, 48), c.some(24, 40), []uint32{0x5F7F52, 0x6E8C58, 0x4F6F49}[c.rnd.IntN(3)])
		}
	}
	c.rect(0, 400, photoW, 200, 0xA7A39A)
	c.rect(0, 400, photoW, 14, 0xC6C1B5)
	for i := range 9 {
		c.line(float64(i)*110-60, 600, 400+(float64(i)*110-460)*.5, 414, 2, 0x989489)
	}
}

func (c *canvas) thing(kind string, mended bool, x, y float64) {
	switch kind {
	case "pile", "boxes":
		c.rect(x-150, y-130, 300, 110, 0x8C8A80)
		if mended {
			c.oval(x, y+10, 150, 14, 0x8FA0A0)
			return
		}
		for range 34 {
			px, py, s := x+c.some(-130, 130), y+c.some(-60, 30), c.some(16, 34)
			if col := []uint32{0x2F3A33, 0x7C3F33, 0xC9C4B4, 0x3D5A74, 0xA98A4F, 0x8D6B45}[c.rnd.IntN(6)]; kind == "boxes" {
				c.rect(px-s, py-s, 2*s, 1.5*s, []uint32{0xB08A5A, 0xA07A4C, 0xC09C6C}[c.rnd.IntN(3)])
				c.line(px-s, py-s*.3, px+s, py-s*.3, 3, 0x86663E)
			} else {
				c.oval(px, py, s, s*.8, col)
			}
		}
	case "bin":
		c.rect(x-60, y-130, 120, 140, 0x3F6B4C)
		c.oval(x-40, y+12, 14, 14, 0x222222)
		c.oval(x+40, y+12, 14, 14, 0x222222)
		if mended {
			c.rect(x-68, y-146, 136, 20, 0x34583F)
			return
		}
		c.line(x+60, y-140, x+120, y-60, 16, 0x34583F)
		for range 8 {
			c.oval(x+c.some(-60, 60), y-140+c.some(-30, 10), 22, 18, []uint32{0xD8D2C2, 0x2F3A33, 0x7C3F33}[c.rnd.IntN(3)])
		}
	case "sofa":
		if mended {
			c.oval(x, y+20, 140, 10, 0x9A968C)
			return
		}
		c.rect(x-150, y-110, 300, 70, 0x7A4B3F)
		c.rect(x-160, y-50, 320, 60, 0x8D584A)
		c.rect(x-165, y-90, 36, 110, 0x6B4037)
		c.rect(x+129, y-90, 36, 110, 0x6B4037)
	case "water":
		if mended {
			c.rect(x-40, y, 80, 40, 0x5B5B58)
			for i := range 6 {
				c.rect(x-34+float64(i)*12, y+4, 6, 32, 0x333331)
			}
			return
		}
		c.oval(x, y+40, 300, 70, 0x6E7F86)
		c.oval(x-40, y+30, 180, 34, 0x8797A0)
		c.oval(x+30, y+20, 20, 10, 0x4E5A5E)
	case "tree":
		c.rect(x-16, y-260, 32, 280, 0x5D4737)
		if mended {
			for range 8 {
				c.oval(x+c.some(-70, 70), y-270+c.some(-60, 30), 46, 40, 0x67875A)
			}
			return
		}
		for range 22 {
			c.oval(x+c.some(-190, 190), y-270+c.some(-110, 110), 52, 44, []uint32{0x4F6F49, 0x5F7F52, 0x436140}[c.rnd.IntN(3)])
		}
		c.line(x+10, y-160, x+230, y-40, 16, 0x5D4737)
	case "garden":
		c.rect(x-230, y-40, 460, 120, 0x6F8F56)
		if mended {
			for range 30 {
				c.oval(x+c.some(-220, 220), y+c.some(-30, 60), 8, 8, []uint32{0xC75B6B, 0x4F7F4A, 0xE0C15A}[c.rnd.IntN(3)])
			}
			return
		}
		for i := range 6 {
			c.rect(x-220, y-34+float64(i)*20, 440, 10, 0x6B4F38)
			for j := range 14 {
				c.oval(x-205+float64(j)*31, y-34+float64(i)*20, 8, 7, 0x3F7A3B)
			}
		}
	case "car":
		if mended {
			c.rect(x-220, y+30, 440, 8, 0xD9B53A)
			c.rect(x-200, y-30, 10, 60, 0xC24A36)
			c.rect(x+190, y-30, 10, 60, 0xC24A36)
			return
		}
		col := []uint32{0x8E2F2A, 0xE4E4E0, 0x3B4750, 0x5A7A94}[c.rnd.IntN(4)]
		c.oval(x, y-60, 120, 66, col)
		c.oval(x, y-66, 98, 48, 0x8FA2AD)
		c.rect(x-190, y-66, 380, 80, col)
		c.rect(x-34, y-6, 68, 18, 0x2D5B8C) // a plate with nothing on it
		c.oval(x-120, y+16, 36, 36, 0x222222)
		c.oval(x+120, y+16, 36, 36, 0x222222)
	case "hole":
		if mended {
			c.oval(x, y+50, 150, 44, 0x55534F)
			return
		}
		c.oval(x, y+50, 150, 44, 0x7C776C)
		c.oval(x, y+54, 122, 34, 0x2B2926)
		c.line(x+20, y+60, x+50, y-120, 8, 0x6B5340)
		c.oval(x+54, y-126, 30, 20, 0x5F7F52)
	case "lamp":
		c.rect(x-7, y-390, 14, 410, 0x4A4F52)
		c.line(x, y-388, x+90, y-400, 10, 0x4A4F52)
		if mended {
			c.oval(x+100, y-380, 60, 44, 0xF4E3A1)
			c.oval(x+100, y-388, 34, 18, 0xFFF6D0)
			return
		}
		for j := 0; j < photoH; j++ { // evening
			for i := range photoW {
				p := c.RGBAAt(i, j)
				c.SetRGBA(i, j, color.RGBA{p.R / 3, p.G / 3, p.B/3 + 12, 255})
			}
		}
		c.oval(x+100, y-390, 34, 16, 0x2A2D30)
	case "bench", "plug", "stall":
		c.rect(x-170, y-40, 340, 18, 0x8C6A44)
		c.rect(x-150, y-22, 14, 70, 0x4A4F52)
		c.rect(x+136, y-22, 14, 70, 0x4A4F52)
		if mended {
			c.rect(x-170, y-70, 340, 18, 0x8C6A44)
			c.rect(x-170, y-100, 340, 18, 0x8C6A44)
			return
		}
		c.line(x-170, y-64, x-10, y-20, 14, 0x8C6A44)
		if kind == "stall" {
			for i := range 5 {
				c.rect(x-200+float64(i)*80, y-190, 40, 60, 0xB5432F)
				c.rect(x-160+float64(i)*80, y-190, 40, 60, 0xE6E0D2)
			}
		}
	case "door":
		c.rect(x-110, y-300, 220, 340, 0x53585A)
		c.rect(x-92, y-282, 84, 322, 0x7D8B90)
		if mended {
			c.rect(x+8, y-282, 84, 322, 0x7D8B90)
			return
		}
		c.rect(x+8, y-282, 84, 322, 0x1F2223)
		c.line(x+92, y-282, x+170, y-250, 8, 0x53585A)
	case "wall":
		c.rect(x-220, y-330, 440, 340, 0xD3C6B0)
		if mended {
			return
		}
		for range 26 {
			c.rect(x+c.some(-210, 180), y-320+c.some(0, 290), c.some(20, 46), c.some(16, 34), []uint32{0xF1EBDD, 0xA58F74, 0xC7473B, 0x9A8B73}[c.rnd.IntN(4)])
		}
	case "wire":
		c.rect(90, y-380, 12, 400, 0x5B5147)
		c.rect(690, y-380, 12, 400, 0x5B5147)
		for i := range 5 {
			sag := 40.0
			if !mended {
				sag = c.some(60, 300)
			}
			px, py := 96.0, y-370+float64(i)*6
			for k := 1; k <= 20; k++ {
				f := float64(k) / 20
				qx, qy := 96+600*f, y-370+float64(i)*6+4*sag*f*(1-f)
				c.line(px, py, qx, qy, 3, 0x2A2A2A)
				px, py = qx, qy
			}
		}
	}
}

// grain makes it look less drawn.
func (c *canvas) grain() {
	for i := 0; i < len(c.Pix); i += 4 {
		n := c.rnd.IntN(15) - 7
		for k := range 3 {
			c.Pix[i+k] = uint8(min(255, max(0, int(c.Pix[i+k])+n)))
		}
	}
}
