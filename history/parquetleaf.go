package history

import (
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/weir-fraud/weir/payment"
)

// ColumnType is what kind of values a column has. In CSV and JSONL all are texts.
type ColumnType uint8

// The types of columns. The zero ColumnType is Text.
const (
	Text ColumnType = iota
	Number
	Boolean
	Instant   // a point in time
	LocalTime // a date and a time of day, without a zone
	Date
	TimeOfDay
	Unreadable // a list, a map, or of a type that has no text
)

// parquetLeaf is a column of a Parquet file that has values of its own. Each value becomes the text that a CSV file
// would have in its place, without losing a digit, so that one mapping serves both.
type parquetLeaf struct {
	name   string // the names on the way to it, joined by dots
	index  int
	typ    ColumnType
	reason string                                    // why it is Unreadable
	write  func(dst []byte, v *parquet.Value) []byte // nil for bytes that are text as they are
}

// parquetLeaves returns all leaves of a file, in their order.
func parquetLeaves(file *parquet.File) (leaves []parquetLeaf) {
	var elements []*format.SchemaElement // of the leaves: the schema lists the tree depth first
	schema := file.Metadata().Schema
	for i := range schema {
		if schema[i].Type.Valid {
			elements = append(elements, &schema[i])
		}
	}
	var walk func(c *parquet.Column)
	walk = func(c *parquet.Column) {
		if c.Leaf() {
			l := parquetLeaf{name: strings.Join(c.Path(), "."), index: c.Index()}
			l.setType(c, elements[len(leaves)])
			leaves = append(leaves, l)
		}
		for _, child := range c.Columns() {
			walk(child)
		}
	}
	walk(file.Root())
	return leaves
}

func (l *parquetLeaf) setType(c *parquet.Column, e *format.SchemaElement) {
	if c.MaxRepetitionLevel() > 0 {
		l.refuse("a list")
		return
	}
	switch kind := c.Type().Kind(); kind {
	case parquet.Boolean:
		l.typ, l.write = Boolean, func(dst []byte, v *parquet.Value) []byte { return strconv.AppendBool(dst, v.Boolean()) }
	case parquet.Int32, parquet.Int64:
		l.setInteger(c.Type(), kind == parquet.Int32)
	case parquet.Int96:
		l.typ, l.write = Instant, writeInt96
	case parquet.Float:
		l.typ, l.write = Number, func(dst []byte, v *parquet.Value) []byte { return appendFloat(dst, float64(v.Float()), 32) }
	case parquet.Double:
		l.typ, l.write = Number, func(dst []byte, v *parquet.Value) []byte { return appendFloat(dst, v.Double(), 64) }
	default:
		l.setBytes(e)
	}
}

func (l *parquetLeaf) refuse(what string) {
	l.typ, l.reason = Unreadable, what
	l.write = func(dst []byte, _ *parquet.Value) []byte { return dst }
}

// setInteger is for the physical types INT32 and INT64.
func (l *parquetLeaf) setInteger(t parquet.Type, narrow bool) {
	integer := func(v *parquet.Value) int64 { return v.Int64() }
	if narrow {
		integer = func(v *parquet.Value) int64 { return int64(v.Int32()) }
	}
	l.typ = Number
	l.write = func(dst []byte, v *parquet.Value) []byte { return strconv.AppendInt(dst, integer(v), 10) }
	logical := t.LogicalType()
	if logical == nil {
		return
	}
	switch t := logical.Value.(type) {
	case *format.IntType:
		if t.IsSigned {
			return
		}
		mask := uint64(math.MaxUint64)
		if narrow {
			mask = math.MaxUint32
		}
		l.write = func(dst []byte, v *parquet.Value) []byte { return strconv.AppendUint(dst, uint64(integer(v))&mask, 10) }
	case *format.DecimalType:
		l.setDecimal(t, func(v *parquet.Value) (int64, *big.Int) { return integer(v), nil })
	case *format.DateType:
		l.typ = Date
		l.write = func(dst []byte, v *parquet.Value) []byte {
			return time.Unix(integer(v)*24*60*60, 0).UTC().AppendFormat(dst, time.DateOnly)
		}
	case *format.TimeType:
		l.typ = TimeOfDay
		unit := unitOf(t.Unit)
		l.write = func(dst []byte, v *parquet.Value) []byte {
			return time.Unix(0, 0).UTC().Add(time.Duration(integer(v))*unit).AppendFormat(dst, "15:04:05.999999999")
		}
	case *format.TimestampType:
		perMilli := int64(time.Millisecond / unitOf(t.Unit))
		l.typ = LocalTime
		if t.IsAdjustedToUTC {
			l.typ = Instant
		}
		l.write = func(dst []byte, v *parquet.Value) []byte { return l.appendTime(dst, floorDiv(integer(v), perMilli)) }
	}
}

