package monitor

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-fraud/weir/notify"
)

// deliveries are what has become of messages to others.
func (c *collector) deliveries(s *notify.Stats) {
	c.add("weir_notify_attempts_total", "Attempts to deliver messages to others by outcome; one that failed is followed by another.", []string{"outcome"},
		func(m *metric, to chan<- prometheus.Metric) {
			m.counter(to, float64(s.Delivered.Load()), "delivered")
			m.counter(to, float64(s.Failed.Load()), "failed")
			m.counter(to, float64(s.GivenUp.Load()), "given_up")
		})
}
