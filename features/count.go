package features

// count is the number of events.
type count struct{ n int }

func (c *count) enter(*event, []int64, uint64)   { c.n++ }
func (c *count) leave(*event, []int64, uint64)   { c.n-- }
func (c *count) value(statistic, uint32) float64 { return float64(c.n) }
func (c *count) reset()                          { c.n = 0 }
