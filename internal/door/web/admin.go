package web

import (
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/door/gate"
)

// adminRoutes are the pages of the administrator.
func (s *Server) adminRoutes() []gate.Route { return nil }

// adminRights open the administration, each its own part.
var adminRights = []who.Right{who.PlaceEdit, who.PeopleEdit, who.GrantEdit, who.CategoryEdit, who.Erase, who.AbuseEdit, who.ChannelSee, who.AuditSee, who.Announce}

// mayAdmin reports whether there is anything in the administration for by.
func mayAdmin(by who.Actor) bool {
	for _, r := range adminRights {
		if by.May(r, "") {
			return true
		}
	}
	return false
}
