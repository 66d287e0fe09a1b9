package history

import (
	"github.com/weir-fraud/weir/yamldoc"
)

// MappingError is a mistake in a mapping file, or a disagreement between it and a file it is used for.
type MappingError = yamldoc.Error

// document is the text of a mapping file.
type document struct{ *yamldoc.Document }

// read fills m from the document.
func (d document) read(m *Mapping) error {
	body, err := d.Body()
	switch {
	case err != nil:
		return err
	case body == nil:
		return m.checkRequired()
	}
	return d.Object(body, "", d.mappingKeys(m))
}
