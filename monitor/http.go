package monitor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler answers /metrics, /healthz and /readyz.
func (m *Monitor) Handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(newCollector(m), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, "alive", "stuck", m.stuck()) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, "ready", "not ready", m.unready()) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "weir %s\n\n/metrics  for Prometheus\n/healthz  is the process alive\n/readyz   is it at work, and if not, why\n", m.config.Version)
	})
	return mux
}

// answer writes the state as JSON: 200 without reasons against it, else 503.
func answer(w http.ResponseWriter, well, ill string, reasons []string) {
	body := struct {
		Status  string   `json:"status"`
		Reasons []string `json:"reasons,omitempty"`
	}{well, reasons}
	status := http.StatusOK
	if len(reasons) > 0 {
		body.Status, status = ill, http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	text := json.NewEncoder(w)
	text.SetEscapeHTML(false)
	_ = text.Encode(body) // the client is gone
}

// HTTP is a running HTTP server.
type HTTP struct {
	server *http.Server
	addr   net.Addr
}

// Serve answers requests at an address, host:port, until Close. Port 0 is any free one.
func Serve(address string, h http.Handler, log *slog.Logger) (*HTTP, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("http.address %s is taken, by another weir perhaps: give every process on a machine its own (WEIR_HTTP_ADDRESS), or \"\" for none", address)
	}
	if err != nil {
		return nil, fmt.Errorf("http.address %q: %w; give host:port, or \"\" for none", address, err)
	}
	s := &HTTP{
		server: &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute},
		addr:   listener.Addr(),
	}
	go func() {
		// Nobody must lose a transaction because nobody can look.
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metrics and health are not served any more", "error", err)
		}
	}()
	return s, nil
}

// Address returns where the server listens.
func (s *HTTP) Address() string { return s.addr.String() }

// Close ends the server; requests under way get some seconds for their answers.
func (s *HTTP) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		return errors.Join(err, s.server.Close())
	}
	return nil
}
