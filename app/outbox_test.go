package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
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
	for name, address := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKilled(t, binary, address(t), 1)
			k.run()
			k.compare()
		})
	}
}

// Of two processes on a database one takes in alerts and publishes, and the other takes its place when it is killed.
func TestAnotherProcessTakesOver(t *testing.T) {
	binary := buildWeir(t)
	for name, address := range databases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKilled(t, binary, address(t), 2)
			for range deciders {
				k.done.Go(k.decide)
			}
			leads, stands := "taking in alerts and publishing labels", "standing by"
			first, second := k.servers[0], k.servers[1]
			k.start(first)
			k.eventually("the first leads", func() bool { return k.logged(first, leads) == 1 })
			k.start(second)
			const handovers = 6
			for n := range handovers {
				k.alerts()
				k.eventually("the other stands by", func() bool { return k.logged(second, stands) == n/2+1 })
				k.eventually("there is a label to be published", k.unpublished)
				k.end(first, syscall.SIGKILL)
				first, second = second, first
				k.eventually("the other leads", func() bool { return k.logged(first, leads) == (n+1)/2+1 })
				k.start(second)
			}
			if led := k.logged(first, leads) + k.logged(second, leads); led != handovers+1 {
				t.Errorf("they led %d times", led)
			}
			k.finish()
			for _, s := range k.servers {
				if text := readFile(t, s.log); bytes.Contains(text, []byte("fenced")) {
					t.Errorf("one hindered the other:\n%s", text)
				}
			}
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

// killedServer is a process that is killed.
type killedServer struct {
	address, log string
	cmd          *exec.Cmd
}

// killed is one server that is killed, or several on one database, and those who use them.
type killed struct {
	t       *testing.T
	rng     *rand.Rand
	dir     string
	chaos   *chaos // for its programs and topics
	address string // of the database
	db      *database.DB
	token   string
	servers []*killedServer
	topic   *stream.Reader // feedback
	labels  []feedback.Label

	accounts int        // that have alerts
	due      chan []int // those that are to be decided, together
	open     atomic.Int64
	done     sync.WaitGroup

	keys atomic.Int64
	turn atomic.Int64 // of the servers to be asked

	mu   sync.Mutex
	said map[string][]feedback.Verdict // by account, what was answered with success
}

func newKilled(t *testing.T, binary, address string, servers int) *killed {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	k := &killed{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), address: address, due: make(chan []int, 2*deaths*share), said: make(map[string][]feedback.Verdict),
	}
	prefix := fmt.Sprintf("killed-%d-%d-", os.Getpid(), time.Now().UnixNano())
	k.chaos = &chaos{t: t, binary: binary, config: filepath.Join(k.dir, "weir.yaml"), prefix: prefix}
	text := fmt.Sprintf(`
kafka:
  brokers: [%q]
  group: %[2]sgroup
  topics: {transactions: %[2]stransactions, decisions: %[2]sdecisions, alerts: %[2]salerts, feedback: %[2]sfeedback, control: %[2]scontrol}
http: {address: ""}
review: {database: %[3]q}
`, brokers, prefix, address)
	if err := os.WriteFile(k.chaos.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k.chaos.weir("topics", "create", "--partitions", "3", "--replicas", "1")
	kafka := stream.Config{Brokers: []string{brokers}}
	t.Cleanup(func() { k.chaos.deleteTopics(context.Background(), kafka) })
	k.token = strings.TrimSpace(k.chaos.weir("token", "add", "robot", "--scopes", "read,work"))
	var err error
	if k.db, err = database.Open(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.db.Close() })
	k.openTopic(kafka)
	for n := range servers {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		k.servers = append(k.servers, &killedServer{address: l.Addr().String(), log: filepath.Join(k.dir, fmt.Sprintf("server%d.log", n))})
		_ = l.Close()
	}
	t.Cleanup(func() {
		for _, s := range k.servers {
			k.end(s, syscall.SIGKILL)
		}
	})
	return k
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
	for _, moment := range when {
		k.alerts()
		k.start(k.servers[0])
		if k.kill(moment) {
			counts[moment]++
		}
		if k.left() > 0 {
			unpublished++
		}
	}
	k.start(k.servers[0])
	k.finish()
	k.t.Logf("%d deaths, %d of them with labels in the outbox, %d between the commits of the database and of Kafka, %d behind the latter's",
		deaths, unpublished, counts[beforeTheOutbox]+counts[beforeTheOutbox2], counts[behindKafka])
	if unpublished < deaths/3 || counts[behindKafka] < deaths/moments {
		k.t.Error("the server was too seldom killed where it matters")
	}
}

