package monitor

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-fraud/weir/decide"
)

// requests are what has become of requests for decisions.
func (c *collector) requests(s *decide.Stats) {
	c.add("weir_decide_requests_total", "Requests for decisions by the status code of the answer; 499: the client did not wait.", []string{"code"},
		func(m *metric, to chan<- prometheus.Metric) {
			for _, code := range decide.Codes() {
				m.counter(to, float64(s.Requests(code)), strconv.Itoa(code))
			}
		})
	c.counter("weir_decide_transactions_total", "Transactions answered over HTTP, with a decision or the fallback action.", s.Transactions.Load)
	c.counter("weir_decide_fallbacks_total", "Transactions answered with the fallback action, since the decision did not come in time.", s.Fallbacks.Load)
	c.counter("weir_decide_repeats_total", "Transactions answered with a decision that was remembered.", s.Repeats.Load)
	c.gauge("weir_decide_in_flight", "Transactions of requests under way.", func() float64 { return float64(s.InFlight.Load()) })
	c.gauge("weir_decide_remembered", "Transactions in memory: decisions, and those waited for.", func() float64 { return float64(s.Remembered.Load()) })
	c.histogram("weir_decide_latency_seconds", "Time from a request's arrival to its answer.", s.Latency)
}
