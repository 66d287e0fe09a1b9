package app_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-fraud/weir/app"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
	"github.com/weir-fraud/weir/simulate"
	"github.com/weir-fraud/weir/stream"
)

// An export has the vectors that a replay of the same transactions has, and the labels of the file that they came from,
// byte for byte, and is the same in every packing.
func TestExportEqualsReplay(t *testing.T) {
	s := newService(t, nil)
	dir := t.TempDir()
	labelled := filepath.Join(dir, "labelled.jsonl")
	world := simulate.DefaultConfig()
	world.Accounts, world.Seed = 300, 5
	if err := app.Simulate(t.Context(), s.config, app.SimulateOptions{World: world, Count: 3000, Out: labelled}, io.Discard); err != nil {
		t.Fatal(err)
	}
	bare := filepath.Join(dir, "bare.jsonl")
	var lines []string
	for _, line := range readLines(t, labelled) {
		lines = append(lines, line[:strings.LastIndex(line, `,"label":`)]+"}")
	}
	writeLines(t, bare, lines)
	wantVectors, wantLabels := filepath.Join(dir, "vectors.csv"), filepath.Join(dir, "labels.csv")
	events := filepath.Join(dir, "feedback.jsonl")
	s.replay(app.ReplayOptions{Input: app.Input{Paths: []string{bare}}, Partitions: servicePartitions, Features: wantVectors})
	s.replay(app.ReplayOptions{Input: app.Input{Paths: []string{labelled}}, Partitions: servicePartitions, Features: wantLabels, Feedback: events})

	stop := s.start()
	s.produce(bare)
	s.read(s.config.Kafka.Topics.Decisions, len(lines))
	stop()
	if err := app.ProduceFeedback(t.Context(), s.config, app.ProduceOptions{Input: app.Input{Paths: []string{events}}}, io.Discard); err != nil {
		t.Fatal(err)
	}
	plain := s.export(app.ExportOptions{Out: filepath.Join(dir, "export.csv")})
	got := parseCSV(t, plain)
	vectors, labels := parseCSV(t, readFile(t, wantVectors)), parseCSV(t, readFile(t, wantLabels))
	width := len(vectors[0]) - 5
	sameLines(t, "labels", columns(got, 0, 4), columns(labels, 0, 4))
	sameLines(t, "vectors", columns(got, 5, 5+width), columns(vectors, 5, 5+width))
	if !slices.ContainsFunc(got, func(row []string) bool { return row[3] == "1" }) {
		t.Error("there is no fraud among the labels: the test shows nothing")
	}
	var gz io.Reader
	gz, err := gzip.NewReader(bytes.NewReader(s.export(app.ExportOptions{Out: filepath.Join(dir, "export.csv.gz"), CheckpointRows: 700})))
	if err != nil {
		t.Fatal(err)
	}
	zst, err := zstd.NewReader(bytes.NewReader(s.export(app.ExportOptions{Out: filepath.Join(dir, "export.csv.zst"), CheckpointRows: 700})))
	if err != nil {
		t.Fatal(err)
	}
	defer zst.Close()
	for name, r := range map[string]io.Reader{"gz": gz, "zst": zst} {
		if text, err := io.ReadAll(r); err != nil || !bytes.Equal(text, plain) {
			t.Errorf("the %s file holds something else than the plain one (%v)", name, err)
		}
	}
	var schema, want features.Schema
	readJSON(t, filepath.Join(dir, "export.csv.schema.json"), &schema)
	readJSON(t, wantVectors+".schema.json", &want)
	if !slices.Equal(schema.Names, want.Names) || !slices.Equal(schema.Hashes, want.Hashes) {
		t.Errorf("the schema is %v, want %v", schema, want)
	}
}

func (s *service) replay(o app.ReplayOptions) {
	s.t.Helper()
	if err := app.Replay(s.t.Context(), s.config, o, io.Discard, io.Discard); err != nil {
		s.t.Fatal(err)
	}
}

