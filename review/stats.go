package review

import (
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/feedback"
)

// figures are what an overview was told last.
type figures struct {
	until time.Time // when they are counted anew
	value gin.H
}

const (
	figuresHold = 2 * time.Second // or longer, so that counting takes a twentieth of the time at most
	figuresOver = 30 * 24 * time.Hour
)

// stats answers with figures, which are counted once for all who ask within a moment.
func (s *Server) stats(c *gin.Context, _ *identity) (any, *problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.figures != nil && now.Before(s.figures.until) {
		return s.figures.value, nil
	}
	began := s.now()
	f, err := s.db.Figures(c.Request.Context(), s.time(), s.time().Add(-figuresOver))
	if err != nil {
		return nil, problemOf(err)
	}
	running := s.running(now)
	model := running.models()
	newest, err := s.db.NewestAlert(c.Request.Context())
	if err != nil && !errors.Is(err, database.ErrUnknown) {
		return nil, problemOf(err)
	}
	if err == nil && model == "" {
		if a, err := decodeAlert(&newest); err == nil {
			model = a.Model
		}
	}
	days := []gin.H{}
	for _, d := range f.Days {
		days = append(days, gin.H{
			"day": d.Start.Std().Format(time.DateOnly), "alerts": d.Alerts,
			"fraud": d.Labels[feedback.Fraud], "legitimate": d.Labels[feedback.Legitimate], "unsure": d.Labels[feedback.Unsure],
		})
	}
	scores := make([]gin.H, len(f.Scores))
	for i, n := range f.Scores {
		scores[i] = gin.H{"from": float64(i) / 10, "count": n}
	}
	var precision any
	if n := f.Fraud + f.Legitimate; n > 0 {
		precision = float64(f.Fraud) / float64(n)
	}
	hold := max(figuresHold, 20*s.now().Sub(began))
	s.figures = &figures{now.Add(hold), gin.H{
		"open": f.Open, "claimed": f.Claimed, "snoozed": f.Snoozed, "alerts_per_day": days, "precision_30d": precision,
		"money_open": s.money(f.AtRisk), "currency": s.rules.Currency.Code(), "model": model, "scores": scores, "pipeline": running.view(now),
	}}
	return s.figures.value, nil
}
