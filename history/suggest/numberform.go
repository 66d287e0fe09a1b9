package suggest

import (
	"slices"
	"strings"
)

// numberForm is how a column writes its numbers.
type numberForm struct {
	decimal    byte
	thousands  string
	symbols    []string // currency signs and codes
	accounting bool     // parentheses or a sign at the end
	negative   int      // how many are below zero
	positive   int
	decimals   int // the most decimal digits, trailing zeros apart
	few        int // how many have no more than two
	total      int
	unsure     string
}

// bareNumber is a text with the number in it laid bare.
type bareNumber struct {
	core       string // digits and what stands between them
	symbols    []string
	negative   bool
	accounting bool
}

// separators may stand between groups of digits.
const separators = " '_\u00a0\u202f’"

// numberFormOf returns the form in which nearly all values are numbers, nil if there is none.
func numberFormOf(values []string) *numberForm {
	if len(values) == 0 {
		return nil
	}
	var numbers []bareNumber
	bad := 0
	for _, v := range values {
		n, ok := bareOf(v)
		if !ok {
			if bad++; bad*20 > len(values) {
				return nil
			}
			continue
		}
		numbers = append(numbers, n)
	}
	best, bestFit := (*numberForm)(nil), 0
	for _, f := range []numberForm{
		{decimal: '.'}, {decimal: ','}, {decimal: '.', thousands: ","}, {decimal: ',', thousands: "."},
		{decimal: '.', thousands: " "}, {decimal: ',', thousands: " "}, {decimal: '.', thousands: "'"}, {decimal: ',', thousands: "'"},
		{decimal: '.', thousands: "_"},
	} {
		fit := 0
		for i := range numbers {
			if f.reads(numbers[i].core) {
				fit++
			}
		}
		if fit > bestFit {
			best, bestFit = &f, fit
		}
	}
	if best == nil || (len(values)-bestFit)*20 > len(values) {
		return nil
	}
	best.settle(numbers)
	return best
}

// settle counts what the numbers are like, and thinks again about marks that may be either.
func (f *numberForm) settle(numbers []bareNumber) {
	threes, marks := 0, 0 // numbers with three digits after their mark, and with a mark at all
	for i := range numbers {
		n := &numbers[i]
		if !f.reads(n.core) {
			continue
		}
		f.total++
		if n.negative {
			f.negative++
		} else {
			f.positive++
		}
		f.accounting = f.accounting || n.accounting
		for _, s := range n.symbols {
			if !slices.Contains(f.symbols, s) {
				f.symbols = append(f.symbols, s)
			}
		}
		whole, fraction, marked := strings.Cut(n.core, string(f.decimal))
		decimals := len(strings.TrimRight(fraction, "0"))
		f.decimals = max(f.decimals, decimals)
		if decimals <= 2 {
			f.few++
		}
		if marked {
			marks++
			if len(fraction) == 3 && whole != "0" && whole != "" && len(whole) <= 3 {
				threes++
			}
		}
	}
	slices.Sort(f.symbols)
	if f.thousands == "" && marks > 0 && threes == marks {
		mark := string(f.decimal)
		f.decimal, f.thousands, f.decimals, f.few = '.', mark, 0, f.total
		if mark == "." {
			f.decimal = ','
		}
		f.unsure = "three digits follow every \"" + mark + "\": it is taken for a separator of thousands. If it is the decimal mark: decimal: \"" + mark + "\", and no thousands"
	}
}

// reads reports whether a number is of the form, strictly: package history reads it the same way.
func (f *numberForm) reads(core string) bool {
	whole, fraction, _ := strings.Cut(core, string(f.decimal))
	if strings.Trim(fraction, "0123456789") != "" || whole == "" && fraction == "" {
		return false
	}
	if f.thousands != "" {
		for _, same := range []string{"\u00a0", "\u202f"} {
			if f.thousands == " " {
				whole = strings.ReplaceAll(whole, same, " ")
			}
		}
		if f.thousands == "'" {
			whole = strings.ReplaceAll(whole, "’", "'")
		}
		groups := strings.Split(whole, f.thousands)
		for i, g := range groups {
			last := i == len(groups)-1
			if len(groups) > 1 && (len(g) == 0 || len(g) > 3 || i > 0 && len(g) < 2 || last && len(g) != 3) {
				return false
			}
		}
		whole = strings.Join(groups, "")
	}
	return strings.Trim(whole, "0123456789") == ""
}

// bareOf lays the number in a text bare: signs, parentheses and currencies around it are taken off.
func bareOf(text string) (n bareNumber, ok bool) {
	first := strings.IndexAny(text, "0123456789")
	last := strings.LastIndexAny(text, "0123456789")
	if first < 0 {
		return n, false
	}
	if first > 0 && (text[first-1] == '.' || text[first-1] == ',') && (first == 1 || !isLetter(text[first-2])) {
		first--
	}
	n.core = text[first : last+1]
	if i := strings.IndexAny(n.core, "eE"); i > 0 {
		mantissa, exponent := n.core[:i], strings.TrimLeft(n.core[i+1:], "+-")
		if exponent == "" || strings.Trim(exponent, "0123456789") != "" {
			return n, false
		}
		n.core = mantissa
	}
	if strings.Trim(n.core, "0123456789.,"+separators) != "" {
		return n, false
	}
	before, after := text[:first], text[last+1:]
	for i, around := range []string{before, after} {
		signs := 0
		symbol := strings.Map(func(r rune) rune {
			switch r {
			case '-', '+':
				signs++
				n.negative = n.negative != (r == '-')
				n.accounting = n.accounting || i == 1
				return -1
			case '(':
				n.negative, n.accounting = true, true
				return -1
			case ')':
				return -1
			}
			return r
		}, around)
		symbol = strings.Trim(symbol, separators+"\t")
		if signs > 1 || symbol != "" && currencyOf(symbol) == "" {
			return n, false
		}
		if symbol != "" {
			n.symbols = append(n.symbols, symbol)
		}
	}
	if strings.Contains(before, "(") != strings.Contains(after, ")") {
		return n, false
	}
	return n, true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
