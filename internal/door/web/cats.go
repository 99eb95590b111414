package web

import (
	"context"

	"github.com/linli-town/linli/internal/core/issue"
	"github.com/linli-town/linli/internal/door/gate"
)

// kinds are the categories in use, majors and what is under them.
type kinds []issue.Category

func (s *Server) kinds(ctx context.Context) (kinds, error) { return s.Issues.Categories(ctx) }

// kindsOnce are the categories, asked for once in a request that only names them. They are
// everybody's: not to be changed.
func (s *Server) kindsOnce(ctx context.Context, c *gate.Ctx) (kinds, error) {
	return gate.Once(c, "kinds", func() (kinds, error) { return s.Issues.Shown(ctx) })
}

// Find is the category of a code.
func (ks kinds) Find(code string) (issue.Category, bool) {
	for _, k := range ks {
		if k.Code == code && code != "" {
			return k, true
		}
	}
	return issue.Category{}, false
}

// Under are the categories below a major; of "" the majors.
func (ks kinds) Under(code string) (out kinds) {
	for _, k := range ks {
		if k.Parent == code {
			out = append(out, k)
		}
	}
	return out
}
