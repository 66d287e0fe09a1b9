package suggest_test

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/history"
	"github.com/weir-fraud/weir/history/suggest"
)

// shape is a way in which somebody might write down payments.
type shape struct {
	random    *rand.Rand
	delimiter rune
	decimal   string
	thousands string
	symbol    string // before or after the amount, with its blank
	after     bool
	layout    string // of times, as package time has it
	names     map[string]string
	labels    [2]string // legitimate, fraud
	currency  bool      // a column has it
	extras    []string
	end       string
}

// newShape makes one up.
func newShape(random *rand.Rand) *shape {
	one := func(texts ...string) string { return texts[random.IntN(len(texts))] }
	s := &shape{random: random, delimiter: []rune(",;\t|")[random.IntN(4)], decimal: one(".", ","), currency: random.IntN(2) == 0, end: one("\n", "\r\n")}
	if s.thousands = one("", "", ",", ".", " ", "'"); s.thousands == s.decimal {
		s.thousands = ""
	}
	s.symbol = one("", "", "€ ", " €", "£", "CHF ", " EUR")
	s.after = strings.HasPrefix(s.symbol, " ")
	s.layout = one("2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z", "02.01.2006 15:04", "02/01/2006 15:04:05", "01/02/2006 15:04:05",
		"01/02/2006 03:04:05 PM", "02-Jan-06 15:04", "Jan 2, 2006 3:04 PM", "20060102150405", "2006/01/02 15:04:05.000", "2.1.06 15:04", "02-01-2006 15:04", "unix", "unix_ms",
		"2006-01-02 15:04:05-07", "2006-01-02T15:04:05.000-0700")
	s.names = map[string]string{
		"id":       one("TransactionID", "txn_ref", "Beleg-Nr", "trans num", "paymentUuid", "ID"),
		"time":     one("timestamp", "Booked At", "TX_DATETIME", "Buchungszeit", "Fecha", "eventTime", "Date"),
		"account":  one("customer_id", "AccountNo", "cc_num", "Kundennummer", "Kartennr", "userId", "N° de compte", "cliente"),
		"amount":   one("amount", "Betrag", "Montant", "trans_amt", "totalAmount", "Importe"),
		"currency": one("currency", "ccy", "Währung", "Devise"),
		"merchant": one("merchant", "Shop Name", "Händler", "payee", "TERMINAL_ID", "comercio", "Merchant Name"),
		"label":    one("is_fraud", "Fraud?", "Betrug", "fraude", "chargeback", "isFraud", "TX_FRAUD"),
	}
	s.labels = [][2]string{{"0", "1"}, {"N", "Y"}, {"no", "yes"}, {"False", "True"}, {"legit", "fraud"}, {"nein", "ja"}, {"Genuine", "Fraud"}}[random.IntN(7)]
	for _, extra := range []string{"", "first_name", "balance", "channel", "city", "note", "hour"} {
		if random.IntN(3) == 0 {
			s.extras = append(s.extras, extra)
		}
	}
	return s
}

// truth is a payment as it was.
type truth struct {
	id, account, merchant, currency string
	time                            time.Time
	cents                           int64
	fraud                           bool
}

func (s *shape) truths() []truth {
	at := time.Date(2023, 1, 1+s.random.IntN(300), 7, 30, 0, 0, time.UTC)
	rows := make([]truth, 60)
	for i := range rows {
		at = at.Add(time.Duration(1+s.random.IntN(40)) * time.Hour)
		rows[i] = truth{
			id: fmt.Sprintf("T%05d", i*7919%100000), account: fmt.Sprint(4000 + s.random.IntN(9)), merchant: fmt.Sprintf("Shop %d", s.random.IntN(12)),
			time: at, cents: int64(s.random.IntN(1 << (4 + s.random.IntN(18)))), fraud: i%20 == 7, currency: []string{"EUR", "USD"}[s.random.IntN(2)],
		}
	}
	return rows
}

