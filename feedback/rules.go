package feedback

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weir-fraud/weir/payment"
)

// The limits of a label. Sizes are in bytes of UTF-8. What a label repeats of its transaction has the limits it has
// there.
const (
	MaxDocumentBytes  = payment.MaxDocumentBytes // the JSON document, white space included
	MaxDepth          = payment.MaxDepth         // objects and arrays inside one another, the document itself included
	MaxIDBytes        = payment.MaxIDBytes       // feedback_id, transaction_id, account_id, alert_id
	MaxEntities       = 32                       // entities, those that are null or empty included
	MaxEntityBytes    = payment.MaxKeyBytes      // an entity's name
	MaxEntityKeyBytes = payment.MaxValueBytes    // an entity's key
	MaxMarks          = 64                       // marks
	MaxMarkBytes      = 64                       // a mark's name
	MaxByBytes        = 256                      // by
	MaxNoteBytes      = 4096                     // note
)

// The paths of the fields, as errors name them.
const (
	pathID              = "feedback_id"
	pathTime            = "timestamp"
	pathTransactionID   = "transaction_id"
	pathAccountID       = "account_id"
	pathTransactionTime = "transaction_timestamp"
	pathAmount          = "amount"
	pathCurrency        = "currency"
	pathEntities        = "entities"
	pathMarks           = "marks"
	pathLabel           = "label"
	pathSource          = "source"
	pathBy              = "by"
	pathAlertID         = "alert_id"
	pathNote            = "note"
)

// Validate returns nil if l is a legal label, else a *[FieldError]. What [Decode] returns is legal; a Label that was
// built from anything else has to pass here. The zero Time is a legal one, so a missing timestamp is for the builder to
// find.
func (l *Label) Validate() error {
	if ferr := l.check(); ferr != nil {
		return ferr
	}
	return nil
}

// check is the end of decoding too, so that the two cannot differ.
func (l *Label) check() *FieldError {
	return cmp.Or(
		checkName(pathID, l.ID, MaxIDBytes),
		checkTime(pathTime, l.Time),
		checkName(pathTransactionID, l.TransactionID, MaxIDBytes),
		checkName(pathAccountID, l.AccountID, MaxIDBytes),
		checkTime(pathTransactionTime, l.TransactionTime),
		l.checkMoney(),
		l.checkEntities(),
		l.checkMarks(),
		l.checkStatement(),
		checkOptionalName(pathBy, l.By, MaxByBytes),
		checkOptionalName(pathAlertID, l.AlertID, MaxIDBytes),
		checkText(pathNote, l.Note, MaxNoteBytes),
		l.checkSize(),
	)
}

// checkMoney does not know the transaction's type, so the amount may be that of a refund.
func (l *Label) checkMoney() *FieldError {
	if l.Currency == 0 {
		return missing(pathCurrency)
	}
	if _, ok := l.Currency.Exponent(); !ok {
		return fault(pathCurrency, payment.KindValue, "%d is not a currency", l.Currency)
	}
	if l.Amount > payment.MaxAmount || l.Amount < -payment.MaxAmount {
		return fault(pathAmount, payment.KindRange, "is beyond %s %s, the largest magnitude allowed",
			payment.FormatAmount(payment.MaxAmount, l.Currency), l.Currency.Code())
	}
	return nil
}

func checkTime(path string, t payment.Time) *FieldError {
	if t < payment.MinTime || t >= payment.MaxTime {
		return fault(path, payment.KindRange, "%s is outside %s … %s (exclusive)", t, payment.MinTime, payment.MaxTime)
	}
	return nil
}

func (l *Label) checkEntities() *FieldError {
	if len(l.Entities) > MaxEntities {
		return fault(pathEntities, payment.KindSize, "are more than %d", MaxEntities)
	}
	for _, entity := range l.entityNames() { // in order, so that the same label gives the same error
		if ferr := checkEntityName(entity); ferr != nil {
			return ferr
		}
		key := l.Entities[entity]
		if key == "" {
			return fault(entityPath(entity), payment.KindMissing, "is empty: leave it out")
		}
		if ferr := checkText(entityPath(entity), key, MaxEntityKeyBytes); ferr != nil {
			return ferr
		}
	}
	return nil
}

func checkEntityName(entity string) *FieldError {
	ferr := checkName(pathEntities, entity, MaxEntityBytes)
	if ferr != nil {
		ferr.Reason = "has the name " + payment.Quote(entity) + ", which " + ferr.Reason
	}
	return ferr
}

// entityPath returns the name that errors give to the key of the entity.
func entityPath(entity string) string { return pathEntities + "." + entity }

func (l *Label) checkMarks() *FieldError {
	if len(l.Marks) > MaxMarks {
		return fault(pathMarks, payment.KindSize, "are more than %d", MaxMarks)
	}
	for i, mark := range l.Marks {
		if ferr := checkName(pathMarks, mark, MaxMarkBytes); ferr != nil {
			ferr.Reason = "has " + payment.Quote(mark) + ", which " + ferr.Reason
			return ferr
		}
		if slices.Contains(l.Marks[:i], mark) {
			return fault(pathMarks, payment.KindDuplicate, "has %s twice", payment.Quote(mark))
		}
	}
	return nil
}

// checkStatement checks who says what.
func (l *Label) checkStatement() *FieldError {
	switch {
	case l.Verdict == 0:
		return missing(pathLabel)
	case l.Verdict > Withdrawn:
		return fault(pathLabel, payment.KindValue, "%d is not a label", l.Verdict)
	case l.Source == 0:
		return missing(pathSource)
	case int(l.Source) > numSources:
		return fault(pathSource, payment.KindValue, "%d is not a source", l.Source)
	}
	return nil
}

// checkSize sees to it that what is legal can be written and read again: escapes can make a document longer than all
// the limits of its fields together suggest.
func (l *Label) checkSize() *FieldError {
	if n := len(l.AppendJSON(nil)); n > MaxDocumentBytes {
		return tooLong("", n, MaxDocumentBytes)
	}
	return nil
}

// checkName checks text that others store, print and compare: it has no control characters.
func checkName(path, s string, most int) *FieldError {
	switch {
	case s == "":
		return empty(path)
	case len(s) > most:
		return tooLong(path, len(s), most)
	case !utf8.ValidString(s):
		return notUTF8(path)
	}
	if i := strings.IndexFunc(s, unicode.IsControl); i >= 0 {
		return control(path, s, i)
	}
	return nil
}

func checkOptionalName(path, s string, most int) *FieldError {
	if s == "" {
		return nil
	}
	return checkName(path, s, most)
}

// checkText checks text that is free but for the zero character, which databases refuse to store.
func checkText(path, s string, most int) *FieldError {
	if len(s) > most {
		return tooLong(path, len(s), most)
	}
	if !utf8.ValidString(s) {
		return notUTF8(path)
	}
	if i := strings.IndexByte(s, 0); i >= 0 {
		return control(path, s, i)
	}
	return nil
}

func notUTF8(path string) *FieldError {
	return fault(path, payment.KindUTF8, "is not valid UTF-8")
}

func control(path, s string, i int) *FieldError {
	r, _ := utf8.DecodeRuneInString(s[i:])
	return fault(path, payment.KindControl, "has the control character %U at byte %d", r, i)
}
