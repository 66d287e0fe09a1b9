package payment_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/payment"
)

// Every day of the legal range, forth and back, against the standard library.
func TestEveryDay(t *testing.T) {
	const day = 24 * time.Hour
	n := 0
	for at := payment.MinTime; at < payment.MaxTime; at = at.Add(day) {
		want := at.Std().Format(time.RFC3339)
		if got := at.String(); got != want {
			t.Fatalf("%d is %s, want %s", at, got, want)
		}
		if got, err := payment.ParseTime(want); err != nil || got != at {
			t.Fatalf("%s is %d, %v; want %d", want, got, err, at)
		}
		n++
	}
	if n != 84006 {
		t.Errorf("%d days", n)
	}
}

func TestTimesLikeTheStandardLibrary(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 50_000 {
		at := time.UnixMilli(rng.Int64N(int64(payment.MaxTime))).Add(time.Duration(rng.Int64N(1e6)))
		at = at.In(time.FixedZone("", (rng.IntN(2*1439)-1439)*60))
		text := at.Format(time.RFC3339Nano)
		got, err := payment.ParseTime(text)
		if err != nil || got != payment.TimeOf(at) {
			t.Fatalf("%s is %d, %v; want %d", text, got, err, at.UnixMilli())
		}
		format := "2006-01-02T15:04:05Z"
		if got%1000 != 0 {
			format = "2006-01-02T15:04:05.000Z"
		}
		if want := at.UTC().Format(format); got.String() != want {
			t.Fatalf("%d is %s, want %s", got, got, want)
		}
	}
}

// Any date that a calendar could be thought to have.
func TestDatesThatDoNotExist(t *testing.T) {
	w := &writer{rng: rand.New(rand.NewPCG(9, 10))}
	for range 50_000 {
		text := []byte("2000-01-01T00:00:00Z")
		for _, at := range []int{0, 5, 8, 11, 14, 17} {
			if w.chance(0.4) {
				copy(text[at:], w.digits(2))
			}
		}
		got, err := payment.ParseTime(text)
		want, wantErr := refused(func() payment.Time { return slowTime(string(text)) })
		if (err == nil) != (wantErr == nil) || got != want {
			t.Fatalf("ParseTime(%q) = %d, %v; want %d, %v", text, got, err, want, wantErr)
		}
	}
}

func TestParseTimeRefuses(t *testing.T) {
	tests := []struct {
		text string
		kind payment.Kind
		want string
	}{
		{"", payment.KindFormat, `"" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"2023-10-18", payment.KindFormat, `"2023-10-18" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"2023-10-18 14:10:00Z", payment.KindFormat, `"2023-10-18 14:10:00Z" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"2023-10-18T14:1:00Z", payment.KindFormat, `"2023-10-18T14:1:00Z" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"2O23-10-18T14:10:00Z", payment.KindFormat, `"2O23-10-18T14:10:00Z" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"1697638200", payment.KindFormat, `"1697638200" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"2023-10-18T14:10:00", payment.KindFormat, `"2023-10-18T14:10:00" has no zone: append Z for UTC, or an offset such as +02:00`},
		{"2023-10-18T14:10:00.5", payment.KindFormat, `"2023-10-18T14:10:00.5" has no zone: append Z for UTC, or an offset such as +02:00`},
		{"2023-10-18T14:10:00+0200", payment.KindFormat, `"2023-10-18T14:10:00+0200" must end with Z or an offset such as +02:00`},
		{"2023-10-18T14:10:00+2a:00", payment.KindFormat, `"2023-10-18T14:10:00+2a:00" must end with Z or an offset such as +02:00`},
		{"2023-10-18T14:10:00Z ", payment.KindFormat, `"2023-10-18T14:10:00Z " must end with Z or an offset such as +02:00`},
		{"2023-10-18T14:10:00.Z", payment.KindFormat, `"2023-10-18T14:10:00.Z" has a fraction that is not of one to nine digits`},
		{"2023-10-18T14:10:00.0123456789Z", payment.KindFormat, `"2023-10-18T14:10:00.0123456789Z" has a fraction that is not of one to nine digits`},
		{"2023-02-29T14:10:00Z", payment.KindRange, "2023-02-29 is no date of the calendar"},
		{"2023-13-01T14:10:00Z", payment.KindRange, "2023-13-01 is no date of the calendar"},
		{"2023-10-18T24:00:00Z", payment.KindRange, "24:00:00 is no time of day"},
		{"2016-12-31T23:59:60Z", payment.KindRange, "2016-12-31T23:59:60 is a leap second, which is not supported: send :59"},
		{"2023-10-18T14:10:00+24:00", payment.KindRange, "+24:00 is no offset from UTC"},
		{"1970-01-01T00:00:00+00:01", payment.KindRange, "1969-12-31T23:59:00Z is outside 1970-01-01T00:00:00Z … 2200-01-01T00:00:00Z (exclusive)"},
		{"2199-12-31T23:59:59.999-00:01", payment.KindRange,
			"2200-01-01T00:00:59.999Z is outside 1970-01-01T00:00:00Z … 2200-01-01T00:00:00Z (exclusive)"},
	}
	for _, test := range tests {
		_, err := payment.ParseTime(test.text)
		var ferr *payment.FieldError
		if !errors.As(err, &ferr) || ferr.Field != "timestamp" || ferr.Kind != test.kind || ferr.Reason != test.want {
			t.Errorf("ParseTime(%q): %v\nwant %s", test.text, err, test.want)
		}
	}
	if got, err := payment.ParseTime(strings.ToLower("2023-10-18T14:10:00.123999999Z")); err != nil || got != 1697638200123 {
		t.Errorf("lower case gives %d, %v", got, err)
	}
}
