package review

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// CrashAt ends the publisher where f says so, as if the process had died.
func (p *Publisher) CrashAt(f func(point string) error) { p.crash = f }

// Route is a route of the API and what it asks for.
type Route struct{ Method, Path, Permission string }

// Routes returns all routes, with paths as OpenAPI writes them.
func (s *Server) Routes() (all []Route) {
	for _, r := range s.routes() {
		path := strings.ReplaceAll(strings.NewReplacer(":id", "{id}", ":list", "{list}").Replace(r.path), `\:`, ":")
		name := permissions[max(r.permission, everybody)]
		switch r.permission {
		case everybody:
			name = "everybody"
		case nobody:
			name = ""
		}
		all = append(all, Route{r.method, path, name})
	}
	return all
}

// Unguarded returns the handler of a route that states no permission.
func (s *Server) Unguarded() http.Handler {
	r := gin.New()
	r.GET("/", s.serve(route{method: http.MethodGet, path: "/", answer: func(*gin.Context, *identity) (any, *problem) {
		return nil, problemOf(errors.New("it was reached"))
	}}))
	return r
}

// RightsOf returns what a role may do, nil for one that is none.
func RightsOf(role string) (names []string) {
	for _, p := range roles[role] {
		names = append(names, permissions[p])
	}
	return names
}
