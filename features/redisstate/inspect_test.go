package redisstate_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/weir-fraud/weir/features/redisstate"
)

func testInspect(t *testing.T, f *fixture) {
	servers, err := f.store.Inspect(t.Context())
	if err != nil || len(servers) == 0 {
		t.Fatalf("servers %v, error %v", servers, err)
	}
	for _, s := range servers {
		if s.Address == "" || s.Replica || s.Loading || s.SaveFailed || s.Ahead.Abs() > time.Minute {
			t.Errorf("server %+v", s)
		}
	}
}

func TestInspectTellsTheClock(t *testing.T) {
	m := miniredis.RunT(t)
	f := newFixture(t, redisstate.Config{Addresses: []string{m.Addr()}})
	m.SetTime(time.Now().Add(-time.Hour))
	servers, err := f.store.Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s := servers[0]; (s.Ahead + time.Hour).Abs() > time.Minute {
		t.Errorf("a clock an hour behind is ahead by %v", s.Ahead)
	}
}

func TestSample(t *testing.T) {
	m := miniredis.RunT(t)
	f := newFixture(t, redisstate.Config{Addresses: []string{m.Addr()}})
	const n = 300
	if s, err := f.store.Sample(t.Context(), n); err != nil || s.Keys != 0 || len(s.Layouts) != 0 {
		t.Errorf("an empty server gives %+v, %v", s, err)
	}
	for _, key := range []string{"weir:one:{t:0}:head", "weir:one:{t:1}:head", "weir:two:{t:0}:head", "another's"} {
		if err := m.Set(key, "x"); err != nil {
			t.Fatal(err)
		}
	}
	s, err := f.store.Sample(t.Context(), n)
	if err != nil || s.Keys != n || s.Layouts["one"]+s.Layouts["two"] >= n {
		t.Errorf("sample %+v, %v", s, err)
	}
	// Each key is missed by all looks with a chance of 0.75^300.
	if len(s.Layouts) != 2 || s.Layouts["one"] == 0 || s.Layouts["two"] == 0 {
		t.Errorf("layouts %v", s.Layouts)
	}
}
