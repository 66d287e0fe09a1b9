// Package web is what the HTTP services have in common: how they listen, and how they stop. It imports nothing of ours.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Loopback reports whether only this machine reaches an address.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// Listen listens at an address, host:port, that the configuration's key has. Port 0 is any free one.
func Listen(key, variable, address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s %s is taken, by another weir perhaps: give every process on a machine its own (%s)", key, address, variable)
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w; give host:port", key, address, err)
	}
	return listener, nil
}

// Server answers requests.
type Server struct {
	Handler  http.Handler
	Write    time.Duration // that an answer may take
	Finish   time.Duration // that requests under way have when the server stops
	Stopping func()        // told before it waits for them
}

// Serve runs until ctx ends, or failed, and then finishes the requests under way.
func (s *Server) Serve(ctx, failed context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: s.Handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: s.Write,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // tells addresses of clients
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("answer requests: %w", err)
	case <-failed.Done():
	case <-ctx.Done():
	}
	s.Stopping()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Finish)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("finish requests: %w", err), server.Close())
	}
	return nil
}
