package pipeline

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// ranked is a row of an account.
type ranked struct {
	account *entry
	score   float64
	at      int
}

// top returns each account's first highest row, the highest first, at most limit.
func top(rows []ranked, limit int) []ranked {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.at, b.at)) })
	seen := make(map[*entry]bool)
	rows = slices.DeleteFunc(rows, func(r ranked) bool {
		again := seen[r.account]
		seen[r.account] = true
		return again
	})
	return rows[:min(limit, len(rows))]
}

// TestHighest holds that each thread admits what is among its own highest when it comes, and that these include what
// ends up among the highest of all, however the accounts are shared out.
func TestHighest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		limit, threads := rng.IntN(6), 1+rng.IntN(4)
		highests, own := make([]highest, threads), make([][]ranked, threads)
		accounts := make([]entry, 1+rng.IntN(12))
		var rows []ranked
		admitted := make(map[ranked]bool)
		for at := range rng.IntN(150) {
			i := rng.IntN(len(accounts))
			r := ranked{&accounts[i], float64(rng.IntN(8)), at} // many are equal
			rows = append(rows, r)
			thread := i % threads
			own[thread] = append(own[thread], r)
			highests[thread].limit = limit
			admitted[r] = highests[thread].admit(r.account, r.score)
			if want := slices.Contains(top(own[thread], limit), r); admitted[r] != want {
				t.Fatalf("row %d: admitted %v, want %v of %v", at, admitted[r], want, own[thread])
			}
		}
		for _, r := range top(rows, limit) {
			if !admitted[r] {
				t.Fatalf("row %d of score %v is among the %d highest of all and was not admitted", r.at, r.score, limit)
			}
		}
	}
}
