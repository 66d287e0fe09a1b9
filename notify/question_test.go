package notify_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/notify"
)

const asking = "answers: {url: 'https://weir.example/api/v1/answers', key: 'env:KEY', valid: 1h}\nroutes:\n  - {name: ask, on: question, webhook: '%s', secret: 'env:SECRET', where: {severity: high}}\n"

// The question goes out with a token that is good for the alert, until it expires; the database does not hold it.
func TestQuestions(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		to := receive(t, status(http.StatusServiceUnavailable), status(http.StatusOK))
		r := p.routes(fmt.Sprintf(asking, to.url))
		s := p.sender(r, p.db)
		p.take(r, alert(t, "A1", start))
		if kept := string(p.only().Body); strings.Contains(kept, `"answer_token":"e`) || !strings.Contains(kept, "expires") {
			t.Errorf("kept is %s", kept)
		}
		p.round(s)
		p.pass(5 * time.Second)
		p.round(s)
		got := to.got()
		if len(got) != 2 || got[0].body != got[1].body {
			t.Fatalf("%+v", got)
		}
		var body struct {
			Event string
			Alert struct {
				AlertID string `json:"alert_id"`
			}
			Question struct {
				Expires string
				URL     string `json:"answer_url"`
				Token   string `json:"answer_token"`
			}
		}
		if err := json.Unmarshal([]byte(got[0].body), &body); err != nil {
			t.Fatal(err)
		}
		q := body.Question
		if body.Event != "question" || q.URL != "https://weir.example/api/v1/answers" || q.Expires != start.Add(time.Hour).String() || body.Alert.AlertID != "alert-A1" {
			t.Errorf("%s", got[0].body)
		}
		if id, err := r.Questions.Alert(q.Token, p.time()); id != "alert-A1" || err != nil {
			t.Errorf("%s, %v", id, err)
		}
		if _, err := r.Questions.Alert(q.Token, start.Add(time.Hour)); !errors.Is(err, notify.ErrExpired) {
			t.Errorf("behind its end: %v", err)
		}
		if strings.Contains(p.log.String(), q.Token) {
			t.Error("the log tells the token")
		}
	})
}

func TestTokensThatAreNone(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	r := p.routes(fmt.Sprintf(asking, "https://bank.example"))
	if err := r.Questions.Open(p.lookup); err != nil {
		t.Fatal(err)
	}
	good := r.Questions.Token("alert-A1", start+1000)
	if id, err := r.Questions.Alert(good, start); id != "alert-A1" || err != nil {
		t.Fatal(id, err)
	}
	p.secrets["KEY"] = "another key of 16"
	other := p.routes(fmt.Sprintf(asking, "https://bank.example"))
	if err := other.Questions.Open(p.lookup); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	name := base64.RawURLEncoding.EncodeToString
	for _, bad := range []string{
		"", ".", "..", good[1:], good[:len(good)-2], parts[0] + "." + parts[1], name([]byte("alert-A2")) + "." + parts[1] + "." + parts[2],
		parts[0] + ".9" + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + ".", other.Questions.Token("alert-A1", start+1000), good + ".",
	} {
		if _, err := r.Questions.Alert(bad, start); !errors.Is(err, notify.ErrToken) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A question is not sent any more once nobody could answer it.
func TestAQuestionEndsWithItsToken(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	to := receive(t, status(http.StatusServiceUnavailable))
	r := p.routes(fmt.Sprintf(asking, to.url))
	s := p.sender(r, p.db)
	p.take(r, alert(t, "A1", start))
	p.pass(time.Hour - 2*time.Second)
	p.round(s)
	if d := p.only(); d.State != database.GivenUp {
		t.Errorf("%+v", d)
	}
}

func TestSampleOfARoute(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	to := receive(t, status(http.StatusOK), status(http.StatusBadGateway))
	s := p.sender(p.routes(fmt.Sprintf(asking, to.url)), p.db)
	if err := s.Test(t.Context(), "ask"); err != nil {
		t.Fatal(err)
	}
	got := to.got()
	if len(got) != 1 || !strings.Contains(got[0].body, `"test":true`) || verified(p.secrets["SECRET"], got[0], p.now()) != nil {
		t.Errorf("%+v", got)
	}
	if err := s.Test(t.Context(), "ask"); err == nil || err.Error() != "route ask: answered with 502 Bad Gateway" {
		t.Error(err)
	}
	if err := s.Test(t.Context(), "other"); !errors.Is(err, notify.ErrNoRoute) {
		t.Error(err)
	}
}
