package scoring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/payment"
)

// The files of a model directory. It has one of the model files, which the manifest names.
const (
	ManifestFile = "manifest.json"
	ModelFile    = "model.txt"  // of LightGBM
	XGBoostFile  = "model.json" // of XGBoost
	GoldenFile   = "golden.csv"
)

// manifestFormat is the format this package reads. It changes when a key changes its meaning.
const manifestFormat = 1

// Manifest says what a model is: where it came from, what it reads, how it did, and how its scores become actions.
// It is the file manifest.json of a model directory.
type Manifest struct {
	Format     int         `json:"format"`               // 1
	ID         string      `json:"id"`                   // such as cards/2026-11-24; also the directory's place under models/
	Created    time.Time   `json:"created"`              // when the model was made, as its maker states it
	Trainer    Trainer     `json:"trainer"`              // what made it
	Training   Window      `json:"training"`             // the data the trees were grown on
	Validation *Window     `json:"validation,omitempty"` // later data that chose the thresholds; nil if the trees' own did
	Test       *Evaluation `json:"test,omitempty"`       // still later data that chose nothing; nil where there was none
	Link       Link        `json:"link,omitempty"`       // from margin to score; empty: logistic
	Thresholds Thresholds  `json:"thresholds"`

	Calibration *Calibration `json:"calibration,omitempty"` // nil: the model's scores as they are
	Groups      *Groups      `json:"groups,omitempty"`      // nil: the model reads its features alone
	Features    []Feature    `json:"features"`              // in the model's order
	Files       Hashes       `json:"files"`
}

// Trainer names the program that made a model.
type Trainer struct {
	Name      string            `json:"name"`
	Version   string            `json:"version"`
	Seed      int64             `json:"seed"`
	Libraries map[string]string `json:"libraries,omitempty"`   // name → version
	Data      string            `json:"data_sha256,omitempty"` // of the features it was given, uncompressed
}

// Window is a span of event time and what it held.
type Window struct {
	From   time.Time `json:"from"` // of the first transaction
	To     time.Time `json:"to"`   // of the last transaction
	Rows   int64     `json:"rows"` // labelled transactions
	Frauds int64     `json:"frauds"`
}

// Evaluation is how a model did on a window that it was not trained on and that chose nothing.
type Evaluation struct {
	Window
	AveragePrecision float64                    `json:"average_precision"`
	ROCAUC           float64                    `json:"roc_auc"`
	Review           Operation                  `json:"review"`             // at or above the review threshold
	Decline          *Operation                 `json:"decline,omitempty"`  // at or above the decline threshold
	Patterns         map[string]PatternRecalled `json:"patterns,omitempty"` // fraud pattern → what of it was found
}

// Operation is what a threshold did in the test window.
type Operation struct {
	PerDay    float64  `json:"per_day"`             // transactions a day at or above the threshold
	Precision *float64 `json:"precision,omitempty"` // the share of fraud among them; nil if there were none
	Recall    float64  `json:"recall"`              // the share of all fraud that is among them
}

// PatternRecalled is the share of one fraud pattern at or above the review threshold.
type PatternRecalled struct {
	Frauds int64   `json:"frauds"`
	Recall float64 `json:"recall"`
}

// Thresholds turn scores into actions where configuration says nothing else.
type Thresholds struct {
	Review  Threshold  `json:"review"`
	Decline *Threshold `json:"decline,omitempty"` // nil: never decline on the score
}

// Threshold is a probability, and how many transactions a day were at or above it in the data that chose it.
type Threshold struct {
	Score  float64 `json:"score"`
	PerDay float64 `json:"per_day"`
}

// Feature names one input of a model, with the hash of its definition as features.Schema has it.
type Feature struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// Hashes holds the SHA-256 of the other files of the directory, in lower-case hexadecimal. One of the models is there.
type Hashes struct {
	Model   string `json:"model.txt,omitempty"`
	XGBoost string `json:"model.json,omitempty"`
	Golden  string `json:"golden.csv"`
}

// ModelFile returns the name of the model's file, and its SHA-256.
func (h Hashes) ModelFile() (name, hash string) {
	if h.XGBoost != "" {
		return XGBoostFile, h.XGBoost
	}
	return ModelFile, h.Model
}

// ParseManifest reads and checks a manifest. An unknown key, a key given twice and text after the object are errors.
func ParseManifest(data []byte) (*Manifest, error) {
	if err := refuseRepeatedKeys(data); err != nil {
		return nil, err
	}
	// The format comes first: a newer one may have other keys.
	var head struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &head); err == nil && head.Format != manifestFormat {
		return nil, fmt.Errorf("format is %d, and this version of weir reads format %d; train the model again, or upgrade weir",
			head.Format, manifestFormat)
	}
	m := &Manifest{}
	if err := decodeStrict(data, m); err != nil {
		return nil, fmt.Errorf("%w; docs/models.md lists the keys", err)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return m, nil
}

