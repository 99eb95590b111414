package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// The chain, exactly, for whoever checks it with other tools:
//
// A field is written as a netstring: its length in bytes in decimal, ":", the bytes,
// ",". Numbers are decimal. Hashes are SHA-256 in lower-case hex. ‖ puts behind.
//
//	inner = hash("linli detail 1\n" ‖ salt ‖ detail)
//	mark  = hash("linli act 1\n" ‖ id ‖ at ‖ who ‖ via ‖ verb ‖ what ‖ inner)
//	hash  = hash("linli seal 1\n" ‖ hash before ‖ seq ‖ id ‖ mark)
//
// The hash before the first is 64 zeros. The salt (16 random bytes in hex) is deleted
// together with a detail, after which inner can neither be guessed nor linked.

func field(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}

func number(b []byte, n int64) []byte {
	var buf [20]byte
	return field(b, string(strconv.AppendInt(buf[:0], n, 10)))
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func inner(salt, detail string) string {
	b := append(make([]byte, 0, 80+len(detail)), "linli detail 1\n"...)
	return sum(field(field(b, salt), detail))
}

// mark commits to one act.
func mark(a Act) string {
	in := a.Detail // blanked: the hash stands in its place
	if a.salt != "" {
		in = inner(a.salt, a.Detail)
	}
	b := append(make([]byte, 0, 256), "linli act 1\n"...)
	b = number(b, int64(a.ID))
	b = number(b, a.At.UnixMilli())
	b = number(b, int64(a.Who))
	b = field(b, string(a.Via))
	b = field(b, a.Verb)
	b = number(b, int64(a.What))
	return sum(field(b, in))
}

// link commits to one act and all before it.
func link(before string, seq int64, act int64, mark string) string {
	b := append(make([]byte, 0, 256), "linli seal 1\n"...)
	b = field(b, before)
	b = number(b, seq)
	b = number(b, act)
	return sum(field(b, mark))
}

// none is what comes before the first.
const none = "0000000000000000000000000000000000000000000000000000000000000000"
