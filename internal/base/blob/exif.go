package blob

import (
	"bytes"
	"encoding/binary"
)

// note is what a phone writes about a picture and we read.
type note struct {
	orient   int // 1 to 8
	located  bool
	lat, lon float64
}

// segments calls yield with the segments of a JPEG before the picture begins.
func segments(b []byte, yield func(marker byte, data []byte) bool) {
	for i := 2; i+4 <= len(b) && b[i] == 0xff; {
		marker, n := b[i+1], int(binary.BigEndian.Uint16(b[i+2:]))
		switch {
		case marker == 0xff: // filling
			i++
			continue
		case marker == 0xda || n < 2 || i+2+n > len(b) || !yield(marker, b[i+4:i+2+n]):
			return
		}
		i += 2 + n
	}
}

// jpegExif finds the Exif block of a JPEG, in a segment APP1.
func jpegExif(b []byte) (tiff []byte) {
	segments(b, func(marker byte, data []byte) (more bool) {
		t, ok := bytes.CutPrefix(data, []byte("Exif\x00\x00"))
		if ok = ok && marker == 0xe1; ok {
			tiff = t
		}
		return !ok
	})
	return tiff
}

// progressive says whether a JPEG is, so that decoding keeps all its coefficients.
func progressive(b []byte) (is bool) {
	segments(b, func(marker byte, _ []byte) bool { is = is || marker == 0xc2; return !is })
	return is
}

// pngExif finds the chunk eXIf.
func pngExif(b []byte) []byte {
	for b = b[min(8, len(b)):]; len(b) >= 12; {
		n := uint64(binary.BigEndian.Uint32(b))
		if n+12 > uint64(len(b)) {
			return nil
		}
		if string(b[4:8]) == "eXIf" {
			return b[8 : 8+n]
		}
		b = b[12+n:]
	}
	return nil
}

// webpExif finds the chunk EXIF.
func webpExif(b []byte) []byte {
	for b = b[min(12, len(b)):]; len(b) >= 8; {
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if n+8 > uint64(len(b)) {
			return nil
		}
		if string(b[:4]) == "EXIF" {
			return bytes.TrimPrefix(b[8:8+n], []byte("Exif\x00\x00"))
		}
		b = b[min(8+n+n%2, uint64(len(b))):]
	}
	return nil
}

// readNote reads orientation and position from a TIFF block, and gives up quietly on
// anything that looks wrong: a picture with a broken note is still a picture.
func readNote(t []byte) note {
	n := note{orient: 1}
	if len(t) < 8 {
		return n
	}
	var bo binary.ByteOrder
	switch string(t[:4]) {
	case "II*\x00":
		bo = binary.LittleEndian
	case "MM\x00*":
		bo = binary.BigEndian
	default:
		return n
	}
	var gps uint32
	entries(t, bo, bo.Uint32(t[4:]), func(tag uint16, v []byte) {
		switch tag {
		case 0x112:
			if o := int(bo.Uint16(v)); o >= 1 && o <= 8 {
				n.orient = o
			}
		case 0x8825:
			gps = bo.Uint32(v)
		}
	})
	if gps == 0 {
		return n
	}
	var lat, lon float64
	var okLat, okLon, south, west bool
	entries(t, bo, gps, func(tag uint16, v []byte) {
		switch tag {
		case 1:
			south = v[0] == 'S'
		case 2:
			lat, okLat = degrees(t, bo, bo.Uint32(v))
		case 3:
			west = v[0] == 'W'
		case 4:
			lon, okLon = degrees(t, bo, bo.Uint32(v))
		}
	})
	if south {
		lat = -lat
	}
	if west {
		lon = -lon
	}
	// Phones without a fix write 0, 0: nobody lives there.
	if okLat && okLon && (lat != 0 || lon != 0) && lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180 {
		n.located, n.lat, n.lon = true, lat, lon
	}
	return n
}

// entries calls each with tag and value (or its offset) of what is listed at off.
func entries(t []byte, bo binary.ByteOrder, off uint32, each func(tag uint16, value []byte)) {
	if uint64(off)+2 > uint64(len(t)) {
		return
	}
	count := int(bo.Uint16(t[off:]))
	for rest := t[off+2:]; count > 0 && len(rest) >= 12; count-- {
		each(bo.Uint16(rest), rest[8:12])
		rest = rest[12:]
	}
}

// degrees reads three fractions: degrees, minutes, seconds.
func degrees(t []byte, bo binary.ByteOrder, off uint32) (x float64, ok bool) {
	if uint64(off)+24 > uint64(len(t)) {
		return 0, false
	}
	unit := 1.0
	for i := range uint32(3) {
		num, den := bo.Uint32(t[off+8*i:]), bo.Uint32(t[off+8*i+4:])
		if den == 0 {
			if num != 0 {
				return 0, false
			}
			den = 1
		}
		x += float64(num) / float64(den) / unit
		unit *= 60
	}
	return x, true
}
