package review_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/review"
	"github.com/weir-fraud/weir/stream"
)

// topics are those of one test, on a real broker.
type topics struct {
	t                *testing.T
	kafka            stream.Config
	group            string
	alerts, feedback stream.Topic
}

func newTopics(t *testing.T) *topics {
	t.Helper()
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	k := &topics{t: t, kafka: stream.Config{Brokers: []string{brokers}}, group: fmt.Sprintf("review-%d-%d", os.Getpid(), time.Now().UnixNano())}
	admin, err := stream.NewAdmin(k.kafka)
	if err != nil {
		t.Fatal(err)
	}
	for topic, name := range map[*stream.Topic]string{&k.alerts: "alerts", &k.feedback: "feedback"} {
		if _, err := admin.Create(t.Context(), stream.Topic{Name: k.group + "-" + name, Partitions: 3, Replicas: 1}); err != nil {
			t.Fatal(err)
		}
		if *topic, err = admin.Describe(t.Context(), k.group+"-"+name); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		defer admin.Close()
		for _, topic := range []stream.Topic{k.alerts, k.feedback} {
			if err := admin.Delete(context.Background(), topic.Name); err != nil {
				t.Error(err)
			}
		}
	})
	return k
}

func (k *topics) send(topic string, values map[string][]byte) {
	k.t.Helper()
	p, err := stream.NewProducer(k.kafka)
	if err != nil {
		k.t.Fatal(err)
	}
	defer p.Close()
	for key, value := range values {
		if err := p.Produce(&stream.Message{Topic: topic, Partition: stream.AnyPartition, Key: []byte(key), Value: value}); err != nil {
			k.t.Fatal(err)
		}
	}
	if err := p.Flush(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

func (k *topics) sendAlerts(list ...*alerts.Alert) {
	k.t.Helper()
	for _, a := range list { // in their order
		k.send(k.alerts.Name, map[string][]byte{a.AccountID: a.AppendJSON(nil)})
	}
}

// labels returns what is in the feedback topic, committed.
func (k *topics) labels() (list []feedback.Label) {
	k.t.Helper()
	r, err := stream.NewReader(k.t.Context(), k.kafka, k.feedback, stream.FromStart)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	for r.Left() > 0 {
		batch, err := r.Poll(nil, 1000, 100*time.Millisecond)
		if err != nil {
			k.t.Fatal(err)
		}
		for i := range batch {
			l, err := feedback.Decode(batch[i].Value)
			if err != nil {
				k.t.Fatal(err)
			}
			list = append(list, l)
		}
	}
	return list
}

func (k *topics) publisher(db *database.DB) *review.Publisher {
	return &review.Publisher{
		Kafka: k.kafka, Group: k.group, Topic: k.feedback.Name, Timeout: 10 * time.Second, DB: db, Log: slog.New(slog.DiscardHandler),
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not so that %s", what)
		}
	}
}

// serve runs a service until stop is called, and returns somebody who is signed in by the link.
func (k *topics) serve(db *database.DB) (c *client, stop func()) {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.t.Context())
	type place struct{ url, link string }
	told, ended := make(chan place, 1), make(chan error, 1)
	rules := review.Rules{Window: window, Claim: 15 * time.Minute, Session: time.Hour, Currency: dollars(k.t)}
	config := review.Config{Rules: rules, Address: "localhost:0", Kafka: k.kafka, Group: k.group, Timeout: 10 * time.Second, Alerts: k.alerts, Feedback: k.feedback}
	go func() {
		ended <- review.Serve(ctx, config, db, newHelm(), slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now, func(a net.Addr, link string) { told <- place{"http://" + a.String(), link} })
	}()
	select {
	case err := <-ended:
		k.t.Fatal(err)
	case at := <-told:
		c = k.signIn(at.url, at.link)
	}
	return c, func() {
		cancel()
		if err := <-ended; err != nil {
			k.t.Error(err)
		}
	}
}

func (k *topics) signIn(url, link string) *client {
	k.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		k.t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := browser.Get(link)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	cookies := response.Cookies()
	if response.StatusCode != http.StatusSeeOther || len(cookies) != 1 {
		k.t.Fatalf("the link is answered with %d", response.StatusCode)
	}
	c := &client{p: &place{t: k.t, url: url, log: nil}, header: http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}}
	c.header.Set("X-CSRF-Token", c.must("GET", "/api/v1/me", nil)["csrf"].(string))
	return c
}

// From an alert in Kafka to a label in Kafka, with a restart in between.
func TestAnAlertBecomesALabel(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		k := newTopics(t)
		k.send(k.alerts.Name, map[string][]byte{"x": []byte("no alert")})
		k.sendAlerts(alert(t, "a", 1, 0, .5), alert(t, "b", 1, 0, .9), alert(t, "a", 2, .5, .7))
		c, stop := k.serve(p.db)
		eventually(t, "the alerts are in the queue", func() bool {
			list := c.queue("account=a")
			return len(list) == 1 && list[0]["alerts"] == 2.
		})
		v := c.queue("account=a")[0]
		c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		eventually(t, "the labels are in the topic", func() bool { return len(k.labels()) == 2 })
		stop()
		k.sendAlerts(alert(t, "c", 1, 0, .1))
		c, stop = k.serve(p.db)
		defer stop()
		eventually(t, "the next alert is there", func() bool { return len(c.queue("")) == 2 })
		for _, v := range c.queue("") {
			c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "legitimate"})
		}
		var got []string
		eventually(t, "all labels are in the topic", func() bool {
			got = nil
			for _, l := range k.labels() {
				got = append(got, l.AlertID+" "+l.Verdict.String()+" "+l.By+" "+l.Entities["device"])
			}
			return len(got) >= 4
		})
		slices.Sort(got)
		if want := "a-1 fraud local d-a,a-2 fraud local d-a,b-1 legitimate local d-b,c-1 legitimate local d-c"; strings.Join(got, ",") != want {
			t.Errorf("labels %q", got)
		}
	})
}

