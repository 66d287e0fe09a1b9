package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/policy"
)

// ApplyPolicy is `weir policy apply`: the file's policy becomes active everywhere. It is checked here first.
func ApplyPolicy(ctx context.Context, c Config, path string, o ChangeOptions, stdout, stderr io.Writer) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read the policy: %w", err)
	}
	set, err := c.featureSet()
	if err != nil {
		return err
	}
	p, err := compilePolicy(path, string(text), set)
	if err != nil {
		return err
	}
	h, err := newChanger(ctx, &c, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	next := control.Policy{Version: p.Version(), Digest: control.Digest(string(text)), Text: string(text)}
	if e := h.topic.state.Policy(); e != nil {
		switch {
		case e.Policy.Active() == next.Active():
			return h.say("%s is the active policy already", next.Version)
		case e.Policy.Version == next.Version:
			return fmt.Errorf("the active policy has the version %s too, and another text: give the new one a version of its own, since versions stand in decisions", next.Version)
		}
	}
	return h.change(ctx, next.Version+" is the active policy now", h.event(control.Event{Policy: &next}))
}

// EntryOptions name an entry of a list.
type EntryOptions struct {
	List  string // its kind and name: block:merchants
	Key   string
	File  string // of many entries, instead of Key
	Until string // when it expires, by event time; empty for never
}

// AddEntry is `weir list add`.
func AddEntry(ctx context.Context, c Config, n EntryOptions, o ChangeOptions, stdout, stderr io.Writer) error {
	until := payment.MaxTime
	if n.Until != "" {
		var err error
		if until, err = policy.ParseUntil(n.Until); err != nil {
			return fmt.Errorf("--until: %w", err)
		}
	}
	entries, err := readEntries(n.File, until)
	if err != nil {
		return err
	}
	h, err := newChanger(ctx, &c, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	if _, err := h.declaredList(n.List); err != nil {
		return err
	}
	if n.File != "" {
		return h.addFile(ctx, n, entries)
	}
	e := h.event(control.Event{Entry: &control.Entry{List: n.List, Key: n.Key, Until: until}})
	return h.change(ctx, fmt.Sprintf("%s has %s%s", n.List, payment.Quote(n.Key), untilText(until)), e)
}

// RemoveEntry is `weir list remove`. It removes what the policy file declares too.
func RemoveEntry(ctx context.Context, c Config, n EntryOptions, o ChangeOptions, stdout, stderr io.Writer) error {
	entries, err := readEntries(n.File, payment.MaxTime)
	if err != nil {
		return err
	}
	h, err := newChanger(ctx, &c, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	lists, err := h.declaredList(n.List)
	if err != nil {
		return err
	}
	if n.File != "" {
		return h.removeFile(ctx, n, entries, lists)
	}
	if !slices.ContainsFunc(lists.Entries(n.List), func(e policy.Entry) bool { return e.Key == n.Key }) {
		return fmt.Errorf("%s has no entry %s; `weir list show` shows what it has", n.List, payment.Quote(n.Key))
	}
	e := h.event(control.Event{Entry: &control.Entry{List: n.List, Key: n.Key, Until: payment.MaxTime, Removed: true}})
	return h.change(ctx, fmt.Sprintf("%s no longer has %s", n.List, payment.Quote(n.Key)), e)
}

// ShowLists is `weir list show`: the entries in effect of one list, or of all where list is empty.
func ShowLists(ctx context.Context, c Config, list string, stdout, stderr io.Writer) error {
	h, err := newChanger(ctx, &c, ChangeOptions{}, stdout, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	p, lists, err := h.lists()
	if err != nil {
		return err
	}
	if list != "" {
		if _, err := h.declaredList(list); err != nil {
			return err
		}
	}
	by := make(map[[2]string]control.Event)
	for _, e := range h.topic.state.Entries() {
		by[[2]string{e.Entry.List, e.Entry.Key}] = e
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "LIST\tKEY\tUNTIL\tBY\tNOTE")
	for _, l := range p.Lists() {
		if list != "" && l.ID != list {
			continue
		}
		for _, e := range lists.Entries(l.ID) {
			until, who := "", "policy "+p.Version()
			if e.Until != policy.Forever {
				until = e.Until.String()
			}
			if ev, ok := by[[2]string{l.ID, e.Key}]; ok {
				who = ev.By + ", " + ev.Time.Std().Format(time.DateOnly)
			}
			_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.ID, e.Key, until, who, e.Note)
		}
	}
	return w.Flush()
}

// lists returns the active policy, or else the configured one, and the entries in effect.
func (h *changer) lists() (*policy.Policy, *policy.Lists, error) {
	a, err := h.config.newAssembly(time.Now)
	if err != nil {
		return nil, nil, err
	}
	p, _, err := a.policyOf(&h.topic.state)
	if err != nil {
		return nil, nil, err
	}
	if p == nil {
		m, err := a.configured()
		if err != nil {
			return nil, nil, err
		}
		if p, err = h.config.policy(m, a.set); err != nil {
			return nil, nil, err
		}
	}
	return p, p.Entries().Apply(listChanges(&h.topic.state)...), nil
}

// declaredList returns the entries in effect if the policy has the list: an entry of any other would do nothing.
func (h *changer) declaredList(list string) (*policy.Lists, error) {
	p, lists, err := h.lists()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, l := range p.Lists() {
		if l.ID == list {
			return lists, nil
		}
		names = append(names, l.ID)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("policy %s declares no lists: declare %s in a policy file first, and make that active (`weir policy apply`)", p.Version(), list)
	}
	return nil, fmt.Errorf("policy %s declares no list %s; it has %s", p.Version(), list, strings.Join(names, ", "))
}

func untilText(t payment.Time) string {
	if t == payment.MaxTime {
		return ""
	}
	return " until " + t.String()
}
