package app

import (
	"encoding/json"
	"io"
	"math"
	"strconv"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
)

// figure is a number in JSON, null where it is missing.
type figure float64

// MarshalJSON implements json.Marshaler.
func (f figure) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(f), 'g', -1, 64), nil
}

// The JSON form of an explanation.
type (
	explanationJSON struct {
		Transaction json.RawMessage `json:"transaction"`
		Late        bool            `json:"late"`
		Events      int             `json:"account_events"`
		Marks       []string        `json:"marks"`
		Features    []featureJSON   `json:"features"`
	}
	featureJSON struct {
		ListedFeature
		Value       figure         `json:"value"`
		Agrees      bool           `json:"agrees"`
		Recomputed  figure         `json:"recomputed"`
		Approximate bool           `json:"approximate,omitempty"`
		Reads       map[string]any `json:"reads,omitempty"`
		Events      *eventsJSON    `json:"events,omitempty"`
		Tiles       *tilesJSON     `json:"tiles,omitempty"`
	}
	eventsJSON struct {
		After   string      `json:"after"`
		Until   string      `json:"until"`
		Filter  string      `json:"filter,omitempty"`
		Same    string      `json:"same,omitempty"`
		Own     string      `json:"own,omitempty"`
		Inside  int         `json:"inside"`
		Counted int         `json:"counted"`
		Listed  []partJSON  `json:"listed"`
		Heard   []heardJSON `json:"heard,omitempty"`
	}
	heardJSON struct {
		Text string `json:"text"`
		Last string `json:"last"`
	}
	partJSON struct {
		Event    json.RawMessage `json:"event"`
		Marks    []string        `json:"marks,omitempty"`
		Number   *figure         `json:"number,omitempty"`
		Text     string          `json:"text,omitempty"`
		Decisive bool            `json:"decisive,omitempty"`
	}
	tilesJSON struct {
		Entity   string     `json:"entity"`
		Key      string     `json:"key"`
		Labels   string     `json:"labels,omitempty"`
		Filter   string     `json:"filter,omitempty"`
		Tile     string     `json:"tile"`
		Delay    string     `json:"delay"`
		From     string     `json:"from"`
		Until    string     `json:"until"`
		Read     bool       `json:"read"`
		Complete bool       `json:"complete"`
		Counted  int        `json:"counted"`
		Listed   []tileJSON `json:"listed"`
	}
	tileJSON struct {
		From  string  `json:"from"`
		Count int64   `json:"count"`
		Sum   *figure `json:"sum,omitempty"`
	}
)

// writeJSON writes the explanation for machines, with the newest events of each feature and at most so many, 0 for all.
func (x *explained) writeJSON(w io.Writer, most int) {
	all := explanationJSON{Transaction: x.Transaction, Late: x.Late, Events: x.Events, Marks: append([]string{}, x.Marks...)}
	for i := range x.Features {
		all.Features = append(all.Features, x.Features[i].json(most))
	}
	_ = writeJSON(w, all) // into memory, and of types that have a form
}

func (f *explainedFeature) json(most int) featureJSON {
	d, x := f.Definition, features.Explanation(*f)
	out := featureJSON{
		ListedFeature: ListedFeature{d.Name, f.Hash, d.Formula(), d.Description},
		Value:         figure(f.Value), Agrees: x.Agrees(), Approximate: x.Approximate, Recomputed: figure(f.Recomputed),
	}
	for _, o := range f.Operands {
		if out.Reads == nil {
			out.Reads = make(map[string]any)
		}
		switch o.Kind {
		case expression.Text:
			out.Reads[o.Name] = o.Text
		case expression.Bool:
			out.Reads[o.Name] = o.Number == 1
		default:
			out.Reads[o.Name] = figure(o.Number)
		}
	}
	if f.Events != nil {
		out.Events = eventsForm(f.Events, most)
	}
	if f.Tiles != nil {
		out.Tiles = tilesForm(f.Tiles, most)
	}
	return out
}

// newest returns the last n of a list, all where n is 0.
func newest[T any](list []T, n int) []T {
	if n > 0 && len(list) > n {
		return list[len(list)-n:]
	}
	return list
}

func known(x float64) *figure {
	if math.IsNaN(x) {
		return nil
	}
	f := figure(x)
	return &f
}

func eventsForm(e *features.EventWindow, most int) *eventsJSON {
	out := &eventsJSON{
		After: e.After.String(), Until: e.Until.String(), Filter: e.Filter, Same: e.Same, Own: e.Own,
		Inside: e.Inside, Counted: e.Counted, Listed: []partJSON{},
	}
	for _, h := range e.Heard {
		out.Heard = append(out.Heard, heardJSON{h.Text, h.Time.String()})
	}
	for _, p := range newest(e.Parts, most) {
		out.Listed = append(out.Listed, partJSON{p.AppendJSON(nil), p.Marks, known(p.Number), p.Text, p.Decisive})
	}
	return out
}

func tilesForm(t *features.TileWindow, most int) *tilesJSON {
	out := &tilesJSON{
		Entity: t.Entity, Key: t.Key, Labels: t.Labels, Filter: t.Filter, Tile: Duration(t.Tile).String(), Delay: Duration(t.Delay).String(),
		From: t.After.String(), Until: t.Until.String(), Read: t.Read, Complete: t.Complete, Counted: len(t.Parts), Listed: []tileJSON{},
	}
	for _, p := range newest(t.Parts, most) {
		out.Listed = append(out.Listed, tileJSON{p.After.String(), p.Count, known(p.Sum)})
	}
	return out
}
