package stream

import (
	"context"
	"errors"
	"fmt"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// What an error asks of the caller. An error that matches none of these is fatal: it will not go away by itself.
var (
	// ErrRetry: the same may well work later. Nothing is known to have been lost.
	ErrRetry = errors.New("may pass by itself")
	// ErrAborted: the transaction did not commit. The producer can begin another.
	ErrAborted = errors.New("transaction aborted")
	// ErrIndefinite: the transaction may or may not have committed, or its producer is past use. Close the producer,
	// make a new one, and read the committed offsets to learn the outcome.
	ErrIndefinite = errors.New("transaction outcome unknown")
	// ErrFenced: another producer with the same transactional id has taken over.
	ErrFenced = errors.New("fenced by another producer with the same transactional id: give every process its own instance name")
)

// classify wraps a client error with what it asks for.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: %w (%w)", doing, err, ErrRetry)
	}
	var ke kafka.Error
	if !errors.As(err, &ke) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	switch {
	case ke.Code() == kafka.ErrFenced, ke.Code() == kafka.ErrProducerFenced:
		return fmt.Errorf("%s: %w: %w", doing, ErrFenced, err)
	case ke.TxnRequiresAbort():
		return fmt.Errorf("%s: %w: %w", doing, ErrAborted, err)
	case ke.IsFatal():
		return fmt.Errorf("%s: %w: %w", doing, ErrIndefinite, err)
	case ke.IsRetriable(), ke.IsTimeout(), passing(ke.Code()):
		return fmt.Errorf("%s: %w (%w)", doing, err, ErrRetry)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// passing names the errors that a cluster in motion gives and that librdkafka does not mark as retriable.
func passing(c kafka.ErrorCode) bool {
	switch c {
	case kafka.ErrTransport, kafka.ErrAllBrokersDown, kafka.ErrTimedOut, kafka.ErrTimedOutQueue, kafka.ErrRequestTimedOut,
		kafka.ErrLeaderNotAvailable, kafka.ErrNotLeaderForPartition, kafka.ErrCoordinatorNotAvailable, kafka.ErrNotCoordinator,
		kafka.ErrCoordinatorLoadInProgress, kafka.ErrRebalanceInProgress, kafka.ErrIllegalGeneration, kafka.ErrUnknownMemberID,
		kafka.ErrUnstableOffsetCommit, kafka.ErrFencedInstanceID, kafka.ErrState, kafka.ErrNetworkException, kafka.ErrBrokerNotAvailable,
		kafka.ErrConcurrentTransactions, kafka.ErrMaxPollExceeded, kafka.ErrWaitCoord, kafka.ErrInProgress, kafka.ErrResolve:
		return true
	}
	return false
}
