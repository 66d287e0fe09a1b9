package app_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/stream"
)

// A server that people review at is killed fifty times, most often between the database and Kafka, while they decide, undo
// and decide together, and send again what had no answer. In the end each thing that they said is in the database, the
// audit and the topic, once, and nothing else is.
func TestNoFeedbackIsLostOrTwiceHoweverOftenTheServerIsKilled(t *testing.T) {
	binary := buildWeir(t)
	addresses := map[string]func(*testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "weir.db") },
		"postgres": postgresSchema,
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKilled(t, binary, address(t))
			k.run()
			k.compare()
		})
	}
}

// The ways in which the cases of accounts are decided.
const (
	alone = iota
	undone
	withOthers
)

func way(account int) int {
	switch account % share {
	case 0:
		return undone
	case 1, 2, 3:
		return withOthers
	}
	return alone
}

// The moments at which the server is killed.
const (
	whileStarting    = iota
	whenever         // some time after it began to answer
	beforeTheOutbox  // is empty: what the database has committed, Kafka has not, or not all of it
	beforeTheOutbox2 // twice as often as the others
	behindKafka      // which has committed what the database still holds for unpublished
	moments
)

const (
	deaths       = 50
	share        = 8 // decisions for each life of the server
	alertsAnEach = 2 // alerts of an account
	deciders     = 4
)

// killed is a server that is killed, and those who use it.
type killed struct {
	t       *testing.T
	rng     *rand.Rand
	dir     string
	chaos   *chaos // for its programs and topics
	url     string
	address string // of the database
	db      *database.DB
	token   string
	server  *exec.Cmd
	topic   *stream.Reader // feedback
	labels  []feedback.Label

	due  chan []int // accounts that are to be decided, together
	done sync.WaitGroup
	keys atomic.Int64

	mu   sync.Mutex
	said map[string][]feedback.Verdict // by account, what was answered with success
}

func newKilled(t *testing.T, binary, address string) *killed {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := &killed{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), address: address, due: make(chan []int, deaths*share), said: make(map[string][]feedback.Verdict),
	}
	prefix := fmt.Sprintf("killed-%d-%d-", os.Getpid(), time.Now().UnixNano())
	k.chaos = &chaos{t: t, binary: binary, config: filepath.Join(k.dir, "weir.yaml"), prefix: prefix}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	_ = l.Close()
	k.url = "http://" + listen
	text := fmt.Sprintf(`
kafka:
  brokers: [%q]
  group: %[2]sgroup
  topics: {transactions: %[2]stransactions, decisions: %[2]sdecisions, alerts: %[2]salerts, feedback: %[2]sfeedback, control: %[2]scontrol}
http: {address: ""}
review: {address: %[3]q, database: %[4]q}
`, brokers, prefix, listen, address)
	if err := os.WriteFile(k.chaos.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k.chaos.weir("topics", "create", "--partitions", "3", "--replicas", "1")
	kafka := stream.Config{Brokers: []string{brokers}}
	t.Cleanup(func() { k.chaos.deleteTopics(context.Background(), kafka) })
	k.token = strings.TrimSpace(k.chaos.weir("token", "add", "robot", "--scopes", "read,work"))
	if k.db, err = database.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.db.Close() })
	k.openTopic(kafka)
	return k
}

// postgresSchema returns the address of an empty schema.
func postgresSchema(t *testing.T) string {
	address := os.Getenv("WEIR_TEST_POSTGRES")
	if address == "" {
		t.Fatal("WEIR_TEST_POSTGRES is not set: run `make test`, which starts a PostgreSQL, or name one (postgres://…)")
	}
	admin, err := sql.Open("pgx", address) // the driver is there by way of package database
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("weir_app_%d_%d", os.Getpid(), time.Now().UnixNano())
	if _, err := admin.ExecContext(t.Context(), `CREATE SCHEMA `+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.ExecContext(context.Background(), `DROP SCHEMA `+name+` CASCADE`); err != nil {
			t.Error(err)
		}
		_ = admin.Close()
	})
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	return u.String()
}

func (k *killed) openTopic(kafka stream.Config) {
	admin, err := stream.NewAdmin(kafka)
	if err != nil {
		k.t.Fatal(err)
	}
	defer admin.Close()
	topic, err := admin.Describe(k.t.Context(), k.chaos.prefix+"feedback")
	if err != nil {
		k.t.Fatal(err)
	}
	if k.topic, err = stream.NewReader(k.t.Context(), kafka, topic, stream.FromStart); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = k.topic.Close() })
}

