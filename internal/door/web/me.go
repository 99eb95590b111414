package web

import (
	"slices"

	"github.com/linli-town/linli/internal/door/gate"
)

// meRoutes are signing in and what is kept about a person.
func (s *Server) meRoutes() []gate.Route {
	return slices.Concat(s.inRoutes(), s.mineRoutes(), s.dataRoutes())
}
