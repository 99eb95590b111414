package dispatch

// Seat gives people places: seat[i] is the role of the i-th, or -1. As many get one as
// can at all. Among the ways to do it, the roles that need a skill are filled first, in
// the order of the need, so that holders of a skill stand where they are needed and the
// places left open are those most people can fill.
//
// Who fits where is a bipartite graph, so the sets of people that can all be seated are
// the independent sets of a transversal matroid (Edmonds and Fulkerson 1965), and so are
// the sets of places that can all be filled: places taken greedily, each by an augmenting
// path (Kuhn 1955), are the best such set and as many as any.
func Seat(roles []Role, fits []Roles) []int {
	var s seating
	return s.seat(roles, fits)
}

// Admit says whether one more, who fits as given, can have a place with all who have one
// already, and gives everybody's role then, the newcomer's last. Who does not is a reserve.
func Admit(roles []Role, taken []Roles, more Roles) (seat []int, ok bool) {
	seat = Seat(roles, append(append(make([]Roles, 0, len(taken)+1), taken...), more))
	for _, r := range seat {
		if r < 0 {
			return nil, false
		}
	}
	return seat, true
}

type seating struct {
	role []int // of each person, -1 none
	seen []bool
	fits []Roles
}

func (s *seating) seat(roles []Role, fits []Roles) []int {
	s.fits, s.role, s.seen = fits, s.role[:0], s.seen[:0]
	for range fits {
		s.role, s.seen = append(s.role, -1), append(s.seen, false)
	}
	for _, plain := range [...]bool{false, true} {
		for r, x := range roles {
			if (x.Skill == 0) != plain {
				continue
			}
			for range min(x.Count, len(fits)) {
				clear(s.seen)
				if !s.fill(r) {
					break
				}
			}
		}
	}
	return s.role
}

// fill finds somebody for one place of role r: who has none, or who can be replaced where they are.
func (s *seating) fill(r int) bool {
	for i, f := range s.fits {
		if f>>r&1 == 0 || s.seen[i] || s.role[i] == r {
			continue
		}
		s.seen[i] = true
		if old := s.role[i]; old < 0 || s.fill(old) {
			s.role[i] = r
			return true
		}
	}
	return false
}
