package features_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// hotAccount returns an account beyond its budget, and the stream that made it.
func hotAccount(tb testing.TB, set *features.Set, events int) (*features.Account, *hotTraffic) {
	tb.Helper()
	a, s := set.NewAccount(), newHotTraffic(3, time.Second, 30)
	hotFold(a, s, events)
	return a, s
}

func hotValues(a *features.Account, set *features.Set, tx *payment.Transaction) (map[string]float64, []string) {
	var o features.Observation
	v := make(features.Vector, set.Schema().Len())
	a.Observe(tx, &o)
	a.Compute(&o, v)
	values, flagged := map[string]float64{}, []string{}
	for i, name := range set.Schema().Names {
		values[name] = v[i]
	}
	for _, at := range o.Approximate() {
		flagged = append(flagged, set.Schema().Names[at])
	}
	return values, flagged
}

// Features that nobody had declared when the events came are read off the same state, bundles and all.
func TestHotNewFeatures(t *testing.T) {
	old := hotCompile(t, hotParse(t, hotDeclarations), hotShort)
	source := hotDeclarations + `
  - {name: count_30m, aggregate: count, windows: [30m], description: x}
  - {name: withdrawn_30m, aggregate: sum, of: amount, filter: type == "withdrawal", windows: [30m], description: x}
  - {name: pos_30m, aggregate: count, filter: channel == "pos", windows: [30m], description: x}
  - {name: risk_30m, aggregate: mean, of: risk, windows: [30m], description: x}
  - {name: log_30m, aggregate: mean, of: log(amount), windows: [30m], description: x}
  - {name: store_30m, aggregate: count, same: merchant, windows: [30m], description: x}
  - {name: online_stores_30m, aggregate: distinct, of: merchant, filter: channel == "online", windows: [30m], description: x}
  - {name: last_30m, aggregate: last, of: amount, windows: [30m], description: x}
`
	extended := hotCompile(t, hotParse(t, source), hotShort)
	if old.State() != extended.State() {
		t.Fatal("the sets do not share their state")
	}
	a, s := hotAccount(t, old, 5000)
	value := a.Append(nil)
	b, err := extended.Decode(value)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Append(nil), value) {
		t.Error("the account encodes otherwise under the other set")
	}
	var tx payment.Transaction
	s.next(&tx)
	v, flagged := hotValues(b, extended, &tx)
	for name, want := range map[string]struct{ low, high float64 }{
		"count_30m": {1700, 2100}, "withdrawn_30m": {170 * 30, 230 * 55}, "pos_30m": {600, 1300}, "log_30m": {2.8, 3.9},
		"store_30m": {1, 250}, "online_stores_30m": {25, 30}, "last_30m": {1, 400},
	} {
		if !(v[name] >= want.low && v[name] <= want.high) {
			t.Errorf("%s is %v, want between %v and %v", name, v[name], want.low, want.high)
		}
		if slices.Contains(flagged, name) == (name == "last_30m") {
			t.Errorf("%s flagged: %v", name, slices.Contains(flagged, name))
		}
	}
	// What is kept in memory gives the same, also of hours that a bundle lies across.
	kept, _ := hotValues(a, old, &tx)
	for _, name := range old.Schema().Names {
		if math.Float64bits(kept[name]) != math.Float64bits(v[name]) {
			t.Errorf("%s is %v, of the decoded account %v", name, kept[name], v[name])
		}
	}
	// The set that folds does not matter either.
	c, _ := hotAccount(t, extended, 5000)
	if !bytes.Equal(c.Append(nil), value) {
		t.Error("under the other set the account holds something else")
	}
}

