package review_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

func TestQueueAndCase(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5), alert(t, "b", 1, 0, .9), alert(t, "a", 2, .5, .7))
		c := p.token("reader", "read")
		page := c.must("GET", "/api/v1/queue?limit=1", nil)
		first := page["cases"].([]any)[0].(object)
		if first["account_id"] != "a" || first["severity"] != "medium" || first["money_at_risk"] != "25.00" || first["currency"] != "USD" || page["size"] != 2. {
			t.Errorf("%v", page)
		}
		second := c.queue("limit=1&cursor=" + page["next"].(string))
		if len(second) != 1 || second[0]["account_id"] != "b" {
			t.Errorf("%v", second)
		}
		if list := c.queue("account=b"); len(list) != 1 {
			t.Errorf("%v", list)
		}
		d := c.must("GET", casePath(first, ""), nil)
		if all := d["alerts"].([]any); len(all) != 2 || all[0].(object)["case_id"] != first["id"] || all[0].(object)["label"] != nil {
			t.Errorf("%v", d["alerts"])
		}
		related := d["related"].([]any)
		if len(related) != 1 || related[0].(object)["key"] != "shop" || related[0].(object)["alerts"].([]any)[0].(object)["alert_id"] != "b-1" {
			t.Errorf("related %v", related)
		}
		events := c.must("GET", "/api/v1/accounts/a/timeline", nil)["events"].([]any)
		if len(events) != 3 || events[0].(object)["alert_id"] != nil || events[2].(object)["alert_id"] != "a-2" || events[1].(object)["amount"] != "12.50" || events[1].(object)["latitude"] != 40. {
			t.Errorf("timeline %v", events)
		}
		if a := c.must("GET", "/api/v1/alerts/a-1", nil); a["alert_id"] != "a-1" || a["case_id"] != first["id"] {
			t.Errorf("%v", a)
		}
		for _, q := range []string{"a", "t2", "a-1", "d-a", "shop"} {
			if list := c.must("GET", "/api/v1/search?q="+q, nil)["cases"].([]any); len(list) == 0 {
				t.Errorf("nothing is found by %s", q)
			}
		}
		stats := c.must("GET", "/api/v1/stats", nil)
		if stats["open"] != 2. || stats["money_open"] != "37.50" || stats["model"] != "cards/1" || stats["precision_30d"] != nil {
			t.Errorf("%v", stats)
		}
	})
}

func TestLifeOfACase(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5), alert(t, "a", 2, .5, .7))
		c := p.token("ann", "read,work")
		v := c.queue("")[0]
		v = c.must("POST", casePath(v, "/claim"), object{"version": v["version"]})
		if v["state"] != "in_review" || v["owner"] != "token:ann" || v["fresh"] != 0. {
			t.Errorf("claimed %v", v)
		}
		if list := c.queue("view=mine"); len(list) != 1 {
			t.Errorf("mine %v", list)
		}
		v = c.must("POST", casePath(v, "/release"), object{"version": v["version"]})
		v = c.must("POST", casePath(v, "/snooze"), object{"version": v["version"], "until": time.UnixMilli(p.clock.Load() + 60_000)})
		if list := c.queue(""); len(list) != 0 || len(c.queue("view=snoozed")) != 1 {
			t.Errorf("snoozed, and in the queue is %v", list)
		}
		p.clock.Add(120_000)
		v = c.must("POST", casePath(v, "/notes"), object{"version": v["version"], "note": "<b>rang</b> '; DROP TABLE notes --"})
		v = c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud", "note": "a ring"})
		if v["state"] != "closed" || v["disposition"] != "fraud" || v["closed_by"] != "token:ann" {
			t.Errorf("disposed %v", v)
		}
		d := c.must("GET", casePath(v, ""), nil)
		if len(d["labels"].([]any)) != 2 || len(d["notes"].([]any)) != 2 || d["notes"].([]any)[0].(object)["body"] != "<b>rang</b> '; DROP TABLE notes --" ||
			d["alerts"].([]any)[0].(object)["label"].(object)["label"] != "fraud" {
			t.Errorf("%v", d)
		}
		undone := c.must("POST", "/api/v1/undo", object{"undo": v["undo"]})["cases"].([]any)[0].(object)
		if undone["state"] != "open" || undone["disposition"] != "" || undone["fresh"] != v["fresh"] {
			t.Errorf("undone %v", undone)
		}
		c.refused(http.StatusConflict, "POST", "/api/v1/undo", object{"undo": v["undo"]})
		var actions []string
		for _, e := range c.must("GET", casePath(v, ""), nil)["audit"].([]any) {
			actions = append(actions, e.(object)["action"].(string))
		}
		if got := strings.Join(actions, " "); got != "claim release snooze note dispose reopen" {
			t.Errorf("audit %s", got)
		}
		labels, err := p.db.Labels(t.Context(), "a", "t1")
		if err != nil || len(labels) != 2 || labels[1].Verdict != feedback.Withdrawn || feedback.Resolve(labels).Verdict != 0 {
			t.Errorf("labels %+v, %v", labels, err)
		}
		if out, err := p.db.Outgoing(t.Context(), 0, 10); err != nil || len(out) != 4 {
			t.Errorf("%d labels are to be published, %v", len(out), err)
		}
	})
}

