package gate

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime/multipart"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/linli-town/linli/internal/base/fail"
)

// Parse reads the form, of either kind, once; every door has done so before its room is
// asked. What no database keeps, broken UTF-8 and NUL, becomes �.
func (c *Ctx) Parse() error {
	if c.parsed {
		return nil
	}
	c.parsed = true
	err := c.R.ParseForm()
	if err == nil && strings.HasPrefix(c.R.Header.Get("Content-Type"), "multipart/form-data") {
		err = c.R.ParseMultipartForm(8 << 20)
	}
	for _, vs := range c.R.Form {
		for i, v := range vs {
			vs[i] = scrub(v)
		}
	}
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &fail.Error{Kind: fail.Invalid, Code: "fail.body_size", Args: []any{"max", big.Limit >> 20}, Err: err}
	}
	if err != nil {
		return &fail.Error{Kind: fail.Invalid, Code: "fail.broken", Err: err}
	}
	return nil
}

func scrub(s string) string { return strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", "�") }

// Files are the files sent in a field.
func (c *Ctx) Files(field string) []*multipart.FileHeader {
	if c.Parse() != nil || c.R.MultipartForm == nil {
		return nil
	}
	return c.R.MultipartForm.File[field]
}

// Read fills the struct that in points to: from a JSON body, or from the form and
// the path by the fields' json names; a struct within is named "contact.phone".
// What cannot be read is Invalid input.bad with the field; unknown fields are let be
// in forms (buttons have names) and refused in JSON.
func (c *Ctx) Read(in any) error {
	if strings.HasPrefix(c.R.Header.Get("Content-Type"), "application/json") {
		d := json.NewDecoder(c.R.Body)
		d.DisallowUnknownFields()
		if err := d.Decode(in); err != nil && !errors.Is(err, io.EOF) {
			return &fail.Error{Kind: fail.Invalid, Code: "fail.input", Err: err}
		}
	} else if err := c.Parse(); err != nil {
		return err
	}
	return c.fill(reflect.ValueOf(in).Elem(), "")
}

var timeType = reflect.TypeFor[time.Time]()

func (c *Ctx) fill(v reflect.Value, prefix string) error {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		f := v.Field(i)
		name = prefix + name
		if f.Kind() == reflect.Struct && f.Type() != timeType {
			if err := c.fill(f, name+"."); err != nil {
				return err
			}
			continue
		}
		if f.Kind() == reflect.Slice && f.Type().Elem().Kind() == reflect.String {
			if ss := c.R.Form[name]; len(ss) > 0 {
				f.Set(reflect.ValueOf(ss).Convert(f.Type()))
			}
			for i := range f.Len() {
				f.Index(i).SetString(scrub(f.Index(i).String()))
			}
			continue
		}
		s := c.R.PathValue(name)
		if s == "" {
			s = c.R.FormValue(name)
		}
		if s == "" {
			if f.Kind() == reflect.String { // from a JSON body
				f.SetString(scrub(f.String()))
			}
			continue
		}
		if err := set(f, s, c.g.Zone); err != nil {
			return &fail.Error{Kind: fail.Invalid, Code: "fail.input", Field: name, Err: err}
		}
	}
	return nil
}

func set(f reflect.Value, s string, zone *time.Location) error {
	switch f.Kind() {
	case reflect.String:
		f.SetString(s)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return err
		}
		f.SetInt(n)
	case reflect.Float64:
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err == nil && (math.IsNaN(n) || math.IsInf(n, 0)) {
			err = errors.New("no number")
		}
		if err != nil {
			return err
		}
		f.SetFloat(n)
	case reflect.Bool:
		f.SetBool(s == "on" || s == "true" || s == "1")
	case reflect.Struct:
		for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02", time.RFC3339} {
			if t, err := time.ParseInLocation(layout, s, zone); err == nil {
				f.Set(reflect.ValueOf(t))
				return nil
			}
		}
		return errors.New("no time")
	}
	return nil
}