// What a filter asks of texts and numbers is estimated. The estimates have no bias, and this much of an error.
func TestHotEstimates(t *testing.T) {
	set := hotCompile(t, hotParse(t, hotDeclarations), hotShort)
	const accounts = 40
	var sum, squares [2]float64
	for seed := range uint64(accounts) {
		for i, e := range hotEstimateErrors(set, rand.New(rand.NewPCG(seed, 11))) {
			sum[i], squares[i] = sum[i]+e, squares[i]+e*e
		}
	}
	for i, what := range []string{"a text", "a number"} {
		mean, deviation := sum[i]/accounts, math.Sqrt(squares[i]/accounts)
		t.Logf("counted by %s: mean error %+.3f, root of the mean square %.3f", what, mean, deviation)
		if math.Abs(mean) > 4*deviation/math.Sqrt(accounts) {
			t.Errorf("counts by %s have a bias of %.3f", what, mean)
		}
		if deviation > 0.08 {
			t.Errorf("counts by %s have an error of %.3f", what, deviation)
		}
	}
}

// hotEstimateErrors returns how far counts of transactions with a certain text and number are off, over a window that
// holds all there are, so that it has no edge, of an account that has one transaction a second.
func hotEstimateErrors(set *features.Set, d *rand.Rand) [2]float64 {
	a, now := set.NewAccount(), payment.TimeOf(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC))
	usd, _ := payment.ParseCurrency("USD")
	var o features.Observation
	var tx payment.Transaction
	var online, risky float64
	const events = 4000
	for i := range events {
		now = now.Add(time.Second)
		// Most are of one category and harmless. Their bundles are large, and have to be joined with small and risky ones.
		category, channel, risk := "category 30", [...]string{"online", "pos", "pos", "pos"}[d.IntN(4)], "0.1"
		if d.IntN(5) < 3 {
			category, risk = fmt.Sprint("category ", 10+d.IntN(60)), "0.9"
		}
		tx = payment.Transaction{ID: "t", Time: now, Type: payment.Purchase, Currency: usd, Amount: int64(d.IntN(9000)), Attributes: []payment.Attribute{
			{Key: "channel", Value: channel}, {Key: "risk", Value: risk},
		}}
		tx.Merchant.Category = category
		a.Observe(&tx, &o)
		if i == events-1 {
			break
		}
		online, risky = online+hotTruth(channel == "online"), risky+hotTruth(risk == "0.9")
		a.Fold(&o)
	}
	v, _ := hotValues(a, set, &tx)
	return [2]float64{v["count_online_2h"]/online - 1, v["count_risky_2h"]/risky - 1}
}

// Ids are remembered of what is kept one by one.
func TestHotDuplicates(t *testing.T) {
	set := hotCompile(t, hotParse(t, hotDeclarations), hotShort)
	a, s := set.NewAccount(), newHotTraffic(4, 500*time.Millisecond, 30)
	var o features.Observation
	var sent []payment.Transaction
	for range 2000 {
		var tx payment.Transaction
		s.next(&tx)
		sent = append(sent, tx)
		a.Observe(&tx, &o)
		a.Fold(&o)
	}
	bundled := 0
	for _, e := range a.Events() {
		bundled += int(e.Bundle.Events)
	}
	for i := range sent {
		a.Observe(&sent[i], &o)
		if want := map[bool]features.Outcome{true: features.Fresh, false: features.Duplicate}[i < bundled]; o.Outcome != want {
			t.Fatalf("transaction %d of 2000, %d of them bundled: outcome %d, want %d", i, bundled, o.Outcome, want)
		}
	}
	if history := a.History(payment.MaxTime, 50); len(history) != 50 || history[49].Time != sent[1999].Time || history[0].Time != sent[1950].Time {
		t.Errorf("a history of %d", len(history))
	}
	if history := a.History(sent[bundled].Time, 50); len(history) != 1 || history[0].Bundle.Events != 0 {
		t.Errorf("of the oldest event that is kept: a history of %d", len(history))
	}
}

// Once the crowd is outside the horizon, everything is exact again.
func TestHotCoolsDown(t *testing.T) {
	set := hotCompile(t, hotParse(t, hotDeclarations), hotShort)
	a, s := hotAccount(t, set, 3000)
	s.every = 10 * time.Second
	hotFold(a, s, 1500)
	var tx payment.Transaction
	s.next(&tx)
	v, flagged := hotValues(a, set, &tx)
	if len(flagged) > 0 || v["count_2h"] != float64(countSince(a, tx.Time.Add(-2*time.Hour))) || len(a.Heard()) > 0 {
		t.Errorf("flagged %v, %v transactions in two hours, %d texts heard", flagged, v["count_2h"], len(a.Heard()))
	}
	b, err := set.Decode(a.Append(nil))
	if err != nil || !bytes.Equal(b.Append(nil), a.Append(nil)) {
		t.Errorf("decoded: %v", err)
	}
}

