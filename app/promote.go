package app

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
)

// PromoteModel is `weir model promote`: the named model becomes active everywhere. It is verified here first, and copied
// into the models directory if it is not there.
func PromoteModel(ctx context.Context, c Config, name string, o ChangeOptions, stdout, stderr io.Writer) error {
	place, err := c.modelNamed(name)
	if err != nil {
		return err
	}
	m, err := place.load(c.Model.Engine)
	if err != nil {
		return err
	}
	if err := c.fits(m); err != nil {
		return err
	}
	h, err := newChanger(ctx, &c, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	want := control.Name{Name: m.ID(), Digest: m.Digest()}
	was, history := h.activeModel()
	if h.topic.state.Model() != nil && was == want {
		return h.say("%s is the active model already", want.Name)
	}
	if !c.isConfigured(want) {
		copied, err := c.register(place, m.ID(), m.Digest())
		if err != nil {
			return err
		}
		if copied {
			if err := h.say("copied to %s; instances on other machines need it there too", c.registered(m.ID())); err != nil {
				return err
			}
		}
	}
	e := h.event(control.Event{Model: &control.Model{ID: want.Name, Digest: want.Digest, History: history}})
	return h.change(ctx, fmt.Sprintf("%s is the active model now; before it was %s", want.Name, was.Name), e)
}

// isConfigured reports whether the model needs no place in the models directory.
func (c *Config) isConfigured(want control.Name) bool {
	for _, p := range c.modelPlaces() {
		if _, d, err := scoring.ReadManifest(p.fsys); err == nil && d == want.Digest {
			return true
		}
	}
	return false
}

// fits verifies a model against the features, and the policy that configuration names.
func (c *Config) fits(m *scoring.Model) error {
	a, err := c.newAssembly(time.Now)
	if err != nil {
		return err
	}
	_, err = a.build(parts{model: m, policy: a.fixed}, new(control.State))
	return err
}

// activeModel returns the active model, and the history that the next one will have. Where configuration decides, the
// active one is that of the running instances, or else of the configuration at hand.
func (h *changer) activeModel() (control.Name, []control.Past) {
	if e := h.topic.state.Model(); e != nil {
		past := append([]control.Past{{ID: e.Model.ID, Digest: e.Model.Digest, Time: e.Time, By: e.By}}, e.Model.History...)
		return e.Model.Active(), past[:min(len(past), control.MaxHistory)]
	}
	was := control.Name{Name: "unknown"}
	if m, digest, err := scoring.ReadManifest(h.config.configuredPlace().fsys); err == nil {
		was = control.Name{Name: m.ID, Digest: digest}
	}
	if alive := h.topic.alive(time.Now()); len(alive) > 0 {
		was = alive[0].Status.Model
	}
	if was.Digest == "" {
		return was, nil
	}
	return was, []control.Past{{ID: was.Name, Digest: was.Digest, Time: payment.TimeOf(time.Now()), By: h.options.By}}
}

// RollBackModel is `weir model rollback`: the model that was active before becomes so again.
func RollBackModel(ctx context.Context, c Config, o ChangeOptions, stdout, stderr io.Writer) error {
	h, err := newChanger(ctx, &c, o, stdout, stderr)
	if err != nil {
		return err
	}
	defer h.close()
	e := h.topic.state.Model()
	if e == nil || len(e.Model.History) == 0 {
		return errNothingBefore
	}
	before := e.Model.History[0]
	m, err := c.findModel(control.Name{Name: before.ID, Digest: before.Digest})
	if err != nil {
		return err
	}
	if err := c.fits(m); err != nil {
		return err
	}
	next := h.event(control.Event{
		Note:  "rollback from " + e.Model.ID,
		Model: &control.Model{ID: before.ID, Digest: before.Digest, History: slices.Clone(e.Model.History[1:])},
	})
	return h.change(ctx, fmt.Sprintf("%s is the active model again; before it was %s", before.ID, e.Model.ID), next)
}

// ListModels is `weir model list`: the models that are there, and which is active where.
func ListModels(ctx context.Context, c Config, stdout, stderr io.Writer) error {
	all, err := c.listModels()
	if err != nil {
		return err
	}
	h, unknown := newChanger(ctx, &c, ChangeOptions{}, stdout, stderr)
	var alive []control.Event
	active := control.Name{}
	if unknown == nil {
		defer h.close()
		alive = h.topic.alive(time.Now())
		active, _ = h.activeModel()
	}
	w := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "MODEL\tCREATED\tMANIFEST\t\tWHERE\tDECIDES IN")
	found := false
	for _, m := range all {
		state := ""
		if m.digest != "" && m.digest == active.Digest {
			state, found = "active", true
		}
		if m.wrong != nil {
			state = "unusable: " + m.wrong.Error()
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", m.id, m.created, short(m.digest), state, m.where, instancesOf(alive, m.digest))
	}
	if unknown == nil && !found {
		_, _ = fmt.Fprintf(w, "%s\t\t%s\tactive, and not here\t\t%s\n", active.Name, short(active.Digest), instancesOf(alive, active.Digest))
	}
	if err := w.Flush(); err != nil || unknown != nil {
		return unknownActive(unknown, err)
	}
	for _, s := range alive {
		for _, r := range s.Status.Refused {
			if r.What == "model" {
				if err := h.say("%s refuses %s: %s", s.By, r.Name, r.Reason); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func unknownActive(unknown, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("which model is active is not known: %w", unknown)
}

// instancesOf names the instances that decide by the model with the digest.
func instancesOf(alive []control.Event, digest string) string {
	names := ""
	for _, s := range alive {
		if s.Status.Model.Digest != digest || digest == "" {
			continue
		}
		if names != "" {
			names += ", "
		}
		names += s.By
	}
	return names
}
