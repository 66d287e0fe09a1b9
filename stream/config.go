package stream

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// Config says how to reach the brokers.
type Config struct {
	Brokers    []string          // host:port
	Properties map[string]string // further librdkafka properties, for TLS and SASL; they win over Weir's own

	// Slow, if not nil, is told of each Admin's request that the brokers have not answered for a while.
	Slow func(brokers string)
}

// slowAfter is how long nobody wonders why there is no answer.
const slowAfter = 2 * time.Second

// asked begins to wait for an answer, until answered is called.
func (c *Config) asked() (answered func()) {
	if c.Slow == nil {
		return func() {}
	}
	t := time.AfterFunc(slowAfter, func() { c.Slow(strings.Join(c.Brokers, ",")) })
	return func() { t.Stop() }
}

// Validate reports the first thing wrong with the configuration.
func (c *Config) Validate() error {
	if len(c.Brokers) == 0 {
		return errors.New("no Kafka brokers are given")
	}
	return nil
}

// client returns librdkafka properties: Weir's own, then the configured ones.
func (c *Config) client(own kafka.ConfigMap) (*kafka.ConfigMap, error) {
	m := kafka.ConfigMap{
		"bootstrap.servers":    strings.Join(c.Brokers, ","),
		"client.id":            "weir",
		"log.connection.close": false,
		"socket.nagle.disable": true, // a small request must not wait for the answer to the one before it
		// Errors that matter come back from the calls; librdkafka's own lines would go to standard error unasked.
		"log_level": 2,
	}
	maps.Copy(m, own)
	for _, k := range slices.Sorted(maps.Keys(c.Properties)) {
		if err := m.SetKey(k, c.Properties[k]); err != nil {
			return nil, fmt.Errorf("kafka property %q: %w", k, err)
		}
	}
	return &m, nil
}

// describe turns a client error into one that names the brokers where the trouble is reaching them.
func (c *Config) describe(err error) error {
	var ke kafka.Error
	if !errors.As(err, &ke) {
		return err
	}
	switch ke.Code() {
	case kafka.ErrTransport, kafka.ErrAllBrokersDown, kafka.ErrTimedOut, kafka.ErrResolve:
		return fmt.Errorf("no answer from Kafka at %s (is it running, is kafka.brokers right?): %w", strings.Join(c.Brokers, ","), err)
	}
	return err
}
