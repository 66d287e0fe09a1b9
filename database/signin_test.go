package database_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weir-fraud/weir/alerts/cases"
	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

func entry(action string, at payment.Time) database.Entry {
	return database.Entry{At: at, Actor: "test", Action: action, Object: "user:ann"}
}

func TestUsersAndSessions(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		if _, err := b.User(ctx, "ann"); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a user that is not there: %v", err)
		}
		ann := database.User{Name: "ann", Role: "analyst", Hash: "h"}
		if err := b.SetUser(ctx, ann, entry("set", start)); err != nil {
			t.Fatal(err)
		}
		s := database.Session{Hash: "s", Name: "ann", Role: "analyst", CSRF: "c", Expires: start + 10}
		if err := b.AddSession(ctx, s, entry("signin", start)); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Session(ctx, "s", start+9); err != nil || got != s {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := b.Session(ctx, "s", start+10); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a session that has ended: %v", err)
		}
		ann.Role, ann.Disabled = "lead", true
		if err := b.SetUser(ctx, ann, entry("set", start)); err != nil {
			t.Fatal(err)
		}
		if list, err := b.Users(ctx); err != nil || len(list) != 1 || list[0] != ann {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := b.Session(ctx, "s", start); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a session of before the change: %v", err)
		}
		if list, err := b.Audit(ctx, "user:ann", 0, 10); err != nil || len(list) != 3 || list[1].Action != "signin" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestTokens(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		k := database.Token{Hash: "h", Name: "robot", Scopes: "read,work", MadeAt: start, Expires: start + 10}
		if err := b.AddToken(ctx, k, entry("add", start)); err != nil {
			t.Fatal(err)
		}
		if err := b.AddToken(ctx, database.Token{Hash: "other", Name: "robot"}, entry("add", start)); !errors.Is(err, database.ErrChanged) {
			t.Errorf("a second token of the name: %v", err)
		}
		if got, err := b.Token(ctx, "h", start+9); err != nil || got != k {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := b.Token(ctx, "h", start+10); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a token that has expired: %v", err)
		}
		if err := b.RevokeToken(ctx, "robot", entry("revoke", start)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Token(ctx, "h", start); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a token that is revoked: %v", err)
		}
		if err := b.RevokeToken(ctx, "robot", entry("revoke", start)); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("a token that is not there: %v", err)
		}
	})
}

func TestAnswersAreKept(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		begin := func(actor string, now payment.Time) *database.Answer {
			t.Helper()
			taken, err := b.Begin(t.Context(), &database.Write{Actor: actor, Key: "k", Request: "request", At: now, Oldest: now - 1000}, now-60)
			if err != nil {
				t.Fatal(err)
			}
			return taken
		}
		finish := func(status int) {
			t.Helper()
			if err := b.Finish(t.Context(), "ann", "k", status, []byte("done")); err != nil {
				t.Fatal(err)
			}
		}
		if taken := begin("ann", start); taken != nil {
			t.Errorf("a new key is taken: %+v", taken)
		}
		if taken := begin("ann", start+1); taken == nil || taken.Status != 0 || taken.Request != "request" {
			t.Errorf("under way: %+v", taken)
		}
		if taken := begin("bob", start); taken != nil {
			t.Errorf("another's key: %+v", taken)
		}
		finish(200)
		if taken := begin("ann", start+999); taken == nil || taken.Status != 200 || string(taken.Response) != "done" {
			t.Errorf("answered: %+v", taken)
		}
		if taken := begin("ann", start+1001); taken != nil {
			t.Errorf("too old: %+v", taken)
		}
		finish(0)
		if taken := begin("ann", start+1002); taken != nil {
			t.Errorf("refused, and the key is taken: %+v", taken)
		}
		if taken := begin("ann", start+1063); taken != nil {
			t.Errorf("died, and the key is taken: %+v", taken)
		}
	})
}

func TestFigures(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.take(t, alert("a", 1, 0, .05), alert("b", 1, 0, .95), alert("c", 1, 0, 1), alert("d", 1, 30, .5))
		list := b.page(t, database.Filter{}, nil, 10)
		if _, err := b.Do(t.Context(), dispose(list[0].ID, list[0].Version, "ann", feedback.Fraud), dispose(list[1].ID, list[1].Version, "ann", feedback.Legitimate)); err != nil {
			t.Fatal(err)
		}
		f, err := b.Figures(t.Context(), start+2*24*3_600_000, start-24*3_600_000)
		if err != nil || f.Open != 2 || f.Fraud != 1 || f.Legitimate != 1 || f.Scores[0] != 1 || f.Scores[5] != 1 || f.Scores[9] != 0 {
			t.Fatalf("%+v, %v", f, err)
		}
		if len(f.Days) != 2 || f.Days[0].Alerts != 3 || f.Days[0].Labels[feedback.Fraud] != 1 || f.Days[1].Alerts != 1 || f.Days[0].Start >= f.Days[1].Start {
			t.Errorf("days %+v", f.Days)
		}
	})
}