// run lets people decide while the server is killed, and waits until all is said and published.
func (k *killed) run() {
	for range deciders {
		k.done.Go(k.decide)
	}
	var when []int
	for n := range deaths {
		when = append(when, n%moments)
	}
	k.rng.Shuffle(deaths, func(i, j int) { when[i], when[j] = when[j], when[i] })
	counts := make([]int, moments)
	unpublished := 0
	for n, moment := range when {
		k.alerts(n * share)
		k.start()
		if k.kill(moment) {
			counts[moment]++
		}
		if k.left() > 0 {
			unpublished++
		}
	}
	k.start()
	close(k.due)
	k.done.Wait()
	k.eventually("the outbox is empty", func() bool { return k.left() == 0 })
	k.end(syscall.SIGTERM)
	k.read(500 * time.Millisecond)
	k.t.Logf("%d deaths, %d of them with labels in the outbox, %d between the commits of the database and of Kafka, %d behind the latter's",
		deaths, unpublished, counts[beforeTheOutbox]+counts[beforeTheOutbox2], counts[behindKafka])
	if unpublished < deaths/3 || counts[behindKafka] < deaths/moments {
		k.t.Error("the server was too seldom killed where it matters")
	}
}

// alerts sends alerts of accounts, and gives the accounts to those who decide.
func (k *killed) alerts(first int) {
	p, err := stream.NewProducer(stream.Config{Brokers: []string{os.Getenv("WEIR_TEST_KAFKA")}})
	if err != nil {
		k.t.Fatal(err)
	}
	defer p.Close()
	for n := first; n < first+share; n++ {
		for i := range alertsAnEach {
			a := flagged(n, i)
			if err := p.Produce(&stream.Message{Topic: k.chaos.prefix + "alerts", Partition: stream.AnyPartition, Key: []byte(a.AccountID), Value: a.AppendJSON(nil)}); err != nil {
				k.t.Fatal(err)
			}
		}
	}
	if err := p.Flush(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	together := []int{}
	for n := first; n < first+share; n++ {
		if way(n) == withOthers {
			together = append(together, n)
		} else {
			k.due <- []int{n}
		}
	}
	k.due <- together
}

// flagged is the i-th alert of the n-th account.
func flagged(n, i int) *alerts.Alert {
	id, account, at := fmt.Sprint("t", i), fmt.Sprint("a", n), day(1)+payment.Time(i)*60_000
	return alerts.New(alerts.Alert{
		ID: account + "-" + id, Timestamp: at + 1000, TransactionID: id, AccountID: account, Action: scoring.Review, Score: 0.5, Severity: scoring.Low, Model: "cards/1",
		MoneyAtRisk: 12.5, Transaction: &payment.Transaction{ID: id, Time: at, AccountID: account, Type: payment.Purchase, Amount: 1250, Currency: usd},
	})
}

func (k *killed) log() string { return filepath.Join(k.dir, "server.log") }

func (k *killed) start() {
	log, err := os.OpenFile(k.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	k.server = exec.Command(k.chaos.binary, "--config", k.chaos.config, "run", "--target", "review")
	k.server.Stderr = log
	if err := k.server.Start(); err != nil {
		k.t.Fatal(err)
	}
}

func (k *killed) end(s syscall.Signal) {
	_ = k.server.Process.Signal(s)
	if err := k.server.Wait(); s == syscall.SIGTERM && err != nil {
		k.t.Errorf("the server did not stop cleanly: %v\n%s", err, tail(k.log()))
	}
}

// kill kills the server at a moment, and reports whether it was the very one.
func (k *killed) kill(moment int) (hit bool) {
	defer k.end(syscall.SIGKILL)
	if moment == whileStarting {
		time.Sleep(time.Duration(k.rng.IntN(400)) * time.Millisecond)
		return true
	}
	k.eventually("the server answers", func() bool { return k.answers() })
	switch moment {
	case whenever:
		time.Sleep(time.Duration(k.rng.IntN(100)) * time.Millisecond)
		return true
	case behindKafka:
		return k.hold()
	}
	k.eventually("there is a label to be published", func() bool { return k.left() > 0 })
	return true
}

// left returns how many labels the outbox has.
func (k *killed) left() int {
	list, err := k.db.Outgoing(k.t.Context(), 0, 1000)
	if err != nil {
		k.t.Fatal(err)
	}
	return len(list)
}

// hold keeps the server from taking labels out of the outbox until Kafka has committed one of them. The lock lasts until
// the server is dead.
func (k *killed) hold() bool {
	driver, address, lock := "pgx", k.address, " FOR UPDATE"
	if file, ok := strings.CutPrefix(k.address, "sqlite:"); ok {
		driver, address, lock = "sqlite3", "file:"+file+"?_txlock=immediate&_busy_timeout=10000", "" // the whole file is locked
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = db.Close() })
	var ids []string
	var tx *sql.Tx
	k.eventually("a label is held back in the outbox", func() bool {
		if tx, err = db.BeginTx(k.t.Context(), nil); err != nil {
			k.t.Fatal(err)
		}
		ids = k.strings(tx, `SELECT feedback_id FROM outbox`+lock)
		if len(ids) == 0 {
			_ = tx.Rollback()
		}
		return len(ids) > 0
	})
	k.eventually("it is in the topic", func() bool {
		k.read(20 * time.Millisecond)
		return slices.ContainsFunc(k.labels, func(l feedback.Label) bool { return slices.Contains(ids, l.ID) })
	})
	k.end(syscall.SIGKILL)
	return tx.Rollback() == nil
}

func (k *killed) strings(tx *sql.Tx, query string) (all []string) {
	rows, err := tx.QueryContext(k.t.Context(), query)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			k.t.Fatal(err)
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		k.t.Fatal(err)
	}
	return all
}

