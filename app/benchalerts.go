package app

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/weir-fraud/weir/alerts"
	"github.com/weir-fraud/weir/features"
	"github.com/weir-fraud/weir/feedback"
	"github.com/weir-fraud/weir/payment"
	"github.com/weir-fraud/weir/stream"
)

// alertMill makes many alerts of few: each is one that the pipeline made, of another account and at another time. They come
// in episodes, hours of one account, as they do when a card is stolen or somebody travels.
type alertMill struct {
	rng     *rand.Rand
	samples []alerts.Alert
	made    int64

	account string // of the episode, and
	at      payment.Time
	left    int // alerts
}

const (
	millAccounts = 250_000
	millRestless = 2_000 // accounts that have an episode in five among them
	millDevices  = 2_000 // that many accounts share
)

// sampleAlerts runs the pipeline over simulated traffic and returns the alerts that it made. Accounts have a month behind them.
func (b *bench) sampleAlerts(ctx context.Context) (topics *benchTopics, samples []alerts.Alert, err error) {
	const accounts, past, decided = 2_000, 100_000, 50_000
	world := benchWorld()
	world.Accounts = accounts
	world = live(world, past)
	next, err := simulated(world)
	if err != nil {
		return nil, nil, err
	}
	if topics, err = b.withPast(ctx, b.config, world, next, decided); err != nil {
		return nil, nil, err
	}
	if _, err = topics.run(ctx, PipelineBenchOptions{}, b.log); err == nil {
		samples, err = topics.readAlerts(ctx)
	}
	if err == nil && len(samples) == 0 {
		err = fmt.Errorf("the pipeline made no alert of %d transactions", decided)
	}
	return topics, samples, err
}

// readAlerts returns all alerts of the alerts topic.
func (b *benchTopics) readAlerts(ctx context.Context) (list []alerts.Alert, err error) {
	r, err := stream.NewReader(ctx, b.config.kafka(), stream.Topic{Name: b.config.Kafka.Topics.Alerts, Partitions: b.in.Partitions}, stream.FromStart)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	var batch []stream.Record
	for r.Left() > 0 && ctx.Err() == nil {
		if batch, err = r.Poll(batch[:0], 1024, 20*time.Millisecond); err != nil {
			return nil, err
		}
		for i := range batch {
			var a alerts.Alert
			if err := json.Unmarshal(batch[i].Value, &a); err != nil {
				return nil, err
			}
			list = append(list, a)
		}
	}
	return list, ctx.Err()
}

// next returns an alert of the episode, or of a new one that begins at a time.
func (m *alertMill) next(now payment.Time) *alerts.Alert {
	if m.left == 0 {
		m.account, m.at, m.left = m.randomAccount(), now, m.randomLength()
	}
	m.left--
	m.made++
	sample := &m.samples[m.rng.IntN(len(m.samples))]
	a, tx := *sample, *sample.Transaction
	shift := time.Duration(m.at-tx.Time) * time.Millisecond
	tx.ID, tx.AccountID, tx.Time = fmt.Sprintf("bench-%09d", m.made), m.account, m.at
	a.Transaction, a.AccountID, a.TransactionID, a.ID = &tx, m.account, tx.ID, alerts.ID(m.account, tx.ID)
	a.Timestamp = m.at.Add(300 * time.Millisecond)
	a.Score *= 1 - .1*m.rng.Float64()
	a.MoneyAtRisk *= .5 + m.rng.Float64()
	a.Entities = append([]alerts.Entity(nil), a.Entities...)
	for i := range a.Entities {
		switch e := &a.Entities[i]; e.Name { // merchants stay, since everybody pays there
		case "device":
			e.Key = m.randomDevice()
		case "holder":
			e.Key = m.account
		}
	}
	a.History = append([]features.Retained(nil), a.History...)
	for i := range a.History {
		a.History[i].Time = a.History[i].Time.Add(shift)
	}
	m.at = m.at.Add(time.Duration(m.rng.ExpFloat64() * float64(10*time.Minute)))
	return &a
}

func (m *alertMill) randomAccount() string {
	if m.rng.IntN(5) == 0 {
		return fmt.Sprintf("A%07d", m.rng.IntN(millRestless))
	}
	return fmt.Sprintf("A%07d", m.rng.IntN(millAccounts))
}

func (m *alertMill) randomDevice() string {
	if m.rng.IntN(20) == 0 {
		return fmt.Sprintf("shared-%d", m.rng.IntN(millDevices))
	}
	return "d-" + m.account
}

// randomLength returns how many alerts an episode has: mostly one, 2.2 in the mean, and of a thousand episodes one has more
// than fifty.
func (m *alertMill) randomLength() int {
	switch x := m.rng.Float64(); {
	case x < .7:
		return 1
	case x < .9:
		return 2 + m.rng.IntN(2)
	case x < .99:
		return 4 + m.rng.IntN(7)
	case x < .999:
		return 11 + m.rng.IntN(40)
	default:
		return 51 + m.rng.IntN(250)
	}
}

// label returns what an analyst says of an alert some hours later.
func (m *alertMill) label(a *alerts.Alert, v feedback.Verdict) feedback.Label {
	tx := a.Transaction
	l := feedback.Label{
		ID: "bench-" + a.ID, Time: a.Timestamp.Add(time.Hour + time.Duration(m.rng.Int64N(int64(35*time.Hour)))), TransactionID: tx.ID, AccountID: tx.AccountID,
		TransactionTime: tx.Time, Amount: tx.Amount, Currency: tx.Currency, Entities: make(map[string]string), Marks: a.Marks, Verdict: v,
		Source: feedback.Analyst, By: fmt.Sprintf("analyst-%d", m.rng.IntN(8)), AlertID: a.ID,
	}
	for _, e := range a.Entities {
		l.Entities[e.Name] = e.Key
	}
	return l
}

// verdict returns how an episode ends.
func (m *alertMill) verdict() feedback.Verdict {
	switch x := m.rng.IntN(10); {
	case x < 3:
		return feedback.Fraud
	case x < 9:
		return feedback.Legitimate
	default:
		return feedback.Unsure
	}
}
