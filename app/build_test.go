package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/pipeline"
	"github.com/weir-fraud/weir/simulate"
)

// withBasket returns the shipped features file with one more attribute and features of it: another state layout.
func withBasket(t *testing.T) string {
	t.Helper()
	return featuresWith(t, "attributes:\n", "attributes:\n  basket: text\n",
		`  - {name: new_basket_7d, aggregate: new, of: basket, windows: [7d], description: first time with this basket within 7 days}
  - {name: merchant_baskets_7d, entity: merchant, aggregate: count, filter: basket == "b1", windows: [7d], description: baskets of the first kind here}
`)
}

// featuresWith writes the shipped features file with a replacement and further features, and returns its path.
func featuresWith(t *testing.T, old, replacement, more string) string {
	t.Helper()
	text := strings.Replace(features.BuiltinSource(), old, replacement, 1)
	if old != replacement && text == features.BuiltinSource() {
		t.Fatalf("the shipped features file has no %q", old)
	}
	path := filepath.Join(t.TempDir(), "features.yaml")
	if err := os.WriteFile(path, []byte(strings.TrimRight(text, "\n")+"\n"+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// switching is a service whose features file is replaced while it runs.
type switching struct {
	*service
	next  *service // the same, with the new file
	lines []string // transactions
	live  time.Time
	dir   string
}

// newSwitching returns one with transactions that have baskets. Their labels are in the feedback topic already, as the
// replay that decisions are compared with has them.
//
// Their event times are those of live traffic after twelve days of history. What is sent while a service runs must not span
// more than the delay of entities: one partition's part of it may come later than what another has decided.
func newSwitching(t *testing.T, count int, file string, change func(c *app.Config)) *switching {
	s := &switching{service: newService(t, change), dir: t.TempDir()}
	next := *s.service
	next.config.Features.File = file
	s.next = &next
	world := simulate.DefaultConfig()
	world.Accounts, world.Seed, world.WarmUp, world.LiveRate = 120, 7, 12*24*time.Hour, 100
	s.live = world.Start.Add(world.WarmUp)
	plain := s.path("plain")
	if err := app.Simulate(t.Context(), s.config, app.SimulateOptions{World: world, Count: int64(count), Out: plain}, io.Discard); err != nil {
		t.Fatal(err)
	}
	s.lines = readLines(t, plain)
	for i, line := range s.lines {
		basket := fmt.Sprintf(`"attributes":{"basket":"b%d",`, i%5)
		if s.lines[i] = strings.Replace(line, `"attributes":{`, basket, 1); s.lines[i] == line {
			t.Fatalf("a transaction without attributes: %s", line)
		}
	}
	writeLines(t, s.path("all"), s.lines)
	o := app.ReplayOptions{Input: app.Input{Paths: []string{s.path("all")}}, Partitions: servicePartitions, Feedback: s.path("feedback")}
	if err := app.Replay(t.Context(), s.next.config, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if err := app.ProduceFeedback(t.Context(), s.config, app.ProduceOptions{Input: app.Input{Paths: []string{s.path("feedback")}}}, io.Discard); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *switching) path(name string) string { return filepath.Join(s.dir, name+".jsonl") }

// sendLines produces some of the transactions.
func (s *switching) sendLines(from, to int) {
	s.t.Helper()
	path := s.path(fmt.Sprintf("%d-%d", from, to))
	writeLines(s.t, path, s.lines[from:to])
	s.produce(path)
}

// expected returns the decisions of some of the transactions that a replay of all of them makes, sorted.
func (s *switching) expected(c app.Config, from, to int) []string {
	s.t.Helper()
	replayed := *s.service
	replayed.config = c
	all, _ := replayed.replayed(s.path("all"), servicePartitions)
	wanted := make(map[string]bool)
	for _, line := range s.lines[from:to] {
		wanted[transactionID(s.t, line)] = true
	}
	return slices.DeleteFunc(all, func(line string) bool { return !wanted[transactionID(s.t, line)] })
}

// decided returns the decisions of some of the transactions, sorted, once there are n decisions in all.
func (s *switching) decided(n, from, to int) []string {
	s.t.Helper()
	wanted := make(map[string]bool)
	for _, line := range s.lines[from:to] {
		wanted[transactionID(s.t, line)] = true
	}
	all := values(s.read(s.config.Kafka.Topics.Decisions, n))
	return slices.DeleteFunc(all, func(line string) bool { return !wanted[transactionID(s.t, line)] })
}

// awaitState waits until Redis holds the new state after the first n transactions.
func (s *switching) awaitState(n int) {
	s.t.Helper()
	path := s.path(fmt.Sprintf("first-%d", n))
	writeLines(s.t, path, s.lines[:n])
	waitForState(s.t, s.next, path)
}

// build begins to build the new state; the returned function stops it, and gives what it said.
func (s *switching) build() (stop func() string) { return s.next.build() }

// build begins to build the state of the service's features.
func (s *service) build() (stop func() string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	out := new(lockedBuffer)
	done := make(chan error, 1)
	go func() {
		done <- app.BuildState(ctx, s.config, app.BuildOptions{}, out, out, slog.New(slog.NewTextHandler(out, nil)))
	}()
	return func() string {
		cancel()
		if err := <-done; err != nil {
			s.t.Errorf("weir state build: %v\n%s", err, out)
		}
		return out.String()
	}
}

// buildOnce builds the new state until it has caught up.
func (s *switching) buildOnce() string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	var out bytes.Buffer
	if err := app.BuildState(ctx, s.next.config, app.BuildOptions{Once: true}, &out, io.Discard, slog.New(slog.DiscardHandler)); err != nil {
		s.t.Fatalf("weir state build --once: %v\n%s", err, out.String())
	}
	return out.String()
}

// A new features file goes live: its state is built beside the service and up to where that has decided, and the new
// process decides from its first transaction on as if it had always been there.
func TestSwitchToANewLayout(t *testing.T) {
	for _, delivery := range []pipeline.Delivery{pipeline.ExactlyOnce, pipeline.AtLeastOnce} {
		t.Run(fmt.Sprint(delivery), func(t *testing.T) {
			testSwitch(t, newSwitching(t, 9000, withBasket(t), func(c *app.Config) { c.Pipeline.Delivery = delivery }))
		})
	}
}

func testSwitch(t *testing.T, s *switching) {
	if s.config.Layout() == s.next.config.Layout() {
		t.Fatal("the new features file makes the same layout")
	}
	s.sendLines(0, 4000)
	stopOld := s.start()
	s.read(s.config.Kafka.Topics.Decisions, 4000)
	stopBuild := s.build()
	s.sendLines(4000, 7000)
	s.read(s.config.Kafka.Topics.Decisions, 7000)
	s.awaitState(7000)
	stopOld()
	s.sendLines(7000, 9000)
	if out := s.buildOnce(); !strings.Contains(out, "ready: stop the old, start the new; layout "+s.next.config.Layout()+" is 0 records behind") {
		t.Errorf("a second builder, beside the first and with nobody serving, says\n%s", out)
	}
	s.awaitState(7000) // what nobody has decided is not folded
	if out := stopBuild(); !strings.Contains(out, "ready: stop the old, start the new") || !strings.Contains(out, "0 records behind, which weir run folds") {
		t.Errorf("the builder says\n%s", out)
	}

	stopNew := s.next.start()
	got := s.decided(9000, 7000, 9000)
	log := stopNew()
	sameLines(t, "decisions of the new process", got, s.expected(s.next.config, 7000, 9000))
	sameLines(t, "decisions of the old one", s.decided(9000, 0, 7000), s.expected(s.config, 0, 7000))
	foundComplete(t, log)
	s.listed(s.config.Layout(), s.next.config.Layout())
	if err := app.DropState(t.Context(), s.next.config, s.config.Layout(), io.Discard); err != nil {
		t.Fatal(err)
	}
	s.listed(s.next.config.Layout())
}

// foundComplete wants a process to have had nothing to fold before it went on. A worker that joins later may abort a
// transaction of another, and what is recovered then is another matter.
func foundComplete(t *testing.T, log string) {
	t.Helper()
	for n := range servicePartitions {
		recovered := regexp.MustCompile(fmt.Sprintf(`msg="partition recovered" .*partition=%d .*`, n)).FindString(log)
		if !strings.Contains(recovered, `found="state and committed offset agree"`) {
			t.Errorf("partition %d: %q\n%s", n, recovered, log)
		}
	}
}

// listed wants these layouts to be those that weir state list knows.
func (s *switching) listed(layouts ...string) {
	s.t.Helper()
	var out bytes.Buffer
	if err := app.ListState(s.t.Context(), s.next.config, &out, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
		found[strings.Fields(line)[0]] = true
	}
	for _, l := range layouts {
		if !found[l] {
			s.t.Errorf("layout %s is not listed:\n%s", l, out.String())
		}
		delete(found, l)
	}
	if len(found) > 0 {
		s.t.Errorf("there is more than %v:\n%s", layouts, out.String())
	}
}

// Where the old processes make way for the new ones one by one, both decide for a while, each by its own features. A
// builder beside each takes in what the others decide; then nothing is decided by a state that lacks something. The event
// times are those of live traffic: in a backfill either would wait for what the other waits to decide.
func TestRollingSwitch(t *testing.T) {
	const count = 9000
	s := newSwitching(t, count, withBasket(t), nil)
	live := `"timestamp":"` + s.live.Format("2006-01-02T15:04")
	first := slices.IndexFunc(s.lines, func(line string) bool { return strings.Contains(line, live) })
	both := first + 1000
	last := both + 3000
	s.sendLines(0, both)
	stopOld := s.start()
	s.read(s.config.Kafka.Topics.Decisions, both)
	stopBuilds := []func() string{s.next.build(), s.service.build()}
	s.awaitState(both)
	stopNew := s.next.start()
	s.next.eventually("the new process has partitions", func() bool { return strings.Contains(s.next.log.String(), "partition recovered") })
	for at := both; at < last; at += 500 {
		s.sendLines(at, at+500)
		s.read(s.config.Kafka.Topics.Decisions, at+500)
	}
	stopOld()
	s.sendLines(last, count)
	got := s.decided(count, last, count)
	log := stopNew()
	for _, stop := range stopBuilds {
		stop()
	}
	sameLines(t, "decisions of the new process", got, s.expected(s.next.config, last, count))
	sameLines(t, "decisions of the old one", s.decided(count, 0, both), s.expected(s.config, 0, both))
	old, next := s.expected(s.config, both, last), s.expected(s.next.config, both, last)
	var byOld, byNew int
	for _, line := range s.decided(count, both, last) {
		_, isOld := slices.BinarySearch(old, line)
		_, isNew := slices.BinarySearch(next, line)
		switch {
		case isOld && !isNew:
			byOld++
		case isNew && !isOld:
			byNew++
		case !isOld:
			t.Errorf("by neither state: %s", line)
		}
	}
	if byOld == 0 || byNew == 0 {
		t.Errorf("%d decisions by the old state and %d by the new one while both processes were there", byOld, byNew)
	}
	if t.Failed() {
		t.Log(log)
	}
}

// Two builders and the process that serves their layout work on the same state at once, and it comes out right.
func TestRivalBuilders(t *testing.T) {
	s := newSwitching(t, 6000, withBasket(t), nil)
	s.sendLines(0, 3000)
	stopOld := s.start()
	s.read(s.config.Kafka.Topics.Decisions, 3000)
	stopOld()
	stopFirst, stopSecond := s.build(), s.build()
	s.awaitState(3000)
	stopNew := s.next.start()
	for at := 3000; at < 6000; at += 1000 {
		s.sendLines(at, at+1000)
		s.read(s.config.Kafka.Topics.Decisions, at+1000)
	}
	s.awaitState(6000)
	log := stopNew()
	first, second := stopFirst(), stopSecond()
	sameLines(t, "decisions", s.decided(6000, 3000, 6000), s.expected(s.next.config, 3000, 6000))
	sameLines(t, "state", readLines(t, s.next.state()), func() []string {
		_, state := s.next.replayed(s.path("all"), servicePartitions)
		return readLines(t, state)
	}())
	if strings.Contains(log, "discarded=true") {
		t.Errorf("the serving process threw a state away:\n%s", log)
	}
	if !strings.Contains(first+second, "somebody else writes the state") {
		t.Errorf("no builder noticed that it is not alone:\n%s\n%s", first, second)
	}
}

// There is nothing to build beside where nobody serves.
func TestBuildNeedsAService(t *testing.T) {
	s := newService(t, nil)
	err := app.BuildState(t.Context(), s.config, app.BuildOptions{Once: true}, io.Discard, io.Discard, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "has decided nothing") {
		t.Errorf("error %v, want one that says that nobody serves", err)
	}
}

// A window over what is retained anyway makes no new state: it is right with the first transaction after a restart.
func TestNewWindowIsRightAtOnce(t *testing.T) {
	s := newSwitching(t, 6000, featuresWith(t, "", "",
		`  - {name: count_3h, aggregate: count, windows: [3h], description: transactions in the last 3 hours}
  - {name: mean_14d, aggregate: mean, of: amount, filter: spending, windows: [14d], description: mean amount spent in the last 14 days}
`), nil)
	if s.config.Layout() != s.next.config.Layout() {
		t.Fatal("the new features file makes another layout")
	}
	s.sendLines(0, 3000)
	stopOld := s.start()
	s.read(s.config.Kafka.Topics.Decisions, 3000)
	stopOld()
	s.sendLines(3000, 6000)
	stopNew := s.next.start()
	got := s.decided(6000, 3000, 6000)
	log := stopNew()
	sameLines(t, "decisions", got, s.expected(s.next.config, 3000, 6000))
	foundComplete(t, log)
}
