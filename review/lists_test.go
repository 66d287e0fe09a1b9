package review_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/control"
	"github.com/weir-fraud/weir/payment"
)

const merchants = "/api/v1/lists/block:merchants/entries"

func TestListsAreShownAndChanged(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		lee, vic := p.user("lee", "lead"), p.user("vic", "viewer")
		until := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
		made := lee.must("POST", merchants, object{"key": "shop", "until": until, "reason": "a ring"})
		if made["list"] != "block:merchants" || made["key"] != "shop" || made["by"] != "lee" || made["reason"] != "a ring" || made["until"] != until || made["at"] == nil {
			t.Errorf("added %v", made)
		}
		if e := p.helm.said[0]; e.By != "lee" || e.Note != "a ring" || e.Entry.Key != "shop" || e.Entry.Removed {
			t.Errorf("said %+v", e)
		}
		all := vic.must("GET", "/api/v1/lists", nil)
		if l := all["lists"].([]any)[1].(object); all["policy"] != "lists.1" || l["list"] != "block:merchants" || l["entries"] != 1. || l["key"] != "merchant" {
			t.Errorf("lists %v", all)
		}
		if old := vic.must("GET", "/api/v1/lists/block:accounts/entries", nil)["entries"].([]any)[0].(object); old["key"] != "old" || old["by"] != "" || old["until"] != nil {
			t.Errorf("the policy's own %v", old)
		}
		listed := vic.must("GET", "/api/v1/cases/1", nil)["lists"].([]any)
		want := map[string]string{"block:accounts": "a", "block:merchants": "shop", "allow:accounts": "a"} // no attribute is called device
		for _, l := range listed {
			l := l.(object)
			if want[l["list"].(string)] != l["value"] || (l["entry"] != nil) != (l["list"] == "block:merchants") {
				t.Errorf("of the case %v", l)
			}
			delete(want, l["list"].(string))
		}
		if len(want) > 0 {
			t.Errorf("of the case is missing %v", want)
		}

		was := lee.must("DELETE", merchants+"?key=shop", nil)
		if was["key"] != "shop" || was["by"] != "lee" || len(vic.must("GET", merchants, nil)["entries"].([]any)) != 0 {
			t.Errorf("removed %v", was)
		}
		lee.refused(http.StatusNotFound, "DELETE", merchants+"?key=shop", nil)
		lee.must("DELETE", "/api/v1/lists/block:accounts/entries?key=old", nil)
		var actions []string
		for _, e := range lee.must("GET", "/api/v1/audit?object=list:block:merchants", nil)["entries"].([]any) {
			e := e.(object)
			actions = append(actions, e["actor"].(string)+" "+e["action"].(string)+" "+e["detail"].(string))
		}
		if got := strings.Join(actions, "\n"); got != `lee list.add "shop" until 2100-01-01T00:00:00Z: a ring`+"\n"+`lee list.remove "shop"` {
			t.Errorf("audit\n%s", got)
		}
	})
}

func TestEntriesComeInPages(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	c := p.token("lists", "read,lists")
	keys := []string{"a", "a\t", "a b", "b/../c", "ü%20"}
	for _, key := range keys {
		if strings.Contains(key, "\t") {
			c.refused(http.StatusBadRequest, "POST", merchants, object{"key": key})
			continue
		}
		c.must("POST", merchants, object{"key": key})
		if one := c.must("GET", merchants+"?key="+url.QueryEscape(key), nil)["entries"].([]any); len(one) != 1 {
			t.Errorf("%q is found as %v", key, one)
		}
	}
	var got []string
	for after := ""; ; {
		page := c.must("GET", merchants+"?limit=1&after="+url.QueryEscape(after), nil)
		for _, e := range page["entries"].([]any) {
			got = append(got, e.(object)["key"].(string))
		}
		if after = page["next"].(string); after == "" {
			break
		}
	}
	if strings.Join(got, ",") != "a,a b,b/../c,ü%20" {
		t.Errorf("pages have %v", got)
	}
}

