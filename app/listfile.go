package app

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/policy"
)

// listedEntry is a line of a file of list entries.
type listedEntry struct {
	line  int
	key   string
	until payment.Time
	note  string
}

// readEntries reads a CSV file of list entries without a header: key, and where they are there until and note. Without
// a path there are none.
func readEntries(path string, until payment.Time) ([]listedEntry, error) {
	if path == "" {
		return nil, nil
	}
	f := os.Stdin
	if path != history.StandardInput {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
		defer func() { _ = f.Close() }()
	}
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	var all []listedEntry
	seen := make(map[string]int)
	for {
		fields, err := r.Read()
		switch {
		case errors.Is(err, io.EOF) && len(all) == 0:
			return nil, fmt.Errorf("%s has no entries", path)
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		line, _ := r.FieldPos(0)
		e, err := readEntry(fields, until)
		if before, twice := seen[e.key]; twice && err == nil {
			err = fmt.Errorf("%s is on line %d too", payment.Quote(e.key), before)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		e.line, seen[e.key] = line, line
		all = append(all, e)
	}
}

func readEntry(fields []string, until payment.Time) (listedEntry, error) {
	e := listedEntry{key: fields[0], until: until}
	if len(fields) > 3 {
		return e, fmt.Errorf("there are %d columns, and an entry has at most 3: key, until, note; a key with a comma stands in quotes", len(fields))
	}
	if len(fields) > 2 {
		e.note = fields[2]
	}
	if len(fields) > 1 && fields[1] != "" {
		var err error
		if e.until, err = policy.ParseUntil(fields[1]); err != nil {
			return e, err
		}
	}
	return e, nil
}

// events returns the changes that add or remove the entries of a file.
func (h *changer) events(list, path string, entries []listedEntry, removed bool) ([]control.Event, error) {
	all := make([]control.Event, len(entries))
	for i, n := range entries {
		e := h.event(control.Event{Entry: &control.Entry{List: list, Key: n.key, Until: n.until, Removed: removed}})
		e.Note = cmp.Or(n.note, e.Note)
		if err := e.Validate(); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n.line, err)
		}
		all[i] = e
	}
	return all, nil
}

// addFile adds the entries of a file.
func (h *changer) addFile(ctx context.Context, n EntryOptions, entries []listedEntry) error {
	events, err := h.events(n.List, n.File, entries, false)
	if err != nil {
		return err
	}
	return h.change(ctx, fmt.Sprintf("%s has %s of %s", n.List, entryCount(len(entries)), n.File), events...)
}

// removeFile removes the entries of a file.
func (h *changer) removeFile(ctx context.Context, n EntryOptions, entries []listedEntry, lists *policy.Lists) error {
	there := make(map[string]bool)
	for _, e := range lists.Entries(n.List) {
		there[e.Key] = true
	}
	for i := range entries {
		if e := &entries[i]; !there[e.key] {
			return fmt.Errorf("%s:%d: %s has no entry %s; `weir list show` shows what it has", n.File, e.line, n.List, payment.Quote(e.key))
		}
		entries[i].until = payment.MaxTime
	}
	events, err := h.events(n.List, n.File, entries, true)
	if err != nil {
		return err
	}
	return h.change(ctx, fmt.Sprintf("%s no longer has %s of %s", n.List, entryCount(len(entries)), n.File), events...)
}

func entryCount(n int) string {
	if n == 1 {
		return "the entry"
	}
	return fmt.Sprintf("the %d entries", n)
}
