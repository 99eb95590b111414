package web

import "github.com/linli-town/linli/internal/door/gate"

// adminRoutes are the pages of the administrator.
func (s *Server) adminRoutes() []gate.Route { return nil }
