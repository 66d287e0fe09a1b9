package notify

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/weir-fraud/weir/web"
	"github.com/weir-fraud/weir/yamldoc"
)

// Parse reads a file of routes. Errors call it by the given name and are of type *[yamldoc.Error].
func Parse(name string, content []byte) (*Routes, error) {
	f := &file{doc: &yamldoc.Document{Name: name, Content: string(content)}, routes: new(Routes)}
	body, err := f.doc.Body()
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, f.doc.Mistake(yamldoc.Place{}, "the file is empty: it needs format: 1 and routes")
	}
	versioned := false
	err = f.doc.Object(body, "", yamldoc.Keys{
		"format": func(node ast.Node) error {
			versioned = true
			_, err := f.doc.Choice(node, "format", "1")
			return err
		},
		"answers": f.readAnswers,
		"routes":  func(node ast.Node) error { return f.list(node, "routes", f.readRoute) },
	})
	switch {
	case err != nil:
		return nil, err
	case !versioned:
		return nil, f.doc.Mistake(yamldoc.Place{}, "the file needs format: 1")
	case len(f.routes.list) == 0:
		return nil, f.doc.Mistake(yamldoc.Place{}, "the file has no routes")
	}
	for _, e := range f.parsed {
		if err := f.check(e); err != nil {
			return nil, err
		}
	}
	return f.routes, nil
}

// file is a file that is being read.
type file struct {
	doc    *yamldoc.Document
	routes *Routes
	parsed []*parsed
}

// parsed is a route with where its parts stand.
type parsed struct {
	*route
	at   yamldoc.Place
	keys map[string]yamldoc.Place // that the route has
}

func (f *file) list(node ast.Node, what string, read func(node ast.Node) error) error {
	list, ok := node.(*ast.SequenceNode)
	if !ok {
		return f.doc.Mistake(yamldoc.PlaceOf(node), "%s: needs a list, each of its parts behind a dash", what)
	}
	for _, v := range list.Values {
		if err := read(v); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) readAnswers(node ast.Node) error {
	q := &Questions{valid: 72 * time.Hour}
	err := f.doc.Object(node, "answers", yamldoc.Keys{
		"url":   f.doc.Into("answers.url", &q.url),
		"key":   f.reference("answers.key", &q.from),
		"valid": f.duration("answers.valid", time.Minute, 60*day, &q.valid),
	})
	switch u, wrong := url.Parse(q.url); {
	case err != nil:
		return err
	case q.from == "":
		return f.doc.Mistake(yamldoc.PlaceOf(node), "answers: needs a key, such as env:WEIR_ANSWER_KEY")
	case wrong != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && web.Loopback(hostPort(u))):
		return f.doc.Mistake(yamldoc.PlaceOf(node), "answers.url: must be the https address where others reach the review API, such as https://weir.example/api/v1/answers")
	}
	f.routes.Questions = q
	return nil
}

