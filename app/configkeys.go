package app

import (
	"encoding"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
)

// key is one key of the configuration.
type key struct {
	path  []string
	doc   string
	value reflect.Value
}

// keys lists all keys below v, sections before what is in them.
func keys(v reflect.Value, path []string) []key {
	var all []key
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() {
			continue
		}
		name, inline := strings.CutSuffix(f.Tag.Get("yaml"), ",inline")
		if inline {
			all = append(all, keys(v.Field(i), path)...)
			continue
		}
		k := key{append(append([]string(nil), path...), name), f.Tag.Get("doc"), v.Field(i)}
		if all = append(all, k); k.section() {
			all = append(all, keys(v.Field(i), k.path)...)
		}
	}
	return all
}

// section tells whether there are keys below this one, rather than a value.
func (k *key) section() bool {
	t := k.value.Type()
	return t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Tag.Get("yaml") != ""
}

// override sets keys from variables such as WEIR_KAFKA_BROKERS.
func (c *Config) override(environ []string) error {
	byName := make(map[string]key)
	for _, k := range keys(reflect.ValueOf(c).Elem(), nil) {
		if !k.section() {
			byName["WEIR_"+strings.ToUpper(strings.Join(k.path, "_"))] = k
		}
	}
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		k, ok := byName[name]
		if !ok {
			continue
		}
		if err := k.set(text); err != nil {
			return fmt.Errorf("environment variable %s: %w", name, err)
		}
	}
	return nil
}

func (k *key) set(text string) error {
	switch target := k.value.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return target.UnmarshalText([]byte(text))
	case *[]string:
		if *target = []string{}; text != "" {
			*target = strings.Split(text, ",")
		}
		return nil
	}
	switch k.value.Kind() {
	case reflect.String:
		k.value.SetString(text)
		return nil
	case reflect.Pointer: // the library leaves what a pointer to a pointer leads to as it is
		if text == "" || text == "null" {
			k.value.SetZero()
			return nil
		}
		value := reflect.New(k.value.Type().Elem())
		if err := yaml.Unmarshal([]byte(text), value.Interface()); err != nil {
			return err
		}
		k.value.Set(value)
		return nil
	}
	return yaml.Unmarshal([]byte(text), k.value.Addr().Interface())
}

// WriteConfig writes c as YAML with a comment for every key.
func WriteConfig(w io.Writer, c Config) error {
	p := printer{w: w}
	for _, k := range keys(reflect.ValueOf(&c).Elem(), nil) {
		indent := strings.Repeat("  ", len(k.path)-1)
		if k.section() {
			p.section(indent, k)
		} else {
			p.value(indent, k)
		}
	}
	return p.err
}

// printer writes keys as YAML, and keeps the first error.
type printer struct {
	w        io.Writer
	encoding []yaml.EncodeOption
	err      error
}

func (p *printer) section(indent string, k key) {
	p.printf("%s# %s\n%s%s:\n", indent, k.doc, indent, k.path[len(k.path)-1])
}

func (p *printer) value(indent string, k key) {
	text, err := yaml.MarshalWithOptions(k.value.Interface(), append(p.encoding, yaml.Flow(true))...)
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("write the key %s: %w", strings.Join(k.path, "."), err)
	}
	p.printf("%s%s: %s # %s\n", indent, k.path[len(k.path)-1], strings.TrimSpace(string(text)), k.doc)
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}
