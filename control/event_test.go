package control_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
)

var digest = strings.Repeat("0123456789abcdef", 4)

// samples are events of all kinds.
func samples() []control.Event {
	at := payment.Time(1_790_000_000_000)
	return []control.Event{
		{Time: at, By: "ana", Model: &control.Model{ID: "cards/2026-11-24", Digest: digest}},
		{Time: at, By: "ana", Note: "after the \"spring\" tests\n", Model: &control.Model{
			ID: "cards/2026-11-25", Digest: digest, History: []control.Past{{"cards/2026-11-24", digest, at - 1000, "bo"}, {"cards/1", digest, at - 2000, "ana"}},
		}},
		{Time: at, By: "ana", Policy: &control.Policy{Version: "2026-11-24.1", Digest: control.Digest("format: 1\n"), Text: "format: 1\n"}},
		{Time: at, By: "ana", Note: "phoned", Entry: &control.Entry{List: "block:merchants", Key: "Shady Shop/2 ü\u2028", Until: at + 5}},
		{Time: at, By: "ana", Entry: &control.Entry{List: "allow:accounts", Key: "A1", Until: payment.MaxTime, Removed: true}},
		{Time: at, By: "fraud-0", Status: &control.Status{
			Group: "weir", Version: "1.2", Applied: 17, Model: control.Name{Name: "cards/2026-11-24", Digest: digest}, Policy: control.Name{Name: "manifest"},
			Refused: []control.Refusal{{"model", "cards/2026-11-25", digest, "manifest.json is missing"}},
		}},
		{Time: at, By: "fraud-1", Status: &control.Status{
			Group: "weir", Applied: 17, Model: control.Name{Name: "cards/1"}, Policy: control.Name{Name: "manifest"},
			Figures: &control.Figures{Lag: 12, LagSeconds: 1.25, Rate: 300.1, P50: 3, P99: 15, DeadLetters: 2},
		}},
	}
}

func TestEventsSurviveEncoding(t *testing.T) {
	keys := make(map[string]bool)
	for _, e := range samples() {
		if err := e.Validate(); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
		text := e.AppendJSON(nil)
		again, err := control.Decode(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if !reflect.DeepEqual(again, e) {
			t.Errorf("%s is read as %+v, want %+v", text, again, e)
		}
		keys[e.Key()] = true
	}
	if len(keys) != 6 { // both models have one
		t.Errorf("keys %v, want 6", keys)
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	entry := func(fields string) string {
		return `{"kind":"entry","timestamp":"2026-11-24T08:00:00Z","by":"ana",` + fields + `}`
	}
	const (
		status  = `"group":"g","applied":1,"model":{"name":"m"},"policy":{"name":"p"},`
		figures = `,"rate":1,"p50_ms":1,"p99_ms":1,"dead_letters":0}`
	)
	for _, c := range []struct{ text, reason string }{
		{``, "control: is not valid JSON"},
		{`[]`, "must be a JSON object"},
		{`{} {}`, "is not valid JSON"},
		{`{}`, "timestamp: is missing"},
		{entry(`"list":"block:merchants"`), "key: is missing"},
		{entry(`"list":"block:merchants","Key":"x"`), "key: is missing"},
		{entry(`"list":"block:merchants","key":"x","key":"y"`), "key: is given twice"},
		{entry(`"list":"block:merchants","key":7`), "key: must be a string"},
		{entry(`"list":"block:merchants","key":"\ud800"`), "key: has half a surrogate pair"},
		{entry(`"list":"block:merchants","key":"a\u0007"`), "key: has the control character U+0007"},
		{entry(`"list":"block:merchants","key":"` + "\xff" + `"`), "is not valid UTF-8"},
		{entry(`"list":"merchants","key":"x"`), `list: "merchants" is no list's name`},
		{entry(`"list":"block:a/b","key":"x"`), "is no list's name"},
		{entry(`"list":"block:a","key":"x","until":"tomorrow"`), `until: "tomorrow" is no time`},
		{entry(`"list":"block:a","key":"x","removed":"yes"`), "removed: must be true or false"},
		{strings.Replace(entry(`"list":"block:a","key":"x"`), `"entry"`, `"entries"`, 1), `kind: "entries" is not model, policy, entry or status`},
		{strings.Replace(entry(`"list":"block:a","key":"x"`), `"ana"`, `null`, 1), "by: is missing"},
		{strings.Replace(entry(`"model":"../../etc","digest":"`+digest+`"`), `"entry"`, `"model"`, 1), "model: the id"},
		{strings.Replace(entry(`"model":"cards/1","digest":"ABC"`), `"entry"`, `"model"`, 1), `digest: "ABC" is no SHA-256`},
		{strings.Replace(entry(`"model":"cards/1","digest":"`+digest+`","history":[{"model":"/"}]`), `"entry"`, `"model"`, 1), "history[0].timestamp: is missing"},
		{strings.Replace(entry(`"version":"1","text":"a","digest":"`+digest+`"`), `"entry"`, `"policy"`, 1), "and the text's is"},
		{strings.Replace(entry(`"group":"g","applied":-1,"model":{"name":"m"},"policy":{"name":"p"}`), `"entry"`, `"status"`, 1), "applied: is -1"},
		{strings.Replace(entry(`"group":"g","applied":1,"policy":{"name":"p"}`), `"entry"`, `"status"`, 1), "model: is missing"},
		{strings.Replace(entry(status+`"figures":{"lag":1}`), `"entry"`, `"status"`, 1), "figures.lag_seconds: is missing"},
		{strings.Replace(entry(status+`"figures":{"lag":1,"lag_seconds":"2"`+figures), `"entry"`, `"status"`, 1), "figures.lag_seconds: must be a number"},
		{strings.Replace(entry(status+`"figures":{"lag":1,"lag_seconds":-2`+figures), `"entry"`, `"status"`, 1), "figures.lag_seconds: is -2"},
		{entry(`"list":"block:a","key":"x","note":"` + strings.Repeat("x", control.MaxNoteBytes+1) + `"`), "note: has 4097 bytes"},
		{entry(`"x":"` + strings.Repeat("x", control.MaxDocumentBytes) + `"`), "at most 1000000 are allowed"},
	} {
		e, err := control.Decode([]byte(c.text))
		short := c.text[:min(len(c.text), 200)]
		if err == nil {
			t.Errorf("%s is taken for %+v", short, e)
			continue
		}
		if _, ok := errors.AsType[*control.Error](err); !ok || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: %v, want %q", short, err, c.reason)
		}
	}
}

func TestUnknownMembersAreIgnored(t *testing.T) {
	e := samples()[3]
	text := strings.Replace(string(e.AppendJSON(nil)), `{"kind"`, `{"later":{"x":[1]},"kind"`, 1)
	if again, err := control.Decode([]byte(text)); err != nil || !reflect.DeepEqual(again, e) {
		t.Errorf("%s is read as %+v, %v", text, again, err)
	}
}

// Whatever compaction leaves out of the log, the state is that of all of it.
func TestCompactionKeepsTheState(t *testing.T) {
	type record struct{ key, value []byte }
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var log []record
		for i := range 60 {
			e := samples()[rng.IntN(6)]
			e.Time += payment.Time(i)
			switch {
			case e.Entry != nil:
				e.Entry.Key, e.Entry.Removed = fmt.Sprint("k", rng.IntN(4)), rng.IntN(3) == 0
			case e.Status != nil:
				e.By = fmt.Sprint("fraud-", rng.IntN(3))
			}
			r := record{[]byte(e.Key()), e.AppendJSON(nil)}
			if rng.IntN(5) == 0 {
				r.value = nil
			}
			log = append(log, r)
		}
		var all, kept control.State
		for i, r := range log {
			apply(t, &all, r.key, r.value)
			last := true
			for _, later := range log[i+1:] {
				last = last && string(later.key) != string(r.key)
			}
			if last {
				apply(t, &kept, r.key, r.value)
			}
		}
		if !reflect.DeepEqual(view(&all), view(&kept)) {
			t.Fatalf("all of the log gives %+v, and what compaction keeps %+v", view(&all), view(&kept))
		}
	}
}

