package app_test

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/weir-fraud/weir/app"
)

// A person who has the address of the brokers wrong learns which one is tried, long before a command gives up.
func TestSilentBrokersAreNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // connections are accepted and never answered
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := app.LoadConfig("", []string{"WEIR_KAFKA_BROKERS=" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	told := make(chan string, 1)
	c.Tell(func(text string) {
		told <- text
		cancel()
	})
	if err := app.CheckTopics(ctx, c, io.Discard); err == nil {
		t.Error("topics of silent brokers are fine")
	}
	select {
	case text := <-told:
		if !strings.Contains(text, l.Addr().String()) {
			t.Errorf("told %q, without the address %s", text, l.Addr())
		}
	default:
		t.Error("nothing was told")
	}
}
