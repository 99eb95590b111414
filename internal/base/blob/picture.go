package blob

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"github.com/linli-town/linli/internal/base/fail"
)

// Limits of what is taken.
const (
	MaxBytes  = 20 << 20
	MaxPixels = 50_000_000
)

func broken(err error) error {
	return &fail.Error{Kind: fail.Invalid, Code: "photo.broken", Err: err}
}

// read takes no more than MaxBytes, and counts on for a while to say how much there was.
func read(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) <= MaxBytes {
		return b, nil
	}
	more, _ := io.Copy(io.Discard, io.LimitReader(r, 10*MaxBytes))
	return nil, fail.New(fail.Invalid, "photo.large", "actual", (int64(len(b))+more+1<<20-1)>>20, "limit", MaxBytes>>20)
}

// format is a kind of picture we open. Decoders are called by the first bytes and never by
// registration, so that no package elsewhere adds one.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	tiff   func([]byte) []byte // finds the Exif block
}

var formats = map[string]format{
	"JPEG": {jpeg.DecodeConfig, jpeg.Decode, jpegExif},
	"PNG":  {png.DecodeConfig, png.Decode, pngExif},
	"GIF":  {gif.DecodeConfig, gif.Decode, func([]byte) []byte { return nil }},
	"WebP": {webp.DecodeConfig, webp.Decode, webpExif},
}

// kinds are told apart by bytes at an offset; the first match holds.
var kinds = []struct {
	at          int
	magic, name string
}{
	{0, "\xff\xd8\xff", "JPEG"},
	{0, "\x89PNG\r\n\x1a\n", "PNG"},
	{0, "GIF8", "GIF"},
	{8, "WEBP", "WebP"},
	{4, "ftypheic", "HEIC"},
	{4, "ftypheix", "HEIC"},
	{4, "ftyphevc", "HEIC"},
	{4, "ftypmif1", "HEIC"},
	{4, "ftypmsf1", "HEIC"},
	{4, "ftypavif", "AVIF"},
	{4, "ftyp", "MP4"},
	{0, "%PDF", "PDF"},
	{0, "BM", "BMP"},
	{0, "II*\x00", "TIFF"},
	{0, "MM\x00*", "TIFF"},
	{0, "<svg", "SVG"},
	{0, "<?xml", "SVG"},
	{0, "PK\x03\x04", "ZIP"},
}

func kindOf(b []byte) string {
	for _, k := range kinds {
		if len(b) >= k.at && bytes.HasPrefix(b[k.at:], []byte(k.magic)) {
			return k.name
		}
	}
	return ""
}

// head is what is known of a picture before it is decoded.
type head struct {
	format
	note  note
	heavy bool // takes more than 100 MB of memory
}

// look reads the head only: a bomb stops here.
func look(b []byte) (h head, err error) {
	if len(b) == 0 {
		return h, broken(nil)
	}
	kind := kindOf(b)
	var ok bool
	if h.format, ok = formats[kind]; !ok && kind != "" {
		return h, fail.New(fail.Invalid, "photo.kind", "kind", kind)
	} else if !ok {
		return h, fail.New(fail.Invalid, "photo.unknown")
	}
	c, err := h.config(bytes.NewReader(b))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return h, broken(err)
	}
	pixels := int64(c.Width) * int64(c.Height)
	if pixels > MaxPixels {
		return h, fail.New(fail.Invalid, "photo.pixels", "actual", (pixels+999_999)/1_000_000, "limit", MaxPixels/1_000_000)
	}
	each := int64(4) // bytes of memory for a pixel
	switch {
	case c.ColorModel == color.RGBA64Model || c.ColorModel == color.NRGBA64Model:
		each = 8
	case kind == "JPEG" && progressive(b):
		each = 16
	}
	h.heavy = pixels*each > 100<<20
	h.note = readNote(h.tiff(b))
	return h, nil
}

// decode gives the picture upright, Full at most, over white.
func (h head) decode(b []byte) (m *image.RGBA, err error) {
	defer func() { // a decoder must not take the house down
		if p := recover(); p != nil {
			m, err = nil, broken(fmt.Errorf("%v", p))
		}
	}()
	src, err := h.format.decode(bytes.NewReader(b))
	if err != nil {
		return nil, broken(err)
	}
	if src.Bounds().Empty() {
		return nil, broken(nil)
	}
	return upright(fit(src, Full, draw.ApproxBiLinear), h.note.orient), nil
}

// redraw reads one of our own.
func redraw(r io.Reader) (*image.RGBA, error) {
	src, err := jpeg.Decode(r)
	if err != nil {
		return nil, err
	}
	return fit(src, Full, draw.ApproxBiLinear), nil
}

