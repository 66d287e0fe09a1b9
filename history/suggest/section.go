package suggest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// section is the part of a mapping for one field: what was seen, what is doubtful, and the YAML.
type section struct {
	field  string
	notes  []string
	doubts []string
	lines  []string
}

func (s *section) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// doubt notes something that a person has to decide.
func (s *section) doubt(format string, args ...any) {
	s.doubts = append(s.doubts, fmt.Sprintf(format, args...))
}

// line adds a line of YAML.
func (s *section) line(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// write appends the section with its comments above.
func (s *section) write(b *strings.Builder) {
	if len(s.lines) == 0 && len(s.notes) == 0 && len(s.doubts) == 0 {
		return
	}
	b.WriteByte('\n')
	for _, n := range s.notes {
		comment(b, n)
	}
	for _, d := range s.doubts {
		comment(b, "unsure: "+d)
	}
	for _, l := range s.lines {
		b.WriteString(l + "\n")
	}
}

// comment writes a text as comment lines of a width that can be read.
func comment(b *strings.Builder, text string) {
	const most = 116
	line := "#"
	for _, word := range unbroken.FindAllString(text, -1) {
		if len(line)+1+len(word) > most && line != "#" {
			b.WriteString(line + "\n")
			line = "#  "
		}
		line += " " + word
	}
	b.WriteString(line + "\n")
}

// unbroken are words, and what stands between quotation marks.
var unbroken = regexp.MustCompile(`[^" ]*("(\\\\.|[^"])*"[^" ]*)+|[^ ]+`)

// plain are texts that mean nothing else in YAML.
var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.%/-]*( [A-Za-z0-9_.%/-]+)*$`)

// scalar writes a text so that YAML reads it back as it is.
func scalar(text string) string {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "true", "false", "on", "off", "null", "nan", "inf":
		return strconv.Quote(text)
	}
	if plain.MatchString(text) {
		return text
	}
	return quoted(text)
}

// quoted writes a text in double quotes, in the escapes of YAML.
func quoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r < ' ' || r == 0x7f || r == '\u00a0' || r == '\u202f' || r == '\ufeff':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// flow writes a list of texts.
func flow(texts []string) string {
	quotedTexts := make([]string, len(texts))
	for i, t := range texts {
		quotedTexts[i] = scalar(t)
	}
	return "[" + strings.Join(quotedTexts, ", ") + "]"
}

// sayings are some values of a column for a comment, all of them if there are few.
func sayings(values []string, most int) string {
	words := examples(values, most)
	if len(values) > most {
		words = append(words, "…")
	}
	return strings.Join(words, ", ")
}

// example is one value of a column for a comment.
func example(values []string) string { return examples(values, 1)[0] }

// shortened is a text that a comment bears.
func shortened(text string) string {
	const longest = 32
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "…"
	}
	return text
}

// examples are the first different ones of some values, in quotation marks.
func examples(values []string, most int) (words []string) {
	var seen []string
	for _, v := range values {
		if len(words) == most {
			break
		}
		if slices.Contains(seen, v) {
			continue
		}
		seen = append(seen, v)
		words = append(words, quoted(shortened(v)))
	}
	return words
}
