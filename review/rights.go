package review

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/database"
)

// permission is what a route asks for. The zero permission is nobody's.
type permission uint8

const (
	nobody    permission = iota
	everybody            // also who is not signed in
	question             // who bears the token of a question, and nobody else
	read
	work
	lists // change them
	audit
)

var permissions = [...]string{question: "question", read: "read", work: "work", lists: "lists", audit: "audit"}

// roles are what a role may do.
var roles = map[string][]permission{
	"viewer":  {read},
	"analyst": {read, work},
	"lead":    {read, work, lists, audit},
	"admin":   {read, work, lists, audit},
}

// Roles returns the names of the roles, the least first.
func Roles() []string { return []string{"viewer", "analyst", "lead", "admin"} }

// Scopes returns the names of what a token may be for.
func Scopes() []string { return slices.Clone(permissions[read:]) }

// identity is who asks.
type identity struct {
	name    string
	role    string // empty for a token
	may     []permission
	session *database.Session // nil for a token
}

func (i *identity) allowed(p permission) bool { return slices.Contains(i.may, p) }

// newSecret returns what only its bearer knows, and what is kept of it.
func newSecret() (secret, hash string) {
	secret = rand.Text()
	return secret, hashOf(secret)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// same compares without telling how much is equal.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// admit returns who asks, if they may.
func (s *Server) admit(c *gin.Context, p permission) (*identity, *problem) {
	switch p {
	case nobody:
		return nil, newProblem(http.StatusForbidden, "forbidden", "Not allowed", "nobody may do this")
	case everybody:
		return nil, nil
	case question:
		if s.asked(c) {
			return nil, nil
		}
	}
	who, trouble := s.identify(c)
	switch {
	case trouble != nil:
		return nil, trouble
	case !who.allowed(p):
		return nil, newProblem(http.StatusForbidden, "forbidden", "Not allowed", "this needs the right "+permissions[p])
	case who.session != nil && c.Request.Method != http.MethodGet && !same(c.GetHeader("X-CSRF-Token"), who.session.CSRF):
		return nil, newProblem(http.StatusForbidden, "csrf", "Not from the page", "a write with a cookie needs the header X-CSRF-Token, which /me tells")
	}
	return who, nil
}

// identify returns who asks, by a token or a cookie.
func (s *Server) identify(c *gin.Context) (*identity, *problem) {
	refused := newProblem(http.StatusUnauthorized, "unauthorized", "Not signed in", "sign in, or send a token: Authorization: Bearer TOKEN")
	if header := c.GetHeader("Authorization"); header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		token, err := s.db.Token(c.Request.Context(), hashOf(secret), s.time())
		if errors.Is(err, database.ErrUnknown) || !strings.EqualFold(scheme, "Bearer") {
			c.Header("WWW-Authenticate", `Bearer realm="weir"`)
			return nil, refused
		}
		if err != nil {
			return nil, problemOf(err)
		}
		who := &identity{name: "token:" + token.Name}
		for scope := range strings.SplitSeq(token.Scopes, ",") {
			if i := slices.Index(permissions[:], scope); i >= int(read) {
				who.may = append(who.may, permission(i))
			}
		}
		return who, nil
	}
	secret, err := c.Cookie(s.cookie())
	if err != nil || secret == "" {
		return nil, refused
	}
	session, err := s.db.Session(c.Request.Context(), hashOf(secret), s.time())
	if errors.Is(err, database.ErrUnknown) {
		return nil, refused
	}
	if err != nil {
		return nil, problemOf(err)
	}
	return &identity{name: session.Name, role: session.Role, may: roles[session.Role], session: &session}, nil
}

// cookie is the name of the cookie; browsers hold one of the prefix to what makes it safe.
func (s *Server) cookie() string {
	if s.rules.Loopback {
		return "weir_session"
	}
	return "__Host-weir_session"
}
