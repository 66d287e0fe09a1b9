package features

// count is the number of events.
type count int64
