package pipeline

import (
	"sync/atomic"
	"time"
)

// Vitals are what tells from outside how a worker is. They are safe for concurrent use.
type Vitals struct {
	Retries  atomic.Int64 // errors waited out
	Accounts atomic.Int64 // held in memory
	Joined   atomic.Bool  // a member of the group, with partitions or without

	now     func() time.Time
	turned  atomic.Int64 // when the worker's loop last turned, nanoseconds since 1970
	trouble atomic.Pointer[string]
	engine  atomic.Pointer[Engine] // what the worker decides by
}

func newVitals(now func() time.Time) *Vitals {
	v := &Vitals{now: now}
	v.beat()
	return v
}

// Turned returns when the worker's loop last turned. Waiting for an error to pass is turning; no single operation takes
// longer than some transaction timeouts.
func (v *Vitals) Turned() time.Time { return time.Unix(0, v.turned.Load()) }

// Trouble returns the error that the worker waits out, empty for none.
func (v *Vitals) Trouble() string {
	if text := v.trouble.Load(); text != nil {
		return *text
	}
	return ""
}

func (v *Vitals) beat() { v.turned.Store(v.now().UnixNano()) }

func (v *Vitals) suffer(err error) {
	v.Retries.Add(1)
	text := err.Error()
	v.trouble.Store(&text)
	v.beat()
}
