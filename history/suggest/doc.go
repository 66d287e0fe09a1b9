// Package suggest proposes a mapping for a file that nobody has described: it looks at the names of the columns and at
// the first rows, and writes YAML that says of every choice what it saw, and what it is not sure of.
//
// A proposal rests on a [history.Sample] alone. It is made to be read and corrected by a person; that it works is for
// package history to say, which reads the file through it.
package suggest
