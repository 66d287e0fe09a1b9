package features_test

import (
	"errors"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/features"
)

func TestLayoutValidate(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		name   string
		change func(*features.Layout)
		want   string // part of the error, empty for none
	}{
		{"default", func(*features.Layout) {}, ""},
		{"shortest window", func(l *features.Layout) { l.LongestWindow, l.Lateness, l.Dedupe = time.Minute, 0, time.Minute }, ""},
		{"longest window", func(l *features.Layout) { l.LongestWindow = 400 * day }, ""},
		{"all the lateness", func(l *features.Layout) { l.Lateness = 30 * day }, ""},
		{"all the dedupe", func(l *features.Layout) { l.Dedupe = 30*day + time.Hour }, ""},
		{"all the future", func(l *features.Layout) { l.MaxFuture = 400 * day }, ""},
		{"no future", func(l *features.Layout) { l.MaxFuture = 0 }, ""},
		{"rates", func(l *features.Layout) { l.Rates = testRates }, ""},

		{"short window", func(l *features.Layout) { l.LongestWindow = time.Minute - 1 }, "longest window is 59.999999999s: it must be between"},
		{"long window", func(l *features.Layout) { l.LongestWindow = 400*day + 1 }, "longest window is 9600h0m0.000000001s"},
		{"negative lateness", func(l *features.Layout) { l.Lateness = -1 }, "lateness is -1ns: it must be between 0 and the longest window (720h0m0s)"},
		{"too much lateness", func(l *features.Layout) { l.Lateness = 31 * day }, "lateness is 744h0m0s"},
		{"no dedupe", func(l *features.Layout) { l.Dedupe = 0 }, "dedupe is 0s: it must be above 0 and at most the horizon (721h0m0s)"},
		{"too much dedupe", func(l *features.Layout) { l.Dedupe = 31 * day }, "dedupe is 744h0m0s"},
		{"negative future", func(l *features.Layout) { l.MaxFuture = -1 }, "max future is -1ns: it must be between 0 and 400 days"},
		{"too much future", func(l *features.Layout) { l.MaxFuture = math.MaxInt64 }, "it must be between 0 and 400 days"},
		{"finer than events", func(l *features.Layout) { l.Dedupe = time.Nanosecond }, "dedupe is 1ns: it must be whole milliseconds"},
		{"finer than events", func(l *features.Layout) { l.Lateness = time.Second + 1 }, "lateness is 1.000000001s: it must be whole milliseconds"},
		{"finer than events", func(l *features.Layout) { l.LongestWindow = 8*day + 1 }, "longest window is 192h0m0.000000001s: it must be whole milliseconds"},
		{"finer than events", func(l *features.Layout) { l.MaxFuture = 1 }, "max future is 1ns: it must be whole milliseconds"},
		{"currency", func(l *features.Layout) { l.Currency = "QQQ" }, `reporting currency "QQQ"`},
		{"rate", func(l *features.Layout) { l.Rates = map[string]string{"EUR": "x"} }, `rate for EUR: "x" is not a decimal`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := features.DefaultLayout()
			c.change(&l)
			err := l.Validate()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
			if _, compileErr := compileFile(plain, l); (compileErr == nil) != (err == nil) {
				t.Errorf("Compile says %v, Validate %v", compileErr, err)
			}
		})
	}
}

// Whatever in the layout shapes the state must show in the state's hash, and nothing else may.
func TestLayoutInStateHash(t *testing.T) {
	state := func(l features.Layout) string { return compile(t, plain, l).State() }
	base := features.DefaultLayout()
	base.Rates = map[string]string{"EUR": "1.08", "JPY": "0.0067"}
	seen := map[string]string{state(base): "the base"}
	for name, change := range map[string]func(*features.Layout){
		"longest window": func(l *features.Layout) { l.LongestWindow += time.Millisecond },
		"lateness":       func(l *features.Layout) { l.Lateness += time.Millisecond },
		"dedupe":         func(l *features.Layout) { l.Dedupe += time.Millisecond },
		"max future":     func(l *features.Layout) { l.MaxFuture += time.Millisecond },
		"currency":       func(l *features.Layout) { l.Currency = "GBP" },
		"a rate":         func(l *features.Layout) { l.Rates["EUR"] = "1.09" },
		"one rate more":  func(l *features.Layout) { l.Rates["GBP"] = "1.3" },
		"one rate less":  func(l *features.Layout) { delete(l.Rates, "JPY") },
		"no rate":        func(l *features.Layout) { l.Rates = nil },
		"rates swapped":  func(l *features.Layout) { l.Rates["EUR"], l.Rates["JPY"] = l.Rates["JPY"], l.Rates["EUR"] },
	} {
		l := base
		l.Rates = map[string]string{"EUR": "1.08", "JPY": "0.0067"}
		change(&l)
		if other, taken := seen[state(l)]; taken {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[state(l)] = name
	}
	for range 20 {
		l := base
		l.Rates = make(map[string]string)
		l.Rates["JPY"] = "0.0067"
		l.Rates["EUR"] = "1.08"
		if state(l) != state(base) {
			t.Fatal("the order of rates changes the hash")
		}
	}
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(state(base)) {
		t.Errorf("%q is not 12 hexadecimal digits", state(base))
	}
}

func TestCheckFuture(t *testing.T) {
	l := features.DefaultLayout()
	if err := l.CheckFuture(start.Add(l.MaxFuture), start); err != nil {
		t.Errorf("%v ahead: %v", l.MaxFuture, err)
	}
	if err := l.CheckFuture(start.Add(l.MaxFuture)+1, start); !errors.Is(err, features.ErrFuture) {
		t.Errorf("a millisecond more: %v", err)
	}
	if err := l.CheckFuture(0, start); err != nil {
		t.Errorf("long ago: %v", err)
	}
}
