package app

import (
	"fmt"
	"path/filepath"

	"github.com/alicebob/miniredis/v2"
	"github.com/twmb/franz-go/pkg/kfake"
)

// embedded are the servers of `weir demo`: a broker that speaks the Kafka protocol and a Redis, both in this process.
// They stand in for the real ones on a laptop, not in production.
type embedded struct {
	broker *kfake.Cluster
	redis  *miniredis.Miniredis
}

// startEmbedded starts both on free loopback ports. With a directory, the broker keeps its log there; account states
// are not kept, they are rebuilt from the log.
func startEmbedded(directory string) (*embedded, error) {
	options := []kfake.Opt{kfake.NumBrokers(1), kfake.Ports(0)}
	if directory != "" {
		options = append(options, kfake.DataDir(filepath.Join(directory, "kafka")))
	}
	broker, err := kfake.NewCluster(options...)
	if err != nil {
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	redis, err := miniredis.Run()
	if err != nil {
		broker.Close()
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	return &embedded{broker, redis}, nil
}

// connect points the configuration at the embedded servers.
func (e *embedded) connect(c *Config) {
	c.Kafka.Brokers = e.broker.ListenAddrs()
	c.Redis = RedisConfig{Addresses: []string{e.redis.Addr()}}
}

func (e *embedded) close() {
	e.broker.Close()
	e.redis.Close()
}
