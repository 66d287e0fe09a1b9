package features

// count is the number of events.
type count struct{ n int64 }

func (c *count) enter(_ *event, _ []int64, _ uint64, b *bundle) { c.n += b.size() }
func (c *count) leave(_ *event, _ []int64, _ uint64, b *bundle) { c.n -= b.size() }
func (c *count) value(statistic, uint32) float64                { return float64(c.n) }
func (c *count) reset()                                         { c.n = 0 }
