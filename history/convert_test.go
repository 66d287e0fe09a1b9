package history_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of TestTimestamps, wherever the tests run

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/payment"
)

// base maps columns that are named like their fields. Keys given in change replace its own.
func base(change ...string) string {
	lines := []string{
		"transaction_id: id", "timestamp: time", "account_id: account", "transaction_type: {value: purchase}",
		"amount: amount", "currency: {value: USD}",
	}
	for _, c := range change {
		key, _, _ := strings.Cut(c, ":")
		for i, line := range lines {
			if strings.HasPrefix(line, key+":") {
				lines[i], c = c, ""
			}
		}
		if c != "" {
			lines = append(lines, c)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// read returns all records of a text, in the words of describe, and what was wrong with the rows between them.
func read(t testing.TB, m *history.Mapping, text string) (records []history.Record, mistakes []string) {
	t.Helper()
	r, err := history.Open(context.Background(), []string{"-"}, m, history.Options{Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		var rec history.Record
		err := r.Next(&rec)
		if errors.Is(err, io.EOF) {
			return records, mistakes
		}
		if bad, ok := errors.AsType[*history.RowError](err); ok {
			mistakes = append(mistakes, bad.Error())
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := rec.Transaction.Validate(); err != nil {
			t.Fatalf("row %d: accepted, but not legal: %v", rec.Row, err)
		}
		records = append(records, rec)
	}
}

// one reads a single row, given as column=value pairs on top of a legal one, and describes what came of it.
func one(t *testing.T, yaml string, values ...string) string {
	t.Helper()
	names := []string{"id", "time", "account", "amount"}
	cells := map[string]string{"id": "t1", "time": "2023-10-18T14:10:00Z", "account": "A1", "amount": "5"}
	for _, v := range values {
		name, cell, _ := strings.Cut(v, "=")
		if _, known := cells[name]; !known {
			names = append(names, name)
		}
		cells[name] = cell
	}
	var row []string
	for _, name := range names {
		row = append(row, `"`+strings.ReplaceAll(cells[name], `"`, `""`)+`"`)
	}
	records, mistakes := read(t, parse(t, yaml), strings.Join(names, ",")+"\n"+strings.Join(row, ",")+"\n")
	if len(mistakes) > 0 {
		return strings.TrimPrefix(mistakes[0], "-: row 1 (line 2): ")
	}
	return describe(&records[0])
}

// describe writes a record as its transaction's JSON, with label and pattern where there are any.
func describe(rec *history.Record) string {
	s := string(payment.AppendJSON(nil, &rec.Transaction))
	if rec.Label != history.Unlabelled {
		s += " " + rec.Label.String()
	}
	if rec.Pattern != "" {
		s += " pattern " + rec.Pattern
	}
	return s
}

func TestTimestamps(t *testing.T) {
	pattern := func(p string) string { return fmt.Sprintf("{column: time, format: %q}", p) }
	berlin := `{column: time, format: "%F %T", zone: Europe/Berlin}`
	for _, c := range []struct{ yaml, text, want string }{
		{"time", "2023-10-18T16:10:00.25+02:00", "2023-10-18T14:10:00.250Z"},
		{"time", "2023-10-18 16:10:00", `timestamp, from column time: "2023-10-18 16:10:00" is not RFC 3339, such as 2023-10-18T14:10:00Z`},
		{"time", "", "timestamp, from column time: is missing"},
		{"{column: time, format: rfc3339}", "2023-10-18T14:10:00Z", "2023-10-18T14:10:00Z"},
		{"{column: time, format: unix}", "1697638200", "2023-10-18T14:10:00Z"},
		{"{column: time, format: unix}", "1697638200.0", "2023-10-18T14:10:00Z"},
		{"{column: time, format: unix}", "1697638200.2999999999999", "2023-10-18T14:10:00.299Z"},
		{"{column: time, format: unix}", "1697638200000", `timestamp, from column time: "1697638200000" is outside 1970 … 2199: is the timestamp's format right?`},
		{"{column: time, format: unix}", "9999999999999999999999", `timestamp, from column time: "9999999999999999999999" is outside 1970 … 2199: is the timestamp's format right?`},
		{"{column: time, format: unix}", "-1", `timestamp, from column time: "-1" is outside 1970 … 2199: is the timestamp's format right?`},
		{"{column: time, format: unix}", "1.", `timestamp, from column time: "1." is not a plain number`},
		{"{column: time, format: unix}", "nan", `timestamp, from column time: "nan" is not a plain number (if it stands for no value, list it under missing in the mapping)`},
		{"{column: time, format: unix_ms}", "1697638200007", "2023-10-18T14:10:00.007Z"},
		{"{column: time, format: unix_us}", "1697638200007999", "2023-10-18T14:10:00.007Z"},
		{"{column: time, format: unix_ns}", "1697638200007999999", "2023-10-18T14:10:00.007Z"},
		{"{column: time, format: unix_ns}", "9999999999999999999", `timestamp, from column time: "9999999999999999999" is outside 1970 … 2199: is the timestamp's format right?`},
		{"{column: time, format: seconds, since: 2017-12-01T00:00:00+01:00}", "86400", "2017-12-01T23:00:00Z"},
		{"{column: time, format: minutes, since: 2017-12-01T00:00:00Z}", "1.5", "2017-12-01T00:01:30Z"},
		{"{column: time, format: hours, since: 2017-12-01T00:00:00Z}", "-1", "2017-11-30T23:00:00Z"},
		{"{column: time, format: days, since: 2017-12-01T00:00:00Z}", "0.25", "2017-12-01T06:00:00Z"},
		{pattern("%Y-%m-%d %H:%M:%S"), "2018-04-01 00:00:31", "2018-04-01T00:00:31Z"},
		{pattern("%Y-%m-%d %H:%M:%S"), "2018-4-1 0:0:31", "2018-04-01T00:00:31Z"},
		{pattern("%Y-%m-%d %H:%M:%S"), "2018-02-29 00:00:31", `timestamp, from column time: "2018-02-29 00:00:31" is no date of the calendar`},
		{pattern("%Y-%m-%d %H:%M:%S"), "2018-04-01 24:00:00", `timestamp, from column time: "2018-04-01 24:00:00" is no time of day`},
		{pattern("%Y-%m-%d %H:%M:%S"), "2018-04-01", `timestamp, from column time: "2018-04-01" does not fit the format %Y-%m-%d %H:%M:%S`},
		{pattern("%Y-%m-%d"), "2018-04-01 00", `timestamp, from column time: "2018-04-01 00" does not fit the format %Y-%m-%d`},
		{pattern("%F %T.%f"), "2018-04-01 10:00:31.5", "2018-04-01T10:00:31.500Z"},
		{pattern("%F %T.%f"), "2018-04-01 10:00:31.123456789", "2018-04-01T10:00:31.123Z"},
		{pattern("%F %T.%f"), "2018-04-01 10:00:31", "2018-04-01T10:00:31Z"},
		{pattern("%F %T,%f%z"), "2018-04-01 10:00:31+0200", "2018-04-01T08:00:31Z"},
		{pattern("%FT%T%z"), "2018-04-01T10:00:31-03:30", "2018-04-01T13:30:31Z"},
		{pattern("%F %T%z"), "2018-04-01 10:00:31+02", "2018-04-01T08:00:31Z"},
		{pattern("%F %T%z"), "2018-04-01 10:00:31+02:", `timestamp, from column time: "2018-04-01 10:00:31+02:" does not fit the format %F %T%z`},
		{pattern("%FT%R%z"), "2018-04-01T10:00Z", "2018-04-01T10:00:00Z"},
		{pattern("%d %b %y, %I:%M %p"), "3 Mar 24, 12:05 am", "2024-03-03T00:05:00Z"},
		{pattern("%d %b %y, %I:%M %p"), "3 MAR 24, 12:05 PM", "2024-03-03T12:05:00Z"},
		{pattern("%d %b %y, %I:%M %p"), "3 Mar 24, 13:05 PM", `timestamp, from column time: "3 Mar 24, 13:05 PM" does not fit the format %d %b %y, %I:%M %p`},
		{pattern("%a, %d %B %Y %T"), "Sun, 3 march 2024 09:15:00", "2024-03-03T09:15:00Z"},
		{pattern("%B %d, %Y"), "Mar 3, 2024", `timestamp, from column time: "Mar 3, 2024" does not fit the format %B %d, %Y`},
		{pattern("%Y%m%d%%"), "19991231%", "1999-12-31T00:00:00Z"},
		{pattern("%d.%m.%y"), "31.12.69", `timestamp, from column time: "31.12.69" is outside 1970 … 2199: is the timestamp's format right?`},
		{`{column: time, format: "%F %T", zone: "+05:30"}`, "2018-04-01 05:30:00", "2018-04-01T00:00:00Z"},
		{berlin, "2023-07-01 12:00:00", "2023-07-01T10:00:00Z"},
		{berlin, "2023-12-01 12:00:00", "2023-12-01T11:00:00Z"},
		{berlin, "2023-10-29 02:30:00", "2023-10-29T00:30:00Z"}, // shown twice: the earlier
		{berlin, "2023-10-29 03:00:00", "2023-10-29T02:00:00Z"},
		{berlin, "2023-03-26 01:59:59", "2023-03-26T00:59:59Z"},
		{berlin, "2023-03-26 02:30:00", `timestamp, from column time: "2023-03-26 02:30:00" does not exist in Europe/Berlin, where the clocks were set forward over it: is it the right zone?`},
		{berlin, "2023-03-26 03:00:00", "2023-03-26T01:00:00Z"},
		{`{column: time, format: "%F", zone: Pacific/Apia}`, "2011-12-30", `timestamp, from column time: "2011-12-30" does not exist in Pacific/Apia, where the clocks were set forward over it: is it the right zone?`},
	} {
		got := one(t, base("timestamp: "+c.yaml), "time="+c.text)
		if _, after, ok := strings.Cut(got, `"timestamp":"`); ok {
			got, _, _ = strings.Cut(after, `"`)
		}
		if got != c.want {
			t.Errorf("%s of %q:\n got %s\nwant %s", c.yaml, c.text, got, c.want)
		}
	}
}

// TestZones walks through fourteen months of a zone's clock: what a time.Time shows as local time has to lead back to it, or
// to the earlier of two that show the same.
func TestZones(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "Africa/Monrovia"} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		var rows strings.Builder
		var want []payment.Time
		first := map[string]payment.Time{}
		start := time.Date(1971, 6, 1, 0, 0, 0, 0, time.UTC)
		for i := range 420 * 48 {
			instant := start.Add(time.Duration(i) * 30 * time.Minute)
			local := instant.In(location).Format("2006-01-02 15:04:05")
			if _, ok := first[local]; !ok {
				first[local] = payment.TimeOf(instant)
			}
			want = append(want, first[local])
			fmt.Fprintf(&rows, "t,%s,a,1\n", local)
		}
		m := parse(t, base(fmt.Sprintf(`timestamp: {column: time, format: "%%F %%T", zone: %s}`, zone)))
		records, mistakes := read(t, m, "id,time,account,amount\n"+rows.String())
		if len(mistakes) > 0 {
			t.Fatalf("%s: %s", zone, mistakes[0])
		}
		for i := range records {
			if got := records[i].Transaction.Time; got != want[i] {
				t.Fatalf("%s: row %d: got %s, want %s", zone, i+1, got, want[i])
			}
		}
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct{ yaml, currency, text, want string }{
		{"amount", "USD", "57.16", "57.16"},
		{"amount", "USD", "146.0", "146.00"},
		{"amount", "USD", "0", "0.00"},
		{"amount", "USD", "+007.50", "7.50"},
		{"amount", "USD", ".5", "0.50"},
		{"amount", "USD", "-.5", "-0.50"},
		{"amount", "USD", "1e3", "1000.00"},
		{"amount", "JPY", "500", "500"},
		{"amount", "KWD", "1.234", "1.234"},
		{"amount", "USD", "1,234.50", `amount, from column amount: "1,234.50" is not a number`},
		{"amount", "USD", "NA", `amount, from column amount: "NA" is not a number (if it stands for no value, list it under missing in the mapping)`},
		{"amount", "USD", "", "amount, from column amount: is missing"},
		{"amount", "USD", "57.160000000000004", "amount, from column amount: has 15 decimal digits, USD has 2: write round: true below amount to have it rounded"},
		{"{column: amount, round: true}", "USD", "57.160000000000004", "57.16"},
		{"{column: amount, round: true}", "USD", "57.165", "57.16"},
		{"{column: amount, round: true}", "USD", "57.175", "57.18"},
		{"{column: amount, round: true}", "USD", "57.1650000000000000000000001", "57.17"},
		{"{column: amount, round: true}", "JPY", "0.6", "1"},
		{"{column: amount, round: true}", "USD", "0.001", "0.00"},
		{"{column: amount, unit: minor}", "USD", "5716", "57.16"},
		{"{column: amount, unit: minor}", "USD", "5", "0.05"},
		{"{column: amount, unit: minor}", "JPY", "500", "500"},
		{"{column: amount, unit: minor}", "KWD", "-1234", "-1.234"},
		{"{column: amount, unit: minor}", "USD", "57.5", "amount, from column amount: has 3 decimal digits, USD has 2: write round: true below amount to have it rounded"},
		{"{column: amount, divisor: 10000}", "USD", "571600", "57.16"},
		{`{column: amount, decimal: ","}`, "EUR", "57,16", "57.16"},
		{`{column: amount, decimal: ","}`, "EUR", "57.16", `amount, from column amount: "57.16" is not a number`},
		{`{column: amount, decimal: ",", thousands: "."}`, "EUR", "1.234.567,8", "1234567.80"},
		{`{column: amount, decimal: ",", thousands: "."}`, "EUR", "57.16", `amount, from column amount: "57.16" is not a number`},
		{`{column: amount, thousands: ","}`, "INR", "12,34,567.5", "1234567.50"},
		{`{column: amount, thousands: ","}`, "USD", "1234567.5", "1234567.50"},
		{`{column: amount, thousands: ","}`, "USD", "1234,567", `amount, from column amount: "1234,567" is not a number`},
		{`{column: amount, thousands: "'"}`, "CHF", "1'234.50", "1234.50"},
		{"{column: amount, thousands: \"\u00a0\"}", "CHF", "1\u00a0234.50", "1234.50"},
		{`{column: amount, strip_prefix: "$"}`, "USD", "$12.50", "12.50"},
		{`{column: amount, thousands: " ", decimal: ","}`, "EUR", "1\u202f234,5", "1234.50"},
		{`{column: amount, thousands: "'"}`, "CHF", "1’234.50", "1234.50"},
		{`{column: amount, symbols: ["$"], thousands: ","}`, "USD", "$1,234.50", "1234.50"},
		{`{column: amount, symbols: ["$"]}`, "USD", "-$12.50", "-12.50"},
		{`{column: amount, symbols: ["$"]}`, "USD", "$ -12.50", "-12.50"},
		{`{column: amount, symbols: ["$"]}`, "USD", "-$-12.50", `amount, from column amount: "-$-12.50" is not a number`},
		{`{column: amount, symbols: ["$"]}`, "USD", "$", `amount, from column amount: "$" is not a number (if it stands for no value, list it under missing in the mapping)`},
		{`{column: amount, symbols: ["$"]}`, "USD", "€5", `amount, from column amount: "€5" is not a number`},
		{`{column: amount, symbols: ["$"]}`, "USD", "(5)", `amount, from column amount: "(5)" is not a number`},
		{`{column: amount, symbols: [EUR, €], decimal: ","}`, "EUR", "12,50\u00a0€", "12.50"},
		{`{column: amount, symbols: [EUR, €], decimal: ","}`, "EUR", "EUR 12,50", "12.50"},
		{`{column: amount, symbols: ["$"], accounting: true}`, "USD", "($12.50)", "-12.50"},
		{`{column: amount, symbols: ["$"], accounting: true}`, "USD", "$(12.50)", "-12.50"},
		{"{column: amount, accounting: true}", "USD", "12.50-", "-12.50"},
		{"{column: amount, accounting: true}", "USD", "-12.50", "-12.50"},
		{"{column: amount, accounting: true}", "USD", "(-12.50)", `amount, from column amount: "(-12.50)" is not a number`},
		{"{column: amount, accounting: true}", "USD", "", "amount, from column amount: is missing"},
		{"{column: amount, accounting: true}", "USD", "()", `amount, from column amount: "()" is not a number (if it stands for no value, list it under missing in the mapping)`},
		{"{column: amount, sign: flip}", "USD", "-12.50", "12.50"},
		{"{column: amount, sign: flip}", "USD", "12.50", "-12.50"},
		{"{column: amount, sign: drop}", "USD", "-12.50", "12.50"},
		{"{column: amount, sign: drop}", "USD", "12.50", "12.50"},
		{"amount", "USD", "1e300", "amount, from column amount: is beyond 10000000000000.00 USD, the largest magnitude allowed"},
		{"{column: amount, divisor: 10}", "USD", "1e300", "amount, from column amount: is beyond 10000000000000.00 USD, the largest magnitude allowed"},
		{"{column: amount, divisor: 10}", "USD", "1e-300", "amount, from column amount: has 301 decimal digits, USD has 2: write round: true below amount to have it rounded"},
	} {
		got := one(t, base("amount: "+c.yaml, fmt.Sprintf("currency: {value: %s}", c.currency)), "amount="+c.text)
		if _, after, ok := strings.Cut(got, `"amount":`); ok {
			got, _, _ = strings.Cut(after, ",")
		}
		if got != c.want {
			t.Errorf("%s of %q:\n got %s\nwant %s", c.yaml, c.text, got, c.want)
		}
	}
}

func TestFields(t *testing.T) {
	const start = `{"transaction_id":"t1","timestamp":"2023-10-18T14:10:00Z","account_id":"A1",`
	const usual = start + `"transaction_type":"purchase","amount":5.00,"currency":"USD"`
	for _, c := range []struct {
		name, yaml string
		values     []string
		want       string
	}{
		{"nothing more", base(), nil, usual + "}"},
		{"trimmed", base(), []string{"id= \tt1 ", "amount= 5 "}, usual + "}"},
		{"not trimmed", base("trim: false"), []string{"id= t1"}, strings.Replace(usual, `"t1"`, `" t1"`, 1) + "}"},
		{"no account", base(), []string{"account="}, "account_id, from column account: is missing"},
		{"constant account", base("account_id: {value: A9}"), nil, strings.Replace(usual, `"A1"`, `"A9"`, 1) + "}"},
		{"prefix", base("account_id: {column: account, strip_prefix: acct-}"), []string{"account=acct-A1"}, usual + "}"},
		{"prefix absent", base("account_id: {column: account, strip_prefix: acct-}"), nil, usual + "}"},
		{"only a prefix", base("account_id: {column: account, strip_prefix: A1}"), nil, "account_id, from column account: is missing"},
		{"row number", base(`transaction_id: {template: "{file}/{row}/{row0}"}`), nil, strings.Replace(usual, `"t1"`, `"stdin/1/0"`, 1) + "}"},
		{"type", base("transaction_type: type"), []string{"type=deposit"}, strings.Replace(usual, "purchase", "deposit", 1) + "}"},
		{"type missing", base("transaction_type: type"), []string{"type="}, "transaction_type, from column type: is missing"},
		{"type defaulted", base("transaction_type: {column: type, default: purchase}"), []string{"type="}, usual + "}"},
		{"type unknown", base("transaction_type: type"), []string{"type=CASH_OUT"},
			`transaction_type, from column type: "CASH_OUT" is not a known type: add it to transaction_type.values in the mapping`},
		{"type by values", base("transaction_type: {column: type, values: {CASH_OUT: withdrawal}}"), []string{"type=CASH_OUT"},
			strings.Replace(usual, "purchase", "withdrawal", 1) + "}"},
		{"negative withdrawal", base("transaction_type: {value: withdrawal}"), []string{"amount=-1"},
			"amount, from column amount: is negative, which a withdrawal cannot be"},
		{"time of two columns", base(`timestamp: {columns: [day, clock], format: "%d.%m.%Y %H:%M"}`), []string{"day=18.10.2023", "clock=14:10"}, usual + "}"},
		{"time that does not fit", base(`timestamp: {columns: [day, clock], format: "%d.%m.%Y %H:%M"}`), []string{"day=18.10.2023", "clock=2 pm"},
			`timestamp, from column day: "18.10.2023 2 pm" does not fit the format %d.%m.%Y %H:%M`},
		{"half a time", base(`timestamp: {columns: [day, clock], format: "%d.%m.%Y %H:%M", missing: ["-"]}`), []string{"day=18.10.2023", "clock=-"},
			"timestamp, from column clock: is missing"},
		{"type by sign", base("transaction_type: {negative: purchase, positive: deposit}"), []string{"amount=-5"}, usual + "}"},
		{"type by sign", base("transaction_type: {negative: withdrawal, positive: deposit}"), nil, strings.Replace(usual, "purchase", "deposit", 1) + "}"},
		{"currency", base("currency: cur"), []string{"cur=USD"}, usual + "}"},
		{"currency unknown", base("currency: cur"), []string{"cur=usd"},
			`currency, from column cur: "usd" is not an ISO 4217 code: add it to currency.values in the mapping`},
		{"currency by values", base(`currency: {column: cur, values: {"840": USD}}`), []string{"cur=840"}, usual + "}"},
		{"currency not in values", base(`currency: {column: cur, values: {"840": USD}}`), []string{"cur=USD"},
			`currency, from column cur: "USD" is not an ISO 4217 code: add it to currency.values in the mapping`},
		{"currency defaulted", base("currency: {column: cur, default: USD, missing: [NA]}"), []string{"cur=NA"}, usual + "}"},
		{"merchant", base("merchant: {name: {column: m, strip_prefix: fraud_}, category: c}"), []string{"m=fraud_Shop", "c=food"},
			usual + `,"merchant":{"name":"Shop","category":"food"}}`},
		{"merchant by constants", base("merchant: {name: {value: Shop}, category: {column: c, default: food}}"), []string{"c="},
			usual + `,"merchant":{"name":"Shop","category":"food"}}`},
		{"merchant missing", base("merchant: {name: m, category: c}"), []string{"m=", "c="}, usual + "}"},
		{"place", base("merchant: {location: {latitude: x, longitude: y}}"), []string{"x=40.026556", "y=-90.357586"},
			usual + `,"merchant":{"location":{"latitude":40.026556,"longitude":-90.357586}}}`},
		{"place rounded", base("merchant: {location: {latitude: x, longitude: y}}"), []string{"x=-0.00000005", "y=0.00000015"},
			usual + `,"merchant":{"location":{"latitude":0,"longitude":0.0000002}}}`},
		{"no place", base("merchant: {location: {latitude: x, longitude: y}}", "missing: [NaN]"), []string{"x=NaN", "y="}, usual + "}"},
		{"place with commas", base(`merchant: {location: {latitude: x, longitude: y, decimal: ","}}`), []string{"x=48,137154", "y=-11,5"},
			usual + `,"merchant":{"location":{"latitude":48.137154,"longitude":-11.5}}}`},
		{"half a place", base("merchant: {location: {latitude: x, longitude: y}}"), []string{"x=", "y=1"},
			"merchant.location.latitude, from column x: is missing where there is a longitude"},
		{"not on earth", base("merchant: {location: {latitude: x, longitude: y}}"), []string{"x=90.00000001", "y=1"},
			`merchant.location.latitude, from column x: "90.00000001" is outside the earth: is latitude taken for longitude?`},
		{"place not a number", base("merchant: {location: {latitude: x, longitude: y}}"), []string{"x=1", "y=NaN"},
			`merchant.location.longitude, from column y: "NaN" is not a number (if it stands for no value, list it under missing in the mapping)`},
		{"attributes", base("attributes: {device: d, channel: {value: online}, raw: amount, none: n}"), []string{"d=x1", "n="},
			usual + `,"attributes":{"device":"x1","channel":"online","raw":"5"}}`},
		{"attribute too long", base("attributes: {device: d}"), []string{"d=" + strings.Repeat("x", 600)},
			"attributes.device, from column d: has 600 bytes, at most 512 are allowed"},
		{"not UTF-8", base("merchant: {name: m}"), []string{"m=caf\xe9"}, "merchant.name, from column m: is not valid UTF-8"},
		{"fraud", base("label: l"), []string{"l=1"}, usual + "} fraud"},
		{"legitimate", base("label: l"), []string{"l=0.0"}, usual + "} legitimate"},
		{"unlabelled", base("label: l"), []string{"l="}, usual + "}"},
		{"label by default", base("label: {column: l, default: legitimate}"), []string{"l="}, usual + "} legitimate"},
		{"label besides a default", base("label: {column: l, default: legitimate}"), []string{"l=1"}, usual + "} fraud"},
		{"label unknown", base("label: l"), []string{"l=2"},
			`label, from column l: "2" is no known label: list it under fraud, legitimate or missing of label in the mapping`},
		{"own labels", base("label: {column: l, fraud: [3, 2], legitimate: [0], missing: [null]}"), []string{"l=2"}, usual + "} fraud"},
		{"own labels, missing", base("label: {column: l, fraud: [3, 2], legitimate: [0], missing: [null]}"), []string{"l=null"}, usual + "}"},
		{"pattern", base("label: {column: l, fraud: [1, 2], legitimate: [0]}", "pattern: {column: l, missing: [0]}"), []string{"l=2"},
			usual + "} fraud pattern 2"},
		{"pattern too long", base("pattern: l"), []string{"l=" + strings.Repeat("x", 129)}, "pattern, from column l: is longer than 128 bytes"},
	} {
		if got := one(t, c.yaml, c.values...); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}
