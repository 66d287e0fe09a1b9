package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/policy"
)

// CheckPolicy is `weir policy check`: it compiles the policy and says what is in it.
func CheckPolicy(c Config, w io.Writer) error {
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	var m *scoring.Model
	name := c.Policy.File
	if name == "" {
		if m, err = c.loadModel(); err != nil {
			return err
		}
		name = "the policy of model " + m.ID()
	}
	p, err := c.policy(m, set)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(w, "%s is fine: version %s; without time to decide, %s; money at risk: %s\n", name, p.Version(), p.Fallback(), p.Money())
	table := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	writeSegments(table, p.Segments())
	writeRules(table, p.Rules())
	writeLists(table, p)
	return table.Flush()
}

func writeSegments(w io.Writer, segments []policy.Segment) {
	_, _ = fmt.Fprintf(w, "\nSEGMENT\tREVIEW\tDECLINE\tSEVERITY\tWHEN\n")
	for _, s := range segments {
		when := s.When
		if when == "" {
			when = "everything else"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\tmedium %s, high %s\t%s\n",
			s.Name, fromScore(s.Bands.Review), fromScore(s.Bands.Decline), fromScore(s.Grade.Medium), fromScore(s.Grade.High), oneLine(when))
	}
}

func writeRules(w io.Writer, rules []policy.Rule) {
	if len(rules) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\nRULE\tMODE\tEFFECT\tOWNER\tREASON\tWHEN\n")
	for _, r := range rules {
		effect := "noted"
		switch {
		case r.Acts && r.DespiteAllow:
			effect = r.Action.String() + ", despite allow lists"
		case r.Acts:
			effect = r.Action.String()
		case r.Add != 0:
			effect = fmt.Sprintf("score %+g", r.Add)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Mode, effect, r.Owner, oneLine(r.Reason), oneLine(r.When))
	}
}

func writeLists(w io.Writer, p *policy.Policy) {
	if len(p.Lists()) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\nLIST\tKEY\tACTION\tENTRIES\tREASON\n")
	for _, l := range p.Lists() {
		action := l.Action
		if l.Kind == policy.Allow {
			action = scoring.Approve
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\n", l.ID, oneLine(l.Key), action, p.Entries().Len(l.ID), oneLine(l.Reason))
	}
}

// oneLine keeps a text from breaking a table.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// TestPolicy is `weir policy test`: it decides the cases that are written in the policy file, or beside it in a file
// whose name has _test before its ending, and reports each that comes out otherwise. It fails if any does, and if there
// are none.
func TestPolicy(c Config, w io.Writer) error {
	if c.Policy.File == "" {
		return fmt.Errorf("name a policy file, or set policy.file")
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	d, err := readPolicy(c.Policy.File)
	if err != nil {
		return err
	}
	p, err := d.Compile(set)
	if err != nil {
		return err
	}
	cases := d.Cases()
	beside := besideName(c.Policy.File)
	text, err := os.ReadFile(beside)
	if err == nil {
		more, err := policy.ParseCases(beside, text)
		if err != nil {
			return err
		}
		cases = append(cases, more...)
	} else if !os.IsNotExist(err) {
		return fmt.Errorf("read the policy's tests: %w", err)
	}
	if len(cases) == 0 {
		return fmt.Errorf("%s has no tests, and there is no %s: docs/policy.md shows how to write them", c.Policy.File, beside)
	}
	return runCases(p, cases, w)
}

// besideName returns the name of the file with a policy's cases: policy_test.yaml for policy.yaml.
func besideName(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + "_test" + ext
}

func runCases(p *policy.Policy, cases []policy.Case, w io.Writer) error {
	failed := 0
	for i := range cases {
		c := &cases[i]
		differences, err := p.Check(c)
		if err != nil {
			return err
		}
		if len(differences) == 0 {
			continue
		}
		failed++
		_, _ = fmt.Fprintf(w, "FAIL %s (%s:%d)\n", c.Name, c.File(), c.Line())
		for _, d := range differences {
			_, _ = fmt.Fprintf(w, "  %s\n    - %s\n    + %s\n", d.What, d.Want, d.Got)
		}
	}
	_, err := fmt.Fprintf(w, "policy %s: %d of %d tests passed\n", p.Version(), len(cases)-failed, len(cases))
	if failed > 0 {
		return fmt.Errorf("%d of %d tests failed; - is what a test expects, + what the policy does", failed, len(cases))
	}
	return err
}
