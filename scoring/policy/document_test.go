package policy_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/scoring/policy"
	"github.com/weir-fraud/weir/yamldoc"
)

// TestScenarios decides the cases of every policy in testdata.
func TestScenarios(t *testing.T) {
	text, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Parse("testdata/policy.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Compile(builtin(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Cases()) < 9 {
		t.Fatalf("only %d cases", len(d.Cases()))
	}
	for _, c := range d.Cases() {
		differences, err := p.Check(&c)
		if err != nil || len(differences) > 0 {
			t.Errorf("%s:%d %s: %+v %v", c.File(), c.Line(), c.Name, differences, err)
		}
	}
}

// TestCheckTellsDifferences turns every expectation of a case into another.
func TestCheckTellsDifferences(t *testing.T) {
	const right = `{action: review, severity: high, segment: default, rules: ["block:merchants", UP], reasons: ["block:merchants"], adjusted_score: 0.35, money_at_risk: 35}`
	check := func(expect string) []policy.Difference {
		t.Helper()
		p, _ := compile(t, `
format: 1
version: v
segments: [{name: online, when: channel == "online", review: 0.1}, {name: default, review: 0.5}]
rules: [{id: UP, when: count_1h > 2, add: 0.25, reason: r, owner: o}]
block: {merchants: {key: merchant, action: review, severity: high, entries: [Shop]}}
`)
		cases, err := policy.ParseCases("t.yaml", []byte("tests:\n  - name: a\n    score: 0.1\n    transaction: {merchant: {name: Shop}}\n    features: {count_1h: 3}\n    expect: "+expect))
		if err != nil {
			t.Fatal(err)
		}
		differences, err := p.Check(&cases[0])
		if err != nil {
			t.Fatal(err)
		}
		return differences
	}
	if d := check(right); len(d) > 0 {
		t.Fatalf("the case itself: %+v", d)
	}
	for what, c := range map[string][2]string{
		"action": {"review", "approve"}, "severity": {"high", "low"}, "segment": {"default", "online"}, "rules": {", UP]", "]"},
		"reasons": {`["block:merchants"], adj`, "[], adj"}, "adjusted_score": {"0.35", "0.351"}, "money_at_risk": {"35}", "34}"},
	} {
		d := check(strings.Replace(right, c[0], c[1], 1))
		if len(d) != 1 || d[0].What != what || d[0].Got == d[0].Want {
			t.Errorf("%s: %+v", what, d)
		}
	}
}

const head = "format: 1\nversion: v1\n"
const whole = head + "segments: [{name: default, review: 0.3}]\n"

func TestMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		line int
		want string
	}{
		"nothing":               {"", 0, "the file is empty: it needs format: 1"},
		"no YAML":               {"format: [", 1, "not valid YAML"},
		"unknown key":           {whole + "rule: []", 4, `unknown key "rule"; the keys here are allow, block`},
		"no format":             {"version: v\nsegments: [{name: default, review: 0.3}]", 0, "format is missing"},
		"another format":        {"format: 2", 1, "format: must be 1"},
		"no version":            {"format: 1\nsegments: [{name: default, review: 0.3}]", 0, "version is missing"},
		"a version with spaces": {"format: 1\nversion: my version", 2, `version "my version"`},
		"no segments":           {head, 0, "segments is missing"},
		"fallback":              {whole + "fallback: hold", 4, "fallback: must be approve, review or decline"},
		"segments no list":      {head + "segments: {name: default}", 3, "segments: needs a list"},
		"no name":               {head + "segments: [{review: 0.3}]", 3, "a segment without a name"},
		"a name with spaces":    {head + "segments: [{name: a b, review: 0.3}]", 3, `name "a b"`},
		"no review":             {head + "segments: [{name: a}]", 3, `segment "a": review is missing`},
		"review too high":       {head + "segments: [{name: a, review: 30}]", 3, `review is "30": give a number from 0 to 1`},
		"decline below":         {head + "segments:\n  - {name: a, review: 0.5, decline: 0.4}", 4, "decline is 0.4, below review"},
		"decline of 0":          {head + "segments:\n  - {name: a, review: 0, decline: 0}", 4, "decline is 0; give a probability above 0"},
		"severity turned round": {head + "segments:\n  - {name: a, review: 0.1, severity: {medium: 0.8, high: 0.5}}", 4, "severity high begins at 0.5, below medium"},
		"segment twice":         {head + "segments:\n  - {name: a, when: amount > 1, review: 0.1}\n  - {name: a, review: 0.1}", 5, `segment "a" is declared twice`},
		"last with a when":      {head + "segments:\n  - {name: a, when: amount > 1, review: 0.1}", 4, "the last segment takes what no other does"},
		"first without a when":  {head + "segments:\n  - {name: a, review: 0.1}\n  - {name: b, review: 0.1}", 4, "without a when it takes everything"},
		"segment by score":      {head + "segments:\n  - {name: a, when: score > 0.5, review: 0.1}\n  - {name: b, review: 0.1}", 4, "the name score is not known"},
		"rule without reason":   {whole + "rules:\n  - {id: R1, when: amount > 1, owner: o}", 5, `rule "R1": reason is missing`},
		"rule without owner":    {whole + "rules:\n  - {id: R1, when: amount > 1, reason: r}", 5, `rule "R1": owner is missing`},
		"rule id":               {whole + "rules:\n  - {id: 'R1:shadow', when: amount > 1, reason: r, owner: o}", 5, `id "R1:shadow"`},
		"rule twice":            {whole + "rules:\n  - {id: R, when: amount > 1, reason: r, owner: o}\n  - {id: R, when: amount > 1, reason: r, owner: o}", 6, `rule "R" is declared twice`},
		"action and add":        {whole + "rules:\n  - {id: R, when: amount > 1, reason: r, owner: o, action: review, add: 0.1}", 5, "action and add exclude each other"},
		"add too much":          {whole + "rules:\n  - {id: R, when: amount > 1, reason: r, owner: o, add: 1.1}", 5, `add is "1.1"`},
		"despite without act":   {whole + "rules:\n  - {id: R, when: amount > 1, reason: r, owner: o, despite_allow: true}", 5, "despite_allow goes with action: review or decline"},
		"mode":                  {whole + "rules:\n  - {id: R, when: amount > 1, reason: r, owner: o, mode: maybe}", 5, "mode: must be on, off or shadow"},
		"unknown name":          {whole + "rules:\n  - id: R\n    when: amont > 1\n    reason: r\n    owner: o", 6, `rule "R": the name amont is not known: did you mean amount?`},
		"off is compiled too":   {whole + "rules:\n  - id: R\n    when: amont > 1\n    mode: off\n    reason: r\n    owner: o", 6, `the name amont is not known`},
		"a number as condition": {whole + "rules:\n  - {id: R, when: amount, reason: r, owner: o}", 5, "a bool is wanted here"},
		"a rule over adjusted":  {whole + "rules:\n  - {id: R, when: adjusted_score > 1, reason: r, owner: o}", 5, "the name adjusted_score is not known"},
		"money in texts":        {whole + "money_at_risk: merchant", 4, "money_at_risk: a number is wanted here"},
		"list without key":      {whole + "block:\n  shops: {entries: [a]}", 5, "block:shops: key is missing"},
		"list of numbers":       {whole + "block:\n  shops: {key: amount}", 5, "block:shops: key: a text is wanted here"},
		"list of the unknown":   {whole + "block:\n  shops: {key: shop}", 5, "the name shop is not known"},
		"entry twice":           {whole + "block:\n  shops:\n    key: merchant\n    entries:\n      - a\n      - {key: a}", 9, `"a" is listed twice`},
		"entry of nothing":      {whole + "block:\n  shops:\n    key: merchant\n    entries:\n      - {note: x}", 8, "an entry without a key"},
		"until":                 {whole + "block:\n  shops:\n    key: merchant\n    entries:\n      - {key: a, until: soon}", 8, `"soon" is neither a time`},
		"allow with an action":  {whole + "allow:\n  shops: {key: merchant, action: review}", 5, `unknown key "action"`},
		"test without score":    {whole + "tests:\n  - {name: a, expect: {action: review}}", 5, "score is missing"},
		"test without expect":   {whole + "tests:\n  - {name: a, score: 0.1}", 5, "it needs expect"},
		"test with amount":      {whole + "tests:\n  - {name: a, score: 0.1, transaction: {amount: much}, expect: {action: review}}", 5, `transaction.amount is "much", not a number`},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse("policy.yaml", []byte(c.text))
			if err == nil {
				_, err = d.Compile(builtin(t))
			}
			e, ok := errors.AsType[*yamldoc.Error](err)
			if !ok || e.Line != c.line || !strings.Contains(e.Reason, c.want) {
				t.Errorf("%v\ninstead of line %d: %s", err, c.line, c.want)
			}
		})
	}
}

