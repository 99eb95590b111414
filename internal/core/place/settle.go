package place

import (
	"context"
	"fmt"

	"github.com/linli-town/linli/internal/base/basemap"
	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/geo"
	"github.com/linli-town/linli/internal/base/who"
)

// The made-up divisions above the demo's subdistrict. No real code begins with 99.
var demoAbove = []Place{
	{Level: Province, Code: "99", Name: "云江省", NameHant: "雲江省", NameEn: "Yunjiang Province"},
	{Level: Prefecture, Code: "9901", Name: "澄湾市", NameHant: "澄灣市", NameEn: "Chengwan"},
	{Level: District, Code: "990113", Name: "澄东区", NameHant: "澄東區", NameEn: "Chengdong District"},
}

const demoSubdistrict = "990113001"

// Settle makes places of a generated town: the divisions above it, its communities,
// neighbourhoods, estates, buildings and entrances, boundaries and grids. Every building
// has a door code such as "A07-3" (the estate's letter and number, the building's). It
// returns the subdistrict, and does nothing if that is there already.
func (d Desk) Settle(ctx context.Context, by who.Actor, m *basemap.Model) (_ Place, err error) {
	defer fail.Wrap(&err, "place.Settle")
	town, err := db.Do(ctx, d.DB, func(tx *db.Tx) (Place, error) {
		if p, err := ByCode(tx, demoSubdistrict, tx.Now()); err == nil {
			return p, errSettled
		}
		var up Place
		for _, p := range append(demoAbove[:len(demoAbove):len(demoAbove)], named(m.Name, Place{Level: Subdistrict, Code: demoSubdistrict, Phone: "0999-8800 0100"}, m.Centre)) {
			p.Parent, p.Public = up.ID, true
			var err error
			if up, err = Add(tx, by, p); err != nil {
				return up, err
			}
		}
		s, err := geo.NewShape(m.Boundary...)
		if err != nil {
			return up, err
		}
		return up, setBoundary(tx, up, s)
	})
	if err != nil {
		if settled(err) {
			return town, nil
		}
		return town, err
	}
	for i, c := range m.Communities { // one transaction each: some four hundred places
		_, err := db.Do(ctx, d.DB, func(tx *db.Tx) (int, error) { return 0, settle(tx, by, town, i, c, m.Grids) })
		if err != nil {
			return town, err
		}
	}
	return town, nil
}

var errSettled = fail.New(fail.Conflict, "place.code.taken")

func settled(err error) bool { return err == error(errSettled) }

func named(n basemap.Names, p Place, at geo.Point) Place {
	p.Name, p.NameHant, p.NameEn, p.Lat, p.Lon = n.Hans, n.Hant, n.En, at.Lat, at.Lon
	return p
}

func settle(tx *db.Tx, by who.Actor, town Place, i int, c basemap.Community, grids []basemap.Grid) error {
	put := func(up Place, p Place, n basemap.Names, at geo.Point, ring []geo.Point) (Place, error) {
		p = named(n, p, at)
		p.Parent, p.Public = up.ID, true
		p, err := Add(tx, by, p)
		if err != nil || ring == nil {
			return p, err
		}
		s, err := geo.NewShape(ring...)
		if err != nil {
			return p, err
		}
		return p, setBoundary(tx, p, s)
	}
	code := fmt.Sprintf("%s%03d", demoSubdistrict, i+1)
	com, err := put(town, Place{Level: Community, Code: code, Phone: fmt.Sprintf("0999-8800 0%d10", i+2)}, c.Names, c.Hall, c.Boundary)
	if err != nil {
		return err
	}
	estates := 0
	for j, n := range c.Neighbourhoods {
		nb, err := put(com, Place{Level: Neighbourhood, Code: fmt.Sprintf("%s-%03d", code, j+1), Phone: fmt.Sprintf("0999-8800 0%d%02d", i+2, j+11)}, n.Names, n.Centre, n.Boundary)
		if err != nil {
			return err
		}
		for k, e := range n.Estates {
			estates++
			es, err := put(nb, Place{Level: Estate, Code: fmt.Sprintf("%s-E%d", nb.Code, k+1)}, e.Names, e.Centre, e.Boundary)
			if err != nil {
				return err
			}
			for _, b := range e.Buildings {
				bl, err := put(es, Place{Level: Building, Code: fmt.Sprintf("%s-%03d", es.Code, b.Number), Door: fmt.Sprintf("%c%02d-%d", 'A'+i, estates, b.Number)}, b.Names, b.At, nil)
				if err != nil {
					return err
				}
				for _, u := range b.Entrances {
					if _, err := put(bl, Place{Level: Entrance, Code: fmt.Sprintf("%s-%d", bl.Code, u.Number)}, u.Names, u.At, nil); err != nil {
						return err
					}
				}
			}
		}
	}
	for _, g := range grids {
		if g.Community != i {
			continue
		}
		s, err := geo.NewShape(g.Boundary...)
		if err != nil {
			return err
		}
		if _, err := addGrid(tx, by, Grid{Place: com.ID, Number: int64(g.Number), Code: fmt.Sprintf("%s-G%02d", code, g.Number), Name: g.Hans, Hant: g.Hant, En: g.En}, s); err != nil {
			return err
		}
	}
	return nil
}
