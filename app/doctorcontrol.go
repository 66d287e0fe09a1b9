package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/stream"
)

// checkControl compares what the control topic says is active with what the running instances decide by.
func (d *doctor) checkControl(ctx context.Context) {
	const check = "control"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	passedOver := 0
	topic, err := openControl(ctx, &d.config, func(int64, error) { passedOver++ })
	if errors.Is(err, stream.ErrNoTopic) {
		return // told of among the topics
	}
	if err == nil {
		defer topic.close()
		err = topic.catchUp(ctx)
	}
	if err != nil {
		d.problem(check, fmt.Sprintf("Mend the topic, and look again: `%s`.", d.weir("topics check")), "%v", err)
		return
	}
	if passedOver > 0 {
		d.warn(check, fmt.Sprintf("See what wrote them: `kafka-console-consumer.sh --bootstrap-server %s --topic %s --from-beginning`.", d.config.Kafka.Brokers[0], topic.topic.Name),
			"%s on %s are no events, and passed over", plural(passedOver, "record"), topic.topic.Name)
	}
	before := len(d.findings)
	d.checkActiveModel(topic.state.Model())
	alive := topic.alive(time.Now())
	for _, s := range alive {
		d.checkInstance(&topic.state, s)
	}
	if topic.state.Model() == nil {
		d.checkSameModel(alive)
	}
	if len(d.findings) == before {
		d.fine(check, "%s; %s", activeText(&topic.state), aliveText(alive, len(topic.state.Statuses())))
	}
}

// checkActiveModel looks for the active model where a process with this configuration would.
func (d *doctor) checkActiveModel(e *control.Event) {
	if e == nil {
		return
	}
	m, err := d.config.findModel(e.Model.Active())
	if err == nil {
		err = d.config.fits(m)
	}
	if err != nil {
		d.problem("control", fmt.Sprintf("Copy its directory to %s, or take it back: `%s`.", d.config.registered(e.Model.ID), d.weir("model rollback")),
			"%s is active, and cannot be used with this configuration: %v", e.Model.ID, err)
	}
}

// checkInstance tells what an instance refuses, and whether it decides by what is active.
func (d *doctor) checkInstance(s *control.State, status control.Event) {
	const check = "control"
	at := status.Status
	for _, r := range at.Refused {
		have, remedy := at.Model, fmt.Sprintf("Copy its directory into the models directory of that instance, which then takes it by itself, or take it back: `%s`.", d.weir("model rollback"))
		if r.What == "policy" {
			have, remedy = at.Policy, fmt.Sprintf("Apply one that compiles with the features file of that instance: `%s`.", d.weir("policy apply FILE"))
		}
		d.problem(check, remedy, "%s refuses %s %s and goes on with %s: %s", status.By, r.What, r.Name, have.Name, r.Reason)
	}
	if len(at.Refused) > 0 {
		return
	}
	look := fmt.Sprintf("Look again in some seconds: `%s`. If it stays so, look at that instance's log.", d.weir("doctor"))
	if e := s.Model(); e != nil && e.Model.Active() != at.Model {
		d.warn(check, look, "%s decides by %s, and %s is active", status.By, at.Model.Name, e.Model.ID)
	}
	if e := s.Policy(); e != nil && e.Policy.Active() != at.Policy {
		d.warn(check, look, "%s decides by policy %s, and %s is active", status.By, at.Policy.Name, e.Policy.Version)
	}
}

// checkSameModel tells where configurations disagree about the model, while nothing else decides which it is.
func (d *doctor) checkSameModel(alive []control.Event) {
	for _, s := range alive {
		if first := alive[0]; s.Status.Model != first.Status.Model && s.Status.Group == first.Status.Group {
			d.warn("control", fmt.Sprintf("Make one active everywhere: `%s`.", d.weir("model promote ID")),
				"%s decides by %s, and %s by %s: their configurations differ", first.By, first.Status.Model.Name, s.By, s.Status.Model.Name)
			return
		}
	}
}

// activeText says what the control topic makes active.
func activeText(s *control.State) string {
	var all []string
	if e := s.Model(); e != nil {
		all = append(all, fmt.Sprintf("model %s since %s by %s", e.Model.ID, e.Time, e.By))
	}
	if e := s.Policy(); e != nil {
		all = append(all, fmt.Sprintf("policy %s since %s by %s", e.Policy.Version, e.Time, e.By))
	}
	if n := len(s.Entries()); n > 0 {
		all = append(all, fmt.Sprintf("list entries: %d changed", n))
	}
	if len(all) == 0 {
		return "nothing on the topic, so configuration decides"
	}
	return strings.Join(all, ", ")
}

func aliveText(alive []control.Event, all int) string {
	text := plural(len(alive), "running instance")
	if len(alive) == 0 {
		text = "no running instance"
	}
	if silent := all - len(alive); silent > 0 {
		text += fmt.Sprintf(", and %d that ended without saying so", silent)
	}
	return text
}
