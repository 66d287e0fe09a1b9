package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-fraud/weir/stream"
)

// The chaos test holds the central promise on real servers: however often workers die and Redis loses what it had, the
// decisions, features of merchants, devices and labels among them, and the final state are those of a replay of the same
// transactions and labels, none missing, none twice, bit for bit.
//
// WEIR_CHAOS_ROWS, WEIR_CHAOS_KILLS, WEIR_CHAOS_FILE with WEIR_CHAOS_MAPPING, and WEIR_CHAOS_SEED make it longer or
// another; `make chaos` does, and then switches off one safeguard after the other to see that the test notices.
func TestChaos(t *testing.T) {
	c := newChaos(t, "")
	c.run()
	for _, problem := range c.compare() {
		t.Error(problem)
	}
}

// With a safeguard switched off, the very same test must fail.
func TestChaosNoticesSabotage(t *testing.T) {
	if os.Getenv("WEIR_CHAOS_SABOTAGE") == "" {
		t.Log("run by `make chaos`: set WEIR_CHAOS_SABOTAGE=1 to run it here")
		return
	}
	for _, safeguard := range []string{"compare", "transaction", "rewind", "dedupe", "wait"} {
		t.Run(safeguard, func(t *testing.T) {
			c := newChaos(t, safeguard)
			c.run()
			problems := c.compare()
			if len(problems) == 0 {
				t.Errorf("without %s nothing went wrong: the test does not test it", safeguard)
				return
			}
			t.Logf("without %s: %s", safeguard, problems[0])
		})
	}
}

const chaosPartitions = 6

type chaos struct {
	t        *testing.T
	rng      *rand.Rand
	dir      string
	binary   string
	sabotage string
	brokers  string
	redis    *redisServer
	config   string
	prefix   string
	input    []string // arguments that name the input
	feedback string   // file of its labels
	rate     float64
	rows     int
	accounts int
	kills    int
	workers  [3]*exec.Cmd
	expected map[string]string // decision by transaction id
	seen     map[string]int
	differ   []string
}

func number(name string, standard int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return v
	}
	return standard
}

func newChaos(t *testing.T, sabotage string) *chaos {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	seed := uint64(number("WEIR_CHAOS_SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("seed %d (WEIR_CHAOS_SEED)", seed)
	c := &chaos{
		t: t, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), sabotage: sabotage, brokers: brokers,
		rows: number("WEIR_CHAOS_ROWS", 20_000), kills: number("WEIR_CHAOS_KILLS", 6), rate: float64(number("WEIR_CHAOS_RATE", 2500)),
		accounts: max(20, number("WEIR_CHAOS_ROWS", 20_000)/25),
		prefix:   fmt.Sprintf("chaos-%d-%d-", os.Getpid(), time.Now().UnixNano()), seen: make(map[string]int),
	}
	c.prepare("batch_size: 500, apply_interval: 300ms, cache_accounts: 200")
	return c
}

// prepare builds the program, and makes its servers, configuration and input. pipeline are keys of the configuration.
func (c *chaos) prepare(pipeline string) {
	c.binary = buildWeir(c.t)
	c.redis = startRedis(c.t)
	c.writeConfig(pipeline)
	c.makeInput()
}

// buildWeir builds the program with the switches for sabotage.
func buildWeir(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "weir")
	out, err := exec.Command("go", "build", "-tags", "sabotage", "-o", path, "../cmd/weir").CombinedOutput()
	if err != nil {
		t.Fatalf("build weir: %v\n%s", err, out)
	}
	return path
}

