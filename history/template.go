package history

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// templatePart is a literal text, or a placeholder that the row fills.
type templatePart struct {
	literal     string
	placeholder string // rowNumber, rowIndex, fileName, or "" for a literal
}

// The placeholders of an id template.
const (
	rowNumber = "row"  // counts from 1
	rowIndex  = "row0" // counts from 0
	fileName  = "file" // the file's name without folder and endings
)

// parseTemplate takes a template such as "{file}-{row}" apart.
func parseTemplate(template string) (parts []templatePart, err error) {
	counts := false
	for rest := template; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		if literal != "" {
			parts = append(parts, templatePart{literal: literal})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			return nil, fmt.Errorf("%q has a { without a }", template)
		}
		if name != rowNumber && name != rowIndex && name != fileName {
			return nil, fmt.Errorf("{%s} is not known: there are {row}, which counts from 1, {row0}, which counts from 0, and {file}", name)
		}
		counts = counts || name != fileName
		parts = append(parts, templatePart{placeholder: name})
		rest = after
	}
	if !counts {
		return nil, errors.New("without {row} all ids would be the same")
	}
	return parts, nil
}

// fillFile replaces {file}, which is the same for all rows of a file.
func fillFile(parts []templatePart, path string) []templatePart {
	filled := make([]templatePart, 0, len(parts))
	for _, p := range parts {
		if p.placeholder == fileName {
			p = templatePart{literal: fileStem(path)}
		}
		filled = append(filled, p)
	}
	return filled
}

// appendID appends the id of a row to dst.
func appendID(dst []byte, parts []templatePart, row int64) []byte {
	for _, p := range parts {
		switch p.placeholder {
		case rowNumber:
			dst = strconv.AppendInt(dst, row, 10)
		case rowIndex:
			dst = strconv.AppendInt(dst, row-1, 10)
		default:
			dst = append(dst, p.literal...)
		}
	}
	return dst
}

// fileStem returns a path's last part without the endings that say how the file is packed, so that packing it anew
// does not change its ids.
func fileStem(path string) string {
	if path == StandardInput {
		return "stdin"
	}
	name := filepath.Base(path)
	for _, ending := range []string{".gz", ".zst", ".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json"} {
		if stem := strings.TrimSuffix(name, ending); stem != "" {
			name = stem
		}
	}
	return name
}

// checkTemplate refuses paths whose rows would get the same ids.
func (m *Mapping) checkTemplate(paths []string) error {
	if m.template == nil || len(paths) < 2 {
		return nil
	}
	named := false
	for _, p := range m.template {
		named = named || p.placeholder == fileName
	}
	if !named {
		return m.doc.Mistake(m.id.at, "transaction_id.template: %d files would have the same ids: add {file}", len(paths))
	}
	pathOf := make(map[string]string, len(paths))
	for _, path := range paths {
		stem := fileStem(path)
		if other, taken := pathOf[stem]; taken {
			return m.doc.Mistake(m.id.at, "transaction_id.template: %s and %s would have the same ids, as {file} is %q for both: rename one",
				other, path, stem)
		}
		pathOf[stem] = path
	}
	return nil
}
