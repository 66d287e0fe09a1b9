package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// ChangeOptions are those of the commands that write to the control topic.
type ChangeOptions struct {
	By   string        // who does it
	Note string        // why
	Wait time.Duration // how long to wait for the running instances, 0 for not at all
}

// changer writes changes to the control topic, and tells what the running instances make of them.
type changer struct {
	config  *Config
	options ChangeOptions
	topic   *controlLog
	stdout  io.Writer
	stderr  io.Writer
}

// newChanger reads what the control topic says. It refuses a topic that does not keep what is written to it.
func newChanger(ctx context.Context, c *Config, o ChangeOptions, stdout, stderr io.Writer) (*changer, error) {
	h := &changer{config: c, options: o, stdout: stdout, stderr: stderr}
	var err error
	h.topic, err = openControl(ctx, c, func(offset int64, err error) {
		_, _ = fmt.Fprintf(stderr, "weir: record %d of the control topic is passed over: %v\n", offset, err)
	})
	if err != nil {
		return nil, err
	}
	if !h.topic.topic.Compacted {
		h.close()
		return nil, fmt.Errorf("topic %s is not compacted, so what is written to it would be forgotten: set cleanup.policy=compact (kafka-configs.sh --alter --entity-type topics --entity-name %[1]s --add-config cleanup.policy=compact)",
			h.topic.topic.Name)
	}
	if err := h.topic.catchUp(ctx); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *changer) close() { h.topic.close() }

func (h *changer) say(format string, args ...any) error {
	_, err := fmt.Fprintf(h.stdout, format+"\n", args...)
	return err
}

// event returns an event by this person, now.
func (h *changer) event(e control.Event) control.Event {
	e.Time, e.By = payment.TimeOf(time.Now()), h.options.By
	if h.options.Note != "" {
		e.Note = h.options.Note
	}
	return e
}

// change writes the events, says so, and waits until the running instances have taken the last.
func (h *changer) change(ctx context.Context, said string, events ...control.Event) error {
	for i := range events {
		if err := events[i].Validate(); err != nil {
			return err
		}
	}
	p, err := stream.NewProducer(h.config.kafka())
	if err != nil {
		return err
	}
	defer p.Close()
	const together = 10_000
	for at := 0; at < len(events); at += together {
		if err := writeControl(ctx, h.config, p, events[at:min(at+together, len(events))]...); err != nil {
			if at > 0 {
				err = fmt.Errorf("%d of %d changes are written, and the next ones perhaps: %w", at, len(events), err)
			}
			return err
		}
	}
	e := &events[len(events)-1]
	value := e.AppendJSON(nil)
	if err := h.say("%s", said); err != nil {
		return err
	}
	if h.options.Wait <= 0 {
		return nil
	}
	return h.await(ctx, e, value)
}

// awaited are the instances that have to do with a change.
type awaited struct {
	event     *control.Event
	offset    int64           // of it, -1 while it is not read back
	told      map[string]bool // those that were spoken of
	refusing  int
	switching int
}

// await tells of each running instance what it makes of the event, until all have answered.
func (h *changer) await(ctx context.Context, e *control.Event, value []byte) error {
	w := awaited{event: e, offset: -1, told: make(map[string]bool)}
	end := time.Now().Add(h.options.Wait)
	reminded := time.Now()
	for {
		_, records, err := h.topic.poll(50 * time.Millisecond)
		if err != nil {
			return err
		}
		for i := range records {
			if r := &records[i]; w.offset < 0 && string(r.Key) == e.Key() && bytes.Equal(r.Value, value) {
				w.offset = r.Offset
			}
		}
		missing, err := h.tell(&w)
		if err != nil {
			return err
		}
		switch {
		case ctx.Err() != nil:
			_, _ = fmt.Fprintf(h.stderr, "the change is written, and holds; not waited for: %s\n", strings.Join(missing, ", "))
			return ctx.Err()
		case w.offset >= 0 && len(missing) == 0:
			return h.conclude(&w)
		case time.Now().After(end) && w.offset < 0:
			return fmt.Errorf("the change is written, and the topic did not show it within %v", h.options.Wait)
		case time.Now().After(end):
			return fmt.Errorf("the change is written, and %s said nothing of it within %v; it holds as soon as they see it (`weir doctor` tells)", strings.Join(missing, ", "), h.options.Wait)
		case time.Since(reminded) >= 3*time.Second && len(missing) > 0:
			reminded = time.Now()
			_, _ = fmt.Fprintf(h.stderr, "waiting for %s …\n", strings.Join(missing, ", "))
		}
	}
}

// tell speaks of the instances that have newly answered, and returns those that have not.
func (h *changer) tell(w *awaited) (missing []string, err error) {
	for _, s := range h.topic.alive(time.Now()) {
		if w.told[s.By] {
			continue
		}
		if w.offset < 0 || s.Status.Applied <= w.offset {
			missing = append(missing, s.By)
			continue
		}
		w.told[s.By] = true
		text, ok := answer(w.event, s.Status)
		if ok {
			w.switching++
		} else {
			w.refusing++
		}
		if err := h.say("  %-24s %s", s.By, text); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

// answer says what an instance made of a change, and whether it took it.
func answer(e *control.Event, s *control.Status) (text string, ok bool) {
	want, have, what := control.Name{}, control.Name{}, e.Kind()
	switch {
	case e.Model != nil:
		want, have = e.Model.Active(), s.Model
	case e.Policy != nil:
		want, have = e.Policy.Active(), s.Policy
	default:
		return "has taken it", true
	}
	if have == want {
		return "decides by it", true
	}
	for _, r := range s.Refused {
		if r.What == what && r.Name == want.Name && r.Digest == want.Digest {
			return fmt.Sprintf("refuses it and goes on with %s: %s", have.Name, r.Reason), false
		}
	}
	return "decides by " + have.Name + ": the topic has changed since", false
}

func (h *changer) conclude(w *awaited) error {
	switch all := w.switching + w.refusing; {
	case all == 0:
		return h.say("no instance is running; the next one begins with it")
	case w.refusing > 0:
		return fmt.Errorf("%d of %s did not take it and %s what it had: put that right there, or take the change back", w.refusing, plural(all, "instance"), keeps(w.refusing))
	}
	return nil
}

func keeps(n int) string {
	if n == 1 {
		return "keeps"
	}
	return "keep"
}

// alive returns the statuses of instances that have spoken lately.
func (l *controlLog) alive(now time.Time) []control.Event {
	var all []control.Event
	for _, s := range l.state.Statuses() {
		if now.Sub(s.Time.Std()) <= aliveFor {
			all = append(all, s)
		}
	}
	return all
}

var errNothingBefore = errors.New("there is no model to go back to: the control topic knows of none before the active one")