// finish waits until all is decided and published, and stops the servers.
func (k *killed) finish() {
	close(k.due)
	k.done.Wait()
	k.eventually("the outbox is empty", func() bool { return k.left() == 0 })
	k.eventually("all servers answer", func() bool { // before that they have not begun to listen to signals
		return !slices.ContainsFunc(k.servers, func(*killedServer) bool { return !k.answers() })
	})
	for _, s := range k.servers {
		k.end(s, syscall.SIGTERM)
	}
	k.read(500 * time.Millisecond)
}

// alerts sends alerts of accounts, and gives the accounts to those who decide.
func (k *killed) alerts() {
	first := k.accounts
	k.accounts += share
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
			k.give(n)
		}
	}
	k.give(together...)
}

func (k *killed) give(accounts ...int) {
	k.open.Add(1)
	k.due <- accounts
}

// unpublished reports whether there is a label to be published, and sees to it that there is something to decide.
func (k *killed) unpublished() bool {
	if k.open.Load() == 0 {
		k.alerts()
	}
	return k.left() > 0
}

// flagged is the i-th alert of the n-th account.
func flagged(n, i int) *alerts.Alert {
	id, account, at := fmt.Sprint("t", i), fmt.Sprint("a", n), day(1)+payment.Time(i)*60_000
	return alerts.New(alerts.Alert{
		ID: account + "-" + id, Timestamp: at + 1000, TransactionID: id, AccountID: account, Action: scoring.Review, Score: 0.5, Severity: scoring.Low, Model: "cards/1",
		MoneyAtRisk: 12.5, Transaction: &payment.Transaction{ID: id, Time: at, AccountID: account, Type: payment.Purchase, Amount: 1250, Currency: usd},
	})
}

func (k *killed) start(s *killedServer) {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		k.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	s.cmd = exec.Command(k.chaos.binary, "--config", k.chaos.config, "run", "--target", "review")
	s.cmd.Env = append(os.Environ(), "WEIR_REVIEW_ADDRESS="+s.address)
	s.cmd.Stderr = log
	if err := s.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
}

func (k *killed) end(s *killedServer, by syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(by)
	if err := s.cmd.Wait(); by == syscall.SIGTERM && err != nil {
		k.t.Errorf("the server did not stop cleanly: %v\n%s", err, tail(s.log))
	}
	s.cmd = nil
}

// kill kills the server at a moment, and reports whether it was the very one.
func (k *killed) kill(moment int) (hit bool) {
	defer k.end(k.servers[0], syscall.SIGKILL)
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
	k.eventually("there is a label to be published", k.unpublished)
	return true
}

// logged counts the lines of a server's log with a message that begins so.
func (k *killed) logged(s *killedServer, message string) int {
	return bytes.Count(readFile(k.t, s.log), []byte(`msg="`+message))
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
	var tx *sql.Tx
	k.eventually("a label is in the topic and held back in the outbox", func() bool {
		if !k.unpublished() {
			return false
		}
		if tx, err = db.BeginTx(k.t.Context(), nil); err != nil {
			k.t.Fatal(err)
		}
		ids := k.strings(tx, `SELECT feedback_id FROM outbox`+lock)
		// A server that has not begun to publish is held up as well: then it is let go on.
		for end := time.Now().Add(300 * time.Millisecond); len(ids) > 0 && time.Now().Before(end); {
			k.read(10 * time.Millisecond)
			if slices.ContainsFunc(k.labels, func(l feedback.Label) bool { return slices.Contains(ids, l.ID) }) {
				return true
			}
		}
		_ = tx.Rollback()
		if before := len(k.labels); len(ids) > 0 {
			k.eventually("the server publishes", func() bool { k.read(10 * time.Millisecond); return len(k.labels) > before })
		}
		return false
	})
	k.end(k.servers[0], syscall.SIGKILL)
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
			for _, s := range k.servers {
				k.t.Logf("%s:\n%s", s.address, tail(s.log))
			}
			k.t.Fatalf("it is not so that %s", what)
		}
	}
}
