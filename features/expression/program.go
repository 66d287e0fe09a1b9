package expression

import (
	"math"
	"unicode/utf8"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"
)

// What a source may have at most, so that none can exhaust the stack of who compiles or evaluates it.
const (
	maxBytes = 4096
	maxDepth = 200
	maxNodes = 1000
)

// Program is a compiled expression. It is immutable and may be evaluated by many goroutines at once.
type Program struct {
	root   *node
	reads  []string
	tables []string

	number    func(*Env) float64
	text      func(*Env) string
	condition func(*Env) bool
}

// Compile compiles the source to a program of the wanted kind. A Bool expression serves where a Number is wanted. Every
// error is an [*Error].
func Compile(source string, names Names, want Kind) (*Program, error) {
	if len(source) > maxBytes {
		return nil, fail(1, "the expression has %d bytes, more than %d: give parts of it names of their own", len(source), maxBytes)
	}
	if !utf8.ValidString(source) {
		return nil, fail(1, "the expression is not UTF-8")
	}
	layout, err := scan(source)
	if err != nil {
		return nil, err
	}
	// Every name is overridden, so that the parser takes each call for one of ours, and knows no function itself.
	tree, err := parser.ParseWithConfig(source, &conf.Config{MaxNodes: 2 * maxBytes, Functions: layout.callees})
	if err != nil {
		return nil, parseError(source, err)
	}
	c := checker{names: names, depths: layout.depth}
	root, err := c.check(tree.Node)
	if err != nil {
		return nil, err
	}
	if root.kind != want && (root.kind != Bool || want != Number) {
		return nil, fail(1, "a %s is wanted here, but %s is a %s%s", want, describe(root), root.kind, remedy(want, root.kind))
	}
	return link(root, c.reads, c.tables), nil
}

func link(root *node, reads, tables []string) *Program {
	p := &Program{
		root: root, reads: reads, tables: tables,
		number:    func(*Env) float64 { return math.NaN() },
		text:      func(*Env) string { return "" },
		condition: func(*Env) bool { return false },
	}
	switch root.kind {
	case Text:
		p.text = root.textOf()
	case Bool:
		p.number, p.condition = root.numberOf(), root.conditionOf()
	default:
		p.number = root.numberOf()
	}
	return p
}

// Kind returns the kind of the expression itself, which is Bool also where a Number was wanted.
func (p *Program) Kind() Kind { return p.root.kind }

// Number returns the value of a Number program, and 1 or 0 for a Bool program. A missing value is math.NaN(), bit for
// bit, and no value is infinite.
func (p *Program) Number(env *Env) float64 { return p.number(env) }

// Text returns the value of a Text program, "" if it is missing.
func (p *Program) Text(env *Env) string { return p.text(env) }

// Bool returns the value of a Bool program.
func (p *Program) Bool(env *Env) bool { return p.condition(env) }

// Reads returns the names of the variables that the program reads, in the order of their first use.
func (p *Program) Reads() []string { return p.reads }

// ReadsTime reports whether the value depends on the time of the transaction.
func (p *Program) ReadsTime() bool { return p.root.readsTime() }

// Tables returns the names of the tables that the program looks up, in the order of their first use.
func (p *Program) Tables() []string { return p.tables }

// Canonical returns the expression in one spelling, whatever way the source was written: every operation in parentheses,
// lists sorted. Each variable is called what rename makes of its name, and each table what it makes of "table:" and its
// name. It is what the hash of a definition covers.
func (p *Program) Canonical(rename func(name string) string) string {
	return string(p.root.append(nil, rename))
}
