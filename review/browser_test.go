package review_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long the page may take for one step; what takes longer fails the test.
const patience = 20 * time.Second

// browser is a headless Chromium. The library keeps what it has started in a context.
type browser struct{ ctx context.Context }

// startBrowser starts a browser that ends with the test.
func startBrowser(t *testing.T) *browser {
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
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &browser{ctx}
}

// visitor is a person with a window of their own, without the cookies of others.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	base string // of the server; anything else is not to be asked for

	mu     sync.Mutex
	faults []string // errors of scripts, messages of the browser, requests elsewhere
}

// visitor opens a window.
func (b *browser) visitor(t *testing.T, base string) *visitor {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	v := &visitor{t: t, ctx: ctx, base: base}
	if err := chromedp.Listen(ctx, v.listen); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	if err == nil {
		_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.faultless)
	v.window(1280, 800)
	return v
}

func (v *visitor) listen(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = fmt.Sprintf("script: %s: %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		// A refused request is told by the page itself; the browser's own line about it is no fault.
		if e.Entry.Source != log.EntrySourceNetwork {
			fault = fmt.Sprintf("browser: %s %s", e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, v.base) {
			fault = "request elsewhere: " + e.Request.URL
		}
	}
	if fault != "" {
		v.mu.Lock()
		v.faults = append(v.faults, fault)
		v.mu.Unlock()
	}
}

// faultless fails the test if anything went wrong in the page.
func (v *visitor) faultless() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, f := range v.faults {
		v.t.Error(f)
	}
}

func (v *visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		v.t.Fatal(err)
	}
}

// press presses keys one after the other, as a keyboard does: what a key types is part of the event that the page may
// prevent, and no event of its own.
func (v *visitor) press(keys string, modifiers ...chromedp.Modifier) {
	v.t.Helper()
	for _, r := range keys {
		events := kb.Encode(r)
		down, up := events[0], events[len(events)-1]
		if len(events) == 3 {
			down.Text, down.UnmodifiedText = events[1].Text, events[1].UnmodifiedText
		}
		for _, e := range []*input.DispatchKeyEventParams{down, up} {
			chromedp.KeyModifiers(modifiers...)(e)
			if _, err := chromedp.Call(v.ctx, input.DispatchKeyEvent, *e); err != nil {
				v.t.Fatal(err)
			}
		}
	}
}

// ask evaluates an expression in the page.
func ask[T any](v *visitor, expression string) T {
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
	const look = `new Promise((is) => { const end = performance.now() + %d; const look = () => { const yes = Boolean(%s);
		if (yes || performance.now() > end) is(yes); else requestAnimationFrame(look); }; look(); })`
	if !ask[bool](v, fmt.Sprintf(look, (patience-5*time.Second).Milliseconds(), expression)) {
		v.shot("failed")
		v.t.Fatalf("in vain waited for: %s\nthe page says: %s", expression, ask[string](v, `document.body.innerText.slice(0, 1500)`))
	}
}

func (v *visitor) text(selector string) string {
	v.t.Helper()
	return ask[string](v, fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector))
}

// says waits for the status line to begin with a text.
func (v *visitor) says(text string) {
	v.t.Helper()
	v.until(fmt.Sprintf(`document.querySelector(".said").textContent.startsWith(%q)`, text))
}

func (v *visitor) window(width, height int64) {
	v.t.Helper()
	if width < 600 {
		v.do(chromedp.EmulateViewport(width, height, chromedp.EmulateMobile, chromedp.EmulateScale(2)))
	} else {
		v.do(chromedp.EmulateViewport(width, height))
	}
}

func (v *visitor) prefers(scheme string) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		v.t.Fatal(err)
	}
}

// offline cuts the visitor off, or connects them again.
func (v *visitor) offline(yes bool) {
	v.t.Helper()
	rule := &network.Conditions{Offline: yes, DownloadThroughput: -1, UploadThroughput: -1}
	_, err := chromedp.Call(v.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{rule}})
	if err != nil {
		v.t.Fatal(err)
	}
}

// shot writes what the visitor sees into WEIR_TEST_SCREENSHOTS, if that is set.
func (v *visitor) shot(name string) {
	v.t.Helper()
	directory := os.Getenv("WEIR_TEST_SCREENSHOTS")
	if directory == "" {
		return
	}
	picture, err := chromedp.Run(v.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(directory, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(directory, v.t.Name()+"-"+name+".png"), picture, 0o600)
	}
	if err != nil {
		v.t.Error(err)
	}
}

// accessible fails the test if axe finds something serious in what the visitor sees.
func (v *visitor) accessible(where string) {
	v.t.Helper()
	v.until(`!document.querySelector("[aria-busy]")`)
	v.shot(where)
	if !ask[bool](v, `typeof axe === "object"`) {
		v.do(chromedp.Evaluate[chromedp.Void](string(unpacked(v.t, "testdata/axe/axe.min.js.gz")) + "\n;0"))
	}
	found := ask[string](v, `axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations
		.map((x) => ({rule: x.id, impact: x.impact, help: x.help, at: x.nodes.slice(0, 3).map((n) => n.target.join(" ") + ": " + n.failureSummary)}))))`)
	var violations []struct {
		Rule, Impact, Help string
		At                 []string
	}
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		v.t.Fatal(err)
	}
	for _, x := range violations {
		v.t.Logf("%s: axe: %s (%s): %s\n%s", where, x.Rule, x.Impact, x.Help, strings.Join(x.At, "\n"))
		if x.Impact == "serious" || x.Impact == "critical" {
			v.t.Errorf("%s: %s is %s", where, x.Rule, x.Impact)
		}
	}
}

func unpacked(t *testing.T, name string) []byte {
	t.Helper()
	packed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
