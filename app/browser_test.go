package app_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long the page may take for one step.
const patience = 20 * time.Second

// visitor is a person who uses the review page by keyboard alone. How the page looks and behaves is tested in review.
type visitor struct {
	t   *testing.T
	ctx context.Context
}

func newVisitor(t *testing.T, link string) *visitor {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("WEIR_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("there is no Chromium: run `make services`, which installs one, or set WEIR_TEST_CHROMIUM to its path")
	}
	// The sandbox needs rights that containers do not have, and the page is our own.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.ExecPath(path))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(link)); err != nil {
		t.Fatal(err)
	}
	return &visitor{t, ctx}
}

// press presses keys one after the other.
func (v *visitor) press(keys string) {
	v.t.Helper()
	for _, r := range keys {
		events := kb.Encode(r)
		down, up := events[0], events[len(events)-1]
		if len(events) == 3 { // what a key types is part of the event that the page may prevent
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		for _, e := range []*input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(v.ctx, input.DispatchKeyEvent, *e); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}

// look evaluates an expression in the page.
func look[T any](v *visitor, expression string) T {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	answer, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		v.t.Fatalf("%s: %v", expression, err)
	}
	return answer
}

// until waits for something to be true in the page, which is looked at with every frame that is drawn.
func (v *visitor) until(expression string) {
	v.t.Helper()
	const wait = `new Promise((is) => { const end = performance.now() + %d; const look = () => { const yes = Boolean(%s);
		if (yes || performance.now() > end) is(yes); else requestAnimationFrame(look); }; look(); })`
	if !look[bool](v, fmt.Sprintf(wait, (patience-5*time.Second).Milliseconds(), expression)) {
		v.t.Fatalf("in vain waited for: %s\nthe page says: %s", expression, look[string](v, `document.body.innerText.slice(0, 1500)`))
	}
}

// says waits for the status line to begin with a text.
func (v *visitor) says(text string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`document.querySelector(".said").textContent.startsWith(%q)`, text))
}

// shown is the account of the case on show.
const shown = `document.querySelector(".head .account")?.textContent`

// decide presses a key for the case on show, and waits for the next one.
func (v *visitor) decide(key, label string) (account string) {
	v.t.Helper()
	v.until(shown + ` && ` + shown + ` === document.querySelector(".row[data-current=true] b")?.textContent`)
	account = look[string](v, shown)
	v.press(key)
	v.says(account + ": " + label)
	v.until(fmt.Sprintf(shown+` !== %q`, account))
	return account
}
