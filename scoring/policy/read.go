package policy

import (
	"math"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/yamldoc"
)

func (d *Document) readSegments(node ast.Node) error {
	return d.each(node, "segments", maxSegments, func(node ast.Node) error {
		s := segmentSource{at: yamldoc.PlaceOf(node)}
		s.Bands, s.Grade = scoring.Bands{Review: math.NaN(), Decline: scoring.Never()}, Grade{math.NaN(), math.NaN()}
		err := d.doc.Object(node, "", yamldoc.Keys{
			"name":    d.id("name", &s.Name),
			"when":    d.source("when", &s.when),
			"review":  d.threshold("review", &s.Bands.Review),
			"decline": d.threshold("decline", &s.Bands.Decline),
			"severity": func(node ast.Node) error {
				return d.doc.Object(node, "severity", yamldoc.Keys{
					"medium": d.threshold("severity.medium", &s.Grade.Medium), "high": d.threshold("severity.high", &s.Grade.High),
				})
			},
		})
		switch {
		case err != nil:
			return err
		case s.Name == "":
			return d.doc.Mistake(s.at, "a segment without a name")
		case math.IsNaN(s.Bands.Review):
			return d.doc.Mistake(s.at, "segment %q: review is missing: the score from which a transaction is reviewed, or never", s.Name)
		}
		if err := s.Bands.Validate(); err != nil {
			return d.doc.Mistake(s.at, "segment %q: %v", s.Name, err)
		}
		s.Grade = s.Grade.or(thirds(s.Bands))
		if s.Grade.High < s.Grade.Medium {
			return d.doc.Mistake(s.at, "segment %q: severity high begins at %v, below medium, at %v", s.Name, s.Grade.High, s.Grade.Medium)
		}
		if slices.ContainsFunc(d.segments, func(t segmentSource) bool { return t.Name == s.Name }) {
			return d.doc.Mistake(s.at, "segment %q is declared twice", s.Name)
		}
		s.When = s.when.text
		d.segments = append(d.segments, s)
		return nil
	})
}

// or returns g with what it lacks from other.
func (g Grade) or(other Grade) Grade {
	if math.IsNaN(g.Medium) {
		g.Medium = other.Medium
		if !math.IsNaN(g.High) {
			g.Medium = min(g.Medium, g.High)
		}
	}
	if math.IsNaN(g.High) {
		g.High = max(other.High, g.Medium)
	}
	return g
}

// checkSegments holds that the last segment, and no other, takes all that is left.
func (d *Document) checkSegments() error {
	for i, s := range d.segments {
		last := i == len(d.segments)-1
		switch {
		case last && s.when.text != "":
			return d.doc.Mistake(s.when.at, "segment %q: the last segment takes what no other does: leave out its when, or add one without after it", s.Name)
		case !last && s.when.text == "":
			return d.doc.Mistake(s.at, "segment %q: without a when it takes everything, and those below it nothing: put it last", s.Name)
		}
	}
	return nil
}

func (d *Document) readRules(node ast.Node) error {
	seen := make(map[string]bool)
	return d.each(node, "rules", maxRules, func(node ast.Node) error {
		at := yamldoc.PlaceOf(node)
		var r ruleSource
		adds := false
		err := d.doc.Object(node, "", yamldoc.Keys{
			"id": d.id("id", &r.ID), "when": d.source("when", &r.when), "reason": d.doc.Into("reason", &r.Reason), "owner": d.doc.Into("owner", &r.Owner),
			"action": func(node ast.Node) error {
				r.Acts = true
				return d.action("action", &r.Action)(node)
			},
			"add": func(node ast.Node) error {
				adds = true
				return d.number("add", -1, 1, &r.Add)(node)
			},
			"severity":      d.severity("severity", &r.Severity),
			"despite_allow": d.doc.Flag("despite_allow", &r.DespiteAllow),
			"mode": func(node ast.Node) error {
				i, err := d.doc.Choice(node, "mode", modeNames...)
				r.Mode = Mode(i)
				return err
			},
		})
		if err != nil {
			return err
		}
		for _, required := range []struct{ key, value string }{{"id", r.ID}, {"when", r.when.text}, {"reason", r.Reason}, {"owner", r.Owner}} {
			if required.value == "" {
				return d.doc.Mistake(at, "rule %q: %s is missing; a rule has id, when, reason and owner", r.ID, required.key)
			}
		}
		switch {
		case r.Acts && adds:
			return d.doc.Mistake(at, "rule %q: action and add exclude each other: an action decides, whatever the score", r.ID)
		case r.DespiteAllow && (!r.Acts || r.Action == scoring.Approve):
			return d.doc.Mistake(at, "rule %q: despite_allow goes with action: review or decline", r.ID)
		case seen[r.ID]:
			return d.doc.Mistake(at, "rule %q is declared twice", r.ID)
		}
		seen[r.ID] = true
		r.When, r.trace = r.when.text, r.ID
		if r.Mode == Shadow {
			r.trace += ":shadow"
		}
		d.rules = append(d.rules, r)
		return nil
	})
}

