package review

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/weir-fraud/weir/database"
)

// Once returns the token of a link that signs one browser in. A new one ends the last.
func (s *Server) Once() string {
	secret, hash := newSecret()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once = hash
	return secret
}

// local is who signs in by the one-time link: whoever reads this process's output.
const local = "local"

func (s *Server) signInOnce(c *gin.Context, _ *identity) (any, *problem) {
	if p := s.attempts.admit(local, s.now()); p != nil {
		return nil, p
	}
	s.mu.Lock()
	good := s.once != "" && same(hashOf(c.Query("once")), s.once)
	if good {
		s.once = ""
	}
	s.mu.Unlock()
	if !good {
		s.attempts.failed(local, s.now())
		return nil, newProblem(http.StatusUnauthorized, "unauthorized", "The link is used up", "it signs in once: start weir again for another")
	}
	if p := s.begin(c, local, "lead"); p != nil {
		return nil, p
	}
	c.Redirect(http.StatusSeeOther, "/")
	return nil, nil
}

type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

func (s *Server) signIn(c *gin.Context, _ *identity) (any, *problem) {
	if site := c.GetHeader("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return nil, newProblem(http.StatusForbidden, "csrf", "Not from the page", "sign-in is for this server's own page")
	}
	var in credentials
	if p := parse(c, &in); p != nil {
		return nil, p
	}
	refused := newProblem(http.StatusUnauthorized, "unauthorized", "Not signed in", "the name or the password is wrong")
	if !LegalName(in.Name) || len(in.Password) > mostPassword {
		return nil, refused
	}
	if p := s.attempts.admit(in.Name, s.now()); p != nil {
		return nil, p
	}
	u, err := s.db.User(c.Request.Context(), in.Name)
	if err != nil && !errors.Is(err, database.ErrUnknown) {
		return nil, problemOf(err)
	}
	// A name that is not there takes as long as a wrong password.
	if !s.attempts.check(u.Hash, in.Password) || err != nil || u.Disabled {
		s.attempts.failed(in.Name, s.now())
		if err := s.db.Record(c.Request.Context(), database.Entry{At: s.time(), Actor: in.Name, Action: "signin.refused", Object: "user:" + in.Name}); err != nil {
			return nil, problemOf(err)
		}
		return nil, refused
	}
	s.attempts.succeeded(in.Name)
	if p := s.begin(c, u.Name, u.Role); p != nil {
		return nil, p
	}
	return gin.H{"name": u.Name, "role": u.Role}, nil
}

// begin signs the browser in.
func (s *Server) begin(c *gin.Context, name, role string) *problem {
	secret, hash := newSecret()
	csrf, _ := newSecret()
	now := s.time()
	err := s.db.AddSession(c.Request.Context(), database.Session{Hash: hash, Name: name, Role: role, CSRF: csrf, Expires: now.Add(s.rules.Session)},
		database.Entry{At: now, Actor: name, Action: "signin", Object: "user:" + name})
	if err != nil {
		return problemOf(err)
	}
	s.setCookie(c, secret, int(s.rules.Session.Seconds()))
	return nil
}

func (s *Server) setCookie(c *gin.Context, value string, seconds int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: s.cookie(), Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: !s.rules.Loopback, SameSite: http.SameSiteStrictMode,
	})
}

func (s *Server) signOut(c *gin.Context, who *identity) (any, *problem) {
	if who.session == nil {
		return nil, invalid("a token has no session")
	}
	err := s.db.EndSession(c.Request.Context(), who.session.Hash, database.Entry{At: s.time(), Actor: who.name, Action: "signout", Object: "user:" + who.name})
	if err != nil {
		return nil, problemOf(err)
	}
	s.setCookie(c, "", -1)
	return gin.H{}, nil
}

func (s *Server) me(_ *gin.Context, who *identity) (any, *problem) {
	csrf := ""
	if who.session != nil {
		csrf = who.session.CSRF
	}
	rights := make([]string, len(who.may))
	for i, p := range who.may {
		rights[i] = permissions[p]
	}
	return gin.H{"name": who.name, "role": who.role, "rights": rights, "csrf": csrf, "demo": s.rules.Demo}, nil
}