// An undo gives back what was claimed, and nothing else, whatever its token says.
func TestUndoGivesBackWhatWas(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5), alert(t, "b", 1, 0, .5), alert(t, "c", 1, 0, .5))
		ann, lee := p.token("ann", "read,work"), p.token("lee", "read,work")
		for _, v := range ann.queue("account=a") {
			ann.must("POST", casePath(v, "/claim"), object{"version": v["version"]})
		}
		var list []object
		for _, v := range ann.queue("") {
			list = append(list, object{"id": v["id"], "version": v["version"]})
		}
		done := ann.must("POST", "/api/v1/cases:dispose", object{"cases": list, "label": "fraud"})
		for _, v := range ann.must("POST", "/api/v1/undo", object{"undo": done["undo"]})["cases"].([]any) {
			v := v.(object)
			if mine := v["account_id"] == "a"; mine != (v["owner"] == "token:ann") || mine != (v["state"] == "in_review") || mine != (v["fresh"] == 0.) {
				t.Errorf("undone it is %v", v)
			}
		}
		c := ann.queue("account=b")[0]
		done = ann.must("POST", casePath(c, "/dispose"), object{"version": c["version"], "label": "fraud"})
		forge := func(done object) string {
			return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `[{"id":%v,"version":%v,"held":{"o":"token:ann","u":7258118399999,"f":1000000}}]`, done["id"], done["version"]))
		}
		v := lee.must("POST", "/api/v1/undo", object{"undo": forge(done)})["cases"].([]any)[0].(object)
		if v["owner"] != "" || v["fresh"] != 1. {
			t.Errorf("by another it is %v", v)
		}
		done = ann.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		v = ann.must("POST", "/api/v1/undo", object{"undo": forge(done)})["cases"].([]any)[0].(object)
		if until := payment.Time(p.clock.Load()).Add(15 * time.Minute).Std().Format(time.RFC3339Nano); v["owner"] != "token:ann" || v["owned_until"].(string) > until {
			t.Errorf("claimed by a forged token it is %v, want at most until %s", v, until)
		}
	})
}

func TestTheSecondIsTold(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		ann, bob := p.token("ann", "read,work"), p.token("bob", "read,work")
		v := ann.queue("")[0]
		done := ann.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "legitimate"})
		told := bob.refused(http.StatusConflict, "POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		now, _ := told["case"].(object)
		if now["closed_by"] != "token:ann" || now["version"] != done["version"] || now["disposition"] != "legitimate" {
			t.Errorf("told %v", told)
		}
		if out, err := p.db.Outgoing(t.Context(), 0, 10); err != nil || len(out) != 1 {
			t.Errorf("%d labels, %v", len(out), err)
		}
	})
}

// Of many who close a case at once, one does.
func TestOneOfManyCloses(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		c := p.token("ann", "read,work")
		v := c.queue("")[0]
		var mu sync.Mutex
		counts := map[int]int{}
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				status, _, _ := c.send("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
				mu.Lock()
				defer mu.Unlock()
				counts[status]++
			})
		}
		all.Wait()
		if counts[200] != 1 || counts[409] != 7 {
			t.Errorf("answers by status %v", counts)
		}
	})
}

func TestSeveralAreDisposedOfTogetherOrNot(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5), alert(t, "b", 1, 0, .6), alert(t, "c", 1, 0, .7))
		c := p.token("ann", "read,work")
		var list []object
		for _, v := range c.queue("") {
			list = append(list, object{"id": v["id"], "version": v["version"]})
		}
		c.must("POST", casePath(list[1], "/claim"), object{"version": list[1]["version"]})
		told := c.refused(http.StatusConflict, "POST", "/api/v1/cases:dispose", object{"cases": list, "label": "fraud"})
		if told["case"].(object)["id"] != list[1]["id"] || len(c.queue("")) != 3 {
			t.Errorf("told %v", told)
		}
		list[1]["version"] = told["case"].(object)["version"]
		done := c.must("POST", "/api/v1/cases:dispose", object{"cases": list, "label": "fraud"})
		if len(done["cases"].([]any)) != 3 || len(c.queue("view=closed")) != 3 {
			t.Errorf("done %v", done)
		}
		if undone := c.must("POST", "/api/v1/undo", object{"undo": done["undo"]}); len(undone["cases"].([]any)) != 3 || len(c.queue("view=mine")) != 1 {
			t.Errorf("undone %v", undone)
		}
	})
}

func TestAWriteThatComesAgainIsAnsweredAsBefore(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		c := p.token("ann", "read,work")
		v := c.queue("")[0]
		c.header.Set("Idempotency-Key", "11111111-1111-4111-8111-111111111111")
		for range 3 {
			c.must("POST", casePath(v, "/notes"), object{"note": "once"})
		}
		if notes := c.must("GET", casePath(v, ""), nil)["notes"].([]any); len(notes) != 1 {
			t.Errorf("notes %v", notes)
		}
		c.refused(http.StatusUnprocessableEntity, "POST", casePath(v, "/notes"), object{"note": "another"})
		c.header.Set("Idempotency-Key", "no uuid")
		c.refused(http.StatusBadRequest, "POST", casePath(v, "/notes"), object{"note": "another"})
	})
}

func TestChangesAreTold(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		c := p.token("ann", "read,work")
		v := c.queue("")[0]
		r, err := http.NewRequestWithContext(t.Context(), "GET", p.url+"/api/v1/changes", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = c.header
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		lines := bufio.NewScanner(response.Body)
		if !lines.Scan() || lines.Text() != ": connected" {
			t.Fatalf("%q", lines.Text())
		}
		c.must("POST", casePath(v, "/claim"), object{"version": v["version"]})
		var got []string
		for len(got) < 2 && lines.Scan() {
			if lines.Text() != "" {
				got = append(got, lines.Text())
			}
		}
		if strings.Join(got, "\n") != "event: case\n"+`data: {"id":1,"version":2,"state":"in_review"}` {
			t.Errorf("told %q", got)
		}
	})
}
