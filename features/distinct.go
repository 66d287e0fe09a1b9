package features

// nameField says which of an event's names is looked at.
type nameField uint8

const (
	noField nameField = iota
	merchantField
	categoryField
)

func (f nameField) of(e *event) uint32 {
	if f == categoryField {
		return e.category
	}
	return e.merchant
}

// distinct counts different names. Names are small numbers within their account, so the counts are an array.
type distinct struct {
	field  nameField
	counts []uint32 // by name; 0 is the missing name and never counted
	n      int
}

func (d *distinct) enter(e *event, _ uint64) {
	name := d.field.of(e)
	if name == 0 {
		return
	}
	for int(name) >= len(d.counts) {
		d.counts = append(d.counts, 0)
	}
	if d.counts[name] == 0 {
		d.n++
	}
	d.counts[name]++
}

func (d *distinct) leave(e *event, _ uint64) {
	name := d.field.of(e)
	if name == 0 {
		return
	}
	d.counts[name]--
	if d.counts[name] == 0 {
		d.n--
	}
}

func (d *distinct) value(statistic) float64 { return float64(d.n) }

// contains reports whether an event with the name is inside.
func (d *distinct) contains(name uint32) bool {
	return int(name) < len(d.counts) && d.counts[name] > 0
}

func (d *distinct) reset() {
	clear(d.counts)
	d.n = 0
}
