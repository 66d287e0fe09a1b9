package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

var errArray = errors.New("this is one JSON array: write one object per line, for example with jq -c '.[]'")

// readJSONL makes columns of the members of all lines, by their dotted paths, in the order in which they appear.
func (s *Sample) readJSONL(ctx context.Context, in *input, most int) error {
	lines := jsonlRows{in: in}
	index := make(map[string]int)
	for most = min(most, maxCells/16); len(s.Rows) < most && len(s.Rows)*len(s.Columns) < maxCells; {
		line, err := lines.split(ctx)
		if errors.Is(err, io.EOF) {
			s.Whole = true
			break
		}
		if err != nil && !errors.Is(err, errLongLine) {
			return err
		}
		if err == nil && len(s.Rows) == 0 && line[0] == '[' {
			return errArray
		}
		row := jsonRow{sample: s, index: index}
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		if err != nil || row.object(d, "") != nil || d.More() {
			s.Odd++
			continue
		}
		s.Rows = append(s.Rows, row.values)
	}
	for i, row := range s.Rows {
		s.Rows[i] = append(row, make([]string, len(s.Columns)-len(row))...)
	}
	return nil
}

// jsonRow takes one line apart.
type jsonRow struct {
	sample *Sample
	index  map[string]int // of the columns
	values []string
}

var errNoObject = errors.New("not a JSON object")

// object reads an object whose members' names follow prefix.
func (r *jsonRow) object(d *json.Decoder, prefix string) error {
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errNoObject
	}
	return r.members(d, prefix)
}

func (r *jsonRow) members(d *json.Decoder, prefix string) error {
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if err := r.value(d, prefix+name); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func (r *jsonRow) value(d *json.Decoder, path string) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	switch v := t.(type) {
	case json.Delim:
		if v == '{' {
			return r.members(d, path+".")
		}
		r.set(path, "", Unreadable)
		for d.More() {
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return err
			}
		}
		_, err := d.Token()
		return err
	case string:
		r.set(path, strings.Trim(v, " \t"), Text)
	case json.Number:
		r.set(path, v.String(), Number)
	case bool:
		text := "false"
		if v {
			text = "true"
		}
		r.set(path, text, Boolean)
	default:
		r.set(path, "", 0)
	}
	return nil
}

// set notes a value. A column whose lines differ in type is one of texts.
func (r *jsonRow) set(path, text string, typ ColumnType) {
	i, known := r.index[path]
	if !known {
		i = len(r.sample.Columns)
		r.index[path] = i
		r.sample.Columns = append(r.sample.Columns, Column{Name: path, Type: typ})
	}
	if c := &r.sample.Columns[i]; text != "" && c.Type != typ && c.Type != Unreadable {
		c.Type = Text
	} else if typ == Unreadable {
		c.Type = Unreadable
	}
	for len(r.values) <= i {
		r.values = append(r.values, "")
	}
	r.values[i] = text
}
