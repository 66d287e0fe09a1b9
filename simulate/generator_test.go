package simulate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/simulate"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// small is the default configuration with fewer accounts, so that each has a history after few events.
func small() simulate.Config {
	cfg := simulate.DefaultConfig()
	cfg.Accounts, cfg.Merchants = 1500, 600
	return cfg
}

func generator(t testing.TB, cfg simulate.Config) *simulate.Generator {
	t.Helper()
	g, err := simulate.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// take returns the first n events, or fewer where the stream ends.
func take(t testing.TB, cfg simulate.Config, n int) []simulate.Event {
	t.Helper()
	g := generator(t, cfg)
	var events []simulate.Event
	for e := (simulate.Event{}); len(events) < n && g.Next(&e); {
		events = append(events, e)
	}
	return events
}

func lines(events []simulate.Event) []byte {
	var b []byte
	for i := range events {
		b = simulate.AppendJSONL(b, &events[i])
	}
	return b
}

// TestGolden holds the stream fixed: models are trained and figures published on it.
func TestGolden(t *testing.T) {
	live := simulate.LiveConfig(time.Date(2024, time.March, 1, 15, 0, 0, 0, time.UTC), 200)
	live.Accounts, live.WarmUp, live.Start = 2000, 3*time.Hour, time.Date(2024, time.February, 27, 15, 0, 0, 0, time.UTC)
	abroad := small()
	abroad.ForeignCurrencies, abroad.Rate, abroad.FraudShare = true, 2, 0.05
	for name, cfg := range map[string]simulate.Config{"default": simulate.DefaultConfig(), "live": live, "abroad": abroad} {
		t.Run(name, func(t *testing.T) {
			text := lines(take(t, cfg, 50_000))
			sum := sha256.Sum256(text)
			head := strings.SplitAfterN(string(text), "\n", 21)
			got := strings.Join(head[:20], "") + "sha256 of 50000 lines: " + hex.EncodeToString(sum[:]) + "\n"
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the stream changed; if that is meant, run with -update. It begins:\n%s", got)
			}
		})
	}
}

func TestLongerStreamBeginsWithShorter(t *testing.T) {
	short, long := small(), small()
	short.Duration, long.Duration = 36*time.Hour, 7*24*time.Hour
	const all = 1 << 30
	a, b := take(t, short, all), take(t, long, all)
	if len(a) < 1000 || len(b) < 4*len(a) {
		t.Fatalf("%d events in 36 hours and %d in a week", len(a), len(b))
	}
	if string(lines(a)) != string(lines(b[:len(a)])) {
		t.Error("the week does not begin with the 36 hours")
	}
	end := payment.TimeOf(short.Start.Add(short.Duration))
	if last := a[len(a)-1].Transaction.Time; last >= end {
		t.Errorf("the last event is at %v, the stream's end %v", last, end)
	}
	if next := b[len(a)].Transaction.Time; next < end {
		t.Errorf("the shorter stream lacks the event at %v", next)
	}
}

func TestSeedChangesStream(t *testing.T) {
	other := small()
	other.Seed = 2
	if string(lines(take(t, small(), 100))) == string(lines(take(t, other, 100))) {
		t.Error("seeds 1 and 2 give the same events")
	}
}

// TestAccountsAreIndependent checks that an account's legitimate traffic stays when accounts are added.
func TestAccountsAreIndependent(t *testing.T) {
	few, many := small(), small()
	few.Accounts, many.Accounts = 300, 900
	few.Duration, many.Duration = 20*24*time.Hour, 20*24*time.Hour
	known := map[string]bool{}
	legitimate := func(cfg simulate.Config) string {
		var own []simulate.Event
		for _, e := range take(t, cfg, 1<<30) {
			if cfg.Accounts == few.Accounts {
				known[e.Transaction.AccountID] = true
			}
			if !e.Fraud && known[e.Transaction.AccountID] {
				own = append(own, e)
			}
		}
		return string(lines(own))
	}
	if legitimate(few) != legitimate(many) {
		t.Error("adding accounts changed the legitimate traffic of others")
	}
}

func TestOrderAndUniqueIDs(t *testing.T) {
	again := small()
	again.Start = again.Start.Add(time.Second)
	seen := map[string]bool{}
	for _, cfg := range []simulate.Config{small(), again} {
		var last payment.Time
		for _, e := range take(t, cfg, 100_000) {
			tx := &e.Transaction
			if tx.Time < last {
				t.Fatalf("%v comes after %v", tx.Time, last)
			}
			last = tx.Time
			if seen[tx.ID] {
				t.Fatalf("id %s is used twice", tx.ID)
			}
			seen[tx.ID] = true
		}
	}
}

