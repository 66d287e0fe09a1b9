package review_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// service is the whole of it: topics with the alerts that `weir demo --rate 300` made within a minute, a database, and a
// server between them.
type service struct {
	kafka    stream.Config
	alerts   string // topic
	feedback stream.Topic
	db       *database.DB
	helm     *helm
	link     string // signs in once
}

func startService(t *testing.T) *service {
	t.Helper()
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	s := &service{helm: newHelm(), kafka: stream.Config{Brokers: strings.Split(brokers, ",")}}
	name := fmt.Sprintf("page-%d-%d", os.Getpid(), time.Now().UnixNano())
	alertTopic := s.topic(t, name+"-alerts")
	s.feedback = s.topic(t, name+"-feedback")
	s.alerts = alertTopic.Name
	var all []*alerts.Alert
	for line := range bytes.Lines(unpacked(t, "testdata/alerts.jsonl.gz")) {
		a := new(alerts.Alert)
		if err := a.UnmarshalJSON(line); err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	s.produce(t, all...)
	var err error
	if s.db, err = database.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "weir.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })

	ctx, stop := context.WithCancel(context.Background())
	ended, link := make(chan error, 1), make(chan string, 1)
	c := review.Config{
		Rules:   review.Rules{Window: window, Claim: 15 * time.Minute, Session: time.Hour, Currency: dollars(t), Demo: true},
		Address: "127.0.0.1:0", Kafka: s.kafka, Group: name, Timeout: 30 * time.Second, Alerts: alertTopic, Feedback: s.feedback,
	}
	go func() {
		ended <- review.Serve(ctx, c, s.db, s.helm, slog.New(slog.DiscardHandler), time.Now, func(_ net.Addr, l string) { link <- l })
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case s.link = <-link:
	case err := <-ended:
		ended <- err
		t.Fatal(err)
	}
	return s
}

func (s *service) topic(t *testing.T, name string) stream.Topic {
	t.Helper()
	admin, err := stream.NewAdmin(s.kafka)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(admin.Close)
	if _, err := admin.Create(t.Context(), stream.Topic{Name: name, Partitions: 2, Replicas: 1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Delete(context.Background(), name) })
	topic, err := admin.Describe(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return topic
}

// produce sends alerts.
func (s *service) produce(t *testing.T, list ...*alerts.Alert) {
	t.Helper()
	p, err := stream.NewProducer(s.kafka)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for _, a := range list {
		if err := p.Produce(&stream.Message{Topic: s.alerts, Partition: stream.AnyPartition, Key: []byte(a.AccountID), Value: a.AppendJSON(nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// holding reads the feedback topic until it has so many labels, and returns which label holds of each transaction of each
// account.
func (s *service) holding(t *testing.T, count int) map[string][]feedback.Verdict {
	t.Helper()
	r, err := stream.NewReader(t.Context(), s.kafka, s.feedback, stream.FromStart)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	labels := make(map[[2]string][]feedback.Label)
	var batch []stream.Record
	for end, read := time.Now().Add(patience), 0; read < count; {
		if time.Now().After(end) {
			t.Fatalf("the feedback topic has %d labels, want %d", read, count)
		}
		if batch, err = r.Poll(batch[:0], 100, 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		for _, record := range batch {
			l, err := feedback.Decode(record.Value)
			if err != nil || l.By != "local" || string(record.Key) != l.AccountID {
				t.Errorf("label %s: %v", record.Value, err)
			}
			key := [2]string{l.AccountID, l.TransactionID}
			labels[key] = append(labels[key], l)
			read++
		}
	}
	verdicts := make(map[string][]feedback.Verdict)
	for key, list := range labels {
		verdicts[key[0]] = append(verdicts[key[0]], feedback.Resolve(list).Verdict)
	}
	return verdicts
}

// alertsOf counts the alerts on the cases of an account.
func (s *service) alertsOf(t *testing.T, account string) int {
	t.Helper()
	n := 0
	list, err := s.db.ByAccount(t.Context(), account, 100)
	for _, c := range list {
		n += c.Alerts
	}
	if err != nil || len(list) != 1 {
		t.Errorf("account %s has %d cases, %v", account, len(list), err)
	}
	return n
}

const shownAccount = ".head .account"

// decide presses a key for the case on show and waits for the next one.
func (v *visitor) decide(key, label string) (account string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === document.querySelector(".row[data-current=true] b")?.textContent`, shownAccount))
	account = v.text(shownAccount)
	v.press(key)
	v.says(account + ": " + label)
	v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent !== %q`, shownAccount, account))
	return account
}

// Somebody works through ten cases by keyboard alone, takes one decision back and decides three together. What they said,
// and no more, is in the audit table and the feedback topic.
func TestPageByKeyboard(t *testing.T) {
	s := startService(t)
	v := startBrowser(t).visitor(t, strings.Split(s.link, "/signin")[0])
	v.prefers("light")
	v.do(chromedp.Navigate(s.link))
	v.until(`document.querySelector(".reasons") && document.querySelectorAll(".row").length >= 40`)
	v.until(`document.querySelector(".live").dataset.state === "on"`)
	v.accessible("queue")

	v.press("j")
	v.press("k")
	want, published := make(map[string]feedback.Verdict), 0
	for i := range 10 {
		verdict := []feedback.Verdict{feedback.Fraud, feedback.Legitimate, feedback.Unsure}[i%3]
		account := v.decide(verdict.String()[:1], verdict.String())
		want[account] = verdict
		published += s.alertsOf(t, account)
		if i == 9 {
			v.press("z")
			v.says("Undone: " + account)
			v.until(fmt.Sprintf(`document.querySelector(%q).textContent === %q`, shownAccount, account))
			v.until(`document.querySelector(".case .state").textContent.startsWith("Open")`)
			want[account] = 0
			published += s.alertsOf(t, account)
		}
	}
	v.accessible("undone")
	for i := range 3 {
		v.press("j")
		v.press("x")
		v.says([]string{"1 case ", "2 cases ", "3 cases "}[i] + "selected")
	}
	chosen := ask[[]string](v, `[...document.querySelectorAll(".row[data-selected=true] b")].map((b) => b.textContent)`)
	v.accessible("selected")
	v.press("l")
	v.says("3 cases: legitimate")
	for _, account := range chosen {
		want[account] = feedback.Legitimate
		published += s.alertsOf(t, account)
	}
	if len(want) != 13 {
		t.Fatalf("%d accounts were decided: %v", len(want), want)
	}

	got := s.holding(t, published)
	for account, verdict := range want {
		if len(got[account]) == 0 {
			t.Errorf("%s has no label", account)
		}
		for _, g := range got[account] {
			if g != verdict && (verdict != feedback.Unsure || g != 0) { // unsure is said, and holds of nothing
				t.Errorf("%s is labelled %v, want %v", account, g, verdict)
			}
		}
		delete(got, account)
	}
	if len(got) > 0 {
		t.Errorf("labels that nobody gave: %v", got)
	}
	entries, err := s.db.Audit(t.Context(), "", 0, 1000)
	counts := make(map[string]int)
	for _, e := range entries {
		counts[e.Action]++
	}
	if err != nil || counts["dispose"] != 13 || counts["reopen"] != 1 || counts["signin"] != 1 {
		t.Errorf("audit %v, %v", counts, err)
	}
}

// Everything else that a key does, in every form the page has.
func TestPageInAllForms(t *testing.T) {
	s := startService(t)
	v := startBrowser(t).visitor(t, strings.Split(s.link, "/signin")[0])
	v.prefers("light")
	v.do(chromedp.Navigate(s.link))
	v.until(`document.querySelector(".reasons")`)
	account := v.text(shownAccount)

	v.press("n")
	v.press("<b>rang</b> the holder")
	v.press(kb.Enter, chromedp.ModifierCtrl)
	v.says("Note saved")
	v.until(`document.querySelector(".notes p")?.textContent === "<b>rang</b> the holder"`)
	v.press("c")
	v.says("Claimed")
	v.until(`document.querySelector(".case .state").textContent.startsWith("Yours until")`)
	v.press("v")
	v.until(`document.querySelector("details.features").open`)
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("[data-keep='feature count_24h']").click()`))
	v.until(`document.querySelector(".features .behind")`)
	v.accessible("features")
	v.press("b")
	v.until(`document.querySelector("dialog .blocking")`)
	v.accessible("block")
	v.press(kb.ArrowDown + kb.Enter) // the second of what could be blocked
	v.says("Blocked: merchant")
	v.until(`document.querySelector(".listings .block")`)
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".listings").scrollIntoView()`))
	v.accessible("blocked")
	v.press("z")
	v.says("Undone: blocked: merchant")
	v.until(`!document.querySelector(".listings")`)
	s.helm.set(func() {
		if n := s.helm.said; len(n) != 2 || n[0].Entry.List != "block:merchants" || n[0].Note == "" || n[1].Entry.Key != n[0].Entry.Key || !n[1].Entry.Removed {
			t.Errorf("the lists were changed by %+v", n)
		}
	})
	v.press("?")
	v.until(`document.querySelector("dialog[open]")`)
	v.accessible("help")
	v.press(kb.Escape)
	v.until(`!document.querySelector("dialog")`)
	v.press("s")
	v.until(`document.querySelector("dialog .choices")`)
	v.accessible("snooze")
	v.press("2")
	v.says("Snoozed: " + account)
	v.until(fmt.Sprintf(`![...document.querySelectorAll(".row b")].some((b) => b.textContent === %q)`, account))

	v.press("/")
	v.press(account + kb.Enter)
	v.until(fmt.Sprintf(`document.querySelectorAll(".row").length === 1 && document.querySelector(%q)?.textContent === %q`, shownAccount, account))
	v.accessible("search")
	v.press(kb.Escape)
	v.until(`document.querySelectorAll(".row").length > 40`)
	v.press("/")
	v.press("nobody" + kb.Enter)
	v.until(`document.querySelector(".rows .empty")`)
	v.accessible("nothing-found")
	v.until(`document.querySelector(".search input").value === "nobody"`)
	v.press(kb.Escape)
	v.until(`document.querySelectorAll(".row").length > 40`)

	v.overview("stopped", nil)
	now := payment.TimeOf(time.Now())
	told := control.Event{Time: now.Add(-time.Hour), By: "fraud-0", Status: &control.Status{
		Model: control.Name{Name: "cards/2026-11-24"}, Policy: control.Name{Name: "manifest"}, Refused: []control.Refusal{{What: "model", Name: "cards/2026-11-25", Reason: "is missing"}},
		Figures: &control.Figures{Lag: 12_345, LagSeconds: 81.5, Rate: 1234.5, P50: 7, P99: 1500, DeadLetters: 3},
	}}
	v.overview("silent", func() { s.helm.set(func() { s.helm.statuses = []control.Event{told} }) })
	alive := told
	alive.Time, alive.By = now, "fraud-1"
	v.overview("running", func() { s.helm.set(func() { s.helm.statuses = []control.Event{told, alive} }) })
	v.prefers("dark")
	v.accessible("overview-dark")
	v.press(kb.Escape)
	v.until(`document.querySelector(".reasons")`)
	v.accessible("dark")
	v.window(390, 844)
	v.do(chromedp.Navigate(v.base), chromedp.Reload())
	v.until(`document.querySelectorAll(".row").length > 40 && !document.querySelector(".work.reading")`)
	v.prefers("light")
	v.accessible("phone-queue")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".row a").click()`))
	v.until(`document.querySelector(".work.reading .reasons")`)
	v.accessible("phone-case")
	if wide := ask[bool](v, `document.documentElement.scrollWidth > innerWidth`); wide {
		t.Error("the page is wider than a phone")
	}
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".timeline").scrollIntoView()`))
	v.shot("phone-timeline")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector("p.block button").click()`))
	v.until(`document.querySelector("dialog .blocking")`)
	v.prefers("dark")
	v.accessible("phone-block")
	v.press(kb.Escape)
	v.until(`!document.querySelector("dialog")`)
	v.prefers("light")
	v.do(chromedp.Evaluate[chromedp.Void](`location.hash = "#/overview"`))
	v.until(`document.querySelectorAll(".cards .card").length > 3`)
	v.accessible("phone-overview")
}

// What comes while somebody reads is told, and moves nothing: neither the queue nor the case nor the focus.
func TestPageKeepsThePlace(t *testing.T) {
	s := startService(t)
	v := startBrowser(t).visitor(t, strings.Split(s.link, "/signin")[0])
	v.do(chromedp.Navigate(s.link))
	v.until(`document.querySelector(".reasons") && document.querySelector(".live").dataset.state === "on"`)
	v.press("jjj")
	v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === document.querySelector(".row[data-current=true] b").textContent`, shownAccount))
	account := v.text(shownAccount)
	const place = `JSON.stringify([document.querySelector(".case .body").scrollTop, document.querySelector(".rows").scrollTop,
		[...document.querySelectorAll(".row b")].slice(0, 20).map((b) => b.textContent), document.activeElement.dataset.keep])`
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".case .body").scrollTop = 120`))
	before := ask[string](v, place)

	fresh := alert(t, "fresh", 1, 0, .9999)
	fresh.Severity = scoring.High
	s.produce(t, fresh)
	v.until(`document.querySelector(".news").textContent.startsWith("1 new case")`)
	list, err := s.db.ByAccount(t.Context(), account, 1)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	more := alert(t, account, 1, float64(list[0].Newest-start)/3_600_000, .3)
	s.produce(t, more)
	v.until(fmt.Sprintf(`document.querySelectorAll(".chips button").length === %d`, list[0].Alerts+1))
	if after := ask[string](v, place); after != before {
		t.Errorf("the place was\n%s\nand is\n%s", before, after)
	}
	v.shot("new")
	v.press(".")
	v.until(`document.querySelector(".row b").textContent === "fresh" && !document.querySelector(".news button")`)
	if now := v.text(shownAccount); now != account {
		t.Errorf("the case on show is %s, want %s", now, account)
	}
}

// Where the server cannot be reached, what was decided comes back and is told, and what is on show stays.
func TestPageWithoutServer(t *testing.T) {
	s := startService(t)
	v := startBrowser(t).visitor(t, strings.Split(s.link, "/signin")[0])
	v.do(chromedp.Navigate(s.link))
	v.until(`document.querySelector(".reasons") && document.querySelector(".live").dataset.state === "on"`)
	account := v.text(shownAccount)
	v.offline(true)
	v.press("f")
	v.says(account + ": fraud was not saved")
	v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === %q`, shownAccount, account))
	v.press(".")
	v.says("The queue could not be read")
	if rows := ask[int](v, `document.querySelectorAll(".row").length`); rows < 40 {
		t.Errorf("%d rows are left", rows)
	}
	v.do(chromedp.Evaluate[chromedp.Void](`location.hash = "#/overview"`))
	v.until(`document.querySelector(".overview .failed")`)
	v.accessible("offline")
	v.offline(false)
	v.do(chromedp.Evaluate[chromedp.Void](`location.hash = "#/"`))
	v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === %q`, shownAccount, account))
	v.press("f")
	v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent !== %q`, shownAccount, account))
	if got := s.holding(t, s.alertsOf(t, account)); len(got) != 1 || got[account] == nil {
		t.Errorf("labels %v", got)
	}
}

