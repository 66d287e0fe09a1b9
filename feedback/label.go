package feedback

import "github.com/weir-fraud/weir/payment"

// Label is one feedback event: what one source says of one transaction. It is complete in itself, since it may come
// when nothing remembers the transaction any more. Labels are never changed: a correction is a new one.
type Label struct {
	ID              string            // unique; an event that is sent again has the same
	Time            payment.Time      // when the source said so
	TransactionID   string            // with AccountID, the transaction it is about
	AccountID       string            // also the Kafka key
	TransactionTime payment.Time      // the transaction's event time
	Amount          int64             // of the transaction, in minor units of Currency
	Currency        payment.Currency  //
	Entities        map[string]string // the transaction's keys, by entity: merchant is ElectronicsStore
	Marks           []string          // the marks set on the transaction, each once
	Verdict         Verdict           // the member label of the event
	Source          Source            //
	By              string            // who said so, where that is known
	AlertID         string            // the alert that led to it, if any
	Note            string            // free text
}

// Verdict is what a label says.
type Verdict uint8

// The verdicts. The zero Verdict is not a legal one; as an effective label it means that there is none.
const (
	Fraud      Verdict = iota + 1
	Legitimate         // not fraud
	Unsure             // looked at and undecided
	Withdrawn          // what the source said before was a mistake
)

var verdicts = [...]string{Fraud: "fraud", Legitimate: "legitimate", Unsure: "unsure", Withdrawn: "withdrawn"}

// String returns the verdict's name on the wire.
func (v Verdict) String() string { return name(verdicts[:], uint8(v)) }

// ParseVerdict returns the Verdict with the given wire name.
func ParseVerdict(s string) (Verdict, bool) {
	v, ok := parse(verdicts[:], s)
	return Verdict(v), ok
}

// definite reports whether v says what the transaction was.
func (v Verdict) definite() bool { return v == Fraud || v == Legitimate }

// Source is where a label comes from. Sources are in the order of their weight: a greater one beats a lesser one.
type Source uint8

// The sources. The zero Source is not a legal one.
const (
	Import     Source = iota + 1 // labels from elsewhere, of which no more is known
	Analyst                      // judged from the outside
	Customer                     // knows whether the payment was theirs
	Chargeback                   // the outcome of a dispute, money moved
)

const numSources = int(Chargeback)

var sources = [...]string{Import: "import", Analyst: "analyst", Customer: "customer", Chargeback: "chargeback"}

// String returns the source's name on the wire.
func (s Source) String() string { return name(sources[:], uint8(s)) }

// ParseSource returns the Source with the given wire name.
func ParseSource(s string) (Source, bool) {
	v, ok := parse(sources[:], s)
	return Source(v), ok
}

// name returns the name of the value i, of which the first has no name.
func name(names []string, i uint8) string {
	if i == 0 || int(i) >= len(names) {
		return "unknown"
	}
	return names[i]
}

func parse(names []string, s string) (uint8, bool) {
	for i := 1; i < len(names); i++ {
		if names[i] == s {
			return uint8(i), true
		}
	}
	return 0, false
}
