package payment

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The limits of a transaction. Sizes are in bytes of UTF-8.
const (
	MaxDocumentBytes = 64 << 10 // the JSON document, white space included
	MaxDepth         = 32       // objects and arrays inside one another, the document itself included
	MaxIDBytes       = 128      // transaction_id, account_id
	MaxNameBytes     = 256      // merchant.name
	MaxCategoryBytes = 128      // merchant.category
	MaxAttributes    = 32       // attributes, those that are null or empty included
	MaxKeyBytes      = 64       // an attribute's key
	MaxValueBytes    = 512      // an attribute's value
)

// The dotted paths of the fields, as errors name them.
const (
	fieldID         = "transaction_id"
	fieldTimestamp  = "timestamp"
	fieldAccountID  = "account_id"
	fieldType       = "transaction_type"
	fieldAmount     = "amount"
	fieldCurrency   = "currency"
	fieldMerchant   = "merchant"
	fieldName       = "merchant.name"
	fieldCategory   = "merchant.category"
	fieldLocation   = "merchant.location"
	fieldLatitude   = "merchant.location.latitude"
	fieldLongitude  = "merchant.location.longitude"
	fieldAttributes = "attributes"
)

// Validate returns nil if t is a legal transaction, else a *[FieldError]. What [Decoder.Decode] returns is legal; a
// Transaction that was built from anything else has to pass here. The zero Time is a legal one, so a missing timestamp
// is for the builder to find. A legal Transaction has no attribute without a value: leave it out.
func (t *Transaction) Validate() error {
	if ferr := t.checkFields(false); ferr != nil {
		return ferr
	}
	if len(t.Attributes) > MaxAttributes {
		return tooManyAttributes()
	}
	for i, a := range t.Attributes {
		if ferr := checkKey(a.Key, false); ferr != nil {
			return ferr
		}
		if a.Value == "" {
			return fault(attributePath(a.Key), KindMissing, "is empty: leave it out")
		}
		if ferr := checkValue(a.Key, a.Value, false); ferr != nil {
			return ferr
		}
		if hasKey(t.Attributes[:i], a.Key) {
			return twice(attributePath(a.Key))
		}
	}
	return nil
}

// checkFields checks all but the attributes. It is the end of decoding too, so that the two cannot differ;
// there, all text is most often known to be plain: ASCII without control characters, for which only sizes are left to
// check.
func (t *Transaction) checkFields(plain bool) *FieldError {
	if ferr := checkID(fieldID, t.ID, plain); ferr != nil {
		return ferr
	}
	if ferr := checkTime(t.Time); ferr != nil {
		return ferr
	}
	if ferr := checkID(fieldAccountID, t.AccountID, plain); ferr != nil {
		return ferr
	}
	if ferr := t.checkMoney(); ferr != nil {
		return ferr
	}
	if ferr := checkText(fieldName, t.Merchant.Name, MaxNameBytes, plain); ferr != nil {
		return ferr
	}
	if ferr := checkText(fieldCategory, t.Merchant.Category, MaxCategoryBytes, plain); ferr != nil {
		return ferr
	}
	return t.Merchant.Location.check()
}

func (t *Transaction) checkMoney() *FieldError {
	switch t.Type {
	case Purchase, Withdrawal, Deposit:
	case 0:
		return missing(fieldType)
	default:
		return fault(fieldType, KindValue, "%d is not a transaction type", t.Type)
	}
	if t.Currency == 0 {
		return missing(fieldCurrency)
	}
	if _, ok := t.Currency.Exponent(); !ok {
		return fault(fieldCurrency, KindValue, "%d is not a currency", t.Currency)
	}
	if t.Amount > MaxAmount || t.Amount < -MaxAmount {
		return amountRange(t.Currency)
	}
	if t.Amount < 0 && !t.Type.AllowsNegative() {
		return fault(fieldAmount, KindRange, "is negative, which a %s cannot be", t.Type)
	}
	return nil
}

// checkID checks text that others store, print and compare: it has no control characters.
func checkID(field, s string, plain bool) *FieldError {
	if s == "" {
		return missing(field)
	}
	if len(s) > MaxIDBytes {
		return tooLong(field, len(s), MaxIDBytes)
	}
	if plain {
		return nil
	}
	return checkPrintable(field, s)
}

func checkKey(key string, plain bool) *FieldError {
	if key == "" {
		return fault(fieldAttributes, KindMissing, "has an empty key")
	}
	if len(key) > MaxKeyBytes {
		return fault(fieldAttributes, KindSize, "has the key %s of %d bytes, at most %d are allowed", quote(key), len(key), MaxKeyBytes)
	}
	if plain {
		return nil
	}
	if ferr := checkPrintable(fieldAttributes, key); ferr != nil {
		ferr.Reason = "has the key " + quote(key) + ", which " + ferr.Reason
		return ferr
	}
	return nil
}

func checkValue(key, value string, plain bool) *FieldError {
	ferr := checkText(fieldAttributes, value, MaxValueBytes, plain)
	if ferr != nil {
		ferr.Field = attributePath(key)
	}
	return ferr
}

// attributePath returns the name that errors give to the attribute.
func attributePath(key string) string { return fieldAttributes + "." + key }

func checkPrintable(field, s string) *FieldError {
	if !utf8.ValidString(s) {
		return notUTF8(field)
	}
	for i, r := range s {
		if unicode.IsControl(r) {
			return control(field, r, i)
		}
	}
	return nil
}

// checkText checks text that is free but for the zero character, which databases refuse to store.
func checkText(field, s string, most int, plain bool) *FieldError {
	if len(s) > most {
		return tooLong(field, len(s), most)
	}
	if plain {
		return nil
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		return control(field, 0, i)
	}
	if !utf8.ValidString(s) {
		return notUTF8(field)
	}
	return nil
}

func hasKey(attributes []Attribute, key string) bool {
	for i := range attributes {
		if attributes[i].Key == key {
			return true
		}
	}
	return false
}

func missing(field string) *FieldError { return fault(field, KindMissing, "is missing") }

func twice(field string) *FieldError { return fault(field, KindDuplicate, "is given twice") }

func tooLong(field string, size, most int) *FieldError {
	return fault(field, KindSize, "has %d bytes, at most %d are allowed", size, most)
}

func tooManyAttributes() *FieldError {
	return fault(fieldAttributes, KindSize, "are more than %d", MaxAttributes)
}

func notUTF8(field string) *FieldError { return fault(field, KindUTF8, "is not valid UTF-8") }

func control(field string, r rune, i int) *FieldError {
	return fault(field, KindControl, "has the control character %U at byte %d", r, i)
}
