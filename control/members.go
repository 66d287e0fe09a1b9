package control

import (
	"bytes"
	"encoding/json"
)

// eachMember calls yield with the members of a JSON object in their order, and reports whether the text is an object. It
// must be valid JSON: then it is read through once, where encoding/json would take as long for each member.
func eachMember(text []byte, yield func(name string, value json.RawMessage) error) (object bool, err error) {
	at := space(text, 0)
	if at == len(text) || text[at] != '{' {
		return false, nil
	}
	for at = space(text, at+1); text[at] != '}'; {
		end := valueEnd(text, at)
		name, err := unquote(text[at:end])
		if err != nil {
			return true, fault("", "is not valid JSON: %v", err)
		}
		at = space(text, space(text, end)+1) // after the colon
		end = valueEnd(text, at)
		if err := yield(name, text[at:end:end]); err != nil {
			return true, err
		}
		if at = space(text, end); text[at] == ',' {
			at = space(text, at+1)
		}
	}
	return true, nil
}

// space returns where the white space at a place ends.
func space(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r') {
		at++
	}
	return at
}

// valueEnd returns where the value at a place ends.
func valueEnd(text []byte, at int) int {
	depth := 0
	for {
		switch text[at] {
		case '"':
			for at++; text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		default: // a number or a word, a colon or a comma or space inside
			for depth == 0 && at+1 < len(text) && bytes.IndexByte([]byte(",:}] \t\r\n"), text[at+1]) < 0 {
				at++
			}
		}
		at++
		if depth == 0 {
			return at
		}
	}
}

// unquote returns the text of a JSON string.
func unquote(v []byte) (string, error) {
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), nil
	}
	var s string
	err := json.Unmarshal(v, &s)
	return s, err
}
