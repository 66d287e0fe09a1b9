// Package expression is the language of feature definitions: typed expressions over named values, compiled once into a
// tree of closures that neither reflects, looks up a name nor allocates when it is evaluated.
//
// The text is parsed by github.com/expr-lang/expr, of which this package is the only importer and of which it uses the
// parser alone. Types, names and meaning are ours, since a value here may be missing and results must never change:
//
//	numbers     1  2.5e3  + - * / % **  -x            % has the sign of the dividend, as in C and Go
//	texts       "a"  'a'  contains startsWith endsWith
//	bools       true false  and or not (&& || !)
//	comparison  == != < <= > >=  a < b < c            of two numbers or two texts (by bytes); == and != also of bools
//	lists       x in ["a", "b"]  x not in [1, 2]      of literals
//	choice      condition ? x : y   x ?? y            the first unless it is missing
//	functions   abs floor ceil round sqrt exp log log1p log10 min max pow known missing
//	calendar    hour weekday day_of_month month       of the transaction's time, in a zone that is written out or UTC
//	tables      name(text)                            a number for each text
//
// # Missing values
//
// A missing number is NaN and a missing text is "". Arithmetic and functions of something missing are missing, and so
// is whatever is not a finite number: x / 0, x % 0, log(0), an overflow. A comparison of something missing is false, be it
// == or !=, in or not in. A bool is never missing: one that is read as NaN is false. So `not (x > 1)` is true where x is
// missing, and x <= 1 is not. known(x) and missing(x) tell.
//
// # The same bits everywhere
//
// A definition is evaluated where a model is trained and where it is served, on any platform. Every operation is rounded
// by itself: the operands of one are results of calls through function values, which a compiler cannot fuse into a
// multiply-add. exp and log are made here from roundings that are written out, since those of package math differ in the
// last bit between platforms. Every missing number is given out as the one bit pattern of [math.NaN].
//
// The rules of a time zone are those of the machine's database, or of the program's where there is none.
package expression
