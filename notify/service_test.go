package notify_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/weir-fraud/weir/database"
)

// mailServer is a server that takes e-mails.
type mailServer struct {
	address string
	mu      sync.Mutex
	mails   []string
	open    []net.Conn
	refuse  string // what RCPT is answered with, if anything
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{address: l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.open = append(m.open, c)
			m.mu.Unlock()
			all.Go(func() { m.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		m.mu.Lock()
		for _, c := range m.open { // the library leaves some open
			_ = c.Close()
		}
		m.mu.Unlock()
		all.Wait()
	})
	return m
}

func (m *mailServer) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	in := bufio.NewScanner(c)
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 mail")
	for in.Scan() {
		switch verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " "); verb {
		case "RCPT":
			if m.refuse != "" {
				say(m.refuse)
				continue
			}
			say("250 yes")
		case "DATA":
			say("354 go on")
			var text strings.Builder
			for in.Scan() && in.Text() != "." {
				text.WriteString(in.Text() + "\r\n")
			}
			m.mu.Lock()
			m.mails = append(m.mails, text.String())
			m.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 yes")
		}
	}
}

const byService = "routes:\n  - {name: desk, on: alert, service: 'env:SERVICE'%s}\n"

func TestMail(t *testing.T) {
	eachPlace(t, func(t *testing.T, p *place) {
		m := newMailServer(t)
		p.secrets["SERVICE"] = "smtp://" + m.address + "/?from=weir@bank.example&to=desk@bank.example&subject=x"
		r := p.routes(fmt.Sprintf(byService, ""))
		a := alert(t, "A1", start)
		a.Reason = "Größer\r\nBcc: thief@example.org\r\n\r\nas usual"
		p.take(r, a)
		p.round(p.sender(r, p.db))
		if d := p.only(); d.State != database.Delivered || len(m.mails) != 1 {
			t.Fatalf("%+v %q", d, m.mails)
		}
		got, err := mail.ReadMessage(strings.NewReader(m.mails[0]))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		if err != nil || subject != "high alert: Größer Bcc: thief@example.org as usual" || got.Header.Get("Bcc") != "" || got.Header.Get("To") != "desk@bank.example" {
			t.Errorf("%q %v", got.Header, err)
		}
		if !strings.Contains(m.mails[0], "500.00 USD, review. Alert alert-A1") || strings.Contains(m.mails[0], "Shop") {
			t.Errorf("%s", m.mails[0])
		}
	})
}

// Messages of one service go one after the other, and each is only tried once.
func TestSeveralMails(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	m := newMailServer(t)
	p.secrets["SERVICE"] = "smtp://" + m.address + "/?from=weir@bank.example&to=desk@bank.example"
	r := p.routes(fmt.Sprintf(byService, ""))
	for i := range 20 {
		p.take(r, alert(t, fmt.Sprint("A", i), start))
	}
	p.round(p.sender(r, p.db))
	if p.stats.Delivered.Load() != 20 || p.stats.Failed.Load() != 0 || len(m.mails) != 20 {
		t.Errorf("%d delivered, %d failed, %d mails", p.stats.Delivered.Load(), p.stats.Failed.Load(), len(m.mails))
	}
}

// What the other side says of a mail that it refuses is kept, but for whom it was to.
func TestRefusedMail(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	m := newMailServer(t)
	m.refuse = "550 <desk@bank.example> is unknown here, see http://mail.example/help?u=desk"
	p.secrets["SERVICE"] = "smtp://" + m.address + "/?from=weir@bank.example&to=desk@bank.example"
	r := p.routes(fmt.Sprintf(byService, ""))
	p.take(r, alert(t, "A1", start))
	p.round(p.sender(r, p.db))
	d := p.only()
	if d.State != database.Waiting || !strings.Contains(d.Error, "is unknown here") {
		t.Errorf("%+v", d)
	}
	if text := d.Error + p.log.String(); strings.Contains(text, "desk@bank") || strings.Contains(text, "help") {
		t.Errorf("%s", text)
	}
}

// A mail must not go over a line that others read, unless the address says so.
func TestMailNeedsTLS(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	m := newMailServer(t)
	_, port, _ := net.SplitHostPort(m.address)
	for more, want := range map[string]database.DeliveryState{"": database.Waiting, "&requirestarttls=no": database.Delivered} {
		// A name that is this machine's, and is not told to be.
		p.secrets["SERVICE"] = "smtp://0.0.0.0:" + port + "/?from=weir@bank.example&to=desk@bank.example" + more
		r := p.routes(fmt.Sprintf(byService, ""))
		p.pass(1)
		p.take(r, alert(t, "A"+more, p.time()))
		p.round(p.sender(r, p.db))
		list, err := p.db.Deliveries(t.Context(), database.DeliveryFilter{State: want}, nil, 9)
		if err != nil || len(list) != 1 || want == database.Waiting && !strings.Contains(strings.ToLower(list[0].Error), "starttls") {
			t.Errorf("%q: %+v, %v", more, list, err)
		}
		if want == database.Waiting { // not tried again with the next address
			if err := p.db.Failed(t.Context(), &list[0], p.time(), 0, ""); err != nil {
				t.Error(err)
			}
		}
	}
}

