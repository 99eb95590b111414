// Package crashvfs is a SQLite VFS for tests: it passes every call to the real
// unix VFS and keeps a log of what changes files (write, truncate, delete, sync).
// From the log, Image builds the files as a power cut at any point would leave them.
// No cgo, no kernel help, no root. A disk that lies about fsync is not modelled.
//
// Floor: testkit. Imports: the SQLite library.
package crashvfs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// Kind is what an operation does.
type Kind byte

// The operations that matter after a cut.
const (
	Write Kind = iota
	Truncate
	Sync
	Delete
	Mark // not a file operation: something the test wants placed in time (an acknowledgement)
)

// Op is one entry of the log.
type Op struct {
	Kind Kind
	File string // base name
	Off  int64
	Data []byte
	Mark any
}

var (
	mu    sync.Mutex
	log   []Op
	names = map[uintptr]string{} // sqlite3_file → base name
	base  map[uintptr]uintptr    // our io_methods → the real ones
	real  uintptr                // the unix VFS
	fault func(k Kind, file string, n int) int32
	count int
)

func fp(f any) uintptr { return (*[2]uintptr)(unsafe.Pointer(&f))[1] }

//go:nosplit
func at[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

func call[F any](p uintptr) F { f := &struct{ p uintptr }{p}; return *(*F)(unsafe.Pointer(&f)) }

type (
	openFn  = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	delFn   = func(*libc.TLS, uintptr, uintptr, int32) int32
	writeFn = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	truncFn = func(*libc.TLS, uintptr, int64) int32
	syncFn  = func(*libc.TLS, uintptr, int32) int32
)

// Default makes this the VFS of every database opened from now on, so that the
// program's own Open needs no seam. The function it returns undoes that.
func Default() (undo func()) {
	lib.Xsqlite3_vfs_register(libc.NewTLS(), ours, 1)
	return func() {
		lib.Xsqlite3_vfs_register(libc.NewTLS(), real, 1)
		SetFault(nil)
		Take()
	}
}

var ours uintptr

func init() {
	base = map[uintptr]uintptr{}
	tls := libc.NewTLS()
	real = lib.Xsqlite3_vfs_find(tls, 0)
	v := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_vfs{})))
	*at[lib.Tsqlite3_vfs](v) = *at[lib.Tsqlite3_vfs](real)
	n, err := libc.CString("crash")
	if err != nil {
		panic(err)
	}
	at[lib.Tsqlite3_vfs](v).FzName = n
	at[lib.Tsqlite3_vfs](v).FxOpen = fp(openFn(xOpen))
	at[lib.Tsqlite3_vfs](v).FxDelete = fp(delFn(xDelete))
	ours = v
	if rc := lib.Xsqlite3_vfs_register(tls, v, 0); rc != 0 {
		panic(rc)
	}
}

func xOpen(tls *libc.TLS, _, name, file uintptr, flags int32, out uintptr) int32 {
	rc := call[*openFn](at[lib.Tsqlite3_vfs](real).FxOpen)
	r := (*rc)(tls, real, name, file, flags, out)
	m := at[lib.Tsqlite3_file](file).FpMethods
	if r != 0 || m == 0 {
		return r
	}
	mu.Lock()
	defer mu.Unlock()
	names[file] = filepath.Base(libc.GoString(name))
	for our, theirs := range base {
		if theirs == m {
			at[lib.Tsqlite3_file](file).FpMethods = our
			return r
		}
	}
	our := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(lib.Tsqlite3_io_methods{})))
	*at[lib.Tsqlite3_io_methods](our) = *at[lib.Tsqlite3_io_methods](m)
	o := at[lib.Tsqlite3_io_methods](our)
	o.FxWrite, o.FxTruncate, o.FxSync = fp(writeFn(xWrite)), fp(truncFn(xTruncate)), fp(syncFn(xSync))
	base[our] = m
	at[lib.Tsqlite3_file](file).FpMethods = our
	return r
}

// note logs an operation and answers the real methods, or a fault.
func note(k Kind, f uintptr, off int64, data []byte) (*lib.Tsqlite3_io_methods, int32) {
	mu.Lock()
	defer mu.Unlock()
	count++
	if fault != nil {
		if rc := fault(k, names[f], count); rc != 0 {
			return nil, rc
		}
	}
	log = append(log, Op{Kind: k, File: names[f], Off: off, Data: data})
	return at[lib.Tsqlite3_io_methods](base[at[lib.Tsqlite3_file](f).FpMethods]), 0
}

func xWrite(tls *libc.TLS, f, buf uintptr, n int32, off int64) int32 {
	data := append([]byte(nil), unsafe.Slice(at[byte](buf), n)...)
	m, rc := note(Write, f, off, data)
	if rc != 0 {
		return rc
	}
	return (*call[*writeFn](m.FxWrite))(tls, f, buf, n, off)
}

