package web

import "github.com/linli-town/linli/internal/door/gate"

// deskRoutes are the pages of those who see to issues.
func (s *Server) deskRoutes() []gate.Route { return nil }