func TestSearch(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		b.take(t, alert("a", 1, 0, .5), alert("b", 2, 0, .5), alert("shop", 3, 0, .5))
		for text, want := range map[string]int{"a": 1, "t2": 1, "a-1": 1, "d-b": 1, "shop": 3, "nothing": 0, "%": 0, "' OR 1=1 --": 0} {
			if list, err := b.Search(t.Context(), text, 10); err != nil || len(list) != want {
				t.Errorf("%q: %+v, %v", text, list, err)
			}
		}
		if list, err := b.Search(t.Context(), "shop", 2); err != nil || len(list) != 2 {
			t.Errorf("%+v, %v", list, err)
		}
		if a, err := b.Alert(t.Context(), "b-2"); err != nil || a.TransactionID != "t2" {
			t.Errorf("%+v, %v", a, err)
		}
		if a, err := b.NewestAlert(t.Context()); err != nil || a.CaseID == 0 {
			t.Errorf("%+v, %v", a, err)
		}
		if _, err := b.Alert(t.Context(), "none"); !errors.Is(err, database.ErrUnknown) {
			t.Errorf("an alert that is not there: %v", err)
		}
	})
}

func TestEmpty(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		ctx := t.Context()
		list := arrivals(alert("a", 1, 0, .5), alert("b", 1, 0, .9))
		if _, err := b.TakeAlerts(ctx, topic, window, list, map[int32]int64{0: 2}); err != nil {
			t.Fatal(err)
		}
		if err := b.AddNote(ctx, database.Note{CaseID: 1, At: start, Author: "ann", Body: "rang"}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Do(ctx, dispose(1, 1, "ann", feedback.Fraud)); err != nil {
			t.Fatal(err)
		}
		if err := b.Empty(ctx); !errors.Is(err, database.ErrUnpublished) {
			t.Fatalf("with labels in the outbox: %v", err)
		}
		labels, err := b.Labels(ctx, "a", "t1")
		if err != nil || len(labels) != 1 {
			t.Fatalf("%+v, %v", labels, err)
		}
		if err := b.Published(ctx, 1); err != nil {
			t.Fatal(err)
		}
		if err := b.Empty(ctx); err != nil {
			t.Fatal(err)
		}
		if next, err := b.Cursors(ctx, topic, 1); err != nil || next[0] != 0 {
			t.Errorf("cursors %v, %v", next, err)
		}
		if err := b.TakeLabels(ctx, "feedback", labels, nil); err != nil {
			t.Fatal(err)
		}
		b.take(t, alert("b", 1, 0, .9), alert("a", 1, 0, .5))
		if closed, err := b.CloseDecided(ctx); err != nil || closed != 1 {
			t.Errorf("%d cases are closed, %v", closed, err)
		}
		got := b.page(t, database.Filter{Order: database.ByClosed}, nil, 10)
		if len(got) != 1 || got[0].AccountID != "a" || got[0].ID <= 2 || got[0].ClosedBy != "ann" || got[0].Disposition != feedback.Fraud {
			t.Fatalf("%+v", got)
		}
		if notes, err := b.Notes(ctx, got[0].ID); err != nil || len(notes) != 1 || notes[0].Body != "rang" {
			t.Errorf("notes %+v, %v", notes, err)
		}
		if err := b.SkipTo(ctx, 7); err != nil {
			t.Fatal(err)
		}
		open := b.page(t, database.Filter{}, nil, 1)[0]
		if _, err := b.Do(ctx, dispose(open.ID, open.Version, "ann", feedback.Fraud)); err != nil {
			t.Fatal(err)
		}
		if out, err := b.Outgoing(ctx, 0, 10); err != nil || len(out) != 1 || out[0].Seq != 8 {
			t.Errorf("outbox %+v, %v", out, err)
		}
	})
}

// Steps and the answer to them are there together or not at all, and the same write does nothing again.
func TestStepsAreAnsweredOnce(t *testing.T) {
	eachBackend(t, func(t *testing.T, b backend) {
		list := b.take(t, alert("a", 1, 0, .5))
		write := &database.Write{Actor: "ann", Key: "k", Request: "request", At: start, Oldest: start - 1000}
		once := func(version int64, fails error) error {
			text, err := b.DoOnce(t.Context(), write, func([]cases.Case) ([]byte, error) { return []byte("done"), fails }, dispose(list[0], version, "ann", feedback.Fraud))
			if err == nil && string(text) != "done" {
				t.Errorf("answered %q", text)
			}
			return err
		}
		broken := errors.New("broken")
		for _, refused := range []error{once(7, nil), once(1, broken)} {
			taken, err := b.Answered(t.Context(), "ann", "k")
			if !errors.Is(refused, database.ErrChanged) && !errors.Is(refused, broken) || err != nil || taken != nil {
				t.Errorf("refused with %v, and kept is %+v, %v", refused, taken, err)
			}
		}
		if out, err := b.Outgoing(t.Context(), 0, 10); err != nil || len(out) != 0 {
			t.Errorf("%d labels of steps that were refused, %v", len(out), err)
		}
		var all sync.WaitGroup
		var done, again atomic.Int32
		for range 8 {
			all.Go(func() {
				switch err := once(1, nil); {
				case err == nil:
					done.Add(1)
				case errors.Is(err, database.ErrRepeated):
					again.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		taken, err := b.Answered(t.Context(), "ann", "k")
		if err != nil || taken == nil || taken.Status != 200 || string(taken.Response) != "done" || done.Load() != 1 || again.Load() != 7 {
			t.Errorf("done %d times, refused %d times, kept %+v, %v", done.Load(), again.Load(), taken, err)
		}
		if out, err := b.Outgoing(t.Context(), 0, 10); err != nil || len(out) != 1 {
			t.Errorf("%d labels, %v", len(out), err)
		}
	})
}