// Two people on one case: the second is told who was faster, and nothing is lost. What payments say is text, whatever it says.
func TestPageOfTwo(t *testing.T) {
	p := newPlace(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	const hostile = `<img src=x onerror="document.title='in'">`
	p.take(alert(t, hostile, 1, 0, .9), alert(t, "b", 1, 0, .5))
	browser := startBrowser(t)
	enter := func(name string) *visitor {
		if err := review.AddUser(t.Context(), p.db, name, "analyst", "correct horse battery", "test", payment.Time(p.clock.Load())); err != nil {
			t.Fatal(err)
		}
		v := browser.visitor(t, p.url)
		v.do(chromedp.Navigate(p.url))
		v.until(`document.querySelector(".signin")`)
		v.accessible("signin")
		v.do(chromedp.Focus("input[name=name]"))
		v.press(name + kb.Tab + "wrong" + kb.Enter)
		v.until(`document.querySelector(".signin .failed").textContent.includes("wrong")`)
		v.press("correct horse battery" + kb.Enter) // over the wrong one, which is selected
		v.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === %q`, shownAccount, hostile))
		v.until(`document.querySelector(".live").dataset.state === "on"`)
		return v
	}
	ann, bob := enter("ann"), enter("bob")
	if ann.text("title") == "in" {
		t.Error("an account's name became markup")
	}
	ann.press("f")
	ann.says(hostile + ": fraud")
	bob.until(`document.querySelector(".case .state").textContent.startsWith("Closed as fraud by ann")`)
	bob.press("l")
	bob.says("This case is closed")
	bob.accessible("second")
	bob.press("j")
	bob.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === "b"`, shownAccount))
	ann.until(fmt.Sprintf(`document.querySelector(%q)?.textContent === "b"`, shownAccount))
	ann.press("c")
	ann.says("Claimed: b")
	bob.until(`document.querySelector(".case .state").textContent.startsWith("ann works on it")`)
	bob.press("u")
	bob.says("b: unsure was not saved")
	if labels, err := p.db.Outgoing(t.Context(), 0, 10); err != nil || len(labels) != 1 {
		t.Errorf("%d labels, want the first one's, %v", len(labels), err)
	}
	ann.press("f")
	ann.says("b: fraud")
	ann.until(`document.querySelector(".rows .empty")`)
	ann.accessible("empty")
}

// overview opens the overview anew once f has changed what there is to tell, and waits for the state of the pipeline.
func (v *visitor) overview(state string, f func()) {
	v.t.Helper()
	if f != nil {
		f()
	}
	// The server counts anew after two seconds, and the page asks again after fifteen.
	v.until(fmt.Sprintf(`(() => { const shown = document.querySelector(".pipeline.%s"); if (!shown && !(performance.now() < window.again)) {
		window.again = performance.now() + 500; location.hash = "#/"; location.hash = "#/overview"; } return shown; })()`, state))
	v.accessible("overview-" + state)
}
