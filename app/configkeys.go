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
		at := append(append([]string(nil), path...), f.Tag.Get("yaml"))
		all = append(all, key{at, f.Tag.Get("doc"), v.Field(i)})
		if f.Type.Kind() == reflect.Struct {
			all = append(all, keys(v.Field(i), at)...)
		}
	}
	return all
}

// override sets keys from variables such as WEIR_KAFKA_BROKERS.
func (c *Config) override(environ []string) error {
	byName := make(map[string]key)
	for _, k := range keys(reflect.ValueOf(c).Elem(), nil) {
		if k.value.Kind() != reflect.Struct {
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
		*target = strings.Split(text, ",")
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
	for _, k := range keys(reflect.ValueOf(&c).Elem(), nil) {
		indent := strings.Repeat("  ", len(k.path)-1)
		name := k.path[len(k.path)-1]
		if k.value.Kind() == reflect.Struct {
			if _, err := fmt.Fprintf(w, "%s# %s\n%s%s:\n", indent, k.doc, indent, name); err != nil {
				return err
			}
			continue
		}
		text, err := yaml.MarshalWithOptions(k.value.Interface(), yaml.Flow(true))
		if err != nil {
			return fmt.Errorf("write the configuration: %w", err)
		}
		if _, err := fmt.Fprintf(w, "%s%s: %s # %s\n", indent, name, strings.TrimSpace(string(text)), k.doc); err != nil {
			return err
		}
	}
	return nil
}
