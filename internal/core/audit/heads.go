package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Heads keeps heads of the chain out of reach of whoever can write the database: a
// file on another disk, a page elsewhere. Keep may be called twice with one head.
type Heads interface {
	Keep(ctx context.Context, h Head) error
}

// HeadsFile is a file that only grows: one head a line, as JSON, on the disk before
// Keep returns.
type HeadsFile struct {
	mu sync.Mutex
	f  *os.File
}

// OpenHeads opens the file, or makes it.
func OpenHeads(path string) (*HeadsFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	// A line torn by a power cut is ended, so that the next one is whole.
	if n, err := f.Seek(0, io.SeekEnd); err == nil && n > 0 {
		var last [1]byte
		if _, err := f.ReadAt(last[:], n-1); err == nil && last[0] != '\n' {
			f.Write([]byte("\n"))
		}
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		d.Sync() // the new name too
		d.Close()
	}
	return &HeadsFile{f: f}, nil
}

// Keep implements Heads.
func (f *HeadsFile) Keep(_ context.Context, h Head) error {
	h.At = h.At.UTC()
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.f.Write(append(b, '\n')); err != nil {
		return err
	}
	return f.f.Sync()
}

// Close closes the file.
func (f *HeadsFile) Close() error { return f.f.Close() }

// known is a head as it was kept.
type known struct {
	seq  int64
	hash [32]byte
	at   time.Time
	line int
}

var errHead = errors.New("not a head")

func parse(b []byte) (k known, err error) {
	var h Head
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil {
		return k, errHead
	}
	if _, err := d.Token(); err != io.EOF {
		return k, errHead
	}
	if n, err := hex.Decode(k.hash[:], []byte(h.Hash[:min(len(h.Hash), 64)])); err != nil || n != 32 || len(h.Hash) != 64 || h.Seq < 1 {
		return k, errHead
	}
	k.seq, k.at = h.Seq, h.At
	return k, nil
}

// readHeads reads a file of heads. bad are the lines that are none. A line without
// its closing brace was torn when the power went: it is passed over.
func readHeads(r io.Reader) (heads []known, bad []int, err error) {
	in := bufio.NewReaderSize(r, 4096)
	for n := 1; ; n++ {
		b, err := in.ReadSlice('\n')
		long := err == bufio.ErrBufferFull // too long for a head
		b = bytes.TrimSpace(b)
		for err == bufio.ErrBufferFull {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return nil, nil, err
		}
		k, e := parse(b)
		switch {
		case e == nil:
			k.line = n
			heads = append(heads, k)
		case !long && !bytes.HasSuffix(b, []byte("}")):
		default:
			bad = append(bad, n)
		}
		if err == io.EOF {
			return heads, bad, nil
		}
	}
}
