package payment

import (
	"strings"
	"unsafe"
)

// Decoder reads transactions from their JSON form. The zero Decoder is ready for use; one Decoder serves one goroutine
// at a time.
type Decoder struct {
	data []byte
	doc  string // the same bytes
	tx   *Transaction
	err  *FieldError

	seen   fieldSet // fields that were given
	null   fieldSet // those given as null
	amount decimal  // to be understood once the currency is known, which may come later
	absent uint32   // bit i: the attribute at index i is null or empty
	rare   bool     // some string was not plain
}

// field is one of the fields that a document may have once.
type field uint8

const (
	fieldID field = iota
	fieldTimestamp
	fieldAccountID
	fieldType
	fieldAmount
	fieldCurrency
	fieldMerchant
	fieldAttributes
	fieldName
	fieldCategory
	fieldLocation
	fieldLatitude
	fieldLongitude
	fieldUnknown

	documentFields = fieldID // the first field of each object, and of the one after it
	merchantFields = fieldName
	locationFields = fieldLatitude
	endOfFields    = fieldUnknown
)

// fieldSet has a bit for each field.
type fieldSet uint16

func (s fieldSet) has(f field) bool { return s&(1<<f) != 0 }

// fields holds the path of each field, and its key in the form that nearly every document has. Its order is the order
// in which fields are expected, which is faster than looking them up.
var fields = [...]struct{ path, key string }{
	fieldID:         {pathID, `"transaction_id":`},
	fieldTimestamp:  {pathTimestamp, `"timestamp":`},
	fieldAccountID:  {pathAccountID, `"account_id":`},
	fieldType:       {pathType, `"transaction_type":`},
	fieldAmount:     {pathAmount, `"amount":`},
	fieldCurrency:   {pathCurrency, `"currency":`},
	fieldMerchant:   {pathMerchant, `"merchant":`},
	fieldAttributes: {pathAttributes, `"attributes":`},
	fieldName:       {pathName, `"name":`},
	fieldCategory:   {pathCategory, `"category":`},
	fieldLocation:   {pathLocation, `"location":`},
	fieldLatitude:   {pathLatitude, `"latitude":`},
	fieldLongitude:  {pathLongitude, `"longitude":`},
}

func (f field) required() bool { return f <= fieldCurrency }

// Decode sets tx to the transaction that data holds: one JSON object with nothing but white space around it. An error
// is always a *[FieldError], and tx then has no meaning.
//
// The strings of tx are views into data, which must not change as long as they are in use; see [Transaction.Clone].
// The array behind tx.Attributes is used again, so that decoding into the same Transaction does not allocate.
func (d *Decoder) Decode(data []byte, tx *Transaction) error {
	*tx = Transaction{Attributes: tx.Attributes[:0]}
	*d = Decoder{data: data, doc: unsafe.String(unsafe.SliceData(data), len(data)), tx: tx}
	d.document()
	err := d.err
	d.data, d.doc, d.tx, d.err = nil, "", nil, nil // a Decoder at rest keeps nothing alive
	if err != nil {
		return err
	}
	return nil
}

func (d *Decoder) document() {
	if len(d.doc) > MaxDocumentBytes {
		d.fail(tooLong("", len(d.doc), MaxDocumentBytes))
		return
	}
	i := d.space(0)
	if at(d.doc, i) != '{' {
		d.wrongType(i, "", "a JSON object")
		return
	}
	if i = d.object(i, documentFields, merchantFields); i < 0 {
		return
	}
	if i = d.space(i); i < len(d.doc) {
		d.syntax(i, "nothing after the document")
		return
	}
	d.finish()
}

// finish does what needs the whole document.
func (d *Decoder) finish() {
	given := d.seen &^ d.null
	for f := fieldID; f.required(); f++ {
		if !given.has(f) {
			d.fail(missing(fields[f].path))
			return
		}
	}
	if d.tx.Amount, d.err = d.amount.minor(d.tx.Currency); d.err != nil {
		return
	}
	if d.err = d.tx.checkFields(!d.rare); d.err != nil {
		return
	}
	if d.absent != 0 {
		d.dropAbsent()
	}
}