func TestCaseMistakes(t *testing.T) {
	p, _ := compile(t, whole)
	for name, c := range map[string]struct{ text, want string }{
		"no such feature":         {"features: {count_1y: 3}", `there is no feature "count_1y"`},
		"no such mark":            {"marks: {odd: true}", `there is no mark "odd"; there are [unusual_amount, small_amount]`},
		"no such type":            {"transaction: {transaction_type: gift}", "transaction_type"},
		"too many decimal digits": {"transaction: {amount: 1.005}", "amount"},
	} {
		cases, err := policy.ParseCases("p_test.yaml", []byte("tests:\n  - name: a\n    score: 0.5\n    expect: {action: review}\n    "+c.text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Check(&cases[0])
		if e, ok := errors.AsType[*yamldoc.Error](err); !ok || e.Line != 5 || !strings.Contains(e.Reason, c.want) {
			t.Errorf("%s: %v instead of line 5: %s", name, err, c.want)
		}
	}
}

// A features file may call a feature like what a policy supplies. Then a policy that reads it is refused.
func TestScoreThatMeansTwoThings(t *testing.T) {
	declared, err := features.ParseDeclarations("f.yaml", []byte("format: 1\nfeatures: [{name: score, value: amount}]"))
	if err != nil {
		t.Fatal(err)
	}
	set, err := features.Compile(declared, features.DefaultLayout())
	if err != nil {
		t.Fatal(err)
	}
	d, err := policy.Parse("p.yaml", []byte(whole+"rules: [{id: R, when: score > 0.5, reason: r, owner: o}]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Compile(set); err == nil || !strings.Contains(err.Error(), "score means two things here") {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/policy.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(precedence))
	f.Add([]byte(whole + "block: {a: {key: merchant, entries: }}\nrules: [ , ]\ntests: [{}, null]"))
	set := builtin(f)
	tx := purchase(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := policy.Parse("policy.yaml", text)
		if err != nil {
			if _, ok := errors.AsType[*yamldoc.Error](err); !ok {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		p, err := d.Compile(set)
		if err != nil {
			return
		}
		var v policy.Verdict
		for _, score := range []float64{0, 0.5, 1} {
			env := set.NewScene().Suppose(tx, nil, nil)
			p.Decide(env, score, p.Entries(), &v)
			if money := p.MoneyAtRisk(env); !(v.Score >= 0 && v.Score <= 1) || money < 0 {
				t.Fatalf("%+v, %v at risk", v, money)
			}
		}
		for _, c := range d.Cases() {
			if _, err := p.Check(&c); err != nil && !strings.Contains(err.Error(), "policy.yaml") {
				t.Fatal(err)
			}
		}
	})
}

// TestDocumentation holds that the file that docs/policy.md shows is a policy, and that its tests pass.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for line := range strings.Lines(string(text)) {
		code, indented := strings.CutPrefix(line, "    ")
		if indented {
			shown.WriteString(code)
		}
	}
	_, file, _ := strings.Cut(shown.String(), "format: 1")
	d, err := policy.Parse("docs/policy.md", []byte("format: 1"+file))
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Compile(builtin(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Cases()) != 2 {
		t.Errorf("%d tests are shown", len(d.Cases()))
	}
	for _, c := range d.Cases() {
		if differences, err := p.Check(&c); err != nil || len(differences) > 0 {
			t.Errorf("%s: %+v %v", c.Name, differences, err)
		}
	}
}
