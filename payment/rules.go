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
	pathID         = "transaction_id"
	pathTimestamp  = "timestamp"
	pathAccountID  = "account_id"
	pathType       = "transaction_type"
	pathAmount     = "amount"
	pathCurrency   = "currency"
	pathMerchant   = "merchant"
	pathName       = "merchant.name"
	pathCategory   = "merchant.category"
	pathLocation   = "merchant.location"
	pathLatitude   = "merchant.location.latitude"
	pathLongitude  = "merchant.location.longitude"
	pathAttributes = "attributes"
)

// Validate returns nil if t is a legal transaction, else a *[FieldError]. What [Decoder.Decode] returns is legal; a
// Transaction that was built from anything else has to pass here. The zero Time is a legal one, so a missing timestamp
// is for the builder to find. A legal Transaction has no attribute without a value: leave it out.
func (t *Transaction) Validate() error {
	if ferr := t.checkFields(false); ferr != nil {
		return ferr
	}
	for i, a := range t.Attributes {
		if ferr := checkKey(t.Attributes[:i], a.Key, false); ferr != nil {
			return ferr
		}
		if a.Value == "" {
			return fault(attributePath(a.Key), KindMissing, "is empty: leave it out")
		}
		if ferr := checkValue(a.Key, a.Value, false); ferr != nil {
			return ferr
		}
	}
	return nil
}

// checkFields checks all but the attributes. It is the end of decoding too, so that the two cannot differ;
// there, all text is most often known to be plain: ASCII without control characters, for which only sizes are left to
// check.
func (t *Transaction) checkFields(plain bool) *FieldError {
	if ferr := checkID(pathID, t.ID, plain); ferr != nil {
		return ferr
	}
	if ferr := checkTime(t.Time); ferr != nil {
		return ferr
	}
	if ferr := checkID(pathAccountID, t.AccountID, plain); ferr != nil {
		return ferr
	}
	if ferr := t.checkMoney(); ferr != nil {
		return ferr
	}
	if ferr := checkText(pathName, t.Merchant.Name, MaxNameBytes, plain); ferr != nil {
		return ferr
	}
	if ferr := checkText(pathCategory, t.Merchant.Category, MaxCategoryBytes, plain); ferr != nil {
		return ferr
	}
	return t.Merchant.Location.check()
}

func (t *Transaction) checkMoney() *FieldError {
	switch t.Type {
	case Purchase, Withdrawal, Deposit:
	case 0:
		return missing(pathType)
	default:
		return fault(pathType, KindValue, "%d is not a transaction type", t.Type)
	}
	if t.Currency == 0 {
		return missing(pathCurrency)
	}
	if _, ok := t.Currency.Exponent(); !ok {
		return fault(pathCurrency, KindValue, "%d is not a currency", t.Currency)
	}
	if t.Amount > MaxAmount || t.Amount < -MaxAmount {
		return amountRange(t.Currency)
	}
	if t.Amount < 0 && !t.Type.AllowsNegative() {
		return fault(pathAmount, KindRange, "is negative, which a %s cannot be", t.Type)
	}
	return nil
}

// checkID checks text that others store, print and compare: it has no control characters.
func checkID(path, s string, plain bool) *FieldError {
	if s == "" {
		return missing(path)
	}
	if len(s) > MaxIDBytes {
		return tooLong(path, len(s), MaxIDBytes)
	}
	if plain {
		return nil
	}
	return checkPrintable(path, s)
}

// checkKey checks the key of an attribute that comes after others.
func checkKey(before []Attribute, key string, plain bool) *FieldError {
	switch {
	case key == "":
		return fault(pathAttributes, KindMissing, "has an empty key")
	case len(key) > MaxKeyBytes:
		return fault(pathAttributes, KindSize, "has the key %s of %d bytes, at most %d are allowed", Quote(key), len(key), MaxKeyBytes)
	case len(before) == MaxAttributes:
		return fault(pathAttributes, KindSize, "are more than %d", MaxAttributes)
	}
	if !plain {
		if ferr := checkPrintable(pathAttributes, key); ferr != nil {
			ferr.Reason = "has the key " + Quote(key) + ", which " + ferr.Reason
			return ferr
		}
	}
	for i := range before {
		if before[i].Key == key {
			return twice(attributePath(key))
		}
	}
	return nil
}

func checkValue(key, value string, plain bool) *FieldError {
	ferr := checkText(pathAttributes, value, MaxValueBytes, plain)
	if ferr != nil {
		ferr.Field = attributePath(key)
	}
	return ferr
}

// attributePath returns the name that errors give to the attribute.
func attributePath(key string) string { return pathAttributes + "." + key }

func checkPrintable(path, s string) *FieldError {
	if !utf8.ValidString(s) {
		return notUTF8(path)
	}
	for i, r := range s {
		if unicode.IsControl(r) {
			return control(path, r, i)
		}
	}
	return nil
}

// checkText checks text that is free but for the zero character, which databases refuse to store.
func checkText(path, s string, most int, plain bool) *FieldError {
	if len(s) > most {
		return tooLong(path, len(s), most)
	}
	if plain {
		return nil
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		return control(path, 0, i)
	}
	if !utf8.ValidString(s) {
		return notUTF8(path)
	}
	return nil
}

func missing(path string) *FieldError { return fault(path, KindMissing, "is missing") }

func twice(path string) *FieldError { return fault(path, KindDuplicate, "is given twice") }

func tooLong(path string, size, most int) *FieldError {
	return fault(path, KindSize, "has %d bytes, at most %d are allowed", size, most)
}

func notUTF8(path string) *FieldError { return fault(path, KindUTF8, "is not valid UTF-8") }

func control(path string, r rune, i int) *FieldError {
	return fault(path, KindControl, "has the control character %U at byte %d", r, i)
}