// The publisher dies fifty times, before and behind the commit, while labels come.
func TestLabelsArePublishedOnceHoweverOftenThePublisherDies(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		rng := rand.New(rand.NewPCG(seed, 1))
		k := newTopics(t)
		c := p.token("ann", "read,work")
		died := errors.New("died")
		const deaths = 50
		for n := range deaths {
			account := fmt.Sprint("a", n)
			p.take(alert(t, account, 1, 0, .5), alert(t, account, 2, 1, .5))
			v := c.queue("account=" + account)[0]
			c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
			point := "before the commit"
			if rng.IntN(2) == 0 {
				point = "behind the commit"
			}
			out := k.publisher(p.db)
			out.CrashAt(func(at string) error {
				if at == point {
					return died
				}
				return nil
			})
			if err := out.Publish(t.Context(), nil, nil); !errors.Is(err, died) {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.publisher(p.db).Publish(ctx, nil, nil) }()
		eventually(t, "the outbox is empty", func() bool {
			list, err := p.db.Outgoing(t.Context(), 0, 1)
			return err == nil && len(list) == 0
		})
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		times := make(map[string]int)
		for _, l := range k.labels() {
			times[l.AlertID]++
		}
		for n := range deaths {
			for i := 1; i <= 2; i++ {
				if id := fmt.Sprintf("a%d-%d", n, i); times[id] != 1 {
					t.Errorf("the label of alert %s was published %d times", id, times[id])
				}
			}
		}
		if len(times) != 2*deaths {
			t.Errorf("%d alerts have labels", len(times))
		}
	})
}

// Two publishers of one database, the second of which comes while the first publishes.
func TestTwoPublishers(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		k := newTopics(t)
		c := p.token("ann", "read,work")
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		const labels = 40
		for n := range labels {
			if n == 0 || n == labels/2 {
				ready := make(chan struct{})
				running.Go(func() { k.publisher(p.db).Run(ctx, nil, sync.OnceFunc(func() { close(ready) })) })
				<-ready
			}
			account := fmt.Sprint("a", n)
			p.take(alert(t, account, 1, 0, .5))
			v := c.queue("account=" + account)[0]
			c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		}
		eventually(t, "the outbox is empty", func() bool { l, err := p.db.Outgoing(t.Context(), 0, 1); return err == nil && len(l) == 0 })
		cancel()
		running.Wait()
		seen := make(map[string]bool)
		for _, l := range k.labels() {
			if seen[l.AlertID] {
				t.Errorf("the label of alert %s was published twice", l.AlertID)
			}
			seen[l.AlertID] = true
		}
		if len(seen) != labels {
			t.Errorf("%d alerts have labels", len(seen))
		}
	})
}

// A database that is begun anew beside a topic does not use numbers that are published.
func TestANewDatabasePublishesToo(t *testing.T) {
	k := newTopics(t)
	for n := range 2 {
		p := newPlace(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
		account := fmt.Sprint("a", n)
		k.sendAlerts(alert(t, account, 1, 0, .5))
		c, stop := k.serve(p.db)
		eventually(t, "the alert is there", func() bool { return len(c.queue("account="+account)) == 1 })
		v := c.queue("account=" + account)[0]
		c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		eventually(t, "the label is in the topic", func() bool { return len(k.labels()) == n+1 })
		stop()
	}
}

func TestRebuild(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		k := newTopics(t)
		k.sendAlerts(alert(t, "a", 1, 0, .5), alert(t, "b", 1, 0, .9), alert(t, "a", 2, .5, .7))
		c, stop := k.serve(p.db)
		eventually(t, "the alerts are there", func() bool {
			l := c.queue("account=a")
			return len(l) == 1 && l[0]["alerts"] == 2. && len(c.queue("")) == 2
		})
		v := c.queue("account=a")[0]
		c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud", "note": "a ring"})
		eventually(t, "the labels are in the topic", func() bool { return len(k.labels()) == 2 })
		eventually(t, "the outbox is empty", func() bool { l, err := p.db.Outgoing(t.Context(), 0, 1); return err == nil && len(l) == 0 })
		stop()
		in := review.Intake{Kafka: k.kafka, Alerts: k.alerts, Feedback: k.feedback, Window: window, DB: p.db, Log: slog.New(slog.DiscardHandler)}
		if closed, err := in.Rebuild(t.Context()); err != nil || closed != 1 {
			t.Fatalf("%d cases are closed, %v", closed, err)
		}
		reader := p.token("reader", "read")
		list := reader.queue("view=closed")
		if len(list) != 1 || list[0]["account_id"] != "a" || list[0]["disposition"] != "fraud" || list[0]["closed_by"] != "local" || list[0]["alerts"] != 2. || len(reader.queue("")) != 1 {
			t.Fatalf("%v", list)
		}
		d := reader.must("GET", casePath(list[0], ""), nil)
		if len(d["notes"].([]any)) != 1 || len(d["labels"].([]any)) != 2 {
			t.Errorf("%v", d)
		}
		if len(k.labels()) != 2 {
			t.Error("labels were published again")
		}
	})
}