func countSince(a *features.Account, t payment.Time) int {
	n := 0
	for _, e := range a.Events() {
		if e.Time > t {
			n++
		}
	}
	return n
}

func TestHotDump(t *testing.T) {
	set := hotCompile(t, hotParse(t, hotDeclarations), hotShort)
	a, _ := hotAccount(t, set, 3000)
	var dump []byte
	for _, e := range a.Events() {
		dump = append(e.AppendJSON(dump), '\n')
	}
	for _, want := range []string{`"bundle":{"events":`, `,"first":"2026-01-05T`, `,"amounts":`, `,"sum":`, `,"least":`, `,"largest":`, `"fingerprint":"`} {
		if !strings.Contains(string(dump), want) {
			t.Errorf("no %s in the dump", want)
		}
	}
	if heard := a.Heard(); len(heard) != 38 || heard[0].Field != "merchant" || heard[37].Field != "channel" || !strings.Contains(heard[0].Text, "Store") {
		t.Errorf("%d texts heard: %v", len(heard), heard)
	}
}

func TestEventBudget(t *testing.T) {
	for budget, valid := range map[int]bool{0: true, -1: false, 511: false, 512: true, 1 << 16: true, 1<<16 + 1: false} {
		l := hotShort
		l.EventBudget = budget
		if err := l.Validate(); (err == nil) != valid {
			t.Errorf("%d: %v", budget, err)
		}
	}
	l := hotShort
	l.EventBudget = 2048
	if hotCompile(t, hotParse(t, hotDeclarations), l).State() == hotCompile(t, hotParse(t, hotDeclarations), hotShort).State() {
		t.Error("the budget is not part of the state layout")
	}
	l.EventBudget = 0
	unbounded := hotCompile(t, hotParse(t, hotDeclarations), l)
	a, _ := hotAccount(t, unbounded, 3000)
	if a.Len() != 3000 || a.Events()[0].Bundle.Events != 0 {
		t.Errorf("without a budget %d events are kept", a.Len())
	}
	bounded := hotCompile(t, hotParse(t, hotDeclarations), hotShort)
	b, _ := hotAccount(t, bounded, 3000)
	if _, err := bounded.Decode(a.Append(nil)); err == nil {
		t.Error("more events than the budget were taken")
	}
	if _, err := unbounded.Decode(b.Append(nil)); err == nil {
		t.Error("bundles were taken without a budget")
	}
}

// FuzzHotDecode changes encodings and mends their checksum: what is taken is what Append writes, and can be worked with.
func FuzzHotDecode(f *testing.F) {
	set := hotCompile(f, hotParse(f, hotDeclarations), hotShort)
	a, s := hotAccount(f, set, 1500)
	value := a.Append(nil)
	var tx payment.Transaction
	s.next(&tx)
	for i := range uint32(64) {
		f.Add(i*517, byte(i*37), uint32(0))
		f.Add(uint32(len(value))-5-i*7, byte(i), i%3)
	}
	f.Fuzz(func(t *testing.T, at uint32, by byte, cut uint32) {
		changed := bytes.Clone(value[:len(value)-4])
		changed[int(at)%len(changed)] = by
		changed = changed[:len(changed)-int(cut)%len(changed)]
		changed = binary.LittleEndian.AppendUint32(changed, crc32.Checksum(changed, crc32.MakeTable(crc32.Castagnoli)))
		b, err := set.Decode(changed)
		if err != nil {
			return
		}
		if again := b.Append(nil); !bytes.Equal(again, changed) {
			t.Fatalf("byte %d as %d: decoded and encoded again it differs", at, by)
		}
		hotValues(b, set, &tx)
		var o features.Observation
		b.Observe(&tx, &o)
		b.Fold(&o)
	})
}