// Validate checks what the manifest says against itself; the files are [Load]'s matter.
func (m *Manifest) Validate() error {
	switch {
	case m.Format != manifestFormat:
		return fmt.Errorf("format is %d instead of %d", m.Format, manifestFormat)
	case m.Created.IsZero():
		return errors.New("created is missing; write the RFC 3339 time the model was made")
	case m.Trainer.Name == "" || m.Trainer.Version == "":
		return errors.New("trainer needs a name and a version")
	case (m.Files.Model == "") == (m.Files.XGBoost == "") || m.Files.Golden == "":
		return fmt.Errorf("files needs the sha256 of either %s or %s, and of %s", ModelFile, XGBoostFile, GoldenFile)
	}
	if err := ValidateID(m.ID); err != nil {
		return err
	}
	if err := m.Link.validate(); err != nil {
		return err
	}
	if err := m.Training.validate("training"); err != nil {
		return err
	}
	if m.Validation != nil {
		if err := m.Validation.validate("validation"); err != nil {
			return err
		}
	}
	if m.Test != nil {
		if err := m.Test.validate("test"); err != nil {
			return err
		}
	}
	if m.Calibration != nil {
		if err := m.Calibration.Validate(); err != nil {
			return fmt.Errorf("calibration: %w", err)
		}
	}
	if err := m.Bands().Validate(); err != nil {
		return fmt.Errorf("thresholds: %w", err)
	}
	if err := validateFeatures(m.Features); err != nil {
		return err
	}
	if m.Groups != nil {
		if err := m.Groups.validate(m.Features); err != nil {
			return fmt.Errorf("groups: %w", err)
		}
	}
	return nil
}

func (w *Window) validate(key string) error {
	switch {
	case w.From.IsZero() || w.To.Before(w.From):
		return fmt.Errorf("%s: from %s to %s is no span of time", key, w.From.Format(time.RFC3339), w.To.Format(time.RFC3339))
	case w.Frauds < 0 || w.Rows < w.Frauds:
		return fmt.Errorf("%s: %d frauds in %d rows cannot be", key, w.Frauds, w.Rows)
	}
	return nil
}

func validateFeatures(list []Feature) error {
	if len(list) == 0 {
		return errors.New("features is empty; list what the model reads, in its order")
	}
	seen := make(map[string]bool, len(list))
	for i, f := range list {
		switch {
		case f.Name == "" || strings.ContainsAny(f.Name, " \t\r\n"):
			return fmt.Errorf("feature %d is called %s; a name has no spaces and is not empty", i, payment.Quote(f.Name))
		case f.Hash == "":
			return fmt.Errorf("feature %q has no hash; take it from the schema that the features were written with", f.Name)
		case seen[f.Name]:
			return fmt.Errorf("feature %q is listed twice", f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// ValidateID checks a model's id: one or more parts joined by "/", each of lower-case letters, digits, ".", "_" and
// "-", starting with a letter or digit, 100 bytes in all. An id is therefore also a safe relative path.
func ValidateID(id string) error {
	bad := len(id) > 100
	for part := range strings.SplitSeq(id, "/") {
		bad = bad || part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" ||
			strings.ContainsRune("._-", rune(part[0]))
	}
	if bad {
		return fmt.Errorf("the id %s is not legal; use lower-case letters, digits, ., _ and -, parts joined by /, as in cards/2026-11-24",
			payment.Quote(id))
	}
	return nil
}

// Bands returns what the manifest's thresholds make of scores.
func (m *Manifest) Bands() Bands {
	b := Bands{Review: m.Thresholds.Review.Score, Decline: Never()}
	if m.Thresholds.Decline != nil {
		b.Decline = m.Thresholds.Decline.Score
	}
	return b
}

// Schema returns the features that the model reads, in its order.
func (m *Manifest) Schema() *features.Schema {
	s := &features.Schema{Names: make([]string, len(m.Features)), Hashes: make([]string, len(m.Features))}
	for i, f := range m.Features {
		s.Names[i], s.Hashes[i] = f.Name, f.Hash
	}
	return s
}

// decodeStrict reads one JSON value into v and refuses unknown keys and anything after the value.
func decodeStrict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is text after the JSON object")
	}
	return nil
}

// refuseRepeatedKeys walks a JSON value and refuses an object that has a key twice, in whatever case: encoding/json
// would take the last. Malformed JSON is left to the decoder that follows.
func refuseRepeatedKeys(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	type level struct {
		keys  map[string]bool // nil in an array
		value bool            // a value is due, not a key
	}
	var stack []level
	for {
		token, err := d.Token()
		if err != nil {
			return nil //nolint:nilerr // malformed JSON is the decoder's to report
		}
		top := len(stack) - 1
		switch t := token.(type) {
		case json.Delim:
			if t == '}' || t == ']' {
				stack = stack[:top]
				continue
			}
			if top >= 0 {
				stack[top].value = false
			}
			next := level{}
			if t == '{' {
				next.keys = map[string]bool{}
			}
			stack = append(stack, next)
			continue
		case string:
			if top >= 0 && stack[top].keys != nil && !stack[top].value {
				key := strings.ToLower(t)
				if stack[top].keys[key] {
					return fmt.Errorf("the key %s stands there twice", payment.Quote(t))
				}
				stack[top].keys[key], stack[top].value = true, true
				continue
			}
		}
		if top >= 0 {
			stack[top].value = false
		}
	}
}
