package web

import (
	"fmt"
	"html/template"
	"reflect"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/i18n"
)

// Field is one question with one box. Kind: text (default) tel email search password number date textarea select.
type Field struct {
	W                i18n.W
	Name             string
	Label            string
	Hint             string
	Value            string
	Kind             string
	Rows, Max        int    // of a textarea; Max in characters
	Auto             string // autocomplete, such as tel or one-time-code
	Mode             string // inputmode, such as numeric
	Optional, Hidden bool   // Hidden: the label is for readers of the screen only
	Private          bool   // never kept in a draft on the device
	Options          []Option
	Err              string
}

// Option is one answer to choose.
type Option struct {
	Value, Label, Hint string
	On                 bool
}

// Pick is a question answered by tiles: one of them, or Many.
type Pick struct {
	W                  i18n.W
	Name, Label, Hint  string
	Many, Hidden, Tall bool // Tall: one tile a row
	Options            []Option
	Err                string
}

// Photo asks for pictures; they are made small on the phone where it can.
type Photo struct {
	W                 i18n.W
	Name, Label, Hint string
	Max               int
	Err               string
}

// Errs is the list of answers to change, above the h1.
type Errs struct {
	W    i18n.W
	Errs []FieldErr
}

// Note is a sentence on a strip. Kind: "" (waiting, promises), ok, hot, plain.
type Note struct {
	W          i18n.W
	Kind, Text string
}

// Empty stands where a list has nothing: what would be here, and one next step.
type Empty struct {
	W                       i18n.W
	Text, More, Label, Href string
}

// Pager is the way to the next and previous leaf of a list.
type Pager struct {
	W          i18n.W
	Prev, Next string
}

// Trail tells what happened, newest first, and what comes next.
type Trail struct {
	W     i18n.W
	Steps []TrailStep
	Next  string // first in the list, dashed
}

// TrailStep is one thing that happened.
type TrailStep struct {
	At          time.Time
	Title, Text string
	By          string // which office or role, never a name
	Photos      []Picture
	Hot         bool // needs the reader's eye
}

// Picture is a photo shown.
type Picture struct{ Src, Full, Alt string }

// Nums is a row of figures.
type Nums struct {
	W    i18n.W
	Nums []Num
}

// Num is one figure. N is ready for reading ("1.8"); Href leads to its records.
type Num struct{ N, Label, Href string }

// DL is a list of answers, each with a way to change it.
type DL struct {
	W    i18n.W
	Rows []Row
}

// Row is one answer. Value keeps its line breaks.
type Row struct{ Label, Value, Change string }

// Map is a picture of the ground that turns into a map where script runs.
// Mode: show (one pin), public (points from Points), pick (a pin to be moved; fields lat and lon).
type Map struct {
	W            i18n.W
	Mode         string
	Lat, Lon     float64
	Z            int
	W2, H        int    // of the picture, 640 × 400 if unsaid
	Src          string // the picture; the pin is in it
	Alt          string
	Points       string // JSON: [[lat, lon, how many, path of the one, state], …]
	Tiles        string // pattern with {z} {x} {y}
	Credit       string
	NoLat, Plain bool // NoLat: pick without a pin yet; Plain: no bar below
}

// Slip is an issue in a list.
type Slip struct {
	W           i18n.W
	State       string // as Sealed says
	Title, Href string
	Place       string
	Meta        []string // short facts, set apart by dots
	At, Due     time.Time
	Photo       string
	Hot         bool
}

// Side is the column of lists at a desk.
type Side struct {
	W     i18n.W
	Label string
	Items []SideItem
}

// SideItem is one list and how many wait in it. Rule draws a line above.
type SideItem struct {
	Label, Href     string
	N               int
	Here, Hot, Rule bool
}

// Step says where the reader is in a row of questions.
type Step struct {
	W     i18n.W
	N, Of int
	Back  string // path of the question before
}

// Find is a box to search with. Keep are further things the address must hold.
type Find struct {
	W                          i18n.W
	Action, Name, Label, Value string
	Keep                       []Option // their Value under the name in Label
}

// Geo is the button that fills in where the reader is; it shows itself only where that can work.
type Geo struct{ W i18n.W }

// Poster is a door's code to print: A5, two a sheet in <div class="posters">; Label makes it small, eight a sheet in
// <div class="labels">. Path and Size are qr.Path's. The page sets Frame.Paper.
type Poster struct {
	W                       i18n.W
	Place, Code, Phone, URL string
	Path                    string
	Size                    int
	Label                   bool
}