// TestEventsAreValid checks every event against the payment package, as a value and as a line.
func TestEventsAreValid(t *testing.T) {
	cfg := small()
	cfg.ForeignCurrencies, cfg.FraudShare = true, 0.1
	g := generator(t, cfg)
	var (
		e       simulate.Event
		line    []byte
		decoder payment.Decoder
		back    payment.Transaction
		codes   = map[string]int{}
	)
	for range 100_000 {
		g.Next(&e)
		tx := &e.Transaction
		if err := tx.Validate(); err != nil {
			t.Fatalf("%+v: %v", tx, err)
		}
		if e.Fraud != (e.Pattern != "") {
			t.Fatalf("fraud %v of pattern %q", e.Fraud, e.Pattern)
		}
		codes[tx.Currency.Code()]++
		line = simulate.AppendJSONL(line[:0], &e)
		if err := decoder.Decode(line[:len(line)-1], &back); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if string(payment.AppendJSON(nil, &back)) != string(payment.AppendJSON(nil, tx)) {
			t.Fatalf("%s came back as %+v", line, back)
		}
	}
	if len(codes) != 3 || codes["EUR"] == 0 || codes["GBP"] == 0 || codes["USD"] < 90_000 {
		t.Errorf("transactions by currency: %v, want mostly USD, some EUR and GBP", codes)
	}
}

func TestAppendJSONL(t *testing.T) {
	usd, _ := payment.ParseCurrency("USD")
	e := simulate.Event{Transaction: payment.Transaction{ID: "t1", Time: 1000, AccountID: "A1", Type: payment.Withdrawal,
		Amount: 2000, Currency: usd}}
	for _, want := range []struct {
		fraud          bool
		pattern, label string
	}{{false, "", "legitimate"}, {true, "cash_out", "fraud"}} {
		e.Fraud, e.Pattern = want.fraud, want.pattern
		line := simulate.AppendJSONL([]byte("before "), &e)
		var got map[string]any
		if err := json.Unmarshal(line[len("before "):], &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		pattern, _ := got["pattern"].(string)
		if got["label"] != want.label || pattern != want.pattern || got["transaction_id"] != "t1" {
			t.Errorf("line %s", line)
		}
		if line[len(line)-1] != '\n' {
			t.Errorf("%q does not end its line", line)
		}
	}
}

// TestKeptEventsDoNotChange checks what Event promises to those who keep copies.
func TestKeptEventsDoNotChange(t *testing.T) {
	g := generator(t, small())
	var e simulate.Event
	var kept []simulate.Event
	var text []byte
	for range 20_000 {
		g.Next(&e)
		kept = append(kept, e)
		text = simulate.AppendJSONL(text, &e)
	}
	if string(lines(kept)) != string(text) {
		t.Error("kept events changed while the stream went on")
	}
}

func TestFewAllocations(t *testing.T) {
	g := generator(t, small())
	var e simulate.Event
	for range 50_000 {
		g.Next(&e)
	}
	const events = 20_000
	perRun := testing.AllocsPerRun(3, func() {
		for range events {
			g.Next(&e)
		}
	})
	if perEvent := perRun / events; perEvent > 0.02 {
		t.Errorf("%.4f allocations per event", perEvent)
	}
}

func ExampleGenerator() {
	cfg := simulate.DefaultConfig()
	cfg.Duration = 24 * time.Hour
	g, err := simulate.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	patterns := map[string]bool{}
	for e := (simulate.Event{}); g.Next(&e); {
		if e.Fraud {
			patterns[e.Pattern] = true
		}
	}
	fmt.Println("kinds of fraud on the first day:", len(patterns))
	// Output: kinds of fraud on the first day: 5
}

func BenchmarkNext(b *testing.B) {
	g := generator(b, simulate.DefaultConfig())
	var e simulate.Event
	for range 100_000 {
		g.Next(&e)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Next(&e)
	}
}

func BenchmarkAppendJSONL(b *testing.B) {
	events := take(b, small(), 10_000)
	line := make([]byte, 0, 1024)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		line = simulate.AppendJSONL(line[:0], &events[i%len(events)])
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		generator(b, simulate.DefaultConfig())
	}
}
