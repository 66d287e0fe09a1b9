package review_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/review"
)

// user adds a user and signs them in.
func (p *place) user(name, role string) *client {
	p.t.Helper()
	if err := review.AddUser(p.t.Context(), p.db, name, role, "correct horse "+name, "test", payment.Time(p.clock.Load())); err != nil {
		p.t.Fatal(err)
	}
	c := &client{p: p, header: http.Header{}}
	status, _, header := c.send("POST", "/api/v1/session", object{"name": name, "password": "correct horse " + name})
	if status != http.StatusOK {
		p.t.Fatalf("sign-in: %d", status)
	}
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	if all := header.Get("Set-Cookie"); !strings.Contains(all, "HttpOnly") || !strings.Contains(all, "SameSite=Strict") {
		p.t.Errorf("cookie %s", all)
	}
	c.header.Set("Cookie", cookie)
	c.header.Set("X-CSRF-Token", c.must("GET", "/api/v1/me", nil)["csrf"].(string))
	return c
}

// path returns a route's path with something in it.
func path(r review.Route) string {
	return strings.NewReplacer("{id}", "1", "{list}", "block:accounts").Replace(r.Path)
}

func TestEveryRouteStatesItsPermission(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		anybody := &client{p: p, header: http.Header{}}
		reader := p.token("reader", "read")
		for _, r := range p.server.Routes() {
			switch r.Permission {
			case "everybody":
				continue
			case "":
				t.Errorf("%s %s states no permission", r.Method, r.Path)
				continue
			}
			anybody.refused(http.StatusUnauthorized, r.Method, path(r), nil)
			if r.Permission != "read" {
				reader.refused(http.StatusForbidden, r.Method, path(r), nil)
			}
		}
		recorder := httptest.NewRecorder()
		p.server.Unguarded().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		if recorder.Code != http.StatusForbidden {
			t.Errorf("a route without a permission is answered with %d", recorder.Code)
		}
	})
}

func TestRoles(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		viewer, analyst, lead := p.user("vic", "viewer"), p.user("ann", "analyst"), p.user("lee", "lead")
		v := viewer.queue("")[0]
		body := object{"version": v["version"], "label": "fraud"}
		viewer.refused(http.StatusForbidden, "POST", casePath(v, "/dispose"), body)
		viewer.refused(http.StatusForbidden, "POST", "/api/v1/cases:dispose", object{"cases": []object{{"id": v["id"], "version": v["version"]}}, "label": "fraud"})
		analyst.refused(http.StatusForbidden, "GET", "/api/v1/audit", nil)

		without := &client{p: p, header: analyst.header.Clone()}
		without.header.Del("X-CSRF-Token")
		without.refused(http.StatusForbidden, "POST", casePath(v, "/dispose"), body)
		without.header.Set("X-CSRF-Token", lead.header.Get("X-CSRF-Token"))
		without.refused(http.StatusForbidden, "POST", casePath(v, "/dispose"), body)

		claimed := lead.must("POST", casePath(v, "/claim"), object{"version": v["version"]})
		body["version"] = claimed["version"]
		told := analyst.refused(http.StatusConflict, "POST", casePath(v, "/dispose"), body)
		if told["case"].(object)["owner"] != "lee" {
			t.Errorf("told %v", told)
		}
		analyst.refused(http.StatusConflict, "POST", casePath(v, "/release"), body)
		p.clock.Add(16 * 60_000) // the claim ends by itself
		analyst.must("POST", casePath(v, "/dispose"), body)

		if entries := lead.must("GET", "/api/v1/audit?object=user:ann", nil)["entries"].([]any); len(entries) != 2 || entries[1].(object)["action"] != "signin" {
			t.Errorf("audit %v", entries)
		}
	})
}

func TestWhoIsLetInNoMore(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		now := func() payment.Time { return payment.Time(p.clock.Load()) }
		ann, bob := p.user("ann", "analyst"), p.user("bob", "analyst")
		if err := review.DisableUser(t.Context(), p.db, "ann", "test", now()); err != nil {
			t.Fatal(err)
		}
		ann.refused(http.StatusUnauthorized, "GET", "/api/v1/me", nil)
		ann.refused(http.StatusUnauthorized, "POST", "/api/v1/session", object{"name": "ann", "password": "correct horse ann"})
		bob.must("DELETE", "/api/v1/session", nil)
		bob.refused(http.StatusUnauthorized, "GET", "/api/v1/me", nil)

		carl := p.user("carl", "viewer")
		p.clock.Add(12 * 3_600_000)
		carl.refused(http.StatusUnauthorized, "GET", "/api/v1/me", nil)

		robot := p.token("robot", "read")
		robot.must("GET", "/api/v1/me", nil)
		if err := review.RevokeToken(t.Context(), p.db, "robot", "test", now()); err != nil {
			t.Fatal(err)
		}
		robot.refused(http.StatusUnauthorized, "GET", "/api/v1/me", nil)
		secret, err := review.AddToken(t.Context(), p.db, "short", []string{"read"}, time.Minute, "test", now())
		if err != nil {
			t.Fatal(err)
		}
		short := &client{p: p, header: http.Header{"Authorization": {"Bearer " + secret}}}
		short.must("GET", "/api/v1/me", nil)
		p.clock.Add(60_000)
		short.refused(http.StatusUnauthorized, "GET", "/api/v1/me", nil)
		short.header.Set("Authorization", "Basic "+secret)
		short.refused(http.StatusUnauthorized, "GET", "/api/v1/me", nil)
	})
}

