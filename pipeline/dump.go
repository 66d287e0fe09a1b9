package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// Scanner lists the accounts of a store.
type Scanner interface {
	Heads(ctx context.Context, n int32) ([]features.Head, error)
	Scan(ctx context.Context, partition int32, head features.Head, yield func(account string, value []byte) error) error
}

// DumpStore calls yield with every stored account that is not forgotten, by partition and account id.
func DumpStore(ctx context.Context, s Scanner, set *features.Set, partitions int32, yield func(partition int32, id string, a *features.Account) error) ([]features.Head, error) {
	heads, err := s.Heads(ctx, partitions)
	if err != nil {
		return nil, err
	}
	type stored struct {
		id      string
		account *features.Account
	}
	for p, head := range heads {
		var all []stored
		err := s.Scan(ctx, int32(p), head, func(id string, value []byte) error {
			a, err := set.Decode(value)
			if err != nil {
				return fmt.Errorf("account %q of partition %d: %w", id, p, err)
			}
			if newest, ok := a.Newest(); ok && !set.Forgotten(newest, head.Watermark) {
				all = append(all, stored{id, a})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		slices.SortFunc(all, func(x, y stored) int { return strings.Compare(x.id, y.id) })
		for _, a := range all {
			if err := yield(int32(p), a.id, a.account); err != nil {
				return nil, err
			}
		}
	}
	return heads, nil
}

// AppendState appends one account's canonical state as a line of JSON, the same for a store and a replay.
func AppendState(dst []byte, partition int32, id string, a *features.Account) []byte {
	dst = strconv.AppendInt(append(dst, `{"partition":`...), int64(partition), 10)
	dst = payment.AppendString(append(dst, `,"account_id":`...), id)
	dst = append(dst, `,"events":[`...)
	for i, e := range a.Events() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.AppendJSON(dst)
	}
	dst = append(dst, ']')
	texts := a.Heard()
	for i, h := range texts {
		if i == 0 {
			dst = append(dst, `,"heard":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = payment.AppendString(append(dst, `{"field":`...), h.Field)
		dst = payment.AppendString(append(dst, `,"text":`...), h.Text)
		dst = h.Time.Append(append(dst, `,"timestamp":"`...))
		dst = append(dst, `"}`...)
	}
	if len(texts) > 0 {
		dst = append(dst, ']')
	}
	return append(dst, "}\n"...)
}

// AppendWatermark appends a partition's watermark as a line of JSON.
func AppendWatermark(dst []byte, partition int32, w payment.Time) []byte {
	dst = strconv.AppendInt(append(dst, `{"partition":`...), int64(partition), 10)
	dst = w.Append(append(dst, `,"watermark":"`...))
	return append(dst, "\"}\n"...)
}
