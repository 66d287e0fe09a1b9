package review_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/review"
)

// conformance is how long the tool may take for one kind of client on a busy machine; a quiet one takes 20 seconds for all.
const conformance = 5 * time.Minute

// schemathesis returns the tool, which scripts/python-env installs.
func schemathesis(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs("../.venv/bin/schemathesis")
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("schemathesis is missing: run `make test`, or scripts/python-env, which installs it (%v)", err)
	}
	return path
}

// Whatever a client of any role sends, legal or not, the answer is one that the description has for the operation, and no
// fault of the server.
func TestWhateverIsAskedTheAnswerIsAsDescribed(t *testing.T) {
	tool := schemathesis(t)
	for who, phases := range map[string]string{"nobody": "coverage", "viewer": "coverage", "analyst": "examples,coverage", "lead": "examples,coverage,fuzzing"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
			for i := range 30 {
				p.take(manyAlerts(t, fmt.Sprintf("a%02d", i), 1+i%9, 1)...)
			}
			c := &client{p: p, header: http.Header{}}
			if rights := review.RightsOf(who); rights != nil {
				c = p.token(who, strings.Join(rights, ","))
			}
			ctx, cancel := context.WithTimeout(t.Context(), conformance)
			defer cancel()
			args := []string{
				"run", p.url + "/api/v1/openapi.json", "--url", p.url, "--no-color", "--generation-deterministic",
				"--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
				"--phases", phases, "--max-examples", "8", "--continue-on-failure", "--warnings", "off", "--request-timeout", "10",
				"--exclude-path", "/api/v1/changes", // it has no end
			}
			if bearer := c.header.Get("Authorization"); bearer != "" {
				args = append(args, "--header", "Authorization: "+bearer)
			}
			command := exec.CommandContext(ctx, tool, args...)
			command.Dir = t.TempDir()
			said, err := command.CombinedOutput()
			if t.Logf("%s", said); err != nil {
				t.Error(err)
			}
			entries, err := p.db.Audit(t.Context(), "", 0, 10_000)
			if err != nil {
				t.Fatal(err)
			}
			done := make(map[string]int)
			for _, e := range entries {
				done[e.Action]++
			}
			if work := slices.Contains(review.RightsOf(who), "work"); work != (done["dispose"] > 0) {
				t.Errorf("it did %v", done)
			}
			if lists := slices.Contains(review.RightsOf(who), "lists"); lists != (done["list.add"] > 0) {
				t.Errorf("it did %v", done)
			}
		})
	}
}
