package features_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// seal appends the checksum to the body of an encoding.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// lived returns the encoding of an account after so many transactions of random traffic.
func lived(set *features.Set, seed uint64, n int) []byte {
	g := newTraffic(rand.New(rand.NewPCG(seed, 2)), *set.Layout())
	a := set.NewAccount()
	var o features.Observation
	for range n {
		tx := g.next()
		a.Observe(&tx, &o)
		a.Fold(&o)
	}
	return a.Append(nil)
}

// FuzzDecode tries the input as it is and with a right checksum. What is accepted must be what Append writes, and be of
// use; what is refused must say so without a panic and without much memory.
func FuzzDecode(f *testing.F) {
	sets := []*features.Set{shipped(f), keeping(f), compile(f, plain, features.DefaultLayout())}
	f.Add(byte(0), []byte{})
	for which, set := range sets {
		f.Add(byte(which), set.NewAccount().Append(nil))
		for seed, n := range []int{1, 3, 30, 300} {
			value := lived(set, uint64(seed), n)
			f.Add(byte(which), value)
			f.Add(byte(which), value[:len(value)-4])
		}
	}
	for _, c := range damages {
		f.Add(byte(2), c.body)
	}
	for _, c := range keptDamages {
		f.Add(byte(1), c.body)
	}
	f.Fuzz(func(t *testing.T, which byte, input []byte) {
		set := sets[int(which)%len(sets)]
		for _, value := range [][]byte{input, seal(input)} {
			a, err := decodeFrugally(t, set, value)
			if err != nil {
				if a != nil || !errors.Is(err, features.ErrDamaged) {
					t.Fatalf("%v with the error %v, want nil with ErrDamaged", a, err)
				}
				continue
			}
			if again := a.Append(nil); !bytes.Equal(again, value) {
				t.Fatalf("%x is accepted and encodes as %x", value, again)
			}
			tx := purchase("fuzz", 0, 100)
			if newest, ok := a.Newest(); ok {
				tx.Time = newest
			}
			tx.Attributes = []payment.Attribute{{Key: "device", Value: "d1"}, {Key: "risk", Value: "0.25"}}
			var o features.Observation
			a.Observe(&tx, &o)
			a.Compute(&o, make(features.Vector, set.Schema().Len()))
			a.Fold(&o)
			a.Append(nil)
		}
	})
}

// decodeFrugally fails the test where Decode takes memory out of proportion to the value.
func decodeFrugally(t *testing.T, set *features.Set, value []byte) (*features.Account, error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := set.Decode(value)
	runtime.ReadMemStats(&after)
	if took, most := after.TotalAlloc-before.TotalAlloc, uint64(1<<16+100*len(value)); took > most {
		t.Fatalf("%d bytes took %d bytes of memory, want at most %d", len(value), took, most)
	}
	return a, err
}

// Any byte that is not what was written, any byte too few and any too many must be noticed.
func TestDamageIsNoticed(t *testing.T) {
	set := keeping(t)
	value := lived(set, 7, 25)
	if _, err := set.Decode(value); err != nil {
		t.Fatal(err)
	}
	refused := func(value []byte, what string, args ...any) {
		t.Helper()
		if a, err := set.Decode(value); !errors.Is(err, features.ErrDamaged) || a != nil {
			t.Errorf("%s: %v, %v", fmt.Sprintf(what, args...), a, err)
		}
	}
	for i := range value {
		was := value[i]
		for flip := 1; flip < 256; flip++ {
			value[i] = was ^ byte(flip)
			refused(value, "byte %d of %d is %#x, was %#x", i, len(value), value[i], was)
		}
		value[i] = was
		refused(value[:i], "cut off at byte %d of %d", i, len(value))
	}
	for b := range 256 {
		refused(append(bytes.Clone(value), byte(b)), "with byte %#x at the end", b)
	}
}

// The bytes of a valid encoding: version, 2 names, 2 events. The damages below vary it.
func validBody() []byte {
	body := []byte{2, 2, 1, 'm', 1, 'c', 2}
	body = append(body, event(0x11, 1000, 5, 'U', 1, 2)...)
	return append(body, event(0x19, 10, 7, 0, 1, 0)...)
}

