package app_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-fraud/weir/app"
)

// What weir config prints is a configuration file, and the same configuration.
func TestWriteConfig(t *testing.T) {
	c := app.DefaultConfig()
	c.Kafka.Group, c.HTTP.Address = "another", ":9464"
	var text strings.Builder
	if err := app.WriteConfig(&text, c); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "weir.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := app.LoadConfig(path, nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	if !reflect.DeepEqual(got, c) {
		t.Errorf("%+v, want %+v", got, c)
	}
}

func TestEnvironmentOverrides(t *testing.T) {
	c, err := app.LoadConfig("", []string{
		"WEIR_MODEL_REVIEW=0.3", "WEIR_MODEL_DECLINE=null", "WEIR_KAFKA_BROKERS=a:1,b:2", "WEIR_FEATURES_RATES={EUR: \"1.08\"}", "WEIR_DECISIONS_VECTOR=false",
		"WEIR_PIPELINE_APPLY_INTERVAL=1s", "WEIR_REDIS_PASSWORD=12", "HOME=/root",
		"WEIR_MODEL_CHALLENGERS=one,two", "WEIR_POLICY_CHALLENGERS=",
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Model.Review == nil || *c.Model.Review != 0.3 || c.Model.Decline != nil {
		t.Errorf("thresholds %v and %v", c.Model.Review, c.Model.Decline)
	}
	if len(c.Kafka.Brokers) != 2 || c.Features.Rates["EUR"] != "1.08" || c.Decision.Vector || c.Pipeline.ApplyInterval.String() != "1s" ||
		c.Redis.Password != "12" || len(c.Model.Challengers) != 2 || len(c.Policy.Challengers) != 0 {
		t.Errorf("configuration %+v", c)
	}
	if _, err := app.LoadConfig("", []string{"WEIR_MODEL_CHALLENGERS=one,,two"}); err == nil || !strings.Contains(err.Error(), "model.challengers: a directory is empty") {
		t.Errorf("a challenger without a name: %v", err)
	}
	if _, err := app.LoadConfig("", []string{"WEIR_MODEL_REVIEW=high"}); err == nil || !strings.Contains(err.Error(), "WEIR_MODEL_REVIEW") {
		t.Errorf("a threshold that is no number: %v", err)
	}
}
