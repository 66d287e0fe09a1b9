package review

import (
	_ "embed"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed openapi.json
var openapi []byte

// describe answers with the description of the API, as of OpenAPI 3.1.
func (s *Server) describe(c *gin.Context, _ *identity) (any, *problem) {
	c.Data(http.StatusOK, "application/json; charset=utf-8", openapi)
	return nil, nil
}