var routeName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$`)

func (f *file) readRoute(node ast.Node) error {
	e := &parsed{&route{giveUp: day, maxAge: time.Hour}, yamldoc.PlaceOf(node), make(map[string]yamldoc.Place)}
	known := yamldoc.Keys{
		"name":      f.doc.Into("name", &e.name),
		"on":        f.on(e),
		"where":     func(node ast.Node) error { return f.readFilter(node, &e.where) },
		"new_cases": f.doc.Flag("new_cases", &e.newest),
		"max_age":   f.duration("max_age", time.Minute, 7*day, &e.maxAge),
		"over":      func(node ast.Node) error { return f.readLimits(node, e) },
		"webhook":   f.doc.Into("webhook", &e.webhook),
		"secret":    f.reference("secret", &e.secret),
		"insecure":  f.doc.Flag("insecure", &e.insecure),
		"service":   f.reference("service", &e.service),
		"title":     f.template("title", &e.title),
		"text":      f.template("text", &e.text),
		"body":      f.template("body", &e.body),
		"give_up":   f.duration("give_up", time.Minute, 30*day, &e.giveUp),
	}
	for key, read := range known {
		known[key] = func(node ast.Node) error {
			e.keys[key] = yamldoc.PlaceOf(node)
			return read(node)
		}
	}
	if err := f.doc.Object(node, "", known); err != nil {
		return err
	}
	switch {
	case !routeName.MatchString(e.name):
		return f.doc.Mistake(e.at, "a route needs a name of letters, digits and . _ -, at most 64")
	case slices.Contains(f.routes.Names(), e.name):
		return f.doc.Mistake(e.keys["name"], "there is another route %q above", e.name)
	case e.on == "":
		return f.doc.Mistake(e.at, "route %s needs on: alert, question, queue or behind", e.name)
	}
	f.routes.list = append(f.routes.list, e.route)
	f.parsed = append(f.parsed, e)
	return nil
}

func (f *file) on(e *parsed) func(ast.Node) error {
	words := []string{onAlert, onQuestion, onQueue, onBehind}
	return func(node ast.Node) error {
		i, err := f.doc.Choice(node, "on", words...)
		if err == nil {
			e.on = words[i]
		}
		return err
	}
}

func (f *file) readLimits(node ast.Node, e *parsed) error {
	return f.doc.Object(node, "over", yamldoc.Keys{
		"cases": func(node ast.Node) error {
			n, err := f.number(node, "over.cases", 1, 1_000_000)
			e.cases = int(n)
			return err
		},
		"records": func(node ast.Node) error {
			n, err := f.number(node, "over.records", 1, 1e15)
			e.records = int64(n)
			return err
		},
		"waiting": f.duration("over.waiting", time.Minute, 365*day, &e.waiting),
		"time":    f.duration("over.time", 5*time.Second, 30*day, &e.late),
	})
}

// check holds a route together.
func (f *file) check(e *parsed) error {
	for key, where := range map[string][]string{
		"where": {onAlert, onQuestion, onQueue}, "new_cases": {onAlert, onQuestion}, "max_age": {onAlert, onQuestion}, "over": {onQueue, onBehind},
	} {
		if at, there := e.keys[key]; there && !slices.Contains(where, e.on) {
			return f.doc.Mistake(at, "route %s: %s is nothing for on: %s", e.name, key, e.on)
		}
	}
	severity := filter{severity: e.where.severity}
	switch {
	case e.on == onQueue && !equal(&e.where, &severity):
		return f.doc.Mistake(e.keys["where"], "route %s: a queue has no other filter than severity", e.name)
	case e.on == onQueue && (e.cases == 0 && e.waiting == 0 || e.records != 0 || e.late != 0):
		return f.doc.Mistake(e.at, "route %s: a queue needs over: with cases, waiting or both", e.name)
	case e.on == onBehind && (e.records == 0 && e.late == 0 || e.cases != 0 || e.waiting != 0):
		return f.doc.Mistake(e.at, "route %s: behind needs over: with records, time or both", e.name)
	case e.on == onQuestion && f.routes.Questions == nil:
		return f.doc.Mistake(e.at, "route %s: a question needs answers: with url and key at the top of the file", e.name)
	case e.on == onQuestion && e.webhook == "":
		return f.doc.Mistake(e.at, "route %s: a question needs a webhook", e.name)
	case (e.webhook == "") == (e.service == ""):
		return f.doc.Mistake(e.at, "route %s needs either a webhook or a service", e.name)
	}
	if err := f.checkDestination(e); err != nil {
		return err
	}
	return f.checkTemplates(e)
}

func (f *file) checkDestination(e *parsed) error {
	for _, key := range []string{"secret", "insecure", "body"} {
		if at, there := e.keys[key]; there && e.service != "" {
			return f.doc.Mistake(at, "route %s: %s is for a webhook", e.name, key)
		}
	}
	if e.service != "" {
		return nil
	}
	for _, key := range []string{"title", "text"} {
		if at, there := e.keys[key]; there {
			return f.doc.Mistake(at, "route %s: %s is for a service; a webhook has body", e.name, key)
		}
	}
	if e.secret == "" {
		return f.doc.Mistake(e.at, "route %s: a webhook needs a secret to be signed with, such as env:WEIR_WEBHOOK_SECRET", e.name)
	}
	if _, err := parseReference(e.webhook); err == nil {
		return nil // the address is a secret too
	}
	if err := checkWebhook(e.webhook, e.insecure); err != nil {
		return f.doc.Mistake(e.keys["webhook"], "route %s: webhook %v", e.name, err)
	}
	return nil
}

// checkTemplates fills the templates in with events as they may be.
func (f *file) checkTemplates(e *parsed) error {
	if e.service != "" {
		if e.title == nil {
			e.title = template.Must(parseTemplate("title", defaultTitles[e.on]))
		}
		if e.text == nil {
			e.text = template.Must(parseTemplate("text", defaultTexts[e.on]))
		}
	}
	for _, full := range []bool{true, false} {
		v, which := e.sample(f.routes.Questions, 0, full), ""
		if !full {
			which = "where an alert has no score and no merchant: "
		}
		for key, t := range map[string]*template.Template{"title": e.title, "text": e.text} {
			if t == nil {
				continue
			}
			if _, err := render(t, &v, asIs, mostText); err != nil {
				return f.doc.Mistake(e.keys[key], "route %s: %s%v", e.name, which, err)
			}
		}
		if _, err := e.content(&v); err != nil {
			return f.doc.Mistake(e.keys["body"], "route %s: %s%v", e.name, which, err)
		}
	}
	return nil
}

func (f *file) reference(what string, to *reference) func(ast.Node) error {
	return func(node ast.Node) error {
		text, err := f.doc.Text(node, what)
		if err != nil {
			return err
		}
		if *to, err = parseReference(text); err != nil {
			// Without the line: it may hold the secret.
			return &yamldoc.Error{Path: f.doc.Name, Line: yamldoc.PlaceOf(node).Line, Reason: fmt.Sprintf("%s: %v", what, err)}
		}
		return nil
	}
}

func (f *file) template(what string, to **template.Template) func(ast.Node) error {
	return func(node ast.Node) error {
		text, err := f.doc.Text(node, what)
		if err != nil {
			return err
		}
		if *to, err = parseTemplate(what, strings.TrimSuffix(text, "\n")); err != nil {
			return f.doc.Mistake(yamldoc.PlaceOf(node), "%v", err)
		}
		return nil
	}
}
