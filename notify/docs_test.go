package notify_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/notify"
)

// What docs/notify.md shows is so: its files are legal, its example of a signature is one, and its check takes it.
func TestTheHandbook(t *testing.T) {
	raw, err := os.ReadFile("../docs/notify.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	files := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(text, -1)
	for _, m := range files {
		content := m[1]
		if !strings.HasPrefix(content, "format: 1\n") {
			content = "format: 1\n" + content
		}
		if _, err := notify.Parse("docs/notify.md", []byte(content)); err != nil {
			t.Error(err)
		}
	}
	if len(files) != 2 {
		t.Errorf("%d files", len(files))
	}
	body := regexp.MustCompile(`(?m)^    (body: '.*')$`).FindStringSubmatch(text)
	if body == nil {
		t.Fatal("the workflow's body is not there")
	}
	if _, err := notify.Parse("docs/notify.md", []byte("format: 1\nroutes:\n- name: r\n  on: alert\n  webhook: env:W\n  secret: env:S\n  "+body[1]+"\n")); err != nil {
		t.Error(err)
	}
	signature := notify.Signature([]byte("0123456789abcdef"), time.Unix(1_700_000_000, 0), []byte(`{"test":true}`))
	if !strings.Contains(text, "Weir-Signature: "+signature+"\n") {
		t.Errorf("the example of a signature is not %s", signature)
	}
	code := regexp.MustCompile("(?s)```python\n(.*?)```").FindStringSubmatch(text)
	if code == nil {
		t.Fatal("the check is not there")
	}
	out, err := exec.CommandContext(t.Context(), "python3", "-c", code[1]+`
header, body, secret = "`+signature+`", b'{"test":true}', b"0123456789abcdef"
print(verified(secret, header, body, 1700000100), verified(secret, header, body + b" ", 1700000100), verified(b"x", header, body, 1700000100),
      verified(secret, header, body, 1700000301), verified(secret, header, body))`).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "True False False False False" {
		t.Errorf("%s, %v", out, err)
	}
}