func TestSignInIsLimited(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.user("ann", "analyst")
		c := &client{p: p, header: http.Header{}}
		for range 5 {
			c.refused(http.StatusUnauthorized, "POST", "/api/v1/session", object{"name": "ann", "password": "wrong"})
		}
		good := object{"name": "ann", "password": "correct horse ann"}
		c.refused(http.StatusTooManyRequests, "POST", "/api/v1/session", good)
		c.refused(http.StatusUnauthorized, "POST", "/api/v1/session", object{"name": "nobody", "password": "wrong"})
		p.clock.Add(60_000)
		c.must("POST", "/api/v1/session", good)
		c.header.Set("Sec-Fetch-Site", "cross-site")
		c.refused(http.StatusForbidden, "POST", "/api/v1/session", good)
	})
}

func TestTheLinkSignsInOnce(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	once := p.server.Once()
	c := &client{p: p, header: http.Header{}}
	c.refused(http.StatusUnauthorized, "GET", "/signin?once=", nil)
	c.refused(http.StatusUnauthorized, "GET", "/signin?once=ABC", nil)
	if status, _, header := c.send("GET", "/signin?once="+once, nil); status != http.StatusSeeOther || header.Get("Location") != "/" {
		t.Errorf("the link is answered with %d", status)
	}
	c.refused(http.StatusUnauthorized, "GET", "/signin?once="+once, nil)
}

func TestWhatIsNotLegalIsRefused(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		p.take(alert(t, "a", 1, 0, .5))
		c := p.token("ann", "read,work")
		v := c.queue("")[0]
		injection := url.QueryEscape(`' OR 1=1; DROP TABLE cases; --`)
		for _, query := range []string{"account=" + injection, "view=" + injection, "order=" + injection, "severity=" + injection, "cursor=" + injection, "limit=" + injection} {
			if status, answer, _ := c.send("GET", "/api/v1/queue?"+query, nil); status != http.StatusBadRequest && (status != http.StatusOK || len(answer["cases"].([]any)) != 0) {
				t.Errorf("%s: %d %v", query, status, answer)
			}
		}
		for _, bad := range []string{
			"queue?limit=0", "queue?limit=201", "queue?cursor=eyJ", "queue?account=%00", "queue?account=%ff", "search?q=", "search?q=" + strings.Repeat("x", 300), "audit?after=-1",
		} {
			admin := p.token("t"+fmt.Sprint(keys.Add(1)), "read,audit")
			admin.refused(http.StatusBadRequest, "GET", "/api/v1/"+bad, nil)
		}
		for _, gone := range []string{"cases/0", "cases/x", "cases/99", "cases/1%27%3B--", "alerts/..%2f..%2fetc%2fpasswd", "alerts/%00", "nothing", "cases/1/../../etc"} {
			c.refused(http.StatusNotFound, "GET", "/api/v1/"+gone, nil)
		}
		for _, body := range []any{
			nil, "", "{", "[]", object{}, object{"version": v["version"]}, object{"version": v["version"], "label": "withdrawn"}, object{"version": v["version"], "label": "'; --"},
			object{"version": v["version"], "label": "fraud", "extra": 1}, object{"label": "fraud"}, object{"version": -1, "label": "fraud"},
			object{"version": v["version"], "label": "fraud", "note": "\x00"}, object{"version": v["version"], "label": "fraud", "note": strings.Repeat("x", 5000)},
			`{"version":1,"label":"fraud"}{}`,
		} {
			c.refused(http.StatusBadRequest, "POST", casePath(v, "/dispose"), body)
		}
		c.refused(http.StatusRequestEntityTooLarge, "POST", casePath(v, "/dispose"), `{"note":"`+strings.Repeat("x", 300_000)+`"}`)
		c.refused(http.StatusBadRequest, "POST", casePath(v, "/snooze"), object{"version": v["version"]})
		c.refused(http.StatusBadRequest, "POST", casePath(v, "/snooze"), object{"version": v["version"], "until": "2001-01-01T00:00:00Z"})
		c.refused(http.StatusBadRequest, "POST", "/api/v1/undo", object{"undo": "nonsense"})
		c.refused(http.StatusMethodNotAllowed, "PUT", "/api/v1/queue", object{})
		c.header.Set("Content-Type", "text/plain")
		c.refused(http.StatusUnsupportedMediaType, "POST", casePath(v, "/dispose"), object{"version": v["version"], "label": "fraud"})
		if now := c.queue("")[0]; now["version"] != v["version"] {
			t.Errorf("the case has changed: %v", now)
		}
	})
}

func TestEveryAnswerProtectsThePage(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	c := &client{p: p, header: http.Header{}}
	for _, path := range []string{"/", "/robots.txt", "/api/v1/me", "/api/v1/openapi.json", "/..%2f..%2fetc/passwd"} {
		_, _, header := c.send("GET", path, nil)
		csp := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" ||
			header.Get("X-Frame-Options") != "DENY" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, header)
		}
	}
	if status, _, _ := c.send("GET", "/robots.txt", nil); status != http.StatusOK {
		t.Errorf("a file of the page is answered with %d", status)
	}
	if status, _, _ := c.send("GET", "/..%2f..%2fserver.go", nil); status != http.StatusNotFound {
		t.Errorf("a file outside of the page is answered with %d", status)
	}
}

func TestPasswords(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	for _, bad := range []struct{ name, role, password string }{
		{"ann", "analyst", "short"}, {"ann", "king", "long enough, really"}, {"a b", "analyst", "long enough, really"}, {"token:x", "analyst", "long enough, really"},
		{"local", "analyst", "long enough, really"}, {"", "analyst", "long enough, really"},
	} {
		if err := review.AddUser(t.Context(), p.db, bad.name, bad.role, bad.password, "test", start); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
	p.user("ann", "analyst")
	u, err := p.db.User(t.Context(), "ann")
	if err != nil || !strings.HasPrefix(u.Hash, "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(u.Hash, "correct horse") {
		t.Errorf("%+v, %v", u, err)
	}
}
