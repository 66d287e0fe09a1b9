package feedback_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"math"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/feedback"
)

// seal appends the checksum to the body of an encoding.
func seal(body []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// entry returns the bytes of an entry of which the analyst says something.
func entry(id string, verdict byte) []byte {
	b := append([]byte{byte(len(id))}, id...)
	return append(b, 7, 0, verdict, 9, 1, 'f', 0, 0, 0)
}

func body(count byte, entries ...[]byte) []byte {
	return append([]byte{1, count}, bytes.Join(entries, nil)...)
}

// The bytes are stored, so they must not change without a new version.
func TestEncodingIsFixed(t *testing.T) {
	labels := said(t, "analyst fraud 1697702400000 f-1, chargeback withdrawn 1697702400001 cb")
	for i := range labels {
		labels[i].TransactionTime = 1697638200000
	}
	var a feedback.Account
	for i := range labels {
		e, _, _ := a.Add(&labels[i])
		e.Payload = []byte{0xaa, 0xbb}
	}
	const want = "01" + "01" + "0174" + "c0e5fc98b431" + "00" + "01" + "80a0cbb7b431" + "03662d31" + "00" + "04" + "81a0cbb7b431" + "026362" + "02aabb"
	if got := hex.EncodeToString(a.Append(nil)); got[:len(got)-8] != want {
		t.Errorf("got  %s\nwant %s", got[:len(got)-8], want)
	}
	if got := hex.EncodeToString(new(feedback.Account).Append(nil)[:2]); got != "0100" {
		t.Errorf("an empty account is %s", got)
	}
}

// Damage that the checksum covers, as a faulty program would leave it.
var damages = []struct {
	what string
	body []byte
}{
	{"another version", append([]byte{2}, body(1, entry("t", 1))[1:]...)},
	{"no count", []byte{1}},
	{"a count of more than there is", body(2, entry("t", 1))},
	{"a count of less than there is", body(1, entry("t", 1), entry("u", 1))},
	{"a huge count", append(binary.AppendUvarint([]byte{1}, math.MaxUint64), entry("t", 1)...)},
	{"a count of millions", append(binary.AppendUvarint([]byte{1}, 1<<22), entry("t", 1)...)},
	{"the wrong order", body(2, entry("u", 1), entry("t", 1))},
	{"one transaction twice", body(2, entry("t", 1), entry("t", 1))},
	{"no transaction id", body(1, entry("", 1))},
	{"a control character", body(1, entry("\n", 1))},
	{"an id that is not UTF-8", body(1, entry("\xff", 1))},
	{"an id that is too long", body(1, append(binary.AppendUvarint(nil, 129), append([]byte(strings.Repeat("x", 129)), entry("", 1)[1:]...)...))},
	{"an unknown verdict", body(1, entry("t", 5))},
	{"no label", body(1, append([]byte{1, 't', 7, 0, 0, 0, 0}, append([]byte{5}, "12345"...)...))},
	{"no label id", body(1, []byte{1, 't', 7, 0, 1, 9, 0, 0, 0, 3, 1, 2, 3})},
	{"a long integer", body(1, []byte{1, 't', 0x87, 0, 0, 1, 9, 1, 'f', 0, 0, 0})},
	{"a long count", append([]byte{1, 0x81, 0}, entry("t", 1)...)},
	{"a time beyond all", body(1, append(binary.AppendUvarint([]byte{1, 't'}, 7258118400000), 0, 1, 9, 1, 'f', 0, 0, 0))},
	{"a label time beyond all", body(1, append(binary.AppendUvarint([]byte{1, 't', 7, 0, 1}, math.MaxUint64), 1, 'f', 0, 0, 0))},
	{"a payload that is cut off", body(1, []byte{1, 't', 7, 0, 1, 9, 1, 'f', 0, 0, 2, 'p'})},
}

func TestSealedDamageIsNoticed(t *testing.T) {
	for _, good := range [][]byte{body(0), body(2, entry("t", 1), entry("u", 4))} {
		if _, err := feedback.DecodeAccount(seal(good)); err != nil {
			t.Errorf("%x: %v", good, err)
		}
	}
	for _, d := range damages {
		if a, err := decodeFrugally(t, seal(d.body)); !errors.Is(err, feedback.ErrDamaged) || a != nil {
			t.Errorf("%s: %v, %v", d.what, a, err)
		}
	}
}