// event returns the bytes of an event: currency 'U' stands for USD and 'E' for EUR, 0 for the previous one.
func event(head byte, elapsed uint64, amount int64, currencyLetter byte, merchant, category uint64) []byte {
	b := binary.AppendUvarint([]byte{head}, elapsed)
	b = binary.AppendVarint(b, amount)
	switch currencyLetter {
	case 'U':
		b = binary.AppendUvarint(b, uint64(currency("USD")))
	case 'E':
		b = binary.AppendUvarint(b, uint64(currency("EUR")))
	}
	b = binary.AppendUvarint(b, merchant)
	b = binary.AppendUvarint(b, category)
	if head&0x04 != 0 {
		b = append(b, 1, 0, 0, 0, 2, 0, 0, 0)
	}
	if head&0x10 != 0 {
		b = append(b, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	}
	return b
}

func body(names string, events ...[]byte) []byte {
	b := append([]byte{2}, names...)
	return append(append(b, byte(len(events))), bytes.Join(events, nil)...)
}

var week = uint64(7 * 24 * time.Hour / time.Millisecond)

// damages are bodies that Append never writes: impossible ones, and other spellings of possible ones.
var damages = []struct {
	name string
	body []byte
	want string
}{
	{"nothing", nil, "too short"},
	{"other version", []byte{1, 0, 0}, "encoding version 1, want 2"},
	{"too many names", []byte{2, 200, 1, 0}, "announces 200 items"},
	{"too many events", []byte{2, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, "announces"},
	{"integer of 70 bits", append([]byte{2}, bytes.Repeat([]byte{0xff}, 10)...), "cut off"},
	{"long spelling of an integer", []byte{2, 0x80, 0, 0}, "longer than it need be"},
	{"long spelling of an amount", append(append([]byte{2, 0, 1, 0x11, 1, 0x8a, 0x00}, event(0, 0, 0, 'U', 0, 0)[3:]...), make([]byte, 9)...), "longer than it need be"},
	{"name without end", []byte{2, 1, 9, 'm', 0}, "ends early"},
	{"empty name", body("\x02\x01m\x00", event(0x11, 1, 5, 'U', 1, 2)), "a name is empty or not UTF-8"},
	{"name that is not UTF-8", body("\x01\x01\xff", event(0x11, 1, 5, 'U', 1, 0)), "a name is empty or not UTF-8"},
	{"name twice", body("\x02\x01m\x01m", event(0x11, 1, 5, 'U', 1, 2)), "a name is there twice"},
	{"long list with a name twice", body("\x0e\x01a\x01b\x01c\x01d\x01e\x01f\x01g\x01h\x01i\x01j\x01k\x01l\x01m\x01a",
		event(0x11, 1, 5, 'U', 1, 2), event(0x19, 1, 5, 0, 3, 4), event(0x19, 1, 5, 0, 5, 6), event(0x19, 1, 5, 0, 7, 8),
		event(0x19, 1, 5, 0, 9, 10), event(0x19, 1, 5, 0, 11, 12), event(0x19, 1, 5, 0, 13, 14)), "a name is there twice"},
	{"name of no event", body("\x01\x01m", event(0x11, 1, 5, 'U', 0, 0)), "1 names, 0 of them used"},
	{"names in another order", body("\x02\x01m\x01n", event(0x11, 1, 5, 'U', 2, 1)), "name 2 after 0"},
	{"number without a name", body("\x01\x01m", event(0x11, 1, 5, 'U', 1, 2)), "name 2 of 1"},
	{"no type", body("\x00", event(0x10, 1, 5, 'U', 0, 0)), "event head 0x10"},
	{"unknown bit", body("\x00", event(0x91, 1, 5, 'U', 0, 0)), "event head 0x91"},
	{"no currency", body("\x00", event(0x19, 1, 5, 0, 0, 0)), "without a currency"},
	{"currency 0", body("\x00", append([]byte{0x11, 1, 10, 0, 0, 0}, make([]byte, 9)...)), "currency 0 after 0"},
	{"currency of 17 bits", body("\x00", append([]byte{0x11, 1, 10, 0x80, 0x80, 4, 0, 0}, make([]byte, 9)...)), "currency 65536 after 0"},
	{"currency once more", body("\x00", event(0x11, 1, 5, 'U', 0, 0), event(0x11, 1, 5, 'U', 0, 0)), fmt.Sprintf("currency %d after %[1]d", currency("USD"))},
	{"amount out of range", body("\x00", event(0x11, 1, payment.MaxAmount+1, 'U', 0, 0)), "amount out of range"},
	{"negative amount out of range", body("\x00", event(0x11, 1, -payment.MaxAmount-1, 'U', 0, 0)), "amount out of range"},
	{"time out of range", body("\x00", event(0x11, uint64(payment.MaxTime), 5, 'U', 0, 0)), "time out of range"},
	{"time that wraps", body("\x00", event(0x11, 5, 5, 'U', 0, 0), event(0x19, 1<<64-1, 5, 0, 0, 0)), "time out of range"},
	{"outside the horizon", body("\x00", event(0x01, 5, 5, 'U', 0, 0), event(0x19, 5*week, 5, 0, 0, 0)), "outside the horizon"},
	{"id forgotten too early", body("\x00", event(0x01, 5, 5, 'U', 0, 0), event(0x19, 5, 5, 0, 0, 0)), "dedupe span"},
	{"id forgotten in between", body("\x00", event(0x11, 5, 5, 'U', 0, 0), event(0x09, 5, 5, 0, 0, 0), event(0x19, 5, 5, 0, 0, 0)), "forgotten before an older one"},
	{"last id forgotten", body("\x00", event(0x11, 5, 5, 'U', 0, 0), event(0x09, 5, 5, 0, 0, 0)), "forgotten before an older one"},
	{"id remembered too long", body("\x00", event(0x11, 5, 5, 'U', 0, 0), event(0x19, week, 5, 0, 0, 0)), "dedupe span"},
	{"bytes left over", append(validBody(), 0), "1 bytes too many"},
	{"event cut off", validBody()[:len(validBody())-1], "ends early"},
}

func TestDecodeErrors(t *testing.T) {
	set := compile(t, plain, features.DefaultLayout())
	if a, err := set.Decode(seal(validBody())); err != nil || a.Len() != 2 {
		t.Fatalf("the valid encoding: %v", err)
	}
	for _, c := range damages {
		t.Run(c.name, func(t *testing.T) {
			_, err := set.Decode(seal(c.body))
			if !errors.Is(err, features.ErrDamaged) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

// keeping is a set that keeps a text, a number and two marks.
func keeping(tb testing.TB) *features.Set {
	tb.Helper()
	return compile(tb, file("attributes: {device: text, risk: number}\nmarks: {large: {when: amount > 100}, odd: {when: n > 1}}",
		"name: n, aggregate: count, filter: large, windows: [1h]", "name: devices, aggregate: distinct, of: device, windows: [30d]",
		"name: mean, aggregate: mean, of: risk, windows: [30d]"), features.DefaultLayout())
}

// kept returns the bytes of the only event of an account of that set. Those of retained stand before the fingerprint.
func kept(head byte, retained ...byte) []byte {
	e := event(head&^0x10, 1, 5, 'U', 0, 0)
	e[0] = head
	return append(append(e, retained...), 1, 2, 3, 4, 5, 6, 7, 8, 9)
}

// keptDamages are bodies that Append never writes for that set.
var keptDamages = []struct {
	name string
	body []byte
	want string
}{
	{"marks that are none", body("\x00", kept(0x31, 0, 0, 0)), "marks 0x0 of 2"},
	{"a mark too many", body("\x00", kept(0x31, 4, 0, 0)), "marks 0x4 of 2"},
	{"marks of many bits", body("\x00", kept(0x31, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0, 0)), "marks 0x8000000000000001 of 2"},
	{"text that is not there", body("\x00", kept(0x11, 1, 0)), "name 1 of 0"},
	{"text after none", body("\x00", kept(0x11, 2, 0)), "name 2 after 0"},
	{"name of no event", body("\x01\x01d", kept(0x11, 0, 0)), "1 names, 0 of them used"},
	{"number out of range", body("\x00", kept(0x11, append([]byte{0}, binary.AppendUvarint(nil, 1+2*(9e15+1))...)...)), "a number out of range"},
	{"negative number out of range", body("\x00", kept(0x11, append([]byte{0}, binary.AppendUvarint(nil, 1+2*(9e15+1)-1)...)...)), "a number out of range"},
	{"long spelling of a number", body("\x00", kept(0x11, 0, 0x81, 0)), "longer than it need be"},
	{"attributes cut off", body("\x00", event(0x01, 1, 5, 'U', 0, 0)), "an integer is cut off"},
	{"more events than bytes", []byte{2, 0, 2, 0x11, 1, 10, 0xc8, 6, 0, 0, 0, 0, 1, 2, 3}, "announces 2 items in 12 bytes"},
}

func TestDecodeErrorsOfWhatIsKept(t *testing.T) {
	set := keeping(t)
	for _, retained := range [][]byte{
		{1, 1},
		append([]byte{0}, binary.AppendUvarint(nil, 1+2*9e15)...),
		append([]byte{0}, binary.AppendUvarint(nil, 2*9e15)...),
	} {
		names := "\x00"
		if retained[0] == 1 {
			names = "\x01\x01d"
		}
		value := seal(body(names, kept(0x31, append([]byte{3}, retained...)...)))
		a, err := set.Decode(value)
		if err != nil || !bytes.Equal(a.Append(nil), value) {
			t.Fatalf("the valid encoding %x: %v", value, err)
		}
	}
	for _, c := range keptDamages {
		t.Run(c.name, func(t *testing.T) {
			_, err := set.Decode(seal(c.body))
			if !errors.Is(err, features.ErrDamaged) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

// Ids are remembered to the millisecond, and an encoding that ends there is accepted.
func TestDedupeSpanInEncoding(t *testing.T) {
	set := compile(t, plain, features.DefaultLayout())
	for _, value := range [][]byte{
		body("\x00", event(0x11, 5, 5, 'U', 0, 0), event(0x19, week-1, 5, 0, 0, 0)),
		body("\x00", event(0x01, 5, 5, 'U', 0, 0), event(0x19, week, 5, 0, 0, 0)),
	} {
		if _, err := set.Decode(seal(value)); err != nil {
			t.Errorf("%x: %v", value, err)
		}
	}
}

// The bytes are in stores and in dumps: where they change, the encoding's version must.
func TestEncodingGolden(t *testing.T) {
	set := keeping(t)
	located := purchase("b", time.Minute, -1999)
	located.Merchant = payment.Merchant{
		Name: "ElectronicsStore", Category: "Electronics", Location: payment.Location{LatitudeE7: 407306100, LongitudeE7: -739352420, Known: true},
	}
	foreign := located
	foreign.ID, foreign.Time, foreign.Currency, foreign.Type, foreign.Amount = "c", start.Add(8*24*time.Hour), currency("EUR"), payment.Withdrawal, 20000
	tied := foreign
	tied.ID, tied.Type, tied.Merchant = "d", payment.Deposit, payment.Merchant{Name: "Électronique", Category: "ElectronicsStore"}
	for i, tx := range []*payment.Transaction{&located, &tied} {
		tx.Attributes = []payment.Attribute{{Key: "risk", Value: []string{"-0.25", "1e9"}[i]}, {Key: "device", Value: []string{"d1", "Electronics"}[i]}}
	}
	a, o := observe(set, purchase("a", 0, 50000), located, foreign, tied)
	a.Fold(o)
	golden(t, "encoding.golden", hex.Dump(a.Append(nil)))
	if got := hex.Dump(set.NewAccount().Append([]byte("before"))[len("before"):]); got != hex.Dump(seal([]byte{2, 0, 0})) {
		t.Errorf("an account without events, appended, encodes as\n%s", got)
	}
}

// customer generates what a customer's account looks like: a few known merchants near home, some new ones, the odd
// trip, two currencies. n transactions are spread over 30 days.
func customer(n int) []payment.Transaction {
	d := rand.New(rand.NewPCG(uint64(n), 3))
	categories := []string{"Groceries", "Restaurants", "Fuel", "Electronics", "Travel", "Clothing"}
	all := make([]payment.Transaction, n)
	for i := range all {
		tx := purchase(fmt.Sprintf("tx-%08x", d.Uint32()), time.Duration(i)*(30*24*time.Hour/time.Duration(n)), int64(100+d.ExpFloat64()*4000))
		merchant := d.IntN(8)
		if d.IntN(10) == 0 {
			merchant = 8 + d.IntN(1000)
		}
		tx.Merchant.Name = fmt.Sprintf("%s Store %d", categories[merchant%6], merchant)
		tx.Merchant.Category = categories[merchant%6]
		if d.IntN(4) > 0 {
			tx.Merchant.Location = payment.Location{
				LatitudeE7: 407000000 + int32(d.NormFloat64()*500000), LongitudeE7: -739000000 + int32(d.NormFloat64()*500000), Known: true,
			}
		}
		if d.IntN(20) == 0 {
			tx.Currency = currency("EUR")
		}
		if d.IntN(10) == 0 {
			tx.Type = payment.Withdrawal
		}
		tx.Time += payment.Time(d.IntN(1000))
		tx.Attributes = []payment.Attribute{{Key: "device_id", Value: fmt.Sprintf("device-%d", d.IntN(3))}, {Key: "channel", Value: pick(d, "online", "pos")}}
		all[i] = tx
	}
	return all
}

// What an account takes in the store decides how many fit, and how fast they are read.
func TestEncodedSize(t *testing.T) {
	set := shipped(t)
	for _, c := range []struct{ events, most int }{{1, 90}, {10, 440}, {100, 2800}, {700, 18000}} {
		a, o := observe(set, customer(c.events)...)
		a.Fold(o)
		size := len(a.Append(nil))
		t.Logf("%4d events: %5d bytes, %.1f an event", c.events, size, float64(size)/float64(c.events))
		if size > c.most || a.Len() != c.events {
			t.Errorf("%d events take %d bytes, want at most %d", a.Len(), size, c.most)
		}
	}
}
