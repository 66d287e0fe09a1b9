package review_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/database"
)

// follow returns what a client is told of cases as they change, as lines.
func (c *client) follow() <-chan string {
	c.p.t.Helper()
	r, err := http.NewRequestWithContext(c.p.t.Context(), "GET", c.p.url+"/api/v1/changes", nil)
	if err != nil {
		c.p.t.Fatal(err)
	}
	r.Header = c.header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.p.t.Fatal(err)
	}
	c.p.t.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewScanner(response.Body)
	if !lines.Scan() || lines.Text() != ": connected" {
		c.p.t.Fatalf("%q", lines.Text())
	}
	told := make(chan string, 1000)
	go func() {
		defer close(told)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				told <- text
			}
		}
	}()
	return told
}

// Two servers on one database: the pages of each hear of what is done at the other. One takes in alerts and publishes
// what is said at both, and when it ends the other does.
func TestTwoServersOnOneDatabase(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		k := newTopics(t)
		other, err := database.Open(t.Context(), p.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Close() })
		k.sendAlerts(alert(t, "a", 1, 0, .5))
		first, stopFirst := k.serve(p.db)
		eventually(t, "the alert is there", func() bool { return len(first.queue("")) == 1 })
		second, stopSecond := k.serve(other)
		for i, from := range []*client{first, second} {
			to := []*client{second, first}[i]
			told := to.follow()
			account := string(rune('a' + i))
			if i == 1 {
				k.sendAlerts(alert(t, account, 1, 0, .5)) // and its page is told of the alert too
				eventually(t, "the next alert is there", func() bool { return len(from.queue("account="+account)) == 1 })
			}
			v := from.queue("account=" + account)[0]
			done := from.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
			want := fmt.Sprintf(`{"id":%v,"version":%v,"state":"closed"}`, done["id"], done["version"])
			eventually(t, "the other page is told", func() bool {
				for {
					select {
					case text := <-told:
						if text == want {
							return true
						}
					default:
						return false
					}
				}
			})
			eventually(t, "the label is in the topic", func() bool { return len(k.labels()) == i+1 })
		}
		stopFirst()
		k.sendAlerts(alert(t, "c", 1, 0, .5))
		eventually(t, "the second takes in what comes", func() bool { return len(second.queue("account=c")) == 1 })
		v := second.queue("account=c")[0]
		second.must("POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "legitimate"})
		eventually(t, "it publishes", func() bool { return len(k.labels()) == 3 })
		stopSecond()
		if n := len(k.labels()); n != 3 {
			t.Errorf("%d labels", n)
		}
	})
}

// More changes than a page could be told of end its stream: it reads all again.
func TestAPageThatMissesTooMuchReadsAllAgain(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	c := p.token("ann", "read,work")
	told := c.follow()
	p.takeMany(t, 1100) // in one transaction
	v := c.queue("limit=1")[0]
	c.must("POST", casePath(v, "/claim"), object{"version": v["version"]})
	for end := time.After(20 * time.Second); ; {
		select {
		case _, open := <-told:
			if !open {
				return
			}
		case <-end:
			t.Fatal("the stream goes on")
		}
	}
}

func (p *place) takeMany(t *testing.T, n int) {
	list := make([]*alerts.Alert, n)
	for i := range list {
		list[i] = alert(t, fmt.Sprint("many", i), 1, 0, .5)
	}
	p.take(list...)
}