// SOS is the line of numbers to call first.
type SOS struct{ W i18n.W }

// part builds one of the above in a template: (field $ "Name" "title" "Label" (.W.T "…")), or from a value the
// page made: (slip $ .). $ gives the words, and the sentence at fault for a field of that Name.
func part[P any](on any, with ...any) (P, error) {
	var p P
	w, err := words(on)
	if err != nil {
		return p, err
	}
	v := reflect.ValueOf(&p).Elem()
	if len(with) == 1 {
		switch made := with[0].(type) {
		case P:
			p = made
		case *P:
			p = *made
		default:
			return p, fmt.Errorf("want %T, got %T", p, with[0])
		}
	} else if err := fill(v, with); err != nil {
		return p, fmt.Errorf("%T: %w", p, err)
	}
	v.FieldByName("W").Set(reflect.ValueOf(w))
	page, ok := on.(framed)
	if !ok {
		return p, nil
	}
	f := page.look()
	if e, name := v.FieldByName("Err"), v.FieldByName("Name"); e.IsValid() && name.IsValid() && e.String() == "" {
		e.SetString(f.Err(name.String()))
	}
	if e, ok := any(&p).(*Errs); ok && e.Errs == nil {
		e.Errs = f.Errs
	}
	return p, nil
}

func fill(v reflect.Value, with []any) error {
	if len(with)%2 != 0 {
		return fmt.Errorf("a name without a value")
	}
	for i := 0; i < len(with); i += 2 {
		name, _ := with[i].(string)
		f := v.FieldByName(name)
		if !f.IsValid() {
			return fmt.Errorf("there is no %q", with[i])
		}
		x := reflect.ValueOf(with[i+1])
		switch {
		case !x.IsValid():
		case x.Type().AssignableTo(f.Type()):
			f.Set(x)
		case x.Kind() == reflect.String && f.Kind() == reflect.String, x.CanInt() && f.CanInt(), x.CanInt() && f.CanFloat(), x.CanFloat() && f.CanFloat():
			f.Set(x.Convert(f.Type()))
		default:
			return fmt.Errorf("%s is %s, not %T", name, f.Type(), with[i+1])
		}
	}
	return nil
}

// Is reports whether the box is of that kind.
func (f Field) Is(kind string) bool { return f.Kind == kind }

// Type is the input's type.
func (f Field) Type() string {
	if f.Kind == "" || f.Kind == "number" { // number boxes scroll and swallow letters; a text box with digits is kinder
		return "text"
	}
	if _, err := time.Parse(time.DateOnly, f.Value); f.Kind == "date" && f.Value != "" && err != nil {
		return "text" // a date box would swallow what was typed, which is to be mended
	}
	return f.Kind
}

// About lists what describes the box.
func (f Field) About() string { return about(f.Name, f.Err, f.Hint) }

// About lists what describes the tiles.
func (p Pick) About() string { return about(p.Name, p.Err, p.Hint) }

func about(name, err, hint string) string {
	var ids []string
	if err != "" {
		ids = append(ids, "e-"+name)
	}
	if hint != "" {
		ids = append(ids, "h-"+name)
	}
	return strings.Join(ids, " ")
}

// Width and Height of the picture.
func (m Map) Width() int { return or(m.W2, 640) }

// Height is the picture's.
func (m Map) Height() int { return or(m.H, 400) }

