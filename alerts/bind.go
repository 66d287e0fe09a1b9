package alerts

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/features/expression"
	"github.com/weir-fraud/weir/payment"
)

// boundGroup is a group with the positions of what it reads.
type boundGroup struct {
	code        Code
	title       string
	comparisons []Code
	sentences   []boundSentence
	members     []int // positions of its features
	listed      bool  // the catalogue has it
}

// boundSentence is a sentence about features at certain positions.
type boundSentence struct {
	sentence
	condition *expression.Program // nil: it always holds
}

// binder binds a catalogue to a schema.
type binder struct {
	*Catalogue
	schema  *features.Schema
	shipped map[string]string // definition hashes of the shipped features
}

// The texts that conditions read, by their place in an expression.Env.
var conditionTexts = []string{"type", "currency", "merchant", "category"}

// bind returns the groups of all features of the schema, each of them in one.
func (b *binder) bind(describe map[string]string) ([]boundGroup, error) {
	groups := make([]boundGroup, 0, len(b.groups))
	for _, g := range b.groups {
		bound := boundGroup{code: g.code, title: g.title, comparisons: g.comparisons, listed: true}
		for _, s := range g.sentences {
			sentence, known, err := b.sentence(s)
			if err != nil {
				return nil, err
			}
			if known {
				bound.sentences = append(bound.sentences, sentence)
			}
		}
		groups = append(groups, bound)
	}
	for at, name := range b.schema.Names {
		if i := b.groupOf(name); i >= 0 {
			groups[i].members = append(groups[i].members, at)
			continue
		}
		title := name
		if describe[name] != "" {
			title = capitalised(describe[name])
		}
		groups = append(groups, boundGroup{code: Code(strings.ToUpper(name)), title: title, members: []int{at}})
	}
	return groups, nil
}

// sentence binds a sentence. It is not known where it is one of the shipped catalogue and reads a feature that is not the
// shipped one.
func (b *binder) sentence(s sentence) (bound boundSentence, known bool, err error) {
	bound = boundSentence{sentence: s}
	bound.text.pieces = slices.Clone(s.text.pieces)
	var reads []string
	for i := range bound.text.pieces {
		p := &bound.text.pieces[i]
		if slices.Contains(fieldNames, p.name) || strings.HasPrefix(p.name, attributePrefix) {
			if p.form != formNumber {
				return bound, false, b.doc.Mistake(s.textAt, "text: {%s} is a text: it has no form", p.name)
			}
			continue
		}
		if p.feature = b.schema.Index(p.name); p.feature < 0 && !b.Catalogue.shipped {
			return bound, false, b.doc.Mistake(s.textAt, "text: there is no feature %q, and a transaction has %s, %sNAME",
				p.name, strings.Join(fieldNames, ", "), attributePrefix)
		}
		reads = append(reads, p.name)
	}
	if s.when != "" {
		if b.Catalogue.shipped && !b.known(whenFeatures(s.when)) {
			return bound, false, nil
		}
		if bound.condition, err = expression.Compile(s.when, b.names(), expression.Bool); err != nil {
			return bound, false, b.doc.Mistake(s.whenAt, "when: %s", expressionReason(err))
		}
	}
	return bound, !b.Catalogue.shipped || b.known(reads), nil
}

// known reports whether all features are there as shipped.
func (b *binder) known(names []string) bool {
	_, ok := locate(b.schema, b.shipped, names...)
	return ok
}

// whenFeatures returns the names that a condition of the shipped catalogue reads but for texts.
func whenFeatures(source string) []string {
	var names []string
	// Any name will do here: what matters is which are read.
	program, err := expression.Compile(source, expression.Names{Variable: func(name string) (expression.Variable, bool) {
		if at := slices.Index(conditionTexts, name); at >= 0 {
			return expression.Variable{Kind: expression.Text, Slot: at}, true
		}
		names = append(names, name)
		return expression.Variable{Kind: expression.Number}, true
	}}, expression.Bool)
	if err != nil || program == nil {
		panic("alerts: the shipped reasons: " + source)
	}
	return names
}

// names resolves what a condition may read: features, and some texts of the transaction.
func (b *binder) names() expression.Names {
	return expression.Names{
		Variable: func(name string) (expression.Variable, bool) {
			if at := b.schema.Index(name); at >= 0 {
				return expression.Variable{Kind: expression.Number, Slot: at}, true
			}
			at := slices.Index(conditionTexts, name)
			return expression.Variable{Kind: expression.Text, Slot: at}, at >= 0
		},
		Known: func() []string { return append(slices.Clone(b.schema.Names), conditionTexts...) },
	}
}

// environment returns what conditions read of a payment.
func environment(tx *payment.Transaction, v features.Vector) *expression.Env {
	return &expression.Env{
		Time: tx.Time, Numbers: v,
		Texts: []string{tx.Type.String(), tx.Currency.Code(), tx.Merchant.Name, tx.Merchant.Category},
	}
}

// say returns the first sentence that applies.
func (g *boundGroup) say(s *subject, env *expression.Env) (code Code, title, text string, ok bool) {
	for i := range g.sentences {
		sentence := &g.sentences[i]
		if sentence.condition != nil && !sentence.condition.Bool(env) {
			continue
		}
		if text, ok := sentence.text.render(s, env.Numbers); ok {
			return sentence.code, sentence.title, text, true
		}
	}
	return "", "", "", false
}

// describe words a feature by its description, or else its name.
func describe(description, name string, x float64) string {
	if description == "" {
		description = name
	}
	if !legal(x) {
		return capitalised(description) + ": not known"
	}
	return fmt.Sprintf("%s: %s", capitalised(description), number(x))
}

func capitalised(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}
