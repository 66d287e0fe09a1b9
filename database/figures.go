package database

import (
	"context"
	"database/sql"

	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
)

// Figures are what an overview tells.
type Figures struct {
	Open, Claimed, Snoozed int
	AtRisk                 float64 // of the cases that are not closed
	Scores                 [10]int // of the cases that are not closed, by tenths
	Fraud, Legitimate      int     // cases closed since the given time
	Days                   []Day   // with an alert or a label, the oldest first
}

// Day is a day in UTC.
type Day struct {
	Start  payment.Time
	Alerts int
	Labels map[feedback.Verdict]int // cases closed, by disposition
}

const day = int64(24 * 60 * 60 * 1000)

// Figures counts what there is now, and what was from since on.
func (d *DB) Figures(ctx context.Context, now, since payment.Time) (Figures, error) {
	var f Figures
	err := d.sql.QueryRowContext(ctx, d.text(`SELECT count(*),
		coalesce(sum(CASE WHEN state = 2 AND owned_until > ? THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN snoozed_until > ? THEN 1 ELSE 0 END), 0), coalesce(sum(at_risk), 0) FROM cases WHERE state < 3`), int64(now), int64(now)).
		Scan(&f.Open, &f.Claimed, &f.Snoozed, &f.AtRisk)
	if err != nil {
		return f, err
	}
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var tenth, n int
		err := r.Scan(&tenth, &n)
		f.Scores[max(0, min(tenth, 9))] += n
		return err
	}, `SELECT CASE WHEN score < .1 THEN 0 WHEN score < .2 THEN 1 WHEN score < .3 THEN 2 WHEN score < .4 THEN 3 WHEN score < .5 THEN 4
		WHEN score < .6 THEN 5 WHEN score < .7 THEN 6 WHEN score < .8 THEN 7 WHEN score < .9 THEN 8 ELSE 9 END AS tenth, count(*)
		FROM cases WHERE state < 3 GROUP BY 1`)
	if err != nil {
		return f, err
	}
	days := make(map[int64]*Day)
	at := func(start int64) *Day {
		if days[start] == nil {
			days[start] = &Day{Start: payment.Time(start), Labels: make(map[feedback.Verdict]int)}
		}
		return days[start]
	}
	first := int64(since) - int64(since)%day
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var start int64
		var n int
		err := r.Scan(&start, &n)
		at(start).Alerts = n
		return err
	}, `SELECT made_at - made_at % 86400000 AS start, count(*) FROM alerts WHERE made_at >= ? GROUP BY 1`, first)
	if err != nil {
		return f, err
	}
	err = d.each(ctx, d.sql, func(r *sql.Rows) error {
		var start int64
		var v feedback.Verdict
		var n int
		err := r.Scan(&start, &v, &n)
		at(start).Labels[v] = n
		switch v {
		case feedback.Fraud:
			f.Fraud += n
		case feedback.Legitimate:
			f.Legitimate += n
		}
		return err
	}, `SELECT closed_at - closed_at % 86400000 AS start, disposition, count(*) FROM cases WHERE state = 3 AND closed_at >= ? GROUP BY 1, 2`, first)
	for start := first; start <= int64(now); start += day {
		if days[start] != nil {
			f.Days = append(f.Days, *days[start])
		}
	}
	return f, err
}
