package issue

// The keys of the words for what this room's codes mean.

// Key is the key of a state's name.
func (s State) Key() string { return "issue.state." + string(s) }

// Key is the key of what a button for an act says.
func (a Act) Key() string { return "issue.act." + string(a) }

// Did is the key of what the trail says of an act that was done.
func (a Act) Did() string { return "issue.did." + string(a) }

// Key is the key of an outcome's name.
func (o Outcome) Key() string { return "issue.outcome." + string(o) }

// Key is the key of an answer's name.
func (a Answer) Key() string { return "issue.answer." + string(a) }

// Key is the key of a sort's name.
func (s Sort) Key() string { return "issue.sort." + string(s) }

// Key is the key of a grade's name.
func (g Grade) Key() string { return "issue.grade." + string(g) }

// Key is the key of a channel's name.
func (c Channel) Key() string { return "issue.channel." + string(c) }

// Key is the key of what a limit limits; UnitKey of what it is counted in.
func (l Limit) Key() string     { return "issue.limit." + l.What }
func (l Limit) UnitKey() string { return "issue.unit." + l.Unit }

// ReasonKey is the key of a reason's words.
func ReasonKey(code string) string { return "issue.reason." + code }
