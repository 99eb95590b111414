package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/testkit/mutate"
)

func store(t testing.TB) *Store {
	s, err := New(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sample(t testing.TB, name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func code(err error) string {
	if e, ok := errors.AsType[*fail.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

// shot is a picture with detail like a photograph's.
func shot(w, h int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, color.RGBA{uint8((x*3+y*2)/40%200) + uint8(r.IntN(18)), uint8(x * 255 / w), uint8(y * 255 / h), 255})
		}
	}
	var b bytes.Buffer
	jpeg.Encode(&b, m, &jpeg.Options{Quality: 90})
	return b.Bytes()
}

func load(t testing.TB, s *Store, name string, size Size) (image.Image, []byte) {
	t.Helper()
	f, err := s.Open(name, size)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m, b
}

func rgb(m image.Image, x, y int) [3]int {
	r, g, b, _ := m.At(x, y).RGBA()
	return [3]int{int(r >> 8), int(g >> 8), int(b >> 8)}
}

func markers(b []byte) (out []byte) {
	segments(b, func(m byte, _ []byte) bool { out = append(out, m); return true })
	return out
}

// The samples were written by exiftool: Orientation 6, 32.0123 N 120.8765 E, and
// words beginning with Secret in Exif, XMP, a comment and a thumbnail. Their upper left quarter is blue.
func TestNothingOfThePhoneIsLeft(t *testing.T) {
	s := store(t)
	for _, name := range []string{"phone.jpg", "phone.png", "phone.webp"} {
		in := sample(t, name)
		if !bytes.Contains(in, []byte("SecretPhone")) {
			t.Fatalf("%s has no secret", name)
		}
		p, err := s.Put(t.Context(), bytes.NewReader(in))
		if err != nil {
			t.Fatal(name, err)
		}
		if !p.Located || math.Abs(p.Lat-32.0123) > 1e-6 || math.Abs(p.Lon-120.8765) > 1e-6 {
			t.Errorf("%s: position %v %g %g", name, p.Located, p.Lat, p.Lon)
		}
		if p.W != 40 || p.H != 60 {
			t.Errorf("%s: %d×%d, want 40×60", name, p.W, p.H)
		}
		for _, size := range sizes {
			m, b := load(t, s, p.Name, size)
			if right, left := rgb(m, 35, 10), rgb(m, 5, 10); right[2] < 150 || left[2] > 80 {
				t.Errorf("%s is not upright: left %v, right %v", name, left, right)
			}
			for _, m := range markers(b) {
				if m >= 0xe0 && m <= 0xef || m == 0xfe {
					t.Errorf("%s: segment %x", name, m)
				}
			}
			if bytes.Contains(b, []byte("Secret")) || bytes.Contains(b, []byte("Exif")) {
				t.Errorf("%s: metadata was kept", name)
			}
		}
	}
}

func encoded(t testing.TB, enc func(io.Writer, image.Image) error, m image.Image) []byte {
	var b bytes.Buffer
	if err := enc(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func moving(t testing.TB) []byte {
	pal := color.Palette{color.White, color.Black}
	var b bytes.Buffer
	one, two := image.NewPaletted(image.Rect(0, 0, 60, 40), pal), image.NewPaletted(image.Rect(10, 10, 30, 30), pal)
	if err := gif.EncodeAll(&b, &gif.GIF{Image: []*image.Paletted{one, two}, Delay: []int{9, 9}}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryKindIsTaken(t *testing.T) {
	s := store(t)
	for name, in := range map[string][]byte{
		"lossless.webp":   sample(t, "lossless.webp"),
		"alpha.webp":      sample(t, "alpha.webp"),
		"progressive.jpg": sample(t, "progressive.jpg"),
		"gray.jpg":        sample(t, "gray.jpg"),
		"moving.gif":      moving(t),
		"deep.png":        encoded(t, png.Encode, image.NewNRGBA64(image.Rect(0, 0, 60, 40))),
		"with a tail.jpg": append(sample(t, "gray.jpg"), "<script>alert(1)</script>"...),
	} {
		p, err := s.Put(t.Context(), bytes.NewReader(in))
		if err != nil || p.W != 60 || p.H != 40 || p.Located {
			t.Errorf("%s: %+v, %v", name, p, err)
			continue
		}
		if _, b := load(t, s, p.Name, Full); bytes.Contains(b, []byte("script")) {
			t.Errorf("%s: the tail was kept", name)
		}
	}
}

func TestClearBecomesWhite(t *testing.T) {
	s := store(t)
	p, err := s.Put(t.Context(), bytes.NewReader(encoded(t, png.Encode, image.NewNRGBA(image.Rect(0, 0, 60, 40)))))
	if err != nil || p.Tint != "#ffffff" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestTwoSizes(t *testing.T) {
	s := store(t)
	p, err := s.Put(t.Context(), bytes.NewReader(shot(2000, 3000)))
	if err != nil || p.W != 1066 || p.H != 1600 {
		t.Fatalf("%+v, %v", p, err)
	}
	for size, want := range map[Size]image.Point{Full: {1066, 1600}, Thumb: {319, 480}} {
		m, _ := load(t, s, p.Name, size)
		if got := m.Bounds().Size(); got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}

func TestOrientations(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 2, 3))
	for i := range 6 {
		m.Pix[4*i] = uint8('a' + i)
	}
	for o, want := range map[int]string{1: "ab cd ef", 2: "ba dc fe", 3: "fe dc ba", 4: "ef cd ab", 5: "ace bdf", 6: "eca fdb", 7: "fdb eca", 8: "bdf ace", 9: "ab cd ef"} {
		u := upright(m, o)
		var rows []string
		for y := range u.Bounds().Dy() {
			var row []byte
			for x := range u.Bounds().Dx() {
				row = append(row, u.Pix[u.PixOffset(x, y)])
			}
			rows = append(rows, string(row))
		}
		if got := strings.Join(rows, " "); got != want {
			t.Errorf("%d: %s, want %s", o, got, want)
		}
	}
}

// pngHead is a PNG that claims a size and holds nothing.
func pngHead(w, h uint32) []byte {
	d := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	d = append(binary.BigEndian.AppendUint32(d, h), 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), d...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(d))
}

// webpBomb has a small canvas and a frame of 16,384 by 16,384.
func webpBomb() []byte {
	b := []byte("RIFF\x00\x00\x00\x00WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x09\x00\x00VP8L")
	b = binary.LittleEndian.AppendUint32(b, 100)
	b = append(b, 0x2f, 0xff, 0xff, 0xff, 0x0f)
	b = append(b, make([]byte, 95)...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestWhatIsNoPhotoIsRefused(t *testing.T) {
	s := store(t)
	good := shot(200, 100)
	for name, c := range map[string]struct {
		in   []byte
		want string
		args []any
	}{
		"30 MB":      {append(slices.Clone(good), make([]byte, 30<<20-len(good))...), "photo.large", []any{"actual", int64(30), "limit", 20}},
		"bomb":       {pngHead(60_000, 60_000), "photo.pixels", []any{"actual", int64(3600), "limit", 50}},
		"just over":  {pngHead(7072, 7071), "photo.pixels", []any{"actual", int64(51), "limit", 50}},
		"WebP bomb":  {webpBomb(), "photo.broken", nil},
		"HEIC":       {[]byte("\x00\x00\x00\x24ftypheic\x00\x00\x00\x00mif1heic"), "photo.kind", []any{"kind", "HEIC"}},
		"PDF":        {[]byte("%PDF-1.7\n"), "photo.kind", []any{"kind", "PDF"}},
		"film":       {[]byte("\x00\x00\x00\x18ftypmp42\x00\x00"), "photo.kind", []any{"kind", "MP4"}},
		"SVG":        {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "photo.kind", []any{"kind", "SVG"}},
		"a letter":   {[]byte("三栋楼下路灯坏了"), "photo.unknown", nil},
		"one byte":   {[]byte("R"), "photo.unknown", nil},
		"nothing":    {nil, "photo.broken", nil},
		"head only":  {good[:300], "photo.broken", nil},
		"half":       {good[:len(good)/2], "photo.broken", nil},
		"PNG head":   {pngHead(10, 10), "photo.broken", nil},
		"no pixels":  {pngHead(0, 10), "photo.broken", nil},
		"short GIF":  {moving(t)[:40], "photo.broken", nil},
		"short WebP": {sample(t, "phone.webp")[:200], "photo.broken", nil},
	} {
		_, err := s.Put(t.Context(), bytes.NewReader(c.in))
		e, ok := errors.AsType[*fail.Error](err)
		if !ok || e.Kind != fail.Invalid || e.Code != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
			continue
		}
		if d := cmp.Diff(c.args, e.Args); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if n := files(t, s.dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

func files(t *testing.T, dir string) (n int) {
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A file is on the disk before it gets its name, its folder after; and the folder's own name, too.
func TestDurableBeforeItReturns(t *testing.T) {
	s := store(t)
	var log []string
	s.sync = func(f *os.File) error {
		what := strings.TrimPrefix(f.Name(), s.dir)
		depth := strings.Count(what, "/")
		if strings.HasPrefix(what, "/tmp/") {
			what = "file"
		} else {
			there, _ := filepath.Glob(f.Name() + "/*.jpg")
			what = fmt.Sprintf("folder %d with %d", depth, len(there))
		}
		log = append(log, what)
		return f.Sync()
	}
	p, err := s.Put(t.Context(), bytes.NewReader(shot(100, 100)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"folder 1 with 0", "folder 0 with 0", "file", "file", "folder 2 with 2"}, log); d != "" {
		t.Error(d)
	}
	log = nil
	if err := s.Remove(p.Name); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"folder 2 with 0"}, log); d != "" {
		t.Error(d)
	}
}

func TestFailedSyncLeavesNothing(t *testing.T) {
	for n := range 5 {
		s := store(t)
		count := 0
		s.sync = func(*os.File) error {
			if count++; count == n+1 {
				return errors.New("the disk says no")
			}
			return nil
		}
		if _, err := s.Put(t.Context(), bytes.NewReader(shot(100, 100))); err == nil || fail.KindOf(err) != fail.Fault {
			t.Errorf("sync %d failed and Put says %v", n, err)
		}
		if left := files(t, s.dir); left != 0 {
			t.Errorf("sync %d failed and %d files are left", n, left)
		}
	}
}

func TestLittleRoom(t *testing.T) {
	s, err := New(t.TempDir(), Options{Ballast: 3<<20 + 5, Low: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if i, err := os.Stat(s.ballast()); err != nil || i.Size() != 3<<20+5 {
		t.Fatal("no ballast", err)
	}
	s.free = func(string) (int64, error) { return 1<<20 - 1, nil }
	_, err = s.Put(t.Context(), bytes.NewReader(shot(100, 100)))
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Kind != fail.Busy || e.Code != "photo.noroom" {
		t.Errorf("got %v, want photo.noroom", err)
	}
	s.free = func(string) (int64, error) { return 1 << 20, nil }
	if _, err := s.Put(t.Context(), bytes.NewReader(shot(100, 100))); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := s.DropBallast(); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.load(1 << 20); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.ballast()); err == nil {
		t.Error("the last room went into ballast")
	}
}

func TestNamesAreOnlyOurs(t *testing.T) {
	s := store(t)
	p, err := s.Put(t.Context(), bytes.NewReader(shot(10, 10)))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := s.path(strings.Repeat("AB", 16), Full); ok {
		t.Error("one photo has two names where capitals do not count")
	}
	for _, c := range []struct {
		name string
		size Size
	}{
		{"../../../../etc/passwd", Full}, {"", Full}, {p.Name[:30], Full}, {p.Name + "00", Thumb}, {p.Name, 1601},
		{strings.Repeat("0", 32), Full}, {strings.Repeat("../", 10) + "ab", Full}, {p.Name[:31] + "/", Full},
	} {
		if f, err := s.Open(c.name, c.size); code(err) != "photo.gone" {
			f.Close()
			t.Errorf("%q %d: %v", c.name, c.size, err)
		}
	}
}

func TestRemovedIsGone(t *testing.T) {
	s := store(t)
	p, err := s.Put(t.Context(), bytes.NewReader(shot(10, 10)))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Remove(p.Name); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Remove("../x"); err != nil {
		t.Error(err)
	}
	if err := s.Remove(strings.Repeat("f", 32)); err != nil {
		t.Error(err)
	}
	for _, size := range sizes {
		if _, err := s.Open(p.Name, size); code(err) != "photo.gone" {
			t.Errorf("%d: %v", size, err)
		}
	}
	if n := files(t, s.dir); n != 0 {
		t.Errorf("%d files are left", n)
	}
}

func TestBackupAndRestore(t *testing.T) {
	a, err := New(t.TempDir(), Options{Ballast: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := store(t)
	var names []string
	for i := range 3 {
		p, err := a.Put(t.Context(), bytes.NewReader(shot(100+i, 50)))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, p.Name)
	}
	os.WriteFile(a.temp("left.jpg"), nil, 0o600)
	n := 0
	err = a.Walk(func(f File) error {
		n++
		r, err := a.Open(f.Name, f.Size)
		if err != nil {
			return err
		}
		defer r.Close()
		if f.Bytes == 0 || time.Since(f.At) > time.Hour {
			t.Errorf("%+v", f)
		}
		return b.Restore(f.Name, f.Size, r)
	})
	if err != nil || n != 6 {
		t.Fatal(n, err)
	}
	for _, name := range names {
		for _, size := range sizes {
			_, x := load(t, a, name, size)
			_, y := load(t, b, name, size)
			if !bytes.Equal(x, y) {
				t.Errorf("%s %d differs", name, size)
			}
		}
	}
	if err := b.Restore("../x", Full, strings.NewReader("x")); code(err) != "photo.broken" {
		t.Error(err)
	}
	stop := errors.New("enough")
	if err := a.Walk(func(File) error { return stop }); err != stop {
		t.Error(err)
	}
}

func TestHalfWrittenIsThrownOut(t *testing.T) {
	s := store(t)
	for name, age := range map[string]time.Duration{"old": 2 * time.Hour, "young": time.Minute} {
		os.WriteFile(s.temp(name), []byte("x"), 0o600)
		os.Chtimes(s.temp(name), time.Time{}, time.Now().Add(-age))
	}
	if _, err := New(s.dir, Options{}); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(s.temp("."))
	if len(left) != 1 || left[0].Name() != "young" {
		t.Errorf("left: %v", left)
	}
}

func TestPixelatedBeyondRecall(t *testing.T) {
	s := store(t)
	stripes := image.NewGray(image.Rect(0, 0, 1024, 768)) // 8 wide: strokes of large letters
	for i := range stripes.Pix {
		stripes.Pix[i] = uint8(i % 1024 / 8 % 2 * 255)
	}
	p, err := s.Put(t.Context(), bytes.NewReader(encoded(t, png.Encode, stripes)))
	if err != nil {
		t.Fatal(err)
	}
	_, before := load(t, s, p.Name, Full)
	q, err := s.Pixelate(t.Context(), p.Name, []image.Rectangle{image.Rect(250, 250, 500, 500), {image.Pt(1000, 1000), image.Pt(900, 900)}, image.Rect(2, 2, 2, 9)})
	if err != nil {
		t.Fatal(err)
	}
	if q.Name == p.Name || q.W != 1024 || q.H != 768 {
		t.Errorf("%+v", q)
	}
	spread := func(m image.Image, r image.Rectangle) int { // how far neighbours differ in the middle row
		most, y := 0, (r.Min.Y+r.Max.Y)/2
		for x := r.Min.X; x+8 < r.Max.X; x++ {
			d := rgb(m, x, y)[0] - rgb(m, x+8, y)[0]
			most = max(most, d, -d)
		}
		return most
	}
	m, _ := load(t, s, q.Name, Full)
	for _, r := range []image.Rectangle{image.Rect(262, 198, 506, 378), image.Rect(928, 700, 1024, 768)} {
		if d := spread(m, r); d > 30 {
			t.Errorf("stripes are still seen in %v: %d", r, d)
		}
	}
	if d := spread(m, image.Rect(544, 10, 900, 600)); d < 150 {
		t.Errorf("what was not asked for is blurred, too: %d", d)
	}
	small, _ := load(t, s, q.Name, Thumb)
	if d := spread(small, image.Rect(126, 96, 234, 174)); d > 30 {
		t.Errorf("the small one shows it: %d", d)
	}
	if _, after := load(t, s, p.Name, Full); !bytes.Equal(before, after) {
		t.Error("the photo itself has changed")
	}
	for _, boxes := range [][]image.Rectangle{nil, {image.Rect(5, 5, 5, 9)}, {image.Rect(2000, 0, 3000, 10)}, slices.Repeat([]image.Rectangle{image.Rect(0, 0, 9, 9)}, 401)} {
		if _, err := s.Pixelate(t.Context(), p.Name, boxes); code(err) != "photo.boxes" {
			t.Errorf("%d boxes: %v", len(boxes), err)
		}
	}
	if _, err := s.Pixelate(t.Context(), strings.Repeat("0", 32), []image.Rectangle{image.Rect(0, 0, 9, 9)}); code(err) != "photo.gone" {
		t.Error(err)
	}
}

func TestBoxesReachTheLastCorner(t *testing.T) {
	m := image.NewRGBA(image.Rect(0, 0, 100, 70))
	for i := range m.Pix {
		m.Pix[i] = uint8(i * 7)
	}
	mosaic(m, []image.Rectangle{image.Rect(857, 800, 1000, 1000)})
	if m.RGBAAt(99, 69) != m.RGBAAt(98, 68) {
		t.Error("the last corner is left out")
	}
}

// slow is a picture that comes when it is told to.
type slow struct {
	begun chan struct{}
	once  sync.Once
	go_   chan struct{}
	r     io.Reader
}

func (s *slow) Read(b []byte) (int, error) {
	s.once.Do(func() { s.begun <- struct{}{}; <-s.go_ })
	return s.r.Read(b)
}

func TestTwoAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t)
		begun, on := make(chan struct{}, 3), make(chan struct{})
		put := func(ctx context.Context, done chan error) {
			_, err := s.Put(ctx, &slow{begun: begun, go_: on, r: bytes.NewReader(shot(20, 20))})
			done <- err
		}
		done := make(chan error, 3)
		go put(t.Context(), done)
		go put(t.Context(), done)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		tired := make(chan error, 1)
		go put(ctx, tired)
		go put(t.Context(), done)
		synctest.Wait()
		if len(begun) != 2 {
			t.Fatalf("%d have begun, want 2", len(begun))
		}
		cancel()
		if err := <-tired; !errors.Is(err, context.Canceled) {
			t.Errorf("the tired one got %v", err)
		}
		close(on)
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if len(s.slots) != 0 || len(s.large) != 0 {
			t.Error("a place was not left")
		}
	})
}

func TestHeavyOnesAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		want bool
	}{"12 MP": {pngHead(4000, 3000), false}, "48 MP": {pngHead(8000, 6000), true}} {
		if h, err := look(c.in); err != nil || h.heavy != c.want {
			t.Errorf("%s: %v, %v", name, h.heavy, err)
		}
	}
	if !progressive(sample(t, "progressive.jpg")) || progressive(sample(t, "gray.jpg")) {
		t.Error("progressive JPEGs are not told from others")
	}
}

// note builds an Exif block; what is wrong with it must not matter to the picture.
func TestBrokenNotesAreIgnored(t *testing.T) {
	good := jpegExif(sample(t, "phone.jpg"))
	want := readNote(good)
	if !want.located || want.orient != 6 {
		t.Fatalf("%+v", want)
	}
	for n := range len(good) {
		readNote(good[:n]) // must not panic
	}
	for _, b := range []string{"\xff\xd8\xff\xe1\x00\x00Exif\x00\x00", "\xff\xd8\xff\xe1\x00\x01Exif\x00\x00", "\xff\xd8\xff\xe1\x40\x00Exif\x00\x00II*\x00", "\xff\xd8\xff\xe1", "\xff\xd8\xff\xff\xff"} {
		if got := jpegExif([]byte(b)); got != nil {
			t.Errorf("%q: %q", b, got)
		}
	}
	zero := slices.Clone(good)
	for i := range zero[8:] {
		zero[8+i] = 0xff
	}
	if n := readNote(zero); n != (note{orient: 1}) {
		t.Errorf("%+v", n)
	}
	for name, b := range map[string][]byte{"": nil, "short": []byte("II*"), "no tiff": []byte("XX*\x00\x08\x00\x00\x00")} {
		if n := readNote(b); n != (note{orient: 1}) {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

func TestPositionIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		south, west string
		lat, lon    [6]uint32
		want        note
	}{
		"north east":  {"N", "E", [6]uint32{32, 1, 1, 1, 30, 1}, [6]uint32{120, 1, 30, 1, 0, 1}, note{1, true, 32 + 1./60 + 30./3600, 120.5}},
		"south west":  {"S", "W", [6]uint32{32, 1, 0, 1, 0, 1}, [6]uint32{120, 1, 0, 1, 0, 1}, note{1, true, -32, -120}},
		"no fix":      {"N", "E", [6]uint32{0, 0, 0, 0, 0, 0}, [6]uint32{0, 0, 0, 0, 0, 0}, note{orient: 1}},
		"by nothing":  {"N", "E", [6]uint32{32, 0, 0, 1, 0, 1}, [6]uint32{120, 1, 0, 1, 0, 1}, note{orient: 1}},
		"off the map": {"N", "E", [6]uint32{92, 1, 0, 1, 0, 1}, [6]uint32{120, 1, 0, 1, 0, 1}, note{orient: 1}},
	} {
		for _, bo := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			b := []byte("II*\x00")
			if bo == binary.BigEndian {
				b = []byte("MM\x00*")
			}
			entry := func(tag, typ uint16, count uint32, value []byte) {
				b = bo.AppendUint16(b, tag)
				b = bo.AppendUint16(b, typ)
				b = append(bo.AppendUint32(b, count), value...)
			}
			b = bo.AppendUint32(b, 8)
			b = bo.AppendUint16(b, 1)
			entry(0x8825, 4, 1, bo.AppendUint32(nil, 26))
			b = bo.AppendUint32(b, 0)
			b = bo.AppendUint16(b, 4)
			entry(1, 2, 2, []byte(c.south+"\x00\x00\x00"))
			entry(2, 5, 3, bo.AppendUint32(nil, 80))
			entry(3, 2, 2, []byte(c.west+"\x00\x00\x00"))
			entry(4, 5, 3, bo.AppendUint32(nil, 104))
			b = bo.AppendUint32(b, 0)
			for _, v := range append(c.lat[:], c.lon[:]...) {
				b = bo.AppendUint32(b, v)
			}
			if got := readNote(b); got != c.want {
				t.Errorf("%s %v: %+v, want %+v", name, bo, got, c.want)
			}
		}
	}
}

func FuzzPicture(f *testing.F) {
	add := mutate.Adder(f)
	all, _ := filepath.Glob("testdata/*.*")
	for _, name := range all {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		add(b)
	}
	add(moving(f))
	add(webpBomb())
	add(pngHead(10, 10))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := look(b)
		if err == nil {
			if c, _ := h.config(bytes.NewReader(b)); c.Width*c.Height > 1<<20 {
				return // right, but slow
			}
			var m *image.RGBA
			if m, err = h.decode(b); err == nil {
				if s := m.Bounds().Size(); s.X < 1 || s.Y < 1 || s.X > int(Full) || s.Y > int(Full) {
					t.Errorf("size %v", s)
				}
				_, _, _, err := encode(m)
				if err != nil {
					t.Error(err)
				}
				return
			}
		}
		if fail.KindOf(err) != fail.Invalid {
			t.Error(err)
		}
	})
}

func FuzzNote(f *testing.F) {
	add := mutate.Adder(f)
	for _, name := range []string{"phone.jpg", "phone.png", "phone.webp"} {
		b := sample(f, name)
		add(b)
		add(jpegExif(b))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, tiff := range [][]byte{b, jpegExif(b), pngExif(b), webpExif(b)} {
			n := readNote(tiff)
			if n.orient < 1 || n.orient > 8 || math.IsNaN(n.lat) || math.Abs(n.lat) > 90 || math.Abs(n.lon) > 180 {
				t.Errorf("%+v", n)
			}
		}
		progressive(b)
	})
}

func BenchmarkPut12MP(b *testing.B) {
	s, in := store(b), shot(4000, 3000)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Put(b.Context(), bytes.NewReader(in)); err != nil {
			b.Fatal(err)
		}
	}
}

// What comes from a phone that shrank it first.
func BenchmarkPutShrunk(b *testing.B) {
	s, in := store(b), shot(1600, 1200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Put(b.Context(), bytes.NewReader(in)); err != nil {
			b.Fatal(err)
		}
	}
}
