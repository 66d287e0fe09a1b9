package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/stream"
)

// builtLog is a log that is folded into a new state: how far that is, and how far it should be.
type builtLog struct {
	topic stream.Topic
	peers func(ctx context.Context, n int32) ([]features.Peer, error)
	first func(ctx context.Context) ([]int64, error)
	end   func(ctx context.Context) ([]int64, error)

	parts []builtPart
}

// builtPart is one partition of it. Offsets are those of the log.
type builtPart struct {
	began        time.Time
	from, fromTo int64 // where it was and where it should have been, then
	at, to       int64 // and now

	mark   int64 // where it should have been at
	marked time.Time
	fresh  time.Time // everything there was at this time is in the state
}

// look looks at the log and the state.
func (l *builtLog) look(ctx context.Context, now time.Time) error {
	peers, err := l.peers(ctx, l.topic.Partitions)
	if err != nil {
		return err
	}
	ends, err := l.end(ctx)
	if err != nil {
		return err
	}
	first, err := l.first(ctx)
	if err != nil {
		return err
	}
	if l.parts == nil {
		l.parts = make([]builtPart, len(peers))
	}
	for n := range l.parts {
		at := first[n]
		if peers[n].Head.Known() {
			at = max(at, peers[n].Reached)
		}
		l.parts[n].note(now, at, max(first[n], ends[n]), peers[n].Head.Known())
	}
	return nil
}

// note notes how far the partition is and should be.
func (p *builtPart) note(now time.Time, at, to int64, known bool) {
	p.at, p.to = min(at, to), to
	if p.began.IsZero() {
		p.began, p.from, p.fromTo = now, p.at, to
		p.mark, p.marked = to, now
	}
	if known && p.at >= p.mark {
		p.fresh = p.marked
		p.mark, p.marked = to, now
		if p.at == to {
			p.fresh = now
		}
	}
}

func (p *builtPart) behind() int64 { return p.to - p.at }

// caughtUp reports whether the partition follows as closely as it can.
func (p *builtPart) caughtUp(now time.Time, slack time.Duration) bool {
	return !p.fresh.IsZero() && now.Sub(p.fresh) <= slack
}

// left returns how long the partition will take, and false where that cannot be said.
func (p *builtPart) left(now time.Time) (time.Duration, bool) {
	took := now.Sub(p.began).Seconds()
	gain := float64(p.at-p.from) - float64(p.to-p.fromTo)
	if gain <= 0 || took <= 0 {
		return 0, false
	}
	return time.Duration(float64(p.behind()) / gain * took * float64(time.Second)).Round(time.Second), true
}

// buildProgress tells how far a build is.
type buildProgress struct {
	layout, group  string
	stdout, stderr io.Writer
	slack          time.Duration // how far behind in time a state may be that has caught up
	now            func() time.Time
	told           time.Time
	ready          bool
	err            error
}

// newBuildProgress returns the progress of a build that writes at the given interval.
func newBuildProgress(layout, group string, interval time.Duration, stdout, stderr io.Writer) *buildProgress {
	return &buildProgress{layout: layout, group: group, slack: 3*time.Second + 2*interval, stdout: stdout, stderr: stderr, now: time.Now}
}

const (
	buildLook      = 500 * time.Millisecond
	buildTell      = 5 * time.Second  // while it catches up
	buildTellReady = 30 * time.Second // afterwards
)

// follow tells how far the logs are folded until ctx ends, or until they have caught up if that is all that is wanted.
func (b *buildProgress) follow(ctx context.Context, logs []*builtLog, once bool) {
	b.told = b.now()
	_, _ = fmt.Fprintf(b.stderr, "building the state of layout %s from the log, behind group %s\n", b.layout, b.group)
	for ctx.Err() == nil {
		now := b.now()
		ready, err := b.look(ctx, logs, now)
		if err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintf(b.stderr, "trying again: %v\n", err)
		}
		b.tell(now, logs, ready)
		if ready && once {
			return
		}
		_ = sleep(ctx, buildLook)
	}
}

// look looks at the logs, and reports whether all have caught up.
func (b *buildProgress) look(ctx context.Context, logs []*builtLog, now time.Time) (ready bool, err error) {
	ready = true
	for _, l := range logs {
		if err := l.look(ctx, now); err != nil {
			return false, err
		}
		for n := range l.parts {
			ready = ready && l.parts[n].caughtUp(now, b.slack)
		}
	}
	return ready, nil
}

// tell tells the state of affairs if that is due, and always when it has caught up.
func (b *buildProgress) tell(now time.Time, logs []*builtLog, ready bool) {
	every := buildTell
	if b.ready {
		every = buildTellReady
	}
	if ready == b.ready && now.Sub(b.told) < every || !ready && now.Sub(b.told) < buildTell {
		return
	}
	b.told = now
	if b.ready = ready; ready {
		b.say("ready: stop the old, start the new; layout %s is %d records behind group %s\n", b.layout, behind(logs), b.group)
		return
	}
	for _, l := range logs {
		for n := range l.parts {
			p := &l.parts[n]
			if p.behind() == 0 {
				continue
			}
			left := "no end in sight"
			if d, ok := p.left(now); ok {
				left = d.String() + " left"
			}
			_, _ = fmt.Fprintf(b.stderr, "%s partition %d: %d of %d records behind, %s\n", l.topic.Name, n, p.behind(), p.to-p.from, left)
		}
	}
	_, _ = fmt.Fprintf(b.stderr, "layout %s: %d records behind\n", b.layout, behind(logs))
}

func (b *buildProgress) say(format string, args ...any) {
	if _, err := fmt.Fprintf(b.stdout, format, args...); b.err == nil {
		b.err = err
	}
}

// stopped tells where the state is left.
func (b *buildProgress) stopped(ctx context.Context, logs []*builtLog) error {
	for _, l := range logs {
		if err := l.look(ctx, b.now()); err != nil {
			return err
		}
	}
	b.say("stopped: layout %s is %d records behind, which weir run folds before it goes on\n", b.layout, behind(logs))
	return nil
}

func behind(logs []*builtLog) int64 {
	var n int64
	for _, l := range logs {
		for p := range l.parts {
			n += l.parts[p].behind()
		}
	}
	return n
}
