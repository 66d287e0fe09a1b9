//go:build sabotage

package app

import (
	"context"
	"errors"
	"os"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/pipeline"
)

// sabotaged switches off the safeguard that WEIR_SABOTAGE names, to show that the tests notice.
func sabotaged(s pipeline.Store) (pipeline.Store, pipeline.Sabotage) {
	var off pipeline.Sabotage
	switch os.Getenv("WEIR_SABOTAGE") {
	case "compare":
		return blindStore{s}, off
	case "transaction":
		off.NoTransaction = true
	case "rewind":
		off.NoRewind = true
	case "dedupe":
		off.NoDedupe = true
	case "wait":
		off.NoWait = true
	case "lateness":
		off.NoLateness = true
	}
	return s, off
}

// blindStore writes whatever the head is, and never lets the worker see a head that is not its own.
type blindStore struct{ pipeline.Store }

func (s blindStore) Load(ctx context.Context, reads []features.Read) error {
	wanted := make([]features.Head, len(reads))
	for i := range reads {
		wanted[i] = reads[i].Head
	}
	err := s.Store.Load(ctx, reads)
	for i := range reads {
		reads[i].Head = wanted[i]
	}
	return err
}

func (s blindStore) Apply(ctx context.Context, writes []features.Write) error {
	if err := s.Store.Apply(ctx, writes); err != nil {
		return err
	}
	for i := range writes {
		if !errors.Is(writes[i].Err, features.ErrMismatch) {
			continue
		}
		var err error
		if writes[i].From, err = s.Head(ctx, writes[i].Partition); err != nil {
			return err
		}
		if err := s.Store.Apply(ctx, writes[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}
