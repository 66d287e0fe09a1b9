package scoring

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/scoring/forest"
)

// The most that the small files of a model directory may hold.
const (
	maxManifestBytes = 4 << 20
	maxGoldenBytes   = 64 << 20
)

// Model is a model that was read from its directory and found to be what its manifest says. It is immutable.
type Model struct {
	manifest Manifest
	digest   string
	forest   *forest.Forest
	golden   []golden
	engine   Engine
}

// Load reads the model directory dir and verifies it: the hashes of its files, the whole structure of the trees, the
// features in the model file against those of the manifest, and the golden vectors. See docs/models.md.
func Load(dir string) (*Model, error) {
	m, err := LoadFS(os.DirFS(dir), forest.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("model directory %s: %w", dir, err)
	}
	return m, nil
}

// LoadFS is Load for a directory that is the root of fsys, with other limits.
func LoadFS(fsys fs.FS, limits forest.Limits) (*Model, error) {
	manifest, sum, err := ReadManifest(fsys)
	if err != nil {
		return nil, err
	}
	m := &Model{manifest: *manifest, digest: sum, engine: EngineFast}
	if err := m.readForest(fsys, limits); err != nil {
		return nil, err
	}
	text, err := readHashed(fsys, GoldenFile, maxGoldenBytes, manifest.Files.Golden)
	if err != nil {
		return nil, err
	}
	schema := m.Schema()
	if m.golden, err = parseGolden(text, schema.Names); err != nil {
		return nil, fmt.Errorf("%s: %w", GoldenFile, err)
	}
	if _, err := m.Bind(schema); err != nil {
		return nil, err
	}
	return m, nil
}

// ReadManifest reads the manifest of the model directory that is the root of fsys, and returns it with its digest, which
// is [Model.Digest]. Of the other files it reads nothing.
func ReadManifest(fsys fs.FS) (m *Manifest, sum string, err error) {
	text, err := readFile(fsys, ManifestFile, maxManifestBytes)
	if err != nil {
		return nil, "", err
	}
	if m, err = ParseManifest(text); err != nil {
		return nil, "", fmt.Errorf("%s: %w", ManifestFile, err)
	}
	return m, digest(text), nil
}

// readForest reads the model file, and holds it against the manifest.
func (m *Model) readForest(fsys fs.FS, limits forest.Limits) error {
	name, hash := m.manifest.Files.ModelFile()
	parse := forest.ParseLightGBM
	if name == XGBoostFile {
		parse = forest.ParseXGBoost
	}
	text, err := readHashed(fsys, name, limits.ModelBytes, hash)
	if err != nil {
		return err
	}
	if m.forest, err = parse(text, limits); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := m.checkNames(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := m.manifest.Link.fits(m.forest); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// checkNames holds that the model file has the manifest's features in the manifest's order. A model that was trained
// without names has LightGBM's own, Column_0 and so on, which say nothing of the order.
func (m *Model) checkNames() error {
	want, have := m.manifest.inputs(), m.forest.Names()
	if len(want) != len(have) {
		return fmt.Errorf("the model reads %d features, and %s lists %d; copy the whole directory again, or train again",
			len(have), ManifestFile, len(want))
	}
	unnamed := true
	for i, name := range have {
		unnamed = unnamed && name == fmt.Sprintf("Column_%d", i)
	}
	if unnamed {
		return nil
	}
	for i, name := range have {
		if name != want[i] {
			return fmt.Errorf("feature %d is called %s here and %q in %s; copy the whole directory again, or train again",
				i, payment.Quote(name), want[i], ManifestFile)
		}
	}
	return nil
}

// ID returns the model's name in decisions and alerts, such as cards/2026-11-24.
func (m *Model) ID() string { return m.manifest.ID }

// Digest returns the SHA-256 of the manifest, in lower-case hexadecimal. Since the manifest holds the hashes of the
// other files, it stands for the whole directory.
func (m *Model) Digest() string { return m.digest }

// Manifest returns what the model says of itself. The caller must not change what it refers to.
func (m *Model) Manifest() *Manifest { return &m.manifest }

// Schema returns the features that the model reads, in its order.
func (m *Model) Schema() *features.Schema { return m.manifest.Schema() }

// Trees returns the number of trees.
func (m *Model) Trees() int { return m.forest.Trees() }

// Bind returns a scorer for vectors of the given schema. It refuses, with an error that wraps
// [features.ErrDefinition], when the schema lacks a feature of the model or defines it otherwise, repeats the
// golden vectors through the result, and holds EngineFast against EngineLeaves on them.
func (m *Model) Bind(schema *features.Schema) (*Scorer, error) {
	at, err := schema.Project(m.Schema())
	if err != nil {
		return nil, fmt.Errorf("model %s cannot read these features: %w; declare the feature as it was when the model was trained, "+
			"or train again", m.ID(), err)
	}
	inputs, width := at, schema.Len()
	var kinds *kinds
	if g := m.manifest.Groups; g != nil {
		kinds = g.bind(schema)
		inputs, width = append(slices.Clone(at), width), width+1
	}
	trees, err := m.evaluator(inputs, width)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", m.ID(), err)
	}
	s := &Scorer{trees: trees, kinds: kinds, link: m.manifest.Link, calibration: m.manifest.Calibration, width: schema.Len()}
	if err := verifyGolden(m.golden, s, at); err != nil {
		return nil, fmt.Errorf("%s: %w", GoldenFile, err)
	}
	return s, nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is missing; a model directory has %s, %s (or %s) and %s: copy it again, or train with weir train (%w)",
			name, ManifestFile, ModelFile, XGBoostFile, GoldenFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s has %d bytes, and %d are allowed; train a smaller model, or raise the limit",
			name, max(info.Size(), limit+1), limit)
	}
	return data, nil
}

// readHashed is readFile for a file whose SHA-256 the manifest states.
func readHashed(fsys fs.FS, name string, limit int64, want string) ([]byte, error) {
	data, err := readFile(fsys, name, limit)
	if err != nil {
		return nil, err
	}
	if have := digest(data); have != want {
		return nil, fmt.Errorf("%s has the sha256 %s, and %s says %s: one of them was changed after training; "+
			"copy the whole directory again, or train again", name, have, ManifestFile, payment.Quote(want))
	}
	return data, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
