package expression

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// refused are the tokens of the parser's language that ours has not, with what to write instead.
var refused = map[string]string{
	"=":       "write == to compare",
	"&":       "write and where both must hold",
	"|":       "write or where one must hold; pipes are not part of the language",
	"^":       "write ** for a power",
	"..":      "ranges are not part of the language; write x >= 1 and x <= 5",
	";":       "an expression is one value; give a part of it a name of its own in the definitions",
	"let":     "an expression has no variables of its own; give that part a name in the definitions",
	"if":      "write condition ? x : y",
	"else":    "write condition ? x : y",
	"?.":      "write a plain dot; what is missing makes the result missing, not an error",
	"::":      "leave :: out; functions are called by their name",
	"#":       "closures are not part of the language",
	"##":      "closures are not part of the language",
	"matches": "patterns are not part of the language; write contains, startsWith, endsWith or in",
	"{":       "maps and closures are not part of the language",
	"}":       "maps and closures are not part of the language",
}

// layout is what the tree of a source does not say about it.
type layout struct {
	depth   map[int]int // of brackets around each operator, by its offset
	callees conf.FunctionsTable
}

// scan refuses tokens that are not part of the language, and brackets that do not match.
func scan(source string) (layout, error) {
	l := layout{depth: make(map[int]int), callees: make(conf.FunctionsTable)}
	tokens, err := lexer.Lex(file.NewSource(source))
	if err != nil {
		return l, parseError(source, err)
	}
	var open []lexer.Token
	for i, t := range tokens {
		column := t.From + 1
		if remedy, ok := refused[t.Value]; ok && (t.Kind == lexer.Operator || t.Kind == lexer.Bracket) {
			return l, fail(column, "%s is not understood: %s", t.Value, remedy)
		}
		switch t.Kind {
		case lexer.Bytes:
			return l, fail(column, `write a text without the b before its quotes`)
		case lexer.Identifier:
			l.callees[t.Value] = nil
		case lexer.Operator:
			l.depth[t.From] = len(open)
		case lexer.Bracket:
			if t.Value == "[" && (i == 0 || !tokens[i-1].Is(lexer.Operator, "in")) {
				return l, fail(column, `a list stands only after in, as in x in ["a", "b"]`)
			}
			if t.Value == "(" || t.Value == "[" {
				open = append(open, t)
				break
			}
			if len(open) == 0 || (t.Value == ")") != (open[len(open)-1].Value == "(") {
				return l, fail(column, "%s closes nothing: remove it, or open what it closes", t.Value)
			}
			open = open[:len(open)-1]
		}
		if len(open) > maxDepth {
			return l, fail(column, "more than %d brackets are open here: give parts of the expression names of their own", maxDepth)
		}
	}
	if len(open) > 0 {
		t := open[len(open)-1]
		return l, fail(t.From+1, "%s is never closed", t.Value)
	}
	if len(tokens) <= 1 { // the end is one
		return l, fail(1, "the expression is empty")
	}
	return l, nil
}

// parseError turns an error of the parser into ours.
func parseError(source string, err error) error {
	var e *file.Error
	if !errors.As(err, &e) {
		return fail(1, "%v", err)
	}
	if e.Message == "unexpected token EOF" {
		return fail(utf8.RuneCountInString(source)+1, "the expression ends where a value is expected")
	}
	if strings.Contains(e.Message, "literal:") {
		return fail(max(e.From, 0)+1, "the number before this is misspelt or too large: write a large one as 1e20")
	}
	return fail(max(e.From, 0)+1, "%s", e.Message)
}