// What is refused is neither written nor in the audit, and what fails is told.
func TestListChangesThatAreRefused(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		lee, ann := p.user("lee", "lead"), p.user("ann", "analyst")
		ann.refused(http.StatusForbidden, "POST", merchants, object{"key": "shop"})
		p.token("work", "read,work").refused(http.StatusForbidden, "DELETE", merchants+"?key=shop", nil)
		robot := p.token("robot", "lists")
		robot.refused(http.StatusForbidden, "GET", merchants, nil)
		without := &client{p: p, header: lee.header.Clone()}
		without.header.Del("X-CSRF-Token")
		without.refused(http.StatusForbidden, "POST", merchants, object{"key": "shop"})
		for _, body := range []any{
			object{}, object{"key": ""}, object{"key": "a\x00"}, object{"key": strings.Repeat("x", control.MaxKeyBytes+1)}, object{"key": "a", "until": "1999-01-01T00:00:00Z"},
			object{"key": "a", "until": "9999-01-01T00:00:00Z"}, object{"key": "a", "reason": "\x00"}, object{"key": "a", "reason": strings.Repeat("x", 4097)}, object{"key": "a", "by": "root"}, `{"key":`,
		} {
			lee.refused(http.StatusBadRequest, "POST", merchants, body)
		}
		lee.refused(http.StatusNotFound, "POST", "/api/v1/lists/block:nothing/entries", object{"key": "a"})
		lee.refused(http.StatusNotFound, "DELETE", "/api/v1/lists/block:accounts/entries?key=a", nil)
		list := func() []any {
			return lee.must("GET", "/api/v1/audit?object=list:block:merchants", nil)["entries"].([]any)
		}
		if len(p.helm.said) > 0 || len(list()) > 0 {
			t.Errorf("written %v, audit %v", p.helm.said, list())
		}
		p.helm.set(func() { p.helm.broken = errors.New("no brokers") })
		lee.refused(http.StatusServiceUnavailable, "POST", merchants, object{"key": "a"})
		if l := list(); len(l) != 2 || l[1].(object)["action"] != "list.failed" {
			t.Errorf("audit %v", l)
		}
		p.helm.set(func() { p.helm.unread = true })
		lee.refused(http.StatusServiceUnavailable, "GET", "/api/v1/lists", nil)
		lee.refused(http.StatusServiceUnavailable, "POST", merchants, object{"key": "a"})
	})
}

// A change that comes again is made once.
func TestListChangesAreMadeOnce(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		c := p.token("lists", "read,lists")
		c.header.Set("Idempotency-Key", "12345678-0000-4000-8000-000000000001")
		first := c.must("POST", merchants, object{"key": "a"})
		if again := c.must("POST", merchants, object{"key": "a"}); again["at"] != first["at"] || len(p.helm.said) != 1 {
			t.Errorf("%v and then %v, written %v", first, again, p.helm.said)
		}
		c.refused(http.StatusUnprocessableEntity, "DELETE", merchants+"?key=a", nil)
		c.header.Set("Idempotency-Key", "12345678-0000-4000-8000-000000000002")
		c.must("DELETE", merchants+"?key=a", nil)
		c.must("DELETE", merchants+"?key=a", nil)
		c.refused(http.StatusUnprocessableEntity, "DELETE", merchants+"?key=b", nil)
		if len(p.helm.said) != 2 {
			t.Errorf("written %v", p.helm.said)
		}
	})
}

func TestPipelineFigures(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	p.take(alert(t, "a", 1, 0, .5))
	c := p.token("reader", "read")
	figures := func() (model string, pipeline object) {
		p.clock.Add(2000) // they are held for that long
		s := c.must("GET", "/api/v1/stats", nil)
		return s["model"].(string), s["pipeline"].(object)
	}
	if model, v := figures(); model != "cards/1" || v["state"] != "stopped" || v["lag"] != nil || v["as_of"] != nil {
		t.Errorf("without instances: %s, %v", model, v)
	}
	status := func(by, model string, f *control.Figures) control.Event {
		return control.Event{Time: payment.Time(p.clock.Load()), By: by, Status: &control.Status{Group: "weir", Model: control.Name{Name: model}, Policy: control.Name{Name: "manifest"}, Figures: f}}
	}
	p.helm.set(func() {
		p.helm.statuses = []control.Event{
			status("w-1", "cards/3", &control.Figures{Lag: 5, LagSeconds: 1.5, Rate: 100, P50: 3, P99: 10, DeadLetters: 2}),
			status("w-2", "cards/2", &control.Figures{Lag: 7, LagSeconds: .5, Rate: 50, P50: 5, P99: 7}),
			status("w-3", "cards/3", nil), // of an earlier version
		}
		p.helm.statuses[2].Status.Refused = []control.Refusal{{What: "model", Name: "cards/4", Reason: "is missing"}}
	})
	model, v := figures()
	if model != "cards/2, cards/3" || v["state"] != "running" || v["instances"] != 3. || v["lag"] != 12. || v["lag_seconds"] != 1.5 || v["rate"] != 150. || v["p50_ms"] != 5. || v["p99_ms"] != 10. ||
		v["dead_letters"] != 2. || v["refused"].([]any)[0] != "model cards/4" {
		t.Errorf("%s, %v", model, v)
	}
	p.clock.Add(31_000)
	p.helm.set(func() { p.helm.statuses[1].Time = payment.Time(p.clock.Load()) })
	if _, v := figures(); v["state"] != "running" || v["instances"] != 1. || v["silent"] != 2. || v["lag"] != 7. {
		t.Errorf("with two that are silent: %v", v)
	}
	p.clock.Add(31_000)
	if model, v := figures(); model != "cards/1" || v["state"] != "silent" || v["silent"] != 3. || v["lag"] != 12. || v["as_of"] == nil {
		t.Errorf("with all silent: %s, %v", model, v)
	}
	p.helm.set(func() { p.helm.unread = true })
	if _, v := figures(); v["state"] != "unknown" {
		t.Errorf("without the topic: %v", v)
	}
}
