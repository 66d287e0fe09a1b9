package payment

import "unsafe"

// Decoder reads transactions from their JSON form. The zero Decoder is ready for use; one Decoder serves one goroutine
// at a time.
type Decoder struct {
	data []byte
	doc  string // the same bytes
	tx   *Transaction
	err  *FieldError

	seen   fieldSet // fields that were given
	null   fieldSet // those given as null
	amount decimal  // to be read once the currency is known, which may come later
	absent uint32   // bit i: the attribute at index i is null or empty
}

// fieldSet has a bit for each field of the document that may be given once.
type fieldSet uint16

const (
	bitID fieldSet = 1 << iota
	bitTimestamp
	bitAccountID
	bitType
	bitAmount
	bitCurrency
	bitMerchant
	bitName
	bitCategory
	bitLocation
	bitLatitude
	bitLongitude
	bitAttributes
)

const bitsRequired = bitID | bitTimestamp | bitAccountID | bitType | bitAmount | bitCurrency

// required are the fields of bitsRequired, in the order of their bits.
var required = [...]string{fieldID, fieldTimestamp, fieldAccountID, fieldType, fieldAmount, fieldCurrency}

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
	*d = Decoder{} // holds on to neither data nor tx
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
	if i = d.object(i, (*Decoder).member); i < 0 {
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
	if lacking := bitsRequired&^d.seen | bitsRequired&d.null; lacking != 0 {
		for i, field := range required {
			if lacking&(1<<i) != 0 {
				d.fail(missing(field))
				return
			}
		}
	}
	if d.tx.Amount, d.err = d.amount.minor(d.tx.Currency); d.err != nil {
		return
	}
	if d.err = d.tx.checkFields(); d.err != nil {
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

// member reads a member of the document, with its value at i.
func (d *Decoder) member(key string, i int) int {
	tx := d.tx
	switch key {
	case fieldID:
		tx.ID, i = d.str(i, bitID, fieldID)
	case fieldTimestamp:
		return d.timestamp(i)
	case fieldAccountID:
		tx.AccountID, i = d.str(i, bitAccountID, fieldAccountID)
	case fieldType:
		return d.transactionType(i)
	case fieldAmount:
		d.amount, i = d.num(i, bitAmount, fieldAmount, "500.00")
	case fieldCurrency:
		return d.currency(i)
	case fieldMerchant:
		return d.obj(i, bitMerchant, fieldMerchant, (*Decoder).merchantMember)
	case fieldAttributes:
		return d.obj(i, bitAttributes, fieldAttributes, (*Decoder).attribute)
	default:
		return d.skip(i, 1)
	}
	return i
}

func (d *Decoder) merchantMember(key string, i int) int {
	m := &d.tx.Merchant
	switch key {
	case "name":
		m.Name, i = d.str(i, bitName, fieldName)
	case "category":
		m.Category, i = d.str(i, bitCategory, fieldCategory)
	case "location":
		return d.location(i)
	default:
		return d.skip(i, 2)
	}
	return i
}

func (d *Decoder) location(i int) int {
	i = d.obj(i, bitLocation, fieldLocation, (*Decoder).locationMember)
	if i < 0 || d.null&bitLocation != 0 {
		return i
	}
	switch given := d.seen &^ d.null; {
	case given&bitLatitude == 0:
		return d.fail(missing(fieldLatitude))
	case given&bitLongitude == 0:
		return d.fail(missing(fieldLongitude))
	}
	d.tx.Merchant.Location.Known = true
	return i
}

func (d *Decoder) locationMember(key string, i int) int {
	l := &d.tx.Merchant.Location
	switch key {
	case "latitude":
		return d.coordinate(i, bitLatitude, fieldLatitude, maxLatitudeE7, &l.LatitudeE7)
	case "longitude":
		return d.coordinate(i, bitLongitude, fieldLongitude, maxLongitudeE7, &l.LongitudeE7)
	}
	return d.skip(i, 3)
}

func (d *Decoder) coordinate(i int, bit fieldSet, field string, limit int32, e7 *int32) int {
	n, i := d.num(i, bit, field, "40.73")
	if i >= 0 {
		if *e7, d.err = n.coordinate(field, limit); d.err != nil {
			return -1
		}
	}
	return i
}

func (d *Decoder) timestamp(i int) int {
	s, i := d.str(i, bitTimestamp, fieldTimestamp)
	if s != "" {
		if d.tx.Time, d.err = parseTime(s); d.err != nil {
			return -1
		}
	}
	return i
}

func (d *Decoder) transactionType(i int) int {
	s, i := d.str(i, bitType, fieldType)
	if s != "" {
		var ok bool
		if d.tx.Type, ok = ParseType(s); !ok {
			return d.fail(fault(fieldType, KindValue, "%s is not purchase, withdrawal or deposit", quote(s)))
		}
	}
	return i
}

func (d *Decoder) currency(i int) int {
	s, i := d.str(i, bitCurrency, fieldCurrency)
	if s != "" {
		var ok bool
		if d.tx.Currency, ok = ParseCurrency(s); !ok {
			return d.fail(fault(fieldCurrency, KindValue, "%s is not an ISO 4217 code in upper case", quote(s)))
		}
	}
	return i
}

// once notes that a field is given, and whether as null, and reports false where it cannot be.
func (d *Decoder) once(i int, bit fieldSet, field string) (isNull, ok bool) {
	if d.seen&bit != 0 {
		d.fail(twice(field))
		return false, false
	}
	d.seen |= bit
	if at(d.doc, i) != 'n' {
		return false, true
	}
	d.null |= bit
	return true, d.word(i, "null") >= 0
}

// str reads a field that is a string or null. The string is empty where it may be left out and is.
func (d *Decoder) str(i int, bit fieldSet, field string) (string, int) {
	switch isNull, ok := d.once(i, bit, field); {
	case !ok:
		return "", -1
	case isNull:
		return "", i + len("null")
	case at(d.doc, i) != '"':
		return "", d.wrongType(i, field, "a string")
	}
	s, i := d.text(i)
	if i < 0 {
		d.blame(field)
		return "", -1
	}
	if s == "" && bit&bitsRequired != 0 {
		return "", d.fail(fault(field, KindMissing, "is empty"))
	}
	return s, i
}

// blame names the field in an error that concerns the text in it. An error of syntax concerns the document.
func (d *Decoder) blame(field string) {
	if d.err.Kind == KindUTF8 {
		d.err.Field = field
	}
}

// num reads a field that is a number or null, for which the decimal is zero.
func (d *Decoder) num(i int, bit fieldSet, field, example string) (decimal, int) {
	switch isNull, ok := d.once(i, bit, field); {
	case !ok:
		return decimal{}, -1
	case isNull:
		return decimal{}, i + len("null")
	}
	switch c := at(d.doc, i); {
	case c == '"':
		return decimal{}, d.fail(fault(field, KindType, "must be a number, is a string: write it without quotation marks, such as %s", example))
	case c != '-' && !isDigit(c):
		return decimal{}, d.wrongType(i, field, "a number")
	}
	return d.number(i)
}

// obj reads a field that is an object or null.
func (d *Decoder) obj(i int, bit fieldSet, field string, f func(d *Decoder, key string, i int) int) int {
	switch isNull, ok := d.once(i, bit, field); {
	case !ok:
		return -1
	case isNull:
		return i + len("null")
	case at(d.doc, i) != '{':
		return d.wrongType(i, field, "an object")
	}
	return d.object(i, f)
}

// attribute reads one of the attributes.
func (d *Decoder) attribute(key string, i int) int {
	if d.err = checkKey(key); d.err != nil {
		return -1
	}
	n := len(d.tx.Attributes)
	if n == MaxAttributes {
		return d.fail(tooManyAttributes())
	}
	if hasKey(d.tx.Attributes, key) {
		return d.fail(twice(fieldAttributes + "." + key))
	}
	value, i := d.attributeValue(key, i)
	if i < 0 {
		return -1
	}
	if d.err = checkValue(key, value); d.err != nil {
		return -1
	}
	if value == "" {
		d.absent |= 1 << n
	}
	d.tx.Attributes = append(d.tx.Attributes, Attribute{Key: key, Value: value})
	return i
}

// attributeValue reads a value that is a string, a number, true, false, or null, which is the empty value.
func (d *Decoder) attributeValue(key string, i int) (string, int) {
	var next int
	switch c := at(d.doc, i); {
	case c == '"':
		value, next := d.text(i)
		if next < 0 {
			d.blame(fieldAttributes + "." + key)
		}
		return value, next
	case c == 'n':
		return "", d.word(i, "null")
	case c == 't':
		next = d.word(i, "true")
	case c == 'f':
		next = d.word(i, "false")
	case c == '-' || isDigit(c):
		_, next = d.number(i)
	default:
		return "", d.wrongType(i, fieldAttributes+"."+key, "a string, a number or a boolean")
	}
	if next < 0 {
		return "", -1
	}
	return d.doc[i:next], next
}
