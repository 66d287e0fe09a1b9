package pipeline

import (
	"errors"
	"fmt"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/stream"
)

// Start says what to do with a partition for which the group has no committed offset.
type Start string

// The ways to start.
const (
	StartLatest   Start = "latest"   // fold what the log holds, score only what comes after
	StartEarliest Start = "earliest" // score everything
)

// Delivery is the promise made for decisions and alerts.
type Delivery string

// The promises.
const (
	ExactlyOnce Delivery = "exactly_once"  // decisions and offsets commit in one Kafka transaction
	AtLeastOnce Delivery = "at_least_once" // a crash can repeat decisions
)

// ErrPartitionCount is matched by the refusal to run on state that was built under another partition count: accounts
// would be looked for in the wrong partition.
var ErrPartitionCount = errors.New("the topic's partition count has changed")

// Forecast is what a worker would do with a partition if it got it now.
type Forecast struct {
	Fold    int64  // offsets to fold before it goes on
	Discard bool   // the stored state, if there is any, is of no use
	Why     string // in words
}

// Foresee returns what a worker would do with a partition of the topic whose log has the given bounds.
func Foresee(head features.Head, committed, first, end int64, topic stream.Topic, start Start, delivery Delivery) (Forecast, error) {
	p, err := planRecovery(found{head, committed, first, end, topic.ID, topic.Partitions}, start, delivery)
	return Forecast{p.foldUntil - p.from, p.discard, p.why}, err
}

// found is what recovery finds out about a partition.
type found struct {
	head       features.Head // zero where there is none, or where it is known to be no good
	committed  int64         // stream.NoOffset where there is none
	first, end int64         // the log's bounds
	topicID    string
	partitions int32
}

// plan is what recovery does about it.
type plan struct {
	from      int64  // where to read on
	foldUntil int64  // below this, transactions are folded and produce nothing
	discard   bool   // the stored state is of no use
	commit    bool   // commit foldUntil as the group's offset right away: the decision where to start is made once
	why       string // for the log
}

// planRecovery is the recovery table: for assignment, mismatch and doubt alike.
//
//	found                                                          do
//	another partition count                                        refuse
//	no committed offset, start latest                              commit the log's end, and go on as if it had been there
//	no committed offset, start earliest                            as if the log's start had been committed
//	applied = committed                                            go on
//	applied < committed, still in the log                          fold from applied to committed, producing nothing
//	applied > committed, exactly once                              discard, fold from the log's start to committed
//	applied > committed, at least once                             go on at applied
//	applied before the log's start, another topic id, no head      discard, fold from the log's start to committed
func planRecovery(f found, start Start, delivery Delivery) (plan, error) {
	h := f.head
	sameTopic := h.Known() && h.TopicID == f.topicID
	if sameTopic && h.Partitions != f.partitions {
		return plan{}, fmt.Errorf("%w from %d to %d since the state was built, which would tear accounts apart; "+
			"copy the log into a new topic (weir produce --from-topic) and run on that", ErrPartitionCount, h.Partitions, f.partitions)
	}
	var p plan
	committed := f.committed
	switch {
	case committed > f.end:
		// The offset is of a log that is gone.
		p.why = "the committed offset is beyond the log's end; "
		fallthrough
	case committed == stream.NoOffset:
		committed = f.first
		if start == StartLatest {
			committed = f.end
		}
		p.commit = true
	case committed < f.first:
		p.why = fmt.Sprintf("offsets %d to %d were deleted before they were scored; ", committed, f.first)
		committed = f.first
		p.commit = true
	}
	p.from, p.foldUntil = f.first, committed
	switch {
	case !h.Known():
		p.discard = true
		p.why += "no state"
	case !sameTopic:
		p.discard = true
		p.why += "the state is of another topic with this name"
	case h.Applied < f.first:
		p.discard = true
		p.why += "the state ends before the log's start"
	case h.Applied > f.end:
		p.discard = true
		p.why += "the state goes beyond the log's end"
	case h.Applied > committed && delivery == ExactlyOnce:
		p.discard = true
		p.why += "the state is ahead of the committed offset"
	case h.Applied > committed:
		p.from, p.foldUntil = h.Applied, h.Applied
		p.why += "resume at the applied offset"
	case h.Applied < committed:
		p.from = h.Applied
		p.why += "the state is behind the committed offset"
	default:
		p.from = committed
		p.why += "state and committed offset agree"
	}
	return p, nil
}
