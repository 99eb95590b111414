package web

import (
	"strings"
	"testing"

	"github.com/jba/templatecheck"
)

// pageTypes is which page goes into which template.
var pageTypes = map[string]framed{
	"admin_doors": doorsPage{}, "call": callPage{}, "desk": deskPage{}, "desk_print": deskPage{}, "enter": enterPage{}, "find": findPage{}, "follow": followPage{}, "guest": deskPage{},
	"home": homePage{}, "issue": issuePage{}, "issues": listPage{}, "mail": mailPage{}, "map": mapPageView{}, "mask": maskPage{}, "own": ownPage{}, "release": releasePage{},
	"report_check": reportPage{}, "report_what": reportPage{}, "report_where": reportPage{}, "say": Say{}, "sheet": sheet{}, "words": wordsPage{},
}

// Every name in a template, also where a page seldom comes, is one that its page has.
func TestTemplatesFitTheirPages(t *testing.T) {
	set := parse(tpls, "tpl/*.html") // anew: those once shown are rewritten by the escaper
	for name, p := range pageTypes {
		tpl := set.Lookup(name + ".html")
		if tpl == nil {
			t.Errorf("there is no template %s", name)
		} else if err := templatecheck.CheckHTMLStrict(tpl, p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, f := range set.Templates() {
		name, page := strings.CutSuffix(f.Name(), ".html")
		if _, ok := pageTypes[name]; page && !ok && name != "base" && name != "parts" && name != "report_parts" {
			t.Errorf("%s: say in pageTypes which page it is for", name)
		}
	}
}
