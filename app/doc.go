// Package app puts Weir together: configuration, wiring and the life of a process, one file per command. It alone
// knows all other packages; nothing imports it but cmd/weir.
package app
