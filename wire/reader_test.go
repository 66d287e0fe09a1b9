package wire_test

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/weir-fraud/weir/wire"
)

var errDamaged = errors.New("damaged")

func sealed(body ...byte) []byte { return wire.Seal(append([]byte{7}, body...), 0) }

func TestReader(t *testing.T) {
	body := binary.AppendUvarint(nil, 300)
	body = binary.AppendVarint(body, -5)
	body = append(binary.AppendUvarint(body, 2), "ab"...)
	r := wire.Open(sealed(body...), 7, errDamaged)
	if u, i, n := r.Uvarint(), r.Varint(), r.Count(1); u != 300 || i != -5 || n != 2 {
		t.Errorf("read %d, %d and %d", u, i, n)
	}
	if b := string(r.Bytes(2)); b != "ab" {
		t.Errorf("read %q", b)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

func TestReaderRefuses(t *testing.T) {
	flipped := sealed(1, 2)
	flipped[1] ^= 1
	for name, c := range map[string]struct {
		value []byte
		read  func(r *wire.Reader)
		want  string
	}{
		"nothing":         {nil, nil, "damaged: 0 bytes is too short"},
		"a flipped bit":   {flipped, nil, "damaged: the checksum differs"},
		"another version": {wire.Seal([]byte{8}, 0), nil, "damaged: encoding version 8, want 7"},
		"bytes too many":  {sealed(1, 2), func(r *wire.Reader) { r.Byte() }, "damaged: 1 bytes too many"},
		"cut off":         {sealed(0x80), func(r *wire.Reader) { r.Uvarint() }, "damaged: an integer is cut off or too large"},
		"too long":        {sealed(0x80, 0), func(r *wire.Reader) { r.Uvarint() }, "damaged: an integer is longer than it need be"},
		"ends early":      {sealed(1), func(r *wire.Reader) { r.Bytes(2) }, "damaged: it ends early"},
		"a large count":   {sealed(3, 0, 0), func(r *wire.Reader) { r.Count(1) }, "damaged: it announces 3 items in 2 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			r := wire.Open(c.value, 7, errDamaged)
			if c.read != nil {
				c.read(&r)
			}
			err := r.Close()
			if !errors.Is(err, errDamaged) || err.Error() != c.want {
				t.Errorf("the error is %v, want %s", err, c.want)
			}
			if r.Uvarint() != 0 || r.Bytes(1) != nil || r.Byte() != 0 || r.Err().Error() != c.want {
				t.Errorf("read something after the error, or lost it: %v", r.Err())
			}
		})
	}
}
