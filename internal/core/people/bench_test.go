package people

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/who"
)

// benchTown is a town with a chair who is signed in.
func benchTown(b *testing.B) (Desk, string) {
	b.Helper()
	ctx := b.Context()
	base, err := db.Open(ctx, filepath.Join(b.TempDir(), "t.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { base.Close() })
	if err := db.Migrate(ctx, base, allRooms...); err != nil {
		b.Fatal(err)
	}
	d := Desk{DB: base, Path: placePath}
	p, err := d.AddPerson(ctx, chief, Contact{Name: "王", Phone: "13800138000", Place: 4})
	if err != nil {
		b.Fatal(err)
	}
	for _, g := range []Grant{{Role: who.CouncilChair, Place: 4}, {Role: who.GridWorker, Place: 2}} {
		g.Person = p.ID
		if _, err := d.GiveGrant(ctx, chief, g); err != nil {
			b.Fatal(err)
		}
	}
	in, err := d.OpenSession(ctx, who.System(who.CLI), p.ID, Client{})
	if err != nil {
		b.Fatal(err)
	}
	return d, in.Token
}

// cpu adds the processor time used per turn: the machine may be busy with other things.
func cpu(b *testing.B, f func()) {
	b.Helper()
	var from, to syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &from)
	f()
	syscall.Getrusage(syscall.RUSAGE_SELF, &to)
	used := to.Utime.Nano() + to.Stime.Nano() - from.Utime.Nano() - from.Stime.Nano()
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
}