// dropAbsent takes the attributes without a value out again. They had to be kept until now, so that their keys could
// not be given twice.
func (d *Decoder) dropAbsent() {
	kept := d.tx.Attributes[:0]
	for i, a := range d.tx.Attributes {
		if d.absent&(1<<i) == 0 {
			kept = append(kept, a)
		}
	}
	d.tx.Attributes = kept
}

// object reads the object at i, which may have the fields from first up to, not including, end, and others that are
// ignored.
func (d *Decoder) object(i int, first, end field) int {
	i, more := d.open(i)
	for expected := first; more; {
		f := expected
		if f < end && hasPrefix(d.doc[i:], fields[f].key) {
			i = d.space(i + len(fields[f].key))
		} else {
			var key string
			if key, i = d.key(i); i < 0 {
				return -1
			}
			f = lookup(key, first, end)
		}
		if f == fieldUnknown {
			i = d.skip(i, depth(first))
		} else {
			i = d.value(f, i)
			expected = f + 1
		}
		if i < 0 {
			return -1
		}
		i, more = d.next(i)
	}
	return i
}

// hasPrefix is strings.HasPrefix for keys, which have at most 24 bytes: faster, since nothing is called.
func hasPrefix(s, key string) bool {
	n := len(key)
	if len(s) < n || n < 8 {
		return strings.HasPrefix(s, key)
	}
	if word(s) != word(key) || word(s[n-8:]) != word(key[n-8:]) {
		return false
	}
	return n <= 16 || word(s[8:]) == word(key[8:])
}

// word returns the first 8 bytes of s as one number.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lookup returns the field from first up to, not including, end that has the key.
func lookup(key string, first, end field) field {
	for f := first; f < end; f++ {
		k := fields[f].key
		if k[1:len(k)-2] == key {
			return f
		}
	}
	return fieldUnknown
}

// depth returns how many objects are around the members of the one that starts with the field first.
func depth(first field) int {
	switch first {
	case documentFields:
		return 1
	case merchantFields:
		return 2
	}
	return 3
}

// value reads the value of f at i.
func (d *Decoder) value(f field, i int) int {
	if d.seen.has(f) {
		return d.fail(twice(fields[f].path))
	}
	d.seen |= 1 << f
	if at(d.doc, i) == 'n' {
		d.null |= 1 << f
		return d.word(i, "null")
	}
	switch tx := d.tx; f {
	case fieldID:
		return d.str(f, i, &tx.ID)
	case fieldTimestamp:
		return d.timestamp(i)
	case fieldAccountID:
		return d.str(f, i, &tx.AccountID)
	case fieldType:
		return d.transactionType(i)
	case fieldAmount:
		return d.num(f, i, &d.amount)
	case fieldCurrency:
		return d.currency(i)
	case fieldName:
		return d.str(f, i, &tx.Merchant.Name)
	case fieldCategory:
		return d.str(f, i, &tx.Merchant.Category)
	case fieldLatitude:
		return d.coordinate(f, i, maxLatitudeE7, &tx.Merchant.Location.LatitudeE7)
	case fieldLongitude:
		return d.coordinate(f, i, maxLongitudeE7, &tx.Merchant.Location.LongitudeE7)
	}
	return d.part(f, i)
}

// part reads the value of a field that is an object.
func (d *Decoder) part(f field, i int) int {
	if at(d.doc, i) != '{' {
		return d.wrongType(i, fields[f].path, "an object")
	}
	switch f {
	case fieldMerchant:
		return d.object(i, merchantFields, locationFields)
	case fieldLocation:
		return d.location(i)
	}
	return d.attributes(i)
}

func (d *Decoder) location(i int) int {
	if i = d.object(i, locationFields, endOfFields); i < 0 {
		return -1
	}
	given := d.seen &^ d.null
	for f := fieldLatitude; f <= fieldLongitude; f++ {
		if !given.has(f) {
			return d.fail(missing(fields[f].path))
		}
	}
	d.tx.Merchant.Location.Known = true
	return i
}

