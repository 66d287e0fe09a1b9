package review

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/database"
	"github.com/weir-fraud/weir/payment"
)

const deliveriesPage = 100

// deliveries answers with what was and is to be told to others, the newest first, and nothing of what it says.
func (s *Server) deliveries(c *gin.Context, _ *identity) (any, *problem) {
	f := database.DeliveryFilter{Route: c.Query("route")}
	if !plain(f.Route, mostText) {
		return nil, invalid("route is no route's name")
	}
	if name := c.Query("state"); name != "" {
		var ok bool
		if f.State, ok = database.ParseDeliveryState(name); !ok {
			return nil, invalid("state must be waiting, delivered or failed")
		}
	}
	after, p := parseDeliveryCursor(c.Query("cursor"))
	if p != nil {
		return nil, p
	}
	list, err := s.db.Deliveries(c.Request.Context(), f, after, deliveriesPage+1)
	if err != nil {
		return nil, problemOf(err)
	}
	next := ""
	if len(list) > deliveriesPage {
		list = list[:deliveriesPage]
		last := &list[deliveriesPage-1]
		next = base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(int64(last.MadeAt), 10) + " " + last.ID))
	}
	views := []gin.H{}
	for i := range list {
		d := &list[i]
		v := gin.H{
			"delivery_id": d.ID, "route": d.Route, "event": d.Event, "alert_id": d.Subject, "state": d.State.String(), "attempts": d.Attempts, "made_at": d.MadeAt.String(),
			"next_at": nil, "ended_at": nil, "error": d.Error,
		}
		if d.State == database.Waiting {
			v["next_at"] = d.NextAt.String()
		} else {
			v["ended_at"] = d.EndedAt.String()
		}
		views = append(views, v)
	}
	return gin.H{"deliveries": views, "next": next}, nil
}

func parseDeliveryCursor(text string) (*database.Delivery, *problem) {
	if text == "" {
		return nil, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	at, id, found := strings.Cut(string(raw), " ")
	n, wrong := strconv.ParseInt(at, 10, 64)
	if err != nil || wrong != nil || !found || !plain(id, mostText) {
		return nil, invalid("cursor is not one that an earlier page gave as next")
	}
	return &database.Delivery{ID: id, MadeAt: payment.Time(n)}, nil
}
