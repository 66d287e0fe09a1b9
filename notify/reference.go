package notify

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// reference says where a secret is: env:NAME or file:PATH. The file of the routes holds none itself.
type reference string

// Lookup returns the value of an environment variable, as os.LookupEnv does.
type Lookup func(name string) (value string, found bool)

var errReference = errors.New("must say where the secret is: env:NAME or file:PATH")

func parseReference(text string) (reference, error) {
	kind, name, _ := strings.Cut(text, ":")
	if kind != "env" && kind != "file" || name == "" {
		return "", errReference // the text may be the secret itself
	}
	return reference(text), nil
}

// resolve returns the secret. White space around it, as at the end of a file, is none of it.
func (r reference) resolve(lookup Lookup) (string, error) {
	kind, name, _ := strings.Cut(string(r), ":")
	secret := ""
	if kind == "env" {
		value, found := lookup(name)
		if !found {
			return "", fmt.Errorf("%s: the environment variable is not set", r)
		}
		secret = value
	} else {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		secret = string(text)
	}
	if secret = strings.TrimSpace(secret); secret == "" {
		return "", fmt.Errorf("%s: the secret is empty", r)
	}
	return secret, nil
}
