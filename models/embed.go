// Package models carries the shipped model, so that one binary is enough. There is no other code here: each directory
// is a model as scoring.Load reads it.
package models

import (
	"embed"
	"io/fs"
)

//go:embed cards
var directory embed.FS

// Shipped returns the directory of the shipped model.
func Shipped() fs.FS {
	sub, err := fs.Sub(directory, "cards")
	if err != nil {
		panic(err) // the name is constant
	}
	return sub
}
