package app_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
)

// TestSuggestMapping goes the way of a newcomer: a file that Weir has never seen, a proposal, a check, a replay.
func TestSuggestMapping(t *testing.T) {
	t.Chdir(t.TempDir())
	var b strings.Builder
	b.WriteString("Beleg;Zeitpunkt;Kunde;Betrag;Laden;Betrug\n")
	for i := range 40 {
		b.WriteString("B" + string(rune('A'+i/26)) + string(rune('A'+i%26)) + "7;" + []string{"03", "14", "25"}[i/14] + ".03.2024 09:15;K" + string(rune('1'+i%5)) +
			";1.2" + string(rune('0'+i%10)) + "9,90;Laden " + string(rune('1'+i%4)) + ";" + []string{"N", "J"}[i/39] + "\n")
	}
	if err := os.WriteFile("kasse.csv", []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if err := app.SuggestMapping(t.Context(), "kasse.csv", "mapping.yaml", 1000, &out, &errs); err != nil {
		t.Fatal(err)
	}
	if out.Len() > 0 || !strings.Contains(errs.String(), "kasse.csv, on 40 rows: 40 of them read, 0 rejected\n") || !strings.Contains(errs.String(), "unsure: timestamp: ") {
		t.Errorf("%s%s", &out, &errs)
	}
	if err := app.SuggestMapping(t.Context(), "kasse.csv", "mapping.yaml", 1000, &out, &errs); err == nil || !strings.HasPrefix(err.Error(), "mapping.yaml exists") {
		t.Errorf("a second time: %v", err)
	}
	in := app.Input{Paths: []string{"kasse.csv"}, Mapping: "mapping.yaml"}
	if err := app.CheckMapping(t.Context(), in, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ROW  ID    TIME                  ACCOUNT  TYPE      AMOUNT       MERCHANT  CATEGORY  PLACE  LABEL       ATTRIBUTES\n",
		"1    BAA7  2024-03-03T09:15:00Z  K1       purchase  1209.90 EUR  Laden 1   ·         ·      legitimate  ·\n", "rows       40, of which 40 are transactions and 0 are rejected\n",
		"times      2024-03-03T09:15:00Z … 2024-03-25T09:15:00Z\naccounts   5\ntypes      purchase 40\nlabels     fraud 1, legitimate 39, unlabelled 0\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s\nlacks %s", &out, want)
		}
	}
	stdout, _, err := replay(t, in)
	if err != nil || reported(stdout, "rows") != "40" || reported(stdout, "rejected") != "0" {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestCheckMapping(t *testing.T) {
	in := payments(t, 3, "x", "", "5.001")
	text, err := os.ReadFile(in.Paths[0])
	if err != nil {
		t.Fatal(err)
	}
	more := string(text) + "t5,2023-01-01T00:00:00Z,A1,5\n"
	if err := os.WriteFile(in.Paths[0], []byte(more), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := app.CheckMapping(t.Context(), in, &out); err == nil || err.Error() != "3 of 7 rows are no transactions" {
		t.Errorf("%v", err)
	}
	got := strings.ReplaceAll(out.String(), filepath.Dir(in.Paths[0])+"/", "")
	for _, want := range []string{
		"rows       7, of which 4 are transactions and 3 are rejected\n",
		"disorder   1 transactions are older", "repeats    1 transactions have the id",
		"rejected, by field and kind of reason\n  1  amount  missing\n  1  amount  format\n  1  amount  precision\n",
		"the first\n  payments.csv: row 1 (line 2): amount, from column amount: \"x\" is not a number",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	in.Limit = 2
	out.Reset()
	if err := app.CheckMapping(t.Context(), in, &out); err == nil || err.Error() != "2 of 2 rows are no transactions" {
		t.Errorf("the first two: %v", err)
	}
}