func xTruncate(tls *libc.TLS, f uintptr, n int64) int32 {
	m, rc := note(Truncate, f, n, nil)
	if rc != 0 {
		return rc
	}
	return (*call[*truncFn](m.FxTruncate))(tls, f, n)
}

// The real fsync is skipped: the log is the truth, and tests run at memory speed.
// The sync is logged when it has returned, so a cut inside it may still lose its writes.
func xSync(tls *libc.TLS, f uintptr, _ int32) int32 { _, rc := note(Sync, f, 0, nil); return rc }

func xDelete(tls *libc.TLS, _, name uintptr, dir int32) int32 {
	mu.Lock()
	log = append(log, Op{Kind: Delete, File: filepath.Base(libc.GoString(name))})
	mu.Unlock()
	return (*call[*delFn](at[lib.Tsqlite3_vfs](real).FxDelete))(tls, real, name, dir)
}

// SetFault lets f fail the calls that follow: it returns a SQLite code other than 0
// for the n-th since the last Take. Nil ends the trouble.
func SetFault(f func(k Kind, file string, n int) int32) { mu.Lock(); fault = f; mu.Unlock() }

// Ack places a mark in the log: call it at the moment of acknowledgement.
func Ack(v any) { mu.Lock(); log = append(log, Op{Kind: Mark, Mark: v}); mu.Unlock() }

// Dir makes a folder for images in memory, where there is one, and its end.
func Dir() (dir string, remove func(), err error) {
	base := "/dev/shm"
	if _, err := os.Stat(base); err != nil {
		base = ""
	}
	dir, err = os.MkdirTemp(base, "linli-crash")
	return dir, func() { os.RemoveAll(dir) }, err
}

// Take hands out the log and empties it.
func Take() []Op { mu.Lock(); defer mu.Unlock(); l := log; log, count = nil, 0; return l }

// How says what a cut does to the writes after a file's last sync.
type How byte

// What may happen to them.
const (
	Drop    How = iota // all lost
	Keep               // all kept (a kill -9: the kernel lives on)
	Prefix             // a random prefix, the last write torn at a 512-byte sector
	Scatter            // any subset of 512-byte sectors, in any order
)

// Image writes into dir the files as they are after a power cut before ops[cut].
func Image(dir string, ops []Op, cut int, how How, r *rand.Rand) error {
	type file struct {
		sure []byte // on the disk for certain
		open []Op   // written, not yet synced
		born bool   // its directory entry is on the disk (first sync)
	}
	fs := map[string]*file{}
	apply := func(b []byte, o Op) []byte {
		if o.Kind == Truncate {
			if int64(len(b)) > o.Off {
				b = b[:o.Off:o.Off]
			}
			return b
		}
		if end := o.Off + int64(len(o.Data)); int64(len(b)) < end {
			b = append(b, make([]byte, end-int64(len(b)))...)
		}
		copy(b[o.Off:], o.Data)
		return b
	}
	for _, o := range ops[:cut] {
		f := fs[o.File]
		if f == nil && o.Kind != Mark {
			f = &file{}
			fs[o.File] = f
		}
		switch o.Kind {
		case Write, Truncate:
			f.open = append(f.open, o)
		case Sync:
			for _, w := range f.open {
				f.sure = apply(f.sure, w)
			}
			f.open, f.born = nil, true
		case Delete:
			delete(fs, o.File)
		}
	}
	for name, f := range fs {
		b := f.sure
		open := f.open
		if how == Drop {
			open = nil
		}
		if how == Prefix && len(open) > 0 {
			k := r.IntN(len(open) + 1)
			open = append([]Op(nil), open[:k]...)
			if k > 0 && open[k-1].Kind == Write && len(open[k-1].Data) > 512 {
				open[k-1].Data = open[k-1].Data[:512*r.IntN(len(open[k-1].Data)/512)]
			}
		}
		for _, w := range open {
			if how != Scatter || w.Kind == Truncate {
				if how != Scatter || r.IntN(2) == 0 {
					b = apply(b, w)
				}
				continue
			}
			for i := 0; i < len(w.Data); { // sector by sector of the file
				n := min(int(512-(w.Off+int64(i))%512), len(w.Data)-i)
				if r.IntN(2) == 0 {
					b = apply(b, Op{Kind: Write, Off: w.Off + int64(i), Data: w.Data[i : i+n]})
				}
				i += n
			}
		}
		if !f.born && (how == Drop || how == Scatter && r.IntN(2) == 0) {
			continue // the name itself was lost
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return fmt.Errorf("crashvfs: %w", err)
		}
	}
	return nil
}

// Peek is a copy of the log so far.
func Peek() []Op { mu.Lock(); defer mu.Unlock(); return append([]Op(nil), log...) }

// Base starts the log with the files of dir as they are, all of them safe on the disk.
func Base(dir string) error {
	es, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	for _, e := range es {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		log = append(log, Op{Kind: Write, File: e.Name(), Data: b}, Op{Kind: Sync, File: e.Name()})
	}
	log = append(log, Op{Kind: Mark, Mark: "base"}) // no later cut may fall before this
	return nil
}