func or(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// Sealed is the state people see on the seal: a closed issue wears its outcome and answer, an open one that is late says so.
func Sealed(state, outcome, answer string, late bool) string {
	switch {
	case state == "closed" && outcome == "handed_up":
		return "handed_up"
	case state == "closed" && (answer == "confirmed" || answer == "unconfirmed"):
		return answer
	case answer == "disputed" && state != "refused" && state != "merged":
		return "disputed"
	case late && state != "closed" && state != "refused" && state != "merged":
		return "overdue"
	}
	return state
}

// seal is the stamp that says the state: by its word, its shape and, last, its colour. "big" is for the head of a page.
func seal(on any, state any, big ...string) (template.HTML, error) {
	w, err := words(on)
	if err != nil {
		return "", err
	}
	s := fmt.Sprint(state)
	for _, r := range s {
		if r != '_' && (r < 'a' || r > 'z') {
			return "", fmt.Errorf("%q is no state", s)
		}
	}
	class := "seal seal-" + s
	for _, b := range big {
		class += " is-" + b
	}
	return template.HTML(`<span class="` + class + `" title="` + template.HTMLEscapeString(w.T("web.state."+s)) + `">` +
		template.HTMLEscapeString(w.T("web.seal."+s)) + `</span>`), nil
}

// plate is the door plate that says where; its numbers stand large, as on the wall.
func plate(name string, size ...string) template.HTML {
	if name == "" {
		return ""
	}
	class := "plate"
	for _, s := range size {
		class += " is-" + s
	}
	var b strings.Builder
	b.WriteString(`<span class="` + class + `">`)
	number := false
	for _, r := range name {
		if n := r >= '0' && r <= '9' || number && (r == '-' || r >= 'A' && r <= 'Z'); n != number {
			if number = n; n {
				b.WriteString("<b>")
			} else {
				b.WriteString("</b>")
			}
		}
		b.WriteString(template.HTMLEscapeString(string(r)))
	}
	if number {
		b.WriteString("</b>")
	}
	b.WriteString("</span>")
	return template.HTML(b.String())
}

// icons are drawn in a 24 × 24 box with a two-pixel pen.
var icons = map[string]string{
	"home":    `<path d="M3 11 12 4l9 7M5 10v10h5v-6h4v6h5V10"/>`,
	"report":  `<path d="M4 20l1-5L16 4l4 4L9 19zM14 6l4 4"/>`,
	"list":    `<path d="M5 3h14v18l-3.5-2-3.5 2-3.5-2L5 21zM9 8h6M9 12h6"/>`,
	"me":      `<circle cx="12" cy="8" r="4"/><path d="M4 21c1-5 4-7 8-7s7 2 8 7"/>`,
	"desk":    `<path d="M3 10h18M5 10V5h14v5M5 10v10M19 10v10M9 14h6"/>`,
	"camera":  `<rect x="3" y="7" width="18" height="13" rx="2"/><circle cx="12" cy="13.5" r="4"/><path d="M8 7l2-3h4l2 3"/>`,
	"find":    `<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5 21 21"/>`,
	"phone":   `<path d="M5 3h4l2 5-2.5 2a13 13 0 0 0 5.5 5.5L16 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 5a2 2 0 0 1 2-2z"/>`,
	"help":    `<path d="M12 3v2M4 6l2 2M20 6l-2 2M7 19v-6a5 5 0 0 1 10 0v6zM4 21h16"/>`,
	"place":   `<path d="M12 21c-5-6-7-8.5-7-12a7 7 0 0 1 14 0c0 3.5-2 6-7 12z"/><circle cx="12" cy="9" r="2.5"/>`,
	"words":   `<path d="M3 6h10M8 3v3M11 6c-1 4-4 7-8 9M5 9c1 3 4 5 7 6M12 21l4.5-11L21 21M13.5 17.5h6"/>`,
	"follow":  `<path d="M6 18V11a6 6 0 0 1 12 0v7zM4 18h16M10 21h4M12 3v2"/>`,
	"too":     `<path d="M7 11v9H4v-9zM7 11l4-8c2 0 3 1 3 3l-1 4h6c1.5 0 2 1 1.7 2.5l-1.2 6c-.2 1-1 1.5-2 1.5H7"/>`,
	"print":   `<path d="M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7z"/>`,
	"bell":    `<path d="M6 17V11a6 6 0 0 1 12 0v6l2 1H4zM10 21h4"/>`,
	"night":   `<path d="M20 14A8 8 0 1 1 10 4a7 7 0 0 0 10 10z"/>`,
	"check":   `<path d="M4 13l5 5L20 6"/>`,
	"warn":    `<path d="M12 3 2 21h20zM12 10v5M12 17.5v1"/>`,
	"figures": `<path d="M4 20V11M10 20V4M16 20v-7M21 20H3"/>`,
	"people":  `<circle cx="9" cy="8" r="3.5"/><path d="M2 20c.5-4 3-6 7-6s6.5 2 7 6M16 5a3.5 3.5 0 0 1 0 7M18 14.5c2.5.7 3.7 2.5 4 5.5"/>`,
}

// icon is a small drawing; a word always stands beside it.
func icon(name string) (template.HTML, error) {
	d, ok := icons[name]
	if !ok {
		return "", fmt.Errorf("no icon %q", name)
	}
	return template.HTML(`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">` + d + `</svg>`), nil
}
