package app_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
)

// The handbook's own 15 features, as testdata/features/handbook15.yaml declares them, are what a plain recomputation over
// all rows gives: a customer's windows hold the transaction itself, a terminal's are whole hours that end a week before.
func TestHandbookFeatures(t *testing.T) {
	rows := handbookRows(rand.New(rand.NewPCG(1, 15)), 6000)
	dir := t.TempDir()
	path := filepath.Join(dir, "handbook.csv")
	writeHandbook(t, path, rows)
	c := app.DefaultConfig()
	c.Features.File = "../testdata/features/handbook15.yaml"
	o := app.ReplayOptions{Partitions: 3, NoModel: true, Features: filepath.Join(dir, "features.csv")}
	o.Input = app.Input{Paths: []string{path}, Mapping: "../testdata/mappings/handbook.yaml"}
	if err := app.Replay(t.Context(), c, o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	names, computed := readFeatures(t, o.Features)
	if len(computed) != len(rows) {
		t.Fatalf("%d rows, want %d", len(computed), len(rows))
	}
	compared := 0
	for i := range rows {
		for name, want := range handbookFeatures(rows, i) {
			got, ok := computed[i][name]
			if !ok {
				t.Fatalf("%s is not among %v", name, names)
			}
			if !(math.Abs(got-want) <= 1e-9*math.Max(1, math.Abs(want))) {
				t.Fatalf("row %d at %v: %s is %v, want %v", i, rows[i].at, name, got, want)
			}
			compared++
		}
	}
	if compared != 15*len(rows) {
		t.Errorf("%d values compared", compared)
	}
}

type handbookRow struct {
	at                 time.Time
	customer, terminal int
	cents              int
	fraud              bool
}

// handbookRows are transactions of two months, in order, some of them at the same second or at a full hour.
func handbookRows(r *rand.Rand, n int) []handbookRow {
	rows := make([]handbookRow, n)
	at := time.Date(2018, 4, 1, 0, 0, 0, 0, time.UTC)
	for i := range rows {
		switch r.IntN(20) {
		case 0:
		case 1:
			at = at.Truncate(time.Hour).Add(time.Hour)
		default:
			at = at.Add(time.Duration(r.ExpFloat64()*900) * time.Second)
		}
		rows[i] = handbookRow{at, r.IntN(40), r.IntN(25), 1 + r.IntN(30000), r.IntN(12) == 0}
	}
	return rows
}

func writeHandbook(t *testing.T, path string, rows []handbookRow) {
	t.Helper()
	lines := []string{"TRANSACTION_ID,TX_DATETIME,CUSTOMER_ID,TERMINAL_ID,TX_AMOUNT,TX_TIME_SECONDS,TX_TIME_DAYS,TX_FRAUD,TX_FRAUD_SCENARIO"}
	for i, r := range rows {
		fraud := 0
		if r.fraud {
			fraud = 1
		}
		lines = append(lines, fmt.Sprintf("%d,%s,%d,%d,%d.%02d,0,0,%d,0", i, r.at.Format(time.DateTime), r.customer, r.terminal, r.cents/100, r.cents%100, fraud))
	}
	writeLines(t, path, lines)
}

// handbookFeatures recomputes the features of one row from all that came before it.
func handbookFeatures(rows []handbookRow, i int) map[string]float64 {
	const day, delay = 24 * time.Hour, 7 * 24 * time.Hour
	tx := rows[i]
	f := map[string]float64{"amount": float64(tx.cents) / 100, "is_weekend": 0, "is_night": 0}
	if d := tx.at.Weekday(); d == time.Saturday || d == time.Sunday {
		f["is_weekend"] = 1
	}
	if tx.at.Hour() <= 6 {
		f["is_night"] = 1
	}
	// The last full hour that ended at least a week ago ends here.
	end := tx.at.Add(-delay).Truncate(time.Hour)
	for _, days := range []int{1, 7, 30} {
		window := time.Duration(days) * day
		count, cents, terminal, frauds := 1, tx.cents, 0, 0
		for _, e := range rows[:i] {
			if e.customer == tx.customer && tx.at.Sub(e.at) < window {
				count++
				cents += e.cents
			}
			if e.terminal == tx.terminal && e.at.Before(end) && !e.at.Before(end.Add(-window)) {
				terminal++
				if e.fraud {
					frauds++
				}
			}
		}
		name := func(s string) string { return fmt.Sprintf("%s_%dd", s, days) }
		f[name("customer_count")], f[name("customer_mean")] = float64(count), float64(cents)/100/float64(count)
		f[name("terminal_count")], f[name("terminal_risk")] = float64(terminal), 0
		if terminal > 0 {
			f[name("terminal_risk")] = float64(frauds) / float64(terminal)
		}
	}
	return f
}

// readFeatures reads what weir replay --features-out wrote.
func readFeatures(t *testing.T, path string) (names []string, rows []map[string]float64) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	all, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	names = all[0]
	for _, record := range all[1:] {
		row := make(map[string]float64)
		for i, text := range record {
			if v, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err == nil {
				row[names[i]] = v
			}
		}
		rows = append(rows, row)
	}
	return names, rows
}
