package app

import "bytes"

// textOf finds a string in an event of ours, without decoding all of it. The string must hold no escapes.
func textOf(event []byte, key string) []byte {
	_, rest, ok := bytes.Cut(event, []byte(`"`+key+`":"`))
	if !ok {
		return nil
	}
	text, _, _ := bytes.Cut(rest, []byte(`"`))
	return text
}
