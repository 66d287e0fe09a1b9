package feedback

import (
	"cmp"

	"github.com/weir-fraud/weir/payment"
)

// Effective is what holds for a transaction after all that was said of it. The zero Effective says that nothing does:
// nobody has labelled the transaction, or it was withdrawn, or who looked at it is unsure.
//
// Two of them with the same Verdict may differ in the rest, as when a chargeback confirms the analyst. What was counted
// for the one then still holds for the other.
type Effective struct {
	Verdict    Verdict // Fraud or Legitimate
	Source     Source
	Time       payment.Time // of the label that holds
	FeedbackID string       // likewise
}

// Resolve returns the effective label of the transaction that all labels are about. They are legal and in any order.
func Resolve(labels []Label) Effective {
	var g Ledger
	for i := range labels {
		g.Add(&labels[i])
	}
	return g.Effective()
}

// Ledger is what matters of the labels of one transaction: for each source the last thing it said. Of these, the
// definite one of the weightiest source holds: chargeback, customer, analyst, import.
//
//   - Last is the label with the latest timestamp, not the one that came last. Of two with the same timestamp it is the
//     one with the greater feedback id, byte by byte. Should these be the same too and the labels differ, it is the one
//     that claims less: withdrawn, unsure, legitimate, fraud.
//   - A source whose last word is unsure or withdrawn has no say: what it said before does not hold any more, and what
//     lesser sources say does.
//
// So a Ledger is the maximum of what was added, source by source. It does not depend on the order of the labels, and a
// label that is added again changes nothing. The zero Ledger is ready for use.
type Ledger struct {
	last [numSources]statement // by Source - 1
}

// statement is what one source says. The zero statement stands for silence, and is before every other.
type statement struct {
	verdict Verdict
	time    payment.Time
	id      string
}

func (s statement) compare(other statement) int {
	return cmp.Or(cmp.Compare(s.time, other.time), cmp.Compare(s.id, other.id), cmp.Compare(s.verdict, other.verdict))
}

// Add takes in a legal label, and returns what held before it and what holds after it.
func (g *Ledger) Add(l *Label) (before, after Effective) {
	before = g.Effective()
	last := &g.last[l.Source-1]
	if said := (statement{l.Verdict, l.Time, l.ID}); said.compare(*last) > 0 {
		*last = said
	}
	return before, g.Effective()
}

// Effective returns what holds.
func (g *Ledger) Effective() Effective {
	for source := Chargeback; source > 0; source-- {
		if s := &g.last[source-1]; s.verdict.definite() {
			return Effective{s.verdict, source, s.time, s.id}
		}
	}
	return Effective{}
}

// Unsure reports whether the last word of any source is that it does not know: the case is open. What another source
// says of it may hold all the same.
func (g *Ledger) Unsure() bool {
	for i := range g.last {
		if g.last[i].verdict == Unsure {
			return true
		}
	}
	return false
}
