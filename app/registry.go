package app

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/models"
	"github.com/weir-fraud/weir/scoring"
	"github.com/weir-fraud/weir/scoring/forest"
)

// modelPlace is where a model is.
type modelPlace struct {
	where string // for people
	fsys  fs.FS
}

// load loads and verifies the whole model.
func (p modelPlace) load(e scoring.Engine) (*scoring.Model, error) {
	m, err := scoring.LoadFS(p.fsys, forest.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.where, err)
	}
	return m.With(e), nil
}

func directoryPlace(dir string) modelPlace { return modelPlace{dir, os.DirFS(dir)} }

// registered is where the model with an id belongs in the models directory. An id is a safe relative path.
func (c *Config) registered(id string) string {
	return filepath.Join(c.Model.Registry, filepath.FromSlash(id))
}

// configuredPlace is the model that decides while nothing else is said.
func (c *Config) configuredPlace() modelPlace {
	if c.Model.Directory == "" {
		return modelPlace{"the shipped model", models.Shipped()}
	}
	return directoryPlace(c.Model.Directory)
}

// modelPlaces are where models are looked for, but for the models directory.
func (c *Config) modelPlaces() []modelPlace {
	if c.Model.Directory == "" {
		return []modelPlace{c.configuredPlace()}
	}
	return []modelPlace{c.configuredPlace(), {"the shipped model", models.Shipped()}}
}

// findModel loads the model with the given id and digest: from the models directory, or else where configuration names it.
func (c *Config) findModel(want control.Name) (*scoring.Model, error) {
	home := directoryPlace(c.registered(want.Name))
	_, have, err := scoring.ReadManifest(home.fsys)
	if err == nil && have == want.Digest {
		return home.load(c.Model.Engine)
	}
	for _, p := range c.modelPlaces() {
		if _, d, wrong := scoring.ReadManifest(p.fsys); wrong == nil && d == want.Digest {
			return p.load(c.Model.Engine)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", home.where, err)
	}
	return nil, fmt.Errorf("%s has another manifest: its sha256 is %s, and that of the active one is %s; copy the whole directory again",
		home.where, short(have), short(want.Digest))
}

// modelNamed returns the place of the model that a person names: a directory, or an id.
func (c *Config) modelNamed(name string) (modelPlace, error) {
	if _, err := os.Stat(filepath.Join(name, scoring.ManifestFile)); err == nil {
		return directoryPlace(name), nil
	}
	if err := scoring.ValidateID(name); err != nil {
		return modelPlace{}, fmt.Errorf("%s is no model directory: it has no %s", name, scoring.ManifestFile)
	}
	home := c.registered(name)
	if _, err := os.Stat(filepath.Join(home, scoring.ManifestFile)); err == nil {
		return directoryPlace(home), nil
	}
	for _, p := range c.modelPlaces() {
		if m, _, err := scoring.ReadManifest(p.fsys); err == nil && m.ID == name {
			return p, nil
		}
	}
	return modelPlace{}, fmt.Errorf("there is no model %s: neither a directory of that name nor one in model.registry (%s) has a %s; `weir model list` lists them",
		name, c.Model.Registry, scoring.ManifestFile)
}

// listedModel is a model that is there, by its manifest alone.
type listedModel struct {
	id, digest, where string
	created           string
	wrong             error // why it cannot be read
}

// listModels returns the models of the models directory and those that configuration names, by id.
func (c *Config) listModels() ([]listedModel, error) {
	var all []listedModel
	err := filepath.WalkDir(c.Model.Registry, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path == c.Model.Registry:
			return nil
		case err != nil:
			return err
		case d.IsDir() || d.Name() != scoring.ManifestFile:
			return nil
		}
		m := listed(directoryPlace(filepath.Dir(path)))
		id, _ := filepath.Rel(c.Model.Registry, filepath.Dir(path))
		if id = filepath.ToSlash(id); m.wrong == nil && m.id != id {
			m.wrong = fmt.Errorf("it is at the place of %s in the models directory, where nobody finds it", id)
		}
		m.id = cmp.Or(m.id, id)
		all = append(all, m)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("model.registry: %w", err)
	}
	for _, p := range c.modelPlaces() {
		m := listed(p)
		if !slices.ContainsFunc(all, func(o listedModel) bool { return o.digest == m.digest && m.digest != "" }) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b listedModel) int {
		return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.where, b.where))
	})
	return all, nil
}

func listed(p modelPlace) listedModel {
	m, digest, err := scoring.ReadManifest(p.fsys)
	if err != nil {
		return listedModel{where: p.where, wrong: err}
	}
	return listedModel{id: m.ID, digest: digest, where: p.where, created: m.Created.UTC().Format("2006-01-02")}
}

// register copies a model into the models directory, unless it is there, and reports whether it did.
func (c *Config) register(p modelPlace, id, digest string) (copied bool, err error) {
	home := c.registered(id)
	if _, have, err := scoring.ReadManifest(os.DirFS(home)); err == nil {
		if have != digest {
			return false, fmt.Errorf("%s has another model of the id %s (manifest %s instead of %s): give the new one an id of its own, since ids stand in decisions",
				home, id, short(have), short(digest))
		}
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o777); err != nil {
		return false, fmt.Errorf("copy the model into model.registry: %w", err)
	}
	// A directory of another name first, so that nobody finds half a model.
	partial, err := os.MkdirTemp(filepath.Dir(home), ".new-")
	if err != nil {
		return false, fmt.Errorf("copy the model into model.registry: %w", err)
	}
	defer func() { _ = os.RemoveAll(partial) }() // what was renamed is no longer there
	if err = os.CopyFS(filepath.Join(partial, "model"), p.fsys); err == nil {
		err = os.Rename(filepath.Join(partial, "model"), home)
	}
	if err != nil {
		return false, fmt.Errorf("copy the model into model.registry: %w", err)
	}
	return true, nil
}

// short returns the beginning of a digest, enough to tell it from others.
func short(digest string) string { return digest[:min(len(digest), 12)] }
