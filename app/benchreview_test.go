package app_test

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
)

// A small database is filled, asked of everything without an error, and gone in the end.
func TestBenchReview(t *testing.T) {
	s := newService(t, func(c *app.Config) { c.Review.Database = "sqlite:" + filepath.Join(t.TempDir(), "weir.db") })
	var out bytes.Buffer
	o := app.ReviewBenchOptions{Alerts: 3000, Rate: 40, For: 4 * time.Second, WarmUp: time.Second, Partitions: 4}
	if err := app.BenchReview(t.Context(), s.config, o, &out, io.Discard, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	figures := make(map[string]float64)
	for _, m := range regexp.MustCompile(`(?m)^(\w+) ([0-9.]+) \S+$`).FindAllStringSubmatch(out.String(), -1) {
		x, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		figures[m[1]] = x
	}
	for _, kind := range []string{"queue", "case", "write", "alert"} {
		if figures["review_40_"+kind+"_measured"] == 0 || figures["review_40_"+kind+"_p99"] <= 0 {
			t.Errorf("nothing is measured of %s", kind)
		}
	}
	if figures["review_40_failed"] != 0 || figures["review_alerts"] != 3000 || figures["review_closed_cases"] < 1000 || figures["review_ingest_rate"] == 0 {
		t.Errorf("%s", &out)
	}
	if files, _ := filepath.Glob(filepath.Join(filepath.Dir(s.config.Review.Database[len("sqlite:"):]), "*")); len(files) > 0 {
		t.Errorf("%v stays", files)
	}
}
