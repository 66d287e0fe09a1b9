package pipeline

import (
	"errors"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/stream"
)

// Every row of the recovery table, over a log of offsets 100 to 200.
func TestPlanRecovery(t *testing.T) {
	at := func(applied int64) features.Head {
		return features.Head{Applied: applied, TopicID: "T", Partitions: 4, Generation: 1}
	}
	other := at(150)
	other.TopicID = "another"
	torn := at(150)
	torn.Partitions = 3
	for _, c := range []struct {
		name      string
		head      features.Head
		committed int64
		start     Start
		delivery  Delivery
		want      plan
		refused   bool
	}{
		{name: "agreed", head: at(150), committed: 150, want: plan{from: 150, foldUntil: 150}},
		{name: "behind", head: at(120), committed: 150, want: plan{from: 120, foldUntil: 150}},
		{name: "behind, at least once", head: at(120), committed: 150, delivery: AtLeastOnce, want: plan{from: 120, foldUntil: 150}},
		{name: "ahead", head: at(160), committed: 150, want: plan{from: 100, foldUntil: 150, discard: true}},
		{name: "ahead, at least once", head: at(160), committed: 150, delivery: AtLeastOnce, want: plan{from: 160, foldUntil: 160}},
		{name: "before the log", head: at(90), committed: 150, want: plan{from: 100, foldUntil: 150, discard: true}},
		{name: "beyond the log", head: at(210), committed: 150, delivery: AtLeastOnce, want: plan{from: 100, foldUntil: 150, discard: true}},
		{name: "another topic", head: other, committed: 150, want: plan{from: 100, foldUntil: 150, discard: true}},
		{name: "no head", committed: 150, want: plan{from: 100, foldUntil: 150, discard: true}},
		{name: "at the log's start, all older deleted", head: at(100), committed: 100, want: plan{from: 100, foldUntil: 100}},
		{name: "nothing at all, latest", committed: stream.NoOffset, want: plan{from: 100, foldUntil: 200, discard: true, commit: true}},
		{name: "nothing at all, earliest", committed: stream.NoOffset, start: StartEarliest, want: plan{from: 100, foldUntil: 100, discard: true, commit: true}},
		{name: "state without group, latest", head: at(150), committed: stream.NoOffset, want: plan{from: 150, foldUntil: 200, commit: true}},
		{name: "state without group, earliest", head: at(150), committed: stream.NoOffset, start: StartEarliest, want: plan{from: 100, foldUntil: 100, discard: true, commit: true}},
		{name: "committed deleted", head: at(90), committed: 90, want: plan{from: 100, foldUntil: 100, discard: true, commit: true}},
		{name: "committed beyond the log", head: at(150), committed: 500, want: plan{from: 150, foldUntil: 200, commit: true}},
		{name: "another partition count", head: torn, committed: 150, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.start == "" {
				c.start = StartLatest
			}
			if c.delivery == "" {
				c.delivery = ExactlyOnce
			}
			got, err := planRecovery(found{head: c.head, committed: c.committed, first: 100, end: 200, topicID: "T", partitions: 4}, c.start, c.delivery)
			if c.refused {
				if !errors.Is(err, ErrPartitionCount) {
					t.Fatalf("got %+v, %v; want a refusal", got, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.why == "" {
				t.Error("it does not say why")
			}
			if got.why = ""; got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