func (c *chaos) writeConfig(pipeline string) {
	c.config = filepath.Join(c.dir, "weir.yaml")
	text := fmt.Sprintf(`
kafka:
  brokers: [%q]
  group: %sgroup
  session_timeout: 6s
  topics: {transactions: %stransactions, decisions: %sdecisions, alerts: %salerts, feedback: %sfeedback, control: %scontrol}
redis: {addresses: [%q]}
http: {address: ""}
pipeline: {workers: 1, start: earliest, %s, entity_wait: 0s}
`, c.brokers, c.prefix, c.prefix, c.prefix, c.prefix, c.prefix, c.prefix, c.redis.address, pipeline)
	if err := os.WriteFile(c.config, []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

// weir runs the program to its end.
func (c *chaos) weir(args ...string) string {
	c.t.Helper()
	cmd := exec.Command(c.binary, append([]string{"--config", c.config}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		c.t.Fatalf("weir %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// makeInput makes the transactions, some of them sent again later, with the same body or another, and replays them. They
// are of so few accounts that they go on for weeks, so that labels come to count.
func (c *chaos) makeInput() {
	// Without its safeguard against repeats the pipeline is wrong only where there are some.
	if file := os.Getenv("WEIR_CHAOS_FILE"); file != "" && c.sabotage == "" {
		c.input = []string{"--mapping", os.Getenv("WEIR_CHAOS_MAPPING"), "--limit", strconv.Itoa(c.rows), file}
	} else {
		plain, repeated := filepath.Join(c.dir, "plain.jsonl"), filepath.Join(c.dir, "repeated.jsonl")
		c.weir("simulate", "--count", strconv.Itoa(c.rows), "--accounts", strconv.Itoa(c.accounts), "--seed", strconv.Itoa(c.rng.IntN(1000)), "--out", plain)
		c.repeatSome(plain, repeated)
		c.input = []string{repeated}
	}
	decisions, state := filepath.Join(c.dir, "decisions.jsonl"), filepath.Join(c.dir, "state.jsonl")
	c.feedback = filepath.Join(c.dir, "feedback.jsonl")
	c.weir(append([]string{
		"replay", "--partitions", strconv.Itoa(chaosPartitions), "--decisions-out", decisions, "--state-out", state, "--feedback-out", c.feedback,
	}, c.input...)...)
	c.expected = make(map[string]string)
	for _, line := range readLines(c.t, decisions) {
		id := transactionID(c.t, line)
		if _, twice := c.expected[id]; twice {
			c.t.Fatalf("the replay decides %s twice", id)
		}
		c.expected[id] = line
	}
}

func (c *chaos) repeatSome(from, to string) {
	var out []string
	for _, line := range readLines(c.t, from) {
		out = append(out, line)
		switch back := len(out) - 1 - c.rng.IntN(min(len(out), 500)); c.rng.IntN(100) {
		case 0:
			out = append(out, out[back])
		case 1:
			out = append(out, strings.Replace(out[back], `"currency":"USD"`, `"currency":"EUR"`, 1))
		}
	}
	if err := os.WriteFile(to, []byte(strings.Join(out, "\n")+"\n"), 0o600); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chaos) start(i int) {
	log, err := os.OpenFile(filepath.Join(c.dir, fmt.Sprintf("worker%d.log", i)), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(c.binary, "--config", c.config, "run")
	cmd.Env = append(os.Environ(), "WEIR_SABOTAGE="+c.sabotage, fmt.Sprintf("WEIR_KAFKA_INSTANCE=%sworker%d", c.prefix, i))
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.workers[i] = cmd
}

func (c *chaos) stop(i int, s syscall.Signal) {
	_ = c.workers[i].Process.Signal(s)
	err := c.workers[i].Wait()
	if s == syscall.SIGTERM && err != nil {
		c.t.Errorf("worker %d did not stop cleanly: %v\n%s", i, err, tail(filepath.Join(c.dir, fmt.Sprintf("worker%d.log", i))))
	}
}

// decisions makes the topics, and returns a reader of the decisions.
func (c *chaos) decisions(ctx context.Context) *stream.Reader {
	c.weir("topics", "create", "--partitions", strconv.Itoa(chaosPartitions), "--replicas", "1")
	config := stream.Config{Brokers: []string{c.brokers}}
	admin, err := stream.NewAdmin(config)
	if err != nil {
		c.t.Fatal(err)
	}
	defer admin.Close()
	c.t.Cleanup(func() { c.deleteTopics(context.WithoutCancel(ctx), config) })
	topic, err := admin.Describe(ctx, c.prefix+"decisions")
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := stream.NewReader(ctx, config, topic, stream.FromStart)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = r.Close() })
	return r
}

// run sends the input through three workers while it kills them and harms Redis, and waits for the last decision.
func (c *chaos) run() {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	decisions := c.decisions(ctx)
	c.weir("produce", "--feedback", c.feedback)
	for i := range c.workers {
		c.start(i)
	}
	produce := exec.Command(c.binary, append([]string{"--config", c.config, "produce", "--rate", fmt.Sprint(c.rate)}, c.input...)...)
	var produced bytes.Buffer
	produce.Stdout, produce.Stderr = &produced, &produced
	if err := produce.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.harm(decisions)
	if err := produce.Wait(); err != nil {
		c.t.Fatalf("produce: %v\n%s", err, produced.String())
	}
	c.collect(decisions, len(c.expected), 40*time.Second)
	c.awaitState(30 * time.Second)
	for i := range c.workers {
		c.stop(i, syscall.SIGTERM)
	}
	// What is there twice may come last.
	c.collect(decisions, len(c.expected)+1, time.Second)
}

// harm does its worst while decisions come in: kills at random moments, a Redis that loses its tail, an empty Redis.
func (c *chaos) harm(decisions *stream.Reader) {
	const restore, flush = -1, -2
	acts := []int{restore, flush}
	for range c.kills {
		acts = append(acts, c.rng.IntN(len(c.workers)))
	}
	c.rng.Shuffle(len(acts), func(i, j int) { acts[i], acts[j] = acts[j], acts[i] })
	share := len(c.expected) * 9 / 10 / (len(acts) + 1)
	c.expect(decisions, share/2)
	c.redis.snapshot()
	for i, act := range acts {
		c.expect(decisions, share*(i+1)+c.rng.IntN(max(share, 1)))
		switch act {
		case restore:
			c.redis.restore()
		case flush:
			c.redis.command("FLUSHALL")
			c.redis.snapshot()
		default:
			c.stop(act, syscall.SIGKILL)
			c.start(act)
		}
	}
}

// expect collects n decisions, and gives up where none come: something hangs.
func (c *chaos) expect(r *stream.Reader, n int) {
	c.t.Helper()
	const patience = 60 * time.Second
	if c.collect(r, n, patience); len(c.seen) < n {
		c.logWorkers()
		c.t.Fatalf("no decision for %v, %d of %d are there", patience, len(c.seen), len(c.expected))
	}
}

func (c *chaos) logWorkers() {
	for i := range c.workers {
		c.t.Logf("worker %d:\n%s", i, tail(filepath.Join(c.dir, fmt.Sprintf("worker%d.log", i))))
	}
}

// collect reads decisions until there are n, or none has come for the given time.
func (c *chaos) collect(r *stream.Reader, n int, patience time.Duration) {
	var batch []stream.Record
	last := time.Now()
	for len(c.seen) < n && time.Since(last) < patience {
		var err error
		if batch, err = r.Poll(batch[:0], 1000, 50*time.Millisecond); err != nil {
			c.t.Fatal(err)
		}
		for i := range batch {
			last = time.Now()
			line := string(batch[i].Value)
			id := transactionID(c.t, line)
			c.seen[id]++
			if want := c.expected[id]; want != line {
				c.differ = append(c.differ, fmt.Sprintf("decision differs\n got %s\nwant %s", line, want))
			}
		}
	}
}

// compare returns what is not as in the replay.
func (c *chaos) compare() []string {
	var problems []string
	missing, twice := 0, 0
	for id := range c.expected {
		switch n := c.seen[id]; {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	if missing > 0 || twice > 0 || len(c.seen) != len(c.expected) {
		problems = append(problems, fmt.Sprintf("%d decisions expected, %d seen: %d are missing, %d were made more than once", len(c.expected), len(c.seen), missing, twice))
	}
	if len(c.differ) > 0 {
		problems = append(problems, fmt.Sprintf("%d decisions differ, such as: %s", len(c.differ), c.differ[0]))
	}
	if problem := c.compareState(); problem != "" {
		problems = append(problems, problem)
	}
	if len(problems) > 0 && c.sabotage == "" {
		if keep := os.Getenv("WEIR_CHAOS_KEEP"); keep != "" {
			_ = os.CopyFS(keep, os.DirFS(c.dir))
		}
		c.logWorkers()
	}
	return problems
}

// awaitState waits until what Redis lost last is built again and the last changes are applied.
func (c *chaos) awaitState(patience time.Duration) {
	for deadline := time.Now().Add(patience); c.compareState() != "" && time.Now().Before(deadline); {
	}
}

// compareState returns how the state in Redis differs from the replay's, "" for not at all.
func (c *chaos) compareState() string {
	got, want := readLines(c.t, c.dump()), readLines(c.t, filepath.Join(c.dir, "state.jsonl"))
	if len(got) != len(want) {
		return fmt.Sprintf("the state has %d lines, %d in the replay", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			return fmt.Sprintf("the state differs\n got %s\nwant %s", got[i], want[i])
		}
	}
	return ""
}

func (c *chaos) dump() string {
	path := filepath.Join(c.dir, "dump.jsonl")
	c.weir("state", "dump", "--out", path)
	return path
}

func (c *chaos) deleteTopics(ctx context.Context, config stream.Config) {
	admin, err := stream.NewAdmin(config)
	if err != nil {
		c.t.Error(err)
		return
	}
	defer admin.Close()
	for _, name := range []string{"transactions", "decisions", "alerts", "transactions.dead-letter", "feedback", "control"} {
		if err := admin.Delete(ctx, c.prefix+name); err != nil {
			c.t.Error(err)
		}
	}
}

func transactionID(t *testing.T, line string) string {
	var d struct {
		Account string `json:"account_id"`
		ID      string `json:"transaction_id"`
	}
	if err := json.Unmarshal([]byte(line), &d); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return d.Account + " " + d.ID
}

func readLines(t *testing.T, path string) []string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var lines []string
	s := bufio.NewScanner(f)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		lines = append(lines, s.Text())
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// tail returns the end of a file.
func tail(path string) string {
	text, _ := os.ReadFile(path)
	return string(text[max(0, len(text)-3000):])
}

// redisServer is a redis-server of the test's own, which can lose what it has.
type redisServer struct {
	t       *testing.T
	dir     string
	address string
	port    string
	cmd     *exec.Cmd
}

func startRedis(t *testing.T) *redisServer {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is not installed: run `make services`, which installs it")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &redisServer{t: t, dir: t.TempDir(), address: l.Addr().String(), port: strconv.Itoa(l.Addr().(*net.TCPAddr).Port)}
	_ = l.Close()
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) start() {
	r.cmd = exec.Command("redis-server", "--port", r.port, "--bind", "127.0.0.1", "--dir", r.dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		out, err := exec.Command("redis-cli", "-p", r.port, "PING").Output()
		if err == nil && strings.TrimSpace(string(out)) == "PONG" {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("redis-server does not answer: %v %s", err, out)
		}
	}
}

func (r *redisServer) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

func (r *redisServer) command(args ...string) string {
	r.t.Helper()
	out, err := exec.Command("redis-cli", append([]string{"-p", r.port}, args...)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("redis-cli %v: %v %s", args, err, out)
	}
	return string(out)
}

// snapshot makes the copy that restore goes back to.
func (r *redisServer) snapshot() { r.command("SAVE") }

// restore is a failover to a replica that is behind.
func (r *redisServer) restore() {
	r.kill()
	r.start()
}