func (d *Document) readLists(node ast.Node, kind Kind) error {
	return d.doc.Members(node, kind.String(), func(name string, at yamldoc.Place, node ast.Node) error {
		l := listSource{List: List{ID: kind.String() + ":" + name, Kind: kind, Action: scoring.Decline, Reason: "On the " + kind.String() + " list " + name}}
		if err := d.checkID("list", name, at); err != nil {
			return err
		}
		known := yamldoc.Keys{
			"key": d.source(l.ID+": key", &l.key), "reason": d.doc.Into(l.ID+": reason", &l.Reason), "owner": d.doc.Into(l.ID+": owner", &l.Owner),
			"entries": func(node ast.Node) error { return d.readEntries(node, &l) },
		}
		if kind == Block {
			known["action"] = func(node ast.Node) error {
				i, err := d.doc.Choice(node, l.ID+": action", scoring.Decline.String(), scoring.Review.String())
				l.Action = scoring.Decline - scoring.Action(i)
				return err
			}
			known["severity"] = d.severity(l.ID+": severity", &l.Severity)
		}
		if err := d.doc.Object(node, l.ID, known); err != nil {
			return err
		}
		if l.key.text == "" {
			return d.doc.Mistake(at, "%s: key is missing: the text whose values are listed, such as merchant, account or an attribute", l.ID)
		}
		if d.lists[kind] = append(d.lists[kind], l); len(d.lists[kind]) > maxLists {
			return d.doc.Mistake(at, "%s: one list too many: %d are possible", l.ID, maxLists)
		}
		return nil
	})
}

func (d *Document) readEntries(node ast.Node, l *listSource) error {
	if null, ok := node.(*ast.NullNode); ok && null != nil {
		return nil
	}
	seen := make(map[string]bool)
	return d.each(node, l.ID+": entries", 0, func(node ast.Node) error {
		e, at := Entry{Until: Forever}, yamldoc.PlaceOf(node)
		if key, ok := yamldoc.Scalar(node); ok {
			e.Key = key
		} else if err := d.doc.Object(node, l.ID, yamldoc.Keys{
			"key": d.doc.Into("key", &e.Key), "note": d.doc.Into("note", &e.Note), "until": d.until(&e.Until),
		}); err != nil {
			return err
		}
		switch {
		case e.Key == "":
			return d.doc.Mistake(at, "%s: an entry without a key, which would match nothing", l.ID)
		case seen[e.Key]:
			return d.doc.Mistake(at, "%s: %q is listed twice", l.ID, e.Key)
		}
		seen[e.Key] = true
		l.entries = append(l.entries, e)
		return nil
	})
}

// until reads the time at which an entry expires: a time, or a day's beginning.
func (d *Document) until(to *payment.Time) func(ast.Node) error {
	return func(node ast.Node) error {
		s, err := d.doc.Text(node, "until")
		if err != nil {
			return err
		}
		t, err := ParseUntil(s)
		if err != nil {
			return d.doc.Mistake(yamldoc.PlaceOf(node), "until: %v", err)
		}
		*to = t
		return nil
	}
}
