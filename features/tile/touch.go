package tile

// Touch reads where the series will be searched, so that it is near when it is: see features.Account.Touch.
func (s *Series) Touch() int64 {
	const together = 8 // come with one read
	sum := int64(0)
	for i := 0; i < len(s.totals.tiles); i += together {
		sum += s.totals.tiles[i]
	}
	if n := len(s.totals.counts); n > 0 {
		sum += s.totals.counts[n-1]
	}
	return sum
}
