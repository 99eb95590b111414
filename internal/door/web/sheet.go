package web

import (
	"net/url"
	"strconv"

	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/id"
)

// sheet is a page made of blocks, one below the other (tpl/sheet.html): for signing in, what is kept about a person,
// and the administrator's registers, which are forms and lists and little else.
type sheet struct {
	Frame
	Back   string // path of the page before
	Lead   string
	Note   *Note // what has just happened
	Side   *Side // beside the blocks at a desk
	Blocks []block
}

// block is one thing on a sheet. What is not set is not shown.
type block struct {
	Title string
	ID    string // to jump to
	Text  string // *words* become strong
	Note  *Note
	Rows  []Row
	Nums  []Num
	QR    *qrBlock
	Lines []string // codes and the like, one a line
	Table *table
	Slips []Slip
	Empty *Empty
	Acts  []Act
	Ways  []way
	Forms []form
	Pager *Pager
	Boxed bool
	Fold  string // the block is folded away under this word
}

// way is a way on that needs a word about where it leads.
type way struct{ Label, Href, Hint string }

type qrBlock struct {
	Path, Alt string
	Size      int
}

// table is a list with columns. On a phone it scrolls by itself.
type table struct {
	Label string
	Heads []string
	Rows  []tableRow
}

type tableRow struct {
	Cells []cell
	Here  bool
}

// cell is one cell: text, which may lead somewhere, with a mark or buttons.
type cell struct {
	Text, Href, Chip, Small string
	Kind                    string // of the chip: wait done hot
	Number                  bool
	Forms                   []form
}

// form is one form: its boxes and its button.
type form struct {
	Action string // path, without script prefix
	Get    bool
	Upload bool
	Name   string // of the button; empty is the usual
	Value  string
	Button string
	Alt    string // words for ears that the button's word needs
	Kind   string // of the button: second hot good
	Small  bool
	Once   bool
	Inputs []input
	Also   *form // a second button: its Name, Value and Button
}

// onBlock and onForm are what the templates of a block and of a form are given.
type (
	onBlock struct {
		Page  sheet
		Block block
	}
	onForm struct {
		Page  sheet
		Form  form
		Under bool // a heading, so that its groups have lesser ones
	}
)

// input is one box of a form; one of its fields is set. Group starts a group with that
// heading, Fold one that is folded away under it until Unfold.
type input struct {
	Group  string
	Fold   string
	Unfold bool
	Open   bool // a fold that is open
	Field  *Field
	Pick   *Pick
	File   *Field
	Hide   [2]string // name, value
}

func ask(f Field) input             { return input{Field: &f} }
func tick(p Pick) input             { return input{Pick: &p} }
func group(s string) input          { return input{Group: s} }
func hide(name, value string) input { return input{Hide: [2]string{name, value}} }

// okNote is a note that something is done; "" gives none.
func okNote(w i18n.W, key string) *Note {
	if key == "" {
		return nil
	}
	return &Note{W: w, Kind: "ok", Text: w.T(key)}
}

// query is s as it stands in an address after the question mark.
func query(s string) string { return url.QueryEscape(s) }

// idText is an id as forms and addresses carry it; nothing for none.
func idText(n id.ID) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(int64(n), 10)
}
