package web

import "github.com/linli-town/linli/internal/door/gate"

// publicRoutes are the pages for everybody.
func (s *Server) publicRoutes() []gate.Route { return nil }
