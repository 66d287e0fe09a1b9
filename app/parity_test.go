package app_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestParity sends labelled transactions through three workers, one of which joins on the way, and holds every decision,
// its feature vector among them, against a replay of the same transactions with the same labels: equal byte for byte,
// features of merchants, devices and labels included, so none is flagged incomplete. WEIR_PARITY_ROWS and WEIR_PARITY_SEED
// make it another.
func TestParity(t *testing.T) {
	brokers := os.Getenv("WEIR_TEST_KAFKA")
	if brokers == "" {
		t.Fatal("WEIR_TEST_KAFKA is not set: run `make test`, which starts a Kafka broker, or name one")
	}
	rows, seed := number("WEIR_PARITY_ROWS", 200_000), uint64(number("WEIR_PARITY_SEED", 1))
	t.Logf("%d transactions, seed %d (WEIR_PARITY_SEED)", rows, seed)
	c := &chaos{
		t: t, rng: rand.New(rand.NewPCG(seed, 2)), dir: t.TempDir(), brokers: brokers,
		rows: rows, accounts: rows / 17, // ten days, so that labels come to count
		prefix: fmt.Sprintf("parity-%d-%d-", os.Getpid(), time.Now().UnixNano()), seen: make(map[string]int),
	}
	c.prepare("apply_interval: 100ms")
	decisions := c.decisions(t.Context())
	c.weir("produce", "--feedback", c.feedback)
	c.weir(append([]string{"produce"}, c.input...)...)
	c.start(0)
	c.start(1)
	c.expect(decisions, rows/5)
	c.start(2) // takes partitions over from those that are at work
	c.collect(decisions, len(c.expected), time.Minute)
	c.awaitState(30 * time.Second)
	for i := range c.workers {
		c.stop(i, syscall.SIGTERM)
	}
	for _, problem := range c.compare() {
		t.Error(problem)
	}
	log, err := os.ReadFile(filepath.Join(c.dir, "worker2.log"))
	if err != nil || !strings.Contains(string(log), "partitions assigned") {
		t.Errorf("the third worker got nothing to do: %v\n%s", err, log)
	}
}
