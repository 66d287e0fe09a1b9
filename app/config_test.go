package app_test

import (
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
)

func TestEnvironmentOverrides(t *testing.T) {
	c, err := app.LoadConfig("", []string{
		"WEIR_MODEL_REVIEW=0.3", "WEIR_MODEL_DECLINE=null", "WEIR_KAFKA_BROKERS=a:1,b:2", "WEIR_FEATURES_RATES={EUR: \"1.08\"}", "WEIR_DECISIONS_VECTOR=false",
		"WEIR_PIPELINE_APPLY_INTERVAL=1s", "WEIR_REDIS_PASSWORD=12", "HOME=/root",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Model.Review == nil || *c.Model.Review != 0.3 || c.Model.Decline != nil {
		t.Errorf("thresholds %v and %v", c.Model.Review, c.Model.Decline)
	}
	if len(c.Kafka.Brokers) != 2 || c.Features.Rates["EUR"] != "1.08" || c.Decision.Vector || c.Pipeline.ApplyInterval.String() != "1s" ||
		c.Redis.Password != "12" {
		t.Errorf("configuration %+v", c)
	}
	if _, err := app.LoadConfig("", []string{"WEIR_MODEL_REVIEW=high"}); err == nil || !strings.Contains(err.Error(), "WEIR_MODEL_REVIEW") {
		t.Errorf("a threshold that is no number: %v", err)
	}
}
