package app

import (
	"slices"
	"sync"

	"github.com/weir-fraud/weir/screen"
	"github.com/weir-fraud/weir/simulate"
)

// tally compares decisions with the truth, as only a simulation can at once. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	frauds   map[string]int // index of the pattern, by transaction id
	ids      []string       // of frauds, the oldest first
	patterns []screen.Pattern
	alerts   int64
}

// tallyKeeps is how many frauds are remembered: those of half an hour and more.
const tallyKeeps = 20_000

func newTally(patterns []simulate.Pattern) *tally {
	t := &tally{frauds: make(map[string]int)}
	for _, p := range patterns {
		t.patterns = append(t.patterns, screen.Pattern{Name: p.Name()})
	}
	return t
}

// send notes the truth about an event that is about to be sent.
func (t *tally) send(e *simulate.Event) {
	if !e.Fraud {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.ids) == tallyKeeps {
		delete(t.frauds, t.ids[0])
		t.ids = t.ids[1:]
	}
	t.ids = append(t.ids, e.Transaction.ID)
	t.frauds[e.Transaction.ID] = slices.IndexFunc(t.patterns, func(p screen.Pattern) bool { return p.Name == e.Pattern })
}

// decided counts a decision.
func (t *tally) decided(decision []byte) {
	alert := string(textOf(decision, "action")) != "approve"
	t.mu.Lock()
	defer t.mu.Unlock()
	if alert {
		t.alerts++
	}
	if i, fraud := t.frauds[string(textOf(decision, "transaction_id"))]; fraud {
		t.patterns[i].Frauds++
		if alert {
			t.patterns[i].Found++
		}
	}
}

// isFraud tells the truth about a transaction of the last half hour.
func (t *tally) isFraud(id string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, fraud := t.frauds[id]
	return fraud
}

// counts returns the alerts so far, and how much of each pattern was found.
func (t *tally) counts() (alerts int64, patterns []screen.Pattern) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.alerts, slices.Clone(t.patterns)
}
