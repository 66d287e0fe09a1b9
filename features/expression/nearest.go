package expression

import "slices"

// nearest returns the candidate that name is most likely a misspelling of, if there is a likely one.
func nearest(name string, candidates []string) (string, bool) {
	want := []rune(name)
	found, least := "", len(want)/3+2 // no more than every third character may be wrong
	for _, candidate := range slices.Sorted(slices.Values(candidates)) {
		if d := editDistance(want, []rune(candidate), least); d < least {
			found, least = candidate, d
		}
	}
	return found, found != ""
}

// editDistance returns how many characters to insert, remove or replace to make b of a, or limit if not fewer.
func editDistance(a, b []rune, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range b {
			replaced := diagonal
			if r != s {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, diagonal+1)
		}
	}
	return min(row[len(b)], limit)
}
