package review_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
)

// Somebody goes back through a case of many alerts by keyboard. An earlier one is read when they come to it, and stays read;
// meanwhile, and where it cannot be read, the page says so and is of use.
func TestPageOfManyAlerts(t *testing.T) {
	p := newPlace(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	list := manyAlerts(t, "a", 16, 14)
	for i, a := range list {
		a.Reasons[0].Text, a.Transaction.Amount = fmt.Sprint("reason ", i+1), int64(100*(i+1))
	}
	list[7].Transaction.Merchant.Name = "corner"
	p.take(list[:15]...)
	if err := review.AddUser(t.Context(), p.db, "lee", "lead", "correct horse battery", "test", payment.Time(p.clock.Load())); err != nil {
		t.Fatal(err)
	}
	v := startBrowser(t).visitor(t, p.url)
	v.prefers("light")
	v.do(chromedp.Navigate(p.url))
	v.until(`document.querySelector(".signin")`)
	v.do(chromedp.Focus("input[name=name]"))
	v.press("lee" + kb.Tab + "correct horse battery" + kb.Enter)
	shows := func(n int) {
		t.Helper()
		v.until(fmt.Sprintf(`document.querySelector(".reasons .text")?.textContent === "reason %d" && document.querySelector(".chips [aria-pressed=true]")?.dataset.keep === "alert a-%d"`, n, n))
	}
	const asked = `performance.getEntriesByType("resource").filter((e) => e.name.includes("/alerts/")).map((e) => e.name.split("/").pop()).join(" ")`
	shows(14)
	v.until(`document.querySelector(".live").dataset.state === "on" && document.querySelectorAll(".chips b").length === 12`) // amounts, of the earlier ones too
	v.press("[[[")
	shows(11)
	if read := ask[string](v, asked); read != "" {
		t.Errorf("read were %s, although none was asked for", read)
	}
	v.press("[")
	shows(10)
	v.accessible("earlier")

	// An alert that joins the case leaves the reader where they are, and takes nothing away that was read.
	v.do(chromedp.Evaluate[chromedp.Void](`window.gate = { fails: true }; const through = window.fetch; window.fetch = async (path, init) => {
		if (gate.fails && path.includes("/alerts/")) throw new TypeError("cut off");
		if (path.endsWith(gate.waits)) await new Promise((go) => { gate.go = go; });
		return through(path, init); }`))
	const place = `JSON.stringify([document.querySelector(".case .body").scrollTop, document.activeElement.dataset.keep, document.querySelector("details.features").open])`
	v.press("v")
	v.do(chromedp.Evaluate[chromedp.Void](`document.querySelector(".case .body").scrollTop = 90`))
	before := ask[string](v, place)
	p.take(list[15])
	v.until(`document.querySelector(".head dl").textContent.includes("Alerts16")`)
	shows(10)
	if after := ask[string](v, place); after != before {
		t.Errorf("the place was %s and is %s", before, after)
	}
	v.press("v]")
	shows(11) // which came whole before, and does no more
	v.press("[")
	shows(10)

	v.do(chromedp.Evaluate[chromedp.Void](`gate.fails = false; gate.waits = "/alerts/a-9"`))
	v.press("[")
	v.until(`document.querySelector(".why .hint")?.textContent === "Being read …"`)
	if lead := v.text(".lead"); !strings.HasPrefix(lead, "$9.00 purchase at shop, toys") {
		t.Errorf("meanwhile it says %q", lead)
	}
	v.accessible("being-read")
	v.do(chromedp.Evaluate[chromedp.Void](`gate.go()`))
	shows(9)
	v.do(chromedp.Evaluate[chromedp.Void](`gate.fails = true`))
	v.press("[")
	v.says("The alert could not be read")
	v.until(`document.querySelector(".why .failed button") && document.querySelector(".timeline")`)
	v.accessible("unread")
	v.do(chromedp.Evaluate[chromedp.Void](`gate.fails = false; document.querySelector(".why .failed button").focus()`))
	v.press(kb.Enter)
	shows(8)
	v.press("b")
	v.until(`document.querySelector("dialog .blocking")?.textContent.includes("corner")`) // which no alert that came with the case has
	v.press(kb.Escape)
	v.until(`!document.querySelector("dialog")`)
	v.do(chromedp.Evaluate[chromedp.Void](`gate.waits = "/alerts/a-7"`))
	v.press("[]") // on before it was read
	shows(8)
	v.do(chromedp.Evaluate[chromedp.Void](`gate.go()`))
	v.press("]")
	shows(9)
}
