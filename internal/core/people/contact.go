package people

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/linli-town/linli/internal/base/fail"
)

const (
	nameMost  = 40  // characters
	emailMost = 254 // bytes, RFC 5321
)

// Check says what is wrong with a contact. Every field may be empty.
//
// Invalid people.phone.bad, people.email.bad, people.name.long, each with its Field.
func (c Contact) Check() error {
	_, err := c.tidy()
	return err
}

// Empty reports whether nothing was left by which somebody could be known.
func (c Contact) Empty() bool {
	return strings.TrimSpace(c.Name+c.Phone+c.Email) == ""
}

// tidy is c as it is kept: E.164, lower case, single spaces.
func (c Contact) tidy() (_ Contact, err error) {
	if c.Phone, err = Phone(c.Phone); err != nil {
		return c, err
	}
	if c.Email, err = Email(c.Email); err != nil {
		return c, err
	}
	c.Name, err = Name(c.Name)
	return c, err
}

// Phone is s as E.164, read as dialled in China unless it says another country.
//
// Invalid people.phone.bad.
func Phone(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	if p := mobile(s); p != "" {
		return p, nil
	}
	bad := &fail.Error{Kind: fail.Invalid, Code: "people.phone.bad", Field: "phone"}
	if len(s) > 60 {
		return "", bad
	}
	n, err := phonenumbers.Parse(s, "CN")
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", bad
	}
	return phonenumbers.Format(n, phonenumbers.E164), nil
}

// mobile is the short way for what nearly everybody types, 138 0013 8000; "" for
// anything else. New ranges are opened faster than tables of them are published.
func mobile(s string) string {
	var d []byte
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			d = append(d, byte(r))
		case r >= '０' && r <= '９':
			d = append(d, byte(r-'０'+'0'))
		case r == ' ' || r == '-' || r == '\u3000' || r == '－':
		default:
			return ""
		}
	}
	if len(d) != 11 || d[0] != '1' || d[1] < '3' {
		return ""
	}
	return "+86" + string(d)
}

// Email is s in lower case, as nearly every server reads it.
//
// Invalid people.email.bad.
func Email(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	bad := &fail.Error{Kind: fail.Invalid, Code: "people.email.bad", Field: "email"}
	a, err := mail.ParseAddress(s)
	if err != nil || len(s) > emailMost || a.Address != s || strings.ContainsFunc(s, odd) {
		return "", bad
	}
	_, host, _ := strings.Cut(s, "@")
	if !strings.Contains(strings.Trim(host, "."), ".") {
		return "", bad
	}
	return strings.ToLower(s), nil
}

func odd(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>"(),;:\[]`, r)
}

// Name is s with single spaces and nothing that cannot be seen.
//
// Invalid people.name.long.
func Name(s string) (string, error) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, s)), " ")
	if n := utf8.RuneCountInString(s); n > nameMost { // characters, not bytes
		return "", &fail.Error{Kind: fail.Invalid, Code: "people.name.long", Field: "name", Args: []any{"max", nameMost, "count", n}}
	}
	return s, nil
}

// lang is a script we speak, zh-Hans for anything else.
func lang(s string) string {
	switch s {
	case "zh-Hant", "en":
		return s
	}
	return "zh-Hans"
}
