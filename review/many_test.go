package review_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/alerts"
)

// manyAlerts returns so many alerts of an account within a case; the strongest is the one given.
func manyAlerts(t *testing.T, account string, n, strongest int) []*alerts.Alert {
	list := make([]*alerts.Alert, n)
	for i := range list {
		list[i] = alert(t, account, i+1, .05*float64(i+1), .5)
	}
	list[strongest-1].Score = .9
	return list
}

// idsOf returns the ids of alerts in an answer.
func idsOf(list any) string {
	var ids []string
	for _, a := range list.([]any) {
		ids = append(ids, a.(object)["alert_id"].(string))
	}
	return strings.Join(ids, " ")
}

// Of a case of many alerts the newest and the strongest come whole and the others in brief; each is there whole by itself.
func TestACaseOfManyAlerts(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		list := manyAlerts(t, "a", 45, 12)
		list[19].Transaction.Merchant.Name, list[19].Entities[0].Key = "corner", "corner"
		list[20].Transaction.Merchant.Name = `<"mall">`
		elsewhere := alert(t, "b", 1, 1, .5)
		elsewhere.Entities = []alerts.Entity{{Name: "merchant", Key: "corner"}}
		p.take(append(list, elsewhere, alert(t, "c", 1, 1, .5))...)
		c := p.token("ann", "read,work")
		v := c.queue("account=a")[0]
		d := c.must("GET", casePath(v, ""), nil)
		if got, want := idsOf(d["alerts"]), "a-12 a-41 a-42 a-43 a-44 a-45"; got != want {
			t.Errorf("whole are %s, want %s", got, want)
		}
		var want []string
		for n := 6; n <= 40; n++ {
			if n != 12 {
				want = append(want, fmt.Sprint("a-", n))
			}
		}
		if got := idsOf(d["earlier"]); got != strings.Join(want, " ") || d["alert_count"] != 45. {
			t.Errorf("in brief are %s of %v", got, d["alert_count"])
		}
		if first := d["earlier"].([]any)[0].(object); first["transaction_id"] != "t6" || first["event_time"] != "2023-11-14T22:31:20Z" || first["score"] != .5 || first["label"] != nil || len(first) != 5 {
			t.Errorf("%v", first)
		}
		if first := d["alerts"].([]any)[0].(object); first["score"] != .9 || len(first["reasons"].([]any)) != 1 || len(first["history"].([]any)) != 1 || first["case_id"] != v["id"] || first["lists"] != nil {
			t.Errorf("%v", first)
		}
		related := d["related"].([]any)
		if len(related) != 1 || related[0].(object)["key"] != "shop" || idsOf(related[0].(object)["alerts"]) != "c-1" {
			t.Errorf("related %v", related)
		}
		if got := valuesOf(d); !slices.Equal(got, []string{"account a", "merchant shop"}) {
			t.Errorf("lists of the case %q", got)
		}

		c.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		d = c.must("GET", casePath(v, ""), nil)
		for _, a := range append(d["alerts"].([]any), d["earlier"].([]any)...) {
			if label, _ := a.(object)["label"].(object); label["label"] != "fraud" {
				t.Errorf("%v is labelled %v", a.(object)["alert_id"], label)
			}
		}
		if len(d["labels"].([]any)) != 40 {
			t.Errorf("%d labels", len(d["labels"].([]any)))
		}
		one := c.must("GET", "/api/v1/alerts/a-20", nil)
		if one["alert_id"] != "a-20" || len(one["reasons"].([]any)) != 1 || one["label"].(object)["label"] != "fraud" || !slices.Equal(valuesOf(one), []string{"account a", "merchant corner"}) {
			t.Errorf("%v", one)
		}
		if other := c.must("GET", "/api/v1/alerts/a-21", nil); other["transaction"].(object)["merchant"].(object)["name"] != `<"mall">` {
			t.Errorf("%v", other)
		}
	})
}

// valuesOf returns what block lists could have, as an answer says.
func valuesOf(d object) (values []string) {
	for _, l := range d["lists"].([]any) {
		if l := l.(object); l["kind"] == "block" {
			values = append(values, fmt.Sprint(l["key"], " ", l["value"]))
		}
	}
	return values
}