// intercept has every request over TLS answered by f.
func intercept(t *testing.T, f http.HandlerFunc) {
	t.Helper()
	s := httptest.NewTLSServer(f)
	before := http.DefaultTransport
	http.DefaultTransport = &http.Transport{
		DialTLSContext: func(context.Context, string, string) (net.Conn, error) {
			return tls.Dial("tcp", s.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test's own
		},
	}
	t.Cleanup(func() { http.DefaultTransport = before; s.Close() })
}

const (
	slackToken = "T01234567-B01234567-abcdefghijklmnopqrstuvwx"
	teamsToken = "11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05"
)

// Messages of Slack and Teams, in which what comes from outside addresses nobody and is no markup.
func TestChat(t *testing.T) {
	for name, k := range map[string]struct{ url, host, want, never string }{
		"slack": {"slack://hook:" + slackToken + "@webhook", "hooks.slack.com", "New &lt;!channel&gt; merchant", "<!channel>"},
		"teams": {"teams://" + teamsToken + "?host=bank.webhook.office.com", "bank.webhook.office.com", `\\*new\\*`, `"*new*`},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
			answer, path, body, host := http.StatusOK, "", "", ""
			intercept(t, func(w http.ResponseWriter, q *http.Request) {
				var raw json.RawMessage
				if err := json.NewDecoder(q.Body).Decode(&raw); err != nil {
					t.Error(err)
				}
				body, path, host = string(raw), q.URL.Path, q.Host
				w.WriteHeader(answer)
				if answer != http.StatusOK {
					_, _ = fmt.Fprint(w, "no_service at https://", q.Host, q.URL.Path)
				} else if name == "teams" {
					_, _ = fmt.Fprint(w, "1")
				}
			})
			p.secrets["SERVICE"] = k.url
			r := p.routes(fmt.Sprintf(byService, `, text: "{{.alert.reason}} {{range .alert.reasons}}{{.text}}{{end}}"`))
			s := p.sender(r, p.db)
			p.take(r, alert(t, "A1", start))
			p.round(s)
			if d := p.only(); d.State != database.Delivered || host != k.host {
				t.Fatalf("%+v, asked was %s", d, host)
			}
			// The way in which encoding/json writes < and > is of no interest here.
			plain := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(body)
			if !strings.Contains(plain, k.want) || strings.Contains(plain, k.never) {
				t.Errorf("%s", plain)
			}
			answer = http.StatusForbidden
			p.pass(1)
			p.take(r, alert(t, "A2", p.time()))
			p.round(s)
			list, err := p.db.Deliveries(t.Context(), database.DeliveryFilter{State: database.Waiting}, nil, 9)
			if err != nil || len(list) != 1 || list[0].Error == "" {
				t.Fatalf("%+v, %v", list, err)
			}
			for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '@' }) {
				if len(part) > 8 && strings.Contains(list[0].Error+p.log.String(), part) {
					t.Errorf("%s is told: %s", part, list[0].Error)
				}
			}
		})
	}
}

// A message names no account and no merchant, unless the file says so.
func TestWordsOfRoutesWithoutTheirOwn(t *testing.T) {
	p := newPlace(t, "sqlite:"+t.TempDir()+"/weir.db")
	p.secrets["SERVICE"] = "smtp://mail.example/?from=a@b.example&to=c@d.example"
	s := p.sender(p.routes(fmt.Sprintf(byService, "")+"  - {name: queue, on: queue, over: {cases: 5}, service: 'env:SERVICE'}\n  - {name: behind, on: behind, over: {time: 1m}, service: 'env:SERVICE'}\n"), p.db)
	samples, err := s.Samples()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range samples {
		got = append(got, m.To+": "+m.Title+": "+m.Text)
	}
	want := "smtp: high alert: First time at this merchant: 500.00 USD, review. Alert sample\n" +
		"smtp: 6 cases wait for review: The longest has waited for 1 seconds.\n" +
		"smtp: Decisions are behind: 1 records of group weir are not decided, some for 61 seconds or longer."
	if strings.Join(got, "\n") != want {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
}
