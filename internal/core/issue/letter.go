package issue

import (
	"time"

	"github.com/linli-town/linli/internal/base/db"
	"github.com/linli-town/linli/internal/base/fail"
	"github.com/linli-town/linli/internal/base/i18n"
	"github.com/linli-town/linli/internal/base/who"
	"github.com/linli-town/linli/internal/core/notify"
	"github.com/linli-town/linli/internal/core/place"
)

// Words puts a letter about an issue in words, in the transaction in which it leaves.
// url is the town's address. Who raised the issue gets a private link, made here and kept
// nowhere; whoever works on it a way to the desk; whoever follows it the public page.
// ErrMoot when there is nothing to tell any more.
func (d Desk) Words(tx *db.Tx, l notify.Letter, lang, url string) (notify.Message, error) {
	w := i18n.W{Lang: i18n.Parse(lang), Now: tx.Now(), Loc: d.calendar().Zone()}
	c, err := byID(tx, l.About)
	if err != nil {
		return notify.Message{}, err // Missing: nothing to tell
	}
	chain, err := place.Chain(tx, c.Path)
	if err != nil {
		return notify.Message{}, err
	}
	link, ours, err := c.way(tx, l)
	if err != nil {
		return notify.Message{}, err
	}
	at := shownPlace(chain, c.Open)
	if ours { // those who work on it know where it is
		at = chain[len(chain)-1]
	}
	when := c.when(l.Kind)
	if when.IsZero() && (l.Kind == "issue.asked" || l.Kind == "issue.wish") {
		return notify.Message{}, notify.ErrMoot // answered, or decided, meanwhile
	}
	m := notify.Say(l.Kind, w, "no", c.No, "place", at.In(string(w.Lang)), "when", w.Time(when), "link", url+link)
	m.Link = url + link
	return m, nil
}

// way is the address at which the reader of a letter finds the issue, and whether they
// work on it.
func (c Issue) way(tx *db.Tx, l notify.Letter) (path string, ours bool, err error) {
	reporter := l.To != 0 && (l.To == c.Owner || l.To == c.For)
	switch l.Kind {
	case "issue.follow_mail":
		if ok, err := said(tx, `select 1 from follow where issue = $1 and person = $2 and ended = 0`, c.ID, l.To); err != nil || !ok {
			if err == nil {
				err = notify.ErrMoot
			}
			return "", false, err
		}
		t, err := newLink(tx, who.System(who.Timer), c.ID, "mail", l.To, tx.Now().AddDate(0, 0, mailDays))
		return "/mail/" + t, false, err
	case "email.confirm":
		return "/mail/" + l.Token, false, nil
	case "issue.link":
		if !reporter {
			return "", false, fail.New(fail.Missing, "issue.missing")
		}
	case "issue.closed", "issue.told":
		if !reporter {
			return "/i/" + c.No, false, nil
		}
	case "issue.accepted", "issue.refused", "issue.merged", "issue.asked", "issue.delayed":
	default:
		return "/desk/i/" + c.No, true, nil
	}
	t, err := newLink(tx, who.System(who.Timer), c.ID, "reporter", l.To, time.Time{})
	return "/m/" + t, false, err
}

// when is the moment a letter speaks of.
func (c Issue) when(kind string) time.Time {
	switch kind {
	case "issue.new":
		return c.Accept
	case "issue.asked":
		if c.Why != string(ActAsk) {
			return time.Time{}
		}
		return c.Until
	case "issue.wish":
		return c.WishTo
	case "issue.approved":
		if !c.Until.IsZero() {
			return c.Until
		}
	case "issue.late":
		if t := c.limit(); !t.IsZero() {
			return t
		}
	}
	return c.Promise
}

// limit is the earliest limit that is not met.
func (c Issue) limit() (t time.Time) {
	for _, d := range []time.Time{c.Accept, c.Dispatch, c.First, c.Settle} {
		if !d.IsZero() && (t.IsZero() || d.Before(t)) {
			t = d
		}
	}
	return t
}
