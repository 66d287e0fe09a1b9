package alerts

// Reason is one thing about a payment that an analyst should know, with the figure it rests on.
type Reason struct {
	Code    Code    // what kind of reason it is
	Title   string  // the code in a few words, for lists and headings
	Text    string  // one sentence without a full stop, with this payment's and this account's own figures
	Feature string  // the feature behind it, empty where there is none
	Value   float64 // of the feature

	// What the reason adds to the log-odds of fraud, and the features that add it, most first. 0 and none where the
	// reason is a comparison alone.
	Contribution float64
	Figures      []Figure
}

// Figure is the value of a feature.
type Figure struct {
	Feature string
	Value   float64
}

// Code names a kind of reason. Codes are stable, fit to be counted and to be stored.
type Code string

// The codes of comparisons: figures outside an account's usual range.
const (
	AmountAboveUsual   Code = "AMOUNT_ABOVE_USUAL"
	SpendingAboveUsual Code = "SPENDING_ABOVE_USUAL"
	RateAboveUsual     Code = "RATE_ABOVE_USUAL"
	ManyMerchants      Code = "MANY_MERCHANTS"
	ManyWithdrawals    Code = "MANY_WITHDRAWALS"
	NewMerchant        Code = "NEW_MERCHANT"
	ImpossibleSpeed    Code = "IMPOSSIBLE_SPEED"
	FarFromLast        Code = "FAR_FROM_LAST"
	UnusualSilence     Code = "UNUSUAL_SILENCE"
)

// UnlikeItsKind is the code of a distance from accounts that behave alike; [Explainer.Unlike] words it.
const UnlikeItsKind Code = "UNLIKE_ITS_KIND"

// The codes that stand alone, where no figure is outside the usual range.
const (
	FirstTransaction   Code = "FIRST_TRANSACTION"
	LittleHistory      Code = "LITTLE_HISTORY"
	UnusualCombination Code = "UNUSUAL_COMBINATION"
	NotCompared        Code = "NOT_COMPARED"
)

// MadeByRules returns the reasons of an alert that rules or lists made: theirs first, then what was found about the
// payment besides. A sentence that nothing was found, and that the alert rests on the score, would not be true of it.
func MadeByRules(made, found []Reason) []Reason {
	for _, r := range found {
		if r.Code != UnusualCombination && r.Code != NotCompared {
			made = append(made, r)
		}
	}
	return made
}

// title returns the title of a code of this package; the others have theirs in the catalogue.
func (c Code) title() string {
	switch c {
	case AmountAboveUsual:
		return "Unusual high amount"
	case SpendingAboveUsual:
		return "Unusual high spending"
	case RateAboveUsual:
		return "Unusually many transactions"
	case ManyMerchants:
		return "Unusually many merchants"
	case ManyWithdrawals:
		return "Unusually many withdrawals"
	case NewMerchant:
		return "New merchant"
	case ImpossibleSpeed:
		return "Impossible speed"
	case FarFromLast:
		return "Far from the last transaction"
	case UnusualSilence:
		return "Active after a long silence"
	case UnlikeItsKind:
		return "Unlike accounts of its kind"
	case FirstTransaction:
		return "First transaction of the account"
	case LittleHistory:
		return "Little history"
	case UnusualCombination:
		return "Unusual combination"
	case NotCompared:
		return "Nothing to compare with"
	}
	return string(c)
}
