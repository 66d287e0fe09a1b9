package screen

import (
	"fmt"
	"time"
)

// words tells what a step has done.
func (s *Step) words() string {
	text := fmt.Sprintf("%s: %s %s", s.Name, grouped(s.Done), s.Unit)
	if !s.Over && s.Share > 0 {
		text += fmt.Sprintf(", %.0f %%", 100*s.Share)
	}
	return text + fmt.Sprintf(", %.1f s", s.Took.Seconds())
}

// Line returns the state as a line of a log.
func (s *State) Line() string {
	now := s.Time.Format(time.TimeOnly)
	if !s.Live {
		if len(s.Steps) == 0 {
			return now + "  starting"
		}
		return s.Steps[len(s.Steps)-1].Line(s.Time)
	}
	frauds, found := s.frauds()
	return fmt.Sprintf("%s %7s/s %11s decided %7s alerts %7s of %s frauds found  %s dead letters  p50 %s  p99 %s",
		now, grouped(s.rate()), grouped(s.Decided), grouped(s.Alerts), grouped(found), grouped(frauds), grouped(s.DeadLetters),
		millis(s.Now.P50), millis(s.Now.P99))
}

// Line returns the step as a line of a log, given the time.
func (s *Step) Line(now time.Time) string { return now.Format(time.TimeOnly) + "  " + s.words() }

// Line returns the alert as a line of a log.
func (a *Alert) Line() string {
	return fmt.Sprintf("%-6s %.2f %-8s %s  %s, %s: %s", a.Severity, a.Score, a.action(), a.AccountID, a.amount(), a.where(), a.reason())
}

// Summary returns the last word on a demonstration.
func (s *State) Summary() []string {
	frauds, found := s.frauds()
	lines := []string{
		fmt.Sprintf("%s transactions decided in %s", grouped(s.Decided), clock(s.Elapsed)),
		"",
		fmt.Sprintf("  latency        p50 %s, p99 %s", millis(s.Overall.P50), millis(s.Overall.P99)),
		fmt.Sprintf("  alerts       %9s   %s of the transactions; %s of them are fraud", grouped(s.Alerts), percent(s.Alerts, s.Decided, 2), percent(found, s.Alerts, 0)),
		fmt.Sprintf("  frauds       %9s   %s found", grouped(frauds), percent(found, frauds, 0)),
		fmt.Sprintf("  dead letters %9s", grouped(s.DeadLetters)),
	}
	if frauds == 0 {
		return lines
	}
	lines = append(lines, "", fmt.Sprintf("  %-22s %8s %8s", "fraud pattern", "frauds", "found"))
	for _, p := range s.Patterns {
		lines = append(lines, fmt.Sprintf("  %-22s %8s %8s %8s", name(p.Name), grouped(p.Frauds), grouped(p.Found), percent(p.Found, p.Frauds, 0)))
	}
	return lines
}
