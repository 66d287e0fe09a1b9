package monitor

import (
	"fmt"
	"time"
)

// stuck returns the workers whose loop does not turn any more, in words.
func (m *Monitor) stuck() []string {
	var all []string
	now := m.config.Now()
	for i, w := range m.config.Stats.Workers() {
		if silent := now.Sub(w.Turned()); silent > m.config.Silence {
			all = append(all, fmt.Sprintf("worker %d is stuck: its loop has not turned for %v", i, silent.Round(time.Second)))
		}
	}
	return all
}

// unready returns why the service is not ready, in words. A member of the group without partitions is ready: there is
// nothing that it keeps waiting.
func (m *Monitor) unready() []string {
	if why := m.waiting.Load(); why != nil {
		return []string{*why}
	}
	all := m.stuck()
	for _, s := range m.watched() {
		if s.wrong != "" {
			all = append(all, s.Name+": "+s.wrong)
		}
	}
	if r := m.config.Requests; r != nil && r.Trouble() != "" {
		all = append(all, "decide: "+r.Trouble())
	}
	for i, w := range m.config.Stats.Workers() {
		if !w.Joined.Load() {
			all = append(all, fmt.Sprintf("worker %d is not in the consumer group yet", i))
		}
		if trouble := w.Trouble(); trouble != "" {
			all = append(all, fmt.Sprintf("worker %d tries again: %s", i, trouble))
		}
	}
	for _, p := range m.config.Stats.Partitions() {
		if p.Assigned.Load() && p.Catching.Load() {
			all = append(all, fmt.Sprintf("partition %d is being rebuilt: at offset %d of %d", p.Partition, p.At.Load(), p.Until.Load()))
		}
	}
	return all
}