// setBytes is for the physical types BYTE_ARRAY and FIXED_LEN_BYTE_ARRAY.
func (l *parquetLeaf) setBytes(e *format.SchemaElement) {
	switch t := e.LogicalType.Value.(type) {
	case *format.UUIDType:
		l.write = writeUUID
		return
	case *format.Float16Type, *format.BsonType, *format.GeometryType, *format.GeographyType, *format.VariantType:
		l.refuse("of the type " + e.LogicalType.String())
		return
	case *format.DecimalType:
		l.setDecimal(t, bigEndian)
		return
	}
	if c := e.ConvertedType; c.Valid {
		switch c.V {
		case deprecated.Decimal:
			l.setDecimal(&format.DecimalType{Scale: e.Scale.V, Precision: e.Precision.V}, bigEndian)
		case deprecated.Bson:
			l.refuse("of the type BSON")
		case deprecated.Interval:
			l.refuse("of the type INTERVAL")
		}
	}
}

// setDecimal is for numbers that are integers in units of a power of ten. The integer is small, or big if that is not
// nil.
func (l *parquetLeaf) setDecimal(t *format.DecimalType, unscaled func(v *parquet.Value) (small int64, big *big.Int)) {
	const most = 100 // decimal digits; a scale beyond what any writer knows would only fill memory with zeros
	if t.Scale < 0 || t.Scale > most {
		l.refuse(fmt.Sprintf("a decimal with the scale %d", t.Scale))
		return
	}
	l.typ = Number
	l.write = func(dst []byte, v *parquet.Value) []byte {
		small, big := unscaled(v)
		if big != nil {
			return appendScaled(dst, big.Text(10), int(t.Scale))
		}
		var digits [20]byte
		return appendScaled(dst, view(strconv.AppendInt(digits[:0], small, 10)), int(t.Scale))
	}
}

// appendScaled appends the integer that digits write, with a decimal mark before the last scale of them.
func appendScaled(dst []byte, digits string, scale int) []byte {
	if digits, neg := strings.CutPrefix(digits, "-"); neg {
		return appendScaled(append(dst, '-'), digits, scale)
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if whole := len(digits) - scale; whole > 0 {
		dst = append(dst, digits[:whole]...)
		digits = digits[whole:]
	} else {
		dst = append(dst, '0')
	}
	dst = append(dst, '.')
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}

// bigEndian reads the two's complement of a DECIMAL.
func bigEndian(v *parquet.Value) (small int64, large *big.Int) {
	b := v.ByteArray()
	const most = 64 // bytes; the longest decimals in use have 32
	if len(b) == 0 || len(b) > most {
		return 0, nil
	}
	if len(b) <= 8 {
		n := uint64(0)
		for _, c := range b {
			n = n<<8 | uint64(c)
		}
		unused := 64 - 8*len(b)
		return int64(n<<unused) >> unused, nil
	}
	large = new(big.Int).SetBytes(b)
	if b[0] >= 0x80 {
		large.Sub(large, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return 0, large
}

// maxWritten is more than any write appends.
const maxWritten = 320

// text returns a value as text, "" for a null.
func (l *parquetLeaf) text(v *parquet.Value, texts *slab) string {
	switch {
	case v.IsNull():
		return ""
	case l.write == nil:
		return texts.text(v.ByteArray())
	}
	texts.grow(maxWritten)
	start := len(texts.bytes)
	texts.bytes = l.write(texts.bytes, v)
	return view(texts.bytes[start:])
}

// appendTime appends a time as RFC 3339, without a zone if it is a local one.
func (l *parquetLeaf) appendTime(dst []byte, millis int64) []byte {
	if t := payment.Time(millis); t >= payment.MinTime && t < payment.MaxTime {
		dst = t.Append(dst)
	} else {
		dst = time.UnixMilli(millis).UTC().AppendFormat(dst, "2006-01-02T15:04:05.999Z")
	}
	if l.typ == LocalTime {
		return dst[:len(dst)-len("Z")]
	}
	return dst
}

// writeInt96 writes the timestamp of older writers: nanoseconds of a day, and the day's Julian number.
func writeInt96(dst []byte, v *parquet.Value) []byte {
	const julianEpoch = 2440588 // 1970-01-01
	i := v.Int96()
	nanos := int64(i[1])<<32 | int64(i[0])
	day := time.Unix((int64(i[2])-julianEpoch)*24*60*60, 0).UTC()
	return day.Add(time.Duration(nanos)).AppendFormat(dst, "2006-01-02T15:04:05.999Z")
}

func writeUUID(dst []byte, v *parquet.Value) []byte {
	b := v.ByteArray()
	if len(b) != 16 {
		return append(dst, b...)
	}
	start := 0
	for _, end := range []int{4, 6, 8, 10, 16} {
		if start > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[start:end])
		start = end
	}
	return dst
}

// appendFloat appends the shortest decimal that reads back as f; not-a-number is how dataframes write a missing one.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return dst
	case size != 0 && (size < 1e-9 || size >= 1e21):
		return strconv.AppendFloat(dst, f, 'e', -1, bits)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, bits)
}

func unitOf(u format.TimeUnit) time.Duration {
	if u.Value == nil {
		return time.Millisecond
	}
	return u.Value.Duration()
}

func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}