func (d *Decoder) coordinate(f field, i int, limit int32, e7 *int32) int {
	var n decimal
	if i = d.num(f, i, &n); i < 0 {
		return -1
	}
	if *e7, d.err = n.coordinate(fields[f].path, limit); d.err != nil {
		return -1
	}
	return i
}

func (d *Decoder) timestamp(i int) int {
	var s string
	if i = d.str(fieldTimestamp, i, &s); i < 0 {
		return -1
	}
	if d.tx.Time, d.err = parseTime(s); d.err != nil {
		return -1
	}
	return i
}

func (d *Decoder) transactionType(i int) int {
	var s string
	if i = d.str(fieldType, i, &s); i < 0 {
		return -1
	}
	var ok bool
	if d.tx.Type, ok = ParseType(s); !ok {
		return d.fail(fault(pathType, KindValue, "%s is not purchase, withdrawal or deposit", Quote(s)))
	}
	return i
}

func (d *Decoder) currency(i int) int {
	var s string
	if i = d.str(fieldCurrency, i, &s); i < 0 {
		return -1
	}
	var ok bool
	if d.tx.Currency, ok = ParseCurrency(s); !ok {
		return d.fail(fault(pathCurrency, KindValue, "%s is not an ISO 4217 code in upper case", Quote(s)))
	}
	return i
}

// str reads a field that is a string. A required one is not empty.
func (d *Decoder) str(f field, i int, s *string) int {
	if at(d.doc, i) != '"' {
		return d.wrongType(i, fields[f].path, "a string")
	}
	if *s, i = d.text(i); i < 0 {
		return d.blame(fields[f].path)
	}
	if *s == "" && f.required() {
		return d.fail(fault(fields[f].path, KindMissing, "is empty"))
	}
	return i
}

// blame names the field in an error that concerns the text in it. An error of syntax concerns the document.
func (d *Decoder) blame(path string) int {
	if d.err.Kind == KindUTF8 {
		d.err.Field = path
	}
	return -1
}

// num reads a field that is a number.
func (d *Decoder) num(f field, i int, n *decimal) int {
	switch c := at(d.doc, i); {
	case c == '"':
		return d.fail(fault(fields[f].path, KindType, "must be a number, is a string: write it without quotation marks"))
	case c != '-' && !isDigit(c):
		return d.wrongType(i, fields[f].path, "a number")
	}
	return d.number(i, n)
}

// attributes reads the object at i, which has members of any key.
func (d *Decoder) attributes(i int) int {
	i, more := d.open(i)
	for more {
		var key string
		if key, i = d.key(i); i < 0 {
			return -1
		}
		if i = d.attribute(key, i); i < 0 {
			return -1
		}
		i, more = d.next(i)
	}
	return i
}

// attribute reads the value, at i, of an attribute.
func (d *Decoder) attribute(key string, i int) int {
	tx := d.tx
	if d.err = checkKey(tx.Attributes, key, !d.rare); d.err != nil {
		return -1
	}
	value, i := d.attributeValue(key, i)
	if i < 0 {
		return -1
	}
	if d.err = checkValue(key, value, !d.rare); d.err != nil {
		return -1
	}
	if value == "" {
		d.absent |= 1 << len(tx.Attributes)
	}
	tx.Attributes = append(tx.Attributes, Attribute{Key: key, Value: value})
	return i
}

// attributeValue reads a value that is a string, a number, true, false, or null, which is the empty value.
func (d *Decoder) attributeValue(key string, i int) (string, int) {
	var next int
	switch c := at(d.doc, i); {
	case c == '"':
		value, next := d.text(i)
		if next < 0 {
			d.blame(attributePath(key))
		}
		return value, next
	case c == 'n':
		return "", d.word(i, "null")
	case c == 't':
		next = d.word(i, "true")
	case c == 'f':
		next = d.word(i, "false")
	case c == '-' || isDigit(c):
		var n decimal
		next = d.number(i, &n)
	default:
		return "", d.wrongType(i, attributePath(key), "a string, a number or a boolean")
	}
	if next < 0 {
		return "", -1
	}
	return d.doc[i:next], next
}