// fit scales so that the long side is at most n, over white (PNG may be clear).
func fit(src image.Image, n Size, s draw.Scaler) *image.RGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > int(n) {
		w, h = max(1, w*int(n)/long), max(1, h*int(n)/long)
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	if w == b.Dx() && h == b.Dy() {
		draw.Draw(dst, dst.Bounds(), src, b.Min, draw.Over)
	} else {
		s.Scale(dst, dst.Bounds(), src, b, draw.Over, nil)
	}
	return dst
}

// upright turns m as the Exif orientation says.
func upright(m *image.RGBA, orient int) *image.RGBA {
	if orient < 2 || orient > 8 {
		return m
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	r := image.Rect(0, 0, w, h)
	if orient >= 5 {
		r = image.Rect(0, 0, h, w)
	}
	d := image.NewRGBA(r)
	for y := range h {
		for x := range w {
			var to image.Point
			switch orient {
			case 2:
				to = image.Pt(w-1-x, y)
			case 3:
				to = image.Pt(w-1-x, h-1-y)
			case 4:
				to = image.Pt(x, h-1-y)
			case 5:
				to = image.Pt(y, x)
			case 6:
				to = image.Pt(h-1-y, x)
			case 7:
				to = image.Pt(h-1-y, w-1-x)
			case 8:
				to = image.Pt(y, w-1-x)
			}
			copy(d.Pix[d.PixOffset(to.X, to.Y):], m.Pix[m.PixOffset(x, y):m.PixOffset(x, y)+4])
		}
	}
	return d
}

// encode writes both sizes as JPEG and fills in what is seen in the picture. Go's encoder writes
// no metadata at all.
func encode(m *image.RGBA) (full, thumb []byte, p Photo, err error) {
	small := fit(m, Thumb, draw.CatmullRom)
	dot := image.NewRGBA(image.Rect(0, 0, 1, 1))
	mean(dot, dot.Bounds(), small, small.Bounds())
	p = Photo{W: m.Bounds().Dx(), H: m.Bounds().Dy(), Tint: fmt.Sprintf("#%02x%02x%02x", dot.Pix[0], dot.Pix[1], dot.Pix[2])}
	for _, o := range []struct {
		m       image.Image
		quality int
		to      *[]byte
	}{{m, 82, &full}, {small, 74, &thumb}} {
		var w bytes.Buffer
		if err := jpeg.Encode(&w, o.m, &jpeg.Options{Quality: o.quality}); err != nil {
			return nil, nil, p, err
		}
		*o.to = w.Bytes()
	}
	return full, thumb, p, nil
}

// mean paints r of dst with the mean colour of from in src.
func mean(dst *image.RGBA, r image.Rectangle, src *image.RGBA, from image.Rectangle) {
	var sum [3]int
	for y := from.Min.Y; y < from.Max.Y; y++ {
		row := src.Pix[src.PixOffset(from.Min.X, y) : src.PixOffset(from.Max.X-1, y)+4]
		for ; len(row) > 0; row = row[4:] {
			sum[0] += int(row[0])
			sum[1] += int(row[1])
			sum[2] += int(row[2])
		}
	}
	n := from.Dx() * from.Dy()
	c := color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255}
	draw.Draw(dst, r, image.NewUniform(c), image.Point{}, draw.Src)
}

// mosaic covers the boxes with tiles of their mean colour, and says how many boxes there
// were. A tile is a 32nd of the long side: a number plate across a third of the picture
// becomes ten tiles wide, which no program can read again.
func mosaic(m *image.RGBA, boxes []image.Rectangle) (n int) {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	tile := max(8, max(w, h)/32)
	for _, b := range boxes {
		b = b.Canon().Intersect(image.Rect(0, 0, 1000, 1000))
		if b.Empty() {
			continue
		}
		n++
		b = image.Rect(b.Min.X*w/1000, b.Min.Y*h/1000, (b.Max.X*w+999)/1000, (b.Max.Y*h+999)/1000)
		columns, rows := max(1, b.Dx()/tile), max(1, b.Dy()/tile)
		for i := range columns * rows { // none is narrower than a tile, unless the box is
			x, y := i%columns, i/columns
			r := image.Rect(b.Min.X+b.Dx()*x/columns, b.Min.Y+b.Dy()*y/rows, b.Min.X+b.Dx()*(x+1)/columns, b.Min.Y+b.Dy()*(y+1)/rows)
			mean(m, r, m, r)
		}
	}
	return n
}