// export makes an export, and returns the file.
func (s *service) export(o app.ExportOptions) []byte {
	s.t.Helper()
	if o.To == 0 {
		o.To = payment.MaxTime
	}
	if err := app.Export(s.t.Context(), s.config, o, io.Discard, io.Discard); err != nil {
		s.t.Fatal(err)
	}
	return readFile(s.t, o.Out)
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	if err := json.Unmarshal(readFile(t, path), v); err != nil {
		t.Fatal(err)
	}
}

func parseCSV(t *testing.T, text []byte) [][]string {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// columns returns some columns of all rows, and the transaction's id, sorted.
func columns(rows [][]string, from, to int) []string {
	var all []string
	for _, row := range rows {
		all = append(all, row[0]+" "+strings.Join(row[from:to], ","))
	}
	slices.Sort(all)
	return all
}

// exported is a service of which only the topics are used.
type exported struct {
	*service
	schema string
	dir    string
}

func newExported(t *testing.T) *exported {
	e := &exported{service: newService(t, nil), dir: t.TempDir()}
	e.schema = filepath.Join(e.dir, "two.schema.json")
	writeLines(t, e.schema, []string{`{"names": ["a", "b"], "hashes": ["1", "2"]}`})
	return e
}

// decide sends decisions; the accounts say to which partitions.
func (e *exported) decide(all ...scoring.Decision) {
	e.t.Helper()
	var messages []stream.Message
	for i := range all {
		d := &all[i]
		d.Model, d.Policy = cmp.Or(d.Model, "cards/m"), "p1"
		messages = append(messages, stream.Message{Topic: e.config.Kafka.Topics.Decisions, Key: []byte(d.AccountID), Value: d.AppendJSON(nil)})
	}
	e.produceAll(messages)
}

// say sends labels of account A's transactions of the first day.
func (e *exported) say(all ...feedback.Label) {
	e.t.Helper()
	messages := []stream.Message{{Topic: e.config.Kafka.Topics.Feedback, Key: []byte("A"), Value: []byte("no label")}}
	for i := range all {
		l := &all[i]
		l.AccountID, l.TransactionTime, l.Currency = "A", day(1), usd
		messages = append(messages, stream.Message{Topic: e.config.Kafka.Topics.Feedback, Key: []byte(l.AccountID), Value: l.AppendJSON(nil)})
	}
	e.produceAll(messages)
}

func (e *exported) produceAll(messages []stream.Message) {
	e.t.Helper()
	p, err := stream.NewProducer(e.kafka())
	if err != nil {
		e.t.Fatal(err)
	}
	defer p.Close()
	for i := range messages {
		messages[i].Partition = stream.AnyPartition
		if err := p.Produce(&messages[i]); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := p.Flush(e.t.Context()); err != nil {
		e.t.Fatal(err)
	}
}

var usd, _ = payment.ParseCurrency("USD")

func day(n int) payment.Time { return payment.TimeOf(time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC)) }

func decidedOn(account, id string, at payment.Time, vector ...float64) scoring.Decision {
	return scoring.Decision{TransactionID: id, AccountID: account, Timestamp: at, Score: 0.25, Vector: vector}
}

// The label that holds is the one of the feedback rules, and a transaction that nobody speaks of is legitimate once it is
// old enough; one that somebody is unsure of is not.
func TestExportLabels(t *testing.T) {
	e := newExported(t)
	e.decide(
		decidedOn("A", "corrected", day(1), 1.5, math.NaN()), decidedOn("A", "disputed", day(1), 1.5, math.NaN()),
		decidedOn("A", "withdrawn", day(1), 1.5, math.NaN()), decidedOn("A", "unsure", day(1), 1.5, math.NaN()),
		decidedOn("A", "silent", day(1), 1.5, math.NaN()), decidedOn("A", "young", day(20), 2, 3),
		decidedOn("B", "disputed", day(1), 2, 3), // the same id of another account
	)
	label := func(id string, at int, v feedback.Verdict, s feedback.Source) feedback.Label {
		return feedback.Label{ID: fmt.Sprint(id, "-", at), Time: day(at), TransactionID: id, Verdict: v, Source: s}
	}
	e.say(
		label("corrected", 5, feedback.Legitimate, feedback.Analyst),
		label("corrected", 4, feedback.Fraud, feedback.Analyst), // said before, and heard after
		label("disputed", 9, feedback.Fraud, feedback.Chargeback), label("disputed", 10, feedback.Legitimate, feedback.Analyst),
		label("withdrawn", 5, feedback.Fraud, feedback.Analyst), label("withdrawn", 6, feedback.Withdrawn, feedback.Analyst),
		label("unsure", 6, feedback.Unsure, feedback.Analyst),
	)
	rows := func(o app.ExportOptions) []string {
		o.Out, o.Schema = filepath.Join(e.dir, "labels.csv"), e.schema
		var all []string
		for _, row := range parseCSV(t, e.export(o))[1:] {
			all = append(all, strings.Join([]string{row[1], row[0], row[3], row[5], row[6], row[7], row[8], row[9]}, " "))
		}
		slices.Sort(all)
		return all
	}
	corrected, disputed := "A corrected 0 1.5  analyst 2024-01-05T00:00:00Z corrected-5", "A disputed 1 1.5  chargeback 2024-01-09T00:00:00Z disputed-9"
	sameLines(t, "without maturity", rows(app.ExportOptions{}), []string{
		corrected, disputed, "A silent  1.5    ", "A unsure  1.5    ", "A withdrawn  1.5    ", "A young  2 3   ", "B disputed  2 3   ",
	})
	matured := []string{
		corrected, disputed, "A silent 0 1.5  maturity  ", "A unsure  1.5    ", "A withdrawn 0 1.5  maturity  ", "A young  2 3   ", "B disputed 0 2 3 maturity  ",
	}
	sameLines(t, "mature by the newest transaction", rows(app.ExportOptions{Maturity: app.Duration(19 * 24 * time.Hour)}), matured)
	matured[5] = "A young 0 2 3 maturity  "
	sameLines(t, "all mature", rows(app.ExportOptions{Maturity: app.Duration(19 * 24 * time.Hour), Now: day(28) + 11*86400_000}), matured)
	sameLines(t, "of a span", rows(app.ExportOptions{From: day(2), To: day(21)}), []string{"A young  2 3   "})
	var m struct {
		Counts struct {
			Rows    int64 `json:"rows"`
			Illegal int64 `json:"illegal_labels"`
			Outside int64 `json:"outside_span"`
		}
	}
	readJSON(t, filepath.Join(e.dir, "labels.csv.manifest.json"), &m)
	if m.Counts.Rows != 1 || m.Counts.Illegal != 1 || m.Counts.Outside != 6 {
		t.Errorf("the manifest counts %+v, want 1 row, 1 illegal label, 6 outside", m.Counts)
	}
}

// An export that was killed goes on where it was: the file is, byte for byte, the one that it would have been, whatever
// the kill left behind and whatever came to the topics since.
func TestExportGoesOn(t *testing.T) {
	e := newExported(t)
	var all []scoring.Decision
	for i := range 60 {
		account := string(rune('A' + i%7))
		all = append(all, decidedOn(account, fmt.Sprint("t", i), day(1+i%20), float64(i), 1))
		if i%9 == 0 { // decided again after a crash, at least once
			all = append(all, decidedOn(account, fmt.Sprint("t", i), day(1+i%20), float64(i), 1))
		}
	}
	e.decide(all...)
	if rows := parseCSV(t, e.export(app.ExportOptions{Out: filepath.Join(e.dir, "all.csv"), Schema: e.schema})); len(rows) != 61 {
		t.Errorf("%d lines, want 60 rows and the header: what was decided again is to be left out", len(rows))
	}
	later := 0
	for _, ending := range []string{".csv", ".csv.gz", ".csv.zst"} {
		t.Run(ending, func(t *testing.T) {
			o := app.ExportOptions{Schema: e.schema, To: payment.MaxTime, Maturity: app.Duration(time.Hour), CheckpointRows: 10}
			for _, kill := range []int64{10, 40} {
				o.Out = filepath.Join(e.dir, "whole"+ending)
				whole := e.export(o)
				o.Out = filepath.Join(e.dir, fmt.Sprint("killed", kill, ending))
				killed := errors.New("killed")
				o.Checkpointed = func(rows int64) error {
					if rows >= kill {
						return killed
					}
					return nil
				}
				if err := app.Export(t.Context(), e.config, o, io.Discard, io.Discard); !errors.Is(err, killed) {
					t.Fatalf("the export ended with %v", err)
				}
				appendTo(t, o.Out+".part", "half a row")
				later++ // what comes now would make more mature, were it in the export
				e.decide(decidedOn("A", fmt.Sprint("late", later), day(20+later), 1, 1))
				o.Checkpointed = nil
				other := o
				other.Model = "cards/other"
				if err := app.Export(t.Context(), e.config, other, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "--restart") {
					t.Errorf("another export over the interrupted one: %v", err)
				}
				var log bytes.Buffer
				if err := app.Export(t.Context(), e.config, o, io.Discard, &log); err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(log.String(), fmt.Sprintf("going on after %d rows", kill)) {
					t.Errorf("it did not go on: %s", log.String())
				}
				if !bytes.Equal(readFile(t, o.Out), whole) {
					t.Errorf("killed after %d rows, the file differs from the one in one go", kill)
				}
				for _, left := range []string{".part", ".state.json"} {
					if _, err := os.Stat(o.Out + left); !errors.Is(err, os.ErrNotExist) {
						t.Errorf("%s is left behind", o.Out+left)
					}
				}
			}
		})
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// What cannot become training data is refused with the remedy, and leaves no file.
func TestExportRefuses(t *testing.T) {
	e := newExported(t)
	out := filepath.Join(e.dir, "refused.csv")
	refused := func(want string, o app.ExportOptions) {
		t.Helper()
		if o.Out == "" {
			o.Out = out
		}
		if o.To == 0 {
			o.To = payment.MaxTime
		}
		err := app.Export(t.Context(), e.config, o, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		if left, _ := filepath.Glob(filepath.Join(e.dir, "refused*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	refused("must end in", app.ExportOptions{Out: filepath.Join(e.dir, "refused.json")})
	refused("holds no decisions", app.ExportOptions{})
	e.decide(decidedOn("A", "t1", day(1), 1, 2))
	refused("the features file has", app.ExportOptions{})
	refused("none of the 1 decisions", app.ExportOptions{Schema: e.schema, Model: "cards/other"})
	refused("no such file", app.ExportOptions{Schema: filepath.Join(e.dir, "missing")})
	e.decide(decidedOn("A", "t2", day(2), 1, 2, 3))
	refused("the features file was changed in between", app.ExportOptions{Schema: e.schema})
	e.decide(scoring.Decision{TransactionID: "t3", AccountID: "A", Timestamp: day(3)})
	refused("decisions.vector was off", app.ExportOptions{Schema: e.schema, From: day(3)})
	if rows := parseCSV(t, e.export(app.ExportOptions{Out: filepath.Join(e.dir, "fine.csv"), Schema: e.schema, To: day(2)})); len(rows) != 2 {
		t.Errorf("%d lines, want the header and a row", len(rows))
	}
	e.foreignVector()
	refused("another features file", app.ExportOptions{From: day(4)})
	e.config.Kafka.Topics.Feedback += "-missing"
	refused("weir topics create", app.ExportOptions{Schema: e.schema})
	e.config.Kafka.Topics.Feedback = strings.TrimSuffix(e.config.Kafka.Topics.Feedback, "-missing")
}

// foreignVector sends a decision of the shipped model with a vector that has the right length and not the right values.
func (e *exported) foreignVector() {
	e.t.Helper()
	set, err := features.Compile(features.Builtin(), features.DefaultLayout())
	if err != nil {
		e.t.Fatal(err)
	}
	d := decidedOn("A", "t4", day(4), make([]float64, set.Schema().Len())...)
	m, err := scoring.LoadFS(models.Shipped(), forest.DefaultLimits())
	if err != nil {
		e.t.Fatal(err)
	}
	d.Score, d.Model = 0.123, m.ID()
	e.decide(d)
}