// read takes in labels of the topic until none has come for the given time.
func (k *killed) read(patience time.Duration) {
	for {
		batch, err := k.topic.Poll(nil, 1000, patience)
		if err != nil {
			k.t.Fatal(err)
		}
		if len(batch) == 0 {
			return
		}
		for i := range batch {
			l, err := feedback.Decode(batch[i].Value)
			if err != nil {
				k.t.Fatalf("%v in %s", err, batch[i].Value)
			}
			k.labels = append(k.labels, l)
		}
	}
}

func (k *killed) eventually(what string, so func() bool) {
	k.t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			k.t.Fatalf("it is not so that %s\n%s", what, tail(k.log()))
		}
	}
}

// compare compares what was said with the database, the audit and the topic.
func (k *killed) compare() {
	times := make(map[string]int)
	for _, l := range k.labels {
		times[l.ID]++
	}
	kept := 0
	for n := range deaths * share {
		account := fmt.Sprint("a", n)
		said := k.said[account]
		for i := range alertsAnEach {
			labels, err := k.db.Labels(k.t.Context(), account, fmt.Sprint("t", i))
			if err != nil {
				k.t.Fatal(err)
			}
			verdicts := []feedback.Verdict{}
			for _, l := range labels {
				kept++
				verdicts = append(verdicts, l.Verdict)
				if times[l.ID] != 1 {
					k.t.Errorf("label %s is %d times in the topic", l.ID, times[l.ID])
				}
			}
			if len(said) == 0 || !slices.Equal(verdicts, said) {
				k.t.Errorf("account %s: said was %v, and the database has %v", account, said, verdicts)
			}
		}
		k.compareAudit(account, said)
	}
	if len(times) != kept {
		k.t.Errorf("the topic has %d labels, the database %d", len(times), kept)
	}
}

func (k *killed) compareAudit(account string, said []feedback.Verdict) {
	list, err := k.db.ByAccount(k.t.Context(), account, 2)
	if err != nil || len(list) != 1 {
		k.t.Fatalf("account %s has the cases %v, %v", account, list, err)
	}
	entries, err := k.db.Audit(k.t.Context(), fmt.Sprint("case:", list[0].ID), 0, 10)
	if err != nil {
		k.t.Fatal(err)
	}
	want, got := []string{"dispose", "reopen"}[:len(said)], []string{}
	for _, e := range entries {
		got = append(got, e.Action)
	}
	if !slices.Equal(got, want) {
		k.t.Errorf("account %s: the audit has %v, want %v", account, got, want)
	}
}
