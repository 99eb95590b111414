package app

import (
	"bytes"
	"image"
	"image/jpeg"
	"path/filepath"
	"testing"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/blob"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/core/place"
)

// Photos of reports never sent go; those that hang on an issue stay.
func TestOnlyLoosePhotosAreSweptUp(t *testing.T) {
	cfg := Config{Data: filepath.Join(t.TempDir(), "d"), Zone: "Asia/Shanghai", Level: "error"}
	if err := cfg.makeData(); err != nil {
		t.Fatal(err)
	}
	tn, err := open(t.Context(), cfg, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer tn.close()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	m := basemap.Town(1)
	m.Communities = m.Communities[:1]
	root, err := tn.places.Settle(t.Context(), clerk, m)
	ok(err)
	_, err = tn.issues.Seed(t.Context(), clerk)
	ok(err)
	doors, err := tn.places.Under(t.Context(), root.Path, place.Building)
	ok(err)
	put := func() string {
		var b bytes.Buffer
		ok(jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 40, 30)), nil))
		p, err := tn.photos.Put(t.Context(), &b)
		ok(err)
		return p.Name
	}
	kept, loose := put(), put()
	_, err = tn.issues.Report(t.Context(), who.Actor{Via: who.Web}, issue.Report{Key: "k", Category: "waste", Text: "垃圾没清", Place: doors[0].ID, Photos: []string{kept}, Channel: issue.ByWeb})
	ok(err)
	ok(tn.sweepPhotos(t.Context(), 0))
	if f, err := tn.photos.Open(kept, blob.Thumb); err != nil {
		t.Errorf("the photo of an issue is gone: %v", err)
	} else {
		f.Close()
	}
	if f, err := tn.photos.Open(loose, blob.Thumb); err == nil {
		f.Close()
		t.Error("a photo that hangs on nothing stays")
	}
	ok(tn.sweepLetters(t.Context()))
}
