package features

// count is the number of events.
type count struct{ n int }

func (c *count) enter(*event, uint64)    { c.n++ }
func (c *count) leave(*event, uint64)    { c.n-- }
func (c *count) value(statistic) float64 { return float64(c.n) }
func (c *count) reset()                  { c.n = 0 }
