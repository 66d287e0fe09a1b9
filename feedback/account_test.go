package feedback_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

func TestAccount(t *testing.T) {
	var a feedback.Account
	if _, ok := a.Newest(); ok || a.Len() != 0 || a.Entry("t") != nil {
		t.Errorf("an empty account holds something")
	}
	add := func(id string, at payment.Time, script, wantBefore, wantAfter string) *feedback.Entry {
		t.Helper()
		l := said(t, script)[0]
		l.TransactionID, l.TransactionTime = id, at
		e, before, after := a.Add(&l)
		if show(before) != wantBefore || show(after) != wantAfter || e.Effective() != after {
			t.Errorf("from %s to %s, holds %s; want %s to %s", show(before), show(after), show(e.Effective()), wantBefore, wantAfter)
		}
		return e
	}
	first := add("t2", 100, "analyst fraud 10", "none", "analyst fraud 10 10")
	first.Payload = []byte("counted")
	add("t1", 200, "customer legitimate 11", "none", "customer legitimate 11 11")
	add("t3", 50, "analyst unsure 12", "none", "none")
	add("t2", 100, "analyst withdrawn 20", "analyst fraud 10 10", "none")
	add("t2", 90, "chargeback fraud 30", "none", "chargeback fraud 30 30")

	e := a.Entry("t2")
	if e != first || string(e.Payload) != "counted" || e.TransactionID() != "t2" || e.Time() != 100 {
		t.Errorf("got %+v", e)
	}
	if newest, ok := a.Newest(); !ok || newest != 200 || a.Len() != 3 {
		t.Errorf("newest %d of %d", newest, a.Len())
	}
	if n := a.Drop(100); n != 1 || a.Entry("t3") != nil || a.Entry("t2") != first {
		t.Errorf("dropped %d, has %d left", n, a.Len())
	}
	if n := a.Drop(101); n != 1 || a.Entry("t2") != nil || a.Entry("t1") == nil {
		t.Errorf("dropped %d, has %d left", n, a.Len())
	}
	add("t2", 100, "chargeback withdrawn 40", "none", "none")
}

// model is an account by brute force: all labels it was given, by transaction.
type model struct {
	labels   map[string][]feedback.Label
	payloads map[string][]byte
}

func (m model) time(id string) payment.Time {
	return slices.MaxFunc(m.labels[id], func(a, b feedback.Label) int { return int(a.TransactionTime - b.TransactionTime) }).TransactionTime
}

func (m model) check(t *testing.T, a *feedback.Account) {
	t.Helper()
	if a.Len() != len(m.labels) {
		t.Fatalf("%d transactions, want %d", a.Len(), len(m.labels))
	}
	for id, labels := range m.labels {
		e := a.Entry(id)
		if e == nil || e.Effective() != slowResolve(labels) || e.Time() != m.time(id) || !bytes.Equal(e.Payload, m.payloads[id]) {
			t.Fatalf("%s: %+v, want %s at %d with %q", id, e, show(slowResolve(labels)), m.time(id), m.payloads[id])
		}
	}
}

// An account lives as its model does, through encodings on the way.
func TestAccountLikeItsModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		a, m := &feedback.Account{}, model{map[string][]feedback.Label{}, map[string][]byte{}}
		for range rng.IntN(40) {
			switch rng.IntN(8) {
			case 0:
				dropped, before := 0, payment.Time(rng.IntN(10))
				for id := range m.labels {
					if m.time(id) < before {
						delete(m.labels, id)
						delete(m.payloads, id)
						dropped++
					}
				}
				if n := a.Drop(before); n != dropped {
					t.Fatalf("dropped %d, want %d", n, dropped)
				}
			case 1:
				a = recoded(t, a)
			default:
				l := randomLabel(rng)
				e, before, after := a.Add(&l)
				was := slowResolve(m.labels[l.TransactionID])
				m.labels[l.TransactionID] = append(m.labels[l.TransactionID], l)
				if before != was || after != slowResolve(m.labels[l.TransactionID]) {
					t.Fatalf("from %s to %s, want from %s", show(before), show(after), show(was))
				}
				e.Payload = make([]byte, rng.IntN(4))
				m.payloads[l.TransactionID] = slices.Clone(e.Payload)
			}
			m.check(t, a)
		}
	}
}

// recoded takes an account through its encoding.
func recoded(t testing.TB, a *feedback.Account) *feedback.Account {
	t.Helper()
	value := a.Append([]byte("before"))[len("before"):]
	again, err := feedback.DecodeAccount(value)
	if err != nil {
		t.Fatalf("own encoding refused: %v, %x", err, value)
	}
	written := slices.Clone(value)
	clear(value)
	if twice := again.Append(nil); !bytes.Equal(twice, written) {
		t.Fatalf("encodes as %x, then as %x", written, twice)
	}
	return again
}

// Accounts that have seen the same labels have the same bytes, in whatever order they came; others differ.
func TestEqualAccountsHaveEqualBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for range 200 {
		labels := make([]feedback.Label, 1+rng.IntN(30))
		for i := range labels {
			labels[i] = randomLabel(rng)
		}
		want := encoded(labels)
		for range 10 {
			rng.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
			if got := encoded(labels, labels[rng.IntN(len(labels))]); !bytes.Equal(got, want) {
				t.Fatalf("%+v\ngot  %x\nwant %x", labels, got, want)
			}
		}
		later := randomLabel(rng)
		later.Time += 10
		if got := encoded(labels, later); bytes.Equal(got, want) {
			t.Fatalf("%+v leaves no trace", later)
		}
	}
	var a feedback.Account
	e, _, _ := a.Add(&said(t, "analyst fraud 1")[0])
	nothing := a.Append(nil)
	e.Payload = []byte{}
	if !bytes.Equal(a.Append(nil), nothing) {
		t.Error("an empty payload is not none")
	}
	e.Payload = []byte{0}
	if bytes.Equal(a.Append(nil), nothing) {
		t.Error("the payload is not kept")
	}
}

func encoded(labels []feedback.Label, more ...feedback.Label) []byte {
	var a feedback.Account
	for _, l := range slices.Concat(labels, more) {
		a.Add(&l)
	}
	return a.Append(nil)
}

// Any byte that is not what was written, any byte too few and any too many must be noticed.
func TestDamageIsNoticed(t *testing.T) {
	value := sample()
	if _, err := feedback.DecodeAccount(value); err != nil {
		t.Fatal(err)
	}
	refused := func(value []byte, what string, i int) {
		t.Helper()
		if a, err := feedback.DecodeAccount(value); !errors.Is(err, feedback.ErrDamaged) || a != nil {
			t.Errorf("%s %d: %v, %v", what, i, a, err)
		}
	}
	for i := range value {
		was := value[i]
		for flip := 1; flip < 256; flip++ {
			value[i] = was ^ byte(flip)
			refused(value, "changed at byte", i)
		}
		value[i] = was
		refused(value[:i], "cut off at byte", i)
	}
	for b := range 256 {
		refused(append(bytes.Clone(value), byte(b)), "one more byte", b)
	}
}

// sample returns the encoding of an account with a bit of everything.
func sample() []byte {
	rng := rand.New(rand.NewPCG(11, 12))
	var a feedback.Account
	for i := range 12 {
		l := randomLabel(rng)
		l.TransactionTime += 1697638200000
		e, _, _ := a.Add(&l)
		e.Payload = bytes.Repeat([]byte{byte(i)}, i)
	}
	return a.Append(nil)
}