func (s *shape) amount(cents int64) string {
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0 && s.thousands != ""; i -= 3 {
		whole = whole[:i] + s.thousands + whole[i:]
	}
	text := fmt.Sprintf("%s%s%02d", whole, s.decimal, cents%100)
	if s.after {
		return text + s.symbol
	}
	return s.symbol + text
}

func (s *shape) when(t time.Time) string {
	switch s.layout {
	case "unix":
		return fmt.Sprint(t.Unix())
	case "unix_ms":
		return fmt.Sprint(t.UnixMilli())
	}
	return t.Format(s.layout)
}

func (s *shape) write(t *testing.T, rows []truth) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "payments.csv")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := csv.NewWriter(f)
	w.Comma, w.UseCRLF = s.delimiter, s.end == "\r\n"
	fields := []string{"id", "time", "account", "amount", "merchant", "label"}
	if s.currency {
		fields = append(fields, "currency")
	}
	s.random.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	header := append([]string{}, s.extras...)
	for _, field := range fields {
		header = append(header, s.names[field])
	}
	if err := w.Write(header); err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		var row []string
		for _, extra := range s.extras {
			row = append(row, map[string]string{
				"": fmt.Sprint(i), "first_name": "Kim", "balance": s.amount(r.cents * 3), "channel": []string{"web", "app"}[i%2],
				"city": []string{"Rome", "Oslo"}[i%2], "note": fmt.Sprintf("order no %d, thanks", i*31), "hour": fmt.Sprint(r.time.Hour()),
			}[extra])
		}
		label := s.labels[0]
		if r.fraud {
			label = s.labels[1]
		}
		values := map[string]string{
			"id": r.id, "time": s.when(r.time), "account": r.account, "amount": s.amount(r.cents), "merchant": r.merchant, "label": label, "currency": r.currency,
		}
		for _, field := range fields {
			row = append(row, values[field])
		}
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	if err := w.Error(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRoundTrip writes made-up payments in hundreds of ways, and gets them back through the proposed mapping as they
// were, without a correction.
func TestRoundTrip(t *testing.T) {
	for seed := range uint64(400) {
		s := newShape(rand.New(rand.NewPCG(seed, 1)))
		rows := s.truths()
		path := s.write(t, rows)
		proposal := propose(t, path)
		if mistake := s.compare(t, path, proposal, rows); mistake != "" {
			text, _ := os.ReadFile(path)
			t.Fatalf("seed %d: %s\n%s\n%s", seed, mistake, text[:min(len(text), 500)], proposal.YAML)
		}
	}
}

func (s *shape) compare(t *testing.T, path string, proposal *suggest.Proposal, rows []truth) string {
	m, err := history.ParseMapping("mapping.yaml", proposal.YAML)
	if err != nil {
		return err.Error()
	}
	records, mistakes := read(t, m, path)
	if len(mistakes) > 0 || len(records) != len(rows) {
		return fmt.Sprintf("%d rows, %q", len(records), mistakes)
	}
	for i, r := range rows {
		got, want := &records[i], r
		if !s.currency {
			want.currency = map[string]string{"": got.Transaction.Currency.Code(), "£": "GBP", "CHF": "CHF", "€": "EUR", "EUR": "EUR"}[strings.TrimSpace(s.symbol)]
		}
		if !strings.Contains(s.layout, "05") && !strings.HasPrefix(s.layout, "unix") {
			want.time = want.time.Truncate(time.Minute)
		}
		label := history.Legitimate
		if want.fraud {
			label = history.Fraud
		}
		tx := &got.Transaction
		saw := truth{id: tx.ID, account: tx.AccountID, merchant: tx.Merchant.Name, currency: tx.Currency.Code(), time: tx.Time.Std(), cents: tx.Amount, fraud: got.Label == history.Fraud}
		if saw != want || got.Label != label {
			return fmt.Sprintf("row %d: got %+v, want %+v", i+1, saw, want)
		}
		if _, personal := tx.Attribute("first_name"); personal {
			return "a first name became an attribute"
		}
	}
	return ""
}