func view(s *control.State) []any { return []any{s.Model(), s.Policy(), s.Entries(), s.Statuses()} }

func apply(t *testing.T, s *control.State, key, value []byte) {
	t.Helper()
	changed, err := s.Apply(key, value)
	if err != nil {
		t.Fatal(err)
	}
	if status := strings.HasPrefix(string(key), "status/"); changed == status {
		t.Fatalf("%s changed: %v", key, changed)
	}
}

func TestABadRecordChangesNothing(t *testing.T) {
	var s control.State
	good := samples()[0]
	apply(t, &s, []byte(good.Key()), good.AppendJSON(nil))
	before := view(&s)
	for key, value := range map[string][]byte{
		"model":       []byte(`{"kind":"model"}`),
		"policy":      good.AppendJSON(nil), // another's key
		"entry/block": nil,
		"other":       nil,
	} {
		if _, err := s.Apply([]byte(key), value); err == nil {
			t.Errorf("a record with the key %s and the value %s is taken", key, value)
		}
	}
	if !reflect.DeepEqual(view(&s), before) {
		t.Errorf("the state is %+v, want %+v", view(&s), before)
	}
}

func FuzzDecode(f *testing.F) {
	for _, e := range samples() {
		f.Add(e.AppendJSON(nil))
	}
	f.Add([]byte(`{"kind":"status","timestamp":"2026-11-24T08:00:00Z","by":"x","refused":[{}],"model":{"name":"\ud800"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := control.Decode(data)
		if err != nil {
			if _, ok := errors.AsType[*control.Error](err); !ok {
				t.Fatalf("the error %v is of another type", err)
			}
			return
		}
		text := e.AppendJSON(nil)
		again, err := control.Decode(text)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Fatalf("%s is read as %+v, %v, want %+v", text, again, err, e)
		}
		var s control.State
		if _, err := s.Apply([]byte(e.Key()), text); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply([]byte(e.Key()), nil); err != nil {
			t.Fatal(err)
		}
	})
}
